"""Parts by denoising, as the engine's task: the noise in one part at a time, or in all parts of a page at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from animelayers.models.see_through.schedule import parts_scheduler
from animelayers.models.see_through.unet import Words, described
from animelayers.training import ddpm
from animelayers.training.folders import DTYPES, write_module
from animelayers.training.parts.config import Config
from animelayers.training.parts.draws import Drawn, one_by_one, together
from animelayers.training.parts.latents import Key, PartsLatents
from animelayers.training.parts.networks import OneByOne, Together

LEVELS = (100, 300, 500, 700, 900)
"""Noise levels at which held-out pages are measured."""
NAMES = ("body", "head")
"""Of `latents.GROUPS`, for people."""

Preview = Callable[[nn.Module, Path | None], None]


@dataclass(frozen=True, slots=True)
class Batch:
    """On the device."""

    page: Tensor
    """[b, 4, h, w]"""
    frames: Tensor
    """[b, f, 4, h, w]"""
    hinted: Tensor
    """The same with alpha hidden in them."""
    words: Words
    """As the network wants them."""
    group: int


class PartsTask:
    """Teaches the UNet in `module`.

    Args:
        module: made by `networks`, its weights chosen.
        config: how to learn.
        latents: all there.
        learnt: the pages of each of `latents.GROUPS` that are learnt.
        held_out: likewise those that are measured.
        words: of each of the groups, on the device.
        preview: draws a preview of a module.
    """

    def __init__(
        self,
        module: OneByOne | Together,
        config: Config,
        latents: PartsLatents,
        learnt: Sequence[Sequence[Key]],
        held_out: Sequence[Sequence[Key]],
        words: Sequence[Words],
        preview: Preview,
    ) -> None:
        self.module, self.config, self.latents = module, config, latents
        self.held = [key for keys in held_out for key in keys]
        self.words, self.device, self._preview = words, words[0].tokens.device, preview
        self.joint = isinstance(module, Together)
        self.draws = (together if self.joint else one_by_one)(learnt, config)
        self.kept = parts_scheduler().alphas_cumprod
        self.about = described(module.unet)
        trained = {name for name, weight in module.named_parameters() if weight.requires_grad}
        # Taken now: what divides a module among devices does not give back what is not trained.
        self.frozen = {name: tensor.cpu() for name, tensor in module.state_dict().items() if name not in trained}

    def groups(self) -> list[dict[str, Any]]:
        return [{"params": [weight for weight in self.module.parameters() if weight.requires_grad]}]

    def batch(self, draw: int, rank: int, world: int) -> Batch:
        return self._batch(self.draws(draw, rank, world))

    def learn(self, module: nn.Module, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        count, frames = batch.frames.shape[:2]
        level = ddpm.drawn(len(self.kept), count, generator)
        hint = torch.rand(count, frames, 1, 1, 1, generator=generator) < self.config.data.offset
        clean = torch.where(hint.to(self.device), batch.hinted, batch.frames)
        error = self._error(module, batch, clean, level, self._noise(clean, generator))
        weight = ddpm.min_snr(self.kept[level], self.config.gamma).to(self.device)
        return (weight * error).mean(), {"noise": error.mean()}

    def held_out(self, module: nn.Module) -> dict[str, float]:
        """Squared error of the noise at fixed levels and noise: of all, of bodies and heads, at every level."""
        names = ("noise", *NAMES, *(f"level {level}" for level in LEVELS))
        found: dict[str, list[float]] = {name: [] for name in names}
        for number, key in enumerate(self.held):
            batch = self._batch([Drawn.whole(key)])
            for level in LEVELS:
                noise = self._noise(batch.frames, torch.Generator().manual_seed(number))
                error = float(self._error(module, batch, batch.frames, torch.tensor([level]), noise))
                for name in ("noise", NAMES[key.group], f"level {level}"):
                    found[name].append(error)
        return {name: sum(errors) / len(errors) for name, errors in found.items() if errors}

    def preview(self, module: nn.Module, path: Path | None) -> None:
        if self.held:
            self._preview(module, path)

    def result(self, folder: Path, weights: Mapping[str, Tensor], step: int) -> None:  # noqa: ARG002  # of the protocol
        """`unet/` as diffusers lays it out, stage 2 in the words of the public checkpoints."""
        whole = {name.removeprefix("unet."): tensor for name, tensor in {**self.frozen, **weights}.items()}
        write_module(folder / "unet", self.about, whole, DTYPES[self.config.stored])

    def _error(self, module: nn.Module, batch: Batch, clean: Tensor, level: Tensor, noise: Tensor) -> Tensor:
        """Mean square of what is wrong with the noise that the module finds, [b]."""
        noise = noise.to(self.device)
        noisy = ddpm.noised(clean, noise, self.kept[level].to(self.device))
        said = module(noisy, batch.page, level.to(self.device), batch.words, batch.group)
        return (said.float() - noise).square().flatten(1).mean(1)

    def _noise(self, like: Tensor, generator: torch.Generator) -> Tensor:
        return noise(like.shape, generator, shared=self.config.noise == "shared")

    def _batch(self, drawn: Sequence[Drawn]) -> Batch:
        entries = [self.latents.read(each.key) for each in drawn]
        frames, hinted = (
            torch.stack([getattr(entry, name)[list(each.frames)] for entry, each in zip(entries, drawn, strict=True)])
            for name in ("frames", "hinted")
        )
        page = torch.stack([entry.page for entry in entries])
        told = [self.words[each.key.group].rows(each.frames) for each in (drawn[:1] if self.joint else drawn)]
        page, frames, hinted = (plane.to(self.device, torch.float32) for plane in (page, frames, hinted))
        return Batch(page, frames, hinted, joined(told), drawn[0].key.group)


def noise(shape: Sequence[int], generator: torch.Generator, *, shared: bool) -> Tensor:
    """Normal noise [b, f, …], on the CPU; shared: the same for all frames of a picture."""
    count, frames, *rest = shape
    drawn = torch.randn(count, 1 if shared else frames, *rest, generator=generator)
    return drawn.expand(*shape)


def joined(words: Sequence[Words]) -> Words:
    """Words of several frames after another."""
    pooled = [each.pooled for each in words if each.pooled is not None]
    return Words(torch.cat([each.tokens for each in words]), torch.cat(pooled) if pooled else None)
