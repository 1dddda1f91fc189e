"""Trunk clothes and neckwear of the synthetic artist."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from animelayers.artist import neckwear, patterns, tops
from animelayers.artist.bows import Ribbon, bow
from animelayers.artist.contours import covers
from animelayers.artist.curves import Curve, along, length
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Material, Plane
from animelayers.artist.folds import crease, frill, radiating, tapered
from animelayers.artist.patterns import scallops, weave
from animelayers.artist.subject import Subject, choose
from animelayers.artist.waist import Girth, belt, tied
from animelayers.artist.wardrobe import NECKWEAR, TOPS, WITH_SKIRT, Garment

KINDS = sorted({kind for weights in TOPS.values() for kind in weights})
NECK_KINDS = sorted({kind for weights in NECKWEAR.values() for kind in weights} - {"none"})
BARE = ("camisole", "crop", "offshoulder", "leotard", "corset")
"""Tops that show the trunk's skin."""


def wearing(seed: int, **kinds: str) -> Subject:
    """A character whose garments are of these kinds."""
    subject = choose(Dice("tops", seed))
    outfit = subject.outfit
    changed = {name: dataclasses.replace(getattr(outfit, name), kind=kind) for name, kind in kinds.items()}
    return dataclasses.replace(subject, outfit=dataclasses.replace(outfit, **changed))


def made(seed: int, **kinds: str) -> list[Fragment]:
    return tops.draw(wearing(seed, **kinds), Dice("tops", seed))


def box(fragment: Fragment) -> tuple[float, float, float, float]:
    points = np.concatenate(fragment.shape)
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


@pytest.mark.parametrize("kind", KINDS)
def test_every_top_is_finite_and_of_its_tags(kind: str) -> None:
    for seed in range(5):
        fragments = made(seed, top=kind)
        assert {fragment.tag for fragment in fragments} <= {"topwear", "neckwear"}
        assert len(fragments) <= 40
        for fragment in fragments:
            shapes = [*fragment.shape, *(s.points for s in fragment.strokes)]
            shapes += [curve for layer in (*fragment.shades, *fragment.marks) for curve in layer.shape]
            assert all(np.isfinite(shape).all() for shape in shapes)
            assert all(np.abs(shape).max() < 9 for shape in shapes), "nothing flies away"
            assert all(len(shape) > 2 for shape in fragment.shape)


@pytest.mark.parametrize("kind", KINDS)
def test_every_top_covers_the_chest_on_both_sides(kind: str) -> None:
    subject = wearing(3, top=kind, neckwear="none")
    figure = subject.figure
    y, b = figure.level("bust"), subject.build.breadth
    spots = np.array([(figure.middle(y) + sign * 0.25 * b, y) for sign in (-1, 1)])
    cloth = [f for f in tops.draw(subject, Dice(3)) if f.material is not Material.SKIN]
    seen = np.any([covers(shape, spots) for f in cloth for shape in f.shape if f.z > Plane.NECK], axis=0)
    assert seen.all()


@pytest.mark.parametrize("kind", WITH_SKIRT)
def test_what_needs_nothing_below_reaches_over_the_hips(kind: str) -> None:
    for seed in range(4):
        subject = wearing(seed, top=kind, bottom="none", neckwear="none")
        lowest = max(box(f)[3] for f in tops.draw(subject, Dice(seed)) if f.material is not Material.SKIN)
        assert lowest > subject.figure.level("crotch")


@pytest.mark.parametrize("kind", [kind for kind in WITH_SKIRT if kind != "leotard"])
def test_skirts_have_an_inside_behind_the_legs_and_a_front_before_them(kind: str) -> None:
    subject = wearing(1, top=kind, bottom="none", neckwear="none")
    hip = subject.figure.level("hip")
    below = [f for f in tops.draw(subject, Dice(1)) if box(f)[3] > hip + 0.1 and f.z < Plane.ARM]
    assert min(f.z for f in below) < Plane.LEG_FAR
    assert max(f.z for f in below) > Plane.LEG_NEAR


