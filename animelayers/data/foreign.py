"""What the layouts of other programs need: files and names that may be anything, and a folder of one's own.

Every function raises `DataError` for a file that is missing, damaged or not what was wanted.
"""

from __future__ import annotations

import io
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from animelayers.data.folder import read_bytes, refuse_strangers
from animelayers.errors import DataError
from animelayers.handoff.files import replacing_folder
from animelayers.handoff.png import LITTER
from animelayers.psdopen import MAX_PIXELS
from animelayers.stack import Rgba

AGAIN = "export the sample again"

Notes = list[str]
"""What was changed or left out, in plain words, once for every sample it happened to."""


def sample_id(name: str) -> str:
    """A name as the id of a sample: itself where it may be one, else what may stay of it and a checksum."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")
    return (
        plain if plain and plain == name else f"{plain or 'sample'}-{zlib.crc32(name.encode('utf-8', 'replace')):08x}"
    )


def write_files(samples: Iterable[Mapping[str, bytes]], folder: Path) -> None:
    """Write the files of samples into one new folder, all of them or none.

    Raises:
        DataError: there are no files, or two samples have one of the same name.
        OutputError: `folder` holds something, or cannot be made.
    """
    folder = Path(folder)
    if folder.exists() or folder.is_symlink():
        inside = folder.iterdir() if folder.is_dir() else ()
        refuse_strangers(folder, sorted(path.name for path in inside if path.name not in LITTER))
    written = 0
    with replacing_folder(folder) as temporary:
        for files in samples:
            for name, data in files.items():
                if (temporary / name).exists():
                    raise DataError(f"two samples would both write {name}", hint="give them other ids")
                (temporary / name).write_bytes(data)
                written += 1
        if not written:
            raise DataError(f"nothing of these samples can be written to {folder}", hint="choose another layout")


def read_rgba(path: Path) -> Rgba:
    """A PNG as uint8 [h, w, 4], with the colour under alpha 0."""
    return np.array(_decoded(path).convert("RGBA"))


def read_grey(path: Path, size: tuple[int, ...]) -> npt.NDArray[np.uint16]:
    """A PNG of `size` (height, width) as uint16 [h, w]; 8 bit are spread over 0..65535."""
    image = _decoded(path)
    deep = image.mode.startswith("I")
    plane = np.asarray(image if deep else image.convert("L")).astype(np.uint16) * np.uint16(1 if deep else 257)
    if plane.shape != tuple(size):
        raise DataError(f"{path} is {plane.shape}, {tuple(size)} was wanted", hint=AGAIN)
    return plane


def read_json(path: Path, kind: type = dict) -> Any:
    """A JSON file that holds a `kind`."""
    try:
        found = json.loads(read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is no JSON: {error}", hint=AGAIN) from error
    if not isinstance(found, kind):
        raise DataError(f"{path} holds a {type(found).__name__}, a {kind.__name__} was wanted", hint=AGAIN)
    return found


def json_bytes(values: object) -> bytes:
    """One line of JSON."""
    try:
        return (json.dumps(values, ensure_ascii=False, allow_nan=False) + "\n").encode()
    except (TypeError, ValueError) as error:
        raise DataError(f"this cannot be written as JSON: {error}", hint="attributes hold JSON values") from error


def _decoded(path: Path) -> Image.Image:
    data = read_bytes(path)
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"{image.width} × {image.height} px are too many")
            image.load()
            return image
    # Pillow meets damage with OSError, SyntaxError, ValueError, struct.error, zlib.error and its bomb error.
    except Exception as error:
        raise DataError(f"{path} cannot be read: {error}", hint=AGAIN) from error
