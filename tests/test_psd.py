"""PSD: what our writer puts into a file, as three foreign readers find it, and what our reader makes of any file."""

from __future__ import annotations

import io
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import psdparse
import pytest
from drawing import noise
from PIL import Image, ImageCms
from psd_tools import PSDImage
from psd_tools.constants import ColorMode, Compression, Resource

from animelayers.color import matte
from animelayers.composite import flatten
from animelayers.errors import FormatError, OutputError
from animelayers.handoff import load_stack, save
from animelayers.handoff.psd import PSD_SIDE, read_psd, srgb_profile, with_hidden_colour, write_psd
from animelayers.parts import Preset
from animelayers.stack import Blend, Layer, LayerStack, Provenance, Rgba

MADE = Provenance("rendering", "classic", "0.1.0", "ab" * 32, "絵 <1>.png", seed=3, options={"b": 1, "a": [True, "x"]})


SLUGS = ("back_hair", "face", "irides-l", "irides-r", "shadow", "front_hair")


def opaque(height: int, width: int, seed: int = 0) -> Rgba:
    rgba = noise(height, width, seed)
    rgba[..., 3] = 255
    return rgba


@pytest.fixture
def stack() -> LayerStack:
    """Groups two deep, names of the vocabulary and others, four blend modes, sheets over every edge of the canvas."""
    return LayerStack(
        64,
        48,
        (
            Layer("back hair", noise(64, 48, 1)),
            Layer("face", opaque(40, 30, 2), top=10, left=9, group=("head",)),
            Layer("irides-l", noise(9, 12, 3), top=20, left=24, group=("head", "eyes"), blend=Blend.SCREEN),
            Layer("irides-r", noise(9, 12, 4), top=20, left=12, group=("head", "eyes"), opacity=0.6),
            Layer("shadow", noise(70, 60, 5), top=-3, left=-5, group=("head",), blend=Blend.MULTIPLY),
            Layer("front hair", noise(30, 48, 6), top=-12, blend=Blend.LIGHTEN),
            Layer("名前/none", noise(5, 5, 7), visible=False),
        ),
        MADE,
    )


def bgra(data: bytes, height: int, width: int) -> Rgba:
    return np.frombuffer(data, np.uint8).reshape(height, width, 4)[..., [2, 1, 0, 3]]


def psdparse_file(path: Path) -> psdparse.PSDFile:
    psd = psdparse.PSDFile()
    assert psd.load(str(path))
    return psd


def as_written(stack: LayerStack) -> LayerStack:
    """Opacity in the 255 steps that a PSD has."""
    layers = tuple(layer.replace(opacity=round(layer.opacity * 255) / 255) for layer in stack)
    return stack.replace(layers=layers)


def furthest(a: npt.NDArray[np.generic], b: npt.NDArray[np.generic]) -> float:
    return float(np.abs(np.asarray(a, float) - np.asarray(b, float)).max(initial=0))


def same_picture(a: Rgba, b: Rgba) -> bool:
    """Equal where either shows."""
    return a.shape == b.shape and bool(((a == b) | ((a[..., 3:] == 0) & (b[..., 3:] == 0))).all())


# What is in the file


def test_psdparse_reads_names_groups_blends_places_and_pixels(stack: LayerStack, tmp_path: Path) -> None:
    write_psd(stack, tmp_path / "a.psd", names=Preset.LIVE2D_JA)
    psd = psdparse_file(tmp_path / "a.psd")
    assert psd.header.channels == 4
    assert psd.header.depth == 8
    seen = [(layer.name_unicode, layer.name) for layer in psd.layers if layer.name != "</Layer group>"]
    assert seen == [
        ("後ろ髪", "back_hair"),
        ("顔", "face"),
        ("瞳_L", "irides-l"),
        ("瞳_R", "irides-r"),
        ("eyes", "eyes"),
        ("影", "shadow"),
        ("head", "head"),
        ("前髪", "front_hair"),
        ("名前_none", "none"),
    ]
    by_name = {layer.name: (i, layer) for i, layer in enumerate(psd.layers)}
    assert by_name["shadow"][1].blend_mode.name == "MULTIPLY"
    assert by_name["irides-r"][1].opacity == round(0.6 * 255)
    assert not by_name["none"][1].visible
    assert by_name["head"][1].blend_mode.name == "PASS_THROUGH"
    for layer, legacy in zip(
        stack, ["back_hair", "face", "irides-l", "irides-r", "shadow", "front_hair"], strict=False
    ):
        index, record = by_name[legacy]
        assert (record.top, record.left) == (layer.top, layer.left)
        assert same_picture(bgra(psd.layer_image(index), record.height, record.width), layer.rgba), legacy


