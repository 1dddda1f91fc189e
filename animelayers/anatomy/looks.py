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
from animelayers.raster import Mask, bands, tight_box

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


def labels_and_doubt(guess: PartsGuess, size: tuple[int, int]) -> tuple[npt.NDArray[np.uint8], Plane]:
    """The likeliest label at every pixel of a picture of `(height, width)`, from the guess alone.

    Returns:
        Values of `parts.PART_LABELS`, 0 for nobody, uint8 [h, w]; and how it stands against the second likeliest,
        float32 [h, w]: 0.5 is a draw, 1 is no doubt.
    """
    labels, scores = candidates(guess, size, 2)
    return labels[0], 1 / (1 + np.exp(scores[1]))


def candidates(guess: PartsGuess, size: tuple[int, int], count: int) -> tuple[npt.NDArray[np.uint8], Maps]:
    """The `count` likeliest labels at every pixel, the likeliest first.

    Returns:
        Labels, uint8 [count, h, w]; and logarithms of how likely they are in proportion to the first one, whose own is
        0, float32 [count, h, w]; -inf where there are no more candidates.
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


def whole(
    guess: PartsGuess, tag: str, size: tuple[int, int]
) -> tuple[int, int, npt.NDArray[np.uint8], npt.NDArray[np.uint8], Plane] | None:
    """One part at the resolution of the picture, hidden areas included, in the smallest box that holds it.

    Returns:
        Top and left of the box, alpha uint8 [h, w], straight colour uint8 [h, w, 3] and depth float32 [h, w], 0..1;
        None where there is nothing of it on the canvas.
    """
    voices = [_Whole.of(look, tag, size) for look in guess.looks if tag in look.tags]
    top, left, bottom, right = _box_of(voices)
    if top == bottom:
        return None
    alpha = np.zeros((bottom - top, right - left), np.uint8)
    colour, depth = np.zeros((*alpha.shape, 3), np.uint8), np.zeros(alpha.shape, np.float32)
    for rows, _, _ in bands(bottom - top, 2 * TILE):
        here = slice(top + rows.start, top + rows.stop), slice(left, right)
        alpha[rows], colour[rows], depth[rows] = _merged(voices, here)
    y, x, bottom, right = tight_box(alpha > 0)
    if y == bottom:
        return None
    box = slice(y, bottom), slice(x, right)
    return top + y, left + x, alpha[box], colour[box], depth[box]


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

    def at(self, here: Here, which: Sequence[bool] | npt.NDArray[np.bool_] | None = None) -> Maps:
        """The maps, or some of them, at the pixels there, float32 [n, h, w]."""
        (rows, down), (columns, right) = self.down.cut(here[0]), self.right.cut(here[1])
        fields = self.maps[:, rows, columns]
        return np.matmul(np.matmul(down, fields if which is None else fields[which]), right.T)

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
        windows = (_Window.of(look, maps.astype(np.float32), size, _catmull_rom) for maps in (parts, rest))
        return cls(*windows, labels)


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
        """A part that is hardly there has to be all the denser."""
        place = look.tags.index(tag)
        alpha = np.where(look.alpha[place] > FAINT, look.alpha[place], np.float32(0))
        sure = np.clip(alpha, DOUBT, 1 - DOUBT)
        odds = np.log(sure / (1 - sure)) + np.log(np.clip(2 * look.presence[place], DOUBT, 1))
        paint = alpha * np.stack(
            [*np.moveaxis(look.colour[place].astype(np.float32), 2, 0), look.depth[place], np.ones_like(alpha)]
        )
        windows = zip((odds[None], paint), (_catmull_rom, _tent), strict=True)
        return cls(*(_Window.of(look, maps.astype(np.float32), size, kernel) for maps, kernel in windows))


def _box_of(voices: Sequence[_Whole]) -> tuple[int, int, int, int]:
    """The box of the canvas, px, about all fields where the part is."""
    boxes = []
    for voice in voices:
        there = voice.paint.maps[-1] > 0
        spans = (
            axis.weights[:, there.any(axis=other)].any(axis=1) & (axis.inside > 0)
            for axis, other in ((voice.paint.down, 1), (voice.paint.right, 0))
        )
        rows, columns = map(np.flatnonzero, spans)
        if rows.size and columns.size:
            boxes.append((rows[0], columns[0], rows[-1] + 1, columns[-1] + 1))
    if not boxes:
        return 0, 0, 0, 0
    tops, lefts, bottoms, rights = zip(*boxes, strict=True)
    return min(tops), min(lefts), max(bottoms), max(rights)


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
    cover = paint[-1]
    paint = paint[:-1] / np.maximum(cover, np.float32(1e-6))
    return to_uint8(np.where(cover > 0, alpha, 0) * 255), to_uint8(np.moveaxis(paint[:3], 0, 2)), paint[3]


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
