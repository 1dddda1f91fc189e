from __future__ import annotations

import dataclasses
import json
import random
import re
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawing import ROOT
from PIL import Image, ImageCms
from psd_tools import PSDImage
from psd_tools.constants import BlendMode, Compression, Resource, Tag
from psd_tools.psd.descriptor import Bool, Descriptor, DescriptorBlock2
from psd_tools.psd.image_resources import ImageResource
from psd_tools.psd.tagged_blocks import TaggedBlock

from animelayers.color import matte
from animelayers.composite import flatten
from animelayers.errors import FormatError
from animelayers.handoff.check import Report, check, format_report
from animelayers.handoff.document import recompose
from animelayers.handoff.png import write_png
from animelayers.handoff.psd import write_psd
from animelayers.handoff.rawpsd import from_psd
from animelayers.handoff.rules import RULES, Severity, as_markdown
from animelayers.parts import Preset
from animelayers.picture import Picture, load_picture
from animelayers.stack import Blend, Layer, LayerStack

HEIGHT, WIDTH = 48, 64


class Art:
    """A PSD under construction, in psd-tools' own words; clean until somebody breaks it."""

    def __init__(self, mode: str = "RGBA", size: tuple[int, int] = (WIDTH, HEIGHT), depth: Any = 8, version: int = 1):
        self.psd = PSDImage.new(mode, size, depth=depth)
        self.psd._record.header.version = version
        self.put(Resource.ICC_PROFILE, srgb())
        self.ids = 0

    def put(self, key: Resource, data: bytes) -> None:
        self.psd.image_resources[key] = ImageResource(key=key, data=data)

    def named(self, layer: Any, name: str) -> Any:
        self.ids += 1
        layer.name = name
        layer._record.name = f"layer {self.ids}"
        layer.tagged_blocks.set_data(Tag.LAYER_ID, self.ids)
        return layer

    def layer(self, name: str, rgba: np.ndarray, top: int = 0, left: int = 0, blend: str = "NORMAL", into: Any = None):
        layer = (self.psd if into is None else into).create_pixel_layer(
            Image.fromarray(rgba),
            name="x",
            top=top,
            left=left,
            blend_mode=BlendMode[blend],
            compression=Compression.RLE,
        )
        return self.named(layer, name)

    def group(self, name: str, blend: str = "PASS_THROUGH", into: Any = None) -> Any:
        return self.named(
            (self.psd if into is None else into).create_group(name="x", blend_mode=BlendMode[blend]), name
        )

    def merge(self, rgba: np.ndarray) -> None:
        """Store the merged image as Photoshop does: on white, transparency declared by a negative layer count."""
        info = self.psd._record._get_layer_info()
        if info is not None:
            info.layer_count = -abs(info.layer_count)
        planes = [plane.tobytes() for plane in np.dstack([matte(rgba), rgba[..., 3]]).transpose(2, 0, 1)]
        self.psd._record.image_data.set_data(planes, self.psd._record.header)
        self.psd._updated = False

    def save(self, path: Path) -> Path:
        self.psd._updated = False
        self.psd.save(path)
        return path


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def paint(height: int, width: int, rgb: tuple[int, int, int] = (200, 120, 90), alpha: int = 255) -> np.ndarray:
    return np.full((height, width, 4), (*rgb, alpha), np.uint8)


def clean(**kwargs: Any) -> Art:
    """A face under front hair: everything a rigger wants."""
    art = Art(**kwargs)
    art.layer("face", paint(30, 40), 8, 10)
    art.layer("前髪", paint(12, 44, (60, 40, 30)), 4, 8)
    return art


def remerged(art: Art) -> Art:
    """The merged image again, after the layers changed."""
    data = BytesIO()
    art.psd._updated = False
    art.psd.save(data)
    again = recompose(from_psd(PSDImage.open(BytesIO(data.getvalue())), "again"))
    if again.recomposed is not None:
        art.merge(again.recomposed)
    return art


