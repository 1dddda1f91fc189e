"""Views ready at hand: uint8 tensors in the memory of the device that trains, so that a step never waits for a disk.

A seed has a seat. While seats are free, whatever is drawn comes in; then the seed that has sat longest makes room for
one that nobody has seen, or else for the one that has been away longest. From a bank that is complete when training
begins all this is a function of step and seed alone: a run that was stopped goes on bit for bit. A bank that grows is
taken as it comes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from animelayers.models.registry import Mode
from animelayers.training.lite.bank import PER_SEED, Bank
from animelayers.training.lite.views import FIELDS, View

AT_ONCE = 16
"""Seeds that take a free seat at one step, at most: a step is not to wait long."""


@dataclass
class Standing:
    """Which seeds sit, which come, which wait; JSON values. Whoever is in the bank and not here is new."""

    seated: list[int]
    coming: list[int]
    waiting: list[int]
    oldest: int = 0
    """Seat that is given away next, once all are taken."""
    drawn: int = 0
    """Views drawn since a seat was given away."""


class Shelf:
    """A context manager: its readers end with it.

    Args:
        bank: where the views are.
        mode: which of them.
        wanted: which seeds, of those that are there or will be.
        seats: seeds at most; memory for all is taken at once.
        replay: how often a view is drawn on average before its seed makes room.
        readers: threads that read.
        device: where the tensors are.
    """

    def __init__(
        self,
        bank: Bank,
        mode: Mode,
        wanted: Collection[int],
        seats: int,
        *,
        replay: int = 4,
        readers: int = 2,
        device: torch.device | str = "cpu",
    ) -> None:
        self.bank, self.mode, self.wanted, self.seats, self.replay = bank, mode, frozenset(wanted), seats, replay
        self.views = {
            name: torch.empty((seats, PER_SEED[mode], *shape), dtype=torch.uint8, device=device)
            for name, shape in FIELDS[mode].items()
        }
        self.counts = torch.zeros(seats, dtype=torch.int64)
        self.device = device
        self._pool, self._ahead = ThreadPoolExecutor(readers), 2 * readers
        self._seated: list[int] = []
        self._coming: deque[tuple[int, Future[View]]] = deque()
        self._new: deque[int] = deque()
        self._waiting: deque[int] = deque()
        self._known: set[int] = set()
        self._oldest = self._drawn = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def __len__(self) -> int:
        return len(self._seated)

    @property
    def full(self) -> bool:
        """Whether every seat is taken."""
        return len(self._seated) == self.seats

    def standing(self) -> Standing:
        """What `restore` needs."""
        coming = [seed for seed, _ in self._coming]
        return Standing(list(self._seated), coming, list(self._waiting), self._oldest, self._drawn)

    def restore(self, before: Standing) -> None:
        """Sit as it was; to an empty shelf of as many seats.

        Raises:
            DataError: a file of the bank is gone or damaged.
        """
        self._read(before.coming)
        self._waiting.extend(before.waiting)
        self._known.update(before.seated, before.coming, before.waiting)
        for seed, views in zip(before.seated, self._pool.map(self._views, before.seated), strict=True):
            self._seat(seed, views)
        self._oldest, self._drawn = before.oldest, before.drawn
        self.look()

    def there(self) -> frozenset[int]:
        """Those of the wanted seeds that the bank has."""
        return self.wanted.intersection(self.bank.seeds())

    def look(self) -> None:
        """Look what is new in the bank."""
        new = sorted(self.there() - self._known)
        self._new.extend(new)
        self._known.update(new)

    def fill(self, count: int) -> None:
        """Give seats to the first `count` that are known, as far as there are as many, and seats."""
        self._read()
        while self._coming and len(self) < min(count, self.seats):
            self._arrive()

    def renew(self, drawn: int) -> None:
        """To be called after every step, which has `drawn` so many views.

        Raises:
            DataError: a file of the bank is damaged.
        """
        self._drawn += drawn
        self._read()
        for _ in range(AT_ONCE):
            if self.full or not self._coming or not self._coming[0][1].done():
                break
            self._arrive()
        stay = self.replay * PER_SEED[self.mode]
        while self.full and self._drawn >= stay:
            self._drawn -= stay
            if self._coming:
                self._arrive()

    def batch(self, count: int, generator: torch.Generator) -> dict[str, Tensor]:
        """`count` views by chance, of as many seeds as can be: field → uint8 [count, …] on the device."""
        seated = len(self._seated)
        seats = torch.cat([torch.randperm(seated, generator=generator) for _ in range(-(-count // seated))])[:count]
        numbers = (torch.rand(count, generator=generator) * self.counts[seats]).long()
        index = (seats * PER_SEED[self.mode] + numbers).to(self.device)
        return {name: views.flatten(0, 1).index_select(0, index) for name, views in self.views.items()}

    def _read(self, first: Sequence[int] = ()) -> None:
        """Keep readers busy with who comes next: `first`, then new ones, then whoever has waited longest."""
        for seed in first:
            self._coming.append((seed, self._pool.submit(self._views, seed)))
        while len(self._coming) < self._ahead and (self._new or self._waiting):
            seed = (self._new or self._waiting).popleft()
            self._coming.append((seed, self._pool.submit(self._views, seed)))

    def _views(self, seed: int) -> View:
        """All views of a seed, laid one upon another."""
        found = list(self.bank.read(seed, self.mode).values())
        return {name: np.stack([view[name] for view in found]) for name in found[0]}

    def _arrive(self) -> None:
        seed, views = self._coming.popleft()
        self._seat(seed, views.result())
        self._read()

    def _seat(self, seed: int, views: View) -> None:
        if self.full:
            seat, self._oldest = self._oldest, (self._oldest + 1) % self.seats
            self._waiting.append(self._seated[seat])
            self._seated[seat] = seed
        else:
            seat = len(self._seated)
            self._seated.append(seed)
        for name, array in views.items():
            self.counts[seat] = len(array)
            self.views[name][seat, : len(array)].copy_(torch.from_numpy(array))
