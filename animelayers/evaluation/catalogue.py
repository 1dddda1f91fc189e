"""Every number that `eval` reports: its stable name, which way is better, what it is and where it is defined.

Names are `group.metric`. The groups `see_through` and `layerd` hold those papers' own definitions to the letter, faults
included, for comparison with their tables; all others are the field's standard ones.

Colours and alpha are 0..1 in every definition but those in `levels`. Two sheets that are transparent differ in alpha
and not in the colour below it, so sheets with alpha are compared on white *and* on black and the errors, squared ones
for PSNR, are averaged (`on both grounds`): a missing white shirt counts as much as a missing black one. `The figure` is
where the picture of the sample has any alpha, also when its image on a background was seen.

A part, a side or a stratum of it is there if it covers at least half of 12 px or more, and shows if it is the top-most
to do so; less is dust, in truth and prediction alike. Pieces are tags, or sides of tags where both name sides, and are
pairs where the truth has both in 12 px or more; of a pair, undecided order is wrong order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from animelayers.data.sample import SLOTS
from animelayers.models.registry import Mode

Better = Literal["higher", "lower", "neither"]

PSNR_CEILING = 100.0
"""dB; equal pictures, whose PSNR is infinite, count as this much."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One column."""

    name: str
    mode: Mode | None
    """None: of both modes."""
    better: Better
    unit: str
    """`dB`, `levels` (of 255), `ΔE`, `colours` (how many), `s`, `MiB`; empty for shares, indices and errors in 0..1."""
    headline: bool
    """Whether the first table shows it; the others come in a longer one."""
    what: str
    """The definition, in a sentence or two."""
    source: str = ""
    """Paper and section, or the program whose definition it is."""

    @property
    def group(self) -> str:
        """What comes before the first dot."""
        return self.name.partition(".")[0]


_WAYS: Mapping[str, Better] = {"↑": "higher", "↓": "lower", "·": "neither"}
_SOURCES = {
    "CIE76": "CIE 1976 L*a*b* colour difference",
    "Depth": "Illustrator's Depth, CVPR 2026, tables 1 and 3",
    "Dice": "Milletari et al. 2016, V-Net, eq. 1 and after",
    "FID": "Heusel et al. 2017",
    "Grosse": "Grosse et al. 2009, Ground truth dataset and baseline evaluations for intrinsic image algorithms, §5",
    "LayerD": "Suzuki et al., LayerD, ICCV 2025, evaluation protocol",
    "LPIPS": "Zhang et al. 2018",
    "MiDaS": "Ranftl et al. 2020, affine-invariant depth, as Marigold reports it",
    "See-through": "See-through, training/scripts/benchmark.py",
    "SSIM": "Wang et al. 2004, Image quality assessment: from error visibility to structural similarity",
    "VGG": "Johnson et al. 2016, eq. 2, on features normalised as in Zhang et al. 2018, eq. 1",
}


def _table(mode: Mode | None, text: str) -> Iterator[Metric]:
    """Lines of `name | arrow, unit, * for the first table | definition | source`."""
    for line in text.strip().splitlines():
        name, how, what, source = (cell.strip() for cell in line.split("|"))
        way, *rest = how.split()
        unit = " ".join(word for word in rest if word != "*")
        yield Metric(name, mode, _WAYS[way], unit, "*" in rest, what, _SOURCES.get(source, source))


_RECOMPOSITION = """
psnr                 | ↑ dB *   | PSNR, whole picture on white |
psnr_masked          | ↑ dB     | PSNR over the figure, on white |
ssim                 | ↑        | SSIM (Gaussian 11 px, σ 1.5, mean of RGB), whole picture on white | SSIM
ssim_masked          | ↑        | mean of the same SSIM map over the figure | SSIM
lmse_windowed        | ↓        | squared error in windows of 20 px, stride 10: what papers print as LMSE |
lmse_windowed_masked | ↓        | the same over the figure |
lmse_scaled          | ↓        | squared error after the best scale of every window, per pixel | Grosse
lmse_scaled_masked   | ↓        | the same over the figure | Grosse
lmse_grosse          | ↓        | LMSE proper: that error over the energy of the source | Grosse
lmse_grosse_masked   | ↓        | the same over the figure | Grosse
mean_error           | ↓ levels | mean absolute difference over the figure, on white |
max_error            | ↓ levels | largest difference of any channel; of colour only where the source has any alpha |
"""

