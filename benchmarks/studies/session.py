"""Where the things of a study lie, and how much time is left. Needs no torch."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Set = Literal["learnt", "held-out", "watched"]
"""Of art: to learn; to measure by; to watch while something learns."""


@dataclass(frozen=True, slots=True)
class Folder:
    """What the folder of every study holds."""

    folder: Path

    def art(self, name: Set) -> Path:
        """A set of samples."""
        return self.folder / "art" / name

    @property
    def base(self) -> Path:
        """What runs begin with, as diffusers lays it out."""
        return self.folder / "base"

    @property
    def vae(self) -> Path:
        """The training of the VAE."""
        return self.folder / "training" / "vae"

    @property
    def latents(self) -> Path:
        """Of all art."""
        return self.folder / "latents"

    @property
    def measured(self) -> Path:
        """Figures, a file for each thing measured."""
        return self.folder / "measured"

    def run(self, variant: str, seed: int) -> Path:
        """The training of a variant."""
        return self.folder / "runs" / f"{variant}-{seed}"


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
        return max(1e-9, 60 * self.hours - self.spent)

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
