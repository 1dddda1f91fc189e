"""Samples as folders: exact, the same bytes every time, whole or not at all, and safe to read."""

from __future__ import annotations

import json
import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from drawing import names_in, noise
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from samples import OURS, assert_same, sample

from animelayers.color import clear_hidden
from animelayers.composite import flatten, on_canvas
from animelayers.data import folder as folder_module
from animelayers.data import sets
from animelayers.data.folder import load_sample, save_sample
from animelayers.data.manifest import Manifest
from animelayers.data.packing import pack, unpack
from animelayers.data.sample import SCHEMA_VERSION, Licence, Sample
from animelayers.data.sets import FolderSet, index_set, save_set
from animelayers.errors import DataError, OutputError
from animelayers.stack import Blend, Layer, LayerStack, Provenance

MADE = Provenance("parts", "lite", "0.1.0", "ab" * 32, "絵.png", seed=3, options={"a": [1, "x"]})


def odd() -> Sample:
    """Everything that a generator would not make and a person might."""
    layers = (
        Layer("back hair", clear_hidden(noise(9, 7, 1)), -4, -3, Blend.OVERLAY, 1 / 3, visible=False),
        Layer("名前:x", clear_hidden(noise(5, 5, 2)), 30, 38, group=("head", "a/b")),
        Layer("前髪", clear_hidden(noise(5, 4, 3)), opacity=0.0),
        Layer("face", np.zeros((6, 3, 4), np.uint8), 2, 1),
        Layer("nothing", np.zeros((0, 0, 4), np.uint8), 5, 6),
        Layer("line", clear_hidden(noise(3, 3, 4)), 1, 1, group=("x",)),
        Layer("line", clear_hidden(noise(3, 3, 5)), 1, 1),
    )
    parts = LayerStack(48, 40, layers, MADE)
    cells = {
        "face": LayerStack(6, 3, (Layer("flat", np.zeros((6, 3, 4), np.uint8)),)),
        "no such piece": LayerStack(2, 2, (Layer("線", clear_hidden(noise(2, 2, 6))), Layer("色", noise(2, 2, 7) | 1))),
    }
    return Sample(
        "Odd_1.x-y", flatten(parts), Licence("LicenseRef-Ours", "ゐ", "https://x.org/?a=b"), parts, cells=cells
    )


@pytest.mark.parametrize(
    "made",
    [sample(), sample(bare=True), sample().replace(parts=None, cells={}, image=None), odd()],
    ids=["full", "bare", "rendering", "odd"],
)
def test_a_sample_survives_the_folder(made: Sample, tmp_path: Path) -> None:
    save_sample(made, tmp_path / "a")
    assert_same(made, load_sample(tmp_path / "a"))
    save_sample(load_sample(tmp_path / "a"), tmp_path / "b")
    assert names_in(tmp_path / "a") == names_in(tmp_path / "b")
    for name in names_in(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_files_are_called_by_piece_and_slot(tmp_path: Path) -> None:
    save_sample(sample(), tmp_path / "a")
    names = names_in(tmp_path / "a")
    assert {"sample.json", "picture.png", "image.png", "depth.png", "visible.png", "rendering/line.png"} <= set(names)
    assert {"parts/00-back_hair.png", "parts/04-handwear-l-1.png", "cells/00-back_hair/line.png"} <= set(names)
    written = json.loads((tmp_path / "a" / "sample.json").read_text("utf-8"))
    assert written["version"] == SCHEMA_VERSION
    slots = {layer["name"]: layer for layer in written["cells"]["back hair"]["layers"]}
    assert slots["highlight"]["file"] is None
    assert [slots[name]["blend"] for name in ("flat", "shadow", "highlight")] == ["normal", "multiply", "screen"]


def test_other_programs_see_the_same_pixels_in_their_places(tmp_path: Path) -> None:
    made = sample()
    save_sample(made, tmp_path / "a")
    written = json.loads((tmp_path / "a" / "sample.json").read_text("utf-8"))
    assert (np.asarray(Image.open(tmp_path / "a" / "picture.png")) == made.picture).all()
    assert (np.asarray(Image.open(tmp_path / "a" / "depth.png")) == made.depth).all()
    assert (np.asarray(Image.open(tmp_path / "a" / "visible.png")) == made.visible).all()
    assert made.depth is not None
    assert made.depth.max() > 255
    assert made.parts is not None
    for record, layer in zip(written["parts"]["layers"], made.parts, strict=True):
        file = np.asarray(Image.open(tmp_path / "a" / record["file"]))
        assert file[..., 3].any(axis=1)[[0, -1]].all()  # tight
        assert file[..., 3].any(axis=0)[[0, -1]].all()
        there = on_canvas(Layer("x", file, record["top"], record["left"]), made.size)
        assert (there == on_canvas(layer, made.size)).all()


def test_colour_under_alpha_0_is_cleared(tmp_path: Path) -> None:
    made = sample(bare=True)
    hidden = made.picture.copy()
    hidden[hidden[..., 3] == 0] = (9, 9, 9, 0)
    save_sample(made.replace(picture=hidden), tmp_path / "a")
    assert_same(made, load_sample(tmp_path / "a"))


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@given(
    names=st.lists(names, min_size=1, max_size=4, unique=True),
    place=st.tuples(st.integers(-60, 60), st.integers(-60, 60)),
    opacity=st.floats(0, 1),
    blend=st.sampled_from(Blend),
    keypoints=st.dictionaries(names, st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 2), max_size=3),
)
def test_any_names_places_and_numbers_survive(names, place, opacity, blend, keypoints) -> None:
    layers = tuple(Layer(name, np.full((2, 3, 4), 200, np.uint8), *place, blend, opacity) for name in names)
    stack = LayerStack(4, 4, layers)
    cells = dict.fromkeys(names, stack)
    made = Sample("a", flatten(stack), OURS, stack, stack, cells, keypoints=keypoints)
    manifest, planes = pack(made)
    assert_same(made, unpack(Manifest.model_validate_json(manifest.text()), planes, ""))


