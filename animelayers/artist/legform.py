"""What lies around a leg: rims, rings and coverings that follow its two contours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from animelayers.artist.curves import Curve, cut, positions, sides
from animelayers.artist.feet import Foot
from animelayers.artist.figure import Limb

Ease = float | Callable[[np.ndarray], np.ndarray]
"""How much wider than the leg, head heights: everywhere, or by the share of the leg's length."""

BOWED = 13
"""Points of a line across."""
ANKLE = 0.965
"""Where the outline of a foot takes over, without its first and last `JOINED` points."""
JOINED = 6


def edges(leg: Limb, start: float, stop: float, ease: Ease = 0.0) -> tuple[Curve, Curve]:
    """The left and the right edge in the picture of a leg seen from the front, widened, both downwards."""
    spine = cut(leg.spine, start, stop)
    t = start + (stop - start) * positions(spine)
    extra = ease(t) if callable(ease) else np.full(len(t), ease)
    left, right = sides(spine, leg.radius(t) + extra)
    return right, left


def bowed(a: Curve, b: Curve, sag: float) -> Curve:
    """From `a` to `b`, the middle `sag` of the distance below the straight line (left to right; y down)."""
    t = np.linspace(0, 1, BOWED)[:, None]
    d = b - a
    return np.asarray(a + d * t + sag * np.array([-d[1], d[0]]) * 4 * t * (1 - t) * (1 if d[0] >= 0 else -1))


def rim(leg: Limb, t: float, ease: Ease = 0.0, *, sag: float = 0.16) -> Curve:
    """The line around the front of a leg at a share of its length, left to right."""
    left, right = edges(leg, t, min(t + 0.01, 1.0), ease)
    return bowed(left[0], right[0], sag)


def ring(leg: Limb, start: float, stop: float, ease: Ease = 0.0, *, sag: float = 0.16, over: float = 0.0) -> Curve:
    """The closed area between two rims; `over` lets it stand out at both sides by that much more."""
    left, right = edges(leg, start, stop, ease)
    left[:, 0] -= over
    right[:, 0] += over
    return np.concatenate([bowed(left[0], right[0], sag), right, bowed(left[-1], right[-1], sag)[::-1], left[::-1]])


def around(form: Foot, start: float, bottom: Curve, ease: Ease = 0.0, *, sag: float = 0.16) -> Curve:
    """The closed outline of what covers a leg from a share of its length and goes on below as `bottom`.

    `bottom` runs from the back of the ankle to its front, as `Foot.outline` does.
    """
    left, right = edges(form.leg, start, ANKLE, ease)
    bottom = bottom[JOINED:-JOINED]
    if form.heading < 0:
        bottom = bottom[::-1]
    return np.concatenate([bowed(left[0], right[0], sag)[::-1], left, bottom, right[::-1]])
