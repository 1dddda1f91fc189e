from __future__ import annotations

import json

import numpy as np
import pytest
from drawing import names_in, noise, script
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image
from samples import OURS, SIZE, assert_same, sample

from animelayers.composite import difference, flatten, max_error, on_canvas
from animelayers.data.foreign import sample_id
from animelayers.data.lora import read_lora, write_lora
from animelayers.data.rle import decode_rle, encode_rle
from animelayers.data.sample import SLOTS, Licence, Sample, visible_map
from animelayers.data.see_through import read_inference, read_see_through, write_see_through
from animelayers.data.sets import FolderSet
from animelayers.errors import DataError, OutputError
from animelayers.parts import PART_LABELS, split_part
from animelayers.stack import Blend, Layer, LayerStack

THEIRS = Licence("LicenseRef-theirs", "somebody")


# COCO's run lengths


@pytest.mark.parametrize(
    ("mask", "counts"),
    [
        ([[0]], "1"),  # one run of 1
        ([[1]], "01"),  # no false pixel first
        ([[0, 1], [0, 1]], "22"),  # down the columns
        ([[0, 0], [1, 1]], "1110"),  # the fourth run is written less the second
        (np.zeros((10, 10)), "T3"),  # 100 = 3·32 + 4; more follows 4, so 48 + 32 + 4 is T, and 48 + 3 is 3
        (np.ones((4, 4)), "0`0"),  # 16 has the sign bit of five set, so another letter follows
    ],
)
def test_rle_by_hand(mask, counts):
    mask = np.array(mask, bool)
    assert encode_rle(mask) == {"size": list(mask.shape), "counts": counts}
    assert np.array_equal(decode_rle({"size": mask.shape, "counts": counts}, "it"), mask)


def test_rle_writes_differences_with_their_sign():
    # Runs 3 1 5 1 2: the last two are written as 1 − 1 = 0 and 2 − 5 = −3, which is 29 of 32, the sign bit set.
    mask = np.array([0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0], bool)[:, None]
    assert encode_rle(mask)["counts"] == "3150" + chr(48 + 29)


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_rle_there_and_back(mask):
    record = encode_rle(mask)
    assert np.array_equal(decode_rle(record, "it"), mask)
    flat = mask.T.ravel()
    runs = np.diff(np.flatnonzero(np.concatenate(([True], flat[1:] != flat[:-1], [True])))).tolist()
    assert np.array_equal(decode_rle({**record, "counts": [0] * int(flat[0]) + runs}, "it"), mask), "as a list"


@pytest.mark.parametrize(
    "record",
    [
        *({}, [], {"size": [2, 2]}, {"size": [2], "counts": "4"}, {"size": [2, 2], "counts": "5"}),
        *({"size": [2, 2], "counts": None}, {"size": [-2, -2], "counts": "4"}, {"size": [2, 2], "counts": [5, -1]}),
        *(
            {"size": [2, 2], "counts": "\x00"},
            {"size": [10**6, 10**6], "counts": [10**12]},
            {"size": "ab", "counts": ""},
        ),
    ],
)
def test_what_is_no_mask(record):
    with pytest.raises(DataError, match="it is no COCO mask"):
        decode_rle(record, "it")


# See-through


def there_and_back(tmp_path, *samples, **options):
    told: list[str] = []
    write_see_through(samples, tmp_path / "out", told)
    notes: list[str] = []
    return list(read_see_through(tmp_path / "out", notes, licence=THEIRS, **options)), told, notes


def whole(**changes) -> Sample:
    """A sample of which See-through's layout can hold everything: one piece a part."""
    made = sample()
    once = tuple(
        layer.replace(name=split_part(layer.name)[0], rgba=on_canvas(layer, made.size), top=0, left=0)
        for layer in made.parts
        if not layer.name.endswith(("-r", "-r-0", "-l-1"))
    )
    parts = LayerStack(*made.size, once)
    made = made.replace(parts=parts, picture=flatten(parts), visible=visible_map(parts), cells={}, rendering=None)
    depth = np.where(made.picture[..., 3] > 0, 1, 0).astype(np.uint16)
    depth[made.visible > 0] = [60 * list(PART_LABELS.values()).index(v) + 7 for v in made.visible[made.visible > 0]]
    return made.replace(depth=depth, **changes)


