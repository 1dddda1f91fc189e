"""One seed → one character."""

from __future__ import annotations

import dataclasses
from functools import lru_cache

import numpy as np

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
from animelayers.artist.carriage import Carriage
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Drawing, Fragment
from animelayers.artist.figure import SIDES
from animelayers.artist.hairstyle import Hairstyle
from animelayers.artist.palette import GRADES
from animelayers.artist.style import Style
from animelayers.artist.subject import Subject, choose
from animelayers.artist.wardrobe import Garment

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
    hand = style.choose(dice.of("style"))
    return graded(drawing, hand), hand


def graded(drawing: Drawing, hand: Style) -> Drawing:
    """The drawing with its colours as the hand grades them."""
    grade = lru_cache(maxsize=None)(GRADES[hand.grade])
    return dataclasses.replace(drawing, fragments=tuple(f.recoloured(grade) for f in drawing.fragments))


def compose(subject: Subject, dice: Dice) -> Drawing:
    """Every fragment of a character."""
    fragments = [fragment for name, builder in BUILDERS.items() for fragment in builder.draw(subject, dice.of(name))]
    points = keypoints(subject)
    bend = subject.figure.carriage
    held = _stiff(fragments, points, bend)
    fragments = [fragment.through(held if fragment.tag == "objects" else bend) for fragment in fragments]
    moved = bend(np.array(list(points.values()))).tolist()
    return Drawing(
        tuple(fragments),
        {name: (x, y) for name, (x, y) in zip(points, moved, strict=True)},
        head_box(subject),
        attributes(subject, hair.chosen(subject, dice.of("hair"))),
    )


def _stiff(fragments: list[Fragment], points: dict[str, tuple[float, float]], bend: Carriage) -> Carriage:
    """How held things move: as they are, with the hand that is nearest to them."""
    held = [curve for fragment in fragments if fragment.tag == "objects" for curve in fragment.shape]
    if not held:
        return bend
    outline = np.concatenate(held)
    wrists = [points[f"wrist-{side}"] for side in SIDES]
    return bend.stiff(min(wrists, key=lambda wrist: float(np.hypot(*(outline - wrist).T).min())))


def keypoints(subject: Subject) -> dict[str, tuple[float, float]]:
    """Joints of the upright body and landmarks of its face."""
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
    corners = subject.figure.head.place([(-0.46, -0.56), (0.46, -0.56), (0.46, 0.5), (-0.46, 0.5)])
    corners = subject.figure.carriage(corners)
    low, high = corners.min(axis=0), corners.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def attributes(subject: Subject, hair: Hairstyle) -> dict[str, object]:
    """What sets are balanced by; the same for the mirror image."""
    build, figure, outfit = subject.build, subject.figure, subject.outfit
    worn = {
        item.name: value.kind
        for item in dataclasses.fields(outfit)
        if isinstance(value := getattr(outfit, item.name), Garment)
    }
    return {
        "heads": round(build.heads, 2),
        "masculine": build.masculine,
        "theme": subject.theme,
        "mood": subject.mood,
        "hair_length": round(subject.hair_length, 2),
        "hair": {"back": hair.back, "tied": hair.tied, "fringe": hair.fringe},
        "turned": round(abs(figure.head.yaw), 2),
        "arms": sorted(arm.pose for arm in figure.arms.values()),
        "stance": figure.legs["l"].pose,
        "worn": worn | {"animal": outfit.animal},
    }
