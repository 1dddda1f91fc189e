"""A folder of PNGs and its manifest: exact, validated, and never half there."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawing import noise
from PIL import Image

from animelayers.color import clear_hidden
from animelayers.composite import flatten
from animelayers.errors import FormatError, OutputError
from animelayers.handoff import load_stack, save
from animelayers.handoff.manifest import SCHEMA, schema_text
from animelayers.handoff.png import decode_png, encode_png, read_png, write_png
from animelayers.parts import Preset
from animelayers.stack import Blend, Layer, LayerStack, Provenance

MADE = Provenance("rendering", "classic", "0.1.0", "ab" * 32, "絵.png", seed=3, options={"a": [1, "x"]})


@pytest.fixture
def stack() -> LayerStack:
    return LayerStack(
        32,
        40,
        (
            Layer("flat", noise(32, 40, 1)),
            Layer(
                "irides-l", noise(9, 12, 2), top=20, left=-4, group=("face", "eyes"), blend=Blend.SCREEN, opacity=1 / 3
            ),
            Layer("名前:x", noise(5, 5, 3), visible=False),
            Layer("highlight", np.zeros((4, 4, 4), np.uint8), blend=Blend.SCREEN),
        ),
        MADE,
    )


def facts(stack: LayerStack) -> list[tuple[object, ...]]:
    return [(layer.path, layer.blend, layer.opacity, layer.visible) for layer in stack]


def edit(folder: Path, **changes: object) -> None:
    """Change fields of the first layer in the manifest; an ellipsis removes one."""
    manifest = json.loads((folder / "manifest.json").read_text())
    changed = manifest["layers"][0] | changes
    manifest["layers"][0] = {key: value for key, value in changed.items() if value is not ...}
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("names", Preset)
@pytest.mark.parametrize("crop", [False, True])
def test_a_stack_survives_the_folder(stack: LayerStack, names: Preset, crop: bool, tmp_path: Path) -> None:
    write_png(stack, tmp_path / "a", names=names, crop=crop)
    back = read_png(tmp_path / "a")
    assert facts(back) == facts(stack)
    assert back.provenance == MADE
    assert back.size == stack.size
    assert (flatten(back) == flatten(stack)).all()


def test_cropped_files_keep_what_lies_beyond_the_canvas(stack: LayerStack, tmp_path: Path) -> None:
    write_png(stack, tmp_path / "a", crop=True)
    layer = read_png(tmp_path / "a")["irides-l"]
    ours = stack["irides-l"]
    canvas = np.zeros((ours.height, ours.width, 4), np.uint8)
    top, left = layer.top - ours.top, layer.left - ours.left
    canvas[top : top + layer.height, left : left + layer.width] = layer.rgba
    assert (canvas == clear_hidden(ours.rgba)).all()


def test_files_are_canvas_sized_and_named_in_order(stack: LayerStack, tmp_path: Path) -> None:
    assert save(stack, tmp_path / "a", format="png", names="live2d-ja") == tmp_path / "a"
    files = sorted(path.name for path in (tmp_path / "a").glob("*.png"))
    assert files == ["00_flat.png", "01_irides-l.png", "02_x.png", "03_highlight.png"]
    for file in files:
        with Image.open(tmp_path / "a" / file) as image:
            assert (image.size, image.mode) == ((40, 32), "RGBA")
            assert image.info["srgb"] == 0


def test_the_manifest_tells_names_sides_groups_and_hashes(stack: LayerStack, tmp_path: Path) -> None:
    write_png(stack, tmp_path / "a", names=Preset.LIVE2D_JA)
    manifest = json.loads((tmp_path / "a" / "manifest.json").read_text(encoding="utf-8"))
    iris = manifest["layers"][1]
    assert (iris["name"], iris["shown"], iris["side"]) == ("irides-l", "瞳_L", "left")
    assert (iris["group"], iris["shown_group"]) == (["face", "eyes"], ["顔", "eyes"])
    assert manifest["layers"][0]["side"] is None
    assert "character's sides" in manifest["conventions"]
    pixels = np.asarray(Image.open(tmp_path / "a" / iris["file"]))
    assert hashlib.sha256(pixels.tobytes()).hexdigest() == iris["sha256"]


def test_the_same_stack_gives_the_same_bytes(stack: LayerStack, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_png(stack, tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_the_schema_file_is_up_to_date() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), "run: python -m animelayers.handoff.manifest"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"blend": "dissolve"}, "layers.0.blend"),
        ({"opacity": 1.5}, "layers.0.opacity"),
        ({"file": "../../secret.png"}, "layers.0.file"),
        ({"file": "01_irides-l.png"}, "same file"),
        ({"name": ...}, "layers.0.name"),
        ({"height": 31}, "31 × 40"),
        ({"file": "none.png"}, "none.png"),
        ({"name": "名前:x"}, "two layers"),
    ],
)
def test_a_bad_manifest_names_the_field(
    stack: LayerStack, changes: dict[str, object], field: str, tmp_path: Path
) -> None:
    write_png(stack, tmp_path / "a")
    edit(tmp_path / "a", **changes)
    with pytest.raises(FormatError) as caught:
        load_stack(tmp_path / "a")
    assert field in str(caught.value)
    assert caught.value.hint


def test_a_folder_without_a_manifest_and_a_damaged_png_are_one_error_each(stack: LayerStack, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"manifest\.json"):
        load_stack(tmp_path)
    write_png(stack, tmp_path / "a")
    file = tmp_path / "a" / "00_flat.png"
    file.write_bytes(file.read_bytes()[:300])
    with pytest.raises(FormatError, match="00_flat"):
        load_stack(tmp_path / "a" / "manifest.json")


def test_a_layer_that_was_painted_over_is_read_as_it_is_now(stack: LayerStack, tmp_path: Path) -> None:
    write_png(stack, tmp_path / "a")
    Image.new("RGB", (40, 32), (1, 2, 3)).save(tmp_path / "a" / "00_flat.png")
    assert (read_png(tmp_path / "a")["flat"].rgba == (1, 2, 3, 255)).all()


def test_only_a_folder_of_ours_is_replaced(stack: LayerStack, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    write_png(stack, folder)  # empty: fine
    (folder / ".DS_Store").write_bytes(b"")
    smaller = stack.replace(layers=stack.layers[:1])
    write_png(smaller, folder)  # ours: fine
    assert sorted(path.name for path in folder.iterdir()) == ["00_flat.png", "manifest.json"]
    (folder / "my notes.txt").write_text("dear")
    with pytest.raises(OutputError, match=r"my notes\.txt"):
        write_png(stack, folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(OutputError, match="not ours"):
        write_png(stack, folder)
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="folder was wanted"):
        write_png(stack, tmp_path / "file")
    assert {path.name for path in tmp_path.iterdir()} == {"a", "file"}
    assert (folder / "my notes.txt").read_text() == "dear"


def test_a_failed_write_leaves_the_old_folder(
    stack: LayerStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_png(stack, tmp_path / "a")
    before = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OutputError, match="No space"):
        write_png(stack.replace(layers=stack.layers[:2]), tmp_path / "a")
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_png_coding_is_lossless_for_two_readers() -> None:
    rgba = clear_hidden(noise(33, 17))
    data = encode_png(rgba)
    assert (decode_png(data, "x") == rgba).all()
    assert (cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)[..., [2, 1, 0, 3]] == rgba).all()
