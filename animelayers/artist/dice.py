"""Reproducible draws. Every question has a name, so that a new question never changes the answer to an old one."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")

Range = tuple[float, float]
"""Lowest and highest of a draw."""


class Dice:
    """Draws that depend on a seed and a path of names only: the same on every machine and in every process.

    `Dice(7).of("hair")` is independent of `Dice(7).of("eyes")`. Only `random.Random.random` is used below, whose
    sequence Python promises to keep.
    """

    def __init__(self, *path: int | str) -> None:
        self.path = path
        digest = hashlib.sha256("/".join(map(str, path)).encode()).digest()
        self._draw = random.Random(int.from_bytes(digest[:16], "big")).random

    def of(self, name: int | str) -> Dice:
        """Independent dice for a question of its own."""
        return Dice(*self.path, name)

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * self._draw()

    def near(self, middle: float, spread: float) -> float:
        """Bell-shaped within `middle` ± `spread`: the mean of three uniforms."""
        return middle + spread * (self._draw() + self._draw() + self._draw() - 1.5) / 1.5

    def chance(self, probability: float) -> bool:
        return self._draw() < probability

    def sign(self) -> int:
        """-1 or 1."""
        return 1 if self._draw() < 0.5 else -1

    def integer(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self._draw() * (high - low + 1))

    def pick(self, options: Sequence[T] | Mapping[T, float]) -> T:
        """One of a sequence, or a key of a mapping with its value as the weight."""
        if not isinstance(options, Mapping):
            return options[int(self._draw() * len(options))]
        left = self._draw() * sum(options.values())
        for option, weight in options.items():
            left -= weight
            if left < 0:
                return option
        return next(reversed(list(options)))

    def many(self, count: int, low: float = -1.0, high: float = 1.0) -> list[float]:
        return [low + (high - low) * self._draw() for _ in range(count)]
