from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from psd_tools import PSDImage
from psd_tools.compression import encode_prediction, encode_rle
from psd_tools.constants import Compression

from animelayers.errors import FormatError
from animelayers.picture import load_picture
from animelayers.psdopen import (
    BITMAP,
    CMYK,
    DUOTONE,
    GREY,
    INDEXED,
    LAB,
    MAX_GROUP_DEPTH,
    MULTICHANNEL,
    RGB,
    open_psd,
    parsing,
)
from animelayers.psdplanes import merged, sixteen_to_eight

RNG = np.random.default_rng(9)
RAW, RLE, ZIP, PREDICTED = range(4)


def header(mode: int, channels: int, height: int, width: int, depth: int = 8, version: int = 1) -> bytes:
    return struct.pack(">4sH6xHIIHH", b"8BPS", version, channels, height, width, depth, mode)


def flat_psd(mode: int, planes: np.ndarray, *, version: int = 1, compression: int = RAW, table: bytes = b"") -> bytes:
    """A PSD without layers, from `planes` [channels, h, w] as they are stored."""
    channels, height, width = planes.shape
    depth = planes.dtype.itemsize * 8
    raw = planes.tobytes()
    rows = height * channels
    body = {
        RAW: lambda: raw,
        RLE: lambda: encode_rle(raw, width, rows, depth, version),
        ZIP: lambda: zlib.compress(raw),
        PREDICTED: lambda: zlib.compress(encode_prediction(raw, width, rows, depth)),
    }[compression]()
    sections = struct.pack(">I", len(table)) + table + bytes(4) + bytes(4 if version == 1 else 8)
    return header(mode, channels, height, width, depth, version) + sections + struct.pack(">H", compression) + body


def layered(mode: str = "RGBA", **options: Any) -> tuple[PSDImage, Image.Image]:
    image = Image.fromarray(RNG.integers(1, 256, (12, 10, 4), np.uint8))
    psd = PSDImage.new(mode, (10, 12), **options)
    psd.create_pixel_layer(image, name="paint")
    return psd, image


def saved(psd: PSDImage) -> bytes:
    file = io.BytesIO()
    psd.save(file)
    return file.getvalue()


def refused(source: Path | bytes, *words: str) -> None:
    with pytest.raises(FormatError) as caught:
        open_psd(source)
    assert caught.value.hint
    for word in words:
        assert word in str(caught.value)


# ---------------------------------------------------------------- the door


def test_a_good_file_opens_from_a_path_and_from_bytes(tmp_path: Path) -> None:
    psd, _ = layered()
    path = tmp_path / "髪.psd"
    path.write_bytes(saved(psd))
    for source in (path, path.read_bytes()):
        assert [layer.name for layer in open_psd(source)] == ["paint"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a PSD"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "not a PSD"),
        (b"8BPS\0\1", "header"),
        (header(RGB, 3, 4, 4, version=3), "version 3"),
        (header(RGB, 0, 4, 4), "0 channels"),
        (header(RGB, 57, 4, 4), "57 channels"),
        (header(RGB, 3, 4, 4, depth=7), "7 bits"),
        (header(5, 3, 4, 4), "colour mode 5"),
        (header(RGB, 3, 0, 4), "4 × 0 px"),
        (header(RGB, 3, 30001, 1), "1 × 30001 px"),
        (header(RGB, 3, 300001, 1, version=2), "1 × 300001 px"),
        (header(RGB, 3, 20000, 20000, version=2), "20000 × 20000 px"),
        (header(RGB, 3, 4, 4), "colour table"),
        (header(RGB, 3, 4, 4) + b"\xff\xff\xff\xff" + bytes(60), "colour table would end at byte 4294967325"),
        (header(RGB, 3, 4, 4) + bytes(4) + b"\0\0\1\0" + bytes(60), "image resources"),
        (header(RGB, 3, 4, 4) + bytes(8) + b"\x7f\xff\xff\xff" + bytes(60), "layers"),
        (header(RGB, 3, 4, 4, version=2) + bytes(8) + b"\0\0\0\1" + bytes(60), "layers"),
        (header(RGB, 3, 4, 4) + bytes(12), "layers"),
        (header(RGB, 3, 4, 4) + bytes(12) + b"\0\x09", "Compression"),
    ],
)
def test_the_header_and_the_sections_are_checked_first(data: bytes, words: str) -> None:
    refused(data, words)


def test_a_psb_may_be_wider_than_a_psd() -> None:
    data = flat_psd(GREY, np.zeros((1, 2, 40000), np.uint8), version=2)
    assert open_psd(data).width == 40000


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    refused(tmp_path / "none.psd", "no file", "none.psd")
    refused(tmp_path, "folder")


