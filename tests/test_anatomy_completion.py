"""Pieces made whole: what is hidden goes on in shape, colour and line; what is seen stays as it is."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import pytest
from drawing import noise
from toy_pieces import piece, spread

from animelayers.anatomy.completion import MARGIN, STRAY, completed
from animelayers.anatomy.margins import LEAST
from animelayers.anatomy.parting import DUST
from animelayers.anatomy.pieces import Piece, owners
from animelayers.raster import tight_box
from animelayers.rendering.classic import guess_layers
from animelayers.rendering.solve import RenderingGuess

SIZE = (200, 220)
YS, XS = np.mgrid[: SIZE[0], : SIZE[1]]
SKIN, BLUSH, CLOTH, DARK, SKY = (250, 222, 205), (225, 180, 170), (70, 90, 160), (20, 15, 25), (200, 225, 240)
FROM_CENTRE = np.hypot(YS - 100, XS - 100)
DISC, HALF, NOTHING = FROM_CENTRE < 60, XS >= 100, np.zeros(SIZE, bool)


class Thing(NamedTuple):
    """Something drawn, and what a guess says of it."""

    tag: str
    where: np.ndarray
    colour: object = SKIN
    guess: np.ndarray | None = None
    """Where it is; rightly, without a word."""
    guessed: object | None = None
    """What colour; as it is drawn, without a word."""


def scene(*things: Thing) -> tuple[np.ndarray, list[Piece]]:
    """Things one over the other on a sky that is nobody's: the picture, and their pieces as they are seen."""
    size = things[0].where.shape
    source = np.full((*size, 4), (*SKY, 255), np.uint8)
    top = np.full(size, -1)
    for place, thing in enumerate(things):
        top[thing.where] = place
        source[thing.where, :3] = np.broadcast_to(np.asarray(thing.colour, np.uint8), (*size, 3))[thing.where]
    pieces = []
    for place, thing in enumerate(things):
        colour = thing.colour if thing.guessed is None else thing.guessed
        colour = np.where((top == place)[..., None], source[..., :3], np.asarray(colour, np.uint8))
        pieces.append(piece(thing.tag, top == place, thing.where if thing.guess is None else thing.guess, 0.5, colour))
    return source, pieces


def plain(source: np.ndarray) -> RenderingGuess:
    """A picture without strokes."""
    return RenderingGuess(source[..., :3], np.zeros_like(source), source[..., :3])


def whole(*things: Thing, **more) -> Piece:
    """The first thing, made whole, on the canvas."""
    source, pieces = scene(*things)
    return on_canvas(completed(pieces, source, **{"drawing": plain(source), **more})[0], source.shape[:2])


def on_canvas(one: Piece, size: tuple[int, int]) -> Piece:
    planes = {}
    for name in ("seen", "alpha", "colour", "depth"):
        plane = getattr(one, name)
        planes[name] = np.zeros((*size, *plane.shape[2:]), plane.dtype)
        planes[name][one.here] = plane
    return one.replace(top=0, left=0, **planes)


def hidden(one: Piece) -> np.ndarray:
    return (one.alpha >= 128) & ~one.seen


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def unlike(colours: np.ndarray, *tones) -> np.ndarray:
    """Largest difference in any channel to the nearest of some tones, levels."""
    return np.min([np.abs(colours.astype(int) - tone).max(axis=-1) for tone in tones], axis=0)


