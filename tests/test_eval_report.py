"""Reports: what is averaged and what is not, which is best, and how it reads."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from eval_runs import data_of, made_run, pictured, record, scored, two_runs

from animelayers.errors import DataError
from animelayers.evaluation.catalogue import METRICS, SET_METRICS
from animelayers.evaluation.report import FAULTS_LISTED, as_text, write_reports
from animelayers.evaluation.summary import overview, spread, summarise
from animelayers.evaluation.tables import aligned, number

UP, DOWN = "line.f1", "flat.l1"


# ── figures ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_figures_of_a_metric_by_hand():
    found = spread([1.0, 2.0, 3.0, 4.0])
    assert (found.n, found.mean, found.median, found.min, found.max) == (4, 2.5, 2.5, 1, 4)
    assert found.std_error == pytest.approx(np.sqrt(5 / 3) / 2)
    assert (found.p05, found.p95) == pytest.approx((1.15, 3.85))
    assert spread([7.0]).std_error is None


def test_a_missing_value_and_a_sample_without_score_are_in_no_mean():
    rows = [
        record("a", {UP: 0.2, DOWN: 0.1}),
        record("b", {UP: 0.4}),
        record("c", {UP: 0.0, DOWN: 0.0}, "other-size"),  # what was measured by mistake does not count either
        record("d", None, "no-prediction"),
    ]
    found = summarise(made_run("m", rows))
    assert (found.metrics[UP].n, found.metrics[UP].mean) == (2, pytest.approx(0.3))
    assert (found.metrics[DOWN].n, found.metrics[DOWN].mean) == (1, 0.1)
    assert "raw.psnr" not in found.metrics
    assert found.value("raw.psnr") is None
    assert set(found.scores) == {"a", "b"}


def test_faults_are_counted_by_code_with_their_samples():
    rows = [record("a", {UP: 0.2}, "missing-layer", "missing-layer", "unknown-layer"), record("b", None, "bug")]
    found = summarise(made_run("m", [*rows, record("c", {UP: 1.0})]))
    assert found.faults == {"bug": ("b",), "missing-layer": ("a",), "unknown-layer": ("a",)}
    assert found.faulty == 2
    assert set(found.scores) == {"a", "c"}


def test_time_is_a_median_and_memory_a_maximum():
    costs = [(9.0, 100.0), (1.0, 300.0), (2.0, 200.0)]  # the first one warms up
    found = summarise(made_run("m", [record(f"s{s}", {}, seconds=s, peak_mb=mb) for s, mb in costs]))
    assert (found.value("cost.seconds"), found.value("cost.peak_mb")) == (2, 300)
    assert found.metrics["cost.seconds"].mean == 4


def test_pooled_metrics_come_from_sums():
    rows = [
        record("a", counts={"pooled.order_pairs": {"right": 1, "judged": 1}}),
        record("b", counts={"pooled.order_pairs": {"right": 0, "judged": 3}}),
        record("c", None, "bug", counts={"pooled.order_pairs": {"right": 9, "judged": 9}}),
    ]
    assert summarise(made_run("m", rows, mode="parts")).whole == {"pooled.order_pairs": 0.25}


def test_parts_are_averaged_over_the_samples_that_have_them():
    rows = [
        record("a", tags={"face": {"visible.iou": 0.5, "part.psnr": 20.0}, "tail": {"visible.iou": 0.1}}),
        record("b", tags={"face": {"visible.iou": 0.7}}),
        record("c", tags={"front hair": {"visible.iou": 1.0}}),
    ]
    tags = summarise(made_run("m", rows, mode="parts")).tags
    assert list(tags) == ["front hair", "face", "tail"]
    assert [tag.n for tag in tags.values()] == [1, 2, 1]
    assert (tags["face"].metrics["visible.iou"].mean, tags["face"].metrics["part.psnr"].n) == (pytest.approx(0.6), 1)


def test_a_metric_of_the_whole_set_can_be_given():
    run = scored("m", UP, [0.1])
    (found,) = overview([run], {run.folder: {"perceptual.fid": 12.5}}).summaries
    assert found.value("perceptual.fid") == 12.5
    with pytest.raises(DataError):
        overview([run], {run.folder: {"fid": 1.0}})
    with pytest.raises(DataError):
        overview([run], {run.folder / "x": {"perceptual.fid": 1.0}})


@pytest.mark.parametrize(
    "odd",
    [
        {"scores": {"no.metric": 1.0}},
        {"scores": {UP: float("nan")}},
        {"tags": {"face": {"x": 1.0}}},
        {"counts": {"pooled.order_pairs": {"right": float("inf")}}},
        {"seconds": float("nan")},
    ],
)
def test_values_that_cannot_be_are_refused_and_nothing_is_written(odd, tmp_path):
    scores = odd.pop("scores", {})
    with pytest.raises(DataError, match="s1"):
        write_reports([made_run("m", [record("s1", scores, **odd)])], tmp_path / "out")
    assert not (tmp_path / "out").exists()


# ── which is best ────────────────────────────────────────────────────────────────────────────────────────────────────


def best(name, *runs):
    metric = (METRICS | SET_METRICS)[name]
    return overview(runs).best(metric)


def test_the_best_is_the_highest_or_the_lowest_as_the_metric_says():
    high, low = scored("high", UP, [0.9] * 2), scored("low", UP, [0.1] * 2)
    assert best(UP, high, low) == {"high"}
    assert best(DOWN, scored("high", DOWN, [0.9]), scored("low", DOWN, [0.1])) == {"low"}
    assert best("probe.line_cover", *(scored(name, "probe.line_cover", [at]) for at, name in enumerate("ab"))) == set()
    assert best(UP, high) == set(), "alone nothing is best"


def test_what_prints_alike_is_equally_good():
    runs = [scored("a", UP, [0.90001]), scored("b", UP, [0.9]), scored("c", UP, [0.5])]
    assert best(UP, *runs) == {"a", "b"}
    assert best(UP, *runs[:2]) == set()


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (made_run("b", [record("s00", {UP: 0.9}), record("s01", None, "bug")]), "not scored on the same samples"),
        (scored("b", UP, [0.9, 0.9], input="image"), "did not see the same input"),
        (scored("b", UP, [0.9, 0.9], version="0.0.9"), "different versions"),
    ],
)
def test_no_best_is_named_where_runs_cannot_be_ranked(other, said, tmp_path):
    runs = scored("a", UP, [0.1, 0.1]), other
    assert best(UP, *runs) == set()
    _, text, page = write_reports(runs, tmp_path)
    assert "**" not in text.read_text("utf-8")
    assert said in text.read_text("utf-8")
    assert said in as_text(runs)
    assert data_of(page)["caveats"] == [overview(runs).caveats[0]]


def test_a_metric_defined_on_other_samples_has_no_best():
    ours = made_run("a", [record("s", {UP: 0.9, DOWN: 0.1}), record("t", {UP: 0.9})])
    theirs = made_run("b", [record("s", {UP: 0.1}), record("t", {UP: 0.1, DOWN: 0.2})])
    assert best(UP, ours, theirs) == {"a"}
    assert best(DOWN, ours, theirs) == set()


def test_costs_of_two_machines_are_not_ranked():
    runs = [made_run(name, [record("s", {UP: at}, seconds=at + 1.0)], jobs=at + 1) for at, name in enumerate("ab")]
    assert best("cost.seconds", *runs) == set()
    assert best(UP, *runs) == {"b"}
    assert "not measured alike" in as_text(runs)


# ── numbers and tables ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("raw.psnr", 31.256, "31.26"),
        ("line.f1", 0.12345, "0.123"),
        ("flat.l1", 0.012345, "0.0123"),
        ("flat.l1", 0.0000123, "1.2e-05"),
        ("flat.l1", 0.0, "0.0000"),
        ("raw.max_error", 3.04, "3.0"),
        ("raw.max_error", 0.04, "4.0e-02"),
        ("probe.flat_colours", 132.4, "132"),
        ("cost.peak_mb", 480.4, "480"),
        ("line.f1", None, "–"),
    ],
)
def test_numbers_have_the_digits_of_their_unit(name, value, text):
    assert number(METRICS[name], value) == text


def test_differences_have_a_sign_and_a_digit_more():
    assert number(METRICS[UP], 0.01234, signed=True) == "+0.0123"
    assert number(METRICS[UP], -0.5, signed=True) == "-0.5000"
    assert number(METRICS[UP], 0.0, signed=True) == "0.0000"


def test_columns_line_up_whatever_script_they_are_in():
    assert aligned([["a", "線画", "x"], ["bcd", "1", "\x1b[1m"]], "<><") == "a    線画  x\nbcd     1  [1m"


def test_the_terminal_gets_the_first_table():
    assert as_text(two_runs()).splitlines() == [
        "                                     one         two|x",
        "flat.l1 ↓                  *0.0100 (n 1)  0.0200 (n 1)",
        "line.f1 ↑                          0.600        *0.750",
        "cost.seconds ↓ s (median)          *2.00          2.25",
        "scored                               2/2           2/2",
        "with faults                            1             0",
        "* best",
        "two|x: 1 of 2 predictions had to be changed to be read; see the notes in report.json.",
    ]


SSIM = METRICS["recomposed.ssim"]
GOLDEN = f"""\
# Rendering on tiny

