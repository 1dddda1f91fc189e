"""`animelayers eval`: from a command to a report, exit codes, a process that is killed and one that is interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from drawing import names_in, run
from samples import sample

from animelayers.data.hub import open_set
from animelayers.data.sets import save_set
from animelayers.evaluation.records import RECORDS, read_run
from animelayers.handoff import save

IDS = ("a", "b", "c")
REPORTS = ["report.html", "report.json", "report.md"]


@pytest.fixture(scope="module")
def art(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sets") / "art"
    save_set((sample(id, seed=seed, size=(64, 56)) for seed, id in enumerate(IDS)), folder, name="little art")
    return folder


@pytest.fixture
def theirs(art, tmp_path) -> Path:
    """The truth of two of three samples, as files."""
    for one in open_set(art):
        if one.id != "b":
            save(one.rendering, tmp_path / "theirs" / f"{one.id}.psd")
    return tmp_path / "theirs"


def test_models_side_by_side(art, tmp_path, capsys):
    out = tmp_path / "out"
    code, text, err = run(capsys, "eval", "--set", art, "--model", "classic", "--model", "kmeans", "-o", out)
    assert (code, err) == (0, "")
    assert text.splitlines()[0].split() == ["classic", "kmeans"]
    assert str(out / "report.html") in text
    assert names_in(out) == sorted(
        [*REPORTS, *(f"{m}/{f}" for m in ("classic", "kmeans") for f in ("run.json", "samples.jsonl"))]
        + [f"{m}/pictures/{id}.webp" for m in ("classic", "kmeans") for id in IDS]
    )
    assert read_run(out / "classic").about.set_name == "little art"


def test_the_same_command_does_nothing_twice_and_writes_the_same(art, tmp_path, capsys):
    words = ("eval", "--set", art, "--model", "classic", "-o", tmp_path / "out", "--no-pictures")
    run(capsys, *words)
    before = {name: (tmp_path / "out" / name).read_bytes() for name in names_in(tmp_path / "out")}
    assert "classic/pictures/a.webp" not in before
    code, text, _ = run(capsys, *words, "--json")
    assert code == 0
    assert {name: (tmp_path / "out" / name).read_bytes() for name in names_in(tmp_path / "out")} == before
    assert len(text.splitlines()) == 1
    assert json.loads(text) == json.loads(before["report.json"])


def test_parts(art, tmp_path, capsys):
    words = ("--mode", "parts", "--model", "mean-position", "--limit", 1, "--published", "--quiet")
    code, text, err = run(capsys, "eval", "--set", art, "-o", tmp_path / "out", *words)
    assert (code, text, err) == (0, "", "")
    made = read_run(tmp_path / "out" / "mean-position")
    assert [record.id for record in made.records] == ["a"]
    assert made.about.set_name == "little art, first 1"
    assert "see_through.psnr" in made.records[0].scores


def test_settings_reach_the_run(art, tmp_path, capsys):
    words = ("--model", "kmeans", "--input", "image", "--seed", 5, "--jobs", 2, "--quiet")
    assert run(capsys, "eval", "--set", art, "-o", tmp_path, *words)[0] == 0
    about = read_run(tmp_path / "kmeans").about
    assert (about.input, about.seed, about.jobs) == ("image", 5, 2)


def test_the_default_folder_is_named_as_the_set_is(art, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "eval", "--set", art, "--model", "kmeans", "--no-pictures")[0] == 0
    assert names_in(tmp_path / "eval" / "art") == sorted([*REPORTS, "kmeans/run.json", "kmeans/samples.jsonl"])


def test_what_was_not_scored_is_said(art, theirs, tmp_path, capsys):
    code, text, err = run(capsys, "eval", "--set", art, "--predictions", theirs, "-o", tmp_path / "out")
    assert code == 1
    assert "2/3" in text
    assert (
        err == f"error: theirs: 1 of 3 samples were not scored (no-prediction 1)\nhint: see {tmp_path}/out/report.md\n"
    )
    quiet = run(capsys, "eval", "--set", art, "--predictions", theirs, "-o", tmp_path / "out", "--quiet")
    assert quiet == (1, "", err)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "something to measure"),
        (["--set", "ART"], "something to measure"),
        (["--model", "classic"], "something to measure"),
        (["--set", "ART", "--model", "clasic"], "unknown model"),
        (["--set", "ART", "--model", "one-part"], "one-part"),
        (["--set", "ART", "--model", "classic", "--mode", "parts"], "does not do mode parts"),
        (["--set", "ART", "--model", "classic", "--model", "classic"], "called 'classic'"),
        (["--set", "nowhere", "--model", "classic"], "does not exist"),
        (["--set", "ART", "--model", "classic", "--limit", "0"], "--limit"),
        (["compare", "ART"], "Missing argument"),
    ],
)
def test_what_cannot_be_obeyed(art, tmp_path, capsys, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    code, text, err = run(capsys, "eval", *(art if word == "ART" else word for word in words))
    assert (code, text) == (2, "")
    assert message in err
    assert "hint: " in err
    assert names_in(tmp_path) == []


def test_unknown_models_are_told_the_baselines(art, capsys):
    for mode, names in (("rendering", "kmeans"), ("parts", "one-part, mean-position")):
        _, _, err = run(capsys, "eval", "--set", art, "--mode", mode, "--model", "nothing")
        assert err.rstrip().endswith(f"baselines of this mode: {names}")


def test_another_run_in_the_folder_is_refused(art, tmp_path, capsys):
    words = ("eval", "--set", art, "--model", "kmeans", "-o", tmp_path, "--no-pictures")
    run(capsys, *words)
    code, text, err = run(capsys, *words, "--seed", 1)
    assert (code, text) == (1, "")
    assert "holds another run: seed" in err
    assert "-o another folder" in err


def test_two_runs_are_compared(art, tmp_path, capsys):
    run(capsys, "eval", "--set", art, "--model", "classic", "--model", "kmeans", "-o", tmp_path, "--no-pictures")
    code, text, err = run(capsys, "eval", "compare", tmp_path / "classic", tmp_path / "kmeans")
    assert (code, err) == (0, "")
    assert text.startswith("A: classic\nB: kmeans\n3 samples scored in both")
    code, line, _ = run(capsys, "eval", "compare", tmp_path / "classic", tmp_path / "kmeans", "--json")
    found = json.loads(line)
    assert code == 0
    assert (found["a"], found["b"], found["samples"]) == ("classic", "kmeans", 3)
    code, text, err = run(capsys, "eval", "compare", tmp_path / "classic", art)
    assert (code, text) == (1, "")
    assert "run.json" in err


def started(art: Path, out: Path, *words: str) -> subprocess.Popen[str]:
    """A process that has written its first record."""
    command = [sys.executable, "-m", "animelayers", "eval", "--set", str(art), "--model", "classic", "-o", str(out)]
    process = subprocess.Popen(
        [*command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    records = out / "classic" / RECORDS
    while not (records.exists() and b"\n" in records.read_bytes()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return process


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sets") / "larger"
    made = sample("x", size=(240, 200))
    save_set((made.replace(id=f"{number:02}", cells={}) for number in range(7)), folder, name="larger")
    return folder


@pytest.mark.parametrize(("words", "number"), [([], signal.SIGKILL), (["--jobs", "2"], signal.SIGINT)])
def test_a_run_that_was_ended_goes_on(larger, tmp_path, capsys, words, number):
    process = started(larger, tmp_path / "out", *words)
    os.killpg(process.pid, number)  # as a terminal does
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert "interrupted" in err
        assert not [name for name in names_in(tmp_path / "out") if Path(name).name.startswith(".")]
    before = read_run(tmp_path / "out" / "classic").records
    assert 1 <= len(before) < 7
    code, _, err = run(capsys, "eval", "--set", larger, "--model", "classic", "-o", tmp_path / "out", "--quiet")
    assert (code, err) == (0, "")
    after = {record.id: record for record in read_run(tmp_path / "out" / "classic").records}
    assert len(after) == 7
    assert [after[record.id] for record in before] == list(before)
