"""Reading SVG safely: its size, how much is drawn in it, its paths as curves.

A file is refused that could be dangerous to draw: entities (which may expand without end, or name files), references to
anything outside of the file, scripts, elements nested too deeply, `use` that draws more than it seems, too much of
anything.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

import numpy as np
import numpy.typing as npt

from animelayers.errors import FormatError
from animelayers.vector.drawing import Curves
from animelayers.vector.path_in import parse_path

MAX_BYTES = 1 << 26
MAX_DEPTH = 100
MAX_ELEMENTS = 200_000
"""Also of shapes that are drawn, those that `use` repeats counted each time."""
MAX_SIDE = 100_000
"""Px."""

SHAPES = frozenset(("path", "rect", "circle", "ellipse", "line", "polyline", "polygon"))
UNSEEN = frozenset(("defs", "clipPath", "mask", "symbol", "marker", "pattern", "metadata"))
"""What these hold is not drawn where it stands."""

Matrix = npt.NDArray[np.float64]
"""float64 [2, 3]: `(x, y)` → matrix[:, :2] @ (x, y) + matrix[:, 2]."""

_INK = ("fill", "fill-opacity", "stroke", "opacity")
_LOCAL = re.compile(r"\s*(#|data:image/(png|jpeg|webp|gif);base64,)", re.IGNORECASE)
_OUTSIDE = re.compile(r"url\(\s*['\"]?\s*(?!#)[^)\s]|@import|expression\(", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_PX = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """One basic shape of a file, where it stands."""

    kind: str
    """`path`, `rect`, `circle` …"""
    curves: tuple[Curves, ...]
    """In units of the view box."""
    paint: dict[str, str]
    """`fill`, `fill-opacity`, `stroke`, `opacity` as written, its own or inherited; `opacity` its own."""


@dataclass(frozen=True, slots=True, eq=False)
class SvgFile:
    """What a file says."""

    height: float
    """Px, as `width`."""
    width: float
    shapes: tuple[Drawn, ...]
    """In the order of drawing, bottom → top; those in `defs` and the like are left out, `use` is not expanded."""
    drawn: int
    """Basic shapes that are drawn, those that `use` repeats counted each time."""
    layers: tuple[str, ...]
    """Names of the groups that Inkscape shows as layers, bottom → top."""

    @property
    def paths(self) -> int:
        """`<path>` elements among the shapes."""
        return sum(shape.kind == "path" for shape in self.shapes)


def read_svg(source: Path | bytes) -> SvgFile:
    """Read a file, or its bytes.

    Raises:
        FormatError: it is no SVG, is damaged, or could be dangerous to draw.
    """
    name = source.name if isinstance(source, Path) else "the SVG"
    if isinstance(source, Path):
        try:
            large = source.stat().st_size > MAX_BYTES
            data = b"" if large else source.read_bytes()
        except OSError as error:
            raise FormatError(f"{source} cannot be read: {error.strerror}", hint="check the path") from error
    else:
        large, data = len(source) > MAX_BYTES, source
    if large:
        raise FormatError(f"{name} is over {MAX_BYTES >> 20} MB", hint="simplify it")
    root = _Builder(name).built(data)
    if _tag(root) != "svg":
        raise FormatError(f"{name} is no SVG: its root is <{_tag(root)}>", hint="name an .svg file")
    height, width = _size(root, name)
    shapes = tuple(_shapes(root, np.eye(3)[:2], {}))
    label = "{http://www.inkscape.org/namespaces/inkscape}"
    layers = tuple(e.get(label + "label", "") for e in root.iter() if e.get(label + "groupmode") == "layer")
    return SvgFile(height, width, shapes, _count(root, name), layers)


@dataclass(slots=True)
class _Builder:
    """A tree from bytes, refused as soon as something in it is dangerous."""

    name: str
    depth: int = 0
    elements: int = 0
    tree: ET.TreeBuilder = field(default_factory=ET.TreeBuilder)

    def built(self, data: bytes) -> ET.Element:
        parser = expat.ParserCreate(namespace_separator="}")
        parser.EntityDeclHandler = lambda *_: self.refuse("declares entities")
        parser.ExternalEntityRefHandler = lambda *_: self.refuse("wants another file")
        parser.ProcessingInstructionHandler = self.instruction
        parser.StartElementHandler, parser.EndElementHandler = self.start, self.end
        parser.CharacterDataHandler = self.tree.data
        try:
            parser.Parse(data, True)
            return self.tree.close()
        except (expat.ExpatError, AssertionError, ValueError, LookupError) as error:
            if isinstance(error, FormatError):
                raise
            raise FormatError(f"{self.name} is no SVG, or damaged: {error}", hint="save it again") from error

    def instruction(self, target: str, _: str) -> None:
        if target.lower() == "xml-stylesheet":
            self.refuse("wants a style sheet from elsewhere")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth, self.elements = self.depth + 1, self.elements + 1
        if self.depth > MAX_DEPTH:
            self.refuse(f"is nested deeper than {MAX_DEPTH} levels")
        if self.elements > MAX_ELEMENTS:
            self.refuse(f"has over {MAX_ELEMENTS} elements")
        if tag.rpartition("}")[2] == "script":
            self.refuse("has a script")
        for key, value in attributes.items():
            word = key.rpartition("}")[2]
            outside = word in ("href", "src") and value.strip() and not _LOCAL.match(value)
            if (outside and tag.rpartition("}")[2] != "a") or _OUTSIDE.search(value):
                self.refuse(f"refers to something outside of it, {value[:40]!r}")
        self.tree.start(_clark(tag), {_clark(key): value for key, value in attributes.items()})

    def end(self, tag: str) -> None:
        self.depth -= 1
        element = self.tree.end(_clark(tag))
        if _tag(element) == "style" and _OUTSIDE.search(element.text or ""):
            self.refuse("has a style that refers to something outside of it")

    def refuse(self, why: str) -> NoReturn:
        raise FormatError(f"{self.name} {why}, and is not read", hint="save it as Plain SVG, or simplify it")


def _clark(name: str) -> str:
    return "{" + name if "}" in name else name


def _tag(element: ET.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _size(root: ET.Element, name: str) -> tuple[float, float]:
    box = [float(number) for number in _NUMBER.findall(root.get("viewBox", ""))]
    sides = [_length(root.get(side, "")) for side in ("height", "width")]
    if len(box) == 4:
        sides = [found if found is not None else other for found, other in zip(sides, (box[3], box[2]), strict=True)]
    height, width = (100.0 if side is None else side for side in sides)
    if not (0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE):
        raise FormatError(f"{name} is {width:g} × {height:g} px", hint=f"at most {MAX_SIDE} px a side")
    return height, width


def _length(written: str) -> float | None:
    found = re.fullmatch(rf"\s*({_NUMBER.pattern})\s*([a-z]*)\s*", written)
    return float(found[1]) * _PX[found[2]] if found and found[2] in _PX else None


def _count(root: ET.Element, name: str) -> int:
    """Shapes that are drawn; every `use` counts as what it repeats."""
    named = {element.get("id", ""): element for element in root.iter()}
    known: dict[ET.Element, int] = {}
    open_: set[ET.Element] = set()

    def within(element: ET.Element) -> int:
        if element in open_:
            raise FormatError(f"{name} has a use that repeats itself, and is not read", hint="simplify it")
        if element not in known:
            open_.add(element)
            count = int(_tag(element) in SHAPES)
            count += sum(within(child) for child in element if _tag(child) not in UNSEEN)
            target = named.get(_href(element)[1:] or " ") if _tag(element) == "use" else None
            count += within(target) if target is not None else 0
            open_.discard(element)
            if count > MAX_ELEMENTS:
                raise FormatError(f"{name} draws over {MAX_ELEMENTS} shapes, and is not read", hint="simplify it")
            known[element] = count
        return known[element]

    return within(root)


def _href(element: ET.Element) -> str:
    return element.get("href") or element.get("{http://www.w3.org/1999/xlink}href") or "#"


def _shapes(element: ET.Element, matrix: Matrix, paint: dict[str, str]) -> Iterator[Drawn]:
    """What an element and those in it draw."""
    style = dict(part.split(":", 1) for part in element.get("style", "").split(";") if ":" in part)
    own = {key.strip(): value.strip() for key, value in style.items()}
    stated = {key: own[key] if own.get(key) else element.get(key, "") for key in _INK}
    paint = {**paint, "opacity": "", **{key: value for key, value in stated.items() if value}}
    matrix = _times(matrix, element.get("transform", ""))
    tag = _tag(element)
    if tag in SHAPES:
        curves = tuple(curve @ matrix[:, :2].T + matrix[:, 2] for curve in parse_path(_outline(tag, element)))
        yield Drawn(tag, curves, paint)
    for child in element:
        if _tag(child) not in UNSEEN:
            yield from _shapes(child, matrix, paint)


def _outline(tag: str, element: ET.Element) -> str:
    """A basic shape as path text."""
    if tag == "path":
        return element.get("d", "")
    if tag in ("polyline", "polygon"):
        points = element.get("points", "").strip()
        return f"M{points}z" if points else ""
    value = {key: _length(element.get(key, "0")) or 0.0 for key in ("x", "y", "width", "height", "cx", "cy", "r")}
    if tag == "rect":
        return "M{x} {y}h{width}v{height}h-{width}z".format(**value)
    if tag == "line":
        return "M{} {}L{} {}".format(*(_length(element.get(key, "0")) or 0.0 for key in ("x1", "y1", "x2", "y2")))
    rx, ry = (_length(element.get(key, "")) or value["r"] for key in ("rx", "ry"))
    x, y = value["cx"], value["cy"]
    return f"M{x - rx} {y}A{rx} {ry} 0 1 1 {x + rx} {y}A{rx} {ry} 0 1 1 {x - rx} {y}z"


def _times(matrix: Matrix, transform: str) -> Matrix:
    """A matrix with a transform list after it."""
    for kind, written in re.findall(r"(\w+)\s*\(([^)]*)\)", transform):
        v = [float(number) for number in _NUMBER.findall(written)]
        made = _transform(kind, v)
        matrix = matrix[:, :2] @ made + np.column_stack([np.zeros((2, 2)), matrix[:, 2]])
    return matrix


def _transform(kind: str, v: list[float]) -> Matrix:
    turn = np.deg2rad(v[0]) if v else 0.0
    match kind, len(v):
        case "matrix", 6:
            return np.reshape(v, (3, 2)).T
        case "translate", 1 | 2:
            return np.array([[1, 0, v[0]], [0, 1, v[-1] if len(v) == 2 else 0]], float)
        case "scale", 1 | 2:
            return np.array([[v[0], 0, 0], [0, v[-1], 0]], float)
        case "rotate", 1 | 3:
            linear = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
            centre = np.array(v[1:] or [0, 0], float)
            return np.column_stack([linear, centre - linear @ centre])
        case "skewX", 1:
            return np.array([[1, np.tan(turn), 0], [0, 1, 0]])
        case "skewY", 1:
            return np.array([[1, 0, 0], [np.tan(turn), 1, 0]])
    raise FormatError(f"{kind}({', '.join(map(str, v))}) is no transform", hint="save the SVG again")
