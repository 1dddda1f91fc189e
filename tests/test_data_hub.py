"""Sets as parquet: exact, deterministic, bounded, offline, and what `datasets` makes of them."""

from __future__ import annotations

import hashlib
import json
import pickle
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from drawing import names_in
from samples import assert_same, sample

from animelayers.data import hub
from animelayers.data.folder import save_sample
from animelayers.data.hub import ParquetSet, open_set, read_parquet, sample_of, write_parquet
from animelayers.data.sample import SCHEMA_VERSION, Licence, Sample
from animelayers.data.sets import FolderSet, save_set
from animelayers.errors import DataError, MissingPackageError, OutputError

datasets = pytest.importorskip("datasets")
parquet = pytest.importorskip("pyarrow.parquet")

SHARD = 60_000
"""Bytes: two or three of the samples below."""


@pytest.fixture(autouse=True)
def offline(monkeypatch) -> None:
    """Whoever opens a connection fails."""

    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def some(count: int = 5) -> Iterator[Sample]:
    """Different ones; one has nothing that may be missing, one no pieces."""
    for index in range(count):
        made = sample(f"s{index}", seed=index, bare=index == 1)
        yield made.replace(parts=None, cells={}, licence=Licence("CC0-1.0")) if index == 2 else made


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("hub") / "set"
    write_parquet(some(), folder, name="Mine", description="Ellipses.", command="make it", shard_bytes=SHARD)
    return folder


def copied(stored: Path, folder: Path) -> Path:
    for name in names_in(stored):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((stored / name).read_bytes())
    return folder


def test_samples_survive_parquet_in_their_order(stored: Path) -> None:
    for ours, theirs in zip(some(), read_parquet(stored), strict=True):
        assert_same(ours, theirs)


def test_any_sample_is_read_by_itself(stored: Path) -> None:
    found = open_set(stored)
    assert isinstance(found, ParquetSet)
    assert len(found) == 5
    for index, ours in reversed(list(enumerate(some()))):
        assert_same(ours, found[index])
        assert found.describe(index).id == ours.id
    assert [found.label(index) for index in (0, 4)] == [
        f"{found.files[0].name} row 0",
        f"{found.files[-1].name} row {found.footers[-1].num_rows - 1}",
    ]
    for index in (-1, 5):
        with pytest.raises(IndexError):
            found[index]


def test_sets_travel_to_other_processes(stored: Path) -> None:
    assert_same(next(some()), pickle.loads(pickle.dumps(open_set(stored)))[0])


def test_shards_are_numbered_and_counted(stored: Path) -> None:
    made = open_set(stored).manifest
    assert made is not None
    files = [shard.file for shard in made.shards]
    assert len(files) > 1
    assert files == [f"data/train-{i:05}-of-{len(files):05}.parquet" for i in range(len(files))]
    assert names_in(stored) == sorted(["README.md", "set.json", *files])
    assert [parquet.read_metadata(stored / file).num_rows for file in files] == [row.samples for row in made.shards]
    assert (made.samples, sum(row.samples for row in made.shards)) == (5, 5)
    assert [(row.spdx, row.samples) for row in made.licences] == [("Apache-2.0", 4), ("CC0-1.0", 1)]


def test_the_schema_version_is_in_every_place(stored: Path) -> None:
    assert json.loads((stored / "set.json").read_text())["version"] == SCHEMA_VERSION
    for file in sorted((stored / "data").iterdir()):
        assert parquet.read_schema(file).metadata[hub.VERSION_KEY] == str(SCHEMA_VERSION).encode()


def test_the_same_samples_give_the_same_bytes(stored: Path, tmp_path: Path) -> None:
    write_parquet(some(), tmp_path / "a", name="Mine", description="Ellipses.", command="make it", shard_bytes=SHARD)
    for name in names_in(stored):
        ours, theirs = (hashlib.sha256((folder / name).read_bytes()).digest() for folder in (stored, tmp_path / "a"))
        assert ours == theirs, name


