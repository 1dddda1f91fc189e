"""What is sewn on cloth: buttons, zips, pockets, piping, ribs, lacing, prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from animelayers.artist.curves import (
    Curve,
    Point,
    along,
    closed,
    cut,
    ellipse,
    length,
    normals,
    path,
    positions,
    ribbon,
    spline,
    turned,
)
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Mark, Shade, Stroke
from animelayers.artist.folds import Folds
from animelayers.artist.motifs import heart, star
from animelayers.artist.palette import WHITE, mix, to_oklch

BLUNT = (0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Finish:
    """What work on its surface adds to a fragment."""

    marks: tuple[Mark, ...] = ()
    shades: tuple[Shade, ...] = ()
    strokes: tuple[Stroke, ...] = ()

    def __add__(self, other: Finish | Folds) -> Finish:
        marks = self.marks + other.marks if isinstance(other, Finish) else self.marks
        return Finish(marks, self.shades + other.shades, self.strokes + other.strokes)


def finished(fragment: Fragment, *finishes: Finish | Folds) -> Fragment:
    """The fragment with all that laid on it."""
    total = Finish()
    for finish in finishes:
        total += finish
    return fragment.replace(
        marks=fragment.marks + total.marks,
        shades=fragment.shades + total.shades,
        strokes=fragment.strokes + total.strokes,
    )


def lines(*curves: Curve, weight: float = 0.6, taper: tuple[float, float] = BLUNT) -> Finish:
    """Seams and edges that are only lines."""
    return Finish(strokes=tuple(Stroke(curve, weight, taper) for curve in curves))


def buttons(spots: Curve, radius: float, colour: Colour) -> Finish:
    """Round buttons with a ring and a spot of light, float [n, 2]."""
    discs = [ellipse(x, y, radius, radius, steps=16) for x, y in spots]
    glints = [ellipse(x - 0.3 * radius, y - 0.35 * radius, 0.35 * radius, 0.25 * radius, steps=10) for x, y in spots]
    rings = tuple(Stroke(closed(disc), 0.55, BLUNT) for disc in discs)
    return Finish((Mark(tuple(discs), colour),), (Shade(tuple(glints), -0.8),), rings)


def beside(curve: Curve, near: float, far: float) -> Curve:
    """A strip along a curve between two distances to the left of the way it runs (negative: right)."""
    n = normals(curve)
    return np.concatenate([curve + n * near, (curve + n * far)[::-1]])


def piping(curve: Curve, width: float, colour: Colour, *, gap: float = 0.0, line: float = 0.0) -> Finish:
    """A tape sewn `gap` beside a curve, on its left (both negative: right); `line` inks its inner edge."""
    inner = curve + normals(curve) * (gap + width)
    strokes = (Stroke(inner, line, BLUNT),) if line else ()
    return Finish((Mark((beside(curve, gap, gap + width),), colour),), strokes=strokes)


def rib(curve: Curve, width: float, *, colour: Colour | None = None, pitch: float = 0.0, weight: float = 0.4) -> Finish:
    """A knitted rib of `width` on the left of a curve (negative: right): its lines run across it."""
    count = max(round(length(curve) / (pitch or 0.45 * abs(width))), 3)
    at = (np.arange(count) + 0.5) / count
    t = positions(curve)
    n = normals(curve)
    foot = along(curve, at)
    way = np.stack([np.interp(at, t, n[:, 0]), np.interp(at, t, n[:, 1])], axis=1) * width
    strokes = [
        Stroke(np.stack([a + 0.12 * w, a + 0.88 * w]), weight, (0.3, 0.3)) for a, w in zip(foot, way, strict=True)
    ]
    marks = (Mark((beside(curve, 0, width),), colour),) if colour is not None else ()
    return Finish(marks, strokes=(Stroke(curve + n * width, 0.7, BLUNT), *strokes))


def stitches(curve: Curve, pitch: float, colour: Colour | None = None) -> Finish:
    """A dashed seam."""
    count = max(int(length(curve) / pitch), 1)
    return Finish(
        strokes=tuple(
            Stroke(cut(curve, (k + 0.2) / count, (k + 0.75) / count), 0.45, BLUNT, colour) for k in range(count)
        )
    )


def zip_(curve: Curve, width: float, metal: Colour) -> Finish:
    """A closed zip: its tape, its teeth, its slide at the upper end."""
    tape = ribbon(curve, width / 2)
    left, right = curve + normals(curve) * width / 2, curve - normals(curve) * width / 2
    x, y = along(curve, 0.06)
    slide = ellipse(float(x), float(y) + width, 0.6 * width, 1.3 * width, steps=12)
    return Finish(
        (Mark((tape,), mix(metal, (40, 40, 50), 0.35)), Mark((slide,), metal)),
        strokes=(
            Stroke(left, 0.5, BLUNT),
            Stroke(right, 0.5, BLUNT),
            Stroke(curve, 0.45, BLUNT),
            Stroke(closed(slide), 0.5, BLUNT),
        ),
    )


def pocket(corners: Curve, *, flap: float = 0.0, rounded: bool = True) -> Finish:
    """A patch pocket on four corners, clockwise from the top left; `flap` is its share of the height."""
    a, b, c, d = corners
    soft = 0.2 if rounded else 0.02
    side = [a, d + (a - d) * soft, d + (c - d) * soft, c + (d - c) * soft, c + (b - c) * soft, b]
    outline = np.concatenate([np.stack(side[:2]), spline(np.stack(side[1:3])), np.stack(side[2:4]), np.stack(side[4:])])
    strokes = [Stroke(outline, 0.6, BLUNT), Stroke(np.stack([a, b]), 0.7, BLUNT)]
    hem = a + (d - a) * (flap or 0.16), b + (c - b) * (flap or 0.16)
    strokes.append(Stroke(np.stack(hem), 0.45 if not flap else 0.7, BLUNT))
    shadow = np.stack([*hem, hem[1] + (c - b) * 0.1, hem[0] + (d - a) * 0.1])
    return Finish(shades=(Shade((shadow,), 0.8),) if flap else (), strokes=tuple(strokes))


def welt(start: Point, stop: Point, height: float) -> Finish:
    """The flap or the welt of a pocket in the seam: a narrow parallelogram with its shadow."""
    a, z = np.asarray(start), np.asarray(stop)
    down = np.array([0.0, height])
    box = np.stack([a, z, z + down, a + down * 0.9])
    shadow = np.stack([a + down * 0.9, z + down, z + down * 1.35, a + down * 1.15])
    return Finish(shades=(Shade((shadow,), 0.9),), strokes=(Stroke(closed(box), 0.6, BLUNT),))


def lacing(left: Curve, right: Curve, count: int, colour: Colour, width: float) -> Finish:
    """Crossed laces between two rows of eyelets, both from the top down."""
    at = np.linspace(0.06, 0.94, count)
    a, z = along(left, at), along(right, at)
    cords = [np.stack([p, q]) for p, q in (*zip(a[:-1], z[1:], strict=True), *zip(z[:-1], a[1:], strict=True))]
    holes = [ellipse(x, y, 0.7 * width, 0.7 * width, steps=10) for x, y in (*a, *z)]
    tapes = tuple(ribbon(cord, width / 2) for cord in cords)
    edges = tuple(Stroke(edge, 0.45, BLUNT) for cord in cords for edge in (beside(cord, width / 2, width / 2)[:2],))
    return Finish((Mark(tuple(holes), mix(colour, (30, 25, 30), 0.6)), Mark(tapes, colour)), strokes=edges)


def readable(ground: Colour, wish: Colour) -> Colour:
    """The colour wished for, lighter or darker where it would not show on the ground."""
    near = to_oklch(ground)[0]
    if abs(near - to_oklch(wish)[0]) > 0.14:
        return wish
    return mix(wish, (25, 20, 35) if near > 0.55 else WHITE, 0.6)


def printed(middle: Point, size: float, colour: Colour, ground: Colour, dice: Dice) -> Finish:
    """A print: a star, a heart, an animal's face, a moon, a bolt or a word in letters of nobody's alphabet."""
    ink = readable(ground, colour)
    motif = dice.pick({"star": 2, "heart": 2, "cat": 2, "moon": 1, "bolt": 1, "word": 3, "rings": 1})
    turn = dice.near(0, 0.12)

    def laid(shape: Curve) -> Curve:
        return turned(shape * size, turn) + middle

    return Finish(
        tuple(
            Mark(tuple(laid(shape) for shape in shapes), mix(ground, ink, share))
            for shapes, share in PRINTS[motif](dice)
        )
    )


Print = list[tuple[Sequence[Curve], float]]
"""Shapes within -1..1, and how much of the ink they take: 0 lets the cloth through."""


def _star(dice: Dice) -> Print:
    out: Print = [([star()], 1.0)]
    if dice.chance(0.5):
        out.append(([star() * 0.55 + (0, 0.02)], 0.3))
    return out


def _heart(_: Dice) -> Print:
    return [([heart()], 1.0)]


def _cat(_: Dice) -> Print:
    head = path(
        [(-0.9, 0.1), (-0.85, -0.85), (-0.4, -0.5)],
        [(-0.4, -0.5), (0, -0.56), (0.4, -0.5)],
        [(0.4, -0.5), (0.85, -0.85), (0.9, 0.1)],
        [(0.9, 0.1), (0.55, 0.6), (0, 0.72), (-0.55, 0.6), (-0.9, 0.1)],
    )
    eyes = [ellipse(0.36 * s, 0.02, 0.09, 0.15, steps=14) for s in (-1, 1)]
    mouth = [ribbon(spline([(0, 0.25), (0.12 * s, 0.38), (0.28 * s, 0.3)]), 0.03) for s in (-1, 1)]
    whiskers = [
        ribbon(np.array([(0.55 * s, 0.2 + 0.14 * k), (1.15 * s, 0.12 + 0.22 * k)]), 0.025)
        for s in (-1, 1)
        for k in (0, 1)
    ]
    return [([head], 1.0), ([*eyes, *mouth], 0.0), (whiskers, 1.0)]


def _moon(_: Dice) -> Print:
    outer = spline([(0.5, -0.85), (-0.3, -0.75), (-0.75, 0), (-0.3, 0.75), (0.5, 0.85)])
    inner = spline([(0.5, 0.85), (0.0, 0.5), (-0.12, 0), (0.0, -0.5), (0.5, -0.85)])
    return [([np.concatenate([outer, inner]), star() * 0.28 + (0.5, -0.1)], 1.0)]


def _bolt(_: Dice) -> Print:
    return [
        ([np.array([(0.15, -1), (-0.6, 0.15), (-0.05, 0.1), (-0.25, 1), (0.6, -0.25), (0.05, -0.18), (0.5, -1)])], 1.0)
    ]


def _rings(_: Dice) -> Print:
    rings = [np.concatenate([ellipse(0, 0, r, r), ellipse(0, 0, r - 0.14, r - 0.14)[::-1]]) for r in (1.0, 0.68)]
    return [([*rings, ellipse(0, 0, 0.3, 0.3)], 1.0)]


STEMS = (
    (-0.5, -1, -0.5, 1),
    (-0.5, -1, 0.5, -1),
    (-0.5, 0, 0.4, 0),
    (-0.5, 1, 0.5, 1),
    (0.5, -1, 0.5, 0),
    (0.5, 0, 0.5, 1),
    (-0.5, -1, 0.5, 1),
    (0, -1, 0, 1),
    (0.5, -1, -0.5, 1),
)
"""Strokes that letters are put together from: x, y to x, y."""


def _word(dice: Dice) -> Print:
    """Four to six made-up letters of two to four strokes, sometimes on two lines."""
    shapes: list[Curve] = []
    rows = dice.pick([1, 1, 2])
    for row in range(rows):
        count = dice.integer(4, 6)
        wide = 3.0 / count
        for k in range(count):
            for stem in sorted({dice.integer(0, len(STEMS) - 1) for _ in range(dice.integer(3, 4))}):
                x, y, x2, y2 = STEMS[stem]
                ends = np.array([(x * 0.62 * wide, y * 0.3), (x2 * 0.62 * wide, y2 * 0.3)])
                shapes.append(ribbon(ends + ((k - (count - 1) / 2) * wide, 0.8 * (row - (rows - 1) / 2)), 0.055))
    return [(shapes, 1.0)]


PRINTS = {"star": _star, "heart": _heart, "cat": _cat, "moon": _moon, "bolt": _bolt, "rings": _rings, "word": _word}
