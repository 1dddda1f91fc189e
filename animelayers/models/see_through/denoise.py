"""From noise to the latents of all parts of a pass, by the sampler that the networks were trained for.

With the defaults it does what the released pipeline does, only without doing anything twice. Every draw comes from one
generator of the picture, so that a seed gives the same layers whatever was computed before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from animelayers.models.base import OnStep
from animelayers.models.see_through.conditioning import Pass
from animelayers.models.see_through.schedule import STEPS, parts_scheduler
from animelayers.models.see_through.shortcuts import depths_reused, words_kept
from animelayers.models.see_through.unet import PartsUNet, Words

JUDGED_AFTER = 1 / 5
"""Share of the steps after which frames are looked at, whether they will show anything."""
ABSENT = 0.35
"""A frame is empty if its latents, averaged over 3 × 3, are nowhere further than this from those of an empty one."""
REUSED = 2
"""With `reuse`, the coarsest blocks work at every n-th step."""

Draw = Callable[..., Tensor]
"""Normal noise of a shape, float32, on the CPU."""


class Noise:
    """All that is random about one picture, in the order in which it is asked for."""

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def __call__(self, *shape: int) -> Tensor:
        """Normal noise, float32, drawn on the CPU: a seed is the same on every machine."""
        return torch.randn(shape, generator=self._generator)


@dataclass(frozen=True, slots=True)
class Plan:
    """How to sample. With the defaults the result is that of the released pipeline."""

    steps: int = STEPS
    ode: bool = False
    """Without noise at every step (DPM-Solver++): fewer steps will do."""
    drop: bool = False
    """Leave off frames that will be empty; the others no longer see them."""
    reuse: bool = False
    """Let the coarsest blocks rest at every other step."""


@dataclass(frozen=True, slots=True, eq=False)
class Denoised:
    """Latents of the frames that were not dropped."""

    latents: Tensor
    """[f, 4, h, w], float32, as scaled as the condition."""
    rows: tuple[int, ...]
    """Their places in the pass."""


@torch.no_grad()
def denoised(
    unet: PartsUNet,
    condition: Tensor,
    words: Words,
    frames: Pass,
    draw: Draw,
    plan: Plan = Plan(),
    *,
    empty: Tensor | None = None,
    on_step: OnStep | None = None,
) -> Denoised:
    """Take the noise away from all frames of a pass.

    Args:
        unet: of parts.
        condition: latent of the page, [4, h, w].
        words: of the frames.
        frames: of the pass.
        draw: what is random: first the start, the same for all frames, then, unless `ode`, every step's.
        plan: how.
        empty: latent of a frame that shows nothing, [4, h, w]; `drop` needs it.
        on_step: told after every step.
    """
    scheduler = parts_scheduler(ode=plan.ode)
    scheduler.set_timesteps(plan.steps, device=condition.device)
    count, (height, width) = len(frames.tags), condition.shape[-2:]
    rows, judged = list(range(count)), round(plan.steps * JUDGED_AFTER) if plan.drop else None
    latents = draw(1, 4, height, width).to(condition.device).expand(count, -1, -1, -1) * scheduler.init_noise_sigma
    for steps in _stretches(plan.steps, judged):
        with ExitStack() as stack:
            stack.enter_context(words_kept(unet))
            if plan.reuse:
                stack.enter_context(depths_reused(unet, REUSED))
            told = _told(unet, words, frames, rows, condition.device)
            for step in steps:
                moment = scheduler.timesteps[step]
                noise = None if plan.ode else draw(count, 4, height, width)[rows].to(condition.device)
                said = _said(unet, latents, condition, moment, told)
                latents = scheduler.step(said, moment, latents, variance_noise=noise, return_dict=False)[0]
                if on_step is not None:
                    on_step(step + 1, plan.steps)
        if judged is not None and steps.stop == judged and empty is not None:
            there = shown(scheduler.model_outputs[-1], empty)
            rows, latents = [row for row, kept in zip(rows, there, strict=True) if kept], latents[there]
            scheduler.model_outputs = [None if said is None else said[there] for said in scheduler.model_outputs]
            if not rows:
                break
    return Denoised(latents, tuple(rows))


def shown(clean: Tensor, empty: Tensor) -> Tensor:
    """Which frames [f, 4, h, w] show anything, bool [f]; `empty` is the latent of nothing, [4, h, w]."""
    off = functional.avg_pool2d((clean - empty).square().mean(dim=1, keepdim=True), 3, stride=1, padding=1)
    return off.amax(dim=(1, 2, 3)).sqrt() > ABSENT


def _stretches(steps: int, judged: int | None) -> Sequence[range]:
    """Steps during which the frames stay the same."""
    if judged is None or not 0 < judged < steps:
        return [range(steps)]
    return [range(judged), range(judged, steps)]


def _told(unet: PartsUNet, words: Words, frames: Pass, rows: Sequence[int], device: torch.device) -> Words:
    return unet.grouped(words.rows(rows).to(device).to(unet.dtype), frames.group, rows)


def _said(unet: PartsUNet, latents: Tensor, condition: Tensor, moment: Tensor, words: Words) -> Any:
    seen = torch.cat([latents, condition.expand_as(latents)], dim=1).to(unet.dtype)
    return unet(seen[None], moment, words)[0].float()
