"""Small samples, every layer of which is known: what the tests of `animelayers.data` store, read and break."""

from __future__ import annotations

import numpy as np

from animelayers.composite import flatten
from animelayers.data.sample import Licence, Sample, visible_map
from animelayers.rendering.solve import BLENDS, RenderingGuess, exact_stack
from animelayers.stack import Layer, LayerStack, Rgba

SIZE = (48, 40)
OURS = Licence("Apache-2.0", "the animelayers authors", "animelayers tests")

FIGURE = (
    ("back hair", 18, 20, 15, 14, (90, 60, 120)),
    ("neck", 30, 20, 6, 4, (240, 205, 190)),
    ("topwear", 41, 20, 10, 13, (70, 90, 160)),
    ("handwear-r-0", 40, 8, 8, 4, (80, 100, 170)),
    ("handwear-l-1", 40, 33, 8, 5, (80, 100, 170)),
    ("face", 19, 20, 11, 10, (250, 222, 205)),
    ("eyewhite-l", 20, 25, 2.6, 3, (250, 250, 255)),
    ("eyewhite-r", 20, 15, 2.6, 3, (250, 250, 255)),
    ("irides-l", 20, 25, 2.2, 1.8, (60, 140, 110)),
    ("irides-r", 20, 15, 2.2, 1.8, (60, 140, 110)),
    ("mouth", 25.5, 20, 1.2, 3, (190, 90, 95)),
    ("front hair", 10, 20, 6, 13, (110, 75, 140)),
    ("handwear-l-0", 44, 37, 3, 6, (250, 222, 205)),
)
"""Piece, centre (y, x), half axes (y, x), colour; bottom → top. The last one reaches over the canvas."""


def sample(id: str = "one", *, seed: int = 0, size: tuple[int, int] = SIZE, bare: bool = False) -> Sample:
    """A figure of ellipses on `size`; `bare` leaves out whatever may be missing. Everything in it is exact."""
    scale = size[0] / SIZE[0]
    cells: dict[str, LayerStack] = {}
    pieces = []
    for number, (name, y, x, b, a, colour) in enumerate(FIGURE):
        top, left, cover = _ellipse(y * scale, x * scale, b * scale, a * scale)
        shift = np.random.default_rng([seed, number]).integers(-20, 20, 3)
        cells[name] = _cells(cover, np.clip(np.array(colour) + shift, 0, 255))
        pieces.append(Layer(name, flatten(cells[name]), top, left))
    parts = LayerStack(*size, tuple(pieces))
    picture = flatten(parts)
    made = Sample(id, picture, OURS, parts, cells=cells)
    if bare:
        return made
    return made.replace(
        rendering=_rendering(picture),
        image=_image(picture, seed),
        depth=np.where(picture[..., 3] > 0, np.arange(1, size[0] + 1, dtype=np.uint16)[:, None] * 999, 0).astype("u2"),
        visible=visible_map(parts),
        head_box=(int(2 * scale), int(6 * scale), int(31 * scale), int(34 * scale)),
        keypoints={"nose": (22.5 * scale, 20.0 * scale), "wrist-l": (size[0] + 3.25, 1 / 3)},
        attributes={"seed": seed, "hair": ["long", "紫"], "weights": {"a": 0.1, "b": None}, "ok": True},
    )


def _ellipse(y: float, x: float, b: float, a: float) -> tuple[int, int, np.ndarray]:
    """Top, left and antialiased cover, float [h, w] 0..1, of an ellipse, one transparent pixel around it."""
    top, left = int(np.floor(y - b)) - 1, int(np.floor(x - a)) - 1
    height, width = int(np.ceil(y + b)) + 1 - top, int(np.ceil(x + a)) + 1 - left
    fine = (np.arange(4) + 0.5) / 4
    ys = (top + np.arange(height)[:, None] + fine).ravel()[:, None] - y
    xs = (left + np.arange(width)[:, None] + fine).ravel()[None] - x
    inside = (ys / b) ** 2 + (xs / a) ** 2 <= 1
    return top, left, inside.reshape(height, 4, width, 4).mean(axis=(1, 3))


def _cells(cover: np.ndarray, colour: np.ndarray) -> LayerStack:
    """Flat over all of it, a shadow below, a line along the opaque rim, and an empty highlight."""
    height, width = cover.shape
    sheets = {slot: np.zeros((height, width, 4), np.uint8) for slot in BLENDS}
    alpha = np.round(cover * 255).astype(np.uint8)
    sheets["flat"][..., :3] = colour
    sheets["flat"][..., 3] = alpha
    inner = cover == 1
    sheets["shadow"][height * 2 // 3 :] = (200, 190, 220, 160)
    sheets["shadow"][~inner] = 0
    rim = inner & (np.roll(cover, 1, 0) < 1)
    sheets["line"][rim] = (40, 25, 45, 200)
    for sheet in sheets.values():
        sheet[sheet[..., 3] == 0] = 0
    return LayerStack(height, width, tuple(Layer(slot, sheets[slot], blend=blend) for slot, blend in BLENDS.items()))


def _rendering(picture: Rgba) -> LayerStack:
    colour = picture[..., :3]
    flat = np.clip(colour.astype(np.int16) // 64 * 64 + 32, 0, 255).astype(np.uint8)
    line = np.zeros_like(picture)
    line[:, ::7] = (30, 20, 30, 255)
    return exact_stack(picture, RenderingGuess(flat, line, colour))


def _image(picture: Rgba, seed: int) -> Rgba:
    ground = Layer("background", np.full_like(picture, 255))
    flat = flatten(LayerStack(*picture.shape[:2], (ground, Layer("picture", picture)))).astype(np.int16)
    noise = np.random.default_rng(seed).integers(-3, 4, flat.shape)
    flat[..., :3] += noise[..., :3]
    return np.clip(flat, 0, 255).astype(np.uint8)


def assert_same(a: Sample, b: Sample) -> None:
    """Every field of two samples is equal, every pixel and every place."""
    assert (a.id, a.licence, a.head_box) == (b.id, b.licence, b.head_box)
    assert (dict(a.keypoints), dict(a.attributes)) == (dict(b.keypoints), dict(b.attributes))
    for name in ("picture", "image", "depth", "visible"):
        ours, theirs = getattr(a, name), getattr(b, name)
        assert (ours is None) == (theirs is None), name
        if ours is not None:
            assert ours.dtype == theirs.dtype
            assert np.array_equal(ours, theirs), name
    _assert_same_stack(a.parts, b.parts)
    _assert_same_stack(a.rendering, b.rendering)
    assert list(a.cells) == list(b.cells)
    for piece in a.cells:
        _assert_same_stack(a.cells[piece], b.cells[piece])


def _assert_same_stack(a: LayerStack | None, b: LayerStack | None) -> None:
    assert (a is None) == (b is None)
    if a is None or b is None:
        return
    assert (a.size, a.provenance) == (b.size, b.provenance)
    assert [_facts(layer) for layer in a] == [_facts(layer) for layer in b]
    for ours, theirs in zip(a, b, strict=True):
        assert np.array_equal(ours.rgba, theirs.rgba), ours.path


def _facts(layer: Layer) -> tuple[object, ...]:
    return layer.path, layer.top, layer.left, layer.rgba.shape, layer.blend, layer.opacity, layer.visible
