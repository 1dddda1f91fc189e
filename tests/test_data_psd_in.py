"""Artists' PSDs into samples: what layers are taken for, how they are painted, and what is told of the others."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import psdparse
import pytest
from drawing import ROOT, SHARED_ART
from PIL import Image, ImageCms
from psd_tools import PSDImage
from psd_tools.constants import BlendMode, Resource, Tag
from psd_tools.psd.image_resources import ImageResource
from psd_tools.psd.tagged_blocks import TaggedBlock

from animelayers.composite import difference, flatten, max_error
from animelayers.data.folder import load_sample
from animelayers.data.mapping import Rules, load_rules, preset
from animelayers.data.psd_art import read_art
from animelayers.data.psd_in import Ingested, Mode, Plan, ingest, plan, sample_id
from animelayers.data.psd_paint import ALPHA, INK, Choice, paint
from animelayers.data.sample import Licence, Sample
from animelayers.errors import DataError, FormatError
from animelayers.handoff.psd import write_psd
from animelayers.parts import PARTS, RENDERING, Preset, display_name
from animelayers.picture import load_picture
from animelayers.stack import Blend, Layer, LayerStack, Rgba

HEIGHT, WIDTH = 40, 48
MINE = Licence("CC0-1.0", "me")
SKIN, HAIR, WHITE, GREEN, INKY = (250, 220, 200), (110, 70, 140), (250, 250, 255), (60, 140, 110), (40, 20, 30)
GREY = (200, 180, 210)
Where = tuple[int, int, int, int]


class Drawing:
    """A PSD under construction. Its merged image is what psdparse, another reader, makes of the layers."""

    def __init__(self, size: tuple[int, int] = (HEIGHT, WIDTH), depth: Any = 8) -> None:
        self.psd = PSDImage.new("RGBA", size[::-1], depth=depth)
        self.size = size

    def layer(self, name: str, rgba: Rgba, mode: str = "NORMAL", into: Any = None, **options: Any) -> Any:
        parent = self.psd if into is None else into
        clip = options.pop("clip", False)
        layer = parent.create_pixel_layer(Image.fromarray(rgba), name="x", blend_mode=BlendMode[mode], **options)
        layer.name, layer._record.name, layer.clipping = name, "x", clip
        return layer

    def box(self, name: str, rgb: tuple[int, int, int], where: Where, mode: str = "NORMAL", **options: Any) -> Any:
        return self.layer(name, box(self.size, rgb, where, options.pop("soft", 0)), mode, **options)

    def group(self, name: str, mode: str = "PASS_THROUGH", into: Any = None, opacity: int = 255) -> Any:
        group = (self.psd if into is None else into).create_group(name="x", blend_mode=BlendMode[mode])
        group.name, group._record.name, group.opacity = name, "x", opacity
        return group

    def save(self, path: Path, merged: Rgba | None = None) -> Path:
        self.psd._updated = False
        info = self.psd._record._get_layer_info()
        info.layer_count = -abs(info.layer_count)  # the fourth merged channel is the transparency
        self.psd.save(path)
        if self.psd.depth == 8:
            self._merge(read_by_psdparse(path) if merged is None else merged)
            self.psd.save(path)
        return path

    def _merge(self, rgba: Rgba) -> None:
        alpha = rgba[..., 3:] / 255
        white = np.floor(rgba[..., :3] * alpha + 255 * (1 - alpha) + 0.5).astype(np.uint8)
        planes = np.dstack([white, rgba[..., 3]]).transpose(2, 0, 1)
        self.psd._record.image_data.set_data([plane.tobytes() for plane in planes], self.psd._record.header)
        self.psd._updated = False


def read_by_psdparse(path: Path) -> Rgba:
    reader = psdparse.PSDFile()
    reader.load(str(path))
    pixels = np.frombuffer(reader.composite()[0], np.uint8)
    height, width = PSDImage.open(path).size[::-1]
    return pixels.reshape(height, width, 4)[..., [2, 1, 0, 3]].copy()


def box(size: tuple[int, int], rgb: tuple[int, int, int], where: Where, soft: int = 0) -> Rgba:
    """A filled box `(top, left, bottom, right)` on a canvas; `soft` pixels along its edge fade."""
    rgba = np.zeros((*size, 4), np.uint8)
    top, left, bottom, right = where
    rgba[top:bottom, left:right] = (*rgb, 255)
    for inset in range(soft):
        edge = np.zeros(size, bool)
        edge[top + inset : bottom - inset, left + inset : right - inset] = True
        edge[top + inset + 1 : bottom - inset - 1, left + inset + 1 : right - inset - 1] = False
        rgba[edge, 3] = 255 * (inset + 1) // (soft + 1)
    return rgba


def planned(path: Path, rules: Rules | None = None, mode: Mode = Mode.AUTO) -> Plan:
    return plan(read_art(path), rules, mode)


def ingested(path: Path, rules: Rules | None = None, mode: Mode = Mode.AUTO) -> Ingested:
    return ingest(planned(path, rules, mode), "one", MINE)


def targets(made: Plan) -> dict[str, str]:
    return {leaf.name: str(target) for leaf, target in made.targets.items()}


def told(made: Plan) -> list[tuple[str, str, str]]:
    return [(problem.layer, problem.what, problem.hint) for problem in made.problems]


def rules(tmp_path: Path, text: str) -> Rules:
    path = tmp_path / "my.toml"
    path.write_text(text, encoding="utf-8")
    return load_rules(path)


# Names

NAMES = """
線画 主線 ペン入れ 线稿 線稿 勾线 lineart Line_Art LINE inking = line
下塗り ベース 塗り ベースカラー 底色 平涂 上色 base flats Flat_Colours = flat
影 1影 ２影 影3 乗算 影色 落ち影 リボン影 阴影 暗部 shading multiply cast_shadow Shadow_copy_2 base_shadow = shadow
ハイライト ﾊｲﾗｲﾄ 加算（発光） 光沢 リボンハイライト 高光 滤色 lights Glow rim-light specular = highlight
前髪 前髪_01 前髪のコピー 前髪_拷贝_2 まえがみ 前发 刘海 front-hair bangs HairFront = front_hair
後ろ髪 後髪 うしろ髪 ポニーテール 后发 hair_back BackHair = back_hair
顔 輪郭 脸 FACE = face
白目L 左白目 白目_左 eye_white_left 眼白左 = eyewhite-l
瞳（Ｒ） 右瞳 黒目R iris.R 眼珠右 = irides-r
まつ毛 上まつげ 睫毛 eyelash = eyelash
眉毛_l 左眉 LeftBrow = eyebrow-l
左腕 腕L arm_L Left_Sleeve 左手臂 左手 = handwear-l
スカート 裙子 skirt = bottomwear
脚R 右足 leg_r = legwear-r
胴体 服 上衣 torso = topwear
靴 鞋子 shoes = footwear
尻尾 尾巴 tail = tail
翼_L 左羽 wing-l = wings-l
首 脖子 neck = neck
前髪線画 前髪_線 front_hair_line = front_hair/line
左腕_影2 arm_L_shadow = handwear-l/shadow
目ハイライト eye_highlight = irides/highlight
ラフ 下書き 用紙 背景 サイン 草稿 rough Sketch_2 Background_copy paper = ignore
レイヤー_12 Layer_1 左右の目 口紅 線香 クライン カラーコンタクト 手紙 deadline 肌 キャラ pinking = ?
"""


@pytest.mark.parametrize("line", NAMES.strip().splitlines(), ids=lambda line: line.rpartition(" = ")[2])
def test_names_in_three_languages(line: str) -> None:
    names, _, wanted = line.rpartition(" = ")
    found = {name: str(preset(name.replace("_", " ") if name.isascii() else name)) or "?" for name in names.split()}
    assert found == dict.fromkeys(names.split(), wanted.replace("_", " "))


def test_names_of_our_own_presets_are_known() -> None:
    for term in (*PARTS, *RENDERING):
        for name in (term.name, *((f"{term.name}-l", f"{term.name}-r") if term.sided else ())):
            for shown in Preset:
                assert str(preset(display_name(name, shown))) == name


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("前髪/影", "front hair/shadow"),
        ("線画/前髪", "front hair/line"),
        ("左目/瞳/ハイライト", "irides-l/highlight"),
        ("L/arm/レイヤー 3", "handwear-l"),
        ("前髪/髪 影", "front hair/shadow"),
        ("顔/目", ""),
        ("顔/目/右/白目", "eyewhite-r"),
        ("顔/鼻", "nose"),
        ("ラフ/線画", "ignore"),
        ("塗り/肌", "flat"),
    ],
)
def test_groups_say_what_names_leave_open(path: str, wanted: str) -> None:
    assert str(Rules().target(path.split("/"))) == wanted


def test_blend_modes_decide_where_a_group_or_the_user_lets_them() -> None:
    names = ("キャラ", "レイヤー 5")
    assert str(Rules().target(names, "multiply")) == ""
    assert str(Rules(blend=True).target(names, "linear burn")) == "shadow"
    assert str(Rules(blend=True).target(names, "overlay")) == "highlight"
    assert str(Rules(blend=True).target(names, "normal")) == ""
    assert str(Rules().target(("塗り", "レイヤー 5"), "multiply")) == "shadow"
    assert str(Rules().target(("塗り", "ベース"), "multiply")) == "flat"


def test_the_users_rules_go_before_the_presets(tmp_path: Path) -> None:
    mine = rules(
        tmp_path,
        """
        [layers]
        "リボン*" = "headwear"
        "前髪" = "後ろ髪"
        "くま ?" = "handwear-l/flat"
        "キャラ/*/影" = "highlight"
        "ＴＥＳＴ" = "ignore"
        "ラフ" = "line"
        """,
    )
    found = {path: str(mine.target(path.split("/"))) for path in ("リボン 3/線画", "前髪 2", "くまA", "くまの手")}
    assert found == {
        "リボン 3/線画": "headwear/line",
        "前髪 2": "back hair",
        "くまA": "handwear-l/flat",
        "くまの手": "",
    }
    assert str(mine.target(("キャラ", "前髪", "影"))) == "back hair/highlight"
    assert str(mine.target(("前髪", "影"))) == "back hair/shadow"
    assert str(mine.target(("test のコピー", "前髪"))) == "ignore"
    assert str(mine.target(("ラフ",))) == "line"
    assert str(mine.target(("下書き", "前髪"))) == "back hair", "a rule goes before what presets ignore around it"
    assert mine.target(("リボン",)).why == ("my.toml: リボン*",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[layers", "no TOML"),
        ('layer = "a"', "unknown key 'layer'"),
        ("blend = 3", "true or false"),
        ('[layers]\n"a" = "frnt hair"', "'frnt hair'"),
        ('[layers]\n"a" = "line/flat"', "'line/flat'"),
        ('[layers]\n"a" = 3', "cannot be 3"),
        ('[layers]\n"a" = "handwear-l-0"', "'handwear-l-0'"),
    ],
)
def test_a_wrong_mapping_is_told(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=words) as caught:
        rules(tmp_path, text)
    assert caught.value.hint


def test_a_typing_mistake_in_a_target_is_answered_with_the_word(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        rules(tmp_path, '[layers]\n"a" = "frnt hair"')
    assert caught.value.hint == "'front hair'?"


def test_the_mapping_in_the_documentation_is_one(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "data-psd.md").read_text("utf-8")
    found = rules(tmp_path, page.partition("```toml\n")[2].partition("```")[0])
    assert found.blend
    assert [str(target) for _, target in found.patterns] == ["headwear", "irides", "topwear/flat", "ignore"]


# Painting

SMOOTH = ["NORMAL", "MULTIPLY", "SCREEN", "OVERLAY", "HARD_LIGHT", "LINEAR_DODGE", "LINEAR_BURN", "DARKEN", "SUBTRACT"]


def scribble(seed: int, *, groups: bool = True) -> Drawing:
    """Random layers with masks, opacity, clipping and groups, in modes that rounding does not upset."""
    rng = np.random.default_rng(seed)
    art = Drawing((16, 20))

    def fill(parent: Any, depth: int) -> None:
        below = None
        for _ in range(rng.integers(2, 4)):
            if groups and depth < 2 and rng.random() < 0.4:
                made = art.group("g", str(rng.choice(["PASS_THROUGH", "NORMAL", "MULTIPLY"])), parent, 140)
                fill(made, depth + 1)
            else:
                rgba = rng.integers(0, 256, (12, 14, 4), np.uint8)
                made = art.layer("a", rgba, str(rng.choice(SMOOTH)), parent, top=int(rng.integers(-4, 8)), opacity=190)
                if rng.random() < 0.3:
                    made.create_mask(Image.fromarray(rng.integers(0, 256, (16, 20), np.uint8)))
            through = BlendMode.PASS_THROUGH in (made.blend_mode, getattr(below, "blend_mode", None))
            if below is not None and not through and rng.random() < 0.4:
                made.clipping = True
            else:
                below = made

    fill(art.psd, 0)
    return art


@pytest.mark.parametrize("seed", range(16))
def test_layers_are_painted_as_another_reader_paints_them(seed: int, tmp_path: Path) -> None:
    path = scribble(seed).save(tmp_path / "a.psd")
    art = read_art(path)
    everything = frozenset(art.leaves)
    planes = paint(art.roots, (0, 0, 16, 20), Choice(everything, inked=everything)) * 255
    theirs = read_by_psdparse(path).transpose(2, 0, 1).astype(np.float64)
    assert np.abs(planes[ALPHA] - theirs[3]).max() <= 2
    assert np.abs(planes[:INK] - theirs[:3] * theirs[3] / 255).max() <= 3
    assert np.allclose(planes[INK], planes[ALPHA], atol=0.01), "where all are lines, all that shows is line"


@pytest.mark.parametrize("mode", ["HUE", "COLOR", "LUMINOSITY", "VIVID_LIGHT", "PIN_LIGHT", "LIGHTER_COLOR", "DIVIDE"])
def test_modes_that_a_stack_does_not_have_are_painted_too(mode: str, tmp_path: Path) -> None:
    art = Drawing((16, 20))
    rng = np.random.default_rng(0)
    art.layer("a", np.dstack([rng.integers(0, 256, (16, 20, 3), np.uint8), np.full((16, 20), 255, np.uint8)]))
    art.layer("b", rng.integers(0, 256, (16, 20, 4), np.uint8), mode)
    read = read_art(art.save(tmp_path / "a.psd"))
    planes = paint(read.roots, (0, 0, 16, 20), Choice(frozenset(read.leaves))) * 255
    theirs = read_by_psdparse(tmp_path / "a.psd").transpose(2, 0, 1)
    assert np.abs(planes[:INK] - theirs[:3]).max() <= 1


@pytest.mark.parametrize(
    ("mode", "wanted"), [("LINEAR_DODGE", 100 + 80 / 2), ("COLOR_DODGE", 100 / (1 - 80 / 2 / 255))]
)
def test_a_glow_adds_its_alpha_as_strength(mode: str, wanted: float, tmp_path: Path) -> None:
    art = Drawing()
    art.box("a", (100, 100, 100), (0, 0, HEIGHT, WIDTH))
    glow = box((HEIGHT, WIDTH), (80, 80, 80), (0, 0, HEIGHT, WIDTH))
    glow[..., 3] = 128
    art.layer("b", glow, mode).tagged_blocks.set_data(Tag.TRANSPARENCY_SHAPES_LAYER, 0)
    read = read_art(art.save(tmp_path / "a.psd"))
    planes = paint(read.roots, (5, 5, 6, 6), Choice(frozenset(read.leaves))) * 255
    assert planes[0, 0, 0] == pytest.approx(wanted, abs=0.5)
    assert planes[ALPHA, 0, 0] == pytest.approx(255)


def test_fill_fades_a_normal_layer_and_weakens_an_added_one(tmp_path: Path) -> None:
    for mode, wanted in (("NORMAL", 100 + (200 - 100) / 2), ("LINEAR_BURN", 100 - (255 - 200) / 2)):
        art = Drawing()
        art.box("a", (100, 100, 100), (0, 0, HEIGHT, WIDTH))
        art.box("b", (200, 200, 200), (0, 0, HEIGHT, WIDTH), mode).fill_opacity = 128
        read = read_art(art.save(tmp_path / "a.psd"))
        planes = paint(read.roots, (5, 5, 6, 6), Choice(frozenset(read.leaves))) * 255
        assert planes[0, 0, 0] == pytest.approx(wanted, abs=0.5)


# Rendering


def illustration() -> Drawing:
    """An illustrator's file: lines, a group of colours with clipped shading, effects over all, and a paper."""
    art = Drawing()
    art.box("用紙", (255, 255, 255), (0, 0, HEIGHT, WIDTH))
    paint = art.group("塗り")
    art.box("肌", SKIN, (4, 4, 36, 30), into=paint, soft=1)
    art.box("影 1", GREY, (20, 0, 40, 48), "MULTIPLY", into=paint, clip=True)
    art.box("髪", HAIR, (4, 24, 30, 44), into=paint)
    art.box("レイヤー 7", (90, 60, 30), (6, 26, 12, 40), "LINEAR_DODGE", into=paint, clip=True, opacity=150)
    lines = art.layer("線画", box(art.size, INKY, (2, 16, 38, 19), 1), "MULTIPLY", opacity=230)
    art.box("色トレス", (120, 30, 30), (0, 0, 20, 48), clip=True)
    art.box("ハイライト（加算）", (250, 240, 200), (10, 8, 14, 22), "OVERLAY", opacity=120)
    art.box("ラフ", (255, 0, 0), (0, 0, 9, 9)).visible = False
    assert lines.blend_mode == BlendMode.MULTIPLY
    return art


