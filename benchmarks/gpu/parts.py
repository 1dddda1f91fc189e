"""Body parts by diffusion at full size: seconds a picture, memory, and how far each way to be faster leads off.

    python benchmarks/gpu/parts.py --size 1024 --only exact,plain --repeat 3 --profile --out RUN
    python benchmarks/gpu/parts.py --size 1280 --only nf4,offload --limit 7.5 --out OTHER
    python benchmarks/gpu/parts.py --table RUN/parts.json OTHER/parts.json

On a card, with networks of the published geometry and random weights in bf16: nothing is fetched, nothing loaded. Speed
and memory are those of the released weights. Deviations say how far apart two ways of computing the same thing are, and
of `ode`, `drop-absent` and `reuse`, which compute something else, how random networks take it. A picture is measured
from the page to layers and depth; what follows is not the networks'. Every row is compared with `exact`, which is what
the product does unless told otherwise, and runs in every call. RUN/parts.json gets a record a row as soon as there is
one, RUN/log.txt all that is said; the tables come last. `--table` writes what such files hold into docs/performance.md.
`--tiny` runs toys on a CPU.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import parts_networks as networks
import parts_tables as tables
from call import PICTURE, Call, ended, parsed
from meter import Meter, T, counted, counted_steps
from parts_flow import ROWS, SHORT, Flow, Results, Row, deviation, results

from animelayers.models.diffusion import speed
from animelayers.models.see_through.denoise import Denoised
from animelayers.models.see_through.schedule import STEPS
from animelayers.picture import load_picture

NAMES = tuple(row.name for row in ROWS)
WARM_STEPS = 3
"""Of which one fifth is over before frames are dropped, so that both counts of frames are met."""


class Run(Call):
    """One call: what was asked for, and the networks."""

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__(options.out, "parts", tiny=options.tiny)
        self.options = options
        self.geometry = networks.toys() if options.tiny else networks.published()
        self.rgba = load_picture(PICTURE).rgba

    def all(self) -> bool:
        """Measure what was asked for, size by size; whether nothing failed."""
        rows = chosen(self.options.only)
        sides = self.options.size or ([64] if self.options.tiny else [1024, 1280])
        good = [measure_all(self, side, rows) for side in sides]
        return all(good)

    def record(self, row: Row, side: int) -> dict[str, Any]:
        """All about a row that is known before it runs."""
        return {
            **self.about(row.name, side),
            "steps": self.options.steps or STEPS,
            "repeat": self.options.repeat,
            "against": row.against,
            "limit": self.options.limit if self.device.type == "cuda" and row.rung in SHORT else None,
            "deviation": {},
        }


def measure(run: Run, row: Row, side: int, stages: dict[str, Any]) -> Results:
    """One row at one size; what is measured goes into `stages`."""
    flow = Flow(row, run.rgba, side, run.options.steps)
    meter = Meter(run.device, 1 if row.copies > 1 else run.options.repeat, stages)
    exact = row.name == "exact"
    made = _quick(networks.parts(run.geometry, row.rung, run.device), row)
    beside = networks.depth(run.geometry, row.rung, run.device) if row.copies else None

    def sampled(which: int, name: str) -> Denoised:
        def some(steps: int) -> Denoised:
            return flow.latents(made, which, steps)

        steps = flow.plan.steps
        count = partial(counted_steps, some, steps) if exact else None
        return meter(name, partial(some, steps), partial(some, WARM_STEPS), count)

    def whole(name: str, work: Callable[[], T]) -> T:
        return meter(name, work, work, partial(counted, work) if exact else None)

    found = [sampled(which, name) for which, name in enumerate(("body", "head"))]
    if run.options.profile:
        run.profiled(f"{row.name} at {side} px, a step of the body", lambda: flow.latents(made, 0, 1))
    layers = whole("decode", lambda: flow.layers(made, found))
    if row.copies:  # the plain flow goes by way of files, and everything stays where it is
        layers = meter("files", partial(flow.kept, layers), lambda: None)
    else:
        del made
        meter.settle()
    near = beside or _quick(networks.depth(run.geometry, row.rung, run.device), row)
    return results(found, layers, whole("depth", lambda: flow.depth(near, layers)))


def _quick(made: Any, row: Row) -> Any:
    if "compile" in row.speed:
        speed.compile_blocks(made.unet)
    return made


def chosen(names: Sequence[str]) -> list[Row]:
    """These rows and those that they are compared with, in the order of `ROWS`."""
    wanted = {*names, "exact"}
    wanted |= {row.against for row in ROWS if row.name in wanted}
    return [row for row in ROWS if row.name in wanted]


def measure_all(run: Run, side: int, rows: Sequence[Row]) -> bool:
    """All rows at one size; whether none failed."""
    kept: dict[str, Results] = {}

    def work(row: Row, record: dict[str, Any]) -> None:
        found = measure(run, row, side, record["stages"])
        if row.against in kept:
            record["deviation"] = deviation(found, kept[row.against])
        if any(other.against == row.name for other in rows):
            kept[row.name] = found

    records = [(row, run.record(row, side)) for row in rows]
    good = [run.measured(record, partial(work, row, record), record["limit"]) for row, record in records]
    return all(good)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, action="append", metavar="PX", help="default: 1024 and 1280")
    parser.add_argument("--steps", type=int, metavar="N", help=f"of sampling (default: {STEPS})")
    parser.add_argument(
        "--limit", type=float, default=7.5, metavar="GB", help=f"that {' and '.join(SHORT)} may take (%(default)s)"
    )
    return parsed(parser, argv, "parts", NAMES)


def main(argv: list[str] | None = None) -> int:
    """0 done, 1 something failed, 2 usage."""
    return ended(arguments(argv), Run, tables)


if __name__ == "__main__":
    sys.exit(main())
