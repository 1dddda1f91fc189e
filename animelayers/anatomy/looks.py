"""Looks become maps of the picture: the one place where what a model said is resampled.

What is seen is interpolated as logarithms of probabilities, by Catmull-Rom splines: parts thinner than a field of a
map, which averaging would hand to their neighbours, survive. Whole parts are interpolated as log-odds, so that their
edges come out a few pixels wide instead of a field.

A look fades into those before it at the border of its box. Of a part that it does not speak of it knows one thing: how
much room the parts that it does speak of leave; among the others those looks decide.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from animelayers.anatomy.guess import Look, Maps, PartsGuess
from animelayers.color import to_uint8
from animelayers.parts import PART_LABELS
from animelayers.raster import Mask, bands, nearest, tight_box

Plane = npt.NDArray[np.float32]
"""float32 [h, w]."""

Here = tuple[slice, slice]
"""Rows and columns of the picture."""

Share = npt.NDArray[np.float64]
Kernel = Callable[[Share], tuple[Share, ...]]
"""How far a pixel is, 0..1, from the field before it to that after it → weights of the two before and the two after."""

DOUBT = 0.005
"""No probability counts as less."""

SOFT = 0.06
"""Width of the border in which a look fades into those before it, as a share of its box."""

TILE = 128
"""Side of the squares, px, in which all parts are compared at once."""

FAINT = 4 / 255
"""A whole part of this alpha or less is not there."""

HARDLY = 1e-4
"""Weight of the colour and depth of fields where a part is not, in those where it begins."""

NOBODY = 0
"""The label of what belongs to no part."""

_FLOOR = float(np.log(DOUBT))


def scaled(guess: PartsGuess, down: float, right: float) -> PartsGuess:
    """The same guess of the picture resized by these factors."""
    factors = down, right, down, right
    looks = []
    for look in guess.looks:
        top, left, bottom, end = (edge * factor for edge, factor in zip(look.box, factors, strict=True))
        looks.append(dataclasses.replace(look, box=(top, left, bottom, end)))
    return dataclasses.replace(guess, looks=tuple(looks))


def candidates(guess: PartsGuess, size: tuple[int, int], count: int) -> tuple[npt.NDArray[np.uint8], Maps]:
    """The `count` likeliest labels at every pixel of a picture of `(height, width)`, the likeliest first.

    Returns:
        Values of `parts.PART_LABELS`, 0 for nobody, uint8 [count, h, w]; and logarithms of how likely they are in
        proportion to the first one, whose own is 0, float32 [count, h, w]; -inf where there are no more candidates.
    """
    labels = np.zeros((count, *size), np.uint8)
    scores = np.full((count, *size), -np.inf, np.float32)
    voices = [_Voice.of(look, size) for look in guess.looks]
    for rows, _, _ in bands(size[0], TILE):
        for columns, _, _ in bands(size[1], TILE):
            who, said = _compared(voices, (rows, columns))
            for place in range(min(count, len(who))):
                best = said.argmax(axis=0)[None]
                labels[place, rows, columns] = who[best[0]]
                scores[place, rows, columns] = np.take_along_axis(said, best, axis=0)[0]
                np.put_along_axis(said, best, -np.inf, axis=0)
            scores[:, rows, columns] -= scores[:1, rows, columns]
    return labels, scores


def depths(guess: PartsGuess, labels: npt.NDArray[np.uint8]) -> Maps:
    """How near the parts of candidates, uint8 [n, h, w], are at every pixel: float32 [n, h, w], that of nobody is 0.

    Of the last look that speaks of a part there, from the field in which the pixel lies.
    """
    out = np.zeros(labels.shape, np.float32)
    for look in guess.looks:
        place = np.full(1 + len(PART_LABELS), -1)
        place[[PART_LABELS[tag] for tag in look.tags]] = np.arange(len(look.tags))
        down, right = (_fields(look, axis, labels.shape[1 + axis]) for axis in (0, 1))
        for rows, _, _ in bands(down[0].stop - down[0].start, TILE):
            here = slice(None), slice(down[0].start + rows.start, down[0].start + rows.stop), right[0]
            part = place[labels[here]]
            said = look.depth[part, down[1][rows, None], right[1]]
            out[here] = np.where(part >= 0, said, out[here])
    return out


def there(guess: PartsGuess, tag: str) -> bool:
    """Whether any look says of a part that it is there."""
    return any(look.presence[look.tags.index(tag)] >= 0.5 for look in guess.looks if tag in look.tags)


def whole(
    guess: PartsGuess, tag: str, size: tuple[int, int], *, about: tuple[int, int, int, int] = (0, 0, 0, 0)
) -> tuple[int, int, npt.NDArray[np.uint8], npt.NDArray[np.uint8], Plane] | None:
    """One part at the resolution of the picture, hidden areas included, in the smallest box that holds it.

    Args:
        guess: of all parts.
        tag: one of `parts.PARTS`.
        size: height and width of the canvas, px.
        about: `(top, left, bottom, right)`: a box of the canvas that the result shall hold, too.

    Returns:
        Top and left of the box, alpha uint8 [h, w], straight colour uint8 [h, w, 3] and depth float32 [h, w], 0..1,
        the latter two everywhere in the box; None where there is nothing of the part and no box about it.
    """
    voices = [_Whole.of(look, tag, size) for look in guess.looks if tag in look.tags]
    top, left, bottom, right = _around(*(voice.box() for voice in voices), about)
    alpha = np.zeros((bottom - top, right - left), np.uint8)
    colour, depth = np.zeros((*alpha.shape, 3), np.uint8), np.zeros(alpha.shape, np.float32)
    for rows, _, _ in bands(bottom - top, 2 * TILE):
        here = slice(top + rows.start, top + rows.stop), slice(left, right)
        alpha[rows], colour[rows], depth[rows] = _merged(voices, here)
    y, x, low, end = tight_box(alpha > 0)
    y, x, low, end = _around((top + y, left + x, top + low, left + end) if y < low else (0, 0, 0, 0), about)
    if y == low:
        return None
    box = slice(y - top, low - top), slice(x - left, end - left)
    return y, x, alpha[box], colour[box], depth[box]


def side_map(guess: PartsGuess, size: tuple[int, int]) -> Plane | None:
    """The character's right (-1) or left (1) side of what is seen, float32 [h, w]; None where no look tells."""
    windows = [_Window.of(look, look.side[None], size, _tent) for look in guess.looks if look.side is not None]
    if not windows:
        return None
    out, known = np.zeros(size, np.float32), np.zeros(size, bool)
    for rows, _, _ in bands(size[0], 2 * TILE):
        here = rows, slice(0, size[1])
        for window in windows:
            if window.meets(here):
                out[here] += window.weight(here, known[here]) * (window.at(here)[0] - out[here])
    return out