def test_an_illustration_becomes_four_layers_that_are_the_picture(tmp_path: Path) -> None:
    path = illustration().save(tmp_path / "絵.psd")
    made = planned(path)
    assert made.mode is Mode.RENDERING
    assert made.problems == ()
    assert targets(made) == {
        "用紙": "ignore",
        "塗り/肌": "flat",
        "塗り/影 1": "shadow",
        "塗り/髪": "flat",
        "塗り/レイヤー 7": "highlight",
        "線画": "line",
        "色トレス": "line",
        "ハイライト（加算）": "highlight",
    }
    assert any("ラフ" in note for note in made.notes)
    result = ingest(made, "one", MINE)
    sample = result.sample
    assert sample.parts is None
    assert sample.rendering is not None
    assert sample.rendering.names == ("flat", "shadow", "highlight", "line")
    assert max_error(sample.rendering, sample.picture) == 0
    assert result.layers.max == 0
    assert result.merged is not None
    assert result.merged.max <= 2


def test_the_layers_are_those_the_artist_drew(tmp_path: Path) -> None:
    sample = ingested(illustration().save(tmp_path / "a.psd")).sample
    assert sample.rendering is not None
    flat, shadow, highlight, line = (layer.rgba for layer in sample.rendering)
    assert (flat[8:28, 6:14, :3] == SKIN).all()
    assert (flat[8:28, 30:40, :3] == HAIR).all()
    assert (flat[8:28, 17:18, :3] == SKIN).all(), "the flat goes on beneath the line"
    assert not shadow[6:9, 6:14, 3].any()
    assert shadow[22:30, 6:14, 3].all()
    assert highlight[11:13, 9:14, 3].all()
    assert not line[4:36, 4:15, 3].any()
    assert (line[6:35, 17, 3] >= 225).all()
    assert line[6:9, 17, 0].min() > line[26:30, 17, 0].max(), "the colour trace is the line's"


