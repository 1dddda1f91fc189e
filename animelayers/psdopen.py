"""The one safe door to psd-tools for PSD and PSB files from strangers.

Sizes and section lengths are checked against the header and the file itself before a parser sees them; whatever
the parser raises becomes one `FormatError`. `merged` decodes the merged image strictly: psd-tools replaces a
channel it cannot decode by black and fills a row that ends early with zeros, here both are errors.
"""

from __future__ import annotations

import io
import logging
import struct
import warnings
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt
from PIL import Image

from animelayers.errors import FormatError
from animelayers.raster import bands

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
_RAW, _RLE = 0, 1

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


def merged(psd: PSDImage, name: str = "the PSD") -> tuple[list[Plane], Plane | None]:
    """The merged image: planes that carry colour, and the transparency plane or None.

    Everything is reduced to 8 bit. 0 is black, except for indices and for CMYK, where 0 is no ink; 32-bit planes
    are linear light and become sRGB-encoded. Colour is un-matted from white where the format mattes it (RGB, grey).

    Raises:
        FormatError: there is no merged image, it is cut off, or its colour mode has no agreed meaning.
    """
    from psd_tools.api.utils import get_transparency_index, has_transparency

    header = psd._record.header
    mode = int(header.color_mode)
    if mode not in COLOUR_PLANES:
        raise FormatError(f"{name} is in multichannel mode, which has no colours of its own", hint="save it as RGB")
    count = COLOUR_PLANES[mode]
    if header.channels < count:
        _damaged(name, f"{header.channels} channels where its colour mode has {count}")
    with parsing(name):
        alpha_at = get_transparency_index(psd) if has_transparency(psd) else header.channels
        if alpha_at < count:  # not named; certain only where one channel is left over
            alpha_at = count if header.channels == count + 1 else header.channels
        wanted = [*range(count), *([alpha_at] if alpha_at < header.channels else [])]
        planes = [_eight_bit(raw, psd) for raw in _planes(psd, wanted, name)]
    if mode == CMYK:
        planes[:4] = [255 - plane for plane in planes[:4]]
    colours, alpha = planes[:count], planes[count] if len(planes) > count else None
    if alpha is not None and mode in (RGB, GREY):
        for plane in colours:
            _unmatte(plane, alpha)
    return colours, alpha


def flattened(psd: PSDImage, name: str, notes: list[str]) -> tuple[Image.Image, Plane | None]:
    """The document as one image in its own colours (`info` has its profile), and its alpha or None.

    That is the merged image, or the layers composited by psd-tools where the file has none worth the name.

    Raises:
        FormatError: neither can be read.
    """
    from psd_tools import PSDDecompressionWarning
    from psd_tools.constants import Resource

    with parsing(name):
        layered = any(True for _ in psd._record._iter_layers())
        profile = psd.image_resources.get_data(Resource.ICC_PROFILE)
        colours, alpha = merged(psd, name) if psd.has_preview() or not layered else ([], None)
        if layered and not _says_something(colours, alpha):
            notes.append("no merged image in the file: its layers composited")
            _check_rows(psd, name)
            with warnings.catch_warnings():  # psd-tools warns where it puts black for a layer that it cannot decode
                warnings.simplefilter("error", PSDDecompressionWarning)
                image, alpha = psd.composite(ignore_preview=True, apply_icc=False, color=None, alpha=0.0), None
        else:
            notes.append("merged image of the PSD")
            image = _as_image(psd, colours)
        if isinstance(profile, bytes):
            image.info["icc_profile"] = profile
        return image, alpha


def _says_something(colours: list[Plane], alpha: Plane | None) -> bool:
    """Whether a merged image shows anything: writers that make none leave it black, white, or all transparent."""
    if not colours or (alpha is not None and not alpha.any()):
        return False
    return any(plane.min() != plane.max() for plane in (*colours, *([] if alpha is None else [alpha])))