@dataclass(frozen=True, slots=True, eq=False)
class _Axis:
    """Where the fields of a look's maps lie along one side of the canvas."""

    weights: Plane
    """float32 [pixels, fields]: how much every field counts at every pixel."""
    inside: npt.NDArray[np.float32]
    """float32 [pixels]: how deep in the box every pixel lies, in units of the soft border; negative outside."""

    @classmethod
    def of(cls, start: float, stop: float, fields: int, pixels: int, kernel: Kernel) -> Self:
        """Fields whose centres are beyond the canvas mean nothing: the outermost on it stand in for them."""
        share = (np.arange(pixels) + 0.5 - start) / (stop - start)
        centres = start + (np.arange(fields) + 0.5) * (stop - start) / fields
        on_canvas = np.flatnonzero((centres > 0) & (centres < pixels))
        first, last = (on_canvas[0], on_canvas[-1]) if on_canvas.size else (0, fields - 1)
        at = np.clip(share * fields - 0.5, first, last)
        before = np.floor(at).astype(np.int64)
        weights = np.zeros((pixels, fields), np.float32)
        for step, weight in enumerate(kernel(at - before), start=-1):
            np.add.at(weights, (np.arange(pixels), np.clip(before + step, first, last)), weight)
        return cls(weights, (np.minimum(share, 1 - share) / SOFT).astype(np.float32))

    def cut(self, pixels: slice) -> tuple[slice, Plane]:
        """Which fields count at some pixels, and how much."""
        weights = self.weights[pixels]
        used = np.flatnonzero(weights.any(axis=0))
        fields = slice(int(used[0]), int(used[-1]) + 1)
        return fields, weights[:, fields]


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    """Maps of one look on the canvas."""

    maps: Maps
    down: _Axis
    right: _Axis

    @classmethod
    def of(cls, look: Look, maps: Maps, size: tuple[int, int], kernel: Kernel) -> Self:
        top, left, bottom, right = look.box
        down = _Axis.of(top, bottom, maps.shape[1], size[0], kernel)
        return cls(maps, down, _Axis.of(left, right, maps.shape[2], size[1], kernel))

    def meets(self, here: Here) -> bool:
        """Whether the box reaches there."""
        return bool((self.down.inside[here[0]] > 0).any() and (self.right.inside[here[1]] > 0).any())

    def weight(self, here: Here, known: Mask) -> Plane:
        """How much the look counts, float32 [h, w]: fully up to its border where no earlier one has `known` anything.

        What is known after it is written into `known`.
        """
        deep = np.minimum(self.down.inside[here[0], None], self.right.inside[None, here[1]])
        within = deep > 0
        weight = np.where(known, np.clip(deep, 0, 1), within.astype(np.float32))
        known |= within
        return weight

    def at(self, here: Here, which: npt.NDArray[np.bool_] | None = None) -> Maps:
        """The maps, or some of them, at the pixels there, float32 [n, h, w]."""
        (rows, down), (columns, right) = self.down.cut(here[0]), self.right.cut(here[1])
        fields = self.maps[:, rows, columns]
        return np.asarray(np.matmul(np.matmul(down, fields if which is None else fields[which]), right.T))

    def above(self, least: float, here: Here) -> npt.NDArray[np.bool_]:
        """Which maps exceed `least` anywhere about there."""
        fields = self.maps[:, self.down.cut(here[0])[0], self.right.cut(here[1])[0]]
        return np.asarray(fields.max(axis=(1, 2)) > least)


