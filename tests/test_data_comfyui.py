"""Exports of ComfyUI-See-through, made by the test as the node makes them."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from animelayers.composite import max_error
from animelayers.data.comfyui import read_comfyui
from animelayers.data.sample import Licence
from animelayers.errors import DataError

TERMS = Licence("MIT", "me")
LAYER = {"name": "a", "filename": "a.png", "left": 0, "top": 0}
PARTS = {"hairb": (0, 0, 40, 40, 200), "face": (5, 6, 30, 32, 80), "handwear-l": (35, 30, 44, 40, 90)}
"""Name → left, top, right, bottom, grey of depth; the farthest first. The last reaches over the canvas."""


def export(folder: Path, prefix: str = "page_20260501_101500_0a1b2c3d", *, depth: bool = True, **fields) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    layers = []
    for name, (left, top, right, bottom, far) in PARTS.items():
        rgba = np.full((bottom - top, right - left, 4), (far, 90, 60, 255), np.uint8)
        entry = {"name": name, "filename": f"{prefix}_{name}.png", "depth_median": far / 255}
        entry |= {"left": left, "top": top, "right": right, "bottom": bottom}
        Image.fromarray(rgba).save(folder / entry["filename"])
        if depth:
            entry["depth_filename"] = f"{prefix}_{name}_depth.png"
            Image.fromarray(np.full(rgba.shape[:2], far, np.uint8)).save(folder / entry["depth_filename"])
        layers.append(entry)
    path = folder / f"{prefix}_layers.json"
    text = {"prefix": "page", "timestamp": "20260501_101500_0a1b2c3d", "width": 40, "height": 40, "layers": layers}
    path.write_text(json.dumps(text | fields))
    return path


def edited(path: Path, **fields: object) -> Path:
    """With the first layer's fields changed."""
    text = json.loads(path.read_text())
    text["layers"][0] |= fields
    path.write_text(json.dumps(text))
    return path


def test_layers_lie_where_the_file_says(tmp_path):
    notes: list[str] = []
    found = read_comfyui(export(tmp_path), notes, licence=TERMS)
    assert found.parts.names == ("back hair", "face", "handwear-l"), "in the order of the file"
    assert (found.size, found.licence, notes) == ((40, 40), TERMS, [])
    face, hand = found.parts["face"], found.parts["handwear-l"]
    assert (face.top, face.left, face.height, face.width) == (6, 5, 26, 25)
    assert (hand.top, hand.left, hand.height, hand.width) == (30, 35, 10, 5), "cut at the canvas"
    assert max_error(found.parts, found.picture) == 0
    assert [found.depth[y, x] for y, x in ((0, 0), (6, 5), (39, 39))] == [65535 - 257 * far for far in (200, 80, 90)]


def test_depth_may_be_missing(tmp_path):
    notes: list[str] = []
    assert read_comfyui(export(tmp_path, depth=False), notes, licence=TERMS).depth is None
    assert notes == ["not every layer has a depth: there is none of the picture"]


OUTSIDE = ("../face.png", "/etc/face.png", "a/face.png", r"..\face.png", "C:face.png", "face.npy")


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("field", ["filename", "depth_filename"])
def test_files_lie_beside_the_json(tmp_path, field, name):
    path = edited(export(tmp_path / "in"), **{field: name})
    Image.new("RGBA", (40, 40)).save(tmp_path / "face.png")
    with pytest.raises(DataError, match=f"layers.0.{field}"):
        read_comfyui(path, [], licence=TERMS)


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"layers": []}, "layers"),
        ({"width": 0}, "width"),
        ({"width": 90_000, "height": 90_000}, "more than"),
        ({"width": 9_900, "height": 9_900, "layers": [LAYER] * 21}, "more pixels than are read"),
        ({"layers": "none"}, "layers"),
    ],
)
def test_nonsense_is_refused(tmp_path, fields, what):
    with pytest.raises(DataError, match=what):
        read_comfyui(export(tmp_path, **fields), [], licence=TERMS)


def test_damage_is_told_by_file(tmp_path):
    path = export(tmp_path)
    name = json.loads(path.read_text())["layers"][0]["filename"]
    with pytest.raises(DataError, match=r"hairb_depth.png is \(40, 40\), \(26, 25\) was wanted"):
        read_comfyui(edited(path, filename=name.replace("hairb", "face")), [], licence=TERMS)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:40])
    with pytest.raises(DataError, match=r"hairb\.png cannot be read"):
        read_comfyui(edited(path, filename=name), [], licence=TERMS)
    (tmp_path / name).unlink()
    with pytest.raises(DataError, match=r"hairb\.png cannot be read"):
        read_comfyui(path, [], licence=TERMS)


def test_what_has_no_pixel_is_no_part(tmp_path):
    path, notes = export(tmp_path), []
    for layer in json.loads(path.read_text())["layers"]:
        with pytest.raises(DataError, match="no layer") if layer["name"] == "handwear-l" else nullcontext():
            file = tmp_path / layer["filename"]
            Image.fromarray(np.zeros_like(np.asarray(Image.open(file)))).save(file)
            found = read_comfyui(path, notes, licence=TERMS)
    assert found.parts.names == ("handwear-l",)
    assert notes == ["parts without a pixel are left out"] * 2
