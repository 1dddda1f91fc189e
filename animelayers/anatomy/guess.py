"""What a parts model has to say; `anatomy` makes an exact stack of it.

A model looks at the picture once or several times: at the whole figure, then at the head alone. What it says of a
window comes at the model's own resolution, which is never that of the picture, and stays there: nobody resamples it
but `anatomy.looks`, which knows where every value lies.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animelayers.errors import ModelError

FACE = ("face", "irides", "eyebrow", "eyewhite", "eyelash", "nose", "mouth")
HAIR = ("front hair", "back hair")
BODY = ("neck", "topwear", "handwear", "bottomwear", "legwear")

Maps = npt.NDArray[np.float32]
"""float32 [p, h, w], one map a part."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What is said of one window of the picture.

    Maps of different resolution may stand side by side; each covers the whole of `box`, pixel (y, x) of a map of
    [h, w] being the middle of the (y, x)-th of h × w equal fields. Outside the picture they mean nothing.

    Raises:
        ModelError: shapes do not agree, or a map holds NaN.
    """

    box: tuple[float, float, float, float]
    """`(top, left, bottom, right)` in pixels of the picture; may reach beyond it."""
    tags: tuple[str, ...]
    """The p parts that are spoken of, of `parts.PARTS`."""
    visible: Maps
    """0..1: how likely it is that this part is the one seen here; what is left to 1 is nobody's: background."""
    alpha: Maps
    """0..1: the whole part, hidden areas too."""
    colour: npt.NDArray[np.uint8]
    """uint8 [p, h, w, 3], straight: the part's own colour wherever `alpha` is not 0."""
    depth: Maps
    """0..1, larger is nearer: of the whole part, on one scale for all parts and looks."""
    presence: npt.NDArray[np.float32]
    """float32 [p], 0..1: whether the part is there at all."""
    side: npt.NDArray[np.float32] | None = None
    """float32 [h, w], -1..1: the character's right (-1) or left (1) side of what is seen; None: nothing is said."""

    def __post_init__(self) -> None:
        count = len(self.tags)
        for name in ("visible", "alpha", "colour", "depth", "presence"):
            maps = getattr(self, name)
            if len(maps) != count:
                raise ModelError(f"a look speaks of {count} parts, its {name} of {len(maps)}")
            if not np.isfinite(maps).all():
                raise ModelError(f"the {name} of a look holds NaN or infinity", hint="half precision overflowed?")
        if not (self.alpha.shape == self.depth.shape == self.colour.shape[:3]):
            shapes = self.alpha.shape, self.depth.shape, self.colour.shape
            raise ModelError("alpha {}, depth {} and colour {} are not of one size".format(*shapes))


@dataclass(frozen=True, slots=True, eq=False)
class PartsGuess:
    """Everything a model says of one picture."""

    looks: tuple[Look, ...]
    """The coarse first: of a part, the last look that speaks of it is believed inside its box, with a soft border."""
    person: float = 1.0
    """0..1: whether there is a character at all."""


def person_of(looks: Iterable[Look]) -> float:
    """0..1: whether there is a character, of which at least two of face, hair and body have to be there."""
    said: dict[str, float] = {}
    for look in looks:
        for tag, value in zip(look.tags, look.presence, strict=True):
            said[tag] = max(said.get(tag, 0.0), float(value))
    groups = sorted(max(said.get(tag, 0.0) for tag in group) for group in (FACE, HAIR, BODY))
    return (groups[-1] + groups[-2]) / 2
