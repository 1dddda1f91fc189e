"""A base with the LoRA of an adapter in its weights, for programs that load no LoRA, and for more speed than with one.

    W' = W + scale · B·A        in float32, then rounded once to what W is stored in

The embedding depends on the place of a token and can be in no weight. It stays an adapter, one without a LoRA, in the
folder of the base that it belongs to.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from animelayers.errors import ModelError, OutputError
from animelayers.handoff.files import replacing_folder
from animelayers.models import hub
from animelayers.models.qwen_layered import adapter, loading, prompt

STORED = (torch.float32, torch.bfloat16, torch.float16)
"""What weights may be stored in: float8 would round most of a LoRA away."""

Lora = dict[str, tuple[Tensor, Tensor]]
"""A and B by the name of the weight that they change."""


@dataclass(slots=True)
class Rounding:
    """How much of the change of the weights did not survive being stored."""

    changes: float = 0.0
    """Sum of squares."""
    errors: float = 0.0

    @property
    def share(self) -> float:
        """Length of the error, as a share of that of the change."""
        return (self.errors / self.changes) ** 0.5 if self.changes else 0.0


def merge(lora: Path, base: Path, folder: Path, scale: float = 1.0) -> Rounding:
    """Write a base with an adapter in it, wholly or not at all. One file of weights at a time is in memory.

    Args:
        lora: the adapter, or the folder of its run; the prompt's embedding beside it is taken along.
        base: folder of the base. Its weights but the transformer's are linked where the file system can.
        folder: of the new one; missing or empty.
        scale: of the LoRA, 1 as it has been trained. The embedding stays as it is.

    Raises:
        ModelError: there is no LoRA, or it belongs to another base.
        OutputError: something lies in the folder, or it cannot be written.
    """
    file = adapter.located(lora)
    spec, tensors = adapter.read(file)
    adapter.check(loading.outline(base), spec)
    changes = _pairs(tensors)
    if not changes:
        raise ModelError(f"{file} has no LoRA: it is merged into a base", hint="name the one that train/lora.py wrote")
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise OutputError(f"{folder} is there already", hint="name another -o, or remove it")
    with replacing_folder(folder) as new:
        rounding = _write_transformer(base, new, changes, scale)
        _carry_over(base, new)
        if (words := file.with_name(prompt.NAME)).is_file():
            _carried(words, new / prompt.NAME)
        rest = {name: tensor for name, tensor in tensors.items() if not name.startswith(adapter.PREFIX)}
        about = {"base": str(folder), "revision": "", "rank": 0, "targets": ()}
        adapter.save(new / adapter.FILE, rest, spec.model_copy(update=about))
    return rounding


def _pairs(tensors: Mapping[str, Tensor]) -> Lora:
    a, b = ".lora_A.weight", ".lora_B.weight"
    down = {
        name.removeprefix(adapter.PREFIX).removesuffix(a): part for name, part in tensors.items() if name.endswith(a)
    }
    return {f"{layer}.weight": (part, tensors[f"{adapter.PREFIX}{layer}{b}"]) for layer, part in down.items()}


def _write_transformer(base: Path, new: Path, changes: Lora, scale: float) -> Rounding:
    rounding, left = Rounding(), set(changes)
    (new / "transformer").mkdir()
    for file in sorted((base / "transformer").glob("*.safetensors")):
        try:
            weights = load_file(file)
            with safe_open(file, framework="pt") as opened:
                header = opened.metadata()
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{file} cannot be read: {error}", hint="fetch it again") from error
        for name in sorted(weights.keys() & changes.keys()):
            weights[name] = _changed(name, weights[name], *changes[name], scale, rounding)
        left -= weights.keys()
        try:
            save_file(weights, new / "transformer" / file.name, header)
        except SafetensorError as error:
            raise OutputError(f"{file.name} cannot be written: {error}", hint="is the disk full?") from error
    if left:
        raise ModelError(f"{base} has no {min(left)}, which the adapter changes", hint="fetch it again")
    return rounding


def _changed(name: str, weight: Tensor, down: Tensor, up: Tensor, scale: float, rounding: Rounding) -> Tensor:
    if weight.dtype not in STORED:
        raise ModelError(f"{name} is stored in {weight.dtype}", hint=f"the whole weights are {loading.BASE}")
    if (len(up), up.shape[1], down.shape[1]) != (len(weight), len(down), weight.shape[1]):
        raise ModelError(f"the adapter's {name} is of another shape than the base's", hint="is it damaged?")
    change = scale * (up.float() @ down.float())
    exact = weight.float() + change
    stored = exact.to(weight.dtype)
    rounding.changes += change.square().sum().item()
    rounding.errors += (stored.float() - exact).square().sum().item()
    return stored


def _carry_over(base: Path, new: Path) -> None:
    """All else in the folder of a base, but pickles, what is hidden, and what another adapter has left there."""
    for file in sorted(base.rglob("*")):
        place = file.relative_to(base)
        ours = (new / place).exists() or place == Path(adapter.FILE)
        passed_over = file.suffix in hub.PICKLES or any(part.startswith(".") for part in place.parts)
        if file.is_file() and not ours and not passed_over:
            _carried(file, new / place)


def _carried(file: Path, target: Path) -> None:
    """Link weights, which nobody edits; copy the small files, which somebody may, and what is on another disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".safetensors":
        try:
            os.link(file.resolve(), target)
        except OSError:
            pass
        else:
            return
    shutil.copyfile(file, target)
