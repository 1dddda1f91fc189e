"""Runs over sets: every sample ends in a record whatever happens, nothing is done twice, processes change nothing."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import sys
import time
import types
from pathlib import Path

import numpy as np
import pytest
from drawing import names_in
from elsewhere import Answers
from PIL import Image
from samples import sample

from animelayers.composite import flatten
from animelayers.data.hub import open_set
from animelayers.data.sets import FolderSet, SampleSet, save_set
from animelayers.decompose import decompose
from animelayers.errors import DataError, MissingPackageError, OutputError
from animelayers.evaluation import attempt, meter, pictures, run
from animelayers.evaluation.baselines import BASELINES
from animelayers.evaluation.meter import metered
from animelayers.evaluation.prediction import FATAL, FAULTS, Measured, Prediction, Record
from animelayers.evaluation.records import RECORDS, Run, read_run
from animelayers.evaluation.run import ModelPredictor, evaluate, set_scores, survey
from animelayers.evaluation.sources import open_predictions
from animelayers.handoff import save
from animelayers.stack import Layer, LayerStack

IDS = ("a", "b", "c", "d")


@pytest.fixture(scope="module")
def art(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four samples of 64 × 56 px."""
    folder = tmp_path_factory.mktemp("sets") / "art"
    save_set((sample(id, seed=seed, size=(64, 56)) for seed, id in enumerate(IDS)), folder, name="little art")
    return folder


def measured(found: SampleSet | Path, folder: Path, predictor=None, mode="rendering", **more) -> Run:
    found = open_set(found) if isinstance(found, Path) else found
    return evaluate(found, predictor or Answers(mode=mode), mode, folder, **{"pictures": False, **more})


def faults(made: Run) -> dict[str, list[str]]:
    return {record.id: [fault.code for fault in record.faults] for record in made.records}


def without_costs(record: Record) -> Record:
    return dataclasses.replace(record, seconds=None, peak_mb=None, peak_gpu_mb=None)


# --- what is measured


@pytest.mark.parametrize("mode", ["rendering", "parts"])
def test_the_truth_is_measured_as_the_truth(art, tmp_path, mode):
    made = measured(art, tmp_path / "run", mode=mode, pictures=True)
    perfect = {
        "rendering": {"flat.l1": 0, "line.soft_iou": 1, "recomposed.max_error": 0},
        "parts": {"visible.iou": 1, "flatten.max_error": 0, "depth.abs_rel": 0, "order.pairs": 1},
    }[mode]
    for record in made.records:
        assert record.faults == ()
        assert {name: record.scores[name] for name in perfect} == pytest.approx(perfect, abs=0.01)
        assert (record.size, record.picture) == ((64, 56), f"{record.id}.webp")
        assert record.seconds is not None
        assert 0 < record.seconds < 5
    assert [record.id for record in made.records] == list(IDS)
    assert names_in(tmp_path / "run" / "pictures") == [f"{id}.webp" for id in IDS]


def test_a_worse_answer_is_worse(art, tmp_path):
    good, bad = (measured(art, tmp_path / str(shift), Answers(shift)) for shift in (0, 3))
    for one, other in zip(good.records, bad.records, strict=True):
        assert one.scores["line.soft_iou"] > other.scores["line.soft_iou"]
        assert one.scores["flat.l1"] < other.scores["flat.l1"]


def test_published_measures_are_of_parts_and_only_on_request(art, tmp_path):
    for mode, published, there in (("parts", False, False), ("parts", True, True), ("rendering", True, False)):
        made = measured(art / "a", tmp_path / f"{mode}{published}", mode=mode, published=published)
        found = {name for name in made.records[0].scores if name.startswith("see_through.")}
        assert (found >= {"see_through.psnr", "see_through.mask_mse", "see_through.depth_delta1"}) is there
        assert there or not found


def test_a_model_of_the_table_answers_as_decompose_does(art, tmp_path):
    one = open_set(art)[0]
    made = ModelPredictor("classic")(one, one.picture, 0)
    expected = decompose(one.picture, "rendering", "classic")
    assert made.raw is None
    assert [layer.rgba.tobytes() for layer in made.stack] == [layer.rgba.tobytes() for layer in expected]
    scores = measured(art, tmp_path / "run", ModelPredictor("classic")).records[0].scores
    assert scores["recomposed.max_error"] == 0 < scores["raw.max_error"]
    assert ModelPredictor("classic").about["id"] == "classic"


