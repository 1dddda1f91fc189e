"""A net, the average of its weights that is kept, and one step of learning."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from animelayers.errors import AnimeLayersError, ModelError
from animelayers.training.lite.augment import Batch
from animelayers.training.lite.config import Config, OptimiserSettings
from animelayers.training.lite.lessons import LESSONS, built
from animelayers.training.lite.losses import Terms

PATIENCE = 10
"""Steps in a row whose gradient is not finite, before it is given up."""


@dataclass
class Progress:
    """How far a training is; JSON values."""

    step: int = 0
    views: int = 0
    """Seen in all these steps."""
    minutes: float = 0.0
    """Of training, without waiting for data."""


class Learner:
    """What learns. Its first weights are a function of the configuration.

    Raises:
        ModelError: the weights to begin with are missing, or of another net.
        MissingPackageError: the package with the encoder's weights is not installed.
    """

    def __init__(self, config: Config, device: torch.device) -> None:
        self.lesson, self.settings, self.device = LESSONS[config.net.mode], config.optimiser, device
        self.bfloat16 = config.precision == "bfloat16"
        torch.manual_seed(config.seed)
        net: Any = built(config.net, pretrained=config.initial is None)
        if config.initial is not None:
            read_weights(config.initial, net)
        self.net = net.to(device).to(memory_format=torch.channels_last).train()
        self.average = copy.deepcopy(self.net).eval().requires_grad_(False)
        self.optimiser = _optimiser(self.net, config.optimiser, device)
        self.forward: Callable[[Tensor], Any] = torch.compile(self.net) if config.compile else self.net
        self.failures = 0

    def learn(self, batch: Batch, step: int, done: float) -> Terms:
        """One step, the `step`-th, when a share of `done` of the budget is spent; the terms of the loss, on the device.

        A gradient that is not finite changes nothing.

        Raises:
            AnimeLayersError: that has happened `PATIENCE` times in a row.
        """
        warm = min(1.0, (step + 1) / max(1, self.settings.warm_up))
        rate = self.settings.lr * warm * (1 + math.cos(math.pi * done)) / 2
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["share"]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            said = self.forward(batch["seen"])
        terms = self.lesson.loss(_float(said), batch)
        self.optimiser.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), self.settings.clip)
        if math.isfinite(norm):
            self.failures = 0
            self.optimiser.step()
            self._follow(min(self.settings.average, (step + 1) / (step + 20)))
        else:
            self._recover(step)
        return {name: term.detach() for name, term in terms.items()}

    def ask(self, seen: Tensor) -> Any:
        """What the averaged net says of pictures [b, 4, h, w], in float32."""
        with torch.no_grad():
            return self.average(seen)

    def _follow(self, keep: float) -> None:
        """The average moves towards the net; the younger, the faster."""
        pairs = list(zip(self.average.state_dict().values(), self.net.state_dict().values(), strict=True))
        real = [(ours, theirs) for ours, theirs in pairs if ours.is_floating_point()]
        with torch.no_grad():
            torch._foreach_lerp_([ours for ours, _ in real], [theirs for _, theirs in real], 1 - keep)
            for ours, theirs in pairs:
                if not ours.is_floating_point():
                    ours.copy_(theirs)

    def _recover(self, step: int) -> None:
        """BatchNorm has seen what was not finite: its statistics are taken back from the average."""
        self.failures += 1
        if self.failures == PATIENCE:
            raise AnimeLayersError(
                f"step {step}: the gradient has not been finite {PATIENCE} times in a row",
                hint="a lower optimiser.lr, or precision=float32; the same command goes on from the last checkpoint",
            )
        for ours, theirs in zip(self.net.buffers(), self.average.buffers(), strict=True):
            ours.copy_(theirs)


def _optimiser(net: nn.Module, settings: OptimiserSettings, device: torch.device) -> torch.optim.Optimizer:
    """AdamW; what was trained before moves less."""
    before = [weight for name, weight in net.named_parameters() if name.startswith("encoder.")]
    fresh = [weight for name, weight in net.named_parameters() if not name.startswith("encoder.")]
    groups = [{"params": fresh, "share": 1.0}, {"params": before, "share": settings.encoder}]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=settings.lr,
        weight_decay=settings.weight_decay,
        fused=device.type == "cuda",
    )


def _float(said: Any) -> Any:
    return said.float() if isinstance(said, Tensor) else tuple(one.float() for one in said)


def read_weights(path: Path, net: nn.Module) -> None:
    """Put the weights of a safetensors file into a net.

    Raises:
        ModelError: it cannot be read, or is of another net.
    """
    try:
        found = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} cannot be read: {error}", hint="name the weights.safetensors of a run") from error
    shapes, wanted = ({name: tensor.shape for name, tensor in all_.items()} for all_ in (found, net.state_dict()))
    if odd := sorted(name for name, _ in shapes.items() ^ wanted.items()):
        raise ModelError(f"{path} does not fit this net: {odd[0]} differs", hint="is it of the other mode, or width?")
    net.load_state_dict(found)
