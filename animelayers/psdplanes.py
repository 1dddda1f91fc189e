"""The pixels of an opened PSD: its merged image, or one of its layers, decoded strictly.

psd-tools replaces a channel that it cannot decode by black and fills a row that ends early with zeros; here both are
errors.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from animelayers.errors import FormatError
from animelayers.psdopen import CMYK, COLOUR_PLANES, GREY, INDEXED, LAB, RGB, Plane, cut_off, damaged, parsing
from animelayers.raster import bands

if TYPE_CHECKING:
    from psd_tools import PSDImage
    from psd_tools.api.layers import Layer as PsdLayer
    from psd_tools.psd.layer_and_mask import ChannelData

MAX_LAYER_PIXELS = 2_000_000_000
"""Of all layers together, as the file declares them: 29 full layers at 8192 × 8192."""

_RAW, _RLE = 0, 1


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
        damaged(name, f"{header.channels} channels where its colour mode has {count}")
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


def check_layers(psd: PSDImage, name: str) -> None:
    """Refuse a document whose layers are too large to be decoded all together.

    Raises:
        FormatError: they are.
    """
    if sum(record.width * record.height for record, _ in psd._record._iter_layers()) > MAX_LAYER_PIXELS:
        raise FormatError(f"{name} has too many pixels in its layers", hint="merge some of its layers")


def layer_pixels(layer: PsdLayer) -> npt.NDArray[np.uint8] | None:
    """The planes of an 8-bit RGB layer as they are, uint8 [h, w, 4]; without an alpha plane it is opaque.

    None where a colour plane is missing. Strict, like `merged`.

    Raises:
        ValueError, Warning, and what else psd-tools' decoders raise: a plane is damaged or ends early.
    """
    record = layer._record
    height, width = record.height, record.width
    out = np.full((height, width, 4), 255, np.uint8)
    found = set()
    for info, data in zip(record.channel_info, layer._channels, strict=False):
        if -1 <= info.id <= 2:
            out[..., info.id] = _layer_plane(data, height, width, layer._psd.version)  # -1, alpha, is the last
            found.add(int(info.id))
    return out if {0, 1, 2} <= found else None


def _layer_plane(data: ChannelData, height: int, width: int, version: int) -> Plane:
    if data.compression == _RLE and _rle_length(data.data, height, version) > len(data.data):
        raise ValueError("a channel ends early")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plane = data.get_data(width, height, 8, version)
    return np.frombuffer(plane, np.uint8).reshape(height, width)


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


def _check_rows(psd: PSDImage, name: str) -> None:
    """The rows of every layer's RLE channels are there in full: psd-tools fills up with zeros."""
    for record, channels in psd._record._iter_layers():
        height = max(0, record.bottom - record.top)
        for info, channel in zip(record.channel_info, channels, strict=False):
            data, is_mask = channel.data, info.id < -1  # a mask has another height
            if is_mask or int(channel.compression) != _RLE or not data:
                continue
            if len(data) < (end := _rle_length(data, height, psd.version)):
                cut_off(name, f"a layer has {len(data)} of {end} bytes")


def _rle_length(data: bytes, height: int, version: int) -> int:
    """Bytes that an RLE channel has to have: a table of row lengths, then the rows; of a cut table, the table alone."""
    entry = 2 * version
    if len(data) < entry * height:
        return entry * height
    return entry * height + int(np.frombuffer(data, f">u{entry}", height).sum(dtype=np.int64))


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
        cut_off(name, f"its merged image has {len(data)} of {length * header.channels} bytes")
    for index in wanted:
        yield data[index * length : (index + 1) * length]


def _rle_planes(psd: PSDImage, wanted: list[int], name: str) -> Iterator[bytes]:
    from psd_tools.compression import decode_rle

    header, data = psd._record.header, psd._record.image_data.data
    rows = header.height * header.channels
    count_bytes = 2 * header.version
    if len(data) < rows * count_bytes:
        cut_off(name, "its merged image ends inside the table of rows")
    counts = np.frombuffer(data, f">u{count_bytes}", rows).astype(np.int64)
    ends = np.cumsum(counts) + rows * count_bytes
    if ends[-1] > len(data):
        cut_off(name, f"its merged image would end {int(ends[-1]) - len(data)} bytes after the file does")
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
        damaged(name, f"its merged image does not unpack: {error}")
    if not unpacker.eof:
        cut_off(name, "its merged image unpacks to something of another size")
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
