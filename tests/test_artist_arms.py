"""Arms, hands, sleeves and held things: every kind is drawn, whole, at the right depth and on the right side."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from animelayers.artist import arms, figure, holding, objects, sleeves, subject, wardrobe
from animelayers.artist.contours import Contour, covers, inked
from animelayers.artist.curves import ellipse, hull, length
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Plane
from animelayers.artist.hands import GESTURES, Make, Turn, hand
from animelayers.artist.reach import ARM_POSES
from animelayers.artist.subject import Subject
from animelayers.artist.tubes import tube


def posed(monkeypatch: pytest.MonkeyPatch, pose: str, seed: int = 3, **worn: str) -> Subject:
    """A character with both arms in a pose; `worn` gives kinds of the outfit's sleeves, hands, object."""
    monkeypatch.setattr(figure, "BOTH", {pose: 1.0})
    made = subject.choose(Dice("arms", seed))
    changed = {name: dataclasses.replace(getattr(made.outfit, name), kind=kind) for name, kind in worn.items()}
    return dataclasses.replace(made, outfit=dataclasses.replace(made.outfit, **changed))


def drawn(made: Subject, tag: str = "handwear") -> list[Fragment]:
    return [fragment for fragment in arms.draw(made, Dice("arms")) if fragment.tag == tag]


def same(a: list[Fragment], b: list[Fragment]) -> bool:
    return [f.z for f in a] == [f.z for f in b] and all(
        np.array_equal(p, q) for f, g in zip(a, b, strict=True) for p, q in zip(f.shape, g.shape, strict=True)
    )


def test_covers_is_the_inside_of_a_circle() -> None:
    points = np.stack(np.meshgrid(np.linspace(-1.5, 1.5, 40), np.linspace(-1.5, 1.5, 40)), axis=-1).reshape(-1, 2)
    far = np.hypot(*points.T)
    clear = np.abs(far - 1) > 0.01
    assert np.array_equal(covers(ellipse(0, 0, 1, 1, steps=200), points)[clear], far[clear] < 1)


def test_joined_forms_are_inked_around_their_union() -> None:
    """Two unit circles one radius apart: each loses the third of its outline that lies within the other."""
    rings = [ellipse(x, 0, 1, 1, steps=400) for x in (-0.5, 0.5)]
    closed = [np.concatenate([ring, ring[:1]]) for ring in rings]
    joined = [Contour(str(k), rings[k], (closed[k],), joins=("0",)) for k in range(2)]
    assert sum(length(s.points) for s in inked(joined)) == pytest.approx(2 * 2 * math.pi * 2 / 3, rel=0.02)
    stacked = [Contour(str(k), rings[k], (closed[k],), depth=k) for k in range(2)]
    assert sum(length(s.points) for s in inked(stacked)) == pytest.approx(2 * math.pi * (1 + 2 / 3), rel=0.02)


def test_hull_of_a_grid_is_its_square() -> None:
    grid = np.stack(np.meshgrid(np.arange(5.0), np.arange(5.0)), axis=-1).reshape(-1, 2)
    assert {tuple(point) for point in hull(grid)} == {(0, 0), (0, 4), (4, 0), (4, 4)}


def thumb_side(side: str, roll: float) -> float:
    """X of the thumb's tip of a hand that hangs straight down."""
    made = hand((0.0, 0.0), math.pi / 2, side, Make(1.0, 0.1), GESTURES["open"], Turn(roll))
    thumb = next(contour.area for contour in made.contours if contour.name == "thumb")
    return float(thumb[np.argmax(np.abs(thumb[:, 0])), 0])


def test_the_thumb_points_to_the_body_where_the_back_of_a_hanging_hand_shows() -> None:
    assert thumb_side("r", 0) > 0.3 > -0.3 > thumb_side("l", 0)
    assert thumb_side("r", 180) < -0.3 < 0.3 < thumb_side("l", 180)


@pytest.mark.parametrize("mitten", [False, True])
@pytest.mark.parametrize("gesture", sorted(GESTURES))
def test_hands_are_closed_forms_within_reach(gesture: str, mitten: bool) -> None:
    for roll in (-80, 0, 60, 120, 180):
        made = hand((0.0, 0.0), 0.3, "l", Make(0.5, 0.05, mitten=mitten), GESTURES[gesture], Turn(roll))
        points = np.concatenate([contour.area for contour in made.contours])
        assert np.isfinite(points).all()
        assert np.hypot(*points.T).max() < 0.6
        assert len(inked(made.contours)) >= 3


def test_a_fist_is_shorter_than_an_open_hand() -> None:
    reach = {
        name: np.concatenate([c.area for c in hand((0, 0), 0, "l", Make(1, 0.1), GESTURES[name], Turn()).contours])
        for name in ("fist", "flat")
    }
    assert reach["fist"][:, 0].max() < 0.75 < 0.98 < reach["flat"][:, 0].max() < 1.1


@pytest.mark.parametrize("seed", [1, 5])
@pytest.mark.parametrize("pose", sorted(ARM_POSES))
def test_every_pose_is_drawn_on_both_sides(monkeypatch: pytest.MonkeyPatch, pose: str, seed: int) -> None:
    fragments = arms.draw(posed(monkeypatch, pose, seed), Dice("arms"))
    assert {fragment.side for fragment in fragments if fragment.tag == "handwear"} == {"l", "r"}
    assert {fragment.tag for fragment in fragments} <= {"handwear", "objects"}
    assert len(fragments) <= 40
    for fragment in fragments:
        for curve in (*fragment.shape, *(stroke.points for stroke in fragment.strokes)):
            assert curve.ndim == 2
            assert len(curve) > 1
            assert np.isfinite(curve).all()


