"""What a character wears and carries: garments that go together, and their colours."""

from __future__ import annotations

from dataclasses import dataclass, replace

from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour
from animelayers.artist.palette import Palette

Weights = dict[str, float]

TOPS: dict[str, Weights] = {
    "school": {"sailor": 4, "shirt": 2, "blazer": 3, "cardigan": 1.5, "vest": 1.5},
    "casual": {
        "tshirt": 3,
        "hoodie": 2,
        "sweater": 2,
        "jacket": 1.5,
        "cardigan": 1,
        "camisole": 1,
        "crop": 1,
        "offshoulder": 1,
        "dress": 1.5,
    },
    "formal": {"blazer": 3, "shirt": 2, "dress": 2, "vest": 1.5, "uniform": 1.5},
    "idol": {"dress": 3, "crop": 1, "uniform": 1, "blouse": 2},
    "fantasy": {"robe": 2, "dress": 2, "tunic": 2.5, "corset": 2, "uniform": 1},
    "armour": {"armour": 1},
    "kimono": {"kimono": 1},
    "maid": {"maid": 1},
    "sport": {"tshirt": 2, "tracksuit": 2, "leotard": 1, "hoodie": 1, "camisole": 1},
    "winter": {"coat": 3, "turtleneck": 2, "sweater": 2, "hoodie": 1},
}
SLEEVES: dict[str, Weights] = {
    "tshirt": {"short": 5, "none": 0.5, "half": 1},
    "shirt": {"long": 3, "short": 2, "rolled": 2},
    "blouse": {"puff": 3, "bell": 1, "long": 1},
    "sailor": {"short": 2, "long": 2, "puff": 1},
    "blazer": {"long": 1},
    "cardigan": {"long": 3, "overlong": 2},
    "vest": {"long": 1.5, "short": 2, "rolled": 1},
    "hoodie": {"long": 2, "overlong": 1.5},
    "sweater": {"long": 2, "overlong": 2},
    "turtleneck": {"long": 3, "none": 1},
    "jacket": {"long": 2, "rolled": 2},
    "coat": {"long": 1},
    "camisole": {"none": 1},
    "crop": {"none": 2, "short": 1, "detached": 1},
    "offshoulder": {"puff": 2, "bell": 1, "half": 1},
    "dress": {"none": 2, "puff": 2.5, "short": 1, "bell": 1, "long": 1, "detached": 0.6},
    "uniform": {"long": 1},
    "robe": {"wide": 2, "bell": 1},
    "tunic": {"half": 1, "long": 1, "none": 1, "bell": 1},
    "corset": {"puff": 2, "detached": 1, "none": 1},
    "armour": {"armour": 1},
    "kimono": {"kimono": 1},
    "maid": {"puff": 3, "long": 1},
    "tracksuit": {"long": 1},
    "leotard": {"none": 1, "detached": 1},
}
WITH_SKIRT = ("dress", "robe", "maid", "kimono", "leotard")
"""Tops that need nothing below."""
BOTTOMS: dict[str, Weights] = {
    "school": {"pleated": 5, "trousers": 1},
    "casual": {"flared": 2, "pleated": 1.5, "mini": 1.5, "shorts": 2, "jeans": 2, "long": 1, "trousers": 1},
    "formal": {"pencil": 3, "trousers": 3, "long": 1},
    "idol": {"frilled": 3, "pleated": 2, "mini": 1},
    "fantasy": {"flared": 1, "long": 1.5, "shorts": 1, "trousers": 1, "frilled": 1, "mini": 1},
    "armour": {"mini": 1, "trousers": 1, "pleated": 1, "faulds": 2},
    "sport": {"shorts": 3, "trousers": 2, "pleated": 0.6},
    "winter": {"pleated": 1, "trousers": 2, "long": 1, "mini": 1, "jeans": 1},
}
LEGWEAR: dict[str, Weights] = {
    "school": {"knee": 3, "socks": 2, "thigh": 2, "tights": 2, "bare": 0.5},
    "casual": {"bare": 4, "socks": 2, "knee": 1, "thigh": 2, "tights": 1.5, "leggings": 0.5},
    "formal": {"tights": 3, "bare": 2},
    "idol": {"thigh": 2, "bare": 1, "knee": 2, "socks": 1},
    "fantasy": {"bare": 2, "thigh": 2, "leggings": 1, "tights": 1, "wraps": 0.7},
    "armour": {"thigh": 2, "leggings": 1, "bare": 1},
    "kimono": {"socks": 2, "bare": 1},
    "maid": {"thigh": 3, "tights": 2, "knee": 1},
    "sport": {"bare": 2, "socks": 3, "knee": 1, "leggings": 1},
    "winter": {"tights": 3, "thigh": 1, "leggings": 1},
}
SHOES: dict[str, Weights] = {
    "school": {"loafers": 5, "sneakers": 1},
    "casual": {"sneakers": 4, "sandals": 1.5, "boots": 2, "flats": 1.5},
    "formal": {"pumps": 3, "loafers": 3},
    "idol": {"pumps": 1, "boots": 2, "longboots": 2, "strapped": 1},
    "fantasy": {"boots": 2, "longboots": 3, "sandals": 1, "barefoot": 0.6},
    "armour": {"greaves": 1},
    "kimono": {"geta": 2, "boots": 1},
    "maid": {"strapped": 3, "loafers": 1, "boots": 1},
    "sport": {"sneakers": 6, "barefoot": 0.5},
    "winter": {"boots": 3, "longboots": 2, "sneakers": 1},
}
NECKWEAR: dict[str, Weights] = {
    "school": {"ribbon": 3, "tie": 3, "bow": 1, "none": 1},
    "casual": {"none": 6, "necklace": 1.5, "choker": 1.5},
    "formal": {"tie": 3, "scarf": 1, "none": 1, "cravat": 1},
    "idol": {"bow": 2, "choker": 1, "none": 1, "ribbon": 1},
    "fantasy": {"none": 2, "cape": 1.5, "necklace": 1, "choker": 1, "scarf": 1},
    "armour": {"none": 2, "cape": 2, "scarf": 0.6},
    "kimono": {"none": 1},
    "maid": {"bow": 2, "ribbon": 1, "none": 1, "choker": 0.5},
    "sport": {"none": 3, "towel": 0.7},
    "winter": {"muffler": 4, "none": 2},
}
HEADWEAR: dict[str, Weights] = {
    "school": {"none": 7, "hairband": 1, "ribbon": 1.5, "hairpin": 2},
    "casual": {
        "none": 6,
        "cap": 1.2,
        "beret": 0.8,
        "hairband": 1,
        "straw": 0.8,
        "hairpin": 2,
        "headphones": 0.8,
        "ribbon": 1,
    },
    "formal": {"none": 5, "hairpin": 1, "peaked": 0.7},
    "idol": {"none": 1, "ribbon": 2, "minihat": 1.5, "tiara": 1, "flower": 1},
    "fantasy": {"none": 3, "witch": 1.5, "crown": 1, "tiara": 1, "flower": 1, "hood": 0.7, "circlet": 1, "halo": 0.7},
    "armour": {"none": 2, "circlet": 1, "helmet": 1},
    "kimono": {"none": 1, "flower": 2, "hairpin": 1.5},
    "maid": {"headdress": 4, "none": 0.6},
    "sport": {"none": 3, "cap": 1, "headband": 1.5, "headphones": 0.5},
    "winter": {"none": 3, "beanie": 2, "beret": 1, "earmuffs": 1},
}
HATS = frozenset({"straw", "witch", "cap", "peaked", "beret", "beanie", "hood", "helmet"})
"""Headwear that covers the crown: nothing grows through it."""
HANDS: dict[str, Weights] = {
    "school": {"bare": 10, "wristband": 0.6, "bracelet": 0.4},
    "casual": {"bare": 10, "gloves": 0.6, "wristband": 1.5, "bracelet": 1.5},
    "formal": {"bare": 8, "gloves": 2, "bracelet": 1},
    "idol": {"bare": 5, "gloves": 2, "long gloves": 2, "bracelet": 1.5, "wristband": 1},
    "fantasy": {"bare": 6, "gloves": 2, "long gloves": 2, "bracelet": 1.5},
    "armour": {"bare": 3, "gloves": 3},
    "kimono": {"bare": 1},
    "maid": {"bare": 4, "gloves": 1.5, "long gloves": 0.5},
    "sport": {"bare": 5, "wristband": 3},
    "winter": {"bare": 5, "gloves": 4},
}
EYEWEAR: Weights = {"none": 10, "glasses": 1.6, "halfrim": 0.5, "sunglasses": 0.25, "eyepatch": 0.3, "monocle": 0.15}
EARWEAR: Weights = {"none": 6, "studs": 1, "drops": 1.2, "hoops": 0.6}
ANIMALS: Weights = {
    "none": 26,
    "cat": 1.6,
    "fox": 1.1,
    "dog": 0.7,
    "rabbit": 0.8,
    "demon": 0.7,
    "dragon": 0.4,
    "elf": 1.0,
}
"""Ears, horns and tail that belong to one creature."""
WINGS: Weights = {"none": 28, "feathered": 1.2, "bat": 0.8, "butterfly": 0.4, "mechanical": 0.2}
OBJECTS: dict[str, Weights] = {
    "school": {"book": 2, "bag": 3, "phone": 1, "umbrella": 1},
    "casual": {"phone": 2, "bag": 2, "cup": 2, "plush": 1, "umbrella": 1},
    "formal": {"book": 2, "bag": 1, "cup": 1},
    "idol": {"microphone": 4, "flowers": 1},
    "fantasy": {"staff": 3, "sword": 2, "book": 1, "flowers": 0.7},
    "armour": {"sword": 4, "shield": 1},
    "kimono": {"fan": 3, "umbrella": 2, "flowers": 1},
    "maid": {"tray": 3, "broom": 2},
    "sport": {"ball": 3, "racket": 1, "bottle": 1},
    "winter": {"cup": 2, "bag": 1, "phone": 1},
}
EMPTY_HANDS = 22.0
"""Weight of holding nothing, against that of all objects of a theme."""
WOMENS = frozenset(
    {
        *("dress", "camisole", "crop", "corset", "blouse", "leotard", "offshoulder"),
        *("puff", "pumps", "flats", "strapped", "thigh", "tights", "choker", "bow", "long gloves"),
        *("ribbon", "hairband", "tiara", "minihat", "flower", "drops", "plush"),
    }
)
"""What men do not wear; where nothing else is left they do."""
MENS = frozenset({"trousers", "jeans", "shorts", "faulds"})
"""The bottoms that they wear."""
MOSTLY_WHITE = frozenset({"shirt", "sailor", "blouse"})
COVERING = frozenset({"trousers", "jeans"})
"""Bottoms under which only socks are seen."""
PLAIN: Weights = {"plain": 1}
LEG_PATTERNS: Weights = {"plain": 6, "band": 1, "stripes": 0.6}
PATTERNS: Weights = {"plain": 10, "stripes": 1.2, "checks": 1.4, "dots": 0.8, "flowers": 0.5, "band": 1.2, "print": 0.6}


