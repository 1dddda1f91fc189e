from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from drawing import ROOT
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageCms

from animelayers.errors import PictureError
from animelayers.picture import MAX_PIXELS, MAX_SIDE, load_picture

RNG = np.random.default_rng(3)


def encoded(image: Image.Image | np.ndarray, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, kind, **options)
    return file.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *extra: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def png16(levels: np.ndarray, *extra: bytes) -> bytes:
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[levels.shape[2]]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels)
    return png(levels.shape[1], levels.shape[0], 16, colour, rows, *extra)


def refused(source: object, *words: str) -> PictureError:
    with pytest.raises(PictureError) as caught:
        load_picture(source)  # type: ignore[arg-type]
    assert caught.value.hint
    for word in words:
        assert word in str(caught.value)
    return caught.value


def soft(side: int = 64) -> np.ndarray:
    """A noisy RGBA picture with every alpha: nothing in it is easy to guess for a decoder."""
    rgba = np.random.default_rng(5).integers(0, 256, (side, side, 4), np.uint8)
    rgba[rgba[..., 3] == 0] = 0
    return rgba


# ---------------------------------------------------------------- orientation

SIDES = {1: "TL", 2: "TR", 3: "BR", 4: "BL", 5: "LT", 6: "RT", 7: "RB", 8: "LB"}
"""Of EXIF: where the stored row 0 and the stored column 0 lie in the upright picture."""


