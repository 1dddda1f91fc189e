"""Qwen-Image-Layered in small: the same classes, random weights, made in a blink. Imports PyTorch where it is used."""

from __future__ import annotations

from pathlib import Path
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


def text_encoder(seed: int = 0) -> tuple[Any, Any]:
    """Qwen2.5-VL in small, and a tokenizer that splits words into bytes."""
    import torch
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer

    special = [f"<|{name}|>" for name in ("endoftext", "im_start", "im_end", "vision_start", "vision_end")]
    special += ["<|image_pad|>", "<|video_pad|>"]
    vocabulary = {word: number for number, word in enumerate([*sorted(ByteLevel.alphabet()), *special])}
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=[], extra_special_tokens=special[1:])
    sizes = {"hidden_size": WIDTH, "intermediate_size": WIDTH}
    config = Qwen2_5_VLConfig(
        text_config={
            **sizes,
            "vocab_size": len(tokenizer),
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "rope_parameters": {"mrope_section": [1, 1, 2], "rope_type": "default", "rope_theta": 1e6},
            "bos_token_id": None,
            "eos_token_id": vocabulary["<|im_end|>"],
            "pad_token_id": vocabulary["<|endoftext|>"],
        },
        vision_config={**sizes, "depth": 1, "num_heads": 2, "out_hidden_size": WIDTH},
        **{f"{kind}_token_id": vocabulary[f"<|{kind}_pad|>"] for kind in ("image", "video")},
        **{f"vision_{side}_token_id": vocabulary[f"<|vision_{side}|>"] for side in ("start", "end")},
    )
    torch.manual_seed(seed)
    return Qwen2_5_VLForConditionalGeneration(config).eval(), tokenizer


def save_base(folder: Path, *, encoder: bool = True) -> Path:
    """A whole checkpoint as diffusers lays it out, random weights, float32."""
    transformer().save_pretrained(folder / "transformer")
    vae().save_pretrained(folder / "vae")
    scheduler().save_pretrained(folder / "scheduler")
    if encoder:
        words, tokenizer = text_encoder()
        words.save_pretrained(folder / "text_encoder")
        tokenizer.save_pretrained(folder / "tokenizer")
    (folder / "model_index.json").write_text('{"_class_name": "QwenImageLayeredPipeline"}\n', "utf-8")
    return folder


def spec(**changes: Any) -> Any:
    """Of an adapter for the tiny transformer."""
    from animelayers.models.qwen_layered.adapter import AdapterSpec

    facts = {"layers": ("flat", "shadow", "highlight", "line"), "size": (64, 48), "base": "tiny", "rank": 2}
    return AdapterSpec(**{**facts, "blocks": 2, "width": 48, **changes})


def save_adapter(folder: Path, spec: Any) -> dict[str, Any]:
    """The folder of a training whose every weight is random; the weights by the names that they have in the model."""
    import torch

    from animelayers.models.qwen_layered import adapter

    model = transformer()
    model.requires_grad_(False)
    adapter.insert(model, spec)
    torch.manual_seed(0)
    trained = {name: torch.randn_like(weight) for name, weight in model.named_parameters() if weight.requires_grad}
    adapter.save(folder / adapter.FILE, adapter.as_file(trained), spec)
    return trained
