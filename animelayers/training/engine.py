"""One loop for every large model: learn, write down how it goes, save, leave off, go on – on one device or on several.

What a step does is a function of seed and step alone, so a run that goes on from a checkpoint is the run that was never
interrupted. What is learnt is a `Task`; the loop knows nothing else of it.
"""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from animelayers.errors import AnimeLayersError, MissingPackageError
from animelayers.training import checkpoints
from animelayers.training.average import Average, averaged
from animelayers.training.checkpoints import Progress
from animelayers.training.curves import Curves
from animelayers.training.settings import LoopSettings, OptimiserSettings, ReportSettings

PATIENCE = 10
"""Steps in a row whose gradient is not finite, before it is given up."""

Say = Callable[[str], None]
"""Takes a line for people."""


class Task(Protocol):
    """What is learnt."""

    module: nn.Module
    """Its parameters that require a gradient are trained; they and its buffers are saved, nothing else."""

    def groups(self) -> list[dict[str, Any]]:
        """Parameter groups for the optimiser."""
        ...

    def batch(self, draw: int, rank: int, world: int) -> Any:
        """The `draw`-th batch of a device; each is asked for once, and may be asked for again after a restart."""
        ...

    def learn(self, module: nn.Module, batch: Any, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a batch, and its terms; all that is random comes from the generator."""
        ...

    def held_out(self, module: nn.Module) -> dict[str, float]:
        """Figures on samples that are not learnt; the same weights give the same."""
        ...

    def preview(self, module: nn.Module, path: Path | None) -> None:
        """A picture of what the module makes of such samples; None in processes that only have to take part."""
        ...

    def result(self, folder: Path, weights: dict[str, Tensor], step: int) -> None:
        """Write what the training is for."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """How to learn it."""

    folder: Path
    steps: int
    optimiser: OptimiserSettings
    report: ReportSettings
    seed: int = 0
    session: float = math.inf
    """Minutes after which a call leaves off."""

    @classmethod
    def of(cls, told: LoopSettings) -> Self:
        """That of a configuration."""
        return cls(told.folder, told.steps, told.optimiser, told.report, told.seed, told.session or math.inf)


def run(task: Task, order: Order, accelerator: Accelerator, say: Say = lambda _: None) -> bool:
    """Train, or go on; whether all steps are done.

    Raises:
        AnimeLayersError: the gradient stays infinite, or a package is missing.
        DataError: a checkpoint is damaged, or of another training.
        KeyboardInterrupt: after Ctrl-C, when a checkpoint has been written.
    """
    return _Run(task, order, accelerator, say).go()


class _Run:
    def __init__(self, task: Task, order: Order, accelerator: Accelerator, say: Say) -> None:
        self.task, self.order, self.accelerator = task, order, accelerator
        self.say: Say = say if accelerator.is_main_process else lambda _: None
        optimiser = _optimiser(task.groups(), order.optimiser)
        self.rates = [group["lr"] for group in optimiser.param_groups]
        self.module, self.optimiser = accelerator.prepare(task.module, optimiser)
        self.average = Average(averaged(self.module), order.optimiser.average)
        self.progress = Progress()
        self.each = order.optimiser.batch * order.optimiser.accumulate * accelerator.num_processes
        self.failures = 0

    def go(self) -> bool:
        order, started = self.order, time.monotonic()
        latest = checkpoints.latest(order.folder)
        if latest is not None:
            self.progress = checkpoints.restore(latest, self.module, self.optimiser, self.average)
            self.say(f"going on from step {self.progress.step}")
            if self.progress.samples != self.progress.step * self.each:
                self.say("so far on another number of devices: what is drawn from here on is not what they would draw")
        main = self.accelerator.is_main_process
        curves = Curves(order.folder, self.progress.step, tensorboard=order.report.tensorboard and main)
        with _asked_to_stop() as asked, curves if main else nullcontext():
            self._report(curves, begin=True)
            while self.progress.step < order.steps:
                self._step(curves)
                self._report(curves)
                if self._all_agree(asked() or time.monotonic() - started > 60 * order.session):
                    break
            if checkpoints.step_of(checkpoints.latest(order.folder)) != self.progress.step:
                self._save()
        if asked():
            raise KeyboardInterrupt
        return self.progress.step >= order.steps

    def _step(self, curves: Curves) -> None:
        settings, step, accelerator = self.order.optimiser, self.progress.step, self.accelerator
        began, terms = time.monotonic(), dict[str, Any]()
        torch.manual_seed(_mixed(self.order.seed, step, accelerator.process_index))
        for part in range(settings.accumulate):
            draw = step * settings.accumulate + part
            batch = self.task.batch(draw, accelerator.process_index, accelerator.num_processes)
            generator = torch.Generator().manual_seed(_mixed(self.order.seed, draw, accelerator.process_index))
            last = part == settings.accumulate - 1
            with nullcontext() if last else accelerator.no_sync(self.module), accelerator.autocast():
                loss, found = self.task.learn(self.module, batch, generator)
                accelerator.backward(loss / settings.accumulate)
            for name, term in {"loss": loss, **found}.items():
                terms[name] = terms.get(name, 0) + term.detach() / settings.accumulate
        rate = settings.rate(step, self.order.steps)
        norm = self._apply(rate)
        self.progress.step += 1
        self.progress.samples += self.each
        self.progress.seconds += time.monotonic() - began
        means = {name: accelerator.reduce(term, "mean") for name, term in terms.items()}
        if accelerator.is_main_process:
            curves.add(self.progress, {**means, "gradient": norm, "lr": rate * self.rates[0]})

    def _apply(self, rate: float) -> Tensor:
        """Change the weights, unless the gradient is not finite; its norm."""
        for group, highest in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = highest * rate
        norm = self.accelerator.clip_grad_norm_(_trained(self.module), self.order.optimiser.clip)
        if math.isfinite(norm):
            self.failures = 0
            self.optimiser.step()
            self.average.follow(averaged(self.module), self.progress.step)
        else:
            self.failures += 1
            if self.failures == PATIENCE:
                raise AnimeLayersError(
                    f"step {self.progress.step}: the gradient has not been finite {PATIENCE} times in a row",
                    hint="a lower optimiser.lr; the same command goes on from the last checkpoint",
                )
        self.optimiser.zero_grad(set_to_none=True)
        return norm

    def _report(self, curves: Curves, *, begin: bool = False) -> None:
        report, step = self.order.report, self.progress.step
        done = step >= self.order.steps

        def due(every: int) -> bool:
            return bool(every) and (done or step % every == 0)

        if due(report.log) and not begin and self.accelerator.is_main_process:
            self.say(curves.line())
        if begin and step:
            return
        measured, shown = due(report.held_out), due(report.preview)
        if measured or shown:
            bare = self.accelerator.unwrap_model(self.module)  # a DistributedDataParallel is nothing but callable
            bare.eval()
            with self.average.applied(averaged(bare)), torch.no_grad():
                figures = self.task.held_out(bare) if measured else {}
                if shown:
                    path = self.order.folder / "previews" / f"{step:06}.png"
                    self.task.preview(bare, path if self.accelerator.is_main_process else None)
            bare.train()
            if figures and self.accelerator.is_main_process:
                curves.held_out(self.progress, figures)
                self.say(f"step {step}, held out: " + "  ".join(f"{k} {v:.4f}" for k, v in figures.items()))
            self.accelerator.wait_for_everyone()
        if not begin and due(report.save):
            self._save()

    def _save(self) -> None:
        """A checkpoint, and the result as it is now."""
        folder = self.order.folder
        whole = checkpoints.gathered(self.module, self.optimiser, self.average)
        with self.average.applied(averaged(self.module)):
            weights = checkpoints.weights(self.module)
            if self.accelerator.is_main_process:  # on a CPU these are the weights themselves, which change back
                self.task.result(folder, weights, self.progress.step)
        if self.accelerator.is_main_process:
            checkpoints.save(folder, whole, self.progress, keep=self.order.report.keep)
        self.accelerator.wait_for_everyone()

    def _all_agree(self, stop: bool) -> bool:
        """Whether any process wants to stop: then all do."""
        mine = torch.tensor([int(stop)], device=self.accelerator.device)
        return bool(self.accelerator.gather(mine).any())


def _trained(module: nn.Module) -> list[nn.Parameter]:
    return [weight for weight in module.parameters() if weight.requires_grad]


def _mixed(seed: int, step: int, rank: int) -> int:
    """One number for three, so that steps and ranks share no noise."""
    return (seed * 1_000_003 + step) * 4096 + rank


def _optimiser(groups: list[dict[str, Any]], settings: OptimiserSettings) -> torch.optim.Optimizer:
    chosen: Any = torch.optim.AdamW
    if settings.name == "adamw8bit":
        try:
            import bitsandbytes
        except ImportError as error:
            raise MissingPackageError(
                "optimiser.name=adamw8bit needs bitsandbytes", hint="pip install bitsandbytes"
            ) from error
        chosen = bitsandbytes.optim.AdamW8bit
    made: torch.optim.Optimizer = chosen(
        groups, lr=settings.lr, betas=settings.betas, weight_decay=settings.weight_decay
    )
    return made


@contextmanager
def _asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Ctrl-C and SIGTERM end the step that is going on, not the process; a second one ends that, too."""
    caught: list[int] = []

    def note(number: int, _: Any) -> None:
        if caught:
            raise KeyboardInterrupt
        caught.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(caught)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