def test_shading_in_any_mode_is_solved(tmp_path: Path) -> None:
    art = Drawing()
    art.box("底色", SKIN, (2, 2, 38, 46), soft=2)
    shade = art.group("阴影", "MULTIPLY", opacity=180)
    art.box("图层 1", GREY, (10, 10, 30, 30), into=shade)
    soft = art.box("高光", (255, 255, 255), (4, 4, 30, 40), "SOFT_LIGHT")
    soft.create_mask(Image.fromarray(np.tile(np.linspace(0, 255, WIDTH, dtype=np.uint8), (HEIGHT, 1))))
    art.box("线稿", INKY, (18, 2, 20, 46))
    art.box("暗部", (120, 90, 160), (12, 20, 36, 44), "COLOR_BURN", opacity=90)
    result = ingested(art.save(tmp_path / "a.psd"))
    assert result.layers.max == 0
    assert result.sample.rendering is not None
    assert max_error(result.sample.rendering, result.sample.picture) == 0


def test_lines_that_something_hides_are_no_lines(tmp_path: Path) -> None:
    art = Drawing()
    for name, rgb, where in (("顔", SKIN, (4, 4, 36, 30)), ("前髪", HAIR, (4, 12, 20, 44))):
        part = art.group(name)
        art.box("ベース", rgb, where, into=part)
        art.box("線", INKY, (*where[:3], where[1] + 2), into=part)
        art.box("線 2", INKY, (where[0], where[1], where[0] + 2, where[3]), into=part)
    sample = ingested(art.save(tmp_path / "a.psd")).sample
    assert sample.rendering is not None
    line = sample.rendering["line"].rgba
    assert (line[4, 4:10, 3] == 255).all()
    assert not line[7:19, 16:28, 3].any()
    assert (line[4:6, 12:44, 3] == 255).all()


