"""The ruler of rendering layers: what is perfect scores so, and what is wrong is off by just as much as it is wrong."""

import math

import numpy as np
import pytest
from samples import OURS, sample

from animelayers.composite import flatten
from animelayers.data.sample import SLOTS, Sample
from animelayers.errors import StackError
from animelayers.evaluation.catalogue import METRICS, PSNR_CEILING
from animelayers.evaluation.prediction import Prediction
from animelayers.evaluation.rendering import measure_rendering
from animelayers.rendering.classic import guess_layers
from animelayers.rendering.solve import BLENDS, RenderingGuess, exact_stack, shade, unsolved_stack
from animelayers.stack import Blend, Layer, LayerStack

OURS_ALL = {name for name, metric in METRICS.items() if metric.mode == "rendering"}
PERFECT = {"psnr": PSNR_CEILING, "psnr_masked": PSNR_CEILING} | dict.fromkeys(
    ("ssim", "ssim_masked", "soft_iou", "f1", "f1_near", "precision", "recall"), 1.0
)
"""The last word of a metric's name → its value for the truth itself; that of errors is 0."""

H, W = 40, 32


def sheet(colour=(0, 0, 0), alpha=0.0, where=np.s_[:, :]):
    """uint8 [H, W, 4] of one colour, with an alpha of 0..1 in one place and nothing elsewhere."""
    out = np.zeros((H, W, 4), np.uint8)
    out[where] = (*colour, round(255 * alpha))
    out[out[..., 3] == 0] = 0
    return out


def stack_of(**sheets):
    """A stack of sheets, or of layers, by slot; an empty sheet where none is given."""
    given = {slot: sheets.pop(slot, sheet()) for slot in SLOTS} | sheets
    layers = (
        found if isinstance(found, Layer) else Layer(slot, found, blend=BLENDS.get(slot, Blend.NORMAL))
        for slot, found in given.items()
        if found is not None
    )
    return LayerStack(H, W, tuple(layers))


def truth(**sheets):
    """A sample of which these are the rendering layers; its flat is opaque unless it is given."""
    stack = stack_of(**{"flat": sheet((200, 150, 100), 1)} | sheets)
    return Sample("one", flatten(stack), OURS, rendering=stack)


def measure(true, stack, **options):
    return measure_rendering(true, Prediction(stack, **options), true.picture)


def test_the_truth_scores_perfectly():
    true = sample(size=(96, 80))
    measured = measure(true, true.rendering, raw=true.rendering)
    assert set(measured.scores) == OURS_ALL
    assert measured.faults == ()
    for name, value in measured.scores.items():
        group, _, what = name.partition(".")
        if group == "layerd":
            assert value == (1 if what.endswith("_iou") else 0), name
        elif group != "probe":
            assert value == pytest.approx(PERFECT.get(what, 0), abs=1e-12), name


def test_a_guess_is_measured_finitely_and_completely():
    true = sample(size=(96, 80))
    guess = guess_layers(true.picture)
    made, raw = exact_stack(true.picture, guess), unsolved_stack(true.picture, guess)
    scores = measure(true, made, raw=raw).scores
    assert set(scores) == OURS_ALL
    assert all(math.isfinite(value) for value in scores.values())
    assert scores["recomposed.max_error"] == 0
    assert scores["recomposed.psnr"] == PSNR_CEILING > scores["raw.psnr"] > 20
    assert scores["flat.l1"] > 0.01
    assert 0 < scores["line.f1"] <= scores["line.f1_near"] < 1


def test_recomposition_of_a_constant_error():
    true = truth(flat=sheet((100, 100, 100), 1))
    scores = measure(true, stack_of(flat=sheet((103, 103, 103), 1))).scores
    for group in ("", "_masked"):
        assert scores[f"recomposed.psnr{group}"] == pytest.approx(20 * math.log10(255 / 3), abs=1e-4)
        assert scores[f"recomposed.lmse_windowed{group}"] == pytest.approx((3 / 255) ** 2, rel=1e-4)
        assert scores[f"recomposed.lmse_scaled{group}"] == pytest.approx(0, abs=1e-7)
        assert scores[f"recomposed.lmse_grosse{group}"] == pytest.approx(0, abs=1e-7)
    assert scores["recomposed.mean_error"] == pytest.approx(3, abs=1e-4)
    assert scores["recomposed.max_error"] == 3
    assert scores["flat.l1"] == pytest.approx(3 / 255, abs=1e-6)
    assert scores["layerd.flat_l1"] == pytest.approx(3 / 255, abs=1e-6)


