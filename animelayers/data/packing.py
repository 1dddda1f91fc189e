"""A sample ↔ its manifest and one plane of pixels a file: what every stored format is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from pydantic import ValidationError

from animelayers.color import clear_hidden
from animelayers.data.manifest import Manifest, Sheet, Stack, first_fault
from animelayers.data.planes import WANTED, Mode, Plane, mode_of
from animelayers.data.sample import Sample
from animelayers.errors import AnimeLayersError, DataError
from animelayers.handoff.manifest import Canvas, Made
from animelayers.handoff.naming import ascii_slug, unique_names
from animelayers.raster import trimmed
from animelayers.stack import Layer, LayerStack, Provenance, Rgba

PICTURES: dict[str, Mode] = {"picture": "RGBA", "image": "RGBA", "depth": "I;16", "visible": "L"}
"""Fields of a sample that are one plane each, as large as the picture."""


def pack(sample: Sample) -> tuple[Manifest, dict[str, Plane]]:
    """The manifest of a sample, and the pixels of every file in it.

    Layers are cut to what is visible of them; colour under alpha 0 is cleared. Everything else is exact.

    Raises:
        DataError: it holds something that cannot be stored, such as an attribute that is no JSON value.
    """
    planes: dict[str, Plane] = {}
    for name, mode in PICTURES.items():
        if (plane := getattr(sample, name)) is not None:
            if mode_of(plane) != mode:
                raise DataError(
                    f"sample {sample.id}: {name} is {plane.dtype} {list(plane.shape)}", hint=f"{WANTED[mode]} is stored"
                )
            planes[f"{name}.png"] = clear_hidden(plane) if mode == "RGBA" else plane
    fields = {file.removesuffix(".png"): file for file in planes}
    try:
        manifest = Manifest(
            id=sample.id,
            size=Canvas(height=sample.size[0], width=sample.size[1]),
            licence=sample.licence,
            **fields,
            head_box=sample.head_box,
            keypoints=dict(sample.keypoints),
            attributes=dict(sample.attributes),
            parts=None if sample.parts is None else _pack_parts(sample.parts, planes),
            rendering=None if sample.rendering is None else _pack_slots(sample.rendering, "rendering", planes),
            cells=_pack_cells(sample, planes),
        )
    except ValidationError as error:
        raise DataError(f"sample {sample.id}: {first_fault(error)}", hint="docs/data.md says what is stored") from error
    return manifest, planes


def unpack(manifest: Manifest, planes: Mapping[str, Plane], where: str) -> Sample:
    """The sample of a manifest and the pixels of its files; `where` stands before a file's name in errors.

    Raises:
        DataError: the pixels do not have the size that the manifest says, or it is no valid sample.
    """
    files = {name: file for name in PICTURES if (file := getattr(manifest, name)) is not None}
    for file in files.values():
        _check_size(planes[file], (manifest.size.height, manifest.size.width), where + file)
    try:
        stacks = {key: _unpack_stack(stack, planes, where) for key, stack in manifest.stacks}
        return Sample(
            id=manifest.id,
            licence=manifest.licence,
            **{name: planes[file] for name, file in files.items()},  # type: ignore[arg-type]
            parts=stacks.get(("parts",)),
            rendering=stacks.get(("rendering",)),
            cells={piece: stacks["cells", piece] for piece in manifest.cells},
            head_box=manifest.head_box,
            keypoints=manifest.keypoints,
            attributes=manifest.attributes,
        )
    except AnimeLayersError as error:
        raise DataError(f"{where or 'the sample'}: {error}", hint=error.hint) from error


def _pack_parts(stack: LayerStack, planes: dict[str, Plane]) -> Stack:
    return _pack_stack(stack, [f"parts/{name}.png" for name in _numbered(stack.names)], planes)


def _pack_cells(sample: Sample, planes: dict[str, Plane]) -> dict[str, Stack]:
    """The cells of every piece, in folders that are numbered and named as the pieces' own files are."""
    pieces = () if sample.parts is None else sample.parts.names
    order = [*pieces, *(piece for piece in sample.cells if piece not in pieces)]
    folders = dict(zip(order, _numbered(order), strict=True))
    return {piece: _pack_slots(stack, f"cells/{folders[piece]}", planes) for piece, stack in sample.cells.items()}


def _pack_slots(stack: LayerStack, folder: str, planes: dict[str, Plane]) -> Stack:
    slugs = unique_names([(ascii_slug(name)[:100] or "layer",) for name in stack.names])
    return _pack_stack(stack, [f"{folder}/{slug}.png" for slug in slugs], planes)


def _numbered(names: Iterable[str]) -> list[str]:
    """Names of files or folders: `00-back_hair`, `01-neck`."""
    return [f"{index:02}-{ascii_slug(name)[:100] or 'layer'}" for index, name in enumerate(names)]


def _pack_stack(stack: LayerStack, files: list[str], planes: dict[str, Plane]) -> Stack:
    return Stack(
        height=stack.height,
        width=stack.width,
        provenance=None if stack.provenance is None else Made(**stack.provenance.as_dict()),
        layers=tuple(_pack_layer(layer, file, planes) for layer, file in zip(stack, files, strict=True)),
    )


def _pack_layer(layer: Layer, file: str, planes: dict[str, Plane]) -> Sheet:
    box = (layer.top, layer.left, layer.top + layer.height, layer.left + layer.width)
    cut = trimmed(layer)
    if cut.rgba.size:
        planes[file] = clear_hidden(cut.rgba)
    else:
        cut = cut.replace(top=layer.top, left=layer.left)
    return Sheet(
        name=layer.name,
        file=file if cut.rgba.size else None,
        top=cut.top,
        left=cut.left,
        height=cut.height,
        width=cut.width,
        box=None if cut.rgba.shape == layer.rgba.shape else box,
        blend=layer.blend,
        opacity=layer.opacity,
        visible=layer.visible,
        group=layer.group,
    )


def _unpack_stack(stack: Stack, planes: Mapping[str, Plane], where: str) -> LayerStack:
    made = None if stack.provenance is None else Provenance(**stack.provenance.model_dump())
    return LayerStack(stack.height, stack.width, tuple(_unpack_layer(s, planes, where) for s in stack.layers), made)


def _unpack_layer(sheet: Sheet, planes: Mapping[str, Plane], where: str) -> Layer:
    top, left, bottom, right = sheet.whole
    rgba: Rgba = np.zeros((bottom - top, right - left, 4), np.uint8)
    if sheet.file is not None:
        plane = planes[sheet.file]
        _check_size(plane, (sheet.height, sheet.width), where + sheet.file)
        y, x = sheet.top - top, sheet.left - left
        rgba[y : y + sheet.height, x : x + sheet.width] = plane
    return Layer(sheet.name, rgba, top, left, sheet.blend, sheet.opacity, sheet.visible, sheet.group)


def _check_size(plane: Plane, size: tuple[int, int], name: str) -> None:
    if plane.shape[:2] != size:
        height, width = plane.shape[:2]
        raise DataError(
            f"{name} is {width} × {height} px, its manifest says {size[1]} × {size[0]}", hint="make the sample again"
        )
