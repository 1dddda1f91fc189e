"""How the synthetic artist's figures carry themselves, and what they hold."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from animelayers.artist import character, holding
from animelayers.artist.carriage import WEIGHTS, Carriage, carry
from animelayers.artist.curves import ellipse
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Mark, Stroke
from animelayers.artist.holds import HOLDS
from animelayers.artist.reach import BOTH, PAIRS, SINGLE
from animelayers.artist.subject import choose
from animelayers.artist.wardrobe import OBJECTS

LEVELS = (0.0, 0.17, 0.45, 0.75, 1.25, 1.9, 2.1)
CHIN, GROUND = -0.2, 5.2


def carried(pose: str, heavy: int, seed: int = 2) -> Carriage:
    return carry(pose, heavy, LEVELS, CHIN, GROUND, 1.0, Dice(seed))


def moved(bend: Carriage, *points: tuple[float, float]) -> np.ndarray:
    return bend(np.array(points))


@pytest.mark.parametrize("pose", sorted(WEIGHTS))
def test_feet_stay_on_the_ground_and_the_head_is_not_bent(pose):
    bend = carried(pose, 1)
    feet = ((-0.4, GROUND), (0.5, GROUND))
    assert np.allclose(moved(bend, *feet), feet)
    head = np.array([(-0.4, -1.1), (0.4, -1.1), (0.4, -0.4), (-0.4, -0.4)])
    sides = [np.hypot(*np.diff(p, axis=0).T) for p in (head, bend(head))]
    assert np.allclose(sides[0], sides[1], rtol=0.01)
    corner = np.diff(bend(head), axis=0)
    assert abs(corner[0] @ corner[1]) < 1e-3


@pytest.mark.parametrize("heavy", [-1, 1])
def test_weight_pushes_the_hip_out_and_up_and_drops_the_shoulder(heavy):
    bend = carried("contrapposto", heavy)
    loaded, free = moved(bend, (0.5 * heavy, LEVELS[5]), (-0.5 * heavy, LEVELS[5]))
    assert heavy * (loaded + free)[0] / 2 > 0.1
    assert loaded[1] < free[1] - 0.05
    above, other = moved(bend, (0.6 * heavy, LEVELS[1]), (-0.6 * heavy, LEVELS[1]))
    assert above[1] > other[1] + 0.05


def test_stiff_things_keep_their_lengths_and_stay_in_the_hand():
    bend = carried("contrapposto", 1)
    stiff = bend.stiff((0.8, 2.0))
    assert np.allclose(moved(stiff, (0.8, 2.0)), moved(bend, (0.8, 2.0)), atol=1e-3)
    rod = moved(stiff, (0.9, -1.0), (0.9, 2.0), (0.9, 5.0))
    first, last = np.diff(rod, axis=0)
    assert np.allclose(first, last)
    assert math.hypot(*first) == pytest.approx(3.0, rel=0.02)


def test_all_of_a_fragment_moves_together():
    ring = ellipse(0, 0, 1, 1)
    made = Fragment("topwear", 0.0, (ring,), (0, 0, 0), strokes=(Stroke(ring),), clip=(ring,))
    made = made.replace(marks=(Mark((ring,), (0, 0, 0), fade=((0.0, 0.0), (1.0, 0.0))),))
    there = made.through(lambda points: points + (3.0, 0.0))
    curves = (*there.shape, there.strokes[0].points, *there.marks[0].shape, *there.clip)
    assert all(np.array_equal(curve, ring + (3.0, 0.0)) for curve in curves)
    assert there.marks[0].fade == ((3.0, 0.0), (4.0, 0.0))
    assert made.through(lambda points: points).clip[0] is ring


def test_every_thing_can_be_held_in_some_pose():
    assert {kind for weights in OBJECTS.values() for kind in weights} <= set(HOLDS)
    for ways in HOLDS.values():
        assert set(ways) & set(SINGLE)
    assert {name for pair in PAIRS.values() for name in pair} & set(HOLDS["bag"])
    assert set(PAIRS) <= set(BOTH)


def test_what_is_chosen_is_held():
    chosen = [choose(Dice("artist", seed)) for seed in range(120)]
    holders = [subject for subject in chosen if subject.outfit.object.kind != "none"]
    assert all(holding.choose(subject, Dice("held")) is not None for subject in holders)
    assert 0.1 < len(holders) / len(chosen) < 0.3


def test_attributes_tell_what_is_worn():
    dice = Dice("artist", 5)
    subject = choose(dice)
    told = character.compose(subject, dice).attributes
    assert json.loads(json.dumps(told)) == told
    assert told["worn"]["top"] == subject.outfit.top.kind
    assert told["worn"]["object"] == subject.outfit.object.kind
    assert told["stance"] == subject.figure.legs["l"].pose