def _as_image(psd: PSDImage, colours: list[Plane]) -> Image.Image:
    mode = int(psd._record.header.color_mode)
    if len(colours) == 1:
        image = Image.fromarray(colours[0])
        if mode == INDEXED:
            image.putpalette(psd._record.color_mode_data.interleave())
        return image
    if mode == LAB:
        return Image.merge("LAB", [Image.fromarray(plane) for plane in colours])
    if mode == CMYK:
        return Image.frombuffer("CMYK", psd.size, np.dstack(colours), "raw", "CMYK", 0, 1)
    return Image.fromarray(np.dstack(colours))


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
        _cut_off(name, "it ends inside its header")
    version, channels, height, width, depth, mode = struct.unpack(">4xH6xHIIHH", head)
    if version not in (1, 2):
        _damaged(name, f"version {version}, 1 (PSD) or 2 (PSB) was wanted")
    if not 1 <= channels <= 56:
        _damaged(name, f"{channels} channels, 1 to 56 were wanted")
    if depth not in (1, 8, 16, 32):
        _damaged(name, f"{depth} bits a channel, 1, 8, 16 or 32 were wanted")
    if mode not in COLOUR_PLANES and mode != MULTICHANNEL:
        _damaged(name, f"colour mode {mode}")
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
            _cut_off(name, f"its {section} would end at byte {end} of {size}")
        file.seek(end)


def _check_layers(psd: PSDImage, name: str) -> None:
    for record, _ in psd._record._iter_layers():
        width, height = max(0, record.right - record.left), max(0, record.bottom - record.top)
        if max(width, height) > PSB_MAX_SIDE or width * height > MAX_PIXELS:
            _damaged(name, f"a layer of {width} × {height} px")
    _check_depth(psd, name)


def _check_rows(psd: PSDImage, name: str) -> None:
    """The rows of every layer's RLE channels are there in full: psd-tools fills up with zeros."""
    entry = 2 * psd.version
    for record, channels in psd._record._iter_layers():
        height = max(0, record.bottom - record.top)
        for info, channel in zip(record.channel_info, channels, strict=False):
            data, is_mask = channel.data, info.id < -1  # a mask has another height
            if is_mask or int(channel.compression) != _RLE or not data:
                continue
            end = entry * height
            if len(data) >= end:
                end += int(np.frombuffer(data, f">u{entry}", height).sum(dtype=np.int64))
            if len(data) < end:
                _cut_off(name, f"a layer has {len(data)} of {end} bytes")


def _check_depth(psd: PSDImage, name: str) -> None:
    groups: list[tuple[Iterable[Any], int]] = [(psd, 1)]
    while groups:
        children, depth = groups.pop()
        if depth > MAX_GROUP_DEPTH:
            raise FormatError(f"{name} has groups more than {MAX_GROUP_DEPTH} deep", hint="ungroup the innermost")
        groups += [(child, depth + 1) for child in children if child.is_group()]


def _planes(psd: PSDImage, wanted: list[int], name: str) -> Iterator[bytes]:
    """The wanted channels of the merged image, decompressed; every byte is really there."""
    header, data = psd._record.header, psd._record.image_data.data
    compression = int(psd._record.image_data.compression)
    row_bytes = (header.width * header.depth + 7) // 8
    length = row_bytes * header.height
    if compression == _RLE:
        yield from _rle_planes(psd, wanted, name)
        return
    if compression != _RAW:
        data = _unzip(psd, length * header.channels, name)
    if len(data) < length * header.channels:
        _cut_off(name, f"its merged image has {len(data)} of {length * header.channels} bytes")
    for index in wanted:
        yield data[index * length : (index + 1) * length]


