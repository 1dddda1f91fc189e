"""Rendering layers by diffusion at full size: seconds a picture and a step of teaching, and memory, on every rung.

    python benchmarks/gpu/rendering.py --out RUN                               # all rows at all sizes
    python benchmarks/gpu/rendering.py --size 1152x768 --only bf16,compile,fp8 --profile --out RUN
    python benchmarks/gpu/rendering.py --table RUN/rendering.json OTHER/rendering.json

On a card, with networks of the published geometry and random weights: nothing is fetched, nothing loaded. RUN/
rendering.json gets a record a row as soon as there is one, RUN/log.txt all that is said; the tables come last. Layers
are compared with those of the row `bf16`, which is measured in every call that makes some. `--table` writes what such
files hold into docs/performance.md. `--tiny` runs toys on a CPU.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import Any

import rendering_networks as networks
import rendering_rows as rows
import rendering_tables as tables
from call import Call, ended, parsed
from meter import Meter
from rendering_rows import MAKING, REFERENCE, TEACHING, Making, Teaching
from torch import Tensor

from animelayers.models.fitting import Size

NAMES = tuple(row.name for row in (*MAKING, *TEACHING))
LARGE: tuple[Size, ...] = ((1152, 768), (1024, 1024))
SMALL: tuple[Size, ...] = ((768, 512), (1152, 768))
"""Height and width, px: of layers, and of what is learnt."""


class Run(Call):
    """One call: what was asked for, and the networks."""

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__(options.out, "rendering", tiny=options.tiny)
        self.options = options
        self.geometry = networks.toys() if options.tiny else networks.published()

    def all(self) -> bool:
        """Measure what was asked for; whether nothing failed."""
        chosen = self.options.only
        making = [row for row in MAKING if row.name in chosen]
        teaching = [row for row in TEACHING if row.name in chosen]
        if making and making[0].name != REFERENCE:
            making.insert(0, MAKING[0])
        good = [self._made(making, size) for size in self.options.size or LARGE]
        good += [self._taught(row, size) for size in self.options.size or SMALL for row in teaching]
        return all(good)

    def _made(self, chosen: list[Making], size: Size) -> bool:
        wanted: list[Tensor] = []

        def work(row: Making, record: dict[str, Any]) -> None:
            meter = Meter(self.device, self.options.repeat, record["stages"])
            found = rows.make(row, self.geometry, size, self.options.steps, meter)
            if row.name == REFERENCE:
                wanted.append(found)
            elif wanted and not row.composite:
                record["deviation"] = rows.deviation(found, wanted[0])

        if chosen and self.options.profile:
            self.profiled(f"a step of layers at {_said(size)} px", rows.step(self.geometry, size, self.device))
        good = [self._row(row, size, partial(work, row)) for row in chosen]
        return all(good)

    def _taught(self, row: Teaching, size: Size) -> bool:
        def work(record: dict[str, Any]) -> None:
            meter = Meter(self.device, 1, record["stages"])
            rows.teach(row, self.geometry, size, self.options.taught, meter)

        return self._row(row, size, work)

    def _row(self, row: Making | Teaching, size: Size, work: Any) -> bool:
        told = {"steps": self.options.steps, "repeat": self.options.repeat, "batch": row.batch, "deviation": {}}
        record = {**self.about(row.name, _said(size)), **told, "taught": isinstance(row, Teaching)}
        return self.measured(record, partial(work, record))


def _said(size: Size) -> str:
    return f"{size[0]} × {size[1]}"


def _size(text: str) -> Size:
    height, _, width = text.partition("x")
    return int(height), int(width)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    layers, taught = (" and ".join(f"{height}x{width}" for height, width in sizes) for sizes in (LARGE, SMALL))
    told = f"height and width (default: {layers} for layers, {taught} for teaching)"
    parser.add_argument("--size", type=_size, action="append", metavar="PX", help=told)
    parser.add_argument("--steps", type=int, default=10, metavar="N", help="of sampling (default: %(default)s)")
    parser.add_argument("--taught", type=int, default=5, metavar="N", help="steps that count (default: %(default)s)")
    return parsed(parser, argv, "rendering", NAMES)


def main(argv: list[str] | None = None) -> int:
    """0 done, 1 something failed, 2 usage."""
    return ended(arguments(argv), Run, tables)


if __name__ == "__main__":
    sys.exit(main())
