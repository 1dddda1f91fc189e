"""Modules of diffusers in the folder of a run, laid out as every program expects them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from animelayers.handoff.files import replacing
from animelayers.models.diffusion.folder import WEIGHTS

DTYPES = {"bf16": torch.bfloat16, "float32": torch.float32}
"""How weights may be written."""


def write_module(folder: Path, about: Mapping[str, Any], weights: Mapping[str, Tensor], dtype: torch.dtype) -> None:
    """Write `config.json` and the weights of a module; each file whole, or as it was.

    Args:
        folder: the module's own, such as `unet`.
        about: its configuration, JSON values.
        weights: all of its tensors.
        dtype: in which they are written.

    Raises:
        OutputError: a file cannot be written.
    """
    own = {name: tensor.detach().to("cpu", dtype).contiguous() for name, tensor in weights.items()}
    with replacing(folder / "config.json") as temporary:
        temporary.write_text(json.dumps(about, indent=1) + "\n", "utf-8")
    with replacing(folder / WEIGHTS) as temporary:
        save_file(own, temporary, {"format": "pt"})


def copy_module(source: Path, folder: Path) -> None:
    """Put a module that is not taught beside those that are; what lies there already stays.

    Raises:
        OutputError: a file cannot be written.
    """
    for file in sorted(source.glob("*")):
        own = folder / file.name
        if file.suffix in (".json", ".safetensors") and not own.exists():
            with replacing(own) as temporary:
                shutil.copyfile(file, temporary)
