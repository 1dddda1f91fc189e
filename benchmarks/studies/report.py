"""What was measured, as tables and curves of a page: means over samples, then mean and deviation over seeds."""

from __future__ import annotations

import csv
import json
import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from animelayers.errors import DataError
from animelayers.evaluation.catalogue import Metric
from animelayers.evaluation.tables import UNDEFINED, heading, markdown, number
from animelayers.handoff.files import replacing
from animelayers.training.curves import FILES
from studies import chart

END = "<!-- end of what is generated -->"

Figures = Mapping[str, Mapping[str, Mapping[str, float]]]
"""How it was measured → id of a sample → name of a measure → value: what is in a file of figures."""


@dataclass(frozen=True, slots=True)
class Results:
    """Figures in a folder, by the name of what was measured: `variant-seed`, or another.

    All tables have the measures as columns.
    """

    folder: Path
    seeds: Sequence[int]
    shown: Mapping[str, Metric]
    """Names in the files → what they are."""
    how: str
    """Which of what is in the files."""

    def means(self, name: str) -> dict[str, float] | None:
        """Of what is measured under a name, over the samples; None where it is not."""
        samples = figures(self.folder, name).get(self.how, {}).values()
        found = {metric: [each[metric] for each in samples if metric in each] for metric in self.shown}
        return {metric: statistics.fmean(values) for metric, values in found.items() if values} or None

    def runs(self, variant: str) -> dict[int, dict[str, float]]:
        """Seed → means, of the runs of a variant that are measured."""
        found = {seed: self.means(f"{variant}-{seed}") for seed in self.seeds}
        return {seed: means for seed, means in found.items() if means}

    def table(self, variants: Iterable[str], above: Mapping[str, str], below: Mapping[str, str]) -> str:
        """Variants over their seeds; above and below what was measured once: name → what it is called."""
        head = ["", "runs", *map(heading, self.shown.values())]
        rows = [*self._alone(above), *self._variants(variants), *self._alone(below)]
        return markdown([head, *rows], "<" + ">" * (len(head) - 1))

    def differences(self, variants: Sequence[str]) -> str:
        """How far every variant is from the first one, seed by seed."""
        head = ["", "runs", *self.shown]
        start = self.runs(variants[0])
        rows = []
        for variant in variants[1:]:
            runs = self.runs(variant)
            if both := sorted(start.keys() & runs.keys()):
                cells = [
                    spread(
                        [runs[s][m] - start[s][m] for s in both if m in runs[s] and m in start[s]], metric, signed=True
                    )
                    for m, metric in self.shown.items()
                ]
                rows.append([f"`{variant}`", str(len(both)), *cells])
        return markdown([head, *rows], "<" + ">" * (len(head) - 1))

    def _variants(self, variants: Iterable[str]) -> Iterator[list[str]]:
        for variant in variants:
            if runs := list(self.runs(variant).values()):
                cells = (spread([run[m] for run in runs if m in run], metric) for m, metric in self.shown.items())
                yield [f"`{variant}`", str(len(runs)), *cells]

    def _alone(self, names: Mapping[str, str]) -> Iterator[list[str]]:
        for name, words in names.items():
            if means := self.means(name):
                yield [f"*{words}*", "", *(number(metric, means.get(m)) for m, metric in self.shown.items())]


def figures(folder: Path, name: str) -> Figures:
    """What is measured under a name; empty where nothing is."""
    path = folder / f"{name}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def keep(folder: Path, name: str, found: object) -> None:
    """Write it down."""
    with replacing(folder / f"{name}.json") as temporary:
        temporary.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", "utf-8")


def spread(values: Sequence[float], metric: Metric, *, signed: bool = False) -> str:
    """Mean ± standard deviation over runs; of one run, its value."""
    if not values:
        return UNDEFINED
    mean = number(metric, statistics.fmean(values), signed=signed)
    return f"{mean} ± {number(metric, statistics.stdev(values))}" if len(values) > 1 else mean


def costs(folders: Mapping[str, Path]) -> str:
    """What trainings took, as far as they are: name → folder of a run."""
    rows = [["stage", "steps", "samples", "minutes in steps"]]
    for name, folder in folders.items():
        if found := _rows(folder / FILES["curves"]):
            last = found[-1]
            rows.append([name, last["step"], last["samples"], f"{float(last['seconds']) / 60:.1f}"])
    return markdown(rows, "<>>>")


def ends(runs: Mapping[str, Sequence[Path]], columns: Sequence[str]) -> str:
    """Held-out figures where trainings ended, each a mean over the runs of a name that have any."""
    rows = [["", "runs", "steps", *columns]]
    for name, folders in runs.items():
        if lasts := [table[-1] for folder in folders if (table := _rows(folder / FILES["held-out"]))]:
            means = (statistics.fmean(float(last[column]) for last in lasts) for column in columns)
            rows.append([name, str(len(lasts)), lasts[0]["step"], *(f"{mean:.5f}" for mean in means)])
    return markdown(rows, "<" + ">" * (len(rows[0]) - 1))


def curves(runs: Mapping[str, Sequence[Path]], column: str, title: str, file: Path) -> str:
    """Held-out figures over steps, drawn beside a page: name → folders of its runs. The Markdown of it."""
    with replacing(file) as temporary:
        drawn = {name: _curve(folders, column) for name, folders in runs.items()}
        chart.drawn(drawn, title).save(temporary, "PNG", optimize=True)
    return f"![{title}]({file.name})"


def _curve(folders: Sequence[Path], column: str) -> chart.Curve:
    """Mean over the runs that have begun, at all steps that all of them have."""
    tables = [_rows(folder / FILES["held-out"]) for folder in folders]
    found = [{int(row["step"]): float(row[column]) for row in table} for table in tables if table]
    if not found:
        return []
    steps = sorted(set.intersection(*(set(run) for run in found)))
    return [(step, value) for step in steps if math.isfinite(value := statistics.fmean(run[step] for run in found))]


def sheet(source: Path, target: Path) -> None:
    """Lay a picture beside a page, in 256 colours: a third of its size."""
    with Image.open(source) as image, replacing(target) as temporary:
        image.convert("RGB").quantize(256).save(temporary, "PNG", optimize=True)


def put(page: Path, begin: str, parts: Iterable[str]) -> None:
    """Write what is between the marks of a page anew.

    Raises:
        DataError: the page has lost its marks.
        OutputError: it cannot be written.
    """
    whole = page.read_text("utf-8") if page.exists() else f"{begin}\n{END}\n"
    before, mark, rest = whole.partition(begin)
    _, end, after = rest.partition(END)
    if not (mark and end):
        raise DataError(f"{page} has lost its marks", hint=f"it needs the lines {begin} and {END}")
    text = "\n\n".join(parts)
    with replacing(page) as temporary:
        temporary.write_text(f"{before}{begin}\n\n{text}\n\n{END}{after}", "utf-8")


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
