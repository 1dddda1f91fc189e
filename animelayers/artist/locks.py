"""Strand geometry: sheets of hair between guide strands, cut into clumps that end in pointed, hooked tips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np

from animelayers.artist.curves import Curve, Points, length, profile, spline
from animelayers.artist.dice import Dice, Range
from animelayers.artist.drawing import Fragment, Mark, Material, Shade, Stroke
from animelayers.artist.scalp import Tone, even, smooth

FINE = 0.035
"""Head heights between the points of a strand."""

CROWDED = 0.045
"""Head heights between lines, below which the pen leaves one out."""


BROAD = 0.09
"""Head heights across a clump, above which its edge has the full weight."""


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A sheet of hair with coordinates of its own: `s` 0..1 across the guide strands, `t` 0..1 from root to end."""

    guides: np.ndarray
    """float [k + 2, n, 2]: the strands, with one more on either side so that cubics reach the edges."""

    @classmethod
    def of(cls, strands: Sequence[Points], lay: Callable[[Points], Curve] = np.asarray) -> Self:
        """Through two or more strands, each given root to end; `lay` takes them to the drawing."""
        curves = [spline(lay(strand)) for strand in strands]
        count = min(max(round(length(curves[0]) / FINE), 16), 90)
        g = np.stack([even(curve, count) for curve in curves])
        return cls(np.concatenate([[2 * g[0] - g[1]], g, [2 * g[-1] - g[-2]]]))

    def at(self, s: np.ndarray | float, t: np.ndarray | float) -> Curve:
        """Points of the sheet, float [m, 2]: Catmull-Rom across, linear along; beyond the ends it goes on straight."""
        s, t = np.broadcast_arrays(np.atleast_1d(s), np.atleast_1d(t))
        k, n = self.guides.shape[0] - 2, self.guides.shape[1]
        x = np.clip(s, 0, 1) * (k - 1)
        i = np.minimum(x.astype(int), k - 2)
        f = x - i
        weight = 0.5 * np.stack(
            [-(f**3) + 2 * f**2 - f, 3 * f**3 - 5 * f**2 + 2, -3 * f**3 + 4 * f**2 + f, f**3 - f**2]
        )
        y = t * (n - 1)
        j = np.clip(y.astype(int), 0, n - 2)
        h = (y - j)[..., None]
        near = i + np.arange(4)[:, None]
        points = self.guides[near, j] * (1 - h) + self.guides[near, j + 1] * h
        return np.asarray((weight[..., None] * points).sum(axis=0))

    def strand(self, s: float, start: float, stop: float) -> Curve:
        """Along one strand between two `t`."""
        return self.at(s, np.linspace(start, stop, max(6, round(abs(stop - start) * self.guides.shape[1]))))

    def waved(self, height: float, count: float, phase: float, *, spread: float = 0.25) -> Self:
        """The sheet with waves that grow towards its ends: `height` in head heights, `count` along the length."""
        g = self.guides
        t = np.linspace(0, 1, g.shape[1])[None]
        k = np.arange(g.shape[0])[:, None]
        along = np.gradient(g, axis=1)
        along /= np.maximum(np.hypot(along[..., 0], along[..., 1]), 1e-9)[..., None]
        swing = height * np.minimum(2.2 * t, 1) * np.sin(2 * np.pi * (count * t + phase + spread * k))
        return type(self)(g + swing[..., None] * np.stack([along[..., 1], -along[..., 0]], axis=-1))


@dataclass(frozen=True, slots=True)
class Clump:
    """A pointed end of a sheet, between two notches."""

    left: float
    right: float
    """`s` of its notches."""
    tip: float
    """`s` of its point."""
    end: float
    """`t` of its point."""
    notch: float
    """`t` of the notch to its left; that to its right is its neighbour's."""
    lean: float
    """-1..1: which edge is the rounder."""


def clumps(
    dice: Dice, count: int, *, depth: Range = (0.12, 0.3), ragged: float = 0.06, blunt: float = 0.0, lean: float = 0.0
) -> list[Clump]:
    """Clumps of lively widths across a whole sheet: narrow ones, mostly shorter, between wide ones.

    `depth` of the notches and `ragged` (how unequal the ends are) are shares of the length; `lean` -1..1 is the side
    that tips hook to, `blunt` 0..1 makes the ends level and the notches rare and shallow.
    """
    narrow = [count > 3 and k % 2 == 1 and dice.chance(0.5) for k in range(count)]
    width = np.array([dice.uniform(0.3, 0.5) if thin else dice.uniform(0.8, 1.5) for thin in narrow])
    edge = np.concatenate([[0.0], np.cumsum(width) / width.sum()])
    made = []
    for k in range(count):
        low, high = float(edge[k]), float(edge[k + 1])
        turn = min(max(lean + dice.near(0, 0.8), -1.0), 1.0)
        end = 1 - ragged * dice.uniform(0, 1 if not narrow[k] else 1.8)
        notch = end - dice.uniform(*depth) * (1 - 0.6 * blunt)
        made.append(Clump(low, high, low + (high - low) * (0.5 + 0.36 * turn), end, notch, turn))
    return made


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """The cut edge of a sheet."""

    flanks: tuple[Curve, ...]
    """Notch to tip and tip to notch by turns, from `s` = 0 to 1."""
    notches: tuple[tuple[float, float], ...]
    """`(s, t)` of those inside."""
    ends: tuple[float, float]
    """`t` where the edge leaves the sheet's two sides."""