def test_a_file_without_flat_colour_is_told(tmp_path: Path) -> None:
    art = Drawing()
    art.box("線画", INKY, (2, 2, 9, 9))
    art.box("影", GREY, (2, 2, 9, 9))
    assert told(planned(art.save(tmp_path / "a.psd"), mode=Mode.RENDERING))[0][1] == "no layer is flat colour"


# Parts


def figure(*, cells: bool = False) -> Drawing:
    """A rigger's file: groups of parts, an iris clipped to a soft white, hair that throws a shadow on the face."""
    art = Drawing()
    head = art.group("頭")
    art.box("後ろ髪", HAIR, (2, 6, 30, 42), into=head)
    art.box("首", SKIN, (28, 20, 38, 28), into=head, soft=1)
    face = art.group("顔", into=head)
    art.box("ベース", SKIN, (6, 10, 32, 38), into=face, soft=2)
    for side, left in (("R", 14), ("L", 26)):
        eye = art.group(f"目_{side}", into=head)
        art.box("白目", WHITE, (14, left, 20, left + 8), into=eye, soft=2)
        art.box("瞳", GREEN, (13, left + 2, 21, left + 6), into=eye, soft=1, clip=True)
    hair = art.group("前髪", into=head)
    art.box("髪影", GREY, (4, 8, 17, 40), "MULTIPLY", into=hair, opacity=200, soft=3)
    art.box("下塗り", HAIR, (2, 8, 14, 40), into=hair, soft=1)
    if cells:
        art.box("影", GREY, (8, 4, 14, 44), "MULTIPLY", into=hair, clip=True)
        art.box("線画", INKY, (12, 8, 14, 40), into=hair)
    return art