def found(report: Report) -> list[tuple[str, str]]:
    return [(finding.rule, finding.layer) for finding in report.findings]


# one broken file a rule

BROKEN: dict[str, tuple[str, Callable[[], Art]]] = {}


def breaks(rule: str, layer: str = "") -> Callable[[Callable[[], Art]], Callable[[], Art]]:
    def register(build: Callable[[], Art]) -> Callable[[], Art]:
        BROKEN[rule] = layer, build
        return build

    return register


@breaks("rgb")
def _() -> Art:
    art = Art("LA")
    art.named(art.psd.create_pixel_layer(Image.new("LA", (20, 20), (9, 255)), name="x"), "face")
    return art


@breaks("eight-bit")
def _() -> Art:
    return clean(depth=16)


@breaks("psd-not-psb")
def _() -> Art:
    return clean(version=2)


@breaks("profile-missing")
def _() -> Art:
    art = clean()
    del art.psd.image_resources[Resource.ICC_PROFILE]
    return art


@breaks("profile-not-srgb")
def _() -> Art:
    art = clean()
    swapped = srgb().replace(b"rXYZ", b"????", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"????", b"bXYZ", 1)
    art.put(Resource.ICC_PROFILE, swapped)
    return art


@breaks("canvas-even")
def _() -> Art:
    return clean(size=(WIDTH + 1, HEIGHT))


@breaks("canvas-size")
def _() -> Art:
    return clean(size=(16386, HEIGHT))


@breaks("no-layers")
def _() -> Art:
    return Art()


@breaks("layer-mask", "前髪")
def _() -> Art:
    art = clean()
    art.psd[1].create_mask(Image.new("L", (44, 12), 255), top=4, left=8)
    return art


@breaks("clipping", "前髪")
def _() -> Art:
    art = clean()
    art.psd[1].clipping = True
    return art


@breaks("layer-effects", "前髪")
def _() -> Art:
    art = clean()
    shadow = Descriptor(classID=b"DrSh", items={b"enab": Bool(True), b"present": Bool(True)})
    styles = DescriptorBlock2(version=0, items={b"masterFXSwitch": Bool(True), b"DrSh": shadow})
    art.psd[1].tagged_blocks[Tag.OBJECT_BASED_EFFECTS_LAYER_INFO] = TaggedBlock(
        key=Tag.OBJECT_BASED_EFFECTS_LAYER_INFO, data=styles
    )
    return art


@breaks("adjustment-layer", "invert")
def _() -> Art:
    art = clean()
    art.layer("invert", paint(20, 20)).tagged_blocks[Tag.INVERT] = TaggedBlock(key=Tag.INVERT, data=b"")
    return art


@breaks("raster-layer", "smart")
def _() -> Art:
    art = clean()
    key = Tag.SMART_OBJECT_LAYER_DATA1
    art.layer("smart", paint(20, 20)).tagged_blocks[key] = TaggedBlock(key=key, data=bytes(16))
    return art


@breaks("pixel-data", "前髪")
def _() -> Art:
    art = clean()
    art.psd[1]._channels[2].data = art.psd[1]._channels[2].data[:-3]
    return art


@breaks("duplicate-name", "face")
def _() -> Art:
    art = clean()
    art.named(art.psd[1], "face")
    return art


@breaks("forbidden-character", "arm/left")
def _() -> Art:
    art = clean()
    art.named(art.psd[1], "arm/left")
    return art


@breaks("unusual-character", "café (2)")
def _() -> Art:
    art = clean()
    art.named(art.psd[1], "café (2)")
    return art


@breaks("legacy-name")
def _() -> Art:
    art = clean()
    art.psd[1]._record.name = "?"  # what psd-tools itself leaves
    return art


@breaks("layer-id")
def _() -> Art:
    art = clean()
    del art.psd[1].tagged_blocks[Tag.LAYER_ID]
    return art


