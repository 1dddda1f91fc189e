"""Tracing: what is drawn again is the picture, within what flats can say; engines; errors."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from drawing import needs
from inked import BLUE, INK, SKIN, WHITE, averaged, disc, drawn, face, grid

from animelayers.color import matte
from animelayers.errors import DataError, MissingPackageError, PictureError
from animelayers.evaluation.similarity import psnr
from animelayers.vector import engines
from animelayers.vector import trace as trace_module
from animelayers.vector.drawing import Drawing
from animelayers.vector.engines import traced
from animelayers.vector.svg_out import document, paths
from animelayers.vector.trace import trace


def text(drawing: Drawing) -> str:
    return document((drawing.height, drawing.width), paths(drawing), title="", about="", provenance="{}")


def likeness(drawing: Drawing, rgba) -> float:
    needs("resvg_py")
    return psnr(matte(drawn(text(drawing))), matte(rgba), 255)


def test_a_flat_picture_comes_back():
    drawing = trace(face())
    assert [shape.fill for shape in drawing.shapes] == [WHITE, SKIN, BLUE, INK]
    assert likeness(drawing, face()) > 32


def test_one_path_a_flat_and_few_curves():
    drawing = trace(face())
    assert [len(shape.curves) for shape in drawing.shapes] == [1, 1, 1, 3]  # the ring, its inside, the line
    assert drawing.segments < 45


def test_the_rim_of_a_cut_out_is_its_alpha():
    needs("resvg_py")
    rgba = disc()
    (shape,) = trace(rgba).shapes
    assert (shape.fill, shape.opacity) == (BLUE, 1)
    again = drawn(text(trace(rgba)))
    assert np.abs(again[..., 3].astype(int) - rgba[..., 3]).max() < 80
    assert abs(int(again[..., 3].sum()) - int(rgba[..., 3].sum())) < 0.005 * rgba[..., 3].sum()


def test_soft_alpha_becomes_a_few_opacities():
    needs("resvg_py")
    x, _ = grid(40, 90)
    rgba = np.zeros((40, 90, 4), np.uint8)
    rgba[..., :3] = BLUE
    rgba[..., 3] = np.rint(averaged(np.clip((x - 10) / 70, 0, 1)) * 255)
    drawing = trace(rgba)
    assert len({shape.opacity for shape in drawing.shapes}) >= 4
    assert all(np.abs(np.array(shape.fill) - BLUE).max() < 12 for shape in drawing.shapes)
    off = drawn(text(drawing))[..., 3].astype(int) - rgba[..., 3]
    assert np.abs(off).mean() < 16


def test_on_a_neutral_ground_alpha_becomes_colour():
    rgba = np.zeros((30, 30, 4), np.uint8)
    rgba[8:22, 8:22] = (100, 0, 0, 128)
    (shape,) = trace(rgba, neutral=255).shapes
    assert shape.opacity == 1
    assert np.abs(np.array(shape.fill) - (177, 127, 127)).max() <= 1


def test_one_colour_is_one_rectangle():
    rgba = np.full((17, 23, 4), 255, np.uint8)
    rgba[..., :3] = SKIN
    drawing = trace(rgba)
    assert [shape.fill for shape in drawing.shapes] == [SKIN]
    assert '<path fill="#fadcc8" d="M0 0h23v17h-23v-17z"/>' in text(drawing)


def test_nothing_gives_no_shape():
    assert trace(np.zeros((9, 9, 4), np.uint8)).shapes == ()


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (2, 3), (300, 2)])
def test_tiny_pictures(size):
    rng = np.random.default_rng(3)
    rgba = rng.integers(0, 256, (*size, 4), dtype=np.uint8)
    trace(rgba)
    rgba[..., 3] = 255
    assert trace(rgba).shapes


def test_noise_is_traced_too():
    rgba = np.random.default_rng(1).integers(0, 256, (64, 64, 4), dtype=np.uint8)
    assert trace(rgba).shapes


@pytest.mark.parametrize("neutral", [None, 0, 255])
def test_curves_of_anything_stay_on_the_canvas(neutral):
    rng = np.random.default_rng(7)
    t = np.linspace(0, 1, 9)[:, None]
    weights = np.concatenate([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3], axis=1)
    for _ in range(6):
        height, width = rng.integers(5, 50, 2)
        rgba = np.repeat(np.repeat(rng.integers(0, 256, (height, width, 4), dtype=np.uint8), 2, axis=0), 3, axis=1)
        for shape in trace(rgba, neutral=neutral).shapes:
            for curves in shape.curves:
                points = np.einsum("sk,nkd->nsd", weights, curves)
                assert points.min() > -1.5
                assert (points.max(axis=(0, 1)) < (3 * width + 1.5, 2 * height + 1.5)).all()


def test_the_same_picture_gives_the_same_text():
    assert text(trace(face())) == text(trace(face()))


def test_huge_pictures_are_refused(monkeypatch):
    monkeypatch.setattr(trace_module, "MAX_PIXELS", 5000)
    with pytest.raises(PictureError, match="too many to trace") as caught:
        trace(face())
    assert caught.value.hint


def test_a_wider_bound_makes_a_shorter_file():
    assert len(text(trace(face(), bound=1.0))) < len(text(trace(face(), bound=0.15)))


def test_vtracer_is_another_engine():
    needs("vtracer")
    drawing = traced(face(), "vtracer")
    assert (drawing.height, drawing.width) == (96, 80)
    assert likeness(drawing, face()) > 18
    with pytest.raises(DataError, match="chooses the colours itself"):
        traced(face(), "vtracer", 4)


def test_engines_that_are_not_there_say_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "vtracer", None)
    monkeypatch.setattr(engines.shutil, "which", lambda _: None)
    for engine in ("vtracer", "potrace"):
        with pytest.raises(MissingPackageError) as caught:
            traced(face(), engine)
        assert caught.value.hint


POTRACE = """#!{python}
import sys
data = sys.stdin.buffer.read()
width, height = map(int, data.split(b"\\n")[1].split())
assert "--svg" in sys.argv and len(data.split(b"\\n", 2)[2]) == height * ((width + 7) // 8)
print('<svg xmlns="http://www.w3.org/2000/svg" width="%dpt" height="%dpt" viewBox="0 0 %d %d">' % (2 * (width, height)))
print('<g transform="translate(0,%d) scale(0.1,-0.1)"><path d="M0 0h%dv%dh-%dz"/></g></svg>'
      % (height, 10 * width, 10 * height, 10 * width))
"""


@pytest.fixture
def potrace(tmp_path: Path, monkeypatch) -> Path:
    """A program that takes every bitmap for full."""
    program = tmp_path / "potrace"
    program.write_text(POTRACE.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return program


def test_potrace_is_run_for_every_colour(potrace):
    drawing = traced(face(), "potrace")
    assert [shape.fill for shape in drawing.shapes] == [WHITE, SKIN, BLUE, INK]
    box = drawing.shapes[0].curves[0].reshape(-1, 2)
    assert box.min(axis=0).tolist() == [0, 0]
    assert box.max(axis=0).tolist() == [80, 96]


def test_potrace_that_fails_says_so(potrace):
    potrace.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(DataError, match="potrace failed"):
        traced(face(), "potrace")