2 samples, set digest 5e7000000000. ↑ larger is better, ↓ smaller is better, bold is best, – is not defined. \
Numbers are means over the scored samples where the metric is defined – (n …) says how many where these are not all – \
the time is a median, the memory a maximum.

| model | flat.l1 ↓ | line.f1 ↑ | cost.seconds ↓ s (median) | scored | with faults |
| --- | ---: | ---: | ---: | ---: | ---: |
| one | **0.0100 (n 1)** | 0.600 | **2.00** | 2/2 | 1 |
| two\\|x | 0.0200 (n 1) | **0.750** | 2.25 | 2/2 | 0 |

* two\\|x: 1 of 2 predictions had to be changed to be read; see the notes in report.json.

## Models

| model | what | input | seed | animelayers | perceptual | jobs | machine |
| --- | --- | --- | --- | --- | --- | --- | --- |
| one | version: 1 | picture | 0 | 0.1.0 | – | 1 | a machine |
| two\\|x | version: 1 | picture | 0 | 0.1.0 | – | 1 | a machine |

## Every metric

Means ± their standard error. Median, quantiles and the values of every sample are in `report.json`.

| metric | one | two\\|x | what it is |
| --- | ---: | ---: | --- |
| recomposed.ssim ↑ | **0.850 ± 0.050** | 0.725 ± 0.025 | {SSIM.what} \\[{SSIM.source}] |
| flat.l1 ↓ | **0.0100 (n 1)** | 0.0200 (n 1) | {METRICS["flat.l1"].what} |
| line.f1 ↑ | 0.600 ± 0.100 | **0.750 ± 0.000** | {METRICS["line.f1"].what} |
| cost.seconds ↓ s (median) | **2.00** | 2.25 | {METRICS["cost.seconds"].what} |

