"""What tests do in processes of their own: those have to be able to import it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from animelayers import workers
from animelayers.data.sample import Sample
from animelayers.errors import DataError
from animelayers.evaluation.prediction import Prediction
from animelayers.handoff.files import replacing
from animelayers.stack import LayerStack, Rgba

# --- jobs


def touch(path: Path) -> str:
    path.touch()
    return path.name


def touch_in_turn(path: Path) -> str:
    """`x after y` is made when `y` is there beside it; anything else at once."""
    _, _, other = path.name.partition(" after ")
    deadline = time.monotonic() + 30
    while other and not (path.parent / other).exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return touch(path)


def refuse(number: int) -> int:
    if number == 1:
        raise DataError("not this one", hint="another one")
    return number


def die(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def write_slowly(path: Path) -> str:
    """`first` is written at once, everything else takes a minute."""
    with replacing(path) as temporary:
        temporary.write_text("half")
        (path.parent / f"{path.name}.begun").touch()
        time.sleep(0 if path.name == "first" else 60)
    return path.name


def asked_between_jobs(path: Path) -> None:
    """What a worker does with its next job when the pool has caught that it was asked to leave."""
    workers._begin(None)
    with suppress(SystemExit):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
    workers._leaving_well(touch, path)


def prepare() -> None:
    os.environ["ANIMELAYERS_TEST_PREPARED"] = os.environ.get("ANIMELAYERS_TEST_PREPARED", "") + "1"


def prepared(_: int) -> str:
    return os.environ.get("ANIMELAYERS_TEST_PREPARED", "")


# --- predictors


@dataclass(frozen=True, slots=True)
class Answers:
    """The truth itself, one stack shifted by `shift` px; ids in `wrong` go wrong in the way that is said there."""

    shift: int = 0
    wrong: tuple[tuple[str, str], ...] = ()
    mode: str = "rendering"
    name: str = "answers"

    @property
    def about(self) -> Mapping[str, Any]:
        return {"shift": self.shift}

    def __call__(self, sample: Sample, seen: Rgba, seed: int) -> Prediction:
        how = dict(self.wrong).get(sample.id, "")
        if how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "interrupted":
            raise KeyboardInterrupt
        if how == "given up":
            raise DataError("I cannot see anything", hint="draw more clearly")
        if how == "crashed":
            raise ZeroDivisionError("division by nobody")
        truth = sample.rendering if self.mode == "rendering" else sample.parts
        assert truth is not None
        stack = truth.replace(layers=tuple(layer.replace(left=layer.left + self.shift) for layer in truth))
        if how == "larger":
            stack = LayerStack(stack.height + 1, stack.width, stack.layers)
        if how == "scribbled":
            seen[:] = 77
        depth = None if sample.depth is None or self.mode == "rendering" else sample.depth.astype(np.float32)
        return Prediction(stack, depth=depth)