def test_a_figure_becomes_its_pieces(tmp_path: Path) -> None:
    result = ingested(figure().save(tmp_path / "a.psd"))
    sample = result.sample
    assert sample.parts is not None
    assert sample.parts.names == (
        *("back hair", "neck", "face", "eyewhite-r", "irides-r", "eyewhite-l", "irides-l", "front hair"),
    )
    assert {layer.blend for layer in sample.parts} == {Blend.NORMAL}
    assert (flatten(sample.parts) == sample.picture).all()
    assert result.layers.max <= 2, "soft clips and a shadow over several pieces change nothing"
    assert result.merged is not None
    assert result.merged.max <= 2
    face = sample.parts["face"]
    assert face.rgba[14 - face.top, 20 - face.left, 0] < SKIN[0], "the shadow of the hair lies on the face"
    assert face.rgba[5, 5, 3] == 255, "which goes on beneath the hair"
    assert sample.rendering is None
    assert sample.visible is not None
    assert sample.attributes["mode"] == "parts"


def test_a_group_of_shadows_falls_on_every_piece_below(tmp_path: Path) -> None:
    art = Drawing()
    art.box("顔", SKIN, (4, 4, 30, 30), soft=2)
    art.box("胴体", GREEN, (20, 10, 38, 40), soft=2)
    shadows = art.group("影", "MULTIPLY", opacity=200)
    art.box("レイヤー 1", GREY, (10, 12, 34, 22), into=shadows, soft=1)
    art.box("レイヤー 2", HAIR, (14, 14, 30, 20), into=shadows, opacity=120)
    art.box("前髪", HAIR, (2, 2, 12, 40))
    result = ingested(art.save(tmp_path / "a.psd"))
    assert result.sample.parts is not None
    assert result.sample.parts.names == ("face", "topwear", "front hair")
    assert result.layers.max <= 2
    face = result.sample.parts["face"]
    assert (face.rgba[8:20, 10:16, :3] < SKIN).all()
    assert (face.rgba[22:25, 10:16, :3] < SKIN).all(), "also where the body hides it"
    assert (result.sample.parts["front hair"].rgba[..., :3].max(axis=(0, 1)) == HAIR).all()


def test_a_shade_clipped_to_one_piece_falls_on_the_others_clipped_to_it(tmp_path: Path) -> None:
    art = Drawing()
    art.box("顔", SKIN, (4, 4, 36, 44))
    art.box("白目", WHITE, (10, 10, 24, 34), soft=2)
    art.box("瞳", GREEN, (8, 16, 26, 26), soft=1, clip=True)
    art.box("影", GREY, (6, 6, 16, 40), "MULTIPLY", clip=True)
    result = ingested(art.save(tmp_path / "a.psd"))
    assert result.sample.parts is not None
    assert result.sample.parts.names == ("face", "eyewhite", "irides")
    assert result.layers.max <= 2
    assert (result.sample.parts["irides"].rgba[3, 5, :3] < GREEN).all()


