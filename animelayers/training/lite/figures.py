"""What a net is worth while it learns: figures on views of held-out families, the same views every time.

They are of the net alone, at its own resolution; `animelayers eval` measures what a picture becomes. Nothing is
averaged over what is not there: a tag that no view has is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from animelayers.models.registry import Mode
from animelayers.training.lite import augment
from animelayers.training.lite.augment import Batch
from animelayers.training.lite.bank import Bank
from animelayers.training.lite.views import TAGS, View

SHOWN: dict[Mode, tuple[str, ...]] = {"rendering": ("patch0", "patch1"), "parts": ("figure0", "head0", "nobody0")}
"""Views of every seed that are measured."""
AT_ONCE = 16

Asked = Callable[[Tensor], Any]
"""A net that is asked, without gradients: `seen` [b, 4, h, w] → what it says, float32."""


class HeldOut:
    """The views to measure by, uint8 in memory; batches go to `device`.

    Raises:
        DataError: a file is gone or damaged.
    """

    def __init__(self, bank: Bank, mode: Mode, seeds: Sequence[int], device: torch.device | str = "cpu") -> None:
        self.mode, self.device = mode, device
        self.views: dict[str, list[View]] = {name: [] for name in SHOWN[mode]}
        for seed in seeds:
            found = bank.read(seed, mode)
            for name in self.views.keys() & found.keys():
                self.views[name].append(found[name])

    def batches(self, *names: str) -> Iterator[Batch]:
        """All views of these names, as they are, a few at a time."""
        views = [view for name in names for view in self.views[name]]
        make = augment.rendering if self.mode == "rendering" else augment.parts
        for start in range(0, len(views), AT_ONCE):
            some = views[start : start + AT_ONCE]
            fields = {name: torch.from_numpy(np.stack([view[name] for view in some])) for name in some[0]}
            yield make({name: field.to(self.device) for name, field in fields.items()}, augment.NONE, torch.Generator())


def rendering(ask: Asked, held_out: HeldOut) -> dict[str, Any]:
    """Means over patches, within the figure: `line.iou`, soft, of alpha; `flat.l1` and `base.l1` of colours 0..1."""
    sums, count = torch.zeros(3, dtype=torch.float64), 0
    for batch in held_out.batches(*SHOWN["rendering"]):
        said = ask(batch["seen"])
        alpha, _, flat, base, figure = batch["truth"].split([1, 3, 3, 3, 1], 1)
        own = torch.sigmoid(said[:, :1])
        both, either = (_total(pick(own, alpha) * figure) for pick in (torch.minimum, torch.maximum))
        off = [
            _total((given.clamp(-1, 1) - truth).abs() * figure) / (6 * _total(figure) + 1e-6)
            for given, truth in ((said[:, 4:7], flat), (said[:, 7:10], base))
        ]
        sums += torch.stack([both / (either + 1e-6), *off]).sum(1).double().cpu()
        count += len(said)
    return _shortened(dict(zip(("line.iou", "flat.l1", "base.l1"), (sums / max(1, count)).tolist(), strict=True)))


def parts(ask: Asked, held_out: HeldOut) -> dict[str, Any]:
    """Figures of the two passes, and over both of them.

    `figure.iou`, `head.iou`: of who is seen, mean over tags; `amodal.iou`: soft, of whole parts; `colour.l1`,
    `depth.l1`: 0..1, weighted by alpha; `presence`, `side`: share of right answers; `person`: whether there is any
    part at all, scenery without a figure counted in; `tags`: the first three tag by tag.
    """
    labels = {name: torch.zeros(len(TAGS) + 1, len(TAGS) + 1, dtype=torch.int64) for name in ("figure", "head")}
    amodal, ratios = torch.zeros(3, len(TAGS)), _Ratios()
    for name in ("figure", "head", "nobody"):
        for batch in held_out.batches(f"{name}0"):
            visible, whole, side, presence = ask(batch["seen"])
            there = (batch["amodal"] > 0.5).sum((2, 3)) >= 2
            given = presence > 0
            ratios.add("person", (given.any(1) == there.any(1)).float())
            if name == "nobody":
                continue
            labels[name] += _confusion(batch["visible"], visible.argmax(1))
            alpha, truth = torch.sigmoid(whole[:, :, 0]), batch["amodal"]
            soft = torch.stack([torch.minimum(alpha, truth), torch.maximum(alpha, truth), truth])
            amodal += soft.sum((1, 3, 4)).cpu()
            ratios.add("presence", (given == there).float())
            ratios.add("side", ((side > 0) == (batch["side"] == 2)).float(), batch["side"] > 0)
            ratios.add("colour.l1", (whole[:, :, 1:4].clamp(-1, 1) - batch["colour"]).abs().mean(2) / 2, truth)
            ratios.add("depth.l1", (whole[:, :, 4].clamp(-1, 1) - batch["depth"]).abs() / 2, truth)
    tags = {f"{name}.iou": _by_tag(*_visible_iou(table)) for name, table in labels.items()}
    tags["amodal.iou"] = _by_tag(amodal[0], torch.where(amodal[2] > 0, amodal[1], 0))
    means = {name: sum(found.values()) / max(1, len(found)) for name, found in tags.items()}
    return {**_shortened({**means, **ratios.values()}), "tags": {name: _shortened(one) for name, one in tags.items()}}


class _Ratios:
    """Weighted means that are added to batch by batch."""

    def __init__(self) -> None:
        self.sums: dict[str, tuple[float, float]] = {}

    def add(self, name: str, values: Tensor, weights: Tensor | None = None) -> None:
        weights = torch.ones_like(values) if weights is None else weights.float()
        total, weight = self.sums.get(name, (0.0, 0.0))
        self.sums[name] = total + float((values * weights).sum()), weight + float(weights.sum())

    def values(self) -> dict[str, float]:
        return {name: total / weight for name, (total, weight) in self.sums.items() if weight}


def _total(x: Tensor) -> Tensor:
    return x.sum((1, 2, 3))


def _confusion(truth: Tensor, given: Tensor) -> Tensor:
    """How many pixels of every label (rows) were given every label (columns)."""
    side = len(TAGS) + 1
    pairs = torch.bincount((truth * side + given).flatten(), minlength=side * side)
    return pairs.reshape(side, side).cpu()


def _visible_iou(table: Tensor) -> tuple[Tensor, Tensor]:
    """Intersection and union of every tag; without nobody, and 0 and 0 for tags that truth does not have."""
    both, truth = table.diagonal()[1:], table.sum(1)[1:]
    return both, torch.where(truth > 0, truth + table.sum(0)[1:] - both, 0)


def _by_tag(both: Tensor, either: Tensor) -> dict[str, float]:
    return {tag: float(b / e) for tag, b, e in zip(TAGS, both, either, strict=True) if e > 1}


def _shortened(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}
