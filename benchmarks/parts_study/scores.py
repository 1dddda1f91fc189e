"""How well the layers of a page came out, as sampled: on the pages of the networks, nothing solved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from animelayers.composite import flatten
from animelayers.evaluation.catalogue import METRICS, PSNR_CEILING, Better, Metric
from animelayers.evaluation.pieces import DUST
from animelayers.evaluation.published import see_through_scores
from animelayers.evaluation.similarity import dice, on_grounds, psnr, ssim
from animelayers.parts import PAPER_MERGED, PAPER_PARTS
from animelayers.stack import Layer, LayerStack, Rgba


def _metric(name: str, better: Better, unit: str, what: str) -> Metric:
    return Metric(name, "parts", better, unit, headline=True, what=what)


PUBLISHED = {
    name: METRICS[name]
    for name in ("see_through.mask_dice", "see_through.mask_mse", "see_through.psnr", "see_through.ssim")
}
"""Those of the paper's benchmark, faults included."""
LAYERS = {
    metric.name: metric
    for metric in (
        _metric("mask.dice", "higher", "", "2 Σ pt / (Σ p² + Σ t²) of a part's alphas, mean over the truth's tags"),
        _metric("mask.mse", "lower", "", "squared difference of alphas, mean over all 23 tags"),
        _metric("page.psnr", "higher", "dB", "PSNR of a part on white and on black, whole page, the same mean"),
        _metric("page.ssim", "higher", "", "SSIM of the same"),
        _metric("empty.missed", "lower", "", "share of the truth's tags that are not there"),
        _metric("empty.invented", "lower", "", "share of the tags that the truth has nothing of, and that are there"),
    )
}
"""The field's, on whole pages. A tag is there if 12 px are at least half opaque; less is dust."""


def layer_scores(true: Mapping[str, Rgba], made: Mapping[str, Rgba], square: int) -> dict[str, float]:
    """Values of `PUBLISHED` and `LAYERS`; what is not defined is not there.

    Args:
        true: all tags of `parts.PARTS` that the networks have looked for, uint8 [r, r, 4].
        made: the same tags on the same pages.
        square: side to which the published benchmark stretches them, px.
    """
    there = [tag for tag, rgba in true.items() if _there(rgba)]
    absent = [tag for tag, rgba in true.items() if not rgba.any()]
    scores = see_through_scores(_merged(true), _merged(made), square)
    scores["mask.mse"] = _mean(((true[tag][..., 3] - made[tag][..., 3].astype(float)) / 255) ** 2 for tag in true)
    if there:
        pairs = [(made[tag], true[tag]) for tag in there]
        grounds = [[np.concatenate(on_grounds(rgba), axis=2) for rgba in pair] for pair in pairs]
        scores["mask.dice"] = _mean(dice(a[..., 3], b[..., 3]) or 0.0 for a, b in pairs)
        scores["page.psnr"] = _mean(min(psnr(a, b), PSNR_CEILING) for a, b in grounds)
        scores["page.ssim"] = _mean(ssim(a, b) for a, b in grounds)
        scores["empty.missed"] = _mean(not _there(made[tag]) for tag in there)
    if absent:
        scores["empty.invented"] = _mean(_there(made[tag]) for tag in absent)
    return scores


def _there(rgba: Rgba) -> bool:
    return int(np.count_nonzero(rgba[..., 3] >= 128)) >= DUST


def _mean(values: Iterable[object]) -> float:
    return float(np.mean(list(values)))  # type: ignore[arg-type]


def _merged(parts: Mapping[str, Rgba]) -> dict[str, Rgba]:
    """Those of the paper's tags that are there."""
    out = {}
    for tag in PAPER_PARTS:
        own = [
            Layer(name, parts[name]) for name in PAPER_MERGED.get(tag, (tag,)) if name in parts and parts[name].any()
        ]
        if own:
            out[tag] = flatten(LayerStack(own[0].height, own[0].width, tuple(own)))
    return out