def cut(sheet: Sheet, parts: Sequence[Clump]) -> Edge:
    """The edge that clumps make: its flanks leave each notch along the strands and close towards the tips."""
    inner = [min(c.notch, c.end - 0.02, before.end - 0.02) for before, c in pairwise(parts)]
    notch = np.array([min(parts[0].notch, parts[0].end - 0.02), *inner, min(parts[-1].notch, parts[-1].end - 0.02)])
    tip, end, lean = np.array([(c.tip, c.end, c.lean) for c in parts]).T[:, :, None, None]
    sides = np.array([(c.left, c.right) for c in parts])[..., None]
    high = np.stack([notch[:-1], notch[1:]], axis=1)[..., None]
    k = np.linspace(0, 1, 10)
    power = 1.05 + 0.5 * lean * np.array([[1.0], [-1.0]])
    s, t = tip + (sides - tip) * (1 - k**power), high + (end - high) * k
    points = sheet.at(s.ravel(), t.ravel()).reshape(len(parts), 2, 10, 2)
    flanks = tuple(curve for left, right in points for curve in (left, right[::-1]))
    notches = tuple((c.left, t) for c, t in zip(parts[1:], inner, strict=True))
    return Edge(flanks, notches, (float(notch[0]), float(notch[-1])))


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What all fragments of one mass of hair share."""

    tag: str
    tone: Tone
    shades: tuple[Shade, ...] = ()
    relief: float = 0.05


def hair(look: Look, z: float, shape: Curve, strokes: Sequence[Stroke], shades: Sequence[Shade] = ()) -> Fragment:
    """A fragment of hair."""
    return Fragment(
        look.tag,
        z,
        (shape,),
        look.tone.hair,
        material=Material.HAIR,
        relief=look.relief,
        outlined=False,
        strokes=tuple(strokes),
        marks=_dyed(look.tone, shape),
        shades=(*look.shades, *shades),
    )


def _dyed(tone: Tone, shape: Curve) -> tuple[Mark, ...]:
    """The colour of the tips, fading upwards."""
    if tone.tips == tone.hair:
        return ()
    x, top, low = shape[:, 0].mean(), shape[:, 1].min(), shape[:, 1].max()
    return (Mark((shape,), tone.tips, fade=((x, low), (x, low - 0.55 * (low - top)))),)


def panel(
    look: Look, z: float, sheet: Sheet, parts: Sequence[Clump], dice: Dice, *, edges: Range = (0.0, 0.0), lines: int = 4
) -> Fragment:
    """A sheet with its cut edge, notch lines and inner strands.

    `edges` are the `t` from which the left and the right side are inked: 0 for silhouettes, 1 for sides that melt into
    the hair beside them.
    """
    edge = cut(sheet, parts)
    left, right = sheet.strand(0.0, 0, edge.ends[0]), sheet.strand(1.0, edge.ends[1], 0)
    strokes = []
    for s, start, stop in ((0.0, edges[0], edge.ends[0]), (1.0, edges[1], edge.ends[1])):
        if start < stop:
            strokes.append(Stroke(sheet.strand(s, start, stop), 1.0, (0.0 if start == 0 else 0.5, 0.0)))
    strokes += _inked(edge)
    roomy = _roomy(sheet, edge.notches)
    strokes += [_notch_line(sheet, s, t, dice) for s, t in roomy if dice.chance(0.8)]
    strokes += [_inner_line(sheet, dice) for _ in range(lines)]
    shades = [_gap(sheet, s, t, dice) for s, t in roomy if dice.chance(0.6)]
    return hair(look, z, np.concatenate([left, *edge.flanks, right]), strokes, shades)


def _inked(edge: Edge) -> list[Stroke]:
    """The flanks, drawn the finer the narrower their clump."""
    pairs = zip(edge.flanks[::2], edge.flanks[1::2], strict=True)
    widths = [(left, right, float(np.hypot(*(right[-1] - left[0])))) for left, right in pairs]
    return [
        Stroke(flank, 0.88 * min(max(wide / BROAD, 0.5), 1.0), (0.0, 0.0))
        for left, right, wide in widths
        for flank in (left, right)
    ]


def _roomy(sheet: Sheet, notches: Sequence[Range]) -> list[Range]:
    """Notches far enough from the one before and from the sheet's sides for a line of their own."""
    if not notches:
        return []
    s, t = np.array(notches).T
    x, y = sheet.at(np.array([0.0, *s, 1.0]), np.array([t[0], *t, t[-1]])).T
    step = np.hypot(np.diff(x), np.diff(y))
    return [notch for k, notch in enumerate(notches) if min(step[k], step[k + 1]) > CROWDED]


