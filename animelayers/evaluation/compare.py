"""Is one run better than another, or was it luck of the samples? Paired differences and how far they could be off.

Only samples that were scored in both runs, and are the same by their digest, are compared; the others are listed. The
interval is the percentile bootstrap of the mean paired difference (Efron and Tibshirani 1993, ch. 13): the samples are
drawn again with replacement many times. It knows of the choice of samples and of nothing else: not of training seeds,
and not of how unlike other art is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from animelayers.errors import DataError
from animelayers.evaluation.catalogue import METRICS, POOLED, SET_METRICS, Metric
from animelayers.evaluation.prediction import Record
from animelayers.evaluation.records import Run
from animelayers.evaluation.summary import check_runs, check_values, labels_of, scores_of
from animelayers.evaluation.tables import UNDEFINED, aligned, escaped, heading, markdown, number, plain

Verdict = Literal["b better", "a better", "no difference seen"]

FEW = 10
"""Fewer samples than this get a warning: percentile intervals of so few are too narrow."""

LISTED = 10
"""Ids named in the text for every reason to leave samples out; `Comparison` has all."""

_NOISE = 1e-9
"""Differences smaller than this share of the values are what is left of rounding, and count as none."""

_CHUNK = 4_000_000
"""Draws in memory at a time."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric in both runs."""

    name: str
    n: int
    """Samples where it is defined in both."""
    a: float
    """Mean of the first run over these, or its pooled value."""
    b: float
    difference: float
    """b − a."""
    low: float | None
    """The interval of the difference; None for a single sample, which says nothing of others."""
    high: float | None
    b_better: float | None
    """Share of the samples; None for pooled metrics, and where no way is better."""
    equal: float | None
    a_better: float | None
    verdict: Verdict | None
    """By whether the interval leaves 0 out; None where no way is better or there is no interval."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs, sample by sample."""

    mode: str
    a: str
    """Label of the first run."""
    b: str
    samples: int
    """Scored in both."""
    left_out: Mapping[str, tuple[str, ...]]
    """Reason → ids, sorted."""
    differences: tuple[Difference, ...]
    """In the order of the catalogue."""
    warnings: tuple[str, ...]
    resamples: int
    level: float
    seed: int

    def as_dict(self) -> dict[str, Any]:
        """Everything, JSON-ready."""
        return asdict(self) | {
            "left_out": {reason: list(ids) for reason, ids in self.left_out.items()},
            "differences": [asdict(found) for found in self.differences],
            "warnings": list(self.warnings),
        }


def compare(a: Run, b: Run, *, resamples: int = 10_000, level: float = 0.95, seed: int = 0) -> Comparison:
    """Compare two runs on the samples they share; the same runs and numbers give the same result.

    Args:
        a: One run.
        b: The other, of the same mode; differences are b − a.
        resamples: How often the samples are drawn again, at least 100.
        level: Of the interval, between 0 and 1.
        seed: Of the draws.

    Raises:
        DataError: runs of two modes, the same run twice, no common sample, values that
            this version does not know, or arguments outside these ranges.
    """
    if resamples < 100 or not 0 < level < 1 or seed < 0:
        given = f"{resamples} resamples, level {level}, seed {seed}"
        raise DataError(given, hint="at least 100 resamples, a level such as 0.95, a seed of at least 0")
    check_runs((a, b), same_set=False)
    for run in (a, b):
        check_values(run)
    pairs, left_out = _paired(a, b)
    if not pairs:
        why = "; ".join(f"{len(ids)} {reason}" for reason, ids in left_out.items())
        raise DataError(f"{a.folder} and {b.folder} share no scored sample: {why}", hint="run both on one set")
    draws = _Draws(resamples, level, seed)
    found = (*_by_sample(pairs, draws), *_pooled(pairs, draws))
    label_a, label_b = labels_of((a, b))
    warnings = (*_warnings(a, b, found, level), *_lonely(pairs))
    return Comparison(a.about.mode, label_a, label_b, len(pairs), left_out, found, warnings, resamples, level, seed)


