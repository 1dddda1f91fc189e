"""What every test may use: the pictures, and programs that pip cannot install."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drawing import EXAMPLES, needs
from hypothesis import settings

# The same examples every time, on machines of any speed.
settings.register_profile("animelayers", derandomize=True, deadline=None)
settings.load_profile("animelayers")


@pytest.fixture(scope="session")
def examples() -> list[Path]:
    """The pictures in `examples/`, sorted."""
    return sorted(EXAMPLES.glob("*.png"))


@pytest.fixture(scope="session")
def tool() -> Callable[..., str]:
    """Find a program by any of its names; skip the test without it, or fail where tools are required."""

    def find(*names: str) -> str:
        for name in names:
            if path := shutil.which(name):
                return path
        missing = f"needs {' or '.join(names)} on the PATH"
        if os.environ.get("ANIMELAYERS_REQUIRE_TOOLS"):
            pytest.fail(missing)
        pytest.skip(missing)

    return find


@pytest.fixture(scope="session")
def torch() -> Any:
    """PyTorch on one thread, so that sums are the same everywhere; skips the test without it."""
    for module in ("torch", "safetensors"):
        needs(module)
    import torch

    torch.set_num_threads(1)
    return torch


@pytest.fixture(scope="session")
def diffusion(torch: Any) -> None:
    """What the large models need; skips the test without it."""
    for module in ("diffusers", "transformers", "peft", "accelerate", "einops"):
        needs(module)
