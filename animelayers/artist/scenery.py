"""What a character stands before: nothing, paper, a colour, a gradient, a pattern, or a place."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from animelayers.artist.curves import Curve, ellipse, path, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour
from animelayers.artist.palette import WHITE, mix, oklch, shifted
from animelayers.artist.sheets import Sheet, area, fading, paint
from animelayers.stack import Rgba

KINDS = {"transparent": 1.2, "white": 3, "flat": 1.5, "gradient": 1.5, "pattern": 1.2, "scene": 2.5}
"""Kinds of background, and how often."""


def draw(kind: str, height: int, width: int, dice: Dice) -> Rgba:
    """uint8 [h, w, 4], opaque; (0, 0, 0, 0) everywhere where the kind is `transparent`."""
    out = np.zeros((height, width, 4), np.uint8)
    if kind == "transparent":
        return out
    if kind == "white":
        out[:] = 255
        return out
    sheet = Sheet((0, 0, height, width), height, (0.0, 0.0))
    wide = width / height
    ground = _soft_colour(dice)
    fill(sheet, ground, wide)
    if kind == "gradient":
        gradient(sheet, mix(ground, _soft_colour(dice), 0.8), wide, dice)
    elif kind == "pattern":
        PATTERNS[dice.pick(list(PATTERNS))](
            sheet, shifted(ground, lightness=dice.pick([0.06, -0.07, -0.15])), wide, dice
        )
    elif kind == "scene":
        SCENES[dice.pick(SCENE_WEIGHTS)](sheet, wide, dice)
    return sheet.pixels()


def fill(sheet: Sheet, colour: Colour, wide: float, top: float = 0.0, bottom: float = 1.0) -> None:
    """A band of the canvas in one colour."""
    sheet.canvas.drawPath(
        area([np.array([(-0.1, top), (wide + 0.1, top), (wide + 0.1, bottom), (-0.1, bottom)])]), paint(colour)
    )


def gradient(sheet: Sheet, colour: Colour, wide: float, dice: Dice) -> None:
    """From what is there to `colour`, in any direction."""
    angle = dice.pick([math.pi / 2, math.pi / 2, dice.uniform(0, 2 * math.pi)])
    x, y = math.cos(angle) * 0.5, math.sin(angle) * 0.5
    box = np.array([(0, 0), (wide, 0), (wide, 1), (0, 1)], np.float64)
    sheet.canvas.drawPath(area([box]), fading(colour, 1.0, (wide / 2 - x, 0.5 - y), (wide / 2 + x, 0.5 + y)))


def _soft_colour(dice: Dice) -> Colour:
    light = dice.pick({0.93: 4, 0.8: 3, 0.6: 1.5, 0.3: 1}) + dice.near(0, 0.06)
    return oklch(min(light, 0.98), dice.pick([0.01, 0.04, 0.08, 0.13]), dice.uniform(0, 360))


def _dots(sheet: Sheet, colour: Colour, wide: float, dice: Dice) -> None:
    pitch, r = dice.uniform(0.04, 0.12), dice.uniform(0.2, 0.4)
    shapes = [
        ellipse(column * pitch + (row % 2) * pitch / 2, row * pitch * 0.87, r * pitch, r * pitch, steps=20)
        for row in range(int(1 / pitch / 0.87) + 2)
        for column in range(int(wide / pitch) + 2)
    ]
    sheet.canvas.drawPath(area(shapes), paint(colour))


def _stripes(sheet: Sheet, colour: Colour, wide: float, dice: Dice) -> None:
    pitch, lean = dice.uniform(0.03, 0.15), dice.pick([0.0, 1.0, -1.0, 0.3])
    reach = wide + 1.2
    bars = [
        np.array([(x, -0.1), (x + pitch / 2, -0.1), (x + pitch / 2 + lean * 1.2, 1.1), (x + lean * 1.2, 1.1)])
        for x in np.arange(-reach, reach, pitch)
    ]
    sheet.canvas.drawPath(area(bars), paint(colour))


def _checks(sheet: Sheet, colour: Colour, wide: float, dice: Dice) -> None:
    pitch = dice.uniform(0.06, 0.16)
    for upright in (True, False):
        bars = []
        for at in np.arange(0, (wide if upright else 1) + pitch, pitch):
            bar = np.array(
                [(at, 0), (at + pitch / 2, 0), (at + pitch / 2, max(wide, 1)), (at, max(wide, 1))], np.float64
            )
            bars.append(bar if upright else bar[:, ::-1])
        sheet.canvas.drawPath(area(bars), paint(colour, 0.5))


def _stars(sheet: Sheet, colour: Colour, wide: float, dice: Dice) -> None:
    points = dice.pick([4, 5, 6])
    for _ in range(dice.integer(20, 60)):
        r = dice.uniform(0.01, 0.035)
        turn, sharp = dice.uniform(0, 6.3), dice.uniform(0.3, 0.6)
        t = np.arange(2 * points) * math.pi / points + turn
        radius = np.where(np.arange(2 * points) % 2, sharp * r, r)
        star = np.stack([radius * np.cos(t) + dice.uniform(0, wide), radius * np.sin(t) + dice.uniform(0, 1)], axis=1)
        sheet.canvas.drawPath(area([star]), paint(colour, dice.uniform(0.5, 1)))


def _rays(sheet: Sheet, colour: Colour, wide: float, dice: Dice) -> None:
    x, y, count = dice.uniform(0.2, 0.8) * wide, dice.uniform(0.2, 0.7), dice.integer(8, 24)
    half = math.pi / count / 2
    rays = []
    for k in range(count):
        a = 2 * math.pi * k / count
        rays.append(
            np.array(
                [
                    (x, y),
                    (x + 2 * math.cos(a - half), y + 2 * math.sin(a - half)),
                    (x + 2 * math.cos(a + half), y + 2 * math.sin(a + half)),
                ]
            )
        )
    sheet.canvas.drawPath(area(rays), paint(colour))


PATTERNS: dict[str, Callable[[Sheet, Colour, float, Dice], None]] = {
    "dots": _dots,
    "stripes": _stripes,
    "checks": _checks,
    "stars": _stars,
    "rays": _rays,
}


def _ridge(wide: float, y: float, rough: float, dice: Dice, bottom: float = 1.05) -> Curve:
    """The area below a hilly line."""
    points = [(x * wide, y + dice.near(0, rough)) for x in np.linspace(-0.1, 1.1, dice.integer(5, 9))]
    return path(
        points,
        [points[-1], (1.1 * wide, bottom)],
        [(1.1 * wide, bottom), (-0.1 * wide, bottom)],
        [(-0.1 * wide, bottom), points[0]],
    )


def _cloud(x: float, y: float, size: float, dice: Dice) -> list[Curve]:
    blobs = [
        ellipse(
            x + dice.near(0, size),
            y - 0.12 * size + dice.near(0, 0.2 * size),
            size * dice.uniform(0.25, 0.45),
            size * dice.uniform(0.16, 0.3),
        )
        for _ in range(7)
    ]
    return [*blobs, ellipse(x, y, size, 0.14 * size)]


def _landscape(sheet: Sheet, wide: float, dice: Dice) -> None:
    """Sky, clouds, hills, trees."""
    hue = dice.pick({240: 4, 60: 1, 290: 1, 20: 0.7})
    sky = oklch(dice.uniform(0.6, 0.85), 0.09, hue)
    fill(sheet, sky, wide)
    box = np.array([(0, 0), (wide, 0), (wide, 1), (0, 1)], np.float64)
    sheet.canvas.drawPath(area([box]), fading(oklch(0.95, 0.04, hue + 30), 1.0, (0, 0.75), (0, 0.1)))
    for _ in range(dice.integer(1, 5)):
        cloud = _cloud(dice.uniform(0, wide), dice.uniform(0.08, 0.5), dice.uniform(0.08, 0.22), dice)
        sheet.canvas.drawPath(area(cloud), paint(WHITE, dice.uniform(0.6, 0.95), blur=dice.pick([0.0, 0.006])))
    green, y = dice.uniform(110, 160), dice.uniform(0.55, 0.7)
    for k in range(dice.integer(2, 4)):
        colour = mix(oklch(0.62 - 0.06 * k, 0.08 + 0.02 * k, green), sky, 0.45 - 0.15 * k)
        sheet.canvas.drawPath(area([_ridge(wide, y, 0.06, dice)]), paint(colour))
        y += dice.uniform(0.06, 0.13)
    for _ in range(dice.integer(0, 4)):
        x, size = dice.uniform(0, wide), dice.uniform(0.1, 0.3)
        _tree(
            sheet,
            x,
            dice.uniform(0.75, 0.95),
            size,
            oklch(dice.uniform(0.45, 0.6), 0.11, green + dice.near(0, 20)),
            dice,
        )


def _tree(sheet: Sheet, x: float, y: float, size: float, colour: Colour, dice: Dice) -> None:
    trunk = np.array(
        [(x - 0.05 * size, y), (x - 0.03 * size, y - size), (x + 0.03 * size, y - size), (x + 0.05 * size, y)]
    )
    sheet.canvas.drawPath(area([trunk]), paint((96, 72, 58)))
    for shade in (-0.09, 0.0):
        crown = [
            ellipse(
                x + dice.near(0, 0.3 * size),
                y - size + dice.near(0, 0.3 * size) + shade * -0.4 * size,
                0.28 * size,
                0.24 * size,
            )
            for _ in range(6)
        ]
        sheet.canvas.drawPath(area(crown), paint(shifted(colour, lightness=shade)))


def _room(sheet: Sheet, wide: float, dice: Dice) -> None:
    """A wall, a floor, a window with light, a picture, curtains."""
    wall = oklch(dice.uniform(0.75, 0.93), dice.uniform(0.01, 0.05), dice.uniform(30, 280))
    floor = dice.uniform(0.72, 0.88)
    fill(sheet, wall, wide)
    fill(sheet, oklch(dice.uniform(0.45, 0.7), 0.06, 60), wide, floor)
    fill(sheet, shifted(wall, lightness=-0.15), wide, floor - 0.025, floor)
    w, h = dice.uniform(0.25, 0.45), dice.uniform(0.3, 0.45)
    x, y = dice.uniform(0.0, max(wide - w, 0.05)), dice.uniform(0.08, 0.25)

    def pane(x0: float, y0: float, x1: float, y1: float) -> Curve:
        return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])

    frame = shifted(wall, lightness=0.08)
    sheet.canvas.drawPath(area([pane(x - 0.015, y - 0.015, x + w + 0.015, y + h + 0.015)]), paint(frame))
    sky = oklch(0.86, 0.06, 235)
    glass = [
        pane(x + i * w / 2 + 0.006, y + j * h / 2 + 0.006, x + (i + 1) * w / 2 - 0.006, y + (j + 1) * h / 2 - 0.006)
        for i in (0, 1)
        for j in (0, 1)
    ]
    sheet.canvas.drawPath(area(glass), paint(sky))
    beam = np.array([(x, y + h), (x + w, y + h), (x + w + 0.25, 1.0), (x + 0.2, 1.0)])
    sheet.canvas.drawPath(area([beam]), paint((255, 250, 225), 0.25, blur=0.01))
    cloth = oklch(dice.uniform(0.5, 0.9), 0.08, dice.uniform(0, 360))
    for edge in (x - 0.05, x + w - 0.05):
        curtain = path(
            [(edge, y - 0.04), (edge + 0.1, y - 0.04)],
            [(edge + 0.1, y - 0.04), (edge + 0.08, y + h / 2), (edge + 0.11, y + h + 0.06)],
            [(edge + 0.11, y + h + 0.06), (edge - 0.01, y + h + 0.06)],
            [(edge - 0.01, y + h + 0.06), (edge + 0.02, y + h / 2), (edge, y - 0.04)],
        )
        sheet.canvas.drawPath(area([curtain]), paint(cloth))
        for f in (0.03, 0.06):
            line = spline([(edge + f, y - 0.04), (edge + f - 0.008, y + h / 2), (edge + f + 0.006, y + h + 0.06)])
            sheet.canvas.drawPath(
                area([np.concatenate([line, line[::-1] + (0.008, 0)])]), paint(shifted(cloth, lightness=-0.08))
            )


def _town(sheet: Sheet, wide: float, dice: Dice) -> None:
    """Rows of houses with windows under a sky by day, at dusk or at night."""
    hue, light = dice.pick([(240, 0.85), (50, 0.82), (280, 0.3)])
    fill(sheet, oklch(light, 0.06, hue), wide)
    gradient(sheet, oklch(min(light + 0.1, 0.97), 0.05, hue - 40), wide, dice)
    for row in range(3):
        x = -0.05
        tone = oklch(max(light - 0.12 - 0.12 * row, 0.12), 0.03, hue)
        while x < wide:
            w, top = dice.uniform(0.06, 0.18), dice.uniform(0.25, 0.5) + 0.1 * row
            sheet.canvas.drawPath(
                area([np.array([(x, top), (x + w, top), (x + w, 1.05), (x, 1.05)])]),
                paint(shifted(tone, lightness=dice.near(0, 0.03))),
            )
            if row and dice.chance(0.7):
                size = dice.uniform(0.012, 0.02)
                panes = [
                    np.array([(a, b), (a + size, b), (a + size, b + 1.4 * size), (a, b + 1.4 * size)])
                    for a in np.arange(x + size, x + w - 1.5 * size, 2 * size)
                    for b in np.arange(top + size, 0.95, 3 * size)
                ]
                if panes:
                    sheet.canvas.drawPath(
                        area(panes), paint(oklch(0.9, 0.07, 90) if light < 0.5 else oklch(0.75, 0.04, 240), 0.8)
                    )
            x += w + dice.pick([0.0, 0.0, 0.03])


def _bokeh(sheet: Sheet, wide: float, dice: Dice) -> None:
    """A blurred place with discs of light."""
    hue = dice.uniform(0, 360)
    light = dice.uniform(0.3, 0.8)
    fill(sheet, oklch(light, 0.08, hue), wide)
    for _ in range(14):
        blob = ellipse(dice.uniform(0, wide), dice.uniform(0, 1), dice.uniform(0.08, 0.3), dice.uniform(0.08, 0.3))
        sheet.canvas.drawPath(
            area([blob]), paint(oklch(light + dice.near(0, 0.2), 0.09, hue + dice.near(0, 70)), 0.6, blur=0.05)
        )
    for _ in range(dice.integer(8, 30)):
        r = dice.uniform(0.01, 0.05)
        disc = ellipse(dice.uniform(0, wide), dice.uniform(0, 1), r, r)
        sheet.canvas.drawPath(
            area([disc]), paint(oklch(0.95, 0.05, hue + dice.near(0, 90)), dice.uniform(0.15, 0.5), blur=0.003)
        )


def _petals(sheet: Sheet, wide: float, dice: Dice) -> None:
    """A soft gradient with drifting petals or leaves."""
    hue = dice.pick([350, 20, 140, 60])
    fill(sheet, oklch(0.93, 0.04, hue), wide)
    gradient(sheet, oklch(0.85, 0.06, hue + dice.near(0, 60)), wide, dice)
    colour = oklch(dice.uniform(0.7, 0.85), 0.1, hue)
    for _ in range(dice.integer(20, 70)):
        r, turn = dice.uniform(0.006, 0.025), dice.uniform(0, 6.3)
        petal = ellipse(dice.uniform(0, wide), dice.uniform(0, 1), r, 0.55 * r, turn=turn, steps=16)
        sheet.canvas.drawPath(
            area([petal]),
            paint(
                shifted(colour, lightness=dice.near(0, 0.06)), dice.uniform(0.6, 1), blur=dice.pick([0.0, 0.0, 0.003])
            ),
        )


SCENES: dict[str, Callable[[Sheet, float, Dice], None]] = {
    "landscape": _landscape,
    "room": _room,
    "town": _town,
    "bokeh": _bokeh,
    "petals": _petals,
}
SCENE_WEIGHTS = {"landscape": 2, "room": 2, "town": 1.5, "bokeh": 1.5, "petals": 1}
