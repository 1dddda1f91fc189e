"""Layers by looking, as the engine's task: views, the loss, what is held out, and what becomes of the weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from animelayers.evaluation.layer_order import measure_layer_order
from animelayers.handoff.depth_map import coloured
from animelayers.training.layer_depth import loss
from animelayers.training.layer_depth.config import Config
from animelayers.training.layer_depth.views import Packed, View, Views, held_out_view
from animelayers.training.pictured import save_rows

ENCODER = ("encoder.", "model.depth_pro.encoder.")
"""Beginnings of the names of weights that have learnt to see before."""

FIGURES = ("index.order", "index.order_figure", "index.mae")
"""Of `measure_layer_order`, that are written down."""

Result = Callable[[Path, Mapping[str, Tensor], int], None]
"""Writes what a training is for: folder of the run, all weights and buffers by name, step."""


@dataclass(frozen=True, slots=True)
class Batch:
    """On the device."""

    seen: Tensor
    """float32 [b, 4, s, s], -1..1; alpha is 1 everywhere."""
    index: Tensor
    """float32 [b, s, s]"""
    pairs: Tensor
    """int64 [b, 2, n]"""

    @classmethod
    def of(cls, views: Sequence[View], device: torch.device) -> Self:
        """Views of one size."""
        rgb = torch.from_numpy(np.stack([view.seen for view in views])).to(device)
        seen = functional.pad(rgb.float() / 127.5 - 1, (0, 1), value=1.0).permute(0, 3, 1, 2)  # channels last in memory
        index = torch.from_numpy(np.stack([view.index for view in views]).astype(np.float32))
        pairs = torch.from_numpy(np.stack([view.pairs for view in views]))
        return cls(seen, index.to(device), pairs.to(device))


class LayerDepthTask:
    """Teaches the network in `module`.

    Args:
        module: [b, 4, s, s] → an index map of any size; on the device.
        config: how to learn.
        views: what is learnt from.
        held_out: what it is measured on.
        result: writes what is made of the weights.
    """

    def __init__(
        self, module: nn.Module, config: Config, views: Views, held_out: Sequence[Packed], result: Result
    ) -> None:
        self.module, self.config, self.views, self.pictures, self.write = module, config, views, held_out, result
        self.device = next(module.parameters()).device
        # Taken now: what divides a module among devices does not give back what is not trained.
        idle = {name for name, weight in module.named_parameters() if not weight.requires_grad}
        self.frozen = {name: tensor.cpu() for name, tensor in module.state_dict().items() if name in idle}
        self.pool = ThreadPoolExecutor(config.data.readers)
        self.ahead = dict[int, Future[list[View]]]()

    def groups(self) -> list[dict[str, Any]]:
        """Decoder, whose rate is reported, and encoder."""
        told = self.config.optimiser
        trained = [(name, weight) for name, weight in self.module.named_parameters() if weight.requires_grad]
        before = [weight for name, weight in trained if name.startswith(ENCODER)]
        fresh = [weight for name, weight in trained if not name.startswith(ENCODER)]
        return [{"params": fresh}, {"params": before, "lr": told.lr * told.encoder}]

    def batch(self, draw: int, rank: int, world: int) -> Batch:
        """As it is asked for, the next ones are begun."""
        for number in range(draw, draw + self.config.data.readers + 1):
            if number not in self.ahead:
                self.ahead[number] = self.pool.submit(self._views, number * world + rank)
        return Batch.of(self.ahead.pop(draw).result(), self.device)

    def learn(
        self,
        module: nn.Module,
        batch: Batch,
        generator: torch.Generator,  # noqa: ARG002  # all that is random lies in the views
    ) -> tuple[Tensor, dict[str, Tensor]]:
        said = self._said(module, batch)
        error, weight = loss.normalised_error(said, batch.index), self.config.loss.ranking
        if not weight:
            return error, {"error": error}
        order = loss.ranking(said, batch.pairs)
        return error + weight * order, {"error": error, "order": order}

    def held_out(self, module: nn.Module) -> dict[str, float]:
        """The normalised error, and `index.*` of the held-out pictures, each on one of the grounds."""
        error, found = 0.0, dict[str, list[float]]()
        for views, batch in self._held_out(self.pictures):
            said = self._said(module, batch)
            error += float(loss.normalised_error(said, batch.index)) * len(views) / len(self.pictures)
            for view, depth in zip(views, said.cpu().numpy(), strict=True):
                for name, value in measure_layer_order(view.index, depth).items():
                    found.setdefault(name, []).append(value)
        return {"loss": error, **{name: float(np.mean(found[name])) for name in FIGURES if name in found}}

    def preview(self, module: nn.Module, path: Path | None) -> None:
        """Of some held-out pictures what is seen, the truth, and what the net says; blue is farthest, red nearest."""
        count = self.config.report.previews
        shown = self.pictures[:: max(1, len(self.pictures) // count)][:count]
        rows = []
        for views, batch in self._held_out(shown):
            for view, depth in zip(views, self._said(module, batch).cpu().numpy(), strict=True):
                rows.append([view.seen, coloured(view.index.astype(np.float32)), coloured(depth)])
        if path is not None:
            save_rows(rows, path)

    def result(self, folder: Path, weights: dict[str, Tensor], step: int) -> None:
        self.write(folder, {**self.frozen, **weights}, step)

    def _views(self, number: int) -> list[View]:
        seed = self.config.seed
        return [self.views.drawn((seed, number, place)) for place in range(self.config.optimiser.batch)]

    def _held_out(self, pictures: Sequence[Packed]) -> Iterator[tuple[list[View], Batch]]:
        size = self.config.optimiser.batch
        for first in range(0, len(pictures), size):
            some = enumerate(pictures[first : first + size], first)
            views = [held_out_view(one, number, self.config.data.size) for number, one in some]
            yield views, Batch.of(views, self.device)

    def _said(self, module: nn.Module, batch: Batch) -> Tensor:
        return enlarged(module(batch.seen), batch.index.shape[-1])


def enlarged(said: Tensor, side: int) -> Tensor:
    """A map [b, h, w] at the size of the picture that it is of, float32."""
    whole = functional.interpolate(said[:, None].float(), (side, side), mode="bilinear", align_corners=False)
    return whole[:, 0]
