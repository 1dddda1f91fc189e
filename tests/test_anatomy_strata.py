"""Layers of one part, told by their depth: where there are some, where they part, and what is none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from toy_pieces import SIZE, assert_nothing_lost, mask, piece, spread

from animelayers.anatomy.parting import DUST
from animelayers.anatomy.strata import LAYERED, split
from animelayers.parts import PART_LABELS

BODY = mask((10, 10, 110, 110))
NEAR = mask((10, 70, 110, 110))
YS, XS = (axis / 119 for axis in np.indices(SIZE))
STEP = np.where(NEAR, 0.8, 0.5)


def noise(amount: float, seed: int = 0) -> np.ndarray:
    """As a model's own coarse maps have it, scaled up."""
    coarse = np.random.default_rng(seed).normal(0, amount, (24, 24))
    return cv2.resize(coarse, SIZE[::-1], interpolation=cv2.INTER_LINEAR)


def strata(depth, seen=BODY, others=(), tag="back hair", **more) -> dict[str, np.ndarray]:
    """Name → where it is seen; nothing was lost."""
    one = piece(tag, seen, depth=depth, **more)
    made = split([one, *others])
    assert_nothing_lost([one, *others], made)
    return {name: seen for name, seen in spread(made).items() if name.startswith(tag)}


def test_two_plateaus():
    got = strata(STEP)
    assert set(got) == {"back hair-0", "back hair-1"}
    assert np.array_equal(got["back hair-0"], NEAR)


def test_three_plateaus():
    got = strata(np.select([XS < 0.33, XS < 0.66], [0.3, 0.5], 0.8))
    assert [got[f"back hair-{rank}"].sum() for rank in range(3)] == pytest.approx([3100, 3900, 3000], rel=0.05)


def test_plateaus_that_nothing_joins():
    left, right = mask((10, 10, 110, 50)), mask((10, 70, 110, 110))
    got = strata(np.where(NEAR, 0.52, 0.5), left | right)
    assert np.array_equal(got["back hair-0"], right)


@pytest.mark.parametrize("amount", [0.02, 0.05])
def test_plateaus_under_noise(amount):
    got = strata(STEP + noise(amount))
    assert set(got) == {"back hair-0", "back hair-1"}
    assert np.count_nonzero(got["back hair-0"] != NEAR) < 0.02 * BODY.sum()


ONE = {
    "level": np.full(SIZE, 0.5),
    "a slope": 0.2 + 0.6 * XS,
    "a steep slope across": 0.2 + 0.6 * (XS + YS) / 2,
    "a slope that flattens": 0.2 + 0.6 * XS**2,
    "a bowl": 0.3 + 0.5 * ((XS - 0.5) ** 2 + (YS - 0.5) ** 2),
    "a ridge": 0.4 + 0.2 * np.cos(6 * (XS - 0.5)),
    "noise": 0.5 + noise(0.05),
    "fine noise": 0.5 + np.random.default_rng(1).normal(0, 0.05, SIZE),
    "blobs": 0.5 + 8 * cv2.GaussianBlur(np.random.default_rng(2).normal(0, 0.05, SIZE), (0, 0), 5),
    "a slope under noise": 0.2 + 0.6 * XS + noise(0.02),
    "a step too small": np.where(NEAR, 0.505, 0.5),
}


@pytest.mark.parametrize("name", ONE)
def test_what_is_one_layer(name):
    assert set(strata(ONE[name])) == {"back hair"}


@pytest.mark.parametrize("name", ["a slope", "a bowl", "noise", "blobs", "a slope under noise"])
def test_what_is_one_layer_is_so_whatever_lies_between(name):
    depth = ONE[name]
    collar = piece("topwear", np.zeros(SIZE, bool), BODY, depth=float(np.median(depth)))
    assert set(strata(depth, others=[collar])) == {"back hair"}


@pytest.mark.parametrize("size", [3, 7])
def test_a_tiny_minority_is_no_layer(size):
    assert set(strata(np.where(mask((50, 50, 50 + size, 50 + size)), 0.9, 0.5))) == {"back hair"}


def test_specks_of_depth_are_no_pieces():
    """What is clearly nearer by itself but smaller than a speck goes with what is around it."""
    specks = mask(*((20, left, 23, left + 3) for left in range(15, 60, 9)))
    got = strata(np.where(specks, 0.8, STEP))
    assert np.array_equal(got["back hair-0"], NEAR)
    for seen in got.values():
        _, _, stats, _ = cv2.connectedComponentsWithStats(seen.astype(np.uint8), connectivity=8)
        assert stats[1:, cv2.CC_STAT_AREA].min() >= DUST


@pytest.mark.parametrize(("behind", "layers"), [(None, 1), (mask((30, 70, 60, 100)), 2)])
def test_doubtful_layers_need_something_between_them(behind, layers):
    """Depths that are not quite even come to two if a cape lies before the far one and behind the near one."""
    doubtful = np.where(NEAR, 0.6, 0.5) + cv2.GaussianBlur(noise(1, seed=3), (0, 0), 6) * 0.14
    before = mask((30, 20, 60, 70))
    hair, cape = (
        piece("back hair", BODY & ~before, before, depth=doubtful),
        piece("topwear", before, behind, depth=0.55),
    )
    assert len(split([hair.replace(seen=BODY[hair.here])])) == 1
    assert len(split([hair, cape])) == 1 + layers


def test_the_cut_follows_the_drawing():
    """The depth is blurred, as small maps are; the drawing has an edge three pixels from where its middle is."""
    depth = cv2.GaussianBlur(np.where(mask((0, 67, 120, 120)), 0.8, 0.5), (0, 0), 4)
    colour = np.where(NEAR[..., None], (90, 60, 50), (200, 150, 120)).astype(np.uint8)
    got = strata(depth, colour=colour)
    assert np.array_equal(got["back hair-0"], NEAR)


def test_soft_alpha_is_kept():
    one = piece("topwear", BODY, depth=STEP)
    soft = np.clip(cv2.GaussianBlur(BODY.astype(np.float32), (0, 0), 4)[one.here] * 400, 1, 255).astype(np.uint8)
    alpha = spread(split([one.replace(alpha=soft)]), "alpha")
    assert np.array_equal(sum(plane.astype(int) for plane in alpha.values())[one.here], soft)
    assert np.array_equal(alpha["topwear-0"] > 0, NEAR)


def test_hidden_layers_count():
    """Of the far layer nothing is seen at all."""
    arm = piece("handwear", NEAR, BODY & ~NEAR, depth=STEP, side="l")
    got = split([arm])
    assert [one.name for one in got] == ["handwear-l-0", "handwear-l-1"]
    assert not got[1].seen.any()


@pytest.mark.parametrize("tag", sorted(set(PART_LABELS) - LAYERED))
def test_small_and_flat_parts_stay_whole(tag):
    assert set(strata(STEP, tag=tag)) == {tag}


def test_strata_stay_as_they_are():
    one = piece("tail", BODY, depth=STEP, stratum=1)
    assert split([one]) == (one,)


def test_an_empty_piece():
    one = piece("tail", mask((5, 5, 6, 6))).replace(seen=np.zeros((1, 1), bool), alpha=np.zeros((1, 1), np.uint8))
    assert split([one]) == (one,)


def test_no_lot_is_drawn():
    pieces = [piece("tail", BODY, depth=STEP + noise(0.05)), piece("wings", BODY, depth=ONE["blobs"], side="l")]
    first, second = spread(split(pieces)), spread(split(pieces[::-1]))
    assert set(first) == set(second)
    assert all(np.array_equal(first[name], second[name]) for name in first)
