"""A picture and its parts as a model learns them: each whole behind whatever covers it, on the pages that it sees."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.composite import max_error
from animelayers.data import see_through
from animelayers.data.mapping import Rules
from animelayers.data.psd_in import Mode
from animelayers.data.sample import Sample
from animelayers.data.sprites import draw_depth
from animelayers.data.wholes import Nearness, pieces, whole
from animelayers.errors import DataError
from animelayers.models.see_through.conditioning import HEAD_TAG
from animelayers.models.see_through.framing import Frame, head_box
from animelayers.parts import PAPER_MERGED, PART_LABELS
from animelayers.stack import Layer, LayerStack, Rgba
from animelayers.training.art_set import ArtSet, Survey, found, surveyed

_T = TypeVar("_T", np.uint8, np.uint16)

UNIONS: Mapping[str, tuple[str, ...]] = {HEAD_TAG: see_through.HEAD, **PAPER_MERGED}
"""Frames of several parts → these; all other frames are of one."""
TOLERANCE = 8
"""Levels by which the sum of the parts may miss the picture; programs that work in 16 bits round after every layer."""
LOOKED_AT = 512
"""Side, px, of the page on which the head is looked for."""


@dataclass(frozen=True, eq=False)
class PartsArt:
    """One picture, and all its parts."""

    id: str
    page: Rgba
    """uint8 [h, w, 4]: what a model sees, on a background if there is one."""
    parts: LayerStack
    """Pieces bottom → top, all Normal, named by `parts.part_name`, complete behind what covers them."""
    depth: npt.NDArray[np.uint16]
    """uint16 [h, w]: of the visible surface, larger is nearer, 0 where nothing is; the draw order, if nobody knows."""

    @classmethod
    def of(cls, sample: Sample) -> Self:
        """What a model learns from a sample.

        Raises:
            DataError: it has no parts, none that the tags know, or they do not make its picture.
        """
        hint = "name layers as the tags are called, such as front hair, face, topwear; docs/data-psd.md"
        if sample.parts is None:
            raise DataError(f"{sample.id} has no parts", hint=hint)
        known = pieces(sample.parts, {*PART_LABELS, *PAPER_MERGED})
        if not any(layer.visible and layer.rgba[..., 3].any() for layer in known):
            raise DataError(f"{sample.id} has no part with a visible pixel", hint=hint)
        if (off := max_error(sample.parts, sample.picture)) > TOLERANCE:
            hint = "export it again: parts are Normal, in draw order, and nothing else is in the picture"
            raise DataError(f"{sample.id}: its parts are off from the picture by up to {off} levels", hint=hint)
        page = sample.picture if sample.image is None else sample.image
        depth = draw_depth(sample.parts) if sample.depth is None else sample.depth
        return cls(sample.id, page, sample.parts, depth)

    @property
    def size(self) -> tuple[int, int]:
        return self.parts.size

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of all pixels, places and names; not of the id."""
        found = hashlib.sha256()
        planes: list[tuple[str, npt.NDArray[Any]]] = [("page", self.page), ("depth", self.depth)]
        for facts, plane in (*planes, *map(_facts, self.parts)):
            # The shape says how many bytes follow, so that no two artworks can run together into the same ones.
            found.update(json.dumps([facts, *plane.shape]).encode() + b"\n")
            found.update(np.ascontiguousarray(plane).data)
        return found.hexdigest()

    @cached_property
    def nearness(self) -> Nearness:
        """How near whole parts are."""
        return Nearness(self.parts, self.depth)

    def lumped(self, tags: Sequence[str]) -> list[str]:
        """Parts that are there, but drawn as one with others that these tags tell apart, such as `hair` for V3."""
        there = {layer.name for layer in self.parts if layer.name in PAPER_MERGED}
        return sorted(there - set(tags))

    def whole_page(self, side: int) -> Frame:
        """The whole picture in the middle of a square of `side` px."""
        return Frame.around((0, 0, *self.size), side)

    def head_page(self, side: int) -> Frame | None:
        """The square around the head, as inference finds it; None where there is no head."""
        frame = self.whole_page(LOOKED_AT)
        box = head_box(frame.page(whole(self.parts, members(HEAD_TAG)))[..., 3], frame, self.size)
        return box and Frame.around(box, side)


