"""Pixels of a stored sample ↔ PNG: encoded fast, decoded strictly, many at a time."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import clear_hidden
from animelayers.errors import DataError
from animelayers.handoff.png import encode_png
from animelayers.psdopen import MAX_PIXELS

Mode = Literal["RGBA", "L", "I;16"]
"""Colour with alpha, 8-bit grey, 16-bit grey; the names are Pillow's."""
Plane = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
"""uint8 [h, w, 4], uint8 [h, w] or uint16 [h, w]."""

WANTED: dict[Mode, str] = {"RGBA": "8-bit RGB with alpha", "L": "8-bit grey", "I;16": "16-bit grey"}
_KINDS: dict[tuple[str, tuple[int, ...]], Mode] = {("uint8", (4,)): "RGBA", ("uint8", ()): "L", ("uint16", ()): "I;16"}
"""Kind of array and what follows height and width."""
_HEADER = {(8, 6): "RGBA", (8, 0): "L", (16, 0): "I;16"}
"""Bit depth and colour type of a PNG header."""
_MAKE_AGAIN = "copy the sample again, or make it again"


def mode_of(plane: Plane) -> Mode | None:
    """What kind of picture an array is; None for any that is not stored."""
    return _KINDS.get((plane.dtype.name, plane.shape[2:]))


def encode_all(planes: Mapping[str, Plane]) -> dict[str, bytes]:
    """Each plane as PNG; same pixels, same bytes."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(planes, pool.map(_encode, planes.values()), strict=True))


def decode_all(files: Mapping[str, Mode], read: Callable[[str], bytes], where: str) -> dict[str, Plane]:
    """Each file as a plane; colour under alpha 0 is cleared. `where` stands before the file's name in errors.

    Raises:
        DataError: a file is damaged, of another kind, or larger than what is read; and what `read` raises.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {
            file: pool.submit(lambda f, m: _decode(read(f), m, where + f), file, mode) for file, mode in files.items()
        }
        return {file: job.result() for file, job in jobs.items()}


def _encode(plane: Plane) -> bytes:
    if plane.ndim == 3:
        return encode_png(np.asarray(plane, np.uint8))
    _, coded = cv2.imencode(".png", plane, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return coded.tobytes()


def _decode(data: bytes, mode: Mode, name: str) -> Plane:
    from PIL.PngImagePlugin import PngImageFile

    _check(data, mode, name)
    try:
        # The class itself: `Image.open` warns of large pictures, process-wide.
        with PngImageFile(io.BytesIO(data)) as image:
            plane: Plane = np.array(image)
    # Pillow meets damage with OSError, SyntaxError, ValueError, struct.error, zlib.error and its bomb error.
    except Exception as error:
        raise _damaged(name, str(error)) from error
    return clear_hidden(np.asarray(plane, np.uint8)) if mode == "RGBA" else plane


def _check(data: bytes, mode: Mode, name: str) -> None:
    """Kind, size and checksums: Pillow stops at the last row, and would not see a change in what it skips."""
    if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR" or len(data) < 33:
        raise _damaged(name, "it is no PNG")
    width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
    if _HEADER.get((depth, colour)) != mode:
        raise DataError(
            f"{name} has {depth} bits and PNG colour type {colour}, {WANTED[mode]} was wanted", hint=_MAKE_AGAIN
        )
    if not 0 < width * height <= MAX_PIXELS:
        raise DataError(f"{name} is {width} × {height} px, at most {MAX_PIXELS:,} px are read", hint=_MAKE_AGAIN)
    view, at = memoryview(data), 8
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data) or zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            break
        if kind == b"IEND":
            return
        at = end
    raise _damaged(name, f"what begins at byte {at} of {len(data)} is cut off or has a wrong checksum")


def _damaged(name: str, what: str) -> DataError:
    return DataError(f"{name} is damaged: {what}", hint=_MAKE_AGAIN)
