"""Characters whose layers are known, a folder each, one PNG a tag: what models are measured on.

| file | holds |
|---|---|
| `source.png` | the picture, 8-bit RGBA |
| `parts/<tag>.png` | a part, complete, on the same canvas |
| `parts_lr/<tag>-l.png`, `<tag>-r.png` | the same by the character's sides; taken instead, if `order_lr` is there |
| `visible.png` | 8-bit grey: the tag seen at each pixel; may be missing |
| `order.json` | `canvas` `[width, height]`; `order`, `order_lr`, bottom → top; `labels`: tag → grey in `visible.png` |
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from animelayers.data.folder import read_bytes
from animelayers.data.foreign import sample_id
from animelayers.data.manifest import Manifest, first_fault
from animelayers.data.packing import pack
from animelayers.data.planes import Mode, decode_all
from animelayers.data.sample import Licence, Sample, visible_map
from animelayers.data.sets import SampleSet
from animelayers.data.sprites import draw_depth
from animelayers.errors import DataError
from animelayers.handoff.manifest import Canvas
from animelayers.parts import PART_LABELS, canonical_name, split_part
from animelayers.psdplanes import MAX_LAYER_PIXELS
from animelayers.raster import trimmed
from animelayers.stack import Layer, LayerStack

NAME = "order.json"
SOURCE, PARTS, SIDES, VISIBLE = "source.png", "parts", "parts_lr", "visible.png"
UNKNOWN = Licence("LicenseRef-unknown")
"""The layout has no place for terms."""

_AGAIN = "copy the character again"
Piece = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9 -]*$", max_length=100)]
"""A tag with its side; also a file name, which can never lead out of the folder."""


class Order(BaseModel):
    """What of `order.json` is read."""

    model_config = ConfigDict(frozen=True)

    canvas: tuple[int, int]
    """`[width, height]`"""
    order: Annotated[tuple[Piece, ...], Field(min_length=1)]
    order_lr: tuple[Piece, ...] = ()
    labels: dict[str, Annotated[int, Field(ge=0, le=255)]] = PART_LABELS

    @property
    def size(self) -> tuple[int, int]:
        """`(height, width)`."""
        return self.canvas[1], self.canvas[0]

    @model_validator(mode="after")
    def _can_be_held(self) -> Self:
        Canvas(height=self.size[0], width=self.size[1])
        for names in (self.order, self.order_lr):
            if len(set(names)) < len(names):
                raise ValueError("a name stands twice in an order")
            if len(names) * self.size[0] * self.size[1] > MAX_LAYER_PIXELS:
                raise ValueError("the layers together have more pixels than are read")
        return self


class TaggedSet(SampleSet):
    """Characters sorted by name; a single one's folder is a set of one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = None
        candidates = [path] if _is_one(path) else sorted(path.iterdir())
        self.folders = [folder for folder in candidates if _is_one(folder)]

    def __len__(self) -> int:
        return len(self.folders)

    def __getitem__(self, index: int) -> Sample:
        return read_tagged(self.folders[index])

    def describe(self, index: int) -> Manifest:
        """What would be stored of a sample. Its pixels are read for that, since nothing else says where they lie."""
        return pack(self[index])[0]

    def label(self, index: int) -> str:
        return self.folders[index].name


def read_tagged(folder: Path) -> Sample:
    """One character. Its depth is the draw order; where tags interleave, its pieces do not flatten to its picture.

    Raises:
        DataError: a file is missing, damaged or of another size than the canvas, or the order leaves a part out.
    """
    folder = Path(folder)
    order = _read_order(folder / NAME)
    files = _pieces(folder, order)
    wanted: dict[str, Mode] = {SOURCE: "RGBA", **dict.fromkeys(files.values(), "RGBA")}
    if (folder / VISIBLE).exists():
        wanted[VISIBLE] = "L"
    planes = decode_all(wanted, lambda file: _read_png(folder / file, order), f"{folder}/")
    layers = (trimmed(Layer(canonical_name(name), np.asarray(planes[file], np.uint8))) for name, file in files.items())
    parts = LayerStack(*order.size, tuple(layers))
    return Sample(
        id=sample_id(folder.resolve().name),
        picture=np.asarray(planes[SOURCE], np.uint8),
        licence=UNKNOWN,
        parts=parts,
        depth=draw_depth(parts),
        visible=_labels(order)[planes[VISIBLE]] if VISIBLE in planes else visible_map(parts),
        attributes={"layout": "tagged"},
    )


def _is_one(folder: Path) -> bool:
    return all((folder / name).exists() for name in (NAME, SOURCE, PARTS))


def _read_order(path: Path) -> Order:
    try:
        return Order.model_validate_json(read_bytes(path))
    except ValidationError as error:
        raise DataError(f"{path}: {first_fault(error)}", hint=_AGAIN) from error


def _pieces(folder: Path, order: Order) -> dict[str, str]:
    """Piece → file, bottom → top: by sides where there are any."""
    sided = {path.stem for path in (folder / SIDES).glob("*.png")} if order.order_lr else set()
    names = order.order_lr if sided else order.order
    tags = {path.stem for path in (folder / PARTS).glob("*.png")}
    if forgotten := tags - {split_part(name)[0] for name in names}:
        raise DataError(f"{folder / NAME}: the order has no {min(forgotten)}", hint=_AGAIN)
    return {name: f"{SIDES if name in sided else PARTS}/{name}.png" for name in names}


def _read_png(path: Path, order: Order) -> bytes:
    """The bytes of a picture that says it is as large as the canvas; damage is for the decoder to find."""
    data = read_bytes(path)
    if len(data) >= 24 and (found := struct.unpack_from(">II", data, 16)) != order.canvas:
        raise DataError(f"{path} is {found[0]} × {found[1]} px, the canvas {order.canvas}", hint=_AGAIN)
    return data


def _labels(order: Order) -> npt.NDArray[np.uint8]:
    """Their grey → our label."""
    table = np.zeros(256, np.uint8)
    for tag, grey in order.labels.items():
        table[grey] = PART_LABELS.get(canonical_name(tag), 0)
    return table
