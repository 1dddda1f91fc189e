"""SVG text from strangers → a tree of elements, or a refusal: no declarations, nothing outside, bounded size.

The tree keeps local names alone (`path`, not `{http://www.w3.org/2000/svg}path`), `xlink:href` as `href`, and style
declarations as attributes, whose value they override as CSS says.
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

from animelayers.errors import DataError

LONGEST = 4_000_000
"""Characters of an SVG."""
DEEPEST = 64
"""Elements within one another."""
MOST = 20_000
"""Elements, counted after references to them are replaced by copies."""

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"


def parsed(text: str) -> ET.Element:
    """The root element of an SVG.

    Raises:
        DataError: it is no well-formed SVG, declares a document type or entities, names something outside itself, or is
            larger than `LONGEST`, `DEEPEST` and `MOST` allow.
    """
    if len(text) > LONGEST:
        raise DataError(f"an SVG of {len(text)} characters", hint=f"at most {LONGEST} are read")
    reader = _Reader()
    try:
        reader.expat.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise DataError(f"no well-formed XML: {error}") from error
    root = reader.builder.close()
    if root.tag != "svg":
        raise DataError(f"the root element is <{root.tag}>, not <svg>")
    return root


def expanded(root: ET.Element) -> None:
    """Replace every `use` that is drawn by a group with a copy of what it refers to.

    Raises:
        DataError: it refers to nothing, to what it lies in, or copies make more than `MOST` elements.
    """
    named = {element.get("id"): element for element in root.iter() if element.get("id")}
    left = MOST - sum(1 for _ in root.iter())

    def expand(parent: ET.Element, depth: int) -> None:
        nonlocal left
        if depth > DEEPEST:
            raise DataError("references that lead to themselves, or too deep")
        for place, child in enumerate(parent):
            if child.tag == "use":
                target = named.get(child.get("href", "").removeprefix("#"))
                if target is None:
                    raise DataError("a <use> of something that is not there")
                left -= sum(1 for _ in target.iter())
                if left < 0:
                    raise DataError(f"references make more than {MOST} elements")
                parent[place] = _stand_in(child, target)
            if child.tag not in ("defs", "clipPath"):
                expand(parent[place], depth + 1)

    expand(root, 0)


def _stand_in(use: ET.Element, target: ET.Element) -> ET.Element:
    """The group that draws what a `use` draws."""
    taken = {"href", "x", "y", "width", "height", "id"}
    group = ET.Element("g", {name: value for name, value in use.items() if name not in taken})
    if place := " ".join(use.get(axis, "0") for axis in "xy").replace("0 0", ""):
        group.set("transform", f"{use.get('transform', '')} translate({place})".strip())
    group.append(_copy(target))
    return group


def _copy(element: ET.Element) -> ET.Element:
    made = ET.Element(element.tag, {name: value for name, value in element.items() if name != "id"})
    made.extend(map(_copy, element))
    return made


class _Reader:
    """Expat, told to stop at whatever a drawing does not need."""

    def __init__(self) -> None:
        self.builder = ET.TreeBuilder()
        self.expat = expat.ParserCreate(namespace_separator=" ")
        self.expat.buffer_text = True
        self.expat.StartElementHandler = self._start
        self.expat.EndElementHandler = self._end
        self.expat.StartDoctypeDeclHandler = self._refuse_declaration
        self.expat.EntityDeclHandler = self._refuse_declaration
        self.depth = self.count = 0
        self.about = 0
        """Depth of the `metadata` that is being passed over; 0 outside of any."""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.count += 1
        if self.depth > DEEPEST or self.count > MOST:
            raise DataError(f"more than {MOST} elements, or deeper than {DEEPEST}")
        space, _, local = name.rpartition(" ")
        if self.about:
            return
        if space not in (_SVG, ""):
            raise DataError(f"an element of {space}, which is not SVG")
        if local == "metadata":
            self.about = self.depth
            return
        self.builder.start(local, _attributes(attributes))

    def _end(self, name: str) -> None:
        if not self.about:
            self.builder.end(name.rpartition(" ")[2])
        elif self.about == self.depth:
            self.about = 0
        self.depth -= 1

    def _refuse_declaration(self, *_: Any) -> None:
        raise DataError("it declares a document type or entities")


def _attributes(given: dict[str, str]) -> dict[str, str]:
    """Local names, with declarations of `style` unfolded; attributes of other vocabularies are left out."""
    out: dict[str, str] = {}
    for name, value in given.items():
        space, _, local = name.rpartition(" ")
        if space in ("", _XLINK):
            out[local] = value
    for declaration in out.pop("style", "").split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            out[name.strip()] = value.replace("!important", "").strip()
    for name, value in out.items():
        outside = name == "href" and not value.startswith("#")
        if outside or "url(" in value.replace(" ", "").replace("url(#", "").replace("url('#", "").replace('url("#', ""):
            raise DataError(f"it names something outside itself: {name}")
    return out
