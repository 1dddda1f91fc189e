"""What a training of parts is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from animelayers.training import settings
from animelayers.training.settings import ArtSettings, RunSettings, Settings, Share


class BaseSettings(Settings):
    """What the training begins with; all of it is copied into the run, but the UNet that it changes."""

    weights: str
    """Folder or hub id of a diffusers model of SDXL's family, or of See-through's: `vae/` and text encoders."""
    unet: str | None = None
    """Folder or hub id whose `unet/` is taught: for stage 2 a run of stage 1, or See-through's own; None: `weights`."""
    config: Path | None = None
    """JSON of a `UNet2DConditionModel`, to begin with random weights instead."""
    transparency: str | None = None
    """Folder or hub id with `trans_vae/`; None: that of `weights`, if it has one."""
    checkpointing: bool = True
    """Compute every block again for its gradient, rather than keep all that is in it."""

    @model_validator(mode="after")
    def _one_unet(self) -> Self:
        if self.unet is not None and self.config is not None:
            raise ValueError("give one of unet and config")
        return self


class DataSettings(ArtSettings):
    """What it learns from."""

    side: Annotated[int, Field(ge=64, multiple_of=64)]
    """Of the square pages, px: of the whole picture, and of the head."""
    offset: Share = 0.25
    """How often the latents that are learnt hide alpha by the transparency encoder's offset, where there is one."""


class Config(RunSettings):
    """Everything. Into the folder of the run come `unet/`, and beside it all that a model of parts needs."""

    stage: Literal[1, 2]
    """1: one part at a time; 2: all parts of a page together."""
    data: DataSettings
    base: BaseSettings
    trained: Literal["all", "attention", "part-axis"] = "all"
    """Of stage 2: everything, part-axis blocks and attention, or those blocks and group embeddings alone."""
    noise: Literal["per-frame", "shared"] = "per-frame"
    """Whether all frames of a picture begin at one noise, as they do in use, or each at its own."""
    gamma: Annotated[float, Field(gt=0)] = 5.0
    """Of Min-SNR; inf for none."""
    precision: Literal["bf16", "float32"] = "bf16"
    """Of what is computed; weights are learnt in float32."""
    stored: Literal["bf16", "float32"] = "bf16"
    """How the result is written."""


def load(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a TOML file and change what `overrides` say; see `settings.load`."""
    return settings.load(Config, path, overrides)
