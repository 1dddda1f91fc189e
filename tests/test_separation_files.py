"""A separation in files and on the way there: names, formats, the check, the command line, Python."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from drawing import draw, names_in, run
from samples import sample
from test_separation import MADE, assert_joined

from animelayers import load_picture, load_stack, save, separate
from animelayers.anatomy.separation import separated
from animelayers.cli import plan
from animelayers.cli.made import record_of
from animelayers.color import clear_hidden
from animelayers.composite import flatten, max_error
from animelayers.errors import ModelError
from animelayers.handoff.check import check
from animelayers.handoff.naming import entries, walk
from animelayers.handoff.sheet import _caption, render_sheet
from animelayers.models import registry
from animelayers.parts import Preset
from animelayers.rendering.classic import guess_layers
from animelayers.rendering.solve import BLENDS
from animelayers.stack import Layer, LayerStack, Provenance, Rgba

# --- files


@pytest.fixture(scope="module")
def crowd() -> tuple[LayerStack, LayerStack]:
    """Thirty pieces, sided and in strata, and their separation."""
    figure = sample("one", size=(96, 80))
    more = [f"{tag}-{stratum}" for tag in ("objects", "back hair", "topwear", "bottomwear") for stratum in range(4)]
    extra = tuple(
        Layer(name, figure.parts["mouth"].rgba, 6 * at, 5 * at % 60) for at, name in enumerate([*more, "wings-l-0"])
    )
    parts = figure.parts.replace(layers=(*extra, *figure.parts), provenance=MADE)
    return parts, separated(parts, guess_layers(flatten(parts)))


@pytest.mark.parametrize("preset", Preset)
def test_a_hundred_and_twenty_names_are_unique(crowd, preset):
    parts, stack = crowd
    found = list(walk(entries(stack, preset)))
    assert len(found) == 5 * len(parts) == 150
    assert len({entry.shown for entry in found}) == len({entry.slug for entry in found}) == 150
    assert len({entry.id for entry in found}) == 150
    alone = {entry.name: entry.shown for entry in walk(entries(parts, preset))}
    assert {
        entry.name: entry.shown for entry in found if entry.layer is None
    } == alone  # groups are called as parts are


@pytest.mark.parametrize("name", ["a.psd", "a.ora", "a"])
@pytest.mark.parametrize("preset", Preset)
def test_formats_give_back_every_group(crowd, tmp_path, name, preset):
    _, stack = crowd
    read = load_stack(save(stack, tmp_path / name, format=None if "." in name else "png", names=preset))
    assert [layer.path for layer in read] == [layer.path for layer in stack]
    assert [layer.blend for layer in read] == [layer.blend for layer in stack]
    assert read.provenance == MADE
    assert np.array_equal(flatten(read), flatten(stack))


def test_previews_and_sheets_take_them(crowd, tmp_path):
    _, stack = crowd
    page = save(stack, tmp_path / "a.html", source=flatten(stack)).read_text("utf-8")
    data = json.loads(page.partition('id="stack">')[2].partition("</script>")[0])
    assert data["error"] == 0
    assert {tuple(layer["group"]) for layer in data["layers"]} == {layer.group for layer in stack}
    assert render_sheet(stack, flatten(stack)).width <= 4000
    assert _caption(stack[-1], 120) == "handwear-l-0/line"


def test_both_files_pass_the_check(crowd, tmp_path):
    parts, stack = crowd
    picture = load_picture(flatten(parts))
    for one, notes in ((parts, set()), (stack, {"blend-cubism-5-3", "unmerged-part", "specks"})):
        report = check(save(one, tmp_path / "a.psd", names=Preset.LIVE2D_JA), source=picture)
        assert report.ok
        assert report.numbers.source.max == report.numbers.merged.max == report.numbers.duplicate_names == 0
        told = {finding.rule for finding in report.findings}
        assert told - {"side-pair", "stray-pixels", "overlap"} <= notes  # of the toy itself
    assert "30 of 30 groups" in next(f.message for f in report.findings if f.rule == "unmerged-part")


# --- the way from a picture


def two_parts(picture: Rgba) -> LayerStack:
    """The upper half as a face, over topwear that goes on under it."""
    rgba = clear_hidden(picture)
    middle = len(rgba) // 2
    face, topwear = rgba[:middle], rgba.copy()
    topwear[:middle][topwear[:middle, :, 3] > 0] = (90, 70, 60, 255)
    return LayerStack(*rgba.shape[:2], (Layer("topwear", topwear), Layer("face", face)))


@pytest.fixture
def toy(monkeypatch):
    """A parts model: upper half, lower half."""
    module = sys.modules["animelayers.decompose"]
    real = module.decompose

    def decompose(picture, mode="rendering", model=None, *, seed=0, options=None, inpainter=None, on_step=None):
        if mode != "parts":
            return real(picture, mode, model, seed=seed, on_step=on_step)
        made = Provenance("parts", model, sys.modules["animelayers"].__version__, picture.sha256, picture.name)
        return two_parts(picture.rgba).replace(provenance=made)

    spec = registry.ModelSpec("toy", ("parts",), "nowhere:Toy", "base", "", "MIT", "")
    monkeypatch.setattr(registry, "MODELS", (*registry.MODELS, spec))
    monkeypatch.setattr(module, "decompose", decompose)
    return ("--mode", "parts", "--model", "toy")


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], ["char_import.psd"]),
        (["--format", "psd,separation"], ["char_import.psd", "char_separation.psd"]),
        (["--format", "separation", "-o", "sub"], ["sub/char_separation.psd"]),
        (["--format", "separation", "-o", "x.psd"], ["x.psd"]),
        (["--format", "psd,separation", "-o", "x.psd"], ["x.psd", "x_separation.psd"]),
        (["--format", "separation,psd", "-o", "x.psd"], ["x.psd", "x_import.psd"]),
        (["-o", "x.psb"], ["x.psb"]),
        (["--format", "html,sheet,ora"], ["char_parts.html", "char_parts.ora", "char_parts_sheet.png"]),
    ],
)
def test_where_files_go(tmp_path, capsys, monkeypatch, toy, argv, expected):
    monkeypatch.chdir(tmp_path)
    draw(Path("char.png"))
    code, out, err = run(capsys, "decompose", "char.png", *toy, *argv)
    assert (code, err) == (0, "")
    assert "exact" in out
    assert names_in(tmp_path) == sorted(["char.png", *expected])


def test_both_modes_of_one_picture_lie_beside_each_other(tmp_path, capsys, toy):
    picture = draw(tmp_path / "char.png")
    formats = ",".join(plan.FORMATS["rendering"].keys() - {"clip"})
    for options in ((), toy):
        assert run(capsys, "decompose", picture, *options, "--format", formats)[0] == 0
    stems = {path.stem for path in tmp_path.iterdir()}
    assert stems == {
        *("char", "char_layers", "char_sheet"),
        *("char_import", "char_parts", "char_parts_sheet"),
    }
    assert len([path for path in tmp_path.iterdir() if path.suffix in (".html", ".ora")]) == 4


def test_what_the_two_files_hold(tmp_path, capsys, toy):
    picture = draw(tmp_path / "char.png")
    code, out, _ = run(
        capsys,
        "decompose",
        picture,
        *toy,
        "--format",
        "psd,separation",
        "--names",
        "live2d-ja",
        "--keep-source",
        "--json",
    )
    assert (code, json.loads(out)["max_error"]) == (0, 0)
    flat, joined = (load_stack(tmp_path / f"char_{name}.psd") for name in ("import", "separation"))
    assert flat.names == ("source", "topwear", "face")
    assert [layer.path for layer in joined][1:5] == [f"topwear/{name}" for name in BLENDS]
    assert not joined["source"].visible
    for stack in (flat, joined):
        assert max_error(stack, load_picture(picture).rgba) == 0
    for path in tmp_path.glob("*.psd"):
        report = check(path, source=load_picture(picture))
        assert report.ok
        assert report.numbers.source.max == 0


def test_resuming_makes_again_what_another_renderer_made(tmp_path, capsys, monkeypatch, toy):
    picture = draw(tmp_path / "char.png")
    argv = ("decompose", picture, *toy, "--format", "psd,separation", "--resume", "--json")
    assert [json.loads(run(capsys, *argv)[1])["skipped"] for _ in range(2)] == [False, True]
    assert record_of(tmp_path / "char_import.psd")["options"] == {"names": "see-through", "keep_source": False}
    assert record_of(tmp_path / "char_separation.psd")["options"]["renderer"] == registry.find(None, "rendering").id
    other = registry.ModelSpec("toy", ("rendering",), "animelayers.models.classic:Classic", "base", "", "MIT", "")
    monkeypatch.setattr(registry, "MODELS", (*registry.MODELS, other))
    assert registry.companion(registry.find("toy", "parts"), "rendering") is other
    assert json.loads(run(capsys, *argv)[1])["skipped"] is False
    assert record_of(tmp_path / "char_separation.psd")["options"]["renderer"] == "toy"


@pytest.mark.parametrize(
    ("argv", "message", "hint"),
    [
        (["--format", "separation"], "separation is not of mode rendering", "--mode parts"),
        (["--format", "psd,separation"], "separation is not of mode rendering", "--mode parts"),
        (["--format", "gif,separation"], "does not know 'gif'", "formats are psd"),
    ],
)
def test_a_rendering_is_not_separated(tmp_path, capsys, argv, message, hint):
    picture = draw(tmp_path / "char.png")
    code, out, err = run(capsys, "decompose", picture, *argv)
    assert (code, out) == (2, "")
    assert message in err
    assert hint in err
    assert names_in(tmp_path) == ["char.png"]


def test_from_python(tmp_path):
    picture = load_picture(draw(tmp_path / "char.png"))
    parts = two_parts(picture.rgba).replace(provenance=MADE)
    stack = separate(picture, parts)
    assert stack.provenance.options == {"renderer": registry.find(None, "rendering").id}
    assert_joined(stack, parts.replace(provenance=stack.provenance))
    assert separate(tmp_path / "char.png", parts.replace(provenance=None)).provenance is None
    with pytest.raises(ModelError):
        separate(picture, parts, "see-through")


def test_a_repainted_import_file_can_be_separated(tmp_path):
    """An artist paints on a part, and what becomes of it is that part, painted."""
    picture = load_picture(draw(tmp_path / "char.png"))
    parts = load_stack(save(two_parts(picture.rgba), tmp_path / "char_import.psd"))
    face = parts["face"].rgba.copy()
    face[6:10, 6:12] = (20, 200, 60, 255)
    painted = parts.replace(layers=(parts["topwear"], parts["face"].replace(rgba=face)))
    assert_joined(separate(picture, painted), painted)
