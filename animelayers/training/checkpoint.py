"""A training on disk, without pickles: tensors as safetensors, everything else as JSON in the header of the same file.

One file is moved into place at once, so a run has a whole checkpoint or the one before it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from animelayers.errors import DataError
from animelayers.handoff.files import replacing
from animelayers.training.config import Config, provenance
from animelayers.training.learner import Learner, Progress
from animelayers.training.shelf import Standing

STATE, WEIGHTS, RUN, LOG, LOOK = "state.safetensors", "weights.safetensors", "run.json", "log.jsonl", "look.png"
"""Files of a run: what it needs to go on; the averaged weights, its result; its configuration; figures; pictures."""


def begin(config: Config, device: torch.device) -> None:
    """Write what a run is, unless another one lies in its folder.

    Raises:
        DataError: one does.
        OutputError: the folder cannot be written.
    """
    path, now = config.folder / RUN, config.model_dump(mode="json")
    if path.exists():
        changed = _changed(path, config)
        if changed:
            hint = "another folder=…, or remove that one"
            raise DataError(f"{config.folder} holds another run: {', '.join(changed)} differ", hint=hint)
    about = {**provenance(), "torch": torch.__version__, "device": _named(device), "config": now}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(about, indent=1) + "\n", "utf-8")


def _changed(path: Path, config: Config) -> list[str]:
    """Names of the settings by which the run described in a file is another one."""
    try:
        before = Config.model_validate(json.loads(path.read_text("utf-8"))["config"]).identity
    except (ValueError, KeyError, TypeError):
        return ["all settings"]
    return [name for name, value in config.identity.items() if before[name] != value]


def _named(device: torch.device) -> str:
    return str(torch.cuda.get_device_name(device)) if device.type == "cuda" else "cpu"


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


def write(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Tensors, and JSON values in the header; the same in, the same bytes out."""
    own = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(path) as temporary:
        save_file(own, temporary, {"about": json.dumps(about, allow_nan=False)})


def header(path: Path) -> dict[str, Any]:
    """The JSON values of a file that `write` has written.

    Raises:
        DataError: it is damaged, or another file.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return dict(json.loads(file.metadata()["about"]))
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no file of a training: {error}", hint="remove it, or name another") from error
