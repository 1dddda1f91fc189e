"""What a face is like: its shape, the schools in which its features are drawn, and its expression."""

from __future__ import annotations

from dataclasses import dataclass

from animelayers.artist.build import Build
from animelayers.artist.dice import Dice
from animelayers.artist.eyeshape import EYES
from animelayers.artist.figure import Head
from animelayers.artist.wardrobe import Weights


@dataclass(frozen=True, slots=True)
class Face:
    """A face as its builders, the hair and the glasses must agree on it. Places are `(u, v)` of `figure.Head`."""

    shape: str
    """One of `faceshape.SHAPES`."""
    eyes: str
    """One of `eyeshape.EYES`."""
    spacing: float
    """`u` of the middle of the left eye."""
    level: float
    """`v` of the middle of the eyes."""
    size: float
    """Times the school's width and height."""
    slant: float
    """Radians by which the outer corners are raised."""
    openness: float
    """Of the upper lids: 1 is the school's own."""
    lids: tuple[str, str]
    """Right and left: `open`, `arc` (closed by laughter) or `rest` (closed by sleep)."""
    gaze: tuple[float, float]
    """Where both eyes look, to the character's left and down, -1..1."""
    pinch: float
    """Times the size of the irides: below 1 in surprise."""
    iris: str
    """One of `iris.MANNERS`."""
    pupil: str
    """One of `iris.PUPILS`."""
    sparkle: str
    """One of `iris.SPARKLES`."""
    lashes: str
    """One of `lashes.LASHES`."""
    brows: str
    """One of `brows.BROWS`."""
    brow_turn: float
    """Radians by which the inner ends are lowered (anger) or raised (sorrow, negative)."""
    brow_lift: float
    """Head heights up."""
    brows_over_hair: bool
    nose: str
    """One of `nose.NOSES`."""
    nose_level: float
    mouth: str
    """One of `mouth.MOUTHS`."""
    mouth_level: float
    mouth_width: float
    """Half of it, head heights."""
    lips: str
    """`none`, `hint` or `painted`."""
    blush: str
    """One of `complexion.BLUSHES`."""
    extra: str
    """One of `complexion.EXTRAS`."""

    @property
    def eye(self) -> tuple[float, float]:
        """Half width and half height of an eye, head heights."""
        shape = EYES[self.eyes]
        return shape.width * self.size, shape.height * self.size


@dataclass(frozen=True, slots=True)
class Mood:
    """What an expression does to the features."""

    mouths: Weights
    lids: Weights
    """Of both eyes; `wink` closes one."""
    openness: tuple[float, float] = (0.94, 1.04)
    brow_turn: tuple[float, float] = (-0.08, 0.06)
    brow_lift: tuple[float, float] = (-0.004, 0.01)
    blushes: Weights | None = None
    extras: Weights | None = None
    pinch: float = 1.0


_BLUSHES: Weights = {"none": 3, "soft": 4, "hatch": 1.3, "wide": 0.6, "spots": 0.6, "shine": 1.5}
MOODS = {
    "calm": Mood({"line": 4, "smile": 2, "small": 2, "parted": 0.5, "pout": 0.6}, {"open": 1}),
    "smile": Mood({"smile": 6, "cat": 1, "smirk": 1, "open": 1.2}, {"open": 9, "arc": 0.6, "wink": 0.6}),
    "happy": Mood(
        {"open": 5, "fang": 1.5, "grin": 1.5, "cat": 0.8},
        {"open": 4, "arc": 2, "wink": 0.8},
        brow_lift=(0.0, 0.02),
        brow_turn=(-0.16, 0),
        blushes={"soft": 4, "hatch": 1.5, "wide": 1, "none": 1},
    ),
    "sad": Mood(
        {"frown": 4, "wavy": 1, "small": 1, "parted": 0.6},
        {"open": 8, "rest": 1},
        openness=(0.8, 0.95),
        brow_turn=(-0.42, -0.22),
        extras={"none": 3, "tears": 1},
    ),
    "angry": Mood(
        {"frown": 3, "teeth": 1.5, "pout": 1.5, "shout": 1.2},
        {"open": 1},
        openness=(0.78, 0.95),
        brow_turn=(0.24, 0.42),
        brow_lift=(-0.022, -0.01),
        pinch=0.95,
    ),
    "surprised": Mood(
        {"round": 3, "parted": 1.2, "small": 1, "shout": 1},
        {"open": 1},
        openness=(1.06, 1.14),
        brow_lift=(0.015, 0.035),
        extras={"none": 5, "sweat": 1},
        pinch=0.86,
    ),
    "shy": Mood(
        {"wavy": 2, "small": 2, "smile": 1.5, "parted": 1.2, "pout": 0.8},
        {"open": 9, "rest": 1},
        openness=(0.82, 0.96),
        brow_turn=(-0.34, -0.14),
        blushes={"hatch": 2, "wide": 3, "soft": 2},
        extras={"none": 4, "sweat": 1},
    ),
    "sleepy": Mood(
        {"line": 2, "small": 2, "wavy": 1, "parted": 1},
        {"open": 3, "rest": 1},
        openness=(0.5, 0.66),
        brow_turn=(-0.2, 0),
        brow_lift=(0.0, 0.012),
    ),
}
"""Every mood of `Subject.mood`."""