def test_pieces_that_interleave_are_strata_and_others_are_one(tmp_path: Path) -> None:
    art = Drawing()
    art.box("左腕", SKIN, (10, 4, 30, 20))
    art.box("顔", HAIR, (2, 24, 20, 40))
    art.box("左腕 2", SKIN, (20, 2, 34, 12))
    art.box("胴体", GREY, (8, 8, 36, 36))
    art.box("左手", SKIN, (18, 6, 26, 16))
    sample = ingested(art.save(tmp_path / "a.psd")).sample
    assert sample.parts is not None
    assert sample.parts.names == ("handwear-l-1", "face", "topwear", "handwear-l-0")


def test_both_give_the_rendering_layers_of_every_piece(tmp_path: Path) -> None:
    art = Drawing()
    for name, rgb, left in (("脸", SKIN, 4), ("前发", HAIR, 14)):
        part = art.group(name, "NORMAL")
        art.box("底色", rgb, (6, left, 34, left + 24), into=part, soft=1)
        art.box("阴影", GREY, (20, 0, 40, 48), "MULTIPLY", into=part, clip=True)
        art.box("高光", (90, 90, 60), (8, left + 2, 12, left + 10), "SCREEN", into=part, clip=True)
        art.box("线稿", INKY, (6, left, 34, left + 2), into=part)
    made = planned(art.save(tmp_path / "a.psd"))
    assert made.mode is Mode.BOTH
    sample = ingest(made, "one", MINE).sample
    assert sample.parts is not None
    assert sample.rendering is not None
    assert max_error(sample.rendering, sample.picture) == 0
    assert set(sample.cells) == {"face", "front hair"}
    for name, cell in sample.cells.items():
        sheet = sample.parts[name]
        assert cell.size == (sheet.height, sheet.width)
        assert max_error(cell, sheet.rgba) == 0
    flat = sample.cells["front hair"]["flat"].rgba
    assert (flat[2:-2, 4:-2, :3] == HAIR).all()


def test_parts_with_painted_layers_have_cells_though_the_whole_has_no_rendering(tmp_path: Path) -> None:
    sample = ingested(figure(cells=True).save(tmp_path / "a.psd")).sample
    assert sample.rendering is None
    assert set(sample.cells) == {"face", "front hair"}
    assert sample.cells["front hair"]["line"].rgba[-2, 10].tolist() == [*INKY, 255]


# What is told


def test_an_unnamed_layer_is_told_with_the_line_that_names_it(tmp_path: Path) -> None:
    art = figure()
    art.box('リボン*"1"', GREEN, (2, 2, 6, 6))
    path = art.save(tmp_path / "a.psd")
    ((layer, what, hint),) = told(planned(path))
    assert (layer, what) == ('リボン*"1"', "does not say which part it is")
    line = hint.partition("[layers]: ")[2].partition(", or")[0]
    assert planned(path, rules(tmp_path, f"[layers]\n{line}")).problems == ()
    with pytest.raises(DataError, match="does not say"):
        ingest(planned(path), "one", MINE)


def adjustment(art: Drawing) -> None:
    art.box("Invert 1", GREY, (2, 2, 6, 6)).tagged_blocks[Tag.INVERT] = TaggedBlock(key=Tag.INVERT, data=b"")


def dissolve(art: Drawing) -> None:
    art.box("前髪 2", GREY, (2, 2, 6, 6), "DISSOLVE")


def damaged(art: Drawing) -> None:
    layer = art.box("前髪 2", GREY, (2, 2, 6, 6))
    layer._channels[2].data = layer._channels[2].data[:-9]


def clipped_to_pass_through(art: Drawing) -> None:
    group = art.group("前髪")
    art.box("影", GREY, (2, 2, 6, 6), "MULTIPLY", into=group)
    art.box("前髪 3", GREY, (2, 2, 6, 6), clip=True)


@pytest.mark.parametrize(
    ("add", "layer", "what", "hint"),
    [
        (adjustment, "Invert 1", "adjustment layer", "merge it"),
        (dissolve, "前髪 2", "dissolve", "Normal"),
        (damaged, "前髪 2", "damaged pixels", "save the file again"),
        (clipped_to_pass_through, "前髪 3", "pass-through group '前髪'", "Normal"),
    ],
)
def test_what_cannot_be_painted_is_told(
    add: Callable[[Drawing], None], layer: str, what: str, hint: str, tmp_path: Path
) -> None:
    art = figure()
    add(art)
    found = [one for one in told(planned(art.save(tmp_path / "a.psd", merged=blank()))) if one[0] == layer]
    assert found, "the layer is named"
    assert what in found[0][1]
    assert hint in found[0][2]


def blank() -> Rgba:
    return np.zeros((HEIGHT, WIDTH, 4), np.uint8)


