"""Colour: schemes as illustrators choose them, in OKLCH so that lightness and chroma mean the same for every hue."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour

WHITE: Colour = (255.0, 255.0, 255.0)
GOLD: Colour = (222.0, 186.0, 92.0)
SILVER: Colour = (205.0, 210.0, 218.0)
STEEL: Colour = (176.0, 184.0, 200.0)
Cloth = tuple[Colour, Colour, Colour]


def oklch(lightness: float, chroma: float, hue: float) -> Colour:
    """OKLCH (Ottosson 2020), lightness 0..1, chroma 0..0.37, hue in degrees → sRGB; chroma is cut to the gamut."""
    for _ in range(12):
        rgb = _from_oklab(lightness, chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue)))
        if all(-0.002 <= level <= 1.002 for level in rgb):
            break
        chroma *= 0.85
    r, g, b = (255 * _encode(min(max(level, 0.0), 1.0)) for level in rgb)
    return r, g, b


def to_oklch(colour: Colour) -> tuple[float, float, float]:
    """The inverse of `oklch`."""
    r, g, b = (_decode(level / 255) for level in colour)
    l_ = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    m_ = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    s_ = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    lightness = 0.2104542553 * l_ + 0.7936177850 * m_ - 0.0040720468 * s_
    a = 1.9779984951 * l_ - 2.4285922050 * m_ + 0.4505937099 * s_
    b_ = 0.0259040371 * l_ + 0.7827717662 * m_ - 0.8086757660 * s_
    return lightness, math.hypot(a, b_), math.degrees(math.atan2(b_, a)) % 360


def _from_oklab(lightness: float, a: float, b: float) -> tuple[float, float, float]:
    l_ = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    m_ = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    s_ = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * l_ - 3.3077115913 * m_ + 0.2309699292 * s_,
        -1.2684380046 * l_ + 2.6097574011 * m_ - 0.3413193965 * s_,
        -0.0041960863 * l_ - 0.7034186147 * m_ + 1.7076147010 * s_,
    )


def _encode(linear: float) -> float:
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055


def _decode(level: float) -> float:
    return level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """`a` at 0, `b` at 1."""
    red, green, blue = (x + (y - x) * share for x, y in zip(a, b, strict=True))
    return red, green, blue


def shifted(colour: Colour, *, lightness: float = 0.0, chroma: float = 1.0, hue: float = 0.0) -> Colour:
    """Lightness added, chroma multiplied, hue turned by degrees."""
    ok = to_oklch(colour)
    return oklch(min(max(ok[0] + lightness, 0.0), 1.0), ok[1] * chroma, ok[2] + hue)


def towards(hue: float, goal: float, degrees: float) -> float:
    """A hue turned towards another by the shorter way, at most until it is there; away from it where negative."""
    way = (goal - hue + 180) % 360 - 180
    return hue + math.copysign(min(degrees, abs(way)), way)


def distance(a: Colour, b: Colour) -> float:
    """Euclidean distance in OKLab: 0.02 is just seen, black and white are 1 apart."""
    (la, ca, ha), (lb, cb, hb) = to_oklch(a), to_oklch(b)
    turn = math.radians(ha - hb)
    return math.sqrt((la - lb) ** 2 + ca * ca + cb * cb - 2 * ca * cb * math.cos(turn))


def grey(colour: Colour) -> Colour:
    """The grey of the same lightness."""
    return shifted(colour, chroma=0.0)


def _lit(light: Colour) -> Callable[[Colour], Colour]:
    """Under a coloured light."""
    red, green, blue = (level / 255 for level in light)
    return lambda colour: (colour[0] * red, colour[1] * green, colour[2] * blue)


GRADES: dict[str, Callable[[Colour], Colour]] = {
    "none": lambda colour: colour,
    "warm": _lit((255, 244, 226)),
    "cool": _lit((242, 247, 255)),
    "faded": lambda colour: mix(shifted(colour, chroma=0.95), (243, 234, 226), 0.15),
    "rich": lambda colour: shifted(colour, chroma=1.2),
    "dusk": _lit((228, 212, 233)),
    "grey": grey,
}
"""What is done to all colours of a drawing alike, as a last touch."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one character."""

    skin: Colour
    lips: Colour
    hair: Colour
    tips: Colour
    """Of the hair's ends; mostly its own colour."""
    eyes: tuple[Colour, Colour]
    """Irides, right and left; mostly equal."""
    cloth: Cloth
    """Main, second and a third colour of the dress."""
    accent: Colour
    """Ribbons, trims, jewels."""
    pale: Colour
    """Shirts, lace, socks: almost white."""
    dark: Colour
    """Shoes, tights, belts: almost black."""


def choose(dice: Dice) -> Palette:
    """A scheme: natural or fantastic hair, cloth by harmony with an anchor hue."""
    skin = _skin(dice.of("skin"))
    hair, tips = _hair(dice.of("hair"))
    eyes = _eyes(dice.of("eyes"), hair)
    d = dice.of("cloth")
    cloth, accent = _scheme(d, skin, hair)
    pale = oklch(d.uniform(0.93, 0.985), d.uniform(0, 0.012), d.uniform(0, 360))
    dark = oklch(d.uniform(0.25, 0.36), d.uniform(0, 0.03), d.uniform(0, 360))
    lips = shifted(skin, lightness=-0.12, chroma=1.9, hue=-22)
    return Palette(skin, lips, hair, tips, eyes, cloth, accent, pale, dark)


