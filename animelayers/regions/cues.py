"""What windows on the borders of regions say about who covers whom: convexity, and where three regions meet.

A window is a grid of places, further apart the larger the picture is, so that it sees the same of a drawing at any
size; places beyond the picture are those on its edge.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from animelayers.regions.borders import Contacts, Labels, Places, corners

Floats = npt.NDArray[np.float32]

SCALE = 160
"""Pixels of the longer side at which a window of span 9 is 9 neighbouring pixels."""
SPANS = (5, 9, 17)
SAMPLES = 24_000
"""Windows of one kind, at most: longer borders are looked at every few pixels."""
CLEAR = 0.9
"""Share of a window that two regions have, if a border is to be seen as theirs alone."""
AHEAD = 0.45
"""Share from which a region passes before the others: behind a straight edge lies half of the window."""

CONVEXITY = tuple(f"convex{span}" for span in SPANS)
JUNCTIONS = ("junction_share", "junction_votes", "junctions")


def convexity(labels: Labels, contacts: Contacts) -> Floats:
    """float32 [2, m, 3]: along a border the mean local share of one region less that of the other, by span of window.

    What bulges has less than half of the windows on its border. Seen from the first region of each contact, then from
    the second; 0 where no window is `CLEAR`.
    """
    chosen = slice(None, None, max(1, -(-len(contacts.contact) // SAMPLES)))
    contact, count = contacts.contact[chosen], len(contacts.pairs)
    out = np.zeros((2, count, len(SPANS)), np.float32)
    for column, span in enumerate(SPANS):
        one, other = (_shares(labels, end[chosen], contacts.pairs[contact], span) for end in contacts.ends)
        shares = (one + other) / 2
        clear = shares.sum(axis=1) >= CLEAR
        total = np.bincount(contact, (shares[:, 0] - shares[:, 1]) * clear, count)
        out[0, :, column] = total / np.maximum(np.bincount(contact, clear, count), 1)
    out[1] = -out[0]
    return out


def junctions(labels: Labels, pairs: npt.NDArray[np.int64]) -> Floats:
    """float32 [2, m, 3]: where a pair meets a third, the mean lead in share, the mean vote (`AHEAD`), and how often.

    Seen from the first region of each pair, then from the second.
    """
    places = corners(labels)
    places = places[:: max(1, -(-len(places) // SAMPLES))]
    flat, below = labels.ravel(), labels.shape[1]
    met = np.stack([flat[places + step] for step in (0, 1, below, below + 1)], axis=1).astype(np.int64)
    met.sort(axis=1)
    met[:, 1:][met[:, 1:] == met[:, :-1]] = -1
    shares = _shares(labels, places, met, 10, points=10)
    votes = (shares > AHEAD).astype(np.float32)
    count = int(labels.max()) + 1
    key = pairs[:, 0] * count + pairs[:, 1]
    out = np.zeros((2, len(pairs), 3), np.float32)
    for a, b in itertools.combinations(range(4), 2):
        at, known = _found(key, met[:, a] * count + met[:, b])
        known &= (met[:, a] >= 0) & (met[:, b] >= 0)
        for column, lead in enumerate((shares[:, a] - shares[:, b], votes[:, a] - votes[:, b], None)):
            out[0, :, column] += np.bincount(at[known], None if lead is None else lead[known], len(pairs))
    out[0, :, :2] /= np.maximum(out[0, :, 2:], 1)
    out[1] = out[0] * np.array([-1, -1, 1], np.float32)
    return out


def _found(
    known: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Where in a sorted list each value is, and whether it is there at all."""
    at = np.minimum(np.searchsorted(known, wanted), max(len(known) - 1, 0))
    return at, (known[at] == wanted) if len(known) else np.zeros(len(wanted), np.bool_)


def _shares(labels: Labels, places: Places, regions: npt.NDArray[np.int64], span: int, points: int = 9) -> Floats:
    """float32 [k, r]: the share of the window at each of k places that each of its r regions [k, r] has.

    The middle of an even number of points lies half a pixel below and right of the place.
    """
    points = min(span, points)
    step = max(1, round(max(labels.shape) / SCALE * span / points))
    offsets = (step * (2 * np.arange(points) - points + 1) + 1 - points % 2) // 2
    y, x = np.divmod(places, labels.shape[1])
    rows = np.clip(y[:, None] + offsets, 0, labels.shape[0] - 1)
    columns = np.clip(x[:, None] + offsets, 0, labels.shape[1] - 1)
    seen = labels[rows[:, :, None], columns[:, None, :]].reshape(len(places), points**2)
    return np.stack([(seen == region[:, None]).mean(axis=1, dtype=np.float32) for region in regions.T], axis=1)