@dataclass(frozen=True, slots=True, eq=False)
class _Voice:
    """What one look says of what is seen, as logarithms."""

    parts: _Window
    """One map a part."""
    rest: _Window
    """One map: none of these."""
    labels: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, look: Look, size: tuple[int, int]) -> Self:
        """A part that is hardly there has to be seen all the more clearly."""
        doubted = np.log(np.clip(2 * look.presence, DOUBT, 1))[:, None, None]
        parts = np.log(np.clip(look.visible, DOUBT, 1)) + doubted
        rest = np.log(np.clip(1 - look.visible.sum(axis=0, keepdims=True), DOUBT, 1))
        labels = np.array([PART_LABELS[tag] for tag in look.tags], np.uint8)
        seen, none = (_Window.of(look, maps.astype(np.float32), size, _catmull_rom) for maps in (parts, rest))
        return cls(seen, none, labels)


def _compared(voices: Sequence[_Voice], here: Here) -> tuple[npt.NDArray[np.uint8], Maps]:
    """Labels that may be seen there, and logarithms of how likely they are, float32 [labels, h, w]."""
    shape = here[0].stop - here[0].start, here[1].stop - here[1].start
    said = np.full((1 + len(PART_LABELS), *shape), _FLOOR, np.float32)
    said[NOBODY] = 0
    alive = np.arange(len(said)) == NOBODY
    known = np.zeros(shape, bool)
    for voice in voices:
        if not voice.parts.meets(here):
            continue
        weight = voice.parts.weight(here, known)
        others = alive.copy()
        others[voice.labels] = False
        said[others] += weight * (voice.rest.at(here)[0] - said[others].max(axis=0))
        heard = alive[voice.labels] | voice.parts.above(_FLOOR, here)
        spoken = voice.labels[heard]
        said[spoken] += weight * (voice.parts.at(here, heard) - said[spoken])
        alive[spoken] = True
    return np.flatnonzero(alive).astype(np.uint8), said[alive]


