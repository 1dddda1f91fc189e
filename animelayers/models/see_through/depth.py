"""How near every part is: Marigold (arXiv 2312.02145) over the parts of a picture at once.

The network is shown each part, the colours behind its edges carried on, beside the whole picture, and takes noise away
from the depth of all of them together. It knows the classes of the paper: hair and eyes are put together for it, and
what it says of them is taken apart again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from animelayers.color import clear_hidden
from animelayers.composite import flatten
from animelayers.models.base import OnStep
from animelayers.models.see_through.colour_pad import padded
from animelayers.models.see_through.conditioning import DEPTH_FRAMES, PAGE
from animelayers.models.see_through.framing import Map
from animelayers.models.see_through.pictures import posterior
from animelayers.models.see_through.schedule import DEPTH_STEPS
from animelayers.models.see_through.unet import LATENT, Words
from animelayers.parts import PAPER_MERGED
from animelayers.stack import Layer, LayerStack, Rgba

HAZE = 15
"""The network is shown nothing of less alpha."""
SOLID = 15
"""Above this alpha, a part hides those below it."""
BEHIND = 0.01
"""How much farther than what hides it a part is of which nothing is seen."""
BATCH = 4
"""Frames that the autoencoder is given at a time; one by one with its `enable_slicing`."""


def depth_of(
    unet: Any,
    vae: Any,
    scheduler: Any,
    words: Words,
    parts: Mapping[str, Rgba],
    page: Rgba,
    noise: Tensor,
    *,
    steps: int = DEPTH_STEPS,
    drop_absent: bool = False,
    on_step: OnStep | None = None,
) -> dict[str, Map]:
    """Depth of every part that has visible pixels, float32 [r, r], 0..1, 0 being the nearest; `Look.depth` is 1 − it.

    Args:
        unet: the `PartsUNet` of depth.
        vae: its `AutoencoderKL`.
        scheduler: see `schedule.depth_scheduler`; its state is changed.
        words: of the empty text; every frame is told the first row.
        parts: uint8 [r, r, 4] of the tags of `PARTS` or `PAPER_PARTS`, straight alpha; others are passed over.
        page: uint8 [r, r, 4]: the picture.
        noise: [20, 4, r/8, r/8], normal; one for each of `DEPTH_FRAMES`.
        steps: of sampling.
        drop_absent: leave out the frames of parts that are not there. It takes as much less time as there are fewer
            frames, and changes what the others hear of each other.
        on_step: told after every step.

    Raises:
        ValueError: the noise is not that of these frames.
    """
    wanted = (len(DEPTH_FRAMES), 4, page.shape[0] // LATENT, page.shape[1] // LATENT)
    if tuple(noise.shape) != wanted:
        raise ValueError(f"noise for {wanted} latents was wanted, {tuple(noise.shape)} came")
    shown = merged(parts)
    if not shown:
        return {}
    tags = [tag for tag in DEPTH_FRAMES if tag in shown or tag == PAGE or not drop_absent]
    clean = _encoded_once(vae, {**shown, PAGE: covered(page, shown)}, tags)
    rows = [DEPTH_FRAMES.index(tag) for tag in tags]
    found = denoised(unet, scheduler, words, clean, noise[rows], steps=steps, on_step=on_step)
    there = [tag for tag in tags if tag in shown]
    maps = decoded(vae, found[[tags.index(tag) for tag in there]])
    return parted(parts, dict(zip(there, maps, strict=True)))


def merged(parts: Mapping[str, Rgba]) -> dict[str, Rgba]:
    """What the network is shown of its classes, uint8 [r, r, 4], straight alpha; of those that are there."""
    out = {}
    for tag in DEPTH_FRAMES:
        layers = [Layer(name, _cleared(parts[name])) for name in _pieces(tag, parts)]
        if any(layer.rgba.any() for layer in layers):
            out[tag] = flatten(LayerStack(layers[0].height, layers[0].width, tuple(layers)))
    return out


def covered(page: Rgba, parts: Mapping[str, Rgba]) -> Rgba:
    """The picture where there are parts: its background is made to look like the character's own colours."""
    alpha = np.zeros(page.shape[:2], np.int32)
    for rgba in parts.values():
        alpha += rgba[..., 3]
    alpha[page[..., 3] == 0] = 0
    return clear_hidden(np.dstack([page[..., :3], np.minimum(alpha, 255).astype(np.uint8)]))


