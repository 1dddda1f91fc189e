"""SVG → picture and index map: what is a layer, what is left out, what is refused; packs and sets of them."""

from __future__ import annotations

import gzip
import io
import json
import tarfile

import numpy as np
import pytest
from drawing import script
from samples import sample

from animelayers.color import matte
from animelayers.data import index_shards, svg_packs
from animelayers.data.layer_index import GROUNDS, IndexedPicture, of_sample, on_ground
from animelayers.data.sample import Licence
from animelayers.data.svg_layers import curated, dense, svg_layers
from animelayers.data.svg_tree import DEEPEST, parsed
from animelayers.errors import DataError, MissingPackageError, OutputError

SIZE = 64
OURS = Licence("Apache-2.0", "the animelayers authors", "animelayers tests")


@pytest.fixture(autouse=True, scope="module")
def _rasteriser():
    pytest.importorskip("resvg_py")


def svg(body: str, **attributes: str) -> str:
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {spaces} viewBox="0 0 64 64"{more}>{body}</svg>'


def box(left, top, size, fill, more=""):
    return f'<rect x="{left}" y="{top}" width="{size}" height="{size}" fill="{fill}" {more}/>'


FACE = box(8, 8, 48, "#fedcba") + box(16, 16, 16, "white") + box(20, 20, 8, "black")


def values(body, **attributes):
    """Index → pixels of it."""
    index = svg_layers(svg(body, **attributes), SIZE).index
    return dict(zip(*(part.tolist() for part in np.unique(index, return_counts=True)), strict=True))


def test_every_paint_is_a_layer_from_back_to_front():
    made = svg_layers(svg(FACE), SIZE)
    assert made.index.dtype == np.uint16
    assert made.picture.shape == (SIZE, SIZE, 4)
    assert [made.index[y, y] for y in (2, 10, 17, 24)] == [0, 1, 2, 3]
    assert values(FACE) == {0: 64**2 - 48**2, 1: 48**2 - 16**2, 2: 16**2 - 8**2, 3: 8**2}
    assert (made.shapes, made.layers, made.ambiguity) == (3, 3, 0)
    assert made.picture[24, 24].tolist() == [0, 0, 0, 255]
    assert made.picture[2, 2].tolist() == [0, 0, 0, 0]


def test_what_a_program_says_about_a_file_is_passed_over():
    about = '<metadata><x:a xmlns:x="urn:x"><x:b href="http://x.y"/></x:a></metadata>'
    assert values(about + FACE) == values(FACE)
    assert [child.tag for child in parsed(svg(about + FACE))] == ["rect"] * 3
    with pytest.raises(DataError, match="which is not SVG"):
        parsed(svg('<metadata></metadata><x:a xmlns:x="urn:x"/>'))


def test_a_stroke_lies_above_its_fill():
    got = values('<rect x="16" y="16" width="32" height="32" fill="red" stroke="black" stroke-width="8"/>')
    assert got == {0: 64**2 - 40**2, 1: 24**2, 2: 40**2 - 24**2}
    assert values('<line x1="8" y1="32" x2="56" y2="32" stroke="black" stroke-width="8" fill="red"/>')[1] == 48 * 8


def test_consecutive_layers_of_one_paint_are_one():
    two = box(8, 8, 8, "#f00") + box(40, 8, 8, "red")
    made = svg_layers(svg(two + box(8, 40, 8, "blue") + box(40, 40, 8, "red")), SIZE)
    assert (made.shapes, made.layers) == (4, 3)
    assert [made.index[y, x] for y, x in ((10, 10), (10, 44), (44, 10), (44, 44))] == [1, 1, 2, 3]
    thin = box(8, 8, 8, "red") + box(40, 8, 8, "red", 'fill-opacity="0.5"')
    assert svg_layers(svg(thin), SIZE).layers == 2