@pytest.mark.parametrize("kind", sorted({kind for kinds in wardrobe.SLEEVES.values() for kind in kinds}))
def test_every_sleeve_lies_over_the_same_whole_arm(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    for pose in ("down", "hip", "wave"):
        sleeved = posed(monkeypatch, pose, sleeves=kind, hands="bare", object="none")
        bare = posed(monkeypatch, pose, sleeves="none", hands="bare", object="none")
        skins = [[f for f in drawn(made) if f.colour == made.palette.skin] for made in (sleeved, bare)]
        reach = [np.concatenate([curve for f in skin for curve in f.shape]) for skin in skins]
        assert np.allclose(reach[0].max(axis=0), reach[1].max(axis=0))
        assert np.allclose(reach[0].min(axis=0), reach[1].min(axis=0))
        cloth = [f for f in drawn(sleeved) if f.colour != sleeved.palette.skin]
        assert ({f.side for f in cloth} == {"l", "r"}) == (kind != "none")


def test_every_sleeve_of_the_wardrobe_is_known() -> None:
    assert {kind for kinds in wardrobe.SLEEVES.values() for kind in kinds} - {"none"} == set(sleeves.SLEEVES)


def test_a_long_sleeve_ends_at_the_wrist_and_a_short_one_above_the_elbow(monkeypatch: pytest.MonkeyPatch) -> None:
    low = {}
    for kind in ("short", "long"):
        made = posed(monkeypatch, "down", sleeves=kind, hands="bare", object="none")
        cloth = [f for f in drawn(made) if f.colour != made.palette.skin and f.side == "l"]
        low[kind] = max(curve[:, 1].max() for f in cloth for curve in f.shape)
    _, elbow, wrist = made.figure.arms["l"].joints
    assert low["short"] < elbow[1] < low["long"] == pytest.approx(wrist[1], abs=0.08)


def test_hands_behind_the_back_lie_behind_the_trunk_and_their_upper_arms_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = posed(monkeypatch, "behind", sleeves="long", object="none")
    depths = {fragment.z for fragment in drawn(made)}
    assert min(depths) < Plane.BOTTOMWEAR
    assert max(depths) > Plane.TOPWEAR
    assert not any(Plane.BOTTOMWEAR < z < Plane.TOPWEAR for z in depths)


def test_halves_of_an_arm_leave_no_gap_at_the_elbow(monkeypatch: pytest.MonkeyPatch) -> None:
    made = posed(monkeypatch, "together", sleeves="none", hands="bare", object="none")
    for side, arm in made.figure.arms.items():
        clips = [fragment.clip[0] for fragment in drawn(made) if fragment.side == side and fragment.clip]
        form = tube(arm, 0.0, 1.0)
        assert len(clips) == 2
        assert (covers(clips[0], form.outer) | covers(clips[1], form.outer)).all()


def test_gloves_cover_the_hands(monkeypatch: pytest.MonkeyPatch) -> None:
    made = posed(monkeypatch, "relaxed", sleeves="short", hands="gloves", object="none")
    low = {
        colour: max(curve[:, 1].max() for f in drawn(made) if f.colour == colour for curve in f.shape)
        for colour in (made.palette.skin, made.outfit.hands.colour)
    }
    assert low[made.outfit.hands.colour] == pytest.approx(low[made.palette.skin])


def test_every_object_of_the_wardrobe_can_be_held() -> None:
    kinds = {kind for kinds in wardrobe.OBJECTS.values() for kind in kinds}
    assert kinds == set(objects.OBJECTS) == set(holding.HOLDS)
    assert {pose for ways in holding.HOLDS.values() for pose in ways} <= set(ARM_POSES)


@pytest.mark.parametrize("kind", sorted(holding.HOLDS))
def test_things_are_held_by_a_hand(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    for pose, hold in holding.HOLDS[kind].items():
        made = posed(monkeypatch, pose, object=kind, sleeves="short")
        thing = drawn(made, "objects")
        assert thing
        points = np.concatenate([curve for fragment in thing for curve in fragment.shape])
        low, high = points.min(axis=0) - 0.3, points.max(axis=0) + 0.3
        wrists = np.array([arm.joints[2] for arm in made.figure.arms.values()])
        assert ((wrists > low) & (wrists < high)).all(axis=1).any()
        if hold.layer == "between":
            skin = [f.z for f in drawn(made) if f.colour in (made.palette.skin, made.outfit.hands.colour)]
            near = [f.z for f in thing if f.z > Plane.BACK_HAIR]
            assert min(skin) < min(near)
            assert max(near) < max(skin)


def test_no_hand_no_object(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not drawn(posed(monkeypatch, "behind", object="sword"), "objects")


def test_the_same_dice_draw_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (arms.draw(posed(monkeypatch, "hold", object="flowers"), Dice("arms")) for _ in range(2))
    assert same(first, second)
    other = arms.draw(posed(monkeypatch, "hold", seed=4, object="flowers"), Dice("arms"))
    assert len(other) != len(first) or not same(first, other)
