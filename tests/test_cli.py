"""The command line, one picture at a time: exit codes, where files go, what is said where, every command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from drawing import draw, names_in, run

from animelayers import flatten, handoff, load_picture, load_stack, save
from animelayers.cli import plan
from animelayers.models.registry import MODELS
from animelayers.rendering import solve

# --- one picture


def test_one_picture_beside_itself(tmp_path, capsys):
    picture = draw(tmp_path / "char.png")
    before = picture.read_bytes()
    code, out, err = run(capsys, "decompose", picture)
    assert (code, err) == (0, "")
    assert out.startswith(f"{picture} → {tmp_path / 'char.psd'}  (30 × 40 px, ")
    assert "exact" in out
    assert names_in(tmp_path) == ["char.png", "char.psd"]
    assert picture.read_bytes() == before


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["-o", "x.psd"], ["x.psd"]),
        (["-o", "x.psb"], ["x.psb"]),
        (["-o", "sub/x.ora"], ["sub/x.ora"]),
        (["-o", "x.html"], ["x.html"]),
        (["-o", "sub"], ["sub/char.psd"]),
        (["-o", "v1.2"], ["v1.2/char.psd"]),
        (["-o", "x.psd", "--format", "psd,html"], ["x.html", "x.psd"]),
        (["-o", "x.png", "--format", "sheet"], ["x.png"]),
        (["--format", "html, sheet,ora,html"], ["char.html", "char.ora", "char_sheet.png"]),
    ],
)
def test_where_files_go(tmp_path, capsys, monkeypatch, argv, expected):
    monkeypatch.chdir(tmp_path)
    draw(Path("char.png"))
    code, _, err = run(capsys, "decompose", "char.png", *argv)
    assert (code, err) == (0, "")
    assert names_in(tmp_path) == sorted(["char.png", *expected])


def test_png_layers_get_a_folder(tmp_path, capsys):
    assert run(capsys, "decompose", draw(tmp_path / "char.png"), "--format", "png")[0] == 0
    assert load_stack(tmp_path / "char_layers").names == ("flat", "shadow", "highlight", "line")


def test_a_psd_picture_is_not_replaced(tmp_path, capsys):
    draw(tmp_path / "a" / "char.png")
    run(capsys, "decompose", tmp_path / "a" / "char.png", "-o", tmp_path / "char.psd")
    before = (tmp_path / "char.psd").read_bytes()
    code, _, err = run(capsys, "decompose", tmp_path / "char.psd")
    assert code == 0
    assert "char.psd: merged image" in err
    assert (tmp_path / "char.psd").read_bytes() == before
    assert (tmp_path / "char_layers.psd").exists()
    code, _, err = run(capsys, "decompose", tmp_path / "char.psd", "-o", tmp_path / "char.psd")
    assert code == 2
    assert "would replace the picture itself" in err


def test_presets_reach_the_file(tmp_path, capsys):
    run(capsys, "decompose", draw(tmp_path / "char.png"), "--format", "png", "--names", "live2d-ja")
    manifest = json.loads((tmp_path / "char_layers" / "manifest.json").read_text("utf-8"))
    assert "線画" in json.dumps(manifest, ensure_ascii=False)
    assert manifest["provenance"]["options"] == {"names": "live2d-ja", "keep_source": False}


def test_the_same_command_writes_the_same_bytes(tmp_path, capsys):
    picture = draw(tmp_path / "char.png")
    written = []
    for _ in range(2):
        assert run(capsys, "decompose", picture, "--format", "psd,html,sheet")[0] == 0
        written.append([(tmp_path / name).read_bytes() for name in ("char.psd", "char.html", "char_sheet.png")])
    assert written[0] == written[1]


# --- bad usage


@pytest.mark.parametrize(
    ("argv", "message", "hint"),
    [
        (["decompose"], "Missing argument", "--help"),
        (["decompse"], "No such command", "--help"),
        (["decompose", "IN", "--mode", "part"], "not one of", "--help"),
        (["decompose", "IN", "--jobs", "0"], "greater than or equal to 1", "--help"),
        (["decompose", "IN", "--seed", "-1"], "greater than or equal to 0", "--help"),
        (["decompose", "IN", "--names", "fr"], "fr", "--help"),
        (["decompose", "IN", "--mode", "parts", "--model", "see-trough"], "unknown model", "did you mean see-through"),
        (["decompose", "IN", "--model", "clasic"], "unknown model", "did you mean classic"),
        (["decompose", "IN", "--format", "gif"], "does not know 'gif'", "formats are psd"),
        (["decompose", "IN", "--format", ","], "does not know ','", "formats are psd"),
        (["decompose", "IN", "-o", "x.psd", "--format", "ora"], "--format asks for ora", "--format psd,ora"),
        (["decompose", "IN", "-o", "x.png"], "holds no layers", "x.psd"),
        (["decompose", "IN", "IN2", "-o", "x.psd"], "one file", "-o FOLDER"),
        (["decompose", "EMPTY"], "no pictures in", ".png"),
        (["preview", "IN", "-o", "x.psd"], "a preview is an .html file", "x.html"),
    ],
)
def test_bad_usage_is_told_with_a_remedy(tmp_path, capsys, monkeypatch, argv, message, hint):
    monkeypatch.chdir(tmp_path)
    draw(Path("IN.png"))
    draw(Path("IN2.png"))
    Path("EMPTY").mkdir()
    before = names_in(tmp_path)
    code, out, err = run(capsys, *(f"{word}.png" if word in ("IN", "IN2") else word for word in argv))
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert message in err
    assert hint in err.split("hint: ")[1]
    assert names_in(tmp_path) == before


def test_no_arguments_show_the_help(capsys):
    code, out, _ = run(capsys)
    assert code == 2
    assert out.startswith("Usage: animelayers")


def test_help_fits_a_screen(capsys):
    for argv in ([], ["decompose"], ["check"], ["inspect"], ["preview"], ["models"]):
        code, out, _ = run(capsys, *argv, "--help")
        assert code == 0
        assert len(out.splitlines()) <= 50
        assert max(map(len, out.splitlines())) <= 80
        assert "animelayers " in out.split("Options:")[1], "examples"


def test_version(capsys):
    from animelayers import __version__

    assert run(capsys, "--version") == (0, f"animelayers {__version__}\n", "")


def test_unwritable_places_are_told(tmp_path, capsys):
    picture = draw(tmp_path / "a.png")
    (tmp_path / "file").write_text("")
    code, _, err = run(capsys, "decompose", picture, "-o", tmp_path / "file" / "sub")
    assert code == 1
    assert err.startswith("error: ")
    assert "hint: " in err


def test_a_bug_keeps_its_traceback_and_the_others_go_on(tmp_path, capsys, monkeypatch):
    from animelayers.rendering import solve

    def broken(*_: object) -> None:
        raise ZeroDivisionError("made up")

    draw(tmp_path / "a.png")
    draw(tmp_path / "b.png")
    monkeypatch.setattr(solve, "exact_stack", broken)
    code, out, err = run(capsys, "decompose", tmp_path, "--json")
    assert code == 1
    assert ["ZeroDivisionError: made up" in json.loads(line)["bug"] for line in out.splitlines()] == [True, True]
    assert err.count("Traceback") == 2


def test_any_file_name_and_any_terminal(tmp_path):
    for name in (b"\xe7\x8c\xab.png", b"caf\xe9.png", b"-o.png", b"a b'c.png"):
        draw(tmp_path / "in" / os.fsdecode(name))
    for encoding in ("ascii", "utf-8"):
        command = [
            sys.executable,
            "-m",
            "animelayers",
            "decompose",
            "in",
            "-o",
            encoding,
            "--json",
            "--format",
            "psd,sheet",
        ]
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert [json.loads(line)["error"] for line in done.stdout.splitlines()] == [None] * 4
        assert len(list((tmp_path / encoding).iterdir())) == 8


# --- the other commands


@pytest.fixture
def psd(tmp_path, capsys) -> Path:
    assert run(capsys, "decompose", draw(tmp_path / "char.png"))[0] == 0
    return tmp_path / "char.psd"


def test_check(psd, capsys):
    code, out, err = run(capsys, "check", psd, "--source", psd.with_suffix(".png"))
    assert (code, err) == (0, "")
    assert "max 0" in out
    code, out, _ = run(capsys, "check", psd, psd, "--json")
    assert code == 0
    assert [json.loads(line)["ok"] for line in out.splitlines()] == [True, True]


def test_check_sees_another_picture(psd, capsys):
    _, out, _ = run(capsys, "check", psd, "--source", draw(psd.with_name("other.png"), level=90), "--json")
    assert json.loads(out)["numbers"]["source"]["max"] == 110


def test_check_fails_on_what_cubism_refuses(tmp_path, capsys):
    from psd_tools import PSDImage

    PSDImage.new("L", (8, 8)).save(tmp_path / "grey.psd")
    code, out, _ = run(capsys, "check", tmp_path / "grey.psd")
    assert code == 1
    assert "error" in out


def test_check_fails_on_rubbish_and_goes_on(psd, capsys):
    rubbish = psd.with_name("rubbish.psd")
    rubbish.write_bytes(b"8BPS rubbish")
    code, out, err = run(capsys, "check", rubbish, psd, "--json")
    records = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert [record["ok"] for record in records] == [False, True]
    assert set(records[0]) == {"path", "ok", "error", "hint"}
    assert err.startswith("error: ")
    assert run(capsys, "check", psd, "--source", psd.with_name("missing.png"))[0] == 1


def test_inspect_file_folder_and_picture(psd, capsys):
    folder = psd.with_name("layers")
    save(load_stack(psd), folder, format="png")
    code, out, err = run(capsys, "inspect", psd, folder, psd.with_suffix(".png"), "--json")
    assert (code, err) == (0, "")
    records = [json.loads(line) for line in out.splitlines()]
    for record in records:
        assert record["canvas"] == {"height": 40, "width": 30}
        assert [layer["name"] for layer in record["layers"]] == ["flat", "shadow", "highlight", "line"]
        assert record["probes"] == records[0]["probes"]
        assert record["provenance"]["model"] == "lite"
    flat = records[0]["layers"][0]
    assert flat["box"] == [4, 4, 32, 22]
    assert flat["coverage"] == round(32 * 22 / (40 * 30), 4)
    code, out, _ = run(capsys, "inspect", psd)
    assert code == 0
    assert out.index("  line ") < out.index("  flat ")
    assert "probes" in out


def test_inspect_measures_the_layers_against_the_picture(tmp_path, capsys, monkeypatch):
    exact_stack = solve.exact_stack

    def with_a_lid(*arguments):
        stack = exact_stack(*arguments)
        return stack.replace(layers=(*stack, stack["flat"].replace(name="lid")))

    monkeypatch.setattr(solve, "exact_stack", with_a_lid)
    _, out, _ = run(capsys, "inspect", draw(tmp_path / "char.png"), "--json")
    assert json.loads(out)["probes"]["max_error"] > 0


def test_inspect_tells_what_it_cannot_read(psd, capsys):
    code, out, err = run(capsys, "inspect", psd.with_name("missing.psd"), psd.with_name("missing.png"), psd)
    assert code == 1
    assert err.count("error: ") == 2
    assert "4 layers" in out


def test_preview(psd, capsys):
    code, out, _ = run(capsys, "preview", psd, "--source", psd.with_suffix(".png"))
    page = psd.with_suffix(".html")
    assert code == 0
    assert out == f"{psd} → {page}\n"
    assert "<!doctype html>" in page.read_text("utf-8")
    assert run(capsys, "preview", psd, "-o", psd.parent / "look.html")[0] == 0
    assert run(capsys, "preview", psd.with_name("missing.psd"))[0] == 1


def test_models(capsys):
    code, out, _ = run(capsys, "models")
    assert code == 0
    assert all(spec.id in out and spec.licence in out for spec in MODELS)
    _, out, _ = run(capsys, "models", "--json")
    assert [json.loads(line)["id"] for line in out.splitlines()] == [spec.id for spec in MODELS]


def test_formats_are_those_that_can_be_written():
    assert set(plan.FORMATS["rendering"]) == {*handoff.FORMATS, "sheet"}
    assert set(plan.FORMATS["parts"]) == {*handoff.FORMATS, "sheet", "separation"}
    for suffix, names in plan.SUFFIXES.items():
        for name in set(names) - {"separation"}:
            assert suffix in handoff.FORMATS[name].suffixes


def test_the_module_is_a_program(tmp_path):
    picture = draw(tmp_path / "a.png")
    done = subprocess.run([sys.executable, "-m", "animelayers", "decompose", picture], capture_output=True, check=False)
    assert done.returncode == 0
    assert (tmp_path / "a.psd").exists()
    script = shutil.which("animelayers", path=str(Path(sys.executable).parent))
    if script:
        assert subprocess.run([script, "models"], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("suffix", ["psd", "ora"])
def test_the_picture_rides_along_hidden_when_asked(tmp_path, capsys, suffix):
    picture = draw(tmp_path / "char.png")
    out = tmp_path / f"out.{suffix}"
    assert run(capsys, "decompose", picture, "-o", out, "--keep-source", "--names", "live2d-ja")[0] == 0
    stack = load_stack(out)
    assert stack.names == ("source", "flat", "shadow", "highlight", "line")
    assert not stack["source"].visible
    riding = flatten(stack.replace(layers=[stack["source"].replace(visible=True)]))
    assert (riding == load_picture(picture).rgba).all()
    assert (flatten(stack) == riding).all()


def test_check_compares_with_the_riding_picture(tmp_path, capsys):
    run(capsys, "decompose", draw(tmp_path / "char.png"), "--keep-source")
    code, out, _ = run(capsys, "check", tmp_path / "char.psd", "--json")
    assert code == 0
    assert json.loads(out)["numbers"]["source"] == {"max": 0, "pixels": 0}


def test_our_warnings_are_notes_and_those_of_others_are_not(capsys):
    import warnings

    from animelayers.cli.console import warnings_as_notes
    from animelayers.errors import AnimeLayersWarning

    with warnings.catch_warnings(record=True) as seen, warnings_as_notes():
        warnings.simplefilter("always")
        warnings.warn("ours", AnimeLayersWarning, stacklevel=1)
        warnings.warn("theirs", UserWarning, stacklevel=1)
    assert [str(warning.message) for warning in seen] == ["theirs"]
    assert capsys.readouterr().err == "note: ours\n"
