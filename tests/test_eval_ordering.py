"""Order, strata and sides of blocks, worked out by hand."""

from __future__ import annotations

import pytest
from blocks import block, measured, scores, stack
from samples import sample

from animelayers.evaluation.parts import measure_parts
from animelayers.evaluation.prediction import Prediction
from animelayers.parts import other_side
from animelayers.stack import LayerStack

BACK, FACE, HAIR = block("back hair", 2, 2, 30, 30), block("face", 5, 5, 25, 25), block("front hair", 4, 4, 15, 26)
HEAD = stack(BACK, FACE, HAIR)
"""Three overlapping pairs."""

SHIRT = block("topwear", 5, 8, 15, 40)
FAR, NEAR = block("handwear-l-1", 5, 5, 15, 10), block("handwear-l-0", 5, 12, 15, 22)
ARM = stack(FAR, SHIRT, NEAR)
"""10 × 2 px of the arm lie behind the shirt and 10 × 10 before it; 10 × 3 do not meet it."""
WHOLE = block("handwear-l", 5, 5, 15, 22)
"""The arm unsplit, and 10 × 2 px more."""


def renamed(parts: LayerStack, *names: str) -> LayerStack:
    return parts.replace(layers=tuple(layer.replace(name=name) for layer, name in zip(parts, names, strict=True)))


def test_one_swap_is_one_pair():
    assert scores(HEAD, HEAD)["order.pairs"] == 1
    got = measured(HEAD, stack(BACK, HAIR, FACE))
    assert got.scores["order.pairs"] == pytest.approx(2 / 3)
    assert got.counts["pooled.order_pairs"] == {"right": 2, "judged": 3}
    assert scores(HEAD, stack(HAIR, FACE, BACK))["order.pairs"] == 0


def test_a_pair_is_judged_if_both_are_there():
    got = scores(HEAD, stack(BACK, HAIR))
    assert got["order.judged"] == pytest.approx(1 / 3)
    assert got["order.pairs"] == 1
    dust = block("face", 5, 5, 6, 16)
    assert scores(HEAD, stack(BACK, dust, HAIR))["order.judged"] == pytest.approx(1 / 3)
    alone = scores(HEAD, stack(FACE))
    assert alone["order.judged"] == 0
    assert "order.pairs" not in alone


@pytest.mark.parametrize(("columns", "pairs"), [(3, 0), (4, 1)])
def test_pairs_overlap_in_12_px(columns, pairs):
    truth = stack(block("neck", 0, 0, 3, 10), block("face", 0, 10 - columns, 3, 20))
    got = measured(truth, truth)
    assert got.counts["pooled.order_pairs"] == {"right": pairs, "judged": pairs}
    assert ("order.judged" in got.scores) == ("order.pairs" in got.scores) == bool(pairs)


def test_without_overlap_the_stack_decides():
    truth = stack(block("neck", 5, 5, 25, 15), block("face", 5, 10, 25, 25))
    neck, face = block("neck", 5, 5, 25, 10), block("face", 5, 10, 25, 25)
    assert scores(truth, stack(neck, face))["order.pairs"] == 1
    assert scores(truth, stack(face, neck))["order.pairs"] == 0


def test_interleaved_strata_vote_by_pixel():
    assert scores(ARM, ARM)["order.pairs"] == 1
    assert scores(ARM, stack(SHIRT, WHOLE))["order.pairs"] == 1
    assert scores(ARM, stack(WHOLE, SHIRT))["order.pairs"] == 0
    near = block("handwear-l-0", 5, 20, 15, 22)
    behind = stack(block("handwear-l-1", 5, 5, 15, 20), SHIRT, near)  # 120 px, and 20 before
    assert scores(behind, stack(WHOLE, SHIRT))["order.pairs"] == 1
    assert scores(stack(WHOLE, SHIRT), behind)["order.pairs"] == 1
    assert scores(ARM, behind)["order.pairs"] == 0


def test_the_nearest_stratum_counts_where_strata_overlap():
    under = block("handwear-l-1", 5, 5, 15, 35)  # most of its pixels lie behind the shirt …
    over = block("handwear-l-0", 5, 8, 15, 35)  # … and below another stratum that lies before it
    assert scores(stack(under, SHIRT, over), stack(SHIRT, WHOLE))["order.pairs"] == 1


def test_undecided_is_no_pair_in_the_truth_and_wrong_in_a_prediction():
    tie = stack(block("handwear-l-1", 5, 8, 15, 18), SHIRT, block("handwear-l-0", 5, 20, 15, 30))
    assert not {"order.pairs", "order.judged"} & set(scores(tie, tie))
    apart = stack(FAR.replace(left=42), SHIRT, NEAR.replace(left=48))  # places 1 and 3 around 2, no overlap
    for truth in (stack(SHIRT, WHOLE), stack(WHOLE, SHIRT)):
        for undecided in (tie, apart):
            got = scores(truth, undecided)
            assert (got["order.judged"], got["order.pairs"]) == (1, 0)


