"""One seed → one character."""

from __future__ import annotations

from animelayers.artist import (
    arms,
    bottoms,
    brows,
    creature,
    eyes,
    facewear,
    hair,
    head,
    headwear,
    legs,
    mouth,
    nose,
    shoes,
    style,
    tops,
    wings,
)
from animelayers.artist.curves import Curve
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Drawing
from animelayers.artist.figure import SIDES
from animelayers.artist.style import Style
from animelayers.artist.subject import Subject, choose

BUILDERS = {
    "arms": arms,
    "tops": tops,
    "bottoms": bottoms,
    "legs": legs,
    "shoes": shoes,
    "head": head,
    "eyes": eyes,
    "brows": brows,
    "nose": nose,
    "mouth": mouth,
    "facewear": facewear,
    "hair": hair,
    "creature": creature,
    "wings": wings,
    "headwear": headwear,
}
"""Each has `draw(subject, dice) -> list[Fragment]`."""


def draw(dice: Dice) -> tuple[Drawing, Style]:
    """A character and the hand it is drawn in."""
    drawing = compose(choose(dice), dice)
    if dice.of("mirror").chance(0.5):
        drawing = drawing.mirrored()
    return drawing, style.choose(dice.of("style"))


def compose(subject: Subject, dice: Dice) -> Drawing:
    """Every fragment of a character."""
    fragments = [fragment for name, builder in BUILDERS.items() for fragment in builder.draw(subject, dice.of(name))]
    return Drawing(tuple(fragments), keypoints(subject), head_box(subject), attributes(subject))


def keypoints(subject: Subject) -> dict[str, tuple[float, float]]:
    """Joints of the body and landmarks of the face."""
    figure, face = subject.figure, subject.face
    points = {
        "crown": (0.0, -0.5),
        "chin": (0.0, 0.5),
        "nose": (0.0, face.nose_level),
        "mouth": (0.0, face.mouth_level),
    }
    out = {name: figure.head.point(u, v) for name, (u, v) in points.items()}
    out["neck"] = (0.0, 0.0)
    for side, sign in SIDES.items():
        out[f"eye-{side}"] = figure.head.point(face.spacing * sign, face.level)
        for name, joint in zip(("shoulder", "elbow", "wrist"), figure.arms[side].joints, strict=True):
            out[f"{name}-{side}"] = joint
        for name, joint in zip(("hip", "knee", "ankle"), figure.legs[side].joints, strict=True):
            out[f"{name}-{side}"] = joint
    return out


def head_box(subject: Subject) -> tuple[float, float, float, float]:
    """Around skull, face and ears."""
    corners: Curve = subject.figure.head.place([(-0.46, -0.56), (0.46, -0.56), (0.46, 0.5), (-0.46, 0.5)])
    low, high = corners.min(axis=0), corners.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def attributes(subject: Subject) -> dict[str, object]:
    """What sets are balanced by."""
    build, figure = subject.build, subject.figure
    return {
        "heads": round(build.heads, 2),
        "masculine": build.masculine,
        "theme": subject.theme,
        "mood": subject.mood,
        "hair_length": round(subject.hair_length, 2),
        "yaw": round(figure.head.yaw, 2),
        "arms": {side: arm.pose for side, arm in figure.arms.items()},
        "legs": figure.legs["l"].pose,
    }
