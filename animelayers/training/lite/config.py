"""What a training of `lite` is told. Needs no torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from animelayers.training import settings
from animelayers.training.settings import Count, Settings, Share


class RenderingShape(Settings):
    """The rendering net."""

    mode: Literal["rendering"]
    width: Count = 40
    """Channels at half resolution; every level below has twice as many."""


class PartsShape(Settings):
    """The parts net."""

    mode: Literal["parts"]
    pretrained: bool = True
    """Begin with an encoder that has seen ImageNet; see `encoder.published`."""


Shape = Annotated[RenderingShape | PartsShape, Field(discriminator="mode")]


class BankSettings(Settings):
    """What is drawn."""

    folder: Path
    """Trainings of both modes may share one."""
    seeds: Count
    """How many characters of the families for training."""
    first: Annotated[int, Field(ge=0)] = 0
    """The first seed."""
    held_out: Count = 64
    """How many of the other families, to measure by."""
    begin: Count
    """Training waits until so many of `seeds` are drawn; the others come in while it runs."""
    jobs: Annotated[int, Field(ge=0)] = 0
    """Processes that draw; 0: one for every core."""

    @model_validator(mode="after")
    def _begins(self) -> Self:
        if self.begin > self.seeds:
            raise ValueError("begin is more than all seeds")
        return self

    @property
    def processes(self) -> int:
        """As many as `jobs` means here."""
        return self.jobs or os.cpu_count() or 1


class ShelfSettings(Settings):
    """What lies ready in the memory of the device: 5 MB a seed for `rendering`, 6 MB for `parts`."""

    seats: Count
    """Seeds at most."""
    replay: Count = 4
    """How often a view is drawn, on average, before its seed makes room; all stay while the shelf is not full."""
    readers: Count = 2
    """Threads that read."""


class AugmentSettings(Settings):
    """How often a view is changed, and how."""

    mirror: Share = 0.5
    turn: Share = 0.3
    """Rows become columns; patches alone."""
    recolour: Share = 0.8
    """Gains, and now and then channels that change places, the same for all that is known of a view."""
    grey: Share = 0.06
    backdrop: Share = 0.25
    """What is transparent is laid on a colour."""
    grain: Share = 0.2


class OptimiserSettings(Settings):
    """AdamW on a cosine, and the average of the weights that is kept."""

    batch: Count
    lr: Annotated[float, Field(gt=0)]
    """Highest learning rate."""
    encoder: Share = 0.3
    """Of `lr`, for what was trained before."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    warm_up: Annotated[int, Field(ge=0)] = 150
    """Steps."""
    clip: Annotated[float, Field(gt=0)] = 2.0
    """Norm of the gradient at most."""
    average: Share = 0.998
    """What the average keeps of itself at every step."""
    halved: Share = 0
    """Of the budget, the first part, in which the parts net sees its views at half their size, twice as many a step."""


class BudgetSettings(Settings):
    """How long to train; the learning rate comes down to that end. One of `minutes` and `steps`."""

    minutes: Annotated[float, Field(gt=0)] | None = None
    """Of training, over all sessions."""
    steps: Count | None = None
    session: Annotated[float, Field(gt=0)] | None = None
    """Minutes after which a call leaves off, waiting for data counted in; the same command goes on from there."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.minutes is None) == (self.steps is None):
            raise ValueError("give one of minutes and steps")
        return self

    def done(self, step: int, minutes: float) -> float:
        """What share of the budget is spent, 0..1."""
        spent = step / self.steps if self.steps else minutes / (self.minutes or 1)
        return min(1.0, spent)


class ReportSettings(Settings):
    """How often something is written."""

    log_steps: Count = 50
    minutes: Annotated[float, Field(gt=0)] = 4
    """Between two checkpoints, which are measured too."""


class Config(Settings):
    """Everything."""

    folder: Path
    """Of this run: `state.safetensors`, `weights.safetensors`, `run.json`, `log.jsonl`, `look.png`."""
    net: Shape
    bank: BankSettings
    shelf: ShelfSettings
    optimiser: OptimiserSettings
    budget: BudgetSettings
    augment: AugmentSettings = AugmentSettings()
    report: ReportSettings = ReportSettings()
    seed: int = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: Annotated[int, Field(ge=0)] = 0
    """Of the processor, for the net; 0: PyTorch's own choice."""
    precision: Literal["bfloat16", "float32"] = "bfloat16"
    """Of activations. Processors without AVX512-BF16 or AMX are faster in float32."""
    compile: bool = False
    """Whether `torch.compile` makes the net; pays in long runs on an accelerator."""
    initial: Path | None = None
    """`weights.safetensors` of another run to begin with."""

    @property
    def identity(self) -> dict[str, Any]:
        """What must be the same for a run to go on."""
        free = {"folder": True, "budget": True, "report": True, "device": True, "threads": True, "compile": True}
        return self.model_dump(mode="json", exclude={**free, "bank": {"folder", "jobs"}, "shelf": {"readers"}})


def load(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a TOML file and change what `overrides` say; see `settings.load`."""
    return settings.load(Config, path, overrides)
