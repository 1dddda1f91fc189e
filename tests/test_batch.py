"""Many pictures at once: names, failures, what lies there already, processes, Ctrl-C."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from drawing import draw, names_in, run

from animelayers import load_stack
from animelayers.cli import plan, work
from animelayers.cli.made import SIGNATURE, made_here, record_of
from animelayers.cli.plan import Found, Output
from animelayers.parts import Preset

# --- many pictures


def test_folders_are_mirrored(tmp_path, capsys):
    for name in ("a.png", "sub/b.jpg", "sub/deep/c.webp", ".hidden.png", ".git/d.png", "notes.txt"):
        if name.endswith("txt"):
            (tmp_path / "art" / name).write_text("no picture")
        else:
            draw(tmp_path / "art" / name)
    code, _, err = run(capsys, "decompose", tmp_path / "art", "-o", tmp_path / "out")
    assert code == 0, err
    assert names_in(tmp_path / "out") == ["a.psd", "sub/b.psd", "sub/deep/c.psd"]


def test_natural_order(tmp_path, capsys):
    for number in (10, 2, 1):
        draw(tmp_path / f"page {number}.png")
    _, out, _ = run(capsys, "decompose", tmp_path, "--json")
    assert [Path(json.loads(line)["input"]).stem for line in out.splitlines()] == ["page 1", "page 2", "page 10"]


def outputs(paths: list[Path], output: Path | None = None, formats: tuple[str, ...] = ("psd",)) -> dict[str, list[str]]:
    found, _ = plan.find_pictures(paths)
    planned = plan.outputs_of(found, output, formats)
    return {one.path.name: [item.path.name for item in items] for one, items in zip(found, planned, strict=True)}


def test_pictures_of_one_name_keep_their_suffix(tmp_path):
    paths = [tmp_path / name for name in ("a.png", "a.jpg", "a_png.png", "b.png", "B.webp")]
    expected = {
        "a.jpg": ["a_jpg.psd"],
        "a.png": ["a_png.psd"],
        "a_png.png": ["a_png_layers.psd"],
        "b.png": ["b_png.psd"],
        "B.webp": ["B_webp.psd"],
    }
    for seed in range(8):
        random.Random(seed).shuffle(paths)
        assert outputs(paths) == expected


def test_one_name_in_two_folders_is_numbered(tmp_path):
    paths = [tmp_path / "x" / "a.png", tmp_path / "y" / "a.png"]
    for order in (paths, paths[::-1]):
        found, _ = plan.find_pictures(order)
        planned = plan.outputs_of(found, tmp_path / "out", ("psd",))
        assert [(one.path, items[0].path.name) for one, items in zip(found, planned, strict=True)] == [
            (paths[0], "a_png.psd"),
            (paths[1], "a_png-2.psd"),
        ]


def test_a_picture_typed_twice_is_one_job(tmp_path):
    picture = draw(tmp_path / "sub" / "a.png")
    found, empty = plan.find_pictures([picture, tmp_path, tmp_path / "sub", tmp_path / "sub" / ".." / "sub" / "a.png"])
    assert [(one.path.name, one.below) for one in found] == [("a.png", Path("sub"))]
    assert not empty


def test_no_output_is_ever_an_input_or_another_output(tmp_path):
    stems = ["a", "a_png", "a_layers", "a_sheet", "a_png-2", "A", "a.b", "é", "e\u0301"]
    pool = [tmp_path / folder / f"{stem}{suffix}" for folder in "xy" for stem in stems for suffix in (".png", ".psd")]
    for seed in range(40):
        chosen = random.Random(seed).sample(pool, 12)
        found, _ = plan.find_pictures(chosen)
        for target in (None, tmp_path / "x", tmp_path / "out"):
            planned = plan.outputs_of(found, target, ("psd", "png", "sheet"))
            keys = [plan._key(item.path) for items in planned for item in items]
            assert len(set(keys)) == len(keys)
            assert not set(keys) & {plan._key(one.path) for one in found}


def test_failures_do_not_stop_the_others(tmp_path, capsys):
    draw(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"not a picture")
    draw(tmp_path / "c.png")
    code, out, err = run(capsys, "decompose", tmp_path, tmp_path / "missing.png", "--json")
    records = {Path(record["input"]).name: record for record in map(json.loads, out.splitlines())}
    assert code == 1
    assert set(records) == {"a.png", "b.png", "c.png", "missing.png"}
    assert [bool(records[name]["error"]) for name in sorted(records)] == [False, True, False, True]
    assert err.count("error: ") == err.count("hint: ") == 2
    assert "Traceback" not in err
    assert names_in(tmp_path) == ["a.png", "a.psd", "b.png", "c.png", "c.psd"]


def test_json_says_everything(tmp_path, capsys):
    picture = draw(tmp_path / "a.png")
    code, out, _ = run(capsys, "decompose", picture, "--json", "--format", "psd,png")
    record = json.loads(out)
    assert code == 0
    assert record.pop("seconds") > 0
    assert record == {
        "input": str(picture),
        "outputs": [str(tmp_path / "a.psd"), str(tmp_path / "a_layers")],
        "canvas": {"height": 40, "width": 30},
        "max_error": 0,
        "notes": [],
        "skipped": False,
        "error": None,
        "hint": None,
        "bug": None,
    }


def test_quiet(tmp_path, capsys):
    draw(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"")
    code, out, err = run(capsys, "decompose", tmp_path, "--quiet")
    assert (code, out) == (1, "")
    assert err.startswith("error: ")


def test_processes_do_the_same_as_one(tmp_path, capsys):
    for index in range(4):
        draw(tmp_path / "in" / f"{index}.png", level=100 + index * 30)
    (tmp_path / "in" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    results = []
    for jobs in (1, 3):
        code, out, _ = run(
            capsys, "decompose", tmp_path / "in", "-o", tmp_path / f"out{jobs}", "--jobs", jobs, "--json"
        )
        assert code == 1
        assert len(out.splitlines()) == 5
        results.append(
            [(name, (tmp_path / f"out{jobs}" / name).read_bytes()) for name in names_in(tmp_path / f"out{jobs}")]
        )
    assert len(results[0]) == 4
    assert results[0] == results[1]


# --- what is there already


def test_resume_skips_what_is_current_and_nothing_else(tmp_path, capsys):
    picture = draw(tmp_path / "a.png")
    command = ("decompose", picture, "--resume", "--json", "--format", "psd,png,html,sheet")

    def skipped(*more: object) -> bool:
        code, out, err = run(capsys, *command, *more)
        assert code == 0, err
        return bool(json.loads(out)["skipped"])

    assert not skipped()
    assert skipped()
    assert not skipped("--names", "en")
    assert skipped("--names", "en")
    assert not skipped("--names", "en", "--seed", "1")
    draw(tmp_path / "a.png", level=90)
    assert not skipped("--names", "en", "--seed", "1")
    (tmp_path / "a.html").unlink()
    assert not skipped("--names", "en", "--seed", "1")
    assert skipped("--names", "en", "--seed", "1")


def test_resume_goes_by_the_hour_where_a_file_cannot_say_what_it_is(tmp_path, capsys):
    picture = draw(tmp_path / "a.png")
    clip = tmp_path / "a.clip"
    clip.write_bytes(b"CSFCHUNK")
    skipped = []
    for age in (-60, 60):
        os.utime(clip, (picture.stat().st_mtime + age,) * 2)
        _, out, _ = run(capsys, "decompose", picture, "--format", "clip", "--resume", "--json")
        skipped.append(json.loads(out)["skipped"])
    assert skipped == [False, True]
    assert clip.read_bytes() == b"CSFCHUNK"


@pytest.mark.parametrize("suffix", [".psd", ".clip", ".ora", ".html"])
def test_files_of_others_are_not_replaced(tmp_path, capsys, suffix):
    picture = draw(tmp_path / "in" / "char.png")
    theirs = tmp_path / "in" / f"char{suffix}"
    theirs.write_bytes(b"days of work")
    code, _, err = run(capsys, "decompose", picture, "--format", suffix[1:])
    assert code == 1
    assert "not ours to replace" in err
    assert theirs.read_bytes() == b"days of work"
    if suffix != ".clip":
        assert run(capsys, "decompose", picture, "-o", theirs)[0] == 0
        assert theirs.read_bytes() != b"days of work"


def test_a_psd_that_another_program_saved_is_not_ours(tmp_path, capsys):
    picture = draw(tmp_path / "char.png")
    run(capsys, "decompose", picture)
    psd = tmp_path / "char.psd"
    assert made_here(psd)
    signed = psd.read_bytes().replace(b'xmlns:x="adobe:ns:meta/"', b'xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core"')
    # The packet grew, so the lengths of its resource and of the section grow with it.
    grown = len(signed) - psd.stat().st_size
    data = bytearray(signed)
    data[30:34] = (int.from_bytes(data[30:34], "big") + grown).to_bytes(4, "big")
    at = data.find(b"8BIM\x04\x24\0\0") + 8
    data[at : at + 4] = (int.from_bytes(data[at : at + 4], "big") + grown).to_bytes(4, "big")
    psd.write_bytes(data)
    assert not made_here(psd)
    assert run(capsys, "decompose", picture)[0] == 1
    assert psd.read_bytes() == data


def test_a_second_run_over_the_folder_takes_none_of_our_files_for_pictures(tmp_path, capsys):
    draw(tmp_path / "a.png")
    draw(tmp_path / "sub" / "b.png")
    for _ in range(2):
        code, out, err = run(capsys, "decompose", tmp_path, "--format", "psd,png,sheet", "--json")
        assert code == 0, err
        assert len(out.splitlines()) == 2


@pytest.mark.parametrize("name", ["x.psd", "x.psb", "x.html", "x.ora", "x.png", "x.clip", "x.txt", "x"])
@pytest.mark.parametrize(
    "content", [b"", b"8BPS", b"8BPS" + b"\xff" * 60, b"PK\x03\x04", b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffiTXt"]
)
def test_nothing_strange_is_ours(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert record_of(tmp_path / name) is None
    assert record_of(tmp_path) is None
    (tmp_path / "manifest.json").write_bytes(content or b"[" * 100_000)
    assert record_of(tmp_path) is None


def test_the_mark_of_openraster_is_read(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "x.ora", "w") as archive:
        archive.writestr("stack.xml", f'<image w="1" {SIGNATURE}="{{&quot;seed&quot;: 3}}" h="1"><stack/></image>')
    assert record_of(tmp_path / "x.ora") == {"seed": 3}


# --- Ctrl-C


@pytest.mark.parametrize(("jobs", "number"), [(1, signal.SIGINT), (2, signal.SIGINT), (2, signal.SIGTERM)])
def test_interrupting_leaves_whole_files_only(tmp_path, jobs, number):
    for index in range(8):
        draw(tmp_path / "in" / f"{index}.png", size=(600, 500), level=60 + 20 * index)
    command = [sys.executable, "-m", "animelayers", "decompose", tmp_path / "in", "-o", tmp_path / "out"]
    command += ["--jobs", str(jobs), "--json", "--format", "psd,png,html"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    done = json.loads(process.stdout.readline())["outputs"]
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does
    else:
        process.send_signal(number)
    out, err = process.communicate(timeout=60)  # a worker left behind would hold the pipes open
    assert process.returncode == 130, err
    assert "interrupted" in err
    assert "Traceback" not in err
    assert len(out.splitlines()) < 7
    left = [path.name for path in (tmp_path / "out").iterdir()]
    assert set(map(Path, done)) <= set((tmp_path / "out").iterdir())
    assert not [name for name in left if name.startswith(".")]
    for path in (tmp_path / "out").iterdir():
        assert made_here(path)
        if path.suffix != ".html":
            assert len(load_stack(path)) == 4


def test_a_killed_worker_is_an_error_not_a_hang(tmp_path):
    jobs = [
        plan.Job(tmp_path / f"{n}.png", (Output("psd", tmp_path / f"{n}.psd"),), "rendering", "classic", 0, Preset.EN)
        for n in range(2)
    ]
    (tmp_path / "0.png").write_bytes(b"")
    draw(tmp_path / "1.png", size=(3000, 3000))  # seconds of work
    results = work.outcomes(jobs, 2)
    first = next(results)
    assert first.error is not None
    for child in multiprocessing.active_children():
        os.kill(child.pid or 0, signal.SIGKILL)
    second = next(results)
    assert "ended from outside" in (second.error or "")
    assert list(results) == []


def test_real_pictures_end_to_end(examples, tmp_path, capsys):
    code, out, err = run(capsys, "decompose", examples[0].parent, "-o", tmp_path, "--json", "--jobs", "2")
    records = [json.loads(line) for line in out.splitlines()]
    assert code == 0, err
    assert len(records) == len(examples)
    assert {record["max_error"] for record in records} == {0}
    psd = tmp_path / f"{examples[0].stem}.psd"
    assert run(capsys, "check", psd, "--source", examples[0])[0] == 0


def test_found_sorts_by_place():
    found = [Found(Path(f"/{name}"), Path()) for name in ("b/1", "a/10", "a/2", "A/3")]
    assert [str(one.path) for one in sorted(found, key=lambda one: one.order)] == ["/a/2", "/A/3", "/a/10", "/b/1"]
