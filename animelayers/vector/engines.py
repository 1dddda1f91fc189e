"""Ways to trace a picture: our own, and two programs that who has them may choose."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import premultiplied
from animelayers.errors import DataError, MissingPackageError
from animelayers.raster import Mask
from animelayers.stack import Rgba
from animelayers.vector import Engine
from animelayers.vector.drawing import Curves, Drawing, Shape
from animelayers.vector.labels import label_picture
from animelayers.vector.layering import sheets
from animelayers.vector.ordering import ordered
from animelayers.vector.svg_in import read_svg
from animelayers.vector.trace import CLEAR, refuse_huge, trace

FINER = 2
"""Bitmaps for potrace are so many times finer than the picture: it sees black and white alone."""

SECONDS = 120
"""That potrace may take for one colour."""


def traced(
    rgba: Rgba,
    engine: Engine,
    colours: int | str | None = None,
    depth: npt.NDArray[np.float32] | None = None,
) -> Drawing:
    """A picture as a drawing.

    Args:
        rgba: uint8 [h, w, 4], straight alpha.
        engine: `trace` is ours; `vtracer` is a Python package, `potrace` a program.
        colours: see `trace.trace`; vtracer chooses its own.
        depth: see `trace.trace`; of our own engine alone.

    Raises:
        PictureError: the picture is too large.
        DataError: the engine cannot do that, or fails.
        MissingPackageError: the engine is not installed.
    """
    if depth is not None and engine != "trace":
        raise DataError(f"{engine} has an order of its own", hint="leave --order out, or --engine trace")
    refuse_huge(rgba)
    ways: dict[Engine, Callable[[Rgba, int | str | None], Drawing]] = {
        "trace": lambda picture, count: trace(picture, colours=count, depth=depth),
        "vtracer": _vtracer,
        "potrace": _potrace,
    }
    return ways[engine](rgba, colours)


def _vtracer(rgba: Rgba, colours: int | str | None) -> Drawing:
    if colours is not None:
        raise DataError("vtracer chooses the colours itself", hint="leave --colours out, or --engine trace")
    try:
        import vtracer
    except ImportError as error:
        raise MissingPackageError("vtracer is not installed", hint='pip install "animelayers[vtracer]"') from error
    _, coded = cv2.imencode(".png", cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA))
    found = read_svg(vtracer.convert_raw_image_to_svg(coded.tobytes(), img_format="png").encode())
    shapes = [Shape(_rgb(shape.paint.get("fill", "")), shape.curves) for shape in found.shapes if shape.curves]
    return Drawing(rgba.shape[0], rgba.shape[1], tuple(shapes))


def _rgb(written: str) -> tuple[int, int, int]:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", written):
        raise DataError(f"vtracer gave the colour {written!r}, #rrggbb was wanted", hint="--engine trace")
    return int(written[1:3], 16), int(written[3:5], 16), int(written[5:], 16)


def _potrace(rgba: Rgba, colours: int | str | None) -> Drawing:
    program = shutil.which("potrace")
    if program is None:
        raise MissingPackageError(
            "there is no program potrace", hint="install potrace (potrace.sourceforge.net), or --engine trace"
        )
    height, width = rgba.shape[:2]
    labels, order = ordered(label_picture(premultiplied(rgba), ground=CLEAR, colours=colours))
    shapes = []
    for sheet in sheets(labels, order):
        fine = cv2.resize(sheet.field, None, fx=FINER, fy=FINER, interpolation=cv2.INTER_LINEAR) >= 0.5
        found = _potraced(program, fine)
        curves = tuple(curve / FINER + (sheet.left, sheet.top) for curve in found)
        if curves:
            fill, opacity = labels.paint(sheet.label)
            shapes.append(Shape(fill, curves, opacity))
    return Drawing(height, width, tuple(shapes))


def _potraced(program: str, mask: Mask) -> list[Curves]:
    """What the program makes of a bitmap, px of the bitmap, y down."""
    height, width = mask.shape
    bitmap = b"P4\n%d %d\n" % (width, height) + np.packbits(mask, axis=1).tobytes()
    command = [program, "--svg", "--flat", "--turdsize", "2", "--output", "-", "-"]
    try:
        done = subprocess.run(command, input=bitmap, capture_output=True, timeout=SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise DataError(f"potrace failed: {error}", hint="--engine trace") from error
    return [curve for shape in read_svg(done.stdout).shapes for curve in shape.curves]
