"""Face, ears, nose, mouth and neck."""

from __future__ import annotations

import numpy as np

from animelayers.artist.curves import Curve, ellipse, path, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Mark, Material, Plane, Stroke
from animelayers.artist.figure import SIDES
from animelayers.artist.palette import mix, shifted
from animelayers.artist.subject import Subject


def face_outline(subject: Subject, dice: Dice) -> Curve:
    """The closed outline of the bare head, from the chin around the skull, in the drawing."""
    man = subject.build.masculine
    jaw, chin = dice.uniform(0.27, 0.32) + 0.03 * man, dice.uniform(0.05, 0.09) + 0.04 * man
    half = [
        (0.0, 0.5),
        (chin, 0.47),
        (jaw * 0.66, 0.385),
        (jaw, 0.24),
        (0.365, 0.06),
        (0.385, -0.1),
        (0.34, -0.3),
        (0.2, -0.44),
        (0, -0.475),
    ]
    right = np.array(half)
    left = right[::-1][1:-1] * (-1, 1)
    head = subject.figure.head
    return head.face(spline(np.concatenate([right, left]), closed=True))


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """Fragments of the bare head and neck."""
    skin = subject.palette.skin
    head = subject.figure.head
    blush = mix(skin, (240, 110, 110), 0.5)
    cheeks = tuple(
        Mark((head.face(ellipse(0.2 * sign, 0.2, 0.075, 0.04)),), blush, 0.5, blur=0.02) for sign in SIDES.values()
    )
    face = Fragment(
        "face",
        Plane.FACE,
        (face_outline(subject, dice.of("face")),),
        skin,
        material=Material.SKIN,
        relief=0.06,
        marks=cheeks,
    )
    return [
        _neck(subject),
        *_ears(subject, dice.of("ears")),
        face,
        _nose(subject, dice.of("nose")),
        *_mouth(subject, dice.of("mouth")),
    ]


def _neck(subject: Subject) -> Fragment:
    b, man = subject.build.breadth, subject.build.masculine
    figure = subject.figure
    half = min((0.15 + 0.06 * man) * b**0.5, 0.24)
    chin = -subject.build.neck
    y, _, right, left = figure.trunk[1]
    low = figure.level("armpit") + 0.2 * b
    outline = path(
        [
            (-half, chin - 0.15),
            (-half * 0.96, chin * 0.4),
            (-half * 1.1, -0.02),
            (-0.6 * right, y * 0.55),
            (-right, y + 0.06 * b),
        ],
        [(-right, y + 0.06 * b), (0, low), (left, y + 0.06 * b)],
        [
            (left, y + 0.06 * b),
            (0.6 * left, y * 0.55),
            (half * 1.1, -0.02),
            (half * 0.96, chin * 0.4),
            (half, chin - 0.15),
        ],
    )
    bones = tuple(
        Stroke(
            spline([(0.05 * s, 0.06 * b), (0.2 * s * b, 0.02 + 0.04 * b), (0.36 * s * b, 0.05 * b)]), 0.6, (0.5, 0.8)
        )
        for s in (-1, 1)
    )
    return Fragment(
        "neck", Plane.NECK, (outline,), subject.palette.skin, material=Material.SKIN, relief=0.05, strokes=bones
    )


def _ears(subject: Subject, dice: Dice) -> list[Fragment]:
    head, skin = subject.figure.head, subject.palette.skin
    ears = []
    for side, sign in SIDES.items():
        shape = path([(0.33, -0.02), (0.4, -0.1), (0.435, -0.04), (0.41, 0.08), (0.36, 0.16), (0.32, 0.14)])
        inner = spline([(0.36, -0.04), (0.405, -0.05), (0.395, 0.04), (0.365, 0.09)])
        ears.append(
            Fragment(
                "ears",
                Plane.EAR,
                (head.face(shape * (sign, 1)),),
                skin,
                side,
                Material.SKIN,
                relief=0.02,
                strokes=(Stroke(head.face(inner * (sign, 1)), 0.6),),
            )
        )
    return ears


def _nose(subject: Subject, dice: Dice) -> Fragment:
    head, skin = subject.figure.head, subject.palette.skin
    v = dice.uniform(0.22, 0.26)
    side = -1 if head.yaw < 0 else 1
    spot = head.face(ellipse(0.0, v + 0.015, 0.02, 0.02))
    line = head.face(spline([(0.012 * side, v - 0.02), (0.02 * side, v + 0.01), (0.0, v + 0.022)]))
    return Fragment(
        "nose",
        Plane.NOSE,
        (spot,),
        skin,
        material=Material.SKIN,
        relief=0.0,
        outlined=False,
        strokes=(Stroke(line, 0.7),),
        casts=0,
    )


def _mouth(subject: Subject, dice: Dice) -> list[Fragment]:
    head, palette = subject.figure.head, subject.palette
    v, w = dice.uniform(0.33, 0.36), dice.uniform(0.05, 0.09)
    curve = {"smile": 0.018, "happy": 0.02, "sad": -0.016, "angry": -0.012}.get(subject.mood, 0.006)
    if subject.mood == "happy":
        top = [(-w, v), (0, v + 0.012), (w, v)]
        low = [(w, v), (0.6 * w, v + 0.06), (0, v + 0.085), (-0.6 * w, v + 0.06), (-w, v)]
        shape = head.face(path(top, low))
        return [
            Fragment(
                "mouth",
                Plane.MOUTH,
                (shape,),
                (150, 50, 60),
                material=Material.EYE,
                casts=0,
                marks=(Mark((head.face(ellipse(0, v + 0.09, 0.05, 0.035)),), (235, 125, 125)),),
            )
        ]
    spine = head.face(
        spline([(-w, v - curve), (-w * 0.4, v + curve * 0.6), (w * 0.4, v + curve * 0.6), (w, v - curve)])
    )
    shape = np.concatenate([spine, spine[::-1] + (0, 0.004)])
    return [
        Fragment(
            "mouth",
            Plane.MOUTH,
            (shape,),
            palette.lips,
            material=Material.SKIN,
            outlined=False,
            relief=0,
            strokes=(Stroke(spine, 0.9),),
            casts=0,
        )
    ]
