"""Reading any picture safely: what comes out is upright 8-bit straight-alpha sRGB at its own resolution.

Files are judged by their first bytes, never by their ending, and handed to exactly one decoder of a short list;
the size is checked from the header before anything is decoded. Whatever had to be changed is said in `notes`.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt
from PIL import Image

from animelayers import pixels, psdopen, psdplanes
from animelayers.color import clear_hidden
from animelayers.errors import FormatError, PictureError
from animelayers.raster import bands
from animelayers.stack import Rgba

MAX_SIDE = psdopen.PSD_MAX_SIDE
"""Pixels: the longest side that a PSD can hold."""
MAX_PIXELS = psdopen.MAX_PIXELS
"""Of one picture."""
MAX_FILE_BYTES = psdopen.MAX_FILE_BYTES

READABLE = "PNG, JPEG, WebP, AVIF, BMP, TIFF, GIF, PSD and PSB"

_AS_PNG = "export it as PNG"
_COPY_AGAIN = "copy or download it again, or open it in another program and save it as PNG"
Decoder = Callable[[io.BytesIO], Image.Image]

_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_DECODERS: tuple[tuple[str, Callable[[bytes], bool], str, str], ...] = (
    ("PNG", lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), "PngImagePlugin", "PngImageFile"),
    ("JPEG", lambda head: head.startswith(b"\xff\xd8\xff"), "JpegImagePlugin", "JpegImageFile"),
    ("WebP", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", "WebPImagePlugin", "WebPImageFile"),
    ("AVIF", lambda head: bool(_brands(head) & {b"avif", b"avis"}), "AvifImagePlugin", "AvifImageFile"),
    ("GIF", lambda head: head[:6] in (b"GIF87a", b"GIF89a"), "GifImagePlugin", "GifImageFile"),
    ("BMP", lambda head: head.startswith(b"BM"), "BmpImagePlugin", "BmpImageFile"),
    ("TIFF", lambda head: head[:4] in _TIFF_SIGNATURES, "TiffImagePlugin", "TiffImageFile"),
)

_UNREADABLE: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("a PDF file", lambda head: head.startswith(b"%PDF")),
    ("an EPS file", lambda head: head.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6"))),
    ("an SVG drawing", lambda head: b"<svg" in head.lower()),
    ("a HEIC picture", lambda head: bool(_brands(head) & {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1"})),
    ("a film", lambda head: bool(_brands(head)) or head.startswith(b"\x1aE\xdf\xa3")),
    ("a JPEG XL picture", lambda head: head.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL "))),
    ("a JPEG 2000 picture", lambda head: head.startswith((b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"))),
    ("an icon", lambda head: head.startswith(b"\0\0\1\0")),
    ("an OpenEXR picture", lambda head: head.startswith(b"\x76\x2f\x31\x01")),
    ("a DDS texture", lambda head: head.startswith(b"DDS ")),
    ("a GIMP file", lambda head: head.startswith(b"gimp xcf")),
    ("a Clip Studio file", lambda head: head.startswith(b"CSFCHUNK")),
    ("a PaintTool SAI file", lambda head: head.startswith(b"SAI-CANVAS")),
    ("a Krita file", lambda head: head.startswith(b"PK\3\4") and b"application/x-krita" in head[:100]),
    ("an OpenRaster file", lambda head: head.startswith(b"PK\3\4") and b"image/openraster" in head[:100]),
)
_NOT_PICTURES: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("a zip archive", lambda head: head.startswith(b"PK\3\4")),
    ("an archive", lambda head: head.startswith((b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!"))),
    ("a web page", lambda head: head.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html"))),
    ("a text file", lambda head: _is_text(head)),  # noqa: PLW0108 - defined below
)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture as everything here wants it."""

    rgba: Rgba
    """uint8 [h, w, 4], straight alpha, sRGB; read-only; (0, 0, 0, 0) wherever alpha is 0."""
    name: str
    """File name without its folder; empty when there was no file."""
    sha256: str
    """Of the file's bytes, or of the pixel bytes when there was no file."""
    notes: tuple[str, ...] = ()
    """What was changed on the way in, in plain words."""

    def __post_init__(self) -> None:
        frozen = self.rgba.view()
        frozen.flags.writeable = False
        object.__setattr__(self, "rgba", frozen)

    @property
    def height(self) -> int:
        return int(self.rgba.shape[0])

    @property
    def width(self) -> int:
        return int(self.rgba.shape[1])

    @property
    def size(self) -> tuple[int, int]:
        """`(height, width)`."""
        return self.height, self.width


