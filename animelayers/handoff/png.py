"""A folder of PNGs, one a layer, and the `manifest.json` that says what they are and where they lie."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from animelayers import __version__
from animelayers.color import clear_hidden
from animelayers.composite import on_canvas
from animelayers.errors import FormatError, OutputError, StackError
from animelayers.handoff import manifest
from animelayers.handoff.files import replacing_folder
from animelayers.handoff.manifest import Canvas, Made, Manifest, Sheet, read_manifest
from animelayers.handoff.naming import Entry, entries
from animelayers.parts import PARTS, Preset
from animelayers.psdopen import MAX_PIXELS
from animelayers.raster import trimmed
from animelayers.stack import Layer, LayerStack, Provenance, Rgba

LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}
"""Files that the system leaves in a folder."""

_SIDED = {term.name for term in PARTS if term.sided}


def write_png(stack: LayerStack, folder: Path, *, names: Preset = Preset.SEE_THROUGH, crop: bool = False) -> None:
    """Write a folder: `00_flat.png`, `01_shadow.png` …, bottom → top, and `manifest.json`. Same stack, same bytes.

    Every file is as large as the canvas, so that the files line up wherever they are dropped; what a layer has beyond
    the canvas is cut off. With `crop` they are tight boxes, losslessly, for programs that read the manifest (an empty
    layer is then one transparent pixel).

    The folder is made beside its place and moved there, so nobody meets half of one. A folder that is already there is
    replaced only if it is empty or an earlier one of ours with nothing added.

    Raises:
        FormatError: the PNG coder refuses the size.
        OutputError: the folder cannot be written, or holds something that is not ours.
    """
    folder = Path(folder)
    _check_replaceable(folder)
    with replacing_folder(folder) as temporary:
        sheets = tuple(
            _write_sheet(
                temporary / f"{index:02}_{entry.slug[:200]}.png",
                entry,
                layer,
                shown_group,
                cropped(layer) if crop else (on_canvas(layer, stack.size), 0, 0),
            )
            for index, (entry, layer, shown_group) in enumerate(_leaves(entries(stack, names), ()))
        )
        made = None if stack.provenance is None else Made(**stack.provenance.as_dict())
        text = Manifest(
            generator=f"animelayers {__version__}",
            canvas=Canvas(height=stack.height, width=stack.width),
            provenance=made,
            layers=sheets,
        ).text()
        (temporary / manifest.NAME).write_text(text, encoding="utf-8", newline="\n")


def read_png(folder: Path) -> LayerStack:
    """The layers of a folder that `write_png` wrote; pixels may have been painted over since.

    Raises:
        FormatError: the manifest does not fit its schema, or a file is missing, damaged or of another size.
    """
    folder = Path(folder)
    read = read_manifest(folder)
    if sum(sheet.height * sheet.width for sheet in read.layers) > 20 * MAX_PIXELS:
        raise FormatError(f"{folder}: the manifest declares too many pixels", hint="export fewer or smaller layers")
    made = None if read.provenance is None else Provenance(**read.provenance.model_dump())
    try:
        layers = tuple(_read_sheet(folder, sheet) for sheet in read.layers)
        return LayerStack(read.canvas.height, read.canvas.width, layers, made)
    except StackError as error:
        raise FormatError(f"{folder / manifest.NAME}: {error}", hint=error.hint) from error


def encode_png(rgba: Rgba) -> bytes:
    """uint8 [h, w, 4] → PNG, marked as sRGB.

    Raises:
        FormatError: the coder refuses it.
    """
    # Run-length matching is the fastest strategy on drawn pictures, and makes the smallest files of them.
    flags = [cv2.IMWRITE_PNG_COMPRESSION, 4, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
    try:
        _, coded = cv2.imencode(".png", cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA), flags)
    except cv2.error as error:
        raise FormatError(f"no PNG of {list(rgba.shape)} can be made: {error}", hint="save as .psd") from error
    data = coded.tobytes()
    body = b"sRGB\x00"  # perceptual intent
    chunk = struct.pack(">I", 1) + body + struct.pack(">I", zlib.crc32(body))
    return data[:33] + chunk + data[33:]  # after the signature and IHDR


def decode_png(data: bytes, name: str) -> Rgba:
    """PNG of any kind → uint8 [h, w, 4], hidden colour cleared.

    Raises:
        FormatError: it is not a PNG, is damaged, or has more than 100 megapixels.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise FormatError(f"{name} is {image.width} × {image.height} px", hint="scale it down")
            return clear_hidden(np.asarray(image.convert("RGBA")))
    except FormatError:
        raise
    # Pillow meets a damaged PNG with OSError, SyntaxError, ValueError, struct.error, zlib.error and its bomb error.
    except Exception as error:
        raise FormatError(f"{name} cannot be read: {error}", hint="save it again as PNG") from error


