"""The artist's faces: features stay on the face, eyes are whole behind their lids, lids leave no seam."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from drawing import needs

from animelayers.artist import (
    brows,
    complexion,
    eyes,
    faceshape,
    facewear,
    head,
    iris,
    lashes,
    mouth,
    nose,
    orbit,
    wardrobe,
)
from animelayers.artist import face as faces
from animelayers.artist.character import keypoints
from animelayers.artist.contours import covers
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Drawing, Fragment, Plane
from animelayers.artist.eyeshape import EYES
from animelayers.artist.figure import SIDES, Head
from animelayers.artist.subject import Subject, choose

BUILDERS = (head, eyes, brows, nose, mouth, facewear)
YAWS = (-0.7, -0.4, 0.0, 0.25, 0.7)


def subject(seed: int = 1, *, yaw: float = 0.0, pitch: float = 0.0, **face: object) -> Subject:
    """One whose eyes are open and whose head is held as said."""
    made = choose(Dice("face", seed))
    held = dataclasses.replace(made.figure.head, yaw=yaw, pitch=pitch, tilt=0.1)
    look = dataclasses.replace(made.face, **{"lids": ("open", "open"), "slant": 0.0, "gaze": (0.0, 0.0), **face})
    return dataclasses.replace(made, figure=dataclasses.replace(made.figure, head=held), face=look)


def fragments(of: Subject, *builders: object) -> list[Fragment]:
    return [part for builder in builders or BUILDERS for part in builder.draw(of, Dice("t"))]


def tagged(parts: list[Fragment], tag: str) -> dict[str, Fragment]:
    return {part.side: part for part in parts if part.tag == tag}


def breadth(part: Fragment) -> float:
    return float(np.ptp(part.shape[0][:, 0]))


def dressed(of: Subject, **kinds: str) -> Subject:
    worn = {name: dataclasses.replace(getattr(of.outfit, name), kind=kind) for name, kind in kinds.items()}
    return dataclasses.replace(of, outfit=dataclasses.replace(of.outfit, **worn))


def test_every_weighted_choice_exists():
    tables = (
        (faces._SHAPES, faceshape.SHAPES),
        (faces._EYES, EYES),
        (faces._BROWS, brows.BROWS),
        (faces._NOSES, nose.NOSES),
        (faces._LASHES, lashes.LASHES),
    )
    for weights, table in tables:
        assert {name for kind in weights.values() for name in kind} <= set(table)
    for mood in faces.MOODS.values():
        assert set(mood.mouths) <= set(mouth.MOUTHS)
        assert set(mood.blushes or faces._BLUSHES) <= set(complexion.BLUSHES)
        assert set(mood.extras or {}) <= set(complexion.EXTRAS)
    assert set(wardrobe.EYEWEAR) - {"none"} == set(facewear.EYEWEAR)
    assert set(wardrobe.EARWEAR) - {"none"} == set(facewear.EARWEAR)


@pytest.mark.parametrize("seed", range(12))
def test_a_chosen_face_can_be_drawn(seed):
    of = choose(Dice("face", seed))
    parts = fragments(of)
    assert {"face", "neck", "eyelash", "eyebrow", "mouth"} <= {part.tag for part in parts}
    for part in parts:
        curves = [*part.shape, *(c for m in (*part.marks, *part.shades) for c in m.shape)]
        assert all(len(curve) > 2 and np.isfinite(curve).all() for curve in curves)
    assert len(parts) <= 40


@pytest.mark.parametrize(
    ("field", "table"),
    [
        ("shape", faceshape.SHAPES),
        ("eyes", EYES),
        ("iris", iris.MANNERS),
        ("pupil", iris.PUPILS),
        ("sparkle", iris.SPARKLES),
        ("lashes", lashes.LASHES),
        ("brows", brows.BROWS),
        ("nose", nose.NOSES),
        ("mouth", mouth.MOUTHS),
        ("blush", complexion.BLUSHES),
        ("extra", complexion.EXTRAS),
    ],
)
def test_every_option_draws_something_of_its_own(field, table):
    drawn = set()
    for option in table:
        parts = fragments(subject(yaw=0.3, **{field: option}), head, eyes, brows, nose, mouth)
        curves = [c for p in parts for c in (*p.shape, *(c for m in (*p.marks, *p.shades) for c in m.shape))]
        assert all(np.isfinite(curve).all() for curve in curves)
        drawn.add(hash(b"".join(curve.tobytes() for curve in curves)))
    assert len(drawn) == len(table)


@pytest.mark.parametrize("yaw", YAWS)
@pytest.mark.parametrize("school", sorted(EYES))
def test_lids_cover_what_the_eye_is_larger_than_its_opening(school, yaw):
    of = subject(yaw=yaw, eyes=school, spacing=0.55 * EYES[school].width + 0.112, size=1.0, openness=0.7)
    parts = fragments(of, eyes)
    lids = next(part for part in parts if part.z == Plane.LID)
    rings = dict(zip(SIDES, (lids.clip[:2], lids.clip[2:]), strict=True))
    for side, (outer, opening) in rings.items():
        white, disc = tagged(parts, "eyewhite")[side].shape[0], tagged(parts, "irides")[side].shape[0]
        assert covers(outer, white).all()
        assert covers(outer, disc).all()
        assert covers(opening, disc).any()
        assert not covers(opening, disc).all(), "the iris goes on under the lid"


@pytest.mark.parametrize("school", sorted(EYES))
def test_the_white_fills_the_opening(school):
    of = subject(eyes=school, size=1.0, openness=1.14, spacing=0.17)
    for side, white in tagged(fragments(of, eyes), "eyewhite").items():
        one = orbit.eye(of, side)
        middle = one.opening.mean(axis=0)
        assert covers(white.shape[0], one.at(middle + 0.98 * (one.opening - middle))).all()


@pytest.mark.parametrize("yaw", YAWS)
@pytest.mark.parametrize("shape", sorted(faceshape.SHAPES))
def test_features_lie_on_the_face(shape, yaw):
    for pitch in (-0.4, 0.4):
        of = subject(yaw=yaw, pitch=pitch, shape=shape)
        skin = faceshape.outline(of)
        points = keypoints(of)
        assert covers(skin, np.array([points[n] for n in ("eye-r", "eye-l", "nose", "mouth")])).all()
        for side in SIDES:
            one = orbit.eye(of, side)
            assert covers(skin, one.at(one.opening)).all()


def test_the_outline_mirrors_with_the_yaw():
    there, back = (faceshape.contour(subject(yaw=yaw)) for yaw in (0.5, -0.5))
    ring = back * (-1, 1)
    apart = np.hypot(*(there[:, None] - ring[None]).transpose(2, 0, 1)).min(axis=1)
    assert apart.max() < 1e-9


@pytest.mark.parametrize("yaw", YAWS)
def test_turning_keeps_order_and_edges(yaw):
    u = np.linspace(-0.46, 0.46, 41)
    turned = Head(0, 0, 0, yaw, 0).turn(np.stack([u, 0 * u], axis=1))
    assert (np.diff(turned[:, 0]) > 0).all()
    assert turned[[0, -1], 0] == pytest.approx([-0.46, 0.46])
    if not yaw:
        assert turned[:, 0] == pytest.approx(u)


@pytest.mark.parametrize(("yaw", "far"), [(0.6, "l"), (-0.6, "r")])
def test_the_far_eye_is_narrower(yaw, far):
    parts = fragments(subject(yaw=yaw), eyes)
    discs = tagged(parts, "irides")
    near = "r" if far == "l" else "l"
    assert 0.4 * breadth(discs[near]) < breadth(discs[far]) < 0.9 * breadth(discs[near])


def test_both_eyes_look_the_same_way():
    straight, aside = (fragments(subject(gaze=gaze), eyes) for gaze in ((0.0, 0.0), (0.8, 0.0)))
    for side in SIDES:
        before, after = (tagged(parts, "irides")[side].shape[0].mean(axis=0) for parts in (straight, aside))
        assert after[0] - before[0] > 0.008


def test_a_wink_hides_one_eye_and_sleep_both():
    wink = tagged(fragments(subject(lids=("arc", "open")), eyes), "irides")
    assert set(wink) == {"l"}
    asleep = fragments(subject(lids=("rest", "rest")), eyes)
    assert set(tagged(asleep, "eyelash")) == {"r", "l"}
    assert not {part.tag for part in asleep} - {"eyelash"}


def test_a_smile_turns_up_and_a_frown_down():
    def rise(kind: str) -> float:
        line = np.array(mouth.MOUTHS[kind]().lines[0][0])
        return float(line[len(line) // 2, 1] - line[[0, -1], 1].mean())

    assert rise("smile") > 0.1 > -0.1 > rise("frown")


@pytest.mark.parametrize("side", SIDES)
def test_a_turned_head_hides_the_far_ear(side):
    of = dressed(subject(yaw=0.6 * SIDES[side]), earwear="drops")
    of = dataclasses.replace(of, outfit=dataclasses.replace(of.outfit, animal="none"))
    parts = fragments(of, head, facewear)
    other = "l" if side == "r" else "r"
    assert set(tagged(parts, "ears")) == set(tagged(parts, "earwear")) == {other}


def test_elves_have_long_ears():
    def longest(animal: str) -> float:
        made = subject()
        made = dataclasses.replace(made, outfit=dataclasses.replace(made.outfit, animal=animal))
        return breadth(tagged(head.draw(made, Dice(0)), "ears")["l"])

    assert longest("elf") > 2 * longest("none")


@pytest.mark.parametrize("kind", sorted(facewear.EYEWEAR))
def test_eyewear_lies_before_an_eye(kind):
    for seed in range(3):
        of = dressed(subject(seed, yaw=0.3), eyewear=kind, earwear="none")
        parts = facewear.draw(of, Dice(seed))
        assert {part.tag for part in parts} == {"eyewear"}
        box = np.concatenate([curve for part in parts for curve in part.shape])
        middles = np.array([keypoints(of)[f"eye-{side}"] for side in SIDES])
        assert ((middles > box.min(axis=0)) & (middles < box.max(axis=0))).all(axis=1).any()


def test_the_same_dice_draw_the_same_face():
    first, second = (fragments(choose(Dice("face", 5))) for _ in range(2))
    assert [p.tag for p in first] == [p.tag for p in second]
    assert all(
        (a == b).all() for p, q in zip(first, second, strict=True) for a, b in zip(p.shape, q.shape, strict=True)
    )


@pytest.mark.parametrize("manner", ["cel", "gradient", "brushed"])
def test_lids_leave_no_seam(manner):
    needs("skia")
    from animelayers.artist import style
    from animelayers.artist.render import Frame, render

    of = subject(3, yaw=0.3, blush="soft", eyes="soft")
    hand = style.choose(Dice("hand"))
    shading = dataclasses.replace(hand.shading, manner=manner, depth=0.3, softness=0.0)
    parts = fragments(of, head, eyes)
    shadow = Fragment(
        "front hair", Plane.FRONT_HAIR, (of.figure.head.place([(-0.5, -0.6), (0.5, -0.6), (-0.1, 0.1)]),), (9, 9, 9)
    )
    size, scale = 160, 140.0
    x, y = of.figure.head.place([(0, 0)])[0]
    frame = Frame(size, size, scale, 80 - x * scale, 80 - y * scale)
    hand = dataclasses.replace(hand, shading=shading, line=dataclasses.replace(hand.line, broken=0.0, wobble=0.0))
    whole, bare = (
        render(
            Drawing(tuple(p for p in (*parts, shadow) if p.z not in left_out), {}, (0, 0, 1, 1)), hand, frame, Dice(0)
        )
        for left_out in ((), (Plane.LID, Plane.EYEWHITE, Plane.IRIS, Plane.LASH, Plane.LASH - 0.001))
    )
    yy, xx = np.mgrid[:size, :size]
    places = np.stack([(xx.ravel() + 0.5 - frame.x) / scale, (yy.ravel() + 0.5 - frame.y) / scale], axis=1)
    inked = np.zeros(size * size, bool)
    for part in parts:
        if part.tag in ("eyewhite", "irides", "eyelash"):
            for curve in part.shape:
                inked |= covers(curve.mean(axis=0) + 1.3 * (curve - curve.mean(axis=0)), places)
    lids = next(part for part in parts if part.z == Plane.LID)
    ring = np.zeros(size * size, bool)
    for curve in lids.clip[::2]:
        ring |= covers(curve.mean(axis=0) + 1.1 * (curve - curve.mean(axis=0)), places)
    seen = (ring & ~inked).reshape(size, size)
    off = np.abs(whole.picture[..., :3].astype(int) - bare.picture[..., :3])[seen]
    assert seen.sum() > 50
    assert off.max() <= 4
