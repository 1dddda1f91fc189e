"""Eyes and brows: white, iris, lids, lashes, brow."""

from __future__ import annotations

import numpy as np

from animelayers.artist.curves import ellipse, path, ribbon, positions, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Mark, Material, Plane, Shade, Stroke
from animelayers.artist.figure import SIDES
from animelayers.artist.palette import mix, shifted
from animelayers.artist.subject import Subject


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """Both eyes and brows."""
    out: list[Fragment] = []
    head, palette = subject.figure.head, subject.palette
    big = 1.0 + 0.25 * max(0.0, (5 - subject.build.heads) / 3)
    w, h = dice.uniform(0.085, 0.105) * big, dice.uniform(0.07, 0.115) * big
    v, u = dice.uniform(0.06, 0.1), 0.185
    slant = dice.near(0.0, 0.025)
    for side, sign in SIDES.items():
        colour = palette.eyes[0 if side == "r" else 1]

        def at(points: object) -> np.ndarray:
            return head.face(np.asarray(points, np.float64) * (sign, 1) + (u * sign, v))

        upper = spline(
            [
                (-w, 0.25 * h),
                (-0.55 * w, -0.75 * h),
                (0.1 * w, -h),
                (0.75 * w, -0.6 * h - slant),
                (w * 1.05, 0.05 * h - slant),
            ]
        )
        lower = spline(
            [(w * 1.05, 0.05 * h - slant), (0.65 * w, 0.85 * h), (0, h), (-0.6 * w, 0.8 * h), (-w, 0.25 * h)]
        )
        white = at(np.concatenate([upper, lower]))
        out.append(
            Fragment(
                "eyewhite",
                Plane.EYEWHITE,
                (white,),
                (252, 250, 250),
                side,
                Material.EYE,
                outlined=False,
                casts=0,
                shades=(Shade((at(np.concatenate([upper, upper[::-1] + (0, 0.45 * h)])),), 1.0),),
            )
        )
        rx, ry = 0.62 * w, 1.05 * h
        iris = ellipse(0, 0, rx, ry)
        dark = shifted(colour, lightness=-0.22)
        marks = (
            Mark(
                (at(ellipse(0, -0.35 * ry, rx, 0.9 * ry)),),
                dark,
                0.9,
                fade=((at([(0, -ry)])[0]), (at([(0, 0.5 * ry)])[0])),
            ),
            Mark((at(ellipse(0, 0.6 * ry, 0.65 * rx, 0.35 * ry)),), shifted(colour, lightness=0.18), 0.8, blur=0.006),
            Mark((at(ellipse(0, 0, 0.42 * rx, 0.42 * ry)),), shifted(colour, lightness=-0.35)),
            Mark((at(ellipse(-0.35 * rx * sign, -0.45 * ry, 0.32 * rx, 0.26 * ry)),), (255, 255, 255)),
            Mark((at(ellipse(0.4 * rx * sign, 0.45 * ry, 0.16 * rx, 0.13 * ry)),), (255, 255, 255), 0.9),
        )
        out.append(Fragment("irides", Plane.IRIS, (at(iris),), colour, side, Material.EYE, marks=marks, casts=0))
        lid = path([(-1.3 * w, 0.1 * h), (-0.6 * w, -1.5 * h), (0.6 * w, -1.6 * h), (1.35 * w, -0.2 * h)], upper[::-1])
        below = path(lower, [(-1.15 * w, 0.5 * h), (-0.5 * w, 1.4 * h), (0.5 * w, 1.4 * h), (1.2 * w, 0.4 * h)])
        for edge in (lid, below):
            out.append(
                Fragment(
                    "face", Plane.LID, (at(edge),), palette.skin, "", Material.SKIN, relief=0, outlined=False, casts=0
                )
            )
        thick = np.interp(positions(upper), (0, 0.3, 0.8, 1), (0.006, 0.02, 0.03, 0.008))
        lash = path(
            upper - np.stack([np.zeros(len(upper)), 0 * thick], 1), (upper + np.stack([0.5 * thick, -thick], 1))[::-1]
        )
        ink = mix(shifted(palette.hair, lightness=-0.35), (30, 20, 30), 0.6)
        crease = at(spline([(-0.7 * w, -1.25 * h), (0.1 * w, -1.5 * h), (0.9 * w, -1.05 * h)]))
        lowline = at(lower[len(lower) // 8 : -len(lower) // 3])
        out.append(
            Fragment(
                "eyelash",
                Plane.LASH,
                (at(lash),),
                ink,
                side,
                Material.INK,
                outlined=False,
                casts=0,
                strokes=(Stroke(crease, 0.5, colour=ink), Stroke(lowline, 0.6, (0.3, 0.3), colour=ink)),
            )
        )
        lift = {"angry": 0.03, "sad": -0.03, "surprised": 0.02}.get(subject.mood, 0.0)
        spine = spline([(-0.9 * w, -2.0 * h + lift), (0.1 * w, -2.25 * h), (1.1 * w, -1.95 * h - lift)])
        brow = ribbon(spine, np.interp(positions(spine), (0, 0.3, 1), (0.008, 0.012, 0.002)))
        out.append(
            Fragment(
                "eyebrow",
                Plane.BROW,
                (at(brow),),
                shifted(palette.hair, lightness=-0.12),
                side,
                Material.INK,
                outlined=False,
                casts=0,
            )
        )
    return out
