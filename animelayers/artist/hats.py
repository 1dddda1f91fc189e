"""Hats, hoods and helmets."""

from __future__ import annotations

import numpy as np

from animelayers.artist import trinkets
from animelayers.artist.curves import Curve, Points, closed, ellipse, path, ribbon, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Material, Plane, Stroke
from animelayers.artist.palette import GOLD, shifted
from animelayers.artist.wearer import ACROSS, DOME, ON_HAIR, Wearer, dome, strap


def _crowned(low: float, height: float, breadth: float, sag: float = 0.06) -> Curve:
    """A hat's body: from the band around the head up to a rounded top."""
    half = ACROSS + 0.02
    return path(
        [
            (-half, low),
            (-half * breadth, low - 0.6 * height),
            (-0.72 * half * breadth, low - height),
            (0, low - 1.1 * height),
        ],
        [
            (0, low - 1.1 * height),
            (0.72 * half * breadth, low - height),
            (half * breadth, low - 0.6 * height),
            (half, low),
        ],
        [(half, low), (0, low + sag), (-half, low)],
    )


def _brim(wear: Wearer, low: float, out: float, deep: float) -> list[Fragment]:
    """A round brim: its far half behind the head, its near half over the hair."""
    t = np.linspace(0, np.pi, 24)
    rx = ACROSS + out
    far = np.concatenate(
        [np.stack([rx * np.cos(t), low - deep * np.sin(t)], axis=1), np.array([(-rx, low), (rx, low)])]
    )
    near = np.concatenate(
        [
            np.stack([rx * np.cos(t), low + deep * np.sin(t)], axis=1),
            np.stack([-(ACROSS - 0.02) * np.cos(t), low - 0.01 + 0.06 * np.sin(t)], axis=1),
        ]
    )
    behind = wear.piece(
        far, shifted(wear.garment.colour, lightness=-0.1), z=Plane.BACK_HAIR - 0.03 - Plane.HEADWEAR, turn=0.06
    )
    return [behind, wear.piece(near, z=0.02, turn=0.06)]


def straw(wear: Wearer, dice: Dice) -> list[Fragment]:
    """Of straw, with a ribbon."""
    low = dice.uniform(-0.34, -0.24)
    weave = [
        Stroke(
            spline([(-0.4 + 0.1 * k, low - 0.02), (-0.3 + 0.08 * k, low - 0.2), (-0.22 + 0.06 * k, low - 0.36)]),
            0.4,
            (0.3, 0.5),
        )
        for k in range(9)
    ]
    crown = wear.piece(_crowned(low, dice.uniform(0.32, 0.42), 0.9), strokes=weave)
    band = wear.piece(strap(low, low - 0.1), wear.garment.trim, z=0.01)
    return [crown, band, *_brim(wear, low, dice.uniform(0.22, 0.5), dice.uniform(0.12, 0.2))]


def witch(wear: Wearer, dice: Dice) -> list[Fragment]:
    """A witch's: a wide brim and a tall bent cone."""
    low, tall, bend = dice.uniform(-0.34, -0.26), dice.uniform(0.75, 1.1), dice.sign() * dice.uniform(0.1, 0.45)
    half = ACROSS
    cone = path(
        [(-half, low), (-0.36, low - 0.3 * tall), (-0.2 + 0.2 * bend, low - 0.66 * tall), (bend, low - tall)],
        [(bend, low - tall), (0.14 + 0.35 * bend, low - 0.58 * tall), (0.32, low - 0.28 * tall), (half, low)],
        [(half, low), (0, low + 0.06), (-half, low)],
    )
    folds = [
        Stroke(
            spline([(-0.2 + 0.1 * bend, low - 0.45 * tall), (0.02, low - 0.4 * tall), (0.16, low - 0.46 * tall)]), 0.8
        )
    ]
    buckle = np.array([(-0.07, low - 0.09), (0.07, low - 0.09), (0.07, low + 0.05), (-0.07, low + 0.05)])
    metal = wear.piece(
        buckle,
        GOLD,
        z=0.03,
        material=Material.GLOSSY,
        relief=0.01,
        hole=0.6 * (buckle - (0, low)) + (0, low),
        casts=0,
    )
    return [
        wear.piece(cone, strokes=folds, relief=0.1),
        wear.piece(strap(low, low - 0.13), wear.garment.trim, z=0.015),
        metal,
        *_brim(wear, low, dice.uniform(0.3, 0.5), 0.16),
    ]


