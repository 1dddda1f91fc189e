"""Hats, animal ears, tails and wings of the synthetic artist."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from animelayers.artist import creature, headwear, wings
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Plane
from animelayers.artist.subject import Subject, choose
from animelayers.artist.wardrobe import ANIMALS, HATS, HEADWEAR, WINGS


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
