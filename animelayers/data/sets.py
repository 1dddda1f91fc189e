"""A set: samples in a directory, and `set.json` that says what they are. Here as folders; `hub` knows parquet.

data/mine/set.json
data/mine/0001/sample.json, picture.png …
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, JsonValue, ValidationError

from animelayers import __version__
from animelayers.data import manifest
from animelayers.data.folder import load_sample, read_bytes, read_manifest, refuse_strangers, save_sample, strangers
from animelayers.data.manifest import Extent, Manifest, Model, first_fault, parse
from animelayers.data.sample import Licence, Sample
from animelayers.errors import DataError
from animelayers.handoff.files import replacing, replacing_folder
from animelayers.handoff.png import LITTER

NAME = "set.json"
CARD = "README.md"


class Licensed(Model):
    """How many samples come under which terms, from whom and where."""

    spdx: str
    holder: str
    source: str
    samples: int


class Shard(Model):
    """One parquet file."""

    file: str
    samples: int


class SetManifest(Model):
    """The whole of `set.json`."""

    format: Literal["animelayers-set"] = "animelayers-set"
    version: Literal[1] = 1
    name: str
    generator: str = f"animelayers {__version__}"
    """Program and version that wrote the set."""
    command: str = ""
    """What was typed to make it."""
    attributes: dict[str, JsonValue] = Field(default_factory=dict)
    storage: Literal["folders", "parquet"]
    samples: int
    pieces: int
    """Layers of `parts`, all samples together."""
    cells: int
    """Pieces with rendering layers of their own."""
    largest: tuple[Extent, Extent]
    """Largest height and largest width of a picture."""
    licences: tuple[Licensed, ...]
    """Sorted."""
    shards: tuple[Shard, ...] = ()
    """In the order of the samples; none for folders."""


@dataclass
class Tally:
    """Counts samples while they go by."""

    ids: set[str] = field(default_factory=set)
    pieces: int = 0
    cells: int = 0
    largest: tuple[int, int] = (0, 0)
    licences: Counter[Licence] = field(default_factory=Counter)

    def add(self, seen: Manifest) -> None:
        """Count one more sample.

        Raises:
            DataError: there was one of that id, ids that differ in case alone being the same to some file systems.
        """
        if seen.id.lower() in self.ids:
            raise DataError(f"two samples are called {seen.id!r}", hint="give every sample an id of its own")
        self.ids.add(seen.id.lower())
        self.pieces += 0 if seen.parts is None else len(seen.parts.layers)
        self.cells += len(seen.cells)
        self.largest = (max(self.largest[0], seen.size.height), max(self.largest[1], seen.size.width))
        self.licences[seen.licence] += 1

    def manifest(self, name: str, storage: Literal["folders", "parquet"], **facts: Any) -> SetManifest:
        """What was counted.

        Raises:
            DataError: there was nothing, or an attribute is no JSON value.
        """
        if not self.ids:
            raise DataError(f"there are no samples for the set {name!r}", hint="a set holds at least one")
        rows = sorted(self.licences.items(), key=lambda row: (row[0].spdx, row[0].holder, row[0].source))
        try:
            return SetManifest(
                name=name,
                storage=storage,
                samples=len(self.ids),
                pieces=self.pieces,
                cells=self.cells,
                largest=self.largest,
                licences=tuple(Licensed(spdx=k.spdx, holder=k.holder, source=k.source, samples=n) for k, n in rows),
                **facts,
            )
        except ValidationError as error:
            raise DataError(f"set {name}: {first_fault(error)}", hint="attributes hold JSON values") from error


class SampleSet(ABC):
    """Samples on disk, read when they are asked for. Can be pickled, and read from several threads at once."""

    path: Path
    manifest: SetManifest | None
    """None where there is no `set.json`."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, index: int) -> Sample:
        """Read one sample; `IndexError` beyond the last.

        Raises:
            DataError: it is damaged, or its schema is newer.
        """

    @abstractmethod
    def describe(self, index: int) -> Manifest:
        """Read what one sample says about itself, without its pixels.

        Raises:
            DataError: as for the sample itself.
        """

    @abstractmethod
    def label(self, index: int) -> str:
        """Where a sample lies, for people."""

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))


