"""The loop: wait for data, learn, write down how it goes, leave off in time, go on another day."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from animelayers.errors import AnimeLayersError
from animelayers.handoff.files import replacing
from animelayers.models import tensors
from animelayers.training import runs
from animelayers.training.lite import augment, checkpoint, look
from animelayers.training.lite.bank import HELD_OUT, Bank, Order, Report, drawn_meanwhile, wait
from animelayers.training.lite.card import card
from animelayers.training.lite.config import Config
from animelayers.training.lite.figures import HeldOut
from animelayers.training.lite.learner import Learner, Progress
from animelayers.training.lite.losses import Terms
from animelayers.training.lite.shelf import Shelf

GLANCE = 3.0
"""Seconds between two looks at what is new in the bank."""


def train(config: Config, report: Report = lambda _: None) -> bool:
    """Train, or go on, until the budget or the session is spent; whether the budget is.

    Raises:
        AnimeLayersError: data cannot be drawn or read, the folder holds another run, or nothing can be learnt.
    """
    started, settings = time.monotonic(), config.bank
    device = chosen(config)
    runs.begin(config, device)
    before = checkpoint.progress(config.folder)
    if before is not None and config.budget.done(before.step, before.minutes) >= 1:
        return True
    order = Order.of(settings)
    with drawn_meanwhile(order, settings.processes) as drawing:
        wait(order, settings.begin, drawing, report)
        learner = Learner(config, device)
        held_out = HeldOut(Bank(settings.folder / HELD_OUT), config.net.mode, order.measured, device)
        with _shelf(config, order, device) as shelf:
            run = Run(config, learner, shelf, held_out, drawing, report, before or Progress())
            run.begin()
            run.until(started + 60 * (config.budget.session or math.inf))
            return run.done >= 1


def chosen(config: Config) -> torch.device:
    """The device that a configuration means, made ready.

    Raises:
        AnimeLayersError: there is none of that kind.
    """
    there = torch.cuda.is_available()
    if config.device == "cuda" and not there:
        raise AnimeLayersError("PyTorch finds no CUDA device", hint="device=cpu")
    if config.threads:
        torch.set_num_threads(config.threads)
    if config.device == "cpu" or not there:
        return torch.device("cpu")
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("high")
    return torch.device("cuda")


def _shelf(config: Config, order: Order, device: torch.device) -> Shelf:
    settings, seats = config.shelf, min(config.shelf.seats, len(order.learnt))
    place = Bank(config.bank.folder), config.net.mode, order.learnt, seats
    return Shelf(*place, replay=settings.replay, readers=settings.readers, device=device)


@dataclass
class Run:
    """One session of a training."""

    config: Config
    learner: Learner
    shelf: Shelf
    held_out: HeldOut
    drawing: Callable[[], bool]
    """Whether the bank still grows."""
    report: Report
    progress: Progress
    growing: bool = False
    """Whether there may be seeds in the bank that the shelf does not know of."""

    def begin(self) -> None:
        """Take up what was learnt, and put the first views on the shelf."""
        self.growing, standing = self.drawing(), None
        if self.progress.step:
            standing = checkpoint.restore(self.config.folder, self.learner)
        if standing is not None and not self.growing:
            self.shelf.restore(standing)
        else:
            self.shelf.look()
            self.shelf.fill(self.config.bank.begin if self.growing else self.config.bank.seeds)

    @property
    def done(self) -> float:
        """What share of the budget is spent, 0..1."""
        return self.config.budget.done(self.progress.step, self.progress.minutes)

    def until(self, end: float) -> None:
        """Learn until the budget is spent, or the monotonic clock shows `end`."""
        begun, minutes = time.monotonic(), self.progress.minutes
        written = glanced = begun
        means = Means()
        while self.done < 1 and time.monotonic() < end:
            means.add(self._step())
            now = time.monotonic()
            self.progress.minutes = minutes + (now - begun) / 60
            if self.progress.step % self.config.report.log_steps == 0:
                self._log({"loss": means.taken()})
            if self.growing and now - glanced > GLANCE:
                self.growing, glanced = self.drawing(), now
                self.shelf.look()
            if now - written > 60 * self.config.report.minutes:
                self._write()
                written = time.monotonic()
        self._write()

    def _step(self) -> Terms:
        """One step; what is drawn by chance is a function of seed and step alone."""
        step, settings = self.progress.step, self.config.optimiser
        halved = self.config.net.mode == "parts" and self.done < settings.halved
        count = settings.batch * (2 if halved else 1)
        generator = torch.Generator().manual_seed((self.config.seed << 32) + step)
        views = self.shelf.batch(count, generator)
        if halved:
            views = augment.halved(views)
        batch = self.learner.lesson.batch(views, self.config.augment, generator)
        terms = self.learner.learn(batch, step, self.done)
        self.shelf.renew(count)
        self.progress.step += 1
        self.progress.views += count
        return terms

    def _write(self) -> None:
        """A checkpoint, then the figures, weights and pictures of it."""
        folder, learner = self.config.folder, self.learner
        checkpoint.save(folder, learner, self.progress, self.shelf.standing())
        found = learner.lesson.figures(learner.ask, self.held_out)
        self._log({"figures": found})
        about = card(self.config, self.progress, len(self.shelf.there()), found)
        tensors.write(folder / checkpoint.WEIGHTS, learner.average.state_dict(), about)
        with replacing(folder / checkpoint.LOOK) as temporary:
            look.save(temporary, learner.ask, self.held_out)

    def _log(self, what: dict[str, Any]) -> None:
        progress = self.progress
        facts = {"step": progress.step, "views": progress.views, "minutes": round(progress.minutes, 2)}
        with (self.config.folder / checkpoint.LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps({**facts, "seats": len(self.shelf), **what}) + "\n")
        for name, values in what.items():
            numbers = "  ".join(f"{key} {value:.4f}" for key, value in values.items() if isinstance(value, float))
            self.report(f"step {progress.step}, {progress.minutes:.1f} min, {name}: {numbers}")


class Means:
    """Of the terms of several steps; nothing leaves the device before it is asked for."""

    def __init__(self) -> None:
        self._sums: Terms = {}
        self._count = 0

    def add(self, terms: Terms) -> None:
        """Of one more step."""
        self._sums = {name: term + self._sums.get(name, 0) for name, term in terms.items()}
        self._count += 1

    def taken(self) -> dict[str, float | None]:
        """Name → mean since the last time; None where it is not finite."""
        means = {name: float(value) / self._count for name, value in self._sums.items()}
        self._sums, self._count = {}, 0
        return {name: round(mean, 5) if math.isfinite(mean) else None for name, mean in means.items()}
