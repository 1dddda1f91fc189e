"""What the linter looks for: one small function a rule, each yielding what it finds in a document."""

# ruff: noqa: D103 - the table in `rules` says of every function what it wants and why

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

import cv2
import numpy as np

from animelayers.handoff.document import HAZE_REACH, STRAY_PX, Document, Node
from animelayers.parts import PART_LABELS, PARTS, RENDERING, canonical_name, split_part
from animelayers.raster import overlap
from animelayers.stack import Layer

Found = Iterator[tuple[str, str]]
"""Path of the layer (empty for the whole file), and what is wrong with it."""

BLEED_PX = 8
"""Room around the paint that is no waste: colour bled outwards under alpha 0 lives there."""
TOLERANCE = 2
"""Levels by which the roundings of two programs differ."""
MAX_SIDE = 16384
"""Pixels; the largest texture atlas of Cubism."""
OVERLAP_PX = 4
"""How far a part has to go on, at least, under the one that covers it."""
BARE_SHARE = 0.6
"""Share of a part's edge over others under which nothing lies. Drawn parts, too, end side by side here and there."""

ALL_CUBISMS = {"normal", "multiply", "linear dodge"}
"""Blend modes of Cubism up to 5.2: Normal, Multiply, Add."""
CUBISM_53 = {
    *("darken", "color burn", "linear burn", "lighten", "screen", "color dodge", "overlay", "soft light"),
    *("hard light", "linear light", "hue", "color"),
}
"""Those that Cubism 5.3 added."""

_RENDERING = {term.name for term in RENDERING}
_MARKS = _RENDERING - {"flat"}
"""Layers of strokes and shading, where small areas are drawing more often than dirt."""

_FORBIDDEN = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]')
_USUAL = re.compile(  # ASCII, 々〆〇, hiragana, katakana with ー and ・, kanji with their extensions, half-width kana
    r"[A-Za-z0-9_\- \u3005-\u3007\u3041-\u3096\u3099-\u309f\u30a1-\u30ff\u31f0-\u31ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003134f]"
)


def _each(nodes: Iterable[Node], wrong: Callable[[Node], bool], message: str) -> Found:
    for node in nodes:
        if wrong(node):
            yield node.path, message.format(node=node)


def _groups(document: Document) -> Iterator[Node]:
    return (node for node in document.nodes if node.is_group)


def _role(node: Node) -> str:
    """The canonical name, without the part that a name such as `face_line` or 前髪_影 begins with."""
    return canonical_name(node.name.rpartition("_")[2])


def _canvas(document: Document) -> str:
    return f"the canvas is {document.width} × {document.height} px"


def rgb(document: Document) -> Found:
    if document.psd and document.psd.colour_mode != "rgb":
        yield "", f"the colour mode is {document.psd.colour_mode}"


def eight_bit(document: Document) -> Found:
    if document.psd and document.psd.depth != 8:
        yield "", f"{document.psd.depth} bits a channel"


def psb(document: Document) -> Found:
    if document.psd and document.psd.version != 1:
        yield "", "the file is a PSB"


def no_profile(document: Document) -> Found:
    if document.psd and document.psd.colour_mode == "rgb" and not document.psd.icc:
        yield "", "no colour profile is embedded"


def other_profile(document: Document) -> Found:
    if document.psd and document.psd.colour_mode == "rgb" and document.psd.icc:
        shift = _shift_from_srgb(document.psd.icc)
        if shift is None:
            yield "", "the colour profile cannot be read"
        elif shift > TOLERANCE:
            yield "", f"the colour profile is not sRGB: colours are up to {shift} levels apart"


