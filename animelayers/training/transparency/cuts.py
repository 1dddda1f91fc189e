"""Whole parts cut out of their pages, on disk; and the crops of them that are learnt, functions of seed and draw alone.

What is wanted of a crop is straight: where anything is visible, its own colour, whatever alpha is. Under alpha 0 there
is none; the colour of what is near goes on there, ever smoother (`colour_pad`), so that the decoder meets no step at an
edge, and none of the seams that `color.bleed` has between nearest colours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from animelayers.artist.dice import Dice
from animelayers.composite import on_canvas
from animelayers.models.see_through import pictures
from animelayers.models.see_through.colour_pad import padded
from animelayers.raster import tight_box
from animelayers.stack import Layer, Rgba
from animelayers.training.parts.latents import GROUPS, Key, shown
from animelayers.training.parts_art import PartsArt
from animelayers.training.sampler import Plan
from animelayers.training.tensor_files import Report, TensorFiles
from animelayers.training.transparency.config import Config

FORMAT = 1
"""Of the files; another number when parts are cut out or stored in another way."""
_PLACES = "places"


class Cuts:
    """A folder of files, each with all parts of a page.

    Args:
        folder: where; made when something is written.
        side: of pages, px.
    """

    def __init__(self, folder: Path, side: int) -> None:
        self.side, self.files = side, TensorFiles(folder, self._facts)

    def fill(self, wanted: Sequence[Key], art: Sequence[PartsArt], report: Report = lambda *_: None) -> None:
        """Cut out what is missing; see `TensorFiles.fill`. Mirrored pages have no file.

        Raises:
            DataError: an artwork cannot be read any more, or is another than when its key was made.
            OutputError: a file cannot be written.
        """
        self.files.fill(wanted, art, lambda: self._cut, report)

    def pieces(self, key: Key) -> tuple[Layer, ...]:
        """The parts of a page that are there, by name, each no larger than what of it is visible.

        Raises:
            DataError: the file is missing or damaged.
        """
        found = self.files.read(key)
        places = found.pop(_PLACES).tolist()
        return tuple(
            Layer(name, found[name].numpy(), top, left) for name, (top, left) in zip(sorted(found), places, strict=True)
        )

    def _facts(self, key: Key) -> dict[str, Any]:
        tags = list(GROUPS[key.group].tags)
        return {"cuts": FORMAT, "artwork": key.digest, "tags": tags, "side": self.side}

    def _cut(self, key: Key, one: PartsArt | None) -> Mapping[str, Tensor]:
        if one is None:
            return {}
        tags = GROUPS[key.group].tags
        sheets = dict(zip(tags, shown(one, key, self.side).frames(tags), strict=True))
        boxes = {name: tight_box(sheets[name][..., 3] > 0) for name in sorted(tags) if sheets[name][..., 3].any()}
        found = {
            name: torch.from_numpy(sheets[name][top:bottom, left:right].copy())
            for name, (top, left, bottom, right) in boxes.items()
        }
        places = torch.tensor([box[:2] for box in boxes.values()], dtype=torch.int64).view(-1, 2)
        return {**found, _PLACES: places}


@dataclass(frozen=True, slots=True)
class Crop:
    """A square of a page with one part, or with nothing."""

    piece: Layer | None
    top: int
    left: int
    side: int
    mirrored: bool = False

    @property
    def rgba(self) -> Rgba:
        """uint8 [side, side, 4], straight alpha."""
        if self.piece is None:
            return np.zeros((self.side, self.side, 4), np.uint8)
        moved = replace(self.piece, top=self.piece.top - self.top, left=self.piece.left - self.left)
        sheet = on_canvas(moved, (self.side, self.side))
        return np.ascontiguousarray(sheet[:, ::-1]) if self.mirrored else sheet


def wanted(rgba: Rgba) -> Tensor:
    """What a decoder should say of a part: uint8 [h, w, 4], straight alpha → A, R, G, B, 0..1, float32 [4, h, w]."""
    argb = pictures.argb(rgba)
    carried = torch.from_numpy(padded(rgba)).permute(2, 0, 1)
    return torch.cat([argb[:1], torch.where(argb[:1] > 0, argb[1:], carried)])


def middle(piece: Layer, side: int, crop: int) -> Crop:
    """Around the middle of a part on a page of `side` px."""

    def start(first: int, length: int) -> int:
        return min(max(0, first + (length - crop) // 2), side - crop)

    height, width = piece.rgba.shape[:2]
    return Crop(piece, start(piece.top, height), start(piece.left, width), crop)


def anywhere(piece: Layer, side: int, crop: int, dice: Dice, *, mirrored: bool = False) -> Crop:
    """Any square of a page of `side` px that holds a point within the box of a part."""

    def start(first: int, length: int) -> int:
        point = dice.integer(max(0, first), min(side, first + length) - 1)
        return dice.integer(max(0, point - crop + 1), min(point, side - crop))

    height, width = piece.rgba.shape[:2]
    return Crop(piece, start(piece.top, height), start(piece.left, width), crop, mirrored)


Draws = Callable[[int, int, int], list[Callable[[], Crop]]]
"""What cuts out the crops of a draw, of a process, and how many processes there are."""


def draws(cuts: Cuts, keys: Sequence[Key], config: Config) -> Draws:
    """One part of each page, any that is there; seldom nothing.

    Args:
        cuts: all there.
        keys: of the pages that are learnt.
        config: batch size, seed, sizes, and how many are mirrored or empty.
    """
    data = config.data
    plan = Plan(((data.side, data.side),) * len(keys), config.optimiser.batch, config.seed, data.flip)

    def one(entry: int, mirrored: bool, dice: Dice) -> Crop:
        pieces = cuts.pieces(keys[entry])
        if not pieces or dice.of("empty").chance(data.empty):
            return Crop(None, 0, 0, data.crop)
        return anywhere(dice.of("part").pick(pieces), data.side, data.crop, dice.of("place"), mirrored=mirrored)

    def draw(number: int, rank: int, world: int) -> list[Callable[[], Crop]]:
        batch = plan.batch(number, rank, world)
        dice = Dice("transparency", config.seed, number * world + rank)
        each = enumerate(zip(batch.entries, batch.mirrored, strict=True))
        return [partial(one, entry, mirrored, dice.of(place)) for place, (entry, mirrored) in each]

    return draw
