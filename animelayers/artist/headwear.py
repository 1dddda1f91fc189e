"""What is worn on the head, above the hair: bands and jewels here, hats in `hats`, bows and pins in `trinkets`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from animelayers.artist import hats, trinkets
from animelayers.artist.curves import ellipse, ribbon, spline
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Mark, Material, Plane, Stroke
from animelayers.artist.palette import shifted
from animelayers.artist.subject import Subject
from animelayers.artist.wearer import ON_HAIR, Wearer, strap


def draw(subject: Subject, dice: Dice) -> list[Fragment]:
    """What is worn on the head; nothing for many."""
    if not subject.outfit.headwear:
        return []
    return KINDS[subject.outfit.headwear.kind](Wearer(subject, subject.outfit.headwear), dice)


def _hairband(wear: Wearer, dice: Dice) -> list[Fragment]:
    band = wear.piece(wear.hoop(dice.uniform(0.02, 0.045)), relief=0.015, casts=0.5)
    return [band, *(trinkets.tied(wear, (dice.sign() * 0.3, -0.52), 0.24, dice, z=0.02) if dice.chance(0.35) else ())]


def _headdress(wear: Wearer, dice: Dice) -> list[Fragment]:
    """A maid's frilled band."""
    t = np.linspace(0, 1, 90)
    spine = wear.arch(0.0, 0.05, steps=90)
    frill = (
        0.075 * (1 + 0.25 * np.abs(np.sin(t * np.pi * 11))) * np.interp(np.abs(2 * t - 1), (0, 0.9, 1), (1, 0.8, 0.3))
    )
    pleats = [
        Stroke(ribbon(spine[k : k + 2], np.array([0.055, 0.055]))[[0, 3]], 0.5, (0, 0.5)) for k in range(4, 88, 8)
    ]
    lace = wear.piece(ribbon(spine, frill), wear.subject.palette.pale, relief=0.02, strokes=pleats)
    band = wear.piece(wear.hoop(0.026, 0.1), wear.garment.colour, z=0.01, relief=0.01, casts=0)
    return [lace, band]


def _headband(wear: Wearer, dice: Dice) -> list[Fragment]:
    v = dice.uniform(-0.3, -0.2)
    band = wear.piece(strap(v, v - 0.08), relief=0.01, turn=ON_HAIR)
    if dice.chance(0.5):
        return [band]
    side = dice.sign()
    ends = [
        ribbon(
            spline([(0.44 * side, v), (0.58 * side, v + 0.1 * k), ((0.66 + 0.05 * k) * side, v + 0.25 + 0.08 * k)]),
            0.035,
        )
        for k in (0, 1)
    ]
    return [band, *(wear.piece(end, z=-0.05, relief=0.01) for end in ends)]


def _headphones(wear: Wearer, dice: Dice) -> list[Fragment]:
    return [
        wear.piece(wear.hoop(0.03, 0.2, 0.02), relief=0.02, material=Material.GLOSSY),
        *_cups(wear, 0.13, wear.garment.trim, Material.GLOSSY),
    ]


def _earmuffs(wear: Wearer, dice: Dice) -> list[Fragment]:
    return [
        wear.piece(wear.hoop(0.014, 0.2, 0.02), wear.garment.trim, relief=0.01),
        *_cups(wear, 0.15, None, Material.CLOTH),
    ]


def _cups(wear: Wearer, size: float, inner: Colour | None, material: Material) -> list[Fragment]:
    """What covers the ears; the far one is narrower and lies behind the hair."""
    v, out = wear.subject.face.level - 0.03, []
    for sign in (-1, 1):
        far = max(sign * wear.yaw, 0.0)
        x, width = wear.ear(sign) + 0.01 * sign, size * (0.85 - 0.7 * far)
        z = Plane.EAR - Plane.HEADWEAR if far > 0.2 else 0.01
        out.append(wear.piece(ellipse(x, v, width, size * 1.2), z=z, turn=0.0, material=material, relief=0.05))
        if inner is not None:
            x += 0.35 * far * width * sign
            pad = ellipse(x, v, 0.6 * width, 0.75 * size)
            out.append(wear.piece(pad, inner, z=z + 0.01, turn=0.0, material=material, relief=0.02, casts=0))
    return out


