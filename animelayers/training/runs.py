"""What a run says of itself: `run.json`, by which a second command knows whether it goes on or would spoil another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol, Self

import torch

from animelayers.errors import DataError
from animelayers.handoff.files import replacing
from animelayers.training.settings import provenance

RUN = "run.json"


class Told(Protocol):
    """A whole configuration."""

    @property
    def folder(self) -> Path:
        """Of the run."""
        ...

    @property
    def identity(self) -> dict[str, Any]:
        """What must be the same for a run to go on."""
        ...

    @classmethod
    def model_validate(cls, obj: Any) -> Self:
        """A configuration from JSON values."""
        ...

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """Its JSON values."""
        ...


def begin(config: Told, device: torch.device) -> None:
    """Write what a run is, unless another one lies in its folder.

    Raises:
        DataError: one does.
        OutputError: the folder cannot be written.
    """
    path = config.folder / RUN
    if path.exists() and (changed := _changed(path, config)):
        hint = "another folder=…, or remove that one"
        raise DataError(f"{config.folder} holds another run: {', '.join(changed)} differ", hint=hint)
    now = config.model_dump(mode="json")
    about = {**provenance(), "torch": torch.__version__, "device": _named(device), "config": now}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(about, indent=1) + "\n", "utf-8")


def _changed(path: Path, config: Told) -> list[str]:
    """Names of the settings by which the run described in a file is another one."""
    try:
        before = type(config).model_validate(json.loads(path.read_text("utf-8"))["config"]).identity
    except (ValueError, KeyError, TypeError):
        return ["all settings"]
    return [name for name, value in config.identity.items() if before[name] != value]


def _named(device: torch.device) -> str:
    return str(torch.cuda.get_device_name(device)) if device.type == "cuda" else "cpu"
