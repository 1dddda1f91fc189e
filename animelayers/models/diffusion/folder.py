"""Folders of checkpoints as diffusers lays them out, opened so that what is wrong with them is said."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from animelayers.errors import ModelError
from animelayers.models import hub

WEIGHTS = "diffusion_pytorch_model.safetensors"
"""What diffusers calls a module's file; of several, `.index.json` after this says what is where."""
AGAIN = "fetch it again"

_PACKED = ".weight."
"""In the names of what bitsandbytes keeps beside a weight: `to_q.weight.absmax`."""


def read(path: Path, hint: str) -> dict[str, Any]:
    """A configuration.

    Args:
        path: of the JSON file.
        hint: what to do where there is none.

    Raises:
        ModelError: it is missing, damaged, or something else.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"there is no {path}", hint=hint) from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}", hint=AGAIN) from error
    if not isinstance(found, Mapping):
        raise ModelError(f"{path} is no configuration", hint=AGAIN)
    return dict(found)


def loaded(kind: Any, folder: Path, **how: Any) -> Any:
    """A module of diffusers from the folder of its own, frozen; from safetensors, and from this computer.

    Args:
        kind: its class.
        folder: of `config.json` and the weights.
        how: for `from_pretrained`.

    Raises:
        ModelError: files or tensors are missing, damaged, or too large.
    """
    with opening(folder):
        model, told = kind.from_pretrained(
            folder, use_safetensors=True, local_files_only=True, output_loading_info=True, **how
        )
    if missing := sorted(told["missing_keys"]):
        raise _not_whole(folder, f", first {missing[0]}")
    return model.requires_grad_(False).eval()


def require_tensors(folder: Path, wanted: Mapping[str, Sequence[int]], hint: str) -> None:
    """Compare what a module's files hold with what it is made of, before gigabytes are read.

    Weights in 4 bits have a shape of their own, and more tensors beside them; of those only the names are compared.

    Args:
        folder: of the module.
        wanted: names and shapes of all tensors.
        hint: where the right files are.

    Raises:
        ModelError: one is missing, foreign or of another shape; the file and the first such tensor are named.
    """
    found: dict[str, tuple[Path, Sequence[int]]] = {}
    for file in weight_files(folder):
        with opening(folder), safe_open(file, framework="pt") as opened:
            found |= {name: (file, opened.get_slice(name).get_shape()) for name in opened.keys()}  # noqa: SIM118
    packed = {f"{name.partition(_PACKED)[0]}.weight" for name in found if _PACKED in name}
    known = {name: place for name, place in found.items() if _PACKED not in name}
    at = sorted({file for file, _ in found.values()} or {folder})[0]
    if missing := sorted(wanted.keys() - known.keys()):
        raise ModelError(f"{at} has no {missing[0]}, and lacks {len(missing)} of {len(wanted)} tensors", hint=hint)
    if foreign := sorted(known.keys() - wanted.keys()):
        file = known[foreign[0]][0]
        raise ModelError(f"{file} has {foreign[0]}, which this network does not; {len(foreign)} such", hint=hint)
    for name, (file, shape) in known.items():
        if name not in packed and list(shape) != list(wanted[name]):
            raise ModelError(f"{file} has {name} of {list(shape)}, wanted {list(wanted[name])}", hint=hint)


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a module, sorted.

    Raises:
        ModelError: one is missing, or there are only pickles.
    """
    hub.located(str(folder), files=())
    index = folder / f"{WEIGHTS}.index.json"
    names = {WEIGHTS}
    if index.is_file():
        names = set(read(index, AGAIN).get("weight_map", {}).values())
    files = sorted(folder / name for name in names)
    for file in files:
        if not file.is_file():
            raise ModelError(f"there is no {file}", hint=AGAIN)
    return files


@contextmanager
def opening(folder: Path) -> Iterator[None]:
    """Turn what damaged files, or too many of them, raise into what can be done.

    Raises:
        ModelError: instead.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ModelError(f"{folder} does not fit into memory", hint="memory=auto, or a lower rung") from error
    except NotImplementedError as error:  # a tensor that no file has cannot be put anywhere
        raise _not_whole(folder) from error
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"{folder} cannot be loaded: {reason}", hint=AGAIN) from error


def _not_whole(folder: Path, which: str = "") -> ModelError:
    return ModelError(f"{folder} is not whole: tensors are missing{which}", hint=AGAIN)