@breaks("group-depth", "a/b/c/d")
def _() -> Art:
    art = clean()
    group = None
    for name in "abcd":
        group = art.group(name, into=group)
    art.layer("nose", paint(6, 6, (90, 0, 0)), 20, 30, into=group)
    return art


@breaks("group-opacity", "head")
def _() -> Art:
    art = clean()
    group = art.group("head")
    group.opacity = 128
    art.layer("nose", paint(6, 6, (90, 0, 0)), 20, 30, into=group)
    return art


@breaks("group-blend", "head")
def _() -> Art:
    art = clean()
    art.layer("nose", paint(6, 6, (90, 0, 0)), 20, 30, into=art.group("head", "MULTIPLY"))
    return art


@breaks("isolated-group", "head")
def _() -> Art:
    art = clean()
    group = art.group("head", "NORMAL")
    art.layer("nose", paint(6, 6, (90, 0, 0)), 20, 30, into=group)
    art.layer("blush", paint(4, 4, (250, 90, 90)), 21, 31, "MULTIPLY", into=group)
    return art


@breaks("blend-unknown", "blush")
def _() -> Art:
    art = clean()
    art.layer("blush", paint(6, 6), 20, 30, "VIVID_LIGHT")
    return art


@breaks("blend-cubism-5-3", "glow")
def _() -> Art:
    art = clean()
    art.layer("glow", paint(6, 6), 20, 30, "SCREEN")
    return art


@breaks("add-soft-alpha", "glow")
def _() -> Art:
    art = clean()
    art.layer("glow", paint(6, 6, alpha=128), 20, 30, "LINEAR_DODGE")
    return art


@breaks("fill-opacity", "前髪")
def _() -> Art:
    art = clean()
    art.psd[1].fill_opacity = 128
    return art


@breaks("empty-layer", "nose")
def _() -> Art:
    art = clean()
    art.layer("nose", paint(6, 6, alpha=0), 20, 30)
    return art


@breaks("tight-bounds", "nose")
def _() -> Art:
    art = clean()
    nose = paint(20, 20)
    nose[10:] = 0
    art.layer("nose", nose, 20, 30)
    return art


def speckled() -> np.ndarray:
    rgba = paint(10, 20)
    rgba[:, 14:] = 0
    rgba[3:5, 16:18] = (1, 2, 3, 255)
    rgba[9, 19] = (1, 2, 3, 255)
    return rgba


@breaks("stray-pixels", "nose")
def _() -> Art:
    art = clean()
    art.layer("nose", speckled(), 20, 30)
    return art


@breaks("specks", "face_線画")
def _() -> Art:
    art = clean()
    art.layer("face_線画", speckled(), 20, 30)
    return art


@breaks("alpha-haze", "nose")
def _() -> Art:
    art = clean()
    nose = paint(10, 30)
    nose[:, 12:, 3] = 5
    art.layer("nose", nose, 20, 20)
    return art


@breaks("side-pair", "まゆ毛_L")
def _() -> Art:
    art = clean()
    art.layer("まゆ毛_L", paint(4, 8, (9, 9, 9)), 18, 34)
    return art


def eyes(art: Art, iris_l: int) -> Art:
    for side, left in (("L", 34), ("R", 14)):
        art.layer(f"Eye_{side}_White", paint(6, 10, (250, 250, 250)), 20, left)
    art.layer("Eye_L_Iris", paint(9, 5, (20, 60, 90)), 18, iris_l)  # taller than the white, as under a lid
    art.layer("Eye_R_Iris", paint(9, 5, (20, 60, 90)), 18, 17)
    return art


@breaks("unmerged-part")
def _() -> Art:
    art = Art()
    group = art.group("顔")
    art.layer("顔_下塗り", paint(30, 40), 8, 10, into=group)
    art.layer("顔_線画", paint(3, 30, (9, 9, 9)), 12, 15, into=group)
    art.layer("前髪", paint(12, 44, (60, 40, 30)), 4, 8)
    return art


