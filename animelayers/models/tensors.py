"""Tensors on disk, without pickles: safetensors, and JSON values in the header of the same file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animelayers.errors import DataError
from animelayers.handoff.files import replacing

if TYPE_CHECKING:
    from torch import Tensor


def write(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any], key: str = "about") -> None:
    """Tensors, and JSON values under one key of the header; the same in, the same bytes out.

    Raises:
        OutputError: the file cannot be written; one that was there stays.
    """
    from safetensors.torch import save_file

    own = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(path) as temporary:
        save_file(own, temporary, {key: json.dumps(about, allow_nan=False)})


def header(path: Path, key: str = "about") -> dict[str, Any]:
    """The JSON values of a file that `write` has written.

    Raises:
        DataError: it is damaged, or another file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return dict(json.loads(file.metadata()[key]))
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is no file of a training: {error}", hint="remove it, or name another") from error
