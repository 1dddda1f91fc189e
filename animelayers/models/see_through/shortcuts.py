"""Work that a sampling need not repeat: what words say is the same at every step, and deep features nearly so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from diffusers.models.attention_processor import Attention
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional

from animelayers.models.see_through.unet import PartsUNet


class KeptKeys:
    """Cross-attention that computes the keys and values of its words once; a processor of diffusers' `Attention`."""

    def __init__(self) -> None:
        self._kept: tuple[Tensor, Tensor] | None = None

    def __call__(
        self, attention: Attention, hidden_states: Tensor, encoder_hidden_states: Tensor, *_: Any, **__: Any
    ) -> Tensor:
        """Stream [n, s, c] and words [n, t, d] → [n, s, c]; after the first call the words are not looked at."""
        if self._kept is None:
            key, value = (
                rearrange(project(encoder_hidden_states), "n t (h d) -> n h t d", h=attention.heads)
                for project in (attention.to_k, attention.to_v)
            )
            self._kept = key, value
        query = rearrange(attention.to_q(hidden_states), "n s (h d) -> n h s d", h=attention.heads)
        mixed = functional.scaled_dot_product_attention(query, *self._kept)
        return attention.to_out[0](rearrange(mixed, "n h s d -> n s (h d)"))


@contextmanager
def words_kept(unet: PartsUNet) -> Iterator[None]:
    """As long as it lasts, the network is told the same words of as many frames: what they say is computed once."""
    before = unet.attn_processors
    unet.set_attn_processor(
        {name: KeptKeys() if ".attn2." in name else processor for name, processor in before.items()}
    )
    try:
        yield
    finally:
        unet.set_attn_processor(before)


@contextmanager
def depths_reused(unet: PartsUNet, every: int) -> Iterator[None]:
    """As long as it lasts, the coarsest blocks work at every n-th call alone (DeepCache, arXiv 2312.00858).

    At the others the finer blocks go on from what the coarsest said last.
    """
    calls = -1

    def fresh() -> bool:
        return calls % every == 0

    def count(*_: Any) -> None:
        nonlocal calls
        calls += 1

    blocks = (unet.down_blocks[-1], unet.mid_block, unet.up_blocks[0])
    before = [block.__dict__.get("forward") for block in blocks]
    counter = unet.register_forward_pre_hook(count)
    for block in blocks:
        block.forward = _remembering(block, fresh)
    try:
        yield
    finally:
        counter.remove()
        for block, own in zip(blocks, before, strict=True):
            del block.forward
            if own is not None:  # a hook's, such as that of offloading
                block.forward = own


def _remembering(block: nn.Module, fresh: Callable[[], bool]) -> Callable[..., Any]:
    work, kept = block.forward, None

    def forward(*given: Any, **named: Any) -> Any:
        nonlocal kept
        if fresh():
            kept = work(*given, **named)
        return kept

    return forward
