"""Proportions of a body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animelayers.artist.dice import Dice


@dataclass(frozen=True, slots=True)
class Build:
    """Proportions, in head heights."""

    heads: float
    """Height of the whole figure, 2.2 (chibi) to 8."""
    masculine: float
    """0..1: shoulders, neck, jaw, waist."""
    stout: float
    """Times the breadth of limbs and trunk, about 1."""
    neck: float
    """From the chin to the pit of the neck."""

    @property
    def small(self) -> bool:
        """A chibi: simple forms are better, folds fewer and broader."""
        return self.heads < 4

    @property
    def scale(self) -> float:
        """Length of the body compared with one of 6.5 heads."""
        return (self.heads - 1 - self.neck) / 5.25

    @property
    def breadth(self) -> float:
        """Of trunk and limbs compared with one of 6.5 heads: small bodies are stocky."""
        return float(self.scale**0.72 * self.stout)

    def between(self, forms: Mapping[str, Any]) -> npt.NDArray[np.float64]:
        """What lies between the forms of a `slim`, a `strong` and a `small` body, all of one shape."""
        small = float(np.clip((4.4 - self.heads) / 1.8, 0, 1))
        weights = {"small": small, "strong": (1 - small) * self.masculine, "slim": (1 - small) * (1 - self.masculine)}
        return np.asarray(np.tensordot(list(weights.values()), [forms[name] for name in weights], 1))


def choose(dice: Dice) -> Build:
    """Small figures have short necks, men broad shoulders."""
    heads = dice.pick({2.5: 1.6, 3.4: 0.8, 5.2: 3, 5.8: 4, 6.4: 4, 7.1: 1.5}) + dice.near(0, 0.4)
    masculine = dice.pick({0.0: 7, 0.35: 1.5, 0.9: 2}) if heads > 4.5 else dice.pick({0.0: 3, 0.3: 1})
    neck = float(np.interp(heads, (2.3, 4.5, 6.5), (0.0, 0.11, 0.2))) + dice.near(0, 0.03)
    return Build(heads, masculine, dice.near(1.0, 0.1), max(neck, 0.0))
