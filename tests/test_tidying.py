"""Lines and flats of a net made tidy, on guesses of which it is known what a painter would hand over."""

import cv2
import numpy as np
import pytest

from animelayers.rendering import tidying
from animelayers.rendering.solve import RenderingGuess
from animelayers.rendering.tidying import tidied, tidy_flat, tidy_line

SKIN, CLOTH, TRIM = (250, 224, 205), (70, 110, 190), (76, 120, 204)
"""Trim is 5 ΔE from cloth."""


def painted(height=300, width=240, scale=1):
    """Skin above cloth with a trim, soft edges, and the mask of the figure."""
    rgb = np.zeros((height * scale, width * scale, 3), np.uint8)
    rgb[:] = SKIN
    rgb[140 * scale :] = CLOTH
    rgb[200 * scale : 230 * scale] = TRIM
    inside = np.zeros(rgb.shape[:2], bool)
    inside[10 * scale : -10 * scale, 10 * scale : -10 * scale] = True
    return cv2.GaussianBlur(rgb, (0, 0), 0.5), inside


def shaded(rgb, strength):
    """A hard shadow over the right, a soft gradient downwards, each of up to `strength` of the colour."""
    height, width = rgb.shape[:2]
    light = np.ones((height, width, 1), np.float32)
    light[height // 4 :, 3 * width // 5 :] -= strength
    light -= np.linspace(0, strength, height, dtype=np.float32)[:, None, None] / 2
    return rgb * light


def noisy(levels, sigma, seed=0):
    noise = np.random.default_rng(seed).normal(0, sigma, levels.shape)
    return np.clip(levels + cv2.GaussianBlur(noise, (0, 0), 2) * 4, 0, 255).astype(np.uint8)


def off(flat, truth, inside):
    return np.abs(flat.astype(int) - truth)[inside]


@pytest.mark.parametrize("scale", [1, 6])
def test_what_the_net_left_of_shade_goes(scale):
    truth, inside = painted(scale=scale)
    base = noisy(shaded(truth, 0.4), 0.3)
    flat = noisy(shaded(truth, 0.12), 0.5)
    tidy = tidy_flat(flat, base, inside)
    core = cv2.erode(inside.astype(np.uint8), np.ones((9, 9))) > 0
    assert off(tidy, truth, core).mean() < 0.6 * off(flat, truth, core).mean()
    for rows in (slice(60, 130), slice(150, 190), slice(205, 225)):
        area = tidy[rows.start * scale : rows.stop * scale, 20 * scale : -20 * scale].reshape(-1, 3)
        assert len(np.unique(area, axis=0)) == 1


def test_neighbours_that_the_net_keeps_apart_stay_apart():
    truth, inside = painted()
    tidy = tidy_flat(noisy(truth, 0.3), noisy(shaded(truth, 0.3), 0.3), inside)
    assert np.abs(tidy[170, 100].astype(int) - CLOTH).max() <= 3
    assert np.abs(tidy[215, 100].astype(int) - TRIM).max() <= 3


def test_colours_that_nobody_tells_apart_become_one_wherever_they_are():
    truth, inside = painted()
    truth[230:] = np.uint8(SKIN) - 2
    tidy = tidy_flat(truth, truth, inside)
    assert (tidy[260, 100] == tidy[60, 100]).all()


def test_paint_that_the_net_left_alone_stays():
    truth, inside = painted()
    ramp = np.linspace(0, 60, 220, dtype=np.float32)
    truth[20:120, 10:230] = np.clip(np.float32(SKIN) - ramp[:, None] * [0, 1, 1], 0, 255).astype(np.uint8)
    cv2.circle(truth, (60, 170), 4, (255, 240, 60), -1)
    tidy = tidy_flat(truth, truth, inside)
    assert off(tidy, truth, inside).mean() < 1
    assert np.abs(tidy[170, 60].astype(int) - (255, 240, 60)).max() <= 3
    assert len(np.unique(tidy[60, 20:220], axis=0)) > 30, "a gradient became steps"


def test_no_speckle_is_left():
    truth, inside = painted()
    dotted = truth.copy()
    dotted[60:120:7, 40:200:9] = (120, 160, 80)
    tidy = tidy_flat(dotted, dotted, inside)
    assert off(tidy, truth, inside)[..., 1].max() <= 8 or (tidy[60:120, 40:200] == tidy[100, 100]).all()


def test_edges_become_narrower():
    truth, inside = painted()
    flat = cv2.GaussianBlur(truth, (0, 0), 1.2)
    tidy = tidy_flat(flat, truth, inside)
    between = [np.count_nonzero((plane[:190, 100, 0] > 75) & (plane[:190, 100, 0] < 245)) for plane in (flat, tidy)]
    assert between[1] < between[0]
    assert between[1] >= 1, "a staircase"


@pytest.mark.parametrize("seed", range(3))
def test_nonsense_is_taken_as_it_comes(seed):
    rng = np.random.default_rng(seed)
    flat, base = (rng.integers(0, 256, (97, 61, 3), dtype=np.uint8) for _ in range(2))
    inside = rng.random((97, 61)) < 0.3
    first = tidy_flat(flat, base, inside)
    assert first.shape == flat.shape
    assert (first == tidy_flat(flat, base, inside)).all()


def test_lines_lose_haze_and_dots_and_keep_their_middle():
    line = np.full((60, 80, 4), (40, 20, 20, 9), np.uint8)
    line[20:24, 10:70, 3] = 246
    line[40:42, 10:70, 3] = 128
    line[50:52, 5:9, 3] = 200
    tidy = tidy_line(line)
    assert (tidy[20:24, 10:70, 3] == 255).all()
    assert (np.abs(tidy[40:42, 10:70, 3].astype(int) - 128) <= 1).all()
    tidy[20:24, 10:70] = tidy[40:42, 10:70] = 0
    assert not tidy.any()


def test_an_empty_picture_is_left_as_it_is():
    empty = np.zeros((20, 30, 4), np.uint8)
    guess = RenderingGuess(empty[..., :3], empty, empty[..., :3])
    assert not tidied(guess, empty).flat.any()


def test_large_pictures_are_decided_small(monkeypatch):
    truth, inside = painted(scale=2)
    base, flat = noisy(shaded(truth, 0.4), 0.3), noisy(shaded(truth, 0.1), 0.3)
    whole = tidy_flat(flat, base, inside)
    monkeypatch.setattr(tidying, "LONGEST", 300)
    small = tidy_flat(flat, base, inside)
    assert off(small, whole.astype(int), inside).mean() < 1.5