def test_no_layer_has_a_mask_and_every_channel_is_rle(stack: LayerStack, tmp_path: Path) -> None:
    write_psd(stack, tmp_path / "a.psd")
    psd = PSDImage.open(tmp_path / "a.psd")
    assert not any(layer.has_mask() or layer.clipping or layer.has_effects() for layer in psd.descendants())
    assert psd.color_mode == ColorMode.RGB
    coded = [c.compression for layer in psd.descendants() if not layer.is_group() for c in layer._channels]
    assert set(coded) == {Compression.RLE}
    assert psd._record.image_data.compression == Compression.RLE


def test_resources_say_srgb_350_dpi_and_a_real_merged_image(stack: LayerStack, tmp_path: Path) -> None:
    write_psd(stack, tmp_path / "a.psd")
    resources = PSDImage.open(tmp_path / "a.psd").image_resources
    assert resources.get_data(Resource.RESOLUTION_INFO).horizontal == 350 << 16
    assert resources.get_data(Resource.VERSION_INFO).has_composite
    assert resources.get_data(Resource.ICC_PROFILE) == srgb_profile()
    profile = ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile()))
    assert "sRGB" in profile.profile.profile_description


def test_the_merged_image_is_the_flattened_stack_on_white_with_its_alpha_declared(
    stack: LayerStack, tmp_path: Path
) -> None:
    write_psd(stack, tmp_path / "a.psd")
    psd = PSDImage.open(tmp_path / "a.psd")
    assert psd._record.layer_and_mask_information.layer_info.layer_count < 0
    planes = psd._record.image_data.get_data(psd._record.header)
    merged = np.stack([np.frombuffer(plane, np.uint8).reshape(64, 48) for plane in planes], axis=2)
    flat = flatten(as_written(stack))
    assert (merged[..., 3] == flat[..., 3]).all()
    assert (merged[..., :3] == matte(flat)).all()


def test_ids_are_unique_small_and_stay_when_another_layer_goes(stack: LayerStack, tmp_path: Path) -> None:
    def ids(some: LayerStack) -> dict[str, int]:
        write_psd(some, tmp_path / "a.psd")
        return {layer.name: layer.layer_id for layer in PSDImage.open(tmp_path / "a.psd").descendants()}

    before = ids(stack)
    assert len(set(before.values())) == len(before) == 9
    assert all(0 < number <= 30_000 for number in before.values())
    after = ids(stack.replace(layers=(*stack.layers[2:], Layer("tail", noise(3, 3)))))
    assert all(after[name] == number for name, number in before.items() if name in after)
    assert len(set(before) & set(after)) == 7


def test_the_same_stack_gives_the_same_bytes(stack: LayerStack, tmp_path: Path) -> None:
    write_psd(stack, tmp_path / "a.psd")
    write_psd(stack, tmp_path / "b.psd")
    assert (tmp_path / "a.psd").read_bytes() == (tmp_path / "b.psd").read_bytes()


def test_layers_are_cut_to_what_shows_and_empty_ones_left_out_except_the_four_slots(tmp_path: Path) -> None:
    sheet = np.zeros((20, 30, 4), np.uint8)
    sheet[4:9, 7:9] = 255
    blank = np.zeros((20, 30, 4), np.uint8)
    layers = (Layer("flat", sheet), Layer("nose", blank), Layer("highlight", blank, blend=Blend.SCREEN))
    write_psd(LayerStack(20, 30, layers), tmp_path / "a.psd")
    flat, highlight = psdparse_file(tmp_path / "a.psd").layers
    assert (flat.top, flat.left, flat.height, flat.width) == (4, 7, 5, 2)
    assert (highlight.name, highlight.width) == ("highlight", 0)
    assert read_psd(tmp_path / "a.psd").names == ("flat", "highlight")


