"""Adapters under the names by which other programs know a LoRA, and back.

    diffusion_model.transformer_blocks.0.attn.to_q.lora_A.weight …          comfy: ComfyUI, diffusers
    lora_unet_transformer_blocks_0_attn_to_q.lora_down.weight, ….alpha …    kohya: musubi-tuner, ComfyUI, diffusers
    header["animelayers.converted"]                                         spec, style, and all else in base64

Readers of such files stop at a tensor that they do not know, and pass over what they do not know in a header.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, load_file, save
from torch import Tensor

from animelayers.errors import DataError, ModelError
from animelayers.models import tensors
from animelayers.models.qwen_layered.adapter import PREFIX, AdapterSpec

KEY = "animelayers.converted"

Style = Literal["comfy", "kohya"]


def write(
    path: Path,
    spec: AdapterSpec,
    weights: Mapping[str, Tensor],
    style: Style = "comfy",
    dtype: torch.dtype | None = None,
) -> None:
    """Write an adapter as other programs read it, wholly or not at all.

    Args:
        path: of the file.
        spec: of the adapter.
        weights: its tensors, as `adapter.read` gives them.
        style: whose names they get.
        dtype: theirs in the file; None: the one that they have.

    Raises:
        ModelError: there is no LoRA, or one that the spec does not describe.
        OutputError: the file cannot be written.
    """
    held = {name: tensor.to(dtype or tensor.dtype) for name, tensor in weights.items()}
    lora = {name for name in held if name.startswith(PREFIX)}
    found = {theirs: held[ours] for ours, theirs in _names(spec, style) if ours in held}
    if not lora or len(found) < len(lora):
        what = "has layers that its spec does not name" if lora else "has no LoRA: it is merged into a base"
        raise ModelError(f"the adapter {what}", hint="name the one that train/lora.py has written")
    if style == "kohya":
        found |= {
            name.replace(".lora_down.weight", ".alpha"): torch.tensor(float(len(tensor)))
            for name, tensor in found.items()
            if name.endswith(".lora_down.weight")
        }
    rest = save({name: tensor for name, tensor in held.items() if name not in lora})
    about = {"spec": spec.model_dump(mode="json"), "style": style, "rest": base64.b64encode(rest).decode()}
    tensors.write(path, found, about, KEY)


def read(path: Path) -> tuple[AdapterSpec, dict[str, Tensor]]:
    """The adapter that was written to a file, under its own names: every tensor as it is stored.

    Raises:
        ModelError: the file is damaged, or another one.
    """
    try:
        about, held = tensors.header(path, KEY), load_file(path)
        spec = AdapterSpec.model_validate(about["spec"])
        weights = {ours: held[theirs] for ours, theirs in _names(spec, about["style"]) if theirs in held}
        return spec, weights | load(base64.b64decode(about["rest"]))
    except (DataError, ValidationError, SafetensorError, OSError, KeyError, TypeError, binascii.Error) as error:
        hint = "only what export/comfy_lora.py has written can be brought back"
        raise ModelError(f"{path} is no converted adapter", hint=hint) from error


def frames_elsewhere(spec: AdapterSpec) -> str:
    """How a program that always has a frame for the whole picture, the first, is told of the frames; for people."""
    count, order = len(spec.layers), ", ".join(spec.layers)
    if spec.composite:
        return f"layers={count}; the first image is the whole picture, then {order}"
    if spec.kept_ids:
        return f"layers={count}; the first image is the whole picture, which the adapter has not learnt, then {order}"
    return f"layers={count - 1}; the first image is a layer, too: {order}"


def _names(spec: AdapterSpec, style: str) -> Iterator[tuple[str, str]]:
    """Our name and theirs, of every tensor that the LoRA may have."""
    for module in (
        f"transformer_blocks.{block}.attn.{target}" for block in range(spec.blocks) for target in spec.targets
    ):
        for ours, theirs in (("lora_A", "lora_down"), ("lora_B", "lora_up")):
            flat = f"lora_unet_{module.replace('.', '_')}.{theirs}.weight"
            yield (
                f"{PREFIX}{module}.{ours}.weight",
                flat if style == "kohya" else f"diffusion_model.{module}.{ours}.weight",
            )