def test_an_adjustment_that_the_user_ignores_is_left_out(tmp_path: Path) -> None:
    art = figure()
    adjustment(art)
    path = art.save(tmp_path / "a.psd")
    result = ingested(path, rules(tmp_path, '[layers]\n"invert*" = "ignore"'))
    assert result.layers.max <= 2
    assert result.merged is None


def test_a_merged_image_that_is_another_picture_is_told(tmp_path: Path) -> None:
    art = figure()
    path = art.save(tmp_path / "a.psd")
    stale = read_by_psdparse(path)
    stale[20, 22, :3] = 0
    made = planned(art.save(path, merged=stale))
    with pytest.raises(
        DataError, match=r"merged image: \d+ levels off at x 22, y 20, in '頭/顔/ベース', 1 px"
    ) as caught:
        ingest(made, "one", MINE)
    assert "--tolerance" in caught.value.hint
    result = ingest(made, "one", MINE, tolerance=255)
    assert result.merged is not None
    assert result.merged.max > 200


def test_a_shadow_beyond_the_figure_is_told(tmp_path: Path) -> None:
    art = figure()
    art.box("影", GREY, (30, 0, 40, 48), "MULTIPLY")
    with pytest.raises(DataError, match=r"not the picture.*in '影'") as caught:
        ingested(art.save(tmp_path / "a.psd"))
    assert "clip it" in caught.value.hint


def test_without_a_merged_image_there_is_a_note(tmp_path: Path) -> None:
    made = planned(figure().save(tmp_path / "a.psd", merged=blank()))
    assert any("no merged image" in note for note in made.notes)
    assert ingest(made, "one", MINE).merged is None


def test_hidden_and_empty_layers_are_left_out_and_told(tmp_path: Path) -> None:
    art = figure()
    art.box("服", GREEN, (2, 2, 20, 20)).visible = False
    art.box("模様", INKY, (2, 2, 9, 9), clip=True)
    art.layer("尻尾", blank())
    made = planned(art.save(tmp_path / "a.psd"))
    assert made.problems == ()
    assert [note.partition(":")[0] for note in made.notes] == [
        "hidden layers left out (2)",
        "empty layers left out (1)",
    ]


def test_nothing_visible_is_told(tmp_path: Path) -> None:
    art = Drawing()
    art.box("前髪", HAIR, (2, 2, 9, 9)).visible = False
    assert told(planned(art.save(tmp_path / "a.psd", merged=blank())))[0][1] == "no layer is left"


def test_other_depths_and_colour_modes_are_told(tmp_path: Path) -> None:
    deep = PSDImage.new("RGB", (8, 8), depth=16)
    print_ready = PSDImage.new("CMYK", (8, 8))
    for psd, words in ((deep, "16 bits"), (print_ready, "CMYK")):
        psd.save(tmp_path / "a.psd")
        with pytest.raises(FormatError, match=words) as caught:
            read_art(tmp_path / "a.psd")
        assert "Image → Mode" in caught.value.hint


def test_a_flat_file_is_told(tmp_path: Path) -> None:
    PSDImage.new("RGB", (8, 8)).save(tmp_path / "a.psd")
    with pytest.raises(FormatError, match="no layers"):
        read_art(tmp_path / "a.psd")


def test_colours_of_another_profile_become_srgb(tmp_path: Path) -> None:
    art = figure()
    bgr = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    swapped = bytearray(bgr.tobytes())
    tags = {
        bytes(swapped[at : at + 4]): at for at in range(132, 132 + 12 * int.from_bytes(swapped[128:132], "big"), 12)
    }
    red, blue = tags[b"rXYZ"], tags[b"bXYZ"]
    swapped[red + 4 : red + 12], swapped[blue + 4 : blue + 12] = (
        swapped[blue + 4 : blue + 12],
        swapped[red + 4 : red + 12],
    )
    key = Resource.ICC_PROFILE
    plain = ingested(art.save(tmp_path / "a.psd")).sample.picture
    art.psd.image_resources[key] = ImageResource(key=key, data=bytes(swapped))
    result = ingested(art.save(tmp_path / "a.psd"))
    assert result.layers.max <= 2
    assert any("→ sRGB" in note for note in planned(tmp_path / "a.psd").notes)
    assert int(difference(result.sample.picture, plain[..., [2, 1, 0, 3]]).max()) <= 4


@pytest.mark.parametrize(("name", "wanted"), [("a.psd", "a"), ("A_b-1.psb", "A_b-1"), ("立ち絵.psd", "0123abcd")])
def test_ids_are_file_names(name: str, wanted: str, tmp_path: Path) -> None:
    art = read_art(figure().save(tmp_path / "x.psd"))
    object.__setattr__(art, "name", name)
    object.__setattr__(art, "sha256", "0123abcdef")
    taken: set[str] = set()
    assert sample_id(art, taken) == wanted
    assert sample_id(art, {wanted}) != wanted or not name.isascii()


# The door


