"""The artist's pen, brush and palette: where shadows fall, what lines stay visible, that colours keep apart."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from drawing import needs

needs("skia")

from animelayers.artist import camera, character, palette, style  # noqa: E402
from animelayers.artist.bristle import strokes  # noqa: E402
from animelayers.artist.curves import ellipse  # noqa: E402
from animelayers.artist.dice import Dice  # noqa: E402
from animelayers.artist.drawing import Drawing, Fragment, Mark, Material, Shade, Stroke  # noqa: E402
from animelayers.artist.render import Frame, Rendered, render  # noqa: E402
from animelayers.artist.sheets import area  # noqa: E402
from animelayers.artist.silhouette import Silhouette  # noqa: E402
from animelayers.composite import difference, flatten, on_canvas  # noqa: E402

FRAME = Frame(200, 200, 100.0, 100.0, 100.0)
BLUE = (90.0, 120.0, 200.0)
MANNERS = sorted({manner for weights in style.MANNERS.values() for manner in weights})


def hand(manner: str, **changes: object) -> style.Style:
    """No lines, light from straight above."""
    plain = next(s for k in range(500) if (s := style.choose(Dice(k))).shading.manner == manner)
    traits = {"light": (0.0, -1.0), "rim": 0.0, "gloss": 0.0, "breadth": 1.0, "cast": 1.0, "bounce": 0.0} | changes
    shading = dataclasses.replace(plain.shading, **traits)
    return dataclasses.replace(plain, shading=shading, line=dataclasses.replace(plain.line, width=0.0))


def drawn(hand: style.Style, *fragments: Fragment) -> Rendered:
    return render(Drawing(fragments, {}, (0, 0, 0, 0)), hand, FRAME, Dice(1))


def sheet(made: Rendered, slot: str, name: str = "topwear") -> np.ndarray:
    """Float [200, 200]: alpha of a rendering layer of a part."""
    part, cell = made.parts[name], made.cells[name]
    placed = cell[slot].replace(top=part.top, left=part.left)
    return on_canvas(placed, (200, 200))[..., 3] / 255


def box(left: float, top: float, right: float, bottom: float) -> tuple[np.ndarray, ...]:
    return (np.array([(left, top), (right, top), (right, bottom), (left, bottom)]),)


SQUARE = Fragment("topwear", 0.0, box(-0.503, -0.503, 0.503, 0.503), BLUE, relief=0.1)
BALL = SQUARE.replace(shape=(ellipse(0, 0, 0.6, 0.6),), relief=0.2)


@pytest.mark.parametrize("manner", MANNERS)
def test_every_manner_is_exact(manner):
    fold = Shade(box(-0.2, -0.1, 0.2, 0.0))
    made = drawn(hand(manner, rim=0.5, gloss=0.9), SQUARE.replace(shades=(fold,)), BALL.replace(z=0.3, tag="headwear"))
    assert difference(flatten(made.parts), made.picture).max() == 0
    assert difference(flatten(made.rendering), made.picture).max() == 0
    for layer in made.parts:
        assert difference(flatten(made.cells[layer.name]), layer.rgba).max() == 0


def test_manners_look_different():
    pictures = [drawn(hand(manner, depth=0.25), BALL).picture for manner in MANNERS if manner != "none"]
    for a, b in itertools.combinations(pictures, 2):
        assert difference(a, b).max() > 10


@pytest.mark.parametrize("manner", ["cel", "soft", "brushed"])
def test_shadows_lie_away_from_the_light_alone(manner):
    shadow = sheet(drawn(hand(manner, softness=0.0 if manner == "cel" else 0.02), BALL), "shadow")
    assert shadow[150:158, 95:105].min() > 0.4
    assert shadow[:88].max() < 0.08  # no pillow: the lit edge is not dark, nor what the light grazes


def test_a_cel_shadow_leaves_no_slivers_along_edges_parallel_to_the_light():
    shadow = sheet(drawn(hand("cel", steps=1), SQUARE), "shadow")
    assert shadow[:138].max() == 0
    assert shadow[142:149, 52:148].min() == 1


def test_the_second_step_is_smaller_and_darker():
    made = drawn(hand("cel", steps=2), BALL)
    lightness = made.picture[..., :3].astype(int).sum(axis=2)[100:158, 100]
    levels = [level for level, run in itertools.groupby(lightness.tolist()) if len(list(run)) > 4]
    assert len(levels) == 3
    assert levels == sorted(levels, reverse=True)


def test_shadows_thrown_through_a_ring_leave_its_hole_lit():
    ring = Fragment("headwear", 0.3, (ellipse(0, 0, 0.45, 0.45), ellipse(0, 0, 0.3, 0.3)), BLUE, hollow=True)
    shadow = sheet(drawn(hand("cel"), SQUARE.replace(relief=0.0), ring), "shadow")
    assert shadow[100, 100] == 0
    assert shadow[145, 100] > 0.6


def test_light_from_behind_catches_the_outer_contour_only():
    inner = SQUARE.replace(shape=box(-0.2, -0.2, 0.2, 0.2), z=0.01)
    light = sheet(drawn(hand("cel", rim=0.8, light=(-0.8, -0.6)), SQUARE, inner), "highlight")
    assert light[100, 147] > 0.5
    assert light[70:130, 70:130].max() == 0


def test_the_outer_contour_is_told_from_lines_inside():
    silhouette = Silhouette([area(SQUARE.shape)], (200, 200), 100.0, (100.0, 100.0))
    at = silhouette.openness(0.03).at(np.array([(0.5, 0.0), (0.0, -0.5), (0.0, 0.0), (0.4, 0.4)]))
    assert at[:2].min() > 0.8
    assert at[2:].max() == 0


def test_a_heavier_contour_takes_more_ink_outside_and_none_more_inside():
    fold = Stroke(np.array([(-0.3, 0.0), (0.0, 0.0), (0.3, 0.0)]), taper=(0.0, 0.0))
    plain = hand("none")
    line = dataclasses.replace(plain.line, width=0.03, contour=0.0, wobble=0, swell=0, broken=0, taper=0, alpha=1.0)
    thin, thick = (
        sheet(drawn(dataclasses.replace(plain, line=dataclasses.replace(line, contour=c)), fragment), "line")
        for c in (0.0, 0.9)
        for fragment in [SQUARE.replace(strokes=(fold,))]
    )
    assert thick.sum() > 1.3 * thin.sum()
    assert (thick[80:120, 60:140] == thin[80:120, 60:140]).all()


def test_brush_strokes_lie_on_the_shaded_side_inside():
    for outline in (ellipse(0, 0, 0.5, 0.5), ellipse(0, 0, 0.5, 0.5)[::-1]):
        made = strokes(outline, (0.0, -1.0), 0.1, Dice(3))
        points = np.concatenate(made)
        assert len(made) > 2
        assert np.hypot(*points.T).max() < 0.53
        assert points[:, 1].mean() > 0.15
        wide = points[np.hypot(*points.T) < 0.495]  # elsewhere they thin to nothing on the outline
        assert wide[:, 1].min() > -0.1


@pytest.mark.parametrize("colour", ["black", "tinted", "region"])
def test_lines_stay_visible_on_every_colour(colour):
    line = dataclasses.replace(hand("cel").line, colour=colour, ink=palette.oklch(0.15, 0.01, 300))
    for lightness in np.linspace(0.0, 1.0, 21):
        under = palette.oklch(float(lightness), 0.05, 40.0)
        ink = palette.to_oklch(line.over(under))[0]
        assert abs(ink - palette.to_oklch(under)[0]) > 0.1


def test_shadows_turn_to_cool_hues_and_skin_stays_warm():
    shading = dataclasses.replace(hand("cel").shading, tint=0.03, own=0.7, depth=0.25)
    yellow = palette.to_oklch(shading.shadow(Material.CLOTH, palette.oklch(0.85, 0.13, 95), 1.0))
    skin = palette.to_oklch(shading.shadow(Material.SKIN, palette.oklch(0.93, 0.04, 55), 1.0))
    assert 60 < yellow[2] < 85
    assert skin[1] > 0.03
    assert 10 < skin[2] < 50


@pytest.mark.parametrize("grade", palette.GRADES)
def test_a_grade_changes_every_colour_of_a_drawing(grade):
    everything = SQUARE.replace(
        strokes=(Stroke(SQUARE.shape[0], colour=(200.0, 30.0, 60.0)), Stroke(SQUARE.shape[0])),
        marks=(Mark(SQUARE.shape, (200.0, 30.0, 60.0)),),
        shades=(Shade(SQUARE.shape, colour=(200.0, 30.0, 60.0)), Shade(SQUARE.shape)),
    )
    hand_ = dataclasses.replace(hand("cel"), grade=grade)
    after = character.graded(Drawing((everything,), {}, (0, 0, 0, 0)), hand_).fragments[0]
    red = palette.GRADES[grade]((200.0, 30.0, 60.0))
    assert after.colour == palette.GRADES[grade](BLUE)
    assert (after.strokes[0].colour, after.marks[0].colour, after.shades[0].colour) == (red, red, red)
    assert (after.strokes[1].colour, after.shades[1].colour) == (None, None)
    assert all(0 <= level <= 255 for level in (*red, *after.colour))
    if grade == "grey":
        assert max(red) - min(red) < 1


def test_grey_drawings_are_grey_all_over():
    seed = next(k for k in range(2000) if style.choose(Dice(k)).grade == "grey")
    grey = style.choose(Dice(seed))
    drawing = character.graded(character.draw(Dice("artist", 3))[0], grey)
    made = render(drawing, grey, Frame(192, 128, 22.0, 64.0, 40.0), Dice(1)).picture[..., :3].astype(int)
    assert (made.max(axis=2) - made.min(axis=2)).max() <= 4


def test_garments_hair_and_skin_are_of_plainly_different_colours():
    apart = []
    for seed in range(120):
        p = palette.choose(Dice(seed))
        apart.append(min(palette.distance(p.cloth[0], other) for other in (p.cloth[1], p.skin, p.hair)))
    assert np.mean(np.array(apart) >= palette.DISTINCT) > 0.9
    assert min(apart) > 0.05


def test_distance_and_turning():
    assert palette.distance((0, 0, 0), (255, 255, 255)) == pytest.approx(1, abs=1e-3)
    assert palette.distance(BLUE, BLUE) == pytest.approx(0, abs=1e-6)
    assert palette.towards(350, 20, 10) % 360 == pytest.approx(0)
    assert palette.towards(10, 350, 90) % 360 == pytest.approx(350)


@pytest.mark.parametrize("step", ["resample", "blur", "jpeg", "webp", "sharpen"])
def test_the_camera_spares_small_pictures(step):
    """The same detail, pixel for pixel, loses less on a small canvas."""
    tile = np.tile(drawn(hand("cel"), BALL).picture[..., :3], (1, 1, 1))
    large = np.tile(tile, (5, 5, 1))
    errors = []
    for rgb in (tile, large):
        after = [camera.STEPS[step](rgb, Dice(seed)) for seed in range(6)]
        errors.append(np.mean([np.abs(a.astype(int) - rgb).mean() for a in after]))
    assert errors[0] < errors[1]
