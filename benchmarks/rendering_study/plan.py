"""What the study is told, and where its things lie. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator
from studies.art import ArtSettings
from studies.session import Folder

from animelayers.training.settings import Count, OptimiserSettings, ReportSettings, Settings


class VaeSettings(Settings):
    """The RGBA autoencoder, of the released class."""

    base_dim: Count = 24
    channels: Count = 16
    """Of a latent pixel."""
    crop: Annotated[int, Field(ge=16, multiple_of=8)] = 96
    """Side of the squares that are learnt, px: what is wholly empty need not be learnt often."""
    steps: Count = 4000
    kl: Annotated[float, Field(ge=0)] = 1e-4
    """Weight of the divergence from a normal distribution, a mean over elements; the picture's errors have 1."""
    optimiser: OptimiserSettings = OptimiserSettings()
    report: ReportSettings = ReportSettings()


class BaseSettings(Settings):
    """The transformer, of the released class, that learns generic layers with all its weights."""

    blocks: Count = 8
    heads: Count = 3
    axes: tuple[Count, Count, Count] = (16, 24, 24)
    """Of RoPE: frame, row, column; their sum is the width of a head."""
    prompt: tuple[Count, Count] = (8, 64)
    """Tokens and width of the one prompt's embedding, which is drawn by chance and stays."""
    steps: Count = 3000
    density: Literal["uniform", "logit-normal"] = "logit-normal"
    """Of the noise levels that are learnt."""
    optimiser: OptimiserSettings = OptimiserSettings()
    report: ReportSettings = ReportSettings()


class MeasureSettings(Settings):
    """How adapters are compared."""

    steps: tuple[Count, ...] = (10, 20)
    """Of sampling; what the last one says is what is told first."""
    batch: Count = 8
    sheets: Count = 3
    """Held-out pictures whose layers are shown."""


class Study(Settings):
    """Everything."""

    art: ArtSettings = ArtSettings()
    vae: VaeSettings = VaeSettings()
    base: BaseSettings = BaseSettings()
    adapter: Path
    """Configuration of an adapter's training, as for train/lora.py, which every variant changes."""
    variants: dict[str, tuple[str, ...]]
    """Name → overrides; the others are compared with the first."""
    once: tuple[str, ...] = ()
    """Of these, those that are taught with the first seed alone."""
    seeds: tuple[int, ...] = (0, 1, 2)
    measure: MeasureSettings = MeasureSettings()
    precision: Literal["no", "bf16"] = "bf16"
    """Of products of matrices; bf16 pays only on processors that have it."""

    @model_validator(mode="after")
    def _some(self) -> Study:
        if not (self.variants and self.seeds):
            raise ValueError("variants and seeds are needed")
        if unknown := set(self.once) - set(self.variants):
            raise ValueError(f"no variant {min(unknown)}, of which `once` speaks")
        return self

    @property
    def runs(self) -> Iterator[tuple[str, int]]:
        """Variant and seed of every run: all of one seed before those of the next, so that what is there compares."""
        first = self.seeds[0]
        everywhere = [variant for variant in self.variants if variant not in self.once]
        return ((variant, seed) for seed in self.seeds for variant in (self.variants if seed == first else everywhere))


@dataclass(frozen=True, slots=True)
class Places(Folder):
    """Where things lie; `base` has `vae/`, `transformer/`, `scheduler/`, and the embedding of the prompt."""

    @property
    def transformer(self) -> Path:
        """The training of the base's transformer."""
        return self.folder / "training" / "transformer"
