"""Layer-semantic embedding (arXiv 2603.14925, §3.2): one vector per layer, added to all tokens of its frame.

`E ∈ R^{L×C}`, drawn from N(0, 0.02²), where C is the transformer's width (`hidden`: after `img_in`) or that of a packed
latent (`packed`: before it). The paper's text allows both. Tokens of the condition and of a composite get nothing.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn
from torch.nn import functional

from animelayers.models.qwen_layered.frames import Frames

Place = Literal["hidden", "packed"]

STD = 0.02
NAME = "lora_lse"
"""Of the module in the transformer, and the prefix of its tensor in a file: whatever reads LoRA files passes over keys
that contain `lora` and belong to no module it knows."""


class LayerSemantics(nn.Module):
    """The embedding, at work in a transformer while the adapter that it belongs to is."""

    def __init__(self, frames: Frames, width: int, place: Place, adapter: str) -> None:
        super().__init__()
        self.frames, self.place, self.adapter = frames, place, adapter
        self.embedding = nn.Parameter(torch.randn(len(frames.layers), width) * STD)

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens [b, n, C], the condition's last, with every layer's vector added to its own."""
        before, each = self.frames.span(tokens.shape[1])
        rows = self.embedding.to(tokens.dtype).repeat_interleave(each, dim=0)
        return tokens + functional.pad(rows, (0, 0, before, tokens.shape[1] - before - len(rows)))


def attach(transformer: nn.Module, frames: Frames, place: Place = "hidden", adapter: str = "default") -> LayerSemantics:
    """Give a transformer the embedding, as a part of it, so that it is trained, moved and wrapped with it.

    It acts in every forward in which the LoRA called `adapter` does; without such a LoRA, in all.
    """
    entrance: Any = transformer.img_in
    width = entrance.out_features if place == "hidden" else entrance.in_features
    made = LayerSemantics(frames, width, place, adapter).to(entrance.weight.device)
    transformer.add_module(NAME, made)

    def after(_: nn.Module, __: tuple[Tensor, ...], out: Tensor) -> Tensor:
        return made(out) if _active(transformer, adapter) else out

    def before(_: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (made(args[0]), *args[1:]) if _active(transformer, adapter) else args

    if place == "hidden":
        entrance.register_forward_hook(after)
    else:
        entrance.register_forward_pre_hook(before)
    return made


def _active(transformer: nn.Module, adapter: str) -> bool:
    layers = (layer for layer in transformer.modules() if isinstance(layer, BaseTunerLayer))
    layer: Any = next((layer for layer in layers if adapter in layer.lora_A), None)
    return layer is None or (not layer.disable_adapters and adapter in layer.active_adapters)