def test_datasets_shows_the_pictures(stored: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)  # else it would ask the hub to count a download
    rows = datasets.load_dataset("parquet", data_dir=str(stored), split="train", cache_dir=str(tmp_path))
    streamed = datasets.load_dataset("parquet", data_dir=str(stored), split="train", streaming=True)
    assert len(rows) == 5
    first = next(some())
    for row in (rows[0], next(iter(streamed))):
        assert (row["id"], row["height"], row["width"], row["licence"]) == ("s0", 48, 40, "Apache-2.0")
        assert (np.asarray(row["picture"]) == first.picture).all()
        assert row["depth"].mode == "I;16"
        assert (np.asarray(row["depth"]) == first.depth).all()
        assert len(row["rendering"]) == 4
        assert len(row["parts"]) == 13
        assert row["parts"][0].mode == "RGBA"
    assert rows[1]["image"] is None
    still = rows
    for name, feature in rows.features.items():
        if isinstance(feature, datasets.Image):
            still = still.cast_column(name, datasets.Image(decode=False))
        elif isinstance(feature, datasets.List):
            still = still.cast_column(name, datasets.List(datasets.Image(decode=False)))
    for ours, row in zip(some(), still, strict=True):
        assert_same(ours, sample_of(row))


def test_samples_are_written_while_they_come(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(hub, "GROUP_BYTES", 1)
    sizes = []

    def watched() -> Iterator[Sample]:
        for made in some(4):
            sizes.append(sum(file.stat().st_size for file in tmp_path.rglob("*.parquet")))
            yield made

    write_parquet(watched(), tmp_path / "a", name="x")
    assert sizes == sorted(set(sizes)), "every sample is on disk before the next one is asked for"


# --- whole or not at all


def test_a_maker_that_fails_leaves_nothing_and_the_old_set(tmp_path: Path) -> None:
    write_parquet(some(1), tmp_path / "old", name="x")

    def failing() -> Iterator[Sample]:
        yield from some(3)
        raise DataError("the ink is out")

    for name in ("old", "new"):
        with pytest.raises(DataError, match="ink"):
            write_parquet(failing(), tmp_path / name, name="x", shard_bytes=1)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert len(open_set(tmp_path / "old")) == 1


def test_an_earlier_set_is_replaced_and_nothing_of_it_stays(tmp_path: Path) -> None:
    save_set(some(2), tmp_path / "a", name="x")
    write_parquet(some(4), tmp_path / "a", name="x", shard_bytes=1)
    write_parquet(some(1), tmp_path / "a", name="x")
    assert names_in(tmp_path / "a") == ["README.md", "data/train-00000-of-00001.parquet", "set.json"]


@pytest.mark.parametrize("name", ["notes.txt", "data/notes.txt", "data/train-00009-of-00010.parquet"])
def test_nobody_s_work_is_replaced(name: str, stored: Path, tmp_path: Path) -> None:
    folder = copied(stored, tmp_path / "a")
    (folder / name).write_text("mine")
    with pytest.raises(OutputError, match=name):
        write_parquet(some(1), folder, name="x")


def test_sets_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no samples"):
        write_parquet([], tmp_path / "a", name="x")
    with pytest.raises(DataError, match="two samples"):
        write_parquet([sample("a"), sample("A")], tmp_path / "a", name="x")
    with pytest.raises(DataError, match="attributes"):
        write_parquet([sample("a")], tmp_path / "a", name="x", attributes={"a": {1}})  # type: ignore[dict-item]
    assert not list(tmp_path.iterdir())


def test_without_the_package_the_line_to_type_is_said(stored: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingPackageError) as caught:
        write_parquet(some(1), tmp_path / "a", name="x")
    assert caught.value.hint == 'pip install "animelayers[data]"'
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingPackageError):
        open_set(stored)
    assert not list(tmp_path.iterdir())