def test_what_is_masked_is_over_the_figure():
    true = truth(flat=sheet((100, 100, 100), 1, np.s_[:20]))
    beside = true.rendering["flat"].rgba.copy()
    beside[20:] = (0, 0, 0, 255)
    scores = measure(true, stack_of(flat=beside)).scores
    assert scores["recomposed.psnr"] == pytest.approx(10 * math.log10(2), abs=1e-4)  # half of it is black for white
    assert scores["recomposed.psnr_masked"] == PSNR_CEILING
    assert scores["recomposed.ssim_masked"] > scores["recomposed.ssim"]
    assert scores["recomposed.lmse_windowed"] > scores["recomposed.lmse_windowed_masked"] == 0
    assert scores["recomposed.mean_error"] == scores["flat.l1"] == scores["flat.delta_e"] == 0
    assert scores["recomposed.max_error"] == 255


def test_the_figure_is_that_of_the_picture_when_the_image_is_seen():
    true = sample(size=(96, 80))
    scores = measure_rendering(true, Prediction(true.rendering), true.image).scores
    figure = true.picture[..., 3] > 0
    on_white = flatten(LayerStack(96, 80, (Layer("w", np.full_like(true.picture, 255)), Layer("p", true.picture))))
    off = np.abs(on_white.astype(float) - true.image)[figure][:, :3].mean()
    assert scores["recomposed.mean_error"] == pytest.approx(off, abs=0.1)
    assert scores["flat.l1"] == 0


def test_raw_is_measured_apart():
    true = truth()
    off = stack_of(flat=sheet((190, 150, 100), 1))
    scores = measure(true, true.rendering, raw=off).scores
    assert scores["recomposed.max_error"] == 0
    assert scores["raw.max_error"] == 10
    assert scores["raw.mean_error"] == pytest.approx(10 / 3, abs=1e-4)
    assert not any(name.startswith("raw.") for name in measure(true, true.rendering).scores)


def test_how_alpha_is_spent_does_not_matter():
    strong, weak = np.s_[5:20], np.s_[25:30]
    shadow = np.maximum(sheet((100, 50, 0), 0.4, strong), sheet((200, 220, 255), 0.8, weak))
    highlight = np.maximum(sheet((255, 200, 0), 0.2, strong), sheet((20, 0, 90), 0.6, weak))
    true = truth(shadow=shadow, highlight=highlight, line=sheet((10, 20, 30), 0.4, weak))
    a = shadow[..., 3:] / 255
    opaque = [
        np.where(a > 0, 255 - a * (255 - shadow[..., :3]) + 0.5, 0),
        np.where(a > 0, highlight[..., 3:] / 255 * highlight[..., :3] + 0.5, 0),
    ]
    alpha = 255 * (a > 0)
    spent = [np.concatenate([colour, alpha], axis=2).astype(np.uint8) for colour in opaque]
    line = Layer("line", sheet((10, 20, 30), 0.8, weak), opacity=0.5)
    scores = measure(true, stack_of(flat=true.rendering["flat"], shadow=spent[0], highlight=spent[1], line=line)).scores
    for slot in ("shadow", "highlight", "line"):
        assert scores[f"{slot}.l1"] < 0.5 / 255, slot
        assert scores[f"{slot}.soft_iou"] > 0.98, slot
    assert scores["layerd.shadow_iou"] < 0.6  # LayerD minds


