"""What the benchmarks of this folder share: a call that keeps what it has measured, and rows that may fail.

A row is one way to do the work, measured stage by stage; its record is JSON and goes to a file as soon as it is there,
so that a machine that is taken away has not run for nothing. The tables of docs/performance.md are written from files.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import statistics
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import diffusers
import torch
from meter import peaks

from animelayers.errors import AnimeLayersError, DataError
from animelayers.evaluation.tables import UNDEFINED
from animelayers.handoff.files import replacing

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "examples" / "sylvie_green_smile.png"
PROFILED = 30
"""Kernels that `--profile` names."""

Record = Mapping[str, Any]
"""Of a row: `card`, `size`, `row`; `stages`, name → `seconds` and what else `Meter` finds; `failed`, and more."""


class Call:
    """One call: on which device, what has been said and measured; what an earlier one has left in the folder stays.

    Args:
        folder: gets `NAME.json`, the records, and `log.txt`, all that is said.
        name: of the benchmark.
        tiny: toys on a CPU.
    """

    def __init__(self, folder: Path, name: str, *, tiny: bool) -> None:
        self.device = torch.device("cpu" if tiny else "cuda")
        self.card = "toys on a CPU" if tiny else torch.cuda.get_device_name()
        folder.mkdir(parents=True, exist_ok=True)
        self.file, self.log = folder / f"{name}.json", folder / "log.txt"
        self.records: list[Record] = merged([self.file]) if self.file.exists() else []

    def all(self) -> bool:
        """Measure what was asked for; whether nothing failed."""
        raise NotImplementedError

    def say(self, line: str) -> None:
        """On the screen and in the log."""
        print(line, flush=True)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")

    def about(self, row: str, size: Any) -> dict[str, Any]:
        """All about a row that is known before it runs; `size` is what the tables call it."""
        return {
            "card": self.card,
            "dtype": "float32" if self.device.type == "cpu" else "bf16",
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
            "size": size,
            "row": row,
            "stages": {},
            "failed": "",
        }

    def measured(self, record: dict[str, Any], work: Callable[[], None], limit: float | None = None) -> bool:
        """Do a row's work, which fills its record, and keep that; whether it did not fail.

        Args:
            record: see `about`.
            work: may raise anything: the machine is lent, and the other rows are wanted all the same.
            limit: GB of the card that PyTorch may take meanwhile.
        """
        try:
            with _limited(limit if self.device.type == "cuda" else None):
                work()
        except Exception as error:  # noqa: BLE001
            record["failed"] = _reason(error)
            self.say(traceback.format_exc())
        torch.compiler.reset()
        if self.device.type == "cuda":
            gc.collect()
            torch.cuda.empty_cache()
        self.records = [each for each in self.records if _key(each) != _key(record)] + [record]
        with replacing(self.file) as temporary:
            temporary.write_text(json.dumps(self.records, indent=1) + "\n", "utf-8")
        self.say(f"{record['size']} {record['row']}: {record['failed'] or f'{seconds(record):.2f} s'}")
        return not record["failed"]

    def profiled(self, what: str, step: Callable[[], Any]) -> None:
        """Say which kernels take longest."""
        from torch.profiler import ProfilerActivity, profile

        on_card = self.device.type == "cuda"
        step()
        with profile(activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_card else [])]) as found:
            step()
        by = f"self_{'cuda' if on_card else 'cpu'}_time_total"
        self.say(what)
        self.say(str(found.key_averages().table(sort_by=by, row_limit=PROFILED, max_name_column_width=90)))


def parsed(
    parser: argparse.ArgumentParser, argv: Sequence[str] | None, name: str, rows: Sequence[str]
) -> argparse.Namespace:
    """What was typed.

    Args:
        parser: has what the benchmark alone takes.
        argv: None takes the command line's.
        name: of the benchmark.
        rows: all that there are, for `--only`.
    """
    parser.add_argument("--only", metavar="ROWS", help=f"of {', '.join(rows)}")
    parser.add_argument("--out", type=Path, default=Path(f"{name}-benchmark"), metavar="FOLDER")
    parser.add_argument("--repeat", type=int, default=2, metavar="N", help="measured runs (default: %(default)s)")
    parser.add_argument("--profile", action="store_true", help="log the kernels of one step of sampling")
    parser.add_argument("--tiny", action="store_true", help="toys, on a CPU, in float32")
    parser.add_argument("--table", type=Path, nargs="+", metavar="FILE", help="write these into the page instead")
    parser.add_argument("--page", type=Path, default=PAGE, help="default: docs/performance.md")
    options = parser.parse_args(argv)
    options.only = options.only.split(",") if options.only else list(rows)
    if unknown := sorted({*options.only} - {*rows}):
        parser.error(f"unknown rows {', '.join(unknown)}; there are {', '.join(rows)}")
    if not (options.tiny or options.table or torch.cuda.is_available()):
        parser.error("there is no card here that PyTorch can use; --tiny runs toys on a CPU")
    return options


def ended(options: argparse.Namespace, begun: Callable[[argparse.Namespace], Call], tables: Any) -> int:
    """Measure and say the tables, or write those of files into the page: 0 done, 1 something failed.

    Args:
        options: what was typed.
        begun: makes the call.
        tables: the module with `BEGIN` and `written`.
    """
    try:
        if options.table:
            put(options.page, tables.BEGIN, tables.written(merged(options.table)))
            return 0
        call = begun(options)
        good = call.all()
        call.say(tables.written(call.records))
    except AnimeLayersError as error:
        print(f"{error}\n{error.hint}", file=sys.stderr)
        return 1
    return 0 if good else 1


def merged(files: Sequence[Path]) -> list[Record]:
    """The records of several files; of the same row on the same card at the same size, the last one.

    Raises:
        DataError: a file is missing, or has none.
    """
    found: dict[tuple[Any, ...], Record] = {}
    for file in files:
        try:
            for each in json.loads(file.read_text("utf-8")):
                found[_key(each)] = each
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{file} holds no records: {error}", hint="name the .json files of runs") from None
    return list(found.values())


def put(page: Path, begin: str, text: str) -> None:
    """Write what is between the marks of a page anew.

    Raises:
        DataError: the page has lost its marks.
    """
    sys.path.append(str(Path(__file__).parents[1]))  # for what is shared with the studies
    from studies import report

    report.put(page, begin, [text])


def seconds(record: Record, stage: str | None = None) -> float | None:
    """Of a stage, or of all; None where it did not come to that."""
    stages = record["stages"]
    if stage is not None:
        return statistics.median(stages[stage]["seconds"]) if stage in stages else None
    return None if record["failed"] else sum(statistics.median(each["seconds"]) for each in stages.values())


def memory(record: Record, stages: Sequence[str]) -> list[str] | None:
    """Peaks of the stages, and the highest of all, as cells: GB allocated / reserved; None where nothing is known."""
    found = {name: stage for name, stage in record["stages"].items() if "allocated" in stage}
    if not found:
        return None
    pairs = [(found[name]["allocated"], found[name]["reserved"]) if name in found else None for name in stages]
    most = tuple(max(pair[at] for pair in pairs if pair) for at in (0, 1))
    return [f"{pair[0]:.1f} / {pair[1]:.1f}" if pair else UNDEFINED for pair in (*pairs, most)]


ROOF = ("TFLOP", "at the peak, s", "GB moved", "at the bandwidth, s", "measured, s", "of the peak")
"""Columns of `roof`."""


def roof(record: Record, stage: str) -> list[str] | None:
    """What the card could do a stage in, as cells; None where its sums were not counted."""
    found, took, rates = record["stages"].get(stage, {}), seconds(record, stage), peaks(record["card"])
    if "tflop" not in found or not took:
        return None
    least = (found["tflop"] / rates[0], found["moved"] / 1000 / rates[1]) if rates else (None, None)
    share = f"{least[0] / took:.0%}" if least[0] is not None else UNDEFINED
    return [number(found["tflop"]), number(least[0]), number(found["moved"]), number(least[1]), number(took), share]


def number(value: float | None) -> str:
    """Three digits that count."""
    if value is None:
        return UNDEFINED
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _key(record: Record) -> tuple[Any, ...]:
    return record["card"], str(record["size"]), record["row"]


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


def _reason(error: Exception) -> str:
    if isinstance(error, torch.OutOfMemoryError):
        return "out of memory"
    return (str(error).splitlines() or [type(error).__name__])[0][:80].replace("|", "/")
