"""Small boosted trees, read from JSON and evaluated with NumPy; `training.boosting` grows them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from animelayers.errors import ModelError

FORMAT = "animelayers forests 1"
_JOIN = ",\n"


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """t complete binary trees of one depth d, whose leaves add up.

    Node k of a tree goes to 2 k + 1 where its feature is at most its threshold, else to 2 k + 2; leaves are numbered
    from the left. A node that has nothing to ask has an infinite threshold.
    """

    features: tuple[str, ...]
    """What the columns are called."""
    feature: npt.NDArray[np.int32]
    """[t, 2^d − 1] column of every node."""
    threshold: npt.NDArray[np.float32]
    """[t, 2^d − 1]."""
    leaf: npt.NDArray[np.float32]
    """[t, 2^d]."""

    def values(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """[n] the sum over all trees, of float32 rows [n, columns]."""
        out = np.zeros(len(rows))
        inner = self.feature.shape[1]
        every = np.arange(len(rows))
        for feature, threshold, leaf in zip(self.feature, self.threshold, self.leaf, strict=True):
            node = np.zeros(len(rows), np.int64)
            while len(node) and node[0] < inner:
                node = 2 * node + 1 + (rows[every, feature[node]] > threshold[node])
            out += leaf[node - inner]
        return out


def forest_text(forests: Sequence[Forest]) -> str:
    """Forests as JSON, a tree a line; `read_forests` gives the same again, to the bit."""
    parts = []
    for forest in forests:
        trees = [
            json.dumps([feature.tolist(), _numbers(threshold), _numbers(leaf)], separators=(",", ":"))
            for feature, threshold, leaf in zip(forest.feature, forest.threshold, forest.leaf, strict=True)
        ]
        parts.append(f'{{"features": {json.dumps(forest.features)},\n"trees": [\n{_JOIN.join(trees)}\n]}}')
    return f'{{"format": "{FORMAT}",\n"forests": [\n{_JOIN.join(parts)}\n]}}\n'


def read_forests(path: Path, *features: Sequence[str]) -> tuple[Forest, ...]:
    """The forests of a file, one for each list of features.

    Raises:
        ModelError: it is no such file, or was grown on other features than these.
    """
    try:
        told = json.loads(path.read_text("utf-8"))
        if told["format"] != FORMAT:
            raise ValueError(f"format {told['format']!r}, not {FORMAT!r}")
        made = tuple(_parsed(one) for one in told["forests"])
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise ModelError(f"{path} holds no forests: {error}", hint="train/region_order.py writes them") from error
    if [forest.features for forest in made] != [tuple(names) for names in features]:
        raise ModelError(f"{path} was grown on other features", hint="train/region_order.py grows it anew")
    return made


def _parsed(told: dict[str, Any]) -> Forest:
    columns = list(zip(*told["trees"], strict=True))
    feature, threshold, leaf = (np.array([[float(x) for x in tree] for tree in column]) for column in columns)
    trees, leaves = leaf.shape
    if feature.shape != (trees, leaves - 1) or threshold.shape != feature.shape or leaves & (leaves - 1):
        raise ValueError("trees that are not complete")
    if feature.min() < 0 or feature.max() >= len(told["features"]) or np.isnan(threshold).any():
        raise ValueError("a node that asks for nothing there is")
    if not np.isfinite(leaf).all():
        raise ValueError("a leaf that is not finite")
    return Forest(
        tuple(told["features"]), feature.astype(np.int32), threshold.astype(np.float32), leaf.astype(np.float32)
    )


def _numbers(values: npt.NDArray[np.float32]) -> list[float | str]:
    """The shortest decimals that give the same float32 again."""
    return [float(str(value)) if np.isfinite(value) else "inf" for value in values]