class FolderSet(SampleSet):
    """Samples as folders, sorted by name; a single sample's folder is a set of one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = read_set_manifest(path)
        self.folders = sample_folders(path)

    def __len__(self) -> int:
        return len(self.folders)

    def __getitem__(self, index: int) -> Sample:
        return load_sample(self.folders[index])

    def describe(self, index: int) -> Manifest:
        return read_manifest(self.folders[index])

    def label(self, index: int) -> str:
        return self.folders[index].name


def save_set(
    samples: Iterable[Sample],
    folder: Path,
    *,
    name: str,
    command: str = "",
    attributes: Mapping[str, JsonValue] | None = None,
) -> SetManifest:
    """Write samples as folders named by their ids, and `set.json`, all of it or nothing.

    A set that is there already is replaced, if nothing was added to it. One sample is in memory at a time.

    Raises:
        DataError: there are no samples, two share an id, or one cannot be stored.
        OutputError: the folder cannot be written, or holds something that is not ours.
    """
    folder, tally = Path(folder), Tally()
    refuse_to_lose(folder)
    with replacing_folder(folder) as temporary:
        for sample in samples:
            tally.add(save_sample(sample, temporary / sample.id))
        made = tally.manifest(name, "folders", command=command, attributes=attributes or {})
        (temporary / NAME).write_text(made.text(), encoding="utf-8", newline="\n")
    return made


def index_set(
    folder: Path, *, name: str, command: str = "", attributes: Mapping[str, JsonValue] | None = None
) -> SetManifest:
    """Write `set.json` for the sample folders that are there: what several processes ended on, or a person sorted.

    Raises:
        DataError: there are none, two share an id, or one cannot be read.
        OutputError: the file cannot be written.
    """
    folder, tally = Path(folder), Tally()
    if (folder / manifest.NAME).exists():
        raise DataError(f"{folder} is a sample, not a set", hint=f"name the directory above it: {folder.parent}")
    for path in sample_folders(folder):
        tally.add(read_manifest(path))
    made = tally.manifest(name, "folders", command=command, attributes=attributes or {})
    with replacing(folder / NAME) as temporary:
        temporary.write_text(made.text(), encoding="utf-8", newline="\n")
    return made


def read_set_manifest(folder: Path) -> SetManifest | None:
    """`set.json` of a directory; None where there is none.

    Raises:
        DataError: it does not fit its schema, or that is newer.
    """
    path = folder / NAME
    return parse(SetManifest, read_bytes(path), str(path)) if path.exists() else None


def sample_folders(folder: Path) -> list[Path]:
    """The folder itself if it is a sample, or the samples in it, sorted by name.

    Raises:
        DataError: there is no such folder.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}", hint="check the path for a typing mistake")
    candidates = [folder] if (folder / manifest.NAME).exists() else sorted(folder.iterdir())
    return [path for path in candidates if (path / manifest.NAME).exists()]


def refuse_to_lose(folder: Path) -> None:
    """Stop before a directory is replaced that holds more than a set of ours.

    Raises:
        OutputError: it does.
    """
    if folder.exists() or folder.is_symlink():
        refuse_strangers(folder, [])
        refuse_strangers(folder, list(_extra(folder)))


def _extra(folder: Path) -> Iterator[str]:
    """Files in a directory that are neither of a set nor of its samples."""
    try:
        found = read_set_manifest(folder)
    except DataError:
        found = None
    ours = set() if found is None else {NAME, CARD, *(shard.file for shard in found.shards)}
    for path in sorted(folder.iterdir()):
        if (path / manifest.NAME).exists():
            yield from (f"{path.name}/{file}" for file in strangers(path))
            continue
        files = [path] if not path.is_dir() else sorted(file for file in path.rglob("*") if not file.is_dir())
        names = (file.relative_to(folder).as_posix() for file in files if file.name not in LITTER)
        yield from (name for name in names if name not in ours)
