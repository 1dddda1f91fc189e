"""Qwen-Image-Layered from its files, on any rung of the ladder.

An adapter comes between two steps: `load_transformer`, then the LoRA and the embedding, then `settled`. The other way
round PEFT would give a LoRA the float8 of the weights beside it, and offloading would not know of either.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLQwenImage, FlowMatchEulerDiscreteScheduler, QwenImageTransformer2DModel
from torch import nn

from animelayers.errors import ModelError
from animelayers.models.base import Rung
from animelayers.models.diffusion import rungs
from animelayers.models.diffusion.folder import loaded, opening, read

BASE = "Qwen/Qwen-Image-Layered"
"""The released weights on the hub."""
FILES = (
    "model_index.json",
    *(f"{part}/*.{kind}" for part in ("transformer", "vae", "scheduler") for kind in ("json", "safetensors")),
)
"""What is needed of them, 41 GB. The text encoder is not, where a prompt's embedding is at hand."""
KEPT = ("img_in", "txt_in", "time_text_embed", "norm_out", "proj_out", "transformer_blocks.0.img_mod")
"""Modules that stay in bf16 on every rung: all else passes through them, and together they are 0.5 % of the weights."""

_PIPELINES = {
    "QwenImagePipeline": "Qwen-Image, which paints what words say",
    "QwenImageEditPipeline": "Qwen-Image-Edit",
    "QwenImageEditPlusPipeline": "a later Qwen-Image-Edit",
}
_LAYERED = f"the layered one is {BASE}"
_WHOLE = "name the folder that holds model_index.json, transformer/, vae/ and scheduler/"


def outline(folder: Path) -> Any:
    """The transformer without its weights, on the meta device: enough to count with.

    Raises:
        ModelError: the folder holds no Qwen-Image-Layered.
    """
    config = _transformer_config(folder)
    with torch.device("meta"), opening(folder / "transformer"):
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
    rungs.check(rung, device)
    return loaded(QwenImageTransformer2DModel, folder / "transformer", **rungs.arguments(rung, device, KEPT))


def settled(transformer: Any, rung: Rung, device: torch.device) -> Any:
    """The same transformer, ready to work on its rung, adapter and embedding with it; see `rungs.settled`."""
    return rungs.settled(transformer, rung, device, KEPT)


def load_vae(folder: Path, device: torch.device, *, tiling: bool = False) -> Any:
    """The RGBA autoencoder, frozen; bf16, on a CPU float32. It takes pictures of a batch one by one, to save memory.

    Args:
        folder: of the base.
        device: where it works.
        tiling: in overlapping tiles, for large pictures on small cards.

    Raises:
        ModelError: there is none, it is damaged, or it is not one of four channels.
    """
    config = read(folder / "vae" / "config.json", _WHOLE)
    channels = config.get("input_channels", 3)
    if config.get("_class_name") != AutoencoderKLQwenImage.__name__ or channels != 4:
        found = f"{config.get('_class_name')} of {channels} channels"
        raise ModelError(f"{folder / 'vae'} is a {found}, wanted the RGBA one of 4", hint=_LAYERED)
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    vae = loaded(AutoencoderKLQwenImage, folder / "vae", torch_dtype=dtype).to(device)
    vae.enable_slicing()
    if tiling:
        vae.enable_tiling()
    return vae


def vae_scale(folder: Path) -> int:
    """Px of a picture to one latent pixel of the base's VAE, from its configuration alone."""
    return int(2 ** len(read(folder / "vae" / "config.json", _WHOLE)["temperal_downsample"]))


def load_scheduler(folder: Path) -> Any:
    """The sampler's noise levels, as the base has been trained with.

    Raises:
        ModelError: there are none.
    """
    with opening(folder / "scheduler"):
        return FlowMatchEulerDiscreteScheduler.from_pretrained(folder / "scheduler", local_files_only=True)


def _transformer_config(folder: Path) -> dict[str, Any]:
    """Of the transformer, if it is one that predicts layers of a picture."""
    if folder.is_file():
        raise ModelError(f"{folder} is one file, wanted the folder that diffusers writes", hint=_LAYERED)
    config = read(folder / "transformer" / "config.json", _WHOLE)
    if config.get("quantization_config"):
        raise ModelError(f"{folder} holds weights that are quantised already", hint=f"the whole ones are {BASE}")
    named = config.get("_class_name")
    if named == QwenImageTransformer2DModel.__name__:
        if config.get("use_layer3d_rope") and config.get("use_additional_t_cond"):
            return config
        index = folder / "model_index.json"
        pipeline = read(index, _WHOLE).get("_class_name") if index.exists() else None
        other = "Qwen-Image-Edit-2511" if config.get("zero_cond_t") else "a Qwen-Image without layers"
        named = _PIPELINES.get(str(pipeline), other)
    raise ModelError(f"{folder} is {named}, not Qwen-Image-Layered", hint=_LAYERED)