def test_a_sample_without_sides_comes_back_bit_for_bit(tmp_path):
    made = whole()
    [back], told, notes = there_and_back(tmp_path, made)
    assert (told, notes) == ([], [])
    assert set(back.parts.names) == set(made.parts.names)
    for layer in made.parts:
        assert np.array_equal(on_canvas(back.parts[layer.name], back.size), layer.rgba), layer.name
    assert_same(back.replace(parts=None, rendering=made.parts), made.replace(parts=None, rendering=made.parts))


def test_files_are_those_of_the_layout(tmp_path):
    made = whole(id="a")
    there_and_back(tmp_path, made)
    folder = tmp_path / "out"
    tags = set(made.parts.names)
    parts = {f"a_{tag}{end}.png" for tag in tags for end in ("", "_depth")}
    assert set(names_in(folder)) == {"a.png", "a_depth.png", "a.json", "a_ann.json"} | parts
    about = json.loads((folder / "a_ann.json").read_text("utf-8"))
    assert list(about["tag_info"]) == list(PART_LABELS)
    assert {tag for tag, facts in about["tag_info"].items() if facts["exists"]} == tags
    assert about["final_size"] == list(SIZE)
    x1, y1, x2, y2 = about["tag_info"]["face"]["xyxy"]
    with Image.open(folder / "a_face.png") as face, Image.open(folder / "a_face_depth.png") as depth:
        assert face.size == depth.size == (x2 - x1, y2 - y1)
        assert np.array_equal(np.asarray(face), made.parts["face"].rgba[y1:y2, x1:x2])
    masks = [decode_rle(record, "a") for record in json.loads((folder / "a.json").read_text())]
    assert len(masks) == 24
    assert np.array_equal(masks[PART_LABELS["face"] - 1], made.visible == PART_LABELS["face"])
    assert masks[-1].sum() >= masks[PART_LABELS["face"] - 1].sum() > 0
    with Image.open(folder / "a.png") as page:
        rgba = np.asarray(page)
    assert np.array_equal(rgba[..., :3], made.image[..., :3])
    assert np.array_equal(rgba[..., 3], made.picture[..., 3])


def test_legwear_holds_footwear_in_the_masks_but_not_in_the_map(tmp_path):
    rgba = np.zeros((4, 6, 4), np.uint8)
    leg, foot = rgba.copy(), rgba.copy()
    leg[:3], foot[2:] = (90, 80, 70, 255), (20, 30, 40, 255)
    parts = LayerStack(4, 6, (Layer("legwear", leg), Layer("footwear", foot)))
    made = Sample("x", flatten(parts), OURS, parts)
    [back], _, _ = there_and_back(tmp_path, made)
    masks = [decode_rle(record, "x") for record in json.loads((tmp_path / "out" / "x.json").read_text())]
    assert masks[PART_LABELS["legwear"] - 1].all()
    assert np.array_equal(masks[PART_LABELS["footwear"] - 1], foot[..., 3] > 0)
    assert np.array_equal(back.visible, visible_map(parts))
    assert back.parts.names == ("legwear", "footwear")


def test_sides_and_strata_become_one_part_and_that_is_said(tmp_path):
    made = sample()
    [back], told, _ = there_and_back(tmp_path, made)
    assert set(told) == {
        "sides and strata became one part each",
        "rendering layers and cells are left out",
        "what lies beyond the canvas is cut off",
    }
    assert set(back.parts.names) == {split_part(name)[0] for name in made.parts.names}
    hands = LayerStack(*made.size, tuple(layer for layer in made.parts if "handwear" in layer.name))
    assert np.array_equal(on_canvas(back.parts["handwear"], made.size), flatten(hands))
    assert np.array_equal(back.visible, made.visible)
    assert np.array_equal(back.depth, made.depth)
    assert (back.licence, back.keypoints, back.attributes) == (made.licence, made.keypoints, made.attributes)


