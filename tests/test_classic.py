"""The weightless engine on drawings whose layers are known, then on real art."""

import time

import cv2
import numpy as np
import pytest
from PIL import Image

from animelayers.color import clear_hidden
from animelayers.composite import max_error
from animelayers.errors import StackError
from animelayers.raster import bands
from animelayers.rendering import classic
from animelayers.rendering.classic import guess_layers
from animelayers.rendering.flats import shade_cost
from animelayers.rendering.probes import probe
from animelayers.rendering.solve import RenderingGuess, exact_stack
from animelayers.rendering.strokes import Pen

INK, SKIN, SHADE, CLOTH = (60, 30, 30), (250, 224, 205), (226, 178, 160), (70, 110, 190)


@pytest.fixture(scope="module")
def drawing():
    """A ball of skin in cel shade on a block of cloth, with 3 px ink lines, on transparency; 600 × 400."""
    big = np.zeros((1200, 800, 4), np.uint8)
    big[620:1100, 120:680] = (*CLOTH, 255)
    cv2.circle(big, (400, 400), 280, (*SKIN, 255), -1)
    shade = np.zeros((1200, 800), np.uint8)
    cv2.circle(shade, (400, 400), 280, 255, -1)
    cv2.circle(shade, (330, 330), 280, 0, -1)
    big[shade > 0] = (*SHADE, 255)
    cv2.circle(big, (400, 400), 280, (*INK, 255), 6)
    cv2.rectangle(big, (120, 690), (680, 1100), (*INK, 255), 6)
    cv2.line(big, (250, 760), (300, 1050), (*INK, 255), 2)
    premul = big.astype(np.float32)
    premul[..., :3] *= premul[..., 3:] / 255
    small = cv2.resize(premul, (400, 600), interpolation=cv2.INTER_AREA)
    small[..., :3] *= 255 / np.maximum(small[..., 3:], 1)
    return clear_hidden(np.clip(small + 0.5, 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def stack(drawing):
    return exact_stack(drawing, guess_layers(drawing))


def test_the_ball_is_one_flat_and_its_shade_lies_in_the_shadow_layer(stack):
    flat, shadow = stack["flat"].rgba, stack["shadow"].rgba
    for y, x in ((150, 150), (260, 270), (300, 220)):
        assert np.abs(flat[y, x, :3].astype(int) - SKIN).max() <= 3
    assert shadow[260, 290, 3] > 0
    assert shadow[150, 150, 3] == 0
    assert np.abs(flat[450, 250, :3].astype(int) - CLOTH).max() <= 3


def test_lines_are_ink_and_leave_no_trace_in_the_flat(stack, drawing):
    line = stack["line"].rgba
    full = line[..., 3] > 200
    assert full.sum() > 2000
    assert np.median(np.abs(line[full][:, :3].astype(int) - INK).max(axis=1)) <= 6
    assert line[150, 200, 3] == line[450, 250, 3] == 0
    assert probe(stack, drawing).flat_line_energy < 0.05


def test_a_hair_thin_stroke_is_found(stack):
    crossing = stack["line"].rgba[450, 125:150, 3]
    assert crossing.max() >= 128


def test_real_art_is_exact_and_better_than_no_engine(examples):
    for path in examples:
        source = clear_hidden(np.array(Image.open(path).convert("RGBA")))
        found = probe(exact_stack(source, guess_layers(source)), source)
        nothing = RenderingGuess(source[..., :3], np.zeros_like(source), source[..., :3])
        floor = probe(exact_stack(source, nothing), source)
        assert found.max_error == 0
        assert found.flat_colours < floor.flat_colours / 20
        assert found.flat_line_energy < 0.5
        assert found.flat_seams < 0.25
        assert found.line_leak < 0.2
        assert 0.005 < found.line_cover < 0.25


def test_one_picture_one_result(drawing):
    first, second = guess_layers(drawing), guess_layers(drawing.copy())
    for name in ("flat", "line", "base"):
        assert (getattr(first, name) == getattr(second, name)).all()


def test_bands_leave_no_seam(drawing, monkeypatch):
    whole = guess_layers(drawing)
    monkeypatch.setattr(classic, "ROWS", 150)
    assert len(list(bands(600, 150))) == 4
    banded = guess_layers(drawing)
    assert (banded.line != whole.line).any(axis=2).mean() < 0.001
    assert (banded.flat != whole.flat).any(axis=2).mean() < 0.001


def test_large_pictures_keep_native_edges(drawing, monkeypatch):
    whole = guess_layers(drawing)
    monkeypatch.setattr(classic.Pen, "of", lambda *_: Pen(widest=2, half=3.0))
    monkeypatch.setattr(classic, "SMALLEST_SIDE", 200)
    reduced = guess_layers(drawing)
    differs = (np.abs(reduced.flat.astype(int) - whole.flat).max(axis=2) > 8) & (drawing[..., 3] == 255)
    assert differs.mean() < 0.01
    assert max_error(exact_stack(drawing, reduced), drawing) == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (3, 3)])
