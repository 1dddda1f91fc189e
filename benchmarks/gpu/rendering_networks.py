"""Qwen-Image-Layered at its published size, or as toys, with random weights and an adapter that knows nothing yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import init_empty_weights
from diffusers import AutoencoderKLQwenImage, FlowMatchEulerDiscreteScheduler, QwenImageTransformer2DModel
from torch import Tensor
from weights import filled

from animelayers.models.base import Rung
from animelayers.models.fitting import Size
from animelayers.models.qwen_layered import adapter
from animelayers.models.qwen_layered.adapter import AdapterSpec
from animelayers.models.qwen_layered.loading import BASE, KEPT
from animelayers.rendering.solve import BLENDS

_LAYERED = {"use_additional_t_cond": True, "use_layer3d_rope": True}


@dataclass(frozen=True, slots=True)
class Geometry:
    """Sizes of all networks, in the words of diffusers."""

    transformer: Mapping[str, Any]
    vae: Mapping[str, Any]
    words: int
    """Tokens of the prompt."""

    def latent(self, size: Size) -> tuple[int, int, int]:
        """Channels, height and width of the latents of a picture of `(height, width)` px."""
        scale = 2 ** len(self.vae["temperal_downsample"])
        return self.transformer["out_channels"], size[0] // scale, size[1] // scale


def published() -> Geometry:
    """Those of the released checkpoint, 20.4 · 10⁹ parameters in the transformer, with the paper's prompt."""
    transformer = {
        "in_channels": 64,
        "out_channels": 16,
        "num_layers": 60,
        "attention_head_dim": 128,
        "num_attention_heads": 24,
        "joint_attention_dim": 3584,
        "axes_dims_rope": (16, 56, 56),
    }
    vae = {
        "base_dim": 96,
        "z_dim": 16,
        "dim_mult": [1, 2, 4, 4],
        "num_res_blocks": 2,
        "temperal_downsample": [False, True, True],
    }
    return Geometry(transformer, vae, 25)


def toys() -> Geometry:
    """The same classes, as small as they can be."""
    transformer = {
        "in_channels": 32,
        "out_channels": 8,
        "num_layers": 2,
        "attention_head_dim": 16,
        "num_attention_heads": 2,
        "joint_attention_dim": 16,
        "axes_dims_rope": (8, 4, 4),
    }
    vae = {
        "base_dim": 8,
        "z_dim": 8,
        "dim_mult": [1, 2, 4, 4],
        "num_res_blocks": 1,
        "temperal_downsample": [False, True, True],
        "latents_mean": [0.0] * 8,
        "latents_std": [1.0] * 8,
    }
    return Geometry(transformer, vae, 5)


def outline(geometry: Geometry) -> Any:
    """The transformer without weights, on the meta device, but for the frequencies of its RoPE."""
    with init_empty_weights():
        return QwenImageTransformer2DModel(**geometry.transformer, **_LAYERED)


def transformer(geometry: Geometry, rung: Rung, device: torch.device) -> Any:
    """As `loading.load_transformer` gives it: frozen, without an adapter, not yet settled on its rung."""
    return filled(outline(geometry), device, seed=1, rung=rung, kept=KEPT)


def vae(geometry: Geometry, device: torch.device) -> Any:
    """As `loading.load_vae` gives it."""
    with init_empty_weights():
        made = AutoencoderKLQwenImage(**geometry.vae, input_channels=4)
    filled(made, device, seed=2)
    made.enable_slicing()
    return made


def words(geometry: Geometry, device: torch.device) -> Tensor:
    """Of the prompt, [tokens, width]."""
    draw = torch.Generator(device).manual_seed(3)
    return torch.randn(geometry.words, geometry.transformer["joint_attention_dim"], generator=draw, device=device)


def scheduler() -> Any:
    """With the settings of the released checkpoint."""
    return FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True, time_shift_type="linear", base_shift=0.5, max_shift=0.9, max_image_seq_len=8192
    )


def spec(made: Any, size: Size, *, composite: bool = False) -> AdapterSpec:
    """What the adapter is: that of `configs/lora/rendering.toml`."""
    blocks, width = adapter.shape_of(made)
    layers = tuple(BLENDS)
    return AdapterSpec(layers=layers, composite=composite, size=size, base=BASE, rank=32, blocks=blocks, width=width)