def test_models_see_a_copy_of_what_they_were_promised(art, tmp_path):
    seen = []

    class Looks(Answers):
        def __call__(self, sample, seen_, seed):
            seen.append((sample.id, seen_.copy(), seed))
            return super().__call__(sample, seen_, seed)

    scribbling = Looks(wrong=tuple((id, "scribbled") for id in IDS))
    made = measured(art, tmp_path / "picture", scribbling, seed=7)
    image = measured(art, tmp_path / "image", Looks(), input="image")
    assert made.records[0].scores["recomposed.max_error"] == 0  # of the picture, not of the scribble
    assert image.records[0].scores["recomposed.max_error"] > 0
    found = open_set(art)
    for number, one in enumerate(found):
        assert (seen[1 + number][0], seen[1 + number][2]) == (one.id, 7)
        assert np.array_equal(seen[1 + number][1], one.picture)
        assert np.array_equal(seen[6 + number][1], one.image)


def test_a_process_answers_once_before_it_is_timed(art, tmp_path):
    calls = []

    class Slow(Answers):
        def __call__(self, sample, seen, seed):
            calls.append((sample.id, seen.shape))
            time.sleep(0 if len(calls) > 1 else 0.5)
            return super().__call__(sample, seen, seed)

    made = measured(art, tmp_path / "run", Slow())
    assert calls == [("warm-up", (64, 64, 4)), *((id, (64, 56, 4)) for id in IDS)]
    assert all(record.seconds is not None and record.seconds < 0.4 for record in made.records)


# --- what goes wrong


def test_whatever_happens_is_in_the_record_and_harms_no_other(art, tmp_path):
    wrong = (("a", "given up"), ("b", "crashed"), ("c", "larger"))
    made = measured(art, tmp_path / "run", Answers(wrong=wrong))
    assert faults(made) == {"a": ["model-error"], "b": ["bug"], "c": ["other-size"], "d": []}
    what = {record.id: fault.what for record in made.records for fault in record.faults}
    assert what["a"] == "I cannot see anything"
    assert what["b"].startswith("ZeroDivisionError: division by nobody (elsewhere.py, line ")
    assert what["c"] == "the layers are 65 × 56 px, the sample is 64 × 56"
    assert [record.id for record in made.scored] == ["d"]
    assert not any(record.scores for record in made.records[:3])


def test_samples_that_cannot_be_used(tmp_path):
    made = [sample(id, size=(64, 56)) for id in IDS]
    made[1] = made[1].replace(rendering=None)
    made[3] = made[3].replace(image=None)
    save_set(made, tmp_path / "art", name="odd")
    (tmp_path / "art" / "c" / "picture.png").write_bytes(b"not a picture")
    found = measured(tmp_path / "art", tmp_path / "run", input="image")
    assert faults(found) == {"a": [], "b": ["no-truth"], "c": ["unreadable-sample"], "d": ["no-image"]}
    assert [record.id for record in found.scored] == ["a", "d"]
    assert found.records[2].digest == ""
    assert found.about.samples == 4


def test_every_fault_that_is_given_is_known():
    assert {"no-image", "bad-depth", "missing-layer", "unknown-layer"} == set(FAULTS) - FATAL


def test_files_made_elsewhere(art, tmp_path):
    for one in open_set(art):
        if one.id in "ab":
            save(one.rendering, tmp_path / "theirs" / f"{one.id}.psd")
    (tmp_path / "theirs" / "c.psd").write_bytes(b"8BPS and then nothing")
    made = measured(art, tmp_path / "run", open_predictions(tmp_path / "theirs", "rendering"))
    assert faults(made) == {"a": [], "b": [], "c": ["unreadable"], "d": ["no-prediction"]}
    assert made.records[0].scores["flat.l1"] == 0
    assert {(record.seconds, record.peak_mb) for record in made.records} == {(None, None)}


def test_a_value_that_is_no_number_is_a_bug_of_ours(art, tmp_path, monkeypatch):
    odd = Measured(
        {"flat.l1": math.nan, "line.f1": 0.5},
        {"face": {"visible.iou": math.inf}},
        {"pooled.order_pairs": {"right": 1.0}},
    )
    monkeypatch.setattr(attempt, "measure_rendering", lambda *_: odd)
    made = measured(art, tmp_path / "run")
    first = made.records[0]
    assert first.scores == {"line.f1": 0.5}
    assert first.tags == {"face": {}}
    assert first.counts == {"pooled.order_pairs": {"right": 1.0}}
    assert [(fault.code, fault.what) for fault in first.faults] == [("bug", "not finite: flat.l1, visible.iou of face")]
    assert not made.scored


