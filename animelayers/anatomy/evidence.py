"""The drawing's own word on which part a pixel belongs to: its colour, the flat area in which it lies, its strokes.

A drawing is made of few colours in clear areas. So, in turns, every part learns its colours in every neighbourhood from
the pixels that are likely its own, and every pixel weighs the parts that come into question: what has the colour that
only lashes have hereabouts is lash, however blurred the guess of lashes may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.anatomy.guess import Maps
from animelayers.color import to_lab
from animelayers.parts import PART_LABELS
from animelayers.raster import Mask, longer_side
from animelayers.rendering.solve import Rgb
from animelayers.rendering.strokes import Pen, disc, lightness_of
from animelayers.stack import Rgba

Labels = npt.NDArray[np.uint8]
"""uint8 [h, w] or [candidates, h, w]: `parts.PART_LABELS`, 0 for nobody."""

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

COUNT = 1 + len(PART_LABELS)
"""Labels there are."""

ROUNDS = 5
"""How often parts learn and pixels choose."""

OPEN = -4.0
"""Logarithm of the odds of a candidate below which it does not come into question."""

GUESS, COLOUR, AREA = 0.75, 1.0, 0.8
"""Weights of what is said by the guess, by the colour and by the area."""

NEIGHBOURHOODS = 26
"""Along the longer side of the picture; colours are learnt in each, and a little in those around."""

TONES, TONE_REACH, TONE_BLUR = 128, 5.0, 7.0
"""How many colours are told apart at most; distances (CIE76 ΔE) within which colours are one, and are alike."""

UNHEARD_OF = 0.02
"""Of every colour each part is taken to have so many pixels in each neighbourhood: what it never had is possible."""

STEP = 2.0
"""Largest colour step (CIE76 ΔE) between two pixels of one area."""

SELDOM = 0.02
"""Share of an area's pixels that everybody is taken to have."""

FRONT = 0.7
"""Weight of what a stroke says for the nearest of the parts that are about."""

ABOUT = 2.5
"""Logarithm of odds that parts about a stroke may lie apart."""

FAINT, STRONG = 10, 35
"""A stroke is to be seen, and is beyond doubt, if it is so much darker than what it lies on; L* in 255ths."""

DETAILS = ("irides", "eyebrow", "eyewhite", "eyelash", "eyewear", "earwear", "nose", "mouth")
"""Parts that are little but strokes themselves: near them a stroke says nothing."""


def weighed(picture: Rgb, inside: Mask, labels: Labels, scores: Maps, depths: Maps, strokes: Maps) -> Labels:
    """Of the candidates of every pixel the one that guess and drawing agree on, uint8 [h, w].

    Args:
        picture: uint8 [h, w, 3], laid on white.
        inside: where something is drawn; nothing is learnt of colours elsewhere.
        labels: candidates, uint8 [n, h, w].
        scores: logarithms of how likely they are in proportion to the likeliest, whose own is 0, float32 [n, h, w].
        depths: of the candidates' parts there, larger is nearer, float32 [n, h, w].
        strokes: what `drawn_strokes` gives.
    """
    out = np.asarray(np.take_along_axis(labels, scores.argmax(axis=0)[None], axis=0)[0])
    asked = np.flatnonzero(np.count_nonzero(scores > OPEN, axis=0) > 1)
    if asked.size == 0:
        return out
    own = labels.reshape(len(labels), -1)[:, asked]
    near, score = (maps.reshape(len(maps), -1)[:, asked] for maps in (depths, scores))
    guessed = np.float32(GUESS) * np.maximum(score, np.float32(3 * OPEN))
    settled = inside.copy()
    settled.reshape(-1)[asked] = False
    colours = _Colours.of(picture, out, settled, asked, own)
    areas = _Areas.of(picture, out, settled, asked, own)
    stroke = np.float32(FRONT) * strokes.reshape(-1)[asked]
    detail = np.isin(own, [PART_LABELS[tag] for tag in DETAILS])
    said = guessed
    for _ in range(ROUNDS):
        likely = np.exp(said - said.max(axis=0))
        likely /= likely.sum(axis=0)
        said = guessed + colours.heard(likely) + areas.heard(likely)
        said += stroke * _in_front(said, near, detail)
    out.reshape(-1)[asked] = np.take_along_axis(own, said.argmax(axis=0)[None], axis=0)[0]
    return out


def drawn_strokes(source: Rgba, picture: Rgb, inside: Mask) -> Floats:
    """How surely a pixel is in a dark stroke, float32 [h, w], 0..1; `picture` and `inside` as for `weighed`."""
    pen = Pen.of(source, max(1, longer_side(inside)))
    lightness = lightness_of(picture, inside)
    depth = cv2.subtract(cv2.morphologyEx(lightness, cv2.MORPH_CLOSE, disc(pen.widest)), lightness)
    return np.clip((depth.astype(np.float32) - FAINT) / (STRONG - FAINT), 0, 1)


