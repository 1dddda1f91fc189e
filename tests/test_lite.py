"""The embedded model, with tiny nets in place of the shipped ones: `python export/tiny_nets.py tests/data`."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from animelayers.composite import max_error
from animelayers.errors import ModelError
from animelayers.models import lite_parts, lite_rendering, registry
from animelayers.models.lite_parts import HEAD_TAGS, SHAPE, LiteParts, seen, window
from animelayers.models.lite_rendering import GRID, LiteRendering, said_of, tiles
from animelayers.models.onnx import WEIGHTS, Net, revision
from animelayers.parts import PART_LABELS
from animelayers.picture import load_picture
from animelayers.rendering.solve import exact_stack

DATA = Path(__file__).parent / "data"
TAGS = tuple(PART_LABELS)
COLOURS = dict(zip(TAGS, itertools.product((0, 128, 255), repeat=3), strict=False))
"""By which the tiny net knows parts; white is nobody's."""


@pytest.fixture(scope="module")
def rendering():
    return Net(DATA / "lite_rendering_tiny.onnx")


@pytest.fixture(scope="module")
def parts():
    return Net(DATA / "lite_parts_tiny.onnx")


def speckled(height, width, seed=0):
    rgba = np.random.default_rng(seed).integers(0, 256, (height, width, 4), dtype=np.uint8)
    rgba[..., 3] = 255
    return rgba


def figure(height, width, *, opaque=False, scale=1.0, at=(0, 0)):
    """A head with hair above a body, of rectangles; 300 × 100 px at scale 1."""
    rgba = np.full((height, width, 4), 255 if opaque else 0, np.uint8)
    boxes = {"topwear": (100, 10, 200, 90), "legwear": (200, 20, 300, 80), "front hair": (0, 25, 40, 75)}
    boxes |= {"face": (40, 30, 90, 70), "neck": (90, 40, 100, 60)}
    for tag, box in boxes.items():
        top, left, bottom, right = (round(edge * scale) + at[n % 2] for n, edge in enumerate(box))
        rgba[top:bottom, left:right] = (*COLOURS[tag], 255)
    return rgba


# The rendering net


def same(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("flat", "line", "base"))


def test_tiles_give_exactly_what_the_whole_gives(rendering, monkeypatch):
    rgba = speckled(461, 397)
    assert len(list(tiles(rgba, 120_000))) == 4
    whole = said_of(rendering, rgba)
    assert same(whole, said_of(rendering, rgba, largest=120_000))
    monkeypatch.setattr(lite_rendering, "REACH", lite_rendering.REACH - 1)
    assert not same(whole, said_of(rendering, rgba, largest=120_000)), "the reach could be less"


@pytest.mark.parametrize("size", [(1, 1), (17, 300), (1200, 900), (3000, 40), (700, 2500)])
@pytest.mark.parametrize("largest", [70_000, 400_000])
def test_tiles_write_every_drawn_pixel_once_and_are_not_too_large(size, largest):
    rgba = np.zeros((*size, 4), np.uint8)
    rgba[size[0] // 3 :, : size[1] - size[1] // 3] = 255
    written = np.zeros(size, int)
    for tile in tiles(rgba, largest):
        written[tile.inner] += 1
        height, width = (span.stop - span.start for span in tile.outer)
        assert height * width <= largest
        assert height % GRID == width % GRID == 0
        assert tile.seen(rgba).shape == (1, 4, height, width)
    assert written.max() == 1
    assert written[rgba[..., 3] > 0].all()


def test_nothing_is_said_of_what_is_not_drawn(rendering):
    rgba = np.zeros((400, 300, 4), np.uint8)
    assert not said_of(rendering, rgba).line.any()
    rgba[200:220, 100:140] = (200, 80, 90, 255)
    guess = said_of(rendering, rgba)
    assert not guess.line[:180].any()
    assert guess.line[200:220, 100:140].any()


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (61, 50)])
def test_any_size_becomes_an_exact_stack(rendering, size):
    rgba = speckled(*size)
    rgba[..., 3] = np.random.default_rng(1).integers(0, 256, size)
    picture = load_picture(rgba)
    stack = exact_stack(picture.rgba, LiteRendering(rendering).predict(picture))
    assert max_error(stack, picture.rgba) == 0