@pytest.mark.parametrize(("blend", "level"), [(Blend.MULTIPLY, 255), (Blend.SCREEN, 0), (Blend.OVERLAY, 128)])
def test_hidden_colour_of_a_blending_layer_is_its_neutral_one(blend: Blend, level: int) -> None:
    rgba = noise(9, 9)
    out = with_hidden_colour(Layer("a", rgba, blend=blend))
    hidden = rgba[..., 3] == 0
    assert (out[hidden, :3] == level).all()
    assert (out[hidden, 3] == 0).all()
    assert (out[~hidden] == rgba[~hidden]).all()


def test_hidden_colour_of_a_normal_layer_is_that_of_its_edge() -> None:
    rgba = np.zeros((9, 9, 4), np.uint8)
    rgba[3:5, 3:5] = (200, 100, 50, 255)
    assert (with_hidden_colour(Layer("a", rgba))[..., :3] == (200, 100, 50)).all()


@pytest.mark.parametrize("blend", Blend)
def test_every_blend_mode_comes_back(blend: Blend, tmp_path: Path) -> None:
    write_psd(LayerStack(8, 8, (Layer("a", noise(8, 8), blend=blend),)), tmp_path / "a.psd")
    assert read_psd(tmp_path / "a.psd")[0].blend is blend


# Independent compositors


def three_modes() -> LayerStack:
    """Opaque flat, Multiply, Screen, and a line with every alpha: the rendering stack in small."""
    line = opaque(64, 80, 4)
    line[..., 3] = np.arange(64 * 80, dtype=np.uint32).reshape(64, 80) * 7 % 256
    return LayerStack(
        64,
        80,
        (
            Layer("flat", opaque(64, 80, 1)),
            Layer("shadow", opaque(64, 80, 2), blend=Blend.MULTIPLY),
            Layer("highlight", opaque(50, 80, 3), top=5, blend=Blend.SCREEN),
            Layer("line", line),
        ),
    )


@pytest.mark.parametrize("make", [three_modes, None], ids=["opaque", "soft groups"])
def test_psdparse_composites_what_we_flatten(
    make: Callable[[], LayerStack] | None, stack: LayerStack, tmp_path: Path
) -> None:
    some = make() if make else stack
    write_psd(some, tmp_path / "a.psd")
    data, left_out = psdparse_file(tmp_path / "a.psd").composite()
    assert not any(left_out.values())
    got, flat = bgra(data, *some.size), flatten(as_written(some))
    assert furthest(got[..., 3], flat[..., 3]) <= 1
    # psdparse rounds after every layer, we round once: colours of faint pixels may part further.
    assert furthest(matte(got), matte(flat)) <= 2


def test_one_blending_layer_on_an_opaque_one_is_exact_in_psdparse(tmp_path: Path) -> None:
    levels = np.arange(256, dtype=np.uint8)
    below = np.repeat(np.broadcast_to(levels[:, None, None], (256, 256, 1)), 4, axis=2).copy()
    above = np.repeat(np.broadcast_to(levels[None, :, None], (256, 256, 1)), 4, axis=2).copy()
    below[..., 3] = above[..., 3] = 255
    for blend in (Blend.MULTIPLY, Blend.SCREEN):
        some = LayerStack(256, 256, (Layer("flat", below), Layer("shadow", above, blend=blend)))
        write_psd(some, tmp_path / "a.psd")
        got = bgra(psdparse_file(tmp_path / "a.psd").composite()[0], 256, 256)
        assert (got == flatten(some)).all(), blend


def test_psd_tools_composites_what_we_flatten(stack: LayerStack, tmp_path: Path) -> None:
    for some in (three_modes(), stack):
        write_psd(some, tmp_path / "a.psd")
        psd = PSDImage.open(tmp_path / "a.psd")
        image = psd.composite(ignore_preview=True, apply_icc=False, color=None, alpha=0.0)
        got, flat = np.asarray(image.convert("RGBA")), flatten(as_written(some))
        assert furthest(got[..., 3], flat[..., 3]) <= 1
        assert furthest(matte(got), matte(flat)) <= 2  # it truncates colour and alpha