def test_whatever_the_parser_raises_is_one_error() -> None:
    for raised in (KeyError("x"), RecursionError("deep"), struct.error("short"), AttributeError("a"), AssertionError()):
        with pytest.raises(FormatError, match=type(raised).__name__), parsing("a.psd"):
            raise raised
    with pytest.raises(FormatError, match="memory"), parsing("a.psd"):
        raise MemoryError
    with pytest.raises(KeyboardInterrupt), parsing("a.psd"):
        raise KeyboardInterrupt


def test_a_layer_of_absurd_size_is_refused() -> None:
    psd, _ = layered()
    data = bytearray(saved(psd))
    at = data.index(struct.pack(">4i", 0, 0, 12, 10))
    data[at + 8 : at + 16] = struct.pack(">2i", 2**30, 2**30)
    refused(bytes(data), "a layer of")


def test_groups_may_not_nest_without_end() -> None:
    def nested(depth: int) -> bytes:
        psd = inner = PSDImage.new("RGBA", (2, 2))
        for _ in range(depth):
            inner = inner.create_group(name="g")  # type: ignore[assignment]
        psd._updated = False
        return saved(psd)

    assert open_psd(nested(20)).width == 2
    refused(nested(MAX_GROUP_DEPTH), "deep")


def test_a_file_cut_anywhere_is_refused_as_a_picture() -> None:
    psd, _ = layered()
    data = saved(psd)
    for end in range(0, len(data), 37):
        with pytest.raises(ValueError, match=r"cut off|damaged|not a PSD|empty|text"):
            load_picture(data[:end])


# ---------------------------------------------------------------- the merged image


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("compression", [RAW, RLE, ZIP, PREDICTED])
def test_every_compression_gives_the_planes(compression: int, version: int) -> None:
    planes = RNG.integers(0, 256, (3, 7, 300), np.uint8)
    planes[:, 3] = 9  # a run
    colours, alpha = merged(open_psd(flat_psd(RGB, planes, compression=compression, version=version)))
    assert np.array_equal(np.stack(colours), planes)
    assert alpha is None


@pytest.mark.parametrize("compression", [RAW, RLE, ZIP])
def test_a_merged_image_that_ends_early_is_refused(compression: int) -> None:
    data = flat_psd(RGB, RNG.integers(0, 256, (3, 7, 30), np.uint8), compression=compression)
    for missing in (1, 10, 100):
        with pytest.raises(FormatError, match=r"cut off|unpack"):
            merged(open_psd(data[:-missing]))


def test_sixteen_bit_planes_round_to_the_nearest() -> None:
    levels = np.arange(65536)
    assert np.array_equal(sixteen_to_eight(levels), np.floor(levels / 257 + 0.5))
    planes = RNG.integers(0, 65536, (3, 5, 6)).astype(">u2")
    for compression in (RAW, RLE, ZIP, PREDICTED):
        colours, _ = merged(open_psd(flat_psd(RGB, planes, compression=compression)))
        assert np.array_equal(np.stack(colours), np.floor(planes / 257 + 0.5))


def test_thirty_two_bit_planes_are_linear_light() -> None:
    light = np.array([[[0.0, 0.002, 0.5, 1.0, 7.0, -1.0, np.nan]]], ">f4")
    colours, _ = merged(open_psd(flat_psd(GREY, light)))
    assert colours[0][0].tolist() == [0, round(0.002 * 12.92 * 255), 188, 255, 255, 0, 0]


def test_colour_modes() -> None:
    ink = np.array([255, 0, 255, 0], np.uint8).reshape(4, 1, 1)  # stored: 255 is no ink
    assert load_picture(flat_psd(CMYK, ink)).rgba[0, 0, :3].tolist() == [0, 0, 0]
    assert load_picture(flat_psd(CMYK, np.full((4, 1, 1), 255, np.uint8))).rgba[0, 0].tolist() == [255] * 4
    grey = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
    for mode in (GREY, DUOTONE):
        table = bytes(40) if mode == DUOTONE else b""
        assert np.array_equal(load_picture(flat_psd(mode, grey, table=table)).rgba[..., 1], grey[0])
    table = RNG.integers(0, 256, (3, 256), np.uint8)
    picture = load_picture(flat_psd(INDEXED, grey, table=table.tobytes()))
    assert np.array_equal(picture.rgba[..., :3], table.T[grey[0]])
    white = np.array([255, 128, 128], np.uint8).reshape(3, 1, 1)
    assert load_picture(flat_psd(LAB, white)).rgba[0, 0, :3].min() >= 254


