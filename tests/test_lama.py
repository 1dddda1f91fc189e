"""An inpainter for hidden colours, with tiny nets in place of LaMa: `python export/tiny_nets.py tests/data`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import guesses
import numpy as np
import pytest
from drawing import draw, names_in, run
from PIL import Image
from samples import sample

from animelayers import decompose, max_error
from animelayers.anatomy.solve import exact_parts, parted
from animelayers.cli.made import record_of
from animelayers.errors import ModelError
from animelayers.models import lama, registry
from animelayers.models.lama import Lama, _holes, _image_of
from animelayers.models.onnx import Net, Port, revision
from animelayers.models.registry import ModelSpec

DATA = Path(__file__).parent / "data"
FIXED, FREE = DATA / "lama_fixed_tiny.onnx", DATA / "lama_free_tiny.onnx"
"""64 × 64 px, picture first, gives 0..255; any size, mask first, gives 0..1."""
SIZE = (96, 80)


@pytest.fixture(scope="module", params=[FIXED, FREE], ids=["fixed", "free"])
def fill(request):
    return Lama(request.param)


def ramps(height, width, slope=1.5):
    """Red grows downwards, green to the right; blue is even. What is 15 px around a pixel averages to its colour."""
    rgb = np.full((height, width, 3), 90, np.uint8)
    rgb[..., 0] = (20 + slope * np.arange(height))[:, None]
    rgb[..., 1] = 30 + slope * np.arange(width)
    return rgb


def hole(size, top, left, bottom, right):
    mask = np.zeros(size, bool)
    mask[top:bottom, left:right] = True
    return mask


# What it makes


@pytest.mark.parametrize("size", [(40, 50), (64, 64), (90, 140)])
def test_what_fits_is_filled_at_its_own_size(fill, size):
    whole = ramps(*size)
    mask = hole(size, 18, 20, 24, 28)
    rgb = np.where(mask[..., None], np.uint8(255), whole)
    before = rgb.copy()
    made = fill(rgb, mask)
    assert np.array_equal(rgb, before)
    assert np.array_equal(made[~mask], whole[~mask])
    assert np.abs(made[mask].astype(int) - whole[mask]).max() <= 1


class Ruler(Net):
    """Gives the places of its own pixels, four levels apart."""

    def __call__(self, *seen):
        rows, columns = np.mgrid[:64, :64] * np.float32(4)
        return [np.stack([rows, columns, 0 * rows])[None]]


def test_what_is_too_large_is_reduced_and_comes_back_in_its_place():
    size = (150, 130)
    mask = hole(size, 30, 60, 130, 76)  # of which 5..150 × 35..101 is shown, at 64 px for 145
    fill = Lama(FIXED)
    fill._net = Ruler(FIXED, 2)
    made = fill(ramps(*size), mask)
    assert np.array_equal(made[~mask], ramps(*size)[~mask])
    for place, start, colour in zip(np.nonzero(mask), (5, 35), (0, 1), strict=True):
        expected = 4 * ((place - start + 0.5) * 64 / 145 - 0.5)
        assert np.abs(made[mask][:, colour] - expected).max() <= 0.6


def test_nets_of_any_size_are_shown_no_more_than_they_can_bear(monkeypatch):
    monkeypatch.setattr(lama, "LARGEST", 64)
    fill, shown = Lama(FREE), []

    class Watched(Net):
        def __call__(self, *seen):
            shown.append([values.shape for values in seen])
            return super().__call__(*seen)

    fill._net = Watched(FREE, 2)
    mask = hole((150, 90), 20, 40, 130, 50)
    fill(ramps(150, 90), mask)
    assert shown == [[(1, 1, 64, 32), (1, 3, 64, 32)]]


def test_colours_of_a_hole_are_neither_kept_nor_seen(fill):
    mask = hole((60, 60), 20, 20, 34, 36)
    made = [fill(np.where(mask[..., None], np.uint8(colour), ramps(60, 60)), mask) for colour in (0, 255)]
    assert np.array_equal(*made)


@pytest.mark.parametrize("level", [0, 1, 255])
def test_the_range_of_what_comes_back_is_found_out(fill, level):
    rgb = np.full((50, 50, 3), level, np.uint8)
    mask = hole((50, 50), 20, 20, 30, 30)
    rgb[mask] = 128
    assert (fill(rgb, mask) == level).all()


def test_where_nothing_is_hidden_or_nothing_seen_nothing_is_made(fill):
    rgb = ramps(40, 30)
    for mask in (np.zeros((40, 30), bool), np.ones((40, 30), bool)):
        assert np.array_equal(fill(rgb, mask), rgb)
    assert fill(rgb[:0], np.zeros((0, 30), bool)).shape == (0, 30, 3)


@pytest.mark.parametrize("seed", range(8))
def test_holes_are_all_there_once_and_seen_with_what_is_around_them(seed):
    rng = np.random.default_rng(seed)
    mask = np.zeros((200, 170), bool)
    for top, left in rng.integers(0, 165, (rng.integers(1, 12), 2)):
        mask[top : top + rng.integers(1, 40), left : left + rng.integers(1, 20)] = True
    found, times = list(_holes(mask, 64)), np.zeros(mask.shape, int)
    for inner, outer in found:
        times[inner] += 1
        for one, other, side in zip(inner, outer, mask.shape, strict=True):
            assert 0 <= other.start <= one.start < one.stop <= other.stop <= side
            assert other.start < one.start or one.start == 0
    assert (times[mask] == 1).all()
    assert times.max() == 1


def test_holes_far_apart_are_seen_one_by_one():
    mask = hole((300, 300), 10, 10, 20, 20) | hole((300, 300), 10, 60, 20, 70) | hole((300, 300), 250, 250, 260, 290)
    assert [inner for inner, _ in _holes(mask, 64)] == [
        (slice(10, 20), slice(10, 70)),
        (slice(250, 260), slice(250, 290)),
    ]


# Files


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.onnx", None, "there is no inpainter"),
        ("big-lama.pt", b"PK\x03\x04", "no .onnx; checkpoints of PyTorch can run code"),
        ("big-lama.ckpt", b"\x80\x02", "no .onnx"),
        ("lama.onnx", b"", "damaged"),
        ("lama.onnx", b"\x80\x02}q\x00.", "damaged"),
        ("lama.onnx", FIXED.read_bytes()[:300], "damaged"),
        ("lama.onnx", (DATA / "lite_parts_tiny.onnx").read_bytes(), "has 1 inputs, not 2"),
    ],
)
def test_what_is_no_inpainter_is_told_with_one_that_is(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=message) as caught:
        Lama(tmp_path / name)
    assert "Carve/LaMa-ONNX" in caught.value.hint


def test_a_file_is_opened_once_and_again_when_it_is_another_one(tmp_path, monkeypatch):
    for folder, source in (("one", FIXED), ("two", FREE)):
        (tmp_path / folder).mkdir()
        shutil.copy(source, tmp_path / folder / "lama.onnx")
    found = []
    for folder in ("one", "one", "two"):
        monkeypatch.chdir(tmp_path / folder)
        found.append(lama.load(Path("lama.onnx")))
    assert found[0] is found[1]
    assert [one.name.partition("@")[2] for one in found[1:]] == [revision(FIXED), revision(FREE)]


def ports(one, other, kind="tensor(float)", names=("input", "input_2")):
    return [Port(name, shape, kind) for name, shape in zip(names, (one, other), strict=True)]


IMAGE, MASK, ANY = (1, 3, 512, 512), (1, 1, 512, 512), (None, None, None, None)


@pytest.mark.parametrize(
    ("inputs", "image"),
    [
        (ports(IMAGE, MASK), 0),
        (ports(MASK, IMAGE), 1),
        (ports((None, 3, None, None), (None, 1, None, None)), 0),
        (ports((None, 1, None, None), ANY), 1),
        (ports(ANY, ANY), 0),
        (ports(ANY, ANY, names=("Mask", "image")), 1),
        (ports(IMAGE, (1, 1, 256, 256)), None),
        (ports(IMAGE, (1, 512, 512)), None),
        (ports(IMAGE, IMAGE), None),
        (ports((2, 3, 512, 512), MASK), None),
        (ports((1, 512, 512, 3), (1, 512, 512, 1)), None),
        (ports(IMAGE, MASK, kind="tensor(float16)"), None),
    ],
)
def test_picture_and_mask_are_told_apart(inputs, image):
    if image is not None:
        assert _image_of("lama.onnx", inputs) == image
        return
    with pytest.raises(ModelError, match=r"lama.onnx is no inpainter: wanted .* it takes input tensor"):
        _image_of("lama.onnx", inputs)


@pytest.mark.parametrize("given", [np.full((1, 3, 64, 64), np.nan, np.float32), np.zeros((1, 3, 8, 8), np.float32)])
def test_what_is_no_picture_is_not_painted(given):
    fill = Lama(FIXED)

    class Broken(Net):
        def __call__(self, *seen):
            return [given]

    fill._net = Broken(FIXED, 2)
    with pytest.raises(ModelError, match=r"lama_fixed_tiny\.onnx@[0-9a-f]{12} gives no picture"):
        fill(ramps(40, 40), hole((40, 40), 10, 10, 20, 20))


# On its way


@pytest.fixture
def told(monkeypatch):
    """A parts model that says the truth about the samples."""
    spec = ModelSpec("told", ("parts",), "test_anatomy_solve:Told", "base", "", "MIT", "")
    monkeypatch.setattr(registry, "MODELS", (spec, *(one for one in registry.MODELS if one.modes == ("rendering",))))


def test_hidden_colours_are_those_of_the_inpainter_and_nothing_else_changes():
    made = sample(size=SIZE)
    guess = guesses.oracle(made)
    plain = parted(made.picture, guess)
    filled = parted(made.picture, guess, fill=lambda rgb, mask: np.where(mask[..., None], np.uint8(7), rgb))
    assert [piece.tag for piece in plain] == [piece.tag for piece in filled]
    hidden = 0
    for one, other in zip(plain, filled, strict=True):
        assert np.array_equal(one.alpha, other.alpha)
        assert np.array_equal(one.colour[one.seen], other.colour[one.seen])
        unseen = (other.alpha > 0) & ~other.seen
        assert (other.colour[unseen] == 7).all()
        hidden += np.count_nonzero(unseen)
    assert hidden > 500


def test_an_inpainted_stack_is_exact_and_always_the_same(fill):
    made = sample(size=SIZE)
    one, other = (exact_parts(made.image, guesses.oracle(made), fill=fill) for _ in range(2))
    assert max_error(one, made.image) == 0
    assert all(np.array_equal(a.rgba, b.rgba) for a, b in zip(one, other, strict=True))


def test_decompose_records_the_inpainter(told):
    picture = sample(size=SIZE).picture
    plain, filled = decompose(picture, "parts"), decompose(picture, "parts", inpainter=str(FIXED))
    assert plain.provenance.options == {}
    assert filled.provenance.options == {"inpainter": f"lama_fixed_tiny.onnx@{revision(FIXED)}"}
    assert filled.names == plain.names
    assert max_error(filled, picture) == 0
    assert any(not np.array_equal(a.rgba, b.rgba) for a, b in zip(plain, filled, strict=True))


def test_an_inpainter_is_looked_at_before_the_picture(told, tmp_path):
    with pytest.raises(ModelError, match="nothing is hidden in mode rendering") as caught:
        decompose(tmp_path / "none.png", "rendering", inpainter=FIXED)
    assert caught.value.hint == "--mode parts"
    with pytest.raises(ModelError, match="there is no inpainter"):
        decompose(tmp_path / "none.png", "parts", inpainter=tmp_path / "none.onnx")


def test_resuming_makes_again_what_another_inpainter_made(told, tmp_path, capsys):
    picture = tmp_path / "char.png"
    Image.fromarray(sample(size=SIZE).picture).save(picture)
    net = tmp_path / "lama.onnx"
    argv = ("decompose", picture, "--mode", "parts", "--format", "psd,separation", "--resume", "--json")

    def skipped(*more):
        code, out, err = run(capsys, *argv, *more)
        assert (code, err) == (0, "")
        assert json.loads(out)["max_error"] in (0, None)
        return json.loads(out)["skipped"]

    assert [skipped(), skipped()] == [False, True]
    for source in (FIXED, FREE):
        shutil.copy(source, net)
        assert [skipped("--inpainter", net), skipped("--inpainter", net)] == [False, True]
        for path in tmp_path.glob("*.psd"):
            assert record_of(path)["options"]["inpainter"] == f"lama.onnx@{revision(source)}"
    assert skipped() is False
    assert "inpainter" not in record_of(tmp_path / "char_import.psd")["options"]


@pytest.mark.parametrize(
    ("argv", "message", "hint"),
    [
        (["--inpainter", FIXED], "nothing is hidden in mode rendering", "--mode parts"),
        (["--mode", "parts", "--inpainter", "none.onnx"], "there is no inpainter none.onnx", "Carve/LaMa-ONNX"),
        (["--mode", "parts", "--inpainter", "char.pt"], "char.pt is no .onnx", "Carve/LaMa-ONNX"),
        (["--mode", "parts", "--inpainter", "bad.onnx"], "bad.onnx are damaged", "Carve/LaMa-ONNX"),
    ],
)
def test_a_bad_inpainter_is_told_before_anything_is_done(told, tmp_path, capsys, monkeypatch, argv, message, hint):
    monkeypatch.chdir(tmp_path)
    draw(Path("char.png"))
    for name in ("char.pt", "bad.onnx"):
        Path(name).write_bytes(b"PK\x03\x04")
    before = names_in(tmp_path)
    code, out, err = run(capsys, "decompose", "char.png", *argv)
    assert (code, out) == (2, "")
    assert message in err
    assert hint in err
    assert names_in(tmp_path) == before
