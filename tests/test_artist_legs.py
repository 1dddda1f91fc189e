"""The synthetic artist's lower body: legs in every stance, and all that is worn on them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

pytest.importorskip("skia")

from animelayers.artist import bottoms, legs, shoes, wardrobe
from animelayers.artist.boots import ankle_boots
from animelayers.artist.build import Build
from animelayers.artist.build import choose as choose_build
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment
from animelayers.artist.feet import foot
from animelayers.artist.figure import SIDES, Figure, pose
from animelayers.artist.hang import Measure, hang
from animelayers.artist.legform import edges, ring
from animelayers.artist.pair import pair
from animelayers.artist.stance import FREQUENT, LEG_POSES, contour
from animelayers.artist.subject import Subject, choose

BOTTOMS = sorted({kind for weights in wardrobe.BOTTOMS.values() for kind in weights})
LEGWEAR = sorted({kind for weights in wardrobe.LEGWEAR.values() for kind in weights})
SHOES = sorted({kind for weights in wardrobe.SHOES.values() for kind in weights})


def dressed(seed: int = 3, **kinds: str) -> Subject:
    """A subject with some kinds of garments exchanged."""
    subject = choose(Dice("legs", seed))
    worn = {name: dataclasses.replace(getattr(subject.outfit, name), kind=kind) for name, kind in kinds.items()}
    return dataclasses.replace(subject, outfit=dataclasses.replace(subject.outfit, **worn))


def standing(name: str, monkeypatch: pytest.MonkeyPatch, seed: int = 1, heads: float = 6.5) -> Figure:
    monkeypatch.setattr("animelayers.artist.figure.FREQUENT", {name: 1.0})
    build = dataclasses.replace(choose_build(Dice("build", seed)), heads=heads)
    return pose(build, Dice("pose", seed))


def all_points(fragment: Fragment) -> np.ndarray:
    return np.concatenate(fragment.shape)


def box(fragments: list[Fragment]) -> tuple[np.ndarray, np.ndarray]:
    points = np.concatenate([all_points(fragment) for fragment in fragments])
    return points.min(axis=0), points.max(axis=0)


def covered(inner: np.ndarray, outer: np.ndarray) -> float:
    """Share of points inside a closed outline (nonzero winding), by the angles they see it under."""
    way = outer[None] - inner[:, None]
    angle = np.arctan2(way[..., 1], way[..., 0])
    turn = np.diff(np.concatenate([angle, angle[:, :1]], axis=1), axis=1)
    turn = (turn + np.pi) % (2 * np.pi) - np.pi
    return float((np.abs(turn.sum(axis=1)) > np.pi).mean())


def sound(fragments: list[Fragment], tag: str) -> None:
    for fragment in fragments:
        assert fragment.tag == tag
        for curve in fragment.shape:
            assert curve.shape == (max(len(curve), 3), 2)
            assert np.isfinite(curve).all()
            assert np.ptp(curve, axis=0).min() > 0
        for stroke in fragment.strokes:
            assert np.isfinite(stroke.points).all()
            assert len(stroke.points) >= 2


@pytest.mark.parametrize("kind", BOTTOMS)
@pytest.mark.parametrize("seed", [3, 5])
def test_bottomwear(kind: str, seed: int) -> None:
    subject = dressed(seed, bottom=kind)
    fragments = bottoms.draw(subject, Dice(seed))
    sound(fragments, "bottomwear")
    assert all(fragment.side == "" for fragment in fragments)
    assert 3 <= len(fragments) <= 30
    low, high = box(fragments)
    figure = subject.figure
    assert low[1] < figure.level("hip") < figure.level("crotch") < high[1]


def test_nothing_below_a_dress() -> None:
    assert bottoms.draw(dressed(bottom="none"), Dice(0)) == []


@pytest.mark.parametrize("kind", LEGWEAR)
def test_legwear(kind: str) -> None:
    fragments = legs.draw(dressed(legs=kind), Dice(1))
    sound(fragments, "legwear")
    assert len([f for f in fragments if f.side == "l"]) == len([f for f in fragments if f.side == "r"])
    assert len(fragments) == 2 if kind == "bare" else len(fragments) > 2


@pytest.mark.parametrize("kind", SHOES)
def test_footwear(kind: str) -> None:
    subject = dressed(shoes=kind, legs="bare")
    fragments = shoes.draw(subject, Dice(1))
    sound(fragments, "footwear")
    for side, leg in subject.figure.legs.items():
        mine = [fragment for fragment in fragments if fragment.side == side]
        assert 1 <= len(mine) <= 14
        _, high = box(mine)
        assert high[1] > leg.joints[2][1]


def test_bare_feet_hide_in_stockings() -> None:
    assert shoes.draw(dressed(shoes="barefoot", legs="tights"), Dice(1)) == []


@pytest.mark.parametrize("name", sorted(LEG_POSES))
@pytest.mark.parametrize("heads", [2.5, 6.5])
def test_stances(name: str, heads: float, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = standing(name, monkeypatch, heads=heads)
    assert {leg.pose for leg in figure.legs.values()} == {name}
    assert figure.legs["l"].z != figure.legs["r"].z
    for side, leg in figure.legs.items():
        hip = figure.edge(side, figure.level("hip"), figure.level("hip") + 0.01)[0]
        outer = edges(leg, 0.0, 0.1)[1 if side == "l" else 0][0]
        assert abs(outer[0] - hip[0]) < 0.05 * figure.build.breadth + 0.02  # the outline goes on from the hip's
        assert leg.joints[0][1] < leg.joints[1][1]


def test_every_stance_can_be_drawn() -> None:
    assert set(FREQUENT) == set(LEG_POSES)


def test_crossed_legs_cross(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = standing("crossed", monkeypatch)
    assert figure.legs["l"].joints[0][0] > figure.legs["r"].joints[0][0]
    assert figure.legs["l"].joints[2][0] < figure.legs["r"].joints[2][0]


def test_calves_swell_higher_outside() -> None:
    outer, inner = contour(Build(6.5, 0.0, 1.0, 0.2), 0.5)
    calf = [curve[(curve[:, 0] > 0.56) & (curve[:, 0] < 0.9)] for curve in (outer, inner)]
    peaks = [curve[np.argmax(curve[:, 1]), 0] for curve in calf]
    assert peaks[0] < peaks[1]


@pytest.mark.parametrize("turn", [-0.4, 0.0, 0.3, 0.7, 1.0])
def test_feet_point_where_they_are_turned(turn: float, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = standing("straight", monkeypatch)
    leg = dataclasses.replace(figure.legs["l"], foot=(turn, 0.0, 0.0))
    form = foot(leg, figure.build, "flats")
    x = form.outline()[:, 0] - leg.joints[2][0]
    assert form.heading == (1 if turn >= 0 else -1)
    ahead = max(x * form.heading) / max(-x * form.heading)
    assert ahead == pytest.approx(1.0, abs=0.3) if turn == 0 else ahead > 1.1


def test_heels_raise_the_ankle_over_the_toes() -> None:
    figure = dressed().figure
    low, high = (foot(figure.legs["r"], figure.build, shoe) for shoe in ("flats", "pumps"))
    assert high.outline()[:, 1].max() > low.outline()[:, 1].max()


@pytest.mark.parametrize("kind", ["loafers", "boots", "sneakers", "pumps"])
def test_foot_is_whole_inside_the_shoe(kind: str) -> None:
    subject = dressed(shoes=kind, legs="knee")
    skin = legs.draw(subject, Dice(1))[0]
    form = foot(subject.figure.legs["r"], subject.build, kind)
    assert all_points(skin)[:, 1].max() == pytest.approx(form.outline()[:, 1].max(), abs=1e-9)
    toes = form.outline()[40:70]
    worn = [fragment for fragment in shoes.draw(subject, Dice(1)) if fragment.side == "r"]
    assert max(covered(toes, all_points(fragment)) for fragment in worn if fragment.z > skin.z) == 1.0


def test_inside_of_a_boot_is_behind_the_leg() -> None:
    subject = dressed(shoes="boots", legs="bare")
    worn = pair(subject, subject.outfit.shoes, Dice(1))[0]
    depths = [fragment.z for fragment in ankle_boots(worn)]
    assert min(depths) < worn.leg.z < max(depths)


def test_stocking_goes_around_the_leg() -> None:
    subject = dressed(legs="tights")
    by_side = {side: [f for f in legs.draw(subject, Dice(1)) if f.side == side] for side in SIDES}
    for skin, cover, *_ in by_side.values():
        assert cover.z > skin.z
        assert covered(all_points(skin)[20:-20], all_points(cover)) > 0.9


@pytest.mark.parametrize("name", ["straight", "apart", "crossed", "coy"])
def test_skirt_covers_both_thighs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = standing(name, monkeypatch)
    frame = hang(figure, Measure(0.1, 0.5, 0.6, 0.05))
    outline = frame.outline(np.stack([np.linspace(-1, 1, 21), np.ones(21)], axis=1))
    bottom = min(frame.left[-1, 1], frame.right[-1, 1])
    for leg in figure.legs.values():
        thigh = ring(leg, 0.05, leg.bend)
        assert covered(thigh[thigh[:, 1] < bottom - 0.02], outline) == 1.0


@pytest.mark.parametrize("kind", ["pleated", "flared", "mini", "pencil", "long", "frilled", "faulds"])
def test_back_of_the_skirt_is_behind_the_legs(kind: str) -> None:
    subject = dressed(bottom=kind)
    depths = [fragment.z for fragment in bottoms.draw(subject, Dice(1))]
    everything = [*legs.draw(subject, Dice(1)), *shoes.draw(subject, Dice(1))]
    assert min(depths) < min(fragment.z for fragment in everything)
    assert max(depths) > max(fragment.z for fragment in everything)


@pytest.mark.parametrize("kind", ["jeans", "trousers", "shorts"])
def test_trousers_cover_the_thighs_and_open_behind_them(kind: str) -> None:
    subject = dressed(bottom=kind, shoes="sneakers")
    fragments = bottoms.draw(subject, Dice(2))
    for leg in subject.figure.legs.values():
        thigh = ring(leg, 0.08, 0.14)
        assert max(covered(thigh, all_points(fragment)) for fragment in fragments if fragment.z > leg.z) > 0.8
        assert any(fragment.z < leg.z for fragment in fragments)
    near = max(leg.z for leg in subject.figure.legs.values())
    assert all(fragment.z > near for fragment in fragments if fragment.relief > 0)


def test_trousers_go_into_boots() -> None:
    subject = dressed(bottom="trousers", shoes="longboots")
    for seed in range(20):
        fragments = bottoms.draw(subject, Dice(seed))
        cut = [fragment for fragment in fragments if fragment.clip is not None]
        if not cut:
            continue
        boot = {f.side: f.z for f in shoes.draw(subject, Dice(1)) if len(f.shape[0]) > 100}
        assert min(fragment.z for fragment in cut) < min(boot.values())
        return
    pytest.fail("no trousers were narrow enough for boots")


def test_deterministic() -> None:
    def fingerprint() -> list[Any]:
        subject = dressed(bottom="pleated", legs="thigh", shoes="sneakers")
        drawn = [f for builder in (bottoms, legs, shoes) for f in builder.draw(subject, Dice(4))]
        return [(f.z, f.colour, all_points(f).tobytes(), len(f.strokes), len(f.marks)) for f in drawn]

    assert fingerprint() == fingerprint()


def test_pairs_are_pairs() -> None:
    subject = dressed(legs="wraps")
    counts = [len([f for f in legs.draw(subject, Dice(9)) if f.side == side]) for side in SIDES]
    assert counts[0] == counts[1] > 4
