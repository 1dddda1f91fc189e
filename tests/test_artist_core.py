"""The artist's tools: dice, curves, strata, pen, colour."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from animelayers.artist import motifs, pen
from animelayers.artist.build import Build
from animelayers.artist.curves import (
    along,
    corners,
    cut,
    ellipse,
    length,
    mirrored,
    path,
    positions,
    profile,
    ribbon,
    spline,
    turned,
)
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Drawing, Fragment, Stroke
from animelayers.artist.palette import mix, oklch, shifted, to_oklch
from animelayers.artist.strata import pieces
from animelayers.artist.style import Line


def area(shape: np.ndarray) -> float:
    x, y = shape.T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def square(x: float, y: float, size: float = 1.0) -> np.ndarray:
    return np.array([(x, y), (x + size, y), (x + size, y + size), (x, y + size)])


def test_dice_depend_on_their_path_alone():
    assert Dice(7).of("hair").many(5) == Dice(7, "hair").many(5)
    first = Dice(7)
    first.uniform(0, 1)
    assert first.of("eyes").uniform(0, 1) == Dice(7).of("eyes").uniform(0, 1)
    assert len({Dice(7).of(name).uniform(0, 1) for name in ("hair", "eyes", "hat", 7)} | {Dice(8).uniform(0, 1)}) == 5


def test_dice_never_change():
    """A set is named by its seeds: these values are a promise."""
    dice = Dice("artist", 3)
    assert [round(dice.uniform(0, 1), 12) for _ in range(3)] == [0.780899533121, 0.196896245168, 0.098016058232]
    assert Dice(1).of("x").pick(["a", "b", "c", "d"]) == "d"


@given(st.integers(0, 10**6))
def test_dice_stay_within_what_was_asked(seed):
    dice = Dice(seed)
    assert 2 <= dice.uniform(2, 3) < 3
    assert dice.integer(-1, 1) in (-1, 0, 1)
    assert abs(dice.near(5, 0.5) - 5) <= 0.5
    assert dice.pick({"never": 0, "always": 1}) == "always"


def test_dice_follow_the_weights():
    dice = Dice(0)
    picks = [dice.pick({"a": 3, "b": 1}) for _ in range(4000)]
    assert 0.72 < picks.count("a") / 4000 < 0.78


def test_a_spline_goes_through_its_points_and_keeps_lines_straight():
    points = [(0, 0), (1, 2), (3, 2.5), (4, 0)]
    curve = spline(points)
    for point in points:
        assert np.hypot(*(curve - point).T).min() < 1e-12
    line = spline([(0, 0), (1, 1), (3, 3)])
    np.testing.assert_allclose(line[:, 0], line[:, 1], atol=1e-12)


def test_a_closed_spline_of_a_circle_is_nearly_one():
    t = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    curve = spline(np.stack([np.cos(t), np.sin(t)], axis=1), closed=True)
    np.testing.assert_allclose(np.hypot(*curve.T), 1, atol=0.01)
    steps = np.hypot(*(curve - np.roll(curve, 1, axis=0)).T)
    assert steps.max() < 1.5 * steps.min()  # no side is left straight


def test_a_ribbon_has_the_area_of_its_width_times_its_length():
    spine = spline([(0, 0), (3, 4)])
    assert area(ribbon(spine, 0.2)) == pytest.approx(5 * 0.4)


def test_cutting_and_measuring_along_a_curve():
    curve = spline([(0, 0), (1, 0.5), (2, 0)])
    assert length(cut(curve, 0.25, 0.75)) == pytest.approx(length(curve) / 2, rel=1e-3)
    np.testing.assert_allclose(cut(curve, 0.75, 0.25), cut(curve, 0.25, 0.75)[::-1])
    np.testing.assert_allclose(along(curve, [0, 1]), [(0, 0), (2, 0)], atol=1e-12)
    assert (np.diff(positions(curve)) > 0).all()


def test_corners_are_where_pieces_meet():
    shape = path([(0, 0), (1, 0.2), (2, 0)], [(2, 0), (2, 1)], [(2, 1), (0, 1)])
    assert [tuple(shape[i]) for i in corners(shape)] == [(0, 0), (2, 0), (2, 1), (0, 1)]
    assert len(np.unique(shape, axis=0)) == len(shape)
    assert corners(ellipse(0, 0, 1, 1)) == []


def test_turning_and_mirroring():
    np.testing.assert_allclose(turned([(1, 0)], math.pi / 2), [(0, 1)], atol=1e-12)
    np.testing.assert_allclose(mirrored([(1, 5)], 3), [(5, 5)])


def test_a_profile_is_monotone_between_its_values():
    values = profile((0, 0.5, 1), (1, 3, 2), np.linspace(0, 1, 21))
    assert values[0] == 1
    assert values[10] == 3
    assert (np.diff(values[:11]) >= 0).all()
    assert (np.diff(values[10:]) <= 0).all()


@given(st.floats(0.05, 0.98), st.floats(0, 0.03), st.floats(0, 359))
def test_oklch_both_ways(lightness, chroma, hue):
    back = to_oklch(oklch(lightness, chroma, hue))
    assert back[0] == pytest.approx(lightness, abs=0.01)
    assert back[1] <= chroma + 0.01


def test_colours_stay_levels():
    assert mix((0, 0, 0), (255, 255, 255), 0.5) == (127.5, 127.5, 127.5)
    for colour in (oklch(0.7, 0.4, 140), shifted((250, 250, 250), lightness=0.4), shifted((3, 3, 3), lightness=-0.4)):
        assert all(0 <= level <= 255 for level in colour)


def fragment(tag: str, z: float, x: float, side: str = "") -> Fragment:
    return Fragment(tag, z, (square(x, 0),), (0, 0, 0), side)


def names(*fragments: Fragment) -> list[str]:
    return [piece.name for piece in pieces(Drawing(fragments, {}, (0, 0, 1, 1)))]


def test_a_tag_is_one_piece_unless_something_lies_between():
    assert names(fragment("front hair", 0, 0), fragment("front hair", 2, 0.5)) == ["front hair"]
    assert names(fragment("front hair", 0, 0), fragment("face", 1, 5), fragment("front hair", 2, 0.5)) == [
        "front hair",
        "face",
    ]
    assert names(fragment("front hair", 0, 0), fragment("face", 1, 0.5), fragment("front hair", 2, 0.5)) == [
        "front hair-1",
        "face",
        "front hair-0",
    ]


def test_sides_are_pieces_of_their_own():
    assert names(fragment("handwear", 0, 0, "l"), fragment("handwear", 0, 0, "r")) == ["handwear-l", "handwear-r"]


def test_pieces_are_drawn_by_depth_whatever_order_they_come_in():
    assert names(fragment("face", 2, 0), fragment("neck", 1, 0)) == ["neck", "face"]


def line(**changes: Any) -> Line:
    plain: dict[str, Any] = {"width": 0.02, "colour": "black", "ink": (0, 0, 0), "alpha": 1.0}
    return Line(**plain | dict.fromkeys(("swell", "wobble", "broken", "taper", "contour"), 0.0) | changes)


def drawn(stroke: Stroke, **changes: Any) -> tuple[np.ndarray, np.ndarray]:
    return pen.polygon(stroke, line(**changes), (0.0, -1.0), 0.001, Dice(0))


def test_a_blunt_stroke_is_as_wide_as_the_pen():
    spine = spline([(0, 0), (1, 0)], steps=50)
    ink, under = drawn(Stroke(spine, taper=(0, 0)))
    assert area(ink) == pytest.approx(0.02, rel=0.02)
    assert area(under) < area(ink)


def test_taper_swell_and_weight():
    spine = spline([(0, 0), (1, 0)], steps=50)
    whole = area(drawn(Stroke(spine, taper=(0, 0)))[0])
    assert area(drawn(Stroke(spine, taper=(0.5, 0.5)))[0]) < 0.75 * whole
    assert area(drawn(Stroke(spine, taper=(0, 0)), swell=0.5)[0]) == pytest.approx(1.5 * whole, rel=0.02)
    assert area(drawn(Stroke(spine, weight=2, taper=(0, 0)))[0]) == pytest.approx(2 * whole, rel=0.02)


def test_an_outline_is_inked_from_corner_to_corner():
    strokes = pen.outline(fragment("face", 0, 0), line(), Dice(0))
    assert len(strokes) == 4
    assert sum(length(stroke.points) for stroke in strokes) == pytest.approx(4)
    broken = pen.outline(fragment("face", 0, 0), line(broken=1.0), Dice(0))
    assert sum(length(stroke.points) for stroke in broken) < 3.95


def test_mirroring_swaps_sides_and_keeps_shapes():
    drawing = Drawing((fragment("ears", 0, 2, "l"),), {"eye-l": (1.0, 2.0), "chin": (0.5, 0)}, (0, 1, 2, 3))
    flipped = drawing.mirrored()
    assert flipped.fragments[0].side == "r"
    assert flipped.fragments[0].shape[0][:, 0].max() == -2
    assert flipped.keypoints == {"eye-r": (-1.0, 2.0), "chin": (-0.5, 0)}
    assert flipped.head_box == (-2, 1, 0, 3)


def test_bodies_lie_between_the_three_forms():
    forms = {"slim": [0.0, 0.0], "strong": [1.0, 2.0], "small": [10.0, 10.0]}
    assert Build(6.5, 0.5, 1.0, 0.2).between(forms) == pytest.approx([0.5, 1.0])
    assert Build(2.4, 0.5, 1.0, 0.2).between(forms) == pytest.approx([10.0, 10.0])


def test_motifs_stand_upright_in_their_square():
    for shape in (motifs.star(), motifs.heart(), motifs.blossom()):
        assert np.abs(shape).max() == pytest.approx(1, abs=0.05)
    assert motifs.star()[0] == pytest.approx([0, -1])
    low = motifs.heart()[motifs.heart()[:, 1].argmax()]
    assert low[0] == pytest.approx(0, abs=0.01)
