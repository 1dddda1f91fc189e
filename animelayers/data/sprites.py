"""Sprites whose artist published the layers, laid together in every way they fit; and changes to any sample.

`augustina` reads the layered sprite of Ren'Py's own tests (MIT). Its sheets are cut only where nothing was painted:

| sheet | becomes | because |
|---|---|---|
| base | `background` | hair, face, arms and legs on one sheet, which all else lies on: none of our parts |
| outfit dress | `headwear`, `topwear` | the ribbons hang free of the dress; tights and bracelet do not |
| outfit jeans | `topwear`, `bottomwear` | skin shows between shirt and jeans; the necklace touches the shirt |
| eyes open | `irides-l`, `irides-r` | white, iris and lashes of an eye on one sheet: the nearest tag |
| eyes wink | `eyelash-l`, `irides-r` | a closed eye is a lash |
| eyebrows, mouth, glasses | `eyebrow-l`, `eyebrow-r`, `mouth`, `eyewear` | |

The outfits leave out the hands that lie over them, as they were drawn, so they are not complete behind those.

`flipped`, `rescaled` and `on_background` take any sample. Parts still flatten to the picture, because the picture is
made from them; rendering layers are solved again where resampling would have broken them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import bleed, clear_hidden, premultiplied, straight
from animelayers.composite import flatten, on_canvas
from animelayers.data.sample import Box, Licence, Sample, visible_map
from animelayers.errors import DataError
from animelayers.parts import other_side, part_name
from animelayers.picture import load_picture
from animelayers.raster import nearest, trimmed
from animelayers.rendering.solve import RenderingGuess, exact_stack
from animelayers.stack import Layer, LayerStack, Rgba

_T = TypeVar("_T", np.uint8, np.uint16)

AUGUSTINA = Licence("MIT", "the Ren'Py demo's artists", "https://github.com/renpy/renpy, scripts/rt")

_CHOICES = {
    "outfit": ("outfit_dress", "outfit_jeans"),
    "eyes": ("eyes_open", "eyes_wink"),
    "eyebrows": ("eyebrows_normal", "eyebrows_oneup"),
    "mouth": ("mouth_smile", "mouth_happy"),
    "glasses": ("", "glasses", "glasses_evil"),
}
"""What is laid over the base, in draw order."""

_CUTS: Mapping[str, tuple[tuple[str, int, int], ...]] = {
    "outfit_dress": (("headwear", 0, 195), ("topwear", 195, 710)),
    "outfit_jeans": (("topwear", 0, 440), ("bottomwear", 440, 710)),
}
"""Sheet → pieces, and between which rows a connected area of each begins."""

_EYES = {"eyes_open": {"l": "irides", "r": "irides"}, "eyes_wink": {"l": "eyelash", "r": "irides"}}
_MIDDLE = 173  # the column between the eyes
_HEAD: Box = (5, 100, 173, 252)  # measured on the base
_MOUTH_AT = (100, 100)  # the mouths are cut-outs; the sprite's script places them


def augustina(folder: Path) -> Iterator[Sample]:
    """The 48 Augustinas that her sheets `augustina_*.png` make: outfit × eyes × eyebrows × mouth × glasses.

    Raises:
        DataError: a sheet is missing.
        PictureError: one cannot be read.
    """
    names = ("base", *(name for choice in _CHOICES.values() for name in choice if name))
    paths = {name: Path(folder) / f"augustina_{name}.png" for name in names}
    if missing := [path.name for path in paths.values() if not path.is_file()]:
        hint = "the sheets lie in scripts/rt of https://github.com/renpy/renpy"
        raise DataError(f"{folder} has no {missing[0]}", hint=hint)
    sheets = {name: load_picture(path).rgba for name, path in paths.items()}
    height, width = sheets["base"].shape[:2]
    pieces = {name: _pieces(name, rgba, (height, width)) for name, rgba in sheets.items()}
    for chosen in product(*_CHOICES.values()):
        layers = (layer for name in ("base", *filter(None, chosen)) for layer in pieces[name])
        shown = {group: name.removeprefix(f"{group}_") for group, name in zip(_CHOICES, chosen, strict=True)}
        yield assembled(
            "-".join(("augustina", *(name or "none" for name in shown.values()))),
            LayerStack(height, width, tuple(layers)),
            AUGUSTINA,
            head_box=_HEAD,
            attributes={"generator": "augustina", **shown},
        )


def assembled(id_: str, parts: LayerStack, licence: Licence, **more: Any) -> Sample:
    """The sample that `parts` make: its picture, map of visible parts and draw-order depth follow from them."""
    derived = {"picture": flatten(parts), "visible": visible_map(parts), "depth": draw_depth(parts)}
    return Sample(id=id_, licence=licence, parts=parts, **{**derived, **more})


def draw_depth(parts: LayerStack) -> npt.NDArray[np.uint16]:
    """uint16 [h, w]: how far up in draw order the top-most piece with at least half cover lies; 0 where there is none.

    The steps are even, and the top-most piece is 65535.
    """
    out = np.zeros(parts.size, np.uint16)
    for place, layer in enumerate(parts, start=1):
        out[on_canvas(layer, parts.size)[..., 3] >= 128] = place * 65535 // len(parts)
    return out


def sides(rgba: Rgba, middle: int) -> dict[str, Rgba]:
    """A sheet, uint8 [h, w, 4], cut at the empty column `middle`: the character's `r` is left of it, `l` right.

    Empty halves are left out. A sheet with something in that column stays whole, its side being the empty string.
    """
    if rgba[:, middle : middle + 1, 3].any():
        return {"": rgba}
    right, left = rgba.copy(), rgba.copy()
    right[:, middle:] = left[:, :middle] = 0
    return {side: half for side, half in (("r", right), ("l", left)) if half[..., 3].any()}


def flipped(sample: Sample) -> Sample:
    """The mirror image, l and r of pieces and keypoints swapped. Its id is still that of the sample."""
    width = sample.size[1]
    mirrored = partial(_mirrored, width=width)
    box = sample.head_box
    return sample.replace(
        picture=_reversed(sample.picture),
        parts=sample.parts and mirrored(sample.parts),
        rendering=sample.rendering and mirrored(sample.rendering),
        cells={other_side(name): _mirrored(cell, width=cell.width) for name, cell in sample.cells.items()},
        image=None if sample.image is None else _reversed(sample.image),
        depth=None if sample.depth is None else _reversed(sample.depth),
        visible=None if sample.visible is None else _reversed(sample.visible),
        head_box=box and (box[0], width - box[3], box[2], width - box[1]),
        keypoints={other_side(name): (y, width - x) for name, (y, x) in sample.keypoints.items()},
    )


def rescaled(sample: Sample, size: tuple[int, int]) -> Sample:
    """The sample at another size `(height, width)`; what its layers have beyond the canvas is cut off.

    Pieces are resampled by area (linearly when they grow) on premultiplied colour and the picture is made from them
    again; rendering layers and cells are solved again for the new picture and pieces; depth is not interpolated.

    Raises:
        DataError: the size is empty.
    """
    if min(size) < 1:
        raise DataError(f"a sample of {size[0]} × {size[1]} px was asked for", hint="give at least 1 × 1")
    resize = partial(_resized, size=size)
    parts = sample.parts and rescaled_parts(sample.parts, size)
    picture = flatten(parts) if parts else resize(sample.picture)
    down, right = size[0] / sample.size[0], size[1] / sample.size[1]
    return sample.replace(
        picture=picture,
        parts=parts,
        rendering=sample.rendering and _solved_again(sample.rendering, resize, picture),
        cells={} if parts is None else dict(_rescaled_cells(sample, parts)),
        image=None if sample.image is None else resize(sample.image),
        depth=None if sample.depth is None else _rescaled_depth(sample.depth, picture),
        visible=None if parts is None or sample.visible is None else visible_map(parts),
        head_box=sample.head_box and _scaled_box(sample.head_box, down, right, size),
        keypoints={name: (y * down, x * right) for name, (y, x) in sample.keypoints.items()},
    )


def on_background(sample: Sample, background: tuple[int, int, int] | npt.NDArray[np.uint8]) -> Sample:
    """The sample with `image` = its picture on a colour, or on another picture, uint8 [h, w, 3]. The layers stay.

    Raises:
        DataError: the background is of another size.
    """
    colour = np.asarray(background, np.uint8)
    if colour.shape not in ((3,), (*sample.size, 3)):
        raise DataError(
            f"sample {sample.id} is {sample.size}, the background {colour.shape}",
            hint="give (red, green, blue), or uint8 [h, w, 3] of the sample's size",
        )
    ground = np.full((*sample.size, 4), 255, np.uint8)
    ground[..., :3] = colour
    layers = (Layer("background", ground), Layer("picture", sample.picture))
    return sample.replace(image=flatten(LayerStack(*sample.size, layers)))


def _pieces(name: str, rgba: Rgba, size: tuple[int, int]) -> tuple[Layer, ...]:
    """The layers of one of Augustina's sheets, bottom → top."""
    if name in _CUTS:
        return tuple(_beginning_within(tag, rgba, rows) for tag, *rows in _CUTS[name])
    kind = name.partition("_")[0]
    if kind in ("eyes", "eyebrows"):
        tags = _EYES.get(name, {"l": "eyebrow", "r": "eyebrow"})
        return tuple(trimmed(Layer(part_name(tags[side], side), half)) for side, half in sides(rgba, _MIDDLE).items())
    if kind == "mouth":
        return (trimmed(Layer("mouth", rgba, *_MOUTH_AT)),)
    if rgba.shape[:2] != size:
        raise DataError(f"augustina_{name}.png is {rgba.shape[:2]}, the base {size}", hint="use the sheets unscaled")
    return (trimmed(Layer({"base": "background", "glasses": "eyewear"}[kind], rgba)),)


