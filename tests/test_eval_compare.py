"""Run against run: closed forms, which way is better, what is left out, and that the intervals hold what they say."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
from eval_runs import made_run, record, scored

from animelayers.errors import DataError
from animelayers.evaluation.catalogue import METRICS
from animelayers.evaluation.compare import compare, format_comparison

UP, DOWN, NEITHER = "line.f1", "flat.l1", "probe.line_cover"


def only(comparison):
    (found,) = comparison.differences
    return found


def against(ours, theirs, metric=UP, **options):
    return compare(scored("a", metric, ours), scored("b", metric, theirs), **options)


# ── closed forms ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_constant_difference_is_its_own_interval():
    values = np.linspace(0, 0.5, 17)
    found = only(against(values, values + 0.25))
    assert found.n == 17
    assert (found.a, found.b) == pytest.approx((0.25, 0.5))
    assert (found.difference, found.low, found.high) == pytest.approx((0.25, 0.25, 0.25), abs=1e-15)
    assert (found.b_better, found.equal, found.a_better) == (1, 0, 0)


def test_three_samples_by_hand():
    """27 equally likely resamples of (0, 3, 6): their means and chances are counted out."""
    means = np.array([sum(drawn) / 3 for drawn in product((0, 3, 6), repeat=3)])
    found = only(against([0, 0, 0], [0, 3, 6], metric="raw.psnr", level=0.8, resamples=200_000))
    expected = np.quantile(np.repeat(np.sort(means), 10_000), (0.1, 0.9))
    assert expected.tolist() == [1, 5]
    assert (found.low, found.high) == (1, 5)
    assert (found.a, found.b, found.difference) == (0, 3, 3)
    assert (found.b_better, found.equal, found.a_better) == pytest.approx((2 / 3, 1 / 3, 0))


def test_the_interval_has_the_width_of_the_normal_one():
    gains = np.random.default_rng(5).normal(0.1, 1, 400)
    found = only(against(np.zeros(400), gains, metric="raw.psnr"))
    half = 1.96 * gains.std() / np.sqrt(400)
    assert (found.low, found.high) == pytest.approx((gains.mean() - half, gains.mean() + half), abs=0.006)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_intervals_cover_the_truth_as_often_as_they_say(level):
    covered = 0
    for seed in range(300):
        gains = np.random.default_rng(seed).normal(0.3, 1, 40)
        found = only(against(np.zeros(40), gains, metric="raw.psnr", level=level, resamples=400))
        covered += found.low <= 0.3 <= found.high
    assert level - 0.05 <= covered / 300 <= level + 0.04


def test_pairing_is_what_makes_it_sharp():
    hard = np.random.default_rng(1).uniform(0, 0.8, 30)
    better = hard + np.random.default_rng(2).normal(0.02, 0.01, 30)
    assert only(against(hard, better)).verdict == "b better"
    shuffled = np.random.default_rng(3).permutation(better)
    assert only(against(hard, shuffled)).verdict == "no difference seen"


# ── verdicts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("metric", "verdict", "shares"),
    [(UP, "b better", (1, 0, 0)), (DOWN, "a better", (0, 0, 1)), (NEITHER, None, (None, None, None))],
)
def test_which_way_is_better(metric, verdict, shares):
    low, high = np.full(12, 0.2), np.full(12, 0.4)
    found = only(against(low, high, metric=metric))
    assert found.verdict == verdict
    assert (found.b_better, found.equal, found.a_better) == shares
    turned = only(against(high, low, metric=metric))
    assert turned.difference == pytest.approx(-found.difference)
    assert turned.verdict == {"b better": "a better", "a better": "b better", None: None}[verdict]


def test_no_difference_is_seen_where_there_is_none():
    values = np.linspace(0.1, 0.9, 20)
    found = only(against(values, values))
    assert (found.low, found.high, found.equal, found.verdict) == (0, 0, 1, "no difference seen")


def test_the_noise_of_rounding_is_no_difference():
    found = only(against([0.1 + 0.2] * 20, [0.3] * 20))
    assert 0.1 + 0.2 != 0.3
    assert (found.difference, found.equal, found.verdict) == (0, 1, "no difference seen")


def test_one_sample_says_nothing_of_others():
    found = only(against([0.2], [0.9]))
    assert (found.low, found.high, found.verdict) == (None, None, None)
    assert found.difference == pytest.approx(0.7)


def test_few_samples_and_many_metrics_are_warned_of():
    few = against([0.1] * 9, [0.2] * 9)
    assert any("fewer than 10" in warning for warning in few.warnings)
    assert not against([0.1] * 10, [0.2] * 10).warnings
    rows = [[record(f"s{at}", {UP: 0.1, DOWN: 0.1, NEITHER: at}) for at in range(10)] for _ in "ab"]
    warnings = compare(*map(made_run, "ab", rows)).warnings
    assert any(warning.startswith("2 metrics") and "1 in 20" in warning for warning in warnings)
    warnings = compare(*map(made_run, "ab", rows), level=0.9).warnings
    assert any("1 in 10" in warning for warning in warnings)


# ── what is compared ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_only_samples_scored_in_both_with_the_same_digest_count():
    ours = [
        *(record(f"s{at}", {UP: 0.5}) for at in range(10)),
        record("x", {UP: 0.0}),
        record("y", {UP: 0.0}, digest="old"),
        record("z", {UP: 0.0}),
        record("w", None, "bug"),
    ]
    theirs = [
        *(record(f"s{at}", {UP: 0.6}) for at in range(10)),
        record("v", {UP: 1.0}),
        record("y", {UP: 1.0}, digest="new"),
        record("z", None, "model-error"),
        record("w", None, "bug"),
    ]
    found = compare(made_run("a", ours), made_run("b", theirs))
    assert found.samples == 10
    assert only(found).n == 10
    assert (only(found).a, only(found).b) == pytest.approx((0.5, 0.6))
    assert found.left_out == {
        "not scored in A and B": ("w",),
        "not scored in B": ("z",),
        "only in A": ("x",),
        "only in B": ("v",),
        "with other contents in A and B": ("y",),
    }
    text = format_comparison(found)
    assert "10 samples scored in both" in text
    assert "left out: 1 not scored in B: z" in text


def test_a_missing_value_is_in_no_mean():
    ours = [record(f"s{at:02d}", {UP: 0.5} | ({DOWN: 0.1} if at < 12 else {})) for at in range(20)]
    theirs = [record(f"s{at:02d}", {UP: 0.5} | ({DOWN: 0.3} if at >= 2 else {})) for at in range(20)]
    found = {
        difference.name: difference for difference in compare(made_run("a", ours), made_run("b", theirs)).differences
    }
    assert (found[UP].n, found[DOWN].n) == (20, 10)
    assert (found[DOWN].a, found[DOWN].b) == pytest.approx((0.1, 0.3))


def test_a_metric_of_one_run_is_not_compared_but_said():
    ours = [record(f"s{at}", {UP: 0.5, DOWN: 0.5}) for at in range(10)]
    theirs = [record(f"s{at}", {UP: 0.5}) for at in range(10)]
    found = compare(made_run("a", ours), made_run("b", theirs))
    assert [difference.name for difference in found.differences] == [UP]
    assert "measured in A only: flat.l1" in found.warnings


def test_costs_are_compared_and_machines_warned_of():
    ours, theirs = ([record(f"s{at}", {}, seconds=cost + at, peak_mb=cost) for at in range(10)] for cost in (1.0, 2.0))
    found = compare(made_run("a", ours), made_run("b", theirs, jobs=4))
    assert {difference.name: difference.verdict for difference in found.differences} == {
        "cost.seconds": "a better",
        "cost.peak_mb": "a better",
    }
    assert any("machine or jobs differ" in warning for warning in found.warnings)


def test_pooled_metrics_resample_sums_and_not_ratios():
    """1/1 and 0/99 are 0.01 together, not 0.5; the better order of b is in the large sample."""
    name = "pooled.order_pairs"

    def run(model, large):
        rows = (({"right": 1, "judged": 1}, {"right": large, "judged": 99})[at % 2] for at in range(40))
        return made_run(model, (record(f"s{at:02d}", counts={name: row}) for at, row in enumerate(rows)), mode="parts")

    found = only(compare(run("a", 0), run("b", 99), resamples=500))
    assert (found.n, found.a, found.b) == (40, 0.01, 1)
    assert found.difference == pytest.approx(0.99)
    assert 0.97 < found.low <= found.high <= 1
    assert (found.b_better, found.verdict) == (None, "b better")


def test_pooled_presence_by_hand():
    counts = [{"tp": 3.0, "fp": 1.0, "fn": 0.0}, {"tp": 1.0, "fp": 0.0, "fn": 2.0}]
    runs = [
        made_run(name, [record(f"s{at}", counts={"pooled.presence_f1": row}) for at in range(10)], mode="parts")
        for name, row in zip("ab", counts, strict=True)
    ]
    found = only(compare(*runs, resamples=200))
    assert (found.a, found.b) == pytest.approx((6 / 7, 2 / 4))
    assert (found.low, found.high) == pytest.approx((1 / 2 - 6 / 7,) * 2)
    assert found.verdict == "a better"


def test_equally_often_defined_metrics_meet_the_same_resamples():
    gains = np.random.default_rng(8).normal(0, 1, 25)
    both = [record(f"s{at:02d}", {"raw.psnr": gain, "recomposed.psnr": 2 * gain}) for at, gain in enumerate(gains)]
    none = [record(f"s{at:02d}", {"raw.psnr": 0.0, "recomposed.psnr": 0.0}) for at in range(25)]
    found = {one.name: one for one in compare(made_run("a", none), made_run("b", both)).differences}
    assert found["recomposed.psnr"].low == pytest.approx(2 * found["raw.psnr"].low)
    alone = only(against(np.zeros(25), gains, metric="raw.psnr"))
    assert alone.low == pytest.approx(found["raw.psnr"].low), "whatever else is compared"


def test_the_seed_alone_changes_the_draws():
    ours, theirs = np.zeros(15), np.random.default_rng(4).normal(0, 1, 15)
    first, again, other = (against(ours, theirs, metric="raw.psnr", seed=seed).as_dict() for seed in (0, 0, 1))
    assert first == again
    assert first["differences"][0]["low"] != other["differences"][0]["low"]


def test_large_sets_are_drawn_in_pieces(monkeypatch):
    from animelayers.evaluation import compare as module

    ours, theirs = np.zeros(30), np.random.default_rng(4).normal(0.2, 1, 30)
    whole = only(against(ours, theirs, metric="raw.psnr"))
    monkeypatch.setattr(module, "_CHUNK", 3000)
    pieces = only(against(ours, theirs, metric="raw.psnr"))
    assert (pieces.low, pieces.high) == pytest.approx((whole.low, whole.high))


# ── refusals and words ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mode": "parts"}, "of rendering"),
        ({"set_digest": "other"}, "share no scored sample: 3 with other contents in A and B"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(change, said):
    ours = scored("a", UP, [0.1, 0.2, 0.3])
    theirs = made_run("b", [record(f"s{at:02d}", {UP: 0.1}, digest="another") for at in range(3)], **change)
    with pytest.raises(DataError, match=said) as caught:
        compare(ours, theirs)
    assert caught.value.hint


def test_a_run_is_not_compared_with_itself():
    with pytest.raises(DataError, match="twice"):
        compare(scored("a", UP, [0.1]), scored("a", UP, [0.1]))


def test_runs_of_two_sets_are_compared_on_what_they_share():
    found = compare(scored("a", UP, [0.1] * 12), scored("b", UP, [0.2] * 14, set_digest="other", set_name="wider"))
    assert found.samples == 12
    assert found.left_out == {"only in B": ("s12", "s13")}
    assert any("tiny and wider" in warning for warning in found.warnings)


@pytest.mark.parametrize("options", [{"resamples": 0}, {"level": 1.0}, {"level": 95}, {"seed": -1}])
def test_odd_arguments_are_refused(options):
    with pytest.raises(DataError):
        against([0.1], [0.2], **options)


@pytest.mark.parametrize("scores", [{"line.f1": float("nan")}, {"no.metric": 1.0}])
def test_odd_values_are_refused(scores):
    with pytest.raises(DataError, match=r"s1: "):
        compare(made_run("a", [record("s1", scores)]), made_run("b", [record("s1", {UP: 0.1})]))


def test_the_text_lines_up_and_tells_the_two_apart():
    text = format_comparison(against([0.5] * 12, [0.25] * 12))
    assert "A: a\nB: b\n12 samples scored in both\n" in text
    head, row = (line for line in text.splitlines() if line.startswith(("metric", "line.f1")))
    assert " ".join(row.split()) == "line.f1 ↑ 12 0.500 0.250 -0.2500 [-0.2500, -0.2500] 0 % 0 % 100 % A better"
    assert head.index("verdict") == row.index("A better")
    assert "bootstrap" in text


def test_the_same_model_twice_is_told_apart_by_its_folder(tmp_path):
    ours, theirs = (made_run("lite", [record("s", {UP: 0.1})], tmp_path / place) for place in ("x", "y"))
    found = compare(ours, theirs)
    assert (found.a, found.b) == ("lite (x/lite)", "lite (y/lite)")


def test_names_cannot_break_the_markdown_or_the_terminal():
    ours = scored("a|b\n\x1b[2J", UP, [0.1] * 10)
    text = format_comparison(compare(ours, scored("<b>", UP, [0.1] * 10)), as_markdown=True)
    assert "\x1b" not in text
    assert "A: a\\|b \\[2J" in text
    assert "B: \\<b>" in text
    assert "\x1b" not in format_comparison(compare(ours, scored("c", UP, [0.1] * 10)))


def test_it_goes_into_json():
    names = [name for name, metric in METRICS.items() if metric.mode != "parts"]
    rows = [record(f"s{at}", dict.fromkeys(names, 0.1), size=(3, 4)) for at in range(3)]
    found = compare(made_run("a", rows), made_run("b", rows), resamples=100).as_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert [one["name"] for one in found["differences"]] == names
