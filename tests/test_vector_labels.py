"""Palette, labels, order, layering: anti-aliased edges belong to the colours beside them, and nothing shows through."""

from __future__ import annotations

import numpy as np
import pytest
from inked import BLUE, INK, SKIN, WHITE, averaged, disc, face, grid

from animelayers.color import premultiplied
from animelayers.errors import DataError
from animelayers.vector.areas import Areas, tidied
from animelayers.vector.labels import Labels, label_picture
from animelayers.vector.layering import sheets
from animelayers.vector.ordering import ordered
from animelayers.vector.palette import Traits, look, palette_of
from animelayers.vector.trace import CLEAR


def labelled(rgba, **more) -> Labels:
    return label_picture(premultiplied(rgba), ground=CLEAR, **more)


def colours(labels: Labels) -> set[tuple[int, ...]]:
    return {tuple(map(round, colour[:3])) for colour in labels.palette[1:].tolist()}


def test_the_palette_is_the_colours_without_their_mixtures():
    assert colours(labelled(face())) == {WHITE, SKIN, INK, BLUE}


def test_so_many_colours_as_are_asked_for():
    for count in (2, 3):
        assert len(labelled(face(), colours=count).palette) == count + 1


def test_its_own_colours_are_kept_to_the_level():
    rgba = np.zeros((30, 30, 4), np.uint8)
    rgba[..., 3] = 255
    rgba[:, :10, :3], rgba[:, 10:20, :3], rgba[:, 20:, :3] = (101, 3, 7), (102, 4, 7), (9, 200, 31)
    assert colours(labelled(rgba, colours="own")) == {(101, 3, 7), (102, 4, 7), (9, 200, 31)}


def test_twins_on_both_sides_of_a_bin_are_one_colour():
    """15 and 16 are two bins, which look the same to within rounding."""
    rgba = np.zeros((30, 30, 4), np.uint8)
    rgba[:, :9], rgba[:, 9:] = (16, 191, 226, 255), (15, 191, 226, 255)
    with np.errstate(all="raise"):
        assert colours(labelled(rgba)) == {(15, 191, 226)}


def test_too_many_own_colours_are_refused():
    rgba = np.full((64, 64, 4), 255, np.uint8)
    rgba[..., 0], rgba[..., 1] = np.arange(64)[:, None], np.arange(64)
    with pytest.raises(DataError, match="flat colours of its own") as caught:
        palette_of(Traits.of(premultiplied(rgba)), CLEAR, "own")
    assert caught.value.hint


def test_shares_say_where_in_the_pixel_the_edge_is():
    labels = labelled(face())
    painted = labels.palette[labels.first] * labels.share[..., None]
    painted += labels.palette[labels.second] * (1 - labels.share[..., None])
    off = np.abs(painted[..., :3] - face()[..., :3].astype(float))
    assert off.mean() < 0.4  # where three colours meet, two cannot say it all
    x, y = grid(96, 80)
    inside = averaged((np.hypot(x - 40.3, y - 47.6) < 31).astype(float))
    outside = labels.cover(1 + [tuple(map(round, c[:3])) for c in labels.palette[1:].tolist()].index(WHITE))
    assert np.abs(1 - inside - outside).max() < 0.06


def test_transparent_pixels_are_nobody_s_and_the_rim_is_shared():
    rgba = disc()
    labels = labelled(rgba)
    assert colours(labels) == {BLUE}
    assert ((labels.first == 0) == (rgba[..., 3] < 128)).all()
    assert np.abs(labels.cover(1) - rgba[..., 3] / 255).max() < 0.02


def test_a_line_thinner_than_its_pixels_keeps_one_label():
    x, y = grid(40, 120)
    colour = np.where((np.abs(y - 12 - 0.13 * x) < 0.7)[..., None], INK, SKIN).astype(float)
    colour[(y > 34)] = INK  # the ink at its full strength
    colour[(y > 30) & (y < 34)] = (90, 76, 76)  # a colour that its diluted stretches look like
    rgba = np.full((40, 120, 4), 255, np.uint8)
    rgba[..., :3] = np.rint(averaged(colour))
    labels = labelled(rgba)
    ink = [tuple(map(round, c[:3])) for c in labels.palette.tolist()].index(INK)
    inside = [labels.cover(ink)[:30, column].sum() for column in range(4, 116)]
    assert np.mean(np.abs(np.array(inside) - 1.41) < 0.4) > 0.9


