"""Depth by denoising, as the engine's task: velocities of one part at a time, or of all parts of a page at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from animelayers.artist.dice import Dice
from animelayers.models.see_through.conditioning import DEPTH_FRAMES
from animelayers.models.see_through.schedule import depth_scheduler
from animelayers.models.see_through.unet import Words, described
from animelayers.training import ddpm
from animelayers.training.depth.config import Config
from animelayers.training.depth.held_out import HeldOut
from animelayers.training.depth.latents import DepthLatents, Entry
from animelayers.training.depth.networks import Network, stock
from animelayers.training.depth.noise import annealed
from animelayers.training.folders import DTYPES, write_module
from animelayers.training.parts.latents import Key
from animelayers.training.sampler import Plan

LEVELS = (100, 300, 500, 700, 900)
"""Noise levels at which held-out pages are measured."""
ALL = tuple(range(len(DEPTH_FRAMES)))


@dataclass(frozen=True, slots=True)
class Batch:
    """On the device."""

    seen: Tensor
    """[b, f, 8, h, w]"""
    depth: Tensor
    """[b, f, 4, h, w]"""


class DepthTask:
    """Teaches the UNet in `module`.

    Args:
        module: made by `networks`, its weights chosen.
        config: how to learn.
        latents: all there.
        learnt: the pages that are learnt.
        words: what every frame is told, one row, on the device.
        held_out: what measures and draws.
    """

    def __init__(
        self,
        module: Network,
        config: Config,
        latents: DepthLatents,
        learnt: Sequence[Key],
        words: Words,
        held_out: HeldOut,
    ) -> None:
        self.module, self.config, self.latents, self.learnt = module, config, latents, learnt
        self.words, self.device, self.others = words, words.tokens.device, held_out
        sizes = ((config.data.side, config.data.side),) * len(learnt)
        self.plan = Plan(sizes, config.optimiser.batch, config.seed, config.data.flip)
        self.kept = depth_scheduler().alphas_cumprod
        self.about = described(stock(module))
        trained = {name for name, weight in module.named_parameters() if weight.requires_grad}
        # Taken now: what divides a module among devices does not give back what is not trained.
        self.frozen = {name: tensor.cpu() for name, tensor in module.state_dict().items() if name not in trained}

    def groups(self) -> list[dict[str, Any]]:
        return [{"params": [weight for weight in self.module.parameters() if weight.requires_grad]}]

    def batch(self, draw: int, rank: int, world: int) -> Batch:
        found, chosen = [], []
        drawn = self.plan.batch(draw, rank, world)
        for place, (entry, mirrored) in enumerate(zip(drawn.entries, drawn.mirrored, strict=True)):
            found.append(self.latents.read(replace(self.learnt[entry], mirrored=mirrored)))
            dice = Dice("depth", self.config.seed, "part", draw * world + rank, place)
            chosen.append(ALL if self.config.stage == 2 else (dice.pick(worth_learning(found[-1])),))
        return self._batch(found, chosen)

    def learn(self, module: nn.Module, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        level = ddpm.drawn(len(self.kept), len(batch.depth), generator)
        return self._error(module, batch, level, generator), {}

    def held_out(self, module: nn.Module) -> dict[str, float]:
        """Squared error of velocities at fixed levels and noise, on the whole and of each; what sampling gives."""
        keys = self.others.keys
        if not keys:
            return {}
        errors = dict.fromkeys(LEVELS, 0.0)
        for number, key in enumerate(keys):
            batch = self._batch([self.latents.read(key)], [ALL])
            for level in LEVELS:
                drawn = torch.Generator().manual_seed(number)
                errors[level] += float(self._error(module, batch, torch.tensor([level]), drawn)) / len(keys)
        mean = sum(errors.values()) / len(LEVELS)
        return {
            "velocity": mean,
            **{f"level {level}": errors[level] for level in LEVELS},
            **self.others.figures(module),
        }

    def preview(self, module: nn.Module, path: Path | None) -> None:
        if self.others.keys:
            self.others.preview(module, path, self.config.report.previews)

    def result(self, folder: Path, weights: Mapping[str, Tensor], step: int) -> None:  # noqa: ARG002  # of the protocol
        """`unet/` as diffusers lays it out, stage 2 in the words of the public checkpoints."""
        whole = {name.removeprefix("unet."): tensor for name, tensor in {**self.frozen, **weights}.items()}
        write_module(folder / "unet", self.about, whole, DTYPES[self.config.stored])

    def _error(self, module: nn.Module, batch: Batch, level: Tensor, generator: torch.Generator) -> Tensor:
        """Mean square of what is wrong with the velocities that the module finds."""
        drawn = annealed(batch.depth.shape, level / len(self.kept), self.config.strength, generator)
        noise, kept = drawn.to(self.device), self.kept[level].to(self.device)
        noisy = ddpm.noised(batch.depth, noise, kept)
        words = self.words.rows([0] * batch.depth.shape[1])
        said = module(torch.cat([batch.seen, noisy], dim=2), level.to(self.device), words)
        return (said.float() - ddpm.wanted(batch.depth, noise, kept, "v_prediction")).square().mean()

    def _batch(self, entries: Sequence[Entry], rows: Sequence[Sequence[int]]) -> Batch:
        pairs = list(zip(entries, rows, strict=True))
        seen = torch.stack([entry.seen(own) for entry, own in pairs])
        depth = torch.stack([entry.depth[list(own)] for entry, own in pairs])
        return Batch(*(plane.to(self.device, torch.float32) for plane in (seen, depth)))


def worth_learning(entry: Entry) -> tuple[int, ...]:
    """Which frames stage 1 draws from: all that show something, and one of those that do not, which are all alike."""
    absent = [place for place in ALL if place not in entry.there]
    return (*entry.there, *absent[:1])
