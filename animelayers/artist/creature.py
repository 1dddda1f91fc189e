"""What a character has of an animal: ears on the head, horns, a tail."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from animelayers.artist import complexion
from animelayers.artist.curves import Curve, along, cut, directions, path, positions, ribbon, sides, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Mark, Material, Plane, Shade, Stroke
from animelayers.artist.figure import SIDES
from animelayers.artist.palette import mix, oklch, shifted
from animelayers.artist.subject import Subject

BEHIND_FRINGE = Plane.FRONT_HAIR - 0.03
"""Depth of what grows on the head: the hair in front of it covers its roots."""


OVER_FRINGE = Plane.FRONT_HAIR + 0.05
"""Depth of ears that fold down before the hair."""


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """Ears, horns and tail; nothing for most."""
    outfit = subject.outfit
    out: list[Fragment] = []
    if outfit.animal in EARS:
        out += EARS[outfit.animal](subject, dice.of("ears"))
    if outfit.animal in TAILS:
        out += TAILS[outfit.animal](subject, dice.of("tail"))
    return out


def _ear(subject: Subject, side: str, outline: Curve, inner: Curve, *, tufts: bool, inside: Colour) -> list[Fragment]:
    """An ear of fur with its lighter inside, `outline` and `inner` for the left side, in the head's frame."""
    head, colour, sign = subject.figure.head, subject.palette.hair, SIDES[side]
    yaw = np.array([0.06 * head.yaw, 0.0])

    def place(shape: Curve) -> Curve:
        return head.place(shape * (sign, 1) + yaw)

    shell = Fragment(
        "ears",
        BEHIND_FRINGE,
        (place(outline),),
        colour,
        side,
        Material.HAIR,
        relief=0.03,
        marks=(Mark((place(inner),), inside),),
        shades=(Shade((place(cut(inner, 0.45, 1.0)),), 0.7, blur=0.01),),
        strokes=(Stroke(place(inner), 0.5, (0.3, 0.3)),),
    )
    if not tufts:
        return [shell]
    fur = shifted(colour, lightness=0.14, chroma=0.7)
    return [
        shell,
        Fragment(
            "ears",
            BEHIND_FRINGE + 0.005,
            (place(_tuft(inner)),),
            fur,
            side,
            Material.HAIR,
            relief=0,
            casts=0.3,
            outlined=False,
            strokes=tuple(Stroke(place(lock), 0.6, (0.4, 0.1)) for lock in _locks(inner)),
        ),
    ]


def _locks(inner: Curve) -> list[Curve]:
    """The edges of fur that grows from an ear's inner side over its hollow, from its root up, tip by tip."""
    (left, low), (right, top) = (inner[:, 0].min(), inner[:, 1].max()), (inner[:, 0].max(), inner[:, 1].min())
    w, h = right - left, low - top
    tips = [(left + 0.5 * w, low - 0.62 * h), (left + 0.68 * w, low - 0.42 * h), (left + 0.8 * w, low - 0.2 * h)]
    feet = [(left + 0.04 * w, low), (left + 0.4 * w, low - 0.26 * h), (left + 0.58 * w, low - 0.1 * h)]
    ends = [*feet[1:], (left + 0.72 * w, low + 0.05 * h)]
    made = []
    for foot, tip, end in zip(feet, tips, ends, strict=True):
        bulge = (0.5 * (foot[0] + tip[0]) - 0.1 * w, 0.55 * foot[1] + 0.45 * tip[1])
        made += [
            spline([foot, bulge, tip]),
            spline([tip, (0.6 * tip[0] + 0.4 * end[0] - 0.02 * w, 0.5 * (tip[1] + end[1])), end]),
        ]
    return made


def _tuft(inner: Curve) -> Curve:
    """The area of that fur."""
    edges = _locks(inner)
    return np.concatenate([*edges, edges[0][:1] + (0.0, 0.1)])


def _hollow(subject: Subject, dice: Dice) -> Colour:
    """Inside of an ear: thin skin, or shorter fur of the hair's own colour."""
    flesh = mix(subject.palette.skin, complexion.warm(subject.palette.skin, 0.05), 0.55)
    fur = shifted(subject.palette.hair, lightness=dice.pick([-0.12, 0.16]), chroma=0.85)
    return dice.pick({flesh: 4, fur: 1})


