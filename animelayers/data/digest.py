"""Fingerprints of samples and sets: whether two measurements were made on the same truth."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from animelayers.color import clear_hidden
from animelayers.data.sample import Sample
from animelayers.raster import trimmed
from animelayers.stack import Layer, LayerStack

_KIND = "animelayers sample 1"
"""Begins every fingerprint; another number when something else is taken into it."""
Plane = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
_Facts = tuple[Any, ...]
"""JSON values."""


def digest(sample: Sample) -> str:
    """SHA-256, in hexadecimal, over all of a sample that a measurement can depend on.

    That is its id, by which predictions are found; picture, image, depth and visible map; and of parts, rendering and
    cells every canvas and layer: path, place, blend mode, opacity, visibility, pixels. Transparent margins and colour
    under alpha 0 do not count, so it is the same in memory and in any storage. Licence, attributes, provenance, head
    box and key points do not count.
    """
    found = hashlib.sha256()
    for facts, pixels in _contents(sample):
        # The facts say how many bytes follow, so that no two samples can run together into the same ones.
        found.update(json.dumps(facts, ensure_ascii=True).encode() + b"\n")
        if pixels is not None:
            found.update(np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<")).data)
    return found.hexdigest()


def set_digest(digests: Iterable[str]) -> str:
    """SHA-256, in hexadecimal, over the digests of a set's samples, in whatever order they come."""
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def _contents(sample: Sample) -> Iterator[tuple[_Facts, Plane | None]]:
    """Everything that counts, in a fixed order: what it is, and its pixels."""
    yield (_KIND, sample.id, *sample.size), None
    for name in ("picture", "image"):
        if (rgba := getattr(sample, name)) is not None:
            yield (name, "RGBA", *rgba.shape), clear_hidden(rgba)
    for name in ("depth", "visible"):
        if (plane := getattr(sample, name)) is not None:
            yield (name, plane.dtype.name, *plane.shape), plane
    yield from _stacks({"parts": sample.parts, "rendering": sample.rendering})
    yield from _stacks({f"cells/{piece}": sample.cells[piece] for piece in sorted(sample.cells)})


def _stacks(stacks: Mapping[str, LayerStack | None]) -> Iterator[tuple[_Facts, Plane | None]]:
    for name, stack in stacks.items():
        if stack is not None:
            yield (name, *stack.size, len(stack)), None
            yield from map(_layer, stack)


def _layer(layer: Layer) -> tuple[_Facts, Plane]:
    cut = trimmed(layer)
    facts = (layer.name, layer.group, layer.blend.value, float(layer.opacity), bool(layer.visible))
    return (*facts, int(cut.top), int(cut.left), *cut.rgba.shape), clear_hidden(cut.rgba)
