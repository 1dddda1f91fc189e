"""The visible-pixel lock: exact whatever the pieces, clean layers, soft edges taken apart as they were painted."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_solve import layer_by_layer, noise

from animelayers.anatomy.lock import DUST, locked
from animelayers.anatomy.pieces import Piece
from animelayers.composite import flatten, on_canvas
from animelayers.raster import tight_box

TAGS = ("back hair", "neck", "topwear", "face", "mouth", "front hair", "headwear")


def piece(tag, seen, alpha, colour, **more) -> Piece:
    """In the tight box of what there is of it; planes come as large as the canvas."""
    top, left, bottom, right = tight_box(seen | (alpha > 0))
    here = np.s_[top:bottom, left:right]
    depth = np.zeros((bottom - top, right - left), np.float32)
    return Piece(tag, top, left, seen[here], alpha[here], colour[here], depth, **more)


def plain(tag, seen, source, alpha=None, hidden=(9, 9, 9)) -> Piece:
    """With the colours of the source where it is seen and one colour elsewhere."""
    colour = np.where(seen[..., None], source[..., :3], np.uint8(hidden))
    return piece(tag, seen, np.where(seen, np.uint8(255), np.uint8(0)) if alpha is None else alpha, colour)


def nonsense(size, seed) -> list[Piece]:
    """Pieces of blobs and dust, whatever they are seen, with any alpha and colour besides."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, len(TAGS) + 2, (size[0] // 6 + 1, size[1] // 6 + 1)).astype(np.uint8)
    label = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_NEAREST)
    label = np.where(rng.random(size) < 0.1, rng.integers(0, len(TAGS) + 2, size), label)
    made = []
    for at in rng.permutation(len(TAGS)):
        window = np.zeros(size, bool)
        top, left = rng.integers(0, size[0] // 2), rng.integers(0, size[1] // 2)
        window[top : top + size[0] // 2, left : left + size[1] // 2 + 5 * at] = True
        alpha = np.where(window & (rng.random(size) < 0.5), noise(seed + at, *size), 0).astype(np.uint8)
        made.append(piece(TAGS[at], window & (label == at), alpha, noise(seed + 50 + at, *size, 3)))
    return made


def opaque(rgb) -> np.ndarray:
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def discs(over=(200, 40, 60), under=(60, 90, 200), radius=14.3, size=(48, 48)):
    """A disc on another colour, drawn with soft edges: the picture, the true cover 0..1, and the two pieces."""
    fine = (np.arange(size[0] * 8) + 0.5) / 8 - size[0] / 2
    cover = (fine[:, None] ** 2 + fine[None] ** 2 < radius**2).reshape(size[0], 8, size[1], 8).mean(axis=(1, 3))
    mixed = cover[..., None] * np.array(over) + (1 - cover[..., None]) * np.array(under)
    source = opaque(np.floor(mixed + 0.5).astype(np.uint8))
    seen = cover >= 0.5
    return source, cover, [plain("topwear", ~seen, source, np.full(size, 255, np.uint8)), plain("face", seen, source)]


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 100), st.sampled_from(("solid", "soft", "islands")))
def test_any_pieces_flatten_to_any_source(seed, kind):
    source = noise(seed, 30, 26, 4)
    if kind == "solid":
        source[..., 3] = 255
    if kind == "islands":
        source[..., 3] *= np.kron(noise(seed, 5, 5) > 180, np.ones((6, 6), bool))[:30, :26]
    source[source[..., 3] == 0] = 0
    stack = locked(nonsense((30, 26), seed), source)
    assert (flatten(stack) == source).all()
    spread = (layer.replace(rgba=on_canvas(layer, stack.size), top=0, left=0) for layer in stack)
    assert (layer_by_layer(stack.replace(layers=tuple(spread))) == source).all()


@pytest.mark.parametrize("seed", range(4))
def test_any_pieces_become_clean_layers(seed):
    """A smooth source, on which nonsense finds many soft edges."""
    ramp = np.linspace(20, 230, 64)
    source = opaque(np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], 128), axis=-1).astype(np.uint8))
    stack = locked(nonsense((64, 64), seed), source)
    assert (flatten(stack) == source).all()
    opaque_below = np.zeros((64, 64), bool)
    for layer in stack:
        sheet = on_canvas(layer, stack.size)
        assert layer.rgba[0].any()
        assert layer.rgba[:, -1].any()
        assert not layer.rgba[layer.rgba[..., 3] == 0].any()
        assert not np.isin(layer.rgba[..., 3], [1, 2, 253, 254]).any()
        assert min(areas(sheet[..., 3] > 0)) >= DUST
        opaque_below |= sheet[..., 3] == 255
    assert opaque_below.all()


