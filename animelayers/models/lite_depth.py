"""`lite`, of layer order: the trees of `classic` say who covers whom, the net of parts what a character is made of.

Trees look at borders: of fine line art they know little. The net of `lite_parts` knows that hair lies over a face and a
sleeve over an arm, wherever it finds a character. Both speak of regions of flat colour, and their heights are added.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.anatomy import looks
from animelayers.anatomy.guess import FACE, PartsGuess
from animelayers.anatomy.solve import PERSON
from animelayers.models.base import OnStep
from animelayers.models.classic_depth import judges, laid, looked_at
from animelayers.models.lite_parts import LiteParts
from animelayers.models.onnx import Net
from animelayers.picture import Picture
from animelayers.regions.borders import Labels
from animelayers.regions.order import region_order

NEARNESS = 10.0
"""Heights between the farthest and the nearest part, beside the two or three between the trees' own."""
FEATURES = 4
"""Of `guess.FACE`, the face itself included, without which nobody is believed to be there."""
SIDE = 256
"""Longer side of the map of parts, px: the net says them at 192."""
CANDIDATES = 4
"""Parts that may be seen at a pixel; the others hardly ever count."""


class LiteDepth:
    """Trees and net behind the protocol `DepthModel`; the seed changes nothing.

    Raises:
        ModelError: the weights are not there, or damaged.
    """

    about: Mapping[str, Any] = {}

    def __init__(self, net: Net | None = None) -> None:
        self.parts = LiteParts(net, mirrored=False)

    def predict(
        self,
        picture: Picture,
        *,
        seed: int = 0,
        on_step: OnStep | None = None,
    ) -> npt.NDArray[np.float32]:
        """As `ClassicDepth.predict`."""
        near = self.nearness(picture, seed)
        labels, heights = region_order(looked_at(picture), judges())
        if near is not None:
            heights = heights + NEARNESS * means(labels, near)
        index = laid(picture, labels, heights)
        if on_step is not None:
            on_step(1, 1)
        return index

    def nearness(self, picture: Picture, seed: int = 0) -> npt.NDArray[np.float32] | None:
        """How near the parts are that may be seen at each pixel of a small copy, [h, w] in 0..1; 0 is nobody's.

        The mean over who may be seen, by how likely that is. None where there is no character.
        """
        guess = self.parts.predict(picture, seed=seed)
        if min(guess.person, _features(guess)) < PERSON:
            return None
        scale = min(1.0, SIDE / max(picture.height, picture.width))
        size = max(1, round(picture.height * scale)), max(1, round(picture.width * scale))
        small = looks.scaled(guess, size[0] / picture.height, size[1] / picture.width)
        labels, scores = looks.candidates(small, size, CANDIDATES)
        weight = np.exp(scores)
        near = (weight * looks.depths(small, labels)).sum(axis=0) / weight.sum(axis=0)
        return np.asarray(near, np.float32)


def _features(guess: PartsGuess) -> float:
    """0..1: whether a face has `FEATURES` of its features; much that is no character has something like hair."""
    said = [
        max((float(look.presence[look.tags.index(tag)]) for look in guess.looks if tag in look.tags), default=0.0)
        for tag in FACE
    ]
    return sorted(said)[-FEATURES]


def means(labels: Labels, small: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """[n] the mean of a map over every region; the map is enlarged to the size of the labels."""
    whole = cv2.resize(small, labels.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.bincount(labels.ravel(), whole.ravel()) / np.bincount(labels.ravel()))
