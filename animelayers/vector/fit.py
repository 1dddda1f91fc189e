"""Closed polylines → few cubic Bézier curves, within an error bound; all segments of a picture at once.

After Schneider, "An Algorithm for Automatically Fitting Digitized Curves" (Graphics Gems, 1990): least squares for the
two handle lengths on given end tangents, Newton steps on the parameters, a split where the error is largest. Here every
round is done for all segments together (sums by segment), corners are found first, ends at corners take their tangents
from the free least-squares solution, and neighbours that one curve can replace are joined again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from animelayers.vector.contours import Polyline

Floats = npt.NDArray[np.float64]
Points = npt.NDArray[np.complex128]
"""x + iy: one number a point, so that sums, lengths and directions are one operation."""
Values = TypeVar("Values", Floats, Points)
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

STEP = 0.5
"""Px between the samples of a contour."""

REACH = 4
"""Samples on either side of a point that say how sharply the contour turns there."""

TURN = np.deg2rad(52)
"""A sharper turn within `REACH` is a corner; anti-aliasing rounds a right angle to no less than this."""

SHARPER = 1.2
"""Px by which a corner may move out to where its sides meet."""

LEAN = 3
"""Samples on either side that say which way a smooth contour goes."""

NEWTON = 3
"""Corrections of the parameters of one fit."""

JOINS = 2
"""Rounds in which neighbours are joined."""


def fit_curves(lines: Sequence[Polyline], slack: Sequence[Floats] | None = None, *, bound: float = 0.3) -> list[Floats]:
    """Closed polylines as closed splines.

    Args:
        lines: float64 [n, 2], px.
        slack: for every point of every line by how much the bound is wider there (≥ 1); None is 1 everywhere.
        bound: px by which a sample may be off its curve.

    Returns:
        For every line float64 [m, 4, 2], cubic Béziers end to end; [0, 4, 2] for a line without area.
    """
    samples = _Samples.of(lines, slack)
    pieces = _first_pieces(samples)
    done: list[_Pieces] = []
    while len(pieces):
        fitted = _fit(samples, pieces)
        good = (fitted.error <= bound) | (pieces.length <= 3)
        done.append(fitted.kept(good))
        pieces = _split(fitted.kept(~good))
    fitted = _Pieces.joined(done).in_order()
    for turn in range(2 * JOINS):
        fitted = _join(samples, fitted, bound, parity=turn % 2)
    bounds = np.searchsorted(fitted.owner, np.arange(len(lines) + 1))
    curves = np.stack([fitted.curves.real, fitted.curves.imag], axis=2)
    return [curves[a:b] for a, b in pairwise(bounds)]


@dataclass(frozen=True, slots=True)
class _Samples:
    """All contours, sampled every `STEP` px, end to end."""

    points: Points
    """complex [n]"""
    slack: Floats
    """float64 [n]"""
    first: Ints
    """int64 [lines]: where each line begins."""
    count: Ints
    """int64 [lines]: how many samples it has; 0 where it has no extent."""
    owner: Ints
    """int64 [n]: the line of each sample."""
    corner: Bools
    tangent: Points
    """complex [n]: unit, along the line; of no use at corners."""

    @classmethod
    def of(cls, lines: Sequence[Polyline], slack: Sequence[Floats] | None) -> _Samples:
        points, loose, count = _resampled(lines, slack)
        first = np.cumsum(count) - count
        owner = np.repeat(np.arange(len(count)), count)
        bare = cls(points, loose, first, count, owner, np.zeros(len(points), bool), np.zeros_like(points))
        every = np.arange(len(points))
        # Half the way round a small contour is as far as one can look.
        reach, lean = (np.clip(count[owner] // 4, 1, most) for most in (REACH, LEAN))
        before = points - points[bare.at(owner, every - first[owner] - reach)]
        after = points[bare.at(owner, every - first[owner] + reach)] - points
        turn = np.abs(np.angle(after * before.conj()))
        ahead, behind = (points[bare.at(owner, every - first[owner] + way)] for way in (lean, -lean))
        corner = turn > TURN
        for step in range(1, REACH):
            for way in (step, -step):
                other = turn[bare.at(owner, every - first[owner] + way)]
                corner &= (turn > other) | ((turn == other) & (way > 0))
        corner &= count[owner] >= 4 * REACH
        tangent = _unit(ahead - behind)
        bare.sharpen(np.flatnonzero(corner))
        return cls(points, loose, first, count, owner, corner, tangent)

    def sharpen(self, corners: Ints) -> None:
        """Move corners to where their sides would meet: anti-aliasing has cut them off, and the samples beside them."""
        owner = self.owner[corners]
        place = corners - self.first[owner]
        near, far = ([self.points[self.at(owner, place + way * step)] for way in (-1, 1)] for step in (2, REACH))
        a, b = (_unit(one - other) for one, other in zip(near, far, strict=True))
        lean = a.real * b.imag - a.imag * b.real
        gap = near[1] - near[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            tip = near[0] + a * (gap.real * b.imag - gap.imag * b.real) / lean
        good = np.abs(tip - self.points[corners]) < SHARPER
        self.points[corners[good]] = tip[good]
        for way in (-1, 1):
            self.slack[self.at(owner, place + way)] *= 2

    def at(self, owner: Ints, place: Ints) -> Ints:
        """Indices of places on lines, counted round and round."""
        return self.first[owner] + place % self.count[owner]


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Stretches of lines; with their curves, once they are fitted."""

    owner: Ints
    start: Ints
    """Place of the first sample on its line."""
    length: Ints
    """Steps to the last one."""
    curves: Points
    """complex [n, 4]"""
    error: Floats
    """Largest distance from a sample, px over slack."""
    worst: Ints
    """Steps to the sample that is off most."""

    @classmethod
    def bare(cls, owner: Ints, start: Ints, length: Ints) -> _Pieces:
        n = len(owner)
        return cls(owner, start, length, np.zeros((n, 4), complex), np.zeros(n), np.zeros(n, np.int64))

    @classmethod
    def joined(cls, several: Sequence[_Pieces]) -> _Pieces:
        if not several:
            return cls.bare(*np.zeros((3, 0), np.int64))
        return cls(*(np.concatenate([getattr(one, name) for one in several]) for name in cls.__slots__))

    def __len__(self) -> int:
        return len(self.owner)

    def kept(self, which: Bools | Ints) -> _Pieces:
        return _Pieces(*(getattr(self, name)[which] for name in self.__slots__))

    def in_order(self) -> _Pieces:
        return self.kept(np.lexsort((self.start, self.owner)))


