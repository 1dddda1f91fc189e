"""Sleeves: cut along the arm, set in at the shoulder, finished with a cuff."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from animelayers.artist import cuffs
from animelayers.artist.contours import Contour, areas, inked
from animelayers.artist.curves import Curve, cut, ellipse, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Mark, Material, Stroke
from animelayers.artist.figure import Limb
from animelayers.artist.folds import Folds, gather, radiating, zigzag
from animelayers.artist.gestures import size as hand_size
from animelayers.artist.palette import mix, shifted
from animelayers.artist.patterns import marks, weave
from animelayers.artist.reach import bend
from animelayers.artist.subject import Subject
from animelayers.artist.tubes import ROOT, Tube, Widths, halved, part, spans, tube
from animelayers.artist.wardrobe import Garment

OVER_ARM = 0.01
CAP = 0.78
"""Height of a sleeve's round head, in its radii: as high as the trunk's shoulder."""


@dataclass(frozen=True, slots=True, eq=False)
class Wear:
    """A sleeve to be made."""

    subject: Subject
    arm: Limb
    garment: Garment
    breadth: float
    dice: Dice
    """Of this arm."""
    alike: Dice
    """The same for both arms."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How a sleeve is cut."""

    stop: float
    """Share of the arm's length at which it ends."""
    ease: Widths
    """Wider than the arm by this, breadths of the body, along its own length."""
    cuff: str = ""
    """One of `cuffs.CUFFS`; empty: as the garment has it."""
    start: float = 0.0
    gathered: bool = False
    beyond: float = 0.0
    """Past the wrist, in hands."""


CUTS = {
    "short": Cut(0.31, ((0, 0.25, 1), (0.014, 0.024, 0.062))),
    "half": Cut(0.5, ((0, 0.2, 1), (0.014, 0.022, 0.05))),
    "long": Cut(0.975, ((0, 0.15, 0.5, 0.8, 1), (0.014, 0.02, 0.03, 0.034, 0.042))),
    "rolled": Cut(0.47, ((0, 0.2, 1), (0.014, 0.024, 0.036)), "rolled"),
    "overlong": Cut(1.0, ((0, 0.2, 0.6, 0.85, 1), (0.02, 0.03, 0.055, 0.085, 0.07)), "ribbed", beyond=0.42),
    "puff": Cut(0.29, ((0, 0.14, 0.35, 0.62, 0.85, 1), (0.02, 0.075, 0.12, 0.125, 0.085, 0.015)), "band", 0.0, True),
    "bell": Cut(0.92, ((0, 0.15, 0.5, 0.72, 1), (0.014, 0.02, 0.028, 0.06, 0.19)), "frilled"),
    "detached": Cut(0.94, ((0, 0.1, 0.5, 0.75, 1), (0.012, 0.02, 0.035, 0.075, 0.16)), "stripe", 0.25),
}

GARMENT_CUFFS: dict[str, dict[str, float]] = {
    "shirt": {"band": 3, "plain": 1},
    "vest": {"band": 3, "plain": 1},
    "blouse": {"band": 2, "frilled": 2},
    "sailor": {"sailor": 1},
    "blazer": {"plain": 2, "stripe": 1, "buttons": 2},
    "cardigan": {"ribbed": 1},
    "hoodie": {"ribbed": 1},
    "sweater": {"ribbed": 1},
    "turtleneck": {"ribbed": 2, "plain": 1},
    "tracksuit": {"ribbed": 1},
    "jacket": {"band": 1, "ribbed": 1, "plain": 1},
    "coat": {"folded": 2, "plain": 1, "buttons": 1},
    "uniform": {"stripe": 2, "folded": 1},
    "maid": {"band": 2, "frilled": 2},
    "dress": {"plain": 2, "band": 1, "frilled": 1, "stripe": 1},
    "offshoulder": {"band": 1, "frilled": 1},
}
ANY_CUFF = {"plain": 3.0, "stripe": 1.0}