DYES = {"muted": 4, "vivid": 2.5, "pastel": 3, "dark": 1.8, "pale": 1.7, "grey": 1}
"""What cloth is coloured like, and how often."""
QUIET = {"pale": 2, "grey": 1, "dark": 1.3, "muted": 1, "pastel": 1}
"""What goes with a vivid colour: one loud voice is enough."""
TURNS = {0: 3, 30: 2, 180: 3, 150: 1, 120: 1, -40: 1}
"""From the hue of the main cloth to the second's, degrees: alike, neighbours, opposites, thirds."""
DISTINCT = 0.13
"""OKLab distance at which neighbouring garments, hair and skin are plainly of different colours."""


def _scheme(dice: Dice, skin: Colour, hair: Colour) -> tuple[Cloth, Colour]:
    """Cloth and accent: of a few schemes the first in which everything stands apart, else the most distinct."""
    best: tuple[float, Cloth, Colour] | None = None
    for attempt in range(12):
        d = dice.of(attempt)
        anchor, turn = d.uniform(0, 360), d.pick(TURNS)
        first = d.pick(DYES)
        others = QUIET if first == "vivid" or d.chance(0.25) else DYES
        kinds = (first, d.pick(others), d.pick(QUIET))
        one, two, three = (
            _dye(kind, hue, d) for kind, hue in zip(kinds, (anchor, anchor + turn, anchor + turn / 2), strict=True)
        )
        accent = oklch(d.uniform(0.5, 0.75), d.uniform(0.1, 0.18), anchor + d.pick([180, 120, 60, 0]))
        pairs = ((one, two), (one, skin), (two, skin), (one, hair), (accent, one))
        apart = min(distance(a, b) for a, b in pairs)
        if best is None or apart > best[0]:
            best = (apart, (one, two, three), accent)
        if apart >= DISTINCT:
            break
    assert best is not None
    return best[1:]


def _dye(kind: str, hue: float, dice: Dice) -> Colour:
    """Cloth near a hue. Dark cloth is navy, wine, forest or almost black: dark yellow is nobody's choice."""
    if kind == "dark":
        hue = dice.pick({265: 4, 285: 2, 15: 1.5, 160: 1, 50: 0.7, 300: 1}) + dice.near(0, 10)
    lightness, chroma = {
        "muted": (dice.uniform(0.52, 0.8), dice.uniform(0.04, 0.1)),
        "vivid": (dice.uniform(0.52, 0.75), dice.uniform(0.11, 0.19)),
        "pastel": (dice.uniform(0.82, 0.92), dice.uniform(0.04, 0.085)),
        "dark": (dice.uniform(0.28, 0.43), dice.uniform(0.01, 0.07)),
        "pale": (dice.uniform(0.9, 0.97), dice.uniform(0.0, 0.03)),
        "grey": (dice.uniform(0.3, 0.85), dice.uniform(0.0, 0.012)),
    }[kind]
    if 70 < hue % 360 < 125:
        lightness = max(lightness, 0.62)  # olive drab below
    return oklch(lightness, chroma, hue)


def _skin(dice: Dice) -> Colour:
    kind = dice.pick({"fair": 8, "peach": 5, "tan": 1.5, "brown": 1, "fantasy": 0.25})
    if kind == "fantasy":
        return oklch(dice.uniform(0.65, 0.85), dice.uniform(0.03, 0.07), dice.uniform(90, 330))
    lightness = {"fair": (0.925, 0.965), "peach": (0.87, 0.92), "tan": (0.74, 0.83), "brown": (0.5, 0.66)}[kind]
    chroma = {"fair": (0.024, 0.04), "peach": (0.038, 0.06), "tan": (0.06, 0.08), "brown": (0.055, 0.08)}[kind]
    return oklch(dice.uniform(*lightness), dice.uniform(*chroma), dice.uniform(48, 68))


def _hair(dice: Dice) -> tuple[Colour, Colour]:
    kind = dice.pick({"black": 4, "brown": 5, "blond": 3, "red": 2, "silver": 2, "vivid": 3, "pastel": 2})
    lightness, chroma, hue = {
        "black": (dice.uniform(0.22, 0.34), dice.uniform(0.005, 0.04), dice.uniform(230, 330)),
        "brown": (dice.uniform(0.35, 0.58), dice.uniform(0.04, 0.09), dice.uniform(38, 66)),
        "blond": (dice.uniform(0.8, 0.91), dice.uniform(0.06, 0.13), dice.uniform(78, 96)),
        "red": (dice.uniform(0.48, 0.66), dice.uniform(0.12, 0.17), dice.uniform(18, 48)),
        "silver": (dice.uniform(0.8, 0.95), dice.uniform(0.0, 0.025), dice.uniform(230, 330)),
        "vivid": (dice.uniform(0.45, 0.7), dice.uniform(0.1, 0.17), dice.uniform(110, 370)),
        "pastel": (dice.uniform(0.8, 0.88), dice.uniform(0.05, 0.09), dice.uniform(150, 370)),
    }[kind]
    hair = oklch(lightness, chroma, hue)
    if not dice.chance(0.16):
        return hair, hair
    return hair, oklch(
        min(max(lightness + dice.uniform(-0.15, 0.2), 0.2), 0.93), dice.uniform(0.06, 0.16), hue + dice.near(0, 90)
    )


def _eyes(dice: Dice, hair: Colour) -> tuple[Colour, Colour]:
    def one() -> Colour:
        if dice.chance(0.3):
            _, chroma, hue = to_oklch(hair)
            return oklch(0.52, max(chroma, 0.06), hue)
        hue = dice.pick({245: 4, 200: 2, 150: 2, 60: 3, 40: 2, 20: 2, 300: 2, 350: 1, 90: 1}) + dice.near(0, 18)
        return oklch(dice.uniform(0.42, 0.66), dice.uniform(0.06, 0.16), hue)

    right = one()
    return right, (one() if dice.chance(0.04) else right)
