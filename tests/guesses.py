"""What a parts model might say of a sample: the truth at a small net's resolution, and nonsense."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from animelayers.anatomy.guess import Look, PartsGuess
from animelayers.color import premultiplied, straight
from animelayers.composite import flatten, on_canvas
from animelayers.data.sample import Box, Sample, visible_map
from animelayers.parts import PART_LABELS, split_part
from animelayers.raster import overlap, tight_box, trimmed
from animelayers.stack import Layer, LayerStack

TAGS = tuple(PART_LABELS)
HEAD_TAGS = TAGS[: TAGS.index("neckwear")]
MARGIN = 0.08
"""Around the figure, as a share of its box on either side."""
AROUND_HEAD = 1.25
"""How much larger than the head's box its look is."""


def oracle(
    sample: Sample,
    *,
    shape: tuple[int, int] = (384, 320),
    cell: int = 4,
    head: bool = True,
    noise: float = 0.0,
    seed: int = 0,
) -> PartsGuess:
    """What a perfect net would say of `sample` at looks of `shape` px: the truth, resampled by area.

    Args:
        sample: with parts.
        shape: height and width of a look; visible parts come at half of it.
        cell: pixels of a look per value of the maps of whole parts.
        head: whether the head is looked at, too, where the sample says where it is.
        noise: 0..1: blur, and blobs in which one part is taken for another.
        seed: of the blobs.
    """
    looks = [_look(sample, _window(_figure_box(sample), 1 + 2 * MARGIN, shape), TAGS, shape, cell)]
    if head and sample.head_box is not None:
        looks.append(_look(sample, _window(sample.head_box, AROUND_HEAD, shape), HEAD_TAGS, shape, cell))
    if noise:
        looks = [_confused(look, noise, np.random.default_rng([seed, at])) for at, look in enumerate(looks)]
    return PartsGuess(tuple(looks))


def garbage(size: tuple[int, int], seed: int = 0, tags: Sequence[str] = TAGS) -> PartsGuess:
    """Nonsense about a picture of `(height, width)`: soft blobs of everything, looks that reach beyond it."""
    rng = np.random.default_rng(seed)
    looks = []
    for _ in range(rng.integers(1, 4)):
        chosen = tuple(rng.permutation(tags)[: rng.integers(1, len(tags) + 1)])
        count, cells = len(chosen), tuple(int(side) for side in rng.integers(1, 24, 2))
        fine = tuple(int(side) for side in rng.integers(1, 48, 2))
        centre, half = rng.uniform(0, 1, 2) * size, rng.uniform(0.1, 1.2, 2) * size
        visible = rng.random((count, *fine), np.float32) ** 4
        looks.append(
            Look(
                box=(*map(float, centre - half), *map(float, centre + half)),
                tags=chosen,
                visible=visible / max(float(visible.sum(axis=0).max()), 1.0),
                alpha=np.clip(rng.normal(0.5, 0.6, (count, *cells)), 0, 1).astype(np.float32),
                colour=rng.integers(0, 256, (count, *cells, 3), dtype=np.uint8),
                depth=rng.random((count, *cells), np.float32),
                presence=rng.random(count, np.float32),
                side=rng.uniform(-1, 1, cells).astype(np.float32) if rng.random() < 0.5 else None,
            )
        )
    return PartsGuess(tuple(looks), float(rng.uniform(0.5, 1)))


def _figure_box(sample: Sample) -> Box:
    return tight_box(sample.picture[..., 3] > 0)


def _window(box: Box, larger: float, shape: tuple[int, int]) -> Box:
    """The window of the proportions of `shape` around a box made `larger`; whole pixels."""
    top, left, bottom, right = box
    scale = larger * max((bottom - top) / shape[0], (right - left) / shape[1])
    height, width = max(round(shape[0] * scale), 1), max(round(shape[1] * scale), 1)
    y, x = (top + bottom - height) // 2, (left + right - width) // 2
    return y, x, y + height, x + width


