"""The colours of a drawing: clusters of its flat pixels and of the ridges of its lines, in CIELAB.

Anti-aliased edge pixels have no say: they are mixtures of colours that lie beside them, and a palette that knows
them splits every edge into bands. What is left of such mixtures on thin lines is found and dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import to_uint8
from animelayers.errors import DataError
from animelayers.raster import Mask

Levels = npt.NDArray[np.float32]
"""float32 [.., 4]: colour × alpha, and alpha; 0..255."""

MOST = 250
"""Colours at most: labels are bytes."""

STEP = 3.0
"""Largest step to a neighbour (CIE76 ΔE) of a flat pixel."""

CONTRAST = 6.0
"""By how much lightness stands out on a ridge, on both sides."""

BINS = 600
"""Commonest colours, of 5 bits a channel, that are clustered."""

APART = 400.0
"""Clusters merge up to this cost (see `_merged`) where nobody says how many there shall be."""

MIXED = 14.0
"""Levels by which a cluster of ridges may miss the mixture of two others and still be taken for it."""

OWN_SHARE = 1e-5
"""Of the picture's pixels: a rarer flat colour is not one of the picture's own."""


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """What the pixels of a picture look like."""

    levels: Levels
    """float32 [h, w, 4], colour × alpha and alpha."""
    seen: Levels
    """float32 [h, w, 4]: CIELAB on white, and alpha in 0..100, so that distances mean something."""
    flat: Mask
    ridge: Mask
    """Pixels of thin lines: not flat, but extrema across."""

    @classmethod
    def of(cls, levels: Levels) -> Traits:
        """Measure a picture.

        Args:
            levels: float32 [h, w, 4], colour × alpha and alpha, 0..255.
        """
        seen = look(levels)
        flat = _flat(seen)
        ridge = ridges(seen[..., 0], ~flat, CONTRAST) | ridges(seen[..., 3], ~flat, CONTRAST)
        return cls(levels, seen, flat, ridge)


def look(levels: Levels) -> Levels:
    """CIELAB of levels [.., 4] on white, and their alpha in 0..100: float32 of the same shape."""
    white = levels[..., :3] + (255 - levels[..., 3:])
    lab = cv2.cvtColor(np.ascontiguousarray(white.reshape(1, -1, 3) / np.float32(255)), cv2.COLOR_RGB2LAB)
    return np.concatenate([lab.reshape(white.shape), levels[..., 3:] * np.float32(100 / 255)], axis=-1)


def palette_of(traits: Traits, ground: Levels, colours: int | str | None = None) -> Levels:
    """The colours of a picture, float32 [k, 4] (colour × alpha and alpha), the first one being `ground`.

    Args:
        traits: of the picture.
        ground: [4]; pixels that look like it belong to nobody.
        colours: how many there shall be besides; None finds out; `"own"` takes every colour that flat pixels have.

    Raises:
        DataError: it is told `"own"`, and the picture has more than `MOST` flat colours.
    """
    visible = np.abs(traits.levels - ground).max(axis=2) > 4
    flats, flat_count = _tally(traits.levels[traits.flat & visible])
    thins, thin_count = _tally(traits.levels[(traits.ridge if len(flats) else ~traits.flat) & visible])
    if colours == "own":
        return np.concatenate([ground[None], _own(flats, flat_count, visible.size)])
    tints = np.concatenate([flats, thins])
    if not len(tints):
        return ground[None]
    weight = np.concatenate([flat_count, 0.5 * thin_count])
    bin_of, bins, mass = _bins(tints, weight)
    member = _merged(look(bins), mass, colours if isinstance(colours, int) else None)[bin_of]
    found = np.stack([_centre(tints[member == g], weight[member == g]) for g in range(int(member.max()) + 1)])
    if colours is None:
        count = np.bincount(member, weight).astype(np.float64)
        flat = np.bincount(member[: len(flats)], flat_count, minlength=len(found)) / count
        found = found[_pure(found, ground, count, flat)]
    opaque = found[:, 3] > 247  # almost opaque is meant to be
    found[opaque] *= 255 / found[opaque, 3:]
    return np.concatenate([ground[None], found]).astype(np.float32)


def _tally(pixels: Levels) -> tuple[Levels, npt.NDArray[np.int64]]:
    """The different colours of pixels [n, 4], in whole levels, and how often each occurs."""
    codes, count = np.unique(to_uint8(pixels).view(np.uint32).ravel(), return_counts=True)
    return codes[:, None].view(np.uint8).astype(np.float32), count


def _flat(seen: Levels) -> Mask:
    """Pixels that differ little from all four neighbours."""
    steep = np.zeros(seen.shape[:2], bool)
    for axis in (0, 1):
        a, b = (steep.swapaxes(0, axis)[part] for part in (slice(1, None), slice(None, -1)))
        off = np.diff(seen, axis=axis)
        step = np.einsum("hwc,hwc->hw", off, off).swapaxes(0, axis) > STEP * STEP
        a |= step
        b |= step
    return ~steep


def ridges(plane: npt.NDArray[np.float32], where: Mask, contrast: float, *, lows: bool = True) -> Mask:
    """Those pixels of `where` that are extrema along a row, a column or a diagonal.

    They stand out by `contrast` on both sides within 2 px. Without `lows` only maxima count.
    """
    width = plane.shape[1] + 4
    values = cv2.copyMakeBorder(plane, 2, 2, 2, 2, cv2.BORDER_REPLICATE).ravel()
    rows, columns = np.nonzero(where)
    at = (rows + 2) * width + columns + 2
    found = np.zeros(len(at), bool)
    for sign in (1, -1) if lows else (1,):
        high = sign * values[at]
        for way in (1, width, width + 1, width - 1):
            a, aa, b, bb = (sign * values[at + step * way] for step in (1, 2, -1, -2))
            deep = high - contrast
            found |= (high >= a) & (high >= b) & (np.minimum(a, aa) < deep) & (np.minimum(b, bb) < deep)
    out = np.zeros(plane.shape, bool)
    out[rows, columns] = found
    return out


def _bins(
    tints: Levels, weight: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], Levels, npt.NDArray[np.float64]]:
    """The bin of every tint, the mean of every bin [n, 4], its weight; rare bins are left to the commonest ones."""
    code = tints.astype(np.int64) >> 3
    _, member = np.unique(code @ np.array([1, 32, 1024, 32768]), return_inverse=True)
    mass = np.bincount(member, weight).astype(np.float64)
    means = np.stack([np.bincount(member, tints[:, c] * weight) / mass for c in range(4)], axis=1).astype(np.float32)
    common = np.argsort(-mass, kind="stable")[:BINS]
    near = nearest_colour(look(means), look(means[common]))
    near[common] = np.arange(len(common))  # rounding may call a twin nearer, and leave a bin without weight
    return near[member], means[common], np.bincount(near, mass, len(common)).astype(np.float64)


def nearest_colour(seen: Levels, colours: Levels) -> npt.NDArray[np.int64]:
    """Index of the nearest of `colours` [k, 4] to each of `seen` [n, 4], both as `look` gives them."""
    out = np.empty(len(seen), np.int64)
    squares = np.square(colours).sum(axis=1)
    for at in range(0, len(seen), 1 << 16):
        part = seen[at : at + (1 << 16)]
        out[at : at + len(part)] = (squares - 2 * part @ colours.T).argmin(axis=1)
    return out


def _merged(seen: Levels, mass: npt.NDArray[np.float64], count: int | None) -> npt.NDArray[np.int64]:
    """Group of every bin: the cheapest pair merges until there are `count` groups, or the cheapest costs `APART`.

    Ward's cost, d² · ab / (a + b), with the square roots of the weights for a and b: by the weights themselves, faint
    changes of a large skin would count for more than an iris.
    """
    n = len(seen)
    centre, weight, root = seen.astype(np.float64), mass.astype(np.float64), np.sqrt(mass)
    group, alive = np.arange(n), np.ones(n, bool)

    def costs(i: int) -> npt.NDArray[np.float64]:
        cost = np.square(centre - centre[i]).sum(axis=1) * root * root[i] / (root + root[i])
        cost[~alive], cost[i] = np.inf, np.inf
        return np.asarray(cost)

    table = np.stack([costs(i) for i in range(n)])
    best = table.argmin(axis=1)
    least = table[np.arange(n), best]
    for left in range(n, 1, -1):
        i = int(least.argmin())
        if left <= (count or 1) or (count is None and least[i] > APART and left <= MOST):
            break
        j = int(best[i])
        total = weight[i] + weight[j]
        centre[i] = (centre[i] * weight[i] + centre[j] * weight[j]) / total
        weight[i], root[i] = total, np.sqrt(total)
        alive[j] = False
        group[group == j] = i
        table[j], table[:, j], least[j] = np.inf, np.inf, np.inf
        table[i] = table[:, i] = costs(i)
        for stale in (*np.flatnonzero(alive & ((best == i) | (best == j))), i):
            best[stale] = table[stale].argmin()
            least[stale] = table[stale, best[stale]]
        closer = table[:, i] < least
        best[closer], least[closer] = i, table[closer, i]
    return np.unique(group, return_inverse=True)[1]


def _centre(tints: Levels, weight: npt.NDArray[np.float64]) -> Levels:
    """The colour of a cluster: the commonest one where it is common, else the median of each channel."""
    if weight.max() > 0.25 * weight.sum():
        return np.asarray(tints[int(weight.argmax())])
    order = np.argsort(tints, axis=0, kind="stable")
    middle = (np.cumsum(weight[order], axis=0) < weight.sum() / 2).sum(axis=0)
    return np.asarray(np.take_along_axis(tints, np.take_along_axis(order, middle[None], axis=0), axis=0)[0])


def _pure(
    found: Levels, ground: Levels, count: npt.NDArray[np.float64], flat: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Those that are no mixture: mostly flat, or off every line between two commoner ones (or one and the ground)."""
    kept = list(range(len(found)))
    for k in np.argsort(count, kind="stable").tolist():
        others = [j for j in kept if j != k and count[j] > count[k]]
        if flat[k] > 0.35 or not others:
            continue
        ends = np.concatenate([found[others], ground[None]])
        i, j = np.triu_indices(len(ends), 1)
        way = ends[j] - ends[i]
        part = ((found[k] - ends[i]) * way).sum(axis=1) / np.maximum(np.square(way).sum(axis=1), 1e-6)
        off = np.linalg.norm(ends[i] + part[:, None] * way - found[k], axis=1)
        if (off[(part > 0.12) & (part < 0.88)] < MIXED).any():
            kept.remove(k)
    return np.array(kept, np.int64)


def _own(tints: Levels, count: npt.NDArray[np.int64], area: int) -> Levels:
    """The colours of flat pixels, commonest first."""
    common = count >= max(1, area * OWN_SHARE)
    tints, count = tints[common], count[common]
    if len(tints) > MOST:
        raise DataError(
            f"the picture has {len(tints)} flat colours of its own, at most {MOST} can be kept", hint="--colours 32"
        )
    return tints[np.argsort(-count, kind="stable")]