def _resampled(lines: Sequence[Polyline], slack: Sequence[Floats] | None) -> tuple[Points, Floats, Ints]:
    """Points, slack and number of samples of every line."""
    loops = [np.concatenate([line, line[:1]]) for line in lines]
    if not loops:
        return np.zeros(0, complex), np.zeros(0), np.zeros(0, np.int64)
    whole = np.concatenate(loops)
    ends = np.cumsum([len(loop) for loop in loops])
    step = np.hypot(*np.diff(whole, axis=0, prepend=whole[:1]).T)
    step[ends[:-1]] = 0
    along = np.cumsum(step)
    begin = np.concatenate([[0.0], along[ends[:-1]]]) if len(ends) > 1 else np.zeros(1)
    extent = along[ends - 1] - begin
    count = np.where(extent > 1e-6, np.maximum(8, np.rint(extent / STEP)), 0).astype(np.int64)
    owner = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    s = begin[owner] + place * extent[owner] / count[owner]
    # Lines lie end to end on one axis; where one ends another begins, and of equal places the last one counts.
    x, y = (np.interp(s, along, whole[:, axis]) for axis in (0, 1))
    loose = np.ones(len(s))
    if slack is not None:
        values = np.concatenate([np.concatenate([one, one[:1]]) for one in slack])
        loose = values[np.searchsorted(along, s, side="right") - 1]
    return x + 1j * y, loose, count