def _shift_from_srgb(icc: bytes) -> int | None:
    """By how many levels a cube of colours moves from the profile to sRGB; None for a profile that is none."""
    from PIL import Image, ImageCms

    steps = np.linspace(0, 255, 6).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(6, 36, 3)
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        moved = ImageCms.profileToProfile(Image.fromarray(cube), profile, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return int(np.abs(np.asarray(moved, np.int16) - cube).max())


def odd_canvas(document: Document) -> Found:
    if document.height % 2 or document.width % 2:
        yield "", _canvas(document)


def large_canvas(document: Document) -> Found:
    if max(document.height, document.width) > MAX_SIDE:
        yield "", _canvas(document)


def no_layers(document: Document) -> Found:
    if not document.drawn:
        yield "", "there are no layers"


def masks(document: Document) -> Found:
    yield from _each(document.nodes, lambda node: node.mask, "has a mask")


def clipping(document: Document) -> Found:
    yield from _each(document.nodes, lambda node: node.clipped, "is clipped to the layer below")


def effects(document: Document) -> Found:
    yield from _each(document.nodes, lambda node: node.effects, "has layer effects")


def adjustments(document: Document) -> Found:
    yield from _each(document.layers, lambda layer: layer.kind in ("adjustment", "fill"), "is a {node.kind} layer")


def not_raster(document: Document) -> Found:
    kinds = ("smart object", "type", "shape")
    yield from _each(document.layers, lambda layer: layer.kind in kinds, "is a {node.kind} layer")


def damaged(document: Document) -> Found:
    yield from _each(document.layers, lambda layer: bool(layer.unreadable), "cannot be decoded: {node.unreadable}")


def duplicates(document: Document) -> dict[str, list[Node]]:
    """The names that occur more than once, each with its nodes; names count as the same in any Unicode form."""
    named: dict[str, list[Node]] = {}
    for node in document.nodes:
        named.setdefault(unicodedata.normalize("NFC", node.name), []).append(node)
    return {name: nodes for name, nodes in named.items() if len(nodes) > 1}


def duplicate_names(document: Document) -> Found:
    for name, nodes in duplicates(document).items():
        yield nodes[0].path, f"{len(nodes)} layers or groups are called {name!r}"


def forbidden_names(document: Document) -> Found:
    for node in document.nodes:
        if bad := sorted(set(_FORBIDDEN.findall(node.name))):
            yield node.path, f"the name holds {' '.join(map(repr, bad))}"
        elif not node.name.strip():
            yield node.path, "the name is empty"
        elif node.name != node.name.strip():
            yield node.path, "the name begins or ends with a space"


def unusual_names(document: Document) -> Found:
    for node in document.nodes:
        if odd := sorted({char for char in node.name if not _USUAL.match(char) and not _FORBIDDEN.match(char)}):
            yield node.path, f"the name holds {' '.join(odd)}"


def legacy_names(document: Document) -> Found:
    def lost(node: Node) -> bool:
        return not node.legacy_name.isascii() or (not node.legacy_name.strip("? ") and node.legacy_name != node.name)

    if document.psd and (names := [node.name for node in document.nodes if lost(node)]):
        yield "", f"{len(names)} of {len(document.nodes)} names have no ASCII form; the first is {names[0]!r}"


def layer_ids(document: Document) -> Found:
    if not document.psd:
        return
    ids: dict[int, list[Node]] = {}
    for node in document.nodes:
        ids.setdefault(max(node.layer_id, 0), []).append(node)
    if missing := len(ids.pop(0, [])):
        yield "", f"{missing} of {len(document.nodes)} layers and groups have no ID"
    for key, nodes in ids.items():
        if len(nodes) > 1:
            yield nodes[0].path, f"shares the ID {key} with {nodes[1].path!r}"


def deep_groups(document: Document) -> Found:
    yield from _each(_groups(document), lambda group: group.depth >= 3, "lies inside {node.depth} groups")


def group_opacity(document: Document) -> Found:
    for group in _groups(document):
        if group.opacity != 255 or group.fill != 255:
            yield group.path, f"the group's opacity is {round(group.opacity * group.fill / 650.25)} %"


def group_blend(document: Document) -> Found:
    plain = ("pass through", "normal")
    yield from _each(_groups(document), lambda group: group.blend not in plain, "the group's mode is {node.blend}")


def isolated_groups(document: Document) -> Found:
    for group in _groups(document):
        inside = sorted({node.blend for node in group.walk() if not node.is_group} - {"normal"})
        if group.blend == "normal" and inside:
            yield group.path, f"is Normal, not Pass Through, and holds {', '.join(inside)}"


def unknown_blends(document: Document) -> Found:
    known = ALL_CUBISMS | CUBISM_53
    yield from _each(document.layers, lambda layer: layer.blend not in known, "the mode is {node.blend}")


def new_blends(document: Document) -> Found:
    yield from _each(document.layers, lambda layer: layer.blend in CUBISM_53, "the mode is {node.blend}")


def soft_add(document: Document) -> Found:
    def soft(layer: Node) -> bool:
        return layer.blend == "linear dodge" and (layer.opacity < 255 or bool(layer.coverage and layer.coverage.soft))

    yield from _each(document.layers, soft, "adds light with soft alpha")


def fill_opacity(document: Document) -> Found:
    for layer in document.layers:
        if layer.fill != 255:
            yield layer.path, f"Fill is {round(layer.fill / 2.55)} %"


def empty_layers(document: Document) -> Found:
    for node in document.nodes:
        if node.is_group and not node.children:
            yield node.path, "the group holds nothing"
        elif node.coverage and node.coverage.empty and _role(node) not in _RENDERING:
            yield node.path, "no pixel is visible"


def loose_bounds(document: Document) -> Found:
    for layer in document.drawn if document.psd else ():  # PNGs are as large as the canvas, to line up
        if layer.coverage and not layer.coverage.empty:
            slack = max(abs(a - b) for a, b in zip(layer.box, layer.coverage.tight, strict=True))
            if slack > BLEED_PX:
                yield layer.path, f"its box is up to {slack} px larger than its paint"


def _spots(layers: Iterable[Node]) -> Found:
    for layer in layers:
        if layer.coverage and layer.coverage.stray_px:
            yield layer.path, f"{layer.coverage.stray_px} px lie in spots of fewer than {STRAY_PX} px"


def stray_pixels(document: Document) -> Found:
    yield from _spots(layer for layer in document.drawn if _role(layer) not in _MARKS)


def specks(document: Document) -> Found:
    yield from _spots(layer for layer in document.drawn if _role(layer) in _MARKS)


def haze(document: Document) -> Found:
    for layer in document.drawn:
        if layer.coverage and layer.coverage.lone_haze_px:
            yield layer.path, f"{layer.coverage.lone_haze_px} such px lie over {HAZE_REACH} px from visible paint"


def unmerged(document: Document) -> Found:
    """Groups, or else the file itself, of which the rendering layers are apart."""

    def apart(nodes: Iterable[Node]) -> bool:
        return len(_RENDERING.intersection(map(_role, nodes))) > 1

    if groups := [group for group in _groups(document) if apart(group.children)]:
        yield "", f"{len(groups)} of {sum(1 for _ in _groups(document))} groups hold line, flat and shades apart"
    elif apart(document.roots):
        yield "", "line, flat and shades are apart"


def cut_out(document: Document) -> Found:
    """Parts along whose edge those below end, too, where they ought to go on under it."""
    size = document.height, document.width
    below = np.zeros(size, bool)
    reach = np.ones((2 * OVERLAP_PX + 1, 2 * OVERLAP_PX + 1), np.uint8)
    for part in document.drawn:
        if part.rgba is None or part.coverage is None or split_part(part.term)[0] not in PART_LABELS:
            continue
        here, there = overlap(Layer("part", part.rgba, *part.coverage.tight[:2]), size)
        own = np.zeros(size, bool)
        own[here] = part.rgba[there][..., 3] >= 128
        seam = own & (cv2.dilate((below & ~own).astype(np.uint8), reach) > 0)
        along, bare = np.count_nonzero(seam), np.count_nonzero(seam & ~below)
        if bare > BARE_SHARE * along and along >= OVERLAP_PX * STRAY_PX:
            yield part.path, f"along {bare / along:.0%} of its edge over other parts there is nothing under it"
        below |= own


def sides(document: Document) -> Found:
    where: dict[str, str] = {}
    for node in document.nodes:
        tag, side, _ = split_part(node.term)
        where.setdefault(f"{tag}-{side}", node.path)
    for part in (term.name for term in PARTS if term.sided):
        for side, other in (("l", "r"), ("r", "l")):
            if f"{part}-{side}" in where and f"{part}-{other}" not in where:
                yield where[f"{part}-{side}"], f"there is no {part}-{other}"


def irides(document: Document) -> Found:
    nodes = {node.term: node for node in document.nodes if _paint(node) != (0, 0, 0, 0)}
    for side in ("", "-l", "-r"):
        iris, white = nodes.get(f"irides{side}"), nodes.get(f"eyewhite{side}")
        if iris is None or white is None:
            continue
        (top, left, bottom, right), (high, near, low, far) = _paint(iris), _paint(white)
        if not (high <= (top + bottom) / 2 <= low and near <= (left + right) / 2 <= far):
            yield iris.path, f"its centre lies outside {white.name!r}"


def _paint(node: Node) -> tuple[int, int, int, int]:
    return node.coverage.tight if node.coverage else node.box


def merged_image(document: Document) -> Found:
    psd, apart = document.psd, document.off_merged
    if psd and psd.readable and psd.merged is None:
        yield "", "the file has none"
    elif apart and apart.max > TOLERANCE:
        yield "", f"it differs from the layers by up to {apart.max} levels, at {apart.pixels} px"


def merged_alpha(document: Document) -> Found:
    psd, recomposed = document.psd, document.recomposed
    undeclared = psd is not None and psd.merged is not None and not psd.merged_alpha
    if undeclared and recomposed is not None and (recomposed[..., 3] < 255).any():
        yield "", "the picture is transparent, and the file does not say so"


def source(document: Document) -> Found:
    if not document.source_rides:
        yield from _off_source(document)


def riding_source(document: Document) -> Found:
    if document.source_rides:
        yield from _off_source(document)


def _off_source(document: Document) -> Found:
    apart = document.off_source
    if apart and apart.max > 1:
        yield "", f"the layers differ from it by up to {apart.max} levels, at {apart.pixels} px"
    elif document.source is not None and document.source.shape[:2] != (document.height, document.width):
        height, width = document.source.shape[:2]
        yield "", f"it is {width} × {height} px, {_canvas(document)}"
