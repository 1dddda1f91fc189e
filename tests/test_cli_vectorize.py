"""`animelayers vectorize`, and `--format svg` of `decompose`."""

from __future__ import annotations

import json

import numpy as np
import pytest
from drawing import draw, names_in, run
from inked import face
from PIL import Image

from animelayers.vector.svg_in import read_svg


@pytest.fixture
def picture(tmp_path):
    Image.fromarray(face()).save(tmp_path / "char.png")
    return tmp_path / "char.png"


def test_a_picture_becomes_an_svg_beside_it(capsys, picture):
    code, out, err = run(capsys, "vectorize", picture)
    assert (code, err) == (0, "")
    assert out.startswith(f"{picture} → {picture.with_suffix('.svg')}  (4 paths, ")
    assert read_svg(picture.with_suffix(".svg")).layers == ("char",)


def test_one_line_of_json(capsys, picture, tmp_path):
    code, out, _ = run(capsys, "vectorize", picture, "-o", tmp_path / "out" / "x.svg", "--json", "--colours", 3)
    record = json.loads(out)
    assert code == 0
    assert record["output"] == str(tmp_path / "out" / "x.svg")
    assert record["canvas"] == {"height": 96, "width": 80}
    assert (record["engine"], record["colours"]) == ("trace", 3)
    assert record["bytes"] == (tmp_path / "out" / "x.svg").stat().st_size
    assert record["paths"] == read_svg(tmp_path / "out" / "x.svg").paths


def test_a_folder_may_be_named(capsys, picture, tmp_path):
    (tmp_path / "out").mkdir()
    assert run(capsys, "vectorize", picture, "-o", tmp_path / "out")[0] == 0
    assert names_in(tmp_path / "out") == ["char.svg"]


def test_its_own_file_is_replaced_and_another_s_is_not(capsys, picture):
    target = picture.with_suffix(".svg")
    assert run(capsys, "vectorize", picture)[0] == 0
    first = target.read_bytes()
    assert run(capsys, "vectorize", picture)[0] == 0
    assert target.read_bytes() == first
    target.write_text("<svg/>")
    code, _, err = run(capsys, "vectorize", picture)
    assert code == 1
    assert "not ours to replace" in err
    assert target.read_text() == "<svg/>"
    assert run(capsys, "vectorize", picture, "-o", target)[0] == 0
    assert target.read_bytes() == first


def test_one_colour_is_one_rectangle(capsys, tmp_path):
    Image.new("RGB", (30, 20), (9, 99, 200)).save(tmp_path / "a.png")
    assert run(capsys, "vectorize", tmp_path / "a.png", "--colours", "own")[0] == 0
    assert '<path fill="#0963c8" d="M0 0h30v20h-30v-20z"/>' in (tmp_path / "a.svg").read_text("utf-8")


def test_the_nearer_colours_lie_above(capsys, picture):
    assert run(capsys, "vectorize", picture, "--order", "depth")[0] == 0
    fills = [shape.paint["fill"] for shape in read_svg(picture.with_suffix(".svg")).shapes]
    assert fills.index("#fadcc8") < fills.index("#3c78dc"), "the spot lies on the skin"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["char.png", "-o", "x.png"], 2, "curves are written as .svg"),
        (["char.png", "--colours", "0"], 2, "1 to 250, or own"),
        (["char.png", "--colours", "many"], 2, "1 to 250, or own"),
        (["char.png", "--engine", "autotrace"], 2, "autotrace"),
        (["char.png", "--engine", "vtracer", "--colours", "4"], 1, "chooses the colours itself"),
        (["char.png", "--engine", "vtracer", "--order", "depth"], 1, "order of its own"),
        (["none.png"], 1, "there is no file"),
        (["text.png"], 1, "text file"),
        (["clear.png"], 1, "fully transparent"),
    ],
)
def test_what_cannot_be_done_is_said(capsys, picture, tmp_path, monkeypatch, words, code, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.png").write_text("hello")
    Image.fromarray(np.zeros((9, 9, 4), np.uint8)).save(tmp_path / "clear.png")
    before = names_in(tmp_path)
    found, out, err = run(capsys, "vectorize", *words)
    assert (found, out) == (code, "")
    assert said in err
    assert "hint: " in err
    assert names_in(tmp_path) == before


def test_refining(capsys, picture):
    pytest.importorskip("torch").set_num_threads(1)
    assert run(capsys, "vectorize", picture)[0] == 0
    plain = picture.with_suffix(".svg").read_bytes()
    assert run(capsys, "vectorize", picture, "--refine", 2)[0] == 0
    assert picture.with_suffix(".svg").read_bytes() != plain


def test_refining_without_torch_says_what_to_install(capsys, picture, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    code, _, err = run(capsys, "vectorize", picture, "--refine", 2)
    assert code == 1
    assert 'pip install "animelayers[vector]"' in err
    assert not picture.with_suffix(".svg").exists()


def test_decompose_writes_svg(capsys, tmp_path):
    draw(tmp_path / "a.png")
    assert run(capsys, "decompose", tmp_path / "a.png", "-o", tmp_path / "x.svg")[0] == 0
    assert len(read_svg(tmp_path / "x.svg").layers) == 4
    code, out, _ = run(capsys, "decompose", tmp_path / "a.png", "--format", "svg", "--resume", "--json")
    assert json.loads(out)["outputs"] == [str(tmp_path / "a.svg")]
    code, out, _ = run(capsys, "decompose", tmp_path / "a.png", "--format", "svg", "--resume", "--json")
    assert (code, json.loads(out)["skipped"]) == (0, True)
