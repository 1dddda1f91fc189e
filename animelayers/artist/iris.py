"""Irides: rim, body, depth under the lid, glow from below, pupil, reflections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from animelayers.artist.curves import Curve, Points, ellipse, path, ribbon, spline, turned
from animelayers.artist.drawing import Colour, Fragment, Mark, Material, Plane, Shade
from animelayers.artist.motifs import heart, star
from animelayers.artist.orbit import Eye
from animelayers.artist.palette import WHITE, mix, oklch, to_oklch


@dataclass(frozen=True, slots=True)
class Tones:
    """What one colour of eyes is painted with."""

    rim: Colour
    deep: Colour
    """Under the lid."""
    body: Colour
    glow: Colour
    """Where light leaves the eye, below."""
    bright: Colour


@dataclass(frozen=True, slots=True, eq=False)
class Disc:
    """An iris in place. Its frame: the rim at distance 1; x runs to the character's left in both eyes."""

    eye: Eye
    middle: tuple[float, float]
    axes: tuple[float, float]

    def at(self, points: Points) -> Curve:
        """The iris's frame → the drawing."""
        return self.eye.at(np.asarray(points, np.float64) * (self.eye.sign, 1) * self.axes + self.middle)

    def oval(self, size: float = 1.0) -> Curve:
        """The rim's own outline, smaller."""
        t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        bow = 2 / self.eye.shape.boxy
        x, y = (np.sign(c) * np.abs(c) ** bow for c in (np.cos(t), np.sin(t)))
        return self.at(size * np.stack([x, y], axis=1))

    def spot(self, x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> Curve:
        """An ellipse on it."""
        return self.at(ellipse(x, y, rx, ry, turn=turn, steps=24))

    def lit(self) -> Disc:
        """The disc moved down to where a lowered lid leaves room for reflections."""
        (x, y), (_, ry) = self.middle, self.axes
        lid = float(np.interp(x, *self.eye.upper.T))
        return Disc(self.eye, (x, y + 0.6 * max(lid - (y - 0.7 * ry), 0.0)), self.axes)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """One place."""
        px, py = self.at([(x, y)])[0]
        return float(px), float(py)


def iris(one: Eye, colour: Colour) -> Fragment:
    """The whole iris, as it is behind the lids too; reflections are light, which no shadow dims."""
    disc, face, tones = _disc(one), one.subject.face, _tones(colour)
    lights = SPARKLES[face.sparkle](disc.lit())
    return Fragment(
        "irides",
        Plane.IRIS,
        (disc.oval(),),
        tones.rim,
        one.side,
        Material.EYE,
        outlined=False,
        casts=0.0,
        ground=Plane.FACE,
        marks=(Mark((disc.oval(0.9),), tones.body), *MANNERS[face.iris](disc, tones), *PUPILS[face.pupil](disc, tones)),
        shades=(Shade((one.lid_shadow(0.3),), 0.6), *(Shade((light,), -20.0, colour=WHITE) for light in lights)),
    )


def _tones(colour: Colour) -> Tones:
    lightness, chroma, hue = to_oklch(colour)
    toward = 1 if 20 < hue < 200 else -1  # light turns warm irides to yellow and blue ones to cyan
    return Tones(
        rim=oklch(0.38 * lightness + 0.05, 0.7 * chroma, hue - 8 * toward),
        deep=oklch(0.62 * lightness, 0.95 * chroma, hue - 12 * toward),
        body=oklch(lightness + 0.03, chroma, hue),
        glow=oklch(min(lightness + 0.2, 0.9), 1.05 * chroma, hue + 16 * toward),
        bright=oklch(min(lightness + 0.34, 0.95), 0.7 * chroma, hue + 24 * toward),
    )


def _disc(one: Eye) -> Disc:
    face, shape, (w, h) = one.subject.face, one.shape, one.subject.face.eye
    rx, ry, low = shape.iris
    gx, gy = face.gaze
    return Disc(one, (0.2 * gx * one.sign, low + 0.12 * gy), (face.pinch * rx * h / w, face.pinch * ry))


def _depth(disc: Disc, tones: Tones, alpha: float = 0.95) -> Mark:
    """Dark under the lid, fading downwards."""
    return Mark((disc.oval(0.9),), tones.deep, alpha, fade=(disc.point(0, -0.65), disc.point(0, 0.45)))


def _crescent(low: float, high: float) -> Curve:
    """Along the lower rim, between two distances from the middle."""
    t = np.linspace(0.12 * np.pi, 0.88 * np.pi, 16)
    ring = np.stack([np.cos(t), np.sin(t)], axis=1)
    thin = low + (high - low) * (1 - np.sin(t)[:, None] ** 1.5)
    return np.concatenate([ring * high, (ring * thin)[::-1]])


def _glow(disc: Disc, tones: Tones) -> tuple[Mark, ...]:
    return (
        _depth(disc, tones),
        Mark((disc.spot(0, 0.58, 0.6, 0.36),), tones.glow, 0.9, blur=0.011),
        Mark((disc.at(_crescent(0.66, 0.84)),), tones.bright, 0.75, blur=0.003),
    )


def _dark_half(rise: float = 0.0) -> Curve:
    """The upper half with a bowed lower edge."""
    t = np.linspace(np.pi, 2 * np.pi, 20)
    top = 0.9 * np.stack([np.cos(t), np.sin(t)], axis=1)
    return np.concatenate(
        [top, spline([(0.9, 0.0), (0.5, 0.22 - rise), (0, 0.3 - rise), (-0.5, 0.22 - rise), (-0.9, 0.0)])]
    )


def _cel(disc: Disc, tones: Tones) -> tuple[Mark, ...]:
    return (
        Mark((disc.at(_dark_half()),), tones.deep),
        Mark((disc.at(_crescent(0.58, 0.86)),), tones.glow),
    )


def _gem(disc: Disc, tones: Tones) -> tuple[Mark, ...]:
    rays = []
    for angle in np.linspace(0.12, 0.88, 7) * np.pi:
        ray = np.array([(0.42, -0.02), (0.84, -0.07), (0.84, 0.07), (0.42, 0.02)])
        rays.append(disc.at(turned(ray, float(angle))))
    return (
        _depth(disc, tones, 1.0),
        Mark((disc.spot(0, 0.5, 0.62, 0.42),), tones.glow, 0.55, blur=0.01),
        Mark(tuple(rays), tones.bright, 0.5, blur=0.0015),
        Mark((disc.spot(0.0, 0.68, 0.3, 0.14),), tones.bright, 0.85, blur=0.004),
    )


def _hatched(disc: Disc, tones: Tones) -> tuple[Mark, ...]:
    lines = []
    for k in np.linspace(-0.9, 0.7, 7):
        spine = spline([(k + 0.42, -0.5), (k - 0.1, 0.12)])
        lines.append(disc.at(ribbon(spine, 0.035 * np.sin(np.linspace(0.4, np.pi, len(spine))))))
    return (
        _depth(disc, tones),
        Mark(tuple(lines), tones.rim, 0.6),
        Mark((disc.at(_crescent(0.5, 0.86)),), tones.glow, 0.85, blur=0.002),
    )


def _plain(disc: Disc, tones: Tones) -> tuple[Mark, ...]:
    return (_depth(disc, tones), Mark((disc.at(_crescent(0.62, 0.88)),), tones.glow, 0.6, blur=0.004))


def _rings(disc: Disc, tones: Tones) -> tuple[Mark, ...]:
    return (
        Mark((disc.spot(0, 0, 0.74, 0.76),), tones.glow, 0.8),
        Mark((disc.spot(0, 0, 0.6, 0.62),), tones.body),
        _depth(disc, tones),
        Mark((disc.spot(0, 0.62, 0.4, 0.2),), tones.bright, 0.7, blur=0.006),
    )


MANNERS: dict[str, Callable[[Disc, Tones], tuple[Mark, ...]]] = {
    "glow": _glow,
    "cel": _cel,
    "gem": _gem,
    "hatched": _hatched,
    "plain": _plain,
    "rings": _rings,
}
"""Ways to paint the body of an iris."""


def _round(disc: Disc, tones: Tones) -> tuple[Mark, ...]:
    return (Mark((disc.spot(0, -0.04, 0.36, 0.38),), mix(tones.rim, (10, 5, 12), 0.45), 0.95, blur=0.0015),)


def _ring(disc: Disc, tones: Tones) -> tuple[Mark, ...]:
    return (Mark((disc.spot(0, -0.02, 0.42, 0.44),), tones.glow, 0.8), *_round(disc, tones))


def _slit(disc: Disc, tones: Tones) -> tuple[Mark, ...]:
    lens = path([(0, -0.72), (0.13, 0.0), (0, 0.72)], [(0, 0.72), (-0.13, 0.0), (0, -0.72)])
    return (Mark((disc.at(lens),), mix(tones.rim, (10, 5, 12), 0.5)),)


def _star(disc: Disc, tones: Tones) -> tuple[Mark, ...]:
    return (Mark((disc.at(star() * 0.46),), mix(tones.bright, (255, 235, 150), 0.5)),)


def _heart(disc: Disc, tones: Tones) -> tuple[Mark, ...]:
    return (Mark((disc.at(heart() * 0.42),), mix(tones.bright, (255, 120, 160), 0.7)),)


def _no_pupil(disc: Disc, tones: Tones) -> tuple[Mark, ...]:
    return (Mark((disc.spot(0, -0.1, 0.5, 0.5),), tones.deep, 0.6, blur=0.01),)


PUPILS: dict[str, Callable[[Disc, Tones], tuple[Mark, ...]]] = {
    "round": _round,
    "ring": _ring,
    "slit": _slit,
    "star": _star,
    "heart": _heart,
    "none": _no_pupil,
}


def _window(disc: Disc) -> tuple[Curve, ...]:
    pane = spline([(-0.56, -0.6), (-0.1, -0.66), (-0.08, -0.2), (-0.5, -0.12)], closed=True)
    return disc.at(pane), disc.spot(0.44, 0.46, 0.1, 0.09)


SPARKLES: dict[str, Callable[[Disc], tuple[Curve, ...]]] = {
    "pair": lambda disc: (disc.spot(-0.34, -0.4, 0.27, 0.25, -0.5), disc.spot(0.4, 0.44, 0.14, 0.12)),
    "single": lambda disc: (disc.spot(-0.3, -0.38, 0.29, 0.28),),
    "window": _window,
    "trio": lambda disc: (
        disc.spot(-0.36, -0.4, 0.24, 0.29, 0.3),
        disc.spot(-0.5, 0.12, 0.1, 0.1),
        disc.spot(0.42, 0.4, 0.15, 0.13),
    ),
    "dew": lambda disc: (disc.spot(0.02, -0.5, 0.17, 0.2), disc.spot(0.0, 0.62, 0.09, 0.1)),
    "side": lambda disc: (
        disc.spot(-0.1, -0.5, 0.2, 0.24),
        disc.spot(-0.7, 0.12, 0.24, 0.1),
        disc.spot(0.5, 0.5, 0.08, 0.07),
    ),
}
"""Reflections, all on the side of the light in both eyes."""