@pytest.mark.parametrize("alpha", [0, 1, 100, 255])
def test_tiny_and_empty_pictures(size, alpha):
    source = clear_hidden(np.full((*size, 4), (90, 60, 30, alpha), np.uint8))
    assert max_error(exact_stack(source, guess_layers(source)), source) == 0


@pytest.mark.parametrize(
    ("lit", "dim", "one_material"),
    [
        ((93, 6, 10), (80, 12, 16), True),  # skin and its shade
        ((98, 1, -1), (84, 4, -10), True),  # white cloth, bluish shade
        ((45, 25, 20), (32, 22, 14), True),  # brown hair
        ((93, 6, 10), (98, 0, 0), False),  # skin and white cloth
        ((93, 6, 10), (56, 1, -20), False),  # skin and a blue jacket
        ((93, 6, 10), (15, 2, 2), False),  # skin and black hair
        ((68, 48, 24), (93, 6, 10), False),  # pink hair and skin
    ],
)
def test_what_passes_for_shade(lit, dim, one_material):
    cost = shade_cost(np.array(lit, float), np.array(dim, float))
    assert (cost <= 1) is one_material
    assert cost == shade_cost(np.array(dim, float), np.array(lit, float))


def ruled(size, width):
    """White paper with dark lines of one width."""
    paper = np.full((size, size, 4), 255, np.uint8)
    for x in range(size // 8, size, size // 8):
        paper[:, x : x + width, :3] = INK
    return paper


@pytest.mark.parametrize(("size", "width", "widest"), [(720, 2, 2), (720, 5, 7), (1200, 9, 11), (4096, 4, 10)])
def test_the_pen_is_measured_and_grows_with_the_figure(size, width, widest):
    pen = Pen.of(ruled(size, width), size)
    assert pen.widest == widest
    assert 2 * pen.widest + 1 > width


def test_a_close_up_is_taken_apart_like_the_whole_figure(drawing):
    """Cut out and enlarged: strokes are wider and edges softer, the layers stay what they are."""
    cut = drawing[50:350, 50:350]
    large = cv2.resize(cut, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    large = clear_hidden(large)
    stack = exact_stack(large, guess_layers(large))
    found = probe(stack, large)
    assert found.max_error == 0
    assert found.flat_line_energy < 0.1
    for y, x in ((300, 300), (630, 660)):
        assert np.abs(stack["flat"].rgba[y, x, :3].astype(int) - SKIN).max() <= 6


def test_probes_want_a_rendering_stack(stack, drawing):
    with pytest.raises(StackError, match="not a rendering stack"):
        probe(stack.replace(layers=stack.layers[:2]), drawing)


def test_probes_see_what_is_wrong(drawing, stack):
    """Each spoiled guess moves the probe that is meant for it."""
    good, guess = probe(stack, drawing), guess_layers(drawing)
    lined = RenderingGuess(drawing[..., :3], np.zeros_like(drawing), drawing[..., :3])
    assert probe(exact_stack(drawing, lined), drawing).flat_line_energy > 0.9 > good.flat_line_energy
    greedy = np.dstack([drawing[..., :3], drawing[..., 3]])
    spoiled = probe(exact_stack(drawing, RenderingGuess(guess.flat, greedy, guess.base)), drawing)
    assert spoiled.line_leak > 0.5 > good.line_leak
    checks = (np.indices(drawing.shape[:2]).sum(axis=0) // 8 % 2 * 20).astype(np.uint8)
    patchy = RenderingGuess(guess.flat - np.minimum(guess.flat, checks[..., None]), guess.line, guess.base)
    assert probe(exact_stack(drawing, patchy), drawing).flat_seams > 0.5 > good.flat_seams


def test_a_gradient_is_one_flat():
    """Even one that turns from blue to peach: no edge, no border."""
    t = np.linspace(0, 1, 500)[:, None, None]
    sky = (np.array([90, 140, 220]) * (1 - t) + np.array([250, 220, 200]) * t) * np.ones((500, 300, 1))
    source = np.dstack([sky, np.full((500, 300), 255)]).astype(np.uint8)
    assert len(np.unique(guess_layers(source).flat.reshape(-1, 3), axis=0)) == 1


def test_a_mosaic_of_thousands_of_regions_does_not_take_ages():
    """Merging looks again only at borders that changed; looking at all of them took 7 minutes at 1024 × 1024."""
    tiles = np.clip(128 + np.random.default_rng(0).integers(-12, 12, (86, 86, 3)), 0, 255).astype(np.uint8)
    mosaic = np.repeat(np.repeat(tiles, 6, axis=0), 6, axis=1)
    source = np.dstack([mosaic, np.full(mosaic.shape[:2], 255, np.uint8)])
    start = time.process_time()
    guess_layers(source)
    assert time.process_time() - start < 10