def load_picture(source: str | Path | bytes | Image.Image | npt.NDArray[np.uint8]) -> Picture:
    """Read a picture from a path, a file's bytes, a PIL image, or an array uint8 [h, w], [h, w, 3] or [h, w, 4].

    Of an animation the first frame is read, of a PSD its merged image. An embedded colour profile is converted to
    sRGB (relative colorimetric, black point compensation), 16 bit are rounded to 8. Never resized.

    Raises:
        PictureError: it is not there, no picture, of a format not read here, cut off, damaged, or too large.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, Image.Image):
        return _from_image(source)
    if isinstance(source, bytes):
        return _from_bytes(source, "", "the picture")
    if isinstance(source, str | Path):
        path = Path(source)
        return _from_bytes(_read(path), path.name, path.name)
    raise PictureError(
        f"a picture is a path, bytes, a PIL image or an array, got {type(source).__name__}", hint="pass a path"
    )


def _from_array(array: npt.NDArray[np.uint8]) -> Picture:
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise PictureError(
            f"an array must be uint8 [h, w], [h, w, 3] or [h, w, 4], got {array.dtype} {list(array.shape)}",
            hint="for floats 0..1: (255 * array + 0.5).astype('uint8')",
        )
    _check_size(array.shape[1], array.shape[0], "the array")
    rgba = np.full((*array.shape[:2], 4), 255, np.uint8)
    rgba[..., : array.shape[2] if array.ndim == 3 else 3] = array if array.ndim == 3 else array[..., None]
    return _finished(rgba, "", hashlib.sha256(np.ascontiguousarray(array).data).hexdigest(), [])


def _from_image(image: Image.Image) -> Picture:
    name = Path(str(getattr(image, "filename", ""))).name
    label, notes = name or "the image", list[str]()
    _check_size(*image.size, label)
    with _decoding(label):
        image.load()
        digest = hashlib.sha256(image.tobytes()).hexdigest()
        turn = pixels.orientation(image, notes)
        pixels.say_turned(turn, notes)
        rgba = pixels.upright(pixels.to_rgba(image, label, notes), turn)
    return _finished(rgba, name, digest, notes)


def _from_bytes(data: bytes, name: str, label: str) -> Picture:
    notes: list[str] = []
    if data.startswith(b"8BPS"):
        rgba = _read_psd(data, label, notes)
    else:
        kind, decoder = _decoder(data, label)
        rgba = _decode(kind, decoder, data, label, notes)
    return _finished(rgba, name, hashlib.sha256(data).hexdigest(), notes)


def _finished(rgba: Rgba, name: str, sha256: str, notes: list[str]) -> Picture:
    """Hidden colour goes in place, strip by strip: at 8192 × 8192 a copy is 268 MB."""
    hidden = False
    for rows, _, _ in bands(rgba.shape[0], 256):
        cleared = clear_hidden(rgba[rows])
        if not np.array_equal(cleared, rgba[rows]):
            rgba[rows], hidden = cleared, True
    if hidden:
        notes.append("colour hidden under transparent pixels removed")
    return Picture(rgba, name, sha256, tuple(notes))


def _read(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise PictureError(f"{path} is a folder, a picture was wanted", hint="name a picture inside it")
        if not path.exists():
            raise PictureError(f"there is no file {path}", hint="check the path for a typing mistake")
        if not path.is_file():
            raise PictureError(f"{path} is a device or a pipe, a picture file was wanted", hint="name a picture file")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise PictureError(f"{path} is over {MAX_FILE_BYTES // 1024**3} GiB", hint=_AS_PNG)
        return path.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, PictureError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise PictureError(f"{path} cannot be read: {reason}", hint="check the path and its permissions") from error


def _decoder(data: bytes, label: str) -> tuple[str, Decoder]:
    """The name and the class of the one decoder that these bytes are for."""
    if not data:
        raise PictureError(f"{label} is empty (0 bytes)", hint=_COPY_AGAIN)
    head = data[:1024]
    for kind, matches, module, decoder in _DECODERS:
        if matches(head):
            return kind, getattr(import_module(f"PIL.{module}"), decoder)
    for what, matches in _UNREADABLE:
        if matches(head):
            raise PictureError(f"{label} is {what}; {READABLE} are read", hint=_AS_PNG)
    what = next((what for what, matches in _NOT_PICTURES if matches(head)), "of no known picture format")
    raise PictureError(f"{label} is {what}; {READABLE} are read", hint=_AS_PNG)


def _brands(head: bytes) -> set[bytes]:
    """The brands of an ISO media file (AVIF, HEIC, MP4); empty for any other file."""
    if head[4:8] != b"ftyp":
        return set()
    box = head[8 : min(int.from_bytes(head[:4], "big"), 128)]
    return {box[at : at + 4] for at in range(0, len(box), 4) if at != 4}  # at 4: the minor version


def _is_text(head: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # a character may be cut at the end of `head`
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character.isspace() for character in text)


def _decode(kind: str, decoder: Decoder, data: bytes, label: str, notes: list[str]) -> Rgba:
    if kind == "PNG":
        _check_png(data, label)
    # The decoder's own class instead of Image.open, which warns from 89 megapixels on, process-wide.
    with _decoding(label), decoder(io.BytesIO(data)) as image:
        _check_size(*image.size, label)
        frames = getattr(image, "n_frames", 1)
        if frames > 1:
            notes.append(f"first of {frames} {'pages' if kind == 'TIFF' else 'frames'}")
        turned = pixels.orientation(image, notes) if kind == "TIFF" else 1  # Pillow turns a TIFF while it loads it
        pixels.say_turned(turned, notes)
        image.load()
        turn = pixels.orientation(image, notes)  # of a PNG only now: its EXIF may follow the pixels
        pixels.say_turned(turn, notes)
        pixels.scale_transparent_grey(image, data)
        whole: Image.Image = image
        if kind in ("PNG", "TIFF"):
            with decoder(io.BytesIO(data)) as again:
                whole = pixels.with_low_bytes(image, again, notes)
        return pixels.upright(pixels.to_rgba(whole, label, notes), turn)


def _read_psd(data: bytes, label: str, notes: list[str]) -> Rgba:
    try:
        psd = psdopen.open_psd(data, name=label)
        _check_size(psd.width, psd.height, label)
        image, alpha = psdplanes.flattened(psd, label, notes)
    except FormatError as error:
        raise PictureError(str(error), hint=error.hint) from error
    with _decoding(label):
        rgba = pixels.to_rgba(image, label, notes)
    if alpha is not None:
        rgba[..., 3] = alpha
    return rgba


@contextmanager
def _decoding(label: str) -> Iterator[None]:
    try:
        yield
    except PictureError:
        raise
    except MemoryError:
        raise PictureError(f"{label} needs more memory than there is", hint="scale it down first") from None
    except Image.DecompressionBombError:
        raise PictureError(
            f"{label} unpacks to far more than the {MAX_PIXELS // 10**6} megapixels that are read",
            hint="crop it or scale it down first",
        ) from None
    # Pillow's decoders meet damage with some twenty types, from SyntaxError to zlib.error; which one depends on
    # the byte that is wrong, so no shorter list is complete.
    except Exception as error:
        said = str(error).strip().partition("\n")[0][:120]
        what = said if " " in said else f"{type(error).__name__} {said}".strip()  # a lone key says nothing
        raise PictureError(f"{label} is cut off or damaged ({what})", hint=_COPY_AGAIN) from error


def _check_size(width: int, height: int, label: str) -> None:
    if width < 1 or height < 1:
        raise PictureError(f"{label} has no pixels ({width} × {height})", hint=_AS_PNG)
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise PictureError(
            f"{label} is {width} × {height} px; at most {MAX_SIDE} px a side and {MAX_PIXELS // 10**6} megapixels "
            "in all are read",
            hint="crop it or scale it down first",
        )


def _check_png(data: bytes, label: str) -> None:
    """Pillow stops at the last row; a cut after it and a wrong checksum before it would pass unseen."""
    view, at = memoryview(data), 8
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            break
        critical = not kind[0] & 0x20
        if critical and zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            _damaged(label, f"wrong checksum in {kind.decode('latin-1')!r}")
        if kind == b"IEND":
            return
        at = end
    _damaged(label, f"the file ends after {len(data)} bytes, before its end mark")


def _damaged(label: str, what: str) -> NoReturn:
    raise PictureError(f"{label} is cut off or damaged ({what})", hint=_COPY_AGAIN)
