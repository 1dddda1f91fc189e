"""Pictures ↔ latents of the RGBA VAE. Every layer is a clip of one frame of its own."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from animelayers.color import bleed, clear_hidden
from animelayers.stack import Rgba

Hidden = Literal["black", "white", "bleed"]
"""What colour stands where alpha is 0. The VAE sees it, so one convention holds for training and use: `black`, which
is what files have; `white`; or `bleed`, the nearest visible colour."""


def levels(rgba: Rgba, hidden: Hidden = "black") -> Tensor:
    """uint8 [h, w, 4], straight alpha → float32 [4, h, w], −1..1."""
    whole = bleed(rgba, max(rgba.shape[:2])) if hidden == "bleed" else clear_hidden(rgba)
    if hidden == "white":
        whole[whole[..., 3] == 0, :3] = 255
    return torch.from_numpy(np.ascontiguousarray(whole.transpose(2, 0, 1), np.float32)) / 127.5 - 1


def pixels(decoded: Tensor) -> Rgba:
    """The inverse: [4, h, w], −1..1 → uint8 [h, w, 4], nothing hidden under alpha 0."""
    rounded = ((decoded.float() + 1) * 127.5 + 0.5).floor().clamp(0, 255).to(torch.uint8)
    return clear_hidden(np.ascontiguousarray(rounded.permute(1, 2, 0).cpu().numpy()))


def scale_of(vae: Any) -> int:
    """Px of a picture to one latent pixel."""
    return int(2 ** len(vae.temperal_downsample))


@torch.no_grad()
def encode(vae: Any, pictures: Tensor) -> Tensor:
    """[b, 4, h, w], −1..1 → normalised latents [b, c, h/8, w/8], the mode of the posterior: nothing is drawn."""
    found = vae.encode(pictures.to(vae.dtype)[:, :, None]).latent_dist.mode()[:, :, 0]
    mean, std = _statistics(vae, found)
    return (found - mean) / std


@torch.no_grad()
def decode(vae: Any, latents: Tensor) -> Tensor:
    """Normalised latents [b, c, h, w] → [b, 4, 8h, 8w], −1..1."""
    latents = latents.to(vae.dtype)
    mean, std = _statistics(vae, latents)
    out: Tensor = vae.decode((latents * std + mean)[:, :, None], return_dict=False)[0][:, :, 0]
    return out.clamp(-1, 1)  # diffusers clamps, but not where it decodes in tiles


def _statistics(vae: Any, like: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the VAE's latents by channel, [1, c, 1, 1]."""
    mean, std = (
        torch.tensor(values, device=like.device, dtype=like.dtype).view(1, -1, 1, 1)
        for values in (vae.config.latents_mean, vae.config.latents_std)
    )
    return mean, std