def draw(subject: Subject, arm: Limb, dice: Dice, alike: Dice) -> list[Fragment]:
    """The sleeve of one arm; `alike` are dice that both arms share."""
    garment = subject.outfit.sleeves
    make = SLEEVES.get(garment.kind)
    if make is None:
        return []
    return make(Wear(subject, arm, garment, subject.build.breadth, dice, alike))


def _cut_sleeve(wear: Wear) -> list[Fragment]:
    """A tube of cloth with its cuff."""
    shape = CUTS[wear.garment.kind]
    if wear.subject.outfit.top.kind == "offshoulder":
        shape = dataclasses.replace(shape, start=0.13)
    out: list[Fragment] = []
    reach = (shape.start, shape.stop)
    for start, stop in spans(wear.arm, *reach):
        form = _tube(wear, shape, (start, stop))
        made = cloth(wear, form, start, stop, end=None if stop == shape.stop else 1.0)
        folds = _folds(wear, form, shape, start, stop)
        made = made.replace(strokes=made.strokes + folds.strokes, shades=folds.shades)
        cuff = _cuff(wear, form, shape) if stop == shape.stop else cuffs.Cuff()
        made = made.replace(strokes=made.strokes + cuff.strokes, marks=made.marks + cuff.marks)
        out += halved(made, wear.arm, wear.breadth, start)
        if form.hem < 0 and stop == shape.stop:
            out.append(_lining(wear, form).replace(z=out[-1].z - OVER_ARM - 0.004))
        if cuff.fragment is not None:
            out.append(cuff.fragment.replace(side=wear.arm.side, z=out[-1].z + 0.004))
    return out


def _lining(wear: Wear, form: Tube) -> Fragment:
    """The inside of a sleeve that one looks into, behind the arm."""
    mouth = np.concatenate([form.outer[-1:], form.end(-form.bulge), form.inner[-1:], form.end(form.bulge)[::-1]])
    dark = shifted(wear.garment.colour, lightness=-0.1)
    return Fragment("handwear", 0.0, (mouth,), dark, wear.arm.side, relief=0.0)


def _looked_into(wear: Wear, stop: float) -> bool:
    """Whether a hem is held so that its inside shows: the arm comes sideways."""
    sideways = abs(math.cos(wear.arm.direction(stop)))
    return sideways > 0.4 and wear.dice.of("mouth").chance(0.5)


def _cuff(wear: Wear, form: Tube, shape: Cut) -> cuffs.Cuff:
    """Its kind goes with the garment; short sleeves have no buttons and no turned cuffs."""
    name = shape.cuff or wear.alike.of("cuff").pick(GARMENT_CUFFS.get(wear.subject.outfit.top.kind, ANY_CUFF))
    if shape.stop < 0.6 and not shape.cuff and name not in ("sailor", "stripe", "ribbed"):
        name = "plain"
    return cuffs.CUFFS[name](form, wear.garment, wear.breadth, wear.alike.of("cuff form"))


def _tube(wear: Wear, shape: Cut, span: tuple[float, float]) -> Tube:
    shares, widths = part(shape.ease, (shape.start, shape.stop), span)
    beyond = shape.beyond * hand_size(wear.subject.build) if span[1] == shape.stop else 0.0
    made = tube(wear.arm, *span, (shares, tuple(w * wear.breadth for w in widths)), beyond)
    open_ = shape.ease[1][-1] > 0.045 and not shape.beyond and span[1] == shape.stop
    return dataclasses.replace(made, hem=-0.2) if open_ and _looked_into(wear, shape.stop) else made


