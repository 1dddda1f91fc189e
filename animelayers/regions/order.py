"""From who covers whom, contact by contact, to one order of all regions.

Two looks: the first forest judges every contact by itself; the second one also sees what order the first one's leads
add up to, so that it may doubt a lead that all others speak against.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animelayers.regions.borders import Labels, Rgb
from animelayers.regions.flats import flat_regions
from animelayers.regions.forest import Forest, forest_text, read_forests
from animelayers.regions.graph import FEATURES, region_graph

Floats = npt.NDArray[np.float64]
Pairs = npt.NDArray[np.int64]
"""[m, 2] regions that touch."""

PULL = 1e-3
"""How strongly every height is drawn to 0, in units of a border of one pixel: what makes the solution one."""

FIRST_LOOK = (
    *("lead", "height_lead", "doubt", "mean_lead_i", "mean_lead_j", "rank_i", "rank_j", "height_i", "height_j"),
)
"""What the second look sees besides: the lead of a contact, what it is in the heights, the difference; of both regions
the mean lead over all they touch, the rank among all as a share, and the height above the lowest."""


@dataclass(frozen=True, slots=True, eq=False)
class Judges:
    """How far the first region of a contact lies in front, said twice."""

    first: Forest
    """On `FEATURES`."""
    second: Forest
    """On `FEATURES` and `FIRST_LOOK`."""

    @property
    def text(self) -> str:
        """As a file of JSON."""
        return forest_text((self.first, self.second))

    def heights(self, rows: npt.NDArray[np.float32], pairs: Pairs, length: Pairs, count: int) -> Floats:
        """[count] larger nearer: the heights whose differences are nearest to the leads of the second look.

        Args:
            rows: [2 m, len(FEATURES)], as `RegionGraph.features` gives them.
            pairs: of the contacts.
            length: [m] of their borders, px, by which they weigh.
            count: of regions.
        """
        if not len(pairs):
            return np.zeros(count)
        seen = first_look(self.first.values(rows), pairs, length, count)
        return least_squares(pairs, _lead(self.second.values(np.hstack([rows, seen]))), length, count)


def read_judges(path: Path) -> Judges:
    """The two forests of a file.

    Raises:
        ModelError: it is no such file, or was grown on other features.
    """
    return Judges(*read_forests(path, FEATURES, (*FEATURES, *FIRST_LOOK)))


def region_order(rgb: Rgb, judges: Judges) -> tuple[Labels, Floats]:
    """The flat regions of a picture, uint8 [h, w, 3], and the height of each, float64 [n], larger nearer.

    The same picture gives the same labels and heights.
    """
    labels = flat_regions(rgb)
    graph = region_graph(rgb, labels)
    return labels, judges.heights(graph.features(), graph.pairs, graph.length, len(graph.area))


def first_look(said: Floats, pairs: Pairs, length: Pairs, count: int) -> npt.NDArray[np.float32]:
    """The columns of `FIRST_LOOK`, [2 m, …], from what was said of every contact from both sides, [2 m]."""
    i, j = pairs.T
    lead = _lead(said)
    height = least_squares(pairs, lead, length, count)
    border = np.bincount(i, length, count) + np.bincount(j, length, count)
    mean = (np.bincount(i, lead * length, count) - np.bincount(j, lead * length, count)) / np.maximum(border, 1)
    rank = np.argsort(np.argsort(height, kind="stable"), kind="stable") / max(count - 1, 1)
    above = height - height.min()

    def side(a: Pairs, b: Pairs, lead: Floats) -> Floats:
        steps = height[a] - height[b]
        return np.stack([lead, steps, lead - steps, mean[a], mean[b], rank[a], rank[b], above[a], above[b]], axis=1)

    return np.concatenate([side(i, j, lead), side(j, i, -lead)]).astype(np.float32)


def _lead(said: Floats) -> Floats:
    """[m] of the first regions, from what was said from both sides: swapping them turns it round."""
    one, other = said.reshape(2, -1)
    return np.asarray((one - other) / 2)


def least_squares(pairs: Pairs, wanted: Floats, weight: npt.NDArray[np.number], count: int) -> Floats:
    """[count] z with the least Σ weight (z_i − z_j − wanted)² + PULL Σ z², by conjugate gradients.

    `pairs` is [m, 2]; `wanted` and `weight` are [m].
    """
    i, j = pairs.T

    def gathered(flow: Floats) -> Floats:
        return np.asarray(np.bincount(i, flow, count) - np.bincount(j, flow, count))

    scale = np.bincount(i, weight, count) + np.bincount(j, weight, count) + PULL
    z = np.zeros(count)
    rest = gathered(np.asarray(weight * wanted, np.float64))
    step = eased = rest / scale
    strength = goal = float(rest @ eased)
    for _ in range(10 * count):
        if strength <= 1e-18 * goal:
            break
        pushed = gathered(weight * (step[i] - step[j])) + PULL * step
        far = strength / float(step @ pushed)
        z = z + far * step
        rest = rest - far * pushed
        eased = rest / scale
        before, strength = strength, float(rest @ eased)
        step = eased + strength / before * step
    return z