def _pricked(height: float, lean: float, width: float, tufts: bool) -> Callable[[Subject, Dice], list[Fragment]]:
    """Ears of a cat, a fox, a wolf: pointed, on top of the head."""

    def ears(subject: Subject, dice: Dice) -> list[Fragment]:
        h, w, tip = height * dice.uniform(0.85, 1.2), width * dice.uniform(0.9, 1.1), lean + dice.near(0, 0.04)
        inside = _hollow(subject, dice)
        dip = dice.near(0, 0.05)
        out = []
        for side in SIDES:
            x, y = 0.25, -0.52 + (dip if side == "l" else 0)
            outline = path(
                [(x - w, y + 0.03), (x - 0.5 * w, y - 0.62 * h), (x + tip, y - h)],
                [(x + tip, y - h), (x + 0.95 * w, y - 0.35 * h), (x + w * 1.05, y + 0.22)],
                [(x + w * 1.05, y + 0.22), (x, y + 0.2), (x - w, y + 0.03)],
            )
            inner = path(
                [(x - 0.5 * w, y + 0.02), (x - 0.2 * w, y - 0.5 * h), (x + tip * 0.9 + 0.01, y - 0.82 * h)],
                [(x + tip * 0.9 + 0.01, y - 0.82 * h), (x + 0.62 * w, y - 0.25 * h), (x + 0.66 * w, y + 0.16)],
            )
            out += _ear(subject, side, outline, inner, tufts=tufts, inside=inside)
        return out

    return ears


def _long_ears(subject: Subject, dice: Dice) -> list[Fragment]:
    """A rabbit's: upright, or one of them bent."""
    inside = _hollow(subject, dice)
    height, bent = dice.uniform(0.5, 0.75), dice.pick(["", "", "l", "r", "lr"])
    out = []
    for side in SIDES:
        t = np.linspace(0, 1, 14)
        lean = 0.1 * t + (0.32 * np.maximum(t - 0.45, 0) ** 1.1 / 0.6 if side in bent else 0)
        drop = 0.42 * np.maximum(t - 0.5, 0) ** 1.5 / 0.35 if side in bent else 0
        spine = np.stack([0.17 + lean, -0.46 - height * (t - drop * 0.8)], axis=1)
        radius = 0.085 * np.sin(np.pi * (0.16 + 0.82 * t)) ** 0.7 + 0.01
        outline, inner = ribbon(spine, radius), ribbon(spine[2:-2], 0.55 * radius[2:-2])
        out += _ear(subject, side, outline, inner, tufts=False, inside=inside)
    return out


def _drooping(subject: Subject, dice: Dice) -> list[Fragment]:
    """A dog's: folded down beside the head."""
    inside = shifted(subject.palette.hair, lightness=-0.06)
    size, dark = dice.uniform(0.85, 1.2), dice.chance(0.5)
    fur = shifted(subject.palette.hair, lightness=-0.1) if dark else subject.palette.hair
    out = []
    for side in SIDES:
        low = 0.16 * size - 0.06
        outline = path(
            [(0.27, -0.5), (0.36, -0.6), (0.48, -0.58), (0.58, -0.4), (0.6, -0.16), (0.54, low)],
            [(0.54, low), (0.44, low - 0.06), (0.41, -0.18), (0.38, -0.34), (0.27, -0.5)],
        )
        fold = spline([(0.33, -0.5), (0.42, -0.47), (0.48, -0.34)])
        shell, *_ = _ear(
            subject, side, outline, np.concatenate([fold, fold[::-1] + (0.012, 0.006)]), tufts=False, inside=inside
        )
        out.append(shell.replace(z=OVER_FRINGE, colour=fur))
    return out