def cloth(wear: Wear, form: Tube, start: float, stop: float, *, end: float | None = None) -> Fragment:
    """The sleeve itself: round at the shoulder, where only a thin seam parts it from the trunk's garment.

    `end` is how far its end bulges, in radii; None: as its hem does.
    """
    set_in, elbow = start == 0.0, start >= wear.arm.bend
    cap = (CAP if set_in else 1.0 if elbow else 0.25) * form.radius(0)
    bulge = form.bulge if end is None else end * form.radius(-1)
    head, low = form.start(cap), np.concatenate([form.outer[-1:], form.end(bulge), form.inner[-1:]])
    outer, inner = form.outer, form.inner
    strokes = [Stroke(low, 1.0, (0.0, 0.0))]
    if set_in:
        outer = np.concatenate([head[6:], outer])
        inner = cut(inner, min(1.15 * ROOT / stop, 0.8), 1.0)
        strokes.append(
            Stroke(np.concatenate([cut(form.inner, 0.0, 0.25 * ROOT / stop)[::-1], head[:8]]), 0.5, (0.4, 0.4))
        )
    elif elbow:
        outer, inner = np.concatenate([head[5:], outer]), cut(inner, 0.08, 1.0)
    else:
        strokes.append(Stroke(np.concatenate([form.inner[:1], head, form.outer[:1]]), 1.0, (0.0, 0.0)))
    strokes.append(Stroke(outer, 1.0, (0.12 if set_in else 0.0, 0.0)))
    strokes.append(Stroke(inner[::-1], 1.0, (0.0, 0.25 if set_in or elbow else 0.0)))
    edges = [
        np.concatenate([[edge[0] - cap * (edge[1] - edge[0]) / math.dist(*edge[:2])], edge])
        for edge in (form.inner, form.outer)
    ]
    left, right = edges if form.sign > 0 else edges[::-1]
    return Fragment(
        "handwear",
        wear.arm.z + OVER_ARM,
        (form.area(start=cap, end=bulge),),
        wear.garment.colour,
        wear.arm.side,
        relief=0.055 * max(wear.breadth, 0.6),
        outlined=False,
        strokes=tuple(strokes),
        marks=marks(wear.garment, weave(left, right, bow=min(bulge, form.bulge)), wear.breadth),
        casts=0.45,
    )


def _before(edge: Curve, far: float) -> Curve:
    """The point `far` before an edge's start, straight on."""
    way = edge[1] - edge[0]
    return np.asarray(edge[:1] - way * far / max(float(np.hypot(*way)), 1e-6))


def _folds(wear: Wear, form: Tube, shape: Cut, start: float, stop: float) -> Folds:
    """Creases from the armpit, at the elbow, and where the cloth is gathered."""
    b, d, sign = wear.breadth, wear.dice, form.sign
    if shape.gathered:
        head = np.concatenate([form.inner[:1], form.start(CAP * form.radius(0)), form.outer[:1]])
        low = form.across(0.97, 0.1 * form.radius(-1))
        upper = gather(head, -sign * 0.16 * b, d.of("head"), width=0.016 * b, count=4)
        return upper + gather(low, -sign * 0.15 * b, d.of("hem"), width=0.016 * b, count=5)
    folds = Folds()
    if start == 0.0:
        way, turn = wear.arm.direction(0.15), 0.45 * sign
        pit = (float(form.inner[2, 0]), float(form.inner[2, 1]))
        folds = radiating(pit, (way - 1.3 * turn, way - 0.5 * turn), 0.3 * b, 0.022 * b, d.of("armpit"))
    if stop < 0.7:
        return folds
    folds += _elbow(wear, form, start, stop)
    if shape.beyond or d.of("loose").chance(0.5):
        low = form.across(0.84 if shape.beyond else 0.93, 0.1 * form.radius(-1))
        folds += gather(low, -sign * 0.16 * b, d.of("slack folds"), width=0.02 * b, count=3)
    return folds


def _elbow(wear: Wear, form: Tube, start: float, stop: float) -> Folds:
    """Zigzags inside the elbow, more the more it is bent."""
    b, d, arm = wear.breadth, wear.dice, wear.arm
    straight = bend(*arm.joints)
    if straight > 0.985 and d.of("slack").chance(0.4):
        return Folds()
    share = max((arm.bend - start) / (stop - start), 0.06)
    inner, outer = (cut(edge, share, 1.0)[0] for edge in (form.inner, form.outer))
    width = (0.018 + 0.02 * (1 - max(straight, 0))) * b
    return zigzag(tuple(inner), tuple(outer), arm.direction(arm.bend + 0.05), 0.34 * b, width, d.of("elbow"))


