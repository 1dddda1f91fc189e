"""What the study is told, where its things lie, and how much time is left. Needs no torch."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from animelayers.training.settings import Count, OptimiserSettings, ReportSettings, Settings

Side = Annotated[int, Field(ge=32, multiple_of=16)]
Set = Literal["learnt", "held-out", "watched"]
Shot = Literal["full", "knees", "half", "bust"]

LATENT = 8
"""Px of a picture to one latent pixel, as in the released VAE."""


class ArtSettings(Settings):
    """Characters of the synthetic artist."""

    size: tuple[Side, Side] = (192, 128)
    """Height and width, px; they are drawn twice as large."""
    shots: Annotated[tuple[Shot, ...], Field(min_length=1)] = ("half", "bust")
    """How near they are: in a whole figure of this size strokes are thinner than pixels."""
    learnt: Count = 704
    held_out: Count = 24
    """To measure by, of families of style that are never learnt."""
    watched: Count = 8
    """Others of these, for the curves."""
    first: Annotated[int, Field(ge=0)] = 700_000
    """Seed from which on is looked for what is learnt."""
    first_held_out: Annotated[int, Field(ge=0)] = 800_000


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
    seeds: tuple[int, ...] = (0, 1, 2)
    measure: MeasureSettings = MeasureSettings()
    precision: Literal["no", "bf16"] = "bf16"
    """Of products of matrices; bf16 pays only on processors that have it."""

    @model_validator(mode="after")
    def _some(self) -> Study:
        if not (self.variants and self.seeds):
            raise ValueError("variants and seeds are needed")
        return self

    @property
    def runs(self) -> Iterator[tuple[str, int]]:
        """Variant and seed of every run: all of one seed before those of the next, so that what is there compares."""
        return ((variant, seed) for seed in self.seeds for variant in self.variants)


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie in the folder of a study."""

    folder: Path

    def art(self, name: Set) -> Path:
        """A set of samples."""
        return self.folder / "art" / name

    @property
    def base(self) -> Path:
        """The base as diffusers lays it out: `vae/`, `transformer/`, `scheduler/`, and its prompt's embedding."""
        return self.folder / "base"

    @property
    def vae(self) -> Path:
        """The training of the VAE."""
        return self.folder / "training" / "vae"

    @property
    def transformer(self) -> Path:
        """The training of the base's transformer."""
        return self.folder / "training" / "transformer"

    @property
    def latents(self) -> Path:
        """Of all art."""
        return self.folder / "latents"

    def run(self, variant: str, seed: int) -> Path:
        """An adapter's training."""
        return self.folder / "runs" / f"{variant}-{seed}"

    @property
    def measured(self) -> Path:
        """Figures, a file for each thing measured."""
        return self.folder / "measured"


@dataclass(slots=True)
class Session:
    """One call: how long it may take, and what it has to say."""

    hours: float = math.inf
    started: float = field(default_factory=time.monotonic)
    log: Path | None = None
    jobs: int = 1
    """Processes that draw."""

    @property
    def minutes(self) -> float:
        """That are left; never 0, which would mean without end."""
        return max(1e-3, 60 * self.hours - self.spent)

    @property
    def over(self) -> bool:
        return self.spent >= 60 * self.hours

    @property
    def spent(self) -> float:
        """Minutes."""
        return (time.monotonic() - self.started) / 60

    def say(self, line: str) -> None:
        """Tell it, and write it down."""
        text = f"{self.spent:6.1f} min  {line}"
        print(text, flush=True)
        if self.log is not None:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("a", encoding="utf-8") as file:
                file.write(text + "\n")
