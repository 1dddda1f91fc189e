"""A picture and its rendering layers as a model learns them: Normal all, on one canvas, brought to one size."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from animelayers.color import clear_hidden, to_uint8
from animelayers.composite import BLEND_FUNCTIONS, ROWS, on_canvas
from animelayers.errors import DataError
from animelayers.models import fitting
from animelayers.models.fitting import Box, Fitting, Size
from animelayers.raster import over_bands
from animelayers.stack import Layer, LayerStack, Rgba


@dataclass(frozen=True, eq=False)
class Artwork:
    """One picture, and every layer that is to be learnt."""

    id: str
    picture: Rgba
    """uint8 [h, w, 4], straight alpha."""
    layers: Mapping[str, Rgba]
    """Slot → sheet, uint8 [h, w, 4], straight alpha, Normal; a slot that the picture has nothing of is transparent."""

    @property
    def size(self) -> Size:
        return int(self.picture.shape[0]), int(self.picture.shape[1])

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of all pixels and the names of the slots; not of the id."""
        found = hashlib.sha256()
        for name, sheet in (("", self.picture), *self.layers.items()):
            # The shape says how many bytes follow, so that no two artworks can run together into the same ones.
            found.update(json.dumps([name, *sheet.shape]).encode() + b"\n")
            found.update(np.ascontiguousarray(sheet).data)
        return found.hexdigest()


def as_normal(stack: LayerStack) -> LayerStack:
    """The visible layers in Normal mode, full canvas and opacity 1, which flatten to the same picture.

    Samples hold shadow as Multiply and highlight as Screen, others paint them in Normal, Add or Lighten; a model learns
    one convention. Every colour becomes what it makes of what lies below, `ab`, `cb` (`composite`'s equation, with the
    alpha of the layer as it is):

        c' = (1 − ab)·cs + ab·B(cb, cs)

    Over an opaque backdrop this is the blended colour itself. Over a soft silhouette it is a mixture with the layer's
    own, as for `composite.flatten`, so that the sum is kept there too: to 1 level, and half a level more for every
    layer whose opacity is not 1, since alpha is rounded.
    """
    shown = [layer for layer in stack if layer.visible]
    sheets = [on_canvas(layer, stack.size) for layer in shown]

    def one(rows: slice) -> None:
        premul, cover = (np.zeros((*sheets[0][rows].shape[:2], channels), np.float32) for channels in (3, 1))
        for layer, sheet in zip(shown, sheets, strict=True):
            own = np.asarray(sheet[rows] / np.float32(255), np.float32)
            alpha = own[..., 3:] * np.float32(layer.opacity)
            below = np.asarray(premul / np.maximum(cover, np.float32(1e-9)), np.float32)
            mixed = (1 - cover) * own[..., :3] + cover * BLEND_FUNCTIONS[layer.blend](below, own[..., :3])
            premul = (1 - alpha) * premul + alpha * mixed
            cover = cover + alpha - cover * alpha
            sheet[rows] = to_uint8(np.dstack([mixed, alpha]) * 255)

    if shown:
        over_bands(one, stack.size, ROWS)
    layers = (
        Layer(layer.name, clear_hidden(sheet), group=layer.group) for layer, sheet in zip(shown, sheets, strict=True)
    )
    return stack.replace(layers=tuple(layers))


def window(artwork: Artwork) -> Box:
    """The box around what is visible, with some room; see `fitting.window`.

    Raises:
        DataError: nothing is visible.
    """
    found = fitting.window(artwork.picture)
    if not any(found):
        raise DataError(f"{artwork.id}: the picture is wholly transparent", hint="leave it out")
    return found


def aspect(artwork: Artwork) -> float:
    """Height / width of the window: what `bucket` wants.

    Raises:
        DataError: nothing is visible.
    """
    top, left, bottom, right = window(artwork)
    return (bottom - top) / (right - left)


def fitted(artwork: Artwork, size: Size) -> Artwork:
    """The window of an artwork as large as `size` holds it, in the middle, on transparent ground.

    Everything is scaled by itself. Shrunk layers therefore do not add up to the shrunk picture exactly: where edges of
    several coincide, each covers its share of a pixel as if it did not know of the others.

    Raises:
        DataError: nothing is visible, or a side of `size` is no multiple of 16.
    """
    return _changed(artwork, Fitting.of(window(artwork), size).onto)


def mirrored(artwork: Artwork) -> Artwork:
    """Left and right exchanged."""
    return _changed(artwork, lambda rgba: np.ascontiguousarray(rgba[:, ::-1]))


def _changed(artwork: Artwork, change: Callable[[Rgba], Rgba]) -> Artwork:
    layers = {slot: change(sheet) for slot, sheet in artwork.layers.items()}
    return replace(artwork, picture=change(artwork.picture), layers=layers)
