"""Reading the layers of any program's PSD or PSB into a `LayerStack`, as far as a stack can hold them.

A stack has no masks, clipping, effects or adjustments and its groups change nothing. What of these can be baked into a
layer's alpha or opacity is; the rest is left out. `unsupported` names every such place.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from animelayers.color import clear_hidden
from animelayers.errors import FormatError
from animelayers.handoff.xmp import read_packet
from animelayers.parts import canonical_name
from animelayers.psdopen import open_psd, parsing
from animelayers.psdplanes import check_layers, layer_pixels
from animelayers.raster import trimmed
from animelayers.stack import Blend, Layer, LayerStack, Rgba

if TYPE_CHECKING:
    from psd_tools import PSDImage
    from psd_tools.api.layers import Layer as PsdLayer

MODES = {blend: "LINEAR_DODGE" if blend is Blend.ADD else blend.name for blend in Blend}
"""Our blend modes → psd-tools' names of them; Add is what Photoshop calls Linear Dodge."""

Plane = npt.NDArray[np.uint8]
Coverage = tuple[Plane, int, int, int]
"""A mask on the canvas: uint8 [h, w], its top and left, and its level outside."""


def read_psd(source: Path | bytes) -> LayerStack:
    """The layers of a PSD or PSB, bottom → top, cut to what is visible of each.

    Names of any preset become canonical; a file of `write_psd` gives back the very names and the provenance. Masks,
    clipping and Fill are baked into alpha and opacity, group opacity into that of the layers inside; unknown blend
    modes become Normal; adjustments, effects and fill layers are left out. 16-bit, grey and CMYK layers become 8-bit
    RGB, foreign profiles sRGB.

    Raises:
        FormatError: the file cannot be read, is damaged, or has no layers.
    """
    return _read(source)[0]


def unsupported(source: Path | bytes) -> tuple[str, ...]:
    """What of a PSD `read_psd` bakes in or leaves out, one line each, as `group/layer: what`; empty when nothing.

    Raises:
        FormatError: as `read_psd`.
    """
    return _read(source)[1]


def _read(source: Path | bytes) -> tuple[LayerStack, tuple[str, ...]]:
    name = "the PSD" if isinstance(source, bytes) else source.name
    from psd_tools.compression import PSDDecompressionWarning

    psd = open_psd(source)
    with parsing(name), warnings.catch_warnings():
        warnings.simplefilter("error", PSDDecompressionWarning)  # psd-tools would paint the channel black and go on
        check_layers(psd, name)
        reader = _Reader(psd)
        reader.walk(psd, _Around())
    if not reader.layers:
        raise FormatError(f"{name} has no layers", hint=f"animelayers decompose {name} takes its picture apart")
    return LayerStack(psd.height, psd.width, tuple(reader.layers), reader.provenance), tuple(reader.notes)


@dataclass(frozen=True, slots=True)
class _Around:
    """What the enclosing groups do to a layer."""

    names: tuple[str, ...] = ()
    visible: bool = True
    opacity: float = 1.0
    masks: tuple[Coverage, ...] = ()


