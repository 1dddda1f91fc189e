from __future__ import annotations

import numpy as np
import pytest
from drawing import noise, script
from PIL import Image
from samples import assert_same, sample

from animelayers.color import matte
from animelayers.composite import flatten, max_error
from animelayers.data.sample import Licence, Sample, visible_map
from animelayers.data.sets import FolderSet
from animelayers.data.sprites import (
    assembled,
    augustina,
    draw_depth,
    flipped,
    on_background,
    rescaled,
    sides,
)
from animelayers.errors import DataError, PictureError
from animelayers.rendering.solve import BLENDS
from animelayers.stack import Layer, LayerStack

OURS = Licence("CC0-1.0")
HEIGHT, WIDTH = 710, 362


def box(colour, top, left, height, width):
    rgba = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    rgba[top : top + height, left : left + width] = (*colour, 255)
    return rgba


SHEETS = {
    "base": box((200, 150, 120), 5, 50, 700, 260),
    "outfit_dress": box((90, 60, 50), 201, 80, 500, 200) + box((250, 0, 80), 160, 110, 20, 30),
    "outfit_jeans": box((250, 120, 90), 194, 62, 280, 230) + box((50, 60, 70), 465, 50, 245, 225),
    "eyes_open": box((120, 90, 30), 84, 119, 35, 43) + box((120, 90, 30), 81, 184, 31, 44),
    "eyes_wink": box((120, 90, 30), 84, 119, 35, 43) + box((30, 20, 20), 95, 186, 14, 42),
    "eyebrows_normal": box((60, 30, 30), 74, 138, 11, 23) + box((60, 30, 30), 72, 184, 9, 24),
    "eyebrows_oneup": box((60, 30, 30), 78, 141, 8, 22) + box((60, 30, 30), 68, 185, 8, 22),
    "mouth_smile": box((150, 60, 60), 36, 62, 16, 33)[:100, :150],
    "mouth_happy": box((190, 60, 60), 36, 57, 25, 41)[:100, :150],
    "glasses": box((40, 20, 60), 86, 123, 42, 103),
    "glasses_evil": box((240, 240, 250), 80, 114, 47, 113),
}


@pytest.fixture
def sheets(tmp_path):
    """Boxes where the artist painted."""
    for name, rgba in SHEETS.items():
        Image.fromarray(rgba).save(tmp_path / f"augustina_{name}.png")
    return tmp_path


