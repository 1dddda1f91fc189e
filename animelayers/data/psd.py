"""A sample as a PSD that opens as the character: its pieces on top, in draw order; all else hidden below them.

    pictures/…           picture, image, depth, visible
    cells/<piece>/…      the rendering layers of every piece, where the piece lies
    rendering/…          the rendering layers of the whole picture; shown where there are no pieces
    back hair, neck …    the pieces

The manifest travels in the provenance of the XMP packet. 16-bit depth is a layer whose red is the high byte and whose
green is the low one; the map of visible parts is grey.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from animelayers import __version__
from animelayers.composite import on_canvas
from animelayers.data.manifest import Manifest, parse
from animelayers.data.packing import PICTURES, pack, unpack
from animelayers.data.planes import Mode, Plane
from animelayers.data.sample import Sample
from animelayers.errors import DataError
from animelayers.handoff.psd import read_psd, write_psd
from animelayers.handoff.xmp import MAX_BYTES, packet
from animelayers.stack import Layer, LayerStack, Provenance, Rgba

OPTION = "sample"
"""The key of the manifest among the options of the provenance."""
PICTURES_GROUP = "pictures"
ORDER = ("cells", "rendering", "parts")
"""Bottom → top."""
NOTHING = np.zeros((0, 0, 4), np.uint8)


def save_psd(sample: Sample, path: Path) -> None:
    """Write a sample as one PSD, or PSB where the name ends in `.psb`. Same sample, same bytes.

    Raises:
        DataError: the sample holds something that cannot be stored, shows nothing, or has too many layers.
        FormatError: PSD cannot hold this much.
        OutputError: the file cannot be written.
    """
    manifest, planes = pack(sample)
    made = Provenance("parts", "sample", __version__, options={OPTION: manifest.text()})
    if len(packet(made, {})) > MAX_BYTES // 2:  # the other half is for names
        raise DataError(f"sample {sample.id} has too many layers for a PSD", hint="save it as a folder")
    layers = tuple(layer.replace(rgba=_shown(planes[file], mode)) for file, mode, layer in _layers(manifest))
    if blank := [layer.path for layer in layers if not layer.rgba[..., 3].any()]:
        raise DataError(f"sample {sample.id}: nothing is visible in {blank[0]}", hint="leave the sample out")
    write_psd(LayerStack(*sample.size, layers, made), Path(path))


def load_psd(path: Path) -> Sample:
    """Read a PSD that `save_psd` wrote; another program may have saved it since, but not changed it.

    Raises:
        DataError: it holds no sample, a layer is missing or was changed, or the schema is newer.
        FormatError: it cannot be read.
    """
    path = Path(path)
    stack = read_psd(path)
    text = None if stack.provenance is None else stack.provenance.options.get(OPTION)
    if not isinstance(text, str):
        raise DataError(f"{path} is no sample, but a PSD of another kind", hint="animelayers inspect shows what it is")
    manifest = parse(Manifest, text, f"{path}: manifest")
    found = {(*layer.group, layer.name): layer for layer in stack}
    planes: dict[str, Plane] = {}
    for file, mode, wanted in _layers(manifest):
        layer = found.get((*wanted.group, wanted.name))
        if layer is None:
            raise DataError(f"{path}: the layer {wanted.path!r} is missing", hint="save the sample again")
        if wanted.group == (PICTURES_GROUP,):
            planes[file] = _plane(on_canvas(layer, stack.size), mode)
        elif (layer.top, layer.left) == (wanted.top, wanted.left):
            planes[file] = layer.rgba
        else:
            raise DataError(f"{path}: the layer {wanted.path!r} was changed or moved", hint="save the sample again")
    return unpack(manifest, planes, f"{path}: ")


def _layers(manifest: Manifest) -> Iterator[tuple[str, Mode, Layer]]:
    """Every file, what it holds, and its layer without pixels; bottom → top."""
    modes = manifest.files()
    for name in PICTURES:
        if (file := getattr(manifest, name)) is not None:
            yield file, modes[file], Layer(name, NOTHING, visible=False, group=(PICTURES_GROUP,))
    corners = {} if manifest.parts is None else {sheet.name: sheet.whole[:2] for sheet in manifest.parts.layers}
    for (kind, *piece), stack in sorted(manifest.stacks, key=lambda item: ORDER.index(item[0][0])):
        top, left = corners.get(piece[0], (0, 0)) if piece else (0, 0)
        shown = kind == "parts" or (kind == "rendering" and manifest.parts is None)
        for sheet in stack.layers:
            if sheet.file is not None:
                yield (
                    sheet.file,
                    "RGBA",
                    Layer(
                        sheet.name,
                        NOTHING,
                        sheet.top + top,
                        sheet.left + left,
                        sheet.blend,
                        sheet.opacity,
                        visible=shown and sheet.visible,
                        group=(*(() if kind == "parts" else (kind, *piece)), *sheet.group),
                    ),
                )


def _shown(plane: Plane, mode: Mode) -> Rgba:
    """Any plane as the pixels of a layer."""
    if mode == "RGBA":
        return np.asarray(plane, np.uint8)
    high, low, blue = (plane, plane, plane) if mode == "L" else (plane >> 8, plane & 255, np.zeros_like(plane))
    return np.dstack([high, low, blue, np.full_like(plane, 255)]).astype(np.uint8)


def _plane(rgba: Rgba, mode: Mode) -> Plane:
    """Back from `_shown`."""
    if mode == "RGBA":
        return rgba
    if mode == "L":
        return rgba[..., 0]
    return np.asarray(rgba[..., 0].astype(np.uint16) << 8 | rgba[..., 1], np.uint16)
