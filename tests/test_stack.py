import numpy as np
import pytest

from animelayers.errors import StackError
from animelayers.stack import Blend, Layer, LayerStack, Provenance


def sheet(height=2, width=3):
    return np.zeros((height, width, 4), np.uint8)


@pytest.mark.parametrize(
    "rgba",
    [np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2, 4), np.float32), np.zeros((2, 4), np.uint8)],
    ids=["three channels", "floats", "flat"],
)
def test_a_layer_takes_only_uint8_rgba_and_says_what_came(rgba):
    with pytest.raises(StackError, match=r"layer 'hair': rgba must be uint8 \[h, w, 4\], got"):
        Layer("hair", rgba)


@pytest.mark.parametrize("opacity", [-0.1, 1.1, float("nan")])
def test_opacity_lies_within_0_and_1(opacity):
    with pytest.raises(StackError, match="opacity"):
        Layer("hair", sheet(), opacity=opacity)


def test_pixels_are_read_only_but_the_callers_array_is_not():
    mine = sheet()
    layer = Layer("hair", mine)
    with pytest.raises(ValueError, match="read-only"):
        layer.rgba[0, 0] = 1
    mine[0, 0] = 1


def test_a_path_may_occur_once_a_name_in_two_groups():
    left, right = Layer("line", sheet(), group=("arm-l",)), Layer("line", sheet(), group=("arm-r",))
    stack = LayerStack(2, 3, (left, right))
    assert stack["arm-r/line"] is right
    with pytest.raises(StackError, match="'arm-l/line'"):
        LayerStack(2, 3, (left, left))


def test_a_missing_layer_is_answered_with_those_that_exist():
    with pytest.raises(KeyError, match="no layer 'neck'; there are: flat, line"):
        LayerStack(2, 3, (Layer("flat", sheet()), Layer("line", sheet())))["neck"]


def test_replace_gives_a_new_value():
    layer = Layer("line", sheet())
    assert layer.replace(blend=Blend.MULTIPLY).blend is Blend.MULTIPLY
    assert layer.blend is Blend.NORMAL


@pytest.mark.parametrize("size", [(0, 1), (1, 0), (-1, 5)])
def test_a_canvas_has_a_pixel(size):
    with pytest.raises(StackError, match="at least 1 × 1"):
        LayerStack(*size, ())


def test_provenance_is_json_ready():
    made = Provenance("rendering", "classic", "0.1.0", options={"names": "en"}).as_dict()
    assert list(made)[:3] == ["mode", "model", "version"]
    assert made["options"] == {"names": "en"}
