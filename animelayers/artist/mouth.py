"""Mouths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from animelayers.artist import complexion
from animelayers.artist.curves import Curve, Points, cut, ellipse, path, ribbon, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Mark, Material, Plane
from animelayers.artist.head import patch
from animelayers.artist.palette import mix, shifted
from animelayers.artist.subject import Subject

CAVE: Colour = (142.0, 46.0, 58.0)
TONGUE: Colour = (236.0, 128.0, 130.0)
TEETH: Colour = (253.0, 250.0, 247.0)


@dataclass(frozen=True, slots=True, eq=False)
class Lips:
    """A mouth as lines and, where open, an area. Places in half widths, x to the character's left, y down."""

    lines: tuple[tuple[Points, float], ...]
    """Each with its breadth, head heights."""
    opening: Curve | None = None
    teeth: tuple[Curve, ...] = ()
    tongue: Curve | None = None


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """The mouth, its corners a little uneven."""
    face, head = subject.face, subject.figure.head
    tilt = dice.near(0, 0.05)
    made = MOUTHS[face.mouth]()

    def at(points: Points) -> Curve:
        p = np.asarray(points, np.float64) * face.mouth_width
        return head.face(p + np.stack([0 * p[:, 0], face.mouth_level + tilt * p[:, 0]], axis=1))

    out = _painted(subject, made, at)
    if made.opening is not None:
        marks = [Mark((at(made.tongue),), TONGUE)] if made.tongue is not None else []
        marks += [Mark((at(tooth),), TEETH) for tooth in made.teeth]
        out.append(patch(subject, "mouth", Plane.MOUTH + 0.001, (at(made.opening),), colour=CAVE, marks=tuple(marks)))
    lines = tuple(_line(at(spline(points)), breadth) for points, breadth in made.lines)
    ink = complexion.warm(subject.palette.skin, 0.52)
    out.append(Fragment("mouth", Plane.MOUTH + 0.002, lines, ink, material=Material.INK, outlined=False, casts=0.0))
    return out


def _line(spine: Curve, breadth: float) -> Curve:
    """Heaviest at the corners and thin in the middle, as a pen sets down and lifts."""
    t = np.linspace(0, 1, len(spine))
    press = np.sqrt(np.clip(np.minimum(t, 1 - t) / 0.2, 0, 1)) * (0.72 + 0.28 * np.abs(2 * t - 1))
    return ribbon(spine, 0.5 * breadth * press)


def _painted(subject: Subject, made: Lips, at: Callable[[Points], Curve]) -> list[Fragment]:
    """Colour on the lips, or only the light and shadow of the lower one."""
    if subject.face.lips == "none":
        return []
    low = 0.0 if made.opening is None else float(made.opening[:, 1].max())
    skin, lips = subject.palette.skin, subject.palette.lips
    if subject.face.lips == "hint" or subject.face.mouth not in PAINTABLE:
        shade = ellipse(0, low + 0.36, 0.34, 0.1)
        area = ellipse(0, low + 0.36, 0.6, 0.36)
        return [_tinted(subject, at(area), (Mark((at(shade),), mix(skin, lips, 0.7), 0.8, blur=0.004),))]
    upper = path(
        [(-0.8, 0.0), (-0.25, -0.24), (0, -0.16), (0.25, -0.24), (0.8, 0.0)], [(0.8, 0.0), (0, 0.1), (-0.8, 0.0)]
    )
    lower = path(
        [(-0.75, 0.0), (0, 0.1), (0.75, 0.0)], [(0.75, 0.0), (0.35, 0.34), (0, 0.4), (-0.35, 0.34), (-0.75, 0.0)]
    )
    colour = shifted(lips, chroma=1.15)
    marks = (
        Mark((at(upper),), shifted(colour, lightness=-0.05), 0.75, blur=0.002),
        Mark((at(lower),), colour, 0.75, blur=0.002),
        Mark((at(ellipse(-0.12, 0.22, 0.16, 0.045)),), TEETH, 0.6, blur=0.002),
    )
    return [_tinted(subject, at(ellipse(0, 0.08, 1.2, 0.6)), marks)]


def _tinted(subject: Subject, area: Curve, marks: tuple[Mark, ...]) -> Fragment:
    ground = patch(subject, "mouth", Plane.MOUTH, (area,))
    return ground.replace(marks=(*ground.marks, *marks))


PAINTABLE = ("line", "smile", "small", "smirk")
"""Mouths whose lips lie on each other."""

FINE = 0.0085
"""Breadth of a mouth's line."""


def _closed(*points: tuple[float, float], breadth: float = FINE) -> Callable[[], Lips]:
    return lambda: Lips(((points, breadth),))


def _smile() -> Lips:
    return Lips((([(-1, -0.16), (-0.5, 0.06), (0, 0.13), (0.5, 0.06), (1, -0.16)], FINE),))


def _cat() -> Lips:
    return Lips(
        (
            ([(-1, -0.18), (-0.72, 0.16), (-0.3, 0.2), (0, -0.06)], FINE),
            ([(0, -0.06), (0.3, 0.2), (0.72, 0.16), (1, -0.18)], FINE),
        )
    )


def _smirk() -> Lips:
    return Lips(
        (
            ([(-0.8, 0.06), (-0.1, 0.1), (0.55, -0.02), (1.05, -0.26)], FINE),
            ([(1.0, -0.36), (1.1, -0.26), (1.08, -0.14)], 0.6 * FINE),
        )
    )


