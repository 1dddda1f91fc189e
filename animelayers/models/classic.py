"""`classic`: no weights at all. The floor that every model must beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from animelayers.models.base import OnStep
from animelayers.picture import Picture
from animelayers.rendering.classic import guess_layers
from animelayers.rendering.solve import RenderingGuess


class Classic:
    """The weightless engine behind the protocol `RenderingModel`; one step, and the seed changes nothing."""

    about: Mapping[str, Any] = {}

    def predict(self, picture: Picture, *, seed: int = 0, on_step: OnStep | None = None) -> RenderingGuess:  # noqa: ARG002
        """See `animelayers.rendering.classic`."""
        guess = guess_layers(picture.rgba)
        if on_step is not None:
            on_step(1, 1)
        return guess