def test_every_tile_is_a_step(rendering, monkeypatch):
    monkeypatch.setattr(lite_rendering, "LARGEST", 120_000)
    monkeypatch.setattr(said_of, "__kwdefaults__", {**said_of.__kwdefaults__, "largest": 120_000})
    steps = []
    LiteRendering(rendering).predict(load_picture(speckled(461, 397)), on_step=lambda *step: steps.append(step))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


# The parts net


@pytest.mark.parametrize(
    "box", [(0, 0, 1536, 1024), (10.5, 3, 900, 203), (0, 0, 40, 400), (-5, 7, 30, 8), (0, 0, 1, 1)]
)
def test_windows_hold_their_box(box):
    (top, left, bottom, right), (height, width) = window(box, 1.1), SHAPE
    assert top <= box[0] + 0.5 <= bottom - 0.5 or bottom - top < 2
    assert left <= box[1] + 0.5
    assert bottom >= box[2] - 0.5
    assert right >= box[3] - 0.5
    scale = height / (bottom - top)
    assert abs((right - left) * scale - width) <= 0.5 * scale * (1 + width / height) + 1e-6


def test_a_window_of_its_own_size_is_the_picture_itself_with_nothing_around_it():
    rgba = figure(400, 320)
    view = seen(rgba, (-32, 0, 352, 320))[0]
    assert (view[:, :32] == np.float32([1, 1, 1, -1])[:, None, None]).all()
    inside = rgba[:352]
    shown = np.where(inside[..., 3:] > 0, inside, np.uint8([255, 255, 255, 0]))
    assert np.abs(view[:, 32:] - (shown.transpose(2, 0, 1) / 127.5 - 1)).max() < 1e-6


def seen_at(look, tag):
    """The box, px of the picture, of where a look says that a part is seen."""
    plane = look.visible[look.tags.index(tag)] >= 0.5
    rows, columns = (np.flatnonzero(plane.any(axis=axis)) for axis in (1, 0))
    top, left, bottom, right = look.box
    down, across = (bottom - top) / plane.shape[0], (right - left) / plane.shape[1]
    return np.array(
        [
            top + rows[0] * down,
            left + columns[0] * across,
            top + (rows[-1] + 1) * down,
            left + (columns[-1] + 1) * across,
        ]
    )


@pytest.mark.parametrize("opaque", [False, True])
@pytest.mark.parametrize("scale", [0.7, 3.0])
def test_every_look_says_where_in_the_picture_a_part_is(parts, opaque, scale):
    at = (37, 211)
    rgba = figure(1100, 900, opaque=opaque, scale=scale, at=at)
    guess = LiteParts(parts).predict(load_picture(rgba))
    assert guess.person > 0.9
    truth = np.array([40, 30, 90, 70]) * scale + [*at, *at]
    for look in guess.looks:
        field = (look.box[2] - look.box[0]) / look.visible.shape[1]
        assert np.abs(seen_at(look, "face") - truth).max() <= 1.01 * field


def test_the_second_look_is_at_the_head_and_speaks_of_nothing_else(parts):
    picture = load_picture(figure(1000, 400, scale=3, at=(20, 30)))
    whole, head = LiteParts(parts).predict(picture).looks
    assert whole.tags == TAGS
    assert head.tags == HEAD_TAGS
    top, left, bottom, right = head.box
    assert top < 20
    assert left < 30 + 75
    assert right > 30 + 225
    assert 20 + 270 < bottom < 20 + 390
    assert (bottom - top) / head.visible.shape[1] < 0.6 * (whole.box[2] - whole.box[0]) / whole.visible.shape[1]