def test_a_soft_edge_is_taken_apart_as_it_was_painted():
    source, cover, pieces = discs()
    stack = locked(pieces, source)
    assert (flatten(stack) == source).all()
    disc, ground = (on_canvas(stack[name], stack.size) for name in ("face", "topwear"))
    assert np.abs(disc[..., 3] / 255 - cover).mean() < 0.25 * np.abs((cover >= 0.5) - cover).mean()
    shown = disc[..., 3] > 40
    assert np.abs(disc[shown, :3].astype(int) - (200, 40, 60)).max() <= 12
    assert np.abs(ground[disc[..., 3] < 255, :3].astype(int) - (60, 90, 200)).max() <= 12
    assert (ground[(disc[..., 3] < 255), 3] == 255).all()


def test_where_colours_are_alike_the_shape_makes_the_edge():
    source, cover, pieces = discs(over=(90, 90, 90), under=(92, 91, 90))
    disc = on_canvas(locked(pieces, source)["face"], (48, 48))
    assert np.abs(disc[..., 3] / 255 - cover).mean() < 0.6 * np.abs((cover >= 0.5) - cover).mean()


def test_an_outline_that_is_nowhere_clean_is_the_upper_piece_s():
    """A thin green outline around a red disc on blue: no red and blue make green."""
    source, cover, pieces = discs(radius=14.0)
    ring = (cover >= 0.5) & (cv2.erode((cover >= 0.5).astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)
    source[ring, :3] = (40, 200, 50)
    stack = locked(pieces, source)
    assert (flatten(stack) == source).all()
    disc, ground = (on_canvas(stack[name], stack.size) for name in ("face", "topwear"))
    assert (disc[ring, 3] > 100).all()
    assert (disc[ring, 1] >= 200).all()
    assert np.abs(ground[ring & (disc[..., 3] < 255), :3].astype(int) - (60, 90, 200)).max() <= 12


def test_what_nothing_explains_stays_hard():
    """The lower piece's own line, along the border: no little red over white makes grey."""
    source = opaque(np.full((30, 30, 3), 250, np.uint8))
    source[15:, :, :3], source[14, :, :3] = (200, 40, 60), 125
    below = np.zeros((30, 30), bool)
    below[:15] = True
    stack = locked([plain("neck", below, source), plain("face", ~below, source)], source)
    assert (flatten(stack) == source).all()
    assert (on_canvas(stack["neck"], stack.size)[14] == (125, 125, 125, 255)).all()


def test_where_three_pieces_meet_edges_are_hard():
    """The pixel in the middle of a white disc's top edge, a red and a blue half below."""
    source = opaque(np.zeros((30, 30, 3), np.uint8))
    source[:15, :15, :3], source[:15, 15:, :3], source[15:, :, :3] = (200, 40, 60), (60, 90, 200), (250, 250, 250)
    source[14, :15, :3], source[14, 15:, :3] = (225, 145, 155), (155, 170, 225)
    masks = np.zeros((3, 30, 30), bool)
    masks[0, :15, :15], masks[1, :15, 15:], masks[2, 15:] = True, True, True
    names = ("neck", "topwear", "face")
    stack = locked([plain(name, mask, source) for name, mask in zip(names, masks, strict=True)], source)
    face = on_canvas(stack["face"], stack.size)[14, :, 3]
    assert (flatten(stack) == source).all()
    assert ((face[2:13] > 90) & (face[2:13] < 165)).all()
    assert face[14:16].tolist() == [0, 0]


def test_nothing_lies_above_what_is_seen_nor_outside_the_source():
    source = opaque(noise(3, 40, 40, 3))
    source[:, :8] = 0
    source[:, 8, 3] = 90
    left, right = np.zeros((2, 40, 40), bool)
    left[:, 8:20], right[:, 20:] = True, True
    everywhere = np.full((40, 40), 255, np.uint8)
    stack = locked([plain("face", left, source, everywhere), plain("front hair", right, source, everywhere)], source)
    face, hair = (on_canvas(stack[name], stack.size) for name in ("face", "front hair"))
    assert (flatten(stack) == source).all()
    assert not face[:, :8].any()
    assert (face[:, 8, 3] == 90).all()
    assert (face[:, 21:] == (9, 9, 9, 255)).all()
    assert not hair[:, :19].any()


def test_almost_nothing_is_nothing_and_almost_all_is_all():
    source = opaque(np.full((30, 30, 3), 128, np.uint8))
    seen = np.zeros((30, 30), bool)
    seen[:10] = True
    alpha = np.repeat(np.array([255, 255, 2, 3, 252, 253], np.uint8), 5)[:, None] * np.ones(30, np.uint8)
    stack = locked([plain("face", seen, source, alpha), plain("front hair", ~seen, source)], source)
    assert on_canvas(stack["face"], stack.size)[12::5, 0, 3].tolist() == [0, 3, 252, 255]


def test_dust_goes_to_its_neighbour_and_islands_stay():
    source = opaque(np.full((40, 40, 3), 128, np.uint8))
    source[:, 30:] = 0
    source[5:7, 35:37] = (10, 200, 30, 255)
    speck, hidden, island = np.zeros((3, 40, 40), bool)
    speck[10:13, 10:13], hidden[20:23, 10:13], island[5:7, 35:37] = True, True, True
    body = (source[..., 3] > 0) & ~speck & ~island
    under = plain("neck", speck | island, source, np.where(hidden | speck, np.uint8(200), np.uint8(0)))
    stack = locked([under, plain("face", body, source)], source)
    assert (flatten(stack) == source).all()
    assert (on_canvas(stack["neck"], stack.size)[..., 3] > 0).tolist() == island.tolist()


def test_dust_far_from_everything_is_not_lost():
    """Two specks that touch nothing but each other go to a piece that lies elsewhere, or stay; nothing vanishes."""
    source = np.zeros((60, 60, 4), np.uint8)
    source[2:5, 2:6] = (10, 200, 30, 255)
    source[30:50, 30:50] = (200, 20, 30, 255)
    specks, body = np.zeros((2, 60, 60), bool)
    specks[2:5, 2:4] = True
    body[30:50, 30:50] = True
    stack = locked([plain("neck", specks, source), plain("face", body, source)], source)
    assert (flatten(stack) == source).all()


def test_a_background_goes_on_behind_the_figure():
    """From where it is clear of the figure, here of the dark glow around it."""
    ramp = np.linspace(40, 200, 60).astype(np.uint8)
    source = opaque(np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], np.uint8(90)), axis=-1))
    truth = source.copy()
    figure = np.zeros((60, 60), bool)
    figure[20:40, 24:36] = True
    glow = cv2.dilate(figure.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    source[glow, :3], source[figure, :3] = 0, (250, 10, 250)
    stack = locked([plain("topwear", figure, source)], source)
    assert stack.names == ("background", "topwear")
    assert (flatten(stack) == source).all()
    assert stack["background"].rgba.shape == (60, 60, 4)
    wrong = np.abs(stack["background"].rgba.astype(int) - truth)
    assert wrong[figure].max() <= 24
    assert wrong[~glow].max() == 0


def test_what_is_cut_out_has_a_background_only_of_what_nobody_owns():
    source = opaque(np.full((30, 30, 3), 128, np.uint8))
    source[:5] = source[:, :5] = 0
    figure = source[..., 3] > 0
    assert locked([plain("face", figure, source)], source).names == ("face",)
    some = figure.copy()
    some[20:24, 20:24] = False
    stack = locked([plain("face", some, source)], source)
    assert stack.names == ("background", "face")
    assert (on_canvas(stack["background"], stack.size)[..., 3] > 0).tolist() == (figure & ~some).tolist()


def test_without_pieces_all_is_background():
    source = noise(1, 20, 20, 4)
    source[source[..., 3] == 0] = 0
    stack = locked([], source)
    assert stack.names == ("background",)
    assert (flatten(stack) == source).all()
    empty = locked([], np.zeros((5, 4, 4), np.uint8))
    assert (empty.names, empty.size) == (("background",), (5, 4))


def test_hidden_pieces_stay_and_those_of_nothing_go():
    source = opaque(np.full((30, 30, 3), 128, np.uint8))
    everything, nothing = np.ones((30, 30), bool), np.zeros((30, 30), bool)
    alpha = np.zeros((30, 30), np.uint8)
    alpha[5:15, 5:15] = 255
    pieces = [plain("neck", nothing, source, alpha), plain("nose", nothing, source, alpha // 128)]
    assert locked([*pieces, plain("face", everything, source)], source).names == ("neck", "face")


def areas(mask) -> list[int]:
    """Of the connected areas of a mask."""
    return cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)[2][1:, cv2.CC_STAT_AREA].tolist()