@breaks("overlap", "前髪")
def _() -> Art:
    art = Art()
    art.layer("face", paint(22, 40), 16, 10)
    art.layer("前髪", paint(12, 44, (60, 40, 30)), 4, 8)
    return art


@breaks("iris-in-eyewhite", "Eye_L_Iris")
def _() -> Art:
    return eyes(clean(), 16)


@breaks("merged-image")
def _() -> Art:
    art = clean()
    art.merge(np.zeros((HEIGHT, WIDTH, 4), np.uint8))
    return art


@breaks("merged-alpha")
def _() -> Art:
    art = remerged(clean())
    art.psd._record._get_layer_info().layer_count = 2
    return art


@breaks("riding-source")
def _() -> Art:
    art = Art()
    riding = art.layer("下絵", paint(HEIGHT, WIDTH))
    riding.visible = False
    art.layer("face", paint(30, 40), 8, 10)
    return art


FINAL = {"merged-image", "merged-alpha", "rgb", "eight-bit"}
"""Files whose merged image is left as it was made."""


@pytest.mark.parametrize("rule", [rule.id for rule in RULES if rule.id != "source"])
def test_every_rule_finds_its_own_and_nothing_else_does(rule: str, tmp_path: Path) -> None:
    layer, build = BROKEN[rule]
    art = build()
    report = check((art if rule in FINAL else remerged(art)).save(tmp_path / "broken.psd"))
    assert found(report) == [(rule, layer)]
    wanted = next(entry for entry in RULES if entry.id == rule)
    assert report.findings[0].severity is wanted.severity
    assert report.ok is (wanted.severity is not Severity.ERROR)
    assert rule in format_report(report)


def test_a_clean_file_has_no_findings(tmp_path: Path) -> None:
    art = clean()
    picture = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    picture[8:38, 10:50] = (200, 120, 90, 255)
    picture[4:16, 8:52] = (60, 40, 30, 255)
    art.merge(picture)  # painted by hand: nothing of the package says what is right
    report = check(art.save(tmp_path / "clean.psd"))
    assert report.ok
    assert found(report) == []
    assert (report.canvas, report.layers) == ((HEIGHT, WIDTH), 2)
    assert report.numbers.merged is not None
    assert (report.numbers.merged.max, report.numbers.merged.pixels) == (0, 0)


def test_rules_are_unique_and_in_kebab_case() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids) == len(BROKEN) + 1  # `source` needs a second picture
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule) for rule in ids)


def test_the_manual_holds_the_table() -> None:
    text = (ROOT / "docs" / "handoff.md").read_text(encoding="utf-8")
    assert as_markdown() in text, "put the output of animelayers.handoff.rules.as_markdown() into docs/handoff.md"


# numbers


def picture_of(rgba: np.ndarray) -> Picture:
    return Picture(rgba=rgba, name="in.png", sha256="", notes=())


def test_the_distance_to_the_source_is_counted(tmp_path: Path) -> None:
    path = remerged(clean()).save(tmp_path / "a.psd")
    picture = recompose(from_psd(PSDImage.open(path), "a")).recomposed
    assert picture is not None
    picture = picture.copy()
    picture[10, 12] = (200, 120, 83, 255)  # under the hair it shows (60, 40, 30): 140, 80 and 53 levels away
    picture[30, 20, 2] += 7
    numbers = check(path, source=picture_of(picture)).numbers
    assert numbers.source is not None
    assert (numbers.source.max, numbers.source.pixels) == (140, 2)


def test_layers_that_are_not_the_given_picture_are_an_error(tmp_path: Path) -> None:
    picture = paint(HEIGHT, WIDTH, (9, 9, 9))
    art = Art()
    art.layer("face", paint(HEIGHT, WIDTH, (11, 9, 9)))
    report = check(remerged(art).save(tmp_path / "a.psd"), source=picture_of(picture))
    assert found(report) == [("source", "")]
    assert not report.ok


