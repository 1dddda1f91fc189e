"""What makes a module of diffusers faster: compiled blocks, other kernels of attention, steps that are not computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, get_args

import torch
from diffusers import FirstBlockCacheConfig, TaylorSeerCacheConfig
from diffusers.models.attention_dispatch import AttentionBackendName

from animelayers.errors import MissingPackageError, ModelError

Cache = Literal["first-block", "taylor-seer"]
GRAPHS = 64
"""That a function may be compiled to; beyond PyTorch's own limit of 8 it would go on uncompiled, without a word."""
STEPS_TO_CACHE = 10
"""With fewer steps two of them are never alike enough."""


def compile_blocks(module: Any) -> None:
    """Let PyTorch compile the blocks that repeat; the first picture of a size waits for it."""
    # Blocks of one class share a function, and each width, size and number of frames is a graph of it.
    limits = torch._dynamo.config
    limits.recompile_limit = max(limits.recompile_limit, GRAPHS)
    module.compile_repeated_blocks()


def use_attention(module: Any, name: str) -> None:
    """Compute attention by another kernel: `native`, `flash`, `sage` … as diffusers names them.

    Raises:
        ModelError: there is none of that name; those that fetch compiled code from the hub are not offered.
        MissingPackageError: its package is missing, or does not fit.
    """
    known = sorted(each.value for each in AttentionBackendName if not each.value.endswith("_hub"))
    if name not in known:
        raise ModelError(f"unknown attention {name!r}", hint=f"one of {', '.join(known)}")
    try:
        module.set_attention_backend(name)
    except (RuntimeError, ImportError) as error:
        raise MissingPackageError(f"attention {name} cannot be used: {error}", hint="attention=native") from error


@contextmanager
def cached(transformer: Any, kind: Cache | None, steps: int, *, threshold: float = 0.05) -> Iterator[None]:
    """Skip work of steps that resemble the one before, as long as it lasts: one sampling.

    Args:
        transformer: called in a `cache_context` of its own for each prompt.
        kind: `first-block` goes on after the first block only if that says something new; `taylor-seer` (arXiv
            2503.06923) computes every third step and extrapolates the others.
        steps: of the sampling; below `STEPS_TO_CACHE` nothing is skipped.
        threshold: `first-block`: relative change below which the rest is skipped; 0 skips nothing.

    Raises:
        ModelError: an unknown kind.
    """
    if kind is None or steps < STEPS_TO_CACHE:
        yield
        return
    if kind not in get_args(Cache):
        raise ModelError(f"unknown cache {kind!r}", hint=f"one of {', '.join(get_args(Cache))}")
    taylor = TaylorSeerCacheConfig(cache_interval=3, use_lite_mode=True)
    transformer.enable_cache(FirstBlockCacheConfig(threshold) if kind == "first-block" else taylor)
    try:
        yield
    finally:
        transformer.disable_cache()
