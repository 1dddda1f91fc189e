"""What ComfyUI-See-through saves: `PREFIX_TIME_layers.json`, and beside it a PNG of every layer and of its depth.

The JSON says `width` and `height` of the canvas, and of every layer, farthest first, its `name`, `filename`,
`depth_filename` and where it lies: `left`, `top`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from animelayers.color import clear_hidden
from animelayers.data.folder import read_bytes
from animelayers.data.foreign import AGAIN, Notes, read_grey, read_rgba
from animelayers.data.manifest import Name, Place, first_fault
from animelayers.data.sample import Licence, Sample
from animelayers.data.see_through import Part, inferred, placed
from animelayers.errors import DataError
from animelayers.handoff.manifest import Canvas
from animelayers.parts import canonical_name
from animelayers.psdplanes import MAX_LAYER_PIXELS

SUFFIX = "_layers.json"
File = Annotated[str, Field(pattern=r"^[^/\\:]+\.png$", max_length=255)]
"""A file beside the JSON; can never lead elsewhere."""


class Entry(BaseModel):
    """One layer."""

    model_config = ConfigDict(frozen=True)

    name: Name
    filename: File
    depth_filename: File | None = None
    left: Place
    top: Place


class Export(BaseModel):
    """What of the JSON is read."""

    model_config = ConfigDict(frozen=True)

    width: int
    height: int
    layers: Annotated[tuple[Entry, ...], Field(min_length=1)]

    @property
    def size(self) -> tuple[int, int]:
        """`(height, width)` of the canvas."""
        return self.height, self.width


def read_comfyui(path: Path, notes: Notes, *, licence: Licence) -> Sample:
    """The sample in an export; the canvas is theirs, a square around the picture.

    Raises:
        DataError: a file is missing or damaged, leads out of the folder, or no layer has a pixel.
    """
    path = Path(path)
    export = _read(path)
    parts = [part for entry in export.layers if (part := _part(path.parent, entry, export.size)).rgba[..., 3].any()]
    if not parts:
        raise DataError(f"{path}: no layer has a pixel", hint=AGAIN)
    if len(parts) < len(export.layers):
        notes.append("parts without a pixel are left out")
    made = inferred(path.name.removesuffix(SUFFIX), parts, licence, "comfyui see-through")
    if all(entry.depth_filename for entry in export.layers):
        return made
    notes.append("not every layer has a depth: there is none of the picture")
    return made.replace(depth=None)


def _read(path: Path) -> Export:
    try:
        export = Export.model_validate_json(read_bytes(path))
        Canvas(height=export.height, width=export.width)
    except ValidationError as error:
        raise DataError(f"{path}: {first_fault(error)}", hint=AGAIN) from error
    if len(export.layers) * export.height * export.width > MAX_LAYER_PIXELS:
        raise DataError(f"{path}: the layers have more pixels than are read", hint=AGAIN)
    return export


def _part(folder: Path, entry: Entry, size: tuple[int, int]) -> Part:
    rgba = clear_hidden(read_rgba(folder / entry.filename))
    depth = np.zeros(rgba.shape[:2], np.uint16)
    if entry.depth_filename is not None:
        depth = read_grey(folder / entry.depth_filename, rgba.shape[:2])
    return Part(
        canonical_name(entry.name),
        placed(rgba, entry.top, entry.left, size),
        placed(depth, entry.top, entry.left, size),
    )