def stored(upright: np.ndarray, turn: int) -> np.ndarray:
    """The pixels as a camera would store them, from the definition of the tag."""
    row_side, column_side = SIDES[turn]
    height, width = upright.shape[:2]

    def place(side: str, distance: int) -> int:
        return {"T": distance, "L": distance, "B": height - 1 - distance, "R": width - 1 - distance}[side]

    shape = (height, width) if row_side in "TB" else (width, height)
    out = np.empty((*shape, *upright.shape[2:]), np.uint8)
    for r in range(shape[0]):
        for c in range(shape[1]):
            a, b = place(row_side, r), place(column_side, c)
            out[r, c] = upright[a, b] if row_side in "TB" else upright[b, a]
    return out


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_undone(kind: str, turn: int) -> None:
    upright = RNG.integers(0, 256, (3, 5, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = turn
    lossless = {"lossless": True} if kind == "WEBP" else {}
    picture = load_picture(encoded(stored(upright, turn), kind, exif=exif, **lossless))
    assert np.array_equal(picture.rgba[..., :3], upright)
    assert picture.notes == (() if turn == 1 else (f"turned upright (EXIF orientation {turn})",))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_broken_exif_block_does_not_cost_the_picture() -> None:
    data = encoded(Image.new("RGB", (4, 4), "red"), "JPEG", exif=b"Exif\0\0MM\0\x2a\xff\xff\xff\xff garbage")
    assert load_picture(data).size == (4, 4)


# ---------------------------------------------------------------- colour profiles

SRGB = np.array(  # columns: the colourants of sRGB, adapted to D50 (Bradford)
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
ADOBE = np.array(
    [[0.6097559, 0.2052401, 0.1492240], [0.3111242, 0.6256560, 0.0632197], [0.0194811, 0.0608902, 0.7448387]]
)


def to_linear(encoded_: np.ndarray) -> np.ndarray:
    return np.where(encoded_ <= 0.04045, encoded_ / 12.92, ((encoded_ + 0.055) / 1.055) ** 2.4)


def from_linear(light: np.ndarray) -> np.ndarray:
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def profile(colourants: np.ndarray | None, curve: np.ndarray | float, name: str = "closed form") -> bytes:
    """An ICC 2.1 profile: three colourants and one tone curve (a gamma, or samples 0..1), or a grey one."""

    def s15(*values: float) -> bytes:
        return struct.pack(f">{len(values)}i", *(round(v * 65536) for v in values))

    if isinstance(curve, float):
        samples = struct.pack(">IH", 1, round(curve * 256)) + b"\0\0"
    else:
        samples = struct.pack(f">I{len(curve)}H", len(curve), *np.round(curve * 65535).astype(int))
    tone = b"curv\0\0\0\0" + samples
    desc = b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name.encode() + b"\0" + bytes(79)
    tags = {b"desc": desc, b"wtpt": b"XYZ \0\0\0\0" + s15(0.9642, 1.0, 0.8249), b"cprt": b"text\0\0\0\0none\0"}
    if colourants is None:
        tags[b"kTRC"] = tone
    else:
        for letter, column in zip((b"r", b"g", b"b"), colourants.T, strict=True):
            tags[letter + b"XYZ"], tags[letter + b"TRC"] = b"XYZ \0\0\0\0" + s15(*column), tone
    at, table, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for tag, value in tags.items():
        table += tag + struct.pack(">II", at + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    space = b"RGB " if colourants is not None else b"GRAY"
    head = struct.pack(">I4sI4s4s4s12s4s", at + len(body), b"lcms", 0x02100000, b"mntr", space, b"XYZ ", b"", b"acsp")
    head += bytes(28) + s15(0.9642, 1.0, 0.8249)
    return head.ljust(128, b"\0") + table + body


def far(picture: np.ndarray, wanted: np.ndarray) -> int:
    return int(np.abs(picture.astype(int) - np.floor(wanted * 255 + 0.5).astype(int)).max())


def test_a_profile_with_other_primaries_follows_the_matrix_equation() -> None:
    rgb = RNG.integers(0, 256, (40, 40, 3), np.uint8)
    picture = load_picture(encoded(rgb, "PNG", icc_profile=profile(ADOBE, 563 / 256, "Wide")))
    wanted = from_linear((rgb / 255.0) ** (563 / 256) @ (np.linalg.inv(SRGB) @ ADOBE).T)
    assert far(picture.rgba[..., :3], wanted) <= 1
    assert picture.notes == ("colour profile 'Wide' → sRGB",)


def test_a_profile_in_linear_light_is_encoded() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    picture = load_picture(encoded(ramp, "PNG", icc_profile=profile(SRGB, 1.0)))
    assert far(picture.rgba[..., :3], from_linear(ramp / 255.0)) <= 1


def test_swapped_primaries_swap_the_channels() -> None:
    curve = to_linear(np.linspace(0, 1, 4096))
    rgb = RNG.integers(0, 256, (16, 16, 3), np.uint8)
    picture = load_picture(encoded(rgb, "PNG", icc_profile=profile(SRGB[:, [1, 0, 2]], curve)))
    assert np.abs(picture.rgba[..., :3].astype(int) - rgb[..., [1, 0, 2]]).max() <= 1


def test_alpha_passes_a_profile_untouched() -> None:
    rgba = soft()
    picture = load_picture(encoded(rgba, "PNG", icc_profile=profile(ADOBE, 2.2)))
    assert np.array_equal(picture.rgba[..., 3], rgba[..., 3])
    assert not np.array_equal(picture.rgba, rgba)


def test_a_grey_profile_converts_grey_with_and_without_alpha() -> None:
    ramp = np.arange(256, dtype=np.uint8)[None]
    for image in (Image.fromarray(ramp), Image.fromarray(np.dstack([ramp, ramp[:, ::-1]]))):
        rgba = load_picture(encoded(image, "PNG", icc_profile=profile(None, 1.0))).rgba
        seen = rgba[..., 3] > 0
        assert far(rgba[seen][:, 0], from_linear(ramp[seen] / 255.0)) <= 1
        assert np.array_equal(rgba[..., 0], rgba[..., 2])


def test_an_srgb_profile_changes_no_pixel_and_needs_no_note() -> None:
    built_in = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for data in (built_in, profile(SRGB, to_linear(np.linspace(0, 1, 4096)), "sRGB by hand")):
        picture = load_picture(encoded(soft(), "PNG", icc_profile=data))
        assert np.array_equal(picture.rgba, soft())
        assert picture.notes == ()


@pytest.mark.parametrize("bad", [b"no profile at all", profile(ADOBE, 2.2)[:300], profile(None, 2.2)])
def test_an_unusable_profile_is_said_and_ignored(bad: bytes) -> None:
    picture = load_picture(encoded(soft(), "PNG", icc_profile=bad))
    assert np.array_equal(picture.rgba, soft())
    assert len(picture.notes) == 1
    assert "not usable" in picture.notes[0]


# ---------------------------------------------------------------- modes


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_is_ink(kind: str) -> None:
    inks = {
        (0, 0, 0, 0): (255,) * 3,
        (0, 0, 0, 255): (0,) * 3,
        (255, 0, 0, 0): (0, 255, 255),
        (0, 255, 0, 128): (127, 0, 127),
    }
    for ink, rgb in inks.items():
        data = encoded(Image.new("CMYK", (16, 16), ink), kind, **({"quality": 100} if kind == "JPEG" else {}))
        picture = load_picture(data)
        assert np.abs(picture.rgba[8, 8, :3].astype(int) - rgb).max() <= (3 if kind == "JPEG" else 0)
        assert picture.notes == ("CMYK → RGB without a colour profile: colours may differ from print",)


def test_adobe_stores_cmyk_inverted() -> None:
    data = encoded(Image.new("CMYK", (16, 16), (0, 0, 0, 0)), "JPEG")
    assert b"Adobe" in data[:64]
    assert (load_picture(data).rgba[8, 8] == 255).all()


def nearest(levels: np.ndarray) -> np.ndarray:
    """`round(v · 255 / 65535)` by integers alone."""
    return ((levels.astype(np.int64) * 510 + 65535) // 131070).astype(np.uint8)


def test_sixteen_bit_grey_rounds_every_level_to_the_nearest() -> None:
    levels = np.arange(65536).reshape(256, 256, 1)
    picture = load_picture(png16(levels))
    assert np.array_equal(picture.rgba[..., :3], np.repeat(nearest(levels), 3, axis=2))
    assert picture.notes == ("16 → 8 bit a channel",)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_sixteen_bit_colour_rounds_to_the_nearest(channels: int) -> None:
    levels = RNG.integers(0, 65536, (70, 30, channels))
    if channels in (2, 4):
        levels[..., -1] = np.maximum(levels[..., -1], 200)  # visible
    eight = nearest(levels)
    rgba = load_picture(png16(levels)).rgba
    assert np.array_equal(rgba[..., :3], eight[..., :3] if channels > 2 else np.repeat(eight[..., :1], 3, axis=2))
    if channels in (2, 4):
        assert np.array_equal(rgba[..., 3], eight[..., -1])


def test_sixteen_bit_tiff_rounds_to_the_nearest() -> None:
    levels = RNG.integers(0, 65536, (20, 30, 3)).astype(np.uint16)
    for compression in (1, 5):  # none, LZW
        data = cv2.imencode(".tiff", levels[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, compression])[1].tobytes()
        picture = load_picture(data)
        assert np.array_equal(picture.rgba[..., :3], nearest(levels))
        assert picture.notes == ("16 → 8 bit a channel",)


def test_palette_transparency_as_bytes_and_as_one_index() -> None:
    colours = RNG.integers(0, 256, (8, 3), np.uint8)
    image = Image.frombytes("P", (8, 1), bytes(range(8)))
    image.putpalette(colours.tobytes())
    alphas = [0, 10, 100, 255, 254, 1, 128, 7]
    rgba = load_picture(encoded(image, "PNG", transparency=bytes(alphas))).rgba
    assert rgba[0, :, 3].tolist() == alphas
    assert np.array_equal(rgba[0, 1:, :3], colours[1:])
    assert load_picture(encoded(image, "GIF", transparency=2)).rgba[0, :, 3].tolist() == [255, 255, 0] + [255] * 5


def test_one_transparent_level_of_grey_and_of_colour() -> None:
    grey2 = png(4, 1, 2, 0, b"\0\x1b", chunk(b"tRNS", b"\0\3"))
    assert load_picture(grey2).rgba[0].tolist() == [[0, 0, 0, 255], [85] * 3 + [255], [170] * 3 + [255], [0] * 4]
    levels = np.array([[[0x1234, 0x5678, 0x9ABC], [0x1234, 0x5678, 0x9ABD]]])
    clear = chunk(b"tRNS", struct.pack(">3H", 0x1234, 0x5678, 0x9ABC))
    assert load_picture(png16(levels, clear)).rgba[0, :, 3].tolist() == [0, 255]
    clear = chunk(b"tRNS", struct.pack(">H", 0x1234))
    assert load_picture(png16(levels[..., :1] + [[[0], [1]]], clear)).rgba[0, :, 3].tolist() == [0, 255]


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "YCbCr", "HSV", "I;16", "I"]
)
def test_every_mode_of_a_grey_image_gives_the_same_grey(mode: str) -> None:
    image = Image.new("L", (3, 2), 255)
    if mode.startswith("I"):
        image = Image.fromarray(np.full((2, 3), 65535, np.uint16 if mode == "I;16" else np.int32))
    elif mode in ("La", "RGBa", "PA", "RGBX", "HSV", "YCbCr"):
        image = image.convert({"La": "LA", "PA": "P", "RGBX": "RGB"}.get(mode, "RGBA" if mode == "RGBa" else "RGB"))
    image = image.convert(mode)
    assert image.mode == mode
    assert (load_picture(image).rgba == 255).all()


def test_lab_becomes_srgb() -> None:
    red = load_picture(Image.new("LAB", (2, 2), (138, 209, 197)))  # L 54, a 81, b 69: close to sRGB red
    assert np.abs(red.rgba[0, 0].astype(int) - [255, 0, 0, 255]).max() <= 12
    assert red.notes == ("CIELAB → sRGB",)


@pytest.mark.parametrize("levels", [np.full((2, 2), 1e6, np.int32), np.zeros((2, 2), np.float32)])
def test_samples_of_unknown_range_are_refused(levels: np.ndarray) -> None:
    refused(Image.fromarray(levels), "32 bit")


def test_colour_under_alpha_zero_is_removed_and_said() -> None:
    rgba = soft()
    rgba[:8, :, 3] = 0
    rgba[:8, :, :3] = 200
    for source in (encoded(rgba, "PNG"), rgba, Image.fromarray(rgba), encoded(rgba, "WEBP", lossless=True, exact=True)):
        picture = load_picture(source)
        assert not picture.rgba[:8].any()
        assert np.array_equal(picture.rgba[8:], rgba[8:])
        assert picture.notes == ("colour hidden under transparent pixels removed",)


def test_the_pixels_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        load_picture(soft()).rgba[0] = 0


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "AVIF", "TIFF"])
def test_of_an_animation_the_first_frame_is_read_and_said(kind: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    picture = load_picture(encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options))
    assert np.abs(picture.rgba.astype(int) - [255, 0, 0, 255]).max() <= (6 if kind == "AVIF" else 0)
    assert picture.notes == (f"first of 3 {'pages' if kind == 'TIFF' else 'frames'}",)


# ---------------------------------------------------------------- what is accepted


@settings(max_examples=60)
@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12).map(lambda s: (*s, 4))))
def test_a_png_round_trip_is_the_identity_up_to_hidden_pixels(rgba: np.ndarray) -> None:
    wanted = rgba.copy()
    wanted[wanted[..., 3] == 0] = 0
    for source in (encoded(rgba, "PNG"), rgba, Image.fromarray(rgba)):
        assert np.array_equal(load_picture(source).rgba, wanted)


