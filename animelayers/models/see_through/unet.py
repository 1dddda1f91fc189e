"""The UNet of parts and that of their depth: diffusers' own, with part-axis blocks in every transformer.

Names and shapes of all tensors are those of the public checkpoints of See-through, V3 (with group embeddings), V2
(without) and depth, so that they load strictly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn

from animelayers.errors import ModelError
from animelayers.models.see_through.part_axis import FRAMES, PartsTransformer

LATENT = 8
"""Px of a picture to one latent pixel."""
CLASS_NAME = "UNetFrameConditionModel"
"""What configurations of the public checkpoints call this class."""

_BLOCKS = {
    "CrossFrameAttnDownBlock": "CrossAttnDownBlock2D",
    "CrossFrameAttnUpBlock": "CrossAttnUpBlock2D",
    "UNetMidBlockCrossFrameAttn": "UNetMidBlock2DCrossAttn",
}
"""Names in those configurations → diffusers' own."""
_PUBLISHED = {stock: published for published, stock in _BLOCKS.items()}
_BLOCK_FIELDS = ("down_block_types", "mid_block_type", "up_block_types")


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """What says to a UNet which part each frame is."""

    tokens: Tensor
    """[f, n, d]; one text for each frame."""
    pooled: Tensor | None = None
    """[f, p]; None for depth, which has none."""

    def rows(self, which: Sequence[int]) -> Words:
        """Those of some frames."""
        at = list(which)
        return Words(self.tokens[at], None if self.pooled is None else self.pooled[at])

    def to(self, where: torch.device | torch.dtype) -> Words:
        """Elsewhere, or in another precision."""
        return Words(self.tokens.to(where), None if self.pooled is None else self.pooled.to(where))


class GroupEmbedding(nn.Module):
    """What a frame learns of being the n-th of its group: x + W (x + p_n) + b, of which W and b begin at 0."""

    def __init__(self, count: int, width: int) -> None:
        super().__init__()
        self.params = nn.Parameter(torch.randn(count, width))
        self.linear = nn.Linear(width, width)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, said: Tensor, rows: Sequence[int]) -> Tensor:
        """[f, …, width] → the same; `rows` are the places of its frames in the group."""
        places = self.params[list(rows)].to(said.dtype)
        places = places.view(len(places), *(1,) * (said.dim() - 2), -1)
        out: Tensor = said + self.linear(said + places)
        return out


class PartsUNet(UNet2DConditionModel):
    """Says what noise there is in the latents of all parts at once."""

    _repeated_blocks = ("BasicTransformerBlock", "PartAxisBlock")

    def __init__(self, *, groups: Sequence[int] = (), tag_version: str | None = None, **stock: Any) -> None:
        """As diffusers' UNet.

        Args:
            groups: frames in each group, for group embeddings; none without.
            tag_version: `v3` or `v2`, which the configuration of a checkpoint keeps.
            stock: of `UNet2DConditionModel`.
        """
        super().__init__(**stock)
        for block in _with_attention(self):
            block.attentions = nn.ModuleList(PartsTransformer(each) for each in block.attentions)
        if groups:
            words = stock["cross_attention_dim"]
            pooled = stock["projection_class_embeddings_input_dim"] - 6 * stock["addition_time_embed_dim"]
            self.group_embeds = nn.ModuleList(GroupEmbedding(count, pooled) for count in groups)
            self.group_embeds2 = nn.ModuleList(GroupEmbedding(count, words) for count in groups)
        self.register_to_config(group_embedding=bool(groups), group_embedding_num=list(groups), tag_version=tag_version)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], **_: Any) -> Self:
        """From a configuration of a checkpoint.

        Raises:
            ModelError: it is that of another network.
        """
        stock, groups = translated(config)
        return cls(groups=groups, tag_version=config.get("tag_version"), **stock)

    def grouped(self, words: Words, group: int, rows: Sequence[int] | None = None) -> Words:
        """What frames of a group are told, who know their places; `words` where the network has no groups.

        It is the same at every step of a sampling.

        Args:
            words: of the frames.
            group: 0 for the body, 1 for the head.
            rows: their places in the group; None: they are all of it.
        """
        if not self.config.group_embedding:
            return words
        places = range(len(words.tokens)) if rows is None else rows
        pooled = None if words.pooled is None else self.group_embeds[group](words.pooled, places)
        return Words(self.group_embeds2[group](words.tokens, places), pooled)

    def forward(
        self, sample: Tensor, timestep: Tensor | int, words: Words, *, size: tuple[int, int] | None = None
    ) -> Tensor:
        """Latents [b, f, c, h, w] → what the network says of them, [b, f, 4, h, w].

        Args:
            sample: of parts: noisy latent and the page's; of depth: the page's latent, the part's, noisy depth.
            timestep: one, or [b].
            words: of the f frames, the same for every picture; already `grouped`.
            size: height and width, px, that the network is told; None: those of the latents.
        """
        count, frames, _, height, width = sample.shape
        time = torch.as_tensor(timestep, device=sample.device).expand(count).repeat_interleave(frames)
        added: dict[str, Tensor] = {}
        if words.pooled is not None:
            sides = sample.new_tensor(size or (LATENT * height, LATENT * width))
            ids = torch.cat([sides, torch.zeros_like(sides), sides])
            added = {"text_embeds": words.pooled.repeat(count, 1), "time_ids": ids.expand(count * frames, -1)}
        said = super().forward(
            sample.flatten(0, 1),
            time,
            words.tokens.repeat(count, 1, 1),
            added_cond_kwargs=added,
            cross_attention_kwargs={FRAMES: frames},
            return_dict=False,
        )[0]
        out: Tensor = said.unflatten(0, (count, frames))
        return out


