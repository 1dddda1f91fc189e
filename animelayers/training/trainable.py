"""How much memory a training needs whose network is taught itself, not through an adapter: counted, not measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from accelerate import Accelerator
from torch import nn

from animelayers.errors import ModelError
from animelayers.models.memory import GB, MARGIN
from animelayers.training.settings import OptimiserSettings

_STATES = {"adamw": 8, "adamw8bit": 2}
"""Bytes of an optimiser's two moments, a weight."""


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes on one device."""

    weights: int
    """In float32."""
    states: int
    """Gradients, moments and the average of what is taught."""
    activations: int
    """Of one batch, every block being computed again for its gradient; roughly."""

    @classmethod
    def of(cls, network: nn.Module, optimiser: OptimiserSettings, activations: int, accelerator: Accelerator) -> Self:
        """That of a network, which may be on the meta device; FSDP divides its weights and states."""
        parts = accelerator.num_processes if accelerator.is_fsdp2 else 1
        taught = sum(weight.numel() for weight in network.parameters() if weight.requires_grad)
        each = 4 + _STATES[optimiser.name] + (4 if optimiser.average else 0)
        whole = sum(weight.numel() for weight in network.parameters())
        return cls(4 * whole // parts, each * taught // parts, activations)

    def check(self, free: int) -> None:
        """
        Raises:
            ModelError: weights and states alone do not fit.
        """
        if (self.weights + self.states) * MARGIN > free:
            raise ModelError(
                f"this does not fit into memory: {self.line(free)}",
                hint="optimiser.name=adamw8bit, optimiser.average=0, less that is trained=, or more cards by FSDP",
            )

    def line(self, free: int) -> str:
        """For people."""
        named = {"weights": self.weights, "gradients and states": self.states, "activations": self.activations}
        told = ", ".join(f"{name} {count / GB:.1f}" for name, count in named.items())
        return f"GB of memory, by count: {told}; free {free / GB:.1f}"
