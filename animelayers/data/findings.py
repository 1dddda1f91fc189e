"""What the validator looks for: one small function a rule, each yielding what it finds in a sample."""

# ruff: noqa: D103 - the table in `rules` says of every function what it wants and why

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np

from animelayers.composite import difference, flatten
from animelayers.data.edges import premultiplication
from animelayers.data.sample import Sample, visible_map
from animelayers.parts import PART_LABELS, PARTS, part_name, split_part
from animelayers.raster import Mask, overlap
from animelayers.rendering.solve import BLENDS
from animelayers.stack import Blend, Layer, LayerStack, Rgba

Found = Iterator[tuple[str, str]]
"""Path of the layer (empty for the whole sample), and what is wrong with it."""

TOLERANCE = 1
"""Levels by which a sum of layers may differ from what it should be."""
PREMULTIPLIED = 0.55
"""What `edges.premultiplication` says of premultiplied edges at least; drawn ones stay below 0.4, outlined or not."""

_FREE = {"CC0-1.0", "0BSD", "MIT-0", "Unlicense"}
"""Licences that ask for no name."""
_SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")


def licence(sample: Sample) -> Found:
    terms = sample.licence
    if not _SPDX.fullmatch(terms.spdx):
        yield "", f"the licence is {terms.spdx!r}, which is no SPDX identifier"
    elif terms.spdx not in _FREE and not terms.holder.strip():
        yield "", f"{terms.spdx} wants its holder named, and nobody is"


def tags(sample: Sample) -> Found:
    for layer in _pieces(sample):
        if split_part(layer.name)[0] not in {*PART_LABELS, "background"}:
            yield layer.path, "its name begins with no part tag"


def normal(sample: Sample) -> Found:
    for layer in _pieces(sample):
        if layer.blend is not Blend.NORMAL:
            yield layer.path, f"the mode is {layer.blend}"


def empty(sample: Sample) -> Found:
    for layer in _pieces(sample):
        if not layer.rgba[..., 3].any():
            yield layer.path, "no pixel is visible"
        elif not _on_canvas(layer, sample.size):
            yield layer.path, "all of it lies outside the canvas"


def strata(sample: Sample) -> Found:
    above: dict[tuple[str, str], int] = {}
    for layer in reversed(_pieces(sample)):
        tag, side, stratum = split_part(layer.name)
        if stratum is not None:
            if above.get((tag, side), -1) >= stratum:
                yield layer.path, f"lies below stratum {above[tag, side]}"
            above[tag, side] = stratum


def parts_sum(sample: Sample) -> Found:
    if sample.parts is not None:
        yield from _apart("", flatten(sample.parts), sample.picture)


def rendering_slots(sample: Sample) -> Found:
    for prefix, stack in _renderings(sample):
        there = {layer.name: layer.blend for layer in stack}
        if missing := [slot for slot in BLENDS if slot not in there]:
            yield prefix, f"there is no {', '.join(missing)}"
        elif list(there.items()) != list(BLENDS.items()):
            yield prefix, f"its layers are {', '.join(f'{name} ({mode})' for name, mode in there.items())}"


def rendering_alpha(sample: Sample) -> Found:
    if sample.rendering is not None:
        ours, theirs = flatten(sample.rendering)[..., 3], sample.picture[..., 3]
        apart = np.maximum(ours, theirs) - np.minimum(ours, theirs)
        if apart.max(initial=0) > TOLERANCE:
            yield "rendering", f"its alpha differs by up to {apart.max()} levels, at {_px(apart > TOLERANCE)}"


def rendering_sum(sample: Sample) -> Found:
    if sample.rendering is not None:
        ours = flatten(sample.rendering)
        ours[..., 3] = sample.picture[..., 3]  # a rule of its own
        yield from _apart("rendering", ours, sample.picture)


def cells_place(sample: Sample) -> Found:
    sizes = {layer.name: (layer.height, layer.width) for layer in _pieces(sample)}
    for piece, stack in sample.cells.items():
        if piece not in sizes:
            yield f"cells/{piece}", "there is no such piece"
        elif stack.size != sizes[piece]:
            yield f"cells/{piece}", f"they are {_size(stack.size)}, the piece {_size(sizes[piece])}"