def test_a_shade_is_off_by_what_it_does():
    here = np.s_[:10]
    true = truth(shadow=sheet((0, 0, 0), 0.4, here), highlight=sheet((255, 255, 255), 0.2, here))
    made = stack_of(
        flat=true.rendering["flat"],
        shadow=sheet((0, 0, 0), 0.6, here),
        highlight=sheet((255, 255, 255), 0.2, np.s_[:20]),
    )
    scores = measure(true, made).scores
    assert scores["shadow.l1"] == pytest.approx(0.2 / 4)
    assert scores["shadow.soft_iou"] == pytest.approx(0.4 / 0.6)
    assert scores["highlight.l1"] == pytest.approx(0.2 / 4)
    assert scores["highlight.soft_iou"] == pytest.approx(1 / 2)


@pytest.mark.parametrize(
    "layer",
    [
        Layer("shadow", sheet((0, 0, 0), 0.4, np.s_[:10])),
        Layer("shadow", sheet((120, 90, 60), 1, np.s_[:10])),
        Layer("shadow", sheet((120, 90, 60), 1, np.s_[:10]), blend=Blend.DARKEN),
        Layer("shadow", sheet((80, 60, 40), 1, np.s_[:10]), blend=Blend.DIFFERENCE),
    ],
)
def test_a_shadow_of_another_mode_is_what_it_makes_of_the_flat(layer):
    true = truth(shadow=sheet((0, 0, 0), 0.4, np.s_[:10]))
    scores = measure(true, stack_of(shadow=layer, flat=true.rendering["flat"])).scores
    assert scores["recomposed.max_error"] == 0
    assert scores["shadow.l1"] == pytest.approx(0, abs=1e-6)
    assert scores["shadow.soft_iou"] == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        Layer("highlight", sheet((255, 255, 255), 0.2, np.s_[:10])),
        Layer("highlight", sheet((11, 21, 31), 1, np.s_[:10]), blend=Blend.ADD),
        Layer("highlight", sheet((211, 171, 131), 1, np.s_[:10]), blend=Blend.LIGHTEN),
    ],
)
def test_a_highlight_of_another_mode_is_what_it_makes_of_what_lies_below(layer):
    true = truth(highlight=sheet((255, 255, 255), 0.2, np.s_[:10]))
    scores = measure(true, stack_of(highlight=layer, flat=true.rendering["flat"])).scores
    assert scores["recomposed.max_error"] == 0
    assert scores["highlight.l1"] == pytest.approx(0, abs=1e-6)
    assert scores["highlight.soft_iou"] == pytest.approx(1, abs=1e-5)


def test_a_shadow_cannot_brighten_and_a_highlight_cannot_darken():
    true = truth()
    made = stack_of(
        flat=true.rendering["flat"],
        shadow=Layer("shadow", sheet((255, 255, 255), 0.5)),
        highlight=Layer("highlight", sheet((0, 0, 0), 0.5)),
    )
    scores = measure(true, made).scores
    assert scores["shadow.l1"] == scores["highlight.l1"] == 0
    assert scores["recomposed.max_error"] > 50


def test_shades_over_black_over_white_and_over_nothing_are_measured():
    flat = sheet((200, 150, 100), 1)
    flat[:10], flat[10:20], flat[20:30] = (0, 0, 0, 255), (255, 255, 255, 255), 0
    true = truth(flat=flat)
    made = stack_of(
        flat=flat,
        shadow=Layer("shadow", sheet((0, 0, 0), 0.5)),
        highlight=Layer("highlight", sheet((255, 255, 255), 0.2)),
    )
    scores = measure(true, made).scores
    assert scores["shadow.l1"] == pytest.approx(20 / 30 * 128 / 255)  # black cannot get darker
    # White was made grey before it was lit, and what lay on nothing is lit too, but is not over the figure.
    assert scores["highlight.l1"] == pytest.approx(0.2)