def _leaves(group: tuple[Entry, ...], above: tuple[str, ...]) -> Iterator[tuple[Entry, Layer, tuple[str, ...]]]:
    """Layers bottom → top, with the shown names of their groups."""
    for entry in group:
        if entry.layer is not None:
            yield entry, entry.layer, above
        yield from _leaves(entry.children, (*above, entry.shown))


def _write_sheet(
    path: Path, entry: Entry, layer: Layer, shown_group: tuple[str, ...], placed: tuple[Rgba, int, int]
) -> Sheet:
    rgba, top, left = placed
    path.write_bytes(encode_png(rgba))
    return Sheet(
        name=layer.name,
        shown=entry.shown,
        file=path.name,
        top=top,
        left=left,
        height=rgba.shape[0],
        width=rgba.shape[1],
        blend=layer.blend,
        opacity=layer.opacity,
        visible=layer.visible,
        group=layer.group,
        shown_group=shown_group,
        id=entry.id,
        side=_side(layer.name),
        sha256=hashlib.sha256(rgba.tobytes()).hexdigest(),
    )


def _read_sheet(folder: Path, sheet: Sheet) -> Layer:
    path = folder / sheet.file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}", hint="export the folder again") from error
    rgba = decode_png(data, str(path))
    if rgba.shape[:2] != (sheet.height, sheet.width):
        height, width = rgba.shape[:2]
        raise FormatError(
            f"{path} is {height} × {width} px, the manifest says {sheet.height} × {sheet.width}",
            hint="save it at the old size, or correct height and width in the manifest",
        )
    return Layer(sheet.name, rgba, sheet.top, sheet.left, sheet.blend, sheet.opacity, sheet.visible, group=sheet.group)


def cropped(layer: Layer) -> tuple[Rgba, int, int]:
    """The visible part of a layer, and its top and left; one transparent pixel where nothing is visible."""
    cut = trimmed(layer)
    if not cut.rgba.size:
        return np.zeros((1, 1, 4), np.uint8), 0, 0
    return clear_hidden(cut.rgba), cut.top, cut.left


def _side(name: str) -> Literal["left", "right"] | None:
    base, _, side = name.rpartition("-")
    if base not in _SIDED:
        return None
    return "left" if side == "l" else "right" if side == "r" else None


def _check_replaceable(folder: Path) -> None:
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir() or folder.is_symlink():
        raise OutputError(f"{folder} is a file or a link, a folder was wanted", hint="name a folder that is not there")
    inside = {entry.name for entry in folder.iterdir()} - LITTER
    if not inside:
        return
    hint = "name another folder, or move its contents away"
    try:
        ours = {manifest.NAME, *(sheet.file for sheet in read_manifest(folder).layers)}
    except FormatError as error:
        raise OutputError(f"{folder} holds files that are not ours: {error}", hint=hint) from error
    if extra := sorted(inside - ours):
        raise OutputError(f"{folder} holds {extra[0]}, which would be lost", hint=hint)
