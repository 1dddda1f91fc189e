"""The one safe door to psd-tools for PSD and PSB files from strangers.

Sizes and section lengths are checked against the header and the file itself before a parser sees them; whatever
the parser raises becomes one `FormatError`. Pixels are decoded in `psdplanes`.
"""

from __future__ import annotations

import io
import logging
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt

from animelayers.errors import FormatError

if TYPE_CHECKING:
    from psd_tools import PSDImage

Plane = npt.NDArray[np.uint8]
"""uint8 [h, w]: one channel."""

PSD_MAX_SIDE = 30_000
"""Pixels; the format's limit for PSD."""
PSB_MAX_SIDE = 300_000
"""Pixels; the format's limit for PSB."""
MAX_PIXELS = 100_000_000
"""Of one picture or layer: holds 10 000 × 10 000, 400 MB as 8-bit RGBA."""
MAX_FILE_BYTES = 4 * 1024**3
"""psd-tools holds a whole file in memory."""
MAX_OBJECTS = 4_000_000
"""Parsed values; a thousand layers with text and paths stay far below."""
MAX_GROUP_DEPTH = 100
"""Photoshop stops at 10; walking thousands would end Python's stack."""

BITMAP, GREY, INDEXED, RGB, CMYK, MULTICHANNEL, DUOTONE, LAB = 0, 1, 2, 3, 4, 7, 8, 9
"""Colour modes of the header."""
COLOUR_PLANES = {BITMAP: 1, GREY: 1, INDEXED: 1, RGB: 3, CMYK: 4, DUOTONE: 1, LAB: 3}
"""Planes that carry colour; multichannel has none with a known meaning."""

_SAVE_AGAIN = "open it in the program that made it and save it again as PSD"
_COPY_AGAIN = "copy or download it again"

# Without a handler, Python prints psd-tools' own complaints on stderr, beside the one error raised here.
logging.getLogger("psd_tools").addHandler(logging.NullHandler())


