"""Which part is seen: the drawing draws the borders, and nothing is seen twice, as dust, or where nothing is drawn."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawing import noise
from guesses import garbage
from toy_looks import everywhere, guess, likeliest, look, told
from toy_pieces import spread

from animelayers.anatomy import looks, seeing
from animelayers.anatomy.guess import PartsGuess
from animelayers.parts import PART_LABELS
from animelayers.raster import tight_box

FACE, IRIDES, LASH, TOPWEAR = (PART_LABELS[tag] for tag in ("face", "irides", "eyelash", "topwear"))
SIZE = (120, 100)
YS, XS = np.mgrid[: SIZE[0], : SIZE[1]]
DISC = (YS - 60) ** 2 + (XS - 50) ** 2 < 28**2
INKS = {0: (225, 235, 240), FACE: (250, 222, 205), IRIDES: (60, 140, 110), LASH: (40, 25, 45), TOPWEAR: (70, 90, 160)}


def painted(labels: np.ndarray, opaque: bool = True) -> np.ndarray:
    """Every part in its own flat colour; what is nobody's is background, or nothing."""
    out = np.zeros((*labels.shape, 4), np.uint8)
    for label, ink in INKS.items():
        if label or opaque:
            out[labels == label] = (*ink, 255)
    return out


def portrait(*, ground: bool) -> np.ndarray:
    """A face on a topwear, with nobody around where there is `ground`: labels."""
    labels = np.where(DISC, FACE, TOPWEAR).astype(np.uint8)
    if ground:
        labels[(YS < 8) | (YS >= 112) | (XS < 8) | (XS >= 92)] = 0
    return labels


def border(labels: np.ndarray) -> np.ndarray:
    """Where another label is next to a pixel."""
    box = np.ones((3, 3), np.uint8)
    return cv2.dilate(labels, box) != cv2.erode(labels, box)


@pytest.mark.parametrize("shift", [(0, 0), (3, -3), (-2, 3)])
@pytest.mark.parametrize(("ground", "opaque"), [(False, True), (True, True), (True, False)])
def test_borders_are_where_the_drawing_has_them(shift, ground, opaque):
    truth = portrait(ground=ground)
    source, said = painted(truth, opaque), told(truth, shift=shift)
    plain, _ = likeliest(said, SIZE)
    seen = seeing.seen_labels(source, said)
    assert (seen.dtype, seen.shape) == (np.uint8, SIZE)
    assert not ((seen != truth) & ~border(truth)).any()
    assert np.count_nonzero(seen != truth) <= 20
    if any(shift):
        assert np.count_nonzero(plain != truth) > 300


def test_what_has_the_colour_of_lashes_only_is_lash():
    """Two strokes thinner than the fields of the guess, in which they are nowhere likelier than the face."""
    truth = np.full(SIZE, FACE, np.uint8)
    truth[50:52, 20:46] = truth[50:52, 54:80] = LASH
    said = told(truth, blur=0.5)
    assert (likeliest(said, SIZE)[0] == FACE).all()
    assert np.array_equal(seeing.seen_labels(painted(truth), said), truth)


@pytest.mark.parametrize("front", ["face", "topwear"])
def test_a_stroke_between_two_is_of_the_nearer(front):
    truth = portrait(ground=False)
    stroke = np.abs(np.hypot(YS - 60, XS - 50) - 28) < 1.2
    source = painted(truth)
    source[stroke] = (20, 15, 25, 255)
    (said,) = told(truth).looks
    depth = np.array([0.8 if tag == front else 0.2 for tag in said.tags])[:, None, None]
    nearer = look(said.box, dict(zip(said.tags, said.visible, strict=True)), depth=depth)
    assert np.array_equal(
        seeing.seen_labels(source, guess(nearer)), np.where(stroke, np.uint8(PART_LABELS[front]), truth)
    )


@pytest.mark.parametrize(("height", "width", "stays"), [(1, 11, False), (3, 3, False), (1, 1, False), (3, 4, True)])
@pytest.mark.parametrize("at", ["inside", "at the border", "at the rim", "an island"])
def test_dust_joins_its_surroundings(height, width, stays, at):
    clean = portrait(ground=True)
    truth = clean.copy()
    top, left = {"inside": (30, 20), "at the border": (86, 44), "at the rim": (8, 50), "an island": (2, 50)}[at]
    truth[top : top + height, left : left + width] = IRIDES
    seen = seeing.seen_labels(painted(truth, opaque=False), told(truth, cell=1, blur=0))
    kept = stays or at == "an island"
    assert np.array_equal(seen, truth) if kept else not (seen == IRIDES).any()
    assert np.array_equal(seen == 0, truth == 0)
    if at != "at the border":
        assert np.array_equal(seen, truth if kept else clean)


