"""What is taught: a stock UNet that sees the page beside the noise, and the UNet of all parts that it becomes.

Both are asked in one way, by a call alone, so that whatever shares a module out among devices sees all that is used.
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
from animelayers.models.see_through.conditioning import PASSES
from animelayers.models.see_through.unet import (
    CLASS_NAME,
    LATENT,
    PartsUNet,
    Words,
    part_axis_parameters,
    with_part_axis,
)

VERSION = "v3"
"""Of the tags that are learnt."""
SEEN = 8
"""Channels of what a UNet sees: noisy latent and page."""
Trained = Literal["all", "attention", "part-axis"]


class OneByOne(nn.Module):
    """Every frame by itself, by a stock `UNet2DConditionModel`."""

    def __init__(self, unet: UNet2DConditionModel) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, noisy: Tensor, page: Tensor, time: Tensor, words: Words, _group: int) -> Tensor:
        """What noise there is in latents [b, f, 4, h, w], of the same shape.

        Args:
            noisy: latents of parts.
            page: those of the pages, [b, 4, h, w].
            time: noise levels, [b].
            words: of all b · f frames, one after another.
            _group: of the frames; it makes no difference here.
        """
        count, frames, _, height, width = noisy.shape
        added: dict[str, Tensor] = {}
        if words.pooled is not None:
            sides = noisy.new_tensor([LATENT * height, LATENT * width])
            ids = torch.cat([sides, torch.zeros_like(sides), sides])
            added = {"text_embeds": words.pooled, "time_ids": ids.expand(count * frames, -1)}
        said = self.unet(
            _seen(noisy, page).flatten(0, 1),
            time.repeat_interleave(frames),
            words.tokens,
            added_cond_kwargs=added,
            return_dict=False,
        )[0]
        out: Tensor = said.unflatten(0, (count, frames))
        return out


class Together(nn.Module):
    """All frames of a pass at once, by a `PartsUNet`."""

    def __init__(self, unet: PartsUNet) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, noisy: Tensor, page: Tensor, time: Tensor, words: Words, group: int) -> Tensor:
        """As `OneByOne`, but `words` are of the f frames of the group, the same for every picture."""
        out: Tensor = self.unet(_seen(noisy, page), time, self.unet.grouped(words, group))
        # Of what other groups have learnt nothing is used. Several devices wait for the gradient of every weight, so:
        idle = [
            weight.sum()
            for name, weight in self.unet.named_parameters()
            if name.startswith("group_embeds") and int(name.split(".")[1]) != group and weight.requires_grad
        ]
        return out + 0 * sum(idle) if self.training and idle else out


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a training begins with."""

    folder: Path | None
    """Whose `unet/` it is; None for random weights."""
    told: Mapping[str, Any]
    """Its configuration."""
    stage: int

    @classmethod
    def of(cls, folder: Path, config: Path | None, stage: int) -> Self:
        """A beginning that fits the stage.

        Args:
            folder: whose `unet/` it is: of SDXL's family, which does not see the page yet, or a run of stage 1; for
                stage 2 one of stage 1 or of See-through.
            config: JSON of a `UNet2DConditionModel`, for random weights instead.
            stage: 1 or 2.

        Raises:
            ModelError: it is missing, or for the other stage.
        """
        path = config or folder / "unet" / "config.json"
        told = read(path, "name a folder with unet/, or base.config= a JSON file of sizes")
        kind = told.get("_class_name", UNet2DConditionModel.__name__)
        if kind not in (CLASS_NAME, UNet2DConditionModel.__name__):
            raise ModelError(f"{path} is one of {kind}", hint="a UNet of SDXL's family, or of See-through, is taught")
        if kind == CLASS_NAME and stage == 1:
            said = f"{path} is of a UNet that has learnt all parts together, which is stage 2"
            raise ModelError(said, hint="--stage 2, or begin with a stock model of SDXL's family")
        if kind != CLASS_NAME and stage == 2 and config is None and told.get("in_channels") != SEEN:
            said = f"{path} is of a UNet that does not see the page: it has not been through stage 1"
            raise ModelError(said, hint="--stage 1 first, then base.unet= the folder of that run")
        return cls(None if config else folder, told, stage)

    def network(self) -> OneByOne | Together:
        """It, in float32, on the CPU; new weights are drawn from PyTorch's own generator.

        Raises:
            ModelError: weights are missing, damaged, or too large for the memory.
        """
        return self._network(self.folder)

    def outline(self) -> OneByOne | Together:
        """The same without weights, on the meta device: enough to count with."""
        with torch.device("meta"):
            return self._network(None)

    def _network(self, folder: Path | None) -> OneByOne | Together:
        kind: Any = PartsUNet if self.told.get("_class_name") == CLASS_NAME else UNet2DConditionModel
        where = Path("base.config") if folder is None else folder / "unet"
        with opening(where):
            unet = kind.from_config(self.told) if folder is None else loaded(kind, where, torch_dtype=torch.float32)
        unet.requires_grad_(True)
        if kind is PartsUNet:
            return Together(unet)
        if self.stage == 1:
            return OneByOne(widened(unet))
        return Together(with_part_axis(widened(unet), [len(each.tags) for each in PASSES[VERSION]], VERSION))


def widened(unet: UNet2DConditionModel) -> UNet2DConditionModel:
    """The same UNet with an entrance for the page, which says nothing yet; one that has it stays as it is."""
    old = unet.conv_in
    if old.in_channels == SEEN:
        return unet
    new = nn.Conv2d(SEEN, old.out_channels, old.kernel_size, padding=old.padding).to(old.weight)
    with torch.no_grad():
        new.weight.zero_()
        new.weight[:, : old.in_channels] = old.weight
        new.bias.copy_(old.bias)
    unet.conv_in = new
    unet.register_to_config(in_channels=SEEN)
    return unet


def choose(network: OneByOne | Together, trained: Trained) -> None:
    """Let only some of the weights be taught."""
    if trained == "all" or isinstance(network, OneByOne):
        return
    network.requires_grad_(False)
    for weight in part_axis_parameters(network.unet):
        weight.requires_grad_(True)
    for name, weight in network.unet.named_parameters():
        if trained == "attention" and (".attn1." in name or ".attn2." in name):
            weight.requires_grad_(True)


def _seen(noisy: Tensor, page: Tensor) -> Tensor:
    """[b, f, 8, h, w] of latents [b, f, 4, h, w] and of pages [b, 4, h, w]."""
    return torch.cat([noisy, page[:, None].expand_as(noisy)], dim=2)