def test_layers_that_do_not_show_leave_no_gap():
    assert values(box(0, 0, 64, "green") + box(20, 20, 4, "red") + FACE) == {
        1: 64**2 - 48**2,
        **{
            2: 48**2 - 16**2,
            3: 16**2 - 8**2,
            4: 8**2,
        },
    }
    assert dense(np.array([[0, 7], [700, 7]])).tolist() == [[0, 1], [2, 1]]
    assert dense(np.array([[9, 7]])).tolist() == [[2, 1]]


def test_paint_is_inherited_and_styles_overrule():
    grouped = f'<g fill="red" stroke="black" stroke-width="4"><g stroke="none">{box(8, 8, 16, "blue")}</g>'
    assert svg_layers(svg(grouped + '<circle cx="44" cy="44" r="8"/></g>'), SIZE).layers == 3
    assert values(box(8, 8, 16, "red", 'style="fill: none; stroke:black"')) == values(
        '<rect x="8" y="8" width="16" height="16" fill="none" stroke="black"/>'
    )
    assert values(box(8, 8, 16, "red", 'opacity="0"')) == {0: 64**2}
    assert values(f'<g opacity="0.1">{box(8, 8, 16, "red", "opacity=" + chr(34) + "0.1" + chr(34))}</g>') == {0: 64**2}
    assert values(box(8, 8, 16, "red", 'style="mix-blend-mode:multiply"') * 2) == {0: 64**2 - 256, 1: 256}


def test_translucent_layers_count_as_opaque():
    got = svg_layers(
        svg(f'<g opacity="0.5">{box(8, 8, 16, "red", chr(9) + "fill-opacity=" + chr(39) + "30%" + chr(39))}</g>'), SIZE
    )
    assert (got.index > 0).sum() == 256
    assert got.picture[10, 10, 3] == pytest.approx(255 * 0.15, abs=1)


def test_uses_are_drawn_where_they_stand():
    there = '<defs><rect id="a" width="8" height="8"/></defs>'
    body = (
        there + '<use href="#a" x="8" y="8" fill="red"/><use xlink:href="#a" fill="blue" transform="translate(40 8)"/>'
    )
    made = svg_layers(svg(body), SIZE)
    assert [made.index[10, 10], made.index[10, 44], made.index[2, 2]] == [1, 2, 0]
    assert made.picture[10, 10].tolist() == [255, 0, 0, 255]


