"""Hair and eyes of the older checkpoints, taken apart."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("diffusion")

SIDE = 96
WHITE, BLUE, BLACK, BROWN = (250, 250, 252), (60, 90, 210), (25, 20, 30), (90, 60, 40)


def painted(*strokes):
    out = np.zeros((SIDE, SIDE, 4), np.uint8)
    for colour, (top, left, bottom, right) in strokes:
        out[top:bottom, left:right] = (*colour, 255)
    return out


def apart(rgba, near=None):
    from animelayers.models.see_through.older import taken_apart

    return taken_apart(rgba, near or {})


def test_an_eye_is_brow_lash_white_and_iris():
    parts = ((BROWN, (10, 10, 14, 40)), (WHITE, (30, 10, 50, 40)), (BLUE, (34, 20, 50, 32)), (BLACK, (28, 10, 33, 40)))
    layers = apart({"eyes": painted(*parts)})
    assert set(layers) == {"eyewhite", "irides", "eyelash", "eyebrow"}
    where = {tag: layer[..., 3] > 0 for tag, layer in layers.items()}
    assert where["eyebrow"][10:14, 10:40].all()
    assert where["eyebrow"].sum() == 4 * 30
    assert where["eyelash"].sum() == 5 * 30
    assert where["irides"].sum() == 16 * 12
    assert where["eyewhite"][40, 12]
    assert (sum(layer.astype(int) for layer in layers.values()) == painted(*parts)).all(), "nothing is lost or doubled"


def test_hair_nearer_than_the_face_is_front_hair():
    hair, face = painted((BROWN, (0, 0, 96, 96))), painted((WHITE, (30, 30, 70, 70)))
    near = {"hair": np.full((SIDE, SIDE), 0.2, np.float32), "face": np.full((SIDE, SIDE), 0.5, np.float32)}
    near["hair"][:40] = 0.8
    layers = apart({"hair": hair, "face": face}, near)
    assert layers["front hair"][:40, :, 3].all()
    assert not layers["front hair"][40:, :, 3].any()
    assert layers["back hair"][40:, :, 3].all()
    assert layers["face"] is face


def test_without_a_face_all_hair_is_front_hair():
    layers = apart({"hair": painted((BROWN, (0, 0, 40, 40)))})
    assert layers["front hair"].any()
    assert not layers["back hair"].any()
