"""The report as one web page: tables that sort, distributions, worst cases with their pictures, run against run.

`report.html`, `report.css` and `report.js` beside this module are the page; here its data are put together.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from animelayers.evaluation.catalogue import Metric
from animelayers.evaluation.prediction import FAULTS
from animelayers.evaluation.records import PICTURES
from animelayers.evaluation.summary import Overview, Summary, facts, shown
from animelayers.evaluation.tables import digits, heading, number
from animelayers.handoff.webpage import webpage

WORST = 8
"""Samples that are shown with their pictures, for every run and metric."""

BYTES = 12_000_000
"""Pictures in one page, as Base64."""


def page(seen: Overview) -> bytes:
    """The report, UTF-8; pictures come from the folders of the runs. The same runs and pictures give the same bytes."""
    about = seen.about
    ids = sorted({record.id for summary in seen.summaries for record in summary.run.records})
    data = {
        "mode": about.mode,
        "set": {"name": about.set_name, "digest": about.set_digest, "samples": about.samples},
        "caveats": seen.caveats,
        "sameMachine": seen.same_machine,
        "metrics": [_metric(metric) for metric in seen.metrics],
        "missing": seen.missing,
        "faultCodes": FAULTS,
        "ids": ids,
        "models": [_model(seen, *one, ids) for one in zip(seen.summaries, _pictures(seen), strict=True)],
    }
    return webpage("animelayers.evaluation", "report", title=f"{about.mode} · {about.set_name}", data=data)


def worst(summary: Summary, metric: Metric) -> list[str]:
    """Ids of the scored samples with the worst values, worst first; the largest, where no way is better."""
    sign = 1 if metric.better == "higher" else -1
    found = [(sign * scores[metric.name], id) for id, scores in summary.scores.items() if metric.name in scores]
    return [id for _, id in sorted(found)[:WORST]]


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        **asdict(metric),
        "group": metric.group,
        "heading": heading(metric),
        "digits": digits(metric),
        "shown": shown(metric.name),
    }


def _model(seen: Overview, summary: Summary, pictures: Mapping[str, str], ids: Sequence[str]) -> dict[str, Any]:
    run, places = summary.run, {id: place for place, id in enumerate(ids)}
    by_sample = [metric for metric in seen.metrics if metric.name in summary.metrics]
    return {
        "label": summary.label,
        "facts": facts(run.about),
        "samples": summary.samples,
        "recorded": len(run.records),
        "scored": len(summary.scores),
        "faulty": summary.faulty,
        "changed": sum(bool(record.notes) for record in run.records),
        "shown": {m.name: [summary.value(m.name), number(m, summary.value(m.name))] for m in seen.metrics},
        "best": [metric.name for metric in seen.metrics if summary.label in seen.best(metric)],
        "spread": {metric.name: asdict(summary.metrics[metric.name]) for metric in by_sample},
        "values": {m.name: [_short(summary.scores.get(id, {}).get(m.name)) for id in ids] for m in by_sample},
        "worst": {metric.name: [places[id] for id in worst(summary, metric)] for metric in by_sample},
        "faults": [[places[r.id], fault.code, fault.what] for r in run.records for fault in r.faults],
        "pictures": {places[id]: uri for id, uri in pictures.items()},
        "tags": {
            name: {"n": tag.n, "metrics": {key: [found.mean, found.n] for key, found in tag.metrics.items()}}
            for name, tag in summary.tags.items()
        },
    }


def _short(value: float | None) -> float | None:
    """Six digits: more than a picture of a distribution can show."""
    return None if value is None else float(f"{value:.6g}")


def _pictures(seen: Overview) -> list[dict[str, str]]:
    """For every run: sample id → data URI, of the samples that can appear, what is wanted most first, while it fits."""
    found: list[dict[str, str]] = [{} for _ in seen.summaries]
    names = [{record.id: record.picture for record in summary.run.records} for summary in seen.summaries]
    left = BYTES
    for place, id in dict.fromkeys(_wanted(seen)):
        uri = _data_uri(seen.summaries[place].run.folder, names[place].get(id))
        if uri and len(uri) <= left:
            found[place][id] = uri
            left -= len(uri)
    return found


def _wanted(seen: Overview) -> Iterator[tuple[int, str]]:
    """Place of the run and sample id: the worst of the headline metrics, the same samples in other runs, the rest."""
    places = range(len(seen.summaries))
    first = [(place, id) for metric in seen.headline for place, id in _worst_of_all(seen, metric)]
    yield from first
    yield from ((place, id) for _, id in first for place in places)
    for metric in seen.metrics:
        yield from _worst_of_all(seen, metric)


def _worst_of_all(seen: Overview, metric: Metric) -> Iterator[tuple[int, str]]:
    """The very worst of every run, then the second worst, and so on."""
    lists = [worst(summary, metric) for summary in seen.summaries]
    for rank in range(WORST):
        yield from ((place, ids[rank]) for place, ids in enumerate(lists) if rank < len(ids))


def _data_uri(folder: Path, name: str | None) -> str:
    """A picture of a run, if it is a WebP file in the run's own folder of pictures; empty otherwise."""
    if not name or Path(name).name != name:
        return ""
    path = folder / PICTURES / name
    content = path.read_bytes() if path.is_file() else b""
    is_webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    return "data:image/webp;base64," + base64.b64encode(content).decode("ascii") if is_webp else ""
