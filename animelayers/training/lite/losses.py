"""What is wrong with what a net says, term by term. Every term is a scalar, weighted already; nets learn their sum.

Outside the figure little is known of the layers, and nothing of colours: terms are weighted by where truth is known.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from animelayers.training.lite.views import TAGS

Terms = dict[str, Tensor]
"""Name → weighted scalar."""

SMALL_PARTS: Mapping[str, float] = {
    **{"nose": 4, "eyebrow": 3, "eyewhite": 3, "eyelash": 3, "mouth": 3, "earwear": 3},
    **{"irides": 2, "ears": 2, "eyewear": 2, "neckwear": 2, "neck": 1.5, "headwear": 1.5},
}
"""Weights of parts that have few pixels; of others 1, of nobody 0.5."""
WEIGHTS = (0.5, *(SMALL_PARTS.get(tag, 1.0) for tag in TAGS))
"""Of labels."""


def rendering(said: Tensor, batch: Mapping[str, Tensor]) -> Terms:
    """Of a `RenderingNet`, [b, 10, h, w], and the truth that `augment.rendering` gives.

    * alpha: cross-entropy and twice L1, so that soft strokes stay soft; a tenth of it outside the figure;
    * overlap: one less soft Dice, because strokes are few among the pixels;
    * line: L1 of colour where there is line;
    * flat, base: L1 within the figure; of the base more beneath lines, where nobody sees it;
    * edges: L1 of the differences between neighbours of flats, so that flats are flat and end where they should.
    """
    alpha, line, flat, base, figure = batch["truth"].split([1, 3, 3, 3, 1], 1)
    logit, own_line, own_flat, own_base = said.split([1, 3, 3, 3], 1)
    own, weight = torch.sigmoid(logit), 0.1 + 0.9 * figure
    entropy = functional.binary_cross_entropy_with_logits(logit, alpha, reduction="none")
    both = zip(_differences(own_flat * figure), _differences(flat * figure), strict=True)
    return {
        "alpha": (weight * (entropy + 2 * (own - alpha).abs())).mean(),
        "overlap": 0.5 * _dice(own, alpha, weight).mean(),
        "line": 4 * (alpha * (own_line - line).abs()).mean(),
        "flat": 3 * (figure * (own_flat - flat).abs()).mean(),
        "base": 2 * (figure * (1 + 2 * alpha) * (own_base - base).abs()).mean(),
        "edges": 1.5 * torch.stack([(a - b).abs().mean() for a, b in both]).sum(),
    }


def parts(said: tuple[Tensor, Tensor, Tensor, Tensor], batch: Mapping[str, Tensor]) -> Terms:
    """Of a `PartsNet`, and the truth that `augment.parts` gives.

    * label: cross-entropy of who is seen, small parts weighing more; `overlap`: one less Dice of every part seen;
    * amodal: cross-entropy of the alpha of whole parts; `reach`: one less soft Dice of those that are there;
    * colour, depth: L1 weighted by alpha;
    * side: cross-entropy where the visible piece has a side;
    * presence: cross-entropy of whether a part is there.
    """
    visible, whole, side, presence = said
    label, amodal, sides = batch["visible"], batch["amodal"], batch["side"]
    logit, colour, depth = whole[:, :, 0], whole[:, :, 1:4], whole[:, :, 4]
    there = (amodal > 0.5).sum((2, 3)) >= 2
    reach = _dice(torch.sigmoid(logit), amodal, torch.ones_like(amodal), channels=True)
    amount, sided = amodal.sum() + 1, (sides > 0).float()
    entropy = functional.binary_cross_entropy_with_logits
    return {
        "label": functional.cross_entropy(visible, label, weight=visible.new_tensor(WEIGHTS)),
        "overlap": _label_dice(visible, label),
        "amodal": 4 * entropy(logit, amodal),
        "reach": (reach * there).sum() / there.sum().clamp(min=1),
        "colour": (amodal[:, :, None] * (colour - batch["colour"]).abs()).sum() / (3 * amount),
        "depth": 2 * (amodal * (depth - batch["depth"]).abs()).sum() / amount,
        "side": 0.3 * (sided * entropy(side, (sides == 2).float(), reduction="none")).sum() / (sided.sum() + 1),
        "presence": 0.3 * entropy(presence, there.float()),
    }


def _dice(own: Tensor, truth: Tensor, weight: Tensor, *, channels: bool = False) -> Tensor:
    """One less soft Dice, 0..1, of every map: [b], or [b, c] with `channels`; 0 where both are empty."""
    over = (2, 3) if channels else (1, 2, 3)
    both = (weight * own * truth).sum(over)
    return 1 - (2 * both + 1) / ((weight * (own * own + truth * truth)).sum(over) + 1)


def _label_dice(visible: Tensor, label: Tensor) -> Tensor:
    """One less Dice, 0..1, over the whole batch, mean of the labels that more than eight pixels have."""
    own = visible.softmax(1)
    truth = functional.one_hot(label, visible.shape[1]).permute(0, 3, 1, 2).to(own.dtype)
    both, either = (own * truth).sum((0, 2, 3)), (own + truth).sum((0, 2, 3))
    seen = truth.sum((0, 2, 3)) > 8
    return ((1 - (2 * both + 1) / (either + 1)) * seen).sum() / seen.sum().clamp(min=1)


def _differences(x: Tensor) -> tuple[Tensor, Tensor]:
    """Between neighbours, downwards and across."""
    return x[..., 1:, :] - x[..., :-1, :], x[..., :, 1:] - x[..., :, :-1]
