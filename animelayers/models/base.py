"""What a model must be able to do. It guesses; the exact solve and the files are somebody else's work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from animelayers.anatomy.guess import PartsGuess
    from animelayers.picture import Picture
    from animelayers.rendering.solve import RenderingGuess

OnStep = Callable[[int, int], None]
"""Called after every step of a model with `(steps done, steps in all)`; what it raises ends the work."""


Rung = Literal["float32", "bf16", "fp8", "nf4", "offload"]
"""How the weights of a large model lie in memory; see `models.memory`."""
MemoryChoice = Literal["auto", "float32", "bf16", "fp8", "nf4", "offload"]


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What a large model may be told; None and the like leave it to the model."""

    lora: Path | None = None
    """An adapter: the folder of a run, or its file."""
    weights: str | None = None
    """Where the weights lie: a folder, or `owner/name` on the Hugging Face hub. Of `see-through` there are two, of
    parts and of depth, separated by a comma; the second may be missing."""
    steps: int | None = None
    """Of sampling."""
    size: int | None = None
    """Side of a square, px, as large as what the model is shown; the layers have the picture's own size anyway."""
    memory: MemoryChoice = "auto"
    speed: tuple[str, ...] = ()
    """Ways to be faster. `compile`, and kernels of attention such as `flash` and `sage`, say the same. These change the
    result: `first-block` or `taylor-seer` of a transformer, which skip work that steps repeat; of `see-through` `ode`,
    `drop-absent` and `reuse`."""
    offline: bool = False
    """Open no connection; take what the hub's cache has."""

    @property
    def given(self) -> tuple[str, ...]:
        """Names of those that say something."""
        return tuple(name for name in self.__slots__ if getattr(self, name) != getattr(DEFAULT, name))


DEFAULT = ModelOptions()


class RenderingModel(Protocol):
    """Says how a picture was painted: line art, flat colour, and the picture without its lines."""

    about: Mapping[str, Any]
    """What of it changes the result, besides its weights and the seed; JSON values, which provenance records."""

    def predict(self, picture: Picture, *, seed: int = 0, on_step: OnStep | None = None) -> RenderingGuess:
        """The guess for `picture` at its own size; the same picture and seed give the same guess."""
        ...


class PartsModel(Protocol):
    """Says what a picture shows: which parts of a character, where, and what of them is hidden."""

    about: Mapping[str, Any]
    """As of a `RenderingModel`."""

    def predict(self, picture: Picture, *, seed: int = 0, on_step: OnStep | None = None) -> PartsGuess:
        """The guess for `picture`, at the model's own resolution; the same picture and seed give the same guess."""
        ...


class DepthModel(Protocol):
    """Says what of a picture was painted before what: illustrator's depth."""

    about: Mapping[str, Any]
    """As of a `RenderingModel`."""

    def predict(self, picture: Picture, *, seed: int = 0, on_step: OnStep | None = None) -> npt.NDArray[np.float32]:
        """float32 [h, w] at the picture's own size, finite: larger nearer, in no unit; the same picture and seed give
        the same map.
        """
        ...
