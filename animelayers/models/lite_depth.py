"""`lite`, of layer order: three voices about regions of flat colour, whose heights are added.

The trees of `classic` look at borders, and see who covers whom. A small net looks at the whole picture, and sees what
is ground and what a thing is made of. The net of `lite_parts` knows characters: hair lies over a face and a sleeve over
an arm, of which fine line art shows the others little.
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
from animelayers.models.onnx import WEIGHTS, Net
from animelayers.picture import Picture
from animelayers.regions.borders import Labels, Rgb
from animelayers.regions.order import region_order

FILE = "lite_depth.onnx"

SIDE = 128
"""Longer side of what the net sees, px, as in its training."""
MULTIPLE = 32
"""Of which the sides of what the net sees are multiples."""
NET = 1.0
"""Weight of what the net says beside the trees; measured on icons of the split `check`."""
WITHIN = 0.002
"""The same inside a region, where layers of one paint may meet: too little to be seen, or for a slice to be cut by."""
NEARNESS = 10.0
"""Heights between the farthest and the nearest part, beside the two or three between the trees' own."""
FEATURES = 4
"""Of `guess.FACE`, the face itself included, without which nobody is believed to be there."""
PARTS_SIDE = 256
"""Longer side of the map of parts, px: their net says them at 192."""
CANDIDATES = 4
"""Parts that may be seen at a pixel; the others hardly ever count."""


class LiteDepth:
    """The three behind the protocol `DepthModel`; the seed changes nothing.

    Args:
        net: of layers; without it that of the package.
        parts: as `LiteParts` takes it.

    Raises:
        ModelError: the weights are not there, or damaged.
    """

    about: Mapping[str, Any] = {}

    def __init__(self, net: Net | None = None, parts: Net | None = None) -> None:
        self.net = Net(WEIGHTS / FILE) if net is None else net
        self.parts = LiteParts(parts, mirrored=False)

    def predict(
        self,
        picture: Picture,
        *,
        seed: int = 0,
        on_step: OnStep | None = None,
    ) -> npt.NDArray[np.float32]:
        """As `ClassicDepth.predict`."""
        near = self.nearness(picture, seed)
        rgb = looked_at(picture)
        labels, heights = region_order(rgb, judges())
        seen = enlarged(said(self.net, rgb), labels.shape)
        within = WITHIN if len(heights) > 1 else 0
        heights = heights + (NET - within) * means(labels, seen)
        if near is not None:
            heights += NEARNESS * means(labels, enlarged(near, labels.shape))
        index = laid(picture, heights.astype(np.float32)[labels] + np.float32(within) * seen)
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
        size = _fitted(picture.height, picture.width, PARTS_SIDE)
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


def said(net: Net, rgb: Rgb, side: int = SIDE) -> npt.NDArray[np.float32]:
    """What the net says of a picture, uint8 [h, w, 3], shown `side` px large: float32 [h', w'], larger nearer.

    Beyond the picture's edge the net sees its last pixels again.
    """
    height, width = _fitted(rgb.shape[0], rgb.shape[1], side)
    shrunk = max(height, width) < max(rgb.shape[:2])
    small = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA if shrunk else cv2.INTER_LINEAR)
    seen = np.dstack([small.astype(np.float32) / np.float32(127.5) - 1, np.ones((height, width), np.float32)])
    seen = np.pad(seen, ((0, -height % MULTIPLE), (0, -width % MULTIPLE), (0, 0)), "edge")
    (index,) = net(np.ascontiguousarray(seen.transpose(2, 0, 1)[None]))
    whole = cv2.resize(index[0], seen.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole[:height, :width], np.float32)


def _fitted(height: int, width: int, side: int) -> tuple[int, int]:
    """Sides of a picture whose longer one is `side`."""
    scale = side / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def enlarged(small: npt.NDArray[np.float32], size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """A map at the size of its picture, `(height, width)`."""
    return np.asarray(cv2.resize(small, size[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def means(labels: Labels, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """[n] the mean of a map over every region."""
    return np.asarray(np.bincount(labels.ravel(), values.ravel()) / np.bincount(labels.ravel()))
