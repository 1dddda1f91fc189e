"""What is measured of a stage: seconds, memory, sums, traffic."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

GB = 10**9
CARDS = {
    "H200": (989, 4.8),
    "H100 NVL": (835, 3.9),
    "H100": (989, 3.35),
    "A100": (312, 2.04),
    "B200": (2250, 8.0),
    "L40S": (362, 0.86),
    "RTX 5090": (209, 1.79),
    "RTX 4090": (165, 1.01),
    "RTX 3090": (71, 0.94),
}
"""Part of a card's name → dense bf16 TFLOP/s and TB/s of its data sheet; the first that fits."""

T = TypeVar("T")


class Meter:
    """Measures stages, one after another; `stages` has what was found of each."""

    def __init__(self, device: torch.device, repeat: int, stages: dict[str, dict[str, Any]]) -> None:
        self.device, self.repeat, self.stages = device, repeat, stages

    def __call__(
        self,
        name: str,
        run: Callable[[], T],
        warm: Callable[[], Any],
        count: Callable[[], dict[str, float]] | None = None,
    ) -> T:
        """What the stage gives, which is run `repeat` times.

        Args:
            name: of the stage.
            run: all of it.
            warm: goes before on a card: enough of it that kernels are chosen and compiled, and memory is there.
            count: sums and traffic of it.
        """
        self.settle()
        found: dict[str, Any] = {"seconds": [], **(count() if count else {})}
        if self.device.type == "cuda":
            warm()
        self.begin()
        for _ in range(self.repeat):
            self._wait()
            start = time.perf_counter()
            given = run()
            self._wait()
            found["seconds"].append(time.perf_counter() - start)
        self.stages[name] = {**found, **self.peak()}
        return given

    def begin(self) -> None:
        """Forget the memory that has been taken until now."""
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)

    def peak(self) -> dict[str, float]:
        """GB that have been taken since then; nothing on a CPU."""
        if self.device.type != "cuda":
            return {}
        allocated, reserved = (
            torch.cuda.max_memory_allocated(self.device),
            torch.cuda.max_memory_reserved(self.device),
        )
        return {"allocated": allocated / GB, "reserved": reserved / GB}

    def settle(self) -> None:
        """Give back to the card what is not used."""
        if self.device.type == "cuda":
            gc.collect()
            torch.cuda.empty_cache()

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


class _Counter(TorchDispatchMode):
    """Sums that operations do, and bytes that they read and write, each tensor once for each operation that uses it."""

    sums = moved = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func.overloadpacket)
        if formula is not None:
            self.sums += formula(*args, **(kwargs or {}), out_val=out)
        if not func.is_view:
            used = (each for each in tree_leaves((args, kwargs, out)) if isinstance(each, Tensor))
            self.moved += sum(each.numel() * each.element_size() for each in used)
        return out


def counted(run: Callable[[], Any]) -> dict[str, float]:
    """Of matrix products, convolutions and a card's attention 10¹² operations; of everything GB to and from memory.

    An operation that fuses, or whose tensors stay in the cache, moves less.
    """
    with _Counter() as found:
        run()
    return {"tflop": found.sums / 1e12, "moved": found.moved / GB}


def counted_steps(run: Callable[[int], Any], steps: int) -> dict[str, float]:
    """The same of a sampling, `run(steps)`, from its first two steps: all but the first are alike."""
    one, two = counted(lambda: run(1)), counted(lambda: run(2))
    return {name: one[name] + (steps - 1) * (two[name] - one[name]) for name in one}


def peaks(card: str) -> tuple[float, float] | None:
    """TFLOP/s and TB/s of a card; None if it is not in the table."""
    return next((rates for name, rates in CARDS.items() if name in card), None)
