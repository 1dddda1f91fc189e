"""What a model said of windows, at the picture's own pixels: in closed form, wherever the windows lie."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_looks import everywhere, guess, likeliest, look

from animelayers.anatomy import looks
from animelayers.anatomy.guess import Look, PartsGuess
from animelayers.parts import PART_LABELS
from animelayers.raster import tight_box

FACE, NECK, IRIDES = (PART_LABELS[tag] for tag in ("face", "neck", "irides"))
SIZE = (40, 60)
ALL = (0.0, 0.0, 40.0, 60.0)
BEYOND = (-10.0, -10.0, 50.0, 70.0)


def blobs(box, shape=(6, 7), seed=0, tags=("face", "neck", "irides"), **more) -> Look:
    """Some parts, each likely somewhere."""
    maps = np.random.default_rng(seed).random((len(tags), *shape)) ** 3
    maps /= maps.sum(axis=0).max()
    return look(box, dict(zip(tags, maps, strict=True)), **more)


def log_odds(shape: tuple[int, int], middle: float, slope: float, width: int) -> dict[str, np.ndarray]:
    """Face or neck: the logarithm of the odds for neck rises by `slope` a px of `width`, and is 0 at `middle`."""
    centres = (np.arange(shape[1]) + 0.5) * width / shape[1]
    neck = np.broadcast_to(1 / (1 + np.exp(-slope * (centres - middle))), shape)
    return {"face": 1 - neck, "neck": neck}


def same_candidates(one, other) -> bool:
    """Whether they agree on all that may well be seen; what no field about raises above `DOUBT` may be left out."""
    labels, scores = zip(one, other, strict=True)
    possible = np.maximum(*scores) > -3
    return bool(
        np.allclose(*(said[possible] for said in scores), atol=1e-3) and (labels[0] == labels[1])[possible].all()
    )


@pytest.mark.parametrize("size", [(40, 60), (1, 1), (3, 1), (131, 7)])
@pytest.mark.parametrize("shape", [(1, 1), (5, 3)])
def test_constant_maps_give_constant_labels(size, shape):
    said = guess(look((-3.5, -2, size[0] + 1, size[1] + 0.5), everywhere({"face": 0.6, "neck": 0.3}, shape)))
    labels, sure = likeliest(said, size)
    assert (labels == FACE).all()
    assert np.allclose(sure, 0.6 / 0.9, atol=1e-5)
    labels, scores = looks.candidates(said, size, 5)
    assert np.unique(labels.reshape(5, -1), axis=1).ravel().tolist() == [FACE, NECK, 0, 0, 0]
    assert np.allclose(scores[:3], np.log([1, 0.3 / 0.6, 0.1 / 0.6])[:, None, None], atol=1e-5)
    assert np.isneginf(scores[3:]).all()


def test_what_parts_leave_is_nobody():
    faint = everywhere({"face": 0.3, "neck": 0.1})
    labels, sure = likeliest(guess(look(ALL, faint)), SIZE)
    assert (labels == 0).all()
    assert np.allclose(sure, 0.6 / 0.9, atol=1e-5)
    labels, sure = likeliest(PartsGuess(()), SIZE)
    assert (labels == 0).all()
    assert (sure == 1).all()


def test_what_is_hardly_there_has_to_be_seen_all_the_more_clearly():
    said = everywhere({"face": 0.6, "neck": 0.3})
    for presence, label, sure in (
        ([0.5, 0.5], FACE, 2 / 3),
        ([0.2, 0.6], NECK, 0.3 / 0.54),
        ([0.05, 0.1], 0, 0.1 / 0.16),
    ):
        labels, confidence = likeliest(guess(look(ALL, said, presence=presence)), SIZE)
        assert (labels == label).all()
        assert np.allclose(confidence, sure, atol=1e-5)


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.integers(0, 30), st.integers(0, 30))
def test_labels_move_with_the_window(seed, down, right):
    made = blobs((2.25, 3.5, 28.5, 30.0), seed=seed)
    moved = dataclasses.replace(made, box=(2.25 + down, 3.5 + right, 28.5 + down, 30.0 + right))
    for one, other in zip(
        looks.candidates(guess(made), (32, 32), 3), looks.candidates(guess(moved), (62, 62), 3), strict=True
    ):
        assert np.allclose(one, other[:, down : down + 32, right : right + 32], atol=1e-3)
    assert not looks.candidates(guess(moved), (62, 62), 1)[0][0, : down + 2].any()


@pytest.mark.parametrize("shape", [(2, 6), (5, 12), (10, 30), (40, 60), (80, 120)])
def test_resolution_moves_no_border(shape):
    """Splines keep straight lines straight: what one border says at any resolution, it says at all of them."""
    said = guess(look(ALL, log_odds(shape, 27.3, 0.09, 60)))
    labels, sure = likeliest(said, SIZE)
    centres = np.arange(60) + 0.5
    inner = slice(15, 45)  # the outermost fields bend
    assert (labels == np.where(centres < 27.3, FACE, NECK)).all()
    expected = 1 / (1 + np.exp(-0.09 * np.abs(centres - 27.3)))
    assert np.allclose(sure[:, inner], expected[inner], atol=2e-4)


def test_a_part_as_wide_as_a_field_keeps_its_width():
    """A strand in one field of seven, hardly likelier there than the face: by the spline it is 5 or 6 px wide, by
    straight lines it would be 2."""
    neck = np.zeros((3, 7))
    neck[:, 3] = 0.6
    labels, _ = likeliest(guess(look((0, 0, 48, 112), {"face": 1 - neck, "neck": neck})), (48, 112))
    at, away = np.log(0.6 / 0.4), np.log(1 / looks.DOUBT)
    crossing = np.roots([1.5, -2.5, 0, 1 - away / (at + away)])
    half = 16 * min(float(root) for root in crossing if 0 < root < 1)
    assert 2.5 < half < 3.5
    assert (labels == np.where(np.abs(np.arange(112) + 0.5 - 56) < half, NECK, FACE)).all()


def test_the_later_look_wins_in_its_window_and_fades_in():
    box = (10, 20, 61, 123)
    first = look((0, 0, 80, 150), everywhere({"face": 0.9, "neck": 0.1}))
    later = look(box, everywhere({"face": 0.1, "neck": 0.9}))
    labels, sure = likeliest(guess(first, later), (80, 150))
    rows, columns = np.arange(80)[:, None] + 0.5, np.arange(150)[None] + 0.5
    deep = np.minimum(np.minimum(rows - 10, 61 - rows) / 51, np.minimum(columns - 20, 123 - columns) / 103)
    trust = np.clip(deep / looks.SOFT, 0, 1)
    assert (labels == np.where(trust > 0.5, NECK, FACE)).all()
    assert np.allclose(sure, 1 / (1 + 9.0 ** -np.abs(2 * trust - 1)), atol=1e-4)
    first_alone, _ = likeliest(guess(later, first), (80, 150))
    assert (first_alone[5:75, 10:140] == FACE).all()


def test_the_first_who_speaks_is_heard_up_to_the_border():
    labels, sure = likeliest(guess(look((10, 20, 30, 40), everywhere({"face": 0.9, "neck": 0.09}))), SIZE)
    assert tight_box(labels == FACE) == (10, 20, 30, 40)
    assert np.allclose(sure[10:30, 20:40], 0.9 / 0.99, atol=1e-4)


def test_a_look_leaves_what_it_does_not_speak_of():
    first = look(ALL, everywhere({"face": 0.6, "neck": 0.3}))
    silent = look(BEYOND, everywhere({"irides": 0.0}))
    labels, sure = likeliest(guess(first, silent), SIZE)
    assert (labels == FACE).all()
    assert np.allclose(sure, 0.6 / 0.9, atol=1e-5)
    labels, scores = looks.candidates(guess(first, look(BEYOND, everywhere({"irides": 0.4}))), SIZE, 3)
    assert (labels == np.array([FACE, IRIDES, NECK])[:, None, None]).all()
    assert np.allclose(scores, np.log([1, 0.4 / 0.6, 0.5])[:, None, None], atol=1e-5)
    assert (likeliest(guess(first, look(BEYOND, everywhere({"irides": 0.7}))), SIZE)[0] == IRIDES).all()


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_fields_beyond_the_canvas_mean_nothing(seed):
    """A window of 8 × 8 fields of 5 px, of which the inner 4 × 4 have their centres on the canvas."""
    box, rng = (-8.0, -12.0, 32.0, 28.0), np.random.default_rng(seed)
    beyond = np.ones((8, 8), bool)
    beyond[2:6, 2:6] = False
    one, other = (blobs(box, (8, 8), seed, side=rng.random((8, 8), np.float32)) for _ in range(2))
    other = dataclasses.replace(
        one,
        visible=np.where(beyond, other.visible[:, ::-1] / 2, one.visible),
        alpha=np.where(beyond, rng.random(one.alpha.shape, np.float32), one.alpha),
        side=np.where(beyond, np.float32(1), one.side),
    )
    one, other = guess(one), guess(other)
    assert np.array_equal(looks.candidates(one, (20, 16), 3)[0], looks.candidates(other, (20, 16), 3)[0])
    assert np.array_equal(looks.side_map(one, (20, 16)), looks.side_map(other, (20, 16)))
    here, there = (looks.whole(each, "neck", (20, 16)) for each in (one, other))
    assert all(np.array_equal(a, b) for a, b in zip(here[:3], there[:3], strict=True))


@pytest.mark.parametrize("box", [(-50, 0, -10, 60), (0, 70, 40, 90), (41, 61, 42, 62)])
def test_a_window_that_misses_the_picture_says_nothing(box):
    said = guess(look(box, everywhere({"face": 1.0}), side=np.ones((2, 2), np.float32)))
    labels, sure = likeliest(said, SIZE)
    assert not labels.any()
    assert (sure == 1).all()
    assert looks.whole(said, "face", SIZE) is None
    assert not looks.side_map(said, SIZE).any()
    assert not looks.depths(said, np.full((1, *SIZE), FACE, np.uint8)).any()


@pytest.mark.parametrize("seed", range(4))
def test_tiles_are_not_to_be_seen(seed, monkeypatch):
    box = (-9, 4.5, 80, 70)
    said = guess(
        blobs(box, (12, 9), seed, side=np.random.default_rng(seed).uniform(-1, 1, (12, 9)).astype(np.float32)),
        blobs((20, 30, 64.25, 95), seed=seed + 9, tags=("face", "tail")),
    )

    def all_of_it():
        labels, scores = looks.candidates(said, (70, 90), 3)
        planes = looks.side_map(said, (70, 90)), looks.depths(said, labels[:1]), *looks.whole(said, "face", (70, 90))
        return (labels, scores), planes

    found, planes = all_of_it()
    monkeypatch.setattr(looks, "TILE", 17)
    again, tiled = all_of_it()
    assert same_candidates(found, again)
    assert all(np.allclose(one, other, atol=1e-3) for one, other in zip(planes, tiled, strict=True))


@pytest.mark.parametrize("seed", range(4))
def test_scaled_is_the_guess_of_the_resized_picture(seed):
    """The middle pixel of every 3 × 5 lies where the one pixel lay."""
    said = guess(blobs((-4, 2, 33, 25), seed=seed), blobs((5, -6, 20, 20), (9, 4), seed + 9, ("face", "tail")))
    larger, every_third = looks.scaled(said, 3, 5), np.s_[1::3, 2::5]
    labels, scores = looks.candidates(larger, (90, 140), 2)
    assert same_candidates(looks.candidates(said, (30, 28), 2), (labels[:, 1::3, 2::5], scores[:, 1::3, 2::5]))
    top, left, *planes = looks.whole(said, "face", (30, 28), about=(0, 0, 30, 28))
    _, _, *finer = looks.whole(larger, "face", (90, 140), about=(0, 0, 90, 140))
    assert (top, left) == (0, 0)
    assert all(np.allclose(one, other[every_third], atol=1e-3) for one, other in zip(planes, finer, strict=True))


def test_depth_is_that_of_the_field_and_of_the_last_look_that_speaks():
    first = look(
        ALL, everywhere({"face": 0.5, "neck": 0.5}), depth=np.array([[0.1, 0.2], [0.3, 0.4]]), alpha=np.ones((2, 2))
    )
    later = look((0, 0, 20, 20), everywhere({"neck": 1.0}), depth=0.9)
    labels = np.stack([np.full(SIZE, label, np.uint8) for label in (FACE, NECK, 0)])
    face, neck, nobody = looks.depths(guess(first, later), labels)
    assert np.array_equal(face, np.kron(np.float32([[0.1, 0.2], [0.3, 0.4]]), np.ones((20, 30), np.float32)))
    assert (neck[:20, :20] == np.float32(0.9)).all()
    assert np.array_equal(neck[:, 20:], face[:, 20:])
    assert not nobody.any()


def test_a_whole_part_comes_in_its_tight_box_with_crisp_edges():
    alpha = np.zeros((8, 12))
    alpha[2:5, 3:9] = 1
    visible = everywhere({"face": 0.0}, (4, 6))
    colour = np.random.default_rng(0).integers(0, 256, (8, 12, 3))
    colour[2:5, 3:9] = (250, 222, 205)
    said = guess(look((0, 0, 80, 120), visible, alpha=alpha, colour=colour, depth=0.25))
    top, left, cover, paint, depth = looks.whole(said, "face", (80, 120))
    assert (cover.dtype, paint.dtype, depth.dtype) == (np.uint8, np.uint8, np.float32)
    on_canvas = np.zeros((80, 120), np.uint8)
    on_canvas[top : top + len(cover), left : left + cover.shape[1]] = cover
    assert tight_box(cover > 0) == (0, 0, *cover.shape)
    solid = np.kron(alpha, np.ones((10, 10))) > 0  # but for its corners, which are round
    assert np.array_equal((on_canvas >= 128)[35], solid[35])
    assert np.array_equal((on_canvas >= 128)[:, 60], solid[:, 60])
    assert (on_canvas[25:45, 35:85] == 255).all()  # a field's half inside
    assert (top, left) == (16, 26)
    assert (paint == (250, 222, 205)).all()  # and no muddy colours of the fields where it is not
    assert np.allclose(depth, 0.25)


def test_nothing_of_a_part_is_none():
    said = guess(look(ALL, everywhere({"face": 1.0, "neck": looks.FAINT, "irides": 1.0}), presence=[1, 1, 0]))
    assert looks.whole(said, "neck", SIZE) is None
    assert looks.whole(said, "tail", SIZE) is None
    assert looks.whole(PartsGuess(()), "face", SIZE) is None
    assert (looks.whole(said, "face", SIZE)[2] == 255).all()
    assert abs(int(looks.whole(said, "irides", SIZE)[2].max()) - 128) <= 1  # dense, and denied
    assert [looks.there(said, tag) for tag in ("face", "neck", "irides", "tail")] == [True, True, False, False]


def test_a_box_that_shall_be_held_is_held():
    said = guess(look((10, 10, 20, 20), everywhere({"face": 1.0}), colour=(9, 8, 7), depth=0.75))
    assert looks.whole(said, "face", SIZE)[:2] == (10, 10)
    top, left, alpha, colour, depth = looks.whole(said, "face", SIZE, about=(5, 12, 15, 50))
    assert (top, left, alpha.shape) == (5, 10, (15, 40))
    assert tight_box(alpha == 255) == (5, 0, 15, 10)
    top, left, alpha, colour, depth = looks.whole(said, "tail", SIZE, about=(5, 12, 15, 50))
    assert (top, left, alpha.any(), colour.shape, depth.shape) == (5, 12, False, (10, 38, 3), (10, 38))


def test_the_later_look_repaints_a_whole_part():
    first = look(ALL, everywhere({"face": 1.0}), colour=(200, 0, 0), depth=0.2)
    later = look((-10, -10, 50, 30), everywhere({"face": 0.0}), colour=(0, 200, 0), depth=0.8)
    top, left, alpha, colour, depth = looks.whole(guess(first, later), "face", SIZE)
    assert (top, left + tight_box(alpha >= 128)[1]) == (0, 29)  # half of the soft border is 1.2 px
    assert (colour == (200, 0, 0)).all()
    assert np.allclose(depth, 0.2, atol=2e-4)
    later = dataclasses.replace(later, alpha=np.ones_like(later.alpha))
    _, _, alpha, colour, depth = looks.whole(guess(first, later), "face", SIZE)
    assert (alpha == 255).all()
    assert (colour[:, :27] == (0, 200, 0)).all()
    assert np.allclose(depth[:, :27], 0.8)
    assert (colour[:, 30:] == (200, 0, 0)).all()
    assert np.allclose(depth[:, 30:], 0.2)


def test_sides_are_interpolated_and_the_later_look_wins():
    assert looks.side_map(guess(look(ALL, everywhere({"face": 1.0}))), SIZE) is None
    ramp = np.broadcast_to(np.linspace(-1, 1, 6, dtype=np.float32), (3, 6))
    first = look(ALL, everywhere({"face": 1.0}), side=ramp)
    told = looks.side_map(guess(first), SIZE)
    expected = np.interp(np.arange(60) + 0.5, np.arange(6) * 10 + 5, ramp[0])
    assert np.allclose(told, expected, atol=1e-6)
    later = look((-10, -10, 50, 20), everywhere({"face": 1.0}), side=np.ones((2, 2), np.float32))
    told = looks.side_map(guess(first, later, look(ALL, everywhere({"neck": 0.5}))), SIZE)
    assert np.allclose(told[:, :18], 1)
    assert np.allclose(told[:, 20:], expected[20:], atol=1e-6)