def test_a_source_of_another_size_is_reported_not_compared(tmp_path: Path) -> None:
    path = remerged(clean()).save(tmp_path / "a.psd")
    report = check(path, source=picture_of(paint(HEIGHT, WIDTH + 2)))
    assert found(report) == [("source", "")]
    assert f"{WIDTH + 2} × {HEIGHT}" in report.findings[0].message
    assert report.numbers.source is None


def test_the_given_source_wins_over_the_riding_one(tmp_path: Path) -> None:
    art = Art()
    art.layer("source", paint(HEIGHT, WIDTH, (1, 2, 3))).visible = False
    art.layer("face", paint(HEIGHT, WIDTH, (9, 9, 9)))
    path = remerged(art).save(tmp_path / "a.psd")
    assert check(path).numbers.source is not None
    assert check(path).numbers.source.max == 8
    assert check(path, source=picture_of(paint(HEIGHT, WIDTH, (9, 9, 9)))).numbers.source.max == 0


def test_stray_haze_and_doubles_are_counted(tmp_path: Path) -> None:
    art = clean()
    art.layer("face", speckled(), 20, 30)  # 4 px and 1 px
    art.layer("face", paint(3, 4, alpha=8), 20, 2)  # 12 px: no longer stray, all haze
    art.layer("nose", paint(1, 11, alpha=9), 2, 2)  # 11 px: stray, no haze
    numbers = check(remerged(art).save(tmp_path / "a.psd")).numbers
    assert (numbers.stray_pixels, numbers.haze_pixels, numbers.duplicate_names) == (16, 12, 2)


def test_a_soft_edge_is_no_haze(tmp_path: Path) -> None:
    art = clean()
    nose = paint(12, 30)
    nose[..., 3] = np.minimum(255, 2 * np.arange(30) ** 2)[None, :]
    nose[:, 0, 3] = 1
    art.layer("nose", nose, 20, 20)
    report = check(remerged(art).save(tmp_path / "a.psd"))
    assert found(report) == []
    assert report.numbers.haze_pixels == 36


def test_complete_irises_may_reach_over_the_eye_white(tmp_path: Path) -> None:
    assert found(check(remerged(eyes(clean(), 37)).save(tmp_path / "a.psd"))) == []


@pytest.mark.parametrize("under", [0, 1, 2, 4, 12])
def test_a_part_has_to_go_on_under_the_next(under: int, tmp_path: Path) -> None:
    stack = LayerStack(
        HEIGHT,
        WIDTH,
        (
            Layer("background", paint(HEIGHT, WIDTH)),  # no part: the gap would show it
            Layer("topwear-0", paint(20 + under, 40), 20 - under, 10),
            Layer("neck", paint(16, 20), 4, 20),
            Layer("objects", paint(6, 6), 2, 2),  # touches nothing
        ),
    )
    write_psd(stack, tmp_path / "a.psd")
    assert found(check(tmp_path / "a.psd")) == ([("overlap", "neck")] if under < 2 else [])


def test_strata_of_one_side_are_that_side(tmp_path: Path) -> None:
    names = ("handwear-l-1", "handwear-r", "handwear-l-0")
    layers = tuple(Layer(name, paint(9, 9), 20 * at, 3) for at, name in enumerate(names))
    for preset in Preset:
        write_psd(LayerStack(HEIGHT, WIDTH, layers), tmp_path / "a.psd", names=preset)
        assert found(check(tmp_path / "a.psd")) == []
    write_psd(LayerStack(HEIGHT, WIDTH, layers[::2]), tmp_path / "a.psd")
    assert found(check(tmp_path / "a.psd")) == [("side-pair", "handwear-l-1")]


def test_what_cannot_be_flattened_is_said(tmp_path: Path) -> None:
    _, build = BROKEN["layer-mask"]
    report = check(build().save(tmp_path / "a.psd"))
    assert report.numbers.merged is None
    assert "mask" in report.numbers.obstacle
    assert "not compared" in format_report(report)