def test_top_and_bottom_meet_or_the_skin_between_them_is_drawn() -> None:
    for kind in KINDS:
        for seed in range(4):
            subject = wearing(seed, top=kind, bottom="jeans")
            figure = subject.figure
            waistband = figure.level("waist") + 0.5 * (figure.level("hip") - figure.level("waist"))
            assert max(box(f)[3] for f in tops.draw(subject, Dice(seed)) if f.tag == "topwear") > waistband


def test_bare_trunks_lie_below_neck_and_clothes() -> None:
    for kind in BARE:
        fragments = made(2, top=kind, sleeves="none", bottom="mini")
        skins = [f for f in fragments if f.material is Material.SKIN]
        assert skins
        assert all(f.tag == "topwear" for f in skins)
        assert all(f.z < Plane.NECK for f in skins)


def test_tucked_hems_end_below_waistbands_but_above_the_chest() -> None:
    def tucked(sleeves: str) -> list[Fragment]:
        drawn = (f for seed in range(20) for f in made(seed, top="shirt", sleeves=sleeves, neckwear="none"))
        return [f for f in drawn if f.z == Plane.TUCKED]

    assert tucked("long")
    assert Plane.NECK < Plane.TUCKED < Plane.BOTTOMWEAR
    assert not tucked("none"), "bare shoulders lie under the armhole"


@pytest.mark.parametrize("kind", NECK_KINDS)
def test_every_neckwear_is_at_the_neck(kind: str) -> None:
    for seed in range(4):
        subject = wearing(seed, top="shirt", neckwear=kind)
        worn = [f for f in tops.draw(subject, Dice(seed)) if f.tag == "neckwear"]
        assert worn
        assert min(box(f)[1] for f in worn) < subject.figure.level("bust")
        left, right = min(box(f)[0] for f in worn), max(box(f)[2] for f in worn)
        assert left < subject.figure.middle(0.0) < right


def test_a_cape_hangs_behind_and_closes_before() -> None:
    depths = [f.z for f in made(4, neckwear="cape") if f.tag == "neckwear"]
    assert min(depths) < Plane.ARM_BEHIND
    assert max(depths) > Plane.ARM


def test_no_neckwear_draws_none() -> None:
    assert not [f for f in made(0, neckwear="none") if f.tag == "neckwear"]
    assert set(neckwear.KINDS) == set(NECK_KINDS)


def test_drawn_twice_is_drawn_alike() -> None:
    for kind in ("dress", "coat", "armour"):
        first, second = made(6, top=kind), made(6, top=kind)
        assert len(first) == len(second)
        for a, b in zip(first, second, strict=True):
            assert a.z == b.z
            assert a.colour == b.colour
            assert all(np.array_equal(p, q) for p, q in zip(a.shape, b.shape, strict=True))


@pytest.fixture
def cloth() -> patterns.Weave:
    left: Curve = np.array([(-0.5, 0.0), (-0.4, 1.0), (-0.6, 2.0)])
    return weave(left, left * (-1, 1), bow=0.1)


def test_a_weave_reaches_from_edge_to_edge_and_bows(cloth: patterns.Weave) -> None:
    row = cloth.place(np.array([(-1.0, 0.5), (0.0, 0.5), (1.0, 0.5)]))
    assert row[0] == pytest.approx((-row[2, 0], row[2, 1]))
    assert row[1, 1] - row[0, 1] == pytest.approx(0.1)


@pytest.mark.parametrize("pattern", sorted(patterns.PATTERNS))
def test_a_shirt_and_its_sleeves_are_of_one_cloth(pattern: str, cloth: patterns.Weave) -> None:
    shirt = Garment("shirt", (250, 250, 250), (120, 30, 60), pattern)
    sleeve = dataclasses.replace(shirt, kind="long")
    first, second = (patterns.marks(garment, cloth, 1.0) for garment in (shirt, sleeve))
    assert first
    assert len(first) == len(second)
    assert all(np.array_equal(a.shape[0], b.shape[0]) for a, b in zip(first, second, strict=True))
    points = np.concatenate([curve for mark in first for curve in mark.shape])
    assert points[:, 1].min() > -0.2
    assert points[:, 1].max() < 2.3


