"""Which region encloses which: a region is enclosed by all without which it could not be reached from outside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Nesting:
    """The tree of enclosures of n regions."""

    parent: npt.NDArray[np.int64]
    """[n] the innermost region that encloses each; −1 for none."""
    depth: npt.NDArray[np.int64]
    """[n] how many enclose it."""

    def enclosed_area(self, area: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """[n] the area of all that each region encloses, given that of every region."""
        out = np.zeros(len(area))
        for region in np.argsort(-self.depth, kind="stable"):
            if self.parent[region] >= 0:
                out[self.parent[region]] += area[region] + out[region]
        return out

    def encloses(self, i: npt.NDArray[np.int64], j: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether `i` is the innermost or any outer region around `j`, pair by pair."""
        out = np.zeros(len(i), np.bool_)
        up = self.parent[j]
        while (up >= 0).any():
            out |= up == i
            up = np.where(up >= 0, self.parent[up], -1)
        return out


def nesting(pairs: npt.NDArray[np.int64], count: int, outer: npt.NDArray[np.bool_]) -> Nesting:
    """Enclosures in a graph, from its edges [m, 2] and which of its `count` regions touch the outside, bool [n].

    In a depth-first tree from outside, `u` encloses all below its child `v` unless something there has an edge to above
    `u` (Tarjan's low points).
    """
    near: list[list[int]] = [[] for _ in range(count + 1)]
    for i, j in pairs.tolist():
        near[i].append(j)
        near[j].append(i)
    near[count] = np.flatnonzero(outer).tolist()
    for region in near[count]:
        near[region].append(count)
    order, up, low = _depth_first(near, count)
    parent, depth = np.full(count, -1), np.zeros(count, np.int64)
    place = {region: at for at, region in enumerate(order)}
    for region in order[1:]:
        above = up[region]
        if above == count:
            continue
        if low[region] >= place[above]:
            parent[region], depth[region] = above, depth[above] + 1
        else:
            parent[region], depth[region] = parent[above], depth[above]
    return Nesting(parent, depth)


def _depth_first(near: list[list[int]], root: int) -> tuple[list[int], list[int], list[int]]:
    """Regions in the order they are met, the region each was met from, and its low point (a place in that order)."""
    place, up, low, order = [-1] * len(near), [-1] * len(near), [0] * len(near), [root]
    place[root] = 0
    path, turn = [root], [0] * len(near)
    while path:
        here = path[-1]
        if turn[here] < len(near[here]):
            there = near[here][turn[here]]
            turn[here] += 1
            if place[there] < 0:
                place[there] = low[there] = len(order)
                up[there] = here
                order.append(there)
                path.append(there)
            elif there != up[here]:
                low[here] = min(low[here], place[there])
        else:
            path.pop()
            if path:
                low[path[-1]] = min(low[path[-1]], low[here])
    return order, up, low
