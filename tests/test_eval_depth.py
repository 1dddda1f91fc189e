"""Pseudo-depth: recorded numbers of the depth training that papers report, and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from drawing import ROOT

from animelayers.evaluation.pseudodepth import (
    align_least_squares,
    depth_errors,
    measure_depth,
    measure_see_through_depth,
)

# Of the maps in data/depth_pair.npz; recorded once with See-through's own evaluation (float32).
ALIGNED = {
    "a1": 0.9271653294563293,
    "a2": 0.9881889820098877,
    "a3": 0.9986876845359802,
    "abs_rel": 0.09599549323320389,
    "rmse": 0.04971163347363472,
    "log_10": 0.040726613253355026,
    "rmse_log": 0.13294312357902527,
    "silog": 13.28311538696289,
    "sq_rel": 0.006107308901846409,
}
UNALIGNED = {
    "a1": 0.8169291615486145,
    "a2": 0.9376640319824219,
    "a3": 0.9783464670181274,
    "abs_rel": 0.17550693452358246,
    "rmse": 0.07865336537361145,
    "log_10": 0.06662362813949585,
    "rmse_log": 0.21960517764091492,
    "silog": 21.309423446655273,
    "sq_rel": 0.018646514043211937,
}
LEFT_HALF = {
    "a1": 0.8650793433189392,
    "a2": 0.976190447807312,
    "a3": 0.9973545074462891,
    "abs_rel": 0.12643328309059143,
    "rmse": 0.04998139292001724,
    "log_10": 0.05253704637289047,
    "rmse_log": 0.16805745661258698,
    "silog": 16.585166931152344,
    "sq_rel": 0.008218071423470974,
}


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray]:
    """Prediction and truth, float32 [32, 48]."""
    with np.load(ROOT / "tests" / "data" / "depth_pair.npz") as maps:
        return maps["predicted"], maps["truth"]


def ramp(height: int = 8, width: int = 16) -> np.ndarray:
    """Nearness 1 … 65535, even steps, in all of the picture but its first row."""
    depth = np.zeros((height, width), np.uint16)
    depth[1:] = np.linspace(1, 65535, (height - 1) * width).reshape(height - 1, width)
    return depth


def test_alignment_is_the_recorded_one(pair):
    assert align_least_squares(*pair) == pytest.approx((1.5455398559570312, -0.2745516002178192), rel=1e-6)


def test_errors_are_the_recorded_ones(pair):
    predicted, truth = pair
    scale, shift = align_least_squares(predicted, truth)
    aligned, half = scale * predicted + shift, np.s_[:, : truth.shape[1] // 2]
    assert depth_errors(aligned, truth) == pytest.approx(ALIGNED, rel=1e-6)
    assert depth_errors(predicted, truth) == pytest.approx(UNALIGNED, rel=1e-6)
    assert depth_errors(aligned[half], truth[half]) == pytest.approx(LEFT_HALF, rel=1e-6)


def test_a_weight_is_a_pixel_that_often(pair):
    predicted, truth = pair[0].ravel(), pair[1].ravel()
    weight = np.arange(truth.size) % 3
    often = predicted.repeat(weight), truth.repeat(weight)
    assert align_least_squares(predicted, truth, weight) == pytest.approx(align_least_squares(*often), rel=1e-9)
    assert depth_errors(predicted, truth, weight) == pytest.approx(depth_errors(*often), rel=1e-9)


def test_errors_by_hand():
    errors = depth_errors(np.array([1.0, 2.0, -5.0, 7.0]), np.array([2.0, 2.0, 1.0, 0.01]))  # the last one is not valid
    assert errors["abs_rel"] == pytest.approx((0.5 + 0 + 0.99) / 3)
    assert errors["sq_rel"] == pytest.approx((0.5 + 0 + 0.99**2) / 3)
    assert errors["a1"] == pytest.approx(1 / 3)
    assert errors["log_10"] == pytest.approx((np.log10(2) + 2) / 3)
    assert depth_errors(np.ones(3), np.zeros(3)) == {}


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (3e-5, -7.0), (250.0, 1e6)])
def test_any_scale_and_shift_of_the_truth_is_perfect(scale, shift):
    truth = ramp()
    predicted = np.where(truth > 0, scale * truth + shift, np.float64(123456))  # outside the figure anything goes
    assert measure_depth(truth, predicted) == pytest.approx({"depth.abs_rel": 0.0, "depth.delta1": 1.0}, abs=1e-9)


def test_how_far_the_truth_reaches_does_not_matter():
    truth, noise = ramp(), np.random.default_rng(0).normal(size=ramp().shape)
    shallow = np.where(truth > 0, 40_000 + truth // 8, 0).astype(np.uint16)
    predicted = truth + 9000 * noise
    assert measure_depth(shallow, predicted) == pytest.approx(measure_depth(truth, predicted), rel=1e-3)


def test_errors_of_two_halves_by_hand():
    truth = np.full((5, 4), 65535, np.uint16)
    truth[:, :2] = 1  # t = 2 on the left, 1 on the right
    constant = measure_depth(truth, np.full((5, 4), 0.3))  # becomes 1.5
    assert constant == pytest.approx({"depth.abs_rel": (0.25 + 0.5) / 2, "depth.delta1": 0.0})
    # Right on four rows, the wrong way round on the fifth: slope 0.6, so 1.8 where it says far and 1.2 where near.
    turned = truth.astype(np.float32)
    turned[4] = turned[4, ::-1]
    errors = measure_depth(truth, turned)
    assert errors["depth.abs_rel"] == pytest.approx((8 * 0.1 + 8 * 0.2 + 2 * 0.4 + 2 * 0.8) / 20)
    assert errors["depth.delta1"] == pytest.approx(16 / 20)


def test_the_wrong_way_round_is_not_turned_over():
    truth = ramp()
    constant = measure_depth(truth, np.zeros(truth.shape))
    assert constant["depth.abs_rel"] > 0.1
    assert measure_depth(truth, -truth.astype(np.float32)) == pytest.approx(constant)


def test_more_noise_is_more_error():
    truth, noise = ramp(), np.random.default_rng(1).normal(size=ramp().shape)
    errors = [measure_depth(truth, truth + level * noise) for level in (0, 3_000, 10_000, 30_000)]
    assert sorted(errors, key=lambda e: e["depth.abs_rel"]) == errors
    assert sorted(errors, key=lambda e: -e["depth.delta1"]) == errors


@pytest.mark.parametrize("truth", [np.zeros((3, 3), np.uint16), np.full((3, 3), 700, np.uint16)])
def test_no_relief_no_measure(truth):
    predicted, visible = np.arange(9.0).reshape(3, 3), np.ones((3, 3), np.uint8)
    assert measure_depth(truth, predicted) == {}
    assert measure_see_through_depth(truth, predicted, visible) == {}


def test_see_through_is_the_whole_square_part_by_part():
    rng = np.random.default_rng(2)
    truth, visible = ramp(8, 16), np.zeros((8, 16), np.uint8)
    visible[1:5], visible[5:, 3:] = 4, 9
    predicted = truth + 20_000 * rng.normal(size=truth.shape)
    figure = truth > 0
    near, guess = (truth - truth[figure].min()) / np.ptp(truth[figure]), predicted - predicted[figure].min()
    guess /= guess[figure].max()
    every = []
    for label in (4, 9):  # as it is written there: pages of 16 × 16
        t, p = np.ones((16, 16)), np.ones((16, 16))
        t[4:12][visible == label] = (1 - 2 * near)[visible == label]
        p[4:12][visible == label] = (1 - 2 * guess)[visible == label]
        scale, shift = align_least_squares(p, t)
        every.append(depth_errors(scale * p + shift, t))
    assert measure_see_through_depth(truth, predicted, visible) == pytest.approx(
        {
            "see_through.depth_abs_rel": np.mean([errors["abs_rel"] for errors in every]),
            "see_through.depth_delta1": np.mean([errors["a1"] for errors in every]),
        }
    )
    perfect = measure_see_through_depth(truth, 0.1 * truth - 4, visible)
    assert perfect == pytest.approx({"see_through.depth_abs_rel": 0.0, "see_through.depth_delta1": 1.0}, abs=1e-9)


def test_see_through_of_a_constant():
    scores = measure_see_through_depth(ramp(), np.zeros((8, 16)), np.ones((8, 16), np.uint8))
    assert 0 < scores["see_through.depth_abs_rel"] < np.inf
    assert measure_see_through_depth(ramp(), np.zeros((8, 16)), np.zeros((8, 16), np.uint8)) == {}
