"""The checkpoints of See-through in small: the same classes, random weights. Imports PyTorch where it is used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

WIDTHS, POOLED = (16, 16), 24
"""Of the two text encoders of parts, and of what the second one says of a whole text."""
DEPTH_WIDTH = 20
"""Of the text encoder of depth."""
LENGTH = 77
"""Tokens of a text."""


def unet(version: str = "v3", seed: int = 0) -> Any:
    """Of parts, `v3` or `v2`; every part-axis block and group embedding has something to say."""
    from animelayers.models.see_through.conditioning import BODY, HEAD

    added = {
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": POOLED + 6 * 8,
    }
    return _unet(
        seed,
        groups=(len(BODY), len(HEAD)) if version == "v3" else (),
        tag_version=version,
        in_channels=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(8, 16, 24),
        attention_head_dim=(1, 2, 3),
        transformer_layers_per_block=(1, 1, 3),
        norm_num_groups=8,
        cross_attention_dim=sum(WIDTHS),
        **added,
    )


def depth_unet(seed: int = 0) -> Any:
    return _unet(
        seed,
        in_channels=12,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        block_out_channels=(8, 16, 16),
        attention_head_dim=(1, 2, 2),
        norm_num_groups=4,
        cross_attention_dim=DEPTH_WIDTH,
    )


def vae(scaling: float = 0.13025, seed: int = 0) -> Any:
    """8 px of a picture to one latent pixel."""
    import torch
    from diffusers import AutoencoderKL

    torch.manual_seed(seed)
    levels = 4
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=(8, 8, 8, 8),
        norm_num_groups=4,
        latent_channels=4,
        sample_size=64,
        scaling_factor=scaling,
    ).eval()


def transparency(seed: int = 0) -> Any:
    """The networks that make pictures transparent; sides have to be multiples of 64 px, as those of the released."""
    import torch

    from animelayers.models.see_through.transparency import TransparentVAE

    torch.manual_seed(seed)
    return TransparentVAE(block_out_channels=(8, 8, 8, 16, 16, 16, 16)).eval()


def tokenizer(pad: str = "<|endoftext|>") -> Any:
    """CLIP's, without merges: every letter is a token."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizer

    letters = sorted(ByteLevel.alphabet())
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], pad_token=pad, model_max_length=LENGTH)


def text_encoder(width: int, pooled: int | None = None, seed: int = 0) -> Any:
    """CLIP's; with `pooled` one that projects what it says of a whole text to so many values."""
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    names = tokenizer()
    config = CLIPTextConfig(
        vocab_size=len(names),
        hidden_size=width,
        intermediate_size=2 * width,
        projection_dim=pooled or width,
        num_hidden_layers=3,
        num_attention_heads=2,
        max_position_embeddings=LENGTH,
        bos_token_id=names.bos_token_id,
        eos_token_id=names.eos_token_id,
        pad_token_id=names.pad_token_id,
    )
    torch.manual_seed(seed)
    return (CLIPTextModelWithProjection if pooled else CLIPTextModel)(config).eval()


def save_parts(folder: Path, version: str = "v3", *, encoders: bool = True) -> Path:
    """A whole checkpoint of parts as it is published, random weights, float32."""
    from animelayers.models.see_through.schedule import parts_scheduler

    save_unet(unet(version), folder / "unet")
    vae().save_pretrained(folder / "vae")
    save_transparency(transparency(), folder / "trans_vae")
    parts_scheduler().save_pretrained(folder / "scheduler")
    if encoders:
        text_encoder(WIDTHS[0], seed=1).save_pretrained(folder / "text_encoder")
        text_encoder(WIDTHS[1], POOLED, seed=2).save_pretrained(folder / "text_encoder_2")
        tokenizer().save_pretrained(folder / "tokenizer")
        tokenizer("!").save_pretrained(folder / "tokenizer_2")
    _write(folder / "model_index.json", {"_class_name": "KDiffusionStableDiffusionXLPipeline"})
    return folder


def save_depth(folder: Path, *, encoders: bool = True) -> Path:
    """A whole checkpoint of depth as it is published, random weights, float32."""
    from animelayers.models.see_through.schedule import depth_scheduler

    save_unet(depth_unet(), folder / "unet")
    vae(0.18215, seed=1).save_pretrained(folder / "vae")
    depth_scheduler().save_pretrained(folder / "scheduler")
    if encoders:
        text_encoder(DEPTH_WIDTH, seed=3).save_pretrained(folder / "text_encoder")
        tokenizer().save_pretrained(folder / "tokenizer")
    _write(folder / "model_index.json", {"_class_name": "MarigoldDepthPipeline"})
    return folder


def save_unet(model: Any, folder: Path) -> None:
    """With a configuration in the words of the public checkpoints."""
    from animelayers.models.see_through.unet import published

    model.save_pretrained(folder)
    _write(folder / "config.json", published(model.config))


def save_transparency(model: Any, folder: Path) -> None:
    """Published without a size; this one is smaller, and says so."""
    model.save_pretrained(folder)


def _unet(seed: int, **geometry: Any) -> Any:
    import torch

    from animelayers.models.see_through.unet import PartsUNet, part_axis_parameters

    torch.manual_seed(seed)
    stock = {
        "sample_size": 8,
        "out_channels": 4,
        "layers_per_block": 1,
        "mid_block_type": "UNetMidBlock2DCrossAttn",
        "use_linear_projection": True,
    }
    model = PartsUNet(**stock, **geometry)
    for weight in part_axis_parameters(model):
        if not weight.any():  # what begins at 0 would hide mistakes
            torch.nn.init.normal_(weight, std=0.1)
    return model.eval()


def _write(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=1) + "\n", "utf-8")
