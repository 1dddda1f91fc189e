"""What lies in the skin of the face: blush, moles, the tint of lids and ears. Flat colour, so lids share it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from animelayers.artist.curves import Curve, ellipse, ribbon, spline
from animelayers.artist.drawing import Colour, Mark
from animelayers.artist.figure import SIDES
from animelayers.artist.palette import WHITE, shifted, to_oklch
from animelayers.artist.subject import Subject

Marks = tuple[Mark, ...]


def warm(skin: Colour, depth: float = 0.07) -> Colour:
    """Skin with more blood in it."""
    _, chroma, hue = to_oklch(skin)
    turn = (22 - hue + 180) % 360 - 180
    return shifted(skin, lightness=-depth, chroma=min(max(2.2, 0.075 / max(chroma, 0.01)), 4.0), hue=0.8 * turn)


def marks(subject: Subject) -> Marks:
    """All of it, for the fragment of the face and every patch of it."""
    face = subject.face
    blush = [mark for sign in SIDES.values() for mark in BLUSHES[face.blush](subject, sign)]
    return (*_lid_tint(subject), *blush, *EXTRAS[face.extra](subject))


def ear_marks(hollow: Curve, skin: Colour) -> Marks:
    """The ear's inside."""
    return (Mark((hollow,), warm(skin, 0.05), 0.55, blur=0.006),)


def _lid_tint(subject: Subject) -> Marks:
    face, (w, h) = subject.face, subject.face.eye
    tint = warm(subject.palette.skin, 0.05)
    out = []
    for sign in SIDES.values():
        spot = ellipse(
            sign * (face.spacing + 0.25 * w),
            face.level - (1.6 * face.openness - 0.8) * h,
            0.85 * w,
            0.5 * h,
            turn=0.2 * sign,
        )
        out.append(Mark((subject.figure.head.face(spot),), tint, 0.3, blur=0.018))
    return tuple(out)


def _cheek(subject: Subject, sign: int) -> tuple[float, float]:
    """Middle of a cheek's apple."""
    face, (w, h) = subject.face, subject.face.eye
    return sign * (face.spacing + 0.3 * w), face.level + h + 0.35 * (face.mouth_level - face.level - h)


def _soft(subject: Subject, sign: int) -> Marks:
    u, v = _cheek(subject, sign)
    spot = subject.figure.head.face(ellipse(u, v, 0.068, 0.036))
    return (Mark((spot,), warm(subject.palette.skin), 0.6, blur=0.02),)


def _spots(subject: Subject, sign: int) -> Marks:
    """Round and clear-cut, as on dolls."""
    u, v = _cheek(subject, sign)
    spot = subject.figure.head.face(ellipse(u, v, 0.052, 0.034))
    return (Mark((spot,), warm(subject.palette.skin), 0.55, blur=0.003),)


def _wide(subject: Subject, sign: int) -> Marks:
    """Across cheeks and nose."""
    u, v = _cheek(subject, sign)
    nose = subject.figure.head.face(ellipse(0, subject.face.nose_level - 0.035, 0.05, 0.018))
    across = (Mark((nose,), warm(subject.palette.skin), 0.28, blur=0.012),)
    return (*_soft(subject, sign), *(across if sign > 0 else ()), *_hatch(subject, (u, v), 0.5))


def _hatched(subject: Subject, sign: int) -> Marks:
    u, v = _cheek(subject, sign)
    return (*_soft(subject, sign), *_hatch(subject, (u, v), 0.85), *_gleam(subject, (u, v), sign))


def _hatch(subject: Subject, middle: tuple[float, float], alpha: float) -> Marks:
    """Slanted lines; both cheeks slant the same way, as the hand does."""
    u, v = middle
    colour = warm(subject.palette.skin, 0.2)
    out = []
    for k in (-1, 0, 1):
        spine = spline([(u + 0.028 * k + 0.012, v - 0.018), (u + 0.028 * k - 0.014, v + 0.016)])
        line = ribbon(spine, 0.0034 * np.sin(np.linspace(0.3, np.pi, len(spine))))
        out.append(Mark((subject.figure.head.face(line),), colour, alpha))
    return tuple(out)


def _gleam(subject: Subject, middle: tuple[float, float], sign: int) -> Marks:
    u, v = middle
    return (Mark((subject.figure.head.face(ellipse(u + 0.03 * sign, v - 0.02, 0.011, 0.006)),), WHITE, 0.85),)


def _shining(subject: Subject, sign: int) -> Marks:
    u, v = _cheek(subject, sign)
    return (*_soft(subject, sign), *_gleam(subject, (u, v), sign))


def _drop(subject: Subject, place: tuple[float, float], size: float) -> Marks:
    """Water on the skin: a tear, a bead of sweat."""
    (u, v), at = place, subject.figure.head.face
    half = spline([(0, -1.5), (0.35, -0.5), (0.62, 0.25), (0, 0.85)])
    shape = np.concatenate([half, (half * (-1, 1))[::-1]])
    return (
        Mark((at(shape * 1.18 * size + (u, v)),), (110, 165, 205), 0.75),
        Mark((at(shape * size + (u, v)),), (222, 242, 252)),
        Mark((at(ellipse(u - 0.2 * size, v + 0.3 * size, 0.16 * size, 0.24 * size)),), WHITE),
    )


def _tears(subject: Subject) -> Marks:
    face, (w, h) = subject.face, subject.face.eye
    places = [(sign * (face.spacing + 0.5 * w), face.level + 1.1 * h + 0.03) for sign in SIDES.values()]
    return tuple(mark for place in places for mark in _drop(subject, place, 0.022))


def _sweat(subject: Subject) -> Marks:
    """On the cheek that is seen best."""
    sign = -1 if subject.figure.head.yaw > 0 else 1
    face, (_, h) = subject.face, subject.face.eye
    return _drop(subject, (sign * 0.27, face.level + 0.6 * h + 0.02), 0.024)


def _mole(subject: Subject) -> Marks:
    """A beauty spot under an eye."""
    face, (w, h) = subject.face, subject.face.eye
    spot = ellipse(face.spacing + 0.45 * w, face.level + h + 0.03, 0.0065, 0.0065)
    return (Mark((subject.figure.head.face(spot),), shifted(subject.palette.skin, lightness=-0.5, chroma=0.8)),)


def _freckles(subject: Subject) -> Marks:
    face, (_, h) = subject.face, subject.face.eye
    v = face.level + h
    spots = ((-0.23, 0.05), (-0.19, 0.035), (-0.16, 0.06), (-0.2, 0.08), (-0.11, 0.07), (0.03, 0.055))
    places = [*spots, *((-u, low + 0.006) for u, low in spots)]
    dots = tuple(subject.figure.head.face(ellipse(u, v + low, 0.0055, 0.0045, steps=8)) for u, low in places)
    return (Mark(dots, warm(subject.palette.skin, 0.16), 0.6),)


def _nothing(*_: object) -> Marks:
    return ()


BLUSHES: dict[str, Callable[[Subject, int], Marks]] = {
    "none": _nothing,
    "soft": _soft,
    "hatch": _hatched,
    "wide": _wide,
    "spots": _spots,
    "shine": _shining,
}
EXTRAS: dict[str, Callable[[Subject], Marks]] = {
    "none": _nothing,
    "tears": _tears,
    "sweat": _sweat,
    "mole": _mole,
    "freckles": _freckles,
}
"""What is seldom seen."""
