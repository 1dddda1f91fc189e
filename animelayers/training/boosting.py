"""Boosted regression trees on binned features, grown level by level to the least squares. Fits `regions.forest`.

As XGBoost (Chen & Guestrin 2016, eq. 6 and 7) on histograms, with the loss ½ w (prediction − target)²: G is the sum of
w (prediction − target), H that of w, the gain of a split G_L²/(H_L+λ) + G_R²/(H_R+λ) − G²/(H+λ), the value of a leaf
−G/(H+λ). Every tree sees a part of the rows and of the columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animelayers.regions.forest import Forest

Floats = npt.NDArray[np.float64]
Bins = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Growth:
    """How trees are grown."""

    trees: int = 200
    depth: int = 6
    rate: float = 0.12
    """Share of a leaf's best value that is taken."""
    rows: float = 0.4
    columns: float = 0.6
    """Shares that a tree sees."""
    bins: int = 48
    least: float = 40.0
    """Weight that a leaf has at least; that of a mean row is 1."""
    shrink: float = 2.0
    """λ."""
    seed: int = 0


def grow(
    names: tuple[str, ...],
    rows: npt.NDArray[np.float32],
    target: npt.NDArray[np.floating],
    weight: npt.NDArray[np.floating],
    how: Growth,
    on_tree: Callable[[], None] = lambda: None,
) -> Forest:
    """Fit a forest to rows [n, columns] and what it shall say of them [n], with weights [n].

    `on_tree` is called after every tree. The same rows give the same forest.
    """
    edges = [_edges(column, how.bins) for column in rows.T]
    binned = np.stack([np.searchsorted(e, column) for e, column in zip(edges, rows.T, strict=True)]).astype(np.uint8)
    heft = (weight / weight.mean()).astype(np.float64)
    said, dice = np.zeros(len(rows)), np.random.default_rng(how.seed)
    trees = []
    for _ in range(how.trees):
        chosen = np.flatnonzero(dice.random(len(rows)) < how.rows)
        columns = np.sort(dice.choice(len(names), max(1, round(how.columns * len(names))), replace=False))
        slope = np.asarray(heft[chosen] * (said[chosen] - target[chosen]))
        tree = _tree(binned[:, chosen], slope, heft[chosen], columns, how)
        said += tree[2][_leaves(binned, tree[0], tree[1], how.depth)]
        trees.append(tree)
        on_tree()
    feature, split, leaf = (np.stack(part) for part in zip(*trees, strict=True))
    return Forest(names, feature.astype(np.int32), _thresholds(feature, split, edges), leaf.astype(np.float32))


def _thresholds(
    feature: npt.NDArray[np.int64], split: npt.NDArray[np.int64], edges: list[npt.NDArray[np.float32]]
) -> npt.NDArray[np.float32]:
    """The value that every split is at; infinite where a node splits nothing."""
    ends = np.full((len(edges), max(map(len, edges)) + 1), np.inf, np.float32)
    for column, values in enumerate(edges):
        ends[column, : len(values)] = values
    return ends[feature, np.minimum(split, ends.shape[1] - 1)]


def _edges(column: npt.NDArray[np.float32], bins: int) -> npt.NDArray[np.float32]:
    """Values between bins: a row is in the bin of the first edge that is not smaller than it."""
    found = np.unique(np.quantile(column, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    return np.asarray(found, np.float32)


def _tree(
    binned: Bins, slope: Floats, bend: Floats, columns: npt.NDArray[np.int64], how: Growth
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """Column and last left bin of every node, and values of the leaves."""
    feature, split = np.zeros(2**how.depth - 1, np.int64), np.full(2**how.depth - 1, how.bins)
    node = np.zeros(binned.shape[1], np.int64)  # within its level
    for level in range(how.depth):
        best, bins = _best_splits(binned, node, slope, bend, columns, 2**level, how)
        here = slice(2**level - 1, 2 ** (level + 1) - 1)
        feature[here], split[here] = best, bins
        node = 2 * node + (binned[best[node], np.arange(len(node))] > bins[node])
    leaves = 2**how.depth
    total, curve = np.bincount(node, slope, leaves), np.bincount(node, bend, leaves)
    return feature, split, -how.rate * total / (curve + how.shrink)


def _best_splits(
    binned: Bins,
    node: npt.NDArray[np.int64],
    slope: Floats,
    bend: Floats,
    columns: npt.NDArray[np.int64],
    nodes: int,
    how: Growth,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For every node of a level the column and the last bin that goes left; `how.bins` where nothing is gained."""
    most, feature, split = np.zeros(nodes), np.zeros(nodes, np.int64), np.full(nodes, how.bins)
    for column in columns:
        key = node * how.bins + binned[column]
        left = [np.bincount(key, part, nodes * how.bins).reshape(nodes, -1).cumsum(axis=1) for part in (slope, bend)]
        (g, h), (all_g, all_h) = left, (part[:, -1:] for part in left)
        gain = g**2 / (h + how.shrink) + (all_g - g) ** 2 / (all_h - h + how.shrink) - all_g**2 / (all_h + how.shrink)
        gain[(h < how.least) | (all_h - h < how.least)] = 0
        at = gain.argmax(axis=1)
        value = gain[np.arange(nodes), at]
        better = value > most + 1e-9
        most[better], feature[better], split[better] = value[better], column, at[better]
    return feature, split


def _leaves(
    binned: Bins, feature: npt.NDArray[np.int64], split: npt.NDArray[np.int64], depth: int
) -> npt.NDArray[np.int64]:
    """The leaf of every row."""
    node, every = np.zeros(binned.shape[1], np.int64), np.arange(binned.shape[1])
    for _ in range(depth):
        node = 2 * node + 1 + (binned[feature[node], every] > split[node])
    return node - len(feature)
