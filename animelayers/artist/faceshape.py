"""The outline of the bare head: how cheeks, jaw and chin run, and what a turned head shows of them."""

from __future__ import annotations

import numpy as np

from animelayers.artist.curves import Curve, spline
from animelayers.artist.subject import Subject

LEVELS = (0.487, 0.45, 0.365, 0.25, 0.11, -0.05, -0.26, -0.41)
"""`v` of the chin's side, lower jaw, jaw, cheek, eye, brow, forehead and skull."""

SHAPES = {
    "round": (0.085, 0.158, 0.256, 0.328, 0.35, 0.364, 0.35, 0.22),
    "soft": (0.05, 0.13, 0.243, 0.314, 0.338, 0.356, 0.345, 0.215),
    "oval": (0.066, 0.138, 0.236, 0.306, 0.33, 0.35, 0.345, 0.215),
    "v": (0.036, 0.103, 0.21, 0.3, 0.332, 0.35, 0.345, 0.215),
    "mature": (0.058, 0.12, 0.212, 0.284, 0.31, 0.336, 0.335, 0.21),
    "jaw": (0.08, 0.147, 0.24, 0.289, 0.308, 0.334, 0.338, 0.21),
    "chibi": (0.118, 0.2, 0.305, 0.36, 0.367, 0.374, 0.355, 0.225),
}
"""Half breadths at `LEVELS`."""

POINTED = ("soft", "v")
"""Chins that come to a point."""

FAR = (0.1, 0.068, 0.026, 0.008, -0.028, -0.012, -0.014, -0.012)
NEAR = (0.125, 0.122, 0.108, 0.075, 0.052, 0.006, -0.04, -0.035)
"""How far the two sides move towards where the head turns to, at yaw 0.7: the far brow, cheek and chin stand out from
the hollow of the eye, the near jaw runs up to the ear."""

MOST = 0.7
"""The yaw that `FAR` and `NEAR` are drawn for."""


def contour(subject: Subject) -> Curve:
    """The closed outline in the head's silhouette frame, from the chin up its right side and down its left."""
    head = subject.figure.head
    share, sign = abs(head.yaw) / MOST, 1 if head.yaw >= 0 else -1
    half = np.asarray(SHAPES[subject.face.shape])
    far = np.stack([half + share * np.asarray(FAR), LEVELS], axis=1)
    near = np.stack([-half + share * np.asarray(NEAR), LEVELS], axis=1)
    tuck = head.pitch * np.array([1, 1, 0.8, 0.3, 0, 0, 0, 0]) * (0.05 if head.pitch < 0 else 0.025)
    for side in (far, near):
        side[:, 1] -= tuck
    chin = [(0.115 * share, 0.5 - tuck[0])]
    ring = np.array([*near, (-0.02 * share, -0.462), *far[::-1]])
    if subject.face.shape in POINTED:
        outline = spline(np.concatenate([chin, ring, chin]))[:-1]
    else:
        outline = spline(np.concatenate([chin, ring]), closed=True)
    return outline * (sign, 1) if sign > 0 else (outline * (sign, 1))[::-1]


def outline(subject: Subject) -> Curve:
    """The closed outline in the drawing."""
    return subject.figure.head.place(contour(subject))


def within(edge: Curve, points: Curve, margin: float) -> Curve:
    """Points moved sideways to where they are at least `margin` inside a contour; both in the silhouette frame."""
    middle = edge[:, 0].mean()
    low, high = edge[edge[:, 0] < middle], edge[edge[:, 0] >= middle]
    left, right = (side[np.argsort(side[:, 1], kind="stable")] for side in (low, high))
    least = np.interp(points[:, 1], left[:, 1], left[:, 0]) + margin
    most = np.interp(points[:, 1], right[:, 1], right[:, 0]) - margin
    return np.stack([np.clip(points[:, 0], least, np.maximum(most, least)), points[:, 1]], axis=1)
