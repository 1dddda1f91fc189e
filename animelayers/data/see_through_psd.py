"""A PSD as See-through saves it, `NAME.psd`, and the depth of its layers, `NAME_depth.psd`.

The library that it is pinned to gives every layer a mask that repeats the layer's alpha. Programs that honour masks
show soft edges with that alpha squared, which is the file's fault, not the model's: such masks are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animelayers.color import clear_hidden
from animelayers.composite import on_canvas
from animelayers.data.foreign import AGAIN, Notes
from animelayers.data.see_through import Part, surface
from animelayers.errors import DataError
from animelayers.handoff.psd_reader import read_psd, unsupported
from animelayers.parts import canonical_name
from animelayers.psdopen import open_psd, parsing
from animelayers.psdplanes import layer_pixels
from animelayers.raster import trimmed
from animelayers.stack import Layer, LayerStack

REPEATED = "layer masks that repeat the alpha of their layer are left out"


def read_layers(path: Path, notes: Notes) -> LayerStack:
    """The layers of any PSD or PSB, bottom → top, without masks that say nothing new; what was lost is in `notes`.

    Raises:
        FormatError: the file cannot be read, is damaged, or has no layers.
    """
    stack, lost = read_psd(path), unsupported(path)
    bare = dict(_without_masks(path)) if any("layer mask" in line for line in lost) else {}
    if bare:
        notes.append(REPEATED)
        stack = stack.replace(layers=tuple(_repainted(layer, bare.get(layer.path)) for layer in stack))
    rest = Counter(what for path, _, what in (line.rpartition(": ") for line in lost) if path not in bare)
    notes += [f"PSD: {what} ({count} ×)" for what, count in sorted(rest.items())]
    return stack


def read_depth(path: Path, stack: LayerStack) -> npt.NDArray[np.uint16]:
    """uint16 [h, w], larger is nearer: the depth of what is seen of `stack`, from the PSD of its layers' depth.

    Raises:
        DataError: it is of another size, or lacks a layer.
        FormatError: it cannot be read.
    """
    depths = read_psd(path)
    if depths.size != stack.size:
        raise DataError(f"{path.name} is {depths.size}, the layers {stack.size}", hint=AGAIN)
    if missing := set(stack.names) - set(depths.names):
        raise DataError(f"{path.name} has no layer {min(missing)!r}", hint=AGAIN)
    return surface((_part(layer, depths[layer.name], stack.size) for layer in stack), stack.size)


def _part(layer: Layer, depth: Layer, size: tuple[int, int]) -> Part:
    far = on_canvas(depth, size)[..., 0].astype(np.uint16) * np.uint16(257)
    return Part(layer.name, on_canvas(layer, size), far)


def _repainted(layer: Layer, bare: Layer | None) -> Layer:
    return layer if bare is None else layer.replace(rgba=bare.rgba, top=bare.top, left=bare.left)


def _without_masks(path: Path) -> Iterator[tuple[str, Layer]]:
    """The layers outside groups whose mask repeats their alpha: name, and pixels as they are without it."""
    from psd_tools.constants import ColorMode

    psd = open_psd(path)
    if psd.color_mode != ColorMode.RGB or psd.depth != 8:
        return
    with parsing(path.name):
        names = Counter(layer.name for layer in psd)
        for layer in psd:
            if layer.kind != "pixel" or layer.mask is None or layer.mask.bbox != layer.bbox or names[layer.name] > 1:
                continue
            rgba, cover = layer_pixels(layer), layer.mask.topil()
            if rgba is not None and cover is not None and np.array_equal(np.asarray(cover.convert("L")), rgba[..., 3]):
                name = canonical_name(layer.name)
                yield name, trimmed(Layer(name, clear_hidden(rgba), layer.top, layer.left))
