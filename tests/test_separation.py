"""Both modes joined: every part a group of its own four layers, exact alone and together, in files and on the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psdparse
import pytest
from drawing import needs, noise
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import sample

from animelayers import load_stack, save
from animelayers.anatomy.separation import separated
from animelayers.composite import flatten, on_canvas
from animelayers.errors import StackError
from animelayers.raster import tight_box
from animelayers.rendering.classic import guess_layers
from animelayers.rendering.solve import BLENDS, RenderingGuess
from animelayers.stack import Blend, Layer, LayerStack, Provenance, Rgba

MADE = Provenance("parts", "toy", "0", "ab" * 32, "a.png")


def guess_of(picture: Rgba, seed: int = 0) -> RenderingGuess:
    """Nonsense about a picture, sheer and full lines included."""
    rng = np.random.default_rng(seed)
    flat, line, base = (rng.integers(0, 256, (*picture.shape[:2], n), dtype=np.uint8) for n in (3, 4, 3))
    line[..., 3] = np.clip(rng.integers(-200, 456, picture.shape[:2]), 0, 255)
    return RenderingGuess(flat, line, base)


def group_of(stack: LayerStack, piece: Layer) -> LayerStack:
    """The layers of one piece, alone on the canvas."""
    own = tuple(layer for layer in stack if layer.group == (*piece.group, piece.name))
    assert [layer.name for layer in own] == list(BLENDS)
    assert [layer.blend for layer in own] == list(BLENDS.values())
    return stack.replace(layers=own)


def assert_joined(stack: LayerStack, parts: LayerStack) -> None:
    """Everything that is promised of a separation."""
    assert stack.provenance == parts.provenance
    assert np.array_equal(flatten(stack), flatten(parts))
    for piece in parts:
        own = group_of(stack, piece)
        assert np.array_equal(flatten(own), on_canvas(piece, parts.size)), piece.path
        opaque = on_canvas(own["flat"], parts.size)[..., 3] == 255
        for shade in ("shadow", "highlight"):
            assert not on_canvas(own[shade], parts.size)[..., 3][~opaque].any(), piece.path
        for layer in own:
            assert layer.rgba.size == 0 or tight_box(layer.rgba[..., 3] > 0) == (0, 0, layer.height, layer.width)


# --- exactness


def test_a_figure_is_exact_alone_and_together():
    figure = sample("one", size=(192, 160))
    stack = separated(figure.parts.replace(provenance=MADE), guess_layers(figure.picture))
    assert len(stack) == 4 * len(figure.parts)
    assert [layer.group[0] for layer in stack][::4] == list(figure.parts.names)
    assert_joined(stack, figure.parts.replace(provenance=MADE))


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 5))
def test_any_pieces_and_any_guess_are_exact(seed, count):
    rng = np.random.default_rng(seed)
    layers = []
    for at in range(count):
        height, width = rng.integers(1, 40, 2)
        top, left = rng.integers(-20, 30, 2)  # some reach over the canvas, some lie beside it
        layers.append(Layer(f"piece {at}", noise(height, width, seed + at), int(top), int(left), group=("all",)))
    parts = LayerStack(30, 24, tuple(layers), MADE)
    assert_joined(separated(parts, guess_of(flatten(parts), seed)), parts)


def test_drawn_characters_are_exact():
    needs("skia")
    from animelayers.artist.studio import sample as drawn

    for seed in (5, 6):
        character = drawn(seed, 288, 192)
        assert_joined(separated(character.parts, guess_layers(character.picture)), character.parts)


def test_nothing_to_see_and_nothing_at_all():
    empty = LayerStack(
        6, 5, (Layer("nose", np.zeros((0, 0, 4), np.uint8)), Layer("mouth", np.zeros((3, 3, 4), np.uint8)))
    )
    stack = separated(empty, guess_of(flatten(empty)))
    assert_joined(stack, empty)
    assert all(layer.rgba.size == 0 for layer in stack)
    assert len(separated(empty.replace(layers=()), guess_of(flatten(empty)))) == 0


def test_the_same_goes_in_the_same_comes_out():
    figure = sample("one", size=(96, 80))
    first, second = (separated(figure.parts, guess_layers(figure.picture)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert (one.path, one.top, one.left) == (other.path, other.top, other.left)
        assert np.array_equal(one.rgba, other.rgba)


def test_readers_that_round_after_every_layer_see_what_they_see_of_the_parts(tmp_path):
    figure = sample("one", size=(192, 160))
    stack = separated(figure.parts, guess_layers(figure.picture))
    seen = [read_by_psdparse(save(one, tmp_path / "a.psd")) for one in (figure.parts, stack)]
    shown = figure.picture[..., 3] > 0
    off = [(read != figure.picture).any(axis=2) & shown for read in seen]
    assert not (off[1] & ~off[0]).any()
    assert np.abs(seen[1].astype(int) - figure.picture)[shown].max() <= 1


def read_by_psdparse(path: Path) -> Rgba:
    reader = psdparse.PSDFile()
    assert reader.load(str(path))
    height, width = load_stack(path).size
    return np.frombuffer(reader.composite()[0], np.uint8).reshape(height, width, 4)[..., [2, 1, 0, 3]]


# --- what the layers are


SKIN, SHADE, CLOTH, INK = (250, 222, 205), (214, 168, 160), (40, 90, 160), (40, 25, 45)


def half_hidden(below: Rgba, columns: slice = slice(80, None)) -> tuple[LayerStack, RenderingGuess]:
    """A sheet of which some columns are covered, and the truth about what is seen: flats without ink or shade."""
    cover = np.zeros_like(below)
    cover[:, columns] = (*CLOTH, 255)
    parts = LayerStack(*below.shape[:2], (Layer("face", below), Layer("topwear", cover)))
    flat = np.where(cover[..., 3:] > 0, cover[..., :3], np.array(SKIN, np.uint8))
    line = np.where((flatten(parts)[..., :3] == INK).all(axis=2)[..., None], flatten(parts), np.uint8(0))
    return parts, RenderingGuess(flat, line, np.where(line[..., 3:] > 0, flat, flatten(parts)[..., :3]))


def test_hidden_paint_has_the_flat_of_what_is_seen_and_its_own_lines_and_shade():
    below = np.full((120, 160, 4), (*SKIN, 255), np.uint8)
    below[70:] = (*SHADE, 255)
    below[39:41, 20:140] = (*INK, 255)
    parts, guess = half_hidden(below)
    own = group_of(separated(parts, guess), parts["face"])
    flat, shadow, line = (on_canvas(own[name], parts.size) for name in ("flat", "shadow", "line"))
    assert (flat == (*SKIN, 255)).all()  # in shade and under lines, too
    assert shadow[72:, :, 3].min() > 0
    assert shadow[:68, :, 3].max() == 0
    assert (line[39:41, 90:136, 3] >= 250).all()
    assert not line[:34, :, 3].any()
    assert not line[46:, :, 3].any()


def test_a_hidden_colour_that_is_no_shade_is_a_flat():
    below = np.full((120, 160, 4), (*SKIN, 255), np.uint8)
    below[70:, 100:] = (30, 120, 60, 255)
    below[100:, 100:110] = (200, 30, 40, 255)
    parts, guess = half_hidden(below)
    flat = on_canvas(group_of(separated(parts, guess), parts["face"])["flat"], parts.size)
    assert (flat[74:96, 104:] == (30, 120, 60, 255)).all()
    assert (flat[:66, 80:] == (*SKIN, 255)).all()


def test_specks_of_what_is_hidden_are_no_flats():
    below = np.full((120, 160, 4), (*SKIN, 255), np.uint8)
    below[60:, :30] = below[20:100:20, 100:150:10] = (30, 120, 60, 255)
    parts, guess = half_hidden(below)
    guess.flat[60:, :30] = (30, 120, 60)
    flat = on_canvas(group_of(separated(parts, guess), parts["face"])["flat"], parts.size)
    assert (flat[:, 80:] == (*SKIN, 255)).all()


def test_a_line_of_which_nothing_else_is_hidden_is_a_line():
    below = np.full((60, 160, 4), (*SKIN, 255), np.uint8)
    below[:, 99:101] = (*INK, 255)
    parts, guess = half_hidden(below, slice(99, 101))
    line = on_canvas(group_of(separated(parts, guess), parts["face"])["line"], parts.size)
    assert (line[:, 99:101, 3] >= 250).all()


def test_no_flat_lies_about_in_specks():
    """In a rim of black ink there is no room for a white flat, but in one of its pixels there is."""
    piece = np.zeros((40, 40, 4), np.uint8)
    piece[5:35, 5:35] = (0, 0, 0, 100)
    piece[12:28, 12:28] = (255, 255, 255, 255)
    piece[8, 20, :3] = 120
    line = np.where(piece[..., 3:] == 100, np.array((0, 0, 0, 255), np.uint8), np.uint8(0))
    white = np.full((40, 40, 3), 255, np.uint8)
    parts = LayerStack(40, 40, (Layer("face", piece),))
    stack = separated(parts, RenderingGuess(white, line, white))
    assert_joined(stack, parts)
    flat, inked = (on_canvas(stack[name], stack.size)[8, 20, 3] for name in ("flat", "line"))
    assert (flat, inked) == (0, 100)


def test_what_is_seen_is_painted_as_the_picture():
    figure = sample("one", size=(192, 160))
    guess = guess_layers(figure.picture)
    stack = separated(figure.parts, guess)
    top = figure.parts.layers[-1]
    here = tight_box(on_canvas(top, figure.size)[..., 3] == 255)
    seen = np.zeros(figure.size, bool)
    seen[here[0] : here[2], here[1] : here[3]] = True
    seen &= (on_canvas(top, figure.size)[..., 3] == 255) & (guess.line[..., 3] < 255)
    flat = on_canvas(group_of(stack, top)["flat"], figure.size)
    assert (flat[seen, :3] == guess.flat[seen]).mean() > 0.99


# --- what cannot be separated


@pytest.mark.parametrize(
    "change", [{"blend": Blend.MULTIPLY}, {"opacity": 0.5}, {"visible": False}], ids=["shade", "sheer", "hidden"]
)
def test_layers_that_are_no_pieces_are_refused(change):
    parts = LayerStack(
        8, 8, (Layer("face", noise(8, 8)), Layer("nose", noise(8, 8), group=("head",)).replace(**change))
    )
    with pytest.raises(StackError, match="'head/nose' is") as caught:
        separated(parts, guess_of(flatten(parts)))
    assert "Normal layers" in caught.value.hint


def test_a_guess_of_another_picture_is_refused():
    parts = LayerStack(8, 8, (Layer("face", noise(8, 8)),))
    with pytest.raises(StackError, match="9 × 8 px, the parts 8 × 8"):
        separated(parts, guess_of(noise(9, 8)))
