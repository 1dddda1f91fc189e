"""The networks of See-through at their published size, or as toys, with random weights made where they will work."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL
from weights import filled

from animelayers.models.base import Rung
from animelayers.models.diffusion import rungs
from animelayers.models.see_through.conditioning import PASSES
from animelayers.models.see_through.loading import KEPT
from animelayers.models.see_through.transparency import TransparentVAE
from animelayers.models.see_through.unet import PartsUNet, Words

CONFIGS = Path(__file__).parents[2] / "tests" / "data" / "see_through"
TAGS = tuple(tag for each in PASSES["v3"] for tag in each.tags)
TOKENS, DEPTH_TOKENS = 77, 2
"""Of a tag, padded, and of the empty text, which is not."""
SDXL, SD = 0.13025, 0.18215
"""Scales of the two autoencoders' latents; they are alike otherwise."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """Sizes of all networks."""

    parts: Mapping[str, Any]
    depth: Mapping[str, Any]
    """In the words of the public configurations."""
    vae: Mapping[str, Any]
    transparency: Mapping[str, Any] = field(default_factory=dict)


def published() -> Geometry:
    """Those of the released checkpoints: 4.07 and 1.21 · 10⁹ parameters in the UNets."""
    return Geometry(_read("unet_layerdiff_v3"), _read("unet_depth"), _vae((128, 256, 512, 512), layers=2, groups=32))


def toys() -> Geometry:
    """The same classes, as small as they can be."""
    parts = {
        "block_out_channels": [8, 16, 24],
        "attention_head_dim": [1, 2, 3],
        "transformer_layers_per_block": [1, 1, 2],
        "layers_per_block": 1,
        "norm_num_groups": 8,
        "cross_attention_dim": 32,
        "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": 24 + 6 * 8,
    }
    depth = {
        "block_out_channels": [8, 16, 16, 16],
        "attention_head_dim": [1, 2, 2, 2],
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "cross_attention_dim": 20,
    }
    return Geometry(
        {**_read("unet_layerdiff_v3"), **parts},
        {**_read("unet_depth"), **depth},
        _vae((8, 8, 8, 8), layers=1, groups=4),
        {"block_out_channels": (8, 8, 8, 16, 16, 16, 16), "layers_per_block": 1},
    )


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What makes layers."""

    unet: PartsUNet
    vae: Any
    transparency: TransparentVAE
    words: Words
    """Of all `TAGS`."""


@dataclass(frozen=True, slots=True, eq=False)
class Depth:
    """What says how near they are."""

    unet: PartsUNet
    vae: Any
    words: Words


def parts(geometry: Geometry, rung: Rung, device: torch.device) -> Parts:
    """Weights are the same on every rung; those of the UNet alone lie there as the rung has them."""
    unet = outline(geometry.parts)
    width, pooled = unet.config.cross_attention_dim, unet.config.projection_class_embeddings_input_dim
    draw = torch.Generator(device).manual_seed(0)
    tokens = torch.randn(len(TAGS), TOKENS, width, generator=draw, device=device)
    summary = torch.randn(len(TAGS), pooled - 6 * unet.config.addition_time_embed_dim, generator=draw, device=device)
    with torch.device("meta"):
        vae = AutoencoderKL(**geometry.vae, scaling_factor=SDXL)
        transparency = TransparentVAE(**geometry.transparency)
    return Parts(
        _settled(unet, rung, device, seed=1),
        filled(vae, device, seed=2),
        filled(transparency, device, seed=3),
        Words(tokens, summary),
    )


def depth(geometry: Geometry, rung: Rung, device: torch.device) -> Depth:
    """The same of depth."""
    unet = outline(geometry.depth)
    draw = torch.Generator(device).manual_seed(4)
    tokens = torch.randn(1, DEPTH_TOKENS, unet.config.cross_attention_dim, generator=draw, device=device)
    with torch.device("meta"):
        vae = AutoencoderKL(**geometry.vae, scaling_factor=SD)
    return Depth(_settled(unet, rung, device, seed=5), filled(vae, device, seed=6), Words(tokens))


def outline(config: Mapping[str, Any]) -> PartsUNet:
    """A UNet without weights, on the meta device."""
    with torch.device("meta"):
        return PartsUNet.from_config(config)


def _settled(unet: PartsUNet, rung: Rung, device: torch.device, seed: int) -> PartsUNet:
    filled(unet, device, seed=seed, rung=rung, kept=KEPT)
    settled: PartsUNet = rungs.settled(unet, rung, device, KEPT, leaves=True)
    return settled


def _read(name: str) -> dict[str, Any]:
    return dict(json.loads((CONFIGS / f"{name}.config.json").read_text("utf-8")))


def _vae(widths: tuple[int, ...], *, layers: int, groups: int) -> dict[str, Any]:
    return {
        "down_block_types": ("DownEncoderBlock2D",) * len(widths),
        "up_block_types": ("UpDecoderBlock2D",) * len(widths),
        "block_out_channels": widths,
        "layers_per_block": layers,
        "norm_num_groups": groups,
        "latent_channels": 4,
    }
