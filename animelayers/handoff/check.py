"""`check`: does a layered file hold what Live2D and riggers need, and does it add up?

The rules are the table in `rules`. The numbers are what people ask first: how far the flattened layers are from the
merged image and from the source, stray pixels, haze, duplicate names.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from animelayers.errors import FormatError
from animelayers.handoff.document import Comparison, Document, from_stack, recompose
from animelayers.handoff.findings import duplicates
from animelayers.handoff.rules import RULES, Severity
from animelayers.psdopen import open_psd

if TYPE_CHECKING:
    from animelayers.picture import Picture


NOTES = 5
"""Findings of one rule that a person is told, of those that are only good to know."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule found."""

    rule: str
    """The rule's stable id."""
    severity: Severity
    layer: str
    """Shown names of the layer's groups and its own, joined by `/`; empty when it is about the whole file."""
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """What was measured, all layers together; the hidden source is left out."""

    merged: Comparison | None
    """Flattened layers beside the merged image."""
    source: Comparison | None
    """Flattened layers beside the source."""
    stray_pixels: int
    """Pixels of alpha > 0 in connected areas of fewer than 12."""
    haze_pixels: int
    """Pixels of alpha 1..8."""
    duplicate_names: int
    """Layers and groups beyond the first of their name."""
    obstacle: str = ""
    """Why the layers were not flattened; empty when they were."""


@dataclass(frozen=True, slots=True)
class Report:
    """What `check` found out."""

    path: str
    canvas: tuple[int, int]
    """`(height, width)` in pixels."""
    layers: int
    """Without groups."""
    findings: tuple[Finding, ...]
    """Worst first, then in the order of the rules, then bottom → top."""
    numbers: Numbers

    @property
    def ok(self) -> bool:
        """Whether nothing was found that keeps the file from working."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON values. Names are stable; `null` stands for what could not be measured."""
        height, width = self.canvas
        return {
            "path": self.path,
            "ok": self.ok,
            "canvas": {"height": height, "width": width},
            "layers": self.layers,
            "counts": {severity.value: len(self._of(severity)) for severity in Severity},
            "numbers": asdict(self.numbers),
            "findings": [{**asdict(finding), "severity": finding.severity.value} for finding in self.findings],
        }

    def _of(self, severity: Severity) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity is severity)


def check(path: str | Path, *, source: Picture | None = None) -> Report:
    """Lint a PSD (or PSB), or a folder of PNG layers with its `manifest.json`.

    Args:
        path: the file, the folder, or the manifest in it.
        source: the picture that the layers should add up to; without one, a hidden bottom layer called 下絵, Source
            or source is taken.

    Raises:
        FormatError: there is no such file, or it is damaged or of another kind.
    """
    document = recompose(_read(Path(path)), None if source is None else source.rgba)
    findings = [
        Finding(rule.id, rule.severity, _whole(layer), _whole(message), rule.remedy)
        for severity in Severity
        for rule in RULES
        if rule.severity is severity
        for layer, message in rule.find(document)
    ]
    size = (document.height, document.width)
    return Report(str(path), size, len(document.layers), tuple(findings), _measure(document))


def _read(path: Path) -> Document:
    if path.is_dir() or path.name == "manifest.json":
        from animelayers.handoff.manifest import read_manifest
        from animelayers.handoff.png import read_png

        folder = path if path.is_dir() else path.parent
        return from_stack(read_png(folder), [(*s.shown_group, s.shown) for s in read_manifest(folder).layers])
    if path.suffix.lower() in (".psd", ".psb"):
        from animelayers.handoff.rawpsd import from_psd

        return from_psd(open_psd(path), path.name)
    raise FormatError(
        f"cannot check {path}: a PSD or a folder of PNG layers was wanted",
        hint="animelayers check FILE.psd, or the folder that holds manifest.json",
    )


def _measure(document: Document) -> Numbers:
    covered = [layer.coverage for layer in document.drawn if layer.coverage]
    return Numbers(
        merged=document.off_merged,
        source=document.off_source,
        stray_pixels=sum(coverage.stray_px for coverage in covered),
        haze_pixels=sum(coverage.haze_px for coverage in covered),
        duplicate_names=sum(len(nodes) - 1 for nodes in duplicates(document).values()),
        obstacle=_whole(document.obstacle),
    )


def format_report(report: Report) -> str:
    """The report as plain lines: findings by severity, rule by rule with its remedy, then the numbers."""
    height, width = report.canvas
    lines = [f"{report.path}: {width} × {height} px, {report.layers} layers"]
    return "\n".join([*lines, *by_severity(report.findings, _rule_lines), "", *_number_lines(report)])


class Judged(Protocol):
    """What findings of every kind have."""

    @property
    def rule(self) -> str: ...
    @property
    def severity(self) -> Severity: ...


_F = TypeVar("_F", bound=Judged)


def by_severity(findings: Iterable[_F], rule_lines: Callable[[str, list[_F]], Iterable[str]]) -> Iterator[str]:
    """Findings, sorted, as plain lines: how many of a severity, then `rule_lines` of every rule."""
    for severity, found in groupby(findings, key=lambda finding: finding.severity):
        group = list(found)
        yield from ("", f"{len(group)} {severity}{'' if len(group) == 1 else 's'}")
        for rule, same in groupby(group, key=lambda finding: finding.rule):
            yield from rule_lines(rule, list(same))


def _rule_lines(rule: str, found: list[Finding]) -> Iterator[str]:
    yield f"  {rule}: {found[0].remedy}"
    shown = found[:NOTES] if found[0].severity is Severity.NOTE and len(found) > NOTES + 1 else found
    named = [(printable(finding.layer), printable(finding.message)) for finding in shown]
    column = max(_columns(layer) for layer, _ in named)
    for layer, message in named:
        gap = " " * (column - _columns(layer) + 2) if column else ""
        yield f"    {layer}{gap}{message}"
    if len(shown) < len(found):
        yield f"    and {len(found) - len(shown)} more"


def _number_lines(report: Report) -> Iterator[str]:
    numbers = report.numbers
    rows: Iterable[tuple[str, str]] = (
        ("layers – merged image", _apart(numbers.merged)),
        ("layers – source", _apart(numbers.source)),
        ("stray pixels", str(numbers.stray_pixels)),
        ("haze, alpha 1 to 8", f"{numbers.haze_pixels} px"),
        ("duplicate names", str(numbers.duplicate_names)),
    )
    if numbers.obstacle:
        yield f"  the layers were not flattened: {printable(numbers.obstacle)}"
    for what, value in rows:
        yield f"  {what:<24}{value}"


def _apart(comparison: Comparison | None) -> str:
    if comparison is None:
        return "not compared"
    return f"max {comparison.max}, {comparison.pixels} px differ"


def _whole(text: str) -> str:
    """Without halves of surrogate pairs, which a damaged name may hold and UTF-8 may not."""
    return text.encode("utf-8", "replace").decode()


def printable(text: str) -> str:
    """Without what a terminal would obey: names come from strangers' files."""
    return "".join(char if char.isprintable() else "�" for char in text)


def _columns(text: str) -> int:
    """Terminal columns; kana and kanji take two."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)
