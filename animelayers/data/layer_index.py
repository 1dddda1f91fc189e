"""Pictures with an index map, whatever they come from; the grounds they are laid on, and which split they belong to."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self, TypeVar, get_args

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import clear_hidden, premultiplied, straight, to_uint8
from animelayers.composite import on_canvas
from animelayers.data.sample import Licence, Sample
from animelayers.data.svg_layers import Index, dense
from animelayers.stack import Rgba

Split = Literal["train", "check", "test"]
Ground = Literal["white", "colour", "pattern"]
GROUNDS: tuple[Ground, ...] = get_args(Ground)

Rgb = npt.NDArray[np.uint8]
"""uint8 [h, w, 3]."""
Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True, eq=False)
class IndexedPicture:
    """A picture, and which of its layers shows at each pixel."""

    id: str
    """`pack/name`."""
    base: str
    """What it shows, in letters alone and without skin tone and gender: pictures of one base stay in one split."""
    picture: Rgba
    """uint8 [h, w, 4], straight alpha, on transparent ground."""
    index: Index
    licence: Licence
    layers: int = 0
    """Layers that it is painted in, hidden ones too, where that is known: what the path-number error counts from."""

    @property
    def pack(self) -> str:
        """What comes before the name in the id."""
        return self.id.partition("/")[0]

    @property
    def split(self) -> Split:
        """The same for every picture of a base, in whatever pack: 90 % train, 5 % check, 5 % test."""
        place = int.from_bytes(hashlib.sha256(self.base.encode()).digest()[:4]) % 100
        return "test" if place < 5 else "check" if place < 10 else "train"

    def fitted(self, size: int) -> Self:
        """The picture made as large as a square of `size` px holds, in its middle."""
        height, width = self.index.shape
        scale = size / max(height, width)
        inner = max(1, round(height * scale)), max(1, round(width * scale))
        top, left = (size - inner[0]) // 2, (size - inner[1]) // 2
        edges = top, size - inner[0] - top, left, size - inner[1] - left
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        colour = cv2.resize(premultiplied(self.picture), inner[::-1], interpolation=how)
        index = cv2.resize(self.index, inner[::-1], interpolation=cv2.INTER_NEAREST)
        framed = [cv2.copyMakeBorder(plane, *edges, cv2.BORDER_CONSTANT) for plane in (straight(colour), index)]
        return replace(self, picture=clear_hidden(np.asarray(framed[0], np.uint8)), index=dense(framed[1]))


def of_sample(sample: Sample, pack: str) -> IndexedPicture:
    """The index map of a sample's parts: each is a layer, and its line, where its cells are known, one right above it.

    What shows at a pixel is the top-most part that covers at least half of it. The base is the id of the sample, so
    each falls into a split of its own.
    """
    index = np.zeros(sample.size, np.int64)
    for number, layer in enumerate(() if sample.parts is None else sample.parts):
        index[on_canvas(layer, sample.size)[..., 3] >= 128] = 2 * number + 1
        if (cells := sample.cells.get(layer.name)) is not None:
            line = cells["line"].replace(top=cells["line"].top + layer.top, left=cells["line"].left + layer.left)
            index[on_canvas(line, sample.size)[..., 3] >= 128] = 2 * number + 2
    shown = dense(index)
    layers = len(np.unique(index[index > 0]))
    return IndexedPicture(f"{pack}/{sample.id}", sample.id, sample.picture, shown, sample.licence, layers)


def evenly(pictures: Sequence[Kind], most: int) -> list[Kind]:
    """So many at most, from all over a sequence; sets are in the order of their packs."""
    return list(pictures[:: max(1, -(-len(pictures) // most))]) if most else []


def on_ground(picture: Rgba, ground: Ground, seed: int) -> Rgb:
    """Lay a picture, uint8 [h, w, 4], on white, on a colour or on a pattern of two → uint8 [h, w, 3].

    Colours and pattern come from the seed. Whatever it shows, the ground is layer 0 of the index map.
    """
    behind = _ground(picture.shape[:2], ground, np.random.default_rng(seed))
    alpha = picture[..., 3:].astype(np.float32) / 255
    return to_uint8(picture[..., :3] * alpha + behind * (1 - alpha))


def _ground(size: tuple[int, ...], ground: Ground, dice: np.random.Generator) -> npt.NDArray[np.float32]:
    """float32 [h, w, 3], levels."""
    if ground == "white":
        return np.full((*size, 3), 255, np.float32)
    colours = dice.integers(0, 256, (2, 3)).astype(np.float32)
    if ground == "colour":
        return np.broadcast_to(colours[0], (*size, 3))
    y, x = np.mgrid[: size[0], : size[1]] / max(size)
    angle, waves = dice.uniform(0, np.pi), dice.uniform(2, 9)
    along = x * np.cos(angle) + y * np.sin(angle)
    across = y * np.cos(angle) - x * np.sin(angle)
    kind = dice.integers(4)
    if kind == 0:  # from one colour to the other
        share = (along - along.min()) / np.ptp(along)
    elif kind == 1:  # stripes
        share = np.floor(2 * waves * along) % 2
    elif kind == 2:  # checks
        share = (np.floor(2 * waves * along) + np.floor(2 * waves * across)) % 2
    else:  # dots
        share = (np.hypot(waves * along % 1 - 0.5, waves * across % 1 - 0.5) < 0.3).astype(float)
    return np.asarray(colours[0] + share[..., None] * (colours[1] - colours[0]), np.float32)
