from __future__ import annotations

import numpy as np
import pytest
from drawing import script
from samples import assert_same

from animelayers.color import premultiplied
from animelayers.composite import flatten, max_error, on_canvas
from animelayers.data import avatars
from animelayers.data.avatars import STYLES, avatar
from animelayers.data.sets import FolderSet
from animelayers.errors import DataError
from animelayers.parts import PART_LABELS, split_part

for package in ("dicebear", "dicebear_styles", "resvg_py"):
    pytest.importorskip(package)

SIZE = 128
CC0 = {"lorelei", "notionists"}


@pytest.fixture(scope="module")
def busts():
    return {style: [avatar(style, seed, SIZE) for seed in range(4)] for style in STYLES}


@pytest.mark.parametrize("style", STYLES)
def test_a_bust_is_made_of_parts_that_flatten_to_it(busts, style):
    for sample in busts[style]:
        assert {split_part(name)[0] for name in sample.parts.names} <= PART_LABELS.keys()
        assert "face" in {split_part(name)[0] for name in sample.parts.names}
        assert all(layer.rgba[..., 3].any() for layer in sample.parts)
        assert max_error(sample.parts, sample.picture) == 0
        assert set(np.unique(sample.visible)) <= {0, *PART_LABELS.values()}
        assert sample.depth.max() == 65535
        assert np.array_equal(sample.depth > 0, np.any(_covers(sample.parts), axis=0))


def _covers(parts):
    return [on_canvas(layer, parts.size)[..., 3] >= 128 for layer in parts]


@pytest.mark.parametrize("style", STYLES)
def test_the_layers_are_the_drawing(busts, style):
    """But for rounding: the rasteriser rounds after every fill and stroke, on colour multiplied by alpha."""
    drawn, _ = avatars._style(style)
    for seed, sample in enumerate(busts[style]):
        made = avatars._packages().Avatar(drawn, {"seed": str(seed), **STYLES[style].options}).to_string()
        whole = avatars._rendered(avatars._expanded(made), SIZE)
        off = np.abs(premultiplied(sample.picture) - premultiplied(whole)).max(axis=2)
        assert off.max() <= 6
        assert (off > 1.5).mean() < 0.01


def test_what_hair_covers_is_there(busts):
    for style in ("toon-head", "adventurer", "lorelei"):
        for sample in busts[style]:
            covers = dict(zip(sample.parts.names, _covers(sample.parts), strict=True))
            hair = covers["front hair"] & covers["face"]
            assert hair.sum() > 100
            assert (sample.visible[hair] == PART_LABELS["front hair"]).any()


def test_sides_are_the_characters(busts):
    for samples in busts.values():
        for sample in samples:
            for tag in ("irides", "eyebrow", "ears"):
                left, right = ([layer for layer in sample.parts if layer.name == f"{tag}-{side}"] for side in "lr")
                if left and right:
                    assert left[0].left >= right[0].left + right[0].width, (
                        "the character's left is right in the picture"
                    )
    assert all("ears-r" in sample.parts.names for sample in busts["micah"]), "the ear in sight"


def test_heads(busts):
    for style, samples in busts.items():
        for sample in samples:
            top, left, bottom, right = sample.head_box
            assert 0 <= top < bottom <= SIZE
            assert 0 <= left < right <= SIZE
            for layer in sample.parts:
                if layer.name in ("irides-l", "irides-r", "mouth"):
                    inside = (top <= layer.top, left <= layer.left, layer.top + layer.height <= bottom + 1)
                    assert all(inside), (style, sample.id, layer.name)


def test_line_is_what_was_stroked(busts):
    for style, samples in busts.items():
        for sample in samples:
            assert (sample.rendering is not None) == (style in ("toon-head", "micah"))
            if sample.rendering is None:
                continue
            assert max_error(sample.rendering, sample.picture) == 0
            line = sample.rendering["line"].rgba
            assert (line[..., 3] > 0).mean() > 0.01
            full = line[line[..., 3] == 255]
            assert full.size == 0 or full[:, :3].max() <= 3, "the strokes are black"


def test_licences_are_those_of_the_package(busts):
    for style, samples in busts.items():
        assert samples[0].licence.spdx == ("CC0-1.0" if style in CC0 else "CC-BY-4.0")
        assert samples[0].licence.holder
        assert samples[0].licence.source.startswith("https://")


def test_the_same_seed_is_the_same_bust(busts):
    assert_same(busts["adventurer"][2], avatar("adventurer", 2, SIZE))
    pictures = {sample.picture.tobytes() for samples in busts.values() for sample in samples}
    assert len(pictures) == 4 * len(STYLES), "and another seed another one"


def test_strata_are_numbered_from_the_nearest():
    cover = np.zeros((4, 4, 4), np.uint8)
    cover[1:3, 1:3] = (9, 9, 9, 255)
    aside = np.zeros_like(cover)
    aside[0, 0] = (7, 7, 7, 255)
    pieces = [avatars._Piece("face", "", cover), avatars._Piece("mouth", "", cover), avatars._Piece("face", "", cover)]
    assert [layer.name for layer in avatars._named(avatars._gathered(pieces))] == ["face-1", "mouth", "face-0"]
    pieces[2] = avatars._Piece("face", "", aside)
    gathered = avatars._gathered(pieces)
    assert [layer.name for layer in avatars._named(gathered)] == ["face", "mouth"], "nothing lies between them there"
    assert np.array_equal(gathered[0].rgba, cover + aside)


def test_the_door(tmp_path):
    door = script("datasets/avatars.py")["main"]
    words = ["--styles", "big-ears,lorelei", "--count", "2", "--first", "7", "--size", "64"]
    assert door(["-o", str(tmp_path / "set"), *words]) == 0
    made = list(FolderSet(tmp_path / "set"))
    assert [sample.id for sample in made] == ["big-ears-000007", "big-ears-000008", "lorelei-000007", "lorelei-000008"]
    assert_same(made[0], avatar("big-ears", 7, 64))
    assert door(["-o", str(tmp_path / "other"), "--styles", "thumbs"]) == 1
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(("style", "size"), [("open-peeps", 64), ("../adventurer", 64), ("micah", 0), ("micah", 10**6)])
def test_what_cannot_be_drawn(style, size):
    with pytest.raises(DataError):
        avatar(style, 1, size)


def test_an_unknown_component_is_no_guess(monkeypatch):
    tags = {key: tag for key, tag in STYLES["big-ears"].tags.items() if key != "nose"}
    monkeypatch.setitem(avatars.STYLES, "big-ears", avatars._Style(tags))
    with pytest.raises(DataError, match="'nose'"):
        avatar("big-ears", 1, 64)


def test_flat_has_no_strokes(busts):
    for sample in busts["micah"]:
        flat = sample.rendering["flat"].rgba
        line = sample.rendering["line"].rgba[..., 3] == 255
        dark = flat[..., :3].max(axis=2) < 40
        assert line.sum() > 50
        assert (dark & line).sum() < 0.35 * line.sum(), "what is under most strokes is not black"
        assert np.array_equal(flatten(sample.rendering), sample.picture)
