"""A drawing as values: what is where and in which order, nothing about how a line or a shade looks.

Coordinates are `(x, y)` in head heights, y down, the pit of the neck at the origin; x grows towards the character's
left, which is the right of the picture.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

import numpy as np

from animelayers.artist.curves import Curve, mirrored
from animelayers.parts import other_side

Colour = tuple[float, float, float]
"""sRGB levels, 0..255."""

Fade = tuple[tuple[float, float], tuple[float, float]]


class Material(StrEnum):
    """What a surface is made of: decides how it is shaded and lit."""

    SKIN = "skin"
    HAIR = "hair"
    CLOTH = "cloth"
    GLOSSY = "glossy"
    """Leather, patent shoes, metal, armour."""
    EYE = "eye"
    """Drawn with its own shades; neither light nor rim touches it."""
    INK = "ink"
    """Drawn with lines alone: lashes, lip lines. The shape is ink, the flat below stays empty."""


class Plane:
    """Depths that builders share, in head heights towards the viewer. The order of drawing *is* this number."""

    WINGS = -1.0
    TAIL = -0.9
    BACK_HAIR = -0.8
    ARM_BEHIND = -0.6
    TORSO = -0.48
    """Bare skin of the trunk, below the chest that belongs to the neck."""
    NECK = -0.46
    """Below what is tucked in, which lies below what is worn over the legs."""
    TUCKED = -0.44
    """Tops whose hem is under the waistband."""
    SURFACE = -0.1
    """Where shadows meet neck, chest and tucked tops: their `Fragment.ground`."""
    BEHIND_LEGS = -0.465
    """The inside of the back of skirts and coats."""
    LEG_FAR = -0.42
    LEG_NEAR = -0.36
    SHOE = 0.02
    """Added to the leg's own."""
    BOTTOMWEAR = -0.16
    TOPWEAR = 0.0
    COLLAR = 0.08
    NECKWEAR = 0.12
    ARM = 0.2
    HAIR_BESIDE = 0.26
    """Tails and locks that hang in front of the shoulders but start behind the face."""
    EAR = 0.3
    FACE = 0.36
    EYEWHITE = 0.4
    IRIS = 0.41
    LID = 0.42
    NOSE = 0.43
    MOUTH = 0.43
    LASH = 0.44
    BROW = 0.46
    EARWEAR = 0.48
    EYEWEAR = 0.5
    FRONT_HAIR = 0.56
    BROW_OVER_HAIR = 0.62
    HEADWEAR = 0.66
    ARM_FRONT = 0.8
    """Arms and hands raised before the face; crossed arms lie a little above `ARM`."""


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """A line."""

    points: Curve
    weight: float = 1.0
    """Times the style's line width."""
    taper: tuple[float, float] = (0.25, 0.25)
    """Share of the length over which each end thins to nothing; 0 ends bluntly."""
    colour: Colour | None = None
    """None: the style decides from the fragment's own colour."""


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """Colour that belongs to the flat – a pattern, a print, the rings of an iris – clipped to its fragment."""

    shape: tuple[Curve, ...]
    colour: Colour
    alpha: float = 1.0
    blur: float = 0.0
    """Standard deviation, head heights."""
    fade: Fade | None = None
    """Full at the first point, nothing from the second on."""


@dataclass(frozen=True, slots=True, eq=False)
class Shade:
    """A place that is darker or lighter for a reason of its own: a fold, a gloss, a blush of shadow."""

    shape: tuple[Curve, ...]
    depth: float = 1.0
    """Times the style's shadow (positive) or highlight (negative)."""
    blur: float = 0.0
    """Standard deviation, head heights, on top of the style's own softness."""
    colour: Colour | None = None
    """Colour of the light or tint of the shadow; None: the style's."""