def test_thin_strands_are_no_dust():
    """Connected by corners only."""
    truth = portrait(ground=True)
    truth[np.arange(80, 94), np.arange(30, 44)] = IRIDES
    assert np.array_equal(seeing.seen_labels(painted(truth), told(truth, cell=1, blur=0)), truth)


def test_a_gap_in_the_guess_of_a_figure_that_is_cut_out_is_no_background():
    source = painted(portrait(ground=True), opaque=False)
    doubtful = guess(look((0, 0, *SIZE), everywhere({"face": 0.3})))
    seen = seeing.seen_labels(source, doubtful)
    assert np.array_equal(seen == FACE, source[..., 3] > 0)
    source[..., 3] = 255
    assert not seeing.seen_labels(source, doubtful).any()


def test_soft_rims_are_of_what_they_are_the_rim_of():
    distance = np.hypot(YS - 60, XS - 50)
    source = painted(np.where(XS < 50, FACE, TOPWEAR))
    source[..., 3] = np.clip((45 - distance) * 40, 0, 255).astype(np.uint8)
    source[source[..., 3] == 0] = 0
    maps = {"face": np.kron([[0.9, 0.1]], np.ones((8, 4))), "topwear": np.kron([[0.1, 0.9]], np.ones((8, 4)))}
    seen = seeing.seen_labels(source, guess(look((0, 0, *SIZE), maps)))
    assert np.array_equal(seen > 0, source[..., 3] > 0)
    solid = np.argwhere(source[..., 3] >= 128)
    soft = np.argwhere((source[..., 3] > 0) & (source[..., 3] < 128))
    assert len(soft) > 500
    unlike = 0
    for y, x in soft:
        far = np.hypot(*(solid - (y, x)).T)
        nearest = {int(seen[tuple(at)]) for at in solid[far < far.min() + 0.1]}
        unlike += int(seen[y, x]) not in nearest
    assert unlike == 0


def test_nothing_is_seen_where_nothing_is_drawn():
    said = guess(look((0, 0, *SIZE), everywhere({"face": 1.0})))
    assert not seeing.seen_labels(np.zeros((*SIZE, 4), np.uint8), said).any()
    faint = np.full((*SIZE, 4), 100, np.uint8)
    assert not seeing.seen_labels(faint, said).any()  # no solid part of which it would be the rim
    assert not seeing.seen_labels(painted(portrait(ground=False)), PartsGuess(())).any()


@pytest.mark.parametrize("turned", [False, True])
def test_large_pictures_are_seen_as_small_ones(turned):
    """Twice as large as is worked at, with borders, a soft end, a hole and dust."""
    truth = np.zeros((20, 1600), np.uint8)
    truth[2:18, 3:1590] = np.where(np.arange(3, 1590) < 700 + 5 * np.arange(16)[:, None], FACE, TOPWEAR)
    truth[8:12, 300:304] = IRIDES
    truth[6:9, 1200:1203] = IRIDES  # dust, at either size
    if turned:
        truth = np.ascontiguousarray(truth.T)
    larger = np.kron(truth, np.ones((2, 2), np.uint8))
    assert max(truth.shape) == seeing.WORK_SIDE
    small, large = (painted(labels, opaque=False) for labels in (truth, larger))
    said = told(truth, cell=2, blur=0.5)
    seen = seeing.seen_labels(large, looks.scaled(said, 2, 2))
    expected = np.kron(seeing.seen_labels(small, said), np.ones((2, 2), np.uint8))
    assert not ((seen != expected) & ~border(expected)).any()
    assert np.count_nonzero(seen != expected) <= 40
    assert np.array_equal(seen > 0, large[..., 3] > 0)
    assert np.count_nonzero(seen == IRIDES) == 64


def test_borders_of_large_pictures_are_decided_by_their_own_pixels():
    """A border that no pixel of the reduced picture can show."""
    truth = np.full((40, 1800), TOPWEAR, np.uint8)
    truth[:, :901] = FACE
    truth[20:, :904] = FACE
    said = told(truth, cell=10)
    assert np.array_equal(seeing.seen_labels(painted(truth), said), truth)
    truth[:, 50::97] = 0  # gaps of a pixel
    assert np.array_equal(seeing.seen_labels(painted(truth, opaque=False), said), truth)


