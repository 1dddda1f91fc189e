"""Pseudo-depth of the visible surface: affine-invariant errors, and those of See-through's depth training.

Pseudo-depth has neither unit nor zero. So the truth is stretched over the figure to a fixed range and the prediction is
laid on it by least squares before anything is compared.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from animelayers.evaluation.prediction import Scores

Values = npt.NDArray[Any]
"""Numbers of any type; they are worked on as float64."""

LOW, HIGH = 0.01, 1000.0
"""What an aligned prediction is clamped to, and between which the truth counts."""


def measure_depth(truth: npt.NDArray[np.uint16], predicted: Values) -> Scores:
    """`depth.*`: AbsRel and δ1 of a prediction, finite [h, w], larger is nearer, in any affine scale.

    The figure is where `truth`, uint16 [h, w], is not 0; there it becomes 1 at the nearest pixel … 2 at the farthest.
    The prediction is aligned by the scale ≥ 0 and the shift of least squared error over the figure: one that runs the
    wrong way round becomes a constant, for which the best scale is 0, and is not turned over. What is then below 0.01
    counts as 0.01. A truth that is equally near everywhere measures nothing: the result is empty.
    """
    figure = truth > 0
    near = _stretched(truth[figure])
    if near is None:
        return {}
    far = -predicted[figure].astype(np.float64)
    scale, shift = align_least_squares(far, 2 - near)
    if scale < 0:
        scale, shift = 0.0, float((2 - near).mean())
    errors = depth_errors(scale * far + shift, 2 - near)
    return {"depth.abs_rel": errors["abs_rel"], "depth.delta1": errors["a1"]}


def measure_see_through_depth(
    truth: npt.NDArray[np.uint16], predicted: Values, visible: npt.NDArray[np.uint8]
) -> Scores:
    """`see_through.depth_*`, arrays as in `measure_depth`; `visible`, uint8 [h, w], is the truth's map of parts.

    As there: a map for every part on the picture padded to a square, −1 nearest … 1 farthest and 1 where the part is
    not; prediction aligned to truth by least squares over all of it, either way round, clamped to 0.01 … 1000; counted
    where the truth is above 0.01 – the farther half of the part and all that is empty; mean over the parts.

    Where ours must differ, as a sample knows the depth of the visible surface only: a part is what is visible of it, in
    prediction and truth alike; parts of which nothing is visible, which there are all 1, are left out; both maps get to
    −1 … 1 by being stretched over the figure. So nothing is lost here on hidden or invented parts, and numbers are
    near the published ones in kind, not equal to them.
    """
    figure = truth > 0
    near, guess = _stretched(truth[figure]), _stretched(predicted[figure])
    if near is None:
        return {}
    target, answer = 1 - 2 * near, np.ones_like(near) if guess is None else 1 - 2 * guess
    labels, square = visible[figure], max(truth.shape) ** 2
    found = []
    for label in np.unique(labels[labels > 0]):
        part = labels == label
        # Outside the part both are 1: one pixel with the weight of all of them.
        weight = np.append(np.ones(np.count_nonzero(part)), square - np.count_nonzero(part))
        p, t = np.append(answer[part], 1.0), np.append(target[part], 1.0)
        scale, shift = align_least_squares(p, t, weight)
        found.append(depth_errors(scale * p + shift, t, weight))
    if not found:
        return {}
    return {
        "see_through.depth_abs_rel": float(np.mean([errors["abs_rel"] for errors in found])),
        "see_through.depth_delta1": float(np.mean([errors["a1"] for errors in found])),
    }


def align_least_squares(predicted: Values, truth: Values, weight: Values | None = None) -> tuple[float, float]:
    """`(scale, shift)` with the least weighted Σ (scale · predicted + shift − truth)²; scale 0 of a constant."""
    p, t = predicted.astype(np.float64).ravel(), truth.astype(np.float64).ravel()
    w = None if weight is None else weight.ravel()
    mean_p, mean_t = np.average(p, weights=w), np.average(t, weights=w)
    variance = np.average((p - mean_p) ** 2, weights=w)
    scale = np.average((p - mean_p) * (t - mean_t), weights=w) / variance if variance else 0.0
    return float(scale), float(mean_t - scale * mean_p)


def depth_errors(predicted: Values, truth: Values, weight: Values | None = None) -> dict[str, float]:
    """The errors that papers on depth report, of two maps of one shape, larger being farther.

    Predictions are clamped to 0.01 … 1000; pixels count where the truth lies strictly between. With e = ln p − ln t:

    * `abs_rel` mean |p − t| / t, `sq_rel` mean (p − t)² / t, `rmse` √ mean (p − t)², `log_10` mean |log₁₀ p − log₁₀ t|,
      `rmse_log` √ mean e², `silog` 100 √ (mean e² − (mean e)²);
    * `a1`, `a2`, `a3`: share of max(p/t, t/p) < 1.25, 1.25², 1.25³.

    Empty where no pixel counts.
    """
    p, t = np.clip(predicted.astype(np.float64), LOW, HIGH), truth.astype(np.float64)
    valid = (t > LOW) & (t < HIGH)
    p, t, w = p[valid], t[valid], np.ones(np.count_nonzero(valid)) if weight is None else weight[valid]
    if not w.any():
        return {}

    def mean(values: Values) -> float:
        return float(np.average(values, weights=w))

    e, ratio = np.log(p) - np.log(t), np.maximum(p / t, t / p)
    return {
        **{f"a{n}": mean(ratio < 1.25**n) for n in (1, 2, 3)},
        "abs_rel": mean(np.abs(p - t) / t),
        "sq_rel": mean((p - t) ** 2 / t),
        "rmse": mean((p - t) ** 2) ** 0.5,
        "rmse_log": mean(e**2) ** 0.5,
        "log_10": mean(np.abs(e)) / float(np.log(10)),
        "silog": 100 * max(0.0, mean(e**2) - mean(e) ** 2) ** 0.5,
    }


def _stretched(values: Values) -> npt.NDArray[np.float64] | None:
    """Float64, 0 at the least … 1 at the largest; None where there are no two different ones."""
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    return (values.astype(np.float64) - low) / (high - low) if high > low else None
