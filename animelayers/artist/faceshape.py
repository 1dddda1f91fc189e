"""The outline of the bare head: how cheeks, jaw and chin run, and what a turned head shows of them."""

from __future__ import annotations

import numpy as np

from animelayers.artist.curves import Curve, spline
from animelayers.artist.subject import Subject

LEVELS = (0.5, 0.485, 0.45, 0.365, 0.25, 0.11, -0.05, -0.26, -0.41)
"""`v` of chin, chin's side, lower jaw, jaw, cheek, eye, brow, forehead and skull."""

SHAPES = {
    "round": (0.06, 0.1, 0.172, 0.272, 0.337, 0.352, 0.366, 0.35, 0.22),
    "soft": (0.0, 0.055, 0.14, 0.252, 0.318, 0.34, 0.358, 0.345, 0.215),
    "oval": (0.03, 0.075, 0.148, 0.246, 0.31, 0.332, 0.352, 0.345, 0.215),
    "v": (0.0, 0.038, 0.105, 0.212, 0.302, 0.334, 0.352, 0.345, 0.215),
    "mature": (0.028, 0.062, 0.126, 0.22, 0.287, 0.312, 0.338, 0.335, 0.21),
    "jaw": (0.05, 0.088, 0.155, 0.246, 0.298, 0.318, 0.342, 0.34, 0.21),
    "chibi": (0.09, 0.14, 0.215, 0.312, 0.362, 0.368, 0.376, 0.355, 0.225),
}
"""Half breadths at `LEVELS`; a chin of breadth 0 comes to a point."""

FAR = (0.115, 0.11, 0.088, 0.048, 0.016, -0.03, -0.012, -0.014, -0.012)
NEAR = (0.125, 0.125, 0.125, 0.11, 0.075, 0.052, 0.006, -0.04, -0.035)
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
    lift = 0.05 * head.pitch * np.array([1, 1, 1, 0.8, 0.3, 0, 0, 0, 0])
    for side in (far, near):
        side[:, 1] -= lift * (1 if head.pitch < 0 else 0.5)
    pointed = half[0] == 0
    chin = [] if pointed else [near[0]]
    ring = np.array([*chin, *near[1:], (-0.02 * share, -0.462), *far[:0:-1], far[0]])
    outline = spline(ring, closed=True) if not pointed else spline([far[0], *ring])
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
