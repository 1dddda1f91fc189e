"""Hair: every style is complete, closed, in its planes, on its head, and the same every time."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest

from animelayers.artist import backhair, fringe, hair, hairstyle, scalp, sheen, sidelocks
from animelayers.artist.accents import AHOGES
from animelayers.artist.curves import Curve
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Plane
from animelayers.artist.hairstyle import Hairstyle
from animelayers.artist.locks import Look, Sheet, clumps, cut
from animelayers.artist.subject import Subject
from animelayers.artist.subject import choose as choose_subject
from animelayers.artist.wardrobe import HATS

PLAIN = Hairstyle(
    fringe="choppy",
    temples=0.2,
    locks="none",
    back="straight",
    tied="none",
    length=1.5,
    forward=(0.0, 0.0),
    ahoge="none",
    sheen="none",
    unruly=0,
    flyaways=0,
    streak=False,
)
STYLES = [
    *({"fringe": kind} for kind in fringe.FRINGES),
    *({"locks": kind} for kind in sidelocks.LOCKS),
    *({"back": kind} for kind in (*backhair.FALLS, "wild")),
    *({"back": "tied", "tied": kind} for kind in hair.TIED),
    *({"ahoge": kind} for kind in AHOGES),
    *({"sheen": kind} for kind in (*sheen.RINGS, "soft")),
    {"forward": (0.8, 0.6), "unruly": 3, "flyaways": 2, "streak": True, "length": 2.5},
    {"back": "wild", "unruly": 6, "length": 0.2},
]


def subject(seed: int = 3, **pose: float) -> Subject:
    chosen = choose_subject(Dice("hair", seed))
    head = dataclasses.replace(chosen.figure.head, **pose)
    return dataclasses.replace(chosen, figure=dataclasses.replace(chosen.figure, head=head))


def dress(who: Subject, **changes: Any) -> list[Fragment]:
    return hair.dress(who, dataclasses.replace(PLAIN, **changes), Dice("cut"))


def inside(curve: Curve, x: float, y: float) -> bool:
    """Whether a point lies within a closed outline, by its winding."""
    way = curve - (x, y)
    turn = np.diff(np.unwrap(np.arctan2(*np.concatenate([way, way[:1]]).T)))
    return bool(abs(turn.sum()) > np.pi)


def lowest(fragments: list[Fragment]) -> float:
    return max(float(f.shape[0][:, 1].max()) for f in fragments)


@pytest.mark.parametrize("changes", STYLES, ids=str)
def test_styles_are_closed_shapes_in_their_planes(changes: dict[str, Any]) -> None:
    fragments = dress(subject(), **changes)
    assert {"front hair", "back hair"} <= {f.tag for f in fragments} <= {"front hair", "back hair", "headwear"}
    assert len(fragments) <= 40
    for f in fragments:
        assert all(len(curve) >= 3 and np.isfinite(curve).all() for curve in f.shape)
        assert all(np.isfinite(stroke.points).all() and len(stroke.points) >= 2 for stroke in f.strokes)
        if f.tag == "front hair":
            assert Plane.FRONT_HAIR - 0.01 <= f.z < Plane.HEADWEAR
        elif f.tag == "back hair":
            assert f.z < Plane.FACE


@pytest.mark.parametrize("kind", hair.TIED)
def test_tied_hair_differs_from_a_bare_nape(kind: str) -> None:
    assert len(dress(subject(), back="tied", tied=kind)) > len(dress(subject(), back="tied"))


@pytest.mark.parametrize("yaw", [-0.7, 0.0, 0.7])
@pytest.mark.parametrize("kind", fringe.FRINGES)
def test_front_hair_covers_the_skull_above_the_hairline(kind: str, yaw: float) -> None:
    who = subject(yaw=yaw)
    front = [f.shape[0] for f in dress(who, fringe=kind) if f.tag == "front hair"]
    for u, v in [(0.0, -0.42), (0.15, -0.42), (-0.15, -0.42), (0.3, -0.33), (-0.3, -0.33)]:
        x, y = who.figure.head.point(u, v)
        assert any(inside(curve, x, y) for curve in front), (u, v)


@pytest.mark.parametrize("yaw", [-0.7, 0.0, 0.7])
def test_back_hair_fills_behind_the_head(yaw: float) -> None:
    who = subject(yaw=yaw)
    back = [f.shape[0] for f in dress(who) if f.tag == "back hair"]
    for u, v in [(0.0, 0.0), (0.25, -0.2), (-0.25, -0.2), (0.0, 0.45)]:
        x, y = who.figure.head.point(u, v)
        assert any(inside(curve, x, y) for curve in back), (u, v)


def test_longer_hair_falls_lower() -> None:
    ends = [lowest(dress(subject(), length=length)) for length in (0.3, 0.8, 1.3, 2.0, 2.8)]
    assert ends == sorted(ends)
    assert ends[-1] > ends[0] + 1


def test_hair_that_comes_forward_lies_before_the_arms() -> None:
    plain, forward = dress(subject()), dress(subject(), forward=(0.9, 0.0))
    z = sorted(f.z for f in forward)
    added = [f for f in forward if f.tag == "back hair" and f.z > Plane.ARM]
    assert len(added) == len(forward) - len(plain) == 1
    assert added[0].z == pytest.approx(Plane.HAIR_BESIDE)
    assert z[0] < Plane.ARM_BEHIND


def test_same_dice_same_hair() -> None:
    for one, two in zip(hair.draw(subject(5), Dice(1)), hair.draw(subject(5), Dice(1)), strict=True):
        assert one.z == two.z
        assert one.tag == two.tag
        np.testing.assert_array_equal(one.shape[0], two.shape[0])


def test_hats_press_hair_down() -> None:
    who = subject()
    outfit = dataclasses.replace(who.outfit, headwear=dataclasses.replace(who.outfit.headwear, kind="beanie"))
    for seed in range(150):
        long = dataclasses.replace(who, outfit=outfit, hair_length=0.3 + seed % 5 * 0.6)
        style = hairstyle.choose(long, Dice(seed))
        assert style.tied not in hairstyle.UPRIGHT
        assert style.back != "wild"
        assert style.ahoge == "none"
        assert style.unruly == 0


def test_every_chosen_name_can_be_drawn() -> None:
    for seed in range(300):
        style = hairstyle.choose(choose_subject(Dice("names", seed)), Dice(seed))
        assert style.fringe in fringe.FRINGES
        assert style.locks in sidelocks.LOCKS
        assert style.back in backhair.FALLS or style.back == "wild"
        assert style.tied in hair.TIED or style.tied == "none"
        assert style.ahoge in AHOGES or style.ahoge == "none"
        assert style.sheen in sheen.RINGS or style.sheen in ("soft", "none")


def test_a_sheet_runs_through_its_strands() -> None:
    strands = [[(x, 0.0), (x + 0.1 * x * x, 0.5), (x, 1.0)] for x in (0.0, 1.0, 3.0, 4.0)]
    sheet = Sheet.of(strands)
    for k in range(4):
        along = sheet.strand(k / 3, 0.0, 1.0)
        np.testing.assert_allclose(along[[0, -1]], np.array(strands[k])[[0, -1]], atol=1e-9)
        np.testing.assert_allclose(along, sheet.guides[k + 1], atol=1e-9)


def test_clumps_tile_a_sheet_and_their_edge_is_one_line() -> None:
    sheet = Sheet.of([[(0.0, 0.0), (0.0, 1.0)], [(1.0, 0.0), (1.0, 1.0)]])
    for seed in range(20):
        parts = clumps(Dice(seed), 2 + seed % 8, depth=(0.1, 0.4), ragged=0.2)
        assert parts[0].left == 0
        assert parts[-1].right == pytest.approx(1)
        assert all(a.right == b.left for a, b in itertools.pairwise(parts))
        assert all(c.left < c.tip < c.right and c.notch < c.end <= 1 for c in parts)
        flanks = cut(sheet, parts).flanks
        for one, two in itertools.pairwise(flanks):
            np.testing.assert_allclose(one[-1], two[0], atol=1e-9)


@pytest.mark.parametrize("yaw", [-0.7, -0.3, 0.0, 0.3, 0.7])
def test_the_dome_is_wider_than_the_face_and_stays_in_order(yaw: float) -> None:
    who = subject(yaw=yaw, tilt=0.0)
    over = scalp.choose(who, Dice(2))
    longitude = np.linspace(-1, 1, 21)
    for v in (-0.4, -0.2, 0.0):
        x = over.lay(np.stack([longitude * over.breadth(v), np.full(21, v)], axis=1))[:, 0]
        assert (np.diff(x) > 0).all()
        face = who.figure.head.face([(-0.385 if v > -0.3 else -0.25, v), (0.385 if v > -0.3 else 0.25, v)])[:, 0]
        assert x[0] < face[0]
        assert x[-1] > face[1]


def test_what_hangs_is_plumb() -> None:
    over = scalp.choose(subject(tilt=0.3, pitch=0.0), Dice(2))
    over = dataclasses.replace(over, sway=0.0)
    (x, y), (x2, y2) = over.lay([(0.2, 1.5), (0.2, 2.5)])
    assert x == pytest.approx(x2)
    assert y2 - y == pytest.approx(1.0)


def test_hats_leave_room_and_bare_foreheads_suit_their_wearers():
    for seed in range(150):
        who = choose_subject(Dice("worn", seed))
        hooded = who.outfit.headwear.kind == "hood"
        style = hairstyle.choose(who, Dice(seed))
        if style.fringe == "back":
            assert who.build.masculine > 0.5 or (style.tied != "none" and who.build.heads > 4.5)
        if who.outfit.headwear.kind in HATS:
            assert (style.ahoge, style.back == "wild") == ("none", False)
            assert style.tied not in hairstyle.UPRIGHT
        assert not hooded or style.tied == "none"


@pytest.mark.parametrize("kind", ["twin", "side"])
def test_tails_start_below_a_hat(kind):
    who = subject()
    capped = dataclasses.replace(who.outfit, headwear=dataclasses.replace(who.outfit.headwear, kind="cap"))
    for seed in range(6):
        over = scalp.choose(dataclasses.replace(who, outfit=capped), Dice(seed))
        tail = hair.TIED[kind](over, Look("back hair", over.tone), 1.2, Dice(seed))
        assert min(float(f.shape[0][:, 1].min()) for f in tail) > over.lay([(0.0, -0.32)])[0, 1]
