"""Pictures with index maps in memory, and what the net is shown of them: a view is a function of its dice alone."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import premultiplied, straight
from animelayers.data.index_shards import read_shards
from animelayers.data.layer_index import GROUNDS, IndexedPicture, Rgb, evenly, on_ground
from animelayers.data.svg_layers import Index, dense
from animelayers.errors import DataError
from animelayers.evaluation.layer_order import drawn_pairs
from animelayers.stack import Rgba
from animelayers.training.layer_depth.config import DataSettings, LossSettings, ViewSettings
from animelayers.training.region_order import spread

SMALL = 0.3, 0.8
"""Of the view's side that a picture fills which lies over another."""
GREY = np.full((3, 3), 1 / 3)


@dataclass(frozen=True, slots=True)
class Packed:
    """A picture with its index map; flat colours take a twentieth of their size."""

    facts: IndexedPicture
    """All but the pixels."""
    size: tuple[int, int]
    pixels: bytes

    @classmethod
    def of(cls, one: IndexedPicture) -> Self:
        height, width = one.index.shape
        pixels = zlib.compress(one.picture.tobytes() + one.index.astype("<u2").tobytes(), 1)
        bare = replace(one, picture=np.zeros((0, 0, 4), np.uint8), index=np.zeros((0, 0), np.uint16))
        return cls(bare, (height, width), pixels)

    def unpacked(self) -> IndexedPicture:
        """It, whole."""
        raw, split = zlib.decompress(self.pixels), 4 * self.size[0] * self.size[1]
        picture = np.frombuffer(raw, np.uint8, split).reshape(*self.size, 4)
        index = np.frombuffer(raw, "<u2", offset=split).reshape(self.size)
        return replace(self.facts, picture=picture, index=np.asarray(index, np.uint16))


@dataclass(frozen=True, slots=True)
class Pictures:
    """What is learnt, and what it is measured on."""

    learnt: tuple[Packed, ...]
    held_out: tuple[Packed, ...]

    @classmethod
    def read(cls, told: DataSettings) -> Self:
        """Those of the splits `train` and `check`, of `region_order.VARIANTS` of a base and pack at most.

        Raises:
            DataError: there is no set, it is damaged, or nothing is left to learn or to measure on.
        """
        learnt, held_out = list[Packed](), list[Packed]()

        def apart(all_: Iterable[IndexedPicture]) -> Iterator[IndexedPicture]:
            for one in all_:
                if one.pack in told.unseen:
                    continue
                if one.split == "check":
                    held_out.append(Packed.of(one))
                yield one

        learnt.extend(map(Packed.of, spread(apart(chain.from_iterable(map(read_shards, told.path))), "")))
        for name, found in (("to learn", learnt), ("held out", held_out)):
            if not found:
                folders = ", ".join(map(str, told.path))
                raise DataError(f"no pictures {name} in {folders}", hint="datasets/svg_layers.py makes larger sets")
        return cls(tuple(learnt), tuple(evenly(held_out, told.held_out)))

    @property
    def memory(self) -> int:
        """Bytes."""
        return sum(len(one.pixels) for one in (*self.learnt, *self.held_out))


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What the net sees, and the truth."""

    seen: Rgb
    """uint8 [s, s, 3]."""
    index: Index
    """uint16 [s, s]; dense."""
    pairs: npt.NDArray[np.int64]
    """[2, n] places of pixels within the figure, the first in front of the second; all 0 where no two differ."""


class Views:
    """Makes views of pictures.

    Args:
        pictures: to draw from.
        size: of views, px.
        view: how they are changed.
        loss: how many pairs are drawn.
        shares: of packs; those that are not named have 1.
    """

    def __init__(self, pictures: Sequence[Packed], data: DataSettings, view: ViewSettings, loss: LossSettings) -> None:
        self.pictures, self.size, self.how, self.count = pictures, data.size, view, loss.pairs
        self.rising = np.cumsum([data.shares.get(one.facts.pack, 1.0) for one in pictures])

    def drawn(self, seed: Sequence[int]) -> View:
        """The view of a seed."""
        dice = np.random.default_rng(seed)
        picture, index = self._placed(dice, self.how.smallest, 1.0)
        if dice.random() < self.how.above:
            picture, index = over(self._placed(dice, *SMALL), (picture, index))
        ground = GROUNDS[dice.choice(len(GROUNDS), p=np.divide(self.how.grounds, sum(self.how.grounds)))]
        seen = recoloured(on_ground(picture, ground, int(dice.integers(1 << 32))), self.how, dice)
        if dice.random() < self.how.mirror:
            seen, index = np.ascontiguousarray(seen[:, ::-1]), np.ascontiguousarray(index[:, ::-1])
        index = dense(index)
        return View(seen, index, pairs_within(index, self.count, int(dice.integers(1 << 32))))

    def _placed(self, dice: np.random.Generator, least: float, most: float) -> tuple[Rgba, Index]:
        """A picture somewhere in an empty square, and its index."""
        drawn = np.searchsorted(self.rising, dice.random() * self.rising[-1], side="right")
        inner = max(1, round(self.size * dice.uniform(least, most)))
        one = self.pictures[min(int(drawn), len(self.pictures) - 1)].unpacked().fitted(inner)
        top, left = dice.integers(0, self.size - inner + 1, 2)
        place = slice(top, top + inner), slice(left, left + inner)
        picture, index = np.zeros((self.size, self.size, 4), np.uint8), np.zeros((self.size, self.size), np.uint16)
        picture[place], index[place] = one.picture, one.index
        return picture, index


def over(upper: tuple[Rgba, Index], lower: tuple[Rgba, Index]) -> tuple[Rgba, Index]:
    """Lay a picture over another one; its layers come after all of the other's."""
    front = premultiplied(upper[0])
    both = front + premultiplied(lower[0]) * (1 - front[..., 3:] / 255)
    return straight(both), np.where(upper[1] > 0, upper[1] + lower[1].max(), lower[1])


