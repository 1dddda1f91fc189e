"""A training on disk. One file is moved into place at once, so a run has a whole checkpoint or the one before it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from safetensors import safe_open
from torch import Tensor

from animelayers.models.tensors import header, write
from animelayers.training.lite.learner import Learner, Progress
from animelayers.training.lite.shelf import Standing

STATE, WEIGHTS, LOG, LOOK = "state.safetensors", "weights.safetensors", "log.jsonl", "look.png"
"""Files of a run: what it needs to go on; the averaged weights, its result; figures; pictures."""


def save(folder: Path, learner: Learner, progress: Progress, standing: Standing) -> None:
    """Write everything that a training needs to go on."""
    tensors = {f"net.{name}": tensor for name, tensor in learner.net.state_dict().items()}
    tensors |= {f"average.{name}": tensor for name, tensor in learner.average.state_dict().items()}
    for number, held in learner.optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{number}.{name}": tensor for name, tensor in held.items()}
    write(folder / STATE, tensors, {"progress": asdict(progress), "shelf": asdict(standing)})


def progress(folder: Path) -> Progress | None:
    """How far the training in a folder is; None where there is no checkpoint.

    Raises:
        DataError: it is damaged.
    """
    path = folder / STATE
    return Progress(**header(path)["progress"]) if path.exists() else None


def restore(folder: Path, learner: Learner) -> Standing:
    """Put a checkpoint into a learner of the same configuration; who sat on the shelf.

    Raises:
        DataError: it is damaged.
    """
    path = folder / STATE
    standing = Standing(**header(path)["shelf"])
    parts: dict[str, dict[str, Tensor]] = {"net": {}, "average": {}, "optimiser": {}}
    with safe_open(path, framework="pt", device=str(learner.device)) as file:
        for name in file.keys():  # noqa: SIM118 – the file is no mapping
            part, _, rest = name.partition(".")
            parts[part][rest] = file.get_tensor(name)
    learner.net.load_state_dict(parts["net"])
    learner.average.load_state_dict(parts["average"])
    held: dict[int, dict[str, Tensor]] = {}
    for name, tensor in parts["optimiser"].items():
        number, _, field = name.partition(".")
        held.setdefault(int(number), {})[field] = tensor
    groups = learner.optimiser.state_dict()["param_groups"]
    learner.optimiser.load_state_dict({"state": held, "param_groups": groups})
    return standing