def test_a_line_that_multiplies_is_measured_as_ink():
    stroke = np.s_[:, 8:10]
    true = truth(line=sheet((0, 0, 0), 0.8, stroke))
    paper = sheet((255, 255, 255), 1)
    paper[stroke] = (51, 51, 51, 255)
    flat = true.rendering["flat"]
    scores = measure(true, stack_of(flat=flat, line=Layer("line", paper, blend=Blend.MULTIPLY))).scores
    assert scores["line.l1"] == pytest.approx(0, abs=1e-6)
    assert scores["line.soft_iou"] == scores["line.f1"] == 1
    alone = stack_of(flat=None, line=Layer("line", sheet((0, 0, 0), 0.8, stroke), blend=Blend.MULTIPLY))
    scores = measure(true, alone).scores
    assert scores["line.soft_iou"] == scores["line.f1"] == 1  # on nothing, Multiply is Normal


def test_lines_beside_the_true_ones():
    true = truth(line=sheet((0, 0, 0), 1, np.s_[:, 8]))
    off = stack_of(flat=true.rendering["flat"], line=sheet((0, 0, 0), 1, np.s_[:, 9]))
    scores = measure(true, off).scores
    assert (scores["line.f1"], scores["line.f1_near"], scores["line.soft_iou"]) == (0, 1, 0)
    assert scores["line.l1"] == pytest.approx(2 / W / 2)  # two columns; black ink shows on white only
    wide = stack_of(flat=true.rendering["flat"], line=sheet((0, 0, 0), 1, np.s_[:, 8:10]))
    scores = measure(true, wide).scores
    assert (scores["line.precision"], scores["line.recall"]) == (0.5, 1)
    assert scores["line.f1"] == pytest.approx(2 / 3)
    faint = stack_of(flat=true.rendering["flat"], line=sheet((0, 0, 0), 127 / 255, np.s_[:, 8]))
    assert measure(true, faint).scores["line.recall"] == 0


def test_flats_are_compared_on_white_and_on_black():
    true = truth(flat=sheet((255, 255, 255), 1))
    black = measure(true, stack_of(flat=sheet((0, 0, 0), 1))).scores
    assert (black["flat.l1"], black["flat.delta_e"]) == pytest.approx((1, 100), abs=1e-3)
    none = measure(true, stack_of(line=sheet((255, 255, 255), 1))).scores
    assert (none["flat.l1"], none["flat.delta_e"]) == pytest.approx((0.5, 50), abs=1e-3)


@pytest.mark.parametrize("hidden", [False, True])
def test_a_missing_layer_is_a_fault_and_counts_as_empty(hidden):
    true = truth(shadow=sheet((0, 0, 0), 0.4, np.s_[:10]), line=sheet((0, 0, 0), 1, np.s_[30:]))
    shadow = true.rendering["shadow"].replace(visible=False) if hidden else None
    measured = measure(true, stack_of(flat=true.rendering["flat"], shadow=shadow, line=true.rendering["line"]))
    assert [fault.code for fault in measured.faults] == ["missing-layer"]
    assert measured.faults[0].what == f"shadow is {'hidden' if hidden else 'not there'}"
    scores = measured.scores
    assert scores["shadow.l1"] == pytest.approx(0.4 / 4)
    assert scores["shadow.soft_iou"] == scores["layerd.shadow_iou"] == 0
    assert scores["line.f1"] == 1
    assert scores["recomposed.max_error"] == 80  # 200 · 0.4
    assert not any(name.startswith("probe.") for name in scores)


def test_layers_of_other_names():
    true = truth()
    extra = {
        "source": Layer("source", sheet((9, 9, 9), 1), visible=False),
        "background": Layer("background", sheet((1, 2, 3), 1, np.s_[:1])),
        "scribble": Layer("scribble", sheet(), visible=False),
        "again": Layer("flat", sheet(), group=("two",)),
    }
    measured = measure(true, stack_of(flat=true.rendering["flat"], **extra))
    assert [fault.code for fault in measured.faults] == ["unknown-layer"] * 3
    assert [fault.what.split("'")[1] for fault in measured.faults] == ["background", "scribble", "two/flat"]
    assert measured.scores["flat.l1"] == 0
    assert measured.scores["recomposed.max_error"] == 199  # the background shows
    assert "probe.haze" in measured.scores