@dataclass(frozen=True, slots=True)
class Garment:
    """One thing worn: what it is, and its colours."""

    kind: str
    """`none` where nothing is worn."""
    colour: Colour
    trim: Colour
    """Of cuffs, hems, collars, buttons."""
    pattern: str = "plain"

    def __bool__(self) -> bool:
        return self.kind != "none"


@dataclass(frozen=True, slots=True)
class Outfit:
    """Everything worn and carried."""

    top: Garment
    sleeves: Garment
    bottom: Garment
    """`none` under a dress."""
    legs: Garment
    shoes: Garment
    neckwear: Garment
    headwear: Garment
    hands: Garment
    eyewear: Garment
    earwear: Garment
    animal: str
    """One of `ANIMALS`."""
    wings: Garment
    object: Garment
    inner: Colour
    """Of the shirt under an open jacket, a collar, an underskirt."""


def choose(dice: Dice, theme: str, masculine: float, palette: Palette) -> Outfit:
    """An outfit of a theme; men wear no skirts, nothing grows through hats."""
    man = masculine > 0.5
    tailor = _Tailor(dice, palette, man)
    first, second, third = palette.cloth
    accent, pale, dark = palette.accent, palette.pale, palette.dark
    animal = dice.of("animal").pick(ANIMALS)
    top, bottom = _top(tailor, theme), _bottom(tailor, theme)
    if top.kind in WITH_SKIRT:
        bottom = replace(bottom, kind="none")
    sleeves = tailor.make("sleeves", SLEEVES[top.kind], (pale if top.kind == "vest" else top.colour,))
    hats = {kind: w for kind, w in HEADWEAR[theme].items() if animal in ("none", "elf") or kind not in HATS}
    return Outfit(
        top=top,
        sleeves=replace(sleeves, trim=top.trim, pattern=top.pattern),
        bottom=bottom,
        legs=_legs(tailor, theme, man or bottom.kind in COVERING),
        shoes=tailor.make("shoes", SHOES[theme], (dark, dark, first, third, pale)),
        neckwear=tailor.make("neckwear", NECKWEAR[theme], (accent, accent, second, dark)),
        headwear=tailor.make("headwear", hats, (accent, first, second, pale, dark)),
        hands=tailor.make("hands", HANDS[theme], (pale, dark, second)),
        eyewear=tailor.make("eyewear", EYEWEAR, (dark, dark, accent, second)),
        earwear=tailor.make("earwear", EARWEAR, (accent, pale, dark)),
        animal=animal,
        wings=tailor.make("wings", WINGS, (pale, dark, first)),
        object=tailor.make("object", OBJECTS[theme] | {"none": EMPTY_HANDS}, (accent, second, dark, pale)),
        inner=pale if dice.of("inner").chance(0.8) else third,
    )