def cells_missing(sample: Sample) -> Found:
    parts = [layer.name for layer in _pieces(sample) if split_part(layer.name)[0] in PART_LABELS]
    if sample.cells and (without := [name for name in parts if name not in sample.cells]):
        yield f"cells/{without[0]}", f"{len(without)} of {len(parts)} pieces have none"


def cells_sum(sample: Sample) -> Found:
    sheets = {layer.name: layer.rgba for layer in _pieces(sample)}
    for piece, stack in sample.cells.items():
        if piece in sheets and stack.size == sheets[piece].shape[:2]:
            yield from _apart(f"cells/{piece}", flatten(stack), sheets[piece])


def visible(sample: Sample) -> Found:
    if sample.visible is not None and sample.parts is not None:
        wrong = sample.visible != visible_map(sample.parts)
        if wrong.any():
            yield "visible", f"it differs from the pieces at {_px(wrong)}"


def depth(sample: Sample) -> Found:
    if sample.depth is not None:
        alpha = sample.picture[..., 3]
        for wrong, what in (
            ((sample.depth == 0) & (alpha == 255), "it is 0 on the figure"),
            ((sample.depth > 0) & (alpha == 0), "it is above 0 where nothing is"),
        ):
            if wrong.any():
                yield "depth", f"{what}, at {_px(wrong)}"


def head_box(sample: Sample) -> Found:
    if sample.head_box is not None:
        (top, left, bottom, right), (height, width) = sample.head_box, sample.size
        if not (0 <= top < bottom <= height and 0 <= left < right <= width):
            yield "", f"the head box is {sample.head_box}, the canvas {_size(sample.size)}"


def premultiplied(sample: Sample) -> Found:
    """Where rendering layers are known they are judged instead: thin dark lines sink towards the rim by themselves."""
    sheets = [] if sample.rendering else [("picture", sample.picture)]
    sheets += [(piece.path, piece.rgba) for piece in _pieces(sample) if piece.name not in sample.cells]
    for prefix, stack in _renderings(sample):
        sheets += [(f"{prefix}/{x.path}", x.rgba) for x in stack if x.blend is Blend.NORMAL]
    for path, rgba in sheets:
        if (share := premultiplication(rgba)) >= PREMULTIPLIED:
            yield path, f"{min(share, 1):.0%} of the colour of faint edges goes with their alpha"


def eyes(sample: Sample) -> Found:
    there = {split_part(layer.name)[:2] for layer in _pieces(sample)}
    for tag, side in sorted(there):
        if tag == "irides" and ("eyewhite", side) not in there:
            yield part_name(tag, side), f"there is no {part_name('eyewhite', side)}"


def sides(sample: Sample) -> Found:
    there = Counter(split_part(layer.name)[:2] for layer in _pieces(sample))
    for tag in (term.name for term in PARTS if term.sided):
        for side, other in (("l", "r"), ("r", "l")):
            if (tag, side) in there and not (there[tag, other] or there[tag, ""]):
                yield part_name(tag, side), f"there is no {part_name(tag, other)}"


def _pieces(sample: Sample) -> tuple[Layer, ...]:
    return () if sample.parts is None else sample.parts.layers


def _renderings(sample: Sample) -> Iterator[tuple[str, LayerStack]]:
    """The whole picture's rendering layers and those of every piece, with what stands before their names."""
    if sample.rendering is not None:
        yield "rendering", sample.rendering
    yield from ((f"cells/{piece}", stack) for piece, stack in sample.cells.items())


def _on_canvas(layer: Layer, size: tuple[int, int]) -> bool:
    _, part = overlap(layer, size)
    return bool(layer.rgba[part][..., 3].any())


def _apart(path: str, ours: Rgba, wanted: Rgba) -> Found:
    apart = difference(ours, wanted)
    if apart.max(initial=0) > TOLERANCE:
        yield path, f"the sum of the layers is off by up to {apart.max()} levels, at {_px(apart > TOLERANCE)}"


def _px(mask: Mask) -> str:
    return f"{np.count_nonzero(mask):,} px"


def _size(size: tuple[int, int]) -> str:
    return f"{size[1]} × {size[0]} px"
