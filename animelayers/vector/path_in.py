"""The path text of SVG → cubic Bézier curves: every command of SVG 1.1, arcs included."""

from __future__ import annotations

import cmath
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from animelayers.errors import FormatError
from animelayers.vector.drawing import Curves

MAX_COMMANDS = 1_000_000
"""Of one path."""

_NUMBER = r"[\s,]*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
_FLAG = r"[\s,]*([01])"
_TAKES = {
    letter: re.compile("".join(kinds))
    for letter, kinds in {
        "M": [_NUMBER] * 2,
        "L": [_NUMBER] * 2,
        "H": [_NUMBER],
        "V": [_NUMBER],
        "C": [_NUMBER] * 6,
        "S": [_NUMBER] * 4,
        "Q": [_NUMBER] * 4,
        "T": [_NUMBER] * 2,
        "A": [*[_NUMBER] * 3, _FLAG, _FLAG, *[_NUMBER] * 2],
    }.items()
}
"""What follows each letter; flags of arcs may stick together."""
_LETTER = re.compile(r"[\s,]*([MmLlHhVvCcSsQqTtAaZz])")
_REST = re.compile(r"[\s,]*")


def parse_path(d: str) -> list[Curves]:
    """The sub-paths of a `d`, float64 [n, 4, 2] each; open ones are closed, as a fill does.

    Raises:
        FormatError: it is not path text, or has more than `MAX_COMMANDS` commands.
    """
    out: list[Curves] = []
    pen = _Pen()
    for number, (letter, values) in enumerate(_commands(d)):
        if number >= MAX_COMMANDS:
            raise FormatError(f"a path has over {MAX_COMMANDS} commands", hint="simplify it (Inkscape: Ctrl+L)")
        if letter in "MmZz":
            out += pen.closed()
        if letter not in "Zz":
            pen.draw(letter, values)
    return out + pen.closed()


def _commands(d: str) -> Iterator[tuple[str, list[float]]]:
    """Letter and values of every command; a letter that stands for several is repeated."""
    at, letter = _end(_REST, d, 0), ""
    while at < len(d):
        found = _LETTER.match(d, at)
        if found is not None:
            letter, at = found[1], found.end()
            if letter in "Zz":
                yield letter, []
                at, letter = _end(_REST, d, at), ""
                continue
        values = _TAKES[letter.upper()].match(d, at) if letter else None
        if values is None:
            raise FormatError(f"{d[at : at + 20]!r} is no path text", hint="save the SVG again")
        yield letter, [float(value) for value in values.groups()]
        at = _end(_REST, d, values.end())
        letter = {"M": "L", "m": "l"}.get(letter, letter)


def _end(pattern: re.Pattern[str], d: str, at: int) -> int:
    found = pattern.match(d, at)
    return at if found is None else found.end()


@dataclass(slots=True)
class _Pen:
    """Where one draws; points are x + iy."""

    at: complex = 0j
    start: complex = 0j
    handle: complex = 0j
    """The last handle, which S and T reflect."""
    last: str = ""
    curves: list[tuple[complex, complex, complex, complex]] = field(default_factory=list)

    def closed(self) -> list[Curves]:
        """The sub-path so far, if there is one; the pen goes back to where it began."""
        curves, self.curves = self.curves, []
        if curves and abs(self.at - self.start) > 1e-9:
            curves.append(_line(self.at, self.start))
        self.at = self.start
        return [np.stack([np.real(curves), np.imag(curves)], axis=2)] if curves else []

    def draw(self, letter: str, values: list[float]) -> None:
        kind, base = letter.upper(), self.at if letter.islower() else 0j
        if kind == "H":
            self._to(complex(base.real + values[0], self.at.imag))
        elif kind == "V":
            self._to(complex(self.at.real, base.imag + values[0]))
        elif kind == "A":
            self.curves += _arc(self.at, values, base + complex(*values[5:]))
            self.at = base + complex(*values[5:])
        else:
            points = [base + complex(x, y) for x, y in zip(values[::2], values[1::2], strict=True)]
            self._curve(kind, points)
        self.last = kind

    def _to(self, end: complex) -> None:
        self.curves.append(_line(self.at, end))
        self.at = end

    def _curve(self, kind: str, points: list[complex]) -> None:
        end = points[-1]
        if kind == "M":
            self.at = self.start = end
            return
        if kind == "L":
            self._to(end)
            return
        if kind in "ST":
            family = "CS" if kind == "S" else "QT"
            points = [2 * self.at - self.handle if self.last in family and self.last else self.at, *points]
        self.handle = points[-2]
        if kind in "QT":
            points = [self.at + (points[0] - self.at) * 2 / 3, end + (points[0] - end) * 2 / 3, end]
        self.curves.append((self.at, points[0], points[1], end))
        self.at = end


def _line(a: complex, b: complex) -> tuple[complex, complex, complex, complex]:
    return a, a + (b - a) / 3, b - (b - a) / 3, b


def _arc(start: complex, values: list[float], end: complex) -> list[tuple[complex, complex, complex, complex]]:
    """SVG 1.1, F.6: end points → centre, in pieces of at most a quarter turn."""
    rx, ry, turn = abs(values[0]), abs(values[1]), cmath.rect(1, math.radians(values[2]))
    if not rx or not ry or start == end:
        return [_line(start, end)]
    half = (start - end) / 2 / turn
    unit = complex(half.real / rx, half.imag / ry)  # on the circle that the ellipse is of
    grow = max(1.0, abs(unit))
    rx, ry, unit = rx * grow, ry * grow, unit / grow
    lean = math.sqrt(max(0.0, 1 / abs(unit) ** 2 - 1)) * (-1 if bool(values[3]) == bool(values[4]) else 1)
    centre = lean * complex(unit.imag, -unit.real)
    first = cmath.phase(unit - centre)
    sweep = cmath.phase((-unit - centre) / (unit - centre))
    sweep += 2 * math.pi * ((values[4] and sweep < 0) - (not values[4] and sweep > 0))
    middle = (start + end) / 2 + complex(centre.real * rx, centre.imag * ry) * turn
    count = max(1, math.ceil(abs(sweep) / (math.pi / 2) - 1e-9))
    step = sweep / count
    pull = 4 / 3 * math.tan(step / 4)
    out = []
    for i in range(count):
        a, b = (cmath.rect(1, first + step * (i + j)) for j in (0, 1))
        piece = (a, a + pull * 1j * a, b - pull * 1j * b, b)
        out.append(tuple(middle + complex(p.real * rx, p.imag * ry) * turn for p in piece))
    out[-1] = (*out[-1][:3], end)
    return [(p, q, r, s) for p, q, r, s in out]
