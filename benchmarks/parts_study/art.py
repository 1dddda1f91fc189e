"""The art: characters of the synthetic artist with all their parts, small, on backgrounds."""

from __future__ import annotations

import cv2
import numpy as np
from plan import Places, Study
from studies import art
from studies.session import Session

from animelayers.composite import flatten, on_canvas
from animelayers.data.sample import Sample
from animelayers.models.fitting import Size, resized
from animelayers.raster import trimmed
from animelayers.stack import Layer, LayerStack, Rgba


def draw(study: Study, places: Places, session: Session) -> bool:
    """Draw what is missing; whether all is there."""
    return art.draw(study.art, places, session, small)


def small(sample: Sample, size: Size) -> Sample:
    """What is learnt of a sample: its parts, its image on a background, its depth, at another size.

    Every piece is scaled by itself, and the picture is what the small pieces flatten to; those of a shrunk picture do
    not quite. Depth is that of the nearest pixel, for between two there is none.

    Args:
        sample: with parts.
        size: `(height, width)`, px.
    """
    assert sample.parts is not None
    pieces = (trimmed(layer.replace(rgba=_small(layer, sample.size, size), top=0, left=0)) for layer in sample.parts)
    parts = LayerStack(*size, tuple(piece for piece in pieces if piece.rgba.size))
    image = None if sample.image is None else resized(sample.image, size)
    depth = sample.depth
    if depth is not None:
        depth = np.asarray(cv2.resize(depth, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT), np.uint16)
    told = {name: sample.attributes[name] for name in ("seed", "shot", "background") if name in sample.attributes}
    return Sample(sample.id, flatten(parts), sample.licence, parts, image=image, depth=depth, attributes=told)


def _small(layer: Layer, canvas: Size, size: Size) -> Rgba:
    return resized(on_canvas(layer, canvas), size)