def recoloured(seen: Rgb, how: ViewSettings, dice: np.random.Generator) -> Rgb:
    """Change colours, by one affine map of RGB, and sharpness: the paper's augmentation, and exchanged channels."""
    turn, shift = np.eye(3), np.zeros(3)
    if dice.random() < how.jitter:
        saturation, contrast = dice.uniform(0.5, 1.5, 2)
        gains = contrast * dice.uniform(0.85, 1.15, 3)
        turn = gains[:, None] * (saturation * turn + (1 - saturation) * GREY)
        shift = 127.5 * (1 - gains) + dice.uniform(-32, 32)
    if dice.random() < how.permute:
        order = dice.permutation(3)
        turn, shift = turn[order], shift[order]
    if dice.random() < how.invert:
        turn, shift = -turn, 255 - shift
    out = cv2.transform(seen, np.column_stack([turn, shift]))
    if dice.random() < how.blur:
        out = cv2.GaussianBlur(out, (0, 0), dice.uniform(0.4, 1.2))
    return np.asarray(out, np.uint8)


def pairs_within(index: Index, count: int, seed: int) -> npt.NDArray[np.int64]:
    """[2, count] places in the figure, the first in front of the second; 0 where no two differ."""
    figure = np.flatnonzero(index)
    values = index.ravel()[figure]
    one, other = drawn_pairs(values, count, seed)
    if not one.size:
        return np.zeros((2, count), np.int64)
    ahead = values[one] > values[other]
    return figure[np.where(ahead, [one, other], [other, one])]


def held_out_view(packed: Packed, number: int, size: int) -> View:
    """The `number`-th picture to measure on, on one of the grounds in turn."""
    one = packed.unpacked().fitted(size)
    seen = on_ground(one.picture, GROUNDS[number % len(GROUNDS)], 1000 + number)
    return View(seen, one.index, np.zeros((2, 0), np.int64))
