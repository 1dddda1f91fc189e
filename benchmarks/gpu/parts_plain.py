"""The flow that the product is compared with: frame by frame, as the released code goes about it, nothing kept.

Written for this comparison alone. It does the same sums on the same weights and the same noise, so that what it gives
differs from the product's by rounding only. What it does not model: the released code's own tensors of a sampling are
in bf16, and what it computes besides and throws away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from einops import rearrange
from PIL import Image
from torch import Tensor

from animelayers.models.see_through import depth
from animelayers.models.see_through.conditioning import DEPTH_FRAMES, PAGE, Pass
from animelayers.models.see_through.denoise import Draw
from animelayers.models.see_through.framing import Map
from animelayers.models.see_through.part_axis import PartAxisBlock
from animelayers.models.see_through.schedule import parts_scheduler
from animelayers.models.see_through.unet import PartsUNet, Words
from animelayers.stack import Rgba


@contextmanager
def folded(unet: PartsUNet) -> Iterator[None]:
    """As long as it lasts, part-axis blocks turn the whole stream over: a sequence of frames for each token."""
    blocks = [module for module in unet.modules() if isinstance(module, PartAxisBlock)]
    for block in blocks:
        block.forward = partial(_turned, block)
    try:
        yield
    finally:
        for block in blocks:
            del block.forward


def _turned(block: PartAxisBlock, hidden: Tensor, frames: int) -> Tensor:
    tokens = hidden.shape[1]
    rows = rearrange(hidden, "(b f) s c -> (b s) f c", f=frames)
    rows = block.ff_in(block.norm_in(rows)) + rows
    rows = block.attn1(block.norm1(rows)) + rows
    return rearrange(block.ff(block.norm3(rows)), "(b s) f c -> (b f) s c", s=tokens)


@torch.no_grad()
def sampled(
    unet: PartsUNet, condition: Tensor, words: Words, frames: Pass, draw: Draw, steps: int, *, copies: int = 1
) -> Tensor:
    """Latents [f, 4, h, w] of a pass, float32; at every step all is said anew.

    With `copies` the picture is in the batch so often, and the first is taken: the same sums in another order.
    """
    scheduler = parts_scheduler()
    scheduler.set_timesteps(steps, device=condition.device)
    count, (height, width) = len(frames.tags), condition.shape[-2:]
    latents = draw(1, 4, height, width).to(condition.device).expand(count, -1, -1, -1) * scheduler.init_noise_sigma
    with folded(unet):
        for moment in scheduler.timesteps:
            noise = draw(count, 4, height, width).to(condition.device)
            told = unet.grouped(words.to(unet.dtype), frames.group)
            seen = torch.cat([latents, condition.expand_as(latents)], dim=1).to(unet.dtype)
            said = unet(seen.expand(copies, -1, -1, -1, -1), moment, told)[0].float()
            latents = scheduler.step(said, moment, latents, variance_noise=noise, return_dict=False)[0]
    return latents


def through_files(layers: Mapping[str, Rgba], folder: Path) -> dict[str, Rgba]:
    """The same layers, written as PNGs for the next stage, and read."""
    for tag, rgba in layers.items():
        Image.fromarray(rgba).save(folder / f"{tag}.png")
    return {tag: np.asarray(Image.open(folder / f"{tag}.png")) for tag in layers}


def depth_of(
    unet: PartsUNet, vae: Any, scheduler: Any, words: Words, parts: Mapping[str, Rgba], page: Rgba, noise: Tensor
) -> dict[str, Map]:
    """As `depth.depth_of`: 21 pictures in and 20 out, one at a time."""
    shown = depth.merged(parts)
    frames = {**shown, PAGE: depth.covered(page, shown)}
    blank = np.zeros_like(page)
    _page_again = depth.encoded(vae, [frames[PAGE]])
    clean = torch.cat([depth.encoded(vae, [frames.get(tag, blank)]) for tag in DEPTH_FRAMES])
    with folded(unet):
        found = depth.denoised(unet, scheduler, words, clean, noise)
    maps = {tag: depth.decoded(vae, latent[None])[0] for tag, latent in zip(DEPTH_FRAMES, found, strict=True)}
    return depth.parted(parts, {tag: maps[tag] for tag in DEPTH_FRAMES if tag in shown})
