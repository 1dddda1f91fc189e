"""Nets that ride along in the package, or that somebody has, run by ONNX Runtime on the cores that there are.

Weights are never downloaded, and nothing in them is executed but the operators of ONNX.
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animelayers.errors import ModelError

WEIGHTS = Path(__file__).parent / "weights"
"""Where the weights lie that are part of the package."""

Values = npt.NDArray[np.float32]

_AGAIN = "pip install --force-reinstall --no-deps animelayers"


@dataclass(frozen=True, slots=True)
class Port:
    """What a net declares of one of its inputs."""

    name: str
    shape: tuple[int | None, ...]
    """None is any length."""
    kind: str
    """As ONNX Runtime spells it: `tensor(float)`."""


class Net:
    """A net that is ready to run; those of the package have one input, float32 [b, 4, h, w].

    Args:
        path: the file.
        inputs: how many it must have.
        remedy: what to do if the file is no good.

    Raises:
        ModelError: the file is not there, or is no net with so many inputs.
    """

    inputs: tuple[Port, ...]
    """In the order of the file."""

    def __init__(self, path: Path, inputs: int = 1, *, remedy: str = _AGAIN) -> None:
        import onnxruntime

        if not path.is_file():
            raise ModelError(f"the weights {path.name} are not in this installation", hint=remedy)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = _cores()
        options.enable_cpu_mem_arena = False  # a fifth faster, and a third more memory that is never given back
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # other jobs need the cores, too
        options.log_severity_level = 3
        onnxruntime.disable_telemetry_events()
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime's own exceptions share no other base
            raise ModelError(f"the weights {path.name} are damaged: {_first_line(error)}", hint=remedy) from error
        self.inputs = tuple(
            Port(one.name, tuple(side if isinstance(side, int) and side > 0 else None for side in one.shape), one.type)
            for one in self._session.get_inputs()
        )
        if len(self.inputs) != inputs:
            raise ModelError(f"the net {path.name} has {len(self.inputs)} inputs, not {inputs}", hint=remedy)

    def __call__(self, *seen: Values) -> list[Values]:
        """What the net says of a batch; inputs and outputs are in the order of the file.

        Raises:
            ModelError: the net cannot be run on it.
        """
        given = {port.name: values for port, values in zip(self.inputs, seen, strict=True)}
        try:
            return list(self._session.run(None, given))
        except Exception as error:
            raise ModelError(f"the net gave up: {_first_line(error)}") from error


def revision(path: Path) -> str:
    """The first twelve hexadecimal digits of the SHA-256 of a file of weights: what provenance records."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def _cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
