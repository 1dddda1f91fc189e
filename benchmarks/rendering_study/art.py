"""The art: characters of the synthetic artist, small, with exact rendering layers and with four generic ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import count, islice, pairwise
from pathlib import Path

from plan import ArtSettings, Places, Session, Set

from animelayers.composite import flatten, on_canvas
from animelayers.data.folder import save_sample
from animelayers.data.sample import Sample
from animelayers.data.sets import NAME, FolderSet, index_set
from animelayers.models.fitting import Size
from animelayers.parts import split_part
from animelayers.stack import Layer, LayerStack, Rgba
from animelayers.training.artwork import Artwork, as_normal, fitted
from animelayers.workers import results

SETS: tuple[Set, ...] = ("learnt", "held-out", "watched")
GROUPS = ("behind", "body", "face", "front")
"""The generic layers, bottom → top: objects, each whole behind what covers it."""
FIRST = (
    {"topwear", "neck", "neckwear", "bottomwear", "legwear", "footwear", "handwear"},
    {"face", "ears"},
    {"front hair"},
)
"""Tags of which the lowest piece begins a group, but for the first."""


def draw(settings: ArtSettings, places: Places, session: Session) -> bool:
    """Draw what is missing; whether all is there."""
    if all((places.art(name) / NAME).exists() for name in SETS):
        return True
    for name, seeds in sets(settings).items():
        folder = places.art(name)
        missing = [seed for seed in seeds if not (folder / f"{seed:08d}").exists()]
        if missing:
            session.say(f"art: {len(missing)} of {len(seeds)} characters to be drawn for {name}")
        drawn = results(partial(_save, size=settings.size, folder=folder), missing, session.jobs)
        for number, _ in enumerate(drawn, 1):
            if number % 100 == 0:
                session.say(f"art: {number} of {len(missing)}")
            if session.over and number < len(missing):
                drawn.close()  # type: ignore[attr-defined]
                return False
        index_set(folder, name=name)
    return True


def sets(settings: ArtSettings) -> dict[Set, list[int]]:
    """The seeds of every set; nothing is drawn."""
    others = _seeds(settings, settings.first_held_out, held_out=True)
    return {
        "learnt": list(islice(_seeds(settings, settings.first, held_out=False), settings.learnt)),
        "held-out": list(islice(others, settings.held_out)),
        "watched": list(islice(others, settings.watched)),
    }


def _seeds(settings: ArtSettings, first: int, *, held_out: bool) -> Iterator[int]:
    from animelayers.artist import families, studio
    from animelayers.artist.dice import Dice

    for seed in count(first):
        shot = Dice("artist", seed).of("shot").pick(studio.SHOTS)
        if shot in settings.shots and families.held_out(seed) == held_out:
            yield seed


def _save(seed: int, size: Size, folder: Path) -> str:
    sample = drawn(seed, (2 * size[0], 2 * size[1]))
    save_sample(small(sample, size), folder / sample.id)
    return sample.id


def drawn(seed: int, size: Size) -> Sample:
    """The character of a seed, `(height, width)` px."""
    from animelayers.artist.studio import sample  # which needs skia; reading does not

    return sample(seed, *size)


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
