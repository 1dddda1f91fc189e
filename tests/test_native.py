"""What a model painted at its own size, brought to the picture's: haze off, edges and strokes the picture's own."""

import cv2
import numpy as np
import pytest

from animelayers.color import premultiplied, straight
from animelayers.composite import max_error
from animelayers.errors import StackError
from animelayers.rendering import native
from animelayers.rendering.native import native_guess
from animelayers.rendering.solve import exact_stack

SKIN, CLOTH, INK = (240, 205, 190), (70, 110, 190), (40, 20, 30)
SIZE = (240, 200)
NAMES = ("flat", "shadow", "highlight", "line")


def opaque(rgb):
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def two_flats(edge=121):
    """Skin above cloth: an edge that no smaller grid has."""
    rgb = np.empty((*SIZE, 3), np.uint8)
    rgb[:edge], rgb[edge:] = SKIN, CLOTH
    return rgb


def painted(flat, *, shadow=None, line=None):
    """The four layers of a picture, with the shadow (its Normal colours) and the line where they are given."""
    nothing = np.zeros((*flat.shape[:2], 4), np.uint8)
    given = (opaque(flat), shadow, None, line)
    return {name: nothing if layer is None else layer for name, layer in zip(NAMES, given, strict=True)}


def at(scale, layers):
    """The same layers on another grid."""
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size = tuple(round(side * scale) for side in SIZE[::-1])
    return {name: straight(cv2.resize(premultiplied(sheet), size, interpolation=how)) for name, sheet in layers.items()}


def stroked(flat, *rows, ink=INK, soft=None):
    """A picture with strokes one pixel wide in some rows, and its line layer; `soft` is their alpha."""
    line = np.zeros((*flat.shape[:2], 4), np.uint8)
    for row in rows:
        line[row, 20:-20] = (*ink, soft or 255)
    alpha = line[..., 3:] / 255
    return opaque(np.round(alpha * line[..., :3] + (1 - alpha) * flat).astype(np.uint8)), line


def test_haze_is_no_layer():
    flat = two_flats()
    layers = painted(flat)
    for name in NAMES[1:]:
        layers[name] = np.full((*SIZE, 4), (130, 60, 90, 10), np.uint8)
    guess = native_guess(at(0.5, layers), opaque(flat))
    assert not guess.line[..., 3].any()
    assert (guess.flat == flat).all()
    stack = exact_stack(opaque(flat), guess)
    assert not any(stack[name].rgba[..., 3].any() for name in NAMES[1:])


@pytest.mark.parametrize("scale", [0.3, 1.0, 1.6])
def test_whatever_is_painted_the_stack_is_exact(scale):
    draw = np.random.default_rng(3)
    source = draw.integers(0, 256, (*SIZE, 4), np.uint8)
    source[:80, :, 3], source[80:120] = 255, 0
    layers = at(scale, {name: draw.integers(0, 256, (*SIZE, 4), np.uint8) for name in NAMES})
    assert max_error(exact_stack(source, native_guess(layers, source)), source) == 0


def test_clean_layers_of_the_same_size_stay():
    flat = two_flats()
    source, line = stroked(flat, 40, 120, 121, 180, soft=180)
    guess = native_guess(painted(flat, line=line), source)
    assert np.abs(guess.flat.astype(int) - flat)[line[..., 3] == 0].max() == 0
    assert np.abs(guess.line[..., 3].astype(int) - line[..., 3]).max() <= 2
    assert (guess.flat[40] == SKIN).all()


@pytest.mark.parametrize("scale", [1 / 3, 0.5, 1.5])
def test_hair_thin_strokes_come_back_sharp(scale):
    flat = two_flats()
    source, line = stroked(flat, 31, 60, 66, 171)
    guess = native_guess(at(scale, painted(flat, line=line)), source)
    assert (guess.line[..., 3] >= 250).tolist() == (line[..., 3] == 255).tolist()
    assert not guess.line[line[..., 3] == 0, 3].any()
    assert (guess.flat == flat).all()
    assert (guess.base == flat).all()


@pytest.mark.parametrize("scale", [1 / 3, 0.5, 1.5])
def test_edges_of_flats_are_those_of_the_picture(scale):
    flat = two_flats()
    askew = np.roll(flat, 2, axis=0)  # what was painted misses its place
    askew[:2] = SKIN
    guess = native_guess(at(scale, painted(askew)), opaque(flat))
    assert (guess.flat == flat).all()


@pytest.mark.parametrize("strength", [0.4, 0.9])
def test_the_model_says_what_is_shade(strength):
    flat, source = two_flats(), two_flats().astype(np.float32)
    source[:, 101:] *= strength
    source = opaque(source.round().astype(np.uint8))
    shadow = source.copy()
    shadow[:, :101] = 0
    shaded = native_guess(at(0.5, painted(flat, shadow=shadow)), source)
    assert (shaded.flat == flat).all()
    assert (native_guess(at(0.5, painted(source[..., :3])), source).flat == source[..., :3]).all()


