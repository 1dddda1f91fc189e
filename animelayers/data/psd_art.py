"""The layers of an artist's PSD, read for painting: what shows, with masks applied, and what stands in the way.

Pixels come through `handoff.rawpsd`, strictly; this module adds what only a painter needs – masks, clipping, the
settings of blend modes – and says of every layer that it cannot paint why, and what to do about it.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from animelayers.errors import FormatError
from animelayers.handoff.document import Node
from animelayers.handoff.rawpsd import from_psd
from animelayers.psdopen import MAX_PIXELS, open_psd, parsing
from animelayers.stack import Rgba

if TYPE_CHECKING:
    from psd_tools import PSDImage

Box = tuple[int, int, int, int]
"""`(top, left, bottom, right)` in canvas pixels; bottom and right are exclusive."""

Mask = tuple[npt.NDArray[np.uint8], int, int, int]
"""Levels uint8 [h, w], their top and left on the canvas, and the level outside."""

NOTHING = np.zeros((0, 0, 4), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Art:
    """A layer or a group that shows, as a painter needs it."""

    path: tuple[str, ...]
    """Names of its groups, outermost first, and its own."""
    kind: str = "pixel"
    """As in `handoff.document.Node`."""
    blend: str = "normal"
    """PSD's mode in lower case with spaces: `normal`, `pass through`, `linear dodge`."""
    opacity: float = 1.0
    fill: float = 1.0
    """Photoshop's Fill, 0..1: a second opacity, which some modes understand as the strength of their effect."""
    clipped: bool = False
    """Whether it shows only within the unclipped layer beneath it."""
    shapes: bool = True
    """Whether alpha limits the layer (Photoshop: *Transparency Shapes Layer*); if not, it is how strongly it glows."""
    rgba: Rgba = field(default_factory=lambda: NOTHING)
    """uint8 [h, w, 4], the mask applied; nothing for groups."""
    box: Box = (0, 0, 0, 0)
    """Of the pixels; of a group, what holds its children."""
    mask: Mask | None = None
    """Of a group."""
    children: tuple[Art, ...] = ()
    """Bottom → top."""
    obstacle: tuple[str, str] | None = None
    """What keeps it from being painted, and what to do about that."""

    @property
    def name(self) -> str:
        return "/".join(self.path)

    def walk(self) -> Iterator[Art]:
        """Itself, then everything inside it, bottom → top."""
        yield self
        for child in self.children:
            yield from child.walk()

    def leaves(self) -> Iterator[Art]:
        """The layers in it, bottom → top; itself if it is one."""
        return (art for art in self.walk() if art.kind != "group")


@dataclass(frozen=True, slots=True, eq=False)
class Artwork:
    """A PSD, as far as it shows."""

    name: str
    sha256: str
    height: int
    width: int
    roots: tuple[Art, ...] = ()
    """What is visible and not empty, bottom → top."""
    hidden: tuple[str, ...] = ()
    """Layers and groups that are switched off, or clipped to one that is."""
    empty: tuple[str, ...] = ()
    """Layers without a visible pixel."""
    icc: bytes = b""
    """The embedded profile; empty when there is none."""
    merged: Rgba | None = None
    """The file's own flattened picture, uint8 [h, w, 4]; None when there is none worth the name."""
    merged_alpha: bool = False
    """Whether its alpha is known; otherwise the picture lies on white."""

    @property
    def leaves(self) -> tuple[Art, ...]:
        return tuple(leaf for root in self.roots for leaf in root.leaves())


def read_art(path: Path) -> Artwork:
    """Read a PSD or PSB of any program. A layer that cannot be painted has its `obstacle`; other damage is an error.

    Raises:
        FormatError: the file cannot be read, is damaged, is not 8-bit RGB, or has no layers.
    """
    from psd_tools.compression import PSDDecompressionWarning

    psd, name = open_psd(path), path.name
    with parsing(name), warnings.catch_warnings():
        warnings.simplefilter("error", PSDDecompressionWarning)  # a mask that it cannot decode would become black
        _check_mode(psd, name)
        document = from_psd(psd, name)
        reader = _Reader([], [])
        roots = tuple(reader.arts(document.roots, psd, ()))
        facts = document.psd
        if not document.layers or facts is None:
            raise FormatError(f"{name} has no layers", hint="export it from the drawing program with its layers")
        return Artwork(
            name,
            hashlib.sha256(path.read_bytes()).hexdigest(),
            document.height,
            document.width,
            roots,
            tuple(reader.hidden),
            tuple(reader.empty),
            facts.icc,
            None if facts.merged is None or _says_nothing(facts.merged) else facts.merged,
            facts.merged_alpha,
        )


def _check_mode(psd: PSDImage, name: str) -> None:
    mode = psd.color_mode.name
    if mode != "RGB":
        shown = mode if mode in ("CMYK", "LAB") else mode.capitalize()
        raise FormatError(f"{name} is {shown}, RGB is read", hint="Image → Mode → RGB Color, and save it again")
    if psd.depth != 8:
        raise FormatError(f"{name} has {psd.depth} bits a channel, 8 are read", hint="Image → Mode → 8 Bits/Channel")


def _says_nothing(merged: Rgba) -> bool:
    """Whether a merged image is of one colour or transparent: writers that make none leave it so."""
    pixels = merged.reshape(-1, 4)
    return bool((pixels.min(axis=0) == pixels.max(axis=0)).all()) or not pixels[:, 3].any()