def _hanging(wear: Wear) -> list[Fragment]:
    """A wide sleeve whose cloth hangs from the forearm: a kimono's pocket, a robe's long mouth."""
    b, arm, kimono = wear.breadth, wear.arm, wear.garment.kind == "kimono"
    drop = b * wear.alike.uniform(*((0.75, 1.2) if kimono else (0.4, 0.65)))
    shape = Cut(0.95, ((0, 0.2, 0.6, 1), (0.02, 0.035, 0.05, 0.06)))
    lining = mix(shifted(wear.garment.colour, lightness=-0.12), wear.garment.trim, 0.5)
    out: list[Fragment] = []
    for start, stop in spans(arm, 0.0, shape.stop):
        form = _tube(wear, shape, (start, stop))
        made = cloth(wear, form, start, stop, end=0.15 if stop == shape.stop else 1.0).replace(casts=0.6)
        if stop == shape.stop:
            lines = tuple(stroke.points for stroke in made.strokes if stroke.weight == 1.0)
            seams = tuple(stroke for stroke in made.strokes if stroke.weight < 1.0)
            pocket = _pocket(wear, form, drop, max(0.36 - start, 0.0) / (stop - start))
            contours = [Contour("sleeve", made.shape[0], lines, 0.0, ("pocket",)), pocket]
            made = made.replace(
                shape=areas(contours),
                strokes=(*inked(contours), *seams, *_drapery(pocket.area, b, wear.dice)),
                marks=(
                    *made.marks,
                    *marks(wear.garment, weave(pocket.lines[2][::-1], pocket.lines[0]), b),
                    Mark((_mouth(pocket.area, kimono),), wear.garment.trim if kimono else lining),
                ),
            )
        out += halved(made, arm, b, start)
    return out


def _pocket(wear: Wear, form: Tube, drop: float, share: float) -> Contour:
    """The cloth that hangs from `share` of the sleeve to the wrist: down, and away from an arm that hangs too."""
    square = wear.garment.kind == "kimono"
    bones = np.array(wear.arm.joints)
    fore = (bones[2] - bones[1]) / max(float(np.hypot(*(bones[2] - bones[1]))), 1e-6)
    away = np.array([-fore[1], fore[0]])
    away = away if away @ (0.5 * form.sign, 1.0) > 0 else -away
    way = np.array([0.0, 1.0]) + away * (0.2 + 0.3 * abs(fore[1]) + 0.8 * max(-fore[1], 0.0))
    way = way / np.hypot(*way)
    middle = (cut(form.outer, share, 1.0)[0] + cut(form.inner, share, 1.0)[0]) / 2
    wrist = (form.outer[-1] + form.inner[-1]) / 2
    top = form.outer[-1] if form.outer[-1] @ way < form.inner[-1] @ way else form.inner[-1]
    far = top + way * drop
    near = middle + way * drop * (0.95 if square else 0.25) + (0.1 * (wrist - middle) if square else 0.0)
    near[1] += (0.55 if square else 0.0) * max(far[1] - near[1], 0.0)
    mouth = spline([top, (top + far) / 2 + 0.05 * drop * fore, far])
    bottom = spline([far, (far + near) / 2 + 0.06 * drop * way, near])
    back = spline([near, (near + middle) / 2 + 0.03 * drop * fore, middle])
    area = np.concatenate([mouth, bottom[1:], back[1:]])
    return Contour("pocket", area, (mouth, bottom, back), 0.0, ("sleeve",))