def cap(wear: Wearer, dice: Dice) -> list[Fragment]:
    """A baseball cap."""
    low = dice.uniform(-0.3, -0.24)
    body = np.concatenate([dome(low, 0.03), spline([(0.46, low), (0, low + 0.07), (-0.46, low)])])
    seams = [Stroke(spline([(0, -0.62), (0.16 * k, -0.5), (0.3 * k, low)]), 0.6) for k in (-1, 0.05, 1)]
    button = wear.piece(ellipse(0, -0.615, 0.035, 0.018), wear.garment.trim, z=0.01, relief=0.01)
    visor = path(
        [(-0.36, low + 0.03), (-0.28, low + 0.15), (0, low + 0.2), (0.28, low + 0.15), (0.36, low + 0.03)],
        [(0.36, low + 0.03), (0, low + 0.07), (-0.36, low + 0.03)],
    )
    badge = wear.piece(wear.pinned(ellipse(0, -0.42, 0.07, 0.07)), wear.garment.trim, z=0.01, turn=0, relief=0, casts=0)
    return [
        wear.piece(body, strokes=seams, relief=0.08),
        button,
        badge,
        wear.piece(visor, wear.garment.trim if dice.chance(0.4) else None, z=0.02, turn=ON_HAIR),
    ]


def peaked(wear: Wearer, dice: Dice) -> list[Fragment]:
    """A uniform's, with a badge."""
    low = -0.28
    top = path(
        [
            (-0.47, low - 0.08),
            (-0.6, low - 0.3),
            (-0.3, low - 0.42),
            (0, low - 0.44),
            (0.3, low - 0.42),
            (0.6, low - 0.3),
            (0.47, low - 0.08),
        ],
        [(0.47, low - 0.08), (0, low - 0.03), (-0.47, low - 0.08)],
    )
    visor = path(
        [(-0.36, low + 0.02), (-0.24, low + 0.13), (0, low + 0.17), (0.24, low + 0.13), (0.36, low + 0.02)],
        [(0.36, low + 0.02), (0, low + 0.07), (-0.36, low + 0.02)],
    )
    badge = np.array([(0, low - 0.3), (0.07, low - 0.22), (0.04, low - 0.12), (-0.04, low - 0.12), (-0.07, low - 0.22)])
    return [
        wear.piece(top, relief=0.08),
        wear.piece(strap(low, low - 0.1), wear.garment.trim, z=0.01),
        wear.piece(visor, (40, 38, 46), z=0.02, turn=ON_HAIR, material=Material.GLOSSY),
        wear.piece(wear.pinned(badge), GOLD, z=0.03, turn=0, material=Material.GLOSSY, relief=0.01),
    ]


def beret(wear: Wearer, dice: Dice) -> list[Fragment]:
    """Soft, drawn to one side."""
    side, lean = dice.sign(), dice.uniform(0.06, 0.16)
    body = path(
        [
            (-0.44, -0.33),
            (-0.52 + 0.5 * lean, -0.46),
            (-0.36 + lean, -0.68),
            (0.04 + lean, -0.75),
            (0.42 + lean, -0.66),
            (0.58 + lean, -0.42),
            (0.5 + 0.5 * lean, -0.29),
            (0.4, -0.3),
        ],
        [(0.4, -0.3), (0.2, -0.26), (0, -0.25), (-0.25, -0.28), (-0.44, -0.33)],
    ) * (side, 1)
    lean *= side
    stem = wear.piece(ribbon(spline([(lean, -0.74), (lean * 1.2, -0.78), (lean * 1.6, -0.8)]), 0.014), z=0.01, relief=0)
    gather = [
        Stroke(spline([(0.09 * k, -0.27 - 0.005 * k * k), (0.11 * k + 0.4 * lean, -0.38)]), 0.6, (0, 0.8))
        for k in (-3, -2, -1, 0, 1, 2, 3)
    ]
    return [wear.piece(body, relief=0.1, strokes=gather), stem]


