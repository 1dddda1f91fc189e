"""A PSD as it is stored: every layer record as a `Node`, the merged image as it lies there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from animelayers import psdopen, psdplanes
from animelayers.handoff.document import Document, Node, PsdFacts, group_of, with_pixels
from animelayers.stack import Rgba

if TYPE_CHECKING:
    from psd_tools import PSDImage


def from_psd(psd: PSDImage, name: str) -> Document:
    """A document of what `open_psd` opened. Pixels are read where they are 8-bit RGB.

    Damage inside one layer is a fact of that layer; elsewhere it is an error.

    Raises:
        FormatError: the merged image is damaged, the layers are too large, or the parser trips over an inconsistency.
    """
    with psdopen.parsing(name):
        psdplanes.check_layers(psd, name)
        facts = _facts(psd)
        roots = tuple(_node(layer, (), facts.readable) for layer in psd)
    return Document(psd.height, psd.width, roots, facts)


def _facts(psd: PSDImage) -> PsdFacts:
    from psd_tools.constants import Resource

    icc = psd.image_resources.get_data(Resource.ICC_PROFILE, b"")
    facts = PsdFacts(psd.color_mode.name.lower(), psd.depth, psd.version, bytes(icc))
    if not facts.readable:
        return facts
    if not psd.has_preview():
        return facts
    planes, alpha = psdplanes.merged(psd)
    opaque = np.full_like(planes[0], 255)
    return replace(
        facts, merged=np.dstack([*planes, opaque if alpha is None else alpha]), merged_alpha=alpha is not None
    )


def _node(layer: Any, groups: tuple[str, ...], readable: bool) -> Node:
    node = _described(layer, groups)
    if node.is_group:
        return group_of(node, tuple(_node(child, (*groups, layer.name), readable) for child in layer))
    if not readable or node.kind in ("adjustment", "fill"):
        return node
    pixels = _pixels(layer)
    return replace(node, unreadable=pixels) if isinstance(pixels, str) else with_pixels(node, pixels)


def _described(layer: Any, groups: tuple[str, ...]) -> Node:
    """The record of a layer or group, without its pixels."""
    from psd_tools.constants import Clipping

    record, kind = layer._record, _kind(layer)
    return Node(
        path="/".join((*groups, layer.name)),
        name=layer.name,
        depth=len(groups),
        kind=kind,
        blend=layer.blend_mode.name.lower().replace("_", " "),
        opacity=layer.opacity,
        fill=int(layer.fill_opacity),
        visible=layer.visible,
        box=(0, 0, 0, 0) if kind == "group" else (record.top, record.left, record.bottom, record.right),
        mask=layer.has_mask() or (kind != "shape" and layer.has_vector_mask()),
        clipped=record.clipping == Clipping.NON_BASE,
        effects=layer.has_effects(),
        legacy_name=record.name,
        layer_id=layer.layer_id,
    )


def _kind(layer: Any) -> str:
    from psd_tools.api import layers

    kinds = (
        (layers.Group, "group"),
        (layers.AdjustmentLayer, "adjustment"),
        (layers.FillLayer, "fill"),
        (layers.SmartObjectLayer, "smart object"),
        (layers.TypeLayer, "type"),
        (layers.ShapeLayer, "shape"),
    )
    return next((name for kind, name in kinds if isinstance(layer, kind)), "pixel")


def _pixels(layer: Any) -> Rgba | str:
    """The layer's own pixels, uint8 [h, w, 4], or why they cannot be read."""
    if layer._record.height == 0 or layer._record.width == 0:
        return np.zeros((0, 0, 4), np.uint8)
    try:
        pixels = psdplanes.layer_pixels(layer)
    except (Warning, ValueError, OSError, IndexError) as error:
        return str(error).split(";")[0]
    return "a colour channel is missing" if pixels is None else pixels