def test_a_package_that_is_missing_ends_the_run(art, tmp_path):
    class Bare(Answers):
        def __call__(self, sample, seen, seed):
            raise MissingPackageError("needs torch", hint="pip install torch")

    with pytest.raises(MissingPackageError, match="needs torch"):
        measured(art, tmp_path / "run", Bare())
    assert read_run(tmp_path / "run").records == ()


def test_two_samples_of_one_name_are_refused(art, tmp_path):
    class Doubled(FolderSet):
        def __getitem__(self, index):
            return super().__getitem__(index).replace(id="Aa"[index % 2])

    with pytest.raises(DataError, match="are called") as caught:
        measured(Doubled(art), tmp_path / "run")
    assert "animelayers data check" in caught.value.hint


# --- going on


class Counts(Answers):
    """Writes down which samples it was asked for."""

    asked: list[str] = []  # noqa: RUF012 - shared on purpose

    def __call__(self, sample, seen, seed):
        self.asked.append(sample.id)
        return super().__call__(sample, seen, seed)


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    monkeypatch.setattr(Counts, "asked", [])
    return Counts.asked


def test_what_is_done_is_not_done_again(art, tmp_path, asked):
    before = measured(art, tmp_path / "run", Counts())
    content = (tmp_path / "run" / RECORDS).read_bytes()
    assert measured(art, tmp_path / "run", Counts()) == before
    assert (tmp_path / "run" / RECORDS).read_bytes() == content
    assert asked == ["warm-up", *IDS]


def test_a_stopped_run_goes_on(art, tmp_path, asked):
    with pytest.raises(KeyboardInterrupt):
        measured(art, tmp_path / "run", Counts(wrong=(("c", "interrupted"),)))
    assert [record.id for record in read_run(tmp_path / "run").records] == ["a", "b"]
    with (tmp_path / "run" / RECORDS).open("ab") as file:
        file.write(b'{"id": "c", "dig')  # as a plug that is pulled
    moved = []
    made = measured(art, tmp_path / "run", Counts(), advance=lambda: moved.append(1))
    assert asked == ["warm-up", "a", "b", "c", "warm-up", "c", "d"]
    assert len(moved) == 4
    whole = measured(art, tmp_path / "whole")
    assert list(map(without_costs, made.records)) == list(map(without_costs, whole.records))


def test_what_may_have_been_bad_luck_is_tried_again(art, tmp_path, asked):
    wrong = (("a", "given up"), ("b", "crashed"), ("c", "larger"))
    measured(art, tmp_path / "run", Counts(wrong=wrong))
    asked.clear()
    made = measured(art, tmp_path / "run", Counts())
    assert asked == ["warm-up", "a", "b"]
    assert faults(made) == {"a": [], "b": [], "c": ["other-size"], "d": []}


@pytest.mark.parametrize("changed", [{"seed": 1}, {"input": "image"}, {"published": True}, {"predictor": Answers(2)}])
def test_another_run_is_not_mixed_in(art, tmp_path, changed):
    measured(art, tmp_path / "run")
    with pytest.raises(DataError, match="holds another run") as caught:
        measured(art, tmp_path / "run", **changed)
    assert "-o" in caught.value.hint


def test_another_set_is_another_run(art, tmp_path):
    measured(art, tmp_path / "run")
    for found in (survey(open_set(art), limit=3), open_set(art / "a")):
        with pytest.raises(DataError, match="set_digest"):
            measured(found, tmp_path / "run")
    assert survey(open_set(art), limit=3).name == "little art, first 3"
    assert survey(open_set(art), limit=9).name == "little art"
    assert survey(open_set(art), limit=9).digest == survey(open_set(art), jobs=2).digest


# --- processes