def beanie(wear: Wearer, dice: Dice) -> list[Fragment]:
    """Knitted, often with a bobble."""
    low = dice.uniform(-0.3, -0.22)
    body = np.concatenate([dome(low - 0.04, 0.05), spline([(0.47, low - 0.04), (0, low), (-0.47, low - 0.04)])])
    knit = [
        Stroke(spline([(0.09 * k, low), (0.075 * k, -0.42), (0.03 * k, -0.6)]), 0.5, (0.1, 0.6)) for k in range(-4, 5)
    ]
    cuff = strap(low + 0.03, low - 0.12, 0.04)
    ribs = [Stroke(np.stack([cuff[k], cuff[-k - 1]]), 0.5, (0, 0)) for k in range(3, len(cuff) // 2 - 2, 3)]
    out = [
        wear.piece(body, strokes=knit, relief=0.09),
        wear.piece(cuff, wear.garment.trim if dice.chance(0.4) else None, z=0.01, strokes=ribs),
    ]
    if dice.chance(0.6):
        t = np.linspace(0, 2 * np.pi, 44, endpoint=False)
        r = 0.12 * (1 + 0.1 * np.abs(np.sin(5.5 * t)))
        out.append(
            wear.piece(np.stack([r * np.cos(t), -0.68 + r * np.sin(t)], axis=1), wear.garment.trim, z=0.02, relief=0.05)
        )
    return out


def minihat(wear: Wearer, dice: Dice) -> list[Fragment]:
    """A small top hat pinned aslant."""
    side = dice.sign()
    x, y, c, s = 0.24 * side, -0.52, np.cos(0.35 * side), np.sin(0.35 * side)
    turned = np.array([[c, s], [-s, c]])

    def tilted(points: Points) -> Curve:
        return np.asarray(np.asarray(points, np.float64) @ turned + (x, y))

    body = tilted(
        path(
            [(-0.13, 0), (-0.15, -0.24)],
            [(-0.15, -0.24), (0, -0.27), (0.15, -0.24)],
            [(0.15, -0.24), (0.13, 0)],
            [(0.13, 0), (0, 0.03), (-0.13, 0)],
        )
    )
    band = tilted(
        path(
            [(-0.132, -0.02), (-0.137, -0.09)],
            [(-0.137, -0.09), (0, -0.06), (0.137, -0.09)],
            [(0.137, -0.09), (0.132, -0.02)],
            [(0.132, -0.02), (0, 0.01), (-0.132, -0.02)],
        )
    )
    out = [
        wear.piece(tilted(ellipse(0, 0, 0.25, 0.07)), z=0.0, relief=0.02),
        wear.piece(body, z=0.01),
        wear.piece(band, wear.garment.trim, z=0.02, relief=0, casts=0),
    ]
    return [*out, *trinkets.tied(wear, (x + 0.16 * side, y - 0.02), 0.16, dice, z=0.03)]


def hood(wear: Wearer, dice: Dice) -> list[Fragment]:
    """Up, framing the face; its inside behind the hair."""
    shift = 0.12 * wear.yaw
    half = [(0.3, -0.64), (0.55, -0.34), (0.6, 0.0), (0.54, 0.3), (0.56, 0.52), (0.5, 0.68), (0.28, 0.78)]
    edge = [(0.26, -0.5), (0.42, -0.28), (0.455, 0.02), (0.42, 0.28), (0.31, 0.5), (0.14, 0.62)]
    outer, inner = (
        spline([(x, top), *side, (x, low), *[(-u, v) for u, v in side[::-1]]], closed=True)
        for side, x, top, low in ((half, -0.5 * shift, -0.7, 0.8), (edge, shift, -0.55, 0.655))
    )
    hem = Stroke(closed(inner) * (1.1, 1.07), 0.5, (0, 0))
    folds = [
        Stroke(spline([(0.12 * s, 0.67), (0.24 * s, 0.64), (0.42 * s, 0.5), (0.52 * s, 0.3)]), 0.7, (0.1, 0.8))
        for s in (-1, 1)
    ] + [Stroke(spline([(0.5 * s, -0.3), (0.52 * s, -0.08), (0.49 * s, 0.12)]), 0.6, (0.5, 0.7)) for s in (-1, 1)]
    lining = shifted(wear.garment.colour, lightness=-0.14)
    inside = wear.piece(outer, lining, z=Plane.BACK_HAIR - 0.05 - Plane.HEADWEAR, turn=0.0, casts=0)
    return [inside, wear.piece(outer, hole=inner, turn=0.03, relief=0.08, strokes=[hem, *folds], casts=0.6)]


def helmet(wear: Wearer, dice: Dice) -> list[Fragment]:
    """Of metal, with a comb and wings."""
    low = -0.24
    body = np.concatenate(
        [
            dome(low, 0.05),
            path([(0.5, low), (0.2, low + 0.03), (0, low + 0.16)], [(0, low + 0.16), (-0.2, low + 0.03), (-0.5, low)]),
        ]
    )
    v = np.linspace(low + 0.15, -0.66, 9)
    ridge = ribbon(np.stack([ON_HAIR * wear.yaw * DOME.breadth(v) / ACROSS, v], axis=1), 0.035)
    gold = wear.garment.trim
    out = [
        wear.piece(body, material=Material.GLOSSY, relief=0.1),
        wear.piece(ridge, gold, z=0.02, turn=0, material=Material.GLOSSY, relief=0.02),
    ]
    for sign in (-1, 1):
        plate = path(
            [(0.4, low - 0.05), (0.5, low + 0.1), (0.44, 0.14)], [(0.44, 0.14), (0.36, 0.05), (0.4, low - 0.05)]
        ) * (sign, 1)
        wing = path(
            [(0.44, low), (0.66, low - 0.16), (0.8, low - 0.42)],
            [(0.8, low - 0.42), (0.7, low - 0.05), (0.48, low + 0.12)],
        ) * (sign, 1)
        out += [
            wear.piece(plate, z=0.015, material=Material.GLOSSY),
            wear.piece(wing, gold, z=0.02, material=Material.GLOSSY, relief=0.03),
        ]
    return out
