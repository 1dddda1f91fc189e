"""Writes `docs/artist.jpg`: 64 characters of the synthetic artist, and one of them taken apart.

python docs/artist_sheet.py [FIRST_SEED]
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from animelayers.artist.studio import sample
from animelayers.color import matte
from animelayers.composite import on_canvas
from animelayers.data.sample import Sample
from animelayers.parts import PARTS
from animelayers.stack import Rgba

COLUMNS, ROWS = 8, 8
CELL = (300, 200)
"""Height and width, px."""
PAPER = (206, 214, 222)
SPARE = 14
"""Cells of the exploded stack a row."""


def character(seed: int) -> Image.Image:
    """One sample as a model sees it, drawn larger and reduced, so that fine lines stay."""
    image = sample(seed, 2 * CELL[0], 2 * CELL[1]).image
    assert image is not None
    return reduced(image, CELL)


def reduced(rgba: Rgba, size: tuple[int, int]) -> Image.Image:
    """A sheet on paper at a smaller size."""
    return Image.fromarray(cv2.resize(matte(rgba, PAPER), size[::-1], interpolation=cv2.INTER_AREA))


def fitted(rgba: Rgba, size: tuple[int, int]) -> Image.Image:
    """A sheet in the middle of a cell below its name, as large as there is room, small ones at most doubled."""
    room = (size[0] - 18, size[1] - 8)
    scale = min(room[0] / rgba.shape[0], room[1] / rgba.shape[1], 2.0)
    inner = reduced(rgba, (max(round(rgba.shape[0] * scale), 1), max(round(rgba.shape[1] * scale), 1)))
    cell = Image.new("RGB", size[::-1], PAPER)
    cell.paste(inner, ((size[1] - inner.width) // 2, 14 + (room[0] - inner.height) // 2))
    return cell


def exploded(made: Sample) -> list[tuple[str, Rgba]]:
    """Every sheet of a sample: the picture, its rendering layers, its maps, its pieces from the bottom up."""
    assert made.parts is not None
    assert made.rendering is not None
    assert made.depth is not None
    assert made.visible is not None
    grey = (made.depth >> 8).astype(np.uint8)
    hues = np.array(
        [(0, 0, 0), *((int(180 * k / len(PARTS)), 140 + 40 * (k % 3), 230) for k in range(len(PARTS)))], np.uint8
    )
    colours = cv2.cvtColor(hues[None], cv2.COLOR_HSV2RGB)[0]
    opaque = np.full((*made.size, 1), 255, np.uint8)
    return [
        ("picture", made.picture),
        *((layer.name, on_canvas(layer, made.size)) for layer in made.rendering),
        ("depth", np.dstack([grey, grey, grey, opaque])),
        ("visible parts", np.dstack([colours[made.visible], opaque])),
        *((layer.name, layer.rgba) for layer in made.parts),
    ]


def main(first: int = 0, shown: int = 48) -> None:
    """The page: characters above, the stack of one of them below."""
    height, width = CELL
    with ProcessPoolExecutor() as pool:
        cells = list(pool.map(character, range(first, first + COLUMNS * ROWS), chunksize=4))
    sheets = exploded(sample(first + shown, 1152, 768))
    small = (round(COLUMNS * width / SPARE * 1.3), COLUMNS * width // SPARE)
    rows = -(-len(sheets) // SPARE)
    page = Image.new("RGB", (COLUMNS * width, ROWS * height + rows * small[0]), PAPER)
    for k, cell in enumerate(cells):
        page.paste(cell, (k % COLUMNS * width, k // COLUMNS * height))
    draw = ImageDraw.Draw(page)
    for k, (name, rgba) in enumerate(sheets):
        corner = (k % SPARE * small[1], ROWS * height + k // SPARE * small[0])
        page.paste(fitted(rgba, small), corner)
        draw.text((corner[0] + 3, corner[1] + 2), name, fill=(20, 30, 40))
    page.save(Path(__file__).parent / "artist.jpg", quality=88)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