_SLOTS = """
flat.l1            | ↓ *  | mean absolute difference of the flat on both grounds, over the figure |
flat.delta_e       | ↓ ΔE | mean colour difference of the flat on both grounds, over the figure | CIE76
shadow.l1          | ↓ *  | mean absolute difference of what the shadow multiplies with, over the figure |
shadow.soft_iou    | ↑    | Σ min / Σ max of how much the shadow takes away |
highlight.l1       | ↓ *  | mean absolute difference of what the highlight screens with, over the figure |
highlight.soft_iou | ↑    | Σ min / Σ max of how much the highlight adds |
line.l1            | ↓ *  | mean absolute difference of the line layer on both grounds, over the figure |
line.soft_iou      | ↑ *  | Σ min / Σ max of line alpha |
line.f1            | ↑ *  | F1 of pixels that are at least half line |
line.f1_near       | ↑    | the same where a line within 1 px per 1000 px of height (1 px at least) counts as met |
line.precision     | ↑    | share of predicted line pixels that are line; 0 if there are none |
line.recall        | ↑    | share of line pixels that were predicted; 0 if there are none |
"""

_PROBES = """
probe.flat_colours        | · colours | colours that hold 99 % of the flat |
probe.flat_line_energy    | ↓ | thin dark structure left in the flat, as a share of that in the source |
probe.flat_seams          | ↓ | share of borders between flats where the source has neither line nor edge |
probe.line_leak           | ↓ | share of line opacity whose colour is that of the flat beneath |
probe.line_cover          | · | opacity of the line layer over the figure's area |
probe.shadow_darkens      | · | share of the figure that the shadow darkens visibly |
probe.highlight_brightens | · | share of the figure that the highlight brightens visibly |
probe.haze                | ↓ | share of covered pixels whose alpha is at most 16 of 255 |
"""

_PARTS = """
visible.iou               | ↑ *        | IoU of the maps of visible parts, mean over the tags that the truth shows |
visible.iou_all           | ↑          | the same over tags that truth or prediction shows: an invented tag scores 0 |
visible.accuracy          | ↑ *        | share of the pixels where the truth shows a tag that show the same |
amodal.soft_iou           | ↑ *        | Σ min / Σ max of a part's whole alpha, mean over the tags in the truth |
amodal.dice               | ↑          | 2 Σ pt / (Σ p² + Σ t²) of the same alphas, same mean | Dice
part.psnr                 | ↑ dB       | PSNR of a part on both grounds where either is, mean over tags in the truth |
part.ssim                 | ↑          | SSIM of a part on both grounds where either is, same mean | SSIM
hidden.psnr               | ↑ dB *     | PSNR on both grounds of what others hide, mean over tags with 64 px of it |
hidden.cover              | ↑          | share of hidden area that the prediction covers, same mean |
presence.f1               | ↑ *        | F1 of which tags there are |
presence.precision        | ↑          | share of predicted tags that are there |
presence.recall           | ↑          | share of tags that were predicted |
presence.empty_rate       | ↓          | share of the truth's tags with no layer, or less than 12 px above alpha 8 |
flatten.max_error         | ↓ levels * | largest difference of the flattened stack from the picture |
flatten.mean_error        | ↓ levels   | mean absolute difference of the same on white, over the figure |
order.pairs               | ↑ *        | share of overlapping pairs in the right order, if both are there |
order.judged              | ↑          | share of overlapping pairs of which both pieces were predicted |
strata.iou                | ↑          | soft IoU of strata by rank from the nearest, mean over those of split pieces |
strata.split_f1           | ↑          | F1 of which pieces are split into strata |
sides.accuracy            | ↑          | share of right sides where a sided part and its tag show; no side is wrong |
depth.abs_rel             | ↓          | AbsRel on [1, 2] (1 nearest) over the figure, aligned by least squares | MiDaS
depth.delta1              | ↑          | share of the figure with max(d/t, t/d) < 1.25, aligned alike | MiDaS
see_through.psnr          | ↑ dB       | PSNR of parts stretched to a square, one MSE for all of them | See-through
see_through.ssim          | ↑          | SSIM of the same crops | See-through
see_through.mask_dice     | ↓          | 1 − Dice without its factor 2: perfect is 0.5, empty on empty 0 | See-through
see_through.mask_mse      | ↓          | squared difference of alpha on the same crops, over all 19 tags | See-through
see_through.depth_abs_rel | ↓          | AbsRel on [−1, 1] of visible parts, aligned, where truth > .01 | See-through
see_through.depth_delta1  | ↑          | δ < 1.25 of the same | See-through
"""