@pytest.mark.parametrize("mode", ["rendering", "parts"])
def test_processes_find_the_same(art, tmp_path, mode):
    wrong = (("b", "given up"), ("c", "crashed"))
    runs = [
        measured(art, tmp_path / str(jobs), Answers(1, wrong, mode), mode, jobs=jobs, pictures=True) for jobs in (1, 2)
    ]
    one, two = (list(map(without_costs, made.records)) for made in runs)
    assert one == two
    assert [made.about.jobs for made in runs] == [1, 2]
    drawn = [{path.name: path.read_bytes() for path in (made.folder / "pictures").iterdir()} for made in runs]
    assert drawn[0] == drawn[1]
    assert sorted(drawn[0]) == ["a.webp", "d.webp"]


def test_a_killed_process_loses_no_record_and_the_rest_is_done_later(art, tmp_path):
    made = measured(art, tmp_path / "run", Answers(wrong=(("b", "killed"),)), jobs=2)
    assert [record.id for record in made.records] == list(IDS)
    assert faults(made)["b"] == ["bug"]
    assert "ended from outside" in made.records[1].faults[0].what
    again = measured(art, tmp_path / "run", Answers(), jobs=2)
    assert [record.id for record in again.scored] == list(IDS)


# --- measures of whole sets


class Gathers:
    """As FID: only knows what this object has seen."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    about = {"measure": "fid", "weights": "none"}  # noqa: RUF012

    def measure(self, mode, sample, prediction, seen):
        self.seen.append(sample.id)
        return {}

    def finish(self):
        return {"perceptual.fid": float(len(self.seen))}


def test_what_gathers_over_the_set_begins_anew_when_it_was_stopped(art, tmp_path, monkeypatch, asked):
    monkeypatch.setattr(run, "open_perceptual", lambda kind, weights: Gathers())
    wanted = {"perceptual": {"fid": Path("fid.pth")}, "jobs": 2}
    with pytest.raises(KeyboardInterrupt):
        measured(art, tmp_path / "run", Counts(wrong=(("c", "interrupted"),)), **wanted)
    assert set_scores(tmp_path / "run") == {}
    made = measured(art, tmp_path / "run", Counts(), **wanted)
    assert set_scores(tmp_path / "run") == {"perceptual.fid": 4.0}
    assert (made.about.jobs, made.about.perceptual) == (1, {"fid": Gathers.about})
    asked.clear()
    measured(art, tmp_path / "run", Counts(), **wanted)
    assert asked == []
    (tmp_path / "run" / run.SET_SCORES).write_text("{")
    with pytest.raises(DataError, match="damaged"):
        set_scores(tmp_path / "run")


def test_a_measure_of_single_samples_is_opened_once(art, tmp_path, monkeypatch):
    count = []

    class One(Gathers):
        about = {"measure": "vgg", "weights": "x"}  # noqa: RUF012

        def measure(self, mode, sample, prediction, seen):
            return {"perceptual.vgg": 0.25}

    monkeypatch.setattr(attempt, "open_perceptual", lambda kind, weights: count.append(kind) or One())
    made = measured(art, tmp_path / "run", perceptual={"vgg": tmp_path})
    assert count == ["vgg"]
    assert [record.scores["perceptual.vgg"] for record in made.records] == [0.25] * 4


# --- what it costs


def test_time_and_memory_are_those_of_the_block():
    big = np.ones(200 << 20, np.uint8)
    del big
    with metered() as small:
        time.sleep(0.05)
    with metered() as large:
        big = np.ones(100 << 20, np.uint8)
        del big
    assert 0.05 <= small.seconds < 2
    if sys.platform != "linux":
        assert small.peak_mb is None
        return
    assert small.peak_mb is not None
    assert large.peak_mb is not None
    assert 95 < large.peak_mb - small.peak_mb < 110
    assert small.peak_gpu_mb is None


@pytest.mark.parametrize("held", ["VmHWM:\t 900000 kB\nVmRSS:\t 100000 kB\n", "nothing", None])
def test_a_peak_that_may_be_an_earlier_one_is_not_told(tmp_path, monkeypatch, held):
    if held is not None:
        (tmp_path / "status").write_text(held)
    monkeypatch.setattr(meter, "_PROCESS", tmp_path)
    with metered() as cost:
        pass
    assert cost.peak_mb is None


@pytest.mark.parametrize("ready", [True, False])
def test_devices_are_waited_for_and_their_peaks_added(monkeypatch, ready):
    calls: list[str] = []

    def told(name: str, value: object = None):
        return lambda device: calls.append(f"{name} {device}") or value

    cuda = types.SimpleNamespace(
        is_available=lambda: True,
        is_initialized=lambda: ready,
        device_count=lambda: 2,
        synchronize=told("wait"),
        reset_peak_memory_stats=told("forget"),
        max_memory_allocated=told("peak", 3 << 20),
    )
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(cuda=cuda))
    with metered() as cost:
        calls.append("work")
    assert cost.peak_gpu_mb == (6.0 if ready else None)
    whole = ["wait 0", "forget 0", "wait 1", "forget 1", "work", "wait 0", "wait 1", "peak 0", "peak 1"]
    assert calls == (whole if ready else ["work"])


def test_the_machine_is_named():
    assert "cores" in meter.machine()
    assert "\n" not in meter.machine()


# --- pictures


def drawn(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.format == "WEBP"
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("mode", ["rendering", "parts"])
@pytest.mark.parametrize("size", [(64, 56), (700, 500), (200, 1100)])
def test_a_picture_is_small_and_always_the_same(tmp_path, mode, size):
    one = sample(size=size)
    truth = Prediction(one.rendering if mode == "rendering" else one.parts)
    for name in ("a", "b"):
        pictures.write_picture(tmp_path / f"{name}.webp", one, truth, one.picture, mode)
    assert (tmp_path / "a.webp").read_bytes() == (tmp_path / "b.webp").read_bytes()
    assert (tmp_path / "a.webp").stat().st_size <= pictures.MOST_BYTES
    rgb = drawn(tmp_path / "a.webp").astype(int)
    assert rgb.shape[0] <= 2 * (pictures.TALLEST + pictures.GAP)
    above, below = rgb[: len(rgb) // 2], rgb[len(rgb) // 2 :]
    if mode == "rendering":  # the same layers in both rows
        assert np.abs(above - below).mean() < 4
        nothing = Prediction(LayerStack(*size, ()))
        pictures.write_picture(tmp_path / "c.webp", one, nothing, one.picture, mode)
        assert np.abs(above - drawn(tmp_path / "c.webp")[len(rgb) // 2 :]).mean() > 12
    else:  # all but the heat map, which is black
        width = -(-size[1] // max(-(-size[0] // 320), -(-size[1] // 480)))
        assert np.abs(above[:, width + 4 :] - below[:, width + 4 :]).mean() < 4
        assert below[4:-8, 4 : width - 4].max() < 24


def test_what_differs_is_seen(tmp_path):
    one = sample(size=(96, 80))
    wrong = one.parts.replace(layers=(*one.parts.layers, Layer("wings-l", np.full((40, 80, 4), 255, np.uint8), 20, 0)))
    pictures.write_picture(tmp_path / "a.webp", one, Prediction(wrong), one.picture, "parts")
    rgb = drawn(tmp_path / "a.webp").astype(int)
    heat = rgb[len(rgb) // 2 :][:96, :80]
    assert heat[25:55, 5:15].mean() > 150
    assert heat[2:15, 5:15].max() < 40


@pytest.mark.parametrize("mode", ["rendering", "parts"])
def test_anything_can_be_drawn(tmp_path, mode):
    one = sample(size=(64, 56))
    far = Layer("face", np.full((5, 5, 4), 200, np.uint8), -30, 90)
    for layers in (
        (),
        (far,),
        (Layer("x", np.zeros((0, 0, 4), np.uint8)),),
        (far.replace(name="Hair_Front", top=0, left=0),),
    ):
        pictures.write_picture(tmp_path / "a.webp", one, Prediction(LayerStack(64, 56, layers)), one.picture, mode)
        assert drawn(tmp_path / "a.webp").any()


def test_noise_costs_quality_not_bytes():
    noise = np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    data = pictures.encoded(noise)
    assert len(data) <= pictures.MOST_BYTES
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (400, 400)


def test_a_picture_that_cannot_be_written_ends_the_run(art, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "pictures").write_text("in the way")
    with pytest.raises(OutputError):
        measured(art, tmp_path / "run", pictures=True)


def test_baselines_run_as_models_do(art, tmp_path):
    for name, baseline in BASELINES.items():
        made = measured(art, tmp_path / name, baseline, baseline.mode)
        assert len(made.scored) == 4
        assert json.loads((tmp_path / name / "run.json").read_text("utf-8"))["name"] == name
        assert flatten(baseline(open_set(art)[0], open_set(art)[0].picture, 0).stack).any()
