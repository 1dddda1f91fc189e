"""Views: what is cut, scaled and laid, in closed form on drawings of ellipses; the artist is not needed."""

import numpy as np
import pytest
from drawing import needs
from samples import sample

from animelayers.artist.dice import Dice
from animelayers.color import matte
from animelayers.composite import flatten
from animelayers.parts import PART_LABELS, split_part
from animelayers.stack import Layer, LayerStack
from animelayers.training.lite import views
from animelayers.training.lite.views import CELL, FIELDS, PATCH, SHAPE, TAGS, Fit, Sheets

ALL = (0.0, 0.0, *map(float, SHAPE))


@pytest.fixture(scope="module")
def drawn():
    """A figure on a canvas as large as a view."""
    one = sample(size=SHAPE)
    ranks = {layer.name: 257 * (10 + rank) for rank, layer in enumerate(one.parts)}
    return one.replace(attributes={"depth": ranks})


@pytest.fixture(scope="module")
def sheets(drawn):
    return Sheets.of(drawn)


def test_a_canvas_as_large_as_a_view_is_the_view(drawn, sheets):
    view = views.parts_view(sheets, ALL, drawn.picture)
    assert {name: array.shape for name, array in view.items()} == FIELDS["parts"]
    assert np.array_equal(view["visible"], drawn.visible)
    opaque = drawn.picture[..., 3] == 255
    assert np.array_equal(view["seen"][opaque], drawn.picture[opaque])
    assert np.array_equal(view["seen"][..., 3], drawn.picture[..., 3])
    assert (view["seen"][drawn.picture[..., 3] == 0, :3] == 255).all()