def open_psd(source: Path | bytes, *, name: str = "") -> PSDImage:
    """Open a PSD or PSB file; pixels are decoded later, on demand. Errors call it `name`, or its file name.

    Wrap such later reads in `parsing`, since damage inside a layer shows only there.

    Raises:
        FormatError: there is no such file, it is not PSD/PSB, is cut off or damaged, or exceeds a limit above.
    """
    if isinstance(source, bytes):
        return _open(io.BytesIO(source), len(source), name or "the PSD")
    try:
        if source.is_dir():
            raise FormatError(f"{source} is a folder, a PSD file was wanted", hint="name the file inside it")
        with source.open("rb") as file:
            return _open(file, source.stat().st_size, name or source.name)
    except FileNotFoundError:
        raise FormatError(f"there is no file {source}", hint="check the path for a typing mistake") from None
    except (OSError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise FormatError(f"{source} cannot be read: {reason}", hint="check the path and its permissions") from error


@contextmanager
def parsing(name: str) -> Iterator[None]:
    """Turn whatever psd-tools raises inside the block into one `FormatError` that names the file.

    Raises:
        FormatError: the block raised anything but an error of this package.
    """
    try:
        yield
    except FormatError:
        raise
    except MemoryError:
        raise FormatError(f"{name} needs more memory than there is", hint="flatten or shrink it first") from None
    except ImportError as error:
        raise FormatError(
            f"{name} holds shapes or gradients that need another package: {error.name or error}",
            hint="pip install 'psd-tools[composite]', or rasterise these layers",
        ) from error
    # psd-tools meets damage with about a dozen types, from struct.error to AttributeError and RecursionError;
    # which one depends on the byte that is wrong, so no shorter list is complete.
    except Exception as error:
        what = str(error).strip().partition("\n")[0][:120]
        raise FormatError(
            f"{name} is damaged, or not as the PSD format says ({type(error).__name__}: {what})", hint=_SAVE_AGAIN
        ) from error


def _open(file: IO[bytes], size: int, name: str) -> PSDImage:
    from psd_tools import ParseLimits, PSDImage

    if size > MAX_FILE_BYTES:
        raise FormatError(
            f"{name} is a file of {size / 1024**3:.1f} GiB, at most {MAX_FILE_BYTES // 1024**3} are read",
            hint="merge some of its layers",
        )
    _check_header(file, name)
    _check_sections(file, size, name)
    file.seek(0)
    # Nested blocks are copied once a level; 16 levels is more than the format has.
    limits = ParseLimits(max_total_bytes=16 * size + 2**26, max_objects=MAX_OBJECTS)
    with parsing(name):
        psd = PSDImage.open(file, parse_limits=limits)
        _check_layers(psd, name)
    return psd


def _check_header(file: IO[bytes], name: str) -> None:
    head = file.read(26)
    if head[:4] != b"8BPS":
        raise FormatError(
            f"{name} is not a PSD or PSB file", hint="a layered file of another program? export it as PSD"
        )
    if len(head) < 26:
        cut_off(name, "it ends inside its header")
    version, channels, height, width, depth, mode = struct.unpack(">4xH6xHIIHH", head)
    if version not in (1, 2):
        damaged(name, f"version {version}, 1 (PSD) or 2 (PSB) was wanted")
    if not 1 <= channels <= 56:
        damaged(name, f"{channels} channels, 1 to 56 were wanted")
    if depth not in (1, 8, 16, 32):
        damaged(name, f"{depth} bits a channel, 1, 8, 16 or 32 were wanted")
    if mode not in COLOUR_PLANES and mode != MULTICHANNEL:
        damaged(name, f"colour mode {mode}")
    _check_size(width, height, PSD_MAX_SIDE if version == 1 else PSB_MAX_SIDE, name)


def _check_size(width: int, height: int, max_side: int, name: str) -> None:
    if not (1 <= width <= max_side and 1 <= height <= max_side and width * height <= MAX_PIXELS):
        raise FormatError(
            f"{name} says it is {width} × {height} px; a side of 1 to {max_side} px and "
            f"{MAX_PIXELS // 10**6} megapixels in all are read",
            hint=f"if that is its real size, scale it down; if not, it is damaged: {_COPY_AGAIN}",
        )


def _check_sections(file: IO[bytes], size: int, name: str) -> None:
    """The three sections with a length must end inside the file, with the merged image's two bytes to follow."""
    file.seek(4)
    wide = file.read(2) == b"\x00\x02"
    file.seek(26)
    for section in ("colour table", "image resources", "layers"):
        width = 8 if wide and section == "layers" else 4
        end = file.tell() + width + int.from_bytes(file.read(width), "big")
        if end + 2 > size:
            cut_off(name, f"its {section} would end at byte {end} of {size}")
        file.seek(end)


def _check_layers(psd: PSDImage, name: str) -> None:
    for record, _ in psd._record._iter_layers():
        width, height = max(0, record.right - record.left), max(0, record.bottom - record.top)
        if max(width, height) > PSB_MAX_SIDE or width * height > MAX_PIXELS:
            damaged(name, f"a layer of {width} × {height} px")
    _check_depth(psd, name)


def _check_depth(psd: PSDImage, name: str) -> None:
    groups: list[tuple[Iterable[Any], int]] = [(psd, 1)]
    while groups:
        children, depth = groups.pop()
        if depth > MAX_GROUP_DEPTH:
            raise FormatError(f"{name} has groups more than {MAX_GROUP_DEPTH} deep", hint="ungroup the innermost")
        groups += [(child, depth + 1) for child in children if child.is_group()]


def cut_off(name: str, detail: str) -> NoReturn:
    """Raise the `FormatError` of a file that ends too early."""
    raise FormatError(f"{name} is cut off: {detail}", hint=_COPY_AGAIN)


def damaged(name: str, detail: str) -> NoReturn:
    """Raise the `FormatError` of a file that says something impossible."""
    raise FormatError(f"{name} is damaged: {detail}", hint=f"{_COPY_AGAIN}, or {_SAVE_AGAIN}")
