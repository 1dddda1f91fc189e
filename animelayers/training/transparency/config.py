"""What the training of a transparency decoder is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from animelayers.training import settings
from animelayers.training.settings import ArtSettings, Count, RunSettings, Settings, Share

Side = Annotated[int, Field(ge=64, multiple_of=64)]
Weight = Annotated[float, Field(ge=0)]


class BaseSettings(Settings):
    """What the training begins with. At most one of `transparency`, `originals` and `config` is given."""

    weights: str
    """Folder or hub id of a model of SDXL's family, or of See-through's: its `vae/` stays as it is."""
    transparency: str | None = None
    """Folder or hub id whose `trans_vae/` is taught, a run of this training too; None: that of `weights`."""
    originals: str | None = None
    """Folder or hub id of LayerDiffuse's two files, to begin with them instead, as the paper does."""
    config: Path | None = None
    """JSON of a `TransparentVAE`, to begin with random weights instead."""
    vgg: Path | None = None
    """Safetensors of VGG16, which `losses.perceptual` needs; nothing is downloaded."""
    checkpointing: bool = False
    """Compute every block again for its gradient, rather than keep all that is in it."""

    @model_validator(mode="after")
    def _one_beginning(self) -> Self:
        if sum(each is not None for each in (self.transparency, self.originals, self.config)) > 1:
            raise ValueError("give one of transparency, originals and config")
        return self


class DataSettings(ArtSettings):
    """What it learns from: crops of whole parts."""

    side: Side
    """Of the square pages that parts are cut out of, px: of the whole picture, and of the head."""
    crop: Side
    """Of what is learnt at a time, px."""
    offset: Share = 0.25
    """How often alpha is hidden in a latent by the encoder's offset; else there is noise."""
    empty: Share = 0.02
    """How often there is nothing to see."""

    @model_validator(mode="after")
    def _within(self) -> Self:
        if self.crop > self.side:
            raise ValueError("crop is larger than side")
        return self


class LossSettings(Settings):
    """Weights of the terms; see `losses.terms`. Those of the paper are the defaults."""

    colour: Weight = 1.0
    alpha: Weight = 1.0
    hidden: Share = 1.0
    """How much colour counts where alpha is 0: 1 everywhere alike, as in the paper; 0 only where it can be seen."""
    identity: Weight = 1.0
    """That the VAE's picture of a latent with an offset stays the part's; where the encoder is taught."""
    perceptual: Weight = 0.0
    adversarial: Weight = 0.01
    """What the decoder makes of the critic; 0: there is none."""


class CriticSettings(Settings):
    """PatchGAN (arXiv 1611.07004): which patches of ARGB are of real parts."""

    width: Annotated[int, Field(ge=4, multiple_of=4)] = 64
    levels: Count = 3
    """Times that it halves a picture: a patch is 70 px wide at 3."""
    lr: Annotated[float, Field(gt=0)] = 1e-4


class Config(RunSettings):
    """Everything. Into the folder of the run comes `trans_vae/`, which a checkpoint of parts can take."""

    data: DataSettings
    base: BaseSettings
    losses: LossSettings = LossSettings()
    critic: CriticSettings = CriticSettings()
    trained: Literal["decoder", "both"] = "decoder"
    """Both: the encoder of the offset, too, through the VAE, as LayerDiffuse does."""
    precision: Literal["bf16", "float32"] = "bf16"
    """Of what is computed; weights are learnt, and written, in float32."""

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.trained == "both" and not self.data.offset:
            raise ValueError("trained=both needs data.offset above 0, or the encoder is never asked")
        if self.losses.perceptual and self.base.vgg is None:
            raise ValueError("losses.perceptual needs base.vgg, safetensors of VGG16")
        return self


def load(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a TOML file and change what `overrides` say; see `settings.load`."""
    return settings.load(Config, path, overrides)
