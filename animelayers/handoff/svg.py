"""SVG: one group a layer in the order of drawing, named as in a PSD, traced into flats of Bézier curves.

Curves are no pixels: what a file draws is near the stack, not equal to it; `exact` embeds the pixels instead. Programs
that show groups as layers (Inkscape) and those that do not (Illustrator, browsers) draw the same.

A layer of another mode than Normal is traced as it acts: laid on the level that its mode leaves alone (white for
Multiply, black for Screen), where its soft alpha becomes opaque colours that do the same over anything opaque. A Normal
layer keeps its alpha: flats that one can see through, of a few opacities, where it is soft.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from animelayers import __version__
from animelayers.composite import NEUTRAL, on_canvas
from animelayers.handoff.files import replacing
from animelayers.handoff.naming import Entry, entries
from animelayers.handoff.png import encode_png
from animelayers.parts import Preset
from animelayers.raster import trimmed
from animelayers.stack import Blend, Layer, LayerStack, Provenance
from animelayers.vector.drawing import Drawing
from animelayers.vector.svg_out import document, layer, paths
from animelayers.vector.trace import trace

ABOUT = f"animelayers {__version__}"


def write_svg(stack: LayerStack, path: Path, *, names: Preset = Preset.SEE_THROUGH, exact: bool = False) -> None:
    """Write `stack` as SVG. Same stack, same bytes.

    Args:
        stack: what to write.
        path: a file.
        names: whose layer names the file carries.
        exact: embed the pixels of every layer, as PNG, instead of curves.

    Raises:
        PictureError: a layer is too large to be traced.
        OutputError: the file cannot be written.
    """
    body = [_element(entry, stack.size, exact=exact) for entry in entries(stack, names)]
    _write(Path(path), stack.size, body, stack.provenance)


def write_drawing(drawing: Drawing, path: str | Path, *, name: str, provenance: Provenance | None = None) -> None:
    """Write a drawing as SVG with one layer.

    Args:
        drawing: what to write.
        path: a file.
        name: of the layer.
        provenance: how the drawing was made.

    Raises:
        OutputError: the file cannot be written.
    """
    body = [layer(paths(drawing), id="drawing", label=name)]
    _write(Path(path), (drawing.height, drawing.width), body, provenance)


def _write(path: Path, size: tuple[int, int], body: list[str], made: Provenance | None) -> None:
    record = json.dumps(made.as_dict() if made is not None else {}, sort_keys=True)
    title = (made.source_name if made is not None else "") or path.stem
    content = document(size, body, title=title, about=ABOUT, provenance=record)
    with replacing(path) as temporary:
        temporary.write_text(content, encoding="utf-8", newline="\n")


def _element(entry: Entry, canvas: tuple[int, int], *, exact: bool) -> str:
    """A layer, or a group with what it holds."""
    if entry.layer is None:
        body = [_element(child, canvas, exact=exact) for child in entry.children]
        return layer(body, id=_id(entry), label=entry.shown)
    one = entry.layer
    return layer(
        _embedded(one) if exact else _traced(one, canvas),
        id=_id(entry),
        label=entry.shown,
        blend="" if one.blend is Blend.NORMAL else one.blend.value,
        opacity=one.opacity,
        visible=one.visible,
    )


def _id(entry: Entry) -> str:
    """Slugs may begin with a digit, names of XML may not; none begins with `_`."""
    return entry.slug if entry.slug[0].isalpha() else f"_{entry.slug}"


def _traced(one: Layer, canvas: tuple[int, int]) -> list[str]:
    """What shows on the canvas, as paths."""
    cut = trimmed(one.replace(rgba=on_canvas(one, canvas), top=0, left=0))
    if not cut.rgba.size:
        return []
    drawing = trace(cut.rgba, neutral=NEUTRAL.get(one.blend))
    place = np.array([cut.left, cut.top])
    moved = [replace(shape, curves=tuple(curve + place for curve in shape.curves)) for shape in drawing.shapes]
    return paths(replace(drawing, shapes=tuple(moved)))


def _embedded(one: Layer) -> Iterator[str]:
    cut = trimmed(one)
    if cut.rgba.size:
        coded = base64.b64encode(encode_png(cut.rgba)).decode("ascii")
        box = f'x="{cut.left}" y="{cut.top}" width="{cut.width}" height="{cut.height}"'
        yield f'<image {box} xlink:href="data:image/png;base64,{coded}"/>'
