"""The promise: whatever the guess, the stack flattens to the source, in both habits of PSD readers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from animelayers.composite import flatten, max_error
from animelayers.errors import StackError
from animelayers.rendering.solve import THINNEST, RenderingGuess, exact_stack, shade
from animelayers.stack import Blend


def layer_by_layer(stack):
    """A reader that rounds colour and alpha to 8 bit after every layer."""
    colour, alpha = np.zeros((*stack.size, 3)), np.zeros((*stack.size, 1))
    for layer in stack:
        cs, a = layer.rgba[..., :3] / 255, layer.rgba[..., 3:] / 255
        cb, ab = colour / 255, alpha / 255
        blended = {Blend.NORMAL: cs, Blend.MULTIPLY: cb * cs, Blend.SCREEN: cb + cs - cb * cs}[layer.blend]
        ar = a + ab - a * ab
        mixed = ((1 - a) * ab * cb + a * ((1 - ab) * cs + ab * blended)) / np.maximum(ar, 1e-12)
        colour, alpha = np.floor(255 * mixed + 0.5), np.floor(255 * ar + 0.5)
    return np.where(alpha > 0, np.concatenate([colour, alpha], axis=2), 0).astype(np.uint8)


def noise(seed, *shape):
    """Random levels in which the extremes are frequent."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 256, shape, dtype=np.uint8)
    return np.where(rng.random(shape) < 0.2, rng.choice([0, 1, 2, 253, 254, 255], shape), values).astype(np.uint8)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_any_guess_flattens_to_any_source(seed, opaque):
    source = noise(seed, 24, 24, 4)
    if opaque:
        source[..., 3] = 255
    source[source[..., 3] == 0] = 0
    guess = RenderingGuess(noise(seed + 1, 24, 24, 3), noise(seed + 2, 24, 24, 4), noise(seed + 3, 24, 24, 3))
    stack = exact_stack(source, guess)
    assert (flatten(stack) == source).all()
    assert (layer_by_layer(stack) == source).all()


def test_every_pair_of_flat_and_value_is_exact():
    flat, value = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    flat, target = np.dstack([flat] * 3), np.dstack([value, np.roll(value, 85, 0), np.roll(value, 170, 0)])
    source = np.dstack([target, np.full((256, 256), 255, np.uint8)])
    no_line = np.zeros((256, 256, 4), np.uint8)
    assert max_error(exact_stack(source, RenderingGuess(flat, no_line, target)), source) == 0


def test_shade_darkens_or_lightens_never_both_in_one_channel():
    flat, base = noise(0, 50, 50, 3), noise(1, 50, 50, 3)
    shadow, highlight = shade(flat, base)
    acts = shadow[..., 3:] > 0
    assert (shadow[..., :3][acts[..., 0]][(base > flat)[acts[..., 0]]] == 255).all()
    lit = highlight[..., 3] > 0
    assert (highlight[..., :3][lit][(base < flat)[lit]] == 0).all()
    assert not shadow[(base >= flat).all(axis=2)].any()


def test_a_shade_is_its_tint_at_the_strength_of_its_alpha():
    flat = np.full((1, 3, 3), 200, np.uint8)
    base = np.array([[[180, 170, 160], [160, 140, 120], [190, 185, 180]]], np.uint8)
    shadow, _ = shade(flat, base)
    tints = shadow[0, :, :3].astype(int)
    assert np.ptp(tints, axis=0).max() <= 4
    assert shadow[0, :, 3].tolist() == [102, 204, 51]


def test_no_shade_is_thinner_than_what_sweepers_take():
    flat, base = np.full((1, 1, 3), 200, np.uint8), np.full((1, 1, 3), 199, np.uint8)
    assert shade(flat, base)[0][0, 0, 3] == THINNEST


def test_layers_come_in_order_with_their_blends():
    source = noise(5, 4, 4, 4)
    stack = exact_stack(source, RenderingGuess(source[..., :3], source, source[..., :3]))
    assert [(layer.name, layer.blend) for layer in stack] == [
        ("flat", Blend.NORMAL),
        ("shadow", Blend.MULTIPLY),
        ("highlight", Blend.SCREEN),
        ("line", Blend.NORMAL),
    ]


def test_shade_stays_off_the_soft_silhouette():
    source = noise(7, 16, 16, 4)
    stack = exact_stack(source, RenderingGuess(noise(8, 16, 16, 3), noise(9, 16, 16, 4), noise(10, 16, 16, 3)))
    for name in ("shadow", "highlight"):
        assert not stack[name].rgba[source[..., 3] < 255].any()


def test_a_line_over_the_rim_leaves_flat_beneath():
    """Hiding the line must open no gap: the flat keeps most of the cover."""
    source = np.full((1, 1, 4), (40, 20, 20, 250), np.uint8)
    flat, line = np.full((1, 1, 3), 220, np.uint8), np.full((1, 1, 4), (30, 10, 10, 255), np.uint8)
    stack = exact_stack(source, RenderingGuess(flat, line, flat))
    assert (flatten(stack) == source).all()
    assert stack["flat"].rgba[0, 0].tolist()[:3] == [220, 220, 220]
    assert stack["flat"].rgba[0, 0, 3] > 128


def test_sizes_must_agree():
    guess = RenderingGuess(noise(0, 3, 3, 3), noise(0, 2, 2, 4), noise(0, 3, 3, 3))
    with pytest.raises(StackError, match=r"the line is 2 × 2 px, the source 3 × 3"):
        exact_stack(noise(0, 3, 3, 4), guess)