def test_a_small_figure_on_a_background_is_looked_at_from_near(parts):
    looks = LiteParts(parts).predict(load_picture(figure(900, 900, opaque=True, at=(500, 600)))).looks
    assert [look.box[3] - look.box[1] > 900 for look in looks] == [True, False, False]
    assert looks[1].tags == TAGS
    assert looks[1].box[0] < 500
    assert looks[1].box[2] > 800


def test_what_is_said_of_whole_parts(parts):
    guess = LiteParts(parts).predict(load_picture(figure(320, 256)))
    look = guess.looks[0]
    face = look.tags.index("face")
    inner = look.alpha[face] > 0.99
    assert inner.any()
    assert np.abs(np.median(look.colour[face][inner], axis=0) - COLOURS["face"]).max() <= 1
    assert look.depth[face] == pytest.approx(face / 22, abs=1e-5)
    assert look.presence[face] > 0.99
    assert look.presence[look.tags.index("tail")] < 0.01


def test_nobody_is_an_answer(parts):
    blank = LiteParts(parts).predict(load_picture(np.zeros((50, 40, 4), np.uint8)))
    assert blank.looks == ()
    assert blank.person == 0
    paper = LiteParts(parts).predict(load_picture(np.full((50, 40, 4), 255, np.uint8)))
    assert len(paper.looks) == 1
    assert paper.person < 0.1


@pytest.mark.parametrize("side", [6, 60])
def test_a_speck_is_no_head(parts, side):
    rgba = np.zeros((600, 500, 4), np.uint8)
    rgba[100:600, 100:400] = (*COLOURS["topwear"], 255)
    rgba[20 : 20 + side, 200 : 200 + side] = (*COLOURS["face"], 255)
    looks = LiteParts(parts).predict(load_picture(rgba)).looks
    assert (len(looks) > 1) == (side == 60)


def test_a_mirror_changes_nothing_of_a_net_that_knows_no_sides_but_the_sides(parts):
    picture = load_picture(figure(400, 300, at=(40, 90)))
    plain, mirrored = (LiteParts(parts, mirrored=flag).predict(picture).looks[0] for flag in (False, True))
    for name in ("visible", "alpha", "depth", "presence"):
        assert np.abs(getattr(plain, name) - getattr(mirrored, name)).max() < 1e-5
    assert np.abs(plain.colour.astype(int) - mirrored.colour).max() <= 1
    assert np.abs(plain.side).max() > 0.1
    assert np.abs(mirrored.side).max() < 1e-5


def test_every_look_is_a_step(parts):
    steps = []
    LiteParts(parts).predict(load_picture(figure(400, 300)), on_step=lambda *step: steps.append(step))
    assert steps == [(1, 3), (2, 3), (3, 3)]


# Weights


@pytest.mark.parametrize("model", [LiteRendering, LiteParts])
def test_missing_weights_are_named(model, monkeypatch, tmp_path):
    for module in (lite_rendering, lite_parts):
        monkeypatch.setattr(module, "WEIGHTS", tmp_path)
    with pytest.raises(ModelError, match=r"lite_(rendering|parts)\.onnx are not in this installation") as caught:
        model()
    assert "pip install" in caught.value.hint


@pytest.mark.parametrize("damage", [b"", b"no net", None])
def test_damaged_weights_give_an_error_and_no_traceback(damage, tmp_path):
    whole = (DATA / "lite_parts_tiny.onnx").read_bytes()
    path = tmp_path / "net.onnx"
    path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    with pytest.raises(ModelError, match="damaged"):
        Net(path)


def test_a_net_that_cannot_be_run_says_so(parts):
    with pytest.raises(ModelError, match="gave up"):
        parts(np.zeros((1, 3, 32, 32), np.float32))


@pytest.mark.parametrize(
    "spec",
    [spec for spec in registry.MODELS if spec.id == "lite" and spec.modes != ("depth",)],
    ids=lambda spec: spec.modes[0],
)
def test_shipped_weights_are_those_of_the_table(spec):
    path = WEIGHTS / f"lite_{spec.modes[0]}.onnx"
    assert spec.weights.partition("@")[2] == revision(path)
    assert path.stat().st_size <= 20e6
