"""Which piece lies before which: what is seen, what is nearer, what is usual, and what always holds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from drawing import needs
from guesses import oracle
from toy_pieces import SIZE, mask, piece

from animelayers.anatomy import looks, sides, strata
from animelayers.anatomy.lock import locked
from animelayers.anatomy.order import STEP, _settled, evidence, ordered
from animelayers.anatomy.pieces import Piece
from animelayers.data.sample import visible_map
from animelayers.evaluation.parts import measure_parts
from animelayers.evaluation.prediction import Prediction
from animelayers.parts import PART_LABELS

HERE, THERE = mask((20, 20, 80, 60)), mask((20, 50, 80, 100))
NOTHING = np.zeros(SIZE, bool)


def names(pieces) -> list[str]:
    return [one.name for one in ordered(pieces)]


def eye(depths: dict[str, float], side: str = "l") -> list[Piece]:
    """A face with an eye in it, at depths that may contradict them."""
    whole = {"face": (10, 10, 110, 110), "eyewhite": (40, 60, 60, 90), "irides": (42, 68, 60, 82)}
    whole |= {"eyelash": (38, 58, 44, 92), "eyebrow": (30, 58, 41, 92), "nose": (60, 55, 70, 62)}
    whole |= {"mouth": (80, 50, 90, 70)}
    shown = NOTHING
    out = []
    for tag in reversed(whole):  # each hides what was before it
        solid = mask(whole[tag])
        told = side if tag in ("eyewhite", "irides", "eyelash", "eyebrow") else ""
        out.append(piece(tag, solid & ~shown, solid, depth=depths.get(tag, 0.5), side=told))
        shown = shown | solid
    return out


def test_who_is_seen_is_above():
    front, behind = piece("topwear", HERE, depth=0.4), piece("bottomwear", THERE & ~HERE, THERE, depth=0.5)
    assert names([front, behind]) == ["bottomwear", "topwear"]
    front, behind = piece("topwear", HERE & ~THERE, HERE, depth=0.5), piece("bottomwear", THERE, depth=0.4)
    assert names([front, behind]) == ["topwear", "bottomwear"]


def test_where_a_third_hides_both_the_nearer_is_above():
    cloak = piece("topwear", mask((10, 45, 90, 65)), depth=0.9)
    legs = [
        piece("legwear", HERE & ~mask((10, 45, 90, 65)), HERE, depth=0.45, side="r"),
        piece("legwear", THERE & ~mask((10, 45, 90, 65)), THERE, depth=0.4, side="l"),
    ]
    assert names([cloak, *legs]) == ["legwear-l", "legwear-r", "topwear"]


def test_depth_counts_where_they_meet():
    """A coat is nearer than a staff on the whole, and farther where the staff is."""
    slope = np.linspace(0.7, 0.3, SIZE[1], dtype=np.float32) * np.ones(SIZE, np.float32)
    coat = piece("topwear", mask((20, 0, 80, 50)), mask((20, 50, 80, 70)), depth=slope)
    staff = piece("objects", NOTHING, mask((20, 50, 80, 80)), depth=0.55)
    assert coat.nearness > staff.nearness
    assert names([coat, staff]) == ["topwear", "objects"]


def test_evidence_is_antisymmetric_and_grows_with_the_overlap():
    far = piece("tail", THERE & ~HERE, THERE, depth=0.3)
    near = piece("wings", HERE, depth=0.6, side="l")
    assert evidence(near, far) == -evidence(far, near) > 1.2
    sliver = piece("wings", mask((20, 20, 80, 51)), depth=0.6, side="l")
    assert 0 < evidence(sliver, piece("tail", THERE & ~mask((20, 50, 80, 51)), THERE, depth=0.3)) < 0.9
    assert evidence(near, piece("tail", mask((90, 90, 100, 100)))) == 0


def test_large_overlaps_say_what_small_ones_do():
    """Of many pixels only some are looked at."""
    large = np.kron(HERE, np.ones((12, 12), bool)), np.kron(THERE, np.ones((12, 12), bool))
    a, b = piece("tail", large[0], depth=0.5), piece("objects", large[1] & ~large[0], large[1], depth=0.45)
    assert evidence(a, b) == pytest.approx(1 + np.tanh(0.05 / STEP) / 2, rel=0.01)


@pytest.mark.parametrize("weakest", range(3))
def test_a_circle_is_cut_where_it_is_weakest(weakest):
    """Scissors, stone, paper: each lies over the next, and the last over the first; at one place by little."""
    tags = ("objects", "headwear", "footwear")
    own = [mask((10, left, 40, left + 30)) for left in (0, 40, 80)]
    over = [mask((60, left, 90 if at != weakest else 62, left + 20)) for at, left in enumerate((0, 40, 80))]
    pieces = [piece(tag, own[at] | over[at], over[at - 1]) for at, tag in enumerate(tags)]
    top = tags[(weakest + 1) % 3]
    assert names(pieces) == [tags[weakest], tags[(weakest + 2) % 3], top]


@pytest.mark.parametrize("seed", range(20))
def test_the_best_order_of_six_is_found(seed):
    rng = np.random.default_rng(seed)
    gains = rng.normal(0, 1, (6, 6))
    gains -= gains.T

    def worth(order) -> float:
        return sum(gains[above, below] for below, above in itertools.combinations(order, 2))

    starts = [list(rng.permutation(6)) for _ in range(8)]
    best = max(map(worth, itertools.permutations(range(6))))
    found = [_settled([int(at) for at in start], gains) for start in starts]
    assert max(map(worth, found)) == pytest.approx(best)
    assert all(worth(order) >= worth(start) for order, start in zip(found, starts, strict=True))


@pytest.mark.parametrize("seed", range(8))
def test_eyes_nose_mouth_and_brows_always_lie_so(seed):
    """Whatever depth says, and also where they have sides and the evidence is what one sees."""
    rng = np.random.default_rng(seed)
    pieces = eye({tag: rng.random() for tag in ("face", "eyewhite", "irides", "eyelash", "eyebrow", "nose", "mouth")})
    # Some are seen where they cannot be.
    upside_down = [one.replace(seen=rng.random(one.seen.shape) > 0.5) for one in pieces]
    for given in (pieces, upside_down):
        got = names(given)
        assert [name for name in got if name not in ("nose", "mouth")] == [
            *("face", "eyewhite-l", "irides-l", "eyelash-l", "eyebrow-l")
        ]
        assert got[0] == "face"


def test_lids_lie_before_the_eye():
    """A face in strata: the far one is the face, the near one what covers the eye."""
    lids = mask((40, 60, 47, 90))
    pieces = [one for one in eye({"face": 0.5, "irides": 0.6, "eyewhite": 0.58}) if one.tag != "eyelash"]
    irides = next(one for one in pieces if one.tag == "irides")
    lower = irides.replace(seen=irides.seen & ~lids[irides.here])
    pieces = [lower if one is irides else one for one in pieces]
    face = next(one for one in pieces if one.tag == "face")
    pieces = [one for one in pieces if one is not face]
    pieces += [face.replace(stratum=1), piece("face", lids, depth=0.65, stratum=0)]
    got = names(pieces)
    assert got[0] == "face-1"
    assert got.index("face-0") > got.index("irides-l") > got.index("eyewhite-l")


@pytest.mark.parametrize(("sure", "order"), [(False, ["face", "front hair"]), (True, ["front hair", "face"])])
def test_what_is_usual_gives_way_to_what_is_seen(sure, order):
    """Front hair lies before a face; not if a face covers it widely and is nearer, too."""
    fringe = mask((10, 10, 60, 110))
    face = piece("face", mask((10, 10, 110, 110)), depth=0.8 if sure else 0.51)
    hair = piece("front hair", NOTHING, fringe, depth=0.5)
    if not sure:
        hair, face = hair.replace(seen=np.ones_like(hair.seen)), face.replace(seen=face.seen & ~fringe[face.here])
    assert names([face, hair]) == order


def test_strata_keep_their_order():
    pieces = [piece("tail", HERE, depth=depth, stratum=rank) for rank, depth in enumerate((0.1, 0.5, 0.9))]
    assert names(pieces) == ["tail-2", "tail-1", "tail-0"]


@pytest.mark.parametrize("seed", range(5))
def test_one_order_whatever_order_they_come_in(seed):
    rng = np.random.default_rng(seed)
    pieces = eye({"face": 0.7, "eyewhite": 0.2}) + eye({"irides": 0.9}, side="r")[:4]
    for tag in ("topwear", "bottomwear", "objects", "tail"):
        solid = rng.random(SIZE) > 0.3
        pieces.append(piece(tag, solid & (rng.random(SIZE) > 0.5), solid, depth=rng.random(SIZE)))
    expected = names(pieces)
    for _ in range(4):
        assert names([pieces[at] for at in rng.permutation(len(pieces))]) == expected


def test_ties_go_by_name():
    apart = [piece(tag, mask((10 * at, 0, 10 * at + 5, 9))) for at, tag in enumerate(("tail", "objects", "headwear"))]
    assert names(apart) == ["headwear", "objects", "tail"]


def test_little_and_nothing():
    assert ordered([]) == ()
    empty = piece("tail", mask((5, 5, 6, 6))).replace(seen=np.zeros((1, 1), bool), alpha=np.zeros((1, 1), np.uint8))
    assert ordered([empty]) == (empty,)
    assert names([empty, *eye({})])[0] == "tail"


def told(made, guess) -> list[Piece]:
    """The pieces of a sample: seen as in truth, otherwise as a guess has them."""
    labels, out = visible_map(made.parts), []
    for tag, label in PART_LABELS.items():
        if (whole := looks.whole(guess, tag, made.size)) is None:
            continue
        top, left, alpha, colour, depth = whole
        here = np.s_[top : top + alpha.shape[0], left : left + alpha.shape[1]]
        seen = labels[here] == label
        alpha = np.where(seen, 255, np.where(labels[here] > 0, alpha, 0)).astype(np.uint8)
        colour = np.where(seen[..., None], made.picture[here][..., :3], colour)
        out.append(Piece(tag, top, left, seen, alpha, colour, depth))
    return out


def test_what_the_artist_draws_comes_back_in_order():
    """Sides, strata and order from maps at a small net's resolution, perfect and noisy."""
    needs("skia")
    from animelayers.artist.studio import sample

    sums: dict[str, float] = {"right": 0, "judged": 0}
    for seed, doubt in ((500_004, 0.0), (500_004, 0.5), (500_013, 0.0), (500_013, 0.5)):
        made = sample(seed, 384, 272)
        guess = oracle(made, noise=doubt)
        halves = sides.split(told(made, guess), looks.side_map(guess, made.size), made.size)
        stack = locked(ordered(strata.split(halves)), made.picture)
        scores = measure_parts(made, Prediction(stack), made.picture)
        assert scores.scores["sides.accuracy"] > 0.98
        sums = {name: sums[name] + scores.counts["pooled.order_pairs"][name] for name in sums}
    assert sums["right"] >= 0.98 * sums["judged"]