@dataclass(frozen=True, slots=True)
class View:
    """A page of an artwork, and what lies under it."""

    art: PartsArt
    frame: Frame
    mirrored: bool = False
    """Left and right exchanged. No tag of a model has a side."""

    @property
    def page(self) -> Rgba:
        """uint8 [side, side, 4], straight alpha."""
        return self._shown(self.art.page)

    def frames(self, tags: Sequence[str]) -> Iterator[Rgba]:
        """The whole part of every tag – of any vocabulary, or `head` – uint8 [side, side, 4], straight alpha.

        All its sides and strata in draw order, with what of them other parts hide; transparent where there is none.
        """
        return (self._shown(whole(self.art.parts, members(tag))) for tag in tags)

    def depths(self, tags: Sequence[str]) -> Iterator[npt.NDArray[np.uint16]]:
        """How near they are, uint16 [side, side]: larger is nearer, 0 where a part is not, as `Nearness` says.

        That of the nearest pixel of the picture: between two depths there is none.
        """
        top, left, bottom, right = self.frame.box
        side = self.frame.side
        for tag in tags:
            cut = see_through.placed(self.art.nearness.of(members(tag)), -top, -left, (bottom - top, right - left))
            near = cv2.resize(cut, (side, side), interpolation=cv2.INTER_NEAREST_EXACT)
            yield self._turned(np.asarray(near, np.uint16))

    def _shown(self, rgba: Rgba) -> Rgba:
        return self._turned(self.frame.page(rgba))

    def _turned(self, plane: npt.NDArray[_T]) -> npt.NDArray[_T]:
        return np.ascontiguousarray(plane[:, ::-1]) if self.mirrored else plane


def members(tag: str) -> tuple[str, ...]:
    """The parts of which a frame is; itself, if it is drawn whole."""
    return tag, *UNIONS.get(tag, ())


def open_parts(path: Path, rules: Rules | None = None) -> ArtSet[PartsArt]:
    """All pictures with parts of a place, sorted by name, PSDs last. Reads no pixels.

    Args:
        path: a PSD or PSB file; a sample's folder, a set of samples, a folder in See-through's layout; or a folder with
            several of these.
        rules: what names of PSD layers mean besides what the presets know.

    Raises:
        DataError: there is no art, or a set is damaged.
        MissingPackageError: a set is parquet, and `datasets` is not installed.
    """
    return ArtSet(found(Path(path), Mode.PARTS, rules), PartsArt.of)


@dataclass(frozen=True, slots=True)
class UsableParts:
    """What a training has to know of an artwork before it reads it again."""

    index: int
    """Among the artworks."""
    id: str
    digest: str
    head: bool
    """Whether there is one to look at closely."""


def survey(art: ArtSet[PartsArt], tags: Sequence[str]) -> Survey[UsableParts]:
    """Read everything once: what these frames can be learnt from, and what is wrong with the rest.

    Raises:
        DataError: nothing is usable.
    """

    def look(index: int, one: PartsArt) -> UsableParts:
        if lumped := one.lumped(tags):
            what = f"{one.id}: {', '.join(lumped)} is one part, and {len(tags)} tags are learnt that tell more apart"
            raise DataError(what, hint="draw them apart, as the tags are")
        return UsableParts(index, one.id, one.digest, one.head_page(LOOKED_AT) is not None)

    return surveyed(art, look)


def _facts(layer: Layer) -> tuple[str, Rgba]:
    shown = json.dumps([layer.name, layer.top, layer.left, layer.opacity, layer.visible])
    return shown, layer.rgba
