"""The floors: k-means, one part, mean positions."""

from __future__ import annotations

import json
import math
import pickle

import numpy as np
import pytest
from drawing import ROOT, noise, script
from samples import sample

from animelayers.color import clear_hidden
from animelayers.composite import flatten, max_error
from animelayers.evaluation import baselines
from animelayers.evaluation.baselines import BASELINES, KMeans, habits, most_likely, places, posterised
from animelayers.models.registry import MODES
from animelayers.parts import PART_LABELS, other_side, split_part
from animelayers.raster import tight_box
from animelayers.rendering.solve import BLENDS, unsolved_stack

SKIN, CLOTH, INK = (240, 200, 180), (70, 90, 160), (25, 20, 25)


def drawing() -> np.ndarray:
    """Two flat halves with a black line between them, and nothing around."""
    rgba = np.zeros((80, 60, 4), np.uint8)
    rgba[5:75, 5:55] = (*SKIN, 255)
    rgba[40:75, 5:55] = (*CLOTH, 255)
    rgba[38:40, 5:55] = (*INK, 255)
    return rgba


def answer(name: str, picture: np.ndarray, seed: int = 0):
    return BASELINES[name](None, picture, seed)  # type: ignore[arg-type]  # they look at nothing but the picture


PICTURES = {
    "drawing": drawing(),
    "noise": clear_hidden(noise(70, 50)),
    "opaque": np.dstack([noise(40, 60)[..., :3], np.full((40, 60), 255, np.uint8)]),
    "one pixel": np.pad(np.array([[[9, 8, 7, 200]]], np.uint8), ((3, 8), (20, 1), (0, 0))),
    "nothing": np.zeros((9, 8, 4), np.uint8),
}


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize("name", BASELINES)
def test_every_answer_flattens_to_the_picture_and_comes_out_the_same_again(name, picture):
    made, again = answer(name, picture, 3), answer(name, picture, 3)
    assert made.stack.size == picture.shape[:2]
    assert max_error(made.stack, picture) == 0
    for one, other in zip(made.stack, again.stack, strict=True):
        assert (one.name, one.top, one.left) == (other.name, other.top, other.left)
        assert np.array_equal(one.rgba, other.rgba)


@pytest.mark.parametrize("name", BASELINES)
def test_what_they_are_survives_pickling_and_is_said_in_json_values(name):
    copy = pickle.loads(pickle.dumps(BASELINES[name]))
    assert copy.name == name
    assert copy.mode in MODES
    assert json.loads(json.dumps(dict(copy.about))) == dict(BASELINES[name].about)


def test_kmeans_tells_flats_from_lines():
    made = answer("kmeans", drawing())
    flat, line = made.stack["flat"].rgba, made.stack["line"].rgba
    assert tuple(flat[20, 30, :3]) == SKIN
    assert tuple(flat[60, 30, :3]) == CLOTH
    assert (line[38:40, 10:50] == (*INK, 255)).all()
    assert not line[10:30, 10:50, 3].any()
    assert not line[50:70, 10:50, 3].any()
    assert [layer.blend for layer in made.stack] == list(BLENDS.values())


def test_what_kmeans_meant_is_not_the_picture():
    picture = PICTURES["opaque"]
    guess = answer("kmeans", picture).guess
    assert guess is not None
    error = np.abs(flatten(unsolved_stack(picture, guess)).astype(int) - picture).mean()
    assert 0 < error < 64


def test_clusters_are_means_of_their_members():
    colours = np.array([(0, 0, 0), (10, 0, 0), (250, 250, 250), (254, 250, 250), (90, 0, 200)], np.uint8)
    rgb = colours[np.array([[0, 0, 0, 1], [2, 3, 2, 3], [4, 4, 4, 4]])]
    inside = np.ones((3, 4), bool)
    out = posterised(rgb, inside, 3, 0)
    assert out.tolist() == [[[3, 0, 0]] * 4, [[252, 250, 250]] * 4, [[90, 0, 200]] * 4]  # 2.5 rounds up


def test_pixels_outside_the_figure_found_no_clusters():
    rgb = np.zeros((4, 40, 3), np.uint8)
    rgb[:, 20:] = 255
    rgb[0, 0] = (0, 200, 0)
    inside = np.zeros((4, 40), bool)
    inside[0, :2] = True
    assert sorted(map(tuple, np.unique(posterised(rgb, inside, 24, 0).reshape(-1, 3), axis=0).tolist())) == [
        (0, 0, 0),
        (0, 200, 0),
    ]


def test_no_more_clusters_than_were_asked_for():
    many = PICTURES["opaque"]
    for clusters in (2, 7):
        made = posterised(many[..., :3], many[..., 3] > 0, clusters, 0)
        assert len(np.unique(made.reshape(-1, 3), axis=0)) == clusters
    assert KMeans(clusters=7).about != KMeans().about