@dataclass(frozen=True, slots=True, eq=False)
class Fragment:
    """One piece of the drawing that overlaps others as a whole: a lock, a sleeve, an iris. Complete behind them."""

    tag: str
    """One of `parts.PARTS`."""
    z: float
    """Depth in head heights, larger is nearer; fragments are drawn in this order, equal ones as they come."""
    shape: tuple[Curve, ...]
    """Closed outlines; together one area (`hollow`: even-odd)."""
    colour: Colour
    side: str = ""
    """The character's: `l`, `r` or empty."""
    material: Material = Material.CLOTH
    relief: float = 0.05
    """How far the form turns from the light, head heights: the breadth of its own shadow. 0 is flat."""
    opacity: float = 1.0
    """Of its flat: lenses and veils let through what lies behind."""
    outlined: bool = True
    """Whether the whole outline is inked; otherwise only `strokes` are."""
    hollow: bool = False
    strokes: tuple[Stroke, ...] = ()
    marks: tuple[Mark, ...] = ()
    shades: tuple[Shade, ...] = ()
    tilt: tuple[float, float] = (0.0, 0.0)
    """How the depth grows along x and y from the middle of the shape, head heights each."""
    clip: tuple[Curve, ...] | None = None
    """Everything of this fragment is cut to this area."""
    casts: float = 1.0
    """How strongly it throws its shadow on what lies behind; 0 for what lies flat on it."""
    ground: float | None = None
    """Depth at which shadows meet it, where it lies flat on something at that depth; None: its own `z`."""

    @property
    def level(self) -> float:
        """Depth of its surface: `ground`, or `z` without one."""
        return self.z if self.ground is None else self.ground

    def replace(self, **changes: Any) -> Self:
        return dataclasses.replace(self, **changes)

    def through(self, move: Callable[[Curve], Curve], *, reverse: bool = False) -> Self:
        """With all its points moved; `reverse` where that turns outlines inside out."""

        def each(shape: Sequence[Curve]) -> tuple[Curve, ...]:
            return tuple(move(curve)[::-1] if reverse else move(curve) for curve in shape)

        return self.replace(
            shape=each(self.shape),
            strokes=tuple(dataclasses.replace(stroke, points=move(stroke.points)) for stroke in self.strokes),
            marks=tuple(
                dataclasses.replace(mark, shape=each(mark.shape), fade=mark.fade and _ends(move, mark.fade))
                for mark in self.marks
            ),
            shades=tuple(dataclasses.replace(shade, shape=each(shade.shape)) for shade in self.shades),
            clip=self.clip and each(self.clip),
        )

    def recoloured(self, grade: Callable[[Colour], Colour]) -> Self:
        """With every colour of its own changed."""
        return self.replace(
            colour=grade(self.colour),
            strokes=tuple(dataclasses.replace(s, colour=s.colour and grade(s.colour)) for s in self.strokes),
            marks=tuple(dataclasses.replace(mark, colour=grade(mark.colour)) for mark in self.marks),
            shades=tuple(dataclasses.replace(s, colour=s.colour and grade(s.colour)) for s in self.shades),
        )


def _ends(move: Callable[[Curve], Curve], fade: Fade) -> Fade:
    (ax, ay), (bx, by) = move(np.array(fade)).tolist()
    return (ax, ay), (bx, by)


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """A whole character."""

    fragments: tuple[Fragment, ...]
    keypoints: Mapping[str, tuple[float, float]]
    """Name → `(x, y)`."""
    head_box: tuple[float, float, float, float]
    """`(left, top, right, bottom)` of the head without hanging hair."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What was drawn, for statistics and for balancing sets; JSON values."""

    def in_order(self) -> list[Fragment]:
        """Bottom → top."""
        return sorted(self.fragments, key=lambda fragment: fragment.z)

    def mirrored(self) -> Drawing:
        """The mirror image; what was the character's left is its right now."""
        left, top, right, bottom = self.head_box
        return Drawing(
            tuple(_mirrored(fragment) for fragment in self.fragments),
            {other_side(name): (-x, y) for name, (x, y) in self.keypoints.items()},
            (-right, top, -left, bottom),
            self.attributes,
        )


_OTHER = {"l": "r", "r": "l", "": ""}


def _mirrored(fragment: Fragment) -> Fragment:
    tilt = (-fragment.tilt[0], fragment.tilt[1])
    return fragment.through(mirrored, reverse=True).replace(side=_OTHER[fragment.side], tilt=tilt)
