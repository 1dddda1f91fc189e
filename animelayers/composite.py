"""Blend equations, and the flattening of a stack.

W3C *Compositing and Blending Level 1* §5 and §9, which are also PSD's. For a backdrop (`cb`, `ab`) and a
source (`cs`, `as`), with `as` = layer alpha × opacity and everything in 0..1 on gamma-encoded sRGB:

    ar      = ab + as − ab·as
    cr·ar   = (1 − as)·ab·cb + as·((1 − ab)·cs + ab·B(cb, cs))

`B` is the blend function. Rounding happens once, at the end, to the nearest level.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from animelayers.color import clear_hidden
from animelayers.errors import StackError
from animelayers.raster import over_bands, overlap
from animelayers.stack import Blend, Layer, LayerStack, Rgba

Plane = npt.NDArray[np.float32]
"""float32 [h, w], 0..1."""


def _overlay(cb: Plane, cs: Plane) -> Plane:
    return _hard_light(cs, cb)


def _hard_light(cb: Plane, cs: Plane) -> Plane:
    return np.where(cs <= 0.5, cb * 2 * cs, cb + (2 * cs - 1) - cb * (2 * cs - 1))


def _soft_light(cb: Plane, cs: Plane) -> Plane:
    d = np.where(cb <= 0.25, ((16 * cb - 12) * cb + 4) * cb, np.sqrt(cb))
    return np.where(cs <= 0.5, cb - (1 - 2 * cs) * cb * (1 - cb), cb + (2 * cs - 1) * (d - cb))


def _color_dodge(cb: Plane, cs: Plane) -> Plane:
    lifted = np.minimum(1, cb / np.maximum(1 - cs, 1e-12))
    return np.where(cb <= 0, np.float32(0), np.where(cs >= 1, np.float32(1), lifted)).astype(np.float32)


def _color_burn(cb: Plane, cs: Plane) -> Plane:
    sunk = 1 - np.minimum(1, (1 - cb) / np.maximum(cs, 1e-12))
    return np.where(cb >= 1, np.float32(1), np.where(cs <= 0, np.float32(0), sunk)).astype(np.float32)


BLEND_FUNCTIONS: dict[Blend, Callable[[Plane, Plane], Plane]] = {
    Blend.NORMAL: lambda _, cs: cs,
    Blend.MULTIPLY: lambda cb, cs: cb * cs,
    Blend.SCREEN: lambda cb, cs: cb + cs - cb * cs,
    Blend.DARKEN: np.minimum,
    Blend.LIGHTEN: np.maximum,
    Blend.OVERLAY: _overlay,
    Blend.HARD_LIGHT: _hard_light,
    Blend.SOFT_LIGHT: _soft_light,
    Blend.COLOR_DODGE: _color_dodge,
    Blend.COLOR_BURN: _color_burn,
    Blend.DIFFERENCE: lambda cb, cs: np.abs(cb - cs),
    Blend.EXCLUSION: lambda cb, cs: cb + cs - 2 * cb * cs,
    Blend.ADD: lambda cb, cs: np.minimum(1, cb + cs),
}
"""`B(cb, cs)` of every mode, float planes in 0..1; W3C §9.1, and linear dodge for `ADD`."""

NEUTRAL = {
    **dict.fromkeys((Blend.MULTIPLY, Blend.DARKEN, Blend.COLOR_BURN), 255),
    **dict.fromkeys((Blend.SCREEN, Blend.LIGHTEN, Blend.COLOR_DODGE, Blend.ADD, Blend.DIFFERENCE, Blend.EXCLUSION), 0),
    **dict.fromkeys((Blend.OVERLAY, Blend.HARD_LIGHT, Blend.SOFT_LIGHT), 128),
}
"""The level, 0..255, that leaves what lies below as it is; every mode but Normal has one."""

ROWS = 128
"""Rows flattened at a time: small enough for the cache, large enough that numpy's overhead does not show."""