def translated(config: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[int, ...]]:
    """The fields of diffusers' UNet in a checkpoint's configuration, in its words, and the sizes of groups.

    Raises:
        ModelError: it is that of another network.
    """
    if config.get("_class_name") not in (CLASS_NAME, PartsUNet.__name__):
        raise ModelError(
            f"the configuration is one of {config.get('_class_name')}, wanted {CLASS_NAME}",
            hint="the checkpoints of See-through have it in unet/config.json",
        )
    known = UNet2DConditionModel._get_init_keys(UNet2DConditionModel) - {"self"}
    stock = {name: value for name, value in config.items() if name in known}
    for field in _BLOCK_FIELDS:
        stock[field] = _renamed(stock[field], _BLOCKS)
    return stock, tuple(config.get("group_embedding_num") or ()) if config.get("group_embedding") else ()


def described(unet: UNet2DConditionModel) -> dict[str, Any]:
    """What `config.json` beside its weights says, JSON-ready: of a `PartsUNet` as published, else as diffusers does."""
    if isinstance(unet, PartsUNet):
        return published(unet.config)
    told = {name: value for name, value in unet.config.items() if not name.startswith("_")}
    return {"_class_name": UNet2DConditionModel.__name__, **told}


def published(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a `PartsUNet` in the words of the public checkpoints, JSON-ready."""
    out = {name: value for name, value in config.items() if not name.startswith("_")}
    for field in _BLOCK_FIELDS:
        out[field] = _renamed(out[field], _PUBLISHED)
    return {"_class_name": CLASS_NAME, **out}


def with_part_axis(
    stock: UNet2DConditionModel, groups: Sequence[int] = (), tag_version: str | None = None
) -> PartsUNet:
    """A UNet that has learnt one frame at a time, as one for all at once; it says the same of every frame.

    It takes the weights of `stock` over, so that only part-axis blocks and group embeddings are new.
    """
    config = {name: value for name, value in stock.config.items() if not name.startswith("_")}
    made = PartsUNet(groups=groups, tag_version=tag_version, **config)
    made.load_state_dict({**made.state_dict(), **stock.state_dict()}, assign=True)
    for weight in part_axis_parameters(made):
        weight.data = weight.data.to(stock.device, stock.dtype)
    return made


def part_axis_parameters(unet: PartsUNet) -> Iterator[nn.Parameter]:
    """Those that a UNet of one frame does not have."""
    for name, weight in unet.named_parameters():
        if "temporal_transformer_blocks" in name or name.startswith("group_embeds"):
            yield weight


def _with_attention(unet: UNet2DConditionModel) -> Iterator[Any]:
    for block in (*unet.down_blocks, unet.mid_block, *unet.up_blocks):
        if getattr(block, "has_cross_attention", False):
            yield block


def _renamed(names: Any, table: Mapping[str, str]) -> Any:
    if isinstance(names, str):
        return table.get(names, names)
    return [table.get(name, name) for name in names]