def test_isolated_groups_are_flattened_by_themselves(tmp_path: Path) -> None:
    art = Art()
    art.layer("face", paint(HEIGHT, WIDTH, (100, 100, 100)))
    group = art.group("head", "NORMAL")
    art.layer("blush", paint(20, 20, (50, 60, 70)), 4, 4, "MULTIPLY", into=group)
    document = recompose(from_psd(PSDImage.open(art.save(tmp_path / "a.psd")), "a"))
    assert document.recomposed is not None
    assert tuple(document.recomposed[10, 10]) == (50, 60, 70, 255)  # with nothing below it in its group


# what the package writes itself


def rendering(height: int = 60, width: int = 80) -> LayerStack:
    """Flat, shadow, highlight and line of a soft-edged disc."""
    y, x = np.mgrid[:height, :width]
    radius = np.hypot(y - height / 2, x - width / 2)
    alpha = np.clip((height / 2 - 3 - radius) * 128, 0, 255).astype(np.uint8)
    flat = np.dstack([np.full((height, width, 3), (200, 150, 120), np.uint8), alpha])
    shadow, highlight, line = paint(20, 20, (180, 160, 200)), paint(10, 10, (60, 50, 40)), paint(3, 30, (20, 10, 10))
    return LayerStack(
        height,
        width,
        (
            Layer("flat", flat),
            Layer("shadow", shadow, 30, 30, blend=Blend.MULTIPLY),
            Layer("highlight", highlight, 12, 35, blend=Blend.SCREEN),
            Layer("line", line, 25, 25),
        ),
    )


def test_a_rendering_stack_passes(tmp_path: Path) -> None:
    stack = rendering()
    write_psd(stack, tmp_path / "a.psd")
    report = check(tmp_path / "a.psd", source=picture_of(flatten(stack)))
    assert {finding.rule for finding in report.findings} == {"blend-cubism-5-3", "unmerged-part"}
    assert report.numbers.merged is not None
    assert report.numbers.merged.max == 0
    assert report.numbers.source is not None
    assert report.numbers.source.max == 0


def test_a_png_folder_is_checked_too(tmp_path: Path) -> None:
    stack = rendering(61, 80)
    stack = stack.replace(layers=(*stack, Layer("irides-l", paint(4, 4), 30, 40, group=("face", "eyes"))))
    write_png(stack, tmp_path / "a", names=Preset.LIVE2D_JA)
    for path in (tmp_path / "a", tmp_path / "a" / "manifest.json"):
        report = check(path, source=picture_of(flatten(stack)))
        assert found(report) == [
            ("canvas-even", ""),
            ("side-pair", "顔/eyes/瞳_L"),
            ("blend-cubism-5-3", "ハイライト"),
            ("unmerged-part", ""),
        ]
        assert report.numbers.source is not None
        assert report.numbers.source.max == 0


def test_a_manifest_with_an_absurd_canvas_costs_nothing(tmp_path: Path) -> None:
    write_png(rendering(), tmp_path / "a")
    manifest = tmp_path / "a" / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace('"height": 60', '"height": 300000', 1), "utf-8")
    manifest.write_text(manifest.read_text("utf-8").replace('"width": 80', '"width": 300000', 1), "utf-8")
    with pytest.raises(FormatError, match="300000 × 300000 px is more than"):
        check(manifest)


def test_examples_pass_as_one_layer(examples: list[Path], tmp_path: Path) -> None:
    picture = load_picture(examples[0])
    write_psd(LayerStack(picture.height, picture.width, (Layer("flat", picture.rgba),)), tmp_path / "a.psd")
    report = check(tmp_path / "a.psd", source=picture)
    assert report.ok
    assert report.numbers.source is not None
    assert report.numbers.source.max == 0
    assert report.numbers.merged is not None
    assert report.numbers.merged.max == 0


# the report


