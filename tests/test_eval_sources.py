"""Predictions read from files: every layout, the square undone, nothing unsafe."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from samples import sample
from test_data_comfyui import export

from animelayers.composite import flatten, on_canvas
from animelayers.data.sample import Licence, Sample
from animelayers.data.sprites import rescaled_parts
from animelayers.errors import DataError
from animelayers.evaluation.sources import ORDER, NoPrediction, UnreadablePrediction, open_predictions
from animelayers.handoff import save
from animelayers.parts import PAPER_PARTS, PART_LABELS
from animelayers.stack import Blend, Layer, LayerStack, Rgba

PAGE = (48, 36)


def page(size: tuple[int, int] = PAGE, id: str = "one") -> Sample:
    """A sample of which only id and size matter."""
    nothing = LayerStack(*size, ())
    return Sample(id, flatten(nothing), Licence("CC0-1.0"), nothing)


def answer(folder: Path, to: Sample | None = None, mode: str = "parts"):
    to = to or page()
    return open_predictions(folder, mode)(to, to.picture, 0)


def box(size: tuple[int, int], place: tuple[int, int, int, int], colour=(10, 200, 30), hidden=(0, 0, 0)) -> Rgba:
    top, left, bottom, right = place
    rgba = np.full((*size, 4), (*hidden, 0), np.uint8)
    rgba[top:bottom, left:right] = (*colour, 255)
    return rgba


def sheet(path: Path, rgba: Rgba) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgba).save(path)
    return path


def assert_same_layers(found: LayerStack, wanted: LayerStack) -> None:
    assert (found.names, found.size) == (wanted.names, wanted.size)
    for a, b in zip(found, wanted, strict=True):
        assert (a.blend, a.opacity) == (b.blend, b.opacity)
        assert np.array_equal(on_canvas(a, found.size), on_canvas(b, wanted.size)), a.name


# What layered files hold


@pytest.mark.parametrize("file", ["one.psd", "one.psb", "one.ora", "one_layers", "one"])
@pytest.mark.parametrize("mode", ["parts", "rendering"])
def test_what_is_saved_is_what_is_predicted(tmp_path, file, mode):
    made = sample()
    stack = made.parts if mode == "parts" else made.rendering
    save(stack, tmp_path / file, format=None if "." in file else "png", names="en")
    found = answer(tmp_path, made, mode)
    assert_same_layers(found.stack, stack)
    assert (found.notes, found.depth, found.raw) == ((), None, None)


def test_the_first_layout_counts(tmp_path):
    stack = LayerStack(*PAGE, (Layer("face", box(PAGE, (0, 0, 5, 5))),))
    save(stack, tmp_path / "one_layers", format="png")
    save(stack.replace(layers=(stack["face"].replace(name="nose"),)), tmp_path / "one.ora")
    sheet(tmp_path / "one" / "mouth.png", box(PAGE, (0, 0, 5, 5)))
    assert answer(tmp_path).stack.names == ("nose",)
    (tmp_path / "one.ora").unlink()
    assert answer(tmp_path).stack.names == ("face",)
    shutil.rmtree(tmp_path / "one_layers")
    assert answer(tmp_path).stack.names == ("mouth",)


def test_hidden_layers_are_no_answer(tmp_path):
    face, source = Layer("face", box(PAGE, (0, 0, 5, 5))), Layer("source", box(PAGE, (0, 0, 9, 9)), visible=False)
    save(LayerStack(*PAGE, (source, face)), tmp_path / "one.psd")
    found = answer(tmp_path)
    assert found.stack.names == ("face",)
    assert found.notes == ("hidden layers are left out: source",)


def test_names_of_other_programs(tmp_path):
    theirs = ["browl", "earr", "hairf", "Back_Hair", "handwear-l-front", "topwear-back", "前髪", "hair", "Ribbon 1"]
    ours = ["eyebrow-l", "ears-r", "hairf", "back hair", "handwear-l-0", "topwear-1", "front hair", "hair", "Ribbon 1"]
    pixel = np.full((1, 1, 4), 255, np.uint8)
    save(LayerStack(*PAGE, tuple(Layer(name, pixel) for name in theirs if name != "hairf")), tmp_path / "one.ora")
    found = answer(tmp_path)
    assert list(found.stack.names) == [name for name in ours if name != "hairf"]
    [note] = found.notes
    assert all(f"{a} → {b}" in note for a, b in zip(theirs, ours, strict=True) if a != b and a != "前髪")
    save(LayerStack(*PAGE, tuple(Layer(name, pixel) for name in ("Face", "face", "FACE"))), tmp_path / "one.ora")
    assert answer(tmp_path).stack.names == ("Face", "face", "FACE"), "never two of one name"


# The square


@pytest.mark.parametrize("size", [(48, 36), (35, 60), (40, 40), (41, 20)])
@pytest.mark.parametrize("times", [1, 2, 1.6, 0.5, 0.77])
def test_the_square_is_undone(tmp_path, size, times):
    height, width = size
    y, x = np.mgrid[:height, :width]
    smooth = np.full((*size, 4), 255, np.uint8)
    smooth[..., :3] = np.stack([40 + 2 * y, 220 - 2 * x, 90 + y + x], axis=2)
    place = (8, 4, height - 10, width - 6)
    side = max(size)
    target = round(times * side)
    for name, rgba in {"face": smooth, "nose": box(size, place)}.items():
        square = np.zeros((side, side, 4), np.uint8)
        top, left = (side - height) // 2, (side - width) // 2
        square[top : top + height, left : left + width] = rgba
        shrinks = cv2.INTER_AREA if target < side else cv2.INTER_LINEAR
        sheet(tmp_path / "one" / f"{name}.png", cv2.resize(square, (target, target), interpolation=shrinks))
    found = answer(tmp_path, page(size))
    assert found.stack.size == size
    assert any("square" in note for note in found.notes) == (target != side or height != width)
    face, nose = (on_canvas(found.stack[name], size).astype(int) for name in ("face", "nose"))
    inner = np.s_[4:-4, 4:-4]
    assert np.abs(face - smooth)[inner].max() <= 1
    wanted = box(size, place)[..., 3] > 0
    if times >= 1:
        assert np.array_equal(nose[..., 3] >= 128, wanted)
    grown = cv2.dilate(wanted.astype(np.uint8), np.ones((3, 3)))
    shrunk = cv2.erode(wanted.astype(np.uint8), np.ones((5, 5)))
    assert ((nose[..., 3] >= 128) <= (grown > 0)).all()
    assert ((nose[..., 3] >= 128) >= (shrunk > 0)).all()


@pytest.mark.parametrize("size", [(96, 80), (30, 25), (47, 39), (60, 20)])
def test_a_layer_is_resized_as_its_whole_canvas_would_be(size):
    parts = sample().parts
    corners = np.zeros((*parts.size, 4), np.uint8)
    corners[[0, -1], [0, -1]] = 255  # nothing can be left out around these
    one = parts["face"]
    whole = on_canvas(one, parts.size) + corners
    alone, among = (
        on_canvas(rescaled_parts(parts.replace(layers=(layer,)), size)["face"], size)
        for layer in (one, one.replace(rgba=whole, top=0, left=0))
    )
    marks = on_canvas(rescaled_parts(parts.replace(layers=(Layer("face", corners),)), size)["face"], size)
    free = marks[..., 3] == 0
    assert np.array_equal(alone[free], among[free])


@pytest.mark.parametrize("target", [96, 71, 30])
def test_colour_under_alpha_0_never_shows(tmp_path, target):
    sheet(tmp_path / "one" / "face.png", box((target, target), (11, 13, 27, 25), hidden=(255, 0, 255)))
    [face] = answer(tmp_path).stack
    seen = face.rgba[face.rgba[..., 3] > 0][:, :3].astype(int)
    assert np.abs(seen - (10, 200, 30)).max() <= 1


def test_what_lies_on_the_bars_is_gone(tmp_path):
    rgba = box((48, 48), (0, 0, 48, 6)) | box((48, 48), (40, 42, 48, 48))
    sheet(tmp_path / "one" / "tail.png", rgba)
    [tail] = answer(tmp_path).stack
    assert tail.rgba.size == 0


@pytest.mark.parametrize("size", [(30, 20), (48, 35), PAGE])
def test_other_canvases_stay_as_they_are(tmp_path, size):
    rgba = box(size, (1, 2, 9, 9))
    sheet(tmp_path / "one" / "face.png", rgba)
    found = answer(tmp_path)
    assert found.stack.size == size
    assert np.array_equal(on_canvas(found.stack["face"], size), rgba)


def test_a_square_of_rendering_layers_is_no_see_through(tmp_path):
    sheet(tmp_path / "one" / "flat.png", box((64, 64), (1, 2, 9, 9)))
    assert answer(tmp_path, mode="rendering").stack.size == (64, 64)


# See-through


def inference(folder: Path, *, optimized: bool = False, medians: dict[str, float] | None = None) -> None:
    boxes = {"face": (5, 5, 30, 30, 80), "nose": (15, 15, 20, 20, 90), "back hair": (0, 0, 40, 40, 200)}
    folder, size = folder / "optimized" if optimized else folder, 48
    folder.mkdir(parents=True)
    parts: dict[str, dict[str, object]] = {}
    for tag, (x1, y1, x2, y2, far) in boxes.items():
        crop = np.s_[y1:y2, x1:x2] if optimized else np.s_[:]
        sheet(folder / f"{tag}.png", box((size, size), (y1, x1, y2, x2), colour=(far, 90, 60))[crop])
        Image.fromarray(np.full((size, size), far, np.uint8)[crop]).save(folder / f"{tag}_depth.png")
        parts[tag] = {"xyxy": [x1, y1, x2, y2], "depth_median": (medians or {}).get(tag)} if optimized else {}
    (folder / "info.json").write_text(json.dumps({"parts": parts, "frame_size": [size, size]}))


def test_inference_lies_on_the_picture(tmp_path):
    inference(tmp_path / "one")
    found = answer(tmp_path)
    assert found.stack.names == ("back hair", "nose", "face"), "the farthest first"
    assert found.stack.size == found.depth.shape == PAGE
    assert (found.stack["face"].top, found.stack["face"].left) == (5, 0), "the bar is 6 px"
    assert [found.depth[y, x] for y, x in ((0, 0), (17, 12), (47, 0))] == [65535 - 257 * 200, 65535 - 257 * 80, 0]
    assert found.depth.dtype == np.float32


def test_the_last_word_is_read_and_its_own_order(tmp_path):
    inference(tmp_path / "one")
    inference(tmp_path / "one", optimized=True, medians={"nose": 80 / 255 - 0.001, "face": float("nan")})
    found = answer(tmp_path)
    assert found.stack.names == ("back hair", "face", "nose"), "moved before the face, whatever its depth"
    assert (found.stack["face"].top, found.stack["face"].left, found.stack.size) == (5, 0, PAGE)
    assert found.depth[17, 12] == 65535 - 257 * 90


@pytest.mark.parametrize("frame", [[48], 48, [48, -1], [10**6, 10**6], None])
def test_a_canvas_that_cannot_be_is_refused(tmp_path, frame):
    inference(tmp_path / "one", optimized=True)
    path = tmp_path / "one" / "optimized" / "info.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"frame_size": frame}))
    with pytest.raises(UnreadablePrediction, match=r"info\.json"):
        answer(tmp_path)


def see_through_psd(path: Path, *, mask: int | None = None) -> None:
    """Half-transparent layers, masks that repeat alpha (or have one level), and depth beside them."""
    from psd_tools import PSDImage

    colour, depth = PSDImage.new("RGBA", (48, 48)), PSDImage.new("L", (48, 48))
    for tag, (x, y, size, far) in {"back hair": (6, 0, 36, 200), "face": (16, 10, 20, 80)}.items():
        rgba = np.full((size, size, 4), (far, 90, 60, 128), np.uint8)
        rgba[:5] = (far, 90, 60, 255)
        layer = colour.create_pixel_layer(Image.fromarray(rgba), name=tag, top=y, left=x)
        level = Image.fromarray(rgba[..., 3] if mask is None else np.full_like(rgba[..., 3], mask))
        layer.create_mask(level, top=y, left=x)
        depth.create_pixel_layer(Image.new("L", (size, size), far), name=tag, top=y, left=x)
    colour.save(path)
    depth.save(path.with_name(f"{path.stem}_depth.psd"))


def test_masks_that_repeat_alpha_do_not_square_it(tmp_path):
    see_through_psd(tmp_path / "one.psd")
    found = answer(tmp_path)
    assert found.stack.names == ("back hair", "face")
    assert [on_canvas(found.stack["face"], PAGE)[y, 12, 3] for y in (12, 20)] == [255, 128]
    assert (found.stack["face"].top, found.stack["face"].left) == (10, 10)
    assert found.notes[0] == "layer masks that repeat the alpha of their layer are left out"
    assert len(found.notes) == 2, found.notes
    assert [found.depth[y, x] for y, x in ((0, 0), (20, 12), (40, 12))] == [65535 - 257 * 200, 65535 - 257 * 80, 0]


def test_other_masks_are_part_of_the_layer(tmp_path):
    see_through_psd(tmp_path / "one.psd", mask=51)
    found = answer(tmp_path)
    assert on_canvas(found.stack["face"], PAGE)[12, 12, 3] == 51
    assert any("baked into alpha (2 ×)" in note for note in found.notes)


def test_depth_of_other_layers_is_refused(tmp_path):
    see_through_psd(tmp_path / "one.psd")
    see_through_psd(tmp_path / "two.psd")
    save(LayerStack(48, 48, (Layer("face", box((48, 48), (0, 0, 9, 9))),)), tmp_path / "one_depth.psd")
    save(LayerStack(40, 48, (Layer("face", box((40, 48), (0, 0, 9, 9))),)), tmp_path / "two_depth.psd")
    with pytest.raises(UnreadablePrediction, match="no layer 'back hair'"):
        answer(tmp_path)
    with pytest.raises(UnreadablePrediction, match=r"two_depth.psd is \(40, 48\)"):
        answer(tmp_path, page(id="two"))


# A PNG a layer


def test_tags_without_an_order_take_the_usual_one(tmp_path):
    tags = (
        "front hair",
        "hairb",
        "face",
        "irides-l",
        "irides-r",
        "eyewhite",
        "handwear-0",
        "handwear-1",
        "eyes",
        "hair",
    )
    for number, tag in enumerate(tags):
        sheet(tmp_path / "one" / f"{tag}.png", box(PAGE, (number, 0, number + 1, 9)))
    for other in ("src_img", "reconstruction", "head", "face_depth"):
        sheet(tmp_path / "one" / f"{other}.png", box(PAGE, (0, 0, 9, 9)))
    sheet(tmp_path / "one" / "tail.png", box(PAGE, (0, 0, 0, 0)))
    found = answer(tmp_path)
    assert found.stack.names == (
        *("back hair", "handwear-1", "handwear-0", "face", "eyewhite", "irides-l", "irides-r", "eyes"),
        *("front hair", "hair"),
    )
    assert np.array_equal(on_canvas(found.stack["hair"], PAGE), box(PAGE, (9, 0, 10, 9)))
    assert found.notes == (
        "the files say no draw order: the usual one of the tags was taken",
        "parts without a pixel are left out",
    )


def test_the_usual_order_knows_every_tag():
    assert set(ORDER) == {*PART_LABELS, *PAPER_PARTS}
    assert len(ORDER) == len(set(ORDER))


def test_rendering_layers_as_pngs_have_their_modes(tmp_path):
    for name in ("line", "Shadow", "flat", "highlight", "face"):
        sheet(tmp_path / "one" / f"{name}.png", box(PAGE, (0, 0, 9, 9)))
    found = answer(tmp_path, mode="rendering")
    assert found.stack.names == ("flat", "shadow", "highlight", "line")
    assert [layer.blend for layer in found.stack] == [Blend.NORMAL, Blend.MULTIPLY, Blend.SCREEN, Blend.NORMAL]
    assert answer(tmp_path).stack.names == ("face",)


def test_sheets_that_contradict_each_other(tmp_path):
    sheet(tmp_path / "one" / "face.png", box(PAGE, (0, 0, 9, 9)))
    sheet(tmp_path / "one" / "nose.png", box((20, 20), (0, 0, 9, 9)))
    with pytest.raises(UnreadablePrediction, match=r"nose.png is \(20, 20\)"):
        answer(tmp_path)
    sheet(tmp_path / "one" / "nose.png", box(PAGE, (0, 0, 9, 9)))
    sheet(tmp_path / "one" / "Nose.png", box(PAGE, (0, 0, 9, 9)))
    with pytest.raises(UnreadablePrediction, match="nose"):
        answer(tmp_path)


# ComfyUI-See-through


@pytest.mark.parametrize("prefix", ["one", "one_20260501_101500_0a1b2c3d", "one/page_20260501_101500_0a1b2c3d"])
def test_exports_of_comfyui(tmp_path, prefix):
    export((tmp_path / prefix).parent, Path(prefix).name)
    found = answer(tmp_path, page((40, 32)))
    assert found.stack.names == ("back hair", "face", "handwear-l")
    assert (found.stack["face"].top, found.stack["face"].left, found.stack["face"].width) == (6, 1, 25)
    assert found.depth[6, 1] == 65535 - 257 * 80
    assert found.notes == ("a square canvas of 40 px was cut back to the picture",)


def test_the_export_of_another_sample_is_not_taken(tmp_path):
    export(tmp_path, "one_more_20260501_101500_0a1b2c3d")
    with pytest.raises(NoPrediction):
        answer(tmp_path)
    assert answer(tmp_path, page((40, 40), "one_more")).stack.names


def test_of_several_exports_the_last(tmp_path):
    export(tmp_path, "one_20260501_101500_ffffffff")
    last = export(tmp_path, "one_20260502_101500_00000000")
    last.write_text(last.read_text().replace('"face"', '"nose"'))
    found = answer(tmp_path, page((40, 40)))
    assert "nose" in found.stack.names
    assert found.notes == ("of 2 exports the last by name was read",)


# Depth from elsewhere


@pytest.mark.parametrize("side", [None, 48, 96])
@pytest.mark.parametrize("kind", ["float32", "float64", "uint8.png", "uint16.png"])
def test_depth_beside_the_layers_goes_first(tmp_path, kind, side):
    inference(tmp_path / "one")
    wanted = np.arange(PAGE[0] * PAGE[1]).reshape(PAGE) % 251
    plane = wanted if side is None else np.pad(wanted, ((0, 0), (6, 6)))
    plane = plane.repeat((side or 48) // 48, 0).repeat((side or 48) // 48, 1)
    if kind.endswith("png"):
        Image.fromarray(plane.astype(kind.removesuffix(".png"))).save(tmp_path / "one_depth.png")
        wanted = wanted * (257 if kind == "uint8.png" else 1)
    else:
        np.save(tmp_path / "one_depth.npy", plane.astype(kind))
    found = answer(tmp_path)
    assert found.depth.dtype == np.float32
    assert np.array_equal(found.depth, wanted)


def test_what_is_not_finite_is_handed_on(tmp_path):
    sheet(tmp_path / "one" / "face.png", box(PAGE, (0, 0, 9, 9)))
    np.save(tmp_path / "one_depth.npy", np.full(PAGE, 1e300))
    assert np.isinf(answer(tmp_path).depth).all(), "for the runner to report"


class _Bomb:
    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("kind", ["pickle", "objects", "cut", "text", "cube", "complex", "archive", "size"])
def test_depth_that_is_none(tmp_path, kind):
    sheet(tmp_path / "one" / "face.png", box(PAGE, (0, 0, 9, 9)))
    path, bomb = tmp_path / "one_depth.npy", _Bomb()
    bomb.path = tmp_path / "boom"
    match kind:
        case "pickle":
            path.write_bytes(pickle.dumps(bomb))
        case "objects":
            np.save(path, np.array([[bomb]], object), allow_pickle=True)
        case "cut":
            np.save(path, np.zeros(PAGE))
            path.write_bytes(path.read_bytes()[:-9])
        case "text":
            path.write_text("0.5")
        case "cube":
            np.save(path, np.zeros((*PAGE, 3)))
        case "complex":
            np.save(path, np.zeros(PAGE, complex))
        case "archive":
            with path.open("wb") as file:
                np.savez(file, np.zeros(PAGE))
        case "size":
            np.save(path, np.zeros((48, 37)))
    with pytest.raises(UnreadablePrediction, match="depth"):
        answer(tmp_path)
    assert not bomb.path.exists()


def test_a_header_cannot_ask_for_more_than_there_is(tmp_path):
    sheet(tmp_path / "one" / "face.png", box(PAGE, (0, 0, 9, 9)))
    path = tmp_path / "one_depth.npy"
    np.save(path, np.zeros((10, 10)))
    honest = path.read_bytes()
    path.write_bytes(honest.replace(b"(10, 10), }    ", b"(9999, 9999), }"))
    assert b"(9999, 9999), }" in path.read_bytes()
    assert path.stat().st_size == len(honest)
    with pytest.raises(UnreadablePrediction, match="cannot be read: mmap"):
        answer(tmp_path)


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"no picture, but longer than a header is"])
def test_grey_that_is_no_picture(tmp_path, data):
    sheet(tmp_path / "one" / "face.png", box(PAGE, (0, 0, 9, 9)))
    (tmp_path / "one_depth.png").write_bytes(data)
    with pytest.raises(UnreadablePrediction, match=r"one_depth\.png"):
        answer(tmp_path)


# Nothing, and damage


@pytest.mark.parametrize("mode", ["parts", "rendering"])
def test_no_file_is_no_prediction(tmp_path, mode):
    sheet(tmp_path / "other" / "face.png", box(PAGE, (0, 0, 9, 9)))
    (tmp_path / "one").mkdir()
    np.save(tmp_path / "one_depth.npy", np.zeros(PAGE))
    with pytest.raises(NoPrediction, match="holds nothing for one"):
        answer(tmp_path, mode=mode)


FILES = ("one.psd", "one.ora", "one/manifest.json", "one/info.json", "one/face.png", "one_layers.json")


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("data", [b"", b"{}", b"\xff" * 300])
def test_damage_is_unreadable(tmp_path, file, data):
    (tmp_path / "one").mkdir()
    (tmp_path / file).write_bytes(data)
    with pytest.raises(UnreadablePrediction) as caught:
        answer(tmp_path)
    assert caught.value.hint


@pytest.mark.parametrize("where", ["../secret", "/secret", "a/../../secret"])
@pytest.mark.parametrize("layout", ["manifest.json", "info.json"])
def test_no_file_leads_out_of_the_folder(tmp_path, layout, where):
    sheet(tmp_path / "secret.png", box(PAGE, (0, 0, 9, 9)))
    stack = LayerStack(*PAGE, (Layer("face", box(PAGE, (0, 0, 9, 9))),))
    folder = tmp_path / "in"
    if layout == "info.json":
        sheet(folder / "one" / "face.png", stack["face"].rgba)
        (folder / "one" / layout).write_text(json.dumps({"parts": {where: {}}}))
    else:
        save(stack, folder / "one", format="png")
        path = folder / "one" / layout
        path.write_text(path.read_text().replace("00_face", where))
    with pytest.raises(UnreadablePrediction):
        answer(folder)


def test_a_picture_of_nothing_but_promises(tmp_path):
    path = sheet(tmp_path / "one" / "face.png", box(PAGE, (0, 0, 9, 9)))
    data = path.read_bytes()
    head = b"IHDR" + struct.pack(">II", 20_000, 20_000) + data[24:29]
    path.write_bytes(data[:12] + head + struct.pack(">I", zlib.crc32(head)) + data[33:])
    with pytest.raises(UnreadablePrediction, match=r"face\.png"):
        answer(tmp_path)


# What it says of itself


def test_a_changed_folder_is_another_run(tmp_path):
    folder = tmp_path / "mine"
    path = sheet(folder / "one" / "face.png", box(PAGE, (0, 0, 9, 9)))
    before = open_predictions(folder, "parts")
    assert (before.name, open_predictions(folder, "parts", "v2").name) == ("mine", "v2")
    assert before.about.keys() == {"kind", "folder", "digest"}
    assert str(tmp_path) not in json.dumps(before.about)
    assert pickle.loads(pickle.dumps(before)).about == before.about
    os.utime(path, (0, 0))
    (folder / "log.txt").write_text("took 3 s")
    shutil.copytree(folder, tmp_path / "copy" / "mine")
    assert open_predictions(tmp_path / "copy" / "mine", "parts").about == before.about
    sheet(path, box(PAGE, (0, 0, 9, 8)))
    content = open_predictions(folder, "parts").about
    path.rename(path.with_name("nose.png"))
    name = open_predictions(folder, "parts").about
    assert len({about["digest"] for about in (before.about, content, name)}) == 3


def test_a_folder_without_predictions(tmp_path):
    (tmp_path / "log.txt").write_text("nothing")
    for folder in (tmp_path, tmp_path / "nowhere", tmp_path / "log.txt"):
        with pytest.raises(DataError, match=r"no predictions|no folder"):
            open_predictions(folder, "parts")
