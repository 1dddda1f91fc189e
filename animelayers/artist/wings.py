"""Wings, a pair of them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from animelayers.artist.curves import along, ellipse, path, positions, ribbon, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Mark, Material, Plane, Stroke
from animelayers.artist.figure import SIDES
from animelayers.artist.palette import WHITE, mix, shifted
from animelayers.artist.subject import Subject
from animelayers.artist.wardrobe import Garment


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """A pair from between the shoulders, the left one designed and mirrored with a little difference; often none."""
    if not subject.outfit.wings:
        return []
    figure, wings = subject.figure, subject.outfit.wings
    size = dice.uniform(0.7, 1.5) * subject.build.scale**0.5
    lift = dice.uniform(-0.5, 0.35)
    y = figure.level("armpit")
    x = figure.middle(y)
    out = []
    for side, sign in SIDES.items():
        d = dice.of("feathers")
        turn = lift + dice.of(side).near(0, 0.08)
        c, s = math.cos(turn), math.sin(turn)
        frame = np.array([[c * sign, s], [-s * sign, c]]) * size
        out += [
            fragment.replace(
                side=side,
                shape=tuple(shape @ frame + (x, y) for shape in fragment.shape),
                strokes=tuple(Stroke(k.points @ frame + (x, y), k.weight, k.taper) for k in fragment.strokes),
                marks=tuple(
                    Mark(tuple(shape @ frame + (x, y) for shape in m.shape), m.colour, m.alpha) for m in fragment.marks
                ),
            )
            for fragment in WINGS[wings.kind](wings, d)
        ]
    return out


def _feathered(wings: Garment, dice: Dice) -> list[Fragment]:
    """A bird's or an angel's: three rows of feathers below an arm."""
    out = []
    arm = spline([(0.05, 0.05), (0.35, -0.35), (0.8, -0.55), (1.2, -0.4)])
    for row, (count, length, shade) in enumerate(((8, 0.95, -0.08), (8, 0.65, -0.03), (7, 0.36, 0.0))):
        shapes = []
        for k in range(count):
            t = (k + 0.6) / count
            root = along(arm, 0.12 + 0.88 * t)
            angle = 1.9 - 1.45 * t + dice.near(0, 0.05)
            spine = root + np.linspace(0, length * (0.55 + 0.45 * t), 8)[:, None] * (math.cos(angle), math.sin(angle))
            shapes.append(ribbon(spine, 0.085 * np.sin(np.pi * np.linspace(0.25, 0.98, 8)) ** 0.6))
        out += [
            Fragment(
                "wings",
                Plane.WINGS + 0.012 * row + 0.001 * (count - k),
                (shape,),
                shifted(wings.colour, lightness=shade),
                relief=0.02,
            )
            for k, shape in enumerate(shapes)
        ]
    radius = 0.1 * np.interp(positions(arm), (0, 0.3, 1), (0.6, 1, 0.5))
    return [*out, Fragment("wings", Plane.WINGS + 0.05, (ribbon(arm, radius),), wings.colour, relief=0.04)]


def _bat(wings: Garment, dice: Dice) -> list[Fragment]:
    """A demon's: skin between four fingers."""
    tips = [(1.35, -0.35), (1.3, 0.3), (0.95, 0.65), (0.5, 0.75)]
    wrist = (0.75, -0.6)
    edges = [spline([(0.03, 0.05), (0.3, -0.35), wrist, (1.1, -0.6), tips[0]])]
    for a, b in zip(tips, [*tips[1:], (0.06, 0.4)], strict=True):
        middle = ((a[0] + b[0]) / 2 - 0.12, (a[1] + b[1]) / 2 - 0.1)
        edges.append(spline([a, middle, b]))
    skin = path(*[edge[::2] for edge in edges], [(0.06, 0.4), (0.03, 0.05)])
    bones = [spline([wrist, ((wrist[0] + x) / 2 + 0.06, (wrist[1] + y) / 2), (x, y)]) for x, y in tips]
    dark = shifted(wings.colour, lightness=-0.12)
    membrane = Fragment(
        "wings", Plane.WINGS, (skin,), wings.colour, relief=0.08, strokes=tuple(Stroke(bone, 0.8) for bone in bones)
    )
    arm = spline([(0.03, 0.07), (0.3, -0.33), wrist])
    finger = [ribbon(bone, 0.028 * np.linspace(1, 0.2, len(bone))) for bone in bones]
    return [membrane, Fragment("wings", Plane.WINGS + 0.02, (ribbon(arm, 0.045), *finger), dark, relief=0.02)]


def _butterfly(wings: Garment, dice: Dice) -> list[Fragment]:
    """A fairy's: two lobes with eyes and veins."""
    upper = path([(0.04, 0.05), (0.4, -0.75), (1.05, -0.95), (1.2, -0.5), (0.85, 0.0), (0.04, 0.05)])
    lower = path([(0.04, 0.1), (0.7, 0.1), (0.95, 0.5), (0.7, 0.95), (0.3, 0.7), (0.04, 0.1)])
    out = []
    for shape, eye, z in ((lower, (0.6, 0.5), 0.0), (upper, (0.8, -0.5), 0.02)):
        middle = shape.mean(axis=0)
        inner = middle + (shape - middle) * 0.78
        spot = ellipse(*eye, 0.14, 0.12, steps=24)
        veins = tuple(
            Stroke(spline([(0.04, 0.07), tuple(middle), tuple(shape[k])]), 0.5) for k in range(8, len(shape) - 8, 9)
        )
        marks = (Mark((inner,), mix(wings.colour, WHITE, 0.45)), Mark((spot,), wings.trim))
        out.append(
            Fragment(
                "wings", Plane.WINGS + z, (shape,), wings.colour, relief=0.03, opacity=0.92, marks=marks, strokes=veins
            )
        )
    return out


def _mechanical(wings: Garment, dice: Dice) -> list[Fragment]:
    """Plates on an arm of metal, edged with light."""
    out = []
    for k in range(4):
        angle, start = -0.75 + 0.5 * k, 0.28 + 0.05 * k
        c, s, far = math.cos(angle), math.sin(angle), 1.25 - 0.15 * k
        blade = np.array([(start, 0.02), (far * 0.8, -0.11), (far, -0.02), (far * 0.85, 0.08), (start, 0.1)])
        line = np.array([(start + 0.08, 0.05), (far * 0.8, 0.0), (far * 0.8, 0.03), (start + 0.08, 0.075)])
        frame = np.array([[c, s], [-s, c]])
        out.append(
            Fragment(
                "wings",
                Plane.WINGS + 0.01 * (4 - k),
                (blade @ frame,),
                wings.colour,
                material=Material.GLOSSY,
                relief=0.04,
                marks=(Mark((line @ frame,), wings.trim),),
            )
        )
    return [
        *out,
        Fragment(
            "wings",
            Plane.WINGS + 0.06,
            (np.array([(0.03, 0), (0.34, -0.14), (0.42, 0.05), (0.34, 0.24), (0.03, 0.16)]),),
            shifted(wings.colour, lightness=-0.15),
            material=Material.GLOSSY,
            relief=0.04,
        ),
    ]


WINGS: dict[str, Callable[[Garment, Dice], list[Fragment]]] = {
    "feathered": _feathered,
    "bat": _bat,
    "butterfly": _butterfly,
    "mechanical": _mechanical,
}