def test_the_order_is_found_again(tmp_path):
    """Every order of parts whose overlaps show it, whatever the depth of each is."""
    names = ("back hair", "neck", "face", "mouth", "front hair", "topwear")
    for seed in range(8):
        rng = np.random.default_rng(seed)
        layers = []
        for name in rng.permutation(names):
            y, x = rng.integers(0, 20, 2)
            rgba = np.zeros((40, 40, 4), np.uint8)
            rgba[y : y + 20, x : x + 20] = (*rng.integers(0, 256, 3), 255)
            layers.append(Layer(str(name), rgba))
        parts = LayerStack(40, 40, tuple(layers))
        depth = rng.integers(1, 999, (40, 40)).astype(np.uint16)
        [back], _, notes = there_and_back(tmp_path / str(seed), Sample("s", flatten(parts), OURS, parts, depth=depth))
        assert np.array_equal(back.picture, flatten(parts))
        assert np.array_equal(back.depth, depth)
        assert notes == []


def test_a_part_between_the_strata_of_another_goes_where_most_of_it_is_seen(tmp_path):
    """The face lies under five small parts, but for a stratum that hides a quarter of each."""
    small = ("mouth", "nose", "irides", "eyewhite", "eyelash")
    face, brow = np.zeros((2, 40, 60, 4), np.uint8)
    face[:], brow[10:13] = (250, 220, 200, 255), (240, 210, 190, 255)
    layers = [Layer("face-1", face)]
    for place, name in enumerate(small):
        rgba = np.zeros_like(face)
        rgba[10:22, 10 * place : 10 * place + 8] = (40 * place, 60, 90, 255)
        layers.append(Layer(name, rgba))
    parts = LayerStack(40, 60, (*layers, Layer("face-0", brow)))
    [back], _, notes = there_and_back(tmp_path, Sample("s", flatten(parts), OURS, parts))
    assert back.parts.names[0] == "face"
    assert notes == ["no order of the parts shows what the masks show: the map of visible parts follows the parts"]
    assert np.array_equal(back.visible, visible_map(back.parts))


def _premultiply(path):
    rgba = np.array(Image.open(path))
    rgba[..., :3] = np.round(rgba[..., :3] * (rgba[..., 3:] / 255))
    Image.fromarray(rgba).save(path)


def _as_published(folder):
    """What the published tools would have left: parts multiplied by alpha, and nothing of ours."""
    for path in folder.glob("*_ann.json"):
        about = json.loads(path.read_text("utf-8"))
        del about["animelayers"]
        path.write_text(json.dumps(about), "utf-8")
    for path in folder.glob("*_*.png"):
        if not path.name.endswith("_depth.png"):
            _premultiply(path)


def test_multiplied_colour_is_found_and_undone(tmp_path):
    made = whole()
    write_see_through([made], tmp_path / "out", [])
    _as_published(tmp_path / "out")
    notes: list[str] = []
    [back] = read_see_through(tmp_path / "out", notes, licence=THEIRS)
    assert notes == ["parts had colour multiplied by alpha: undone"]
    assert back.licence == THEIRS
    for layer in made.parts:
        ours, theirs = layer.rgba.astype(int), on_canvas(back.parts[layer.name], made.size).astype(int)
        bound = np.floor(0.5 + 0.5 * 255 / np.maximum(ours[..., 3:], 1))
        assert (np.abs(ours - theirs) <= bound).all(), layer.name
    [dark] = read_see_through(tmp_path / "out", [], licence=THEIRS, premultiplied=False)
    assert difference(dark.picture, made.picture).max() > 30, "who says otherwise is believed"


def test_straight_colour_is_left_alone(tmp_path):
    made = whole()
    write_see_through([made], tmp_path / "out", [])
    about = tmp_path / "out" / "one_ann.json"
    stripped = json.loads(about.read_text("utf-8"))
    del stripped["animelayers"]
    about.write_text(json.dumps(stripped), "utf-8")
    notes: list[str] = []
    [back] = read_see_through(tmp_path / "out", notes, licence=THEIRS)
    assert notes == []
    assert np.array_equal(back.picture, made.picture)


