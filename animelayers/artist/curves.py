"""Curves and the outlines made of them, as dense polylines float [n, 2] of `(x, y)`, y down, in head heights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Curve = npt.NDArray[np.float64]
"""float [n, 2], `(x, y)`."""

Point = tuple[float, float]

Points = Curve | Sequence[tuple[float, float]]

STEPS = 10
"""Samples between two given points: the chord of a quarter circle is then off by 0.3 % of its radius."""


def spline(points: Points, *, closed: bool = False, steps: int = STEPS) -> Curve:
    """A smooth curve through the points: cubic Hermite with Bessel tangents on chord lengths (de Boor 1978, ch. IV)."""
    p: Curve = np.asarray(points, np.float64)
    if closed:
        p = np.concatenate([p[-2:], p, p[:2]]) if len(p) > 2 else np.concatenate([p, p[:1]])
    if len(p) == 2:
        return np.asarray(p[0] + (p[1] - p[0]) * np.linspace(0, 1, steps + 1)[:, None])
    step = np.diff(p, axis=0)
    h = np.maximum(np.hypot(step[:, 0], step[:, 1]), 1e-9)[:, None]
    slope = step / h
    tangent = np.empty_like(p)
    tangent[1:-1] = (slope[:-1] * h[1:] + slope[1:] * h[:-1]) / (h[:-1] + h[1:])
    tangent[0], tangent[-1] = 1.5 * slope[0] - 0.5 * tangent[1], 1.5 * slope[-1] - 0.5 * tangent[-2]
    t = (np.arange(steps) / steps)[None, :, None]
    a, b, ma, mb = p[:-1, None], p[1:, None], (tangent[:-1] * h)[:, None], (tangent[1:] * h)[:, None]
    t2, t3 = t * t, t * t * t
    dense = (2 * t3 - 3 * t2 + 1) * a + (t3 - 2 * t2 + t) * ma + (3 * t2 - 2 * t3) * b + (t3 - t2) * mb
    if closed:
        return dense[2:-1].reshape(-1, 2)
    return np.concatenate([dense.reshape(-1, 2), p[-1:]])


def path(*pieces: Points) -> Curve:
    """One outline of several curves end to end; where two meet is a corner. Pieces of two points stay straight."""
    curves = [np.asarray(piece, np.float64) if len(piece) == 2 else spline(piece) for piece in pieces]
    return distinct(np.concatenate(curves))


def distinct(curve: Curve) -> Curve:
    """A closed curve without points that repeat the one before them."""
    step = curve - np.roll(curve, 1, axis=0)
    return np.asarray(curve[np.abs(step).max(axis=1) > 1e-9])


def closed(outline: Curve) -> Curve:
    """An outline as a line that ends where it began."""
    return np.concatenate([outline, outline[:1]])


def ellipse(x: float, y: float, rx: float, ry: float, *, turn: float = 0.0, steps: int = 40) -> Curve:
    """A closed ellipse, turned clockwise by `turn` radians."""
    t = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    return np.asarray(turned(np.stack([rx * np.cos(t), ry * np.sin(t)], axis=1), turn) + (x, y))


def arc(x: float, y: float, rx: float, ry: float, start: float, stop: float, *, steps: int = 20) -> Curve:
    """Part of an ellipse from angle `start` to `stop`, radians clockwise from the right."""
    t = np.linspace(start, stop, steps)
    return np.stack([x + rx * np.cos(t), y + ry * np.sin(t)], axis=1)


def turned(points: Points, angle: float, about: tuple[float, float] = (0.0, 0.0)) -> Curve:
    """Turned clockwise by `angle` radians."""
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray((np.asarray(points, np.float64) - about) @ np.array([[c, s], [-s, c]]) + about)


def mirrored(points: Points, x: float = 0.0) -> Curve:
    """Reflected at the vertical line through `x`."""
    p = np.array(points, np.float64)
    p[:, 0] = 2 * x - p[:, 0]
    return p


def directions(curve: Curve) -> Curve:
    """Unit tangents, float [n, 2]."""
    d = np.empty_like(curve)
    d[1:-1] = curve[2:] - curve[:-2]
    d[0], d[-1] = curve[1] - curve[0], curve[-1] - curve[-2]
    return d / np.maximum(np.hypot(d[:, 0], d[:, 1]), 1e-12)[:, None]


def normals(curve: Curve) -> Curve:
    """Unit normals, to the left of the way the curve runs (y down)."""
    d = directions(curve)
    return np.stack([d[:, 1], -d[:, 0]], axis=1)


def positions(curve: Curve) -> npt.NDArray[np.float64]:
    """Where each point lies along the curve, 0..1 by length."""
    d = np.diff(curve, axis=0)
    s = np.concatenate([[0.0], np.cumsum(np.hypot(d[:, 0], d[:, 1]))])
    return np.asarray(s / max(s[-1], 1e-12))


def length(curve: Curve) -> float:
    """Of the curve, head heights."""
    d = np.diff(curve, axis=0)
    return float(np.hypot(d[:, 0], d[:, 1]).sum())


def along(curve: Curve, t: float | Sequence[float] | npt.NDArray[np.float64]) -> Curve:
    """The point(s) at share(s) `t` of the length, float [2] or [m, 2]."""
    s = positions(curve)
    return np.stack([np.interp(t, s, curve[:, 0]), np.interp(t, s, curve[:, 1])], axis=-1)


def cut(curve: Curve, start: float, stop: float) -> Curve:
    """The piece between two shares of the length; runs backwards if `start > stop`."""
    low, high = min(start, stop), max(start, stop)
    s = positions(curve)
    inside = curve[(s > low) & (s < high)]
    piece = np.concatenate([along(curve, low)[None], inside, along(curve, high)[None]])
    return piece if start <= stop else piece[::-1]


def profile(shares: Sequence[float], values: Sequence[float], at: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Values between given ones, eased (smoothstep), at shares `at`."""
    s = np.asarray(shares)
    k = np.clip(np.searchsorted(s, at, side="right") - 1, 0, len(s) - 2)
    t = np.clip((at - s[k]) / np.maximum(s[k + 1] - s[k], 1e-9), 0, 1)
    v = np.asarray(values, np.float64)
    return np.asarray(v[k] + (v[k + 1] - v[k]) * t * t * (3 - 2 * t))


