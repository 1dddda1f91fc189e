"""Qwen-Image-Layered in small: the same classes, random weights, made in a blink. Imports PyTorch where it is used."""

from __future__ import annotations

from typing import Any

WIDTH, WORDS = 16, 5
"""Of the prompt's embedding."""


def transformer(seed: int = 0, *, layers: int = 2) -> Any:
    import torch
    from diffusers import QwenImageTransformer2DModel

    torch.manual_seed(seed)
    return QwenImageTransformer2DModel(
        in_channels=32,
        out_channels=8,
        num_layers=layers,
        attention_head_dim=16,
        num_attention_heads=3,
        joint_attention_dim=WIDTH,
        axes_dims_rope=(8, 4, 4),
        use_additional_t_cond=True,
        use_layer3d_rope=True,
    ).eval()


def vae(seed: int = 0) -> Any:
    import torch
    from diffusers import AutoencoderKLQwenImage

    torch.manual_seed(seed)
    return AutoencoderKLQwenImage(
        base_dim=8,
        z_dim=8,
        dim_mult=[1, 2, 4, 4],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=[0.1 * number for number in range(8)],
        latents_std=[1.0 + 0.1 * number for number in range(8)],
        input_channels=4,
    ).eval()


def scheduler() -> Any:
    """With the settings of the released model."""
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True, time_shift_type="linear", base_shift=0.5, max_shift=0.9, max_image_seq_len=8192
    )


def prompt(seed: int = 0) -> Any:
    """[words, width]."""
    import torch

    return torch.randn(WORDS, WIDTH, generator=torch.Generator().manual_seed(seed))


def stock(model: Any, autoencoder: Any) -> Any:
    """Diffusers' own pipeline around the same weights; the prompt has to come as an embedding."""
    import torch
    from diffusers import QwenImageLayeredPipeline

    encoder = torch.nn.Module()
    encoder.dtype, encoder.device = torch.float32, torch.device("cpu")
    pipe = QwenImageLayeredPipeline(scheduler(), autoencoder, encoder, None, None, model)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def frames(**changes: Any) -> Any:
    from animelayers.models.qwen_layered.frames import Frames

    return Frames(**{"layers": ("flat", "shadow", "highlight", "line"), **changes})