def format_comparison(c: Comparison, *, as_markdown: bool = False) -> str:
    """The comparison as text: aligned for a terminal, or Markdown."""
    clean = escaped if as_markdown else plain
    percent = f"{100 * c.level:g} %"
    head = ["metric", "n", "A", "B", "B − A", f"{percent} interval", "B better", "equal", "A better", "verdict"]
    rows = [head, *(_row(found) for found in c.differences)]
    align = "<" + ">" * 8 + "<"
    lines = [
        f"A: {clean(c.a)}",
        f"B: {clean(c.b)}",
        f"{_count(c.samples, 'sample')} scored in both",
        *(f"left out: {len(ids)} {reason}: {clean(_some(ids))}" for reason, ids in c.left_out.items()),
    ]
    table = markdown(rows, align) if as_markdown else aligned(rows, align)
    after = (
        f"{percent} intervals of the mean paired difference, {c.resamples} bootstrap resamples of the samples. "
        "'Better' by whether the interval leaves 0 out.",
        *(f"Note: {clean(warning)}" for warning in c.warnings),
    )
    gap = "\n\n" if as_markdown else "\n"
    return gap.join(lines) + f"\n\n{table}\n\n" + gap.join(after) + "\n"


class _Draws:
    """How often every sample comes in every resample. For one n always the same draws, whichever metric asks."""

    def __init__(self, resamples: int, level: float, seed: int) -> None:
        self.resamples, self.level, self.seed = resamples, level, seed

    def sums(self, values: Floats) -> Floats:
        """Sums over resampled rows of `values`, float [n, k] → float [resamples, k]."""
        n = len(values)
        rng = np.random.default_rng((self.seed, n))
        parts = []
        rows = max(1, _CHUNK // n)
        for start in range(0, self.resamples, rows):
            count = min(rows, self.resamples - start)
            drawn = rng.integers(n, size=(count, n)) + n * np.arange(count)[:, None]
            times = np.bincount(drawn.ravel(), minlength=count * n).reshape(count, n)
            parts.append(times @ values)
        return np.concatenate(parts)

    def interval(self, values: Floats) -> tuple[Floats, Floats]:
        """Bounds of columns of `values`, float [resamples, k]."""
        tail = (1 - self.level) / 2
        low, high = np.quantile(values, (tail, 1 - tail), axis=0)
        return low, high


Pair = tuple[Record, Record]


def _paired(a: Run, b: Run) -> tuple[list[Pair], dict[str, tuple[str, ...]]]:
    """The pairs to compare, by id, and why others are none."""
    ours, theirs = ({record.id: record for record in run.records} for run in (a, b))
    pairs, left_out = [], dict[str, list[str]]()
    for id in sorted(ours | theirs):
        one, other = ours.get(id), theirs.get(id)
        if one is None or other is None:
            left_out.setdefault(f"only in {'A' if other is None else 'B'}", []).append(id)
        elif one.digest != other.digest:
            left_out.setdefault("with other contents in A and B", []).append(id)
        elif one.scored and other.scored:
            pairs.append((one, other))
        else:
            where = "A" if other.scored else "B" if one.scored else "A and B"
            left_out.setdefault(f"not scored in {where}", []).append(id)
    return pairs, {reason: tuple(left_out[reason]) for reason in sorted(left_out)}


def _by_sample(pairs: Sequence[Pair], draws: _Draws) -> Iterator[Difference]:
    """Metrics that samples have, those defined on equally many of them resampled together."""
    scores = [(scores_of(one), scores_of(other)) for one, other in pairs]
    values = {
        name: np.array([(one[name], other[name]) for one, other in scores if name in one and name in other])
        for name in METRICS
    }
    bounds: dict[str, tuple[float, float]] = {}
    for n in {len(found) for found in values.values()} - {0, 1}:
        names = [name for name, found in values.items() if len(found) == n]
        gains = np.stack([_gain(values[name]) for name in names], axis=1)
        low, high = draws.interval(draws.sums(gains) / n)
        bounds |= {name: (float(low[at]), float(high[at])) for at, name in enumerate(names)}
    for name, found in values.items():
        if len(found):
            yield _difference(METRICS[name], found, bounds.get(name))


def _gain(values: Floats) -> Floats:
    """What b − a is in `values`, float [n, 2] → float [n], without the noise of rounding."""
    gain: Floats = values[:, 1] - values[:, 0]
    gain[np.abs(gain) <= _NOISE * np.abs(values).max(axis=1)] = 0
    return gain


def _difference(metric: Metric, values: Floats, bounds: tuple[float, float] | None) -> Difference:
    gain = _gain(values)
    a, b = (float(mean) for mean in values.mean(axis=0))
    shares = tuple(float(share.mean()) for share in (gain > 0, gain == 0, gain < 0))
    if metric.better == "lower":
        shares = shares[::-1]
    b_better, equal, a_better = (None, None, None) if metric.better == "neither" else shares
    low, high = bounds or (None, None)
    verdict, mean = _verdict(metric, bounds), float(gain.mean())
    return Difference(metric.name, len(gain), a, b, mean, low, high, b_better, equal, a_better, verdict)


def _pooled(pairs: Sequence[Pair], draws: _Draws) -> Iterator[Difference]:
    """Metrics of the whole: their sums are drawn again."""
    for name, pool in POOLED.items():
        both = [
            (one.counts[name], other.counts[name])
            for one, other in pairs
            if {name} <= one.counts.keys() & other.counts.keys()
        ]
        if not both:
            continue
        ours, theirs = ([pair[side] for pair in both] for side in (0, 1))
        a, b = (pool(_total(side)) for side in (ours, theirs))
        if a is None or b is None:
            continue
        bounds = _pooled_bounds(pool, ours, theirs, draws) if len(both) > 1 else None
        metric, (low, high) = SET_METRICS[name], bounds or (None, None)
        yield Difference(name, len(both), a, b, b - a, low, high, None, None, None, _verdict(metric, bounds))


def _pooled_bounds(
    pool: Callable[[Mapping[str, float]], float | None],
    ours: Sequence[Mapping[str, float]],
    theirs: Sequence[Mapping[str, float]],
    draws: _Draws,
) -> tuple[float, float] | None:
    """The interval over the resamples in which both are defined."""
    keys = [sorted({key for counts in side for key in counts}) for side in (ours, theirs)]
    rows = [
        [*(one.get(key, 0.0) for key in keys[0]), *(other.get(key, 0.0) for key in keys[1])]
        for one, other in zip(ours, theirs, strict=True)
    ]
    gains = []
    for sums in draws.sums(np.array(rows, np.float64)).tolist():
        a = pool(dict(zip(keys[0], sums, strict=False)))
        b = pool(dict(zip(keys[1], sums[len(keys[0]) :], strict=True)))
        if a is not None and b is not None:
            gains.append(b - a)
    if not gains:
        return None
    low, high = draws.interval(np.array(gains)[:, None])
    return float(low[0]), float(high[0])


def _total(side: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {key: sum(counts.get(key, 0.0) for counts in side) for key in {key for counts in side for key in counts}}


def _verdict(metric: Metric, bounds: tuple[float, float] | None) -> Verdict | None:
    if bounds is None or metric.better == "neither":
        return None
    low, high = bounds if metric.better == "higher" else (-bounds[1], -bounds[0])
    return "b better" if low > 0 else "a better" if high < 0 else "no difference seen"


def _warnings(a: Run, b: Run, found: Sequence[Difference], level: float) -> Iterator[str]:
    few = [difference.name for difference in found if difference.n < FEW]
    if few:
        yield f"intervals of fewer than {FEW} samples are too narrow to be trusted: {_some(few)}"
    tested = sum(difference.verdict is not None for difference in found)
    if tested > 1:
        yield (
            f"{tested} metrics are tested: even between equals about 1 in {1 / (1 - level):.0f} intervals leaves 0 out "
            "by chance, so a verdict that stands alone is weak"
        )
    for what, ours, theirs in (
        ("the input", a.about.input, b.about.input),
        ("the version that measured", a.about.version, b.about.version),
        ("the perceptual measures", dict(a.about.perceptual), dict(b.about.perceptual)),
    ):
        if ours != theirs:
            yield f"{what} differs: {ours or 'none'} in A, {theirs or 'none'} in B"
    if a.about.set_digest != b.about.set_digest:
        yield f"the sets differ, {a.about.set_name} and {b.about.set_name}: only what they share is compared"
    if (a.about.machine, a.about.jobs) != (b.about.machine, b.about.jobs):
        yield "machine or jobs differ: cost.* compares these as well as the models"


def _lonely(pairs: Sequence[Pair]) -> Iterator[str]:
    """Metrics that one run has and the other has not."""
    names = [{name for pair in pairs for name in scores_of(pair[side])} for side in (0, 1)]
    for side, label in enumerate("AB"):
        if alone := sorted(names[side] - names[1 - side]):
            yield f"measured in {label} only: {_some(alone)}"


def _row(found: Difference) -> list[str]:
    metric = METRICS.get(found.name) or SET_METRICS[found.name]
    signed = [number(metric, value, signed=True) for value in (found.difference, found.low, found.high)]
    interval = UNDEFINED if found.low is None else f"[{signed[1]}, {signed[2]}]"
    shares = (
        UNDEFINED if share is None else f"{100 * share:.0f} %"
        for share in (found.b_better, found.equal, found.a_better)
    )
    verdict = (
        UNDEFINED
        if found.verdict is None
        else found.verdict.replace("b better", "B better").replace("a better", "A better")
    )
    values = (number(metric, found.a), number(metric, found.b))
    return [heading(metric), str(found.n), *values, signed[0], interval, *shares, verdict]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:LISTED]) + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