def _beginning_within(tag: str, rgba: Rgba, rows: list[int]) -> Layer:
    """What of a sheet belongs to connected areas whose first row is one of `rows`, first and end."""
    _, labels, areas, _ = cv2.connectedComponentsWithStats((rgba[..., 3] > 0).astype(np.uint8), connectivity=8)
    tops = areas[:, cv2.CC_STAT_TOP]
    own = ((tops >= rows[0]) & (tops < rows[1]))[labels]
    return trimmed(Layer(tag, np.where(own[..., None], rgba, np.uint8(0))))


def _reversed(plane: npt.NDArray[_T]) -> npt.NDArray[_T]:
    return np.ascontiguousarray(plane[:, ::-1])


def _mirrored(stack: LayerStack, *, width: int) -> LayerStack:
    layers = tuple(
        layer.replace(
            name=other_side(layer.name),
            rgba=_reversed(layer.rgba),
            left=width - layer.left - layer.width,
            group=tuple(map(other_side, layer.group)),
        )
        for layer in stack
    )
    return stack.replace(layers=layers)


def _resized(rgba: Rgba, size: tuple[int, int]) -> Rgba:
    shrinks = size[0] * size[1] < rgba.shape[0] * rgba.shape[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    levels = np.asarray(cv2.resize(premultiplied(rgba), size[::-1], interpolation=way), np.float32)
    return clear_hidden(straight(levels))


def rescaled_parts(parts: LayerStack, size: tuple[int, int]) -> LayerStack:
    """Layers on a canvas of another size: by area (linearly when they grow) on premultiplied colour, then trimmed."""
    layers = (_rescaled_layer(trimmed(layer), parts.size, size) for layer in parts)
    return LayerStack(*size, tuple(layers), parts.provenance)


def _rescaled_layer(layer: Layer, old: tuple[int, int], new: tuple[int, int]) -> Layer:
    """As the whole canvas would be, from no more of it than the layer needs.

    Canvases 1280 and 2048 px wide have a common edge of pixels every 5 and 8 px: the layer is cut out at such edges,
    with one block of nothing on each side, and resized by itself.
    """
    rows, above = _blocks(layer.top, layer.height, old[0], new[0])
    columns, before = _blocks(layer.left, layer.width, old[1], new[1])
    cut = on_canvas(
        layer.replace(top=layer.top - rows.start, left=layer.left - columns.start), (len(rows), len(columns))
    )
    return trimmed(layer.replace(rgba=_resized(cut, (len(above), len(before))), top=above.start, left=before.start))


def _blocks(start: int, length: int, old: int, new: int) -> tuple[range, range]:
    """The whole blocks around `start` … `start + length`, px of the old canvas and of the new."""
    count = math.gcd(old, new)
    block = old // count
    first = min(count - 1, max(0, start // block - 1))
    last = max(first + 1, min(count, -(-(start + length) // block) + 1))
    return range(first * block, last * block), range(first * (new // count), last * (new // count))


def _rescaled_cells(sample: Sample, parts: LayerStack) -> Iterator[tuple[str, LayerStack]]:
    """The rendering layers of every piece, solved for what the piece has become; one that vanished has none."""
    for name, cell in sample.cells.items():
        old, new = (sample.parts or parts)[name], parts[name]
        if not new.rgba.size:
            continue
        box = np.s_[new.top : new.top + new.height, new.left : new.left + new.width]

        def resize(rgba: Rgba, old: Layer = old, box: tuple[slice, slice] = box) -> Rgba:
            whole = on_canvas(old.replace(rgba=rgba), sample.size)
            return _resized(whole, parts.size)[box]

        yield name, _solved_again(cell, resize, new.rgba)


def _solved_again(stack: LayerStack, resize: Callable[[Rgba], Rgba], picture: Rgba) -> LayerStack:
    """Rendering layers, resampled by `resize`, that flatten to `picture` exactly."""
    unlined = flatten(stack.replace(layers=tuple(layer for layer in stack if layer.name != "line")))
    flat, line = (resize(on_canvas(stack[name], stack.size)) for name in ("flat", "line"))
    guess = RenderingGuess(bleed(flat)[..., :3], line, bleed(resize(unlined))[..., :3])
    return exact_stack(picture, guess, stack.provenance)


def _rescaled_depth(depth: npt.NDArray[np.uint16], picture: Rgba) -> npt.NDArray[np.uint16]:
    """Of the nearest pixel, so that no depth arises between two; soft edges take that of what they belong to."""
    out = np.asarray(cv2.resize(depth, picture.shape[1::-1], interpolation=cv2.INTER_NEAREST_EXACT), np.uint16)
    known = out > 0
    if known.any():
        out = np.where(known, out, out.ravel()[nearest(known)[1]])
    return np.where(picture[..., 3] >= 128, out, 0).astype(np.uint16)


def _scaled_box(box: Box, down: float, right: float, size: tuple[int, int]) -> Box:
    """The smallest box of whole pixels around the scaled one, cut at the canvas."""
    top, left = int(box[0] * down), int(box[1] * right)
    return top, left, min(size[0], int(np.ceil(box[2] * down))), min(size[1], int(np.ceil(box[3] * right)))
