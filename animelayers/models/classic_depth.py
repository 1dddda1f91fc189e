"""`classic`, of layer order: regions of flat colour, and small trees that judge which of two lies in front."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animelayers.color import matte
from animelayers.models.base import OnStep
from animelayers.picture import Picture
from animelayers.regions.order import Judges, read_judges, region_order

WEIGHTS = Path(__file__).with_name("weights") / "region_order.json"


class ClassicDepth:
    """The region-graph model: one height for a whole region, never half of one in front; the seed changes nothing."""

    about: Mapping[str, Any] = {}

    def predict(
        self,
        picture: Picture,
        *,
        seed: int = 0,  # noqa: ARG002
        on_step: OnStep | None = None,
    ) -> npt.NDArray[np.float32]:
        """float32 [h, w]: the height of the layer that shows at each pixel, larger nearer, in no unit.

        A transparent picture is seen on white; what is fully transparent lies behind everything.
        """
        labels, heights = region_order(matte(picture.rgba), judges())
        index = heights.astype(np.float32)[labels]
        hidden = picture.rgba[..., 3] == 0
        if hidden.any():
            index[hidden] = heights.min() - 1
        if on_step is not None:
            on_step(1, 1)
        return index


@functools.cache
def judges() -> Judges:
    """The trees that are part of the package."""
    return read_judges(WEIGHTS)
