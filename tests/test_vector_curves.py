"""Contours, curves, path text: closed forms, and there and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inked import averaged, grid

from animelayers.errors import FormatError
from animelayers.vector.contours import contours
from animelayers.vector.drawing import Curves
from animelayers.vector.fit import fit_curves
from animelayers.vector.path_in import parse_path
from animelayers.vector.paths import path_text
from animelayers.vector.trace import area


def cover(inside) -> np.ndarray:
    return averaged(inside.astype(float)).astype(np.float32)


def along(curves: Curves, count: int = 33) -> np.ndarray:
    t = np.linspace(0, 1, count)[:, None]
    weights = np.concatenate([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3], axis=1)
    return np.einsum("sk,nkd->nsd", weights, curves).reshape(-1, 2)


def circle(radius: float = 20.3, x0: float = 30.4, y0: float = 28.7) -> np.ndarray:
    x, y = grid(60, 64)
    return cover(np.hypot(x - x0, y - y0) < radius)


def test_a_contour_lies_where_the_coverage_says():
    (line,) = contours(circle())
    away = np.hypot(line[:, 0] - 30.4, line[:, 1] - 28.7)
    assert np.abs(away - 20.3).max() < 0.15
    assert area(line) == pytest.approx(np.pi * 20.3**2, rel=2e-3)


def test_a_straight_edge_is_exact():
    field = np.zeros((8, 9), np.float32)
    field[:, :4], field[:, 4] = 1, 0.3
    (line,) = contours(field)
    assert (line.min(axis=0) == 0).all()
    assert line[:, 1].max() == 8
    # Between the middles of columns 3 and 4, where 1 → 0.3 meets one half.
    assert line[:, 0].max() == pytest.approx(3.5 + 0.5 / 0.7)


def test_what_fills_the_field_is_its_whole_rectangle():
    (line,) = contours(np.ones((5, 7), np.float32))
    assert area(line) == pytest.approx(35)


def test_outlines_run_clockwise_and_holes_the_other_way():
    x, y = grid(40, 40)
    away = np.hypot(x - 20, y - 20)
    areas = sorted(map(area, contours(cover((away < 15) & (away > 6)))))
    assert areas == pytest.approx([-np.pi * 36, np.pi * 225], rel=0.02)


def test_corners_that_touch_stay_apart_unless_their_middle_is_inside():
    field = np.array([[1, 0.2], [0.2, 1]], np.float32)
    apart = np.array([[1, 0], [0, 0.9]], np.float32)
    assert len(contours(field, level=0.5)) == 1
    assert len(contours(apart, level=0.5)) == 2


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_contours_of_anything_are_closed_and_count_its_parts(seed):
    import cv2

    mask = np.random.default_rng(seed).random((9, 11)) < 0.5
    found = contours(np.where(mask, 0.9, 0.0).astype(np.float32))
    # A checkered cell's middle is inside (0.45 < 0.5 is not): corners part, so shapes are 4-connected.
    parts, _ = cv2.connectedComponents(mask.view(np.uint8), connectivity=4)
    assert sum(area(line) > 0 for line in found) == parts - 1


def test_nothing_has_no_contour_and_no_curve():
    assert contours(np.zeros((4, 4), np.float32)) == []
    assert fit_curves([]) == []
    assert path_text([]) == ""


def test_a_circle_is_a_few_smooth_curves_within_the_bound():
    (curves,) = fit_curves(contours(circle()), bound=0.3)
    assert 2 <= len(curves) <= 8
    points = along(curves)
    assert np.abs(np.hypot(points[:, 0] - 30.4, points[:, 1] - 28.7) - 20.3).max() < 0.4
    assert (curves[:, 3] == np.roll(curves[:, 0], -1, axis=0)).all()
    into, out = curves[:, 3] - curves[:, 2], np.roll(curves[:, 1] - curves[:, 0], -1, axis=0)
    cosine = (into * out).sum(axis=1) / np.linalg.norm(into, axis=1) / np.linalg.norm(out, axis=1)
    assert (cosine > 0.999).all()


@pytest.mark.parametrize("bound", [0.15, 0.3, 0.8])
def test_no_sample_is_further_off_than_the_bound(bound):
    x, y = grid(70, 70)
    star = np.hypot(x - 35, y - 35) < 22 + 7 * np.sin(5 * np.arctan2(y - 35, x - 35))
    lines = contours(cover(star))
    (curves,) = fit_curves(lines, bound=bound)
    gaps = np.linalg.norm(lines[0][:, None] - along(curves)[None], axis=2).min(axis=1)
    assert gaps.max() < bound + 0.3  # samples lie half a pixel apart


def test_a_wider_bound_takes_fewer_curves_and_slack_is_a_wider_bound():
    x, y = grid(70, 70)
    lines = contours(cover(np.hypot(x - 35, y - 35) < 22 + 7 * np.sin(9 * np.arctan2(y - 35, x - 35))))
    slack = [np.full(len(line), 4.0) for line in lines]
    fine, loose, wide = (
        len(fit_curves(lines, given, bound=bound)[0]) for given, bound in ((None, 0.2), (slack, 0.2), (None, 0.8))
    )
    assert wide == loose < fine


def test_corners_stay_corners():
    x, y = grid(50, 50)
    (curves,) = fit_curves(contours(cover(np.abs(x - 25) + np.abs(y - 25) < 18)), bound=0.3)
    assert len(curves) == 4
    tips = curves[:, 0]
    wanted = np.array([[25, 7], [43, 25], [25, 43], [7, 25]])
    assert np.linalg.norm(tips[:, None] - wanted, axis=2).min(axis=1).max() < 1.2


def test_a_rectangle_is_four_straight_lines():
    (curves,) = fit_curves(contours(np.ones((20, 30), np.float32)))
    assert path_text([curves]) == "M0 0h30v20h-30v-20z"


def test_path_text_is_relative_and_short():
    curves = np.array([[[1, 1], [1.5, 0.5], [2.04, -0.26], [3, 1]], [[3, 1], [3, 2], [2, 3], [1, 1]]], float)
    assert path_text([curves]) == "M1 1c.5-.5 1-1.3 2 0 0 1-1 2-2 0z"
    assert path_text([curves], decimals=0) == "M1 1c1-1 1-1 2 0 0 1-1 2-2 0z"


@given(st.integers(1, 9), st.integers(0, 1000), st.integers(0, 3))
@settings(max_examples=50, deadline=None)
def test_path_text_comes_back(count, seed, decimals):
    points = np.random.default_rng(seed).uniform(-50, 50, (count, 3, 2))
    curves = np.concatenate([points, np.roll(points[:, :1], -1, axis=0)], axis=1)
    back = parse_path(path_text([curves], decimals=decimals))
    found, wanted = along(np.concatenate(back)), along(curves)
    # What is straight comes back with other handles, what rounds to nothing does not come back.
    gaps = np.linalg.norm(wanted[:, None] - found[None], axis=2).min(axis=1)
    assert gaps.max() < max(6.0, 1.5 * 10**-decimals) if count > 1 else True


@pytest.mark.parametrize(
    ("d", "end"),
    [
        ("M1,2 3,4 5-6", [1, 2]),
        ("m1 2l2 2 2-10z", [1, 2]),
        ("M0 0H4V4H0Z", [0, 0]),
        ("M0 0h4v4h-4", [0, 0]),
        ("M1e1.5L2 2", [10, 0.5]),
    ],
)
def test_lines_in_all_their_spellings(d, end):
    (curves,) = parse_path(d)
    assert curves[0, 0] == pytest.approx(end)
    assert curves[-1, 3] == pytest.approx(end)


def test_smooth_and_quadratic_commands():
    (curves,) = parse_path("M0 0C0 2 2 2 2 0S4-2 4 0")
    assert curves[1] == pytest.approx(np.array([[2, 0], [2, -2], [4, -2], [4, 0]]))
    (curves,) = parse_path("M0 0Q1 3 2 0T4 0")
    assert along(curves[1:2])[16] == pytest.approx([3, -1.5])
    (curves,) = parse_path("M0 0s1 1 2 0")
    assert curves[0, 1] == pytest.approx([0, 0])


@pytest.mark.parametrize("flags", ["0 1 1 ", "0 11"])
def test_arcs_lie_on_their_circle(flags):
    (curves,) = parse_path(f"M10 0A10 10 {flags}0-10z")
    points = along(curves[:-1])
    assert np.abs(np.hypot(*points.T) - 10).max() < 5e-3
    assert points[:, 0].min() == pytest.approx(-10, abs=0.01)  # the long way round, clockwise on the screen


def test_arcs_too_small_grow_and_turned_ones_turn():
    (curves,) = parse_path("M0 0A1 1 0 0 1 6 0")
    assert along(curves[:-1])[:, 1].min() == pytest.approx(-3, abs=0.01)
    (curves,) = parse_path("M0 4A4 2 90 0 1 0-4")
    assert np.abs(along(curves[:-1])[:, 0]).max() == pytest.approx(2, abs=0.01)
    (curves,) = parse_path("M0 0A0 5 0 0 1 3 3")
    assert len(curves) == 2  # a line, and the way back


@pytest.mark.parametrize("d", ["1 2", "M", "M1", "M1 2L3", "M1 2X3 4", "M1 2zz 5", "M0 0A1 1 0 2 1 3 3", "M1 2 nan"])
def test_what_is_no_path_text_is_refused(d):
    with pytest.raises(FormatError, match="no path text"):
        parse_path(d)
