"""Runs of made-up numbers, for what reads runs."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from animelayers.evaluation.prediction import Fault, Record
from animelayers.evaluation.records import About, Run


def record(id: str, scores: Mapping[str, float] | None = None, *faults: str, **more: object) -> Record:
    """One with scores, the codes of faults, and any other field."""
    told = tuple(Fault(code, f"what {code} is") for code in faults)
    return Record(id, more.pop("digest", f"digest of {id}"), dict(scores or {}), faults=told, **more)


def made_run(name: str, records: Iterable[Record], folder: Path = Path("out"), **about: object) -> Run:
    """A run that need not lie on disk; `about` changes fields of `About`."""
    found = tuple(sorted(records, key=lambda record: record.id))
    defaults = About(name, "rendering", {"version": "1"}, "tiny", "5e7" + "0" * 61, len(found), version="0.1.0")
    place = folder / "".join(filter(str.isalnum, name))
    return Run(dataclasses.replace(defaults, **{"machine": "a machine", **about}), found, place)


def scored(name: str, metric: str, values: Iterable[float], **about: object) -> Run:
    """A run of one metric over samples s00, s01 …."""
    return made_run(name, (record(f"s{at:02d}", {metric: value}) for at, value in enumerate(values)), **about)


def two_runs() -> tuple[Run, Run]:
    """Tiny, and with everything that a table must tell apart."""
    ours = [
        record("s0", {"line.f1": 0.5, "recomposed.ssim": 0.9, "flat.l1": 0.01}, seconds=1.0),
        record("s1", {"line.f1": 0.7, "recomposed.ssim": 0.8}, "missing-layer", seconds=3.0),
    ]
    theirs = [
        record("s0", {"line.f1": 0.75, "recomposed.ssim": 0.7, "flat.l1": 0.02}, seconds=2.0),
        record("s1", {"line.f1": 0.75, "recomposed.ssim": 0.75}, seconds=2.5, notes=("turned round",)),
    ]
    return made_run("one", ours), made_run("two|x", theirs, samples=2)


def webp(level: int = 90) -> bytes:
    """A small picture."""
    file = io.BytesIO()
    Image.new("RGB", (24, 24), (level, 120, 90)).save(file, "WEBP")
    return file.getvalue()


def with_pictures(run: Run, content: bytes | None = None) -> Run:
    """The run with the picture of every sample on disk, each of its own colour."""
    for at, found in enumerate(run.records):
        path = run.folder / "pictures" / str(found.picture)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(webp(at * 8) if content is None else content)
    return run


def pictured(name: str, values: Iterable[float], folder: Path) -> Run:
    """A run of `line.f1` over samples s00, s01 … with their pictures."""
    ids = ((f"s{at:02d}", value) for at, value in enumerate(values))
    return with_pictures(made_run(name, [record(id, {"line.f1": f1}, picture=f"{id}.webp") for id, f1 in ids], folder))


def data_of(page: Path) -> dict[str, Any]:
    """What the script of a report gets to read."""
    return json.loads(re.search(r'id="data">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)[1])