def _horns(subject: Subject, dice: Dice) -> list[Fragment]:
    """Of a demon or a dragon: headwear, since their ears are below."""
    head = subject.figure.head
    curl, size = dice.uniform(-0.4, 1.2), dice.uniform(0.3, 0.5)
    colour = oklch(dice.uniform(0.2, 0.6), 0.04, dice.uniform(0, 90))
    t = np.linspace(0, 1, 16)
    way = np.stack([np.cos(1.6 * curl * t - 1.1), np.sin(1.6 * curl * t - 1.1)], axis=1)
    spine = np.array([0.25, -0.47]) + np.cumsum(way * size / 15, axis=0)
    out = []
    for sign in SIDES.values():
        left, right = (
            head.place(edge * (sign, 1) + (0.06 * head.yaw, 0)) for edge in sides(spine, 0.06 * (1 - t) ** 0.8)
        )
        rings = tuple(Stroke(np.stack([left[k], right[k]]), 0.6, (0, 0.4)) for k in range(1, 10, 2))
        shape = np.concatenate([left, right[::-1]])
        out.append(
            Fragment("headwear", BEHIND_FRINGE, (shape,), colour, material=Material.GLOSSY, relief=0.03, strokes=rings)
        )
    return out


EARS: dict[str, Callable[[Subject, Dice], list[Fragment]]] = {
    "cat": _pricked(0.3, 0.07, 0.13, True),
    "fox": _pricked(0.4, 0.05, 0.15, True),
    "dog": _drooping,
    "rabbit": _long_ears,
    "demon": _horns,
    "dragon": _horns,
}


def _tail_spine(subject: Subject, dice: Dice, length: float, curl: float) -> Curve:
    """From the small of the back out to one side, and up."""
    figure, sign = subject.figure, dice.sign()
    size = length * subject.build.scale**0.6
    y = figure.level("hip") * 0.92
    x = figure.middle(y)
    return spline(
        [
            (x, y),
            (x + sign * 0.35 * size, y + 0.3 * size),
            (x + sign * 0.8 * size, y + 0.28 * size),
            (x + sign * (1.0 + 0.1 * curl) * size, y - 0.15 * size),
            (x + sign * (1.05 - 0.25 * curl) * size, y - 0.5 * size),
        ]
    )


def _smooth_tail(subject: Subject, dice: Dice) -> list[Fragment]:
    """A cat's: slender, its tip sometimes of another colour."""
    spine = _tail_spine(subject, dice, dice.uniform(0.9, 1.3), dice.uniform(-1, 1))
    t = positions(spine)
    radius = 0.075 * subject.build.scale**0.4 * np.interp(t, (0, 0.8, 0.96, 1), (0.8, 1, 0.75, 0.1))
    hair = subject.palette.hair
    marks = (Mark((ribbon(cut(spine, 0.8, 1.0), 0.2),), shifted(hair, lightness=0.2)),) if dice.chance(0.4) else ()
    return [
        Fragment("tail", Plane.TAIL, (ribbon(spine, radius),), hair, material=Material.HAIR, relief=0.05, marks=marks)
    ]


def _bushy_tail(subject: Subject, dice: Dice) -> list[Fragment]:
    """A fox's or a dog's: thick, with a pale tip and tufts."""
    palette = subject.palette
    spine = _tail_spine(subject, dice, dice.uniform(0.9, 1.25), dice.uniform(-1, 1))
    t = positions(spine)
    thick = 0.24 * subject.build.scale**0.5 * np.interp(t, (0, 0.15, 0.6, 0.85, 1), (0.25, 0.6, 1, 0.7, 0.05))
    jag = 1 + 0.1 * np.sign(np.sin(t * 34)) * np.interp(t, (0, 0.3, 1), (0, 0.5, 1))
    pale = shifted(palette.hair, lightness=0.22, chroma=0.4)
    tip = along(spine, 0.66)
    end = tuple(along(spine, 1.0))
    marks = (
        Mark(
            (ribbon(cut(spine, 0.55, 1), 0.4),),
            pale,
            fade=((float(end[0]), float(end[1])), (float(tip[0]), float(tip[1]))),
        ),
    )
    hairs = tuple(
        Stroke(along(spine, np.linspace(a, a + 0.2, 9)) + (0, 0.05 * k), 0.6)
        for k, a in ((-1, 0.35), (1, 0.5), (-0.5, 0.68))
    )
    return [
        Fragment(
            "tail",
            Plane.TAIL,
            (ribbon(spine, thick * jag),),
            palette.hair,
            material=Material.HAIR,
            relief=0.1,
            marks=marks,
            strokes=hairs,
        )
    ]


