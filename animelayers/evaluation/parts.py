"""The ruler of mode `parts`: which tags there are, how alike they are where they show and where others hide them.

A tag is measured as one sheet: what its own pieces, both sides and all strata, flatten to without all others. It is
compared on its own box, beyond the canvas there being nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

import numpy as np
import numpy.typing as npt

from animelayers.composite import difference, flatten
from animelayers.data.sample import Sample
from animelayers.evaluation.catalogue import PSNR_CEILING
from animelayers.evaluation.ordering import matched, measure_order, measure_strata
from animelayers.evaluation.pieces import DUST, Piece, box_around, labels_of, pieces_of, sheet, there, topmost
from animelayers.evaluation.prediction import Counts, Fault, Measured, Prediction, Scores, TagScores
from animelayers.evaluation.pseudodepth import measure_depth
from animelayers.evaluation.similarity import REACH, dice, on_grounds, psnr, soft_iou, ssim
from animelayers.evaluation.visibility import measure_visible
from animelayers.parts import PART_LABELS, canonical_name
from animelayers.raster import Mask
from animelayers.stack import LayerStack, Rgba

HIDDEN = 64
"""Pixels; of a tag of which others hide less, what is hidden is not measured."""

HAZE = 8
"""Alpha, 0..255, up to which a pixel is as good as empty."""

Labels = npt.NDArray[np.uint8]
"""uint8 [h, w]: the label of the part that shows, on the canvas and `REACH` px around it."""


def measure_parts(sample: Sample, prediction: Prediction, seen: Rgba) -> Measured:
    """Everything that the catalogue has for mode `parts` but `see_through.*`.

    Args:
        sample: the truth: its `parts`, of which the map of visible parts is made, and its `depth`.
        prediction: pieces named by `parts.part_name`, in any preset or as older annotations do; of the sample's size.
        seen: uint8 [h, w, 4], what the model was given, and what its layers should flatten to.

    "The figure" is where the picture of the sample, not what was seen of it, has any alpha.
    """
    truth, given = pieces_of(sample.parts) if sample.parts else (), pieces_of(prediction.stack)
    ours, theirs = _by_tag(truth), _by_tag(given)
    tags = [tag for tag, pieces in ours.items() if there(pieces)]
    faults = tuple(_unknown(given))
    if not tags:
        return Measured(faults=(Fault("no-truth", f"no part has {DUST} px or more"),))
    if not theirs:
        names = ", ".join(prediction.stack.names) or "none"
        return Measured(faults=(*faults, Fault("empty", f"no visible layer is a part; the layers are: {names}")))

    height, width = sample.size
    room = -REACH, -REACH, height + REACH, width + REACH
    top = topmost(truth, room)
    visible, ious, areas = measure_visible(top, topmost(given, room), truth, given)
    by_tag, empty = _tags(tags, ours, theirs, labels_of(truth)[top])
    for tag, iou in ious.items():
        by_tag[tag]["visible.iou"] = iou
    presence, hits = _presence(set(tags), {tag for tag, pieces in theirs.items() if there(pieces)})
    groups = matched(truth, given)
    order, pairs = measure_order(*groups)
    depth, wrong = _depth(sample, prediction)
    scores = {
        **_means(by_tag),
        **visible,
        **presence,
        "presence.empty_rate": empty / len(tags),
        **_flattened(prediction.stack, seen, sample.picture[..., 3] > 0),
        **order,
        **measure_strata(*groups),
        **depth,
    }
    counts: Counts = {"pooled.visible_miou": areas, "pooled.presence_f1": hits, "pooled.order_pairs": pairs}
    return Measured(scores, by_tag, counts, (*faults, *wrong))


def _by_tag(pieces: Sequence[Piece]) -> dict[str, list[Piece]]:
    """In the order of `parts.PARTS`; tags without a piece are left out."""
    found = {tag: [piece for piece in pieces if piece.tag == tag] for tag in PART_LABELS}
    return {tag: own for tag, own in found.items() if own}


def _unknown(given: Sequence[Piece]) -> Iterator[Fault]:
    for piece in given:
        if not piece.tag and canonical_name(piece.layer.name) != "background":
            yield Fault("unknown-layer", f"{piece.layer.path!r} is none of the parts")


def _tags(
    tags: Sequence[str], ours: Mapping[str, Sequence[Piece]], theirs: Mapping[str, Sequence[Piece]], labels: Labels
) -> tuple[TagScores, int]:
    """The scores of every tag, and how many tags were predicted as nothing but dust and haze."""
    scores, empty = {}, 0
    for tag in tags:
        top, left, bottom, right = box_around([*ours[tag], *theirs.get(tag, ())])
        box = top - REACH, left - REACH, bottom + REACH, right + REACH
        true, made = sheet(ours[tag], box), sheet(theirs.get(tag, ()), box)
        shown = labels[top : bottom + 2 * REACH, left : right + 2 * REACH]
        # Where a piece of the tag lies and another tag shows, that other one lies above it.
        hidden = (topmost(ours[tag], box) > 0) & (shown > 0) & (shown != PART_LABELS[tag])
        scores[tag] = _alike(made, true, hidden)
        empty += int(np.count_nonzero(made[..., 3] > HAZE) < DUST)
    return scores, empty


def _alike(made: Rgba, true: Rgba, hidden: Mask) -> Scores:
    """Of one tag: two sheets with at least `REACH` transparent px around them, and where the true one is hidden."""
    alphas = made[..., 3], true[..., 3]
    a, b = (np.concatenate(on_grounds(rgba), axis=2) for rgba in (made, true))
    either = np.maximum(*alphas) > 0
    scores: Scores = {
        "amodal.soft_iou": soft_iou(*alphas) or 0.0,
        "amodal.dice": dice(*alphas) or 0.0,
        "part.psnr": min(psnr(a, b, mask=either), PSNR_CEILING),
        "part.ssim": ssim(a, b, mask=either),
    }
    if (area := np.count_nonzero(hidden)) >= HIDDEN:
        scores["hidden.psnr"] = min(psnr(a, b, mask=hidden), PSNR_CEILING)
        scores["hidden.cover"] = np.count_nonzero(hidden & (made[..., 3] >= 128)) / area
    return scores


def _means(by_tag: TagScores) -> Scores:
    """Over the tags that have a score."""
    found: dict[str, list[float]] = {}
    for scores in by_tag.values():
        for name, value in scores.items():
            found.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def _presence(tags: Set[str], guessed: Set[str]) -> tuple[Scores, dict[str, float]]:
    """Which tags there are, and `tp`, `fp`, `fn`; there is at least one in the truth."""
    right = len(tags & guessed)
    scores: Scores = {"presence.f1": 2 * right / (len(tags) + len(guessed)), "presence.recall": right / len(tags)}
    if guessed:
        scores["presence.precision"] = right / len(guessed)
    return scores, {"tp": float(right), "fp": float(len(guessed - tags)), "fn": float(len(tags - guessed))}


def _flattened(stack: LayerStack, seen: Rgba, figure: Mask) -> Scores:
    made = flatten(stack)
    scores: Scores = {"flatten.max_error": float(difference(made, seen).max())}
    if figure.any():
        off = on_grounds(made[figure][None])[0] - on_grounds(seen[figure][None])[0]
        scores["flatten.mean_error"] = 255 * float(np.abs(off).mean(dtype=np.float64))
    return scores


def _depth(sample: Sample, prediction: Prediction) -> tuple[Scores, tuple[Fault, ...]]:
    if sample.depth is None or prediction.depth is None:
        return {}, ()
    bad = np.count_nonzero(~np.isfinite(prediction.depth))
    if bad:
        return {}, (Fault("bad-depth", f"{bad} px of the depth are NaN or infinite"),)
    return measure_depth(sample.depth, prediction.depth), ()
