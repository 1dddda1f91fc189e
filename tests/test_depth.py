"""Illustrator's depth: the map and its pictures, what a program can ask for, and `animelayers depth`."""

from __future__ import annotations

import functools
import json

import numpy as np
import pytest
from drawing import names_in, run
from inked import face
from PIL import Image

from animelayers import LayerDepth, estimate_depth, load_picture, load_stack, max_error
from animelayers.cli.made import record_of
from animelayers.decompose import decompose
from animelayers.errors import ModelError, PictureError
from animelayers.handoff.depth_map import DEEPEST, EMPTY, coloured, levels
from animelayers.models import classic_depth, lite_depth, lite_parts, registry
from animelayers.models.lite_depth import LiteDepth, enlarged, means, said
from animelayers.models.onnx import WEIGHTS, revision
from animelayers.regions.order import region_order
from animelayers.stack import Provenance


@pytest.fixture
def picture(tmp_path):
    Image.fromarray(face()).save(tmp_path / "char.png")
    return tmp_path / "char.png"


# --- the map as pictures


def test_levels_keep_order_and_proportion():
    depth = np.array([[-3, 1], [5, 1]], np.float32)
    assert levels(depth).tolist() == [[1, 32768], [DEEPEST, 32768]]
    assert np.array_equal(levels(depth * 7 + 2), levels(depth))


def test_where_nothing_is_the_level_is_0_and_the_range_is_of_the_rest():
    depth, there = np.array([[-900, 0, 1]], np.float32), np.array([[False, True, True]])
    assert levels(depth, there).tolist() == [[0, 1, DEEPEST]]
    rgb = coloured(depth, there)
    assert tuple(rgb[0, 0]) == (EMPTY,) * 3
    assert rgb[0, 1, 2] > rgb[0, 1, 0], "the farthest is blue"
    assert rgb[0, 2, 0] > rgb[0, 2, 2], "the nearest is red"


@pytest.mark.parametrize("there", [None, np.zeros((2, 3), bool)])
def test_a_constant_map_and_an_empty_one(there):
    assert set(np.unique(levels(np.full((2, 3), 8, np.float32), there))) == {1 if there is None else 0}


# --- from Python


def test_the_map_has_the_picture_s_size_and_says_how_it_was_made(picture):
    found = estimate_depth(picture, "classic")
    assert (found.index.shape, found.index.dtype) == ((96, 80), np.float32)
    assert np.isfinite(found.index).all()
    assert (found.provenance.mode, found.provenance.model) == ("depth", "classic")
    assert found.provenance.source_sha256 == load_picture(picture).sha256
    assert found.index[40, 33] > found.index[60, 60] > found.index[2, 2], "spot, skin, ground"


def test_the_weights_are_those_of_the_table():
    trees, net, parts = map(revision, (classic_depth.WEIGHTS, WEIGHTS / lite_depth.FILE, WEIGHTS / lite_parts.FILE))
    told = [registry.find(model, "depth").weights.partition("@")[2] for model in ("classic", "lite")]
    assert told == [trees, f"{net}+{parts}+{trees}"]


def test_where_nobody_is_lite_adds_what_the_net_says_of_every_region():
    picture = load_picture(face())
    assert lite().nearness(picture) is None
    added = lite().predict(picture) - estimate_depth(picture, "classic").index
    rgb = picture.rgba[..., :3]
    labels, _ = region_order(rgb, classic_depth.judges())
    seen = enlarged(said(lite().net, rgb), labels.shape)
    mean = means(labels, seen)[labels]
    assert added == pytest.approx(lite_depth.NET * mean + lite_depth.WITHIN * (seen - mean), abs=1e-5)


def test_what_the_net_says_within_a_region_cuts_no_slice():
    picture = load_picture(face())
    labels, heights = region_order(picture.rgba[..., :3], classic_depth.judges())
    found = estimate_depth(picture, "lite")
    even = np.array([np.median(found.index[labels == region]) for region in range(len(heights))], np.float32)[labels]
    assert not np.array_equal(found.index, even)
    slices, same = found.slices(3), LayerDepth(even, picture, found.provenance).slices(3)
    for one, other in zip(slices.layers, same.layers, strict=True):
        assert np.array_equal(one.rgba, other.rgba)