def _notch_line(sheet: Sheet, s: float, t: float, dice: Dice) -> Stroke:
    """From a notch up towards the root, thinning out."""
    rise = t * dice.pick([dice.uniform(0.08, 0.25), dice.uniform(0.3, 0.7)])
    return Stroke(sheet.strand(s, t - rise, t), 0.62, (1.0, 0.0))


def _inner_line(sheet: Sheet, dice: Dice) -> Stroke:
    start = dice.uniform(0.15, 0.6)
    return Stroke(
        sheet.strand(dice.uniform(0.06, 0.94), start, start + dice.uniform(0.12, 0.3)),
        dice.uniform(0.3, 0.5),
        (0.6, 0.6),
    )


def _gap(sheet: Sheet, s: float, t: float, dice: Dice) -> Shade:
    """The dark wedge above a notch, where one clump lies under the next."""
    rise, wide = t * dice.uniform(0.15, 0.4), dice.uniform(0.015, 0.035) * dice.sign()
    k = np.linspace(0, 1, 8)
    return Shade(
        (np.concatenate([sheet.at(s, t - rise * k), sheet.at(s + wide * k**0.7 * (1 - k) * 2, t - rise * k)[::-1]]),),
        1.0,
    )


def tuft(
    look: Look,
    z: float,
    sheet: Sheet,
    dice: Dice,
    *,
    s: float,
    width: float,
    span: Range,
    bend: float = 0.0,
    belly: float = 0.62,
) -> Fragment:
    """A clump that lies on a sheet: rootless, widest at `belly`, its end hooked sideways by `bend` in `s`."""
    k = np.linspace(0, 1, 20)
    half = width / 2 * profile((0, belly, 1), (0.0, 1.0, 0.0), k) ** 0.8
    middle = s + bend * k**3
    t = span[0] + (span[1] - span[0]) * k
    left, right = sheet.at(middle - half, t), sheet.at(middle + half, t)
    strokes = [
        Stroke(left[dice.integer(6, 11) :], 0.8, (0.7, 0.0)),
        Stroke(right[dice.integer(6, 11) :], 0.8, (0.7, 0.0)),
    ]
    if width > 0.08:
        strokes.append(Stroke(sheet.at(middle[9:16] + 0.15 * half[9:16], t[9:16]), 0.45, (0.6, 0.6)))
    return hair(look, z, np.concatenate([left, right[::-1]]), strokes).replace(casts=0.4)


def wisp(points: Points, look: Look, z: float, *, width: float = 0.012, root: float = 0.2) -> Fragment:
    """A single loose strand, tapered at both ends; its outline thins out over the share `root` of its length."""
    spine = smooth(points, 26)
    k = np.linspace(0, 1, 26)
    d = np.gradient(spine, axis=0)
    d /= np.maximum(np.hypot(d[:, 0], d[:, 1]), 1e-9)[:, None]
    side = np.stack([d[:, 1], -d[:, 0]], axis=1) * (width * profile((0, 0.4, 1), (0.35, 1.0, 0.0), k))[:, None]
    left, right = spine + side, spine - side
    strokes = (Stroke(left, 0.8, (root, 0.1)), Stroke(right, 0.8, (root, 0.1)))
    return hair(look, z, np.concatenate([left, right[::-1]]), strokes)


def streaks(sheet: Sheet, dice: Dice, count: int, span: Range) -> list[Shade]:
    """Lens-shaped lights along the strands, brightest in the middle of a bend."""
    k = np.linspace(0, 1, 10)
    made = []
    for _ in range(count):
        s, wide = dice.uniform(0.12, 0.88), dice.uniform(0.008, 0.022)
        start = dice.uniform(*span)
        t = start + dice.uniform(0.12, 0.3) * k
        bulge = wide * np.sin(np.pi * k)
        made.append(Shade((np.concatenate([sheet.at(s - bulge, t), sheet.at(s + bulge, t)[::-1]]),), -0.8))
    return made