def test_plain_cloth_has_no_marks(cloth: patterns.Weave) -> None:
    assert patterns.marks(Garment("shirt", (0, 0, 0), (9, 9, 9)), cloth, 1.0) == ()


def test_scallops_and_frills_hang_to_the_right_of_their_line() -> None:
    line = np.array([(0.0, 0.0), (1.0, 0.0)])
    edge = scallops(line, 0.05)
    assert edge[:, 1].min() == pytest.approx(0.0, abs=1e-9)
    assert edge[:, 1].max() == pytest.approx(0.05, rel=0.1)
    made_ = frill(line, 0.2, Dice(1))
    assert 0.1 < made_.shape[:, 1].max() < 0.3
    assert made_.shape[:, 1].min() > -0.05


def test_folds_taper_to_points() -> None:
    spine = np.stack([np.linspace(0, 1, 21), np.zeros(21)], axis=1)
    sliver = tapered(spine, 0.1)
    assert sliver[:, 1].min() == pytest.approx(-0.1, rel=0.05), "widest on its left, which is up"
    assert np.allclose(sliver[0], sliver[-1])
    assert np.allclose(sliver[20], sliver[21])
    fold = crease(spine, 0.1, part=0.5)
    assert length(fold.strokes[0].points) == pytest.approx(0.5 * length(along(spine, [0.0, 1.0])), rel=0.1)
    assert crease(spine, 0.1, line=0.0).strokes == ()


def test_pulls_start_near_their_point_and_reach_out() -> None:
    pulls = radiating((1.0, 2.0), [0.0, 1.0, 2.0], 0.5, 0.03, Dice(2))
    assert len(pulls.shades) == 3
    for shade in pulls.shades:
        far = np.hypot(*(shade.shape[0] - (1.0, 2.0)).T)
        assert far.min() < 0.12
        assert 0.25 < far.max() < 0.6


@pytest.mark.parametrize("tails", [0.0, 0.3])
def test_a_bow_grows_from_its_knot(tails: float) -> None:
    ribbon = Ribbon((1.0, 2.0), 0.2, (200.0, 30.0, 40.0), "footwear", 0.5, side="l")
    tied_ = bow(ribbon, Dice(4), tails=tails, droop=0.0)
    assert {(f.tag, f.side) for f in tied_} == {("footwear", "l")}
    assert len(tied_) == (5 if tails else 3)
    points = np.concatenate([f.shape[0] for f in tied_])
    assert 0.36 < np.ptp(points[:, 0]) < 0.5, "two loops wide"
    assert (points[:, 1].max() - 2.0 > 0.2) == bool(tails), "its ends hang below the loops"


def test_what_is_bound_around_the_waist_goes_around_it() -> None:
    figure = choose(Dice("artist", 3)).figure
    y = figure.level("waist")
    girth = Girth(figure, "bottomwear", 0.1, y, 0.1, ease=0.03)
    ends = girth.line(0.0)[[0, -1]]
    body = [figure.edge(side, y, y + 0.01)[0] for side in ("r", "l")]
    room = 0.03 * figure.build.breadth
    assert np.allclose(ends, np.array(body) + [(-room, 0), (room, 0)])
    for made_ in (belt(girth, (60.0, 40.0, 30.0), Dice(1)), tied(girth, (60.0, 40.0, 30.0), Dice(1), 0.2)):
        assert {f.tag for f in made_} == {"bottomwear"}
        strap, *over = made_
        assert np.allclose(strap.shape[0][[0, 24]], ends)
        assert over
        assert max(f.z for f in over) > strap.z
