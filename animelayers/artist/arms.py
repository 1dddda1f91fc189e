"""Arms: skin, hands, sleeves, what is worn on them and what they hold."""

from __future__ import annotations

import dataclasses

import numpy as np

from animelayers.artist import gloves, holding, objects, sleeves
from animelayers.artist.contours import Contour, areas, inked
from animelayers.artist.curves import cut
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Mark, Material, Plane
from animelayers.artist.figure import Limb
from animelayers.artist.gestures import held_hand, pose_hand
from animelayers.artist.hands import Hand
from animelayers.artist.palette import shifted
from animelayers.artist.subject import Subject
from animelayers.artist.tubes import ROOT, Tube, halved, spans, tube

UNDER_ARMHOLE = (Plane.TORSO + Plane.TOPWEAR) / 2


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """Both arms with everything on and in them."""
    out: list[Fragment] = []
    held = holding.choose(subject, dice.of("held"))
    for side, bare_arm in subject.figure.arms.items():
        arm = set_in(subject, bare_arm)
        d = dice.of(side)
        mine = held if held is not None and held.side == side else None
        hand = pose_hand(subject.build, arm, mine.hold.hand, d) if mine else held_hand(subject.build, arm, d)
        out += skin(subject, arm, hand, nails(subject, dice.of("nails")))
        out += gloves.draw(subject, arm, hand, dice.of("gloves"))
        out += sleeves.draw(subject, arm, d.of("sleeve"), dice.of("sleeves"))
        if mine is not None:
            out += objects.draw(subject, mine, arm, hand, dice.of("object"))
        if mine is not None and mine.hold.layer == "between":
            out.append(fingers(subject, arm, hand))
    return out


def set_in(subject: Subject, arm: Limb) -> Limb:
    """The arm at its depth: a bare shoulder lies under the armhole of what the trunk wears."""
    bare_shoulder = subject.outfit.sleeves.kind in ("none", "detached")
    return dataclasses.replace(arm, z=UNDER_ARMHOLE) if bare_shoulder else arm


def fingers(subject: Subject, arm: Limb, hand: Hand) -> Fragment:
    """What of a hand lies before the thing that it holds."""
    gloved = subject.outfit.hands.kind in ("gloves", "long gloves")
    over = [contour for contour in hand.contours if contour.name in hand.wrapped]
    return Fragment(
        "handwear",
        arm.z_end + objects.FINGERS,
        areas(over),
        subject.outfit.hands.colour if gloved else subject.palette.skin,
        arm.side,
        Material.CLOTH if gloved else Material.SKIN,
        relief=0.02,
        outlined=False,
        strokes=inked(over),
        casts=0.3,
    )


def nails(subject: Subject, dice: Dice) -> Colour | None:
    """Their colour, where they are drawn at all."""
    skin_colour = subject.palette.skin
    paints = {"none": 9.0, "natural": 1.5} | ({} if subject.build.masculine > 0.5 else {"painted": 1.0})
    natural = shifted(skin_colour, lightness=-0.05, chroma=1.6, hue=-15)
    return {"none": None, "natural": natural, "painted": subject.palette.accent}[dice.pick(paints)]


def skin(subject: Subject, arm: Limb, hand: Hand, polish: Colour | None) -> list[Fragment]:
    """The bare arm with its hand, whole under everything; at the shoulder its line comes out of the trunk's."""
    out = []
    for start, stop in spans(arm, 0.0, 1.0):
        form = bare(tube(arm, start, stop), start, stop)
        contours = [form, *hand.contours] if stop == 1.0 else [form]
        made = Fragment(
            "handwear",
            arm.z,
            areas(contours),
            subject.palette.skin,
            arm.side,
            Material.SKIN,
            relief=0.04,
            outlined=False,
            strokes=inked(contours),
            marks=(Mark(hand.nails, polish),) if polish and hand.nails and stop == 1.0 else (),
            casts=0.35,
        )
        out += halved(made, arm, subject.build.breadth, start)
    return out


def bare(form: Tube, start: float, stop: float) -> Contour:
    """A bare arm or, of a folded one, its upper arm or forearm, round at the elbow."""
    cap, end = form.radius(0) * (1.0 if start else 0.85), form.radius(-1) if stop < 1.0 else 0.0
    inner, outer = form.inner, form.outer
    if start == 0.0:
        inner = cut(inner, ROOT / stop, 1.0)
        outer = np.concatenate([form.start(cap)[6:], outer])
    else:
        inner = cut(inner, 0.08, 1.0)
        outer = np.concatenate([form.start(cap)[5:], outer])
    lines = (np.concatenate([outer, form.end(end), inner[::-1]]),) if end else (outer, inner[::-1])
    return Contour("arm", form.area(start=cap, end=end), lines, -9.0, ("palm",))
