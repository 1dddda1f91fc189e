"""The engine guided by a net: clean lines, the picture's own colours beneath them, hints of what is shade."""

import cv2
import numpy as np
import pytest

from animelayers import load_picture, max_error
from animelayers.rendering.classic import guess_layers
from animelayers.rendering.flats import SWAY, _Contact, flat_regions
from animelayers.rendering.guided import guided, tidy_line
from animelayers.rendering.solve import RenderingGuess, exact_stack

SKIN, CLOTH, INK = (240, 205, 190), (70, 110, 190), (40, 20, 30)


def painted(shade=1.0):
    """A square of skin over one of cloth, a stroke between them, the right half in a hard shadow."""
    rgb = np.zeros((240, 200, 3), np.float32)
    rgb[:120], rgb[120:] = SKIN, CLOTH
    rgb[:, 100:] *= shade
    rgb[118:122] = INK
    return np.dstack([rgb.round().astype(np.uint8), np.full(rgb.shape[:2], 255, np.uint8)])


def said(rgba, *, flat=None, haze=0):
    """What a net that knows the stroke says; its flat is the picture without it, unless told."""
    line = np.zeros_like(rgba)
    line[..., 3] = haze
    line[118:122] = (*INK, 255 - haze)
    base = rgba[..., :3].copy()
    base[118:120], base[120:122] = base[100], base[140]
    return RenderingGuess(base if flat is None else flat, line, base)


def test_the_flat_goes_on_beneath_the_stroke():
    rgba = painted()
    found = guided(said(rgba, haze=8), rgba)
    assert (found.flat[:120] == SKIN).all()
    assert (found.flat[120:] == CLOTH).all()
    assert (found.base == found.flat).all()
    assert set(np.unique(found.line[..., 3])) == {0, 255}
    assert max_error(exact_stack(rgba, found), rgba) == 0


@pytest.mark.parametrize("strength", [0.55, 0.8])
def test_what_a_net_takes_for_shade_is_shade(strength):
    rgba, lit = painted(strength), painted()[..., :3]
    flat = guided(said(rgba, flat=lit), rgba).flat
    assert len(np.unique(flat[:110].reshape(-1, 3), axis=0)) == 1
    kept = guided(said(rgba), rgba).flat
    assert len(np.unique(kept[:110].reshape(-1, 3), axis=0)) == (2 if strength < 0.6 else 1)


def test_without_a_hint_nothing_is_swayed():
    rgba = painted(0.7)
    strokes, inside = np.zeros(rgba.shape[:2], bool), np.ones(rgba.shape[:2], bool)
    plain, hinted = (flat_regions(rgba[..., :3], strokes, inside, 240, hint) for hint in (None, rgba[..., :3]))
    assert _Contact(4, 4, 1, 1).sway == 1
    assert _Contact(4, 4, 1, 1, 0, 8).sway == SWAY[0]
    assert _Contact(4, 4, 1, 1, 8, 8).sway == pytest.approx(1 / 0.85)
    assert _Contact(4, 4, 1, 1, 80, 8).sway == SWAY[1]
    assert len(plain[1]) <= len(hinted[1])


def test_a_stroke_that_the_net_overlooks_is_a_stroke():
    rgba = painted()
    blind = RenderingGuess(rgba[..., :3], np.zeros_like(rgba), rgba[..., :3])
    found = guided(blind, rgba)
    assert (found.line[118:122, 20:-20, 3] > 200).all()
    assert (found.flat[:120] == SKIN).all()


def test_lines_have_neither_haze_nor_dots():
    line = np.full((40, 40, 4), 9, np.uint8)
    line[10, 5:35, 3] = 130
    line[30, 20, 3] = 255
    clean = tidy_line(line)
    assert not clean[11:].any()
    assert np.abs(clean[10, 5:35, 3].astype(int) - 130).max() <= 1
    assert not clean[10, :5].any()


def test_large_pictures_are_reduced_for_areas_alone():
    rgba = cv2.resize(painted(), (600, 2400), interpolation=cv2.INTER_NEAREST)
    guess = guess_layers(rgba)
    found = guided(guess, rgba)
    assert (found.flat[100:1100, 50:-50] == SKIN).all()
    assert (found.flat[1300:2300, 50:-50] == CLOTH).all()


def test_nothing_is_drawn():
    rgba = load_picture(np.zeros((9, 7, 4), np.uint8)).rgba
    assert not guided(RenderingGuess(rgba[..., :3], rgba, rgba[..., :3]), rgba).line.any()
