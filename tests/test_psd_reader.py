"""Layers there and back, and what becomes of the masks, clips, groups and modes in files of other programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from drawing import noise
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import BlendMode

from animelayers.composite import flatten
from animelayers.errors import FormatError
from animelayers.handoff.naming import entries, unique_names, walk
from animelayers.handoff.psd import read_psd, unsupported, write_psd
from animelayers.handoff.xmp import packet, read_packet
from animelayers.parts import Preset
from animelayers.stack import Blend, Layer, LayerStack, Provenance, Rgba

MADE = Provenance("rendering", "classic", "0.1.0", "ab" * 32, "絵 <1>.png", seed=3, options={"b": 1, "a": [True, "x"]})


def as_written(stack: LayerStack) -> LayerStack:
    """Opacity in the 255 steps that a PSD has."""
    layers = tuple(layer.replace(opacity=round(layer.opacity * 255) / 255) for layer in stack)
    return stack.replace(layers=layers)


def same_picture(a: Rgba, b: Rgba) -> bool:
    """Equal where either shows."""
    return a.shape == b.shape and bool(((a == b) | ((a[..., 3:] == 0) & (b[..., 3:] == 0))).all())


@pytest.fixture
def stack() -> LayerStack:
    layers = (Layer("flat", noise(30, 24)), Layer("line", noise(9, 40, 1), top=-2, left=-3, group=("face", "eyes")))
    return LayerStack(30, 24, layers, MADE)


# There and back

NAMES = st.text(st.characters(exclude_characters="/"), min_size=1, max_size=8) | st.sampled_from(
    [
        "line",
        "Line",
        "線画",
        "front hair",
        "Hair_Front",
        "前髪",
        "irides-l",
        "瞳_L",
        "a:b",
        " ",
        ".",
        "線画_2",
        "ear" * 120,
    ]
)


@st.composite
def stacks(draw: st.DrawFn) -> LayerStack:
    layers: list[Layer] = []
    paths = set()
    for seed in range(draw(st.integers(1, 5))):
        sheet = noise(draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.integers(0, 99)) * 10 + seed)
        sheet[0, 0, 3] = 255
        layer = Layer(
            draw(NAMES),
            sheet,
            draw(st.integers(-12, 12)),
            draw(st.integers(-12, 12)),
            draw(st.sampled_from(Blend)),
            draw(st.floats(0, 1)),
            visible=draw(st.booleans()),
            group=tuple(draw(st.lists(NAMES, max_size=3))),
        )
        if layer.path not in paths:
            paths.add(layer.path)
            layers.append(layer)
    return LayerStack(draw(st.integers(1, 20)), draw(st.integers(1, 20)), tuple(layers))


@settings(max_examples=60)
@given(stacks(), st.sampled_from(Preset))
def test_a_stack_survives_the_file(tmp_path_factory: pytest.TempPathFactory, some: LayerStack, names: Preset) -> None:
    path = tmp_path_factory.mktemp("psd") / "a.psd"
    write_psd(some, path, names=names)
    back = read_psd(path)
    assert back.size == some.size
    assert [(layer.name, layer.group, layer.blend, layer.visible) for layer in back] == [
        (layer.name, layer.group, layer.blend, layer.visible) for layer in some
    ]
    for ours, theirs in zip(some, back, strict=True):
        assert abs(ours.opacity - theirs.opacity) <= 0.5 / 255 + 1e-9
        box = np.s_[theirs.top - ours.top :, theirs.left - ours.left :]
        part = ours.rgba[box][: theirs.height, : theirs.width]
        assert same_picture(part, theirs.rgba)
        assert np.count_nonzero(part[..., 3]) == np.count_nonzero(ours.rgba[..., 3])
    assert (flatten(back) == flatten(as_written(some))).all()


@settings(max_examples=60)
@given(stacks(), st.sampled_from(Preset))
def test_names_are_legal_and_unique_over_the_document(some: LayerStack, names: Preset) -> None:
    listed = list(walk(entries(some, names)))
    for kind in ("shown", "slug", "id"):
        values = [getattr(entry, kind) for entry in listed]
        assert len(set(values)) == len(values), kind
    for entry in listed:
        assert entry.shown.strip()
        assert len(entry.shown.encode("utf-16-le")) <= 2 * 255
        assert not set(entry.shown) & set('\\/:*?"<>|\0\n')
        assert entry.slug.isascii()
        assert entry.slug


def test_repeated_names_take_their_groups_then_numbers() -> None:
    paths = [("hair",), ("hair", "line"), ("face", "line"), ("face", "line"), ("line",), ("face_line_2",)]
    assert unique_names(paths) == ["hair", "hair_line", "face_line", "face_line_3", "line", "face_line_2"]


def test_a_group_that_is_interrupted_comes_twice_and_is_read_as_one(tmp_path: Path) -> None:
    layers = (Layer("a", noise(4, 4), group=("g",)), Layer("b", noise(4, 4)), Layer("c", noise(4, 4), group=("g",)))
    write_psd(LayerStack(4, 4, layers), tmp_path / "a.psd")
    assert [layer.path for layer in read_psd(tmp_path / "a.psd")] == ["g/a", "b", "g/c"]


def test_provenance_travels(stack: LayerStack, tmp_path: Path) -> None:
    write_psd(stack, tmp_path / "a.psd")
    assert read_psd(tmp_path / "a.psd").provenance == MADE
    write_psd(dataclasses.replace(stack, provenance=None), tmp_path / "b.psd")
    assert read_psd(tmp_path / "b.psd").provenance is None


def test_an_xmp_packet_is_xml_and_a_damaged_one_reads_as_none() -> None:
    data = packet(MADE, {7: ("a_b", 'a/"b"\0')})
    assert read_packet(data) == (MADE, {7: ("a_b", 'a/"b"\0')})
    assert read_packet(data[:-60]) == (None, {})
    assert read_packet(b"<!DOCTYPE x>" + data) == (None, {})
    assert read_packet(data.replace(b'"seed":3', b'"seed":null'))[0] is None
    assert read_packet(b"") == (None, {})


def test_a_layer_that_somebody_renamed_keeps_the_new_name(tmp_path: Path) -> None:
    write_psd(LayerStack(4, 4, (Layer("a:b", noise(4, 4)),)), tmp_path / "a.psd")
    psd = PSDImage.open(tmp_path / "a.psd")
    psd[0].name = "前髪"
    psd.save(tmp_path / "b.psd")
    assert read_psd(tmp_path / "a.psd").names == ("a:b",)
    assert read_psd(tmp_path / "b.psd").names == ("front hair",)


# Files of other programs


def foreign(tmp_path: Path, build: Callable[[PSDImage], None]) -> Path:
    psd = PSDImage.new("RGBA", (20, 16))
    build(psd)
    psd.save(tmp_path / "foreign.psd")
    return tmp_path / "foreign.psd"


def plain(level: int, alpha: int = 255, size: tuple[int, int] = (20, 16)) -> Image.Image:
    return Image.new("RGBA", size, (level, level, level, alpha))


def test_masks_and_clipping_are_baked_and_named(tmp_path: Path) -> None:
    def build(psd: PSDImage) -> None:
        base = psd.create_pixel_layer(plain(10, 255, (8, 8)), name="base", top=2, left=3)
        base.create_mask(Image.new("L", (4, 8), 128))
        clipped = psd.create_pixel_layer(plain(200), name="clipped")
        clipped.clipping = True

    path = foreign(tmp_path, build)
    base, clipped = read_psd(path)
    mask = PSDImage.open(path)[0].mask
    assert set(np.unique(base.rgba[..., 3])) <= {128, mask.background_color}
    assert (clipped.top, clipped.left) == (base.top, base.left)
    assert (clipped.rgba[..., 3] == base.rgba[..., 3]).all()
    assert [note.split(":")[0] for note in unsupported(path)] == ["base", "clipped"]


def test_groups_give_their_opacity_and_eye_to_what_they_hold(tmp_path: Path) -> None:
    def build(psd: PSDImage) -> None:
        group = psd.create_group(name="g")
        group.opacity = 102
        group.create_pixel_layer(plain(1), name="a", opacity=127)
        hidden = psd.create_group(name="h")
        hidden.visible = False
        hidden.create_pixel_layer(plain(1), name="a")
        hidden.create_pixel_layer(plain(1), name="a", blend_mode=BlendMode.VIVID_LIGHT)

    path = foreign(tmp_path, build)
    first, second, third = read_psd(path)
    assert first.opacity == pytest.approx(102 * 127 / 255**2)
    assert (first.visible, second.visible, third.visible) == (True, False, False)
    assert [layer.path for layer in (first, second, third)] == ["g/a", "h/a", "h/a_2"]
    assert third.blend is Blend.NORMAL
    assert unsupported(path) == (
        "g: group opacity, given to each layer inside",
        "h/a: blend mode vivid light, taken as normal",
    )


def test_nothing_is_unsupported_in_our_own_files(stack: LayerStack, tmp_path: Path) -> None:
    write_psd(stack, tmp_path / "a.psd")
    assert unsupported((tmp_path / "a.psd").read_bytes()) == ()


def test_a_flat_psd_has_no_layers_to_read(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no layers") as caught:
        read_psd(foreign(tmp_path, lambda psd: None))
    assert "decompose" in caught.value.hint


@pytest.mark.parametrize("at", [0.01, 0.1, 0.5])
def test_a_file_that_is_cut_off_is_one_error(at: float, stack: LayerStack, tmp_path: Path) -> None:
    write_psd(stack, tmp_path / "a.psd")
    data = (tmp_path / "a.psd").read_bytes()
    with pytest.raises(FormatError):
        read_psd(data[: int(len(data) * at)])
