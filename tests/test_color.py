import numpy as np
import pytest

from animelayers.color import bleed, clear_hidden, matte, to_lab, to_uint8


def test_levels_round_half_up_and_stay_in_range():
    assert to_uint8(np.array([-3.0, 0.49, 0.5, 254.5, 300.0])).tolist() == [0, 0, 1, 255, 255]


def test_lab_of_known_colours():
    lab = to_lab(np.array([[[255, 255, 255], [255, 0, 0], [119, 119, 119]]], np.uint8))[0]
    assert lab[0] == pytest.approx([100, 0, 0], abs=0.05)
    assert lab[1] == pytest.approx([53.24, 80.09, 67.20], abs=0.2)
    assert lab[2] == pytest.approx([50.03, 0, 0], abs=0.3)  # OpenCV interpolates a table


def test_bleed_carries_colour_outwards_and_leaves_alpha_alone():
    rgba = np.zeros((1, 12, 4), np.uint8)
    rgba[0, 0] = (10, 20, 30, 1)
    rgba[0, 11] = (9, 9, 9, 0)
    out = bleed(rgba, px=4)
    assert out[0, :5, :3].tolist() == [[10, 20, 30]] * 5
    assert not out[0, 5:].any()
    assert (out[..., 3] == rgba[..., 3]).all()


@pytest.mark.parametrize("alpha", [0, 255])
def test_nothing_bleeds_where_all_or_nothing_shows(alpha):
    rgba = np.full((3, 3, 4), (1, 2, 3, alpha), np.uint8)
    assert (bleed(rgba) == clear_hidden(rgba)).all()


def test_hidden_colour_is_cleared_and_shown_colour_kept():
    rgba = np.array([[[1, 2, 3, 0], [4, 5, 6, 1]]], np.uint8)
    assert clear_hidden(rgba).tolist() == [[[0, 0, 0, 0], [4, 5, 6, 1]]]


def test_matte_on_white_and_on_a_colour():
    rgba = np.array([[[0, 100, 200, 128]]], np.uint8)
    assert matte(rgba)[0, 0].tolist() == [127, 177, 227]
    assert matte(rgba, (0, 0, 0))[0, 0].tolist() == [0, 50, 100]
