"""Illustrator's depth against the truth: is the order of the layers right, and how far off is the index?

The truth is an index map, integers [h, w], larger nearer, 0 the ground; a prediction is any finite map of its size,
larger nearer, in any scale. `Order` is that of Illustrator's Depth (CVPR 2026, table 1), whose details its supplement
keeps; here every pair of pixels with different true indices is equally likely to be drawn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from animelayers.errors import DataError
from animelayers.evaluation.prediction import Scores

PAIRS = 4000
"""Pairs of pixels that are drawn of a picture: the standard deviation of a share is then at most 0.008."""

Map = npt.NDArray[Any]
"""[h, w], numbers, larger nearer."""


def measure_layer_order(truth: Map, predicted: Map, *, seed: int = 0, pairs: int = PAIRS) -> Scores:
    """`index.*` of one picture; what cannot be measured is left out.

    Without two indices there is no order and no error; without two inside the figure, where the index is above 0, none
    of these.

    Raises:
        DataError: the sizes differ, or the prediction is not finite.
    """
    if truth.shape != predicted.shape or truth.ndim != 2:
        raise DataError(f"a truth of {list(truth.shape)} and a prediction of {list(predicted.shape)}")
    if not np.isfinite(predicted).all():
        raise DataError("the predicted index map is not finite")
    figure = truth > 0
    return {
        **_order("index.order", truth.ravel(), predicted.ravel(), seed, pairs),
        **_order("index.order_figure", truth[figure], predicted[figure], seed, pairs),
        **_errors(truth, predicted),
    }


def drawn_pairs(values: Map, count: int, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Places of `count` pairs, uniform over all ordered pairs whose values differ; empty where none do.

    The same values, count and seed give the same pairs.
    """
    flat = values.ravel()
    order = np.argsort(flat, kind="stable")
    _, start, size = np.unique(flat[order], return_index=True, return_counts=True)
    partners = size * (flat.size - size)  # ordered pairs whose first pixel has this value
    if len(size) < 2:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    dice = np.random.default_rng(seed)
    chosen = np.searchsorted(np.cumsum(partners), dice.integers(0, partners.sum(), count), side="right")
    first = start[chosen] + dice.integers(0, size[chosen])
    second = dice.integers(0, flat.size - size[chosen])
    second += np.where(second >= start[chosen], size[chosen], 0)  # over the pixels of the first one's value
    return order[first], order[second]


def normalised(values: Map) -> npt.NDArray[np.float64] | None:
    """(D − median) / mean |D − median|; None of a constant, which has no scale."""
    centred = values.astype(np.float64) - np.median(values)
    scale = float(np.abs(centred).mean())
    return centred / scale if scale > 0 else None


def path_number_error(truth: int, predicted: int) -> float:
    """|N − Ñ| / N of the number of paths.

    Raises:
        DataError: the truth has none.
    """
    if truth < 1:
        raise DataError(f"a drawing of {truth} paths", hint="the truth has at least one")
    return abs(truth - predicted) / truth


def _order(name: str, truth: Map, predicted: Map, seed: int, count: int) -> Scores:
    first, second = drawn_pairs(truth, count, seed)
    if not first.size:
        return {}
    wanted = truth[first] > truth[second]
    ahead, tied = predicted[first] > predicted[second], predicted[first] == predicted[second]
    right = float(np.mean((ahead == wanted) & ~tied))
    return {name: right, f"{name}_half": right + float(np.mean(tied)) / 2}


def _errors(truth: Map, predicted: Map) -> Scores:
    """A constant prediction is all 0 when normalised, so that its MAE is the mean |D̂| of the truth: exactly 1."""
    wanted, given = normalised(truth), normalised(predicted)
    if wanted is None:
        return {}
    off = wanted if given is None else wanted - given
    return {"index.mae": float(np.abs(off).mean()), "index.mse": float((off**2).mean())}
