"""Order and errors of index maps, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from animelayers.errors import DataError
from animelayers.evaluation import layer_baselines
from animelayers.evaluation.catalogue import INDEX_METRICS
from animelayers.evaluation.layer_order import drawn_pairs, measure_layer_order, normalised, path_number_error

TRUTH = np.repeat([[0, 0, 1, 2]], 4, axis=0)
"""Half ground, a quarter each of two layers."""


def scores(predicted, truth=TRUTH, **more):
    return measure_layer_order(truth, np.asarray(predicted, float), **more)


def test_the_truth_in_any_scale_is_right():
    for same in (TRUTH, 7 * TRUTH - 3, TRUTH.astype(np.float32) * 1e-6):
        got = scores(same)
        assert got["index.order"] == got["index.order_half"] == got["index.order_figure"] == 1
        assert got["index.mae"] == pytest.approx(0, abs=1e-6)
        assert got["index.mse"] == pytest.approx(0, abs=1e-6)
    assert set(got) == set(INDEX_METRICS) - {"index.paths"}


def test_upside_down_is_wrong():
    got = scores(-TRUTH)
    assert got["index.order"] == got["index.order_half"] == got["index.order_figure"] == 0


@pytest.mark.parametrize("seed", range(5))
def test_a_constant_has_no_order_and_an_error_of_exactly_one(seed):
    truth = np.random.default_rng(seed).integers(0, 9, (16, 24))
    got = scores(np.full(truth.shape, 3.7), truth)
    assert got["index.order"] == got["index.order_figure"] == 0
    assert got["index.order_half"] == got["index.order_figure_half"] == 0.5
    assert got["index.mae"] == pytest.approx(1, abs=1e-12)


def test_errors_in_closed_form():
    """Median 0.5 and mean distance 0.75 for the truth; swapped layers are off by 1 each in a half of the pixels."""
    assert np.array_equal(normalised(TRUTH)[0], np.array([-0.5, -0.5, 0.5, 1.5]) / 0.75)
    got = scores(np.repeat([[0, 0, 2, 1]], 4, axis=0))
    assert got["index.mae"] == pytest.approx(2 / 4 / 0.75)
    assert got["index.mse"] == pytest.approx(2 / 4 / 0.75**2)


def test_the_share_of_right_pairs():
    """Ground against layers is 2 · (8 · 8) of all pairs, layer against layer 2 · (4 · 4)."""
    got = scores(np.repeat([[0, 0, 2, 1]], 4, axis=0), pairs=100_000)
    assert got["index.order"] == pytest.approx(64 / 80, abs=0.005)
    assert got["index.order_figure"] == 0
    flat = scores(TRUTH > 0, pairs=100_000)
    assert flat["index.order"] == pytest.approx(64 / 80, abs=0.005)
    assert flat["index.order_half"] == pytest.approx(72 / 80, abs=0.005)
    assert flat["index.order_figure"] == 0
    assert flat["index.order_figure_half"] == 0.5


def test_pairs_differ_are_uniform_and_the_same_again():
    values = np.array([0, 1, 0, 2, 2, 2, 1, 0, 0, 5])
    first, second = drawn_pairs(values, 200_000, seed=3)
    assert (values[first] != values[second]).all()
    wanted = values[:, None] != values
    counts = np.zeros((10, 10))
    np.add.at(counts, (first, second), 1)
    assert (counts[~wanted] == 0).all()
    assert counts[wanted] / len(first) == pytest.approx(1 / wanted.sum(), rel=0.1)
    again = drawn_pairs(values, 200_000, seed=3)
    assert np.array_equal(first, again[0])
    assert not np.array_equal(first, drawn_pairs(values, 200_000, seed=4)[0])


def test_a_single_odd_pixel_is_found():
    truth = np.zeros((200, 200), int)
    truth[7, 9] = 1
    first, second = drawn_pairs(truth, 500, 0)
    odd = 7 * 200 + 9
    assert ((first == odd) ^ (second == odd)).all()
    assert scores(truth, truth)["index.order"] == 1


def test_what_cannot_be_measured_is_left_out():
    assert scores(TRUTH, np.full(TRUTH.shape, 4)) == {}
    flat = scores(TRUTH, (TRUTH > 0).astype(int))
    assert "index.order" in flat
    assert "index.order_figure" not in flat
    with pytest.raises(DataError, match="not finite"):
        scores(np.where(TRUTH == 2, np.nan, 0))
    with pytest.raises(DataError):
        measure_layer_order(TRUTH, TRUTH[:2])


def test_path_numbers():
    assert path_number_error(4, 4) == 0
    assert path_number_error(4, 6) == path_number_error(4, 2) == 0.5
    with pytest.raises(DataError):
        path_number_error(0, 2)


def test_baselines_on_a_face():
    """A dark eye on a bright face on mid grey: what each of them goes by."""
    rgb = np.full((60, 60, 3), 128, np.uint8)
    rgb[10:50, 10:50] = (250, 220, 200)
    rgb[20:28, 20:28] = (40, 30, 30)
    truth = np.zeros((60, 60), int)
    truth[10:50, 10:50] = 1
    truth[20:28, 20:28] = 2
    got = {name: scores(of(rgb), truth)["index.order"] for name, of in layer_baselines.BASELINES.items()}
    assert got["constant"] == 0
    assert got["area"] == got["nesting and area"] == 1
    assert 0 < got["darkness"] < 0.2, "the ground is darker than the face"
    white = np.where((rgb == 128).all(axis=2, keepdims=True), np.uint8(255), rgb)
    assert scores(layer_baselines.darkness(white), truth)["index.order"] == 1
