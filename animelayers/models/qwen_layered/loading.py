"""Qwen-Image-Layered from its files, on any rung of the ladder, and what makes it faster.

An adapter comes between two steps: `load_transformer`, then the LoRA and the embedding, then `settled`. The other way
round PEFT would give a LoRA the float8 of the weights beside it, and offloading would not know of either.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from diffusers import (
    AutoencoderKLQwenImage,
    BitsAndBytesConfig,
    FirstBlockCacheConfig,
    FlowMatchEulerDiscreteScheduler,
    QwenImageTransformer2DModel,
    TaylorSeerCacheConfig,
)
from diffusers.hooks import apply_layerwise_casting_hook
from diffusers.models.attention_dispatch import AttentionBackendName
from diffusers.utils import is_bitsandbytes_available
from safetensors import SafetensorError
from torch import nn

from animelayers.errors import MissingPackageError, ModelError
from animelayers.models import memory
from animelayers.models.base import Rung

BASE = "Qwen/Qwen-Image-Layered"
"""The released weights on the hub."""
FILES = (
    "model_index.json",
    *(f"{part}/*.{kind}" for part in ("transformer", "vae", "scheduler") for kind in ("json", "safetensors")),
)
"""What is needed of them, 41 GB. The text encoder is not, where a prompt's embedding is at hand."""
KEPT = ("img_in", "txt_in", "time_text_embed", "norm_out", "proj_out", "transformer_blocks.0.img_mod")
"""Modules that stay in bf16 on every rung: all else passes through them, and together they are 0.5 % of the weights."""

Cache = Literal["first-block", "taylor-seer"]
STEPS_TO_CACHE = 10
"""With fewer steps two of them are never alike enough."""

_PIPELINES = {
    "QwenImagePipeline": "Qwen-Image, which paints what words say",
    "QwenImageEditPipeline": "Qwen-Image-Edit",
    "QwenImageEditPlusPipeline": "a later Qwen-Image-Edit",
}
_LAYERED = f"the layered one is {BASE}"


def outline(folder: Path) -> Any:
    """The transformer without its weights, on the meta device: enough to count with.

    Raises:
        ModelError: the folder holds no Qwen-Image-Layered.
    """
    config = _transformer_config(folder)
    with torch.device("meta"), _opening(folder / "transformer"):
        return QwenImageTransformer2DModel.from_config(config)


def lora_size(transformer: nn.Module, targets: Sequence[str], rank: int) -> int:
    """Values that a LoRA of the linear layers with these names (`to_q`, `to_out.0`) has."""
    ends = tuple(f".{target}" for target in targets)
    layers = (layer for name, layer in transformer.named_modules() if name.endswith(ends))
    return sum(rank * (layer.in_features + layer.out_features) for layer in layers if isinstance(layer, nn.Linear))


def load_transformer(folder: Path, rung: Rung, device: torch.device) -> Any:
    """The transformer, frozen, as an adapter needs to find it; see `settled`.

    Args:
        folder: of the base: `transformer/`, `vae/` and so on lie in it.
        rung: of `memory.ladder` for this device.
        device: where it will work.

    Raises:
        ModelError: the folder holds something else, is damaged, or the device does not have that rung.
        MissingPackageError: `nf4` without bitsandbytes.
    """
    _transformer_config(folder)
    _check_rung(rung, device)
    how: dict[str, Any] = {"torch_dtype": torch.float32 if rung == "float32" else torch.bfloat16}
    if rung not in ("fp8", "offload"):  # those are not on the card before they are small enough
        how["device_map"] = {"": device}
    if rung == "nf4":
        how["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
            llm_int8_skip_modules=list(KEPT),
        )
    return _loaded(QwenImageTransformer2DModel, folder / "transformer", **how)


def settled(transformer: Any, rung: Rung, device: torch.device) -> Any:
    """The same transformer, ready to work on its rung, adapter and embedding with it; after this none is added.

    `fp8` stores the weights in float8 and leaves those of a LoRA alone; a training has to checkpoint its blocks, or
    every weight that was worked with stays in bf16. `offload` moves blocks to the card as they are needed.
    """
    if rung == "offload":
        streams = device.type == "cuda"
        transformer.enable_group_offload(
            onload_device=device, offload_type="block_level", num_blocks_per_group=1, use_stream=streams
        )
        return transformer
    if rung == "fp8":
        _store_in_float8(transformer)
    return transformer.to(device)


def load_vae(folder: Path, device: torch.device, *, tiling: bool = False) -> Any:
    """The RGBA autoencoder, frozen; bf16, on a CPU float32. It takes pictures of a batch one by one, to save memory.

    Args:
        folder: of the base.
        device: where it works.
        tiling: in overlapping tiles, for large pictures on small cards.

    Raises:
        ModelError: there is none, it is damaged, or it is not one of four channels.
    """
    config = _read(folder / "vae" / "config.json")
    channels = config.get("input_channels", 3)
    if config.get("_class_name") != AutoencoderKLQwenImage.__name__ or channels != 4:
        found = f"{config.get('_class_name')} of {channels} channels"
        raise ModelError(f"{folder / 'vae'} is a {found}, wanted the RGBA one of 4", hint=_LAYERED)
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    vae = _loaded(AutoencoderKLQwenImage, folder / "vae", torch_dtype=dtype).to(device)
    vae.enable_slicing()
    if tiling:
        vae.enable_tiling()
    return vae


def vae_scale(folder: Path) -> int:
    """Px of a picture to one latent pixel of the base's VAE, from its configuration alone."""
    return int(2 ** len(_read(folder / "vae" / "config.json")["temperal_downsample"]))


