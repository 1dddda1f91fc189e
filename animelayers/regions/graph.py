"""Regions as a graph: what each is like, which ones touch, and what their common border says about who covers whom.

The cues are those of figure and ground: an occluder is convex, small, compact and runs on where the border of what it
covers ends (T-junctions); what encloses is behind; a colour that goes on beyond a region is behind it. Lengths are
relative to the picture's side, so that a picture twice as large gives nearly the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animelayers.color import to_lab
from animelayers.regions.borders import Contacts, Labels, Rgb, frame
from animelayers.regions.cues import CONVEXITY, JUNCTIONS, convexity, junctions
from animelayers.regions.hulls import Hulls
from animelayers.regions.nesting import Nesting, nesting

Floats = npt.NDArray[np.float32]

SAME = 4.0
"""Colours nearer than this (CIE76 ΔE) go on behind what lies between."""

OF_REGION = (
    *("area", "perimeter", "width", "solidity", "extent", "holes", "border", "open"),
    *("lightness", "red_green", "yellow_blue", "chroma", "spread"),
    *("degree", "top", "left", "reach", "nesting"),
)
"""What is known of a region, in this order."""
OF_PAIR = (
    *(*CONVEXITY, *JUNCTIONS, "length", "share", "twins", "other_twins", "enclosed", "in_hull", "other_in_hull"),
    *("colour", "lighter", "area_ratio", "width_ratio", "steps"),
)
"""What is known of a contact, seen from its first region, in this order."""
FEATURES = (*(f"{name}_i" for name in OF_REGION), *(f"{name}_j" for name in OF_REGION), *OF_PAIR)


@dataclass(frozen=True, slots=True, eq=False)
class RegionGraph:
    """n regions and m contacts between them."""

    labels: Labels
    area: npt.NDArray[np.int64]
    """[n] pixels."""
    regions: Floats
    """float32 [n, len(OF_REGION)]."""
    pairs: npt.NDArray[np.int64]
    """[m, 2] regions that touch, the lower number first; sorted."""
    length: npt.NDArray[np.int64]
    """[m] pixel pairs of the border."""
    contacts: Floats
    """float32 [2, m, len(OF_PAIR)]: seen from the first region of each pair, and from the second."""

    def features(self) -> Floats:
        """float32 [2 m, len(FEATURES)]: every contact from its first region's side, then all from the second's."""
        i, j = self.pairs.T
        both = (i, j, self.contacts[0]), (j, i, self.contacts[1])
        return np.concatenate([np.hstack([self.regions[a], self.regions[b], seen]) for a, b, seen in both])


def region_graph(rgb: Rgb, labels: Labels) -> RegionGraph:
    """What the regions of a picture, uint8 [h, w, 3], are like, and their contacts."""
    area, contacts = np.bincount(labels.ravel()), Contacts.of(labels)
    on_edge = np.bincount(labels.ravel()[frame(labels)], minlength=len(area))
    nest = nesting(contacts.pairs, len(area), on_edge > 0)
    tones = _Tones.of(rgb, labels, area)
    hulls = Hulls.of(labels, contacts, len(area))
    regions = _of_regions(labels, area, contacts, on_edge, hulls, tones, nest)
    seen = np.concatenate([convexity(labels, contacts), junctions(labels, contacts.pairs)], axis=2)
    pairs = np.stack([_of_pairs(side, contacts, seen, regions, hulls, tones, nest) for side in (0, 1)])
    return RegionGraph(labels, area, regions, contacts.pairs, contacts.length, pairs)


@dataclass(frozen=True, slots=True, eq=False)
class _Tones:
    mean: Floats
    """[n, 3] CIELAB."""
    spread: Floats
    """[n] standard deviation (ΔE)."""

    @classmethod
    def of(cls, rgb: Rgb, labels: Labels, area: npt.NDArray[np.int64]) -> _Tones:
        lab, flat = to_lab(rgb).reshape(-1, 3), labels.ravel()
        mean = np.stack([np.bincount(flat, lab[:, c]) / area for c in range(3)], axis=1).astype(np.float32)
        square = np.bincount(flat, np.sum((lab - mean[flat]) ** 2, axis=1)) / area
        return cls(mean, np.sqrt(square).astype(np.float32))

    def apart(self, i: npt.NDArray[np.int64], j: npt.NDArray[np.int64]) -> Floats:
        return np.asarray(np.linalg.norm(self.mean[i] - self.mean[j], axis=1), np.float32)


def _of_regions(
    labels: Labels,
    pixels: npt.NDArray[np.int64],
    contacts: Contacts,
    on_edge: npt.NDArray[np.int64],
    hulls: Hulls,
    tones: _Tones,
    nest: Nesting,
) -> Floats:
    """The columns of `OF_REGION`."""
    flat, (height, width), count = labels.ravel(), labels.shape, len(pixels)
    area, side = pixels.astype(np.float64), float(np.sqrt(labels.size))
    perimeter = np.bincount(contacts.pairs.ravel(), np.repeat(contacts.length, 2), count) + on_edge
    hull, box = hulls.area, hulls.box
    y, x = np.divmod(np.arange(labels.size), width)
    top, left = (np.bincount(flat, place) / area / size - 0.5 for place, size in ((y, height), (x, width)))
    enclosed = nest.enclosed_area(area)
    columns = {
        "area": np.log(area / labels.size),
        "perimeter": np.log(perimeter / side),
        "width": np.log(area / perimeter / side),
        "solidity": area / np.maximum(hull, area),
        "extent": area / np.maximum(box, area),
        "holes": enclosed / (area + enclosed),
        "border": on_edge / (2 * (height + width)),
        "open": (_beside(contacts, on_edge > 0) + on_edge) / perimeter,
        "lightness": tones.mean[:, 0],
        "red_green": tones.mean[:, 1],
        "yellow_blue": tones.mean[:, 2],
        "chroma": np.hypot(tones.mean[:, 1], tones.mean[:, 2]),
        "spread": tones.spread,
        "degree": np.bincount(contacts.pairs.ravel(), minlength=count),
        "top": top,
        "left": left,
        "reach": np.hypot(top, left),
        "nesting": nest.depth,
    }
    return np.stack([columns[name] for name in OF_REGION], axis=1).astype(np.float32)


def _beside(contacts: Contacts, which: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """[n] length of the border of each region with those that are meant."""
    i, j = contacts.pairs.T
    length, count = contacts.length, len(which)
    return np.asarray(np.bincount(i, length * which[j], count) + np.bincount(j, length * which[i], count), np.float64)


def _of_pairs(
    side: int, contacts: Contacts, seen: Floats, regions: Floats, hulls: Hulls, tones: _Tones, nest: Nesting
) -> Floats:
    """The columns of `OF_PAIR`, seen from one side."""
    i, j = contacts.pairs.T if side == 0 else contacts.pairs.T[::-1]
    column = dict(zip(OF_REGION, regions.T, strict=True))
    twins = _twins(contacts.pairs, tones)
    columns = {
        **dict(zip((*CONVEXITY, *JUNCTIONS), seen[side].T, strict=True)),
        "length": np.log(contacts.length),
        "share": np.log(contacts.length) - column["perimeter"][i],
        "twins": twins[side],
        "other_twins": twins[1 - side],
        "enclosed": nest.encloses(j, i).astype(np.float32) - nest.encloses(i, j),
        "in_hull": hulls.covered[side],
        "other_in_hull": hulls.covered[1 - side],
        "colour": tones.apart(i, j),
        "lighter": column["lightness"][i] - column["lightness"][j],
        "area_ratio": column["area"][i] - column["area"][j],
        "width_ratio": column["width"][i] - column["width"][j],
        "steps": column["nesting"][i] - column["nesting"][j],
    }
    return np.stack([columns[name] for name in OF_PAIR], axis=1).astype(np.float32)


def _twins(pairs: npt.NDArray[np.int64], tones: _Tones) -> Floats:
    """[2, m]: how many other neighbours of the second region have the colour of the first, and the other way round."""
    cluster = _clusters(tones.mean)
    i, j = pairs.T
    size = len(cluster)
    key = np.concatenate([j * size + cluster[i], i * size + cluster[j]])
    _, where, several = np.unique(key, return_inverse=True, return_counts=True)
    return np.asarray((several[where] - 1).reshape(2, -1), np.float32)


def _clusters(colours: Floats) -> npt.NDArray[np.int64]:
    """Number every colour, [n, 3] CIELAB, by the first one that it is nearer to than `SAME`."""
    out = np.full(len(colours), -1)
    for number, colour in enumerate(colours):
        if out[number] < 0:
            out[(out < 0) & (np.linalg.norm(colours - colour, axis=1) < SAME)] = number
    return out