def _mouth(pocket: Curve, narrow: bool) -> Curve:
    """The edge of the pocket's opening."""
    edge = pocket[:21]
    inside = edge + (pocket[len(pocket) // 2] - edge[10]) * (0.07 if narrow else 0.16)
    return np.concatenate([edge, inside[::-1]])


def _drapery(pocket: Curve, b: float, dice: Dice) -> tuple[Stroke, ...]:
    """Long soft folds down the hanging cloth."""
    top, far, near = pocket[0], pocket[20], pocket[40]
    strokes = []
    for k in range(2):
        share = dice.uniform(0.25 + 0.3 * k, 0.45 + 0.3 * k)
        foot = far + (near - far) * share
        head = top + (pocket[-1] - top) * share
        line = spline([foot, foot + (head - foot) * 0.4 + (0.02 * b * dice.sign(), 0.0), foot + (head - foot) * 0.7])
        strokes.append(Stroke(line, 0.6, (0.1, 0.7)))
    return tuple(strokes)


def _armour(wear: Wear) -> list[Fragment]:
    """Plates over a dark sleeve: pauldron, couter and vambrace."""
    b, arm = wear.breadth, wear.arm
    shape = Cut(0.96, ((0, 1), (0.012, 0.012)))
    under = dataclasses.replace(wear, garment=Garment("long", wear.subject.palette.dark, wear.garment.trim))
    out: list[Fragment] = []
    for start, stop in spans(arm, 0.0, shape.stop):
        form = _tube(under, shape, (start, stop))
        made = cloth(under, form, start, stop, end=None if stop == shape.stop else 1.0)
        folds = _elbow(under, form, start, stop) if stop > 0.7 else Folds()
        out += halved(made.replace(strokes=made.strokes + folds.strokes, shades=folds.shades), arm, b, start)
    fore, upper = out[-1].z + 0.008, out[0].z + 0.008
    for k, (start, stop, ease) in enumerate(((0.17, 0.27, 0.055), (0.09, 0.21, 0.075), (0.0, 0.14, 0.095))):
        out.append(_plate(wear, (start, stop), ease * b, upper + 0.005 * k, cap=k == 2))
    out.append(_plate(wear, (max(0.62, arm.bend + 0.06), 0.95), 0.035 * b, fore, flare=0.03 * b))
    x, y = arm.joints[1]
    rivet = Mark((ellipse(x, y, 0.025 * b, 0.025 * b, steps=16),), wear.garment.trim)
    disc = ellipse(x, y, 0.135 * b, 0.12 * b, turn=arm.direction(arm.bend))
    z = (max(fore, upper) if arm.z_end > 0 else upper) + 0.004
    steel = wear.garment.colour
    out.append(Fragment("handwear", z, (disc,), steel, arm.side, Material.GLOSSY, 0.05, marks=(rivet,), casts=0.3))
    return out


def _plate(
    wear: Wear, reach: tuple[float, float], ease: float, z: float, *, flare: float = 0.0, cap: bool = False
) -> Fragment:
    """A curved plate around the arm with a rim in the trim's colour."""
    form = tube(wear.arm, *reach, ((0.0, 1.0), (ease + flare, ease)))
    top, low = (0.8 if cap else -0.2) * form.radius(0), 0.3 * form.radius(-1)
    rim = np.concatenate([form.across(1.0, low), form.across(0.9, low)[::-1]])
    return Fragment(
        "handwear",
        z,
        (form.area(start=top, end=low),),
        wear.garment.colour,
        wear.arm.side,
        Material.GLOSSY,
        relief=0.05,
        marks=(Mark((rim,), wear.garment.trim),),
        strokes=(Stroke(form.across(0.9, low), 0.5, (0.0, 0.0)),),
        casts=0.4,
    )


SLEEVES: dict[str, Callable[[Wear], list[Fragment]]] = {
    **dict.fromkeys(CUTS, _cut_sleeve),
    "wide": _hanging,
    "kimono": _hanging,
    "armour": _armour,
}
"""By `Garment.kind`; `none` has none."""