Not measured: …

## Faults

Samples by fault:

| code | one | two\\|x | what it means |
| --- | ---: | ---: | --- |
| missing-layer | 1 | 0 | a rendering layer is missing; it was measured as an empty one |

### one

* s1: missing-layer – what missing-layer is
"""


def test_the_markdown_to_the_letter(tmp_path):
    _, path, _ = write_reports(two_runs(), tmp_path)
    text = path.read_text("utf-8")
    missing = re.search(r"^Not measured: (.*)\.$", text, re.MULTILINE)[1].split(", ")
    assert {"raw.*", "flat.delta_e", "cost.peak_mb"} <= set(missing)
    assert "flat.*" not in missing
    assert re.sub(r"^Not measured: .*$", "Not measured: …", text, flags=re.MULTILINE) == GOLDEN


def test_parts_have_a_table_of_their_own(tmp_path):
    rows = [record(f"s{at}", {}, tags={"face": {"visible.iou": 0.5}, "tail": {}}) for at in range(2)]
    rows[0].scores["visible.iou"] = 0.5
    _, path, _ = write_reports([made_run("m", rows, mode="parts")], tmp_path)
    table = "| part | samples | visible.iou ↑ |\n| --- | ---: | ---: |\n| face | 2 | 0.500 |\n| tail | 2 | – |\n"
    assert f"## By part: m\n\n{table}" in path.read_text("utf-8")


def test_a_long_list_of_faults_is_cut_in_markdown_alone(tmp_path):
    rows = [record(f"s{at:02d}", None, "bug") for at in range(FAULTS_LISTED + 3)]
    found, text, page = write_reports([made_run("m", rows)], tmp_path)
    assert text.read_text("utf-8").count("bug – what bug is") == FAULTS_LISTED
    assert "… and 3 more" in text.read_text("utf-8")
    assert len(json.loads(found.read_text("utf-8"))["models"][0]["faults"]["bug"]) == FAULTS_LISTED + 3
    assert len(data_of(page)["models"][0]["faults"]) == FAULTS_LISTED + 3


def test_a_run_that_is_not_finished_says_so(tmp_path):
    runs = [scored("m", UP, [0.5] * 3, samples=8)]
    assert "m is not finished: 5 of 8 samples have not run." in as_text(runs)
    assert "| 3/8 |" in write_reports(runs, tmp_path)[1].read_text("utf-8")


# ── the files ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_json_has_everything_by_stable_names(tmp_path):
    path, *_ = write_reports(two_runs(), tmp_path)
    found = json.loads(path.read_text("utf-8"))
    assert found["schema"] == 1
    assert found["set"] == {"name": "tiny", "digest": "5e7" + "0" * 61, "samples": 2}
    assert found["metrics"]["cost.seconds"]["shown"] == "median"
    assert "raw.psnr" in found["not_measured"]
    one = found["models"][0]
    assert one["metrics"]["line.f1"] == {
        **{"n": 2, "mean": 0.6, "std_error": pytest.approx(0.1), "median": 0.6},
        **{"p05": pytest.approx(0.51), "p95": pytest.approx(0.69), "min": 0.5, "max": 0.7},
    }
    assert one["records"][0]["scores"] == {"line.f1": 0.5, "recomposed.ssim": 0.9, "flat.l1": 0.01, "cost.seconds": 1.0}
    assert one["about"]["machine"] == "a machine"
    assert found["models"][1]["records"][1]["notes"] == ["turned round"]


def test_same_runs_same_bytes(tmp_path):
    run = pictured("m", np.linspace(0, 1, 12), tmp_path)
    first, again = (
        [path.read_bytes() for path in write_reports([run], tmp_path / place)] for place in ("first", "again")
    )
    assert first == again


@pytest.mark.parametrize(
    ("change", "said"), [({"mode": "parts"}, "of rendering"), ({"set_digest": "x"}, "different sets")]
)
def test_runs_that_belong_in_two_reports_are_refused(change, said, tmp_path):
    runs = scored("a", UP, [0.5]), made_run("b", [record("s00", seconds=1.0)], **change)
    with pytest.raises(DataError, match=said) as caught:
        write_reports(runs, tmp_path / "out")
    assert caught.value.hint
    assert not (tmp_path / "out").exists()


def test_no_run_and_one_run_twice_are_refused(tmp_path):
    for runs in ([], [scored("a", UP, [0.5])] * 2):
        with pytest.raises(DataError):
            write_reports(runs, tmp_path)


def test_runs_where_nothing_was_scored_are_reported(tmp_path):
    for name, records in {"none": [], "bad": [record("s", None, "unreadable")]}.items():
        paths = write_reports([made_run("m", records, samples=1)], tmp_path / name)
        assert [path.name for path in paths] == ["report.json", "report.md", "report.html"]
        assert "| m | 0/1 |" in paths[1].read_text("utf-8")
