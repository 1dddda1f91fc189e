"""Curves as a picture: a few lines over steps, a logarithmic height, and names beside their ends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw, ImageFont

Curve = Sequence[tuple[float, float]]
"""Points (x, y), rising in x; y is positive."""

WIDTH, HEIGHT, FINE = 900, 420, 3
"""Px, and how much larger it is drawn before it is shrunk, for smooth lines."""
LEFT, RIGHT, TOP, BOTTOM = 60, 170, 40, 40
PAGE, INK, QUIET = (255, 255, 255), (40, 40, 44), (205, 205, 210)
COLOURS = (
    *((0, 0, 0), (228, 26, 28), (55, 126, 184), (77, 175, 74), (152, 78, 163)),
    *((255, 127, 0), (166, 86, 40), (247, 129, 191), (120, 120, 120), (0, 160, 160)),
)
TEXT = 13


def drawn(curves: Mapping[str, Curve], title: str) -> Image.Image:
    """The curves, each in a colour of its own; those without points are left out."""
    shown = {name: curve for name, curve in curves.items() if curve}
    image = Image.new("RGB", (WIDTH * FINE, HEIGHT * FINE), PAGE)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(TEXT * FINE)
    draw.text((LEFT * FINE, TOP // 2 * FINE), title, INK, font, "lm")
    if shown:
        points = [point for curve in shown.values() for point in curve]
        frame = _Frame.around(points)
        _grid(draw, font, frame)
        ends = []
        for number, (name, curve) in enumerate(shown.items()):
            colour = COLOURS[number % len(COLOURS)]
            places = [frame.place(*point) for point in curve]
            draw.line(places, colour, 2 * FINE, "curve")
            ends.append((places[-1][1], name, colour))
        _names(draw, font, ends)
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


class _Frame:
    """From values to pixels."""

    def __init__(self, last: float, low: float, high: float) -> None:
        self.last, self.low, self.high = last or 1.0, math.log(low), math.log(high)

    @classmethod
    def around(cls, points: Curve) -> _Frame:
        heights = [y for _, y in points]
        return cls(max(x for x, _ in points), min(heights) / 1.03, max(heights) * 1.03)

    def place(self, x: float, y: float) -> tuple[float, float]:
        across, up = x / self.last, (math.log(y) - self.low) / (self.high - self.low)
        return (LEFT + across * (WIDTH - LEFT - RIGHT)) * FINE, (HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)) * FINE


def _grid(draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, frame: _Frame) -> None:
    for part in range(5):
        level = math.exp(frame.low + (frame.high - frame.low) * part / 4)
        x, y = frame.place(frame.last * part / 4, level)
        draw.line([frame.place(0, level), frame.place(frame.last, level)], QUIET, FINE)
        draw.text(((LEFT - 6) * FINE, y), f"{level:.3g}", INK, font, "rm")
        draw.text((x, (HEIGHT - BOTTOM // 2) * FINE), f"{frame.last * part / 4:.0f}", INK, font, "mm")


def _names(
    draw: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    ends: list[tuple[float, str, tuple[int, int, int]]],
) -> None:
    """Beside the ends of their curves, from above, none upon another."""
    room = (TEXT + 4) * FINE
    lowest = (HEIGHT - BOTTOM) * FINE - room * len(ends)
    y = 0.0
    for end, name, colour in sorted(ends):
        y = max(y, min(end, lowest))
        draw.text(((WIDTH - RIGHT + 8) * FINE, y), name, colour, font, "lm")
        y, lowest = y + room, lowest + room