def test_a_set_bit_of_a_bitmap_is_black() -> None:
    bits = header(BITMAP, 1, 2, 10, depth=1) + bytes(12) + b"\0\0" + bytes([0b10000000, 0b01000000, 0, 0])
    rgba = load_picture(bits).rgba
    assert rgba[0, :, 0].tolist() == [0] + [255] * 8 + [0]
    assert rgba[1].min() == 255


def test_modes_without_an_answer_are_refused() -> None:
    with pytest.raises(ValueError, match="multichannel"):
        load_picture(flat_psd(MULTICHANNEL, np.zeros((2, 3, 3), np.uint8)))
    with pytest.raises(ValueError, match="2 channels"):
        load_picture(flat_psd(RGB, np.zeros((2, 3, 3), np.uint8)))
    with pytest.raises(ValueError, match="damaged"):
        load_picture(flat_psd(INDEXED, np.zeros((1, 3, 3), np.uint8), table=bytes(9)))


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), min_size=1, max_size=40))
def test_matting_on_white_is_undone(pixels: list[tuple[int, int]]) -> None:
    colour, alpha = np.array(pixels, np.float64).T
    stored = np.floor((colour * alpha + 255 * (255 - alpha)) / 255 + 0.5)
    planes = np.stack([stored, stored, stored, alpha]).astype(np.uint8)[:, None]
    colours, got_alpha = merged(open_psd(flat_psd(RGB, planes)))
    assert got_alpha is not None
    assert np.array_equal(got_alpha[0], alpha)
    seen = alpha > 0
    # The rounding of the stored value is amplified by 255 / alpha; half a level of our own comes on top.
    assert (np.abs(colours[0][0] - colour)[seen] <= 127.5 / alpha[seen] + 0.5).all()
    opaque = alpha == 255
    assert np.array_equal(colours[0][0][opaque], colour[opaque])


def test_matting_of_grey_is_undone_and_of_cmyk_is_not() -> None:
    grey = np.array([[[200, 155]], [[128, 255]]], np.uint8)
    assert load_picture(flat_psd(GREY, grey)).rgba[0].tolist() == [[145, 145, 145, 128], [155, 155, 155, 255]]
    ink = np.array([255, 255, 255, 100, 128], np.uint8).reshape(5, 1, 1)
    assert load_picture(flat_psd(CMYK, ink)).rgba[0, 0].tolist() == [100, 100, 100, 128]


def test_without_a_merged_image_the_layers_are_composited() -> None:
    psd, image = layered()
    for blank in (0, 255):
        planes = [bytes([blank]) * 120] * 3 + [bytes(120) if blank else b"\xff" * 120]
        psd._record.image_data.set_data(planes, psd._record.header)
        psd._updated = False
        picture = load_picture(saved(psd))
        assert "no merged image in the file: its layers composited" in picture.notes
        assert np.abs(picture.rgba.astype(int) - np.asarray(image)).max() <= 1


@pytest.mark.parametrize("compression", [Compression.RAW, Compression.RLE, Compression.ZIP])
def test_a_damaged_layer_is_not_composited_as_black(compression: Compression) -> None:
    psd = PSDImage.new("RGBA", (10, 12))
    image = Image.fromarray(RNG.integers(1, 256, (12, 10, 4), np.uint8))
    layer = psd.create_pixel_layer(image, name="paint", compression=compression)
    psd._record.image_data.set_data([bytes(120)] * 4, psd._record.header)
    psd._updated = False
    assert load_picture(saved(psd)).rgba.any()
    for info, channel in zip(layer._record.channel_info, layer._channels, strict=True):
        channel.data = channel.data[: len(channel.data) // 2]
        info.length = len(channel.data) + 2
    with pytest.raises(ValueError, match=r"damaged|cut off"):
        load_picture(saved(psd))


def test_an_extra_channel_that_is_a_selection_is_no_alpha() -> None:
    psd, _ = layered("RGB")
    psd._record.header.channels = 4
    assert psd._record.layer_and_mask_information.layer_info is not None
    assert psd._record.layer_and_mask_information.layer_info.layer_count > 0
    planes = RNG.integers(0, 256, (4, 12, 10), np.uint8)
    psd._record.image_data.set_data([plane.tobytes() for plane in planes], psd._record.header)
    psd._updated = False
    rgba = load_picture(saved(psd)).rgba
    assert (rgba[..., 3] == 255).all()
    assert np.array_equal(rgba[..., :3], planes[:3].transpose(1, 2, 0))