def _look(sample: Sample, window: Box, tags: tuple[str, ...], shape: tuple[int, int], cell: int) -> Look:
    assert sample.parts is not None
    fine, coarse = (shape[0] // 2, shape[1] // 2), (shape[0] // cell, shape[1] // cell)
    labels = visible_map(sample.parts) if sample.visible is None else sample.visible
    visible = np.stack([_shrunk(labels == PART_LABELS[tag], window, fine) for tag in tags])
    alpha, depth = np.zeros((2, len(tags), *coarse), np.float32)
    colour, presence = np.zeros((len(tags), *coarse, 3), np.uint8), np.zeros(len(tags), np.float32)
    for at, tag in enumerate(tags):
        own = [layer for layer in map(trimmed, sample.parts) if split_part(layer.name)[0] == tag]
        if not own:
            continue
        presence[at] = 1
        sheet = _shrunk(premultiplied(flatten(LayerStack(*sample.size, tuple(own)))), window, coarse)
        alpha[at] = np.clip(sheet[..., 3] / 255, 0, 1)
        colour[at] = np.where(sheet[..., 3:] > 0, straight(sheet)[..., :3], np.uint8(0))
        depth[at] = _depth(sample, own, window, coarse)
    return Look(
        box=tuple(map(float, window)),
        tags=tags,
        visible=np.clip(visible, 0, 1),
        alpha=alpha,
        colour=colour,
        depth=depth,
        presence=presence,
        side=np.clip(_shrunk(_sides(sample), window, coarse), -1, 1),
    )


def _depth(sample: Sample, own: list[Layer], window: Box, coarse: tuple[int, int]) -> np.ndarray:
    """Of the top-most stratum; where the part is not, that of its nearest."""
    assert sample.parts is not None
    ranks = {name: rank / len(sample.parts) for rank, name in enumerate(sample.parts.names, start=1)}
    told = {name: value / 65535 for name, value in sample.attributes.get("depth", {}).items()}
    near, there = np.zeros((2, *sample.size), np.float32)
    for layer in own:
        inside = on_canvas(layer, sample.size)[..., 3] >= 128
        near[inside], there[inside] = told.get(layer.name, ranks[layer.name]), 1
    weight = _shrunk(there, window, coarse)
    nearest = told.get(own[-1].name, ranks[own[-1].name])
    return np.where(weight > 0, _shrunk(near, window, coarse) / np.maximum(weight, 1e-6), np.float32(nearest))


def _sides(sample: Sample) -> np.ndarray:
    """float32 [h, w]: -1 where a character's right piece is seen, 1 where a left one is."""
    assert sample.parts is not None
    out = np.zeros(sample.size, np.float32)
    for layer in sample.parts:
        here, part = overlap(layer, sample.size)
        out[here][layer.rgba[part][..., 3] >= 128] = {"r": -1, "l": 1}.get(split_part(layer.name)[1], 0)
    return out


def _shrunk(plane: np.ndarray, window: Box, size: tuple[int, int]) -> np.ndarray:
    """A plane of the canvas, float32 in a window of it, resampled by area to `size`; 0 beyond the canvas."""
    top, left, bottom, right = window
    out = np.zeros((bottom - top, right - left, *plane.shape[2:]), np.float32)
    here, there = overlap(Layer("plane", np.zeros((*plane.shape[:2], 4), np.uint8), -top, -left), out.shape[:2])
    out[here] = plane[there]
    larger = size[0] > out.shape[0] or size[1] > out.shape[1]
    return cv2.resize(out, size[::-1], interpolation=cv2.INTER_LINEAR if larger else cv2.INTER_AREA)


def _confused(look: Look, noise: float, rng: np.random.Generator) -> Look:
    """Maps blurred by up to two of their own pixels; in blobs the visible part is another one that is about."""
    visible = np.stack([cv2.GaussianBlur(plane, (0, 0), 0.05 + 2 * noise) for plane in look.visible])
    alpha = np.stack([cv2.GaussianBlur(plane, (0, 0), 0.05 + noise) for plane in look.alpha])
    height, width = visible.shape[1:]
    about = np.flatnonzero(visible.sum(axis=(1, 2)) > 1)
    for _ in range(round(24 * noise) if about.size else 0):
        one, other = rng.choice(about, 2)
        centre, radius = rng.uniform(0, 1, 2) * (height, width), rng.uniform(1, 0.06 * height)
        ys, xs = np.ogrid[:height, :width]
        inside = (ys - centre[0]) ** 2 + (xs - centre[1]) ** 2 < radius**2
        visible[np.ix_([one, other])] = np.where(inside, visible[[other, one]], visible[[one, other]])
    colour = np.clip(look.colour + rng.normal(0, 12 * noise, look.colour.shape), 0, 255).astype(np.uint8)
    depth = look.depth + rng.normal(0, 0.02 * noise, look.depth.shape).astype(np.float32)
    return Look(look.box, look.tags, visible, alpha, colour, np.clip(depth, 0, 1), look.presence, look.side)
