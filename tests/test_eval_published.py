"""See-through's own benchmark: its recorded numbers to the digit, its faults in closed form, our 23 tags as its 19."""

import json

import numpy as np
import pytest
from drawing import ROOT
from PIL import Image
from samples import SIZE, sample

from animelayers.evaluation.catalogue import METRICS, PSNR_CEILING
from animelayers.evaluation.prediction import Prediction
from animelayers.evaluation.published import (
    PUBLISHED,
    colour_errors,
    mask_errors,
    measure_published,
    see_through_scores,
)
from animelayers.parts import PAPER_MERGED, PAPER_PARTS, PARTS
from animelayers.stack import Layer, LayerStack

RECORDED = ROOT / "tests" / "data" / "see_through_metrics"
NUMBERS = json.loads((RECORDED / "metrics.json").read_text("utf-8"))
WITHIN = {"psnr": 1e-4, "ssim": 2e-5, "mask_dice": 1e-6, "mask_mse": 1e-6}
AT_160 = next(run["per_sample"] for run in NUMBERS["benchmark"]["runs"] if run["target_size"] == [160, 160])


def read(path):
    return np.asarray(Image.open(path).convert("RGBA"))


def truth_of(stem):
    """Pages of a sample in the layout of the benchmark: parts cut to their boxes."""
    about = json.loads((RECORDED / "bench" / "gt" / f"{stem}_ann.json").read_text())
    pages = {}
    for tag, facts in about["tag_info"].items():
        left, top, right, bottom = facts["xyxy"]
        pages[tag] = np.zeros((*about["final_size"], 4), np.uint8)
        pages[tag][top:bottom, left:right] = read(RECORDED / "bench" / "gt" / f"{stem}_{tag}.png")
    return pages


def predicted_of(stem):
    return {path.stem: read(path) for path in sorted((RECORDED / "bench" / "pred" / stem).glob("*.png"))}


def page(*boxes, size=(40, 40), colour=(200, 40, 60), alpha=255):
    out = np.zeros((*size, 4), np.uint8)
    for top, left, bottom, right in boxes:
        out[top:bottom, left:right] = (*colour, alpha)
    return out


def shares(scores):
    """The sums over tags behind the two means over 19."""
    return 19 * scores["see_through.mask_dice"], 19 * scores["see_through.mask_mse"]


@pytest.mark.parametrize("pair", sorted(NUMBERS["pairs"]))
def test_recorded_pairs(pair):
    truth, predicted = (read(RECORDED / "pairs" / f"{pair}_{which}.png") for which in ("gt", "pred"))
    recorded = NUMBERS["pairs"][pair]
    dice, mask = mask_errors(truth, predicted)
    colour, ssim = colour_errors(truth, predicted)
    found = {"psnr": -10 * np.log10(colour), "ssim": ssim, "mask_dice": dice, "mask_mse": mask}
    for name, within in WITHIN.items():
        assert found[name] == pytest.approx(recorded["gt_vs_pred"][name], abs=within), name
    assert mask_errors(truth, truth) == pytest.approx((recorded["gt_vs_gt"]["mask_dice"], 0), abs=1e-6)
    assert colour_errors(truth, truth) == (0, pytest.approx(1, abs=1e-6))


@pytest.mark.parametrize("run", NUMBERS["benchmark"]["runs"], ids=lambda run: str(run["target_size"][0]))
def test_recorded_benchmark(run):
    found = {}
    for stem, recorded in run["per_sample"].items():
        truth = truth_of(stem)
        found[stem] = see_through_scores(truth, predicted_of(stem), run["target_size"][0])
        assert set(found[stem]) == {f"see_through.{name}" for name in WITHIN}
        assert recorded["image_parts"] == len(truth)
        for name, within in WITHIN.items():
            assert found[stem][f"see_through.{name}"] == pytest.approx(recorded["scores"][name], abs=within), name
    for name, within in WITHIN.items():
        mean = np.mean([scores[f"see_through.{name}"] for scores in found.values()])
        assert mean == pytest.approx(run["mean"][name], abs=within), name


@pytest.mark.parametrize("stem", AT_160)
def test_recorded_tags(stem):
    recorded = AT_160[stem]
    truth, predicted = truth_of(stem), predicted_of(stem)
    ssim = []
    for tag in PAPER_PARTS:
        own = [{name: side[name] for name in side if name == tag} for side in (truth, predicted)]
        scores = see_through_scores(*own, 160)
        wanted = (recorded[f"{what}_nonzero_tags"].get(tag, 0) for what in ("dice", "mse"))
        assert shares(scores) == pytest.approx(tuple(wanted), abs=2e-6), tag
        ssim += [scores["see_through.ssim"]] if tag in truth else []
    assert ssim == pytest.approx(recorded["ssim_per_part"], abs=2e-5)


def test_the_missing_factor():
    full, size = page((0, 0, 40, 40)), 32
    energy = size * size
    dice, mask = shares(see_through_scores({"face": full}, {"face": full}, size))
    assert dice == pytest.approx(1 - (energy + 1) / (2 * energy + 1))  # a perfect mask: about 0.5
    assert mask == 0
    dice, mask = shares(see_through_scores({"face": full}, {}, size))
    assert dice == pytest.approx(1 - 1 / (energy + 1))  # a missing one: about 1
    assert mask == pytest.approx(1)
    assert see_through_scores({}, {}, size) == {"see_through.mask_dice": 0, "see_through.mask_mse": 0}


