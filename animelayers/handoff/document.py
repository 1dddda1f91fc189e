"""A layered file as the linter sees it: the facts of every layer and group, also of files that no stack can hold.

`LayerStack` refuses what Cubism refuses; here masks, duplicate names and foreign blend modes are facts to report.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import clear_hidden, matte
from animelayers.composite import difference, flatten
from animelayers.parts import canonical_name
from animelayers.raster import bands, tight_box
from animelayers.stack import Blend, Layer, LayerStack, Rgba

Box = tuple[int, int, int, int]
"""`(top, left, bottom, right)` in canvas pixels; bottom and right are exclusive."""

STRAY_PX = 12
"""Connected areas smaller than this are stray: auto-riggers drop them, a person has to hunt them."""
HAZE_ALPHA = 8
"""Alpha 1..8 of 255 cannot be seen and still counts as paint."""
HAZE_REACH = 4
"""Haze within so many pixels of visible paint is a soft edge; further out it is dirt."""

BLENDS = {mode.value.replace("-", " "): mode for mode in Blend if mode is not Blend.ADD} | {"linear dodge": Blend.ADD}
"""PSD's blend modes, in lower case with spaces, that `flatten` knows."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the alpha of one layer covers."""

    tight: Box
    """Smallest box of alpha > 0 on the canvas; all zero when the layer is empty."""
    stray_px: int
    """Pixels in 8-connected areas (alpha > 0) of fewer than `STRAY_PX` pixels."""
    haze_px: int
    """Pixels of alpha 1..8."""
    lone_haze_px: int
    """Those further than `HAZE_REACH` from any pixel of alpha > 8."""
    soft: bool
    """Whether any alpha lies strictly between 0 and 255."""

    @property
    def empty(self) -> bool:
        return self.tight[2] <= self.tight[0]


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One layer or group, with nothing interpreted."""

    path: str
    """Shown names from the outermost group inwards, joined by `/`."""
    name: str
    depth: int
    """Number of groups around it."""
    kind: str = "pixel"
    """`pixel`, `group`, `adjustment`, `fill`, `smart object`, `type` or `shape`."""
    blend: str = "normal"
    """PSD's mode in lower case with spaces: `normal`, `pass through`, `linear dodge`."""
    opacity: int = 255
    fill: int = 255
    """Photoshop's Fill, 0..255: a second opacity that leaves layer effects alone."""
    visible: bool = True
    """Its own eye, whatever the groups around it say."""
    box: Box = (0, 0, 0, 0)
    """As stored; for a group what holds its children."""
    rgba: Rgba | None = None
    """uint8 [h, w, 4], cut to `coverage.tight`; None for groups and for pixels that cannot be read."""
    coverage: Coverage | None = None
    unreadable: str = ""
    """Why the pixels cannot be read; empty when they can, or when there are none to read."""
    mask: bool = False
    clipped: bool = False
    effects: bool = False
    legacy_name: str = ""
    layer_id: int = -1
    children: tuple[Node, ...] = ()

    @property
    def is_group(self) -> bool:
        return self.kind == "group"

    @property
    def term(self) -> str:
        """The canonical name behind the shown one."""
        return canonical_name(self.name)

    def walk(self) -> Iterator[Node]:
        """Itself, then everything inside it, bottom → top."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True, eq=False)
class PsdFacts:
    """What only a PSD has."""

    colour_mode: str
    """In lower case: `rgb`, `cmyk`, `grayscale`."""
    depth: int
    """Bits a channel."""
    version: int
    """1 is PSD, 2 is PSB."""
    icc: bytes
    """The embedded ICC profile; empty when there is none."""
    merged: Rgba | None = None
    """The merged image, uint8 [h, w, 4]; opaque where no transparency is declared. None when there is none."""
    merged_alpha: bool = False
    """Whether the file says that the fourth merged channel is transparency, by a negative layer count or a tag."""

    @property
    def readable(self) -> bool:
        """Whether pixels are 8-bit RGB; others are not looked at."""
        return self.colour_mode == "rgb" and self.depth == 8


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far two pictures are apart."""

    max: int
    """Largest difference of a channel, in levels 0..255."""
    pixels: int
    """Pixels that differ at all."""


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A layered file."""

    height: int
    width: int
    roots: tuple[Node, ...]
    """Top-level layers and groups, bottom → top."""
    psd: PsdFacts | None = None
    """None for a PNG folder."""
    source: Rgba | None = None
    """uint8 [h, w, 4]: the picture that the layers should add up to."""
    source_rides: bool = False
    """Whether that is the file's own hidden bottom layer, and not a picture that somebody named."""
    recomposed: Rgba | None = None
    """The visible layers flattened, uint8 [height, width, 4]."""
    obstacle: str = ""
    """What keeps the layers from being flattened; empty when nothing does."""
    off_merged: Comparison | None = None
    """The flattened layers beside the merged image."""
    off_source: Comparison | None = None
    """The flattened layers beside the source; None without one, or when the sizes differ."""

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every layer and group, groups before what they hold, bottom → top."""
        return tuple(node for root in self.roots for node in root.walk())

    @property
    def layers(self) -> tuple[Node, ...]:
        """Every node that is not a group."""
        return tuple(node for node in self.nodes if not node.is_group)

    @property
    def drawn(self) -> tuple[Node, ...]:
        """The layers to rig: all but the hidden source."""
        return tuple(node for node in self.layers if node is not self.source_node)

    @property
    def source_node(self) -> Node | None:
        """The untouched picture that may ride along: at the very bottom, hidden, called 下絵, Source or source."""
        bottom = self.roots[0] if self.roots else None
        found = bottom is not None and bottom.term == "source" and not bottom.visible and bottom.rgba is not None
        return bottom if found else None


def _compare(ours: Rgba, theirs: Rgba, *, on_white: bool = False) -> Comparison:
    """On white is how PSD stores a merged image: there its rounding is even, at any alpha."""
    worst = count = 0
    for rows, _, _ in bands(ours.shape[0], 128):
        pair = ours[rows], theirs[rows]
        if on_white:
            pair = _on_white(pair[0]), _on_white(pair[1])
        levels = difference(*pair)
        worst, count = max(worst, int(levels.max(initial=0))), count + int(np.count_nonzero(levels))
    return Comparison(worst, count)


def _on_white(rgba: Rgba) -> Rgba:
    return np.dstack([matte(rgba), rgba[..., 3]])


def from_stack(stack: LayerStack, paths: Sequence[tuple[str, ...]]) -> Document:
    """The layers of a stack (a PNG folder) as a document.

    Args:
        stack: the layers.
        paths: of every layer, the shown names of its groups, outermost first, and its own.
    """
    entries = [(path[:-1], _node_of(layer, path)) for layer, path in zip(stack, paths, strict=True)]
    return Document(stack.height, stack.width, _nest(entries, ()))


def _node_of(layer: Layer, path: tuple[str, ...]) -> Node:
    box = (layer.top, layer.left, layer.top + layer.height, layer.left + layer.width)
    blend = next(name for name, mode in BLENDS.items() if mode is layer.blend)
    node = Node("/".join(path), path[-1], len(path) - 1, "pixel", blend, round(layer.opacity * 255), box=box)
    return with_pixels(replace(node, visible=layer.visible), layer.rgba)


def _nest(entries: list[tuple[tuple[str, ...], Node]], prefix: tuple[str, ...]) -> tuple[Node, ...]:
    """Neighbours that share a group become one group node."""
    out: list[Node] = []
    depth = len(prefix)
    while entries:
        group, node = entries[0]
        count = 1
        if len(group) > depth:
            path = group[: depth + 1]
            count = next((i for i, (other, _) in enumerate(entries) if other[: depth + 1] != path), len(entries))
            node = group_of(
                Node("/".join(path), path[-1], depth, "group", "pass through"), _nest(entries[:count], path)
            )
        out.append(node)
        entries = entries[count:]
    return tuple(out)


def group_of(node: Node, children: tuple[Node, ...]) -> Node:
    """A group with its children, and the box that holds them."""
    boxes = [child.box for child in children if child.box[2] > child.box[0]]
    if not boxes:
        return replace(node, children=children)
    tops, lefts, bottoms, rights = zip(*boxes, strict=True)
    return replace(node, children=children, box=(min(tops), min(lefts), max(bottoms), max(rights)))


def with_pixels(node: Node, rgba: Rgba) -> Node:
    """The node with its coverage measured, and with its pixels (uint8 [h, w, 4], those of `box`) cut to what shows."""
    top, left, bottom, right = tight_box(rgba[..., 3] > 0) if rgba.size else (0, 0, 0, 0)
    tight = np.ascontiguousarray(rgba[top:bottom, left:right])
    return replace(node, rgba=tight, coverage=_cover(tight[..., 3], node.box[0] + top, node.box[1] + left))


def _cover(alpha: npt.NDArray[np.uint8], top: int, left: int) -> Coverage:
    if not alpha.size:
        return Coverage((0, 0, 0, 0), 0, 0, 0, soft=False)
    _, _, stats, _ = cv2.connectedComponentsWithStats((alpha > 0).astype(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    haze = (alpha > 0) & (alpha <= HAZE_ALPHA)
    count, lone = int(np.count_nonzero(haze)), 0
    if count:
        reach = np.ones((2 * HAZE_REACH + 1, 2 * HAZE_REACH + 1), np.uint8)
        lone = int(np.count_nonzero(haze & (cv2.dilate((alpha > HAZE_ALPHA).astype(np.uint8), reach) == 0)))
    box = (top, left, top + alpha.shape[0], left + alpha.shape[1])
    return Coverage(box, int(areas[areas < STRAY_PX].sum()), count, lone, bool(((alpha > 0) & (alpha < 255)).any()))


def recompose(document: Document, source: Rgba | None = None) -> Document:
    """The document with its layers flattened, and with its source: the one given, else the hidden bottom layer."""
    riding, size = document.source_node, (document.height, document.width)
    obstacle = _first_obstacle(document)
    rides = source is None and riding is not None
    if rides and riding is not None and not obstacle:
        source = flatten(LayerStack(*size, (_sheet(riding).replace(opacity=1, blend=Blend.NORMAL),)))
    source = None if source is None else clear_hidden(source)
    if obstacle:
        return replace(document, source=source, source_rides=rides, obstacle=obstacle)
    flat = _flatten(document.roots, *size)
    return replace(
        document,
        source=source,
        source_rides=rides,
        recomposed=flat,
        off_merged=_off_merged(flat, document.psd),
        off_source=_compare(flat, source) if source is not None and source.shape == flat.shape else None,
    )


def _off_merged(flat: Rgba, psd: PsdFacts | None) -> Comparison | None:
    if psd is None or psd.merged is None:
        return None
    if not psd.merged_alpha:  # then there is nothing to compare the alpha with
        flat = np.dstack([matte(flat), psd.merged[..., 3]])
    return _compare(flat, psd.merged, on_white=True)


def _shown(nodes: tuple[Node, ...]) -> Iterator[Node]:
    for node in nodes:
        if node.visible:
            yield node
            yield from _shown(node.children)


def _first_obstacle(document: Document) -> str:
    return next(filter(None, map(_obstacle, _shown(document.roots))), "" if document.drawn else "there are no layers")


def _obstacle(node: Node) -> str:
    """What of this node `flatten` cannot draw; empty when nothing."""
    plain = node.blend in BLENDS or (node.is_group and node.blend == "pass through" and node.opacity == 255)
    hurdles = (
        (node.unreadable, "damaged pixels"),
        (node.mask, "a mask"),
        (node.clipped, "clipping"),
        (node.effects, "layer effects"),
        (node.fill != 255, "a Fill below 100 %"),
        (node.kind in ("adjustment", "fill"), f"{node.kind} pixels"),
        (not node.is_group and node.rgba is None, "no 8-bit RGB pixels"),
        (not plain, f"the blend mode {node.blend}" if node.opacity == 255 else "group opacity"),
    )
    return next((f"{node.path!r} has {what}" for hurdle, what in hurdles if hurdle), "")


def _flatten(nodes: tuple[Node, ...], height: int, width: int) -> Rgba:
    sheets = enumerate(_sheets(nodes, height, width))
    return flatten(LayerStack(height, width, tuple(sheet.replace(name=str(place)) for place, sheet in sheets)))


def _sheets(nodes: tuple[Node, ...], height: int, width: int) -> Iterator[Layer]:
    """The visible layers, bottom → top; an isolated group that mixes blends becomes a sheet of its own."""
    for node in nodes:
        if not node.visible:
            continue
        if not node.is_group:
            yield _sheet(node)
        elif node.blend == "pass through" or _dissolves(node):
            yield from _sheets(node.children, height, width)
        else:
            yield _sheet(replace(node, rgba=_flatten(node.children, height, width)))


def _dissolves(group: Node) -> bool:
    """Whether isolation changes nothing: `over` is associative, so nothing but Normal may be inside."""
    inside = {node.blend for node in _shown(group.children)}
    return group.blend == "normal" and group.opacity == 255 and inside <= {"normal", "pass through"}


def _sheet(node: Node) -> Layer:
    rgba = np.zeros((0, 0, 4), np.uint8) if node.rgba is None else node.rgba
    top, left = node.coverage.tight[:2] if node.coverage else (0, 0)
    return Layer(node.path or "unnamed", rgba, top, left, BLENDS[node.blend], node.opacity / 255)
