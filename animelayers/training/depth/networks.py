"""What is taught: a stock UNet that sees page, part and noisy depth, and the UNet of all parts that it becomes.

Stage 1 has the channels of the released network already, not Marigold's 8: how near a part is can only be said of it in
its picture. Both are asked as inference asks: latents of frames, a time, words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn

from animelayers.errors import ModelError
from animelayers.models.diffusion.folder import loaded, opening, read
from animelayers.models.see_through.unet import (
    CLASS_NAME,
    PartsUNet,
    Words,
    part_axis_parameters,
    with_part_axis,
)

SEEN = 12
"""Channels of what a UNet sees: page, part and noisy depth."""
KNOWN = (4, 8, SEEN)
"""Channels of what it may begin with: Stable Diffusion's, Marigold's, which sees one picture, and ours."""


class OneByOne(nn.Module):
    """Every frame by itself, by a stock `UNet2DConditionModel`."""

    def __init__(self, unet: UNet2DConditionModel) -> None:
        super().__init__()
        self.unet = unet

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights."""
        kind: torch.dtype = self.unet.dtype
        return kind

    def forward(self, sample: Tensor, timestep: Tensor, words: Words) -> Tensor:
        """As `PartsUNet`: [b, f, 12, h, w] → [b, f, 4, h, w]."""
        count, frames = sample.shape[:2]
        time = timestep.to(sample.device).expand(count).repeat_interleave(frames)
        tokens = words.tokens.repeat(count, 1, 1)
        said = self.unet(sample.flatten(0, 1), time, tokens, return_dict=False)[0]
        out: Tensor = said.unflatten(0, (count, frames))
        return out


Network = OneByOne | PartsUNet


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a training begins with."""

    folder: Path
    """Whose `unet/` it is."""
    told: Mapping[str, Any]
    """Its configuration."""
    stage: int

    @classmethod
    def of(cls, folder: Path, stage: int) -> Self:
        """A beginning that fits the stage, 1 or 2.

        Raises:
            ModelError: there is none, it is another network, or for the other stage.
        """
        path = folder / "unet" / "config.json"
        told = read(path, "name the folder of a model of Marigold's family, or of a run")
        kind, channels = told.get("_class_name"), told.get("in_channels")
        if kind not in (CLASS_NAME, UNet2DConditionModel.__name__) or told.get("addition_embed_type"):
            said = f"{path} is no UNet of Stable Diffusion 2's kind"
            raise ModelError(
                said, hint="Marigold, such as prs-eth/marigold-depth-v1-1, or See-through's depth is taught"
            )
        if kind == CLASS_NAME and stage == 1:
            said = f"{path} is of a UNet that has learnt all parts together, which is stage 2"
            raise ModelError(said, hint="--stage 2, or begin with Marigold")
        if channels not in ((SEEN,) if kind == CLASS_NAME else KNOWN):
            said = f"{path} sees {channels} channels"
            raise ModelError(said, hint="Marigold's UNet sees 8, those of stage 1 and of See-through's depth 12")
        return cls(folder, told, stage)

    def network(self) -> Network:
        """It, in float32, on the CPU; new weights are drawn from PyTorch's own generator.

        Raises:
            ModelError: weights are missing, damaged, or too large for the memory.
        """
        return self._network(lambda kind, where: loaded(kind, where, torch_dtype=torch.float32))

    def outline(self) -> Network:
        """The same without weights, on the meta device: enough to count with."""
        with torch.device("meta"):
            return self._network(lambda kind, _: kind.from_config(self.told))

    def _network(self, made: Any) -> Network:
        whole = self.told["_class_name"] == CLASS_NAME
        with opening(self.folder / "unet"):
            unet = made(PartsUNet if whole else UNet2DConditionModel, self.folder / "unet").requires_grad_(True)
        if whole:
            return unet
        return OneByOne(widened(unet)) if self.stage == 1 else with_part_axis(widened(unet))


def widened(unet: UNet2DConditionModel) -> UNet2DConditionModel:
    """The same UNet with entrances for what it did not see, before the others; they say nothing yet."""
    old = unet.conv_in
    if old.in_channels == SEEN:
        return unet
    new = nn.Conv2d(SEEN, old.out_channels, old.kernel_size, padding=old.padding).to(old.weight)
    with torch.no_grad():
        new.weight.zero_()
        new.weight[:, -old.in_channels :] = old.weight
        new.bias.copy_(old.bias)
    unet.conv_in = new
    unet.register_to_config(in_channels=SEEN)
    return unet


def stock(network: Network) -> Any:
    """The model of diffusers that it is, or has."""
    return network.unet if isinstance(network, OneByOne) else network


def choose(network: Network, trained: Literal["all", "part-axis"]) -> None:
    """Let only some of the weights be taught."""
    if trained == "part-axis" and isinstance(network, PartsUNet):
        network.requires_grad_(False)
        for weight in part_axis_parameters(network):
            weight.requires_grad_(True)
