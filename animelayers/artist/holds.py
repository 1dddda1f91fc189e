"""Which poses of the arm can hold which thing, and how."""

from __future__ import annotations

from dataclasses import dataclass

from animelayers.artist.dice import Range
from animelayers.artist.gestures import Handling


@dataclass(frozen=True, slots=True)
class Hold:
    """A way to hold a thing."""

    hand: Handling
    lean: Range = (-4, 4)
    """Degrees that the thing's top leans outwards."""
    layer: str = "behind"
    """`behind` the hand, `between` palm and fingers, or in `front` of the arm."""
    at: str = "grip"
    """What of the arm it is fixed to: `grip`, `palm`, `wrist`, `fore` (the middle of the forearm) or `elbow`."""
    form: str = ""
    """Which of the thing's forms is meant: a closed umbrella, an open one."""


_ACROSS = Handling("grip", (4, 24), aim=(-102, -86))
_OUT = Handling("grip", (165, 190), (-8, 8), aim=(84, 104))
_HANGING = Handling("grip", (25, 60), (-4, 8))
_CHEST = Handling("grip", (6, 30), aim=(-128, -106))
_UP = Handling("grip", (150, 185), (-6, 6))
_PRESSED = Handling("curved", (0, 22), aim=(-104, -86))
_TOGETHER = Handling("curved", (0, 25), aim=(-46, -30))
_PALM_UP = Handling("flat", (-104, -84), (-30, -16))
_SIDE = Handling("relaxed", (15, 45), aim=(-20, 8))

_SHAFT = {
    "hold": Hold(_ACROSS, (16, 26)),
    "offer": Hold(_OUT, (-6, 8), "between"),
    "chest": Hold(_CHEST, (20, 30)),
}
_DANGLING = {pose: Hold(_HANGING) for pose in ("down", "relaxed", "apart")}
_LOW = {pose: Hold(_HANGING, (158, 174), form="low") for pose in ("down", "relaxed", "apart")}
_SMALL = {"hold": Hold(_ACROSS), "chest": Hold(_CHEST, (-14, 2)), "offer": Hold(_OUT, layer="between")}
_HUGGED = {"hold": Hold(_PRESSED, (-10, 10), at="palm"), "chest": Hold(_PRESSED, (-14, 8), at="palm")}

HOLDS: dict[str, dict[str, Hold]] = {
    "book": {**_HUGGED, "down": Hold(_HANGING, (-8, 8), at="palm"), "relaxed": Hold(_HANGING, (-8, 8), at="palm")},
    "bag": {**_DANGLING, "together": Hold(_TOGETHER, at="palm"), "hold": Hold(_PRESSED, at="elbow", layer="front")},
    "phone": {
        **_SMALL,
        "face": Hold(Handling("grip", (-80, -50), aim=(-174, -160)), (-20, -8), "behind"),
        "wave": Hold(_UP, (-6, 10), "between", form="low"),
    },
    "umbrella": {
        **_LOW,
        "together": Hold(_TOGETHER, (178, 182), form="low"),
        "offer": Hold(_OUT, (-20, -10), "between"),
    },
    "cup": _SMALL,
    "plush": {**_HUGGED, **_DANGLING},
    "microphone": {
        "hold": Hold(_ACROSS, (-24, -8)),
        "chest": Hold(_CHEST, (-30, -16)),
        "face": Hold(Handling("grip", (-40, -10), aim=(-160, -140)), (-34, -18)),
        "raised": Hold(_UP, (-12, 12), "between"),
    },
    "flowers": {**_SMALL, "down": Hold(_HANGING, (150, 170)), "together": Hold(_TOGETHER, (-8, 8), at="palm")},
    "staff": _SHAFT,
    "sword": {
        **_LOW,
        "hold": Hold(_ACROSS, (20, 34)),
        "offer": Hold(_OUT, (0, 24), "between"),
        "raised": Hold(_UP, (20, 42), "between"),
        "together": Hold(_TOGETHER, (178, 182), form="low"),
    },
    "shield": {
        pose: Hold(Handling("fist", (10, 50)), layer="front", at="fore") for pose in ("down", "relaxed", "hold")
    },
    "fan": {
        "hold": Hold(_ACROSS, (-16, 10)),
        "chest": Hold(_CHEST, (-24, 4)),
        "wave": Hold(_UP, (-10, 25), "between"),
        "offer": Hold(_OUT, (0, 30), "between"),
        "face": Hold(Handling("grip", (-40, -10), aim=(-160, -140)), (-20, 4)),
    },
    "tray": {"offer": Hold(_PALM_UP, at="palm", form="low"), "hold": Hold(_PRESSED, at="palm", form="high")},
    "broom": {"hold": _SHAFT["hold"], "offer": _SHAFT["offer"]},
    "ball": {"hip": Hold(_SIDE, at="fore"), "hold": Hold(_PRESSED, at="palm"), "wave": Hold(_UP, at="palm")},
    "racket": {**_LOW, "hold": Hold(_ACROSS, (10, 40)), "offer": Hold(_OUT, (10, 40), "between")},
    "bottle": {**_SMALL, **_DANGLING},
}
"""Thing → pose of the arm → way to hold it there."""
