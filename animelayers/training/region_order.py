"""What the region-graph model learns from: contacts of regions, and how far in front the truth has one of the two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from animelayers.data.layer_index import GROUNDS, Ground, IndexedPicture, on_ground
from animelayers.errors import DataError
from animelayers.evaluation.layer_order import measure_layer_order
from animelayers.regions.borders import Labels, Rgb
from animelayers.regions.flats import flat_regions
from animelayers.regions.forest import Forest
from animelayers.regions.graph import FEATURES, region_graph
from animelayers.regions.order import FIRST_LOOK, Judges, first_look, region_order
from animelayers.training.boosting import Growth, grow

VARIANTS = 2
"""Pictures of one base that are learnt from: skin tones teach little."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """The contacts of one picture and what the truth says of them: all from one side, then all from the other."""

    rows: npt.NDArray[np.float32]
    """[2 m, len(FEATURES)]."""
    lead: npt.NDArray[np.float64]
    """[2 m] signed root of how many layers the first region is in front: what tells a step from a leap, but hardly one
    leap from another."""
    pairs: npt.NDArray[np.int64]
    """[m, 2]."""
    length: npt.NDArray[np.int64]
    """[m] of their borders, px."""
    count: int
    """Regions."""


def lesson(rgb: Rgb, index: npt.NDArray[np.integer]) -> Lesson:
    """The lesson of one picture, uint8 [h, w, 3], and its index map."""
    graph = region_graph(rgb, flat_regions(rgb))
    true = true_index(graph.labels, index)
    ahead = true[graph.pairs[:, 0]] - true[graph.pairs[:, 1]]
    lead = np.sign(ahead) * np.sqrt(np.abs(ahead))
    return Lesson(graph.features(), np.concatenate([lead, -lead]), graph.pairs, graph.length, len(graph.area))


def lessons(pictures: Iterable[IndexedPicture], on_picture: Callable[[], None] = lambda: None) -> list[Lesson]:
    """Lessons of pictures, each laid on one of the grounds, in turn; those without a contact are left out.

    Raises:
        DataError: nothing lies before anything in them.
    """
    made = []
    for number, one in enumerate(pictures):
        made.append(lesson(on_ground(one.picture, GROUNDS[number % len(GROUNDS)], number), one.index))
        on_picture()
    if not any(one.lead.any() for one in made):
        raise DataError("nothing to learn from in these pictures", hint="datasets/svg_layers.py makes some")
    return [one for one in made if len(one.lead)]


def learnt(taught: Sequence[Lesson], how: Growth, on_tree: Callable[[], None] = lambda: None) -> Judges:
    """Grow both forests: four times `how.trees` trees, half of them on half of the lessons.

    What the second one sees of the first look comes of trees that did not learn from the same picture, as it will be
    in use: one half of the lessons is judged by the other. The same lessons give the same forests.
    """
    first = _grown(FEATURES, [one.rows for one in taught], taught, how, on_tree)
    rows = [one.rows for one in taught]
    for half in (0, 1):
        others = taught[1 - half :: 2] or taught
        judge = _grown(FEATURES, [one.rows for one in others], others, how, on_tree)
        for place in range(half, len(taught), 2):
            one = taught[place]
            seen = first_look(judge.values(one.rows), one.pairs, one.length, one.count)
            rows[place] = np.hstack([one.rows, seen])
    return Judges(first, _grown((*FEATURES, *FIRST_LOOK), rows, taught, how, on_tree))


def _grown(
    names: tuple[str, ...],
    rows: Sequence[npt.NDArray[np.float32]],
    taught: Sequence[Lesson],
    how: Growth,
    on_tree: Callable[[], None],
) -> Forest:
    lead = np.concatenate([one.lead for one in taught])
    weight = np.concatenate([np.tile(np.sqrt(one.length), 2) for one in taught])
    return grow(names, np.concatenate(rows), lead, weight, how, on_tree)


def spread(pictures: Iterable[IndexedPicture], unseen: str) -> Iterator[IndexedPicture]:
    """What to learn from: of the split `train`, without one pack, `VARIANTS` pictures at most of a base and pack."""
    seen: Counter[tuple[str, str]] = Counter()
    for one in pictures:
        if one.split == "train" and one.pack != unseen:
            seen[one.pack, one.base] += 1
            if seen[one.pack, one.base] <= VARIANTS:
                yield one


def true_index(labels: Labels, index: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """[n] the commonest index of every region; the lower of two."""
    values = int(index.max()) + 1
    key, votes = np.unique(labels.ravel().astype(np.int64) * values + index.ravel(), return_counts=True)
    order = np.lexsort((key, -votes, key // values))
    _, first = np.unique(key[order] // values, return_index=True)
    return np.asarray(key[order][first] % values)


def judged(
    pictures: Iterable[IndexedPicture], predict: Callable[[Rgb], npt.NDArray[Any]], ground: Ground
) -> dict[str, float]:
    """The mean of every `index.*` metric over pictures on one kind of ground, each of its own seed."""
    found: dict[str, list[float]] = {}
    for number, one in enumerate(pictures):
        scores = measure_layer_order(one.index, predict(on_ground(one.picture, ground, 1000 + number)))
        for name, value in scores.items():
            found.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def predictor(judges: Judges) -> Callable[[Rgb], npt.NDArray[Any]]:
    """A map of heights, float64 [h, w], from a picture, uint8 [h, w, 3]."""

    def predict(rgb: Rgb) -> npt.NDArray[Any]:
        labels, heights = region_order(rgb, judges)
        return np.asarray(heights[labels])

    return predict
