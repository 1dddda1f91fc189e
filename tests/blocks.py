"""Samples of rectangles, of which every measure can be worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from samples import OURS

from animelayers.composite import flatten
from animelayers.data.sample import Sample
from animelayers.evaluation.parts import measure_parts
from animelayers.evaluation.prediction import Measured, Prediction, Scores
from animelayers.stack import Layer, LayerStack

SIZE = (40, 60)
WHITE = (255, 255, 255)


def block(
    name: str, top: int, left: int, bottom: int, right: int, colour: tuple[int, int, int] = WHITE, alpha: int = 255
) -> Layer:
    """A filled rectangle."""
    rgba = np.empty((bottom - top, right - left, 4), np.uint8)
    rgba[:] = (*colour, alpha)
    return Layer(name, rgba, top, left)


def stack(*layers: Layer) -> LayerStack:
    """Layers, bottom → top."""
    return LayerStack(*SIZE, layers)


def sample_of(parts: LayerStack) -> Sample:
    return Sample("blocks", flatten(parts), OURS, parts)


def measured(truth: LayerStack, predicted: LayerStack) -> Measured:
    """What `measure_parts` says of one stack against another."""
    sample = sample_of(truth)
    return measure_parts(sample, Prediction(predicted), sample.picture)


def scores(truth: LayerStack, predicted: LayerStack) -> Scores:
    return measured(truth, predicted).scores


PERFECT: Mapping[str, float] = {
    **dict.fromkeys(("visible.iou", "visible.iou_all", "visible.accuracy"), 1.0),
    **dict.fromkeys(("amodal.soft_iou", "amodal.dice", "part.ssim", "hidden.cover"), 1.0),
    **dict.fromkeys(("part.psnr", "hidden.psnr"), 100.0),
    **dict.fromkeys(("presence.f1", "presence.precision", "presence.recall"), 1.0),
    **dict.fromkeys(("presence.empty_rate", "flatten.max_error", "flatten.mean_error"), 0.0),
    **dict.fromkeys(("order.pairs", "order.judged", "strata.iou", "strata.split_f1", "sides.accuracy"), 1.0),
    "depth.abs_rel": 0.0,
    "depth.delta1": 1.0,
}
"""What the truth itself scores."""
