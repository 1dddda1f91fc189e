"""The contact sheet: reducing without fringes, what each layer lies on, captions, the error that must not drown."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from animelayers.composite import flatten
from animelayers.errors import OutputError, StackError
from animelayers.handoff.reduce import reduced
from animelayers.handoff.sheet import CAPTION, DARK, PAGE, WHITE, WIDTH, Grid, coverage, render_sheet, write_sheet
from animelayers.stack import Blend, Layer, LayerStack, Provenance


def solid(height, width, *rgba):
    return np.full((height, width, 4), rgba, np.uint8)


def rendering_stack(height=240, width=100):
    made = Provenance("rendering", "classic", "0.1.0", source_name="girl.png")
    layers = (
        Layer("flat", solid(height - 40, width - 40, 200, 160, 140, 255), 20, 20),
        Layer("shadow", solid(height // 2, width - 40, 180, 170, 200, 255), 20, 20, Blend.MULTIPLY),
        Layer("highlight", solid(30, 40, 40, 40, 50, 255), 60, 30, Blend.SCREEN),
        Layer("line", solid(height - 40, 4, 30, 20, 20, 255), 20, 48),
    )
    return LayerStack(height, width, layers, made)


def pixels(stack, source=None):
    return np.asarray(render_sheet(stack, source))


def tile(sheet, grid, index):
    top, left = grid.place(index)
    return sheet[top : top + grid.tile_height, left : left + grid.tile_width]


def test_reducing_averages_colour_by_alpha():
    rgba = np.zeros((2, 2, 4), np.uint8)
    rgba[0, 0] = (255, 0, 0, 255)
    rgba[1, 1] = (0, 0, 255, 51)
    small, top, left = reduced(Layer("dot", rgba), (2, 2), 2)
    assert (top, left) == (0, 0)
    # mean alpha (255 + 51)/4; red weighs 255, blue 51
    assert small.tolist() == [[[213, 0, 43, 77]]]


@pytest.mark.parametrize("factor", [2, 3, 5])
@pytest.mark.parametrize("place", [(0, 0), (1, 2), (-3, -4), (7, 5)])
def test_an_opaque_colour_stays_itself_where_blocks_are_whole(factor, place):
    canvas = (30, 40)
    layer = Layer("x", solid(17, 23, 10, 200, 90, 255), *place)
    small, top, left = reduced(layer, canvas, factor)
    assert (small[small[..., 3] > 0][:, :3] == (10, 200, 90)).all()
    whole = np.zeros((30, 40))
    whole[max(0, place[0]) : place[0] + 17, max(0, place[1]) : place[1] + 23] = 255
    padded = np.zeros((-(-30 // factor) * factor, -(-40 // factor) * factor))
    padded[:30, :40] = whole
    counts = np.zeros_like(padded)
    counts[:30, :40] = 1
    blocks, on_canvas = (
        plane.reshape(plane.shape[0] // factor, factor, -1, factor).sum(axis=(1, 3)) for plane in (padded, counts)
    )
    expected = np.floor(blocks / on_canvas + 0.5)
    alpha = np.zeros_like(expected)
    alpha[top : top + small.shape[0], left : left + small.shape[1]] = small[..., 3]
    assert np.array_equal(alpha, expected)


def test_the_last_block_of_an_odd_canvas_does_not_fade():
    small, _, _ = reduced(Layer("full", solid(7, 9, 1, 2, 3, 255)), (7, 9), 4)
    assert small.shape == (2, 3, 4)
    assert (small == (1, 2, 3, 255)).all()


def test_bands_leave_no_seams():
    ramp = np.zeros((900, 6, 4), np.uint8)
    ramp[..., :3] = (np.arange(900) // 4)[:, None, None]
    ramp[..., 3] = 255
    small, _, _ = reduced(Layer("ramp", ramp), (900, 6), 4)
    assert np.array_equal(small[:, 0, 0], np.arange(225))


def test_nothing_on_the_canvas_is_nothing():
    for layer in (Layer("off", solid(4, 4, 1, 1, 1, 255), 50, 50), Layer("clear", solid(4, 4, 9, 9, 9, 0))):
        assert reduced(layer, (20, 20), 2)[0].size == 0
        assert coverage(layer, (20, 20)) == 0


def test_coverage_counts_what_changes_the_picture():
    rgba = solid(10, 10, 255, 255, 255, 255)
    rgba[:5] = (200, 200, 200, 255)
    assert coverage(Layer("shadow", rgba, blend=Blend.MULTIPLY), (10, 20)) == 0.25
    assert coverage(Layer("flat", rgba), (10, 20)) == 0.5
    assert coverage(Layer("black", solid(10, 10, 0, 0, 0, 255), blend=Blend.SCREEN), (10, 20)) == 0


@pytest.mark.parametrize(
    ("count", "height", "width"),
    [(7, 720, 320), (7, 400, 700), (26, 1280, 661), (7, 64, 64), (7, 1, 5000), (3, 5000, 1)],
)
def test_grids_hold_every_tile_and_stay_in_bounds(count, height, width):
    grid = Grid.of(count, height, width)
    assert grid.rows * grid.columns >= count > (grid.rows - 1) * grid.columns
    assert grid.width <= WIDTH
    top, left = grid.place(count - 1)
    assert top + grid.tile_height + CAPTION <= grid.height
    assert left + grid.cell_width < grid.width
    if min(height, width) >= 64:
        assert grid.tile_height / grid.tile_width == pytest.approx(height / width, rel=0.01)


def test_few_tall_figures_stand_in_one_row_and_many_fill_the_width():
    assert Grid.of(7, 720, 320).rows == 1
    many = Grid.of(26, 1280, 661)
    assert many.rows > 1
    assert many.width >= 1600


def test_order_and_what_each_layer_lies_on():
    stack = rendering_stack()
    source = flatten(stack)
    grid = Grid.of(len(stack) + 3, *stack.size)
    sheet = pixels(stack, source)
    corner = [tuple(tile(sheet, grid, index)[0, 0]) for index in range(len(stack) + 3)]
    grey = corner[0]
    assert corner == [grey, grey, WHITE, DARK, grey, grey, (0, 0, 0)]
    assert len(set(grey)) == 1
    assert np.array_equal(tile(sheet, grid, 0), tile(sheet, grid, 5)), "source and flattened stack look alike"


def test_without_a_source_there_is_no_source_and_no_difference():
    stack = rendering_stack()
    assert render_sheet(stack).width < render_sheet(stack, flatten(stack)).width


def test_one_wrong_pixel_of_a_large_picture_is_seen():
    stack = LayerStack(3000, 2000, (Layer("flat", solid(3000, 2000, 90, 90, 90, 255)),))
    source = flatten(stack)
    source[1234, 777, 1] += 3
    grid = Grid.of(4, 3000, 2000)
    seen = tile(pixels(stack, source), grid, 3)
    assert seen.max() == 3 * 64
    assert (seen > 0).any(axis=2).sum() < 40


def test_a_small_layer_is_seen_from_near():
    eye = Layer("irides-l", solid(12, 10, 20, 60, 200, 255), 40, 30)
    stack = LayerStack(400, 300, (Layer("face", solid(400, 300, 250, 230, 220, 255)), eye))
    grid = Grid.of(3, 400, 300)
    blue = (tile(pixels(stack), grid, 1) == (20, 60, 200)).all(axis=2)
    scale = grid.tile_height / 400
    assert blue.sum() == pytest.approx(12 * 10 * (8 * scale) ** 2, rel=0.1)


def test_names_from_anywhere_are_written_or_numbered():
    names = ("前髪", "x" * 300, "\ud83d", "line\n<b>", "a/b")
    layers = tuple(Layer(name, solid(8, 8, 9, 9, 9, 255)) for name in names)
    stack = LayerStack(8, 8, layers, Provenance("parts", "m", "0", source_name="前髪.png"))
    sheet = pixels(stack)
    assert (sheet[:50] != PAGE).any()


def test_an_empty_stack_has_a_sheet():
    assert render_sheet(LayerStack(5, 5, ())).size[0] > 5


def test_a_source_of_another_size_is_refused(tmp_path):
    with pytest.raises(StackError, match="240 × 100") as caught:
        write_sheet(rendering_stack(), tmp_path / "s.png", source=solid(10, 10, 0, 0, 0, 0))
    assert caught.value.hint
    assert not list(tmp_path.iterdir())


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(OutputError):
        write_sheet(rendering_stack(), tmp_path)


def test_same_stack_same_bytes(tmp_path):
    stack = rendering_stack()
    for name in ("a.png", "b.png"):
        write_sheet(stack, tmp_path / name, source=flatten(stack))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert Image.open(tmp_path / "a.png").mode == "RGB"


def test_a_real_figure_is_shown_at_its_own_size(examples):
    source = np.asarray(Image.open(examples[0]).convert("RGBA"))
    stack = LayerStack(*source.shape[:2], (Layer("flat", source),))
    grid = Grid.of(4, *stack.size)
    assert (grid.tile_height, grid.tile_width) == stack.size
    shown = tile(pixels(stack, source), grid, 0)
    opaque = source[..., 3] == 255
    assert opaque.any()
    assert np.array_equal(shown[opaque], source[opaque][:, :3])