def _rle_planes(psd: PSDImage, wanted: list[int], name: str) -> Iterator[bytes]:
    from psd_tools.compression import decode_rle

    header, data = psd._record.header, psd._record.image_data.data
    rows = header.height * header.channels
    count_bytes = 2 * header.version
    if len(data) < rows * count_bytes:
        _cut_off(name, "its merged image ends inside the table of rows")
    counts = np.frombuffer(data, f">u{count_bytes}", rows).astype(np.int64)
    ends = np.cumsum(counts) + rows * count_bytes
    if ends[-1] > len(data):
        _cut_off(name, f"its merged image would end {int(ends[-1]) - len(data)} bytes after the file does")
    table = memoryview(data)[: rows * count_bytes]
    for index in wanted:
        first, last = index * header.height, (index + 1) * header.height
        start = int(ends[first] - counts[first])
        part = bytes(table[first * count_bytes : last * count_bytes]) + data[start : int(ends[last - 1])]
        yield decode_rle(part, header.width, header.height, header.depth, header.version)


def _unzip(psd: PSDImage, length: int, name: str) -> bytes:
    from psd_tools.compression import decode_prediction
    from psd_tools.constants import Compression

    header, image_data = psd._record.header, psd._record.image_data
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(image_data.data, length + 1)
    except zlib.error as error:
        _damaged(name, f"its merged image does not unpack: {error}")
    if not unpacker.eof:
        _cut_off(name, "its merged image unpacks to something of another size")
    if image_data.compression == Compression.ZIP_WITH_PREDICTION and len(data) == length:
        return decode_prediction(data, header.width, header.height * header.channels, header.depth)
    return data


def _eight_bit(raw: bytes, psd: PSDImage) -> Plane:
    """One decompressed channel → uint8 [h, w], writable."""
    height, width, depth = psd.height, psd.width, psd.depth
    if depth == 1:
        bits = np.unpackbits(np.frombuffer(raw, np.uint8).reshape(height, -1), axis=1, count=width)
        return np.where(bits == 1, 0, 255).astype(np.uint8)
    if depth == 8:
        return np.frombuffer(raw, np.uint8).reshape(height, width).copy()
    wide = np.frombuffer(raw, ">u2" if depth == 16 else ">f4").reshape(height, width)
    plane = np.empty((height, width), np.uint8)
    for rows, _, _ in bands(height, 256):
        plane[rows] = sixteen_to_eight(wide[rows]) if depth == 16 else _linear_to_eight(wide[rows])
    return plane


def sixteen_to_eight(levels: npt.NDArray[np.uint16]) -> Plane:
    """Levels 0..65535 → the nearest of 0..255: `round(levels / 257)`, which is never a tie."""
    return _EIGHT_OF_SIXTEEN[levels]


_EIGHT_OF_SIXTEEN = ((np.arange(65536, dtype=np.uint32) + 128) // 257).astype(np.uint8)


def _linear_to_eight(light: npt.NDArray[np.float32]) -> Plane:
    """Linear light 0..1 → sRGB levels (IEC 61966-2-1); what is not a number becomes black."""
    x = np.clip(np.nan_to_num(light.astype(np.float32), nan=0.0), 0.0, 1.0)
    encoded = np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** np.float32(1 / 2.4) - 0.055)
    return np.asarray(np.floor(encoded * 255 + 0.5), np.uint8)


def _unmatte(plane: Plane, alpha: Plane) -> None:
    """Take the white off a plane that was matted on it, in place: `C = 255 - (255 - P) · 255 / A`, half up."""
    for rows, _, _ in bands(plane.shape[0], 256):
        soft = (alpha[rows] > 0) & (alpha[rows] < 255)
        a = alpha[rows][soft].astype(np.int32)
        excess = np.maximum(plane[rows][soft].astype(np.int32) + a - 255, 0) * 255
        plane[rows][soft] = (2 * excess + a) // (2 * a)


def _cut_off(name: str, detail: str) -> NoReturn:
    raise FormatError(f"{name} is cut off: {detail}", hint=_COPY_AGAIN)


def _damaged(name: str, detail: str) -> NoReturn:
    raise FormatError(f"{name} is damaged: {detail}", hint=f"{_COPY_AGAIN}, or {_SAVE_AGAIN}")