def test_sides_are_pieces_where_both_name_them():
    left, right = block("handwear-l", 5, 10, 15, 20), block("handwear-r", 5, 25, 15, 32)
    truth = stack(right, SHIRT, left)  # 70 px behind, 100 before
    assert measured(truth, truth).counts["pooled.order_pairs"] == {"right": 2, "judged": 2}
    assert scores(truth, stack(left, SHIRT, right))["order.pairs"] == 0
    both = block("handwear", 5, 10, 15, 32)
    for merged, pairs in ((stack(SHIRT, both), 1), (stack(both, SHIRT), 0)):
        got = measured(truth, merged)
        assert got.counts["pooled.order_pairs"] == {"right": pairs, "judged": 1}
        assert got.scores["order.judged"] == 1
    assert measured(stack(SHIRT, both), truth).counts["pooled.order_pairs"] == {"right": 1, "judged": 1}
    one = measured(truth, stack(SHIRT, left))
    assert (one.scores["order.judged"], one.scores["order.pairs"]) == (0.5, 1)
    assert scores(truth, stack(SHIRT))["order.judged"] == 0


def test_strata_by_hand():
    got = scores(ARM, stack(SHIRT, WHOLE))
    assert got["strata.iou"] == pytest.approx((100 / 170 + 0) / 2)
    assert got["strata.split_f1"] == 0
    half = stack(FAR, SHIRT, NEAR.replace(left=17))
    assert scores(ARM, half)["strata.iou"] == pytest.approx((50 / 150 + 1) / 2)
    assert scores(ARM, stack(SHIRT))["strata.iou"] == 0


def test_strata_correspond_by_rank_from_the_nearest():
    assert scores(ARM, renamed(ARM, "handwear-l-7", "topwear", "handwear-l-3"))["strata.iou"] == 1
    assert scores(ARM, renamed(ARM, "handwear-l-0", "topwear", "handwear-l-1"))["strata.iou"] == 0
    assert scores(ARM, renamed(ARM, "handwear-1", "topwear", "handwear-0"))["strata.iou"] == 1
    assert scores(ARM, renamed(ARM, "handwear-r-1", "topwear", "handwear-r-0"))["strata.iou"] == 0
    third = stack(FAR, SHIRT, NEAR, block("handwear-l-2", 20, 5, 25, 15))
    assert scores(ARM, third)["strata.iou"] == 1
    assert scores(third, ARM)["strata.iou"] == pytest.approx(2 / 3)


def test_which_pieces_are_split():
    assert scores(ARM, ARM)["strata.split_f1"] == 1
    needless = stack(FAR, block("topwear-1", 5, 8, 15, 40), block("topwear-0", 16, 8, 20, 40), NEAR)
    assert scores(ARM, needless)["strata.split_f1"] == pytest.approx(2 / 3)
    assert scores(needless, ARM)["strata.split_f1"] == pytest.approx(2 / 3)
    invented = scores(stack(SHIRT, WHOLE), ARM)
    assert invented["strata.split_f1"] == 0
    assert "strata.iou" not in invented
    assert not {"strata.iou", "strata.split_f1"} & set(scores(HEAD, HEAD))
    dust = stack(block("handwear-l-1", 5, 5, 6, 16), SHIRT, NEAR)
    assert scores(ARM, dust)["strata.split_f1"] == 0


def test_swapped_sides():
    truth = sample()
    swapped = truth.parts.replace(layers=tuple(layer.replace(name=other_side(layer.name)) for layer in truth.parts))
    got = measure_parts(truth, Prediction(swapped), truth.picture).scores
    assert got["sides.accuracy"] == 0
    assert got["visible.iou"] == got["visible.accuracy"] == got["part.ssim"] == 1
    assert measure_parts(truth, Prediction(truth.parts), truth.picture).scores["sides.accuracy"] == 1


def test_sides_by_hand():
    left, right = block("irides-l", 5, 5, 10, 9), block("irides-r", 5, 15, 10, 23)  # 20 and 40 px
    truth = stack(FACE, left, right)
    assert scores(truth, stack(FACE, left, right.replace(name="irides-l", group=("r",))))["sides.accuracy"] == 20 / 60
    assert scores(truth, stack(FACE, left, right.replace(name="irides")))["sides.accuracy"] == 20 / 60
    assert scores(truth, stack(FACE, right))["sides.accuracy"] == 1  # the other eye is missing, not on the wrong side
    assert "sides.accuracy" not in scores(truth, stack(FACE))
    assert "sides.accuracy" not in scores(HEAD, HEAD)
    assert "sides.accuracy" not in scores(renamed(truth, "face", "irides", "eyewhite"), truth)
