"""The rasteriser: areas in closed form, gradients by finite differences, resvg; and what refining makes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawing import needs
from inked import BLUE, INK, WHITE, drawn, face

from animelayers.color import matte
from animelayers.vector.drawing import Curves, Drawing, Shape
from animelayers.vector.svg_out import document, paths
from animelayers.vector.trace import trace


@pytest.fixture(autouse=True, scope="module")
def _torch():
    pytest.importorskip("torch").set_num_threads(1)


def polygon(*points: tuple[float, float]) -> Curves:
    start = np.array(points, float)
    end = np.roll(start, -1, axis=0)
    return np.stack([start, start + (end - start) / 3, end - (end - start) / 3, end], axis=1)


def box(top: float, left: float, bottom: float, right: float) -> Curves:
    return polygon((left, top), (right, top), (right, bottom), (left, bottom))


def circle(x: float, y: float, r: float) -> Curves:
    k = 0.5522847
    turn = np.array([[1, 0], [1, k], [k, 1], [0, 1]])
    quarters = [turn @ np.array([[c, s], [-s, c]]) for c, s in ((1, 0), (0, 1), (-1, 0), (0, -1))]
    return np.array(quarters) * r + (x, y)


def covered(*curves: Curves, size: tuple[int, int] = (20, 24)) -> np.ndarray:
    import torch

    from animelayers.vector.rasterise import Box, coverage

    points = torch.tensor(np.concatenate(curves), dtype=torch.float64)
    return coverage(points, Box(0, 0, *size)).numpy()


def test_a_box_covers_its_area_of_every_pixel():
    found = covered(box(2.25, 3.5, 7.75, 9.125))
    rows = np.clip(np.minimum(np.arange(20) + 1, 7.75) - np.maximum(np.arange(20), 2.25), 0, 1)
    columns = np.clip(np.minimum(np.arange(24) + 1, 9.125) - np.maximum(np.arange(24), 3.5), 0, 1)
    assert np.abs(found - np.outer(rows, columns)).max() < 1e-9


def test_a_circle_covers_its_area_and_a_hole_takes_away():
    assert covered(circle(11.3, 9.6, 7)).sum() == pytest.approx(np.pi * 49, rel=1e-3)
    ring = covered(circle(11.3, 9.6, 7), circle(11.3, 9.6, 3)[::-1, ::-1])
    assert ring.sum() == pytest.approx(np.pi * 40, rel=1e-3)
    assert ring[9, 11] == 0


def test_what_lies_outside_of_the_box_counts_as_it_should():
    found = covered(box(-5, -7, 8, 6))
    assert np.abs(found[:8, :6] - 1).max() < 1e-9
    assert np.abs(found).sum() == pytest.approx(48)


def test_gradients_are_those_of_finite_differences():
    import torch

    from animelayers.vector.rasterise import Box, coverage

    rng = np.random.default_rng(0)
    points = torch.tensor(circle(9.37, 8.21, 5.3) + rng.normal(0, 0.4, (4, 4, 2)), dtype=torch.float64)
    weight = torch.tensor(np.add.outer(np.arange(20) ** 2, 3.0 * np.arange(24)) / 100)

    def value(curves: torch.Tensor) -> torch.Tensor:
        # The start of a curve is the end of the one before, so that the outline stays closed.
        closed = torch.cat([curves[:, :3], torch.roll(curves[:, :1], -1, 0)], 1)
        return (coverage(closed, Box(0, 0, 20, 24)) * weight).sum()

    points.requires_grad_()
    value(points).backward()
    step = 1e-4
    for at in ((0, 0, 0), (1, 1, 1), (2, 2, 0), (3, 0, 1)):
        moved = torch.zeros_like(points)
        moved[at] = step
        with torch.no_grad():
            slope = (value(points + moved) - value(points - moved)) / (2 * step)
        assert float(points.grad[at]) == pytest.approx(float(slope), rel=0.03, abs=0.02)


def test_shapes_are_laid_over_each_other():
    import torch

    from animelayers.vector.rasterise import Composite

    cover = torch.tensor([1.0, 0.5, 0.25], dtype=torch.float64, requires_grad=True)
    colours = torch.tensor([[1.0, 0, 0, 1], [0, 0, 1, 0.5]], dtype=torch.float64, requires_grad=True)
    at = [torch.tensor([0, 1]), torch.tensor([1])]
    ground = torch.zeros(2, 3, dtype=torch.float64)
    out = Composite.apply(cover, colours, at, ground)
    assert out.tolist() == [[1, 0, 0], [0.5 * 0.875, 0, 0.125]]
    assert torch.autograd.gradcheck(lambda a, b: Composite.apply(a, b, at, ground), (cover, colours))


def test_it_agrees_with_resvg():
    needs("resvg_py")
    rng = np.random.default_rng(5)
    shapes = []
    for _ in range(12):
        middle, radius = rng.uniform(5, 35, 2), rng.uniform(3, 14)
        wavy = circle(0, 0, radius) + rng.normal(0, 0.03 * radius, (4, 4, 2))
        wavy[:, 3] = np.roll(wavy[:, 0], -1, axis=0)
        shapes.append(Shape((0, 0, 0), (np.round(wavy + middle, 2),)))
    for shape in shapes:
        svg = document((40, 40), paths(Drawing(40, 40, (shape,)), decimals=2), title="", about="", provenance="")
        theirs = drawn(svg)[..., 3] / 255
        assert np.abs(covered(shape.curves[0], size=(40, 40)) - theirs).max() < 0.13  # resvg counts samples
        assert np.abs(covered(shape.curves[0], size=(40, 40)) - theirs).mean() < 0.004


def test_visible_areas_are_equations_1_and_2():
    from animelayers.vector.refine import pruned, visible_areas

    shapes = (
        Shape(WHITE, (box(0, 0, 10, 10),)),
        Shape(INK, (box(2, 2, 4, 4),)),  # hidden but for what shows through
        Shape(BLUE, (box(2, 2, 6, 6),), opacity=0.5),
        Shape(INK, (box(4, 4, 6, 6),)),
    )
    drawing = Drawing(10, 10, shapes)
    # 100 − 16 outside of all; 12 px under half of blue, 4 of them under ink wholly, and 4 wholly under the last.
    assert visible_areas(drawing) == pytest.approx([84 + 0.5 * 8, 2, 0.5 * 12, 4], abs=1e-4)
    assert pruned(drawing, 3.0).shapes == (shapes[0], shapes[2], shapes[3])


def test_refining_comes_closer_and_keeps_a_palette():
    from animelayers.vector.refine import _Scene, refine

    rgba = face()
    rough = trace(rgba, bound=0.8)
    before = _Scene(rough, rgba).loss().item()
    better = refine(rough, rgba, 25)
    assert _Scene(better, rgba).loss().item() < 0.6 * before
    kept = refine(rough, rgba, 5, colours=False)
    assert [shape.fill for shape in kept.shapes] == [shape.fill for shape in rough.shapes]


def test_outlines_stay_closed_and_no_step_changes_nothing():
    from animelayers.vector.refine import refine

    drawing = trace(face())
    for shape in refine(drawing, face(), 3).shapes:
        for curves in shape.curves:
            assert (curves[:, 3] == np.roll(curves[:, 0], -1, axis=0)).all()
    assert refine(drawing, face(), 0).shapes == drawing.shapes


def test_colours_find_the_picture_s():
    from animelayers.vector.refine import refine

    drawing = trace(face())
    wrong = replace(drawing.shapes[1], fill=(230, 200, 180))
    off = replace(drawing, shapes=(drawing.shapes[0], wrong, *drawing.shapes[2:]))
    found = refine(off, face(), 60).shapes[1].fill
    assert np.abs(np.subtract(found, drawing.shapes[1].fill)).max() < 8
    assert matte(face())[40, 50].tolist() == list(drawing.shapes[1].fill)