@pytest.fixture
def door() -> ModuleType:
    spec = importlib.util.spec_from_file_location("from_psd", ROOT / "datasets" / "from_psd.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(door: ModuleType, capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    code = door.main([str(word) for word in argv])
    out, err = capsys.readouterr()
    return code, out, err


def test_one_bad_file_does_not_stop_the_others(
    door: ModuleType, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    good, bad = figure(cells=True).save(tmp_path / "good.psd"), tmp_path / "bad.psd"
    bad.write_bytes(good.read_bytes()[:999])
    out = tmp_path / "set"
    code, stdout, stderr = run(door, capsys, bad, good, tmp_path / "none.psd", "-o", out, "--licence", "MIT")
    assert code == 1
    assert "good: parts" in stdout
    assert "bad.psd is cut off" in stderr
    assert "there is no file" in stderr
    back = load_sample(out / "good")
    assert back.licence.spdx == "MIT"
    assert same(back, ingested(good).sample)
    again = tmp_path / "again"
    assert run(door, capsys, good, "-o", again, "--licence", "MIT")[0] == 0
    assert contents(again / "good") == contents(out / "good"), "same file, same bytes"


def same(a: Sample, b: Sample) -> bool:
    assert a.parts is not None
    assert b.parts is not None
    return bool((a.picture == b.picture).all()) and a.parts.names == b.parts.names and set(a.cells) == set(b.cells)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_dry_run_prints_the_mapping_and_writes_nothing(
    door: ModuleType, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    art = figure()
    art.box("[red]謎", GREEN, (2, 2, 6, 6))
    path = art.save(tmp_path / "a.psd")
    code, out, err = run(door, capsys, path, "--dry-run")
    assert code == 1
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if line.startswith("│")]
    assert rows[0] == ["[red]謎", "normal", "unmapped", "unmapped"], "the top layer first, and no markup"
    assert ["頭/首", "normal", "neck", "preset: 首"] in rows
    assert '"[red]謎" = ' in err
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.psd"]


def test_json_says_everything_in_one_line_a_file(
    door: ModuleType, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = figure().save(tmp_path / "a.psd")
    code, out, _ = run(door, capsys, path, tmp_path / "none.psd", "-o", tmp_path / "set", "--json")
    assert code == 1
    first, second = map(json.loads, out.splitlines())
    assert (first["id"], first["mode"], first["problems"]) == ("a", "parts", [])
    assert first["max_error"] <= 2
    assert {"path": "頭/首", "blend": "normal", "target": "neck", "why": ["preset: 首"]} in first["layers"]
    assert "there is no file" in second["error"]


def test_usage_is_two(door: ModuleType, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = figure().save(tmp_path / "a.psd")
    assert run(door, capsys, path, "--dry-run", "--mapping", tmp_path / "none.toml")[0] == 2
    with pytest.raises(SystemExit) as caught:
        door.main([str(path)])
    assert caught.value.code == 2


def test_parquet(door: ModuleType, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    from animelayers.data.hub import read_parquet

    path = figure().save(tmp_path / "a.psd")
    assert run(door, capsys, path, "-o", tmp_path / "set", "--format", "parquet")[0] == 0
    (back,) = read_parquet(tmp_path / "set")
    assert same(back, ingested(path).sample)


def test_damage_is_an_error_and_never_a_traceback(
    door: ModuleType, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    whole = figure(cells=True).save(tmp_path / "a.psd").read_bytes()
    rng = np.random.default_rng(0)
    broken = [whole[: len(whole) * part // 12] for part in range(12)]
    for _ in range(40):
        bytes_ = bytearray(whole)
        for at in rng.integers(0, len(whole) // 2, 3):
            bytes_[at] = int(rng.integers(256))
        broken.append(bytes(bytes_))
    for number, data in enumerate(broken):
        (tmp_path / "b.psd").write_bytes(data)
        code, out, _ = run(door, capsys, tmp_path / "b.psd", "-o", tmp_path / str(number), "--json")
        assert code in (0, 1)
        assert ("id" in json.loads(out)) == (code == 0)
        assert (code == 1) or number >= 12, "a file that is cut off is no sample"


# Real art

AUGUSTINA = SHARED_ART / "renpy"


@pytest.mark.skipif(not AUGUSTINA.is_dir(), reason="needs the Ren'Py demo art beside the repository")
def test_a_real_sprite(tmp_path: Path) -> None:
    def sheet(name: str) -> Rgba:
        return load_picture(AUGUSTINA / f"augustina_{name}.png").rgba

    base = sheet("base")
    layers = (
        Layer("体", base, group=("キャラ",)),
        Layer("瞳", sheet("eyes_open"), group=("キャラ", "顔")),
        Layer("眉毛", sheet("eyebrows_normal"), group=("キャラ", "顔")),
        Layer("口", sheet("mouth_smile"), 100, 100, group=("キャラ", "顔")),
        Layer("服", sheet("outfit_dress"), group=("キャラ",)),
        Layer("めがね", sheet("glasses")),
    )
    stack = LayerStack(base.shape[0], base.shape[1], layers)
    write_psd(stack, tmp_path / "augustina.psd")
    result = ingested(tmp_path / "augustina.psd", rules(tmp_path, '[layers]\n"体" = "face"'))
    assert result.sample.parts is not None
    assert result.sample.parts.names == ("face", "irides", "eyebrow", "mouth", "topwear", "eyewear")
    assert result.layers.max == 0
    assert result.merged is not None
    assert result.merged.max == 0
    assert (result.sample.picture == flatten(stack)).all()
