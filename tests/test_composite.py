"""Flatten against the W3C equations written out once more, in float64, pixel by pixel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from animelayers.composite import BLEND_FUNCTIONS, NEUTRAL, difference, flatten, max_error
from animelayers.errors import StackError
from animelayers.stack import Blend, Layer, LayerStack


def reference(stack):
    """The equations of the W3C specification, §5 and §9, on one pixel at a time."""
    out = np.zeros((stack.height, stack.width, 4))
    for y, x in np.ndindex(stack.height, stack.width):
        cb, ab = np.zeros(3), 0.0
        for layer in stack:
            j, i = y - layer.top, x - layer.left
            if not (layer.visible and 0 <= j < layer.height and 0 <= i < layer.width):
                continue
            cs, a = layer.rgba[j, i, :3] / 255, layer.rgba[j, i, 3] / 255 * layer.opacity
            blended = np.array(BLEND_FUNCTIONS[layer.blend](cb, cs))
            ar = ab + a - ab * a
            if ar > 0:
                cb = ((1 - a) * ab * cb + a * ((1 - ab) * cs + ab * blended)) / ar
            ab = ar
        out[y, x] = [*cb * 255, ab * 255]
    return out


@st.composite
def stacks(draw):
    layers = []
    for index in range(draw(st.integers(1, 4))):
        height, width = draw(st.integers(1, 4)), draw(st.integers(1, 4))
        seed = draw(st.integers(0, 2**32 - 1))
        rgba = (
            np.random.default_rng(seed).choice([0, 1, 64, 127, 128, 200, 254, 255], (height, width, 4)).astype(np.uint8)
        )
        layers.append(
            Layer(
                f"layer {index}",
                rgba,
                top=draw(st.integers(-2, 3)),
                left=draw(st.integers(-2, 3)),
                blend=draw(st.sampled_from(list(Blend))),
                opacity=draw(st.sampled_from([0.0, 0.25, 0.5, 1.0])),
                visible=draw(st.booleans()) or index == 0,
            )
        )
    return LayerStack(3, 4, tuple(layers))


@settings(max_examples=150)
@given(stacks())
def test_flatten_agrees_with_the_equations_to_half_a_level(stack):
    expected, got = reference(stack), flatten(stack).astype(float)
    assert np.abs(got[..., 3] - expected[..., 3]).max() <= 0.501
    shown = got[..., 3] > 0
    # Burn and dodge divide by almost nothing: a last bit of float32 may move a level there.
    touchy = any(layer.blend in (Blend.COLOR_BURN, Blend.COLOR_DODGE) for layer in stack)
    assert np.abs(got - expected)[shown].max(initial=0) <= (1.5 if touchy else 0.51)
    assert not got[~shown].any()


def test_two_half_transparent_squares():
    half = Layer("a", np.full((1, 1, 4), (255, 0, 0, 128), np.uint8))
    other = Layer("b", np.full((1, 1, 4), (0, 0, 255, 128), np.uint8))
    a = 128 / 255
    alpha = 2 * a - a * a
    blue = a / alpha
    assert flatten(LayerStack(1, 1, (half, other)))[0, 0].tolist() == [
        round(255 * (1 - blue)),
        0,
        round(255 * blue),
        round(255 * alpha),
    ]


@pytest.mark.parametrize(
    ("blend", "expected"),
    [
        (Blend.NORMAL, 200),
        (Blend.MULTIPLY, 100 * 200 / 255),
        (Blend.SCREEN, 100 + 200 - 100 * 200 / 255),
        (Blend.DARKEN, 100),
        (Blend.LIGHTEN, 200),
        (Blend.DIFFERENCE, 100),
        (Blend.EXCLUSION, 300 - 2 * 100 * 200 / 255),
        (Blend.ADD, 255),
        (Blend.COLOR_DODGE, min(255, 100 * 255 / 55)),
        (Blend.COLOR_BURN, 255 - min(255, 155 * 255 / 200)),
        (Blend.HARD_LIGHT, 100 + 145 - 100 * 145 / 255),
        (Blend.OVERLAY, 2 * 100 * 200 / 255),
        (Blend.SOFT_LIGHT, 255 * (100 / 255 + 145 / 255 * ((100 / 255) ** 0.5 - 100 / 255))),
    ],
)
def test_blend_of_100_and_200(blend, expected):
    pair = [np.full((1, 1, 4), (v, v, v, 255), np.uint8) for v in (100, 200)]
    stack = LayerStack(1, 1, (Layer("below", pair[0]), Layer("above", pair[1], blend=blend)))
    assert flatten(stack)[0, 0, 0] == pytest.approx(expected, abs=0.5001)


def test_every_blend_has_an_equation():
    assert set(BLEND_FUNCTIONS) == set(Blend)


def test_bands_leave_no_seam():
    rng = np.random.default_rng(0)
    tall = rng.integers(0, 256, (700, 5, 4), dtype=np.uint8)
    stack = LayerStack(700, 5, (Layer("a", tall), Layer("b", tall[::-1].copy(), blend=Blend.MULTIPLY)))
    whole = flatten(stack)
    for y in (127, 128, 255, 256, 699):
        row = [layer.replace(rgba=layer.rgba[y : y + 1]) for layer in stack]
        assert (flatten(LayerStack(1, 5, tuple(row)))[0] == whole[y]).all()


def test_the_difference_ignores_what_nobody_sees():
    a, b = np.zeros((1, 2, 4), np.uint8), np.zeros((1, 2, 4), np.uint8)
    a[0, 0] = (255, 9, 9, 0)
    b[0, 1], a[0, 1] = (10, 20, 30, 255), (12, 20, 30, 255)
    assert difference(a, b).tolist() == [[0, 2]]
    assert max_error(LayerStack(1, 2, (Layer("a", a),)), b) == 2


def test_max_error_wants_equal_sizes():
    with pytest.raises(StackError, match=r"1 × 2 px, the target 3 × 3"):
        max_error(LayerStack(1, 2, ()), np.zeros((3, 3, 4), np.uint8))


@pytest.mark.parametrize("blend", list(NEUTRAL))
def test_the_neutral_level_of_a_mode_changes_nothing(blend):
    below = np.dstack([np.arange(256, dtype=np.uint8)[None]] * 3 + [np.full((1, 256), 255, np.uint8)])
    above = np.full((1, 256, 4), (*[NEUTRAL[blend]] * 3, 255), np.uint8)
    got = flatten(LayerStack(1, 256, (Layer("below", below), Layer("above", above, blend=blend))))
    assert np.abs(got.astype(int) - below).max() <= (1 if NEUTRAL[blend] == 128 else 0)
