"""`manifest.json` of a PNG folder: what every file is and where it lies. The JSON schema is `manifest.schema.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from animelayers.errors import FormatError
from animelayers.psdopen import MAX_PIXELS
from animelayers.stack import Blend

NAME = "manifest.json"
SCHEMA = Path(__file__).with_name("manifest.schema.json")

CONVENTIONS = (
    "Layers run bottom to top. L and R are the character's sides, not the viewer's. Files are 8-bit straight-alpha "
    "sRGB; blending is on these values, as PSD readers do. Groups pass through. Sizes and places are in canvas pixels."
)

Side = Annotated[int, Field(ge=1, le=300_000)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Canvas(_Model):
    """Size of the picture."""

    height: Side
    width: Side

    @model_validator(mode="after")
    def _can_be_held(self) -> Self:
        if self.height * self.width > MAX_PIXELS:
            raise ValueError(f"{self.height} × {self.width} px is more than the {MAX_PIXELS:,} px that are read")
        return self


class Sheet(_Model):
    """One layer."""

    name: Annotated[str, Field(min_length=1)]
    """The canonical name: `front hair`, `irides-l`, `line`."""
    shown: str
    """The name in the preset that the folder was written with; unique in the folder."""
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*\.png$", max_length=255)]
    """File name inside the folder."""
    top: int
    """Canvas row of the file's first row; may be negative."""
    left: int
    height: Side
    width: Side
    blend: Blend
    """CSS name of the blend mode; `plus-lighter` is Add (Linear Dodge)."""
    opacity: Annotated[float, Field(ge=0, le=1)]
    visible: bool
    group: tuple[Annotated[str, Field(min_length=1)], ...]
    """Canonical names of the enclosing groups, outermost first."""
    shown_group: tuple[str, ...]
    """The same in the preset's names."""
    id: Annotated[int, Field(ge=1)]
    """Number that stays the same as long as the name and the groups do; also the PSD's layer id."""
    side: Literal["left", "right"] | None
    """The character's side, for layers that come in pairs."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """SHA-256 of the RGBA bytes, row by row, 0 0 0 0 where alpha is 0: tells whether somebody painted on it since."""


class Made(_Model):
    """How the stack was made; the fields of `animelayers.Provenance`."""

    mode: str
    model: str
    version: str
    source_sha256: str = ""
    source_name: str = ""
    revision: str = ""
    seed: int = 0
    options: dict[str, Any] = {}


class Manifest(_Model):
    """The whole file."""

    format: Literal["animelayers-png"] = "animelayers-png"
    version: Literal[1] = 1
    generator: str
    """Program and version that wrote the folder."""
    conventions: str = CONVENTIONS
    canvas: Canvas
    provenance: Made | None
    layers: tuple[Sheet, ...]
    """Bottom → top."""

    @model_validator(mode="after")
    def _files_once(self) -> Self:
        files = [sheet.file.lower() for sheet in self.layers]
        if len(set(files)) < len(files):
            raise ValueError("two layers name the same file")
        return self

    def text(self) -> str:
        """As JSON, indented, non-ASCII names readable."""
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """Read and validate `manifest.json` of a folder.

    Raises:
        FormatError: it is missing, is not JSON, or does not fit the schema; the message names the field.
    """
    path = folder / NAME
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise FormatError(
            f"{folder} has no {NAME} that can be read: {error.strerror}", hint="give a folder written by --format png"
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise FormatError(f"{path}: {where}: {first['msg']}", hint=f"its schema is {SCHEMA}") from error


def schema_text() -> str:
    """The JSON schema, as `manifest.schema.json` holds it."""
    schema = Manifest.model_json_schema(mode="serialization")
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=1) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema_text(), encoding="utf-8")
