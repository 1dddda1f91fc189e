"""Depth Pro (arXiv 2410.02073; `DepthProForDepthEstimation` of transformers), taught layers instead of distance.

Its head says a canonical inverse depth: nothing below 0, larger nearer, as an index is. So its words are the index, and
neither a field of view nor a reciprocal follows.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn
from transformers import DepthProConfig, DepthProForDepthEstimation

from animelayers.errors import ModelError
from animelayers.handoff.files import replacing_folder
from animelayers.models import hub, memory
from animelayers.models.diffusion.folder import loaded, opening, read
from animelayers.training.folders import DTYPES

PICTURES = "preprocessor_config.json"
"""How it is shown pictures."""
FILES = ("config.json", PICTURES, "*.safetensors", "*.safetensors.index.json")
"""What of the base is needed."""
PREFIX = "model."
"""Before the names of the class's own weights."""
IDLE = ("mask_token", "fusion_stage.intermediate.0.residual_layer1.")
"""In the names of weights that the class has, and does not use."""
HINT = "apple/DepthPro-hf is taught, or what an earlier run made of it"


class DepthPro(nn.Module):
    """As `DepthNet`: RGBA on white, float [b, 4, h, w] in -1..1, opaque → float [b, h, w], 0 or more."""

    def __init__(self, model: DepthProForDepthEstimation) -> None:
        super().__init__()
        self.model = model

    def forward(self, seen: Tensor) -> Tensor:
        said: Tensor = self.model(pixel_values=seen[:, :3]).predicted_depth
        return said


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a training begins with."""

    folder: Path
    told: Any
    """Its configuration, without a model of the field of view."""

    @classmethod
    def of(cls, weights: str) -> Self:
        """That of a folder or hub id.

        Raises:
            ModelError: there is none, or it is another network.
        """
        folder = hub.located(weights, files=FILES)
        path = folder / "config.json" if folder.is_dir() else folder.with_name("config.json")
        told = read(path, HINT)
        if told.get("model_type") != DepthProConfig.model_type:
            raise ModelError(f"{path} is of {told.get('model_type', 'no model')}, not of depth_pro", hint=HINT)
        with opening(path.parent):
            return cls(path.parent, DepthProConfig.from_dict({**told, "use_fov_model": False}))

    @property
    def size(self) -> int:
        """Side of the pictures that it sees, px: at the smallest scale, one patch is all of one."""
        return math.ceil(self.told.patch_size / min(self.told.scaled_images_ratios))

    def check(self, size: int) -> None:
        """
        Raises:
            ModelError: it does not see pictures of this size.
        """
        if size != self.size:
            said = f"{self.folder} sees pictures of {self.size} x {self.size} px, not of {size} x {size}"
            raise ModelError(said, hint=f"data.size={self.size}")

    def network(self) -> DepthPro:
        """It, in float32, on the CPU.

        Raises:
            ModelError: weights are missing, damaged, of other sizes, or too large for the memory.
        """
        try:
            model = loaded(DepthProForDepthEstimation, self.folder, dtype=torch.float32, config=self.told)
        except RuntimeError as error:  # of transformers, where a tensor has another shape
            reason = (str(error).splitlines() or [""])[0]
            raise ModelError(f"{self.folder} does not fit its config.json: {reason}", hint=HINT) from error
        return _chosen(DepthPro(model))

    def outline(self) -> DepthPro:
        """The same without weights, on the meta device: enough to count with."""
        with torch.device("meta"):
            return _chosen(DepthPro(DepthProForDepthEstimation(self.told)))

    def activations(self, batch: int) -> int:
        """Bytes of what is computed of a batch, in 16 bits, every block being computed again; roughly."""
        told, half = self.told, self.size // 2
        encoder = told.patch_model_config
        tokens = (told.patch_size // encoder.patch_size) ** 2 + 1
        patches = 1 + sum(
            _patches(self.size * ratio / told.patch_size, overlap)
            for ratio, overlap in zip(told.scaled_images_ratios, told.scaled_images_overlap_ratios, strict=True)
        )
        seen = memory.activations(
            patches * tokens, encoder.hidden_size, encoder.num_hidden_layers, batch=batch, training=True
        )
        return seen + memory.convolved(batch, (half, half), told.fusion_hidden_size)


def write(folder: Path, base: Path, model: DepthProForDepthEstimation, weights: Mapping[str, Tensor], how: str) -> None:
    """A folder that `from_pretrained` reads, of any version; all of it, or as it was.

    Args:
        folder: to be.
        base: with the configuration of the pictures, which is the same.
        model: for its configuration.
        weights: all of a `DepthPro`, by name.
        how: one of `folders.DTYPES`.

    Raises:
        OutputError: a file cannot be written.
    """
    own = {name.removeprefix(PREFIX): tensor.to("cpu", DTYPES[how]) for name, tensor in weights.items()}
    with replacing_folder(folder) as temporary:
        model.save_pretrained(temporary, state_dict=own)
        if (pictures := base / PICTURES).is_file():
            shutil.copyfile(pictures, temporary / PICTURES)


def _chosen(network: DepthPro) -> DepthPro:
    """All of it is taught, but for what has no part in it."""
    for name, weight in network.named_parameters():
        weight.requires_grad_(not any(idle in name for idle in IDLE))
    return network


def _patches(sides: float, overlap: float) -> int:
    """Patches of a picture `sides` times as wide as one, which overlap by that share."""
    return int((sides - 1) / (1 - overlap) + 1) ** 2
