"""Slips of a model far from home."""

import numpy as np
import pytest

from animelayers.anatomy.strays import without_strays
from animelayers.parts import PART_LABELS

FACE, TOP, HAT, SHOES, ARMS, HAIR = (
    PART_LABELS[tag] for tag in ("face", "topwear", "headwear", "footwear", "handwear", "back hair")
)


@pytest.fixture
def figure():
    """A face on a gown, two shoes, two arms; 400 px high, on nothing."""
    labels = np.zeros((440, 300), np.uint8)
    labels[20:60, 130:170] = FACE
    labels[60:380, 100:200] = TOP
    labels[380:420, 105:135] = labels[380:420, 165:195] = SHOES
    labels[70:160, 70:100] = labels[70:160, 200:230] = ARMS
    return labels


def test_what_is_at_home_stays(figure):
    figure[10:20, 130:170] = HAT
    assert (without_strays(figure, figure > 0) == figure).all()


@pytest.mark.parametrize(
    ("label", "rows"), [(HAT, slice(300, 340)), (FACE, slice(200, 210)), (ARMS, slice(340, 350)), (0, slice(250, 260))]
)
def test_what_is_far_from_home_goes_to_what_lies_around_it(figure, label, rows):
    inside, spoilt = figure > 0, figure.copy()
    spoilt[rows, 140:160] = label
    assert (without_strays(spoilt, inside) == figure).all()


def test_a_hat_at_the_head_outweighs_a_larger_one_in_the_skirt(figure):
    figure[10:20, 130:170] = HAT
    spoilt = figure.copy()
    spoilt[250:330, 110:190] = HAT
    assert (without_strays(spoilt, spoilt > 0) == figure).all()


def test_one_lock_leads_to_the_next(figure):
    for top in (50, 90, 130, 170):
        figure[top : top + 30, 175:185] = HAIR
    assert (without_strays(figure, figure > 0) == figure).all()
    far = figure.copy()
    far[320:350, 175:185] = HAIR
    assert (without_strays(far, far > 0) == figure).all()


def test_of_a_few_pixels_there_is_no_part_but_a_detail(figure):
    spoilt = figure.copy()
    spoilt[100:103, 150:153] = PART_LABELS["wings"]
    assert (without_strays(spoilt, spoilt > 0) == figure).all()
    figure[48:50, 145:149] = PART_LABELS["mouth"]
    assert (without_strays(figure, figure > 0) == figure).all()


def test_islands_and_backgrounds_stay(figure):
    figure[430:440, 10:20] = HAT
    assert (without_strays(figure, figure > 0) == figure).all()
    figure[430:440, 10:20] = 0
    figure[200:210, 140:160] = 0
    whole = np.ones(figure.shape, bool)
    assert (without_strays(figure, whole) == figure).all()
    assert not without_strays(np.zeros((5, 5), np.uint8), whole[:5, :5]).any()
