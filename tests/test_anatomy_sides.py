"""Left and right of arms, legs and eyes of which it is known; L is on the right of a picture of one who faces us."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from toy_pieces import SIZE, assert_nothing_lost, mask, piece, spread

from animelayers.anatomy.pieces import Piece
from animelayers.anatomy.sides import SIDED, split

RIGHT_ARM, LEFT_ARM = (40, 10, 100, 30), (40, 90, 100, 112)
FACE = piece("face", mask((10, 40, 50, 80)))
NOSE, MOUTH = piece("nose", mask((30, 59, 34, 62))), piece("mouth", mask((40, 56, 43, 65)))
SHIRT = piece("topwear", mask((50, 40, 100, 80)))


def sides(pieces, side_map=None) -> dict[str, np.ndarray]:
    """Name → where it is seen, of what the pieces come apart into; nothing was lost."""
    made = split(pieces, side_map, SIZE)
    assert_nothing_lost(pieces, made)
    return spread(made)


@pytest.mark.parametrize("wide", [RIGHT_ARM, LEFT_ARM])
def test_two_arms_whichever_is_larger(wide):
    narrow = [(box[0], box[1] + 6, box[2] - 20, box[3] - 6) for box in (RIGHT_ARM, LEFT_ARM) if box != wide]
    got = sides([SHIRT, piece("handwear", mask(wide, *narrow))])
    right, left = sorted([wide, *narrow], key=lambda box: box[1])
    assert np.array_equal(got["handwear-r"], mask(right))
    assert np.array_equal(got["handwear-l"], mask(left))


@pytest.mark.parametrize("told", [False, True])
def test_components_beyond_two_are_kept(told):
    """A ring, a cuff and a bangle beside both arms: the two largest areas are not all there is."""
    more = [(104, 12, 110, 26), (60, 33, 66, 37), (104, 94, 110, 108)]
    side_map = np.where(np.arange(SIZE[1]) < 60, -0.8, 0.8).astype(np.float32) * np.ones(SIZE, np.float32)
    got = sides([SHIRT, piece("handwear", mask(RIGHT_ARM, LEFT_ARM, *more))], side_map if told else None)
    assert np.array_equal(got["handwear-r"], mask(RIGHT_ARM, *more[:2]))
    assert np.array_equal(got["handwear-l"], mask(LEFT_ARM, more[2]))


def test_two_areas_of_one_side_are_one_arm():
    seen = mask(RIGHT_ARM, (104, 12, 110, 26))
    got = sides([SHIRT, piece("handwear", seen)])
    assert set(got) == {"topwear", "handwear-r"}
    assert set(sides([piece("handwear", seen)])) == {"handwear-r"}  # by the middle of the canvas


def test_arms_that_touch_come_apart():
    hands = (80, 30, 90, 90)
    got = sides([piece("neck", mask((10, 50, 40, 70))), piece("handwear", mask(RIGHT_ARM, LEFT_ARM, hands))])
    assert (got["handwear-r"] & mask(RIGHT_ARM)).sum() == mask(RIGHT_ARM).sum()
    assert (got["handwear-l"] & mask(LEFT_ARM)).sum() == mask(LEFT_ARM).sum()
    cut = np.flatnonzero(got["handwear-l"][85])[0]
    assert abs(cut - 60) <= 4


def test_what_only_crosses_the_midline_is_not_cut():
    """A muff that both hands are in, or one arm before the body: nothing says that it is two."""
    muff = mask((40, 36, 80, 84))
    assert len(sides([SHIRT, piece("handwear", muff)])) == 2


def test_the_main_body_is_no_background():
    """One area fills nearly all of its own box, another lies in a corner of it."""
    large, small = mask((20, 10, 100, 70)), mask((88, 75, 100, 90))
    got = sides([piece("handwear", large | small)])
    assert np.array_equal(got["handwear-r"], large)
    assert np.array_equal(got["handwear-l"], small)


def test_an_area_of_one_row():
    row = mask((60, 80, 61, 110))
    got = sides([SHIRT, piece("handwear", mask(RIGHT_ARM) | row)])
    assert np.array_equal(got["handwear-l"], row)


def test_an_unseen_eye_has_no_empty_twin():
    lashes = mask((20, 44, 23, 56), (20, 64, 23, 76))
    pieces = [FACE, NOSE, MOUTH, piece("eyelash", lashes), piece("irides", mask((24, 47, 32, 53)))]
    assert set(sides(pieces)) == {"face", "nose", "mouth", "eyelash-l", "eyelash-r", "irides-r"}


def test_dust_makes_no_side():
    seen = mask(RIGHT_ARM, (60, 100, 63, 103))
    got = sides([SHIRT, piece("handwear", seen)])
    assert np.array_equal(got["handwear-r"], seen)


@pytest.mark.parametrize("degrees", [-150, -60, -30, 30, 60, 150])
def test_a_tilted_head(degrees):
    """Turned about its middle, a face keeps its sides: past a right angle its left is on the left of the picture."""
    turn = cv2.getRotationMatrix2D((59.5, 59.5), degrees, 1.0)

    def turned(tag: str, *boxes) -> Piece:
        drawn = mask(*((top + 30, left, bottom + 30, right) for top, left, bottom, right in boxes))
        return piece(tag, cv2.warpAffine(drawn.astype(np.uint8), turn, SIZE[::-1]) > 0)

    right, left = (20, 42, 28, 52), (20, 68, 28, 78)
    got = sides([turned("face", (10, 40, 50, 80)), turned("mouth", (42, 55, 46, 65)), turned("eyewhite", right, left)])
    for name, box in (("eyewhite-r", right), ("eyewhite-l", left)):
        assert np.array_equal(got[name], spread([turned("eyewhite", box)])["eyewhite"])


def test_a_turned_head_has_its_midline_where_its_nose_is():
    nose, mouth = piece("nose", mask((30, 49, 34, 51))), piece("mouth", mask((40, 46, 43, 54)))
    eyes = mask((20, 42, 28, 47), (20, 54, 28, 66))
    got = sides([FACE, nose, mouth, piece("irides", eyes)])
    assert np.array_equal(got["irides-l"], mask((20, 54, 28, 66)))


def told(seen: np.ndarray, left: np.ndarray, sure: float) -> np.ndarray:
    return np.where(seen, np.where(left, sure, -sure), 0).astype(np.float32)


@pytest.mark.parametrize(("sure", "flipped"), [(0.9, True), (0.05, False)])
def test_seen_from_behind_the_map_decides_if_it_is_sure(sure, flipped):
    arms = mask(RIGHT_ARM, LEFT_ARM)
    behind = told(arms, mask(RIGHT_ARM), sure)
    got = sides([SHIRT, piece("handwear", arms)], behind)
    assert np.array_equal(got["handwear-l" if flipped else "handwear-r"], mask(RIGHT_ARM))


def test_from_behind_the_midline_turns_round_too():
    """Of the shoes nothing is said; legs and arms say that we see a back."""
    arms, shoes = mask(RIGHT_ARM, LEFT_ARM), mask((108, 40, 116, 52), (108, 64, 116, 80))
    got = sides([SHIRT, piece("handwear", arms), piece("footwear", shoes)], told(arms, mask(RIGHT_ARM), 0.9))
    assert np.array_equal(got["footwear-l"], mask((108, 40, 116, 52)))


def test_an_arm_across_the_body_is_one_arm():
    across = mask((50, 10, 90, 30), (80, 30, 90, 100))
    other = mask((50, 100, 75, 115))
    got = sides([SHIRT, piece("handwear", across | other)])
    assert np.array_equal(got["handwear-r"], across)
    assert np.array_equal(got["handwear-l"], other)


def test_crossed_legs_come_apart_where_the_map_says():
    seen = mask((30, 40, 110, 80))
    left = np.add.outer(np.arange(SIZE[0]), -np.arange(SIZE[1])) > 10  # from the upper left to the lower right
    got = sides([SHIRT, piece("legwear", seen)], cv2.GaussianBlur(told(seen, left, 0.9), (0, 0), 3))
    wrong = np.count_nonzero(got["legwear-l"] != (seen & left))
    assert wrong < 0.05 * seen.sum()


@pytest.mark.parametrize("with_map", [False, True])
def test_legs_that_touch_are_cut_along_the_line_between_them(with_map):
    seen = mask((50, 36, 118, 84))
    colour = np.full((*SIZE, 3), (240, 210, 190), np.uint8)
    colour[:, 63] = (60, 30, 30)
    side_map = cv2.GaussianBlur(told(seen, mask((0, 60, 120, 120)), 0.8), (0, 0), 4) if with_map else None
    got = sides([SHIRT, piece("legwear", seen, colour=colour)], side_map)
    assert np.array_equal(got["legwear-l"] & ~mask((0, 63, 120, 64)), mask((50, 64, 118, 84)))


def test_hidden_areas_go_with_what_leads_to_them():
    """The right arm goes on behind the body, round to right beside the left one, which ends there."""
    right, left = mask((40, 10, 60, 30)), mask((40, 90, 60, 110))
    hidden = mask((60, 10, 100, 20), (90, 20, 100, 110))
    arms = piece("handwear", right | left, hidden)
    got = split([SHIRT, arms], None, SIZE)
    alpha = spread(got, "alpha")
    assert alpha["handwear-r"][95, 100] == 255
    assert alpha["handwear-l"].max() == 255
    assert not alpha["handwear-l"][hidden].any()


def test_a_wholly_hidden_arm_is_an_arm():
    arms = piece("handwear", mask(RIGHT_ARM), mask(LEFT_ARM))
    got = spread(split([SHIRT, arms], None, SIZE), "alpha")
    assert np.array_equal(got["handwear-l"] > 0, mask(LEFT_ARM))


def test_others_stay_as_they_are():
    done = piece("handwear", mask(RIGHT_ARM, LEFT_ARM), side="l")
    glasses = piece("eyewear", mask((20, 42, 28, 78)))
    for one in (SHIRT, glasses, done):
        assert split([one], None, SIZE) == (one,)


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_lost_of_nonsense(seed):
    rng = np.random.default_rng(seed)
    pieces = []
    for tag in sorted(SIDED):
        seen, hidden = (cv2.GaussianBlur(rng.random(SIZE), (0, 0), rng.uniform(0.3, 4)) > 0.52 for _ in range(2))
        pieces.append(piece(tag, seen, hidden, colour=rng.integers(0, 255, (*SIZE, 3))))
    side_map = None if seed % 2 else rng.uniform(-1, 1, SIZE).astype(np.float32)
    got = sides(pieces, side_map)
    assert {name[-2:] for name in got} <= {"-l", "-r"}
    assert all(seen.sum() >= 12 for seen in got.values())
    again = spread(split(pieces, side_map, SIZE))
    assert all(np.array_equal(got[name], again[name]) for name in got)