def test_whole_parts_are_means_of_cells(drawn, sheets):
    view = views.parts_view(sheets, ALL, drawn.picture)
    for index, tag in enumerate(TAGS):
        own = tuple(layer for layer in drawn.parts if split_part(layer.name)[0] == tag)
        whole = flatten(LayerStack(*drawn.size, own)) if own else np.zeros((*SHAPE, 4), np.uint8)
        cells = whole[..., 3].reshape(SHAPE[0] // CELL, CELL, SHAPE[1] // CELL, CELL).mean((1, 3))
        assert np.abs(view["amodal"][index] - cells).max() <= 0.51, tag
        assert view["amodal"][index].any() == bool(own)
        assert not view["colour"][index][view["amodal"][index] == 0].any()
    white = PART_LABELS["eyewhite"]
    hidden_too = view["amodal"][white - 1].sum() / 255 * CELL * CELL
    assert hidden_too > 1.3 * np.count_nonzero(view["visible"] == white) > 0


def test_depth_is_that_of_the_top_most_stratum(drawn, sheets):
    view = views.parts_view(sheets, ALL, drawn.picture)
    rank = {layer.name: 10 + number for number, layer in enumerate(drawn.parts)}
    arms = set(np.unique(view["depth"][PART_LABELS["handwear"] - 1]))
    assert arms == {0, rank["handwear-r-0"], rank["handwear-l-1"], rank["handwear-l-0"]}


def test_sides_are_the_characters(drawn, sheets):
    view = views.parts_view(sheets, ALL, drawn.picture)
    eyes = {name: next(layer for layer in drawn.parts if layer.name == f"irides-{name}") for name in "lr"}
    for name, side in (("r", 1), ("l", 2)):
        layer = eyes[name]
        assert view["side"][(layer.top + layer.height // 2) // CELL, (layer.left + layer.width // 2) // CELL] == side
    assert view["side"][8, 40] == 0


def test_half_a_canvas_is_twice_as_large_and_nothing_lies_outside(drawn, sheets):
    top = (0.0, 0.0, SHAPE[0] / 2, SHAPE[1] / 2)
    view = views.parts_view(sheets, top, drawn.picture)
    wanted = drawn.visible[: SHAPE[0] // 2, : SHAPE[1] // 2].repeat(2, 0).repeat(2, 1)
    assert np.array_equal(view["visible"], wanted)
    small = views.parts_view(sheets, (-384.0, -320.0, 768.0, 640.0), drawn.picture)
    middle = np.s_[128:256, 104:212]
    outside = np.ones(SHAPE, bool)
    outside[middle] = False
    assert not small["seen"][outside][:, 3].any()
    assert (small["seen"][outside][:, :3] == 255).all()
    assert not small["visible"][outside].any()
    assert small["visible"][middle].any()


@pytest.mark.parametrize(
    "window", [(3.0, 5.0, 200.0, 150.0), (-50.0, -80.0, 500.0, 300.0), (100.0, 90.0, 160.0, 140.0)]
)
def test_shares_of_cells_give_every_pixel_in_the_window_once(window):
    fit = Fit.of(window, (384, 320))
    for axis, side in enumerate((384, 320)):
        shares = fit.shares(axis, side)
        assert shares.shape == (SHAPE[axis] // CELL, side)
        step = CELL * side / fit.size[axis]
        assert (shares >= 0).all()
        assert shares.sum(0).max() <= 1 / step + 1e-4
        cells = CELL * np.arange(SHAPE[axis] // CELL) - (fit.top, fit.left)[axis]
        within = (cells >= 0) & (cells + CELL <= fit.size[axis])
        assert within.any()
        assert np.allclose(shares.sum(1), within, atol=1e-4)


def test_patches_are_windows_whose_layers_make_the_picture():
    one = sample(size=(400, 300))
    found = list(views.patches(one, Dice("test"), 2))
    assert len(found) == 2
    for view in found:
        assert {name: array.shape for name, array in view.items()} == FIELDS["rendering"]
        assert np.count_nonzero(view["figure"]) >= PATCH * PATCH / 5
        size = (PATCH, PATCH)
        base = np.dstack([view["base"], view["figure"]])
        whole = flatten(LayerStack(*size, (Layer("base", base), Layer("line", view["line"]))))
        inside = view["figure"] == 255
        spots = np.flatnonzero((one.picture[..., 3] == 255).ravel())
        assert inside.any()
        assert spots.size
        assert any(np.abs(matte(whole)[inside].astype(int) - cut[inside]).max() <= 2 for cut in _windows(one, view))


def _windows(one, view):
    """The windows of the picture that a patch may be: those of the same silhouette."""
    alpha = one.picture[..., 3]
    for top in range(one.size[0] - PATCH + 1):
        for left in range(one.size[1] - PATCH + 1):
            if alpha[top, left] == view["figure"][0, 0] and np.array_equal(
                alpha[top : top + PATCH, left : left + PATCH], view["figure"]
            ):
                yield matte(one.picture[top : top + PATCH, left : left + PATCH]).astype(int)


def test_figure_and_head_are_in_their_views(drawn, sheets):
    for number in range(1):
        figure = views.figure_view(sheets, Dice(number))
        head = views.head_view(sheets, Dice(number))
        face = PART_LABELS["face"]
        assert np.count_nonzero(head["visible"] == face) > np.count_nonzero(figure["visible"] == face) > 0
        assert {split_part(layer.name)[0] for layer in drawn.parts} == {
            tag for index, tag in enumerate(TAGS) if figure["amodal"][index].any()
        }


def test_small_or_missing_heads_make_no_view(drawn):
    for box in (None, (10, 10, 57, 90)):
        assert views.head_view(Sheets.of(drawn.replace(head_box=box)), Dice(0)) is None


def test_nobody_is_scenery_without_parts():
    needs("skia")
    view = views.nobody_view(Dice(3))
    assert {name: array.shape for name, array in view.items()} == FIELDS["parts"]
    assert not any(view[name].any() for name in FIELDS["parts"] if name != "seen")


def test_views_are_a_function_of_the_dice(sheets):
    one, two, other = (views.figure_view(sheets, Dice(seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert any(not np.array_equal(one[name], other[name]) for name in one)
