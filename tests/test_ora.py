"""OpenRaster: what the standard asks of the archive, and that a stack comes back from it unchanged."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import numpy as np
import pytest
from drawing import noise
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from animelayers.composite import flatten
from animelayers.errors import FormatError
from animelayers.handoff import load_stack, save
from animelayers.handoff.ora import OPERATORS, read_ora, write_ora
from animelayers.parts import Preset
from animelayers.stack import Blend, Layer, LayerStack


@pytest.fixture
def stack() -> LayerStack:
    return LayerStack(
        300,
        700,
        (
            Layer("back hair", noise(300, 700, 1)),
            Layer("shadow", noise(40, 30, 2), top=10, left=9, group=("face", "eyes"), blend=Blend.MULTIPLY),
            Layer("line", noise(9, 12, 3), top=-4, left=-5, group=("face",), opacity=0.3, visible=False),
            Layer("nose", np.zeros((5, 5, 4), np.uint8)),
        ),
    )


def test_the_archive_is_as_the_standard_asks(stack: LayerStack, tmp_path: Path) -> None:
    write_ora(stack, tmp_path / "a.ora", names=Preset.LIVE2D_JA)
    data = (tmp_path / "a.ora").read_bytes()
    assert data[30:54] == b"mimetypeimage/openraster"  # first, stored, no extra field: `file` looks there
    with zipfile.ZipFile(tmp_path / "a.ora") as archive:
        assert archive.testzip() is None
        assert {"stack.xml", "mergedimage.png", "Thumbnails/thumbnail.png"} <= set(archive.namelist())
        merged = np.asarray(Image.open(archive.open("mergedimage.png")))
        thumbnail = Image.open(archive.open("Thumbnails/thumbnail.png"))
        image = ET.fromstring(archive.read("stack.xml"))
    assert (merged == flatten(stack)).all()
    assert thumbnail.size == (256, 110)
    assert (image.get("w"), image.get("h")) == ("700", "300")
    top_first = [(e.tag, e.get("name")) for e in image.iter() if e.get("name")]
    assert top_first == [
        ("layer", "鼻"),
        ("stack", "顔"),
        ("layer", "線画"),
        ("stack", "eyes"),
        ("layer", "影"),
        ("layer", "後ろ髪"),
    ]
    shadow = next(e for e in image.iter("layer") if e.get("name") == "影")
    assert shadow.get("composite-op") == "svg:multiply"
    line = next(e for e in image.iter("layer") if e.get("name") == "線画")
    assert line.get("visibility") == "hidden"
    assert float(line.get("opacity", "")) == 0.3


def test_operators_are_the_standard_ones() -> None:
    assert len(set(OPERATORS.values())) == len(Blend)
    assert OPERATORS[Blend.NORMAL] == "svg:src-over"
    assert OPERATORS[Blend.ADD] == "svg:plus"
    assert OPERATORS[Blend.COLOR_DODGE] == "svg:color-dodge"


def test_the_same_stack_gives_the_same_bytes(stack: LayerStack, tmp_path: Path) -> None:
    save(stack, tmp_path / "a.ora")
    save(stack, tmp_path / "b.ora")
    assert (tmp_path / "a.ora").read_bytes() == (tmp_path / "b.ora").read_bytes()


NAMES = st.text(min_size=1, max_size=6) | st.sampled_from(["line", "線画", "front hair", "前髪", "a:b", "<&>", "\0"])


def path_of(spec: tuple[str, Blend, float, bool, list[str], int]) -> str:
    return "/".join([*spec[4], spec[0]])


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            NAMES,
            st.sampled_from(Blend),
            st.floats(0, 1),
            st.booleans(),
            st.lists(NAMES, max_size=2),
            st.integers(-9, 9),
        ),
        min_size=1,
        max_size=5,
        unique_by=path_of,
    ),
    st.sampled_from(Preset),
)
def test_a_stack_survives_the_file(tmp_path_factory: pytest.TempPathFactory, specs: list, names: Preset) -> None:
    layers = tuple(
        Layer(name, noise(4, 5, i), place, -place, blend, opacity, visible, tuple(group))
        for i, (name, blend, opacity, visible, group, place) in enumerate(specs)
    )
    some = LayerStack(8, 9, layers)
    path = tmp_path_factory.mktemp("ora") / "a.ora"
    write_ora(some, path, names=names)
    back = load_stack(path)
    assert [(layer.path, layer.group, layer.blend, layer.opacity, layer.visible) for layer in back] == [
        (layer.path, layer.group, layer.blend, layer.opacity, layer.visible) for layer in some
    ]
    assert (flatten(back) == flatten(some)).all()


def broken(tmp_path: Path, xml: bytes) -> Path:
    with zipfile.ZipFile(tmp_path / "x.ora", "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr("stack.xml", xml)
        archive.writestr("data/x.png", b"no png")
    return tmp_path / "x.ora"


@pytest.mark.parametrize(
    "xml",
    [
        b"<image w='4' h='4'><stack><layer src='data/none.png'/></stack></image>",
        b"<image w='4' h='4'><stack><layer src='data/x.png'/></stack></image>",
        b"<image w='0' h='4'><stack/></image>",
        b"<image w='x' h='4'><stack/></image>",
        b"<!DOCTYPE image [<!ENTITY a 'b'>]><image w='4' h='4'><stack/></image>",
        b"<image",
    ],
    ids=["no file", "no png", "no width", "not a number", "entities", "cut off"],
)
def test_a_damaged_archive_is_one_error(xml: bytes, tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        read_ora(broken(tmp_path, xml))
    assert caught.value.hint


def test_what_is_no_archive_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "a.ora").write_bytes(io.BytesIO(b"PK\3\4 but no").getvalue())
    for name in ("a.ora", "none.ora"):
        with pytest.raises(FormatError):
            read_ora(tmp_path / name)
