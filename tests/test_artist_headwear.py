"""Hats, animal ears, tails and wings of the synthetic artist."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from animelayers.artist import creature, headwear, scalp, wings
from animelayers.artist.curves import ellipse
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Plane
from animelayers.artist.subject import Subject, choose
from animelayers.artist.wardrobe import ANIMALS, HATS, HEADWEAR, WINGS
from animelayers.artist.wearer import Wearer


def subject(seed: int = 1, **outfit: str) -> Subject:
    made = choose(Dice(seed))
    changes = {
        name: dataclasses.replace(getattr(made.outfit, name), kind=kind) if name != "animal" else kind
        for name, kind in outfit.items()
    }
    return dataclasses.replace(made, outfit=dataclasses.replace(made.outfit, **changes))


def sound(fragments: list[Fragment]) -> bool:
    return all(np.isfinite(curve).all() and len(curve) > 2 for f in fragments for curve in f.shape)


def test_the_wardrobe_and_the_hatter_agree():
    assert {kind for weights in HEADWEAR.values() for kind in weights} - {"none"} == set(headwear.KINDS)
    assert set(headwear.KINDS) >= HATS
    assert set(WINGS) - {"none"} == set(wings.WINGS)
    assert set(creature.EARS) == set(creature.TAILS) == set(ANIMALS) - {"none", "elf"}


@pytest.mark.parametrize("kind", headwear.KINDS)
def test_headwear_sits_on_the_head(kind):
    for seed in range(3):
        worn = subject(seed, headwear=kind)
        fragments = headwear.draw(worn, Dice(seed))
        assert fragments
        assert sound(fragments)
        assert {f.tag for f in fragments} == {"headwear"}
        points = np.concatenate([curve for f in fragments for curve in f.shape])
        head = worn.figure.head
        assert abs(points.mean(axis=0) - (head.x, head.y)).max() < 1.0


@pytest.mark.parametrize("kind", ["straw", "witch", "hood"])
def test_brims_and_hoods_go_round_the_head(kind):
    depths = [f.z for f in headwear.draw(subject(2, headwear=kind), Dice(0))]
    assert min(depths) < Plane.BACK_HAIR < Plane.FRONT_HAIR < max(depths)


@pytest.mark.parametrize("animal", creature.EARS)
def test_animals_have_two_ears_and_a_tail(animal):
    fragments = creature.draw(subject(3, animal=animal), Dice(1))
    assert sound(fragments)
    horned = animal in ("demon", "dragon")
    heads = {("headwear", "")} if horned else {("ears", "l"), ("ears", "r")}
    assert {(f.tag, f.side) for f in fragments} == heads | {("tail", "")}


@pytest.mark.parametrize("kind", wings.WINGS)
def test_wings_come_in_pairs_behind_everything(kind):
    fragments = wings.draw(subject(4, wings=kind), Dice(1))
    assert sound(fragments)
    assert {f.side for f in fragments} == {"l", "r"}
    assert max(f.z for f in fragments) < Plane.BACK_HAIR
    right, left = (np.concatenate([c for f in fragments if f.side == s for c in f.shape])[:, 0].mean() for s in "rl")
    assert right < left


def test_nobody_wears_what_was_not_chosen():
    plain = subject(5, headwear="none", animal="none", wings="none")
    assert headwear.draw(plain, Dice(0)) == creature.draw(plain, Dice(0)) == wings.draw(plain, Dice(0)) == []


def test_no_ears_grow_through_hats():
    for seed in range(300):
        outfit = choose(Dice("hats", seed)).outfit
        assert outfit.animal in ("none", "elf") or outfit.headwear.kind not in HATS


@pytest.mark.parametrize("yaw", [-0.65, 0.0, 0.65])
def test_hairbands_lie_on_the_hair(yaw):
    for seed in range(4):
        worn = turned(subject(seed, headwear="hairband"), yaw)
        over = scalp.choose(worn, Dice(seed))
        band = headwear.draw(worn, Dice(seed))[0].shape[0]
        heights = np.linspace(over.top, -0.1, 60)
        rim = np.stack([over.breadth(heights), heights], axis=1)
        rim = over.lay(np.concatenate([rim[::-1] * (-1, 1), rim]), 1.0)
        reach = np.hypot(*(rim - (worn.figure.head.x, worn.figure.head.y)).T).max()
        far = np.hypot(*(band - (worn.figure.head.x, worn.figure.head.y)).T)
        assert 0.9 * reach < far.max() < reach + 0.08


def turned(who: Subject, yaw: float) -> Subject:
    head = dataclasses.replace(who.figure.head, yaw=yaw)
    return dataclasses.replace(who, figure=dataclasses.replace(who.figure, head=head))


def test_a_hole_runs_the_other_way_so_that_its_shadow_has_it():
    made = next(f for f in headwear.draw(subject(2, headwear="hood"), Dice(0)) if f.hollow)
    areas = [float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) for x, y in (curve.T for curve in made.shape)]
    assert areas[0] * areas[1] < 0


def test_stiff_things_keep_their_shape_on_a_turned_head():
    wear = Wearer(turned(subject(1), 0.6), subject(1, headwear="cap").outfit.headwear)
    disc = ellipse(0.1, -0.42, 0.07, 0.07)
    moved = wear.pinned(disc)
    assert np.ptp(moved - disc, axis=0) == pytest.approx(0, abs=1e-12)
    assert (moved - disc)[0, 0] > 0.02