# --- reading


def test_a_set_is_opened_however_it_is_stored(stored: Path, tmp_path: Path) -> None:
    save_sample(sample("alone"), tmp_path / "alone")
    save_set(some(2), tmp_path / "folders", name="x")
    for folder, kind, count in ((stored, ParquetSet, 5), (tmp_path / "folders", FolderSet, 2)):
        found = open_set(folder)
        assert isinstance(found, kind)
        assert len(found) == len(list(found)) == count
    assert [made.id for made in open_set(tmp_path / "alone")] == ["alone"]
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "nothing"):
        with pytest.raises(DataError) as caught:
            open_set(folder)
        assert caught.value.hint


def rewrite(file: Path, change) -> None:
    """The table of a file, changed."""
    table = change(parquet.read_table(file))
    parquet.write_table(table, file)


def test_a_newer_schema_is_refused_with_the_remedy(stored: Path, tmp_path: Path) -> None:
    folder = copied(stored, tmp_path / "a")
    file = next(iter(sorted((folder / "data").iterdir())))
    metadata = parquet.read_schema(file).metadata
    rewrite(file, lambda table: table.replace_schema_metadata({**metadata, hub.VERSION_KEY: b"99"}))
    with pytest.raises(DataError, match=f"{file} has schema version 99") as caught:
        open_set(folder)
    assert caught.value.hint == "pip install -U animelayers"
    rewrite(file, lambda table: table.replace_schema_metadata({}))
    with pytest.raises(DataError, match="no samples of this program"):
        open_set(folder)


def test_columns_of_another_kind_are_refused(stored: Path, tmp_path: Path) -> None:
    folder = copied(stored, tmp_path / "a")
    file = next(iter(sorted((folder / "data").iterdir())))
    rewrite(file, lambda table: table.drop_columns(["parts"]))
    with pytest.raises(DataError, match=f"{file.name} row 0: parts/00-back_hair.png is missing"):
        list(read_parquet(folder))
    place = parquet.read_schema(file).names.index("picture")
    rewrite(file, lambda table: table.set_column(place, "picture", table["id"]))
    with pytest.raises(DataError, match=f"{file.name} row 0: picture.png is missing"):
        list(read_parquet(folder))
    rewrite(file, lambda table: table.drop_columns(["manifest"]))
    with pytest.raises(DataError, match="no samples of this program"):
        open_set(folder)


def test_any_damage_is_found_and_named(stored: Path, tmp_path: Path) -> None:
    folder = copied(stored, tmp_path / "a")
    file = next(iter(sorted((folder / "data").iterdir())))
    whole = file.read_bytes()
    rng = np.random.default_rng(0)
    places = rng.integers(4, len(whole) - 3000, 20)  # pages; a footer's own fields have no checksum
    broken = [whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :] for at in places]
    broken += [whole[:cut] for cut in (0, 3, len(whole) // 2, len(whole) - 1)]
    for data in broken:
        file.write_bytes(data)
        with pytest.raises(DataError) as caught:
            list(read_parquet(folder))
        assert file.name in str(caught.value)
    file.unlink()
    with pytest.raises(DataError, match=f"{file} is missing"):
        open_set(folder)


# --- the card


def test_the_card_says_what_the_hub_and_a_person_want(stored: Path) -> None:
    text = (stored / "README.md").read_text("utf-8")
    _, front, body = text.split("---\n", 2)
    facts = yaml.safe_load(front)
    assert facts["license"] == ["apache-2.0", "cc0-1.0"]
    assert facts["size_categories"] == ["n<1K"]
    assert facts["configs"][0]["data_files"] == [{"split": "train", "path": "data/train-*.parquet"}]
    assert body.startswith("\n# Mine\n\nEllipses.\n")
    assert "| Apache-2.0 | the animelayers authors | 4 |\n| CC0-1.0 |  | 1 |\n" in body
    assert "`make it`" in body
