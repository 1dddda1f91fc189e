"""What a model must be able to do. It guesses; the exact solve and the files are somebody else's work."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from animelayers.anatomy.guess import PartsGuess
    from animelayers.picture import Picture
    from animelayers.rendering.solve import RenderingGuess

OnStep = Callable[[int, int], None]
"""Called after every step of a model with `(steps done, steps in all)`; what it raises ends the work."""


class RenderingModel(Protocol):
    """Says how a picture was painted: line art, flat colour, and the picture without its lines."""

    def predict(self, picture: Picture, *, seed: int = 0, on_step: OnStep | None = None) -> RenderingGuess:
        """The guess for `picture` at its own size; the same picture and seed give the same guess."""
        ...


class PartsModel(Protocol):
    """Says what a picture shows: which parts of a character, where, and what of them is hidden."""

    def predict(self, picture: Picture, *, seed: int = 0, on_step: OnStep | None = None) -> PartsGuess:
        """The guess for `picture`, at the model's own resolution; the same picture and seed give the same guess."""
        ...
