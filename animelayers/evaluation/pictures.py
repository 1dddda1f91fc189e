"""One small picture of every sample that was measured: the truth above, what was predicted below.

`rendering`: what was seen, then flat, shadow, highlight and line; below it what the predicted layers flatten to, and
those layers. `parts`: what was seen, the map of visible parts, every part in a cell of its own; below it how far the
flattened prediction is off, and the same of the prediction. A part has one colour and one cell in both rows.
"""

from __future__ import annotations

import colorsys
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.composite import NEUTRAL, difference, flatten
from animelayers.data.sample import SLOTS, Sample
from animelayers.evaluation.pieces import Piece, box_around, labels_of, pieces_of, sheet, topmost
from animelayers.evaluation.prediction import Prediction
from animelayers.handoff.files import replacing
from animelayers.handoff.reduce import reduced
from animelayers.models.registry import Mode
from animelayers.parts import PART_LABELS
from animelayers.stack import Blend, Layer, LayerStack, Rgba

Rgb = npt.NDArray[np.uint8]
"""uint8 [h, w, 3]."""

TALLEST, WIDEST = 320, 480
"""Of one tile, px."""
MOST_BYTES = 80_000
"""Of one picture, if any of `QUALITIES` makes it as small."""
QUALITIES = (80, 65, 50, 35, 20)
GAP = 4
"""Pixels between tiles."""
PAGE, WHITE, DARK, CHECKER = 30, 255, 18, (204, 188)
"""Levels of grey: around the tiles; under Multiply; under Screen; under everything else."""
SQUARE = 8
"""Side of a square of the checkerboard, px."""
HOTTEST = 32
"""Levels of difference that the heat map shows brightest; fixed, so that pictures can be compared."""


def write_picture(path: Path, sample: Sample, prediction: Prediction, seen: Rgba, mode: Mode) -> None:
    """Write the picture of a sample as WebP; same sample and prediction, same bytes.

    Args:
        path: where to; replaced if it is there.
        sample: one with the truth of `mode`.
        prediction: of the sample's size.
        seen: uint8 [h, w, 4], what the prediction was made from.
        mode: what is shown.

    Raises:
        OutputError: the file cannot be written.
    """
    truth = sample.rendering if mode == "rendering" else sample.parts
    above, below = truth or LayerStack(*sample.size, ()), prediction.stack
    source = _tile([Layer("seen", seen)], sample.size)
    if mode == "rendering":
        flattened = _tile([Layer("flattened", flatten(below))], sample.size)
        rows = [[source, *_slots(above)], [flattened, *_slots(below)]]
    else:
        true, made = pieces_of(above), pieces_of(below)
        first, second = _exploded(true, made, source.shape[0])
        off = _heat(difference(flatten(below), sample.picture))
        rows = [[source, _visible(true, sample.size), first], [off, _visible(made, sample.size), second]]
    data = encoded(_joined([_joined(tiles, 1) for tiles in rows], 0))
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def encoded(rgb: Rgb) -> bytes:
    """uint8 [h, w, 3] as WebP: the best quality that `MOST_BYTES` allow."""
    from PIL import Image

    image, data = Image.fromarray(rgb), b""
    for quality in QUALITIES:
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=quality)
        data = buffer.getvalue()
        if len(data) <= MOST_BYTES:
            break
    return data


def _joined(tiles: Iterable[Rgb], axis: int) -> Rgb:
    """Tiles below (0) or beside (1) each other, top left in their places, with a gap after each."""
    tiles = list(tiles)
    across = max(tile.shape[1 - axis] for tile in tiles)
    padded = []
    for tile in tiles:
        room = [(0, GAP), (0, GAP), (0, 0)]
        room[1 - axis] = 0, across - tile.shape[1 - axis]
        padded.append(np.pad(tile, room, constant_values=PAGE))
    return np.concatenate(padded, axis=axis)