@pytest.fixture(scope="module")
def sprites(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sheets")
    for name, rgba in SHEETS.items():
        Image.fromarray(rgba).save(folder / f"augustina_{name}.png")
    return list(augustina(folder))


def test_every_combination_once(sprites):
    made = {sprite.id: sprite for sprite in sprites}
    assert len(made) == 2 * 2 * 2 * 2 * 3
    for sprite in made.values():
        assert max_error(sprite.parts, sprite.picture) == 0
        assert sprite.licence.spdx == "MIT"
    wink = made["augustina-jeans-wink-oneup-happy-evil"]
    assert wink.parts.names == (
        *("background", "topwear", "bottomwear", "irides-r", "eyelash-l", "eyebrow-r", "eyebrow-l", "mouth", "eyewear"),
    )
    assert (wink.parts["mouth"].top, wink.parts["mouth"].left) == (136, 157)
    assert wink.attributes["glasses"] == "glasses_evil"[8:]
    plain = made["augustina-dress-open-normal-smile-none"]
    assert plain.parts.names[:3] == ("background", "headwear", "topwear")
    assert plain.parts["headwear"].top == 160
    assert "eyewear" not in plain.parts.names


def test_cuts_lose_nothing(sprites):
    for sprite in sprites[::5]:
        outfit = SHEETS[f"outfit_{sprite.attributes['outfit']}"]
        pieces = tuple(
            sprite.parts[name] for name in ("headwear", "topwear", "bottomwear") if name in sprite.parts.names
        )
        assert np.array_equal(flatten(LayerStack(HEIGHT, WIDTH, pieces)), outfit)


def test_sheets_that_are_not_there(sheets):
    (sheets / "augustina_glasses.png").unlink()
    with pytest.raises(DataError, match=r"augustina_glasses\.png"):
        next(augustina(sheets))
    (sheets / "augustina_glasses.png").write_bytes(b"no picture")
    with pytest.raises(PictureError):
        next(augustina(sheets))
    Image.fromarray(noise(20, 20)).save(sheets / "augustina_glasses.png")
    with pytest.raises(DataError, match="20, 20"):
        next(augustina(sheets))


def test_the_door(sheets, tmp_path):
    door = script("datasets/sprites.py")["main"]
    out = tmp_path / "set"
    assert door([str(sheets), "-o", str(out), "--height", "71", "--flip", "--background", "F4E8D8"]) == 0
    made = {sprite.id: sprite for sprite in FolderSet(out)}
    assert len(made) == 96
    assert {sprite.size for sprite in made.values()} == {(71, 36)}
    left, right = (made[f"augustina-jeans-wink-oneup-happy-evil{end}"] for end in ("", "-flipped"))
    assert np.array_equal(left.picture, right.picture[:, ::-1])
    assert left.image[0, 0].tolist() == [0xF4, 0xE8, 0xD8, 255]
    assert "--height 71 --flip --background f4e8d8" in FolderSet(out).manifest.command
    assert door([str(tmp_path / "nowhere"), "-o", str(out)]) == 1
    with pytest.raises(SystemExit):
        door([str(sheets), "-o", str(out), "--background", "pink"])


def test_draw_depth_counts_from_below():
    layers = (Layer("face", np.full((2, 3, 4), 255, np.uint8)), Layer("mouth", np.full((1, 1, 4), 255, np.uint8), 0, 1))
    faint = Layer("nose", np.full((1, 1, 4), 127, np.uint8), 0, 0)
    depth = draw_depth(LayerStack(3, 3, (*layers, faint)))
    assert depth.dtype == np.uint16
    assert depth.tolist() == [[21845, 43690, 21845], [21845, 21845, 21845], [0, 0, 0]]


def test_sides():
    rgba = np.zeros((2, 5, 4), np.uint8)
    rgba[:, 0] = rgba[:, 4] = 9
    assert {side: half[0, :, 3].tolist() for side, half in sides(rgba, 2).items()} == {
        "r": [9, 0, 0, 0, 0],
        "l": [0, 0, 0, 0, 9],
    }
    assert list(sides(rgba, 4)) == [""], "something lies in that column"
    rgba[:, 0] = 0
    assert list(sides(rgba, 2)) == ["l"]


def test_flipping_mirrors_everything_and_swaps_sides():
    original = sample()
    turned = flipped(original)
    assert np.array_equal(turned.picture, original.picture[:, ::-1])
    assert np.array_equal(turned.image, original.image[:, ::-1])
    assert np.array_equal(turned.depth, original.depth[:, ::-1])
    assert max_error(turned.parts, turned.picture) == max_error(turned.rendering, turned.picture) == 0
    assert np.array_equal(visible_map(turned.parts), turned.visible)
    names = [name.replace("-r", "-?").replace("-l", "-r").replace("-?", "-l") for name in original.parts.names]
    assert list(turned.parts.names) == names
    assert set(turned.cells) == set(names)
    for name, cell in turned.cells.items():
        assert max_error(cell, turned.parts[name].rgba) == 0
    assert turned.keypoints["wrist-r"] == (51.0 + 0.25, 40 - 1 / 3)
    assert turned.head_box == (2, 40 - 34, 31, 40 - 6)
    assert_same(flipped(turned).replace(keypoints={}), original.replace(keypoints={}))


@pytest.mark.parametrize("size", [(24, 20), (96, 80), (30, 60), (7, 7)])
def test_rescaling_stays_exact(size):
    small = rescaled(sample(), size)
    assert small.size == small.parts.size == small.depth.shape == small.visible.shape == small.image.shape[:2] == size
    assert max_error(small.parts, small.picture) == max_error(small.rendering, small.picture) == 0
    assert [(layer.name, layer.blend) for layer in small.rendering] == list(BLENDS.items())
    assert np.array_equal(small.visible, visible_map(small.parts))
    for name, cell in small.cells.items():
        assert max_error(cell, small.parts[name].rgba) == 0
    assert set(small.depth.ravel()) <= {0, *sample().depth.ravel()}, "no depth arises between two"
    assert np.array_equal(small.depth > 0, small.picture[..., 3] >= 128)
    assert small.keypoints["nose"] == pytest.approx((22.5 * size[0] / 48, 20 * size[1] / 40))


def test_rescaling_to_the_same_size_changes_only_what_is_beyond_the_canvas():
    original = sample()
    same = rescaled(original, original.size)
    assert np.array_equal(same.picture, original.picture)
    assert np.array_equal(same.image, original.image)
    assert same.parts["face"].rgba.tobytes() == rescaled(same, same.size).parts["face"].rgba.tobytes()
    assert same.head_box == original.head_box


def test_halving_averages_and_keeps_colour_out_of_what_is_transparent():
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[:2, :2] = (200, 100, 50, 255)
    rgba[0, 2] = (40, 80, 120, 200)
    half = rescaled(assembled("a", LayerStack(4, 4, (Layer("face", rgba),)), OURS), (2, 2))
    assert half.picture.tolist() == [[[200, 100, 50, 255], [40, 80, 120, 50]], [[0, 0, 0, 0], [0, 0, 0, 0]]]


def test_a_sample_of_rendering_layers_alone_is_rescaled():
    only = sample().replace(parts=None, cells={}, visible=None, depth=None)
    small = rescaled(only, (20, 20))
    assert small.parts is None
    assert max_error(small.rendering, small.picture) == 0
    with pytest.raises(DataError):
        rescaled(only, (0, 5))


def test_backgrounds():
    original = sample(bare=True)
    on_pink = on_background(original, (250, 200, 210))
    assert np.array_equal(on_pink.image[..., :3], matte(original.picture, (250, 200, 210)))
    assert (on_pink.image[..., 3] == 255).all()
    assert on_pink.picture is original.picture
    ground = noise(*original.size)[..., :3]
    on_noise = on_background(original, ground)
    clear = original.picture[..., 3] == 0
    assert np.array_equal(on_noise.image[clear, :3], ground[clear])
    with pytest.raises(DataError, match="the background"):
        on_background(original, ground[:5])


def test_an_assembled_sample_is_what_its_parts_are():
    made: Sample = assembled("x", sample().parts, OURS, attributes={"n": 1})
    assert np.array_equal(made.picture, sample().picture)
    assert np.array_equal(made.visible, sample().visible)
    assert made.attributes == {"n": 1}
