"""What a training of illustrator's depth is told. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from animelayers.training import settings
from animelayers.training.settings import Count, LoopSettings, OptimiserSettings, ReportSettings, Settings, Share


class LiteNet(Settings):
    """The small net."""

    kind: Literal["lite"]
    pretrained: bool = True
    """Begin with an encoder that has seen ImageNet, unless there is a `base`; see `lite.encoder.published`."""


class DepthProNet(Settings):
    """Depth Pro (arXiv 2410.02073), the class of transformers."""

    kind: Literal["depth-pro"]
    checkpointing: bool = True
    """Compute every block of its encoders again for the gradient, rather than keep all that is in it."""
    stored: Literal["bf16", "float32"] = "bf16"
    """How the result is written."""


class BaseSettings(Settings):
    """What the training begins with."""

    weights: str | None = None
    """`depth-pro`: a folder or hub id. `lite`: `weights.safetensors` of a run, or none."""


class DataSettings(Settings):
    """What it learns from: sets of `datasets/svg_layers.py`."""

    path: tuple[Path, ...]
    """Folders of sets, of pictures of any size."""
    size: Annotated[int, Field(ge=32, multiple_of=32)]
    """Of the square views, px."""
    unseen: tuple[str, ...] = ()
    """Packs that are neither learnt nor measured here."""
    shares: Mapping[str, Annotated[float, Field(gt=0)]] = {}
    """How often a picture of a pack comes, beside those of packs that are not named, which have 1."""
    held_out: Count = 240
    """Pictures of the split `check` to measure on, at most."""
    readers: Count = 2
    """Threads that make views while the net learns from others."""

    @field_validator("path", mode="before")
    @classmethod
    def _one_is_several(cls, told: Any) -> Any:
        return (told,) if isinstance(told, str | Path) else told


class ViewSettings(Settings):
    """How a view is made of a picture; shares of views."""

    smallest: Annotated[float, Field(gt=0, le=1)] = 0.55
    """Of the view's side that a picture fills; up to all of it."""
    mirror: Share = 0.5
    above: Share = 0.25
    """Another picture, smaller, lies over the first one."""
    grounds: tuple[Share, Share, Share] = (0.25, 0.4, 0.35)
    """White, a colour, a pattern; weights."""
    jitter: Share = 0.8
    """Lightness, contrast, saturation and the strength of every channel change."""
    invert: Share = 0.1
    permute: Share = 0.15
    """Channels change places."""
    blur: Share = 0.2

    @field_validator("grounds")
    @classmethod
    def _some_ground(cls, told: tuple[float, float, float]) -> tuple[float, float, float]:
        if not sum(told):
            raise ValueError("one of the grounds has a weight above 0")
        return told


class LossSettings(Settings):
    """What is made small beside the paper's normalised error."""

    ranking: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the order of pairs of pixels within the figure; the paper has none."""
    pairs: Count = 1000
    """Of pixels, of every view."""


class LayerDepthOptimiser(OptimiserSettings):
    """AdamW with two rates."""

    schedule: Literal["constant", "cosine", "linear"] = "cosine"
    encoder: Annotated[float, Field(gt=0)] = 1.0
    """Of `lr`, for the encoder; `lr` is the decoder's."""


class LayerDepthReport(ReportSettings):
    """How often something is written."""

    previews: Count = 8


class Config(LoopSettings):
    """Everything."""

    net: Annotated[LiteNet | DepthProNet, Field(discriminator="kind")]
    base: BaseSettings = BaseSettings()
    data: DataSettings
    view: ViewSettings = ViewSettings()
    loss: LossSettings = LossSettings()
    optimiser: LayerDepthOptimiser = LayerDepthOptimiser()
    report: LayerDepthReport = LayerDepthReport()
    precision: Literal["bf16", "float32"] = "bf16"
    """Of what is computed; weights are learnt in float32."""
    threads: Annotated[int, Field(ge=0)] = 0
    """Of the processor, for the net; 0: what PyTorch, or the launcher, thinks."""

    @model_validator(mode="after")
    def _begins(self) -> Self:
        if isinstance(self.net, DepthProNet) and self.base.weights is None:
            raise ValueError("depth-pro needs base.weights=, such as apple/DepthPro-hf")
        return self

    @property
    def made(self) -> Path:
        """The result: a file of weights, or the folder of a model."""
        return self.folder / ("weights.safetensors" if isinstance(self.net, LiteNet) else "depth-pro")


def load(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a TOML file and change what `overrides` say; see `settings.load`."""
    return settings.load(Config, path, overrides)
