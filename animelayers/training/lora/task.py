"""Rendering layers by flow matching, as the engine's task: one shared σ a sample, noise of its own for every frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from animelayers.models.qwen_layered import adapter
from animelayers.models.qwen_layered.adapter import AdapterSpec
from animelayers.models.qwen_layered.frames import placed, velocity
from animelayers.models.qwen_layered.semantics import NAME
from animelayers.training import flow, layer_losses
from animelayers.training.latent_cache import Entry, Key, LatentCache
from animelayers.training.layer_losses import LossSettings, Said
from animelayers.training.lora.config import Config
from animelayers.training.sampler import Plan

SIGMAS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""At which held-out samples are measured."""

Preview = Callable[[Any, Path | None], None]


@dataclass(frozen=True, slots=True)
class Batch:
    """On the device; frames as the transformer predicts them."""

    clean: Tensor
    """[b, f, c, h, w]"""
    condition: Tensor
    """[b, c, h, w]"""
    cover: Tensor
    """[b, L, h, w]"""
    empty: Tensor
    """[c, h, w]"""


class RenderingTask:
    """Teaches the adapter in `module`.

    Args:
        module: the transformer with adapter and embedding.
        spec: what they are.
        config: how to learn.
        cache: latents, all there.
        keys: of what is learnt.
        others: of what is held out.
        prompt: its embedding, [tokens, width].
        preview: draws a preview of a module.
    """

    def __init__(
        self,
        module: Any,
        spec: AdapterSpec,
        config: Config,
        cache: LatentCache,
        keys: Sequence[Key],
        others: Sequence[Key],
        prompt: Tensor,
        preview: Preview,
    ) -> None:
        self.module, self.spec, self.config, self.cache = module, spec, config, cache
        self.keys, self.others, self._preview = keys, others, preview
        self.device, self.dtype = prompt.device, module.dtype
        self.prompt = prompt.to(module.dtype)
        self.plan = Plan(tuple(key.size for key in keys), config.optimiser.batch, config.seed, config.data.flip)

    def groups(self) -> list[dict[str, Any]]:
        named = [(name, weight) for name, weight in self.module.named_parameters() if weight.requires_grad]
        lora = {"params": [weight for name, weight in named if not name.startswith(NAME)]}
        embedding = [weight for name, weight in named if name.startswith(NAME)]
        own = {"params": embedding, "lr": self.config.lse_lr, "weight_decay": 0.0}
        return [lora, own] if embedding else [lora]

    def batch(self, draw: int, rank: int, world: int) -> Batch:
        drawn = self.plan.batch(draw, rank, world)
        flips = zip(drawn.entries, drawn.mirrored, strict=True)
        return self._batch([_turned(self.keys[entry], mirrored) for entry, mirrored in flips])

    def learn(self, module: nn.Module, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        sigma = flow.drawn(self.config.times, len(batch.clean), generator)
        noise = torch.randn(batch.clean.shape, generator=generator)
        found = layer_losses.terms(self._said(module, batch, sigma, noise), self.config.losses)
        return layer_losses.total(found, self.config.losses), found

    def held_out(self, module: nn.Module) -> dict[str, float]:
        """Squared error of the velocity at fixed σ and noise: of every layer, at every σ, and of all."""
        if not self.others:
            return {}
        plain = LossSettings(**dict.fromkeys(("line", "flat", "highlight", "shadow"), 1.0), line_norm="mse")
        sums: dict[str, float] = {}
        for number, key in enumerate(self.others):
            batch = self._batch([key])
            for sigma in SIGMAS:
                generator = torch.Generator().manual_seed(number)
                noise = torch.randn(batch.clean.shape, generator=generator)
                found = layer_losses.terms(self._said(module, batch, torch.tensor([sigma]), noise), plain)
                layers = {name: float(found[name]) for name in self.spec.layers}
                mean = sum(layers.values()) / len(layers)
                for name, value in {"velocity": mean, **layers, f"sigma {sigma}": len(SIGMAS) * mean}.items():
                    sums[name] = sums.get(name, 0.0) + value
        return {name: value / (len(self.others) * len(SIGMAS)) for name, value in sums.items()}

    def preview(self, module: nn.Module, path: Path | None) -> None:
        if self.others:
            self._preview(module, path)

    def result(self, folder: Path, weights: Mapping[str, Tensor], step: int) -> None:
        spec = self.spec.model_copy(update={"steps": step})
        adapter.save(folder / adapter.FILE, adapter.as_file(weights), spec)

    def _said(self, module: nn.Module, batch: Batch, sigma: Tensor, noise: Tensor) -> Said:
        sigma, noise = sigma.to(self.device), noise.to(self.device)
        noisy = flow.noised(batch.clean, noise, sigma)
        frames = self.spec.frames
        with placed(self.module, frames):
            said = velocity(module, noisy.to(self.dtype), batch.condition.to(self.dtype), sigma, self.prompt, frames)
        return Said(said, noise - batch.clean, noisy, sigma, self.spec.layers, batch.empty, batch.cover)

    def _batch(self, keys: Sequence[Key]) -> Batch:
        entries = [self.cache.read(key) for key in keys]
        clean, condition, cover = (
            torch.stack(tensors).to(self.device, torch.float32)
            for tensors in (
                [self._frames(entry) for entry in entries],
                [entry.condition for entry in entries],
                [entry.cover for entry in entries],
            )
        )
        empty = self.cache.empty(keys[0].size).to(self.device, torch.float32)
        return Batch(clean, condition, cover, empty)

    def _frames(self, entry: Entry) -> Tensor:
        """What is predicted: the layers, after the whole picture where the contract says so."""
        return torch.cat([entry.condition[None], entry.layers]) if self.spec.composite else entry.layers


def _turned(key: Key, mirrored: bool) -> Key:
    return Key(key.index, key.digest, key.size, mirrored)
