"""The contact sheet: source, every layer, the flattened stack and its error, on one picture to judge by.

Bottom → top runs left → right. Every layer lies on what lets a person read it: Multiply on white, Screen on near
black, the rest on a checkerboard.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import premultiplied, to_uint8
from animelayers.composite import NEUTRAL, difference, flatten
from animelayers.errors import StackError
from animelayers.handoff.files import replacing
from animelayers.handoff.reduce import reduced
from animelayers.stack import Blend, Layer, LayerStack, Provenance, Rgba

if TYPE_CHECKING:
    from PIL import Image, ImageFont

Rgb = npt.NDArray[np.uint8]
"""uint8 [h, w, 3]."""

WIDTH = 2400
"""Largest width of a sheet, px."""
TALLEST = 1400
"""Largest height of one tile, px."""
NARROWEST = 200
"""Least width of a cell, px, so that its caption can be read."""
IN_ONE_ROW = 8
"""Up to this many tall pictures stand in one row."""
MARGIN, HEADER, CAPTION = 16, 56, 60
TITLE, TEXT, SMALL = 24, 20, 16

PAGE, INK, QUIET = (30, 30, 32), (236, 234, 230), (160, 159, 156)
WHITE, DARK, CHECKER = (255, 255, 255), (18, 18, 20), ((204, 204, 204), (188, 188, 188))
SQUARE = 8
"""Side of a square of the checkerboard, px. Mid-grey: eye whites and black lines can both be read on it."""
NEAR = 8
"""Small layers are shown from nearer, up to this many times."""

SIGNATURE = "animelayers-provenance"
"""Key of the text chunk that holds the provenance, as JSON."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Where tiles lie on a sheet, px."""

    columns: int
    rows: int
    cell_width: int
    tile_height: int
    tile_width: int

    @classmethod
    def of(cls, count: int, height: int, width: int) -> Grid:
        """The grid for `count` pictures: one row of a few tall ones, else the largest tiles that keep it wide."""
        if count <= IN_ONE_ROW and height >= width:
            return cls._with(count, count, height, width)
        grids = (cls._with(columns, count, height, width) for columns in range(1, count + 1))
        return next((grid for grid in grids if grid.height <= 0.9 * grid.width), cls._with(count, count, height, width))

    @classmethod
    def _with(cls, columns: int, count: int, height: int, width: int) -> Grid:
        room = max(NARROWEST, (WIDTH - MARGIN) // columns - MARGIN)
        scale = min(room / width, TALLEST / height)
        if scale > 1:  # pixels stay square and whole
            scale = max(1, int(min(scale, NARROWEST / max(height, width))))
        tile_height, tile_width = max(1, round(height * scale)), max(1, round(width * scale))
        return cls(columns, -(-count // columns), max(tile_width, NARROWEST), tile_height, tile_width)

    @property
    def width(self) -> int:
        return MARGIN + self.columns * (self.cell_width + MARGIN)

    @property
    def height(self) -> int:
        return HEADER + self.rows * (self.tile_height + CAPTION + MARGIN)

    def place(self, index: int) -> tuple[int, int]:
        """`(top, left)` of a tile; its caption follows below."""
        row, column = divmod(index, self.columns)
        return HEADER + row * (self.tile_height + CAPTION + MARGIN), MARGIN + column * (self.cell_width + MARGIN)


@dataclass(frozen=True, slots=True)
class Tile:
    """One captioned picture."""

    rgb: Rgb
    caption: str
    note: str


def write_sheet(stack: LayerStack, path: Path, *, source: Rgba | None = None) -> None:
    """Write the contact sheet of `stack` as PNG, signed with its provenance; the same stack gives the same bytes.

    Raises:
        StackError: `source` is not the size of the canvas.
        OutputError: the file cannot be written.
    """
    write_signed(render_sheet(stack, source), Path(path), stack.provenance)


def write_signed(image: Image.Image, path: Path, made: Provenance | None) -> None:
    """Write a picture as PNG that says how it was made; the same picture gives the same bytes.

    Raises:
        OutputError: the file cannot be written.
    """
    from PIL.PngImagePlugin import PngInfo

    signature = PngInfo()
    signature.add_itxt(SIGNATURE, json.dumps({} if made is None else made.as_dict(), sort_keys=True))
    with replacing(path) as temporary:
        image.save(temporary, "PNG", pnginfo=signature)


def render_sheet(stack: LayerStack, source: Rgba | None = None) -> Image.Image:
    """The contact sheet, an RGB picture. With `source` (uint8 [h, w, 4]) it begins with it and ends with the error.

    Raises:
        StackError: `source` is not the size of the canvas.
    """
    from PIL import Image, ImageDraw, ImageFont

    if source is not None and source.shape[:2] != stack.size:
        raise StackError(
            f"the stack is {stack.height} × {stack.width} px, the source {source.shape[0]} × {source.shape[1]}",
            hint="give the picture that this stack was made from",
        )
    grid = Grid.of(len(stack) + (1 if source is None else 3), *stack.size)
    sheet = Image.new("RGB", (grid.width, grid.height), PAGE)
    draw = ImageDraw.Draw(sheet)
    title, text, small = (ImageFont.load_default(size) for size in (TITLE, TEXT, SMALL))
    draw.text((MARGIN, HEADER // 2), _fitted(_headline(stack), title, grid.width - 2 * MARGIN), INK, title, "lm")
    for index, tile in enumerate(_tiles(stack, source, grid)):
        top, left = grid.place(index)
        sheet.paste(Image.fromarray(tile.rgb), (left, top))
        under = top + grid.tile_height + 8
        draw.text((left, under), _fitted(tile.caption, text, grid.cell_width), INK, text)
        draw.text((left, under + TEXT + 6), _fitted(tile.note, small, grid.cell_width), QUIET, small)
    return sheet


def _headline(stack: LayerStack) -> str:
    size = f"{stack.width} × {stack.height} px"
    made = stack.provenance
    if made is None:
        return size
    return " · ".join(
        part for part in (_legible(made.source_name), size, made.mode, f"{made.model} {made.version}") if part
    )


def _legible(name: str) -> str:
    """`name` with `?` for what the built-in font lacks; empty when that is every letter."""
    text = re.sub(r"[^ -~]", "?", name)
    return text if re.search(r"[A-Za-z0-9]", Path(text).stem) else ""


def _fitted(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """`text` cut to `width` px; the built-in font has ASCII, · and … but no ×."""
    text = text.replace("×", "x")
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"


def _tiles(stack: LayerStack, source: Rgba | None, grid: Grid) -> Iterator[Tile]:
    size = grid.tile_height, grid.tile_width
    if source is not None:
        yield Tile(_tile(Layer("source", source), stack.size, size), "source", f"{stack.width} × {stack.height} px")
    for number, layer in enumerate(stack, 1):
        near, height, width = _from_near(layer, stack.size)
        times = round(stack.height / height, 1)
        note = _note(layer, stack.size) + (f" · seen x {times:g}" if times > 1 else "")
        yield Tile(_tile(near, (height, width), size), _caption(layer, number), note)
    flat = flatten(stack)
    yield Tile(_tile(Layer("flattened", flat), stack.size, size), "flattened", f"{len(stack)} layers")
    if source is not None:
        yield _difference(flat, source, size)


def _caption(layer: Layer, number: int) -> str:
    """The canonical name, after those of its groups; a number where the built-in font has no letter of it."""
    return _legible(layer.path) or f"layer {number}"


def _note(layer: Layer, canvas: tuple[int, int]) -> str:
    share = 100 * coverage(layer, canvas)
    notes = [layer.blend.value, f"{share:.1f} %" if share >= 0.05 or share == 0 else "< 0.1 %"]
    if layer.opacity < 1:
        notes.append(f"opacity {100 * layer.opacity:.0f} %")
    if not layer.visible:
        notes.append("hidden")
    return " · ".join(notes)


def coverage(layer: Layer, canvas: tuple[int, int]) -> float:
    """Share of the canvas, 0..1, that the layer touches: visible, and not the neutral colour of its blend mode."""
    rgba, _, _ = reduced(layer, canvas)
    touched = rgba[..., 3] > 0
    if layer.blend in NEUTRAL:
        touched &= (rgba[..., :3] != NEUTRAL[layer.blend]).any(axis=2)
    return float(touched.sum()) / (canvas[0] * canvas[1])


def _from_near(layer: Layer, canvas: tuple[int, int]) -> tuple[Layer, int, int]:
    """A small layer moved onto a canvas of its own, cut from around it: `(layer, height, width)` of the same shape."""
    rgba, top, left = reduced(layer, canvas)
    whole = layer, *canvas
    if not rgba.size:
        return whole
    times = min(NEAR, 0.8 * canvas[0] / rgba.shape[0], 0.8 * canvas[1] / rgba.shape[1])
    if times < 1.5:
        return whole
    height, width = (max(1, round(extent / times)) for extent in canvas)
    y = min(max(0, top + rgba.shape[0] // 2 - height // 2), canvas[0] - height)
    x = min(max(0, left + rgba.shape[1] // 2 - width // 2), canvas[1] - width)
    return layer.replace(top=layer.top - y, left=layer.left - x), height, width


def _tile(layer: Layer, canvas: tuple[int, int], size: tuple[int, int]) -> Rgb:
    """The layer where it lies on the canvas, at tile size, on what lets a person read it."""
    factor = max(1, min(canvas[0] // size[0], canvas[1] // size[1]))
    rgba, top, left = reduced(layer, canvas, factor)
    sheet = np.zeros((-(-canvas[0] // factor), -(-canvas[1] // factor), 4), np.float32)
    sheet[top : top + rgba.shape[0], left : left + rgba.shape[1]] = premultiplied(rgba)
    enlarged = size[0] > sheet.shape[0]
    scaled = np.asarray(
        cv2.resize(sheet, size[::-1], interpolation=cv2.INTER_NEAREST if enlarged else cv2.INTER_AREA), np.float32
    )
    return to_uint8(scaled[..., :3] + _ground(layer.blend, size) * (1 - scaled[..., 3:] / 255))


def _ground(blend: Blend, size: tuple[int, int]) -> Rgb:
    """What a layer of this mode lies on, uint8 [h, w, 3]."""
    plain = {255: WHITE, 0: DARK}.get(NEUTRAL.get(blend, -1))
    if plain is not None:
        return np.full((*size, 3), plain, np.uint8)
    rows, columns = np.indices(size) // SQUARE
    ground: Rgb = np.asarray(CHECKER, np.uint8)[(rows + columns) % 2]
    return ground


def _difference(flat: Rgba, source: Rgba, size: tuple[int, int]) -> Tile:
    """The error, amplified to be seen; reduced by maximum, so that one wrong pixel does not drown."""
    error = difference(flat, source)
    worst = int(error.max(initial=0))
    gain = min(64, 255 // max(1, worst))
    reach = (-(-error.shape[1] // size[1]), -(-error.shape[0] // size[0]))
    spread = cv2.dilate(error, np.ones(reach[::-1], np.uint8))
    grey = np.asarray(cv2.resize(spread, size[::-1], interpolation=cv2.INTER_NEAREST), np.uint8) * np.uint8(gain)
    note = "exact: max error 0" if worst == 0 else f"max error {worst}" + (f", seen x {gain}" if gain > 1 else "")
    return Tile(np.repeat(grey[..., None], 3, axis=2), "difference", note)
