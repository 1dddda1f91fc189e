import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from animelayers.raster import bands, nearest, overlap, tight_box
from animelayers.stack import Layer


def test_tight_box_of_a_blot():
    mask = np.zeros((6, 7), bool)
    mask[2:4, 1:6] = True
    assert tight_box(mask) == (2, 1, 4, 6)
    assert tight_box(np.zeros((3, 3), bool)) == (0, 0, 0, 0)


@given(st.integers(0, 2**32 - 1))
def test_nearest_is_nearest(seed):
    mask = np.random.default_rng(seed).random((9, 11)) < 0.15
    mask[4, 5] = True
    distance, index = nearest(mask)
    points = np.argwhere(mask)
    for y, x in np.ndindex(mask.shape):
        found = np.array(np.unravel_index(index[y, x], mask.shape))
        assert mask[tuple(found)]
        least = np.linalg.norm(points - (y, x), axis=1).min()
        assert np.linalg.norm(found - (y, x)) <= least * 1.03 + 1e-6
        assert distance[y, x] == pytest.approx(least, rel=0.03, abs=1e-6)


def test_nearest_needs_something_to_be_near():
    with pytest.raises(ValueError, match="at least one"):
        nearest(np.zeros((2, 2), bool))


@given(st.integers(1, 50), st.integers(1, 20), st.integers(0, 9))
def test_bands_cover_every_row_once(height, rows, halo):
    seen = []
    for inner, outer, part in bands(height, rows, halo=halo):
        read = list(range(outer.start, outer.stop))
        assert read[part] == list(range(inner.start, inner.stop))
        seen += read[part]
    assert seen == list(range(height))


@pytest.mark.parametrize("top", [-9, -4, -2, 0, 3, 5, 9])
@pytest.mark.parametrize("left", [-9, -3, 0, 4, 6, 9])
def test_overlap_is_the_same_place_in_layer_and_canvas(top, left):
    layer = Layer("line", np.arange(1, 4 * 3 * 4 + 1, dtype=np.uint8).reshape(4, 3, 4), top=top, left=left)
    here, part = overlap(layer, (5, 6))
    expected = np.zeros((5, 6, 4), np.uint8)
    for row in range(4):
        for column in range(3):
            if 0 <= top + row < 5 and 0 <= left + column < 6:
                expected[top + row, left + column] = layer.rgba[row, column]
    canvas = np.zeros((5, 6, 4), np.uint8)
    canvas[here] = layer.rgba[part]
    assert (canvas == expected).all()
