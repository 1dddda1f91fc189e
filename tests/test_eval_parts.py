"""Parts against parts: areas, hidden areas and errors worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from blocks import PERFECT, SIZE, block, measured, sample_of, scores, stack
from drawing import needs
from samples import sample

from animelayers.composite import flatten, on_canvas
from animelayers.data.sample import visible_map
from animelayers.evaluation.catalogue import METRICS, POOLED
from animelayers.evaluation.parts import measure_parts
from animelayers.evaluation.pieces import labels_of, named, pieces_of, topmost
from animelayers.evaluation.prediction import FATAL, FAULTS, Prediction
from animelayers.evaluation.similarity import on_grounds, psnr, ssim
from animelayers.stack import Layer, LayerStack

GREY = (51, 51, 51)  # 0.2
FACE = block("face", 5, 5, 25, 25, GREY)
HAIR = block("front hair", 5, 15, 25, 35)
"""20 × 20 px; the hair hides the right half of the face."""
BOTH = stack(FACE, HAIR)


def decibel(error: float) -> float:
    return float(-10 * np.log10(error))


def moved(parts: LayerStack, px: int) -> LayerStack:
    return parts.replace(layers=tuple(layer.replace(left=layer.left + px) for layer in parts))


@pytest.mark.parametrize("seed", [0, 1])
def test_the_truth_is_perfect(seed):
    truth = sample(seed=seed, size=(96, 80))
    got = measure_parts(truth, Prediction(truth.parts, depth=truth.depth.astype(np.float32)), truth.picture)
    assert got.faults == ()
    assert got.scores == pytest.approx(dict(PERFECT), abs=1e-6)
    assert set(got.scores) == {name for name in METRICS if METRICS[name].mode == "parts" and "see_" not in name}
    assert set(got.counts) == set(POOLED)
    assert all(POOLED[name](sums) == 1 for name, sums in got.counts.items())
    assert all(type(value) is float for value in got.scores.values())


def test_a_drawn_character_is_perfect_and_moved_ones_are_worse_and_worse():
    needs("skia")
    from animelayers.artist.studio import sample as drawn

    truth = drawn(3, 216, 144)
    every = [
        measure_parts(truth, Prediction(moved(truth.parts, px), depth=np.roll(truth.depth, px, 1)), truth.picture)
        for px in (0, 1, 3, 9)
    ]
    assert every[0].scores == pytest.approx(dict(PERFECT), abs=1e-6)
    for name in ("visible.iou", "visible.accuracy", "amodal.soft_iou", "amodal.dice", "part.psnr"):
        column = [got.scores[name] for got in every]
        assert column == sorted(column, reverse=True), name
        assert len(set(column)) == 4, name
    assert every[1].scores["part.ssim"] < 0.9
    assert [got.scores["order.pairs"] for got in every] == [1, 1, 1, 1]


def test_areas_by_hand():
    # The face 5 px to the right, under the hair: 200 px of it showed, 100 of these still do.
    got = measured(BOTH, stack(FACE.replace(left=10), HAIR))
    assert got.tags["face"]["visible.iou"] == 100 / 200
    assert got.tags["front hair"]["visible.iou"] == 1
    assert got.scores["visible.iou"] == 0.75
    assert got.scores["visible.accuracy"] == 500 / 600
    assert got.tags["face"]["amodal.soft_iou"] == pytest.approx(300 / 500)
    assert got.tags["face"]["amodal.dice"] == pytest.approx(600 / 800)
    assert got.tags["face"]["hidden.cover"] == 1
    # 5 + 5 of 25 columns differ: by 0.2 on black, by 0.8 on white.
    assert got.tags["face"]["part.psnr"] == pytest.approx(decibel(10 / 25 * (0.2**2 + 0.8**2) / 2), abs=1e-3)
    assert got.scores["part.psnr"] == pytest.approx((got.tags["face"]["part.psnr"] + 100) / 2)
    areas = got.counts["pooled.visible_miou"]
    assert areas == {"front hair and": 400, "front hair or": 400, "face and": 100, "face or": 200}


def test_what_is_hidden_by_hand():
    cut = block("face", 5, 5, 25, 15, GREY)  # only what showed
    half = block("face", 5, 5, 15, 35, GREY)  # its upper half, and more than there is
    assert measured(BOTH, stack(cut, HAIR)).tags["face"]["hidden.cover"] == 0
    assert measured(BOTH, stack(half, HAIR)).tags["face"]["hidden.cover"] == 0.5
    missing = decibel((0.2**2 + 0.8**2) / 2)
    assert measured(BOTH, stack(cut, HAIR)).scores["hidden.psnr"] == pytest.approx(missing, abs=1e-3)
    assert measured(BOTH, stack(half, HAIR)).scores["hidden.psnr"] == pytest.approx(missing + decibel(0.5), abs=1e-3)
    # What shows does not matter to what is hidden.
    green = np.array(FACE.rgba)
    green[:, :10] = (0, 255, 0, 255)
    assert measured(BOTH, stack(FACE.replace(rgba=green), HAIR)).scores["hidden.psnr"] == 100


@pytest.mark.parametrize(("rows", "is_measured"), [(7, False), (8, True)])
def test_less_than_64_hidden_px_are_not_measured(rows, is_measured):
    truth = stack(block("neck", 2, 2, 2 + rows, 20), block("face", 2, 12, 2 + rows, 30))  # 8 columns hidden
    assert ("hidden.cover" in measured(truth, truth).tags["neck"]) == is_measured
    assert ("hidden.psnr" in scores(truth, truth)) == is_measured


def test_strata_hide_nothing_of_their_own_tag():
    truth = stack(block("face-1", 5, 5, 25, 25), block("face-0", 5, 5, 25, 25))
    assert "hidden.psnr" not in scores(truth, truth)


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0)])
def test_a_missing_white_part_counts_as_much_as_a_black_one(colour):
    got = measured(stack(FACE, block("topwear", 26, 5, 36, 50, colour)), stack(FACE))
    assert got.tags["topwear"]["part.psnr"] == pytest.approx(decibel(0.5), abs=1e-4)
    assert got.tags["topwear"]["amodal.soft_iou"] == got.tags["topwear"]["visible.iou"] == 0
    assert got.tags["topwear"]["part.ssim"] == pytest.approx(0.5, abs=0.002)  # the same on its own ground


def test_a_missing_part():
    got = measured(BOTH, stack(HAIR))
    assert got.scores["presence.recall"] == got.scores["presence.empty_rate"] == 0.5
    assert got.scores["presence.precision"] == 1
    assert got.scores["presence.f1"] == pytest.approx(2 / 3)
    assert got.counts["pooled.presence_f1"] == {"tp": 1, "fp": 0, "fn": 1}
    assert got.scores["visible.iou"] == got.scores["visible.iou_all"] == 0.5
    assert got.tags["face"]["hidden.cover"] == 0
    assert got.scores["flatten.max_error"] == 255
    assert got.scores["flatten.mean_error"] == pytest.approx(200 / 600 * 204, abs=1e-3)
    assert got.faults == ()


def test_an_invented_part():
    got = measured(BOTH, stack(FACE, HAIR, block("objects", 30, 40, 34, 50)))
    assert got.scores["presence.precision"] == pytest.approx(2 / 3)
    assert got.scores["presence.recall"] == got.scores["visible.iou"] == 1
    assert got.scores["presence.empty_rate"] == 0
    assert got.scores["visible.iou_all"] == pytest.approx(2 / 3)
    assert "objects" not in got.tags
    assert got.counts["pooled.visible_miou"]["objects or"] == 40
    assert got.counts["pooled.presence_f1"]["fp"] == 1


@pytest.mark.parametrize(("px", "there"), [(11, False), (12, True)])
def test_less_than_12_px_are_dust(px, there):
    dust = block("nose", 30, 10, 31, 10 + px)
    got = measured(stack(FACE, dust), stack(FACE, dust))
    assert ("nose" in got.tags) == there
    assert got.scores == pytest.approx({name: PERFECT[name] for name in got.scores}, abs=1e-6)
    whole = stack(FACE, block("nose", 30, 10, 33, 20))
    assert scores(whole, stack(FACE, dust))["presence.recall"] == (1 if there else 0.5)
    assert scores(whole, stack(FACE, dust))["presence.empty_rate"] == (0 if there else 0.5)
    assert scores(stack(FACE, dust), whole)["presence.precision"] == (1 if there else 0.5)


@pytest.mark.parametrize(("alpha", "recall", "empty"), [(8, 0.5, 0.5), (9, 0.5, 0), (127, 0.5, 0), (128, 1, 0)])
def test_a_faint_part_is_not_there_and_haze_is_empty(alpha, recall, empty):
    got = scores(BOTH, stack(FACE, block("front hair", 5, 15, 25, 35, alpha=alpha)))
    assert (got["presence.recall"], got["presence.empty_rate"]) == (recall, empty)


def test_only_what_is_visible_and_on_the_canvas_counts():
    twice = stack(FACE.replace(visible=False, group=("old",)), HAIR)
    assert scores(BOTH, twice) == scores(BOTH, stack(HAIR))
    half = FACE.replace(opacity=0.5)
    assert measured(BOTH, stack(half, HAIR)).tags["face"]["amodal.soft_iou"] == pytest.approx(0.5, abs=0.01)
    over = stack(block("face", -10, -10, 20, 20), HAIR)
    cut = stack(block("face", 0, 0, 20, 20), HAIR)
    assert scores(over, cut) == scores(cut, cut)
    assert scores(cut, stack(HAIR, block("face", -30, 0, -5, 20)))["presence.recall"] == 0.5


def test_names_of_presets_and_older_annotations():
    assert named("eyebg-l-0") == ("eyewhite", "l", 0)
    assert named("瞳_R") == named("Eye_R_Iris") == ("irides", "r", 0)
    assert named("handwear-r-2") == ("handwear", "r", 2)
    assert named("face-l") == named("hair") == named("background") == ("", "", 0)
    got = measured(BOTH, stack(FACE.replace(name="顔"), HAIR.replace(name="hairf")))
    assert got.scores == pytest.approx({name: PERFECT[name] for name in got.scores}, abs=1e-6)
    assert got.faults == ()


def test_two_layers_of_one_name_are_one_tag():
    left, right = block("face", 5, 5, 25, 15, GREY), block("face", 5, 15, 25, 25, GREY)
    assert scores(BOTH, stack(left.replace(group=("a",)), right.replace(group=("b",)), HAIR)) == scores(BOTH, BOTH)


def test_unknown_layers_are_left_out_and_still_hide():
    ground, draft = block("background", 0, 0, *SIZE), block("source", 0, 0, *SIZE).replace(visible=False)
    fine = measured(BOTH, stack(draft, ground, FACE, HAIR))
    assert fine.faults == ()
    assert fine.scores["visible.iou"] == 1
    got = measured(BOTH, stack(FACE, HAIR, block("sticker", 5, 5, 25, 35)))
    assert [fault.code for fault in got.faults] == ["unknown-layer"]
    assert "sticker" in got.faults[0].what
    assert got.scores["visible.iou"] == got.scores["visible.accuracy"] == 0
    assert got.scores["amodal.soft_iou"] == got.scores["hidden.cover"] == got.scores["presence.f1"] == 1
    shown = measured(BOTH, stack(FACE, HAIR, draft.replace(visible=True)))
    assert [fault.code for fault in shown.faults] == ["unknown-layer"]


def test_nothing_to_measure_is_a_fault():
    for layer in (block("layer 1", 0, 0, 9, 9), FACE.replace(visible=False), block("background", 0, 0, *SIZE)):
        got = measured(BOTH, stack(layer))
        assert got.faults[-1].code == "empty"
        assert layer.name in got.faults[-1].what
        assert got.scores == {}
    rendering = sample().replace(parts=None)
    for truth in (rendering, sample_of(stack(block("background", 0, 0, *SIZE), block("nose", 0, 0, 1, 3)))):
        got = measure_parts(truth, Prediction(truth.rendering or truth.parts), truth.picture)
        assert [fault.code for fault in got.faults] == ["no-truth"]
        assert got.scores == {}


def test_nothing_but_dust_was_predicted():
    got = scores(BOTH, stack(block("face", 5, 5, 6, 9)))
    assert got["presence.f1"] == got["presence.recall"] == got["order.judged"] == 0
    assert got["presence.empty_rate"] == 1
    assert not {"presence.precision", "order.pairs"} & set(got)
    assert all(np.isfinite(value) for value in got.values())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_depth_that_is_no_number_costs_only_the_depth(bad):
    truth = sample()
    depth = truth.depth.astype(np.float32)
    depth[3, 4] = bad
    got = measure_parts(truth, Prediction(truth.parts, depth=depth), truth.picture)
    assert [fault.code for fault in got.faults] == ["bad-depth"]
    assert got.faults[0].what.startswith("1 px")
    assert set(PERFECT) - set(got.scores) == {"depth.abs_rel", "depth.delta1"}
    assert {fault.code for fault in got.faults} <= set(FAULTS) - FATAL


def test_flattening_is_measured_against_what_was_seen():
    truth = sample()
    ground = Layer("background", np.full((*truth.size, 4), 255, np.uint8))
    on_white = flatten(truth.parts.replace(layers=(ground, *truth.parts)))
    laid = truth.parts.replace(layers=(ground, *truth.parts))
    assert measure_parts(truth, Prediction(laid), on_white).scores["flatten.max_error"] == 0
    bare = measure_parts(truth, Prediction(truth.parts), on_white).scores
    assert bare["flatten.max_error"] == 255
    assert bare["flatten.mean_error"] < 0.5  # over the figure, on white


def test_boxes_change_nothing():
    truth = sample(size=(96, 80))
    predicted = moved(truth.parts, 2)
    got = measure_parts(truth, Prediction(predicted), truth.picture).tags
    for tag in ("face", "handwear", "front hair"):
        sheets = []
        for parts in (predicted, truth.parts):
            own = tuple(layer for layer in parts if named(layer.name)[0] == tag)
            sheets.append(np.pad(flatten(parts.replace(layers=own)), ((9, 9), (9, 9), (0, 0))))
        either = (sheets[0][..., 3] > 0) | (sheets[1][..., 3] > 0)
        a, b = (np.concatenate(on_grounds(sheet), axis=2) for sheet in sheets)
        assert got[tag]["part.psnr"] == pytest.approx(psnr(a, b, mask=either), rel=1e-6)
        assert got[tag]["part.ssim"] == pytest.approx(ssim(a, b, mask=either), rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_the_map_of_visible_parts_is_that_of_samples(seed):
    parts = sample(seed=seed).parts
    faint = tuple(
        layer.replace(opacity=opacity, visible=number != seed)
        for number, (layer, opacity) in enumerate(zip(parts, np.linspace(0, 1, len(parts)), strict=True))
    )
    for layers in (parts.layers, faint, (*faint, Layer("sticker", on_canvas(parts[0], parts.size)))):
        changed = parts.replace(layers=layers)
        pieces = pieces_of(changed)
        assert (labels_of(pieces)[topmost(pieces, (0, 0, *parts.size))] == visible_map(changed)).all()
