"""OpenRaster 0.0.5, which Krita, GIMP, MyPaint and Drawpile open: a ZIP of PNGs and one XML file that stacks them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from animelayers.composite import flatten
from animelayers.errors import FormatError
from animelayers.handoff.files import replacing
from animelayers.handoff.naming import Entry, entries, renamed, walk
from animelayers.handoff.png import cropped, decode_png, encode_png
from animelayers.handoff.xmp import read_provenance
from animelayers.parts import Preset, canonical_name
from animelayers.raster import trimmed
from animelayers.stack import Blend, Layer, LayerStack, Rgba

OPERATORS = {blend: f"svg:{blend.value}" for blend in Blend} | {Blend.NORMAL: "svg:src-over", Blend.ADD: "svg:plus"}
"""Composite operators; every mode but Exclusion is in the standard, and Krita and MyPaint know that one too."""

_BLENDS = {operator: blend for blend, operator in OPERATORS.items()}

PROVENANCE = "animelayers-provenance"
"""Attribute of the root element that holds the provenance, as JSON."""

THUMBNAIL = 256
"""Largest side of the thumbnail, px; the standard's limit."""

MAX_PNG = 1 << 30
"""Bytes of one PNG in an archive that is read."""


def write_ora(stack: LayerStack, path: Path, *, names: Preset = Preset.SEE_THROUGH) -> None:
    """Write `stack` as OpenRaster. Same stack, same bytes.

    Layers are cut to their tight box; empty ones stay, as one transparent pixel. Exact: opacity is not rounded.

    Raises:
        OutputError: the file cannot be written.
    """
    path = Path(path)
    roots = entries(stack, names)
    flat = flatten(stack)
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        _put(archive, "mimetype", b"image/openraster")
        _put(archive, "stack.xml", _stack_xml(stack, roots))
        for entry in walk(roots):
            if entry.layer is not None:
                _put(archive, f"data/{entry.slug}.png", encode_png(cropped(entry.layer)[0]))
        _put(archive, "mergedimage.png", encode_png(flat))
        _put(archive, "Thumbnails/thumbnail.png", encode_png(_thumbnail(flat)))


def read_ora(path: Path) -> LayerStack:
    """The layers of an OpenRaster file; names become canonical, unknown operators Normal, groups pass through.

    Raises:
        FormatError: the file cannot be read, is damaged, or declares a document type.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            xml = archive.read("stack.xml") if archive.getinfo("stack.xml").file_size < 1 << 24 else b"<!"
            if b"<!" in xml:  # no DTD: entities could expand without end
                raise FormatError(f"{path.name}: stack.xml is too large or declares entities", hint="save it again")
            image = ET.fromstring(xml)
            layers = tuple(_read_layers(image.find("stack"), archive, (), visible=True))
        made = read_provenance(image.get(PROVENANCE, ""))
        return LayerStack(int(image.get("h", 0)), int(image.get("w", 0)), layers, made)
    except FormatError:
        raise
    # A damaged archive raises BadZipFile, KeyError, zlib.error, RuntimeError (encrypted) and more.
    except Exception as error:
        raise FormatError(f"{path} cannot be read as OpenRaster: {error}", hint="save it again as .ora") from error


def _read_layers(
    group: ET.Element | None, archive: zipfile.ZipFile, names: tuple[str, ...], *, visible: bool
) -> Iterator[Layer]:
    """Layers of a `<stack>`, bottom → top."""
    for element in reversed(group if group is not None else ()):
        hidden_name = element.get("animelayers-name")
        name = json.loads(hidden_name) if hidden_name else canonical_name(element.get("name") or "layer")
        shows = visible and element.get("visibility", "visible") == "visible"
        if element.tag == "stack":
            yield from _read_layers(element, archive, (*names, name), visible=shows)
            continue
        source = element.get("src", "")
        if archive.getinfo(source).file_size > MAX_PNG:
            raise FormatError(f"{source} is too large", hint="scale it down")
        yield Layer(
            name,
            decode_png(archive.read(source), source),
            int(element.get("y", 0)),
            int(element.get("x", 0)),
            _BLENDS.get(element.get("composite-op", ""), Blend.NORMAL),
            float(element.get("opacity", 1)),
            visible=shows,
            group=names,
        )


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Stored, since PNG is packed already and the mimetype must not be; without the hour, so that bytes repeat."""
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.external_attr = 0o644 << 16
    info.create_system = 3
    archive.writestr(info, data)


def _stack_xml(stack: LayerStack, roots: tuple[Entry, ...]) -> bytes:
    image = ET.Element("image", version="0.0.5", w=str(stack.width), h=str(stack.height))
    if stack.provenance is not None:
        image.set(PROVENANCE, json.dumps(stack.provenance.as_dict(), sort_keys=True))
    hidden_names = renamed(roots)
    _append(ET.SubElement(image, "stack"), roots, hidden_names)
    ET.indent(image, " ")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(image, encoding="unicode").encode() + b"\n"


def _append(parent: ET.Element, group: tuple[Entry, ...], hidden_names: dict[int, tuple[str, str]]) -> None:
    """OpenRaster lists the topmost first."""
    for entry in reversed(group):
        attributes = {"name": entry.shown}
        if entry.id in hidden_names:  # an attribute of our own, as MyPaint has some; JSON keeps control characters out
            attributes["animelayers-name"] = json.dumps(entry.name)
        if entry.layer is None:
            _append(ET.SubElement(parent, "stack", attributes, isolation="auto"), entry.children, hidden_names)
            continue
        place = trimmed(entry.layer)
        attributes |= {
            "src": f"data/{entry.slug}.png",
            "x": str(place.left),
            "y": str(place.top),
            "opacity": repr(float(entry.layer.opacity)),
            "visibility": "visible" if entry.layer.visible else "hidden",
            "composite-op": OPERATORS[entry.layer.blend],
        }
        ET.SubElement(parent, "layer", attributes)


def _thumbnail(flat: Rgba) -> Rgba:
    from PIL import Image

    image = Image.fromarray(flat)
    image.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    return np.asarray(image)
