"""Tensors on disk, without pickles: safetensors, and everything else as JSON in the header of the same file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from animelayers.errors import DataError
from animelayers.handoff.files import replacing


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
