"""Sets as sharded parquet, readable by `datasets.load_dataset` with its pictures shown. The only door to Hugging Face.

A row is a sample: the files that `folder` would write, as PNG bytes in columns of `Image`s, and the manifest as JSON.
Nothing here opens a connection or touches a cache: `load_dataset` itself would ask the hub to count a download, so
reading goes through pyarrow.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from animelayers.data import sets
from animelayers.data.card import card
from animelayers.data.manifest import Manifest, parse
from animelayers.data.packing import PICTURES, pack, unpack
from animelayers.data.planes import decode_all, encode_all
from animelayers.data.sample import SCHEMA_VERSION, Sample
from animelayers.data.sets import FolderSet, SampleSet, SetManifest, Shard, Tally, refuse_to_lose
from animelayers.data.tagged import TaggedSet
from animelayers.errors import DataError, MissingPackageError
from animelayers.handoff.files import replacing_folder

LISTS = ("rendering", "parts", "cells")
"""Columns of many pictures: the layers of each, bottom → top, without those of which nothing is visible."""

GROUP_BYTES = 4_000_000
"""A row group is closed when it holds as much: whoever reads one row reads no more than this."""
SHARD_BYTES = 500_000_000
VERSION_KEY = b"animelayers.schema_version"
Row = Mapping[str, Any]


def write_parquet(
    samples: Iterable[Sample],
    folder: Path,
    *,
    name: str,
    description: str = "",
    command: str = "",
    attributes: Mapping[str, JsonValue] | None = None,
    shard_bytes: int = SHARD_BYTES,
) -> SetManifest:
    """Write a set as `data/train-00000-of-00012.parquet` …, `set.json` and a card, all of it or nothing.

    Same samples, same bytes. A set that is there already is replaced, if nothing was added to it. One row group is in
    memory at a time.

    Args:
        samples: what to write, in this order; may be a generator.
        folder: the directory of the set.
        name: what the set is called.
        description: Markdown for the card: what it shows and how it was made.
        command: what was typed to make it.
        attributes: anything else worth keeping; JSON values.
        shard_bytes: a file is closed when it holds as much.

    Raises:
        DataError: there are no samples, two share an id, or one cannot be stored.
        OutputError: the folder cannot be written, or holds something that is not ours.
        MissingPackageError: `datasets` is not installed.
    """
    folder, tally = Path(folder), Tally()
    refuse_to_lose(folder)
    schema = _schema()
    with replacing_folder(folder) as temporary:
        (temporary / "data").mkdir()
        counts = _write_shards(_rows(samples, tally), schema, temporary / "data", shard_bytes)
        files = [f"data/train-{index:05}-of-{len(counts):05}.parquet" for index in range(len(counts))]
        for index, file in enumerate(files):
            (temporary / "data" / f"{index}.parquet").rename(temporary / file)
        shards = tuple(Shard(file=file, samples=count) for file, count in zip(files, counts, strict=True))
        made = tally.manifest(name, "parquet", command=command, attributes=attributes or {}, shards=shards)
        (temporary / sets.NAME).write_text(made.text(), encoding="utf-8", newline="\n")
        (temporary / sets.CARD).write_text(card(made, description), encoding="utf-8", newline="\n")
    return made


FORMATS = ("folder", "parquet")
"""How a set may lie on disk."""


def write_set(
    samples: Iterable[Sample], folder: Path, format_: str, *, description: str = "", **facts: Any
) -> SetManifest:
    """Write a set in one of `FORMATS`: `sets.save_set` or `write_parquet`, whose other arguments `facts` are.

    Only parquet has a card that the description goes into.

    Raises:
        DataError: there are no samples, two share an id, or one cannot be stored.
        OutputError: the folder cannot be written, or holds something that is not ours.
        MissingPackageError: parquet is asked for, and `datasets` is not installed.
    """
    if format_ == "parquet":
        return write_parquet(samples, folder, description=description, **facts)
    return sets.save_set(samples, folder, **facts)


def read_parquet(folder: Path) -> Iterator[Sample]:
    """The samples of a parquet set, in its order, one row group in memory at a time.

    Raises:
        DataError: a file is missing or damaged, or the schema is newer.
        MissingPackageError: `datasets` is not installed.
    """
    return iter(ParquetSet(Path(folder)))


def open_set(folder: Path) -> SampleSet:
    """The set in a directory, however it is stored; a single sample's folder is a set of one.

    Raises:
        DataError: there is none, or it cannot be read.
        MissingPackageError: it is parquet, and `datasets` is not installed.
    """
    folder = Path(folder)
    found: SampleSet = ParquetSet(folder) if any(folder.glob("data/*.parquet")) else FolderSet(folder)
    found = found if len(found) else TaggedSet(folder)
    if not len(found):
        hint = "a set has folders with sample.json, or with source.png, parts/ and order.json, or data/*.parquet"
        raise DataError(f"{folder} holds no samples", hint=hint)
    return found


class ParquetSet(SampleSet):
    """Rows of parquet files, memory-mapped."""

    def __init__(self, path: Path) -> None:
        parquet = _pyarrow()
        self.path = path
        self.manifest = sets.read_set_manifest(path)
        self.files = sorted((path / "data").glob("*.parquet"))
        for shard in () if self.manifest is None else self.manifest.shards:
            if path / shard.file not in self.files:
                raise DataError(f"{path / shard.file} is missing", hint="copy or download the set again")
        self.footers: list[Any] = []
        self.first_rows: list[int] = []
        self.groups: list[tuple[int, int]] = []
        self.starts = [0]
        for shard_index, file in enumerate(self.files):
            with _reading(file):
                footer = parquet.read_metadata(file, memory_map=True)
                _check_schema(footer, file)
            self.footers.append(footer)
            self.first_rows.append(self.starts[-1])
            for group in range(footer.num_row_groups):
                self.groups.append((shard_index, group))
                self.starts.append(self.starts[-1] + footer.row_group(group).num_rows)

    def __len__(self) -> int:
        return self.starts[-1]

    def __getitem__(self, index: int) -> Sample:
        group, offset = self._locate(index)
        return sample_of(self._read(group)[offset], self.label(index))

    def __iter__(self) -> Iterator[Sample]:
        for group, start in enumerate(self.starts[:-1]):
            for offset, row in enumerate(self._read(group)):
                yield sample_of(row, self.label(start + offset))

    def describe(self, index: int) -> Manifest:
        group, offset = self._locate(index)
        row = self._read(group, ["manifest"])[offset]
        return parse(Manifest, row["manifest"], f"{self.label(index)}: manifest")

    def label(self, index: int) -> str:
        group, _ = self._locate(index)
        shard, _ = self.groups[group]
        return f"{self.files[shard].name} row {index - self.first_rows[shard]}"

    def _locate(self, index: int) -> tuple[int, int]:
        """Row group, counted through all files, and row in it."""
        if not 0 <= index < len(self):
            raise IndexError(f"there are {len(self)} samples, the one at {index} was wanted")
        group = bisect.bisect_right(self.starts, index) - 1
        return group, index - self.starts[group]

    def _read(self, group: int, columns: list[str] | None = None) -> list[dict[str, Any]]:
        shard, number = self.groups[group]
        file = self.files[shard]
        # Opened every time, with the footer that is known: cheap, and safe in threads and forks.
        with (
            _reading(file),
            _pyarrow().ParquetFile(
                file, metadata=self.footers[shard], memory_map=True, page_checksum_verification=True
            ) as opened,
        ):
            rows: list[dict[str, Any]] = opened.read_row_group(number, columns).to_pylist()
            return rows


def sample_of(row: Row, where: str = "the row") -> Sample:
    """One row, as pyarrow or `datasets` with `Image(decode=False)` gives it, as a sample.

    Raises:
        DataError: a column is missing, or a picture is damaged.
    """
    pictures = [row.get(name) for name in PICTURES]
    lists = [column for name in LISTS if isinstance(column := row.get(name), list)]
    cells = (cell for cell in itertools.chain(pictures, *lists) if isinstance(cell, Mapping))
    files = {str(cell.get("path")): cell.get("bytes") for cell in cells}
    found = parse(Manifest, row.get("manifest") or "", f"{where}: manifest")

    def read(file: str) -> bytes:
        if not isinstance(data := files.get(file), bytes):
            raise DataError(f"{where}: {file} is missing", hint="copy or download the set again")
        return data

    return unpack(found, decode_all(found.files(), read, f"{where}: "), f"{where}: ")


def _rows(samples: Iterable[Sample], tally: Tally) -> Iterator[tuple[dict[str, Any], int]]:
    """Columns of every sample and the bytes of its pictures; counts the samples."""
    for sample in samples:
        manifest, planes = pack(sample)
        tally.add(manifest)
        files = {file: {"bytes": data, "path": file} for file, data in encode_all(planes).items()}
        row = {
            "id": manifest.id,
            "height": manifest.size.height,
            "width": manifest.size.width,
            "licence": manifest.licence.spdx,
            "manifest": manifest.text(),
            **{name: files.get(f"{name}.png") for name in PICTURES},
            **{name: [cell for file, cell in files.items() if file.startswith(f"{name}/")] for name in LISTS},
        }
        yield row, sum(len(cell["bytes"]) for cell in files.values())


def _grouped(rows: Iterable[tuple[dict[str, Any], int]], limit: int) -> Iterator[tuple[list[dict[str, Any]], int]]:
    """Rows gathered until they hold `limit` bytes, and how many they hold."""
    group: list[dict[str, Any]] = []
    held = 0
    for row, size in rows:
        group.append(row)
        held += size
        if held >= limit:
            yield group, held
            group, held = [], 0
    if group:
        yield group, held


def _write_shards(rows: Iterable[tuple[dict[str, Any], int]], schema: Any, folder: Path, limit: int) -> list[int]:
    """Write `0.parquet`, `1.parquet` …, each until it holds `limit` bytes; returns the rows of each."""
    import pyarrow

    # Pictures are packed already, and no two are alike.
    options = {"compression": "none", "use_dictionary": False, "write_statistics": ["id"], "write_page_checksum": True}
    groups = _grouped(rows, min(GROUP_BYTES, limit))
    counts: list[int] = []
    group, size = next(groups, ([], 0))
    while group:
        count = held = 0
        with _pyarrow().ParquetWriter(folder / f"{len(counts)}.parquet", schema, **options) as writer:
            while group and held < limit:
                writer.write_table(pyarrow.Table.from_pylist(group, schema))
                count, held = count + len(group), held + size
                group, size = next(groups, ([], 0))
        counts.append(count)
    return counts


def _schema() -> Any:
    """The columns, with what tells `datasets` that some are pictures."""
    try:
        from datasets import Features, Image, List, Value  # type: ignore[attr-defined]  # mypy sees the folder
    except ImportError as error:
        raise _missing() from error
    columns = {name: Value("string") for name in ("id", "licence", "manifest")}
    columns |= {name: Value("int32") for name in ("height", "width")}
    columns |= {name: Image() for name in PICTURES} | {name: List(Image()) for name in LISTS}
    schema = Features(columns).arrow_schema
    return schema.with_metadata({**schema.metadata, VERSION_KEY: str(SCHEMA_VERSION)})


def _check_schema(footer: Any, file: Path) -> None:
    version = (footer.metadata or {}).get(VERSION_KEY, b"").decode("ascii", "replace")
    if not version.isdecimal() or "manifest" not in footer.schema.names:
        raise DataError(f"{file} holds no samples of this program", hint="see docs/data.md for the columns")
    if int(version) > SCHEMA_VERSION:
        raise DataError(
            f"{file} has schema version {version}, this program reads up to {SCHEMA_VERSION}",
            hint="pip install -U animelayers",
        )


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Turn what pyarrow raises inside the block into a `DataError` that names the file."""
    import pyarrow

    try:
        yield
    except DataError:
        raise
    except (pyarrow.ArrowException, OSError, ValueError, KeyError) as error:
        raise DataError(f"{file} is damaged: {error}", hint="copy or download the set again") from error


def _pyarrow() -> Any:
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise _missing() from error
    return parquet


def _missing() -> MissingPackageError:
    return MissingPackageError("parquet needs the package datasets", hint='pip install "animelayers[data]"')