def _in_front(said: Floats, near: Floats, detail: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Bool [n, asked]: the nearest of the candidates that are about, where none of them is a detail.

    The outline of a part is a part of it: the stroke between two belongs to that in front.
    """
    about = said > said.max(axis=0) - ABOUT
    front = np.where(about, near, np.float32(-1))
    return np.asarray((front == front.max(axis=0)) & ~(about & detail).any(axis=0))


@dataclass(frozen=True, slots=True, eq=False)
class _Colours:
    """How often every part has every colour in every neighbourhood."""

    settled: Floats
    """float32 [rows, columns, labels, tones]: pixels that are not asked."""
    alike: Floats
    """float32 [tones, tones]: how much of one colour counts as another; columns add up to 1."""
    cell: Ints
    """int32 [n, asked]: where in such a table the candidates of the pixels lie."""

    @classmethod
    def of(cls, picture: Rgb, labels: Labels, settled: Mask, asked: npt.NDArray[np.intp], own: Labels) -> Self:
        """The table of `settled` pixels with their `labels`; the `asked` ones have candidates of their `own`."""
        tone, alike = _tones(picture)
        height, width = tone.shape
        side = max(8, round(max(height, width) / NEIGHBOURHOODS))
        rows, columns = np.arange(height, dtype=np.int32) // side, np.arange(width, dtype=np.int32) // side
        shape = int(rows[-1]) + 1, int(columns[-1]) + 1, COUNT, len(alike)
        start = (rows[:, None] * shape[1] + columns) * (COUNT * len(alike)) + tone
        index = start[settled] + labels[settled] * np.int32(len(alike))
        table = np.bincount(index, minlength=int(np.prod(shape))).astype(np.float32).reshape(shape)
        return cls(table, alike, start.reshape(-1)[asked] + own * np.int32(len(alike)))

    def heard(self, likely: Floats) -> Floats:
        """What colours say if candidates are `likely`, float32 [n, asked]."""
        learnt = np.bincount(self.cell.ravel(), likely.ravel(), self.settled.size).astype(np.float32)
        table = learnt.reshape(self.settled.shape) + self.settled
        for axis in (0, 1):
            for _ in range(2):
                table = _spread(table, axis)
        table = table @ self.alike
        table += UNHEARD_OF
        table /= table.sum(axis=3, keepdims=True)
        return np.asarray(COLOUR * np.log(table, out=table).reshape(-1)[self.cell], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Areas:
    """How much of every connected area every part has."""

    settled: Floats
    """float32 [areas, labels]: pixels that are not asked; area 0 are edges and what else nothing is known of."""
    cell: Ints

    @classmethod
    def of(cls, picture: Rgb, labels: Labels, settled: Mask, asked: npt.NDArray[np.intp], own: Labels) -> Self:
        count, found = cv2.connectedComponents((~_edges(picture)).astype(np.uint8), connectivity=4)
        area = np.asarray(found, np.int32) * np.int32(COUNT)
        table = np.bincount(area[settled] + labels[settled], minlength=count * COUNT)
        return cls(table.astype(np.float32).reshape(count, COUNT), area.reshape(-1)[asked] + own)

    def heard(self, likely: Floats) -> Floats:
        """What areas say: a part with little of an area has nothing to look for there, if it is at home elsewhere."""
        learnt = np.bincount(self.cell.ravel(), likely.ravel(), self.settled.size).astype(np.float32)
        table = learnt.reshape(self.settled.shape) + self.settled
        table[0] = 0
        share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
        elsewhere = 1 - table / np.maximum(table.sum(axis=0), 1)
        table = np.log(share + SELDOM) * elsewhere
        table[0] = 0
        return np.asarray(AREA * table.reshape(-1)[self.cell], np.float32)


def _tones(picture: Rgb) -> tuple[Ints, Floats]:
    """The few colours of a picture: which one every pixel has, int32 [h, w], and `_Colours.alike`."""
    fine = (picture >> 3).astype(np.int32)
    code = fine[..., 0] << 10 | fine[..., 1] << 5 | fine[..., 2]
    count = np.bincount(code.ravel(), minlength=1 << 15)
    used = np.flatnonzero(count)
    lab = to_lab((np.stack([used >> 10, used >> 5 & 31, used & 31], axis=1) * 8 + 4).astype(np.uint8)[None])[0]
    left, chosen = count[used], list[int]()
    while left.any() and len(chosen) < TONES:
        chosen.append(int(left.argmax()))
        left[np.square(lab - lab[chosen[-1]]).sum(axis=1) < TONE_REACH**2] = 0
    tones = lab[chosen]
    nearest = np.zeros(len(count), np.int32)
    nearest[used] = np.square(lab[:, None] - tones).sum(axis=2).argmin(axis=1)
    alike = np.exp(np.square(tones[:, None] - tones).sum(axis=2) / (-2 * TONE_BLUR**2))
    return nearest[code], (alike / alike.sum(axis=0)).astype(np.float32)


def _edges(picture: Rgb) -> Mask:
    """Where a colour step of more than `STEP` lies on any side."""
    lab = to_lab(picture)
    out = np.zeros(picture.shape[:2], bool)
    for here, there in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        step = np.square(lab[here] - lab[there]).sum(axis=2) > STEP**2
        out[here] |= step
        out[there] |= step
    return out


def _spread(table: Floats, axis: int) -> Floats:
    """Half of everything stays, a quarter goes to each neighbour along an axis; nothing comes from outside."""
    moved = table.swapaxes(0, axis)
    out = moved * np.float32(0.5)
    out[1:] += moved[:-1] * np.float32(0.25)
    out[:-1] += moved[1:] * np.float32(0.25)
    return out.swapaxes(0, axis)
