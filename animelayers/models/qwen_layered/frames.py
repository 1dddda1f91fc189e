"""How the layers of a picture lie in the sequence of tokens that the transformer sees.

    composite, layer 1, …, layer L, condition      contract A, that of the base
    layer 1, …, layer L, condition                 contract B: a quarter less work

A frame is a grid of tokens, a token 2 × 2 latent pixels. The condition is the clean picture, never predicted. RoPE
tells frames apart by an id: 0 for the composite, 1…L for the layers, −1 for the condition. Leaving the composite out
moves the ids of the layers to 0…L−1, unless `kept_ids` holds them where the base has learnt them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from einops import rearrange
from torch import Tensor, nn

PATCH = 2
"""Latent pixels to a side of a token."""

Shapes = list[list[tuple[int, int, int]]]
"""`img_shapes` of the transformer: per sample, per frame, (1, rows, columns) of tokens."""


@dataclass(frozen=True, slots=True)
class Frames:
    """Which frames there are, and in which order."""

    layers: tuple[str, ...]
    """Their names, bottom → top unless an adapter has learnt another order."""
    composite: bool = False
    """Contract A: the whole picture is predicted before the layers."""
    kept_ids: bool = True
    """Contract B: whether the layers keep the RoPE ids 1…L."""

    @property
    def predicted(self) -> int:
        """Frames that are denoised."""
        return int(self.composite) + len(self.layers)

    def shapes(self, grid: tuple[int, int], batch: int) -> Shapes:
        """Of a batch of pictures whose frames have `grid` = (rows, columns) of tokens."""
        return [[(1, *grid)] * (self.predicted + 1)] * batch

    def span(self, tokens: int) -> tuple[int, int]:
        """Where the layers begin in a sequence of so many tokens, the condition included, and how long one is.

        Raises:
            ValueError: the sequence is not made of these frames.
        """
        each, rest = divmod(tokens, self.predicted + 1)
        if rest:
            raise ValueError(f"{tokens} tokens are not {self.predicted + 1} frames of the same size")
        return each * int(self.composite), each


def pack(latents: Tensor) -> Tensor:
    """Latents [b, f, c, h, w] → tokens [b, f·h/2·w/2, 4c], frame by frame."""
    return rearrange(latents, "b f c (h p) (w q) -> b (f h w) (c p q)", p=PATCH, q=PATCH)


def unpack(tokens: Tensor, frames: int, grid: tuple[int, int]) -> Tensor:
    """The inverse: tokens [b, frames·rows·columns, 4c] → latents [b, f, c, 2·rows, 2·columns]."""
    return rearrange(tokens, "b (f h w) (c p q) -> b f c (h p) (w q)", f=frames, h=grid[0], w=grid[1], p=PATCH, q=PATCH)


@contextmanager
def placed(transformer: nn.Module, frames: Frames) -> Iterator[None]:
    """Make RoPE see the ids that the frames have, as long as it lasts.

    The transformer's RoPE knows no frame of size 0, so it is told of a composite, whose rows are then taken off.
    """
    if frames.composite or not frames.kept_ids:
        yield
        return
    rope: Any = transformer.pos_embed

    def before(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        (shapes, *rest) = args
        return ([[sample[0], *sample] for sample in shapes], *rest), kwargs

    def after(_: nn.Module, args: tuple[Any, ...], __: dict[str, Any], out: tuple[Tensor, Tensor]) -> Any:
        _, rows, columns = args[0][0][0]
        return out[0][rows * columns :], out[1]

    handles = (
        rope.register_forward_pre_hook(before, with_kwargs=True),
        rope.register_forward_hook(after, with_kwargs=True),
    )
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def velocity(
    transformer: Any, noisy: Tensor, condition: Tensor, sigma: Tensor, prompt: Tensor, frames: Frames
) -> Tensor:
    """What the transformer says: ε − x₀ of every predicted frame, [b, f, c, h, w].

    Args:
        transformer: a `QwenImageTransformer2DModel`, or what wraps one.
        noisy: (1 − σ)·x₀ + σ·ε, [b, f, c, h, w], normalised latents, as `frames` has them.
        condition: clean latents of the picture, [b, c, h, w].
        sigma: [b], 0..1.
        prompt: [tokens, width], the same for every sample, or [b, tokens, width].
        frames: what the frames are.
    """
    batch, count, _, height, width = noisy.shape
    grid = height // PATCH, width // PATCH
    target = pack(noisy)
    said = transformer(
        hidden_states=torch.cat([target, pack(condition[:, None])], dim=1),
        encoder_hidden_states=prompt.expand(batch, *prompt.shape[-2:]),
        timestep=sigma.to(noisy.dtype),
        img_shapes=frames.shapes(grid, batch),
        additional_t_cond=torch.zeros(batch, dtype=torch.long, device=noisy.device),
        return_dict=False,
    )[0]
    return unpack(said[:, : target.shape[1]], count, grid)