def test_strips_join_without_a_seam() -> None:
    rgba = np.dstack([RNG.integers(0, 256, (700, 3, 3), np.uint8), np.full((700, 3), 255, np.uint8)])
    assert np.array_equal(load_picture(encoded(rgba, "PNG")).rgba, rgba)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "BMP", "TIFF", "GIF"])
def test_one_pixel_is_a_picture(kind: str) -> None:
    assert load_picture(encoded(Image.new("RGB", (1, 1)), kind)).size == (1, 1)


def test_path_bytes_and_image_are_the_same_picture(tmp_path: Path) -> None:
    data = encoded(soft(), "PNG")
    path = tmp_path / "絵 1.png"
    path.write_bytes(data)
    for source, name in ((path, path.name), (str(path), path.name), (data, "")):
        picture = load_picture(source)
        assert (picture.name, picture.sha256) == (name, hashlib.sha256(data).hexdigest())
        assert (picture.height, picture.width) == picture.size == (64, 64)
    with Image.open(path) as image:
        assert load_picture(image).name == path.name


def test_the_ending_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "really_a_png.jpg"
    path.write_bytes(encoded(soft(), "PNG"))
    assert np.array_equal(load_picture(path).rgba, soft())


def test_arrays_grey_colour_and_alpha() -> None:
    grey = RNG.integers(0, 256, (4, 6), np.uint8)
    assert np.array_equal(load_picture(grey).rgba, np.dstack([grey, grey, grey, np.full_like(grey, 255)]))
    rgb = RNG.integers(0, 256, (4, 6, 3), np.uint8)[:, ::-1]
    assert np.array_equal(load_picture(rgb).rgba[..., :3], rgb)
    assert load_picture(rgb).sha256 == hashlib.sha256(rgb.tobytes()).hexdigest()
    mine = soft()
    load_picture(mine).rgba.base[:] = 7  # type: ignore[index]
    assert np.array_equal(mine, soft()), "the caller's array is copied"


