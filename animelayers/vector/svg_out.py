"""SVG text: a document, its layers, the paths of a drawing. Strings only; files are written by `handoff.svg`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from animelayers.vector.drawing import Drawing, Shape
from animelayers.vector.paths import DECIMALS, path_text

NAMESPACE = "urn:animelayers:1.0/"
"""Of `animelayers:provenance`, in the metadata."""

_NAMESPACES = (
    ("", "http://www.w3.org/2000/svg"),
    (":xlink", "http://www.w3.org/1999/xlink"),
    (":inkscape", "http://www.inkscape.org/namespaces/inkscape"),
    (":animelayers", NAMESPACE),
)
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(size: tuple[int, int], body: Iterable[str], *, title: str, about: str, provenance: str) -> str:
    """A whole file.

    Args:
        size: `(height, width)`, px.
        body: elements, bottom → top, each a line or several.
        title: what is drawn.
        about: how it came about, in words.
        provenance: the same for programs, JSON.
    """
    height, width = size
    spaces = " ".join(f'xmlns{prefix}="{uri}"' for prefix, uri in _NAMESPACES)
    lines = (
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg {spaces} version="1.1" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        f"<title>{text(title)}</title>",
        f"<desc>{text(about)}</desc>",
        f"<metadata><animelayers:provenance>{text(provenance)}</animelayers:provenance></metadata>",
        *body,
        "</svg>",
    )
    return "\n".join(lines) + "\n"


def layer(
    body: Iterable[str], *, id: str, label: str, blend: str = "", opacity: float = 1.0, visible: bool = True
) -> str:
    """A group that Inkscape shows as a layer.

    Args:
        body: what is in it, bottom → top.
        id: unique in the document, a legal XML name.
        label: what people read.
        blend: a mode of CSS; empty is Normal, and then nothing is said, so that the group does not isolate its own.
        opacity: 0..1.
        visible: a hidden one is there, but not drawn.
    """
    style = ";".join(
        filter(None, (blend and f"mix-blend-mode:{blend}", "" if visible else "display:none"))
    )  # Inkscape reads both from the style alone
    attributes = [f"id={quoteattr(id)}", 'inkscape:groupmode="layer"', f"inkscape:label={quoteattr(legal(label))}"]
    attributes += [f'opacity="{opacity:g}"'] if opacity != 1 else []
    attributes += [f'style="{style}"'] if style else []
    return "\n".join((f"<g {' '.join(attributes)}>", *body, "</g>"))


def paths(drawing: Drawing, *, decimals: int = DECIMALS) -> list[str]:
    """One `<path>` for every shape, bottom → top."""
    return [_path(shape, decimals) for shape in drawing.shapes]


def _path(shape: Shape, decimals: int) -> str:
    red, green, blue = shape.fill
    faint = f' fill-opacity="{shape.opacity:g}"' if shape.opacity != 1 else ""
    return f'<path fill="#{red:02x}{green:02x}{blue:02x}"{faint} d="{path_text(shape.curves, decimals)}"/>'


def text(words: str) -> str:
    """As character data of XML."""
    return escape(legal(words))


def legal(words: str) -> str:
    """Without what XML cannot hold."""
    return _ILLEGAL.sub("", words)