def sides(spine: Curve, radius: npt.NDArray[np.float64] | float) -> tuple[Curve, Curve]:
    """The two edges of a ribbon around `spine`, left and right of the way it runs; `radius` in head heights, [n]."""
    offset = normals(spine) * (np.asarray(radius, np.float64)[:, None] if np.ndim(radius) else radius)
    return spine + offset, spine - offset


def ribbon(spine: Curve, radius: npt.NDArray[np.float64] | float) -> Curve:
    """The closed outline of a ribbon: down its left edge and back up the right."""
    left, right = sides(spine, radius)
    return np.concatenate([left, right[::-1]])


def corners(curve: Curve, angle: float = 0.9) -> list[int]:
    """Indices of the points of a closed curve where its direction turns by more than `angle` radians."""
    d = np.roll(curve, -1, axis=0) - curve
    d = d / np.maximum(np.hypot(d[:, 0], d[:, 1]), 1e-12)[:, None]
    cosine = (d * np.roll(d, 1, axis=0)).sum(axis=1)
    return [int(i) for i in np.flatnonzero(cosine < np.cos(angle))]


def hull(points: Points) -> Curve:
    """The convex outline around points, clockwise as seen (Andrew's monotone chain)."""
    p = sorted({(float(x), float(y)) for x, y in np.asarray(points).tolist()})

    def chain(ordered: list[tuple[float, float]]) -> list[tuple[float, float]]:
        out: list[tuple[float, float]] = []
        for x, y in ordered:
            while len(out) > 1:
                (ax, ay), (bx, by) = out[-2:]
                if (bx - ax) * (y - ay) > (by - ay) * (x - ax):
                    break
                out.pop()
            out.append((x, y))
        return out[:-1]

    return np.array(chain(p) + chain(p[::-1]))


def same_way(outline: Curve) -> Curve:
    """A closed outline run clockwise, whichever way it came: overlapping ones then make one area without holes."""
    x, y = outline.T
    return outline if float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) >= 0 else outline[::-1]
