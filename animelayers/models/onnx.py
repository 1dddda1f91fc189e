"""Small nets that ride along in the package, run by ONNX Runtime on the cores that there are.

Weights are data of the package, never downloaded; nothing in them is executed but the operators of ONNX.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animelayers.errors import ModelError

WEIGHTS = Path(__file__).parent / "weights"
"""Where the weights lie that are part of the package."""

Values = npt.NDArray[np.float32]


class Net:
    """A net that is ready to run: input float32 [b, 4, h, w], outputs float32 in the order of the file.

    Raises:
        ModelError: the file is not there, or is no net with one input.
    """

    def __init__(self, path: Path) -> None:
        import onnxruntime

        if not path.is_file():
            raise ModelError(f"the weights {path.name} are not in this installation", hint=_AGAIN)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = _cores()
        options.enable_cpu_mem_arena = False  # a fifth faster, and a third more memory that is never given back
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # other jobs need the cores, too
        options.log_severity_level = 3
        onnxruntime.disable_telemetry_events()
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            (given,) = self._session.get_inputs()
        except Exception as error:  # the runtime's own exceptions share no other base
            raise ModelError(f"the weights {path.name} are damaged: {_first_line(error)}", hint=_AGAIN) from error
        self._input = given.name

    def __call__(self, seen: Values) -> list[Values]:
        """What the net says of a batch.

        Raises:
            ModelError: the net cannot be run on it.
        """
        try:
            return list(self._session.run(None, {self._input: seen}))
        except Exception as error:
            raise ModelError(f"the net gave up: {_first_line(error)}") from error


def revision(path: Path) -> str:
    """The first twelve hexadecimal digits of the SHA-256 of a file of weights: what provenance records."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


_AGAIN = "pip install --force-reinstall --no-deps animelayers"


def _cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