_SHAPES: dict[str, Weights] = {
    "chibi": {"chibi": 5, "round": 2},
    "man": {"jaw": 5, "mature": 2, "oval": 1},
    "woman": {"soft": 4, "oval": 3, "v": 2.5, "round": 2, "mature": 1.2},
}
_EYES: dict[str, Weights] = {
    "chibi": {"chibi": 3, "moe": 4, "jitome": 1, "tareme": 1, "soft": 1},
    "man": {"sharp": 4, "small": 2.5, "tsurime": 1.2, "jitome": 0.7, "soft": 0.8},
    "woman": {
        "soft": 3.5,
        "moe": 2.5,
        "tareme": 1.8,
        "tsurime": 2,
        "sharp": 2,
        "nineties": 1,
        "small": 1,
        "jitome": 1,
    },
}
_BROWS: dict[str, Weights] = {
    "chibi": {"thin": 3, "short": 2, "dash": 1.5, "soft": 2},
    "man": {"thick": 4, "angled": 3, "soft": 1},
    "woman": {"thin": 5, "soft": 4, "straight": 1.4, "angled": 1, "short": 0.7, "thick": 0.6, "dash": 0.4},
}
_NOSES: dict[str, Weights] = {
    "chibi": {"none": 3, "dot": 3, "dash": 1},
    "man": {"bridge": 3, "wedge": 2, "line": 2},
    "woman": {"dot": 2.2, "dash": 1.6, "line": 2.5, "wedge": 1.6, "shine": 2, "bridge": 0.5, "none": 0.2},
}
_LASHES: dict[str, Weights] = {
    "chibi": {"band": 3, "winged": 2, "spiked": 1},
    "man": {"band": 5, "plain": 3},
    "woman": {"winged": 4, "spiked": 4, "girlish": 2, "band": 1.5},
}
_PUPILS: Weights = {"round": 12, "none": 2.5, "ring": 0.8, "star": 0.25, "heart": 0.15, "slit": 0.3}
_BEASTLY: Weights = {"slit": 5, "round": 2}
_SLITS = ("cat", "fox", "demon", "dragon")


def choose(dice: Dice, build: Build, head: Head, mood: str, animal: str) -> Face:
    """A face that suits the build: chibis have big low eyes, men narrow ones under thick brows."""
    kind = "chibi" if build.small else "man" if build.masculine > 0.5 else "woman"
    expression = MOODS[mood]
    d = dice.of("features")
    shape, eyes = dice.of("shape").pick(_SHAPES[kind]), dice.of("eyes").pick(_EYES[kind])
    size = d.near(0.97, 0.16) * (1.12 if kind == "chibi" else 1.0) * (0.94 if shape == "mature" else 1.0)
    level = EYES[eyes].level + d.near(0, 0.012) + {"chibi": 0.025, "man": -0.012, "woman": 0.0}[kind]
    nose_level = 0.5 - (0.5 - level) * d.uniform(0.5, 0.62)
    mouth_level = nose_level + (0.5 - nose_level) * d.uniform(0.34, 0.44)
    return Face(
        shape=shape,
        eyes=eyes,
        spacing=0.55 * EYES[eyes].width * size + 0.112 + d.near(0, 0.006),
        level=level,
        size=size,
        slant=d.near(0.0, 0.07),
        openness=d.uniform(*expression.openness),
        lids=_lids(dice.of("lids"), expression),
        gaze=_gaze(dice.of("gaze"), head, mood),
        pinch=expression.pinch,
        iris=dice.of("iris").pick({"glow": 4, "cel": 3, "gem": 2.5, "hatched": 1, "plain": 1, "rings": 0.8}),
        pupil=dice.of("pupil").pick(_BEASTLY if animal in _SLITS else _PUPILS),
        sparkle=dice.of("sparkle").pick({"pair": 4, "single": 2, "window": 1.5, "trio": 2, "dew": 1.2, "side": 1.5}),
        lashes=dice.of("lashes").pick(_LASHES[kind]),
        brows=dice.of("brows").pick(_BROWS[kind]),
        brow_turn=dice.of("brow").uniform(*expression.brow_turn),
        brow_lift=dice.of("lift").uniform(*expression.brow_lift),
        brows_over_hair=dice.of("over").chance(0.25),
        nose=dice.of("nose").pick(_NOSES[kind]),
        nose_level=nose_level,
        mouth=dice.of("mouth").pick(expression.mouths),
        mouth_level=mouth_level,
        mouth_width=d.uniform(0.048, 0.07) * (1.15 if kind == "man" else 0.9 if kind == "chibi" else 1.0),
        lips=dice.of("lips").pick({"none": 6, "hint": 3, "painted": 1} if kind == "woman" else {"none": 6, "hint": 1}),
        blush=dice.of("blush").pick({"none": 6, "soft": 1} if kind == "man" else expression.blushes or _BLUSHES),
        extra=dice.of("extra").pick({**(expression.extras or {"none": 16}), "mole": 0.4, "freckles": 0.25}),
    )


def _lids(dice: Dice, expression: Mood) -> tuple[str, str]:
    both = dice.pick(expression.lids)
    if both != "wink":
        return both, both
    return ("arc", "open") if dice.chance(0.5) else ("open", "arc")


def _gaze(dice: Dice, head: Head, mood: str) -> tuple[float, float]:
    """Mostly at the viewer, whatever the head does; the shy look aside."""
    if mood == "shy" and dice.chance(0.6):
        return 0.75 * dice.sign(), dice.uniform(0.1, 0.5)
    if dice.chance(0.15):
        return dice.near(0, 0.9), dice.near(0, 0.5)
    return -0.7 * head.yaw + dice.near(0, 0.1), -0.5 * head.pitch + dice.near(0, 0.1)