@pytest.mark.parametrize("size", [(40, 100), (300, 20), (1, 1)])
def test_the_net_sees_pictures_of_any_shape(size):
    """Whatever is added to fill its sides up is cut off again."""
    shown = []

    def net(seen):
        shown.append(seen)
        return [seen[:, 0, ::2, ::2]]

    rgb = np.repeat(np.linspace(0, 255, size[1], dtype=np.uint8)[None, :, None], size[0], 0).repeat(3, 2)
    index = said(net, rgb, 64)
    assert max(index.shape) == 64
    assert index.shape[0] / index.shape[1] == pytest.approx(size[0] / size[1], rel=0.3)
    assert [side % lite_depth.MULTIPLE for side in shown[0].shape[2:]] == [0, 0]
    assert shown[0][0, 3].min() == 1
    assert (np.diff(index, axis=1) > -1e-6).all(), "as bright as the picture, left to right"


def test_of_a_character_hair_lies_over_the_face_and_the_ground_behind(examples):
    picture = load_picture(next(path for path in examples if "eileen" in path.name))
    near = lite().nearness(picture)
    assert near is not None
    assert near.shape == (256, round(256 * picture.width / picture.height))
    assert 0 <= near.min() <= near.max() <= 1
    labels = np.array([[0, 0, 1], [2, 2, 1]])
    assert means(labels, np.array([[1, 3, 5], [4, 8, 7]], np.float32)).tolist() == [2, 6, 6]
    index = lite().predict(picture)
    assert index.shape == picture.rgba.shape[:2]
    assert np.isfinite(index).all()
    assert np.median(index[60:90, 150:170]) > np.median(index[230:250, 150:170]), "hair over the face"


@functools.cache
def lite():
    return LiteDepth()


def test_what_is_transparent_lies_behind():
    rgba = face()
    rgba[:, :8] = 0
    index = estimate_depth(rgba, "classic").index
    assert index[:, :8].max() < index[:, 8:].min()


def test_the_soft_edge_of_a_cut_out_is_as_high_as_what_it_is_the_edge_of():
    rgba = face()
    rgba[:, :8] = 0
    rgba[:, 8:10, 3] = 70, 140
    rgba[:, :2] = 90  # translucent by itself
    for model in ("classic", "lite"):
        index = estimate_depth(rgba, model).index
        assert np.array_equal(index[:, 8], index[:, 9])
        assert (index[:, 0] < index[:, 9]).all()


def test_of_a_huge_picture_a_smaller_copy_is_looked_at(monkeypatch):
    whole = estimate_depth(face(), "classic").index
    monkeypatch.setattr(classic_depth, "LARGEST", 48 * 40)
    index = estimate_depth(face(), "classic").index
    assert index.shape == whole.shape
    assert index[40, 33] > index[60, 60] > index[2, 2]


def test_slices_are_exact_and_remember_the_count(picture):
    stack = estimate_depth(picture, "classic").slices(3)
    assert max_error(stack, load_picture(picture).rgba) == 0
    assert stack.provenance is not None
    assert stack.provenance.options["slices"] == 3


def test_a_relief_has_millimetres():
    height, width = 40, 60
    index = np.add.outer(np.arange(height), np.zeros(width)).astype(np.float32)
    there = np.full((height, width, 4), 255, np.uint8)
    mesh = LayerDepth(index, load_picture(there), Provenance("depth", "none", "0")).relief()
    size = np.ptp(mesh.vertices, axis=0)
    assert size == pytest.approx([100, 100 * 39 / 59, 10], abs=0.5)


@pytest.mark.parametrize("make", [lambda: decompose(face(), "depth"), lambda: estimate_depth(face(), "see-through")])
def test_each_model_does_what_it_can(make):
    with pytest.raises(ModelError, match="depth"):
        make()