def test_a_flat_that_is_off_takes_the_colour_of_the_picture():
    flat = two_flats()
    noise = np.random.default_rng(1).integers(-3, 4, flat.shape)
    noisy = np.clip(flat + noise + (2, -3, 2), 0, 255).astype(np.uint8)
    assert (native_guess(at(0.5, painted(noisy)), opaque(flat)).flat == flat).all()


def test_haze_does_not_hide_the_colour_of_the_picture():
    flat = two_flats()
    layers = painted(flat - np.uint8(3))
    layers["shadow"] = np.full((*SIZE, 4), (0, 0, 0, 10), np.uint8)
    assert (native_guess(at(0.5, layers), opaque(flat)).flat == flat).all()


def test_a_faint_stroke_is_one_if_the_model_says_so():
    flat = two_flats()
    source, line = stroked(flat, 60, 61, ink=(225, 188, 173))
    assert (native_guess(at(0.5, painted(flat, line=line)), source).line[60:62, 20:-20, 3] > 230).all()
    assert not native_guess(at(0.5, painted(flat)), source).line[..., 3].any()


@pytest.mark.parametrize("scale", [1 / 3, 0.5, 1.5])
def test_line_art_may_be_broad(scale):
    flat = two_flats()
    source, line = stroked(flat, *range(31, 62), ink=(200, 170, 100))
    guess = native_guess(at(scale, painted(flat, line=line)), source)
    assert (guess.line[31:62, 20:-20, 3] > 240).all()
    assert (guess.flat == flat).all()


def test_a_gradient_is_flat_if_the_model_paints_it_and_shade_if_not():
    rise = np.linspace(0, 40, SIZE[0]).round().astype(np.uint8)[:, None, None]
    gradient = np.broadcast_to(np.array((140, 120, 160), np.uint8) + rise, (*SIZE, 3)).copy()
    even = np.full_like(gradient, (160, 140, 180))
    assert np.abs(native_guess(at(0.5, painted(gradient)), opaque(gradient)).flat.astype(int) - gradient).max() <= 1
    assert len(np.unique(native_guess(at(0.5, painted(even)), opaque(gradient)).flat.reshape(-1, 3), axis=0)) == 1


def test_a_stroke_that_the_model_overlooks_is_a_stroke():
    flat = two_flats()
    source, line = stroked(flat, 60, 61, 62, 170, 171)
    known = line.copy()
    known[:100] = 0
    guess = native_guess(at(0.5, painted(flat, line=known)), source)
    assert (guess.line[60:63, 20:-20, 3] > 200).all()
    assert (guess.flat == flat).all()
    only_paint = native_guess(at(1.0, painted(source[..., :3], line=known)), source)
    assert not only_paint.line[:100, ..., 3].any()


def test_what_was_not_painted_is_flat_as_it_is():
    flat = two_flats()
    layers = painted(flat)
    layers["flat"] = layers["flat"].copy()
    layers["flat"][:, 100:] = 0
    source = opaque(flat)
    source[:, 106:, :3] = np.arange(94, dtype=np.uint8)[:, None] // 2
    stack = exact_stack(source, native_guess(at(0.5, layers), source))
    assert (stack["flat"].rgba[:, 120:] == source[:, 120:]).all()


def test_nothing_is_drawn():
    nothing = np.zeros((9, 7, 4), np.uint8)
    guess = native_guess(dict.fromkeys(NAMES, np.zeros((4, 3, 4), np.uint8)), nothing)
    assert not guess.line[..., 3].any()
    assert native_guess(dict.fromkeys(NAMES, np.zeros((4, 3, 4), np.uint8)), nothing + np.uint8(255)).flat.all()


def test_all_four_are_needed_and_of_one_size():
    layers = painted(two_flats())
    with pytest.raises(StackError, match="no shadow"):
        native_guess({name: sheet for name, sheet in layers.items() if name != "shadow"}, layers["flat"])
    with pytest.raises(StackError, match="line 9 × 200"):
        native_guess({**layers, "line": layers["line"][:9]}, layers["flat"])


def test_bands_leave_no_seam(monkeypatch):
    source, line = stroked(two_flats(), 31, 60, 66, 171)
    layers = at(0.5, painted(two_flats(), line=line))
    whole = native_guess(layers, source)
    monkeypatch.setattr(native, "BAND", 7)
    monkeypatch.setattr(native, "ROWS", 50)
    banded = native_guess(layers, source)
    assert (whole.line == banded.line).all()
    assert (whole.flat == banded.flat).all()
    assert (whole.base == banded.base).all()
