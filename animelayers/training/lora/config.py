"""What the training of an adapter is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from animelayers.data.sample import SLOTS
from animelayers.models.base import MemoryChoice
from animelayers.models.qwen_layered.adapter import PROMPT
from animelayers.models.qwen_layered.latents import Hidden
from animelayers.models.qwen_layered.loading import BASE
from animelayers.training import settings
from animelayers.training.flow import TimeSettings
from animelayers.training.layer_losses import LossSettings
from animelayers.training.settings import ArtSettings, Count, RunSettings, Settings

Side = Annotated[int, Field(ge=16, multiple_of=16)]


class BaseSettings(Settings):
    """The model that is taught, which stays as it is."""

    weights: str = BASE
    """A folder, or an id of the hub."""
    memory: MemoryChoice = "auto"
    checkpointing: bool = True
    """Compute every block again for its gradient, rather than keep all that is in it."""
    compile: bool = False
    attention: str | None = None


class AdapterSettings(Settings):
    """What is added to it."""

    rank: Count = 32
    streams: Literal["both", "image"] = "both"
    """Whose attention projections get a LoRA."""
    place: Literal["hidden", "packed", "none"] = "hidden"
    """Where the layer-semantic embedding is added."""
    layers: tuple[str, ...] = ("flat", "shadow", "highlight", "line")
    """In the order of the frames. The base has learnt bottom → top; the paper's is line, flat, highlight, shadow."""
    composite: bool = False
    """Contract A: the whole picture is a frame, too."""
    kept_ids: bool = True
    """Contract B: layers keep the RoPE ids that they have beside a composite; the paper's is probably false."""
    prompt: str = PROMPT

    @model_validator(mode="after")
    def _known(self) -> Self:
        if sorted(self.layers) != sorted(SLOTS):
            raise ValueError(f"layers are {', '.join(SLOTS)}, in any order")
        return self


class DataSettings(ArtSettings):
    """What it learns from."""

    size: tuple[Side, Side] | None = None
    """Height and width, px: pictures are fitted into it."""
    area: Annotated[int, Field(ge=256)] | None = None
    """Px of the sizes into which they are sorted by aspect, instead."""
    hidden: Hidden = "black"

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if (self.size is None) == (self.area is None):
            raise ValueError("give one of size and area")
        return self


class Config(RunSettings):
    """Everything. Into the folder of the run come the adapter and `prompt.safetensors`, too."""

    data: DataSettings
    base: BaseSettings = BaseSettings()
    adapter: AdapterSettings = AdapterSettings()
    losses: LossSettings = LossSettings()
    times: TimeSettings = TimeSettings()
    lse_lr: Annotated[float, Field(gt=0)] = 1e-3
    """Of the embedding, which moves by about the rate at every step; it has no weight decay."""


def load(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a TOML file and change what `overrides` say; see `settings.load`."""
    return settings.load(Config, path, overrides)