def test_eight_bit_depth_old_tags_and_nineteen_masks(tmp_path):
    write_see_through([whole(id="s")], tmp_path / "out", [])
    folder = tmp_path / "out"
    deep = np.array(Image.open(folder / "s_depth.png"))
    Image.fromarray((deep > 0).astype(np.uint8) * 3).save(folder / "s_depth.png")
    about = json.loads((folder / "s_ann.json").read_text("utf-8"))
    about["tag_info"]["hairf"] = about["tag_info"].pop("front hair")
    (folder / "s_ann.json").write_text(json.dumps(about), "utf-8")
    for end in ("", "_depth"):
        (folder / f"s_front hair{end}.png").rename(folder / f"s_hairf{end}.png")
    masks = json.loads((folder / "s.json").read_text())
    (folder / "s.json").write_text(json.dumps([{**masks[3], "is_valid": False}] * 19))
    notes: list[str] = []
    [back] = read_see_through(folder, notes, licence=THEIRS)
    assert set(np.unique(back.depth)) == {0, 3 * 257}
    assert "front hair" in back.parts.names
    assert np.array_equal(back.visible, visible_map(back.parts))
    assert set(notes) == {"masks marked as not valid are not in the map of visible parts"}


BREAK = {
    "no json": ("s_ann.json", b"{"),
    "a list": ("s_ann.json", b"[]"),
    "no tags": ("s_ann.json", b"{}"),
    "tags of text": ("s_ann.json", b'{"tag_info": {"face": "here"}}'),
    "a tag that leads out": ("s_ann.json", b'{"tag_info": {"../face": {}}}'),
    "no parts": ("s_ann.json", b'{"tag_info": {}}'),
    "a box of text": ("s_ann.json", b'{"tag_info": {"face": {"xyxy": "here"}}}'),
    "half a box": ("s_ann.json", b'{"tag_info": {"face": {"xyxy": [1]}}}'),
    "a missing part": ("s_ann.json", b'{"tag_info": {"tail": {"exists": true}}}'),
    "a licence of numbers": ("s_ann.json", b'{"tag_info": {"face": {}}, "animelayers": {"licence": 3}}'),
    "ours is a list": ("s_ann.json", b'{"tag_info": {"face": {}}, "animelayers": []}'),
    "keypoints without y": ("s_ann.json", b'{"tag_info": {"face": {}}, "animelayers": {"keypoints": {"a": [1]}}}'),
    "no picture": ("s.png", b"text"),
    "an empty picture": ("s.png", b""),
    "masks of text": ("s.json", b'["a"]'),
    "text in 24 masks": ("s.json", json.dumps(["a"] * 24).encode()),
    "masks of another size": ("s.json", json.dumps([{"size": [1, 1], "counts": "1"}] * 24).encode()),
    "a deep nest": ("s.json", b"[" * 100_000),
    "no depth": ("s_depth.png", b"\x89PNG\r\n\x1a\n"),
}


@pytest.mark.parametrize("what", BREAK)
def test_damaged_files_are_said(tmp_path, what):
    write_see_through([whole(id="s")], tmp_path / "out", [])
    name, data = BREAK[what]
    (tmp_path / "out" / name).write_bytes(data)
    with pytest.raises(DataError):
        list(read_see_through(tmp_path / "out", [], licence=THEIRS))


def test_what_cannot_be_written(tmp_path):
    told: list[str] = []
    with pytest.raises(DataError, match="nothing of these"):
        write_see_through([sample().replace(parts=None, cells={})], tmp_path / "out", told)
    assert told == ["samples without parts are left out"]
    assert not (tmp_path / "out").exists()
    with pytest.raises(DataError, match=r"one_face\.png"):
        write_see_through([whole(id="one"), whole(id="one_face")], tmp_path / "out", [])
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"mine\.txt"):
        write_see_through([whole()], tmp_path / "out", [])
    with pytest.raises(DataError, match="holds no"):
        read_see_through(tmp_path, [], licence=THEIRS)