def test_gradients_clips_and_crowds_of_layers_leave_no_mixed_colour():
    """Anti-aliased false colours would be colours of other layers, or none; `svg_layers` raises on those it can see."""
    dice = np.random.default_rng(0)
    circles = []
    for number in range(300):
        x, y, r = dice.uniform(0, 64, 3) * (1, 1, 0.3)
        circles.append(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{r:.2f}" fill="#{number * 5000 % 0xFFFFFF:06x}"/>')
    clip = '<clipPath id="c"><circle cx="31.3" cy="32.7" r="29.9"/></clipPath>'
    grade = '<linearGradient id="g"><stop stop-color="red"/><stop offset="1" stop-color="blue"/></linearGradient>'
    body = f'{clip}{grade}<g clip-path="url(#c)">{"".join(circles)}{box(20.5, 20.5, 9.3, "url(#g)")}</g>'
    made = svg_layers(svg(body), SIZE)
    assert made.layers == 301
    assert made.index.max() == len(np.unique(made.index)) - 1
    edge = np.hypot(*(np.mgrid[:SIZE, :SIZE] + 0.5 - np.array([32.7, 31.3])[:, None, None])) > 31
    assert (made.index[edge] == 0).all()
    inside = made.index[22:28, 22:28]
    assert (inside == inside[0, 0]).all()
    assert inside[0, 0] == made.index.max()


def test_what_nobody_can_see_is_ambiguous():
    over = box(8, 8, 32, "red") + box(50, 50, 8, "blue") + box(24, 24, 32, "red")
    assert svg_layers(svg(over), SIZE).ambiguity == 2 * 16
    with pytest.raises(DataError, match="one paint"):
        curated(svg(over), SIZE)
    with pytest.raises(DataError, match="fewer than 3"):
        curated(svg(box(8, 8, 8, "red")), SIZE)
    assert curated(svg(FACE), SIZE).layers == 3


@pytest.mark.parametrize(
    "body",
    [
        '<mask id="m"/>',
        "<text>a</text>",
        '<image href="#a"/>',
        '<filter id="f"/>',
        "<style>rect{fill:red}</style>",
        '<svg viewBox="0 0 1 1"/>',
        '<g filter="url(#f)"/>',
        '<g style="mask:url(#m)"/>',
        '<rect paint-order="stroke"/>',
        '<path d="M0 0h9v9z" fill="url(http://example.com/a.svg#g)"/>',
        '<g style="fill:url( file:///etc/passwd )"/>',
        '<use href="other.svg#a"/>',
        '<use href="#nowhere"/>',
        '<g id="a"><use href="#a"/></g>',
        '<rect width="9" height="9" fill="context-fill"/>',
        '<rect width="9" height="9" opacity="much"/>',
        '<x:y xmlns:x="urn:other"/>',
        "<script>1</script>",
        "<g>",
        "",
    ],
)
def test_what_is_refused(body):
    with pytest.raises(DataError):
        curated(svg(body), SIZE)


def test_bombs_are_refused_at_once():
    entities = '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    for head in (entities, '<!DOCTYPE svg SYSTEM "http://example.com/x.dtd">', '<?xml version="1.0"?><!DOCTYPE svg>'):
        with pytest.raises(DataError, match="declares"):
            parsed(head + svg(""))
    with pytest.raises(DataError, match="deeper"):
        parsed(svg("<g>" * (DEEPEST + 1)))
    with pytest.raises(DataError, match="elements"):
        parsed(svg("<g/>" * 20_001))
    with pytest.raises(DataError, match="characters"):
        parsed(svg(" " * 4_000_001))
    doubled = '<g id="a0"><rect width="9" height="9"/></g>'
    for level in range(1, 30):
        twice = f'<use href="#a{level - 1}"/>' * 2
        doubled += f'<g id="a{level}">{twice}</g>'
    with pytest.raises(DataError, match="references"):
        svg_layers(svg(doubled), 8)
    with pytest.raises(DataError, match="not <svg>"):
        parsed("<html/>")


# --- packs and sets ---------------------------------------------------------------------------------------------------


def pack_of(icons, *, spdx="MIT", prefix="toys"):
    info = {"author": {"name": "Jane Doe", "url": "https://example.com"}, "license": {"title": spdx, "spdx": spdx}}
    return {"prefix": prefix, "width": 64, "height": 64, "icons": icons}, info


def tarball(path, icons, **more):
    with tarfile.open(path, "w:gz") as archive:
        for name, told in zip(("icons", "info"), pack_of(icons, **more), strict=True):
            data = json.dumps(told).encode()
            entry = tarfile.TarInfo(f"package/{name}.json")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


ICONS = {
    "face": {"body": FACE},
    "face-dark": {"body": FACE.replace("#fedcba", "#7a4a33")},
    "wide": {"body": FACE, "width": 128, "left": -32},
    "mask": {"body": '<mask id="m"/>' + FACE},
    "old": {"body": FACE, "hidden": True},
}


def test_a_pack_however_it_lies_on_disk(tmp_path):
    packed = tarball(tmp_path / "iconify-json-toys-1.0.0.tgz", ICONS)
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path / "folder", filter="data")
    drawings = list(svg_packs.read_pack(packed))
    assert drawings == list(svg_packs.read_pack(tmp_path / "folder"))
    assert [drawing.name for drawing in drawings] == ["face", "face-dark", "mask", "wide"]
    assert drawings[0].licence == Licence("MIT", "Jane Doe", "https://example.com")
    wide = drawings[3].indexed(SIZE)
    assert wide.id == "toys/wide"
    assert (wide.index > 0).sum() == 24**2, "fitted, not stretched"
    assert (wide.index[:16] == 0).all()
    told, info = pack_of(ICONS)
    (tmp_path / "icons.json").write_text(json.dumps({**told, "info": info}))
    assert list(svg_packs.read_pack(tmp_path / "icons.json")) == drawings


