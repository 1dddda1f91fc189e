"""What a training of depth is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from animelayers.models.see_through.schedule import DEPTH_STEPS
from animelayers.training import settings
from animelayers.training.settings import ArtSettings, Count, ReportSettings, RunSettings, Settings, Share


class BaseSettings(Settings):
    """What the training begins with."""

    weights: str
    """Folder or hub id of a model of Marigold's family, of See-through's depth, or, for stage 2, a run of stage 1."""
    checkpointing: bool = True
    """Compute every block again for its gradient, rather than keep all that is in it."""


class DataSettings(ArtSettings):
    """What it learns from."""

    side: Annotated[int, Field(ge=64, multiple_of=64)]
    """Of the square pages, px."""


class DepthReport(ReportSettings):
    """How often something is written."""

    preview_steps: Count = DEPTH_STEPS
    """Of sampling, by which held-out pictures are measured, too."""


class Config(RunSettings):
    """Everything. Into the folder of the run come `unet/`, and beside it all that a model of depth needs."""

    stage: Literal[1, 2]
    """1: one part at a time; 2: all parts of a page together."""
    data: DataSettings
    base: BaseSettings
    report: DepthReport = DepthReport()
    trained: Literal["all", "part-axis"] = "all"
    """Of stage 2: everything, or part-axis blocks alone."""
    strength: Share = 0.9
    """Of the noise on coarse scales, at the last noise level; 0: all noise is white."""
    precision: Literal["bf16", "float32"] = "bf16"
    """Of what is computed; weights are learnt in float32."""
    stored: Literal["bf16", "float32"] = "bf16"
    """How the result is written."""


def load(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a TOML file and change what `overrides` say; see `settings.load`."""
    return settings.load(Config, path, overrides)
