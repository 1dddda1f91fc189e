"""What runs come to: every metric over the samples where it is defined, sums over the whole set, faults; side by side.

No number is filled in: what is not defined for a sample is in no mean, and how many were counted is said beside it.
"""

from __future__ import annotations

import json
import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from animelayers.errors import DataError
from animelayers.evaluation.catalogue import METRICS, POOLED, SET_METRICS, Metric
from animelayers.evaluation.prediction import FAULTS, Record, Scores
from animelayers.evaluation.records import About, Run
from animelayers.evaluation.tables import UNDEFINED, number
from animelayers.parts import PART_LABELS

_SHOWN: Mapping[str, str] = {"cost.seconds": "median", "cost.peak_mb": "max", "cost.peak_gpu_mb": "max"}

_NOTHING: Mapping[Any, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Spread:
    """One metric over the samples where it is defined."""

    n: int
    """How many; at least 1."""
    mean: float
    std_error: float | None
    """Of the mean: s / √n; None for one sample."""
    median: float
    p05: float
    """5 % quantile, linear between samples."""
    p95: float
    min: float
    max: float


@dataclass(frozen=True, slots=True)
class Tag:
    """One part tag over the samples that have it."""

    n: int
    metrics: Mapping[str, Spread]


@dataclass(frozen=True, slots=True)
class Summary:
    """One run in numbers."""

    run: Run
    label: str
    """Its column, as `labels_of` names it."""
    scores: Mapping[str, Scores]
    """Id of every scored sample → its values, what it cost among them."""
    metrics: Mapping[str, Spread]
    """In the order of the catalogue; a metric that no sample has is not there."""
    whole: Mapping[str, float]
    """Names of `catalogue.SET_METRICS` → values."""
    tags: Mapping[str, Tag]
    """In the order of `parts.PARTS`."""
    faults: Mapping[str, tuple[str, ...]]
    """Code → ids of the samples, sorted; in the order of `prediction.FAULTS`."""

    @property
    def samples(self) -> int:
        """How many there are in the set."""
        return self.run.about.samples

    @property
    def faulty(self) -> int:
        """Samples with any fault."""
        return sum(bool(record.faults) for record in self.run.records)

    def value(self, name: str) -> float | None:
        """The one number that tables show of a metric, as `shown` says; None where it is not defined."""
        if name in self.whole:
            return self.whole[name]
        spread = self.metrics.get(name)
        return None if spread is None else float(getattr(spread, shown(name)))

    def as_dict(self) -> dict[str, Any]:
        """Everything but the values of single samples, JSON-ready."""
        return {
            "label": self.label,
            "about": asdict(self.run.about),
            "samples": self.samples,
            "recorded": len(self.run.records),
            "scored": len(self.scores),
            "faulty": self.faulty,
            "metrics": {name: asdict(found) for name, found in self.metrics.items()},
            "set_metrics": dict(self.whole),
            "tags": {name: asdict(tag) for name, tag in self.tags.items()},
            "faults": {code: list(ids) for code, ids in self.faults.items()},
        }


@dataclass(frozen=True, slots=True)
class Overview:
    """Runs over one set, side by side."""

    summaries: tuple[Summary, ...]

    @property
    def about(self) -> About:
        """Of the first run; set and mode are those of all."""
        return self.summaries[0].run.about

    @property
    def listed(self) -> tuple[Metric, ...]:
        """Every metric that could be there, in the order of the catalogue."""
        mode = self.about.mode
        return tuple(m for m in (*METRICS.values(), *SET_METRICS.values()) if m.mode in (None, mode))

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Those that any run has."""
        return tuple(m for m in self.listed if any(s.value(m.name) is not None for s in self.summaries))

    @property
    def headline(self) -> tuple[Metric, ...]:
        """Those of the first table."""
        return tuple(m for m in self.metrics if m.headline)

    @property
    def missing(self) -> tuple[str, ...]:
        """What no run has: names, and `group.*` for whole groups."""
        there = self.metrics
        groups = {metric.group for metric in there}
        names = (m.name if m.group in groups else f"{m.group}.*" for m in self.listed if m not in there)
        return tuple(dict.fromkeys(names))

    @property
    def caveats(self) -> tuple[str, ...]:
        """Why numbers of different runs must not be ranked; empty where they may be."""
        differ: dict[str, set[Any]] = {
            "the models were not scored on the same samples": {frozenset(s.scores) for s in self.summaries},
            "the models did not see the same input": {s.run.about.input for s in self.summaries},
            "the runs were measured by different versions": {s.run.about.version for s in self.summaries},
        }
        return tuple(what for what, values in differ.items() if len(values) > 1)

    @property
    def same_machine(self) -> bool:
        """Whether costs can be ranked."""
        return len({(s.run.about.machine, s.run.about.jobs) for s in self.summaries}) == 1

    def best(self, metric: Metric) -> frozenset[str]:
        """Labels of the runs with the best value as printed; none where runs cannot be ranked or are all equal."""
        values = {s.label: value for s in self.summaries if (value := s.value(metric.name)) is not None}
        if not values or not self._ranked(metric):
            return frozenset()
        best = (max if metric.better == "higher" else min)(values.values())
        found = {label for label, value in values.items() if number(metric, value) == number(metric, best)}
        return frozenset(found if len(found) < len(self.summaries) else ())

    def _ranked(self, metric: Metric) -> bool:
        defined = {frozenset(id for id, scores in s.scores.items() if metric.name in scores) for s in self.summaries}
        weights = [s.run.about.perceptual for s in self.summaries]
        alike = {"cost": self.same_machine, "perceptual": weights.count(weights[0]) == len(weights)}
        return metric.better != "neither" and not self.caveats and len(defined) == 1 and alike.get(metric.group, True)


def shown(name: str) -> str:
    """Which number tables show of a metric: a field of `Spread`, mostly `mean`; `set` for one of the whole set."""
    return "set" if name in SET_METRICS else _SHOWN.get(name, "mean")


def overview(runs: Sequence[Run], set_metrics: Mapping[Path, Scores] = _NOTHING) -> Overview:
    """Sum up runs to show them side by side, in the order given.

    Args:
        runs: Of one mode and one set, from different folders.
        set_metrics: `Run.folder` → names of `catalogue.SET_METRICS` that no record holds (`perceptual.fid`) → values.

    Raises:
        DataError: runs that do not belong in one table, or values that this version does not know.
    """
    check_runs(runs)
    if strangers := set(set_metrics) - {run.folder for run in runs}:
        raise DataError(f"set metrics for {sorted(map(str, strangers))}, of which there is no run")
    labels = labels_of(runs)
    return Overview(
        tuple(summarise(run, label, set_metrics.get(run.folder, {})) for run, label in zip(runs, labels, strict=True))
    )


def summarise(run: Run, label: str = "", set_metrics: Mapping[str, float] = _NOTHING) -> Summary:
    """Sum up one run.

    Raises:
        DataError: it holds values that are not finite or have a name that this version does not know.
    """
    check_values(run)
    if strangers := sorted(set(set_metrics) - set(SET_METRICS)):
        raise DataError(f"{run.folder}: no metric of a set is called {strangers[0]!r}", hint=", ".join(SET_METRICS))
    scores = {record.id: scores_of(record) for record in run.scored}
    pooled = {name: value for name, pool in POOLED.items() if (value := pool(_sums(run.scored, name))) is not None}
    given = {**pooled, **set_metrics}
    whole = {name: given[name] for name in SET_METRICS if name in given}
    spreads = _spreads(scores.values())
    return Summary(run, label or run.about.name, scores, spreads, whole, _tags(run), _faults(run))


def scores_of(record: Record) -> Scores:
    """The scores of a record and what it cost, as far as that is known."""
    costs = {
        "cost.seconds": record.seconds,
        "cost.peak_mb": record.peak_mb,
        "cost.peak_gpu_mb": record.peak_gpu_mb,
    }
    return {**record.scores, **{name: cost for name, cost in costs.items() if cost is not None}}


def check_runs(runs: Sequence[Run], *, same_set: bool = True) -> None:
    """Whether runs can be put side by side.

    Raises:
        DataError: there are none, or they are of two modes or two sets, or one comes twice.
    """
    if not runs:
        raise DataError("no runs to report", hint="name the folders of runs: OUT/MODEL")
    first = runs[0]
    for run in runs[1:]:
        if run.about.mode != first.about.mode:
            raise DataError(
                f"{first.folder} is of {first.about.mode}, {run.folder} of {run.about.mode}",
                hint="take runs of one mode",
            )
        if same_set and run.about.set_digest != first.about.set_digest:
            raise DataError(
                f"{first.folder} and {run.folder} are of different sets: {first.about.set_name} and "
                f"{run.about.set_name} with other contents",
                hint="report them apart; comparing two runs takes the samples that they share",
            )
    if len({run.folder.resolve() for run in runs}) < len(runs):
        raise DataError("the same run was named twice", hint="name every folder once")


def check_values(run: Run) -> None:
    """Whether everything in a run is a finite number with a name of the catalogue.

    Raises:
        DataError: it is not.
    """
    for record in run.scored:
        scores = (scores_of(record), *record.tags.values())
        known = [(name, METRICS, value) for row in scores for name, value in row.items()]
        pooled = [(name, POOLED, value) for name, sums in record.counts.items() for value in sums.values()]
        for name, names, value in (*known, *pooled):
            if name not in names:
                hint = "score it again, or use the version that did"
                raise DataError(f"{run.folder}, {record.id}: this version knows no metric {name!r}", hint=hint)
            if not math.isfinite(value):
                raise DataError(f"{run.folder}, {record.id}: {name} is {value}", hint="score the sample again")


def labels_of(runs: Sequence[Run]) -> list[str]:
    """Names of columns, all different: the model's, with the folder's where two runs have the same."""
    names = Counter(run.about.name for run in runs)
    folders = (run.folder.resolve() for run in runs)
    places = (f" ({folder.parent.name}/{folder.name})" for folder in folders)
    labels = [run.about.name + place * (names[run.about.name] > 1) for run, place in zip(runs, places, strict=True)]
    twice = Counter(labels)
    return [label if twice[label] == 1 else f"{label} #{place}" for place, label in enumerate(labels, start=1)]


def spread(values: Sequence[float]) -> Spread:
    """The figures of at least one value."""
    found = np.asarray(values, np.float64)
    error = float(found.std(ddof=1) / np.sqrt(found.size)) if found.size > 1 else None
    p05, median, p95 = (float(level) for level in np.quantile(found, (0.05, 0.5, 0.95)))
    return Spread(found.size, float(found.mean()), error, median, p05, p95, float(found.min()), float(found.max()))


def facts(about: About) -> dict[str, str]:
    """What a run is, in words for a table: always the same keys. `run.json` and `report.json` have it in full."""
    model = (f"{key}: {value if isinstance(value, str) else json.dumps(value)}" for key, value in about.model.items())
    found = {
        "what": "; ".join(model),
        "input": about.input,
        "seed": str(about.seed),
        "animelayers": about.version,
        "perceptual": json.dumps(about.perceptual) if about.perceptual else "",
        "jobs": str(about.jobs),
        "machine": about.machine,
    }
    return {key: textwrap.shorten(value, 160, placeholder=" …") or UNDEFINED for key, value in found.items()}


def _spreads(rows: Iterable[Mapping[str, float]]) -> dict[str, Spread]:
    """Name → figures over the rows that have it, in the order of the catalogue."""
    values: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.items():
            values.setdefault(name, []).append(value)
    return {name: spread(values[name]) for name in METRICS if name in values}


def _tags(run: Run) -> dict[str, Tag]:
    rows: dict[str, list[Scores]] = {}
    for record in run.scored:
        for tag, scores in record.tags.items():
            rows.setdefault(tag, []).append(scores)
    order = sorted(rows, key=lambda tag: (PART_LABELS.get(tag, len(PART_LABELS) + 1), tag))
    return {tag: Tag(len(rows[tag]), _spreads(rows[tag])) for tag in order}


def _faults(run: Run) -> dict[str, tuple[str, ...]]:
    ids: dict[str, list[str]] = {}
    for record in run.records:
        for code in {fault.code for fault in record.faults}:
            ids.setdefault(code, []).append(record.id)
    return {code: tuple(ids[code]) for code in (*FAULTS, *sorted(set(ids) - set(FAULTS))) if code in ids}


def _sums(records: Iterable[Record], name: str) -> Mapping[str, float]:
    total: dict[str, float] = {}
    for record in records:
        for key, value in record.counts.get(name, {}).items():
            total[key] = total.get(key, 0.0) + value
    return total