@pytest.mark.parametrize("seed", range(6))
def test_pieces_of_anything_are_what_is_seen(seed):
    source, rng = noise(70, 61, seed), np.random.default_rng(seed)
    source[source[..., 3] == 0] = 0
    coarse = rng.integers(0, 24, (10, 9)).astype(np.uint8) * (rng.random((10, 9)) < 0.8)
    labels = np.where(source[..., 3] > 0, np.kron(coarse, np.ones((7, 7), np.uint8))[:, :61], np.uint8(0))
    pieces = seeing.pieces_of(source, garbage((70, 61), seed), labels)
    tags = [piece.tag for piece in pieces]
    assert tags == [tag for tag in PART_LABELS if tag in tags]
    assert {PART_LABELS[tag] for tag in tags} >= set(np.unique(labels)) - {0}
    again = np.zeros_like(labels)
    for piece in pieces:
        here = piece.here
        assert piece.alpha.shape == piece.seen.shape == piece.depth.shape == piece.colour.shape[:2]
        assert piece.alpha.shape == labels[here].shape
        assert not again[here][piece.seen].any()
        again[here][piece.seen] = PART_LABELS[piece.tag]
        assert np.array_equal(np.dstack([piece.colour, piece.alpha])[piece.seen], source[here][piece.seen])
        assert not piece.alpha[(labels[here] == 0) & ~piece.seen].any()
        assert 0 <= piece.depth.min() <= piece.depth.max() <= 1
        assert np.count_nonzero(piece.alpha >= 128) >= seeing.DUST or piece.seen.any()
    assert np.array_equal(again, labels)


def test_pieces_go_on_behind_others_as_the_guess_has_it():
    """A face that goes on behind half of the topwear; at the left nobody is seen, and so nobody hidden."""
    rows = np.arange(8)[:, None] * np.ones((1, 8))
    maps = {"face": rows < 4, "topwear": rows >= 4}
    colour = np.array([(250, 0, 0), (0, 0, 250)])[:, None, None]
    depth = np.array([0.25, 0.75])[:, None, None]
    alpha = np.stack([rows < 6, rows >= 4])
    said = guess(look((0, 0, 80, 80), maps, alpha=alpha, colour=colour, depth=depth))
    labels = np.where(np.arange(80)[:, None] < 40, FACE, TOPWEAR).astype(np.uint8) * np.ones((1, 80), np.uint8)
    labels[:, :5] = 0
    pieces = seeing.pieces_of(painted(labels), said, labels)
    covers, seen = (spread(pieces, plane, (80, 80)) for plane in ("alpha", "seen"))
    assert tight_box(covers["face"] >= 128) == (0, 5, 60, 80)
    assert tight_box(covers["topwear"] >= 128) == (40, 5, 80, 80)
    assert np.array_equal(seen["face"], labels == FACE)
    face, topwear = pieces
    assert (face.colour[face.seen] == INKS[FACE]).all()
    assert (face.colour[~face.seen] == (250, 0, 0)).all()
    assert np.allclose(face.depth, 0.25)
    assert np.allclose(topwear.depth, 0.75)


def test_parts_that_are_nowhere_seen_may_be_there():
    alpha = np.zeros((8, 8))
    alpha[2:5, 3:6] = 1
    labels = np.full((80, 80), TOPWEAR, np.uint8)

    def found(presence: float, scale: float = 1.0) -> list[str]:
        """Where the canvas is `scale` of that of the guess."""
        named = look((0, 0, 80 * scale, 80 * scale), everywhere({"neck": 0.0}, (8, 8)), alpha=alpha, presence=presence)
        small = np.ascontiguousarray(labels[: round(80 * scale), : round(80 * scale)])
        return [piece.tag for piece in seeing.pieces_of(painted(small), guess(named), small)]

    assert found(1) == found(0.5) == ["neck", "topwear"]
    assert found(0.4) == ["topwear"]
    assert found(1, 0.1) == ["topwear"]  # 9 px of it are dust
    neck, _ = seeing.pieces_of(painted(labels), guess(look((0, 0, 80, 80), {"neck": alpha})), labels)
    assert not neck.seen.any()
    assert tight_box(spread([neck], "alpha", (80, 80))["neck"] >= 128) == (20, 30, 50, 60)
