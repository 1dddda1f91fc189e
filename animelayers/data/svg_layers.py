"""An SVG → a picture and its index map: which of the painted layers shows at each pixel, back to front.

As in Illustrator's Depth (Illustrator's Depth, CVPR 2026, §3): every fill and every stroke is a layer, the stroke above
its fill; consecutive layers of one paint are one; a drawing in which other layers of one paint meet visibly is
ambiguous and left out. The index is painted as a false colour (red + 256 green + 65536 blue) and rendered without
anti-aliasing; what is left over of opacity counts as opaque, so a translucent shadow is a layer like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import numpy.typing as npt
from PIL import ImageColor

from animelayers.color import clear_hidden
from animelayers.data.svg_tree import expanded, parsed
from animelayers.errors import DataError, MissingPackageError
from animelayers.handoff.png import decode_png
from animelayers.stack import Rgba

Index = npt.NDArray[np.uint16]
"""uint16 [h, w]: 0 where nothing is painted, then 1, 2, … back to front, every number in use."""

AMBIGUOUS = 4 / 128
"""Pixel pairs of one paint and two layers that are let pass, per pixel of the side."""
FEWEST = 3
"""Layers that show, the empty ground included, of a drawing that teaches anything."""
FAINTEST = 0.02
"""Opacity from which paint is a layer."""

_SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"}
_SILENT = {"defs", "clipPath", "linearGradient", "radialGradient", "title", "desc"}
_KNOWN = _SHAPES | _SILENT | {"svg", "g", "use", "stop"}
_INHERITED = ("fill", "stroke", "fill-opacity", "stroke-opacity")
_REPAINTED = (*_INHERITED, "opacity", "mix-blend-mode", "isolation", "shape-rendering")
_UNREADABLE = ("mask", "filter", "paint-order", "marker-start", "marker-mid", "marker-end")

Paint = tuple[Any, ...]
"""Colour or gradient, and opacity to two digits: what two layers have to share to be one."""


@dataclass(frozen=True, slots=True, eq=False)
class SvgLayers:
    """A drawing whose order of painting is known."""

    picture: Rgba
    index: Index
    shapes: int
    """Fills and strokes."""
    layers: int
    """What is left of them where consecutive ones of one paint are one."""
    ambiguity: int
    """Neighbouring pixels of different layers and one paint: borders that nobody can see."""


def svg_layers(text: str, size: int) -> SvgLayers:
    """Render a drawing and its index map, `size` × `size` px, fitted and centred.

    Raises:
        DataError: it is not safe to read (`svg_tree`), or holds what has no place in an order of paint: masks, filters,
            pictures, text, patterns, styles by class, an unknown paint.
        MissingPackageError: resvg-py is not installed.
    """
    root = parsed(text)
    _refuse_unknown(root)
    root.set("xmlns", "http://www.w3.org/2000/svg")
    root.set("width", str(size))
    root.set("height", str(size))
    expanded(root)
    picture = rendered(root, size)
    painted = _Painted(root)
    code = rendered(root, size, crisp=True).astype(np.uint32)
    index = code[..., 0] + 256 * code[..., 1] + 65536 * code[..., 2]
    if not np.isin(code[..., 3], (0, 255)).all() or index.max(initial=0) > len(painted.paints):
        raise DataError("the rasteriser mixed the false colours of two layers")
    ambiguity = _ambiguity(index, painted.paints)
    return SvgLayers(clear_hidden(picture), dense(index), painted.shapes, len(painted.paints), ambiguity)


def curated(text: str, size: int) -> SvgLayers:
    """As `svg_layers`, of a drawing fit to learn from.

    Raises:
        DataError: also if fewer than `FEWEST` layers show, or borders between layers of one paint do not.
    """
    made = svg_layers(text, size)
    if len(np.unique(made.index)) < FEWEST:
        raise DataError(f"fewer than {FEWEST} layers show")
    if made.ambiguity > AMBIGUOUS * size:
        raise DataError("layers of one paint overlap")
    return made


def dense(index: npt.NDArray[Any]) -> Index:
    """Non-negative integers [h, w] → their ranks, with 0 kept for 0: layers that do not show leave no gaps."""
    shown = np.unique(index)
    return np.searchsorted(shown[shown > 0], index, side="right").astype(np.uint16)


def rendered(root: ET.Element, size: int, *, crisp: bool = False) -> Rgba:
    """Render a tree of `svg_tree` at `size` × `size` px; `crisp`: without anti-aliasing.

    Raises:
        DataError: the rasteriser refuses it.
        MissingPackageError: resvg-py is not installed.
    """
    try:
        from resvg_py import svg_to_bytes
    except ImportError as error:
        raise MissingPackageError("SVG needs resvg-py", hint='pip install "animelayers[avatars]"') from error
    edges: Any = "crisp_edges" if crisp else "geometric_precision"
    text = ET.tostring(root, "unicode")
    try:
        data = svg_to_bytes(svg_string=text, width=size, height=size, skip_system_fonts=True, shape_rendering=edges)
    except ValueError as error:
        raise DataError(f"it cannot be rendered: {error}") from error
    return decode_png(bytes(data), "the drawing")


def _refuse_unknown(root: ET.Element) -> None:
    for element in root.iter():
        if element.tag not in _KNOWN or (element.tag == "svg" and element is not root):
            raise DataError(f"it has a <{element.tag}>")
        for name in _UNREADABLE:
            if element.get(name, "none") not in ("none", "normal"):
                raise DataError(f"it has a {name}")


class _Painted:
    """Repaints a tree with the numbers of its layers, which are counted from 1."""

    def __init__(self, root: ET.Element) -> None:
        self.paints: list[Paint] = []
        """Of every layer."""
        self.shapes = 0
        self._walk(root, {}, 1.0)

    def _walk(self, element: ET.Element, inherited: dict[str, str], opacity: float) -> None:
        if element.tag in _SILENT or element.get("display") == "none":
            return
        own = {**inherited, **{name: element.attrib[name] for name in _INHERITED if name in element.attrib}}
        opacity *= _number(element.get("opacity", "1"))
        for name in _REPAINTED:
            element.attrib.pop(name, None)
        if element.tag in _SHAPES:
            for which, default in (("fill", "black"), ("stroke", "none")):
                element.set(which, "none")
                colour, alpha = _paint(own.get(which, default))
                alpha *= opacity * _number(own.get(f"{which}-opacity", "1"))
                if colour is not None and alpha > FAINTEST and (element.tag, which) != ("line", "fill"):
                    element.set(which, self._code((colour, round(alpha, 2))))
        for child in element:
            self._walk(child, own, opacity)

    def _code(self, paint: Paint) -> str:
        self.shapes += 1
        if not self.paints or self.paints[-1] != paint:
            self.paints.append(paint)
        index = len(self.paints)
        return f"#{index % 256:02x}{index // 256 % 256:02x}{index // 65536:02x}"


def _paint(value: str) -> tuple[Any, float]:
    """Colour or gradient, None for none, and its own opacity."""
    value = value.strip()
    if value in ("none", "transparent"):
        return None, 0.0
    if value.startswith("url("):
        return value, 1.0
    try:
        red, green, blue, *alpha = ImageColor.getrgb("black" if value == "currentColor" else value)
    except ValueError as error:
        raise DataError(f"a paint that is no colour: {value[:40]!r}") from error
    return (red, green, blue), alpha[0] / 255 if alpha else 1.0


def _number(value: str) -> float:
    try:
        number = float(value[:-1]) / 100 if value.endswith("%") else float(value)
    except ValueError as error:
        raise DataError(f"an opacity that is no number: {value[:40]!r}") from error
    return min(max(number, 0.0), 1.0) if number == number else 0.0


def _ambiguity(index: npt.NDArray[np.uint32], paints: list[Paint]) -> int:
    """Pairs of neighbouring pixels whose layers differ and whose paints do not."""
    numbers = {paint: number for number, paint in enumerate(dict.fromkeys(paints), 1)}
    paint = np.array([0, *(numbers[paint] for paint in paints)])[index]
    sides = (np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])
    return sum(int(((index[a] != index[b]) & (paint[a] == paint[b])).sum()) for a, b in sides)
