"""What knows nothing of occlusion: the maps that a model of layer order has to beat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from animelayers.color import to_lab
from animelayers.regions.borders import Contacts, Rgb, frame
from animelayers.regions.flats import flat_regions
from animelayers.regions.nesting import nesting

DepthMap = npt.NDArray[np.float32]
"""float32 [h, w], larger nearer."""


def constant(rgb: Rgb) -> DepthMap:
    """Nothing lies before anything."""
    return np.zeros(rgb.shape[:2], np.float32)


def darkness(rgb: Rgb) -> DepthMap:
    """The darker, the nearer: −L*. Of a drawing on white it knows the ground."""
    return -to_lab(rgb)[..., 0]


def area(rgb: Rgb) -> DepthMap:
    """The smaller a region of one colour, the nearer."""
    labels = flat_regions(rgb)
    return np.asarray(-np.bincount(labels.ravel()).astype(np.float32)[labels])


def enclosed(rgb: Rgb) -> DepthMap:
    """The more regions enclose a region, the nearer; of two in as many, the smaller."""
    labels = flat_regions(rgb)
    size = np.bincount(labels.ravel())
    outer = np.isin(np.arange(len(size)), labels.ravel()[frame(labels)])
    depth = nesting(Contacts.of(labels).pairs, len(size), outer).depth
    near = depth + 1 - size / (labels.size + 1)
    return np.asarray(near.astype(np.float32)[labels])


BASELINES: Mapping[str, Callable[[Rgb], DepthMap]] = MappingProxyType(
    {"constant": constant, "darkness": darkness, "area": area, "nesting and area": enclosed}
)
"""Name → map of a picture, uint8 [h, w, 3]."""