@pytest.mark.parametrize("shape", [(3,), (2, 2, 1), (2, 2, 5), (2, 2, 2, 4), (0, 5), (5, 0, 4)])
def test_arrays_of_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    refused(np.zeros(shape, np.uint8))


def test_arrays_of_other_types_are_refused() -> None:
    assert "astype" in refused(np.zeros((2, 2, 3)), "float64").hint
    refused(None, "NoneType")


def test_real_pictures_are_read_unchanged(examples: list[Path]) -> None:
    assert examples
    for path in examples:
        picture = load_picture(path)
        with Image.open(path) as image:
            wanted = np.array(image.convert("RGBA"))
        seen = wanted[..., 3] > 0
        assert np.array_equal(picture.rgba[seen], wanted[seen])
        assert np.array_equal(picture.rgba[..., 3], wanted[..., 3])


# ---------------------------------------------------------------- what is refused


def test_absent_folder_empty_and_device(tmp_path: Path) -> None:
    refused(tmp_path / "none.png", "no file", "none.png")
    refused(tmp_path, "folder")
    refused("", "folder")
    refused("a\0b.png", "no file")
    refused("x" * 300 + ".png", "x.png")
    (tmp_path / "empty.png").write_bytes(b"")
    refused(tmp_path / "empty.png", "empty.png is empty")
    if Path(os.devnull).is_char_device():
        refused(os.devnull, "device")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"Once upon a time, there was a text.\n", "a text file"),
        ("むかしむかし".encode(), "a text file"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b"PK\3\4" + bytes(60), "a zip archive"),
        (b"PK\3\4" + bytes(26) + b"mimetypeimage/openraster", "an OpenRaster file"),
        (b"\x1f\x8b\x08" + bytes(9), "an archive"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"%PDF-1.7\n", "a PDF file"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "an EPS file"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC picture"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42", "a film"),
        (b"\xff\x0a" + bytes(20), "a JPEG XL picture"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
        (b"gimp xcf v011\0", "a GIMP file"),
        (b"CSFCHUNK" + bytes(16), "a Clip Studio file"),
        (b"\0\0\1\0\1\0" + bytes(16), "an icon"),
        (bytes(range(128, 256)), "no known picture format"),
    ],
)
def test_other_files_are_named(data: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "thing.png"
    path.write_bytes(data)
    assert "export it as PNG" in refused(path, "thing.png", what).hint


def huge(width: int, height: int) -> dict[str, bytes]:
    """Tiny files whose headers say `width` × `height`."""
    bmp = bytearray(encoded(Image.new("RGB", (2, 2)), "BMP"))
    bmp[18:26] = struct.pack("<ii", width, height)
    gif = bytearray(encoded(Image.new("L", (1, 1)), "GIF"))
    gif[6:10] = struct.pack("<HH", width, height)
    jpeg = bytearray(encoded(Image.new("RGB", (8, 8)), "JPEG"))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", height, width)
    tiff = bytearray(encoded(Image.new("RGB", (2, 2)), "TIFF"))
    for tag, value in ((256, width), (257, height)):
        at = tiff.index(struct.pack("<HHI", tag, 4, 1)) + 8
        tiff[at : at + 4] = struct.pack("<I", value)
    return {
        "PNG": png(width, height, 8, 2, b"\0" * 1000),
        "BMP": bytes(bmp),
        "GIF": bytes(gif),
        "JPEG": bytes(jpeg),
        "TIFF": bytes(tiff),
        "PSD": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, height, width, 8, 3) + bytes(12) + b"\0\0" + bytes(9),
    }


