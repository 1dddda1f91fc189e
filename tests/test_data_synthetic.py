"""`datasets/synthetic.py`: from a command to a set on disk."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from drawing import names_in, needs, script

needs("skia")

from animelayers.data.check import check_set  # noqa: E402
from animelayers.data.hub import open_set  # noqa: E402

DOOR = script("datasets/synthetic.py")
WORDS = ["--count", "3", "--first", "20", "--size", "96x144"]


def draw(output: Path, *words: str) -> int:
    return DOOR["main"](["-o", str(output), *WORDS, *words])


def contents(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names_in(folder)}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("set") / "art"
    assert draw(output) == 0
    return output


def test_a_drawn_set_is_sound(folders):
    report = check_set(folders)
    assert report.samples == 3
    assert [finding for finding in report.findings if finding.severity == "error"] == []


def test_the_same_command_writes_the_same_bytes_with_any_number_of_processes(folders, tmp_path):
    assert draw(tmp_path / "art", "--jobs", "2") == 0
    assert contents(tmp_path / "art") == contents(folders)


def test_a_stopped_run_goes_on(folders, tmp_path):
    import shutil

    shutil.copytree(folders, tmp_path / "art")
    shutil.rmtree(tmp_path / "art" / "00000021")
    kept = (tmp_path / "art" / "00000020" / "sample.json").stat().st_mtime_ns
    assert draw(tmp_path / "art") == 0
    assert (tmp_path / "art" / "00000020" / "sample.json").stat().st_mtime_ns == kept
    assert contents(tmp_path / "art") == contents(folders)


def test_parquet_holds_the_same_samples(folders, tmp_path):
    needs("datasets")
    assert draw(tmp_path / "art", "--format", "parquet") == 0
    one, other = open_set(folders), open_set(tmp_path / "art")
    assert [sample.id for sample in one] == [sample.id for sample in other] == ["00000020", "00000021", "00000022"]
    assert (one[1].picture == other[1].picture).all()


@pytest.mark.parametrize("words", [["--size", "big"], ["--count", "0"], ["--first", "-1"], ["--format", "zip"]])
def test_what_cannot_be_obeyed_is_said(words, tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        DOOR["main"](["-o", str(tmp_path / "art"), *words])
    assert caught.value.code == 2
    assert not (tmp_path / "art").exists()


def test_a_canvas_that_cannot_be_is_an_error_before_anything_is_written(tmp_path, capsys):
    assert DOOR["main"](["-o", str(tmp_path / "art"), "--size", "9999x10"]) == 1
    assert "hint" in capsys.readouterr().err
    assert not (tmp_path / "art").exists()
