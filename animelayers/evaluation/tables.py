"""How numbers and tables read: digits by unit, arrows, aligned text and Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from animelayers.evaluation.catalogue import Metric

UNDEFINED = "–"
ARROWS = {"higher": "↑", "lower": "↓", "neither": ""}

_DIGITS = {"dB": 2, "levels": 1, "ΔE": 2, "s": 2, "MiB": 0, "colours": 0}
"""Behind the point, by unit; shares have 3, and small errors 4."""


def digits(metric: Metric) -> int:
    """How many digits behind the point a value has."""
    return _DIGITS.get(metric.unit, 4 if metric.better == "lower" else 3)


def number(metric: Metric, value: float | None, *, signed: bool = False) -> str:
    """A value with the digits of its unit; as a power of ten where those would make it 0, `–` where there is none.

    `signed` is for differences: a sign, and one digit more.

    >>> from animelayers.evaluation.catalogue import METRICS
    >>> number(METRICS["flat.l1"], 0.01234), number(METRICS["flat.l1"], 0.0000123), number(METRICS["flat.l1"], None)
    ('0.0123', '1.2e-05', '–')
    """
    if value is None:
        return UNDEFINED
    sign, places = "+" if signed and value else "", digits(metric) + signed
    if value and abs(value) < 0.5 * 10**-places:
        return f"{value:{sign}.1e}"
    return f"{value:{sign}.{places}f}"


def heading(metric: Metric) -> str:
    """Name, way and unit: `part.psnr ↑ dB`."""
    return " ".join(word for word in (metric.name, ARROWS[metric.better], metric.unit) if word)


def plain(text: str) -> str:
    """A foreign name on one line, without anything that moves a cursor."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def aligned(rows: Iterable[Sequence[str]], align: str) -> str:
    """Rows of cells as lines; `align` has `<` or `>` for every column. East Asian characters count as two cells."""
    from rich.cells import cell_len

    table = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    lines = []
    for row in table:
        gaps = [" " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        cells = [cell + gap if way == "<" else gap + cell for cell, gap, way in zip(row, gaps, align, strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Foreign text for a cell of a Markdown table: it can neither end the cell nor become markup."""
    return "".join(f"\\{letter}" if letter in "\\|*`<[" else letter for letter in plain(text))


def markdown(rows: Sequence[Sequence[str]], align: str) -> str:
    """A table of cells that are Markdown already, the first row its heading; `align` as in `aligned`."""
    head, *body = rows
    rule = ["---" if way == "<" else "---:" for way in align]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *body))