def test_what_is_no_pack(tmp_path):
    (tmp_path / "a.tgz").write_bytes(gzip.compress(b"nothing"))
    (tmp_path / "b.json").write_text('{"icons": 1, "prefix": "x"}')
    (tmp_path / "c.json").write_text("[1]")
    (tmp_path / "d").mkdir()
    for name in ("a.tgz", "b.json", "c.json", "d", "nowhere.tgz"):
        with pytest.raises(DataError, match="no pack"):
            list(svg_packs.read_pack(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("man-superhero-medium-dark-skin-tone", "superhero"),
        ("woman-superhero", "superhero"),
        ("ad-4x3", "ad"),
        ("folder-type-css-opened", "css"),
        ("men-holding-hands-light-skin-tone-dark-skin-tone", "holdinghands"),
        ("womans-clothes", "womansclothes"),
        ("woman", "woman"),
        ("1st-place-medal", "stplacemedal"),
        ("007", "007"),
    ],
)
def test_what_an_icon_shows(name, base):
    assert svg_packs.base_name(name) == base


def picture_of(identity="toys/face", base="face", size=16):
    index = np.zeros((size, size), np.uint16)
    index[4:8] = 1
    rgba = np.zeros((size, size, 4), np.uint8)
    rgba[4:8] = (200, 100, 50, 255)
    return IndexedPicture(identity, base, rgba, index, OURS, 1)


def test_splits_are_by_base_and_about_as_large_as_said():
    assert picture_of("a/x", "face").split == picture_of("b/y", "face").split
    splits = [picture_of("a/x", f"base{number}").split for number in range(2000)]
    assert 0.87 < splits.count("train") / 2000 < 0.93
    assert 0.03 < splits.count("test") / 2000 < 0.07


def test_grounds():
    picture = picture_of(size=32).picture
    for ground in GROUNDS:
        laid = on_ground(picture, ground, 5)
        assert (laid[4:8] == (200, 100, 50)).all()
        assert np.array_equal(laid, on_ground(picture, ground, 5))
    assert np.array_equal(on_ground(picture, "white", 5), matte(picture))
    assert len(np.unique(on_ground(picture, "colour", 5)[8:].reshape(-1, 3), axis=0)) == 1
    assert not np.array_equal(on_ground(picture, "colour", 5), on_ground(picture, "colour", 6))
    kinds = {len(np.unique(on_ground(picture, "pattern", seed)[8:].reshape(-1, 3), axis=0)) for seed in range(20)}
    assert 2 in kinds
    assert max(kinds) > 10, "and one goes softly from colour to colour"


def test_parts_of_a_sample_and_their_lines_are_layers():
    whole = sample(size=(192, 160))
    made = of_sample(whole, "ours")
    covered = np.any([_cover(layer, whole.size) for layer in whole.parts], axis=0)
    assert np.array_equal(made.index > 0, covered)
    assert (made.id, made.pack, made.base) == ("ours/one", "ours", "one")
    face = whole.parts["face"]
    line = whole.cells["face"]["line"].rgba[..., 3] >= 128
    seen = made.index[face.top : face.top + face.height, face.left : face.left + face.width]
    drawn = seen[line]
    assert line.any()
    flat = seen[face.height // 2, face.width // 2]
    assert (drawn > flat).mean() > 0.9
    square = made.fitted(64)
    assert square.index.shape == (64, 64)
    assert (square.index[:, :5] == 0).all()
    assert square.index.max() > 10


def _cover(layer, size):
    from animelayers.composite import on_canvas

    return on_canvas(layer, size)[..., 3] >= 128


def test_a_set_comes_back_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(index_shards, "SHARD", 2)
    pictures = [picture_of(f"toys/{name}", name) for name in "abc"]
    about = index_shards.write_shards(iter(pictures), tmp_path / "set", command="x")
    assert about["pictures"] == 3
    assert about["licences"]["toys"] == {"spdx": OURS.spdx, "holder": OURS.holder, "source": OURS.source}
    files = {path.name: path.read_bytes() for path in (tmp_path / "set").iterdir()}
    assert sorted(files) == ["set.json", "shard-00000.npz", "shard-00001.npz"]
    back = list(index_shards.read_shards(tmp_path / "set"))
    for one, other in zip(pictures, back, strict=True):
        assert (one.id, one.base, one.licence, one.layers) == (other.id, other.base, other.licence, other.layers)
        assert np.array_equal(one.picture, other.picture)
        assert np.array_equal(one.index, other.index)
    index_shards.write_shards(iter(back), tmp_path / "set", command="x")
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "set").iterdir()}