@pytest.mark.parametrize("size", [(60000, 60000), (MAX_SIDE + 1, 1), (20000, 20000), (10001, 10000)])
@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "JPEG", "TIFF", "PSD"])
def test_bombs_are_refused_from_the_header(kind: str, size: tuple[int, int]) -> None:
    refused(huge(*size)[kind], f"{size[0]} × {size[1]} px", "100 megapixels")


def test_a_webp_bomb_is_refused() -> None:
    canvas = (20000).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + canvas + canvas
    refused(b"RIFF" + struct.pack("<I", len(body)) + body)


def test_pillow_s_own_limit_neither_warns_nor_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    assert max(8192 * 8192, 10000 * 10000) <= MAX_PIXELS
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2600)  # as 89 megapixels are to a picture of 100
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in ("PNG", "JPEG", "WEBP", "AVIF", "BMP", "GIF"):  # of a TIFF the decoder itself checks the strips
            assert load_picture(encoded(Image.new("L", (10, 300)), kind)).size == (300, 10)


def whole_files() -> dict[str, bytes]:
    rgba = soft(48)
    rgb = rgba[..., :3]
    exif = Image.Exif()
    exif[0x010E] = "described"
    return {
        "png": encoded(rgba, "PNG"),
        "grey16.png": png16(np.random.default_rng(6).integers(0, 65536, (48, 48, 1))),
        "jpg": encoded(rgb, "JPEG", exif=exif),
        "progressive.jpg": encoded(rgb, "JPEG", progressive=True),
        "webp": encoded(rgba, "WEBP"),
        "lossless.webp": encoded(rgba, "WEBP", lossless=True),
        "avif": encoded(rgba, "AVIF"),
        "bmp": encoded(rgb, "BMP"),
        "tiff": encoded(rgba, "TIFF"),
        "lzw.tiff": encoded(rgb, "TIFF", compression="tiff_lzw"),
        "deflate.tiff": encoded(rgb, "TIFF", compression="tiff_adobe_deflate"),
        "gif": encoded(Image.fromarray(rgb).quantize(64), "GIF"),
    }


