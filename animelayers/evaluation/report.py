"""Reports over runs of one set: `report.json` for programs, `report.md` for people, `report.html` to look around in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

from animelayers.evaluation.catalogue import Metric
from animelayers.evaluation.html_report import page
from animelayers.evaluation.prediction import FAULTS, Scores
from animelayers.evaluation.records import Run
from animelayers.evaluation.summary import Overview, Summary, facts, overview, shown
from animelayers.evaluation.tables import UNDEFINED, aligned, escaped, heading, markdown, number, plain
from animelayers.handoff.files import replacing

SCHEMA = 1
"""Of `report.json`: grows when a name in it changes its meaning or goes."""

FAULTS_LISTED = 20
"""Of every model, in Markdown; all are in the other two."""


def write_reports(
    runs: Sequence[Run], folder: Path, set_metrics: Mapping[Path, Scores] = MappingProxyType({})
) -> tuple[Path, ...]:
    """Write `report.json`, `report.md` and `report.html` into `folder`; the same runs give the same bytes.

    Args:
        runs: Of one mode and one set; columns come in this order.
        folder: Made when missing. Earlier reports in it are replaced.
        set_metrics: `Run.folder` → names of `catalogue.SET_METRICS` that no record holds (`perceptual.fid`) → values.

    Raises:
        DataError: runs that do not belong in one table, or values that this version does not know.
        OutputError: a file cannot be written.
    """
    seen = overview(runs, set_metrics)
    contents = {"report.json": _json(seen), "report.md": as_markdown(seen).encode("utf-8", "replace")}
    contents["report.html"] = page(seen)
    for name, content in contents.items():
        with replacing(Path(folder) / name) as temporary:
            temporary.write_bytes(content)
    return tuple(Path(folder) / name for name in contents)


def as_text(runs: Sequence[Run], set_metrics: Mapping[Path, Scores] = MappingProxyType({})) -> str:
    """The first table for a terminal: a line a metric, a column a model; the best has a star.

    Raises:
        DataError: as `write_reports`.
    """
    seen = overview(runs, set_metrics)
    rows = [["", *(summary.label for summary in seen.summaries)]]
    for metric in seen.headline:
        best = seen.best(metric)
        cells = (("*" if summary.label in best else "") + _cell(summary, metric) for summary in seen.summaries)
        rows.append([_titled(metric), *cells])
    rows.append(["scored", *(f"{len(summary.scores)}/{summary.samples}" for summary in seen.summaries)])
    rows.append(["with faults", *(str(summary.faulty) for summary in seen.summaries)])
    star = ["* best"] if any(map(seen.best, seen.headline)) else []
    table = aligned(rows, "<" + ">" * len(seen.summaries))
    return "\n".join([table, *star, *map(plain, _notes(seen))])


def as_dict(seen: Overview) -> dict[str, Any]:
    """What `report.json` holds."""
    about = seen.about
    return {
        "schema": SCHEMA,
        "mode": about.mode,
        "set": {"name": about.set_name, "digest": about.set_digest, "samples": about.samples},
        "caveats": list(seen.caveats),
        "metrics": {m.name: {**asdict(m), "shown": shown(m.name)} for m in seen.metrics},
        "not_measured": [m.name for m in seen.listed if m not in seen.metrics],
        "fault_codes": dict(FAULTS),
        "models": [{**summary.as_dict(), "records": list(_records(summary))} for summary in seen.summaries],
    }


def as_markdown(seen: Overview) -> str:
    """What `report.md` holds."""
    about = seen.about
    count = f"{about.samples} sample{'s' if about.samples != 1 else ''}"
    blocks = [
        f"# {about.mode.capitalize()} on {escaped(about.set_name)}",
        f"{count}, set digest {escaped(about.set_digest[:12])}. ↑ larger is better, ↓ smaller is better, bold is best, "
        f"{UNDEFINED} is not defined. Numbers are means over the scored samples where the metric is defined – (n …) "
        "says how many where these are not all – the time is a median, the memory a maximum.",
        _headline(seen),
        "\n".join(f"* {escaped(note)}" for note in _notes(seen)),
        "## Models",
        _models(seen),
        "## Every metric",
        "Means ± their standard error. Median, quantiles and the values of every sample are in `report.json`.",
        _every_metric(seen),
        f"Not measured: {', '.join(seen.missing)}." if seen.missing else "",
        *_by_part(seen),
        "## Faults",
        *_faults(seen),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _json(seen: Overview) -> bytes:
    text = json.dumps(as_dict(seen), indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace") + b"\n"


def _records(summary: Summary) -> Iterator[dict[str, Any]]:
    for record in summary.run.records:
        yield {
            "id": record.id,
            "digest": record.digest,
            "scored": record.scored,
            "scores": summary.scores.get(record.id, {}),
            "faults": [asdict(fault) for fault in record.faults],
            "notes": list(record.notes),
        }


def _titled(metric: Metric) -> str:
    """The heading, and what is shown where it is not the mean."""
    how = shown(metric.name)
    return heading(metric) + (f" ({how})" if how in ("median", "max") else "")


def _cell(summary: Summary, metric: Metric, *, error: bool = False) -> str:
    """The value, the standard error of a mean where asked for, and how many samples where these are not all."""
    found = summary.metrics.get(metric.name)
    words = [number(metric, summary.value(metric.name))]
    if error and found and found.std_error is not None and shown(metric.name) == "mean":
        words.append(f"± {number(metric, found.std_error)}")
    if found and found.n < len(summary.scores):
        words.append(f"(n {found.n})")
    return " ".join(words)


def _notes(seen: Overview) -> Iterator[str]:
    """What to know before reading numbers."""
    if len(seen.summaries) > 1:
        if seen.caveats:
            yield f"No best is marked: {'; '.join(seen.caveats)}."
        elif not seen.same_machine:
            yield "Times and memory were not measured alike (machine or jobs differ): no best of those is marked."
    for summary in seen.summaries:
        if missing := summary.samples - len(summary.run.records):
            yield f"{summary.label} is not finished: {missing} of {summary.samples} samples have not run."
        if changed := sum(bool(record.notes) for record in summary.run.records):
            share = f"{changed} of {len(summary.run.records)} predictions"
            yield f"{summary.label}: {share} had to be changed to be read; see the notes in report.json."


def _headline(seen: Overview) -> str:
    rows = [["model", *map(_titled, seen.headline), "scored", "with faults"]]
    for summary in seen.summaries:
        cells = [_marked(seen, summary, metric, _cell(summary, metric)) for metric in seen.headline]
        rows.append([escaped(summary.label), *cells, f"{len(summary.scores)}/{summary.samples}", str(summary.faulty)])
    return markdown(rows, "<" + ">" * (len(seen.headline) + 2))


def _marked(seen: Overview, summary: Summary, metric: Metric, text: str) -> str:
    return f"**{text}**" if summary.label in seen.best(metric) else text


def _models(seen: Overview) -> str:
    """A line a model: what it is and how it was run."""
    about = [(summary.label, facts(summary.run.about)) for summary in seen.summaries]
    rows = [["model", *about[0][1]], *([escaped(label), *map(escaped, found.values())] for label, found in about)]
    return markdown(rows, "<" * len(rows[0]))


def _every_metric(seen: Overview) -> str:
    rows = [["metric", *(escaped(summary.label) for summary in seen.summaries), "what it is"]]
    for metric in seen.metrics:
        cells = [_marked(seen, summary, metric, _cell(summary, metric, error=True)) for summary in seen.summaries]
        what = metric.what + (f" [{metric.source}]" if metric.source else "")
        rows.append([_titled(metric), *cells, escaped(what)])
    return markdown(rows, "<" + ">" * len(seen.summaries) + "<")


def _by_part(seen: Overview) -> Iterator[str]:
    """A table a model: means over the samples that have the part."""
    for summary in seen.summaries:
        if not summary.tags:
            continue
        metrics = [m for m in seen.metrics if any(m.name in tag.metrics for tag in summary.tags.values())]
        rows = [["part", "samples", *map(heading, metrics)]]
        for name, tag in summary.tags.items():
            means = [number(m, tag.metrics[m.name].mean) if m.name in tag.metrics else UNDEFINED for m in metrics]
            rows.append([escaped(name), str(tag.n), *means])
        yield f"## By part: {escaped(summary.label)}"
        yield markdown(rows, "<" + ">" * (len(metrics) + 1))


def _faults(seen: Overview) -> Iterator[str]:
    codes = dict.fromkeys(code for summary in seen.summaries for code in summary.faults)
    if not codes:
        yield "None."
        return
    rows = [["code", *(escaped(summary.label) for summary in seen.summaries), "what it means"]]
    for code in codes:
        counts = [str(len(summary.faults.get(code, ()))) for summary in seen.summaries]
        rows.append([escaped(code), *counts, FAULTS.get(code, "")])
    yield "Samples by fault:"
    yield markdown(rows, "<" + ">" * len(seen.summaries) + "<")
    for summary in seen.summaries:
        listed = [
            f"* {escaped(record.id)}: {escaped(fault.code)} – {escaped(fault.what)}"
            for record in summary.run.records
            for fault in record.faults
        ]
        if listed:
            more = len(listed) - FAULTS_LISTED
            yield f"### {escaped(summary.label)}"
            yield "\n".join([*listed[:FAULTS_LISTED], *([f"* … and {more} more"] if more > 0 else [])])
