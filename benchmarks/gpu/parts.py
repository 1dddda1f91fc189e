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
import contextlib
import gc
import json
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import diffusers
import networks
import tables
import torch
from flow import ROWS, SHORT, Flow, Results, Row, results
from meter import Meter, T, counted, counted_steps, deviation

from animelayers.errors import AnimeLayersError
from animelayers.handoff.files import replacing
from animelayers.models.diffusion import speed
from animelayers.models.see_through.denoise import Denoised
from animelayers.models.see_through.schedule import STEPS
from animelayers.picture import load_picture

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "examples" / "sylvie_green_smile.png"
NAMES = tuple(row.name for row in ROWS)
WARM_STEPS = 3
"""Of which one fifth is over before frames are dropped, so that both counts of frames are met."""
PROFILED = 30
"""Kernels that `--profile` names."""


class Run:
    """One call: what was asked for, on which device, and what was said."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.device = torch.device("cpu" if options.tiny else "cuda")
        self.card = "toys on a CPU" if options.tiny else torch.cuda.get_device_name()
        self.geometry = networks.toys() if options.tiny else networks.published()
        self.rgba = load_picture(PICTURE).rgba
        options.out.mkdir(parents=True, exist_ok=True)
        self.file, self.log = options.out / "parts.json", options.out / "log.txt"
        self.records: list[tables.Record] = tables.merged([self.file]) if self.file.exists() else []

    def say(self, line: str) -> None:
        """On the screen and in the log."""
        print(line, flush=True)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")

    def keep(self, record: tables.Record) -> None:
        """Write it down at once."""
        self.records = [each for each in self.records if not _same(each, record)] + [record]
        with replacing(self.file) as temporary:
            temporary.write_text(json.dumps(self.records, indent=1) + "\n", "utf-8")

    def record(self, row: Row, side: int) -> dict[str, Any]:
        """All about a row that is known before it runs."""
        return {
            "card": self.card,
            "dtype": "float32" if self.options.tiny else "bf16",
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
            "side": side,
            "steps": self.options.steps or STEPS,
            "repeat": self.options.repeat,
            "row": row.name,
            "against": row.against,
            "limit": self.options.limit if self.device.type == "cuda" and row.rung in SHORT else None,
            "stages": {},
            "deviation": {},
            "failed": "",
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
        run.say(f"{row.name} at {side} px, a step of the body")
        run.say(profiled(lambda: flow.latents(made, 0, 1), run.device))
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


def profiled(step: Any, device: torch.device) -> str:
    """The kernels that take longest."""
    from torch.profiler import ProfilerActivity, profile

    on_card = device.type == "cuda"
    step()
    with profile(activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_card else [])]) as found:
        step()
    by = f"self_{'cuda' if on_card else 'cpu'}_time_total"
    return str(found.key_averages().table(sort_by=by, row_limit=PROFILED, max_name_column_width=90))


def chosen(names: Sequence[str]) -> list[Row]:
    """These rows and those that they are compared with, in the order of `ROWS`."""
    wanted = {*names, "exact"}
    wanted |= {row.against for row in ROWS if row.name in wanted}
    return [row for row in ROWS if row.name in wanted]


def measure_all(run: Run, side: int, rows: Sequence[Row]) -> bool:
    """All rows at one size; whether none failed."""
    kept: dict[str, Results] = {}
    good = True
    for row in rows:
        record = run.record(row, side)
        try:
            with _limited(record["limit"]):
                found = measure(run, row, side, record["stages"])
            if row.against in kept:
                record["deviation"] = deviation(found, kept[row.against])
            if any(other.against == row.name for other in rows):
                kept[row.name] = found
        except Exception as error:  # noqa: BLE001  # the machine is lent: the other rows are wanted all the same
            record["failed"], good = _reason(error), False
            run.say(traceback.format_exc())
        _cleared(run.device)
        run.keep(record)
        whole = tables.seconds(record)
        run.say(f"{side} px {row.name}: {record['failed'] or f'{whole:.2f} s'}")
    return good


@contextlib.contextmanager
def _limited(limit: float | None) -> Iterator[None]:
    """As long as it lasts, PyTorch may take no more than so many GB of the card."""
    if limit is None:
        yield
        return
    torch.cuda.set_per_process_memory_fraction(min(1.0, limit * 1e9 / torch.cuda.mem_get_info()[1]))
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def _cleared(device: torch.device) -> None:
    torch.compiler.reset()
    if device.type == "cuda":
        gc.collect()
        torch.cuda.empty_cache()


def _reason(error: Exception) -> str:
    if isinstance(error, torch.OutOfMemoryError):
        return "out of memory"
    return (str(error).splitlines() or [type(error).__name__])[0][:80].replace("|", "/")


def _same(one: tables.Record, other: tables.Record) -> bool:
    return all(one[name] == other[name] for name in ("card", "side", "row"))


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, action="append", metavar="PX", help="default: 1024 and 1280")
    parser.add_argument("--only", metavar="ROWS", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--out", type=Path, default=Path("parts-benchmark"), metavar="FOLDER")
    parser.add_argument("--repeat", type=int, default=2, metavar="N", help="measured runs (default: %(default)s)")
    parser.add_argument("--steps", type=int, metavar="N", help=f"of sampling (default: {STEPS})")
    parser.add_argument(
        "--limit", type=float, default=7.5, metavar="GB", help=f"that {' and '.join(SHORT)} may take (%(default)s)"
    )
    parser.add_argument("--profile", action="store_true", help="log the kernels of one step of the body")
    parser.add_argument("--tiny", action="store_true", help="toys, on a CPU, in float32")
    parser.add_argument("--table", type=Path, nargs="+", metavar="FILE", help="write these into the page instead")
    parser.add_argument("--page", type=Path, default=PAGE, help="default: docs/performance.md")
    options = parser.parse_args(argv)
    options.only = options.only.split(",") if options.only else list(NAMES)
    if unknown := sorted({*options.only} - {*NAMES}):
        parser.error(f"unknown rows {', '.join(unknown)}; there are {', '.join(NAMES)}")
    if not (options.tiny or options.table or torch.cuda.is_available()):
        parser.error("there is no card here that PyTorch can use; --tiny runs toys on a CPU")
    return options


def _put(page: Path, text: str) -> None:
    sys.path.append(str(Path(__file__).parents[1]))  # for what it shares with the studies
    from studies.report import put

    put(page, tables.BEGIN, [text])


def main(argv: list[str] | None = None) -> int:
    """0 done, 1 something failed, 2 usage."""
    options = arguments(argv)
    try:
        if options.table:
            _put(options.page, tables.written(tables.merged(options.table)))
            return 0
        run = Run(options)
        rows = chosen(options.only)
        good = [measure_all(run, side, rows) for side in options.size or ([64] if options.tiny else [1024, 1280])]
        run.say(tables.written(run.records))
    except AnimeLayersError as error:
        print(f"{error}\n{error.hint}", file=sys.stderr)
        return 1
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