def _tiara(wear: Wearer, dice: Dice) -> list[Fragment]:
    """Points on a band over the front of the crown."""
    v, count, half = -0.43, dice.pick([3, 5, 7]), 0.27
    step = 2 * half / count
    band = spline(
        [(half, v + 0.02), (0.5 * half, v + 0.062), (0, v + 0.075), (-0.5 * half, v + 0.062), (-half, v + 0.02)]
    )
    points = []
    for x in (np.arange(count) + 0.5) * step - half:
        rise, foot = 0.19 - 0.4 * abs(x), v + 0.05 * (1 - (x / half) ** 2) - 0.012
        points += [(x - 0.5 * step, foot), (x - 0.12 * step, foot - 0.55 * rise), (x, foot - rise)]
        points += [(x + 0.12 * step, foot - 0.55 * rise), (x + 0.5 * step, foot)]
    metal = dice.pick([(236, 214, 132), (226, 230, 240)])
    jewel = ellipse(0, v + 0.012, 0.022, 0.032)
    return [
        wear.piece(
            wear.pinned(np.concatenate([points, band])), metal, turn=0, material=Material.GLOSSY, relief=0.01, casts=0.5
        ),
        wear.piece(
            wear.pinned(jewel), wear.garment.colour, z=0.02, turn=0, material=Material.GLOSSY, relief=0.015, casts=0
        ),
    ]


def _crown(wear: Wearer, dice: Dice) -> list[Fragment]:
    low, gold, lean = -0.48, dice.pick([(240, 205, 96), (228, 228, 238)]), dice.near(0, 0.08)
    peaks = [(-0.29, low)]
    for k in range(5):
        x = -0.29 + 0.145 * k
        peaks += [
            (x * 1.12 + lean, low - 0.27 + 0.03 * abs(k - 2)),
            *([(x + 0.0725 + 0.5 * lean, low - 0.12)] if k < 4 else []),
        ]
    front = np.concatenate([np.array([*peaks, (0.29, low)]), spline([(0.29, low), (0, low + 0.07), (-0.29, low)])])
    gems = [
        Mark((ellipse(0.13 * k + 0.1 * lean, low - 0.02 + 0.03 * (2 - abs(k)) / 2, 0.025, 0.03),), wear.garment.colour)
        for k in (-1, 0, 1)
    ]
    far = [(-0.29, low), (-0.25 + lean, low - 0.23), (-0.12 + lean, low - 0.13), (lean, low - 0.21)]
    far += [(0.12 + lean, low - 0.13), (0.25 + lean, low - 0.23), (0.29, low)]
    back = wear.piece(far, shifted(gold, lightness=-0.15), z=-0.03, material=Material.GLOSSY)
    return [back, wear.piece(front, gold, marks=gems, material=Material.GLOSSY, relief=0.03)]


def _circlet(wear: Wearer, dice: Dice) -> list[Fragment]:
    v = dice.uniform(-0.28, -0.2)
    metal = dice.pick([(236, 212, 128), (224, 228, 238)])
    gem = np.array([(0, v - 0.02), (0.04, v + 0.05), (0, v + 0.14), (-0.04, v + 0.05)])
    return [
        wear.piece(strap(v, v - 0.025, 0.006), metal, turn=ON_HAIR, material=Material.GLOSSY, relief=0.005),
        wear.piece(wear.pinned(gem), wear.garment.colour, z=0.01, turn=0, material=Material.GLOSSY, relief=0.02),
    ]


def _halo(wear: Wearer, dice: Dice) -> list[Fragment]:
    y, rx = -0.82, dice.uniform(0.3, 0.42)
    colour = dice.pick([(255, 236, 150), (190, 235, 255), (255, 190, 205)])
    return [
        wear.piece(
            ellipse(0, y, rx, 0.3 * rx),
            colour,
            hole=ellipse(0, y, 0.84 * rx, 0.2 * rx),
            turn=0.05,
            relief=0.01,
            casts=0,
        )
    ]


def _ribbon(wear: Wearer, dice: Dice) -> list[Fragment]:
    size, both = dice.uniform(0.22, 0.42), dice.chance(0.3)
    side = dice.sign()
    spots = [(0.38 * s, -0.4) for s in ((-1, 1) if both else (side,))]
    if not both and dice.chance(0.3):
        spots = [(0.0, -0.6)]
    return [piece for spot in spots for piece in trinkets.tied(wear, spot, size * (0.7 if both else 1), dice)]


KINDS: dict[str, Callable[[Wearer, Dice], list[Fragment]]] = {
    "straw": hats.straw,
    "witch": hats.witch,
    "cap": hats.cap,
    "peaked": hats.peaked,
    "beret": hats.beret,
    "beanie": hats.beanie,
    "minihat": hats.minihat,
    "hood": hats.hood,
    "helmet": hats.helmet,
    "hairband": _hairband,
    "headdress": _headdress,
    "headband": _headband,
    "headphones": _headphones,
    "earmuffs": _earmuffs,
    "tiara": _tiara,
    "crown": _crown,
    "circlet": _circlet,
    "halo": _halo,
    "ribbon": _ribbon,
    "hairpin": trinkets.pins,
    "flower": trinkets.flowers,
}