def test_pieces_that_are_no_part_are_left_out_and_named(tmp_path):
    made = whole()
    parts = made.parts.replace(layers=(made.parts["neck"].replace(name="body"), *made.parts))
    [back], told, notes = there_and_back(tmp_path, made.replace(parts=parts, picture=flatten(parts)))
    assert told == ["body is none of the tags: left out"]
    assert "body" not in back.parts.names
    assert notes == []


def _inference(folder, *, optimized=False):
    folder.mkdir(parents=True)
    page = np.zeros((40, 40, 4), np.uint8)
    Image.fromarray(page).save((folder.parent if optimized else folder) / "src_img.png")
    boxes = {"face": (5, 5, 30, 30, 80), "nose": (15, 15, 20, 20, 10), "back hair": (0, 0, 40, 40, 200)}
    parts = {}
    for tag, (x1, y1, x2, y2, far) in boxes.items():
        rgba, depth = page.copy(), np.full((40, 40), 255, np.uint8)
        rgba[y1:y2, x1:x2], depth[y1:y2, x1:x2] = (far, 90, 60, 255), far
        crop = np.s_[y1:y2, x1:x2] if optimized else np.s_[:]
        Image.fromarray(rgba[crop]).save(folder / f"{tag}.png")
        Image.fromarray(depth[crop]).save(folder / f"{tag}_depth.png")
        parts[tag] = {"xyxy": [x1, y1, x2, y2]} if optimized else {}
    Image.fromarray(page).save(folder / "tail.png")
    parts["tail"] = {}
    parts["wings"] = {}
    (folder / "info.json").write_text(json.dumps({"parts": parts}))


@pytest.mark.parametrize("optimized", [False, True])
def test_what_inference_leaves(tmp_path, optimized):
    folder = tmp_path / "chár" / "optimized" if optimized else tmp_path / "chár"
    _inference(folder, optimized=optimized)
    notes: list[str] = []
    made = read_inference(folder, notes, licence=THEIRS)
    assert made.parts.names == ("back hair", "face", "nose"), "the farthest first"
    assert made.id.startswith("ch_r-")
    assert notes == ["parts without a pixel are left out"]
    assert max_error(made.parts, made.picture) == 0
    assert made.picture[17, 17].tolist() == [10, 90, 60, 255]
    assert [made.depth[y, x] for y, x in ((0, 0), (6, 6), (17, 17))] == [65535 - 257 * far for far in (200, 80, 10)]
    assert np.array_equal(made.visible, visible_map(made.parts))
    (folder / "nose_depth.png").write_bytes((tmp_path / "chár" / "src_img.png").read_bytes()[:40])
    with pytest.raises(DataError, match="nose_depth"):
        read_inference(folder, [], licence=THEIRS)


@pytest.mark.parametrize("name", ["a", "A-1_b.c", "0"])
def test_good_names_are_ids(name):
    assert sample_id(name) == name


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_name_becomes_an_id_of_its_own(a, b):
    nothing = LayerStack(1, 1, ())
    made = [Sample(sample_id(name), flatten(nothing), OURS, nothing).id for name in (a, b)]
    assert (made[0] == made[1]) == (a == b)


# Layered LoRA


def lora(tmp_path, made, **options):
    told: list[str] = []
    write_lora([made], tmp_path / "out", told, **options)
    reading = {key: value for key, value in options.items() if key != "caption"}
    notes: list[str] = []
    return next(read_lora(tmp_path / "out", notes, licence=made.licence, **reading)), told, notes


