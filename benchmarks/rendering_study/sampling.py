"""From conditions to layers, and what people look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from art import normal
from PIL import Image
from torch import Tensor

from animelayers.handoff.sheet import render_sheet
from animelayers.models.qwen_layered import denoise, latents
from animelayers.models.qwen_layered.frames import Frames
from animelayers.stack import LayerStack, Rgba


def layers(
    transformer: Any, scheduler: Any, conditions: Tensor, words: Tensor, frames: Frames, steps: int, batch: int = 8
) -> Tensor:
    """Latents of the layers of pictures, [n, L, c, h, w]; the n-th has the noise of seed n, whoever samples.

    Args:
        transformer: with or without an adapter.
        scheduler: of the base.
        conditions: latents of the pictures, [n, c, h, w].
        words: the prompt's embedding, [tokens, width].
        frames: the contract.
        steps: of sampling.
        batch: pictures at a time.
    """
    found = []
    for first in range(0, len(conditions), batch):
        some = conditions[first : first + batch]
        seeds = range(first, first + len(some))
        # One row for each layer, and one for the composite after them: contracts A and B have the same noise in layers.
        noise = denoise.noise(seeds, (len(frames.layers) + 1, *some.shape[1:]), some.device)
        start = noise.roll(1, dims=1) if frames.composite else noise[:, :-1]
        said = denoise.denoised(transformer, scheduler, some, words, frames, start, steps=steps)
        found.append(said[:, int(frames.composite) :])
    return torch.cat(found)


def stacks(vae: Any, found: Tensor, names: Sequence[str], order: Sequence[str]) -> list[LayerStack]:
    """Latents [n, L, c, h, w] as stacks of Normal layers.

    Args:
        vae: decodes them.
        found: the latents.
        names: of the layers, in the order of the frames.
        order: the same names, bottom → top.
    """
    made = []
    for each in found:
        given = dict(zip(names, map(latents.pixels, latents.decode(vae, each)), strict=True))
        made.append(normal({name: given[name] for name in order}))
    return made


def sheet(pairs: Sequence[tuple[LayerStack, Rgba]]) -> Image.Image:
    """Contact sheets of stacks and the pictures they are of, one under the other."""
    sheets = [render_sheet(stack, picture) for stack, picture in pairs]
    whole = Image.new("RGB", (max(one.width for one in sheets), sum(one.height for one in sheets)))
    for number, one in enumerate(sheets):
        whole.paste(one, (0, sum(above.height for above in sheets[:number])))
    return whole
