"""`sample.json`: everything of a sample that is not pixels, and which file holds which pixels.

The same manifest stands in every format: as a file in a folder, as a column in parquet, in the XMP packet of a PSD.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from animelayers.data.planes import Mode
from animelayers.data.sample import SCHEMA_VERSION, Box, Licence
from animelayers.errors import DataError
from animelayers.handoff.manifest import Canvas, Made
from animelayers.psdopen import MAX_PIXELS
from animelayers.psdplanes import MAX_LAYER_PIXELS
from animelayers.stack import Blend

NAME = "sample.json"

CONVENTIONS = (
    "Layers run bottom to top. L and R are the character's sides. Files are 8-bit straight-alpha sRGB; blending is on "
    "these values. Depth is 16-bit grey, larger is nearer; visible is 8-bit grey, the label of the part on top. Sizes "
    "and places are in pixels of the picture; those of cells are in pixels of their piece's sheet."
)

_DIRECTORY = r"(?:parts|rendering|cells/[A-Za-z0-9_-]+)/"
File = Annotated[str, Field(pattern=rf"^(?:{_DIRECTORY})?[A-Za-z0-9_-]+\.png$", max_length=500)]
"""Path inside the sample, with `/`; can never lead out of it."""
Name = Annotated[str, Field(min_length=1)]
Place = Annotated[int, Field(ge=-(2**31), lt=2**31)]
Extent = Annotated[int, Field(ge=0, le=300_000)]


class Model(BaseModel):
    """What every stored record is: frozen, and without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def text(self) -> str:
        """As JSON, indented, with a newline at the end.

        Raises:
            DataError: an attribute is no JSON value, such as a NaN.
        """
        try:
            return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        except ValueError as error:
            raise DataError(f"this cannot be written as JSON: {error}", hint="attributes hold JSON values") from error


class Sheet(Model):
    """One layer. Its file holds what is visible of it, cut to the tight box; the rest is transparent."""

    name: Name
    file: File | None
    """None where no pixel of the layer is visible."""
    top: Place
    """Canvas row of the file's first row; may be negative."""
    left: Place
    height: Extent
    """Of the file; 0 without one."""
    width: Extent
    box: tuple[Place, Place, Place, Place] | None = None
    """`(top, left, bottom, right)` of the layer where that is more than the file."""
    blend: Blend
    opacity: Annotated[float, Field(ge=0, le=1)]
    visible: bool = True
    group: tuple[Name, ...] = ()

    @property
    def whole(self) -> Box:
        """The layer's own box."""
        return self.box or (self.top, self.left, self.top + self.height, self.left + self.width)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        top, left, bottom, right = self.whole
        if not (top <= self.top <= self.top + self.height <= bottom):
            raise ValueError("the file's rows lie outside the layer's box")
        if not (left <= self.left <= self.left + self.width <= right):
            raise ValueError("the file's columns lie outside the layer's box")
        if max(bottom - top, right - left) > 300_000 or (bottom - top) * (right - left) > MAX_PIXELS:
            raise ValueError(f"{bottom - top} × {right - left} px is more than is read")
        if (self.file is None) != (self.height * self.width == 0):
            raise ValueError("a file has pixels, and without one there are none")
        return self


class Stack(Canvas):
    """Some layers, bottom → top, and the canvas they lie on."""

    provenance: Made | None = None
    layers: tuple[Sheet, ...]


class Manifest(Model):
    """The whole of `sample.json`."""

    format: Literal["animelayers-sample"] = "animelayers-sample"
    version: Literal[1] = 1
    conventions: str = CONVENTIONS
    id: str
    size: Canvas
    licence: Licence
    picture: File
    image: File | None = None
    depth: File | None = None
    visible: File | None = None
    head_box: Box | None = None
    keypoints: dict[str, tuple[float, float]] = {}
    """Name → `[y, x]`."""
    attributes: dict[str, JsonValue] = {}
    parts: Stack | None = None
    rendering: Stack | None = None
    cells: dict[Name, Stack] = {}

    @property
    def stacks(self) -> Iterator[tuple[tuple[str, ...], Stack]]:
        """Every stack with where it lies: `("parts",)`, `("rendering",)`, `("cells", piece)`."""
        if self.parts is not None:
            yield ("parts",), self.parts
        if self.rendering is not None:
            yield ("rendering",), self.rendering
        for piece, stack in self.cells.items():
            yield ("cells", piece), stack

    def files(self) -> dict[str, Mode]:
        """Every file and what kind of picture it holds, in a fixed order."""
        planes: dict[str | None, Mode] = {self.picture: "RGBA", self.image: "RGBA", self.depth: "I;16"}
        planes |= {self.visible: "L"}
        planes |= {sheet.file: "RGBA" for _, stack in self.stacks for sheet in stack.layers}
        return {file: mode for file, mode in planes.items() if file is not None}

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        sheets = [sheet for _, stack in self.stacks for sheet in stack.layers]
        files = [self.picture, self.image, self.depth, self.visible, *(sheet.file for sheet in sheets)]
        named = [file.lower() for file in files if file is not None]
        if len(set(named)) < len(named):
            raise ValueError("two layers name the same file")
        boxes = (sheet.whole for sheet in sheets)
        if sum((bottom - top) * (right - left) for top, left, bottom, right in boxes) > MAX_LAYER_PIXELS:
            raise ValueError("the layers together have more pixels than are read")
        return self


class _Head(BaseModel):
    """What every version has, to tell a newer one from a damaged one."""

    format: str
    version: int


_M = TypeVar("_M", bound=Model)


def parse(kind: type[_M], data: str | bytes, where: str) -> _M:
    """JSON → the model; `where` names it in errors.

    Raises:
        DataError: it is no JSON, does not fit the schema (the message names the field), or its schema is newer.
    """
    try:
        head = _Head.model_validate_json(data)
        if head.version > SCHEMA_VERSION and head.format == kind.model_fields["format"].default:
            raise DataError(
                f"{where} has schema version {head.version}, this program reads up to {SCHEMA_VERSION}",
                hint="pip install -U animelayers",
            )
        return kind.model_validate_json(data)
    except ValidationError as error:
        raise DataError(f"{where}: {first_fault(error)}", hint="make the sample or the set again") from error


def first_fault(error: ValidationError) -> str:
    """The first thing that does not fit: `field.path: what`."""
    fault = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, fault['loc'])) or 'the file'}: {fault['msg']}"