def load_scheduler(folder: Path) -> Any:
    """The sampler's noise levels, as the base has been trained with.

    Raises:
        ModelError: there are none.
    """
    with _opening(folder / "scheduler"):
        return FlowMatchEulerDiscreteScheduler.from_pretrained(folder / "scheduler", local_files_only=True)


def compile_blocks(transformer: Any) -> None:
    """Let PyTorch compile the block that repeats; the first picture of a size waits for it."""
    transformer.compile_repeated_blocks()


def use_attention(transformer: Any, name: str) -> None:
    """Compute attention by another kernel: `native`, `flash`, `sage` … as diffusers names them.

    Raises:
        ModelError: there is none of that name; those that fetch compiled code from the hub are not offered.
        MissingPackageError: its package is missing, or does not fit.
    """
    known = sorted(each.value for each in AttentionBackendName if not each.value.endswith("_hub"))
    if name not in known:
        raise ModelError(f"unknown attention {name!r}", hint=f"one of {', '.join(known)}")
    try:
        transformer.set_attention_backend(name)
    except (RuntimeError, ImportError) as error:
        raise MissingPackageError(f"attention {name} cannot be used: {error}", hint="attention=native") from error


@contextmanager
def cached(transformer: Any, kind: Cache | None, steps: int, *, threshold: float = 0.05) -> Iterator[None]:
    """Skip work of steps that resemble the one before, as long as it lasts: one sampling.

    Args:
        transformer: called in a `cache_context` of its own for each prompt.
        kind: `first-block` goes on after the first block only if that says something new; `taylor-seer` (arXiv
            2503.06923) computes every third step and extrapolates the others.
        steps: of the sampling; below `STEPS_TO_CACHE` nothing is skipped.
        threshold: `first-block`: relative change below which the rest is skipped; 0 skips nothing.

    Raises:
        ModelError: an unknown kind.
    """
    if kind is None or steps < STEPS_TO_CACHE:
        yield
        return
    if kind not in get_args(Cache):
        raise ModelError(f"unknown cache {kind!r}", hint=f"one of {', '.join(get_args(Cache))}")
    taylor = TaylorSeerCacheConfig(cache_interval=3, use_lite_mode=True)
    transformer.enable_cache(FirstBlockCacheConfig(threshold) if kind == "first-block" else taylor)
    try:
        yield
    finally:
        transformer.disable_cache()


def _store_in_float8(transformer: nn.Module) -> None:
    """Diffusers' layerwise casting, of linear layers but those of a LoRA and `KEPT`.

    Its `enable_layerwise_casting` also keeps PEFT from casting the input of a LoRA, which then must not be float32.
    """
    for name, layer in transformer.named_modules():
        passed_over = ".lora_" in name or any(f"{name}.".startswith(f"{kept}.") for kept in KEPT)
        if isinstance(layer, nn.Linear) and not passed_over:
            apply_layerwise_casting_hook(
                layer, storage_dtype=torch.float8_e4m3fn, compute_dtype=torch.bfloat16, non_blocking=False
            )


def _check_rung(rung: Rung, device: torch.device) -> None:
    there = memory.ladder(device.type)
    if rung not in there:
        raise ModelError(f"memory {rung} cannot be had on {device}", hint=f"memory={' or '.join(there)}")
    if rung == "nf4" and not is_bitsandbytes_available():
        raise MissingPackageError("weights in 4 bits need the package bitsandbytes", hint="pip install bitsandbytes")


def _transformer_config(folder: Path) -> dict[str, Any]:
    """Of the transformer, if it is one that predicts layers of a picture."""
    if folder.is_file():
        raise ModelError(f"{folder} is one file, wanted the folder that diffusers writes", hint=_LAYERED)
    config = _read(folder / "transformer" / "config.json")
    if config.get("quantization_config"):
        raise ModelError(f"{folder} holds weights that are quantised already", hint=f"the whole ones are {BASE}")
    named = config.get("_class_name")
    if named == QwenImageTransformer2DModel.__name__:
        if config.get("use_layer3d_rope") and config.get("use_additional_t_cond"):
            return config
        index = folder / "model_index.json"
        pipeline = _read(index).get("_class_name") if index.exists() else None
        other = "Qwen-Image-Edit-2511" if config.get("zero_cond_t") else "a Qwen-Image without layers"
        named = _PIPELINES.get(str(pipeline), other)
    raise ModelError(f"{folder} is {named}, not Qwen-Image-Layered", hint=_LAYERED)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        hint = "name the folder that holds model_index.json, transformer/, vae/ and scheduler/"
        raise ModelError(f"there is no {path}", hint=hint) from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}", hint="fetch it again") from error
    if not isinstance(found, Mapping):
        raise ModelError(f"{path} is no configuration", hint="fetch it again")
    return dict(found)


def _loaded(kind: Any, folder: Path, **how: Any) -> Any:
    with _opening(folder):
        model, told = kind.from_pretrained(
            folder, use_safetensors=True, local_files_only=True, output_loading_info=True, **how
        )
    if told["missing_keys"]:
        raise _not_whole(folder)
    return model.requires_grad_(False).eval()


@contextmanager
def _opening(folder: Path) -> Iterator[None]:
    """Turn what damaged files, or too many of them, raise into what can be done."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ModelError(f"{folder} does not fit into memory", hint="memory=auto, or a lower rung") from error
    except NotImplementedError as error:  # a tensor that no file has cannot be put anywhere
        raise _not_whole(folder) from error
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"{folder} cannot be loaded: {reason}", hint="fetch it again") from error


def _not_whole(folder: Path) -> ModelError:
    return ModelError(f"{folder} is not whole: tensors are missing", hint="fetch it again")