@dataclass(frozen=True, slots=True)
class _Tailor:
    """Makes garments in the colours of one palette, each by dice of its own."""

    dice: Dice
    palette: Palette
    man: bool

    def make(self, name: str, kinds: Weights, colours: tuple[Colour, ...], patterns: Weights = PLAIN) -> Garment:
        dice, palette = self.dice.of(name), self.palette
        if self.man:
            kinds = {kind: weight for kind, weight in kinds.items() if kind not in WOMENS} or kinds
        trims = (palette.accent, palette.pale, palette.dark, *palette.cloth[1:])
        return Garment(dice.pick(kinds), dice.pick(colours), dice.pick(trims), dice.pick(patterns))


def _top(tailor: _Tailor, theme: str) -> Garment:
    """Shirts and blouses mostly white."""
    palette = tailor.palette
    colours = (palette.cloth[0], palette.cloth[0], palette.cloth[1], palette.pale, palette.dark)
    top = tailor.make("top", TOPS[theme], colours, PATTERNS)
    white = top.kind in MOSTLY_WHITE and tailor.dice.of("white").chance(0.75)
    return replace(top, colour=palette.pale, pattern="plain") if white else top


def _bottom(tailor: _Tailor, theme: str) -> Garment:
    palette = tailor.palette
    kinds = BOTTOMS.get(theme, {"trousers": 1})
    if tailor.man:
        kinds = {kind: weight for kind, weight in kinds.items() if kind in MENS} or {"trousers": 1}
    colours = (palette.cloth[1], palette.cloth[1], palette.cloth[2], palette.dark, palette.pale)
    return tailor.make("bottom", kinds, colours, PATTERNS | {"checks": 3})


def _legs(tailor: _Tailor, theme: str, covered: bool) -> Garment:
    palette = tailor.palette
    kinds = {"socks": 2.0, "bare": 1.0} if covered else LEGWEAR[theme]
    return tailor.make("legs", kinds, (palette.pale, palette.dark, palette.dark, palette.cloth[2]), LEG_PATTERNS)