def test_the_json_names_are_stable(tmp_path: Path) -> None:
    _, build = BROKEN["riding-source"]
    value = check(remerged(build()).save(tmp_path / "a.psd")).as_dict()
    assert list(value) == ["path", "ok", "canvas", "layers", "counts", "numbers", "findings"]
    assert value["canvas"] == {"height": HEIGHT, "width": WIDTH}
    assert value["counts"] == {"error": 0, "warning": 1, "note": 0}
    assert list(value["numbers"]) == [
        *("merged", "source", "stray_pixels", "haze_pixels", "duplicate_names"),
        "obstacle",
    ]
    assert list(value["numbers"]["source"]) == ["max", "pixels"]
    assert [list(finding) for finding in value["findings"]] == [["rule", "severity", "layer", "message", "remedy"]]
    assert json.loads(json.dumps(value, allow_nan=False)) == value


def test_the_text_is_sorted_by_severity_and_lines_up(tmp_path: Path) -> None:
    art = clean()
    art.psd[1].clipping = True
    art.psd[0].clipping = True
    art.layer("é", paint(6, 6), 20, 20)
    art.layer("face", paint(6, 6), 20, 20)
    text = format_report(check(art.save(tmp_path / "a.psd")))
    assert [line for line in text.splitlines() if re.match(r"\d", line)] == ["2 errors", "1 warning", "1 note"]
    clipped = [line for line in text.splitlines() if line.endswith("is clipped to the layer below")]
    assert clipped == ["    face  is clipped to the layer below", "    前髪  is clipped to the layer below"]
    assert "\x1b" not in text


def test_long_lists_of_notes_are_cut(tmp_path: Path) -> None:
    layers = tuple(Layer(f"light {at}", paint(12, 12), blend=Blend.SCREEN) for at in range(7))
    write_psd(LayerStack(HEIGHT, WIDTH, layers), tmp_path / "a.psd")
    report = check(tmp_path / "a.psd")
    text = format_report(report)
    assert len(report.findings) == 7
    assert "7 notes" in text
    assert text.count("the mode is screen") == 5
    assert "    and 2 more\n" in text


def test_names_cannot_steer_the_terminal(tmp_path: Path) -> None:
    art = clean()
    art.named(art.psd[1], "a\x1b[31mb\nc")
    text = format_report(check(remerged(art).save(tmp_path / "a.psd")))
    assert "\x1b" not in text
    assert "b\nc" not in text


# damaged files


def test_a_report_is_frozen(tmp_path: Path) -> None:
    report = check(remerged(clean()).save(tmp_path / "a.psd"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.layers = 3  # type: ignore[misc]


@pytest.mark.parametrize("name", ["missing.psd", "missing", "picture.png", "folder"])
def test_what_is_no_layered_file_is_refused_with_a_hint(name: str, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FormatError) as refusal:
        check(tmp_path / name)
    assert refusal.value.hint


def test_files_that_end_early_are_refused(tmp_path: Path) -> None:
    data = remerged(clean()).save(tmp_path / "a.psd").read_bytes()
    cut = tmp_path / "cut.psd"
    for end in (0, 3, 20, 30, 200, len(data) // 2):
        cut.write_bytes(data[:end])
        with pytest.raises(FormatError):
            check(cut)


def mutations(data: bytes, count: int) -> Iterator[bytes]:
    rng = random.Random(5)
    for _ in range(count):
        out = bytearray(data)
        for _ in range(rng.choice((1, 1, 2, 8))):
            out[rng.randrange(len(out))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        yield bytes(out)


def test_mutated_files_give_findings_or_a_format_error(tmp_path: Path) -> None:
    data = remerged(eyes(clean(), 37)).save(tmp_path / "a.psd").read_bytes()
    path = tmp_path / "b.psd"
    outcomes = {"report": 0, "refused": 0}
    for mutated in mutations(data, 150):
        path.write_bytes(mutated)
        try:
            report = check(path)
        except FormatError:
            outcomes["refused"] += 1
        else:
            outcomes["report"] += 1
            json.dumps(report.as_dict(), allow_nan=False)
            format_report(report)
    assert all(outcomes.values())