def _stub(subject: Subject, dice: Dice) -> list[Fragment]:
    """A rabbit's: a ball of fur that looks out beside the hip."""
    figure, b = subject.figure, subject.build.breadth
    y = figure.level("hip")
    side = dice.pick(["r", "l"])
    x = float(figure.edge(side, y - 0.02, y + 0.02)[0, 0])
    t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = 0.2 * b * (1 + 0.07 * np.abs(np.sin(5 * t)))
    ball = np.stack([x + radius * np.cos(t), y + radius * np.sin(t)], axis=1)
    return [
        Fragment(
            "tail",
            Plane.TAIL,
            (ball,),
            shifted(subject.palette.hair, lightness=0.1),
            material=Material.HAIR,
            relief=0.08,
        )
    ]


def _pointed_tail(subject: Subject, dice: Dice) -> list[Fragment]:
    """A demon's: thin, ending in a spade."""
    spine = _tail_spine(subject, dice, dice.uniform(1.0, 1.4), dice.uniform(-1, 1))
    colour = oklch(dice.uniform(0.22, 0.45), 0.06, dice.uniform(300, 380))
    cord = ribbon(spine, 0.035 * subject.build.scale**0.4)
    (x, y), d = spine[-1], spine[-1] - spine[-5]
    a, size = math.atan2(d[1], d[0]) + math.pi / 2, 0.2 * subject.build.scale**0.4
    spade = (
        path([(0, 0.1), (-0.45, 0.35), (-0.5, -0.1), (0, -1)], [(0, -1), (0.5, -0.1), (0.45, 0.35), (0, 0.1)]) * size
    )
    c, s = math.cos(a), math.sin(a)
    spade = spade @ np.array([[c, s], [-s, c]]) + (x, y)
    parts = [
        Fragment("tail", Plane.TAIL, (shape,), colour, material=Material.GLOSSY, relief=0.03) for shape in (cord, spade)
    ]
    return [parts[0], parts[1].replace(z=Plane.TAIL + 0.01)]


def _scaled_tail(subject: Subject, dice: Dice) -> list[Fragment]:
    """A dragon's: heavy, ringed, with spikes along the back."""
    spine = _tail_spine(subject, dice, dice.uniform(1.0, 1.3), dice.uniform(-0.5, 1))
    colour = oklch(dice.uniform(0.4, 0.65), 0.1, dice.uniform(100, 380))
    radius = 0.19 * subject.build.scale**0.5 * np.interp(positions(spine), (0, 0.2, 1), (1, 0.9, 0.03))
    upper, lower = sides(spine, radius)
    if upper[:, 1].mean() > lower[:, 1].mean():
        upper, lower = lower, upper
    rings = tuple(Stroke(np.stack([upper[k], lower[k]]), 0.6, (0.6, 0)) for k in range(8, len(spine) - 3, 4))
    body = Fragment("tail", Plane.TAIL, (ribbon(spine, radius),), colour, relief=0.1, strokes=rings)
    spikes = []
    for k in range(9, len(spine) - 6, 5):
        way, out = directions(spine)[k] * 0.06, (upper[k] - spine[k]) * 0.9
        spikes.append(np.stack([spine[k] + 0.8 * out - way, upper[k] + 0.8 * out + way, spine[k] + 0.8 * out + way]))
    return [body, Fragment("tail", Plane.TAIL - 0.01, tuple(spikes), shifted(colour, lightness=0.15), relief=0.02)]


TAILS: dict[str, Callable[[Subject, Dice], list[Fragment]]] = {
    "cat": _smooth_tail,
    "fox": _bushy_tail,
    "dog": _bushy_tail,
    "rabbit": _stub,
    "demon": _pointed_tail,
    "dragon": _scaled_tail,
}