@dataclass
class _Reader:
    psd: PSDImage
    layers: list[Layer] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        from psd_tools.constants import Resource

        resources = self.psd.image_resources
        xmp = resources.get_data(Resource.XMP_METADATA, b"")
        self.provenance, self.renamed = read_packet(xmp if isinstance(xmp, bytes) else b"")
        icc = resources.get_data(Resource.ICC_PROFILE, b"")
        self.foreign_profile = isinstance(icc, bytes) and bool(icc) and b"sRGB" not in icc.replace(b"\0", b"")
        self.paths: set[str] = set()

    def walk(self, group: Iterable[PsdLayer], around: _Around) -> None:
        """Add what `group` holds, bottom → top."""
        base: Layer | None = None
        for layer in group:
            name = self._name(layer)
            path = "/".join((*around.names, name))
            here = self._inside(layer, around, path)
            if layer.is_group():
                base = None
                self._note_group(layer, path)
                self.walk(layer, replace(here, names=(*around.names, name)))  # type: ignore[arg-type]
                continue
            read = self._layer(layer, name, here, path)
            if read is not None and layer.clipping:
                read = self._clipped(read, base, path)
            if read is not None:
                read = trimmed(read)
                read = read.replace(rgba=clear_hidden(read.rgba))
                self.layers.append(read)
            if not layer.clipping:
                base = read

    def _name(self, layer: PsdLayer) -> str:
        shown, name = self.renamed.get(layer.layer_id, ("", ""))
        if layer.name == shown:
            return name
        return canonical_name(layer.name) or "layer"

    def _inside(self, layer: PsdLayer, around: _Around, path: str) -> _Around:
        """What `around` and the layer's own eye, opacity and mask come to."""
        masks = around.masks
        if layer.has_mask() and layer.mask is not None and not layer.mask.disabled:
            self.notes.append(f"{path}: layer mask, baked into alpha")
            plane = layer.mask.topil()
            grey = np.zeros((0, 0), np.uint8) if plane is None else np.asarray(plane.convert("L"))
            masks = (*masks, (grey, layer.mask.top, layer.mask.left, layer.mask.background_color))
        elif layer.has_vector_mask() and layer.kind != "shape":
            self.notes.append(f"{path}: vector mask, left out")
        if layer.fill_opacity != 255:
            self.notes.append(f"{path}: Fill {layer.fill_opacity * 100 // 255} %, taken as opacity")
        opacity = around.opacity * (layer.opacity / 255) * (layer.fill_opacity / 255)
        return replace(around, visible=around.visible and layer.visible, opacity=opacity, masks=masks)

    def _note_group(self, layer: PsdLayer, path: str) -> None:
        if layer.opacity != 255:
            self.notes.append(f"{path}: group opacity, given to each layer inside")
        if layer.blend_mode.name not in ("PASS_THROUGH", "NORMAL"):
            self.notes.append(f"{path}: blend mode of a group, left out")
        if layer.clipping:
            self.notes.append(f"{path}: clipped group, left unclipped")
        if layer.has_effects():
            self.notes.append(f"{path}: layer effects, left out")

    def _layer(self, layer: PsdLayer, name: str, here: _Around, path: str) -> Layer | None:
        if layer.has_effects():
            self.notes.append(f"{path}: layer effects, left out")
        rgba = self._pixels(layer)
        if rgba is None:
            self.notes.append(f"{path}: {layer.kind} layer without pixels, left out")
            return None
        for mask in here.masks:
            rgba = _masked(rgba, layer.top, layer.left, mask)
        mode = layer.blend_mode.name
        blend = next((blend for blend, psd_name in MODES.items() if psd_name == mode), None)
        if blend is None:
            self.notes.append(f"{path}: blend mode {mode.lower().replace('_', ' ')}, taken as normal")
        return Layer(
            name=self._unique(name, here.names),
            rgba=rgba,
            top=layer.top,
            left=layer.left,
            blend=blend or Blend.NORMAL,
            opacity=here.opacity,
            visible=here.visible,
            group=here.names,
        )

    def _pixels(self, layer: PsdLayer) -> Rgba | None:
        """uint8 [h, w, 4]; an empty pixel layer is [0, 0, 4], None is a layer that has no pixels by its nature."""
        from psd_tools.constants import ChannelID, ColorMode

        if layer.width == 0 or layer.height == 0:
            return np.zeros((0, 0, 4), np.uint8) if layer.kind == "pixel" else None
        if self.psd.color_mode == ColorMode.RGB and self.psd.depth == 8 and not self.foreign_profile:
            return layer_pixels(layer)
        image = layer.topil(apply_icc=self.foreign_profile)
        if image is None:
            return None
        out = np.array(image.convert("RGBA"))
        alpha = layer.topil(ChannelID.TRANSPARENCY_MASK)  # asked for apart, since Pillow has no CMYK with alpha
        if alpha is not None:
            out[..., 3] = np.asarray(alpha.convert("L"))
        return out

    def _clipped(self, layer: Layer, base: Layer | None, path: str) -> Layer:
        """Alpha cut to that of the layer it is clipped to; exact where that one is opaque."""
        if base is None:
            self.notes.append(f"{path}: clipped to a group or to nothing, left unclipped")
            return layer
        self.notes.append(f"{path}: clipped to {base.name!r}, baked into alpha")
        cut = _masked(layer.rgba, layer.top, layer.left, (base.rgba[..., 3], base.top, base.left, 0))
        visible = layer.visible and base.visible
        return layer.replace(rgba=cut, opacity=layer.opacity * base.opacity, visible=visible)

    def _unique(self, name: str, groups: tuple[str, ...]) -> str:
        candidate, number = name, 1
        while "/".join((*groups, candidate)) in self.paths:
            number += 1
            candidate = f"{name}_{number}"
        self.paths.add("/".join((*groups, candidate)))
        return candidate


def _masked(rgba: Rgba, top: int, left: int, mask: Coverage) -> Rgba:
    """Alpha times the mask's level, rounded half up."""
    plane, mask_top, mask_left, outside = mask
    height, width = rgba.shape[:2]
    level = np.full((height, width), outside, np.uint8)
    first, last = max(top, mask_top), min(top + height, mask_top + plane.shape[0])
    start, stop = max(left, mask_left), min(left + width, mask_left + plane.shape[1])
    if first < last and start < stop:
        part = plane[first - mask_top : last - mask_top, start - mask_left : stop - mask_left]
        level[first - top : last - top, start - left : stop - left] = part
    out = rgba.copy()
    out[..., 3] = (rgba[..., 3].astype(np.uint16) * level + 127) // 255
    return out
