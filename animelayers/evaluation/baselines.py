"""The floor: what can be had without a model. Whatever does not beat these has learned nothing worth its weights.

* `kmeans` (rendering) – the colour clustering that everybody tries first;
* `one-part` (parts) – the whole figure is the one tag that is largest on average;
* `mean-position` (parts) – every pixel is the tag that is most likely at its place in the figure: Gaussian naive Bayes
  on position alone, colours unseen.

All three flatten to the picture exactly, because that alone is no achievement. None looks for a background: an opaque
picture is taken to be all figure.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import bleed, clear_hidden, matte, to_lab, to_uint8
from animelayers.data.sample import Sample
from animelayers.evaluation.prediction import Prediction
from animelayers.models.registry import Mode
from animelayers.parts import PART_LABELS, PARTS, part_name
from animelayers.raster import Mask, over_bands, tight_box, trimmed
from animelayers.rendering.solve import RenderingGuess, Rgb, exact_stack
from animelayers.stack import Layer, LayerStack, Rgba

Plane = npt.NDArray[np.float32]

CLUSTERED = 100_000
"""Pixels that the clusters are found from; all others only join the nearest."""
ROWS = 64


@dataclass(frozen=True, slots=True)
class KMeans:
    """Smooth, cluster the colours, and call line what is much darker than its surroundings."""

    name: str = "kmeans"
    mode: Mode = "rendering"
    clusters: int = 24
    darker: float = 12.0
    """L* by which a line is darker than the median around it."""

    @property
    def about(self) -> Mapping[str, Any]:
        return {"baseline": self.name, "clusters": self.clusters, "darker": self.darker}

    def __call__(self, sample: Sample, seen: Rgba, seed: int) -> Prediction:  # noqa: ARG002
        """Four layers; the seed is that of the clustering."""
        rgb = np.ascontiguousarray(bleed(seen, max(seen.shape))[..., :3])
        base = np.asarray(cv2.bilateralFilter(rgb, d=9, sigmaColor=75, sigmaSpace=75), np.uint8)
        flat = posterised(base, seen[..., 3] > 0, self.clusters, seed)
        guess = RenderingGuess(flat, self._line(seen), base)
        return Prediction(exact_stack(seen, guess), guess=guess)

    def _line(self, seen: Rgba) -> Rgba:
        """The dark strokes on white paper, all or nothing, in the picture's own colours."""
        window = max(5, max(seen.shape) // 80) | 1
        lightness = to_uint8(to_lab(matte(seen))[..., 0] * np.float32(2.55))
        around = np.asarray(cv2.medianBlur(lightness, window), np.int16)
        dark = around - lightness > 2.55 * self.darker
        return np.where(dark[..., None], seen | np.array([0, 0, 0, 255], np.uint8), np.uint8(0))


def posterised(rgb: Rgb, inside: Mask, clusters: int, seed: int) -> Rgb:
    """uint8 [h, w, 3] with every pixel in the mean colour of its cluster; clusters are k-means in CIELAB, `inside`."""
    lab = to_lab(rgb)
    known = lab[inside]
    if len(known) < 2:  # which OpenCV would take for a row of numbers
        return rgb
    chosen = np.ascontiguousarray(known[:: -(-len(known) // CLUSTERED)])
    cv2.setRNGSeed(seed)
    rule = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 50, 0.1)
    none = np.empty((0,), np.int32)
    _, _, found = cv2.kmeans(chosen, min(clusters, len(chosen)), none, rule, 1, cv2.KMEANS_PP_CENTERS)
    centres = np.asarray(found, np.float32)
    label = np.empty(inside.shape, np.intp)

    def one(rows: slice) -> None:
        label[rows] = ((centres**2).sum(axis=1) - 2 * lab[rows] @ centres.T).argmin(axis=-1)

    over_bands(one, inside.shape, ROWS)
    members = np.bincount(label[inside], minlength=len(centres))
    sums = [np.bincount(label[inside], rgb[inside, channel], len(centres)) for channel in range(3)]
    return to_uint8(np.stack(sums, axis=1) / np.maximum(members, 1)[:, None])[label]


@dataclass(frozen=True, slots=True)
class Habit:
    """Where the visible pixels of a tag lie, and how far up its pieces are drawn; all 0..1."""

    share: float
    """Of the visible area of all figures."""
    y: float
    """Mean; 0 is the top of the figure, 1 its bottom."""
    y_spread: float
    """Standard deviation."""
    x: float
    """Mean distance from the middle column; 1 is the edge of the figure."""
    x_spread: float
    rank: float
    """Mean place in the draw order; 1 is the top."""

    def likelihood(self, y: Plane, x: Plane) -> Plane:
        """Log of share × density at `places`: [h, 1] and [1, w] → [h, w]."""
        away = ((y - self.y) / self.y_spread) ** 2 / 2, ((x - self.x) / self.x_spread) ** 2 / 2
        peak = np.float32(math.log(self.share / (self.y_spread * self.x_spread)))
        return np.asarray(peak - away[0] - away[1], np.float32)


HABITS = Path(__file__).with_name("mean_positions.json")
"""Written by `python benchmarks/mean_positions.py`; says itself from what."""


@functools.cache
def habits() -> dict[str, Habit]:
    """Tag → where it lies, in the order of the tags."""
    found = json.loads(HABITS.read_text("utf-8"))["tags"]
    return {tag: Habit(**found[tag]) for tag in PART_LABELS if tag in found}


def places(figure: Mask) -> tuple[Plane, Plane]:
    """Where rows and columns lie in a figure's box: y [h, 1] is 0 at its top and 1 at its bottom, x [1, w] 0 in its
    middle and 1 at either edge; beyond that outside the box.
    """
    top, left, bottom, right = tight_box(figure)
    y = (np.arange(figure.shape[0]) + 0.5 - top) / max(bottom - top, 1)
    x = np.abs(2 * (np.arange(figure.shape[1]) + 0.5 - left) / max(right - left, 1) - 1)
    return y[:, None].astype(np.float32), x[None].astype(np.float32)


@dataclass(frozen=True, slots=True)
class OnePart:
    """Everything is the one tag that covers most on average."""

    name: str = "one-part"
    mode: Mode = "parts"

    @property
    def about(self) -> Mapping[str, Any]:
        return {"baseline": self.name, "data": _sha256_of_habits()}

    def __call__(self, sample: Sample, seen: Rgba, seed: int) -> Prediction:  # noqa: ARG002
        """The picture as one piece."""
        tag = max(habits(), key=lambda tag: habits()[tag].share)
        height, width = seen.shape[:2]
        return Prediction(LayerStack(height, width, (trimmed(Layer(tag, clear_hidden(seen))),)))


@dataclass(frozen=True, slots=True)
class MeanPosition:
    """Every pixel is the tag that is most likely at its place in the figure's box."""

    name: str = "mean-position"
    mode: Mode = "parts"

    @property
    def about(self) -> Mapping[str, Any]:
        return {"baseline": self.name, "data": _sha256_of_habits()}

    def __call__(self, sample: Sample, seen: Rgba, seed: int) -> Prediction:  # noqa: ARG002
        """The picture, cut along a map of tags that depends on its box alone; depth is the tags' mean draw order."""
        known, figure = habits(), seen[..., 3] > 0
        height, width = figure.shape
        label = most_likely(figure)
        ranks = np.zeros(len(PARTS) + 1, np.float32)
        ranks[[PART_LABELS[tag] for tag in known]] = [habit.rank for habit in known.values()]
        pieces = sorted(_pieces(seen, label, figure), key=lambda piece: ranks[piece[0]])
        return Prediction(LayerStack(height, width, tuple(layer for _, layer in pieces)), depth=ranks[label])


def most_likely(figure: Mask) -> npt.NDArray[np.uint8]:
    """uint8 [h, w]: the label of the tag that is most likely at each place of the figure; 0 outside it."""
    y, x = places(figure)
    best, label = np.full(figure.shape, -np.inf, np.float32), np.zeros(figure.shape, np.uint8)
    for tag, habit in habits().items():
        score = habit.likelihood(y, x)
        np.copyto(label, PART_LABELS[tag], where=score > best)
        np.maximum(best, score, out=best)
    return np.where(figure, label, np.uint8(0))


def _pieces(seen: Rgba, label: npt.NDArray[np.uint8], figure: Mask) -> Iterator[tuple[int, Layer]]:
    """Labels and layers; sided tags are cut at the figure's middle, the character's left being on the right."""
    _, left, _, right = tight_box(figure)
    columns = np.arange(figure.shape[1])
    halves: dict[str, Mask] = {"r": 2 * columns + 1 < left + right, "l": 2 * columns + 1 >= left + right}
    for term in PARTS:
        own = label == PART_LABELS[term.name]
        for side in halves if term.sided else ("",):
            mask = own & halves[side] if side else own
            if mask.any():
                top, left, bottom, right = tight_box(mask)
                cut = np.s_[top:bottom, left:right]
                rgba = np.where(mask[cut][..., None], seen[cut], np.uint8(0))
                yield PART_LABELS[term.name], Layer(part_name(term.name, side), rgba, top, left)


def _sha256_of_habits() -> str:
    return hashlib.sha256(HABITS.read_bytes()).hexdigest()


BASELINES: Mapping[str, KMeans | OnePart | MeanPosition] = {
    baseline.name: baseline for baseline in (KMeans(), OnePart(), MeanPosition())
}
"""Name → `Predictor`, which also knows its mode."""
