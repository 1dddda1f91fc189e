"""Where hair lies: the dome over the skull, and how what hangs from it falls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animelayers.artist.curves import Curve, Points, along, profile, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour
from animelayers.artist.figure import Figure, Head
from animelayers.artist.subject import Subject
from animelayers.artist.wardrobe import HATS

EAR = -0.12
"""Height at which the dome is widest, head heights below the head's middle."""

KNEE = 3.0
"""`Subject.hair_length` of hair to the knees."""


@dataclass(frozen=True, slots=True)
class Dome:
    """The volume of hair on a skull, seen from the front."""

    half: float = 0.475
    """Half its breadth, head heights."""
    top: float = -0.585
    """`v` of its highest point."""

    def breadth(self, v: np.ndarray | float) -> np.ndarray:
        """Half width at heights `v`."""
        rise = np.clip((EAR - np.asarray(v, np.float64)) / (EAR - self.top), 0.0, 1.0)
        return self.half * np.sqrt(1 - rise**2.2)

    def turn(self, points: Points, head: Head, front: float = 1.0) -> Curve:
        """`(u, v)` → the same as far as yaw and pitch move it.

        What lies on the forehead turns with the face (`front` = 1), what lies on the crown and behind against it (-1);
        the outline stays but for the back of the head, which comes into sight.
        """
        u, v = np.array(points, np.float64).T
        edge = np.minimum((u / np.maximum(self.breadth(v), 0.05)) ** 2, 1.0)
        forward = profile((-0.58, -0.3), (-0.15, front), v)
        slack = np.where(u * head.yaw < 0, 0.07, 0.008)
        fade = 1 - np.clip((v - 0.5) / 0.9, 0.0, 1.0)
        x = u + head.yaw * (0.25 * forward * (1 - edge) - slack * edge * fade)
        lift = 0.1 * np.maximum(1 - (v / 0.56) ** 2, 0.0) * front - 0.25 * np.minimum(u * u, 0.2) * fade
        return np.stack([x, v + head.pitch * lift], axis=1)


@dataclass(frozen=True, slots=True)
class Tone:
    """The colours of one head of hair."""

    hair: Colour
    tips: Colour
    inner: Colour
    """Of the hair seen from inside, behind the neck."""


@dataclass(frozen=True, slots=True, eq=False)
class Scalp:
    """A head with the volume of its hair, in the head's frame `(u, v)` (see `figure.Head`)."""

    subject: Subject
    tone: Tone
    dome: Dome
    sway: float
    """How far long hair drifts to the character's left, head heights per head height of fall."""
    tie: tuple[Colour, float]
    """Colour and half thickness of what ties it."""

    @property
    def figure(self) -> Figure:
        return self.subject.figure

    @property
    def coarse(self) -> float:
        """1 for a tall figure, less for a small one, which is drawn with fewer and bigger clumps."""
        return float(np.interp(self.subject.build.heads, (2.3, 5.5), (0.7, 1.0)))

    @property
    def half(self) -> float:
        return self.dome.half

    @property
    def top(self) -> float:
        return self.dome.top

    @property
    def covered(self) -> bool:
        """Whether a hat covers the crown, so that nothing stands out from there."""
        return self.subject.outfit.headwear.kind in HATS

    def shown(self, sign: int) -> float:
        """How much a turned head shows of a side: above 1 for the near one."""
        return 1 - 0.8 * sign * self.figure.head.yaw

    def breadth(self, v: np.ndarray | float) -> np.ndarray:
        """Half width of the dome at heights `v`."""
        return self.dome.breadth(v)

    def lay(self, points: Points, front: float = 1.0) -> Curve:
        """`(u, v)` → the drawing.

        What lies on the forehead turns with the face (`front` = 1), what lies on the crown and behind against it (-1);
        what hangs below the ears comes to rest plumb, whatever the head's tilt.
        """
        head = self.figure.head
        v = np.asarray(points, np.float64)[:, 1]
        x, y = self.dome.turn(points, head, front).T
        angle = head.tilt * (1 - profile((0.1, 1.0), (0.0, 1.0), v))
        x, y = x + head.x - head.neck[0], y + head.y - head.neck[1]
        c, s = np.cos(angle), np.sin(angle)
        drift = self.sway * np.maximum(v - 0.1, 0.0) ** 1.4
        return np.stack([c * x - s * y + head.neck[0] + drift, s * x + c * y + head.neck[1]], axis=1)

    def meridian(
        self, root: tuple[float, float], tip: tuple[float, float], *, bow: float = 2.2, hook: float = 0.0
    ) -> Curve:
        """A strand over the dome, float [13, 2] in `(u, v)`.

        Both ends are given as `(longitude, v)`, a longitude of ±1 being the silhouette. `bow` is how soon it takes its
        longitude, `hook` how far its end turns aside.
        """
        t = np.linspace(0, 1, 13) ** 1.7  # close together where the dome is steep
        v = root[1] + (tip[1] - root[1]) * t
        longitude = tip[0] + (root[0] - tip[0]) * (1 - t) ** bow
        return np.stack([longitude * self.breadth(v) + hook * t**4, v], axis=1)

    def v_of(self, y: float) -> float:
        """The head's `v` of a height of the drawing, for what hangs."""
        return y - self.figure.head.y

    def floor(self, length: float) -> float:
        """`v` down to which hair of a length (`Subject.hair_length`) falls."""
        figure = self.figure
        knee = figure.legs["l"].joints[1][1]
        levels = [self.v_of(figure.level(name)) for name in ("shoulder", "bust", "waist", "hip")]
        return float(np.interp(length, (0, 0.6, 1, 1.5, 2, 2.4, KNEE), (0.2, 0.46, *levels, self.v_of(knee))))


def choose(subject: Subject, dice: Dice) -> Scalp:
    """Volume, drift and colours."""
    palette = subject.palette
    two = palette.tips != palette.hair
    inner = palette.tips if two and dice.chance(0.35) else palette.hair
    return Scalp(
        subject,
        Tone(palette.hair, palette.tips, inner),
        Dome(dice.uniform(0.46, 0.485), -dice.uniform(0.57, 0.595)),
        sway=dice.near(0, 0.1) if dice.chance(0.6) else 0.0,
        tie=(dice.pick([palette.accent, palette.dark, palette.pale]), dice.pick([0.022, 0.022, 0.045])),
    )


def smooth(points: Points, count: int) -> Curve:
    """A spline through the points, float [count, 2] at equal steps of its length."""
    return even(spline(points), count)


def even(curve: Curve, count: int) -> Curve:
    """A curve at equal steps of its length, float [count, 2]."""
    return along(curve, np.linspace(0, 1, count))