@pytest.mark.parametrize("slots", [SLOTS, ("line", "highlight", "shadow", "flat")])
def test_rendering_layers_come_back_bit_for_bit(tmp_path, slots):
    made = sample().replace(parts=None, cells={}, depth=None, visible=None, head_box=None, keypoints={})
    back, told, notes = lora(tmp_path, made, slots=slots)
    assert names_in(tmp_path / "out") == ["one.png", "one.txt", *(f"one_{n}.png" for n in range(1, 5))]
    with Image.open(tmp_path / "out" / "one_1.png") as first:
        assert np.array_equal(np.asarray(first), made.rendering[slots[0]].rgba)
    caption = (tmp_path / "out" / "one.txt").read_text("utf-8").strip()
    assert all(f"{layer.name} ({layer.blend.value})" in caption for layer in made.rendering)
    assert_same(back.replace(attributes={}), made.replace(attributes={}))
    assert back.attributes == {"layout": "lora", "caption": caption}
    assert any("licence" in line for line in told)
    assert any("Multiply" in line for line in told)
    assert notes == ["the layers flatten to something else than the picture, which was kept as image"]


def test_a_picture_that_the_layers_make_is_no_second_image(tmp_path):
    back, _, notes = lora(tmp_path, sample().replace(image=None))
    assert back.image is None
    assert notes == []


def test_normal_layers_make_the_same_picture_and_come_back_as_ours(tmp_path):
    made = sample()
    back, told, notes = lora(tmp_path, made.replace(image=None), normal=True)
    sheets = [np.asarray(Image.open(tmp_path / "out" / f"one_{n}.png")) for n in range(1, 5)]
    normal = LayerStack(*made.size, tuple(Layer(slot, sheet) for slot, sheet in zip(SLOTS, sheets, strict=True)))
    assert max_error(normal, made.picture) == 0, "exact as Normal layers"
    assert np.array_equal(sheets[0], made.rendering["flat"].rgba)
    assert np.array_equal(sheets[3], made.rendering["line"].rgba)
    assert not any("levels off" in line for line in told)
    assert np.array_equal(back.picture, made.picture)
    assert max_error(back.rendering, made.picture) == 0
    assert [layer.blend for layer in back.rendering] == [Blend.NORMAL, Blend.MULTIPLY, Blend.SCREEN, Blend.NORMAL]
    assert notes == ["shadow and highlight were Normal: solved anew as Multiply and Screen"]


@given(st.integers(0, 2**32 - 1))
def test_any_shade_over_an_opaque_flat_is_exact_as_normal(seed):
    from animelayers.data.lora import _normal

    rng = np.random.default_rng(seed)
    flat = np.dstack([rng.integers(0, 256, (6, 6, 3), np.uint8), np.full((6, 6), 255, np.uint8)])
    shades = [rng.integers(0, 256, (6, 6, 4), np.uint8) for _ in range(2)]
    line = np.zeros_like(flat)
    line[0] = (1, 2, 3, 255)
    blends = (Blend.NORMAL, Blend.MULTIPLY, Blend.SCREEN, Blend.NORMAL)
    stack = LayerStack(
        6, 6, tuple(Layer(n, s, blend=b) for n, s, b in zip(SLOTS, (flat, *shades, line), blends, strict=True))
    )
    assert max_error(_normal(stack, flatten(stack)), flatten(stack)) == 0


def test_shades_over_half_covered_ground_are_said_to_be_off(tmp_path):
    rng = np.random.default_rng(5)
    sheets = [rng.integers(0, 256, (30, 30, 4), np.uint8) for _ in SLOTS]
    blends = (Blend.NORMAL, Blend.MULTIPLY, Blend.SCREEN, Blend.NORMAL)
    layers = tuple(Layer(n, s, blend=b) for n, s, b in zip(SLOTS, sheets, blends, strict=True))
    stack = LayerStack(30, 30, layers)
    told: list[str] = []
    write_lora([Sample("x", flatten(stack), OURS, rendering=stack)], tmp_path / "out", told, normal=True)
    [off] = [line for line in told if "levels off" in line]
    assert "up to 1 levels off" in off or "up to 2 levels off" in off


def test_fewer_slots(tmp_path):
    back, told, _ = lora(tmp_path, sample().replace(image=None), slots=("flat", "line"))
    assert "shadow, highlight is none of the slots: left out" in told
    assert not back.rendering["shadow"].rgba.any()
    assert back.rendering.names == SLOTS