def soft(where: np.ndarray, field: int = 10) -> np.ndarray:
    """As maps of such fields tell it: uint8."""
    fields = cv2.resize(where.astype(np.float32), (SIZE[1] // field, SIZE[0] // field), interpolation=cv2.INTER_AREA)
    return (255 * cv2.resize(fields, SIZE[::-1], interpolation=cv2.INTER_LINEAR)).astype(np.uint8)


@pytest.mark.parametrize("seed", range(8))
def test_what_is_seen_never_changes_and_nothing_else_shows(seed):
    rng, size = np.random.default_rng(seed), (66, 72)
    source = noise(*size, seed)
    if seed % 2:
        source[..., 3] = 255
    source[source[..., 3] == 0] = 0
    label = np.kron(rng.integers(0, 7, (11, 12)), np.ones((6, 6), int))
    label = np.where(rng.random(size) < 0.1, rng.integers(0, 7, size), label) * (source[..., 3] > 0)
    tags = ("back hair", "neck", "topwear", "face", "mouth", "front hair")
    pieces = []
    for at, tag in enumerate(tags, start=1):
        blob = cv2.GaussianBlur(rng.normal(0, 1, size), (0, 0), 6) > 0
        colour = np.where((label == at)[..., None], source[..., :3], noise(*size, at)[..., :3])
        pieces.append(piece(tag, label == at, blob, noise(*size, at)[..., 0] / 255, colour))
        pieces[-1].alpha[:] = np.where(pieces[-1].seen, source[pieces[-1].here][..., 3], pieces[-1].alpha)
    done = {one.tag: on_canvas(one, size) for one in completed(pieces, source)}
    owner = owners(pieces, size)
    for place, one in enumerate(pieces):
        assert one.tag in done or not one.seen.any()
        if after := done.get(one.tag):
            before = on_canvas(one, size)
            assert np.array_equal(after.seen, before.seen)
            assert np.array_equal(after.colour[after.seen], before.colour[before.seen])
            assert np.array_equal(after.depth[after.seen], before.depth[before.seen])
            assert (after.alpha[after.seen] == 255).all()
            outside = ~after.seen & ((owner <= place) | (source[..., 3] < 255))
            near = cv2.dilate(outside.astype(np.uint8), np.ones((3, 3))) > 0
            assert not after.alpha[outside | (near & ~after.seen)].any()  # edges of coverers may be soft
    assert any((one.alpha[~one.seen] > 0).any() for one in done.values())


@pytest.mark.parametrize("coverer", [HALF, (XS >= 90) & (XS < 120), HALF & (YS < 100)], ids=["half", "bar", "quarter"])
def test_a_disc_goes_on_round_behind_what_covers_it(coverer):
    things = Thing("face", DISC), Thing("topwear", coverer, CLOTH)
    one = whole(*things)
    assert similarity(one.alpha >= 128, DISC) > 0.98
    source, pieces = scene(*things)
    coarse = on_canvas(pieces[0], SIZE)
    coarse = coarse.replace(alpha=np.where(coarse.seen, 255, soft(DISC)).astype(np.uint8))
    done = completed([coarse, pieces[1]], source, drawing=plain(source))
    assert similarity(on_canvas(done[0], SIZE).alpha >= 128, DISC) > 0.98
    assert tight_box(done[0].alpha > 0) == (0, 0, *done[0].alpha.shape)
    assert np.array_equal(spread(done, "seen", SIZE)["topwear"], coverer)


def test_without_a_guess_a_disc_reaches_some_way_under():
    one = whole(Thing("face", DISC, guess=NOTHING), Thing("topwear", HALF, CLOTH))
    lap = HALF & (XS < 100 + LEAST)
    assert similarity(hidden(one), lap & DISC) > 0.9
    assert not (one.alpha[~DISC & HALF] > 128).any()


def test_what_lies_above_does_not_go_on_behind_what_lies_below():
    source, pieces = scene(Thing("face", DISC), Thing("topwear", HALF, CLOTH))
    cover, face = completed(pieces[::-1], source, drawing=plain(source))
    assert np.array_equal(on_canvas(face, SIZE).alpha > 0, DISC & ~HALF)
    assert cover.tag == "topwear"
    assert hidden(on_canvas(cover, SIZE))[DISC & ~HALF].sum() > 300


@pytest.mark.parametrize(("guess", "least", "most"), [(0, 4, 4), (25, 4, 5), (60, 6, 9)])
def test_how_far_a_piece_laps_depends_on_how_surely_it_is_denied(guess, least, most):
    """A figure of 640 px, for which a full lap is 7 px: so far where little is missing for the guess to agree."""
    size = (60, 640)
    left = np.broadcast_to(np.arange(640) < 320, size)
    source, pieces = scene(Thing("face", left, guess=np.ones(size, bool)), Thing("topwear", ~left, CLOTH))
    assert round(MARGIN * 640) == 7
    pieces[0].alpha[~pieces[0].seen] = guess
    done = completed(pieces, source, drawing=plain(source))[0]
    reach = (done.alpha >= 128).sum(axis=1) - 320
    assert least <= reach.min() <= reach.max() <= most


@pytest.mark.parametrize("guess", ["right", "empty"])
def test_a_coverer_that_moves_shows_no_hole(guess):
    """A disc before the border of two things; half of what it covers is sky, which is nobody's and has no piece."""
    top = np.hypot(YS - 110, XS - 130) < 40
    things = Thing("back hair", YS >= 0, DARK), Thing("face", DISC), Thing("topwear", top, CLOTH)
    if guess == "empty":
        things = *(thing._replace(guess=NOTHING) for thing in things[:2]), things[2]
    source, pieces = scene(*things)
    *under, _ = completed(pieces, source, drawing=plain(source))
    left = np.prod([1 - on_canvas(one, SIZE).alpha / 255 for one in under], axis=0)
    for step in range(1, LEAST):
        for way in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            shown = top & ~np.roll(top, np.multiply(way, step), (0, 1))
            assert shown.any()
            assert left[shown].max() == 0
    assert (left[top].max() == 0) == (guess == "right")


@pytest.mark.parametrize("off", [-6, 0, 6])
def test_straight_borders_go_on_straight(off):
    """A slanting band behind a bar that is two margins wide, and guesses of it that are too high or low."""
    size = (160, 640)
    ys, xs = np.mgrid[: size[0], : size[1]]
    band, bar = np.abs(ys - 60 - 0.3 * (xs - 300)) < 25, (xs >= 300) & (xs < 314)
    guess = np.roll(band, off, axis=0) & bar
    things = Thing("topwear", band & ((xs > 240) & (xs < 380)), CLOTH, guess=guess), Thing("objects", bar, DARK)
    one = whole(*things, Thing("legwear", (ys > 150) & ~bar, CLOTH))  # makes the figure long
    wrong = (hidden(one) != (band & bar))[:, 300:314].sum(axis=0)
    assert wrong[[0, -1]].max() <= 3
    assert wrong.max() <= (2 if off == 0 else 14)
    assert wrong.sum() < 0.6 * (guess != band)[:, 300:314].sum() or off == 0


def test_what_shines_through_hides_nothing():
    source, pieces = scene(Thing("face", DISC), Thing("topwear", HALF, CLOTH))
    source[100:, 100:, 3] = 254
    one = on_canvas(completed(pieces, source, drawing=plain(source))[0], SIZE)
    assert similarity(one.alpha >= 128, DISC & ~(HALF & (YS >= 100))) > 0.98
    assert not one.alpha[100:, 100:].any()


def test_what_is_nowhere_seen_is_as_the_guess_has_it():
    neck, stripes = Thing("neck", DISC & (XS > 110), guessed=BLUSH), np.where((YS // 8 % 2)[..., None], SKIN, CLOTH)
    one = whole(neck, Thing("topwear", HALF, stripes))
    assert not one.seen.any()
    assert similarity(one.alpha >= 128, neck.where) > 0.95
    assert (one.colour[one.alpha > 0] == BLUSH).all()


def test_fragments_stay_if_they_are_large_enough():
    """Behind a coverer: crumbs of what is seen, a part of it by itself, and crumbs of what is nowhere seen."""
    seen = (YS >= 60) & (YS < 140) & (XS < 100)
    crumb, large = (
        (YS >= 70) & (YS < 76) & (XS >= 150) & (XS < 156),
        (YS >= 100) & (XS >= 150) & (YS < 130) & (XS < 180),
    )
    face = Thing("face", seen, guess=crumb | large)
    assert DUST < crumb.sum() < STRAY * seen.sum() < large.sum()
    kept = hidden(whole(face, Thing("topwear", HALF, CLOTH)))
    assert not kept[crumb].any()
    assert similarity(kept[:, 140:], large[:, 140:]) > 0.9
    source, pieces = scene(Thing("neck", crumb), Thing("topwear", HALF, CLOTH), Thing("mouth", NOTHING, guess=large))
    assert [one.tag for one in completed(pieces, source, drawing=plain(source))] == ["neck", "topwear"]
    dust = (YS == 70) & (XS >= 150) & (XS < 150 + DUST - 1)
    source, pieces = scene(Thing("neck", dust), Thing("topwear", HALF, CLOTH))
    assert [one.tag for one in completed(pieces, source, drawing=plain(source))] == ["topwear"]


def test_flats_go_on_in_their_own_tones():
    """What the guess means by its smooth, tinted and noisy colours is told by the part's own two."""
    two = np.where((YS < 100)[..., None], SKIN, BLUSH)
    grain = np.random.default_rng(0).normal((6, -4, 5), 10, (*SIZE, 3))
    muddy = np.clip(cv2.GaussianBlur(two + grain, (0, 0), 4), 0, 255)
    one = whole(Thing("face", DISC, two, guessed=muddy), Thing("topwear", HALF, CLOTH))
    there = (one.alpha > 0) & ~one.seen
    assert unlike(muddy[there], SKIN, BLUSH).mean() > 4
    assert (unlike(one.colour[there], SKIN, BLUSH) <= 3).mean() > 0.95
    clear = there & (np.abs(YS - 100) > 5)
    assert unlike(one.colour[clear], SKIN, BLUSH).max() <= 3
    assert np.array_equal(unlike(one.colour[clear], SKIN) <= 3, YS[clear] < 100)


def test_stripes_go_on():
    stripes = np.where((YS // 20 % 2)[..., None], SKIN, CLOTH)
    one = whole(Thing("topwear", DISC, stripes), Thing("objects", HALF, DARK))
    there = hidden(one)
    assert (unlike(one.colour[there], SKIN, CLOTH) <= 3).mean() > 0.9
    assert (unlike(one.colour - stripes, (0, 0, 0)) <= 3)[there].mean() > 0.9


def test_soft_shading_goes_on_softly():
    """Of the guess' own colours right up to its rim; without a guess those beside it go on."""
    shaded = np.floor(np.stack([250 - YS, 220 - YS * 0.8, 205 - YS * 0.5], axis=2))
    for guess, most in ((DISC, 1), (NOTHING, 8)):
        one = whole(Thing("face", DISC, shaded, guess=guess), Thing("topwear", HALF, CLOTH))
        assert hidden(one).sum() > 300
        assert np.abs(one.colour - shaded)[hidden(one) & (XS >= 103 if most == 1 else True)].max() <= most


def test_a_guess_is_blended_into_what_is_seen():
    """A guess that is 20 levels too dark, of a piece that is shaded softly."""
    size = (200, 640)
    left = np.broadcast_to(np.arange(640) < 320, size)
    shaded = np.broadcast_to(np.stack([250 - np.arange(200)] * 3, axis=1)[:, None], (*size, 3))
    everything = Thing("topwear", left | ~left, shaded, guessed=shaded - 20)
    one = whole(everything, Thing("objects", ~left, DARK))
    off = np.median((shaded - one.colour.astype(int))[20:-20, 320:, 0], axis=0)
    assert 8 < off[0] < 16
    assert (np.diff(off[:10]) >= 0).all()
    assert (off[10:] == 20).all()


@pytest.mark.parametrize("guess", [DISC, NOTHING], ids=["right", "empty"])
def test_what_a_coverer_throws_is_no_colour_of_the_piece(guess):
    """Its outline, 1 px that is seen as of the piece, and a shadow along its edge."""
    shadow = np.where((XS == 99)[..., None], DARK, np.where((XS >= 97)[..., None], BLUSH, SKIN))
    one = whole(Thing("face", DISC, shadow, guess=guess, guessed=SKIN), Thing("topwear", HALF, CLOTH))
    assert unlike(one.colour[hidden(one)], SKIN).max() <= 3
    assert hidden(one).sum() > 300


def test_outlines_go_on_around_what_is_hidden():
    ring = DISC & (FROM_CENTRE >= 57)
    drawn = np.where(ring[..., None], DARK, SKIN)
    things = Thing("face", DISC, drawn, guessed=SKIN), Thing("topwear", HALF, CLOTH)
    source, pieces = scene(*things)
    for drawing in (guess_layers(source), None):
        one = on_canvas(completed(pieces, source, drawing=drawing)[0], SIZE)
        inked = hidden(one) & (unlike(one.colour, DARK) < 60)
        assert np.abs(FROM_CENTRE[inked] - 58.5).max() < 3
        assert 0.8 < inked.sum() / (ring & HALF).sum() < 1.2
        turn = np.degrees(np.arctan2(YS - 100, XS - 100))
        assert len(np.unique(turn[inked].astype(int) // 5)) >= 35
        assert (unlike(one.colour[hidden(one) & (FROM_CENTRE < 54)], SKIN) <= 3).all()


@pytest.mark.parametrize("kind", ["none", "some", "lap"])
def test_no_outline_is_drawn_where_there_is_none(kind):
    """Around what has none, or only some strokes, and along the end of what only laps under its coverer."""
    stroke = (
        DISC & (FROM_CENTRE >= 57) & {"none": YS < 0, "some": (YS < 100) & (XS >= 88) & (XS < 96), "lap": YS >= 0}[kind]
    )
    face = Thing("face", DISC, np.where(stroke[..., None], DARK, SKIN), NOTHING if kind == "lap" else DISC, SKIN)
    source, pieces = scene(face, Thing("topwear", HALF, CLOTH))
    one = on_canvas(completed(pieces, source)[0], SIZE)
    inner = hidden(one) & (FROM_CENTRE < 54) if kind == "lap" else hidden(one)
    assert (unlike(one.colour[inner], SKIN) <= 6).all()
    assert inner.sum() > 300


def test_an_inpainter_makes_the_colours_instead():
    asked = []

    def fill(picture: np.ndarray, unknown: np.ndarray) -> np.ndarray:
        asked.append((picture.copy(), unknown))
        return np.full_like(picture, (1, 2, 3))

    source, pieces = scene(Thing("face", DISC, guessed=BLUSH), Thing("topwear", HALF, CLOTH))
    one, cover = completed(pieces, source, drawing=plain(source), fill=fill)
    assert len(asked) == 1  # of the topwear nothing is hidden
    assert (one.colour[~one.seen & (one.alpha > 0)] == (1, 2, 3)).all()
    assert (one.colour[one.seen] == SKIN).all()
    assert (cover.colour == CLOTH).all()
    ((picture, unknown),) = asked
    assert picture.dtype == np.uint8
    assert unknown.shape == picture.shape[:2]
    rim = (one.seen & (on_canvas(one, SIZE).seen & (XS == 99))[one.here]).sum()
    assert unknown.sum() == (~one.seen & (one.alpha > 0)).sum() + rim
    assert (unlike(picture[~unknown], SKIN) == 0).all()
