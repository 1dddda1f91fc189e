"""Characters as a folder of PNGs, one a tag: read as a set like any other."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from drawing import SHARED_ART, run
from PIL import Image
from samples import sample

from animelayers.composite import max_error, on_canvas
from animelayers.data.check import check_sample, check_set
from animelayers.data.folder import save_sample
from animelayers.data.hub import open_set
from animelayers.data.sets import FolderSet
from animelayers.data.tagged import TaggedSet, read_tagged
from animelayers.errors import DataError
from animelayers.parts import PART_LABELS

GREYS = {tag: 200 - label for tag, label in PART_LABELS.items()}
"""Labels of `visible.png` that are not ours."""
PIECES = ("back hair", "neck", "face", "irides-l", "irides-r", "front hair")


def draw(folder: Path, *, sides: bool = True) -> Path:
    """The pieces of the small figure in this layout; `parts/irides.png` holds both."""
    made = sample()
    height, width = made.size
    sheets = {name: on_canvas(made.parts[name], made.size) for name in PIECES}
    both = np.maximum(sheets["irides-l"], sheets["irides-r"])
    whole = {name: sheet for name, sheet in sheets.items() if "irides" not in name} | {"irides": both}
    (folder / "parts").mkdir(parents=True)
    for name, sheet in whole.items():
        Image.fromarray(sheet).save(folder / "parts" / f"{name}.png")
    order = {"canvas": [width, height], "labels": GREYS, "tags": list(whole)}
    order["order"] = ["back hair", "neck", "face", "irides", "front hair"]
    if sides:
        (folder / "parts_lr").mkdir()
        for name in ("irides-l", "irides-r"):
            Image.fromarray(sheets[name]).save(folder / "parts_lr" / f"{name}.png")
        order["order_lr"] = list(PIECES)
    seen, page = np.zeros(made.size, np.uint8), Image.new("RGBA", (width, height))
    for name in PIECES:
        seen[sheets[name][..., 3] >= 128] = GREYS[name.removesuffix("-l").removesuffix("-r")]
        page.alpha_composite(Image.fromarray(sheets[name]))
    page.save(folder / "source.png")
    Image.fromarray(seen).save(folder / "visible.png")
    (folder / "order.json").write_text(json.dumps(order))
    return folder


def changed(folder: Path, **fields: object) -> Path:
    path = folder / "order.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))
    return folder


def test_pieces_by_side_in_their_order(tmp_path):
    found = read_tagged(draw(tmp_path / "Ann"))
    assert (found.id, found.parts.names, found.size) == ("Ann", PIECES, (48, 40))
    assert (found.licence.spdx, found.licence.holder) == ("LicenseRef-unknown", "")
    for name in PIECES:
        assert np.array_equal(on_canvas(found.parts[name], found.size), on_canvas(sample().parts[name], found.size))
    assert max_error(found.parts, found.picture) <= 1, "Pillow rounds after every layer"
    assert found.visible[20, 25] == PART_LABELS["irides"], "in our labels"
    assert {rule.rule for rule in check_sample(found)} == {"licence", "eyewhite"}


def test_depth_is_the_draw_order(tmp_path):
    found = read_tagged(draw(tmp_path / "Ann"))
    for place, (y, x) in {1: (18, 7), 3: (25, 20), 5: (20, 15), 6: (10, 20)}.items():
        assert found.depth[y, x] == place * 65535 // 6


@pytest.mark.parametrize("fields", [{"order_lr": []}, {}])
def test_without_sides_the_tags_themselves(tmp_path, fields):
    folder = changed(draw(tmp_path / "Ann", sides=bool(fields)), **fields)
    assert read_tagged(folder).parts.names == ("back hair", "neck", "face", "irides", "front hair")


def test_what_is_seen_follows_from_the_pieces_where_no_file_says_it(tmp_path):
    folder = draw(tmp_path / "Ann")
    said = read_tagged(folder).visible
    (folder / "visible.png").unlink()
    assert np.array_equal(read_tagged(folder).visible, said)


def test_such_folders_are_a_set(tmp_path):
    for name in ("b", "a"):
        draw(tmp_path / name)
    (tmp_path / "README.md").write_text("about")
    (tmp_path / "notes").mkdir()
    found = pickle.loads(pickle.dumps(open_set(tmp_path)))
    assert isinstance(found, TaggedSet)
    assert [found.label(index) for index in range(len(found))] == ["a", "b"] == [one.id for one in found]
    assert found.manifest is None
    assert len(open_set(tmp_path / "b")) == 1
    assert found.describe(0) == save_sample(found[0], tmp_path / "copy"), "what would be stored"
    assert isinstance(open_set(tmp_path / "copy"), FolderSet)


def test_the_door_shows_and_checks_it(tmp_path, capsys):
    draw(tmp_path / "set" / "Ann")
    code, out, _ = run(capsys, "data", "show", tmp_path / "set", "--json")
    assert code == 0
    facts = json.loads(out)
    assert facts["tags"] == dict.fromkeys(("front hair", "back hair", "face", "irides", "neck"), 1)
    code, out, _ = run(capsys, "data", "check", tmp_path / "set")
    assert code == 1
    assert "LicenseRef-unknown wants its holder named" in out


def test_an_order_that_cannot_be_right_is_a_finding(tmp_path):
    order = [name for name in PIECES if name != "back hair"] + ["back hair"]
    draw(tmp_path / "Bea")
    changed(draw(tmp_path / "Ann"), order_lr=order)
    (tmp_path / "Bea" / "source.png").write_bytes(b"no picture")
    found = {(one.sample, one.rule) for one in check_set(tmp_path).findings}
    assert {("Ann", "parts-sum"), ("Ann", "visible-map"), ("Bea", "unreadable")} <= found
    assert ("Bea", "parts-sum") not in found


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"order_lr": ["../../secret"]}, "order_lr.0"),
        ({"order": ["a/b"]}, "order.0"),
        ({"order": []}, "order"),
        ({"order_lr": [*PIECES, "face"]}, "twice"),
        ({"order_lr": [*PIECES, "tail"]}, "tail.png cannot be read"),
        ({"order_lr": list(PIECES[1:])}, "has no back hair"),
        ({"canvas": [40, 47]}, "40 × 48 px"),
        ({"canvas": [10**5, 10**5]}, "more than"),
        ({"canvas": [9000, 9000], "order": [f"face-{n}" for n in range(30)]}, "more pixels than are read"),
        ({"labels": {"face": 300}}, "labels.face"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, fields, what):
    with pytest.raises(DataError, match=what):
        read_tagged(changed(draw(tmp_path / "Ann"), **fields))


@pytest.mark.parametrize("file", ["parts/face.png", "parts_lr/irides-l.png", "visible.png", "source.png", "order.json"])
def test_damage_is_told_by_file(tmp_path, file):
    path = draw(tmp_path / "Ann") / file
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=path.name):
        read_tagged(tmp_path / "Ann")


def test_an_empty_folder_is_still_no_set(tmp_path):
    with pytest.raises(DataError, match="holds no samples"):
        open_set(tmp_path)


def test_real_characters_where_there_are_some():
    folder = SHARED_ART / "live2d-validation"
    if not folder.is_dir():
        pytest.skip("needs test art beside the repository")
    report = check_set(folder)
    assert report.samples == 2
    assert {one.rule for one in report.findings} == {"licence", "parts-sum", "visible-map", "no-set-manifest"}