def _factor(size: tuple[int, int]) -> int:
    """By what a canvas is made smaller for a tile."""
    return max(-(-size[0] // TALLEST), -(-size[1] // WIDEST))


def _tile(layers: Iterable[Layer], size: tuple[int, int], factor: int = 0) -> Rgb:
    """Layers of a canvas of `(height, width)` px, composited smaller on what lets a person read them."""
    factor = factor or _factor(size)
    small = -(-size[0] // factor), -(-size[1] // factor)
    shown = []
    for number, layer in enumerate(layers):
        rgba, top, left = reduced(layer, size, factor)
        shown.append(layer.replace(name=str(number), group=(), rgba=rgba, top=top, left=left))
    ground = _ground(shown[0].blend if shown else Blend.NORMAL, small)
    return flatten(LayerStack(*small, (ground, *shown)))[..., :3]


def _ground(blend: Blend, size: tuple[int, int]) -> Layer:
    levels = np.full(size, {255: WHITE, 0: DARK}.get(NEUTRAL.get(blend, -1), 0), np.uint8)
    if blend not in NEUTRAL:
        rows, columns = np.indices(size) // SQUARE
        levels = np.asarray(CHECKER, np.uint8)[(rows + columns) % 2]
    return Layer("ground", np.dstack([levels, levels, levels, np.full_like(levels, 255)]))


def _slots(stack: LayerStack) -> Iterator[Rgb]:
    """A tile for every rendering layer; an empty one for those that are missing."""
    for slot in SLOTS:
        yield _tile([layer for layer in stack if layer.name == slot], stack.size)


def _visible(pieces: Sequence[Piece], size: tuple[int, int]) -> Rgb:
    """The map of visible parts in colours, a pixel of every block standing for it."""
    factor = _factor(size)
    places = topmost(pieces, (0, 0, *size))
    return PALETTE[labels_of(pieces)[places[factor // 2 :: factor, factor // 2 :: factor]]]


def _palette() -> Iterator[tuple[float, float, float]]:
    yield (PAGE / 255,) * 3
    for number in range(len(PART_LABELS)):  # neighbours in the vocabulary lie far apart in hue
        yield colorsys.hsv_to_rgb(number * 0.618034 % 1, (0.85, 0.45)[number % 2], (1, 0.72, 0.86)[number % 3])


PALETTE: Rgb = np.array([[round(255 * level) for level in colour] for colour in _palette()], np.uint8)
"""uint8 [24, 3]: the colour of every label of a map of visible parts."""


def _heat(off: npt.NDArray[np.uint8]) -> Rgb:
    """Differences in levels, uint8 [h, w], black where there is none; the worst pixel of a block stands for it."""
    factor = _factor((off.shape[0], off.shape[1]))
    padded = np.pad(off, [(0, -length % factor) for length in off.shape])
    worst = padded.reshape(padded.shape[0] // factor, factor, -1, factor).max(axis=(1, 3))
    hot = (np.minimum(worst, HOTTEST) * (255 / HOTTEST)).astype(np.uint8)
    return np.asarray(cv2.applyColorMap(hot, cv2.COLORMAP_INFERNO), np.uint8)[..., ::-1]


def _exploded(truth: Sequence[Piece], predicted: Sequence[Piece], height: int) -> list[Rgb]:
    """The parts of both, each in a cell; cut to what either has of it, so that the two can be compared."""
    tags = [tag for tag in PART_LABELS if any(piece.tag == tag for piece in (*truth, *predicted))]
    rows = max(1, round((len(tags) / 1.5) ** 0.5))
    columns, side = max(1, -(-len(tags) // rows)), max(16, height // rows - GAP)
    sheets = [np.full((rows * (side + GAP), columns * (side + GAP), 3), PAGE, np.uint8) for _ in range(2)]
    for place, tag in enumerate(tags):
        both = [[piece for piece in pieces if piece.tag == tag] for pieces in (truth, predicted)]
        box = box_around(itertools.chain(*both))
        size = box[2] - box[0], box[3] - box[1]
        top, left = (at * (side + GAP) for at in divmod(place, columns))
        for page, pieces in zip(sheets, both, strict=True):
            if all(size):
                cell = _tile([Layer(tag, sheet(pieces, box))], size, -(-max(size) // side))
                page[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
    return sheets