@dataclass(frozen=True, slots=True)
class _Reader:
    hidden: list[str]
    empty: list[str]

    def arts(self, nodes: Iterable[Node], layers: Iterable[Any], groups: tuple[str, ...]) -> Iterator[Art]:
        """What of a group shows. A layer with nothing beneath is not clipped; one clipped to nothing visible goes."""
        base: Art | None = None
        any_base = False
        for node, layer in zip(nodes, layers, strict=True):
            clipped = node.clipped and any_base
            art = self._art(node, layer, (*groups, node.name), clipped=clipped) if node.visible else None
            if not node.visible:
                self.hidden.append(node.path)
            if not clipped:
                base, any_base = art, True
            elif art is not None and base is None:
                self.hidden.append(node.path)
                art = None
            elif art is not None and base is not None and _unsettled(base):
                what = f"is clipped to the pass-through group {base.path[-1]!r}, which programs show in different ways"
                art = replace(art, obstacle=(what, "set that group to Normal"))
            if art is not None:
                yield art

    def _art(self, node: Node, layer: Any, path: tuple[str, ...], *, clipped: bool) -> Art | None:
        obstacle, rgba, mask = _obstacle(node, layer), node.rgba, _mask(layer)
        children = tuple(self.arts(node.children, layer, path)) if node.is_group else ()
        top, left = node.coverage.tight[:2] if node.coverage else (0, 0)
        if mask is not None and rgba is not None:
            rgba, mask = masked(rgba, top, left, mask), None
        drawn = bool(children) or (rgba is not None and rgba[..., 3].any())
        if not drawn and obstacle is None:
            self.empty.append(node.path)
            return None
        pixels = NOTHING if rgba is None else rgba
        boxes = [child.box for child in children] or [(top, left, top + pixels.shape[0], left + pixels.shape[1])]
        return Art(
            path=path,
            kind=node.kind,
            blend=node.blend,
            opacity=node.opacity / 255,
            fill=node.fill / 255,
            clipped=clipped,
            shapes=_flag(layer, "TRANSPARENCY_SHAPES_LAYER"),
            rgba=pixels,
            box=union(boxes),
            mask=mask,
            children=children,
            obstacle=obstacle,
        )


def _unsettled(base: Art) -> bool:
    """Whether readers differ on what is clipped to this: a pass-through group that is more than its layers."""
    if base.blend != "pass through":
        return False
    return base.opacity < 1 or not {art.blend for art in base.walk()} <= {"normal", "pass through"}


def _obstacle(node: Node, layer: Any) -> tuple[str, str] | None:
    """What keeps a layer from being painted, and the remedy; None when nothing does."""
    vector = layer.has_vector_mask() and not layer.vector_mask.disabled and node.kind != "shape"
    if vector and layer.mask is not None and layer.mask.has_real():
        vector = False  # the file holds both masks as one
    empty = node.rgba is None or (node.kind == "shape" and not node.rgba.size)
    hurdles = (
        (node.kind == "adjustment", "is an adjustment layer", "merge it into the layers beneath"),
        (node.kind == "fill", "is a fill layer", "rasterise it"),
        (bool(node.unreadable), f"has damaged pixels: {node.unreadable}", "save the file again in its program"),
        (empty and not node.is_group, f"is a {node.kind} layer without pixels", "rasterise it"),
        (layer.has_effects(), "has layer effects", "rasterise its layer style"),
        (vector, "has a vector mask", "rasterise the vector mask"),
        (node.blend == "dissolve", "blends by dissolve", "set it to Normal and rasterise it"),
    )
    return next(((what, hint) for hurdle, what, hint in hurdles if hurdle), None)


def _mask(layer: Any) -> Mask | None:
    """The layer mask, with its vector mask where the file has both as one; None where there is none switched on."""
    if not layer.has_mask() or layer.mask is None or layer.mask.disabled:
        return None
    mask = layer.mask
    if mask.width * mask.height > MAX_PIXELS:
        raise FormatError(f"the mask of {layer.name!r} is {mask.width} × {mask.height} px", hint="apply the mask")
    image = mask.topil()
    plane = np.zeros((0, 0), np.uint8) if image is None else np.asarray(image.convert("L"))
    return plane, mask.top, mask.left, mask.background_color


def _flag(layer: Any, tag: str) -> bool:
    from psd_tools.constants import Tag

    return bool(layer.tagged_blocks.get_data(Tag[tag], 1))


def masked(rgba: Rgba, top: int, left: int, mask: Mask) -> Rgba:
    """Pixels, uint8 [h, w, 4] at `(top, left)`, with alpha times the mask's level, rounded half up."""
    out = rgba.copy()
    level = mask_level(mask, (top, left, top + rgba.shape[0], left + rgba.shape[1]))
    out[..., 3] = (out[..., 3].astype(np.uint16) * level + 127) // 255
    return out


def mask_level(mask: Mask, box: Box) -> npt.NDArray[np.uint8]:
    """The levels of a mask on a box of the canvas, uint8 [h, w]."""
    plane, mask_top, mask_left, outside = mask
    top, left, bottom, right = box
    level = np.full((bottom - top, right - left), outside, np.uint8)
    part = overlap(box, (mask_top, mask_left, mask_top + plane.shape[0], mask_left + plane.shape[1]))
    if part is not None:
        level[within(part, box)] = plane[within(part, (mask_top, mask_left))]
    return level


# Boxes


def union(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds all of at least one."""
    tops, lefts, bottoms, rights = zip(*boxes, strict=True)
    return min(tops), min(lefts), max(bottoms), max(rights)


def overlap(a: Box, b: Box) -> Box | None:
    """What two boxes share; None when that is nothing."""
    top, left, bottom, right = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    return (top, left, bottom, right) if top < bottom and left < right else None


def within(part: Box, box: tuple[int, ...]) -> tuple[slice, slice]:
    """Where `part` lies in an array whose first pixel is the corner of `box`."""
    return slice(part[0] - box[0], part[2] - box[0]), slice(part[1] - box[1], part[3] - box[1])