def test_sets_that_cannot_be(tmp_path):
    def write(*pictures):
        index_shards.write_shards(iter(pictures), tmp_path / "set")

    for pictures in ((), (picture_of(), picture_of()), (picture_of(), picture_of("toys/b", size=8))):
        with pytest.raises(DataError):
            write(*pictures)
        assert not (tmp_path / "set").exists()
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "diary.txt").write_text("mine")
    with pytest.raises(OutputError):
        write(picture_of())
    with pytest.raises(DataError):
        list(index_shards.read_shards(tmp_path / "set"))
    index_shards.write_shards([picture_of()], tmp_path / "other")
    (tmp_path / "other" / "shard-00000.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match="damaged"):
        list(index_shards.read_shards(tmp_path / "other"))


def test_the_door(tmp_path, capsys):
    (tmp_path / "packs").mkdir()
    tarball(tmp_path / "packs" / "iconify-json-toys-1.0.0.tgz", ICONS)
    tarball(tmp_path / "packs" / "iconify-json-theirs-1.0.0.tgz", ICONS, spdx="CC-BY-SA-4.0", prefix="theirs")
    door = script("datasets/svg_layers.py")["main"]
    words = ["--packs", str(tmp_path / "packs"), "--size", "32", "--jobs", "1"]
    assert door([*words, "-o", str(tmp_path / "set")]) == 0
    said = capsys.readouterr()
    assert said.out == "toys: 3 pictures, MIT, Jane Doe\n"
    assert "theirs-1.0.0.tgz is left out: CC-BY-SA-4.0" in said.err
    assert "1 left out: it has a <mask>" in said.err
    assert [one.id for one in index_shards.read_shards(tmp_path / "set")] == [
        "toys/face",
        "toys/face-dark",
        "toys/wide",
    ]
    assert door([*words, "--other-licences", "-o", str(tmp_path / "both")]) == 0
    assert len(list(index_shards.read_shards(tmp_path / "both"))) == 6
    assert door(["-o", str(tmp_path / "none")]) == 1
    assert not (tmp_path / "none").exists()


def test_fetching_asks_npm_for_what_is_missing(tmp_path, monkeypatch):
    door = script("datasets/svg_layers.py")
    for name in svg_packs.PACKS[1:]:
        (tmp_path / f"iconify-json-{name}-1.2.3.tgz").touch()
    asked = []
    monkeypatch.setattr("subprocess.run", lambda command, **_: asked.append(command))
    door["fetch"](tmp_path)
    assert asked == [
        ["npm", "pack", "--silent", "--pack-destination", str(tmp_path), "@iconify-json/fluent-emoji-flat"]
    ]
    (tmp_path / "iconify-json-fluent-emoji-flat-1.2.6.tgz").touch()
    door["fetch"](tmp_path)
    assert len(asked) == 1
    (tmp_path / "iconify-json-noto-1.2.3.tgz").unlink()  # noto-v1 is there, which is another pack

    def nothing(*_, **__):
        raise FileNotFoundError("npm")

    monkeypatch.setattr("subprocess.run", nothing)
    with pytest.raises(MissingPackageError):
        door["fetch"](tmp_path)