def test_places_are_those_in_the_box():
    figure = np.zeros((30, 40), bool)
    figure[10:20, 8:16] = True
    y, x = places(figure)
    assert y[10:20, 0] == pytest.approx((np.arange(10) + 0.5) / 10)
    assert x[0, 8:16] == pytest.approx([0.875, 0.625, 0.375, 0.125, 0.125, 0.375, 0.625, 0.875])
    assert y[0, 0] < 0
    assert x[0, 39] > 1


def test_habits_are_those_of_figures():
    known = habits()
    assert list(known) == list(PART_LABELS)
    assert sum(habit.share for habit in known.values()) == pytest.approx(1, abs=1e-3)
    assert known["footwear"].y > known["topwear"].y > known["face"].y > known["headwear"].y
    assert known["handwear"].x > known["topwear"].x > known["nose"].x
    assert known["front hair"].rank > known["face"].rank > known["back hair"].rank
    assert all(0 < value < 1 for h in known.values() for value in (h.share, h.y, h.y_spread, h.x, h.x_spread, h.rank))


def test_habits_are_measured_on_what_is_seen(monkeypatch):
    names = script("benchmarks/mean_positions.py")
    made = sample()
    monkeypatch.setitem(names["main"].__globals__, "sample", lambda *_: made)
    sums, ranks = names["measured"](0)
    assert ranks["back hair"] == [pytest.approx(0.5 / 13)]
    assert ranks["handwear"] == pytest.approx([3.5 / 13, 4.5 / 13, 12.5 / 13])
    rows, columns = np.nonzero(made.visible == PART_LABELS["mouth"])
    top, left, bottom, right = tight_box(made.picture[..., 3] > 0)
    y, x = (rows + 0.5 - top) / (bottom - top), abs(2 * (columns + 0.5 - left) / (right - left) - 1)
    assert sums["mouth"] == pytest.approx([len(rows), y.sum(), (y**2).sum(), x.sum(), (x**2).sum()], rel=1e-5)
    assert sum(row[0] for row in sums.values()) == (made.visible > 0).sum()


def density(tag: str, y: float, x: float) -> float:
    """Share × normal density at a place, by the book."""
    habit = habits()[tag]
    out = habit.share
    for value, mean, spread in ((y, habit.y, habit.y_spread), (x, habit.x, habit.x_spread)):
        out *= math.exp(-((value - mean) ** 2) / (2 * spread**2)) / math.sqrt(2 * math.pi * spread**2)
    return out


def test_the_likeliest_tag_wins():
    figure = np.zeros((66, 47), bool)
    figure[3:63, 4:44] = True
    label = most_likely(figure)
    assert (label > 0).tolist() == figure.tolist()
    y, x = places(figure)
    for row, column in [(4, 20), (15, 24), (25, 24), (40, 24), (40, 5), (62, 30), (30, 43), (20, 41)]:
        best = max(PART_LABELS, key=lambda tag: density(tag, float(y[row, 0]), float(x[0, column])))
        assert label[row, column] == PART_LABELS[best]
    assert len(np.unique(label)) > 4


def test_a_mirrored_picture_has_mirrored_parts():
    picture = PICTURES["noise"]
    ours, mirrored = answer("mean-position", picture).stack, answer("mean-position", picture[:, ::-1]).stack
    width = picture.shape[1]
    found = {(other_side(layer.name), layer.top, width - layer.left - layer.width): layer for layer in mirrored}
    assert len(found) == len(ours)
    for layer in ours:
        assert np.array_equal(found[layer.name, layer.top, layer.left].rgba[:, ::-1], layer.rgba)


def test_sides_are_the_characters_and_order_is_the_usual_one():
    picture = np.full((90, 60, 4), 255, np.uint8)
    made = answer("mean-position", picture)
    sided = {layer.name: layer for layer in made.stack if split_part(layer.name)[1]}
    assert {"handwear-l", "handwear-r"} <= set(sided)
    for name, layer in sided.items():
        assert (layer.left >= 30) if split_part(name)[1] == "l" else (layer.left + layer.width <= 30)
    ranks = [habits()[split_part(name)[0]].rank for name in made.stack.names]
    assert ranks == sorted(ranks)
    assert made.depth[2, 30] == np.float32(habits()["front hair"].rank)


def test_one_part_is_the_largest():
    made = answer("one-part", PICTURES["drawing"])
    (layer,) = made.stack
    assert layer.name == max(habits(), key=lambda tag: habits()[tag].share)
    assert (layer.top, layer.left, layer.height, layer.width) == (5, 5, 70, 50)


def test_another_data_file_is_another_baseline(tmp_path, monkeypatch):
    before = BASELINES["mean-position"].about
    monkeypatch.setattr(baselines, "HABITS", tmp_path / "other.json")
    baselines.HABITS.write_text("{}")
    assert BASELINES["mean-position"].about != before


def test_the_data_file_is_in_the_wheel():
    assert '"evaluation/*.json"' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert baselines.HABITS.is_file()