def test_nothing_is_measured_of_what_is_no_rendering_or_of_another_size():
    true = truth()
    stack = LayerStack(H, W, (Layer("face", sheet((1, 1, 1), 1)), Layer("line", sheet(), visible=False)))
    measured = measure(true, stack)
    assert [fault.code for fault in measured.faults] == ["empty"]
    assert "face" in measured.faults[0].what
    small = LayerStack(8, 8, (Layer("flat", np.zeros((8, 8, 4), np.uint8)),))
    assert [fault.code for fault in measure(true, small).faults] == ["other-size"]
    assert [fault.code for fault in measure(true, true.rendering, raw=small).faults] == ["other-size"]
    assert measured.scores == measure(true, small).scores == {}


def test_layers_that_neither_has_are_not_scored_but_by_layerd():
    true = truth(shadow=sheet((0, 0, 0), 0.4, np.s_[:10]))
    scores = measure(true, true.rendering).scores
    assert not {"highlight.soft_iou", "line.soft_iou", "line.f1", "line.f1_near"} & set(scores)
    assert scores["highlight.l1"] == scores["line.l1"] == 0
    assert (scores["layerd.highlight_l1"], scores["layerd.highlight_iou"]) == (0, 0)


def test_layers_may_be_cut_and_may_reach_over_the_canvas():
    true = sample(size=(48, 40))
    wide = tuple(
        layer.replace(rgba=np.pad(layer.rgba, ((3, 2), (4, 1), (0, 0)), constant_values=77), top=-3, left=-4)
        for layer in true.rendering
    )
    assert measure(true, true.rendering.replace(layers=wide)) == measure(true, true.rendering)
    box = np.s_[10:30, 5:20]
    true = truth(shadow=sheet((0, 0, 0), 0.4, box))
    cut = Layer("shadow", true.rendering["shadow"].rgba[box], 10, 5, Blend.MULTIPLY)
    assert measure(true, stack_of(flat=true.rendering["flat"], shadow=cut)) == measure(true, true.rendering)


def test_without_rendering_truth_only_the_picture_and_the_probes_are_measured():
    true = sample(bare=True)
    made = exact_stack(true.picture, guess_layers(true.picture))
    scores = measure(true, made).scores
    assert set(scores) == {name for name in OURS_ALL if name.startswith(("recomposed.", "probe."))}


def test_an_empty_picture_has_no_figure():
    true = truth(flat=sheet())
    scores = measure(true, true.rendering).scores
    assert all(math.isfinite(value) for value in scores.values())
    assert scores["recomposed.psnr"] == PSNR_CEILING
    assert not {"recomposed.psnr_masked", "recomposed.ssim_masked", "recomposed.mean_error", "flat.l1"} & set(scores)


def noise(seed, *shape):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_an_unsolved_stack_says_what_the_guess_says():
    source, line = noise(0, 24, 24, 4), noise(1, 24, 24, 4)
    source[:12, :, 3], source[20:, :, 3] = 255, 0
    line[:4, :, 3] = 0
    flat, base = noise(2, 24, 24, 3), noise(3, 24, 24, 3)
    stack = unsolved_stack(source, RenderingGuess(flat, line, base))
    made = flatten(stack)
    assert np.array_equal(made[..., 3], source[..., 3])
    a = line[..., 3:] / 255
    meant = a * line[..., :3] + (1 - a) * base
    assert np.abs(made[:12, :, :3] - meant[:12]).max() <= 1
    rim = source[..., 3] >= 64
    assert np.abs(made[..., :3] - meant)[rim].max() <= 5
    assert np.array_equal(stack["flat"].rgba[:12, :, :3], flat[:12])
    assert np.array_equal(stack["line"].rgba[4:12], np.where(line[..., 3:] > 0, line, 0)[4:12])
    assert np.array_equal(stack["shadow"].rgba[:12], shade(flat, base)[0][:12])
    assert {layer.name: layer.blend for layer in stack} == BLENDS


def test_an_unsolved_stack_wants_a_guess_of_its_size():
    with pytest.raises(StackError, match="base is 3 × 4"):
        unsolved_stack(noise(0, 4, 4, 4), RenderingGuess(noise(0, 4, 4, 3), noise(0, 4, 4, 4), noise(0, 3, 4, 3)))