def test_nothing_has_no_depth():
    with pytest.raises(PictureError, match="fully transparent"):
        estimate_depth(np.zeros((5, 5, 4), np.uint8))


# --- the command


def test_a_map_and_its_preview_lie_beside_the_picture(capsys, picture):
    code, out, err = run(capsys, "depth", picture)
    assert (code, err) == (0, "")
    assert names_in(picture.parent) == ["char.png", "char_depth.png", "char_depth_preview.png"]
    assert out.startswith(f"{picture} → {picture.with_name('char_depth.png')}  (80 × 96 px, ")
    with Image.open(picture.with_name("char_depth.png")) as grey:
        assert grey.mode == "I;16"
        assert (np.asarray(grey).min(), np.asarray(grey).max()) == (1, DEEPEST)
    assert record_of(picture.with_name("char_depth.png"))["mode"] == "depth"


def test_slices_and_a_relief(capsys, picture, tmp_path):
    code, out, _ = run(
        capsys, "depth", picture, "-o", tmp_path / "out", "--slices", 3, "--json", "--relief", tmp_path / "x.glb"
    )
    record = json.loads(out)
    assert code == 0
    assert names_in(tmp_path / "out") == [
        "char_depth.png",
        "char_depth_preview.png",
        "char_depth_slices.html",
        "char_depth_slices.psd",
    ]
    assert record["outputs"][-1] == str(tmp_path / "x.glb")
    assert (record["slices"], record["max_error"]) == (3, 0)
    assert record["faces"] > 100
    stack = load_stack(tmp_path / "out" / "char_depth_slices.psd")
    assert max_error(stack, load_picture(picture).rgba) == 0


def test_the_same_picture_gives_the_same_bytes(capsys, picture, tmp_path):
    for folder in ("a", "b"):
        assert run(capsys, "depth", picture, "-o", tmp_path / folder, "--slices", 2)[0] == 0
    for name in names_in(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_its_own_files_are_replaced_and_another_s_are_not(capsys, picture):
    assert run(capsys, "depth", picture)[0] == 0
    assert run(capsys, "depth", picture)[0] == 0
    preview = picture.with_name("char_depth_preview.png")
    Image.new("RGB", (3, 3)).save(preview)
    before = preview.read_bytes()
    picture.with_name("char_depth.png").unlink()
    code, _, err = run(capsys, "depth", picture)
    assert code == 1
    assert "not ours to replace" in err
    assert preview.read_bytes() == before
    assert not picture.with_name("char_depth.png").exists(), "nothing is written where something is refused"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["char.png", "-o", "x.psd"], 2, "written as .png"),
        (["char.png", "--slices", "0"], 2, "slices"),
        (["char.png", "--relief", "x.obj"], 2, ".stl or .glb"),
        (["char.png", "--inpainter", "x.onnx"], 2, "slices"),
        (["char.png", "--model", "clasic"], 2, "did you mean classic"),
        (["char.png", "--model", "see-through"], 2, "does not do mode depth"),
        (["none.png"], 1, "there is no file"),
        (["clear.png"], 1, "fully transparent"),
    ],
)
def test_what_cannot_be_done_is_said(capsys, picture, tmp_path, monkeypatch, words, code, said):
    Image.new("RGBA", (9, 9)).save(tmp_path / "clear.png")
    monkeypatch.chdir(tmp_path)
    before = names_in(tmp_path)
    found, _, err = run(capsys, "depth", *words)
    assert (found, said in err) == (code, True), err
    assert names_in(tmp_path) == before


@pytest.mark.parametrize("colour", [(9, 99, 200), (255, 255, 255)])
def test_one_colour_is_one_depth(capsys, tmp_path, colour):
    Image.new("RGB", (40, 30), colour).save(tmp_path / "a.png")
    code, _, err = run(capsys, "depth", tmp_path / "a.png", "--slices", 4, "--relief", tmp_path / "a.stl")
    assert (code, err) == (0, "")
    assert len(load_stack(tmp_path / "a_depth_slices.psd")) == 1