@dataclass(frozen=True, slots=True, eq=False)
class _Whole:
    """What one look says of a whole part."""

    odds: _Window
    """One map: log-odds of alpha."""
    paint: _Window
    """Colour in three maps and depth, each times alpha, and alpha."""

    @classmethod
    def of(cls, look: Look, tag: str, size: tuple[int, int]) -> Self:
        """A part that is hardly there has to be all the denser.

        Where it is not, colour and depth are those of the nearest field, with hardly any weight.
        """
        place = look.tags.index(tag)
        alpha = np.where(look.alpha[place] > FAINT, look.alpha[place], np.float32(0))
        known = alpha > 0
        index = nearest(known)[1] if known.any() else np.arange(alpha.size).reshape(alpha.shape)
        colour = look.colour[place].reshape(-1, 3)[index].astype(np.float32)
        depth = look.depth[place].reshape(-1)[index]
        sure = np.clip(alpha, DOUBT, 1 - DOUBT)
        odds = np.log(sure / (1 - sure)) + np.log(np.clip(2 * look.presence[place], DOUBT, 1))
        paint = (alpha + HARDLY) * np.stack([*np.moveaxis(colour, 2, 0), depth, np.ones_like(alpha)])
        windows = zip((odds[None], paint), (_catmull_rom, _tent), strict=True)
        return cls(*(_Window.of(look, maps.astype(np.float32), size, kernel) for maps, kernel in windows))

    def box(self) -> tuple[int, int, int, int]:
        """The box of the canvas, px, about all fields where the part is."""
        known = self.paint.maps[-1] > 2 * HARDLY
        spans = (
            np.flatnonzero(axis.weights[:, fields].any(axis=1) & (axis.inside > 0))
            for axis, fields in ((self.paint.down, known.any(axis=1)), (self.paint.right, known.any(axis=0)))
        )
        rows, columns = spans
        if not (rows.size and columns.size):
            return 0, 0, 0, 0
        return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _around(*boxes: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """The smallest box about some, of which those without height do not count."""
    edges = [box for box in boxes if box[0] < box[2]]
    if not edges:
        return 0, 0, 0, 0
    tops, lefts, bottoms, rights = zip(*edges, strict=True)
    return min(tops), min(lefts), max(bottoms), max(rights)


def _fields(look: Look, axis: int, pixels: int) -> tuple[slice, npt.NDArray[np.intp]]:
    """Which pixels of a side of the canvas lie in a look's box, and in which field of its depth each of them."""
    start, stop, count = look.box[axis], look.box[axis + 2], look.depth.shape[1 + axis]
    field = np.floor((np.arange(pixels) + 0.5 - start) / (stop - start) * count).astype(np.intp)
    inside = np.flatnonzero((field >= 0) & (field < count))
    span = slice(int(inside[0]), int(inside[-1]) + 1) if inside.size else slice(0, 0)
    return span, field[span]


def _merged(voices: Sequence[_Whole], here: Here) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], Plane]:
    """Alpha, colour and depth of a part, as `whole` returns them."""
    shape = here[0].stop - here[0].start, here[1].stop - here[1].start
    odds, paint = np.full(shape, 2 * _FLOOR, np.float32), np.zeros((5, *shape), np.float32)
    known = np.zeros(shape, bool)
    for voice in voices:
        if voice.paint.meets(here):
            weight = voice.paint.weight(here, known)
            odds += weight * (voice.odds.at(here)[0] - odds)
            paint += weight * (voice.paint.at(here) - paint)
    alpha = (1 / (1 + np.exp(-odds)) - DOUBT) / (1 - 2 * DOUBT)
    there = paint[-1] > 2 * HARDLY
    paint = paint[:-1] / np.maximum(paint[-1], np.float32(1e-9))
    return to_uint8(np.where(there, alpha, 0) * 255), to_uint8(np.moveaxis(paint[:3], 0, 2)), paint[3]


def _tent(share: Share) -> tuple[Share, ...]:
    """Weights of the fields before, at, after and beyond a place, `share` of the way from a field to the next."""
    none = np.zeros_like(share)
    return none, 1 - share, share, none


def _catmull_rom(share: Share) -> tuple[Share, ...]:
    """The same of Catmull and Rom's spline."""
    t = share
    return (
        (-t + 2 * t**2 - t**3) / 2,
        (2 - 5 * t**2 + 3 * t**3) / 2,
        (t + 4 * t**2 - 3 * t**3) / 2,
        (-(t**2) + t**3) / 2,
    )