def test_areas_too_small_to_be_meant_go_and_small_strong_ones_stay():
    palette = np.float32([[0, 0, 0, 0], [200, 200, 200, 255], [205, 200, 200, 255], [10, 10, 10, 255]])
    labels = np.ones((20, 20), np.uint8)
    labels[3:6, 3:6], labels[10:12, 10:12] = 2, 3
    out = tidied(labels, look(palette))
    assert (out[3:6, 3:6] == 1).all()
    assert (out[10:12, 10:12] == 3).all()


def test_areas_know_their_borders():
    areas = Areas.of(np.uint8([[1, 1, 2], [1, 1, 2], [3, 3, 3]]))
    assert areas.label.tolist() == [1, 2, 3]
    assert areas.size.tolist() == [4, 2, 3]
    assert dict(zip(map(tuple, areas.pair.tolist()), areas.border.tolist(), strict=True)) == {
        (0, 1): 2,
        (1, 0): 2,
        (0, 2): 2,
        (2, 0): 2,
        (1, 2): 1,
        (2, 1): 1,
    }


def names(labels: Labels, order) -> list[tuple[int, ...]]:
    return [tuple(map(round, labels.palette[label, :3].tolist())) for label in order.tolist()]


def test_broad_areas_lie_below_spots_above_and_lines_on_top():
    labels, order = ordered(labelled(face()))
    assert names(labels, order) == [WHITE, SKIN, BLUE, INK]


def test_a_spot_of_the_background_s_colour_is_drawn_by_itself():
    rgba = face()
    rgba[60:66, 22:30, :3] = WHITE  # inside of the skin
    labels, order = ordered(labelled(rgba))
    assert names(labels, order).count(WHITE) == 2
    assert names(labels, order)[0] == WHITE
    assert (labels.palette[labels.first][62, 25, :3] == WHITE).all()
    assert labels.first[62, 25] != labels.first[0, 0]


def test_depth_says_the_order():
    labels = labelled(face())
    depth = np.zeros((96, 80), np.float32)
    depth[np.abs(premultiplied(face())[..., :3] - WHITE).max(axis=2) < 9] = 5
    found, order = ordered(labels, depth)
    assert found is labels
    assert names(labels, order)[-1] == WHITE


def test_shapes_go_on_under_others_and_leave_no_gap():
    labels, order = ordered(labelled(face()))
    covered = np.zeros((96, 80))
    fields = {}
    for sheet in sheets(labels, order):
        part = np.zeros((96, 80), np.float32)
        height, width = sheet.field.shape
        part[sheet.top : sheet.top + height, sheet.left : sheet.left + width] = sheet.field
        fields[tuple(map(round, labels.palette[sheet.label, :3].tolist()))] = part
        covered = np.maximum(covered, part)
    assert covered.min() > 0.45
    assert fields[WHITE].min() >= 0.5  # all that lies in it lies above it
    x, y = np.meshgrid(np.arange(80) + 0.5, np.arange(96) + 0.5)
    away = np.hypot(x - 40.3, y - 47.6)
    assert (fields[SKIN][away < 29] >= 0.5).all()  # under the spot and the line, too
    assert (fields[SKIN][away > 30.5] < 0.5).all()  # but not beyond the outline


def test_nothing_goes_on_under_what_one_can_see_through():
    rgba = np.zeros((30, 40, 4), np.uint8)
    rgba[5:25, 5:20] = (200, 40, 40, 255)
    rgba[5:25, 20:35] = (40, 40, 200, 128)
    labels, order = ordered(labelled(rgba))
    for sheet in sheets(labels, order):
        if labels.palette[sheet.label, 3] == 255:
            columns = np.flatnonzero((sheet.field >= 0.5).any(axis=0)) + sheet.left
            assert columns.max() == 19
