"""What a training needs to go on: `checkpoints/000500.safetensors`, whole or not there, on one device or gathered.

Only what changes is in it: weights and BatchNorm's statistics, their average, the optimiser's states. Nothing random
has a state to keep.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.distributed.checkpoint import state_dict as gathering

from animelayers.errors import DataError
from animelayers.models import tensors
from animelayers.training.average import Average, averaged

FOLDER = "checkpoints"
SUFFIX = ".safetensors"
_WHOLE = gathering.StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)
"""Gathered in the first process; the others get nothing."""
_EVERYWHERE = gathering.StateDictOptions(full_state_dict=True, ignore_frozen_params=True)
_LOADED = gathering.StateDictOptions(full_state_dict=True, ignore_frozen_params=True, strict=False)


@dataclass
class Progress:
    """How far a training is; JSON values."""

    step: int = 0
    samples: int = 0
    """Seen in all these steps, over all devices."""
    seconds: float = 0.0
    """Spent in them."""


def weights(module: nn.Module) -> dict[str, Tensor]:
    """The trained weights and the buffers by name, whole on the CPU; none but in the first process."""
    return dict(gathering.get_model_state_dict(module, options=_WHOLE))


def gathered(module: nn.Module, optimiser: Any, average: Average) -> dict[str, Tensor]:
    """All tensors of a checkpoint, in the first process; every process has to call it."""
    own = weights(module)
    found = {f"weights/{name}": tensor for name, tensor in own.items()}
    states = gathering.get_optimizer_state_dict(module, optimiser.optimizer, options=_WHOLE)
    for name, state in states.get("state", {}).items():
        found |= {f"optimiser/{name}/{key}": torch.as_tensor(value) for key, value in state.items()}
    if average.keep:
        with average.applied(averaged(module)):
            found |= {f"average/{name}": tensor.clone() for name, tensor in weights(module).items()}
    return found


def save(folder: Path, whole: dict[str, Tensor], progress: Progress, *, keep: int) -> Path:
    """Write a checkpoint, then remove the oldest ones beyond `keep`.

    Raises:
        OutputError: it cannot be written; the others stay.
    """
    path = folder / FOLDER / f"{progress.step:06}{SUFFIX}"
    tensors.write(path, whole, asdict(progress))
    for old in _all(folder)[:-keep]:
        old.unlink()
    return path


def latest(folder: Path) -> Path | None:
    """The newest checkpoint of a run; None where there is none."""
    found = _all(folder)
    return found[-1] if found else None


def step_of(path: Path | None) -> int | None:
    """The step after which a checkpoint was written."""
    return None if path is None else int(path.stem)


def restore(path: Path, module: nn.Module, optimiser: Any, average: Average) -> Progress:
    """Put a checkpoint into a training of the same kind.

    Raises:
        DataError: it is damaged, or of another training.
    """
    hint = "remove it: the same command goes on from the one before it, or from the beginning"
    try:
        progress = Progress(**tensors.header(path))
        found = load_file(path)
    except (SafetensorError, OSError, TypeError) as error:
        raise DataError(f"{path} is damaged: {error}", hint=hint) from error
    parts: dict[str, dict[str, Tensor]] = {"weights": {}, "average": {}, "optimiser": {}}
    for name, tensor in found.items():
        part, _, rest = name.partition("/")
        parts[part][rest] = tensor
    own = gathering.get_model_state_dict(module, options=_EVERYWHERE)
    shapes = {name: tensor.shape for name, tensor in own.items()}
    if {name: tensor.shape for name, tensor in parts["weights"].items()} != shapes:
        raise DataError(f"{path} is of another training", hint="another folder=…")
    if average.keep and parts["average"]:
        gathering.set_model_state_dict(module, parts["average"], options=_LOADED)
        average.values = [tensor.detach().float().clone() for tensor in averaged(module)]
    gathering.set_model_state_dict(module, parts["weights"], options=_LOADED)
    _restore_optimiser(module, optimiser, parts["optimiser"])
    return progress


def _restore_optimiser(module: nn.Module, optimiser: Any, held: dict[str, Tensor]) -> None:
    states: dict[str, dict[str, Tensor]] = {}
    for name, tensor in held.items():
        weight, _, key = name.rpartition("/")
        states.setdefault(weight, {})[key] = tensor
    whole = gathering.get_optimizer_state_dict(module, optimiser.optimizer, options=_EVERYWHERE)
    groups = {"state": states, "param_groups": whole["param_groups"]}
    gathering.set_optimizer_state_dict(module, optimiser.optimizer, groups, options=_LOADED)


def _all(folder: Path) -> list[Path]:
    """Checkpoints of a run, oldest first."""
    return sorted(path for path in (folder / FOLDER).glob(f"*{SUFFIX}") if path.stem.isdigit())
