"""A decoded PIL image of any mode → upright 8-bit straight-alpha sRGB, strip by strip to spare memory.

Every function takes the list of notes and adds what it changed, in plain words.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import numpy as np
from PIL import Image

from animelayers.errors import PictureError
from animelayers.psdplanes import sixteen_to_eight
from animelayers.raster import bands
from animelayers.stack import Rgba

Convert = Callable[[Image.Image], Image.Image]

_ROWS = 256  # of a strip that is converted at once
_ORIENTATION = 0x0112  # the EXIF tag
_INDIRECT = {"La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB"}


def to_rgba(image: Image.Image, label: str, notes: list[str]) -> Rgba:
    """A loaded image of any mode → uint8 [h, w, 4], its embedded colour profile converted to sRGB.

    Raises:
        PictureError: its samples are of 32 bit, whose range nobody has written down.
    """
    to_8_bit = _reducer(image, label, notes)
    to_srgb = _profile_converter(image, notes)
    rgba = np.empty((image.height, image.width, 4), np.uint8)
    for rows, _, _ in bands(image.height, _ROWS):
        strip = to_8_bit(image.crop((0, rows.start, image.width, rows.stop)))
        rgba[rows] = np.asarray(to_srgb(strip))
    return rgba


def orientation(image: Image.Image, notes: list[str]) -> int:
    """The EXIF orientation 1..8; 1 when there is none or it cannot be read."""
    # An EXIF block is a small TIFF file; damaged ones raise anything from struct.error to KeyError, and the
    # picture beside them is still whole.
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001
        notes.append("its EXIF block cannot be read: not turned")
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def say_turned(turn: int, notes: list[str]) -> None:
    """Add the note for an EXIF orientation."""
    if turn != 1:
        notes.append(f"turned upright (EXIF orientation {turn})")


def upright(rgba: Rgba, turn: int) -> Rgba:
    """Undo an EXIF orientation: where the first row and column lie (CIPA DC-008, tag 0x0112)."""
    if turn in (5, 6, 7, 8):
        rgba = rgba.swapaxes(0, 1)  # rows were columns
    if turn in (2, 3, 6, 7):
        rgba = rgba[:, ::-1]
    if turn in (3, 4, 7, 8):
        rgba = rgba[::-1]
    return np.ascontiguousarray(rgba)


def _reducer(image: Image.Image, label: str, notes: list[str]) -> Convert:
    """The function that makes a strip of this mode an RGBA one, or leaves it CMYK for the profile to convert."""
    mode = image.mode
    if mode == "I":
        levels = np.asarray(image)
        mode = "I;16" if levels.min() >= 0 and levels.max() <= 65535 else mode
    if mode in ("I", "F"):
        raise PictureError(f"{label} has samples of 32 bit", hint="export it as PNG of 8 or 16 bit a channel")
    if mode.startswith("I;16"):
        notes.append("16 → 8 bit a channel")
        return _grey_16
    if mode == "CMYK":
        return lambda strip: strip
    if mode == "LAB":
        notes.append("CIELAB → sRGB")
        return _lab_converter()
    middle = _INDIRECT.get(mode)
    return lambda strip: (strip.convert(middle) if middle else strip).convert("RGBA")


def _grey_16(strip: Image.Image) -> Image.Image:
    levels = np.asarray(strip)
    grey = Image.fromarray(sixteen_to_eight(levels))
    clear = strip.info.get("transparency")
    alpha = np.where(levels == clear, 0, 255) if isinstance(clear, int) else np.full(levels.shape, 255)
    return Image.merge("RGBA", (grey, grey, grey, Image.fromarray(alpha.astype(np.uint8))))


def _lab_converter() -> Convert:
    from PIL import ImageCms

    transform = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
    return lambda strip: _applied(transform, strip).convert("RGBA")


def _profile_converter(image: Image.Image, notes: list[str]) -> Convert:
    """RGBA or CMYK strip → RGBA strip in sRGB, through the embedded profile if it is a good one."""
    without: Convert = lambda strip: strip.convert("RGBA")  # noqa: E731
    profile = image.info.get("icc_profile")
    converter = None
    if profile and image.mode != "LAB":
        from PIL import ImageCms

        try:
            converter = _icc_converter(bytes(profile), image.mode, notes)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
            notes.append(f"its colour profile is not usable ({error}): taken as sRGB")
    if image.mode == "CMYK" and converter is None:
        notes.append("CMYK → RGB without a colour profile: colours may differ from print")
    return converter or without


def _icc_converter(data: bytes, mode: str, notes: list[str]) -> Convert | None:
    """None when the profile is sRGB itself. Raises what littlecms raises, and ValueError for one of another kind."""
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
    space = profile.profile.xcolor_space.strip()
    fits = {
        "RGB": mode != "CMYK",
        "GRAY": mode in ("1", "L", "LA", "La") or mode.startswith("I"),
        "CMYK": mode == "CMYK",
    }
    if not fits.get(space):
        raise ValueError(f"it is for {space}, the pixels are {mode}")
    source, target = {"RGB": ("RGBA", "RGBA"), "GRAY": ("L", "RGB"), "CMYK": ("CMYK", "RGB")}[space]
    # Otherwise littlecms replaces a steep grey curve by 33 nodes, ten levels off near black.
    exact = ImageCms.Flags.NOOPTIMIZE if space == "GRAY" else ImageCms.Flags.HIGHRESPRECALC
    transform = ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        source,
        target,
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION | exact,
    )

    def convert(strip: Image.Image) -> Image.Image:
        if space != "GRAY":
            return _applied(transform, strip).convert("RGBA")
        converted = _applied(transform, strip.getchannel("R"))
        converted.putalpha(strip.getchannel("A"))
        return converted

    if space != "CMYK" and _changes_nothing(convert, grey=space == "GRAY"):
        return None
    notes.append(f"colour profile {_profile_name(profile)!r} → sRGB")
    return convert


def _applied(transform: object, strip: Image.Image) -> Image.Image:
    from PIL import ImageCms

    converted = ImageCms.applyTransform(strip, transform)  # type: ignore[arg-type]
    if converted is None:  # only when told to work in place
        raise ValueError("the profile gave no picture")
    return converted


def _changes_nothing(convert: Convert, *, grey: bool) -> bool:
    """Whether a profile moves no colour of a fine lattice by more than one level: sRGB under any of its names.

    Converting it would cost exactness for rounding noise.
    """
    steps = np.arange(0, 256, 1 if grey else 15, dtype=np.uint8)
    axes = (steps, steps, steps)
    colours = np.stack(axes, axis=-1)[None] if grey else np.stack(np.meshgrid(*axes), axis=-1).reshape(1, -1, 3)
    opaque = np.dstack([colours, np.full(colours.shape[:2], 255, np.uint8)])
    converted = np.asarray(convert(Image.fromarray(opaque)))
    return bool(np.abs(converted.astype(np.int16) - opaque).max() <= 1)


def _profile_name(profile: object) -> str:
    from PIL import ImageCms

    try:
        name = ImageCms.getProfileDescription(profile)  # type: ignore[arg-type]
    except ImageCms.PyCMSError:
        name = ""
    return "".join(c for c in name if c.isprintable()).strip()[:60] or "unnamed"


# Pillow keeps the high byte of 16-bit colour. Reading the file once more with these unpackers gives the low byte; the
# one for grey with alpha gives both bytes of both channels.
_LOW_BYTE = {
    **{f"{mode};16{a}": f"{mode};16{b}" for mode in ("RGB", "RGBX", "RGBA") for a, b in ("BL", "LB")},
    **{f"{mode};16N": f"{mode};16{'B' if sys.byteorder == 'little' else 'L'}" for mode in ("RGB", "RGBX", "RGBA")},
    "LA;16B": "RGBA",
}


def with_low_bytes(image: Image.Image, again: Image.Image, notes: list[str]) -> Image.Image:
    """`image`, or an RGBA one rounded to the nearest 8-bit level when its file has 16-bit colour.

    `again` is the same file, opened anew and not loaded. Premultiplied and planar TIFFs keep Pillow's high byte.
    """
    tiles = getattr(again, "tile", [])
    unpackers = [tile.args if isinstance(tile.args, str) else str(tile.args[0]) for tile in tiles if tile.args]
    if image.mode.startswith("I") or not any(";16" in unpacker for unpacker in unpackers):
        return image
    notes.append("16 → 8 bit a channel")
    if len(unpackers) < len(tiles) or not all(unpacker in _LOW_BYTE for unpacker in unpackers):
        return image
    again.tile = [  # type: ignore[attr-defined]
        tile._replace(args=low if isinstance(tile.args, str) else (low, *tile.args[1:]))
        for tile, low in zip(tiles, (_LOW_BYTE[unpacker] for unpacker in unpackers), strict=True)
    ]
    again.load()
    return _rounded(image, again, grey_alpha=unpackers[0].startswith("LA"))


def _rounded(high: Image.Image, low: Image.Image, *, grey_alpha: bool) -> Image.Image:
    rgba = np.full((high.height, high.width, 4), 255, np.uint8)
    clear = high.info.get("transparency")
    for rows, _, _ in bands(high.height, _ROWS):
        box = (0, rows.start, high.width, rows.stop)
        top, bottom = np.asarray(high.crop(box)), np.asarray(low.crop(box))
        levels = top.astype(np.uint16) << 8 | (bottom[..., [1, 1, 1, 3]] if grey_alpha else bottom)
        rgba[rows][..., : levels.shape[2]] = sixteen_to_eight(levels)
        if isinstance(clear, tuple):
            rgba[rows][..., 3][(levels[..., :3] == clear).all(axis=-1)] = 0
    image = Image.frombuffer("RGBA", high.size, rgba, "raw", "RGBA", 0, 1)
    image.info = {key: value for key, value in high.info.items() if key != "transparency"}
    return image


def scale_transparent_grey(image: Image.Image, data: bytes) -> None:
    """PNG stores the transparent level of 2- and 4-bit grey unscaled; Pillow scales only the pixels."""
    clear = image.info.get("transparency")
    if image.format == "PNG" and image.mode == "L" and isinstance(clear, int) and data[24] in (2, 4):
        image.info["transparency"] = clear * 255 // (2 ** data[24] - 1)