def test_numbers_are_sorted_as_numbers_and_need_not_begin_with_one(tmp_path):
    made = sample().replace(image=None)
    write_lora([made], tmp_path, [])
    for old, new in (("4", "100"), ("3", "99"), ("2", "08"), ("1", "0")):
        (tmp_path / f"one_{old}.png").rename(tmp_path / f"one_{new}.png")
    Image.fromarray(noise(3, 3)).save(tmp_path / "aside_7.png")
    [back] = read_lora(tmp_path, [], licence=OURS)
    assert np.array_equal(back.rendering["line"].rgba, made.rendering["line"].rgba)
    assert np.array_equal(back.picture, made.picture)


def test_lora_says_what_is_wrong(tmp_path):
    with pytest.raises(DataError, match="holds no name"):
        read_lora(tmp_path, [], licence=OURS)
    told: list[str] = []
    with pytest.raises(DataError, match="nothing of these"):
        write_lora([sample(bare=True)], tmp_path / "out", told)
    assert told == ["samples without rendering layers are left out"]
    for slots in (("line",), ("flat", "flat"), ("flat", "ink"), ()):
        with pytest.raises(DataError):
            write_lora([sample()], tmp_path / "out", [], slots=slots)
    write_lora([sample()], tmp_path / "out", [])
    with pytest.raises(DataError, match="has 4 layers"):
        list(read_lora(tmp_path / "out", [], licence=OURS, slots=("flat", "line")))
    Image.fromarray(noise(5, 5)).save(tmp_path / "out" / "one_2.png")
    with pytest.raises(DataError, match="one_2"):
        list(read_lora(tmp_path / "out", [], licence=OURS))
    (tmp_path / "out" / "one_2.png").write_bytes(b"?")
    with pytest.raises(DataError, match="one_2"):
        list(read_lora(tmp_path / "out", [], licence=OURS))


# The door


@pytest.fixture(scope="module")
def convert():
    door = script("datasets/convert.py")["main"]
    return lambda *words: door([str(word) for word in words])


def test_the_door_converts_and_tells(tmp_path, convert, capsys):
    write_see_through([whole(id="a"), sample("b")], tmp_path / "theirs", [])
    assert convert(tmp_path / "theirs", "-o", tmp_path / "ours", "--from", "see-through", "--to", "folder") == 0
    assert [made.id for made in FolderSet(tmp_path / "ours")] == ["a", "b"]
    code = convert(tmp_path / "ours", "-o", tmp_path / "again", "--from", "folder", "--to", "see-through")
    assert code == 0
    first, again = tmp_path / "theirs", tmp_path / "again"
    assert names_in(first) == names_in(again)
    # Of b, sides became one in between, and with them how near is what of them is hidden.
    same = [name for name in names_in(first) if not name.startswith("b")]
    assert all((first / name).read_bytes() == (again / name).read_bytes() for name in same)
    capsys.readouterr()
    assert convert(tmp_path / "ours", "-o", tmp_path / "lora", "--from", "folder", "--to", "lora") == 1
    assert "hint:" in capsys.readouterr().err
    assert not (tmp_path / "lora").exists()
    one = tmp_path / "one"
    from animelayers.data.folder import save_sample

    save_sample(sample(), one)
    assert convert(one, "-o", tmp_path / "lora", "--from", "folder", "--to", "lora", "--normal") == 0
    assert "note: the licence is left out" in capsys.readouterr().err


def test_the_door_reads_what_inference_left(tmp_path, convert):
    _inference(tmp_path / "work" / "page")
    _inference(tmp_path / "work" / "page" / "optimized", optimized=True)
    out = tmp_path / "set"
    words = ("--from", "see-through-output", "--to", "folder", "--licence", "MIT", "--holder", "me")
    assert convert(tmp_path / "work", "-o", out, *words) == 0
    [made] = FolderSet(out)
    assert (made.id, made.licence) == ("page", Licence("MIT", "me"))
    assert convert(tmp_path / "set", "-o", tmp_path / "x", *words) == 1
