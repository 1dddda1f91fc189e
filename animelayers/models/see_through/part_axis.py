"""Part-axis attention: what makes the frames of a picture, one for each part, agree on who owns a pixel.

The body part consistency module of See-through (arXiv 2602.03749, §4.2), inserted into the transformers of a stock
diffusers UNet. Attention runs over the frames of one pixel and nowhere else; nothing in it knows the place of a frame,
so any number of frames may be given in any order. Everything else in the UNet takes frames for a batch.
"""

from __future__ import annotations

from typing import Any

from diffusers.models.attention import FeedForward
from diffusers.models.attention_processor import Attention
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional

FRAMES = "frames"
"""Key of `cross_attention_kwargs` by which a UNet tells its transformers how many frames a picture has."""
SHALLOW = 3
"""Fewer spatial blocks than this have a part-axis block each, others every second one."""


class PartAxisBlock(nn.Module):
    """What a transformer adds to its stream so that frames see each other; 0 until it is trained."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm_in = nn.LayerNorm(width)
        self.ff_in = FeedForward(width, activation_fn="geglu")
        self.norm1 = nn.LayerNorm(width)
        self.attn1 = Attention(query_dim=width, heads=heads, dim_head=width // heads)
        self.norm3 = nn.LayerNorm(width)
        self.ff = FeedForward(width, activation_fn="geglu")
        nn.init.zeros_(self.ff.net[2].weight)
        nn.init.zeros_(self.ff.net[2].bias)

    def forward(self, hidden: Tensor, frames: int) -> Tensor:
        """The branch, to be added to `hidden`; both [b·f, tokens, width], the frames of a picture together.

        All but the attention itself works on single tokens, so that nothing is rearranged for it.
        """
        hidden = hidden + self.ff_in(self.norm_in(hidden))
        hidden = hidden + self._across(self.norm1(hidden), frames)
        branch: Tensor = self.ff(self.norm3(hidden))
        return branch

    def _across(self, hidden: Tensor, frames: int) -> Tensor:
        """Attention over the frames of every token."""
        attention = self.attn1
        query, key, value = (
            rearrange(project(hidden), "(b f) s (h d) -> (b s) h f d", f=frames, h=attention.heads)
            for project in (attention.to_q, attention.to_k, attention.to_v)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value)
        mixed = rearrange(mixed, "(b s) h f d -> (b f) s (h d)", s=hidden.shape[1])
        out: Tensor = attention.to_out[0](mixed)
        return out


class PartsTransformer(nn.Module):
    """A `Transformer2DModel` of diffusers, of which it takes the modules, with part-axis blocks between its own."""

    gradient_checkpointing = False
    _gradient_checkpointing_func: Any = None

    def __init__(self, stock: Transformer2DModel) -> None:
        super().__init__()
        heads, depth = stock.config.num_attention_heads, len(stock.transformer_blocks)
        self.every = 1 if depth < SHALLOW else 2
        self.norm = stock.norm
        self.proj_in = stock.proj_in
        self.transformer_blocks = stock.transformer_blocks
        self.proj_out = stock.proj_out
        width = self.proj_in.out_features
        self.temporal_transformer_blocks = nn.ModuleList(
            PartAxisBlock(width, heads) for _ in range(depth // self.every)
        )

    def forward(
        self,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        cross_attention_kwargs: dict[str, Any],
        **_: Any,
    ) -> tuple[Tensor]:
        """As diffusers' blocks call it: [b·f, c, h, w] and its words [b·f, n, d] → the same, in a tuple.

        Args:
            hidden_states: the stream.
            encoder_hidden_states: one text for each frame.
            cross_attention_kwargs: under `FRAMES` the number of frames.
        """
        height = hidden_states.shape[2]
        stream = self.proj_in(rearrange(self.norm(hidden_states), "n c h w -> n (h w) c"))
        for at, block in enumerate(self.transformer_blocks):
            stream = self._through(block, stream, None, encoder_hidden_states)
            if (at + 1) % self.every == 0:
                across = self.temporal_transformer_blocks[at // self.every]
                stream = stream + self._through(across, stream, cross_attention_kwargs[FRAMES])
        return (hidden_states + rearrange(self.proj_out(stream), "n (h w) c -> n c h w", h=height),)

    def _through(self, block: nn.Module, *given: Any) -> Tensor:
        out: Tensor = (
            self._gradient_checkpointing_func(block, *given)
            if self.training and self.gradient_checkpointing
            else block(*given)
        )
        return out