@pytest.mark.parametrize(
    "attributes",
    [{"a": {1, 2}}, {"a": math.nan}, {"a": np.float32(1)}, {"a": b"x"}, {"a": (1, 2)}, {"a": [Ellipsis]}],
    ids=repr,
)
def test_what_json_cannot_hold_is_refused(attributes: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        save_sample(sample(bare=True).replace(attributes=attributes), tmp_path / "a")
    assert caught.value.hint
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("field", "plane"), [("depth", np.zeros((48, 40), np.uint8)), ("visible", np.zeros((48, 40), np.int64))]
)
def test_planes_of_another_kind_are_refused(field: str, plane: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"{field} is {plane.dtype}"):
        save_sample(sample().replace(**{field: plane}), tmp_path / "a")


# --- whole or not at all


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_folder_appears_whole_or_not_at_all(failure: BaseException, tmp_path: Path, monkeypatch) -> None:
    save_sample(sample(seed=1), tmp_path / "old")

    def fail(planes):
        raise failure

    monkeypatch.setattr(folder_module, "encode_all", fail)
    for name in ("new", "old"):
        with pytest.raises(KeyboardInterrupt if isinstance(failure, KeyboardInterrupt) else OutputError):
            save_sample(sample(seed=2), tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert_same(load_sample(tmp_path / "old"), sample(seed=1))


def test_an_earlier_sample_is_replaced_and_nothing_of_it_stays(tmp_path: Path) -> None:
    save_sample(sample(), tmp_path / "a")
    save_sample(sample(bare=True), tmp_path / "a")
    assert_same(load_sample(tmp_path / "a"), sample(bare=True))
    assert "depth.png" not in names_in(tmp_path / "a")


@pytest.mark.parametrize("name", ["notes.txt", "parts/mine.png", "sub/x"])
def test_nobody_s_work_is_replaced(name: str, tmp_path: Path) -> None:
    save_sample(sample(bare=True), tmp_path / "a")
    (tmp_path / "a" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "a" / name).write_text("mine")
    with pytest.raises(OutputError, match=name) as caught:
        save_sample(sample(), tmp_path / "a")
    assert caught.value.hint
    assert (tmp_path / "a" / name).read_text() == "mine"


def test_a_file_or_a_link_is_no_place_for_a_sample(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("file", "link"):
        with pytest.raises(OutputError, match="folder was wanted"):
            save_sample(sample(bare=True), tmp_path / name)


# --- reading


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    save_sample(sample(), tmp_path / "a")
    return tmp_path / "a"


def edit(folder: Path, change) -> None:
    path = folder / "sample.json"
    manifest = json.loads(path.read_text("utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), "utf-8")


def test_a_newer_schema_is_refused_with_the_remedy(stored: Path) -> None:
    edit(stored, lambda manifest: manifest.update(version=SCHEMA_VERSION + 1, more={"unknown": 1}))
    with pytest.raises(DataError, match=f"schema version {SCHEMA_VERSION + 1}") as caught:
        load_sample(stored)
    assert caught.value.hint == "pip install -U animelayers"


def layer(manifest: dict, **changes: object) -> None:
    manifest["parts"]["layers"][0].update(changes)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda m: layer(m, file="../picture.png"), "parts.layers.0.file"),
        (lambda m: layer(m, file="/etc/passwd.png"), "parts.layers.0.file"),
        (lambda m: layer(m, file="parts/../../x.png"), "parts.layers.0.file"),
        (lambda m: layer(m, file="parts\\x.png"), "parts.layers.0.file"),
        (lambda m: layer(m, file="parts/.x.png"), "parts.layers.0.file"),
        (lambda m: layer(m, file="parts/01-neck.png"), "two layers name the same file"),
        (lambda m: layer(m, file=None), "parts.layers.0"),
        (lambda m: layer(m, top=10**12), "parts.layers.0.top"),
        (lambda m: layer(m, box=[0, 0, 2**30, 2**30]), "more than is read"),
        (lambda m: layer(m, box=[0, 0, 1, 1]), "outside the layer's box"),
        (lambda m: layer(m, opacity=1.5), "opacity"),
        (lambda m: layer(m, blend="hue"), "blend"),
        (lambda m: m.update(size={"height": 10**6, "width": 1}), "size.height"),
        (lambda m: m.update(extra=1), "extra"),
        (lambda m: m.pop("licence"), "licence"),
        (lambda m: m.update(id="a/b"), "cannot name a sample"),
        (lambda m: m.update(parts=None, rendering=None, cells={}), "neither parts nor rendering"),
        (lambda m: m["keypoints"].update(nose=[math.nan, 0]), "keypoints.nose"),
        (lambda m: m.update(head_box=[1, 2, 3]), "head_box"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused_by_field(change, field: str, stored: Path) -> None:
    edit(stored, change)
    with pytest.raises(DataError) as caught:
        load_sample(stored)
    assert field in str(caught.value)
    assert str(stored) in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 100_000, '{"version": "x"}', "\xff"])
def test_what_is_no_manifest_is_refused(text: str, stored: Path) -> None:
    (stored / "sample.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=r"sample\.json"):
        load_sample(stored)


def test_more_pixels_than_are_read_are_refused_before_they_are_made(stored: Path) -> None:
    def many(manifest: dict) -> None:
        first = manifest["parts"]["layers"][0] | {"box": [-4000, -4000, 6000, 6000]}
        manifest["parts"]["layers"] = [
            first | {"name": f"{i}", "file": None, "height": 0, "width": 0} for i in range(21)
        ]

    edit(stored, many)
    with pytest.raises(DataError, match="more pixels than are read"):
        load_sample(stored)


@pytest.mark.parametrize(
    "name", ["picture.png", "depth.png", "visible.png", "parts/05-face.png", "cells/05-face/line.png"]
)
def test_any_damage_is_found_and_named(name: str, stored: Path) -> None:
    path = stored / name
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    broken = [whole[:cut] for cut in (0, 7, 20, len(whole) // 2, len(whole) - 1)]
    places = (0, 12, 17, 24, 25, *rng.integers(0, len(whole), 12))
    broken += [whole[:at] + bytes([whole[at] ^ (1 << rng.integers(8))]) + whole[at + 1 :] for at in places]
    for data in broken:
        path.write_bytes(data)
        with pytest.raises(DataError) as caught:
            load_sample(stored)
        assert str(path) in str(caught.value)
        assert caught.value.hint
    path.unlink()
    with pytest.raises(DataError, match=f"{name} cannot be read"):
        load_sample(stored)


def png(width: int, height: int, depth: int = 8, colour: int = 6) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (png(60_000, 60_000), "at most 100,000,000 px"),
        (png(0, 5), "at most"),
        (png(40, 48, 8, 2), "8-bit RGB with alpha was wanted"),
        (png(40, 48, 16, 6), "8-bit RGB with alpha was wanted"),
        (png(40, 48), "damaged"),
    ],
)
def test_pictures_that_are_not_what_was_stored_are_refused(data: bytes, what: str, stored: Path) -> None:
    (stored / "picture.png").write_bytes(data)
    with pytest.raises(DataError, match=what):
        load_sample(stored)


def test_a_picture_of_another_size_is_refused(stored: Path) -> None:
    for name in ("picture.png", "depth.png", "parts/05-face.png"):
        whole = (stored / name).read_bytes()
        image = np.asarray(Image.open(stored / name))
        Image.fromarray(image[:-1]).save(stored / name)
        with pytest.raises(DataError, match=f"{name} is"):
            load_sample(stored)
        (stored / name).write_bytes(whole)
    assert_same(load_sample(stored), sample())


def test_a_pipe_or_a_folder_in_place_of_a_file_is_refused(stored: Path) -> None:
    (stored / "depth.png").unlink()
    os.mkfifo(stored / "depth.png")
    with pytest.raises(DataError, match=r"depth\.png is no file"):
        load_sample(stored)


# --- sets


def test_a_set_of_folders(tmp_path: Path) -> None:
    made = [sample(f"s{i}", seed=i, bare=i == 2) for i in (2, 0, 1)]
    made[1] = made[1].replace(licence=Licence("CC0-1.0"))
    written = save_set(iter(made), tmp_path / "set", name="Mine", command="make", attributes={"seeds": [2, 0, 1]})
    assert (written.samples, written.pieces, written.cells, written.largest) == (3, 39, 39, (48, 40))
    assert [(row.spdx, row.samples) for row in written.licences] == [("Apache-2.0", 2), ("CC0-1.0", 1)]
    back = FolderSet(tmp_path / "set")
    assert back.manifest == written
    assert len(back) == 3
    for ours, theirs in zip(sorted(made, key=lambda one: one.id), back, strict=True):
        assert_same(ours, theirs)
    assert [back.label(i) for i in range(3)] == [back.describe(i).id for i in range(3)] == ["s0", "s1", "s2"]
    before = {name: (tmp_path / "set" / name).read_bytes() for name in names_in(tmp_path / "set")}
    save_set(made, tmp_path / "set", name="Mine", command="make", attributes={"seeds": [2, 0, 1]})
    assert before == {name: (tmp_path / "set" / name).read_bytes() for name in names_in(tmp_path / "set")}


def test_a_set_can_be_indexed_afterwards(tmp_path: Path) -> None:
    for i in range(2):
        save_sample(sample(f"s{i}"), tmp_path / "set" / f"s{i}")
    assert FolderSet(tmp_path / "set").manifest is None
    written = index_set(tmp_path / "set", name="Later")
    assert FolderSet(tmp_path / "set").manifest == written
    assert written.samples == 2


def test_sets_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no samples"):
        save_set([], tmp_path / "a", name="x")
    with pytest.raises(DataError, match="two samples are called 'A'"):
        save_set([sample("a"), sample("A")], tmp_path / "a", name="x")
    with pytest.raises(DataError, match="no folder"):
        index_set(tmp_path / "a", name="x")
    assert not list(tmp_path.iterdir())
    save_sample(sample(), tmp_path / "a")
    with pytest.raises(DataError, match="a sample, not a set"):
        index_set(tmp_path / "a", name="x")


def test_a_set_with_something_added_is_not_replaced(tmp_path: Path) -> None:
    save_set([sample()], tmp_path / "a", name="x")
    save_set([sample("two")], tmp_path / "a", name="x")
    assert [path.name for path in FolderSet(tmp_path / "a").folders] == ["two"]
    for name in ("notes.txt", "two/notes.txt", "sketches/a.png"):
        (tmp_path / "a" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "a" / name).write_text("mine")
        with pytest.raises(OutputError, match=name):
            save_set([sample()], tmp_path / "a", name="x")
        (tmp_path / "a" / name).unlink()


def test_a_newer_set_is_refused(tmp_path: Path) -> None:
    save_set([sample()], tmp_path / "a", name="x")
    path = tmp_path / "a" / sets.NAME
    path.write_text(path.read_text().replace('"version": 1', '"version": 2'))
    with pytest.raises(DataError, match="schema version 2"):
        FolderSet(tmp_path / "a")