def flatten(stack: LayerStack) -> Rgba:
    """Composite the visible layers of `stack`, bottom → top, on a transparent canvas.

    Returns uint8 [h, w, 4], straight alpha; pixels of alpha 0 are (0, 0, 0, 0). Agrees with the equations
    above to half a level. Works in bands of rows, one a thread, so a large canvas costs little beyond its result.
    """
    out = np.empty((stack.height, stack.width, 4), np.uint8)

    def one(rows: slice) -> None:
        premul, alpha = _composite(stack, rows)
        np.maximum(alpha, 1e-9, out=premul[3])
        for channel in range(3):
            np.divide(premul[channel], premul[3], out=premul[channel])
        premul[3] = alpha
        premul *= 255
        premul += 0.5
        np.minimum(premul, 255, out=premul)
        out[rows] = premul.astype(np.uint8).transpose(1, 2, 0)

    over_bands(one, stack.size, ROWS)
    out[out[..., 3] == 0] = 0
    return out


def _composite(stack: LayerStack, rows: slice) -> tuple[npt.NDArray[np.float32], Plane]:
    """Premultiplied colour (plus one spare plane) [4, h, w] and alpha [h, w] of a band of the canvas."""
    premul = np.zeros((4, rows.stop - rows.start, stack.width), np.float32)
    alpha = np.zeros(premul.shape[1:], np.float32)
    for layer in stack:
        top, bottom = max(rows.start, layer.top), min(rows.stop, layer.top + layer.height)
        left, right = max(0, layer.left), min(stack.width, layer.left + layer.width)
        if not layer.visible or layer.opacity == 0 or top >= bottom or left >= right:
            continue
        source = layer.rgba[top - layer.top : bottom - layer.top, left - layer.left : right - layer.left]
        here = np.s_[top - rows.start : bottom - rows.start, left:right]
        _lay(layer, source, premul[(slice(None), *here)], alpha[here])
    return premul, alpha


def _lay(layer: Layer, source: Rgba, premul: npt.NDArray[np.float32], ab: Plane) -> None:
    """Lay `source` over a backdrop in place. Normal, Multiply and Screen need no division by the backdrop's alpha."""
    level = np.float32(1 / 255)
    as_ = source[..., 3] * np.float32(layer.opacity / 255)
    if not as_.any():
        return
    keep = 1 - as_
    if layer.blend is not Blend.NORMAL:
        outside = as_ * (1 - ab)
        inside = as_ * ab
    for channel in range(3):
        cs = source[..., channel] * level
        p = premul[channel]
        match layer.blend:
            case Blend.NORMAL:
                added = as_ * cs
            case Blend.MULTIPLY:
                added = (outside + as_ * p) * cs
            case Blend.SCREEN:
                added = as_ * (p + cs - p * cs)
            case _:
                cb = p / np.maximum(ab, np.float32(1e-9))
                added = outside * cs + inside * BLEND_FUNCTIONS[layer.blend](cb, cs)
        p *= keep
        p += added
    ab *= keep
    ab += as_


def on_canvas(layer: Layer, size: tuple[int, int]) -> Rgba:
    """The layer's own pixels where they lie on a transparent canvas of `(height, width)`, cut off at its edges."""
    out = np.zeros((*size, 4), np.uint8)
    here, part = overlap(layer, size)
    out[here] = clear_hidden(layer.rgba[part])
    return out


def max_error(stack: LayerStack, target: Rgba) -> int:
    """Largest difference, in 8-bit levels, between the flattened stack and `target` (uint8 [h, w, 4]).

    Alpha counts everywhere, colour where `target` is not fully transparent. 0 means exact.

    Raises:
        StackError: the sizes differ.
    """
    if target.shape[:2] != stack.size:
        raise StackError(
            f"the stack is {stack.height} × {stack.width} px, the target {target.shape[0]} × {target.shape[1]}"
        )
    return int(difference(flatten(stack), target).max(initial=0))


def difference(a: Rgba, b: Rgba) -> npt.NDArray[np.uint8]:
    """Per-pixel distance of two pictures, uint8 [h, w]: the largest channel difference, colour only where `b` shows."""
    colour = np.maximum(a[..., :3], b[..., :3]) - np.minimum(a[..., :3], b[..., :3])
    alpha = np.maximum(a[..., 3], b[..., 3]) - np.minimum(a[..., 3], b[..., 3])
    seen = np.where(b[..., 3] > 0, colour.max(axis=2), np.uint8(0))
    return np.asarray(np.maximum(seen, alpha))