@pytest.mark.parametrize("name", sorted(whole_files()))
def test_a_file_that_is_cut_off_is_never_half_a_picture(name: str, tmp_path: Path) -> None:
    data = whole_files()[name]
    path = tmp_path / f"cut.{name}"
    path.write_bytes(data)
    assert load_picture(path).size == (48, 48)
    for share in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97):
        path.write_bytes(data[: int(share * len(data))])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, about the damage
            refused(path, path.name)


def test_a_png_is_read_to_its_end_mark_and_its_checksums_are_checked() -> None:
    data = encoded(soft(), "PNG")
    refused(data[:-1], "end mark")
    refused(data[:-12], "end mark")
    assert load_picture(data + b"junk behind").size == (64, 64)
    damaged = bytearray(data)
    damaged[-30] ^= 1
    refused(bytes(damaged), "checksum in 'IDAT'")


# ---------------------------------------------------------------- PSD


def test_of_a_psd_the_merged_image_is_read() -> None:
    from psd_tools import PSDImage

    rgba = soft()
    rgba[..., 3] = 255
    psd = PSDImage.frompil(Image.fromarray(rgba[..., :3]))
    file = io.BytesIO()
    psd.save(file)
    picture = load_picture(file.getvalue())
    assert np.array_equal(picture.rgba, rgba)
    assert picture.notes == ("merged image of the PSD",)
    for share in (0.05, 0.5, 0.95):
        refused(file.getvalue()[: int(share * len(file.getvalue()))], "cut off")


def test_a_profile_inside_a_psd_is_converted() -> None:
    from psd_tools import PSDImage
    from psd_tools.constants import Resource
    from psd_tools.psd.image_resources import ImageResource

    rgb = soft()[..., :3]
    psd = PSDImage.frompil(Image.fromarray(rgb))
    psd.image_resources[Resource.ICC_PROFILE] = ImageResource(
        key=Resource.ICC_PROFILE.value, data=profile(SRGB[:, [1, 0, 2]], to_linear(np.linspace(0, 1, 4096)), "Swapped")
    )
    file = io.BytesIO()
    psd.save(file)
    picture = load_picture(file.getvalue())
    assert "colour profile 'Swapped' → sRGB" in picture.notes
    assert np.abs(picture.rgba[..., :3].astype(int) - rgb[..., [1, 0, 2]]).max() <= 1


# ---------------------------------------------------------------- fuzz


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz", ROOT / "benchmarks" / "fuzz.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["fuzz"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("kind", "count"), [("picture", 100), ("psd", 28)])
def test_damaged_files_are_read_or_refused_and_nothing_else(
    kind: str, count: int, fuzz: ModuleType, tmp_path: Path
) -> None:
    outcomes = [fuzz.run_load(case, tmp_path) for case in fuzz.cases(kind, 0, count, 11)]
    assert {outcome for outcome, _ in outcomes} == {"read", "refused"}, [d for o, d in outcomes if o == "finding"]


def test_a_fuzz_case_is_always_the_same_bytes(fuzz: ModuleType) -> None:
    run: Callable[[int, int], list[bytes]] = lambda first, n: [c.data for c in fuzz.cases("picture", first, n, 0)]  # noqa: E731
    assert run(0, 8)[5:] == run(5, 3)