def test_equal_pages_have_the_highest_psnr_that_is_written():
    same = {"face": page((5, 5, 30, 30))}
    scores = see_through_scores(same, same, 40)
    assert scores["see_through.psnr"] == PSNR_CEILING
    assert scores["see_through.ssim"] == pytest.approx(1, abs=1e-6)


def test_psnr_is_of_one_mean_over_all_tags_of_the_truth():
    black, grey = page((0, 0, 40, 40), colour=(0, 0, 0)), page((0, 0, 40, 40), colour=(51, 51, 51))
    scores = see_through_scores({"face": black, "neck": black}, {"face": grey, "neck": black, "tail": grey}, 40)
    assert scores["see_through.psnr"] == pytest.approx(10 * np.log10(2 / 0.2**2))  # (0.2² + 0) / 2; no word of the tail


def test_both_are_cut_to_the_box_around_both_and_stretched():
    truth, predicted = page((10, 10, 20, 20)), page((10, 20, 20, 30))
    scores = see_through_scores({"nose": truth}, {"nose": predicted}, 40)
    assert shares(scores)[1] == pytest.approx(38.5 / 40, abs=1e-3)  # apart, but for two columns that are 3/4 and 1/4
    far = see_through_scores({"nose": truth}, {"nose": page()}, 40)
    assert shares(far)[1] == pytest.approx(100 / 1600)  # nothing there: the whole page counts


def test_haze_makes_no_box_and_no_colour_but_counts_in_masks():
    full = page((0, 0, 40, 40))
    hazy = see_through_scores({"nose": page((10, 10, 20, 20))}, {"nose": page((0, 0, 40, 40), alpha=10)}, 40)
    assert hazy["see_through.psnr"] == see_through_scores({"nose": page((10, 10, 20, 20))}, {}, 40)["see_through.psnr"]
    assert shares(hazy)[1] == pytest.approx((100 * (245 / 255) ** 2 + 1500 * (10 / 255) ** 2) / 1600)
    assert mask_errors(full, page((0, 0, 40, 40), alpha=51))[1] == pytest.approx(0.8**2)


def test_pages_that_are_no_squares_are_padded_around_their_centre():
    tall = page((0, 0, 40, 20), size=(40, 20))
    square = page((0, 10, 40, 30))
    assert shares(see_through_scores({"legwear": tall}, {"legwear": square}, 40))[1] == 0


def test_every_one_of_our_tags_is_in_one_of_theirs():
    merged = [name for tag in PAPER_PARTS for name in PAPER_MERGED.get(tag, (tag,))]
    assert sorted(merged) == sorted(term.name for term in PARTS)


def test_pieces_become_pages():
    one = sample()
    white = np.zeros((*SIZE, 4), np.uint8)
    pages = {}
    for tag in PAPER_PARTS:
        canvas = white.copy()
        for name in PAPER_MERGED.get(tag, (tag,)):
            for layer in one.parts:
                if layer.name == name or layer.name.startswith(f"{name}-"):
                    _lay(canvas, layer)
        if canvas.any():
            pages[tag] = canvas
    assert {"hair", "eyes", "handwear"} <= set(pages)
    without = {tag: rgba for tag, rgba in pages.items() if tag != "mouth"}
    lost = one.parts.replace(layers=tuple(layer for layer in one.parts if layer.name != "mouth"))
    found, wanted = measure_published(one, Prediction(lost), 64), see_through_scores(pages, without, 64)
    assert found == pytest.approx(wanted, abs=2e-3)  # our page rounds once, the test after every layer
    assert measure_published(one, Prediction(one.parts), 64)["see_through.psnr"] == PSNR_CEILING
    assert measure_published(one.replace(parts=None, rendering=one.parts), Prediction(one.parts)) == {}


def _lay(canvas, layer):
    top, left = layer.top, layer.left
    for y in range(max(0, -top), min(layer.height, SIZE[0] - top)):
        for x in range(max(0, -left), min(layer.width, SIZE[1] - left)):
            over, under = layer.rgba[y, x] / 255, canvas[top + y, left + x] / 255
            alpha = over[3] + under[3] * (1 - over[3])
            if alpha:
                colour = (over[:3] * over[3] + under[:3] * under[3] * (1 - over[3])) / alpha
                canvas[top + y, left + x] = np.floor(np.array([*colour, alpha]) * 255 + 0.5)


def test_hair_and_eyes_may_come_whole():
    one = sample()
    hair = Layer("hair", page((2, 2, 12, 12), size=SIZE))
    whole = measure_published(one, Prediction(LayerStack(*SIZE, (hair,))), 64)
    front = measure_published(one, Prediction(LayerStack(*SIZE, (hair.replace(name="front hair"),))), 64)
    assert whole == front != measure_published(one, Prediction(LayerStack(*SIZE, ())), 64)


def test_eyes_are_merged_bottom_to_top_whatever_their_order():
    one = sample()
    eyes = [layer for layer in one.parts if layer.name in ("eyewhite-l", "irides-l")]
    forth, back = (Prediction(LayerStack(*SIZE, tuple(layers))) for layers in (eyes, eyes[::-1]))
    assert measure_published(one, forth, 64) == measure_published(one, back, 64)


def test_published_rows_name_metrics_that_are_there():
    for table in PUBLISHED.values():
        assert set(table.nearest.values()) <= {*METRICS, "perceptual.fid"}
        assert all(set(row) == set(table.nearest) for row in table.rows.values())
        assert "not comparable" in table.data
    assert PUBLISHED["see-through"].rows["See-through"]["Dice"] == 0.3855
    assert PUBLISHED["rendering layers"].rows["the paper"]["LMSE"] == 0.0017
