"""SVG of a stack: one group a layer, named and ordered; what it draws is near the stack, or exact."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from drawing import needs
from inked import BLUE, disc, drawn, face

from animelayers.cli.made import record_of
from animelayers.color import matte
from animelayers.composite import flatten
from animelayers.errors import FormatError, OutputError
from animelayers.evaluation.similarity import psnr
from animelayers.handoff import load_stack, save
from animelayers.handoff.svg import write_svg
from animelayers.parts import Preset
from animelayers.stack import Blend, Layer, LayerStack, Provenance
from animelayers.vector.svg_in import read_svg

INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"
GROUP = "{http://www.w3.org/2000/svg}g"


def shade(alpha: int = 120) -> np.ndarray:
    rgba = np.zeros((30, 40, 4), np.uint8)
    rgba[:] = (90, 60, 140, 0)
    rgba[4:26, 4:36, 3] = alpha
    rgba[10:20, 12:30, 3] = alpha // 2
    return rgba


@pytest.fixture
def stack() -> LayerStack:
    made = Provenance("rendering", "classic", "0", source_name="a & <b>.png", options={"names": "日本"})
    layers = (
        Layer("flat", face()),
        Layer("shadow", shade(), top=40, left=20, blend=Blend.MULTIPLY, group=("face", "eyes")),
        Layer("highlight", shade(), top=12, left=25, blend=Blend.SCREEN, opacity=0.5, group=("face",)),
        Layer("0 line", disc(), top=-9, left=-8),
        Layer("nose", disc(), visible=False),
        Layer("mouth", np.zeros((3, 3, 4), np.uint8)),
    )
    return LayerStack(96, 80, layers, made)


@pytest.fixture
def file(stack: LayerStack, tmp_path: Path) -> Path:
    return save(stack, tmp_path / "a.svg", names=Preset.LIVE2D_JA)


def groups(file: Path) -> list[ET.Element]:
    return list(ET.parse(file).getroot().iter(GROUP))


def test_one_group_a_layer_in_the_order_of_drawing(file):
    found = [(g.get(INKSCAPE + "groupmode"), g.get(INKSCAPE + "label")) for g in groups(file)]
    names = ["ベース", "顔", "eyes", "影", "ハイライト", "0 line", "鼻", "口"]
    assert [label for _, label in found][1:] == names[1:]
    assert {mode for mode, _ in found} == {"layer"}


def test_ids_are_legal_and_unique(file):
    ids = [g.get("id", "") for g in groups(file)]
    assert len(set(ids)) == len(ids)
    assert all(id[0].isalpha() or id[0] == "_" for id in ids)
    assert "shadow" in ids


def test_modes_opacities_and_eyes(file):
    by_id = {g.get("id"): g for g in groups(file)}
    assert by_id["shadow"].get("style") == "mix-blend-mode:multiply"
    assert by_id["highlight"].get("style") == "mix-blend-mode:screen"
    assert by_id["highlight"].get("opacity") == "0.5"
    assert by_id["nose"].get("style") == "display:none"
    # A group that isolates what is in it would keep the modes from what lies below.
    assert set(by_id["face"].attrib) == {"id", INKSCAPE + "groupmode", INKSCAPE + "label"}
    assert len(by_id["mouth"]) == 0


def test_every_mode_is_one_of_css(tmp_path):
    layers = tuple(Layer(blend.name, disc(), blend=blend) for blend in Blend)
    path = save(LayerStack(40, 40, layers), tmp_path / "a.svg")
    styles = [g.get("style", "mix-blend-mode:normal") for g in groups(path)]
    assert styles == [f"mix-blend-mode:{blend.value}" for blend in Blend]


def test_what_it_draws_is_near_the_stack(stack, file):
    needs("resvg_py")
    assert psnr(matte(drawn(file.read_text("utf-8"))), matte(flatten(stack)), 255) > 30


@pytest.mark.parametrize("blend", [Blend.MULTIPLY, Blend.SCREEN, Blend.DARKEN, Blend.LIGHTEN, Blend.HARD_LIGHT])
def test_soft_alpha_of_a_mode_acts_the_same_as_opaque_colour(blend, tmp_path):
    needs("resvg_py")
    ground = np.full((30, 40, 4), 255, np.uint8)
    ground[..., :3] = (200, 170, 90)
    stack = LayerStack(30, 40, (Layer("flat", ground), Layer("shadow", shade(), blend=blend)))
    found = drawn(save(stack, tmp_path / "a.svg").read_text("utf-8"))
    inside = np.s_[6:24, 6:34]
    off = found[inside].astype(int) - flatten(stack)[inside]
    if blend in (Blend.DARKEN, Blend.LIGHTEN):  # not linear in the alpha: what is in between differs
        assert np.abs(off).mean() < 40
    else:
        assert np.median(np.abs(off)) <= 2


def test_exact_embeds_the_pixels(stack, tmp_path):
    needs("resvg_py")
    write_svg(stack, tmp_path / "a.svg", exact=True)
    text = (tmp_path / "a.svg").read_text("utf-8")
    assert text.count("data:image/png;base64,") == 5
    assert np.abs(drawn(text).astype(int) - flatten(stack))[10:].max() <= 2


def test_where_it_came_from_rides_along(stack, file):
    root = ET.parse(file).getroot()
    record = json.loads(root.findtext(".//{urn:animelayers:1.0/}provenance", ""))
    assert record == stack.provenance.as_dict()
    assert record_of(file) == record
    assert root.findtext("{http://www.w3.org/2000/svg}title") == "a & <b>.png"


def test_what_another_program_saved_is_not_ours(file):
    text = file.read_text("utf-8")
    file.write_text(text.replace('version="1.1"', 'version="1.1" inkscape:version="1.3"'), "utf-8")
    assert record_of(file) is None
    file.write_text(text.replace("animelayers:provenance", "title"), "utf-8")
    assert record_of(file) is None


def test_our_own_reader_takes_it(file):
    found = read_svg(file)
    assert (found.height, found.width) == (96, 80)
    assert found.layers[-1] == "口"
    assert found.paths == found.drawn > 5
    assert any(shape.paint["fill"] == "#{:02x}{:02x}{:02x}".format(*BLUE) for shape in found.shapes)


def test_layers_off_the_canvas_are_cut_to_it(tmp_path):
    path = save(LayerStack(20, 20, (Layer("nose", disc(), top=-20, left=3),)), tmp_path / "a.svg")
    points = np.concatenate([curve.reshape(-1, 2) for shape in read_svg(path).shapes for curve in shape.curves])
    assert points.min() >= 0
    assert points.max() <= 20


def test_the_same_stack_gives_the_same_bytes(stack, file, tmp_path):
    again = save(stack, tmp_path / "b" / "a.svg", names=Preset.LIVE2D_JA)
    assert again.read_bytes() == file.read_bytes()


def test_names_and_titles_cannot_break_the_file(tmp_path):
    made = Provenance("rendering", "x", "0", source_name='\x00\x1b"<>&\ud800日')
    path = save(LayerStack(40, 40, (Layer('a"<>&\x07', disc()),), made), tmp_path / "a.svg")
    assert ET.parse(path).getroot().findtext("{http://www.w3.org/2000/svg}title") == '"<>&日'
    assert len(groups(path)) == 1


def test_nothing_is_half_written(stack, tmp_path, monkeypatch):
    (tmp_path / "a.svg").write_text("old")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OutputError):
        save(stack, tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]


def test_svg_is_written_not_read(file):
    with pytest.raises(FormatError, match="written, not read"):
        load_stack(file)
