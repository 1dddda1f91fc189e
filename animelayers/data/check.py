"""`check`: does a sample, or a set of them, say the truth about its own layers? The rules are the table in `rules`."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from animelayers.data import manifest
from animelayers.data.hub import open_set
from animelayers.data.rules import RULES
from animelayers.data.sample import Licence, Sample
from animelayers.data.sets import SampleSet
from animelayers.errors import AnimeLayersError
from animelayers.handoff.check import by_severity, printable
from animelayers.handoff.rules import Severity

SHOWN = 20
"""Findings of one rule that the text lists; JSON lists all."""

_RULES = {rule.id: rule for rule in RULES}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule found."""

    rule: str
    """The rule's stable id."""
    severity: Severity
    sample: str
    """Its id, or where it lies if it cannot be read; empty when it is about the whole set."""
    layer: str
    """Path of the layer; empty when it is about the whole sample."""
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Report:
    """What `check_set` found out."""

    path: str
    samples: int
    findings: tuple[Finding, ...]
    """Worst first, then in the order of the rules, then of the samples."""

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)

    @property
    def counts(self) -> dict[str, int]:
        """Findings of every severity."""
        found = Counter(finding.severity for finding in self.findings)
        return {severity.value: found[severity] for severity in Severity}

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON values; names are stable."""
        findings = [dataclasses.asdict(finding) for finding in self.findings]
        return {
            "path": self.path,
            "ok": self.ok,
            "samples": self.samples,
            "counts": self.counts,
            "findings": [{**finding, "severity": finding["severity"].value} for finding in findings],
        }


def check_sample(sample: Sample) -> tuple[Finding, ...]:
    """Everything that the rules find in one sample, worst first."""
    return _sorted(
        _finding(rule.id, sample.id, what, layer)
        for rule in RULES
        if rule.find is not None
        for layer, what in rule.find(sample)
    )


def check_set(where: Path | SampleSet, *, jobs: int = 1, advance: Callable[[], None] = lambda: None) -> Report:
    """Check every sample of a set, and what only a set can have wrong. A single sample's folder is a set of one.

    Args:
        where: the directory of the set, or what `open_set` made of it.
        jobs: samples at a time; each is in memory meanwhile.
        advance: called after every sample.

    Raises:
        DataError: there is no set.
        MissingPackageError: it is parquet, and `datasets` is not installed.
    """
    found = where if isinstance(where, SampleSet) else open_set(where)
    seen: list[_Seen] = []
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for one in pool.map(lambda index: _look(found, index), range(len(found))):
                seen.append(one)
                advance()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    findings = [finding for one in seen for finding in one.findings]
    return Report(str(found.path), len(found), _sorted([*findings, *_of_set(found, seen)]))


def format_report(report: Report) -> str:
    """The report as plain lines: findings by severity, rule by rule with its remedy."""
    lines = [f"{report.path}: {report.samples} samples"]
    lines += by_severity(report.findings, _rule_lines) if report.findings else ("", "nothing found")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is kept of a sample that was checked."""

    findings: tuple[Finding, ...]
    id: str = ""
    licence: Licence | None = None
    """None where the sample cannot be read."""


def _look(found: SampleSet, index: int) -> _Seen:
    try:
        sample = found[index]
    except AnimeLayersError as error:
        return _Seen((_finding("unreadable", found.label(index), str(error)),))
    return _Seen(check_sample(sample), sample.id, sample.licence)


def _of_set(found: SampleSet, seen: list[_Seen]) -> Iterator[Finding]:
    """What is wrong between samples, and between them and `set.json`."""
    ids = Counter(one.id.lower() for one in seen if one.licence is not None)
    named = {one.id.lower(): one.id for one in reversed(seen)}
    for key, count in ids.items():
        if count > 1:
            yield _finding("duplicate-id", named[key], f"{count} samples are called so")
    made = found.manifest
    if made is None:
        if not (found.path / manifest.NAME).exists():  # else it is a single sample
            yield _finding("no-set-manifest", "", "there is none")
        return
    if made.samples != len(found):
        yield _finding("set-manifest", "", f"set.json counts {made.samples} samples, there are {len(found)}")
    there = Counter(one.licence for one in seen if one.licence is not None)
    said = {Licence(row.spdx, row.holder, row.source): row.samples for row in made.licences}
    if all(one.licence is not None for one in seen) and dict(there) != said:
        yield _finding("set-manifest", "", "set.json counts other licences than the samples have")


def _finding(rule: str, sample: str, what: str, layer: str = "") -> Finding:
    return Finding(rule, _RULES[rule].severity, sample, layer, what, _RULES[rule].remedy)


def _sorted(findings: Iterator[Finding] | list[Finding]) -> tuple[Finding, ...]:
    order = {rule.id: (list(Severity).index(rule.severity), place) for place, rule in enumerate(RULES)}
    return tuple(sorted(findings, key=lambda finding: order[finding.rule]))


def _rule_lines(rule: str, found: list[Finding]) -> Iterator[str]:
    yield f"  {rule}: {found[0].remedy}"
    for finding in found[:SHOWN]:
        where = "  ".join(filter(None, (finding.sample, finding.layer)))
        yield f"    {printable(f'{where}  {finding.what}'.strip())}"
    if len(found) > SHOWN:
        yield f"    and {len(found) - SHOWN} more; --json lists them"
