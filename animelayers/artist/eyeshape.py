"""The schools of drawing an eye: how the lids run, how big the iris is, where lashes thicken."""

from __future__ import annotations

from dataclasses import dataclass

Pairs = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class EyeShape:
    """One school. Places are in half widths and half heights of the eye, x outwards from the nose, y down."""

    width: float
    height: float
    """Half of each, head heights."""
    level: float
    """`v` of the middle on a head of usual proportions."""
    upper: Pairs
    """The edge of the upper lid, from the inner to the outer corner."""
    lower: Pairs
    """The edge of the lower lid, back from the outer corner."""
    iris: tuple[float, float, float]
    """Half width and half height (both in half heights of the eye), and how far below the middle it lies."""
    wing: tuple[float, float]
    """The tip to which the upper lash runs on beyond the outer corner."""
    lash: float
    """Breadth of the upper lash at its thickest, head heights."""
    crease: float
    """Distance of the fold above the lash, half heights; 0 draws none."""
    boxy: float = 2.0
    """Exponent of the iris's outline: 2 is an ellipse, 3 nearly a rounded rectangle."""


EYES = {
    "soft": EyeShape(
        0.094,
        0.083,
        0.135,
        ((-1, 0.3), (-0.8, -0.35), (-0.32, -0.87), (0.25, -1), (0.74, -0.72), (1.0, -0.08)),
        ((1.0, -0.08), (0.86, 0.5), (0.42, 0.94), (-0.15, 1), (-0.66, 0.8), (-1, 0.3)),
        (0.76, 1.0, -0.03),
        (1.2, 0.0),
        0.027,
        0.36,
        2.25,
    ),
    "moe": EyeShape(
        0.093,
        0.102,
        0.15,
        ((-0.96, 0.28), (-0.86, -0.38), (-0.4, -0.9), (0.2, -1), (0.72, -0.76), (0.98, -0.2), (1.02, 0.22)),
        ((1.02, 0.22), (0.88, 0.66), (0.45, 0.96), (-0.12, 1), (-0.62, 0.86), (-0.96, 0.28)),
        (0.74, 1.04, -0.08),
        (1.16, 0.34),
        0.03,
        0.24,
        2.3,
    ),
    "sharp": EyeShape(
        0.098,
        0.05,
        0.11,
        ((-1, 0.55), (-0.72, -0.2), (-0.25, -0.76), (0.25, -0.98), (0.72, -0.86), (1.06, -0.42)),
        ((1.06, -0.42), (0.84, 0.3), (0.4, 0.85), (-0.15, 1), (-0.65, 0.9), (-1, 0.55)),
        (1.0, 1.2, -0.1),
        (1.34, -0.62),
        0.022,
        0.5,
    ),
    "tareme": EyeShape(
        0.094,
        0.082,
        0.14,
        ((-1, -0.05), (-0.8, -0.66), (-0.3, -1), (0.25, -0.94), (0.72, -0.5), (1.02, 0.36)),
        ((1.02, 0.36), (0.82, 0.8), (0.3, 1), (-0.3, 0.92), (-0.8, 0.55), (-1, -0.05)),
        (0.77, 1.0, 0.0),
        (1.2, 0.62),
        0.026,
        0.4,
        2.2,
    ),
    "tsurime": EyeShape(
        0.097,
        0.08,
        0.13,
        ((-1, 0.55), (-0.8, -0.08), (-0.35, -0.7), (0.2, -0.98), (0.7, -0.98), (1.06, -0.62)),
        ((1.06, -0.62), (0.98, 0.05), (0.62, 0.72), (0.05, 1), (-0.56, 0.92), (-1, 0.55)),
        (0.76, 1.0, -0.02),
        (1.3, -0.9),
        0.027,
        0.34,
        2.1,
    ),
    "chibi": EyeShape(
        0.074,
        0.108,
        0.165,
        ((-0.94, 0.05), (-0.84, -0.5), (-0.42, -0.93), (0.15, -1), (0.66, -0.8), (0.94, -0.3), (1.0, 0.1)),
        ((1.0, 0.1), (0.9, 0.56), (0.48, 0.96), (0, 1), (-0.5, 0.94), (-0.94, 0.05)),
        (0.64, 1.02, -0.1),
        (1.12, 0.24),
        0.03,
        0.0,
        2.15,
    ),
    "nineties": EyeShape(
        0.098,
        0.106,
        0.125,
        ((-0.94, 0.35), (-0.84, -0.3), (-0.4, -0.86), (0.2, -1), (0.76, -0.76), (1.08, -0.16)),
        ((1.08, -0.16), (0.9, 0.56), (0.5, 0.94), (-0.1, 1), (-0.6, 0.88), (-0.94, 0.35)),
        (0.6, 1.02, -0.07),
        (1.3, -0.12),
        0.028,
        0.34,
        2.5,
    ),
    "small": EyeShape(
        0.08,
        0.04,
        0.1,
        ((-1.06, 0.62), (-0.72, -0.3), (-0.22, -0.9), (0.3, -0.98), (0.74, -0.6), (1.06, 0.04)),
        ((1.06, 0.04), (0.7, 0.72), (0.2, 1), (-0.4, 0.96), (-0.82, 0.8), (-1.06, 0.62)),
        (0.86, 1.02, -0.14),
        (1.2, 0.02),
        0.015,
        0.6,
    ),
    "jitome": EyeShape(
        0.096,
        0.074,
        0.14,
        ((-0.98, -0.22), (-0.62, -0.4), (-0.1, -0.5), (0.45, -0.5), (0.86, -0.36), (1.04, -0.12)),
        ((1.04, -0.12), (0.9, 0.46), (0.45, 0.94), (-0.12, 1), (-0.64, 0.78), (-0.98, -0.22)),
        (0.78, 1.0, 0.04),
        (1.24, -0.16),
        0.026,
        0.34,
        2.1,
    ),
}