def imagemagick(convert: str, source: str, size: tuple[int, int], out: Path) -> npt.NDArray[np.float64]:
    """Levels 0..255 as floats [h, w, 4]: 16-bit output, since ImageMagick truncates when it makes 8 bits of 16."""
    canvas = f"{size[1]}x{size[0]}"
    command = [convert, "-size", canvas, "xc:none", source, "-background", "none", "-flatten", "-depth", "16"]
    command += ["-define", "png:bit-depth=16", "-define", "png:color-type=6", str(out)]
    subprocess.run(command, check=True, timeout=60)
    return cv2.cvtColor(cv2.imread(str(out), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA) / 257


@pytest.mark.tools
def test_imagemagick_composites_what_we_flatten(tool: Callable[..., str], tmp_path: Path) -> None:
    convert = tool("convert-im6.q16", "magick")
    some = three_modes()
    write_psd(some, tmp_path / "a.psd")
    flat = flatten(some)
    layers = imagemagick(convert, f"{tmp_path / 'a.psd'}[1--1]", some.size, tmp_path / "layers.png")
    assert furthest(layers, flat) <= 0.55  # half a level of ours, its 16-bit steps for the rest
    merged = imagemagick(convert, f"{tmp_path / 'a.psd'}[0]", some.size, tmp_path / "merged.png")
    assert furthest(merged, flat) <= 0.05


# PSB, limits, places


def test_a_psb_is_a_psb(stack: LayerStack, tmp_path: Path) -> None:
    save(stack, tmp_path / "a.psb")
    assert (tmp_path / "a.psb").read_bytes()[4:6] == b"\0\2"
    assert PSDImage.open(tmp_path / "a.psb").version == 2
    assert (flatten(load_stack(tmp_path / "a.psb")) == flatten(as_written(stack))).all()


def test_beyond_30_000_px_only_psb_will_do(tmp_path: Path) -> None:
    wide = LayerStack(1, PSD_SIDE + 1, (Layer("flat", opaque(1, PSD_SIDE + 1)),))
    with pytest.raises(FormatError, match="30001 px") as caught:
        write_psd(wide, tmp_path / "wide.psd")
    assert "wide.psb" in caught.value.hint
    assert not list(tmp_path.iterdir())
    write_psd(wide, tmp_path / "wide.psb")
    height, width = struct.unpack(">II", (tmp_path / "wide.psb").read_bytes()[14:22])
    assert (height, width) == wide.size
    assert (flatten(read_psd(tmp_path / "wide.psb")) == wide[0].rgba).all()


def test_a_failed_write_leaves_the_old_file(stack: LayerStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.psd"
    path.write_bytes(b"old")

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("psd_tools.psd.PSD.write", full)
    with pytest.raises(OutputError, match="No space"):
        write_psd(stack, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_real_picture_comes_back_exactly_from_a_rendering_stack(examples: list[Path], tmp_path: Path) -> None:
    source = np.asarray(Image.open(examples[0]).convert("RGBA"))
    body = source[..., 3] == 255
    flat = source.copy()
    flat[body, :3] = cv2.medianBlur(np.ascontiguousarray(source[..., :3]), 31)[body]
    i, f = source[..., :3].astype(float), flat[..., :3].astype(float)
    shade = np.where(i <= f, np.floor(255 * i / np.maximum(f, 1) + 0.5), 255)
    light = np.where(i > f, np.floor(255 * (i - f) / np.maximum(255 - f, 1) + 0.5), 0)
    cover = np.where(body, 255, 0)
    some = LayerStack(
        *source.shape[:2],
        (
            Layer("flat", flat),
            Layer("shadow", np.dstack([shade, cover]).astype(np.uint8), blend=Blend.MULTIPLY),
            Layer("highlight", np.dstack([light, cover]).astype(np.uint8), blend=Blend.SCREEN),
        ),
    )
    write_psd(some, tmp_path / "a.psd", names=Preset.EN)
    seen = source[..., 3] > 0
    got = bgra(psdparse_file(tmp_path / "a.psd").composite()[0], *some.size)
    assert (got[..., 3] == source[..., 3]).all()
    assert (got[seen] == source[seen]).all()
    assert (flatten(read_psd(tmp_path / "a.psd"))[seen] == source[seen]).all()