def _first_pieces(samples: _Samples) -> _Pieces:
    """From corner to corner; lines with fewer than two corners are cut into halves."""
    corners = np.bincount(samples.owner[samples.corner], minlength=len(samples.count))
    place = np.arange(len(samples.points)) - samples.first[samples.owner]
    cut = samples.corner.copy()
    bare = np.flatnonzero((corners == 0) & (samples.count > 0))
    cut[samples.first[bare]] = True
    for line in (bare, np.flatnonzero(corners == 1)):
        at = samples.at(line, _first_cut(cut, samples)[line] + samples.count[line] // 2)
        cut[at] = True
    at = np.flatnonzero(cut)
    owner, start = samples.owner[at], place[at]
    last = np.r_[owner[1:] != owner[:-1], True] if len(at) else np.zeros(0, bool)
    following = np.roll(start, -1)
    begin = np.zeros(len(samples.count), np.int64)
    begin[owner[::-1]] = start[::-1]
    following[last] = (begin + samples.count)[owner[last]]
    return _Pieces.bare(owner, start, following - start)


def _first_cut(cut: Bools, samples: _Samples) -> Ints:
    """Place of the first cut of every line; 0 where there is none."""
    at = np.flatnonzero(cut)[::-1]
    out = np.zeros(len(samples.count), np.int64)
    out[samples.owner[at]] = at - samples.first[samples.owner[at]]
    return out


def _fit(samples: _Samples, pieces: _Pieces) -> _Pieces:
    """One cubic for every piece."""
    size = pieces.length + 1
    begin = np.cumsum(size) - size
    piece = np.repeat(np.arange(len(pieces)), size)
    place = np.arange(len(piece)) - begin[piece]
    at = samples.at(pieces.owner[piece], pieces.start[piece] + place)
    points, slack = samples.points[at], samples.slack[at]
    ends = _Ends.of(samples, pieces)
    u = place / pieces.length[piece]
    curves = _least_squares(points, u, begin, piece, ends)
    for _ in range(NEWTON):
        u = _newton(curves, piece, points, u)
        curves = _least_squares(points, u, begin, piece, ends)
    off = np.abs(_value(curves, piece, u) - points) / slack
    error = np.maximum.reduceat(off, begin)
    worst = np.minimum.reduceat(np.where(off == error[piece], place, len(place)), begin)
    return _Pieces(pieces.owner, pieces.start, pieces.length, curves, error, worst)


@dataclass(frozen=True, slots=True)
class _Ends:
    """Where pieces end and in which unit directions they leave there, complex [n, 2]; which ends are corners."""

    points: Points
    way: Points
    corner: Bools
    """bool [n, 2]"""
    reach: Floats
    """Px [n]: the way from one end to the other."""

    @classmethod
    def of(cls, samples: _Samples, pieces: _Pieces) -> _Ends:
        owner, near = pieces.owner, np.minimum(LEAN, pieces.length)
        at = np.stack([samples.at(owner, pieces.start), samples.at(owner, pieces.start + pieces.length)], axis=1)
        inner = np.stack(
            [samples.at(owner, pieces.start + near), samples.at(owner, pieces.start + pieces.length - near)], axis=1
        )
        points, corner = samples.points[at], samples.corner[at]
        way = np.where(corner, _unit(samples.points[inner] - points), samples.tangent[at] * (1, -1))
        return cls(points, way, corner, np.asarray(STEP * pieces.length, np.float64))


def _least_squares(points: Points, u: Floats, begin: Ints, piece: Ints, ends: _Ends) -> Points:
    """The cubics, complex [n, 4], closest to their points at the parameters `u`, with given ends and directions."""
    v = 1 - u
    b1, b2 = 3 * u * v * v, 3 * u * u * v
    p0, p3 = ends.points.T
    rest = points - (v * v * v) * p0[piece] - (u * u * u) * p3[piece]
    s11, s12, s22 = (np.add.reduceat(term, begin) for term in (b1 * b1, b1 * b2, b2 * b2))
    q1, q2 = np.add.reduceat(b1 * rest, begin), np.add.reduceat(b2 * rest, begin)
    # Free handles say how a curve leaves a corner; nothing better is known there.
    free = np.stack(_solved(s11, s12, s22, q1, q2), axis=1)
    found = _unit(np.nan_to_num(free, posinf=0, neginf=0) - ends.points)
    t0, t1 = np.where(ends.corner & (_dot(ends.way, found) > 0.5), found, ends.way).T
    # On their directions only the lengths are unknown.
    r0 = _dot(t0, q1 - s11 * p0 - s12 * p3)
    r1 = _dot(t1, q2 - s12 * p0 - s22 * p3)
    a, b = _solved(s11, _dot(t0, t1) * s12, s22, r0, r1)
    chord = np.abs(p3 - p0)
    # A handle longer than the curve makes a loop.
    tame = (np.minimum(a, b) > 0.02 * chord) & (np.maximum(a, b) < ends.reach)
    a, b = np.where(tame, a, chord / 3), np.where(tame, b, chord / 3)
    return np.stack([p0, p0 + a * t0, p3 + b * t1, p3], axis=1)


def _solved(a: Floats, b: Floats, c: Floats, p: Values, q: Values) -> tuple[Values, Values]:
    """Of [[a, b], [b, c]] [x, y] = [p, q], for every row; rows without an answer give NaN or infinity."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 1 / (a * c - b * b)
        return (c * p - b * q) * scale, (a * q - b * p) * scale


def _value(curves: Points, piece: Ints, u: Floats) -> Points:
    """Points of curves at parameters."""
    c0, c1, c2, c3 = _powers(curves, piece)
    return np.asarray(((c3 * u + c2) * u + c1) * u + c0)


def _powers(curves: Points, piece: Ints) -> list[Points]:
    """Coefficients of 1, u, u², u³ of the curve of every point."""
    p0, p1, p2, p3 = curves.T
    return [c[piece] for c in (p0, 3 * (p1 - p0), 3 * (p2 - 2 * p1 + p0), p3 - p0 + 3 * (p1 - p2))]


def _newton(curves: Points, piece: Ints, points: Points, u: Floats) -> Floats:
    """Parameters one Newton step closer to where each curve is closest to its point."""
    c0, c1, c2, c3 = _powers(curves, piece)
    off = ((c3 * u + c2) * u + c1) * u + c0 - points
    first = (3 * c3 * u + 2 * c2) * u + c1
    slope = _dot(first, first) + _dot(off, 6 * c3 * u + 2 * c2)
    step = _dot(off, first) / np.where(np.abs(slope) < 1e-9, np.inf, slope)
    return np.asarray(np.clip(u - np.clip(step, -0.2, 0.2), 0, 1))


def _split(pieces: _Pieces) -> _Pieces:
    """Each piece as two, parted where it is off most, but not next to an end."""
    margin = np.minimum(3, pieces.length // 2)
    at = np.clip(pieces.worst, margin, pieces.length - margin)
    owner = np.concatenate([pieces.owner, pieces.owner])
    start = np.concatenate([pieces.start, pieces.start + at])
    return _Pieces.bare(owner, start, np.concatenate([at, pieces.length - at]))


def _join(samples: _Samples, pieces: _Pieces, bound: float, *, parity: int) -> _Pieces:
    """Pairs of neighbours as one piece, where one curve does for both; every second joint of each line is tried."""
    if len(pieces) < 2:
        return pieces
    first = np.r_[True, pieces.owner[1:] != pieces.owner[:-1]]
    begin = np.maximum.accumulate(np.where(first, np.arange(len(pieces)), 0))
    number = np.arange(len(pieces)) - begin
    joint = samples.at(pieces.owner, pieces.start)
    # The joint before a piece; never the seam of a line, so a line keeps a piece.
    tried = np.flatnonzero(~first & (number % 2 == 1 - parity) & ~samples.corner[joint])
    number_of = np.bincount(pieces.owner, minlength=len(samples.count))
    tried = tried[(number_of[pieces.owner[tried]] > 2)]
    if not len(tried):
        return pieces
    left, right = pieces.kept(tried - 1), pieces.kept(tried)
    both = _fit(samples, _Pieces.bare(left.owner, left.start, left.length + right.length))
    good = both.error <= bound
    stays = np.ones(len(pieces), bool)
    stays[tried[good]] = stays[tried[good] - 1] = False
    return _Pieces.joined([pieces.kept(stays), both.kept(good)]).in_order()


def _dot(a: Points, b: Points) -> Floats:
    return np.asarray(a.real * b.real + a.imag * b.imag)


def _unit(vectors: Points) -> Points:
    return np.asarray(vectors / np.maximum(np.abs(vectors), 1e-12))
