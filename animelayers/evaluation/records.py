"""A run on disk: `run.json` says what was measured on what, `samples.jsonl` has one record a line, in order of finish.

A run that was stopped goes on where it was: records are appended as they are made, and a line cut short by the stop is
made again. Records of another set, model or setting are never mixed in.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from animelayers import __version__
from animelayers.errors import DataError, OutputError
from animelayers.evaluation.prediction import Input, Record
from animelayers.handoff.files import replacing
from animelayers.models.registry import Mode

ABOUT, RECORDS, PICTURES = "run.json", "samples.jsonl", "pictures"


@dataclass(frozen=True, slots=True)
class About:
    """What was measured, on what, how. Two runs are the same run if all but `machine` and `jobs` are equal."""

    name: str
    """Of the model: the column of tables."""
    mode: Mode
    model: Mapping[str, Any]
    """`Predictor.about`."""
    set_name: str
    set_digest: str
    """SHA-256 over the digests of its samples: the same digest is the same set."""
    samples: int
    """In the set."""
    input: Input = "picture"
    seed: int = 0
    published: bool = False
    """Whether the papers' own benchmarks were run too."""
    perceptual: Mapping[str, Any] = field(default_factory=dict)
    """Which perceptual measures, and with whose weights; empty for none."""
    version: str = __version__
    jobs: int = 1
    """Predictions at a time: with more than one, times are longer than alone."""
    machine: str = ""
    """Processor, cores and system, in words."""

    @property
    def identity(self) -> dict[str, Any]:
        """What must be equal for records to belong together, JSON-ready."""
        return {key: value for key, value in asdict(self).items() if key not in ("jobs", "machine")}


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it was read."""

    about: About
    records: tuple[Record, ...]
    """Sorted by id; at most one for each."""
    folder: Path

    @property
    def scored(self) -> tuple[Record, ...]:
        """The records that hold measurements."""
        return tuple(record for record in self.records if record.scored)


_ABOUT, _RECORD = TypeAdapter(About), TypeAdapter(Record)


def begin(folder: Path, about: About) -> dict[str, Record]:
    """Make the folder of a run, or take up the one that is there; the records it has, by id.

    Raises:
        DataError: another run lies there.
        OutputError: it cannot be written.
    """
    if (folder / ABOUT).exists():
        before = read_run(folder)
        if before.about.identity != about.identity:
            changed = [key for key, value in about.identity.items() if before.about.identity[key] != value]
            raise DataError(
                f"{folder} holds another run: {', '.join(changed)} differ", hint="-o another folder, or remove that one"
            )
        return {record.id: record for record in before.records}
    with replacing(folder / ABOUT) as temporary:
        temporary.write_text(json.dumps(asdict(about), indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")
    return {}


def append(folder: Path, record: Record) -> None:
    """Add one record; one process at a time.

    Raises:
        OutputError: it cannot be written.
    """
    path = folder / RECORDS
    text = json.dumps(asdict(record), ensure_ascii=False, allow_nan=False)
    try:
        with path.open("ab+") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 1))
            torn = file.read(1) not in (b"", b"\n")
            file.write(("\n" if torn else "").encode() + text.encode() + b"\n")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}", hint="is the disk full?") from error


def read_run(folder: Path) -> Run:
    """The run in a folder.

    Raises:
        DataError: there is none, or a file is damaged. A line cut short at the end of `samples.jsonl` is no damage.
    """
    folder = Path(folder)
    path = folder / ABOUT
    if not path.is_file():
        raise DataError(f"{folder} holds no {ABOUT}", hint="name the folder of one run: OUT/MODEL")
    try:
        about = _ABOUT.validate_json(path.read_bytes())
    except ValidationError as error:
        raise DataError(f"{path}: {error.errors(include_url=False)[0]['msg']}", hint="run it again") from error
    records = {record.id: record for record in _records(folder / RECORDS)}
    return Run(about, tuple(records[id] for id in sorted(records)), folder)


def _records(path: Path) -> list[Record]:
    lines = path.read_bytes().splitlines() if path.exists() else []
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(_RECORD.validate_json(line))
        except ValidationError as error:
            if b"}" in line[-1:] and number < len(lines):  # complete, and yet no record
                what = error.errors(include_url=False)[0]["msg"]
                raise DataError(f"{path}, line {number}: {what}", hint="remove the line: it is made again") from error
    return found
