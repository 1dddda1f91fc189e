"""On what a training of a large model works: what `accelerate launch` says, or the CPU."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import torch
from accelerate import Accelerator, InitProcessGroupKwargs

from animelayers.models import memory

PATIENCE = timedelta(hours=12)
"""For which processes wait for the first, which encodes latents meanwhile."""


def accelerator(device: Literal["auto", "cpu"], precision: Literal["bf16", "float32"] | None = None) -> Accelerator:
    """As the launcher has set it up.

    Args:
        device: `cpu`, whatever there is.
        precision: of what is computed with weights in float32; None: as the weights are.
    """
    mixed = {"bf16": "bf16", "float32": "no", None: None}[precision]
    return Accelerator(
        cpu=device == "cpu", mixed_precision=mixed, kwargs_handlers=[InitProcessGroupKwargs(timeout=PATIENCE)]
    )


def free_memory(accelerator: Accelerator) -> int:
    """Bytes. All devices hold the same, so the fullest one decides."""
    mine = torch.tensor([memory.free_memory(str(accelerator.device))], device=accelerator.device)
    return int(accelerator.gather(mine).min())
