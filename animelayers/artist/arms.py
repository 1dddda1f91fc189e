"""Arms: skin, hands, sleeves, what is worn on them and what they hold."""

from __future__ import annotations

import numpy as np

from animelayers.artist import gloves, holding, objects, sleeves
from animelayers.artist.contours import Contour, areas, inked
from animelayers.artist.curves import cut
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Material
from animelayers.artist.figure import Limb
from animelayers.artist.gestures import held_hand, pose_hand
from animelayers.artist.hands import Hand
from animelayers.artist.subject import Subject
from animelayers.artist.tubes import ROOT, Tube, halved, spans, tube


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """Both arms with everything on and in them."""
    out: list[Fragment] = []
    held = holding.choose(subject, dice.of("held"))
    for side, arm in subject.figure.arms.items():
        d = dice.of(side)
        mine = held if held is not None and held.side == side else None
        hand = pose_hand(subject.build, arm, mine.hold.hand, d) if mine else held_hand(subject.build, arm, d)
        out += skin(arm, hand, subject.palette.skin, subject.build.breadth)
        out += gloves.draw(subject, arm, hand, dice.of("gloves"))
        out += sleeves.draw(subject, arm, d.of("sleeve"), dice.of("sleeves"))
        if mine is not None:
            out += objects.draw(subject, mine, arm, hand, dice.of("object"))
        if mine is not None and mine.hold.layer == "between":
            out.append(fingers(subject, arm, hand))
    return out


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


def skin(arm: Limb, hand: Hand, colour: Colour, breadth: float) -> list[Fragment]:
    """The bare arm with its hand, whole under everything; at the shoulder its line comes out of the trunk's."""
    out = []
    for start, stop in spans(arm, 0.0, 1.0):
        form = bare(tube(arm, start, stop), start, stop)
        contours = [form, *hand.contours] if stop == 1.0 else [form]
        made = Fragment(
            "handwear",
            arm.z,
            areas(contours),
            colour,
            arm.side,
            Material.SKIN,
            relief=0.04,
            outlined=False,
            strokes=inked(contours),
            casts=0.35,
        )
        out += halved(made, arm, breadth, start)
    return out


def bare(form: Tube, start: float, stop: float) -> Contour:
    """A bare arm or, of a folded one, its upper arm or forearm, round at the elbow."""
    cap, end = form.radius(0), form.radius(-1) if stop < 1.0 else 0.0
    inner, outer = form.inner, form.outer
    if start == 0.0:
        inner = cut(inner, ROOT / stop, 1.0)
        outer = np.concatenate([form.start(cap)[6:], outer])
    else:
        inner = cut(inner, 0.08, 1.0)
        outer = np.concatenate([form.start(cap)[5:], outer])
    lines = (np.concatenate([outer, form.end(end), inner[::-1]]),) if end else (outer, inner[::-1])
    return Contour("arm", form.area(start=cap, end=end), lines, -9.0, ("palm",))
