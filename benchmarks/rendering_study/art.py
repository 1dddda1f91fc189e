"""The art: characters of the synthetic artist, small, with exact rendering layers and with four generic ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from plan import Places, Study
from studies import art
from studies.session import Session

from animelayers.composite import flatten, on_canvas
from animelayers.data.sample import Sample
from animelayers.data.sets import FolderSet
from animelayers.models.fitting import Size
from animelayers.parts import split_part
from animelayers.stack import Layer, LayerStack, Rgba
from animelayers.training.artwork import Artwork, as_normal, fitted

GROUPS = ("behind", "body", "face", "front")
"""The generic layers, bottom → top: objects, each whole behind what covers it."""
FIRST = (
    {"topwear", "neck", "neckwear", "bottomwear", "legwear", "footwear", "handwear"},
    {"face", "ears"},
    {"front hair"},
)
"""Tags of which the lowest piece begins a group, but for the first."""


def draw(study: Study, places: Places, session: Session) -> bool:
    """Draw what is missing; whether all is there."""
    return art.draw(study.art, places, session, small)


def small(sample: Sample, size: Size) -> Sample:
    """What is learnt of a sample: its rendering layers, Normal, and the groups of its parts, at another size.

    The picture is what the small rendering layers flatten to; those of a shrunk picture do not quite.

    Args:
        sample: with parts and rendering layers.
        size: `(height, width)`, px.
    """
    assert sample.rendering is not None
    assert sample.parts is not None
    sheets = {layer.name: layer.rgba for layer in as_normal(sample.rendering)}
    rendering = _shrunk(Artwork(sample.id, sample.picture, sheets), size)
    parts = _shrunk(Artwork(sample.id, sample.picture, grouped(sample.parts)), size)
    told = {name: sample.attributes[name] for name in ("seed", "line", "shading") if name in sample.attributes}
    return Sample(sample.id, flatten(rendering), sample.licence, parts, rendering, attributes=told)


def _shrunk(artwork: Artwork, size: Size) -> LayerStack:
    return normal(fitted(artwork, size).layers)


def normal(sheets: Mapping[str, Rgba]) -> LayerStack:
    """Sheets of one size, uint8 [h, w, 4], as Normal layers, bottom → top as they come."""
    height, width = next(iter(sheets.values())).shape[:2]
    return LayerStack(height, width, tuple(Layer(name, sheet) for name, sheet in sheets.items()))


def grouped(parts: LayerStack) -> dict[str, Rgba]:
    """Pieces in draw order, merged into `GROUPS`: runs of pieces, so the groups flatten to the same picture."""
    tags = [split_part(layer.name)[0] for layer in parts]
    cuts = [0]
    for first in FIRST:
        following = (place for place in range(cuts[-1], len(tags)) if tags[place] in first)
        cuts.append(next(following, len(tags)))
    runs = pairwise([*cuts, len(tags)])
    return {
        name: flatten(parts.replace(layers=parts.layers[begin:end]))
        for name, (begin, end) in zip(GROUPS, runs, strict=True)
    }


class GenericArt(Sequence[Artwork]):
    """Samples of a folder as pictures with generic layers, read when they are asked for."""

    def __init__(self, folder: Path) -> None:
        self.samples = FolderSet(folder)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Artwork:  # type: ignore[override]
        sample = self.samples[index]
        return Artwork(sample.id, sample.picture, _sheets(sample.parts))


def sheets(sample: Sample) -> dict[str, Rgba]:
    """Everything of a sample that is encoded: its picture, its rendering layers, its groups."""
    return {"picture": sample.picture, **_sheets(sample.rendering), **_sheets(sample.parts)}


def _sheets(stack: LayerStack | None) -> dict[str, Rgba]:
    assert stack is not None
    return {layer.name: on_canvas(layer, stack.size) for layer in stack}
