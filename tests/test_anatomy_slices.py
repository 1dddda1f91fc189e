"""Slices of a picture by depth: where they are cut, what lies behind them, and that they are the picture."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from animelayers.anatomy.slices import behind, cut_of, exact_slices
from animelayers.composite import max_error
from animelayers.errors import ModelError

RED, BLUE, GREEN = (200, 40, 50, 255), (40, 60, 210, 255), (60, 170, 80, 255)


def scene():
    """Three cards before each other, and how near they are."""
    picture, depth = np.zeros((120, 100, 4), np.uint8), np.zeros((120, 100), np.float32)
    for colour, near, box in (
        (GREEN, 1, np.s_[10:110, 10:90]),
        (BLUE, 5, np.s_[30:100, 30:80]),
        (RED, 9, np.s_[50:70, 20:60]),
    ):
        picture[box], depth[box] = colour, near
    return picture, depth


def spread(histogram, groups):
    """Sum of squares within groups of levels."""
    levels = np.arange(len(histogram))
    total = 0.0
    for group in np.unique(groups[histogram > 0]):
        own = (groups == group) & (histogram > 0)
        mean = np.average(levels[own], weights=histogram[own])
        total += float((histogram[own] * (levels[own] - mean) ** 2).sum())
    return total


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_no_other_cut_is_nearer_to_its_means(seed, count):
    rng = np.random.default_rng(seed)
    histogram = rng.integers(0, 5, 9) * rng.integers(0, 2, 9)
    histogram[[0, 4]] = 3
    found = cut_of(histogram, count)
    used = np.flatnonzero(histogram)
    assert (np.diff(found[used]) >= 0).all()
    best = np.inf
    for cuts in combinations(used[1:], min(count, len(used)) - 1):
        best = min(best, spread(histogram, np.searchsorted(np.array(cuts, int), np.arange(9), side="right")))
    assert spread(histogram, found) == pytest.approx(best)
    assert len(np.unique(found[used])) == min(count, len(used))


def test_slices_are_the_picture_and_go_on_behind_each_other():
    picture, depth = scene()
    stack = exact_slices(picture, depth, 3)
    assert stack.names == ("slice-2", "slice-1", "slice-0")
    assert max_error(stack, picture) == 0
    far, middle, near = stack
    assert near.rgba.shape[:2] == (20, 40)
    y, x = 60 - middle.top, 45 - middle.left
    assert tuple(middle.rgba[52 - middle.top, x]) == BLUE, "behind the edge of the red card"
    assert tuple(far.rgba[32 - far.top, 32 - far.left]) == GREEN, "behind the edge of the blue card"
    assert (middle.rgba[y, x, 3] > 0) or (middle.rgba[52 - middle.top, x, 3] > 0)


def test_a_slice_goes_on_halfway_to_what_lies_behind_it():
    seen, nearer, farther = (np.zeros((1, 12), bool) for _ in range(3))
    seen[0, :3], nearer[0, 3:9], farther[0, 9:] = True, True, True
    assert np.flatnonzero(behind(seen, nearer, farther)).tolist() == [3, 4, 5]
    assert np.array_equal(behind(farther, nearer, np.zeros_like(seen)), nearer), "the farthest goes on everywhere"


def test_the_farthest_slice_is_whole():
    picture, depth = scene()
    far = exact_slices(picture, depth, 3)[0]
    assert far.rgba.shape[:2] == (100, 80)
    assert (far.rgba == np.uint8(GREEN)).all()


def test_the_farthest_slice_of_a_cut_out_is_whole_too_though_little_of_it_shows():
    picture, depth = scene()
    picture[:, 64:] = 0
    far = exact_slices(picture, depth, 3)[0]
    assert far.rgba.shape[:2] == (100, 54)
    there = far.rgba[2:-2, 2:-2]  # a pixel short of the edge, lest it show beyond a coverer
    assert (there == np.uint8(GREEN)).all()


def test_fewer_depths_than_slices():
    picture, depth = scene()
    assert exact_slices(picture, depth, 12).names == ("slice-2", "slice-1", "slice-0")
    assert exact_slices(picture, np.zeros_like(depth), 5).names == ("slice-0",)


def test_the_scale_of_depth_does_not_matter():
    picture, depth = scene()
    first, second = exact_slices(picture, depth, 2), exact_slices(picture, depth * 1e4 - 77, 2)
    assert all(np.array_equal(a.rgba, b.rgba) for a, b in zip(first, second, strict=True))


def test_an_empty_picture_has_one_layer():
    stack = exact_slices(np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9), np.float32), 3)
    assert max_error(stack, np.zeros((9, 9, 4), np.uint8)) == 0


@pytest.mark.parametrize("count", [0, 65])
def test_how_many_there_may_be(count):
    with pytest.raises(ModelError, match="1 to 64"):
        exact_slices(*scene(), count)