def _open(
    depth: float, width: float = 1.0, *, bow: float = 0.14
) -> tuple[Curve, list[tuple[float, float]], list[tuple[float, float]]]:
    """An open mouth: its area, upper and lower edge."""
    top = [(-width, -0.14), (-0.5 * width, bow - 0.08), (0, bow), (0.5 * width, bow - 0.08), (width, -0.14)]
    low = [
        (width, -0.14),
        (0.78 * width, 0.5 * depth),
        (0.34 * width, 0.95 * depth),
        (-0.34 * width, 0.95 * depth),
        (-0.78 * width, 0.5 * depth),
        (-width, -0.14),
    ]
    return path(top, low), top, low


def _teeth(top: list[tuple[float, float]], depth: float) -> Curve:
    edge = spline(top)
    inner = cut(edge, 0.9, 0.1)
    t = np.linspace(0, np.pi, len(inner))
    return np.concatenate([edge - (0, 0.05), inner + np.stack([0 * t, depth * np.sin(t) ** 0.5], axis=1)])


def _laugh(depth: float = 1.05) -> Lips:
    area, top, low = _open(depth)
    return Lips(
        ((top, FINE), (low, 0.8 * FINE)), area, (_teeth(top, 0.17),), ellipse(0, 1.02 * depth, 0.6, 0.42 * depth)
    )


def _small_open() -> Lips:
    top = [(-0.5, -0.06), (-0.2, -0.03), (0.2, -0.03), (0.5, -0.06)]
    low = [(0.5, -0.06), (0.4, 0.26), (0, 0.4), (-0.4, 0.26), (-0.5, -0.06)]
    return Lips(((top, FINE), (low, 0.7 * FINE)), path(top, low), (), ellipse(0, 0.4, 0.32, 0.2))


def _fang() -> Lips:
    area, top, low = _open(0.8)
    fang = np.array([(0.3, 0.0), (0.62, -0.1), (0.5, 0.3)])
    return Lips(((top, FINE), (low, 0.8 * FINE)), area, (fang,), ellipse(0, 0.84, 0.56, 0.34))


def _grin() -> Lips:
    area, top, low = _open(0.46, bow=0.16)
    seam = [(-0.86, 0.1), (0, 0.3), (0.86, 0.1)]
    return Lips(((top, FINE), (low, FINE), (seam, 0.45 * FINE)), area, (area,))


def _clenched() -> Lips:
    area = path(
        [(-0.9, 0.1), (-0.4, -0.14), (0.4, -0.14), (0.9, 0.1)],
        [(0.9, 0.1), (0.72, 0.34), (0, 0.28), (-0.72, 0.34), (-0.9, 0.1)],
    )
    edge = [tuple(p) for p in np.concatenate([area[::6], area[:1]]).tolist()]
    lines = [([(x, -0.14), (x, 0.3)], 0.4 * FINE) for x in (-0.45, 0.0, 0.45)]
    return Lips(((edge, FINE), ([(-0.8, 0.12), (0.8, 0.12)], 0.4 * FINE), *lines), area, (area,))


def _shout() -> Lips:
    area = path(
        [(-0.62, 0.0), (-0.3, -0.3), (0.3, -0.3), (0.62, 0.0)],
        [(0.62, 0.0), (0.74, 0.6), (0.4, 0.95), (-0.4, 0.95), (-0.74, 0.6), (-0.62, 0.0)],
    )
    top = [(-0.62, 0.0), (-0.3, -0.3), (0.3, -0.3), (0.62, 0.0)]
    low = [(0.62, 0.0), (0.74, 0.6), (0.4, 0.95), (-0.4, 0.95), (-0.74, 0.6), (-0.62, 0.0)]
    return Lips(((top, FINE), (low, 0.9 * FINE)), area, (_teeth(top, 0.2),), ellipse(0, 0.95, 0.46, 0.36))


def _round() -> Lips:
    area = spline([(0, -0.22), (0.3, 0.0), (0.28, 0.36), (0, 0.52), (-0.28, 0.36), (-0.3, 0.0)], closed=True)
    edge = np.concatenate([area, area[:1]])
    return Lips(((edge[::5], FINE),), area, (), ellipse(0, 0.5, 0.24, 0.18))


MOUTHS: dict[str, Callable[[], Lips]] = {
    "line": _closed((-0.85, 0.0), (-0.3, 0.045), (0.3, 0.045), (0.85, 0.0)),
    "smile": _smile,
    "small": _closed((-0.45, 0.0), (-0.12, 0.05), (0.12, 0.05), (0.45, 0.0)),
    "frown": _closed((-0.75, 0.16), (-0.35, -0.02), (0.35, -0.02), (0.75, 0.16)),
    "pout": _closed((-0.42, 0.12), (-0.14, -0.06), (0.14, -0.06), (0.42, 0.12), breadth=1.1 * FINE),
    "wavy": _closed((-0.85, 0.02), (-0.5, -0.1), (-0.15, 0.06), (0.2, -0.06), (0.55, 0.08), (0.85, -0.04)),
    "cat": _cat,
    "smirk": _smirk,
    "open": _laugh,
    "parted": _small_open,
    "fang": _fang,
    "grin": _grin,
    "teeth": _clenched,
    "shout": _shout,
    "round": _round,
}