def parted(parts: Mapping[str, Rgba], depth: Mapping[str, Map]) -> dict[str, Map]:
    """Depth of classes → that of the parts that they are made of.

    Where a part of a class is hidden by those above it, or is not, it is as far as the median of what is seen of it; if
    nothing is, a little farther than what hides it.
    """
    out: dict[str, Map] = {}
    for tag, whole in depth.items():
        if tag not in PAPER_MERGED or tag in parts:
            out[tag] = whole
            continue
        hidden = np.zeros(whole.shape, bool)
        for name in reversed(_pieces(tag, parts)):
            own = parts[name][..., 3] > SOLID
            seen = own & ~hidden
            if seen.any():
                out[name] = np.where(seen, whole, np.median(whole[seen]))
            elif own.any():
                out[name] = np.full_like(whole, min(1.0, float(np.median(whole[own])) + BEHIND))
            hidden |= own
    return out


@torch.no_grad()
def encoded(vae: Any, frames: Sequence[Rgba]) -> Tensor:
    """uint8 [h, w, 4] each, straight alpha → latents [f, 4, h/8, w/8], float32, the mean of the posterior."""
    found = []
    for start in range(0, len(frames), BATCH):
        colours = np.stack([padded(rgba) for rgba in frames[start : start + BATCH]])
        seen = torch.from_numpy(colours).permute(0, 3, 1, 2) * 2 - 1
        found.append(posterior(vae, seen.to(vae.device))[0])
    out: Tensor = torch.cat(found) * vae.config.scaling_factor
    return out


@torch.no_grad()
def denoised(
    unet: Any,
    scheduler: Any,
    words: Words,
    clean: Tensor,
    noise: Tensor,
    *,
    steps: int = DEPTH_STEPS,
    on_step: OnStep | None = None,
) -> Tensor:
    """Latents of depth [f, 4, h, w], float32.

    Args:
        unet: of depth.
        scheduler: its state is changed.
        words: every frame is told the first row.
        clean: latents of the frames, [f, 4, h, w], the page's last.
        noise: the same shape.
        steps: forwards of the network.
        on_step: told after every step.
    """
    scheduler.set_timesteps(steps)
    kind = unet.dtype
    told = words.rows([0] * len(clean)).to(clean.device).to(kind)
    seen = torch.cat([clean[-1:].expand_as(clean), clean], dim=1).to(kind)
    latents = noise.float().to(clean.device)
    for done, moment in enumerate(scheduler.timesteps, 1):
        said = unet(torch.cat([seen, latents.to(kind)], dim=1)[None], moment, told)[0]
        latents = scheduler.step(said.float(), moment, latents, return_dict=False)[0]
        if on_step is not None:
            on_step(done, steps)
    return latents


@torch.no_grad()
def decoded(vae: Any, latents: Tensor) -> list[Map]:
    """Latents [f, 4, h, w] → a depth for each, float32 [8h, 8w], 0..1."""
    out: list[Map] = []
    for some in latents.split(BATCH):
        values = vae.decode((some / vae.config.scaling_factor).to(vae.dtype), return_dict=False)[0]
        out.extend(((values.float().mean(dim=1).clamp(-1, 1) + 1) / 2).cpu().numpy())
    return out


def _encoded_once(vae: Any, frames: Mapping[str, Rgba], tags: Sequence[str]) -> Tensor:
    """Latents of all tags, those of parts that are not there being of one blank frame."""
    some = next(iter(frames.values()))
    names = list(frames)
    blank = [np.zeros_like(some)] if len(tags) > len(names) else []
    latents = encoded(vae, [*frames.values(), *blank])
    return latents[[names.index(tag) if tag in frames else -1 for tag in tags]]


def _pieces(tag: str, parts: Mapping[str, Rgba]) -> list[str]:
    """Which parts a class is made of, bottom → top; itself, if it comes whole."""
    return [tag] if tag in parts else [name for name in PAPER_MERGED.get(tag, ()) if name in parts]


def _cleared(rgba: Rgba) -> Rgba:
    """Without haze."""
    return np.where(rgba[..., 3:] < HAZE, np.uint8(0), rgba)
