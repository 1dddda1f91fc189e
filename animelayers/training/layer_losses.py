"""What is wanted of four rendering layers (arXiv 2603.14925, eq. 6–11), every term a mean over elements.

    line           |v̂ − v| of the line: the median keeps strokes sharp            2.5
    flat …         (v̂ − v)² of flat, highlight and shadow                          1
    sparse         |v̂| of highlight and shadow, or |x̂₀ − z_empty|                  0.08
    composition    (Σ v̂ − Σ v)²: errors of several layers should cancel            1.8

The paper's sparsity shrinks a velocity, ε − x₀, which is never near 0: it pulls every element by λ/2. The principled
one asks that the layer itself be near the latent of an empty layer. `plain` is what is left without all of them: the
squared error of every frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from animelayers.training.flow import cleaned
from animelayers.training.settings import Settings, Share

Weight = Annotated[float, Field(ge=0)]
Terms = dict[str, Tensor]

SPARSE = ("highlight", "shadow")


class LossSettings(Settings):
    """Weights of the terms; one of weight 0 is not computed."""

    line: Weight = 2.5
    line_norm: Literal["l1", "mse"] = "l1"
    flat: Weight = 1.0
    highlight: Weight = 1.0
    shadow: Weight = 1.0
    sparse: Weight = 0.08
    sparse_of: Literal["velocity", "layer"] = "velocity"
    """`velocity`: the paper's; `layer`: x̂₀ against the empty layer."""
    composition: Weight = 1.8
    composite: Weight = 1.0
    """Of the frame of the whole picture, where the contract has one."""
    plain: Weight = 0.0
    uncovered: Share = 1.0
    """What an element counts where its layer is empty; less than 1 weighs by alpha."""


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """A forward, and what should have come of it; frames [b, f, c, h, w], a composite first where there is one."""

    velocity: Tensor
    """The transformer's."""
    wanted: Tensor
    """ε − x₀."""
    noisy: Tensor
    sigma: Tensor
    """[b]."""
    layers: tuple[str, ...]
    """Names of the last frames."""
    empty: Tensor
    """Latents of a transparent picture, [c, h, w]."""
    cover: Tensor
    """Alpha of the layers at the size of latents, 0..1, [b, L, h, w]."""


def terms(said: Said, settings: LossSettings) -> Terms:
    """Name → mean, for every term that has a weight."""
    found: Terms = {}
    first = said.velocity.shape[1] - len(said.layers)
    error = said.velocity.float() - said.wanted.float()
    for number, name in enumerate(said.layers, first):
        if getattr(settings, name):
            distance = (
                error[:, number].abs() if name == "line" and settings.line_norm == "l1" else error[:, number] ** 2
            )
            found[name] = _weighted(distance, said.cover[:, number - first], settings.uncovered)
    if settings.sparse:
        found["sparse"] = _sparse(said, settings.sparse_of)
    if settings.composition:
        found["composition"] = error[:, first:].sum(dim=1).square().mean()
    if settings.composite and first:
        found["composite"] = error[:, :first].square().mean()
    if settings.plain:
        found["plain"] = error.square().mean()
    return found


def total(found: Terms, settings: LossSettings) -> Tensor:
    """Their weighted sum."""
    return torch.stack([getattr(settings, name) * term for name, term in found.items()]).sum()


def _weighted(distance: Tensor, cover: Tensor, uncovered: float) -> Tensor:
    """The mean of [b, c, h, w], elements without cover [b, h, w] counting less."""
    if uncovered == 1:
        return distance.mean()
    weight = (uncovered + (1 - uncovered) * cover.to(distance))[:, None]
    return (distance * weight).sum() / (weight.sum() * distance.shape[1])


def _sparse(said: Said, of: str) -> Tensor:
    numbers = [number - len(said.layers) for number, name in enumerate(said.layers) if name in SPARSE]
    velocity = said.velocity[:, numbers].float()
    if of == "velocity":
        return velocity.abs().mean()
    return (cleaned(said.noisy[:, numbers].float(), velocity, said.sigma) - said.empty.to(velocity)).abs().mean()