_BOTH = """
perceptual.lpips | ↓ | LPIPS (VGG) on white: of the recomposed picture; of parts, mean over tags in the truth | LPIPS
perceptual.vgg   | ↓ | squared distance of VGG16 features of unit length, mean of 5 layers: not LPIPS; of the same | VGG
cost.seconds     | ↓ s *   | time of one prediction |
cost.peak_mb     | ↓ MiB * | largest resident memory while predicting |
cost.peak_gpu_mb | ↓ MiB   | most memory of CUDA devices that tensors held while predicting |
"""

_POOLED = """
pooled.visible_miou | ↑ | mIoU of visible parts: areas of all samples added tag by tag, then the mean over tags |
pooled.presence_f1  | ↑ | F1 of which tags there are, all samples together |
pooled.order_pairs  | ↑ | share of overlapping pairs in the right order, all samples together |
"""

_INDEX = """
index.order             | ↑ * | share of pairs of pixels of two true layers in the right order; a tie is wrong | Depth
index.order_half        | ↑   | the same where a tie is half right: 0.5 of a constant |
index.order_figure      | ↑ * | the same, ties wrong, of pairs of which neither is the ground |
index.order_figure_half | ↑   | of these pairs, where a tie is half right |
index.mae               | ↓ * | mean distance of (D − median) / mean abs of the same; of a constant 1 | Depth
index.mse               | ↓   | mean squared difference of the same | Depth
index.paths             | ↓   | difference of the numbers of paths of two SVGs, over that of the truth | Depth
"""


def _recomposition(group: str, what: str) -> Iterator[Metric]:
    """The same measures of one more flattened stack."""
    for metric in _table("rendering", _RECOMPOSITION):
        headline = metric.headline or (group, metric.name) == ("recomposed", "max_error")
        yield Metric(
            f"{group}.{metric.name}",
            "rendering",
            metric.better,
            metric.unit,
            headline,
            f"{what}: {metric.what}",
            metric.source,
        )


def _layerd() -> Iterator[Metric]:
    for slot in SLOTS:
        yield from _table(
            "rendering",
            f"layerd.{slot}_l1  | ↓ | {slot}: mean RGB difference where the true alpha > 0, 0 if it never is | LayerD\n"
            f"layerd.{slot}_iou | ↑ | {slot}: Σ min / Σ max of the layer's alpha, 0 if both are empty | LayerD",
        )


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        *_recomposition("recomposed", "the stack as handed over"),
        *_recomposition("raw", "what the model said, before the exact solve"),
        *_table("rendering", _SLOTS),
        *_layerd(),
        *_table("rendering", _PROBES),
        *_table("parts", _PARTS),
        *_table(None, _BOTH),
    )
}
"""Of one sample: name → metric, in the order of tables."""


def _pairs(sums: Mapping[str, float]) -> float | None:
    return sums["right"] / sums["judged"] if sums.get("judged") else None


def _presence(sums: Mapping[str, float]) -> float | None:
    hits, wrong = 2 * sums.get("tp", 0.0), sums.get("fp", 0.0) + sums.get("fn", 0.0)
    return hits / (hits + wrong) if hits + wrong else None


def _miou(sums: Mapping[str, float]) -> float | None:
    """Of `{"face and": …, "face or": …}`: areas of intersection and union, px."""
    areas = {key.removesuffix(" or"): area for key, area in sums.items() if key.endswith(" or") and area}
    return sum(sums.get(f"{tag} and", 0.0) / area for tag, area in areas.items()) / len(areas) if areas else None


POOLED: Mapping[str, Callable[[Mapping[str, float]], float | None]] = {
    "pooled.visible_miou": _miou,
    "pooled.presence_f1": _presence,
    "pooled.order_pairs": _pairs,
}
"""Numbers that only a whole set has: from the sums of `prediction.Counts`; None where nothing was counted."""

SET_METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        *_table("parts", _POOLED),
        *_table(None, "perceptual.fid | ↓ | FID of the same pictures over the whole set, by torchmetrics | FID"),
    )
}
"""Of a set: name → metric."""

INDEX_METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _table(None, _INDEX)}
"""Of an index map, or of an SVG's: name → metric. `layer_order` measures them."""
