"""What the embedded models come to: writes the generated part of docs/models.md.

    python benchmarks/evaluation.py --jobs 2 --set live2d-validation=DIR
    python benchmarks/models.py FOLDER [FOLDER ...]

The first command leaves its runs where the second looks for them (`-o`). Beside what those runs say, this measures the
probes of `lite` next to those of `classic` on every picture of the folders, that both modes are exact on each, and how
long the command line takes, each time in a fresh process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation import BEGIN as _BEGIN
from evaluation import put
from speed import enlarged, run

from animelayers import decompose, load_picture, max_error
from animelayers.cli.console import DONE, FAILED, complain, say
from animelayers.errors import AnimeLayersError
from animelayers.evaluation.meter import machine
from animelayers.evaluation.records import read_run
from animelayers.evaluation.summary import Summary, summarise
from animelayers.evaluation.tables import markdown
from animelayers.handoff.files import replacing
from animelayers.models.onnx import WEIGHTS
from animelayers.picture import Picture
from animelayers.rendering.probes import probe

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "models.md"
BEGIN = _BEGIN.replace("evaluation.py", "models.py")
PROBES = {
    "flat_line_energy": "lines left in the flat",
    "flat_seams": "seams",
    "line_leak": "leak",
    "haze": "haze",
}
"""Of `animelayers inspect`; smaller is better."""


@dataclass(frozen=True, slots=True)
class Reach:
    """A number that is to be reached."""

    what: str
    group: str
    """Folder of the runs: set and mode."""
    metric: str
    least: float | None = None
    """None: twice as good as `classic`."""


REACHES = (
    Reach("parts, synthetic hold-out", "synthetic-v1/parts-picture", "visible.iou", 0.80),
    Reach("parts, synthetic hold-out", "synthetic-v1/parts-picture", "amodal.soft_iou", 0.75),
    Reach("parts, synthetic hold-out", "synthetic-v1/parts-picture", "order.pairs", 0.95),
    Reach("parts, hold-out on backgrounds", "synthetic-v1/parts-image", "visible.iou", 0.80),
    Reach("parts, live2d-validation", "live2d-validation/parts-picture", "visible.iou", 0.55),
    Reach("parts, live2d-validation", "live2d-validation/parts-picture", "visible.accuracy", 0.80),
    Reach("rendering, synthetic hold-out", "synthetic-v1/rendering-picture", "line.soft_iou"),
    Reach("rendering, synthetic hold-out", "synthetic-v1/rendering-picture", "flat.l1"),
    Reach("rendering, synthetic hold-out", "synthetic-v1/rendering-picture", "shadow.l1"),
    Reach("rendering, synthetic hold-out", "synthetic-v1/rendering-picture", "highlight.l1"),
)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cache = Path(tempfile.gettempdir()) / "animelayers-benchmark"
    parser.add_argument("folders", type=Path, nargs="*", default=[ROOT / "examples"], help="of pictures to probe")
    parser.add_argument(
        "-o", "--output", type=Path, default=cache, metavar="FOLDER", help="of benchmarks/evaluation.py"
    )
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--page", type=Path, default=PAGE, help="default: docs/models.md")
    return parser.parse_args(argv)


def reached(runs: Path) -> Iterator[list[str]]:
    """A row for every number that is to be reached."""
    for reach in REACHES:
        folder = runs / reach.group
        if not (folder / "lite").is_dir():
            continue
        lite = summarise(read_run(folder / "lite"))
        floor = summarise(read_run(folder / ("classic" if reach.least is None else "mean-position")))
        found, before = value(lite, reach.metric), value(floor, reach.metric)
        if reach.least is not None:
            wanted, good = f"≥ {reach.least:.2f}", found >= reach.least
        else:
            error, other = (1 - found, 1 - before) if reach.metric.endswith("iou") else (found, before)
            wanted, good = f"half the error of {before:.4f}", error <= other / 2
        figures = [f"{before:.4f}", f"{found:.4f}", "reached" if good else "**missed**"]
        yield [reach.what, f"`{reach.metric}`", wanted, *figures]


def value(summary: Summary, metric: str) -> float:
    """Mean over the samples."""
    found = summary.value(metric)
    return float("nan") if found is None else found


def pictures(folders: Sequence[Path]) -> list[Path]:
    """Whole pictures of figures, sorted; not the sheets that sprites are put together from."""
    found = [path for folder in folders for path in folder.rglob("*.png")]
    return sorted(path for path in found if "parts" not in str(path.parent) and path.name != "visible.png")


def probed(paths: Sequence[Path]) -> Iterator[list[str]]:
    """A row a picture: the probes of `classic` and of `lite`, and how exact both modes are."""
    for path in paths:
        picture = load_picture(path)
        stacks = {model: decompose(picture, "rendering", model) for model in ("classic", "lite")}
        classic, lite = (probe(stack, picture.rgba).as_dict() for stack in stacks.values())
        cells = [f"{classic[name]:.3f} → {lite[name]:.3f}" for name in PROBES]
        worse = [words for name, words in PROBES.items() if lite[name] > classic[name]]
        error = max(max_error(stacks["lite"], picture.rgba), parts_error(picture))
        size = f"{picture.width} × {picture.height}"
        yield [f"{path.parent.name}/{path.name}", size, *cells, ", ".join(worse) or "none", str(error)]


def parts_error(picture: Picture) -> int:
    """Of mode parts, levels."""
    return max_error(decompose(picture, "parts", "lite"), picture.rgba)


def timed(cores: int) -> Iterator[list[str]]:
    """A row a mode: from process start to file written, best of three, and the most memory of these."""
    os.sched_setaffinity(0, range(cores))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture = enlarged(folder, 1536, 1024)
        for mode, reach in (("rendering", 6), ("parts", 12)):
            command = [sys.executable, "-m", "animelayers", "decompose", str(picture), "--mode", mode]
            found = [run([*command, "-o", str(folder / f"{mode}.psd"), "--quiet"]) for _ in range(3)]
            seconds, memory = min(f[0] for f in found), max(f[1] for f in found)
            good = "reached" if seconds <= reach and memory <= 2 else "**missed**"
            yield [f"{mode}, PNG → PSD", f"≤ {reach} s, ≤ 2 GB", f"{seconds:.1f} s", f"{memory:.2f} GB", good]


def cards() -> Iterator[list[str]]:
    """A row a file of weights."""
    for path in sorted(WEIGHTS.glob("*.json")):
        card, size = json.loads(path.read_text("utf-8")), path.with_suffix(".onnx").stat().st_size
        stages = [*card.get("before", ()), card["training"]]
        made = ", then ".join(f"{s['steps']} steps, {s['views']} views, {s['minutes']:g} min" for s in stages)
        yield [f"`{path.with_suffix('.onnx').name}`", f"{size / 1e6:.1f} MB", made, card["data"]["seeds"]]


def main(argv: list[str] | None = None) -> int:
    """Measure and write the page; 0 done, 1 failed, 2 usage."""
    options = arguments(argv)
    try:
        page = put(options.page.read_text("utf-8"), "", BEGIN)
        head = ["picture", "px", *PROBES.values(), "worse than classic in", "max error, both modes"]
        lines = [
            f"`python benchmarks/models.py FOLDER …` on {machine()}, {options.cores} cores; Python "
            f"{platform.python_version()}. The first table reads the runs of benchmarks/evaluation.py on this machine.",
            "### To be reached",
            markdown([["what", "metric", "reach", "floor", "`lite`", ""], *reached(options.output / "runs")], "<<<>><"),
            "### Time and memory at 1024 × 1536",
            markdown([["what", "reach", "time", "memory", ""], *timed(options.cores)], "<<>><"),
            "### Probes on real art, `classic` → `lite`",
            "They need no truth; smaller is better in all.",
            markdown([head, *probed(pictures(options.folders))], "<<" + ">" * len(PROBES) + "<>"),
            "### Weights",
            markdown([["file", "size", "training", "data"], *cards()], "<><<"),
        ]
        with replacing(options.page) as temporary:
            temporary.write_text(put(page, "\n\n".join(lines), BEGIN), "utf-8")
    except AnimeLayersError as error:
        complain(str(error), error.hint)
        return FAILED
    say(str(options.page))
    return DONE


if __name__ == "__main__":
    sys.exit(main())
