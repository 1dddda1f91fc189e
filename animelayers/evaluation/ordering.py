"""What lies before what: the order of pieces that overlap, and the strata of a piece that interleaves with others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, zip_longest
from typing import NamedTuple

import numpy as np

from animelayers.data.sample import Box
from animelayers.evaluation.pieces import DUST, Piece, Places, box_around, sheet, there, topmost
from animelayers.evaluation.prediction import Scores
from animelayers.evaluation.similarity import soft_iou

Key = tuple[str, str]
"""A tag and a side of it."""

Groups = Mapping[Key, Sequence[Piece]]
"""The strata of every tag and side, bottom → top."""


def matched(truth: Sequence[Piece], given: Sequence[Piece]) -> tuple[Groups, Groups]:
    """The pieces of truth and prediction by tag and side; by tag alone where both have it and not both name sides."""
    sided = {piece.tag for piece in truth if piece.side} & {piece.tag for piece in given if piece.side}
    whole = ({piece.tag for piece in truth} & {piece.tag for piece in given}) - sided
    return _grouped(truth, whole), _grouped(given, whole)


def measure_order(truth: Groups, given: Groups) -> tuple[Scores, dict[str, float]]:
    """`order.*` of pieces as `matched` gives them, and their sums: `right` and `judged` pairs.

    A pair is two of the truth's pieces that overlap in 12 px or more, and its order is how most of these pixels have
    it: interleaved strata vote pixel by pixel. A pair that the truth itself leaves undecided is none. The prediction's
    order is that of most pixels of its own overlap or, where that is less than 12 px, of the median places in the
    stack; undecided is wrong. A pair of which a piece is not there in the prediction is not judged.
    """
    ours, theirs = ({key: _drawn(pieces) for key, pieces in groups.items()} for groups in (truth, given))
    pairs = judged = right = 0
    for a, b in combinations(ours, 2):
        shared, votes = _overlap(ours[a], ours[b])
        if shared < DUST or votes == 0:
            continue
        pairs += 1
        if a in theirs and b in theirs and theirs[a].there and theirs[b].there:
            judged += 1
            right += int(_order(theirs[a], theirs[b]) == np.sign(votes))
    scores: Scores = {"order.judged": judged / pairs} if pairs else {}
    if judged:
        scores["order.pairs"] = right / judged
    return scores, {"right": float(right), "judged": float(judged)}


def measure_strata(truth: Groups, given: Groups) -> Scores:
    """`strata.*` of pieces as `matched` gives them.

    Strata correspond by rank from the nearest: an unsplit prediction is compared with the nearest one of the truth, and
    the others with nothing. Strata that are dust do not count.
    """
    ours, theirs = ({key: list(_strata(pieces)) for key, pieces in groups.items()} for groups in (truth, given))
    split, guessed = ({key for key, strata in side.items() if len(strata) > 1} for side in (ours, theirs))
    scores: Scores = {}
    if split | guessed:
        scores["strata.split_f1"] = 2 * len(split & guessed) / (len(split) + len(guessed))
    if split:
        alike = [
            _alike(*strata)
            for key in sorted(split)
            for strata in zip_longest(ours[key], theirs.get(key, [])[: len(ours[key])], fillvalue=())
        ]
        scores["strata.iou"] = float(np.mean(alike))
    return scores


class _Drawn(NamedTuple):
    """A piece with all its strata."""

    box: Box
    places: Places
    """Of its top-most stratum."""
    median: float
    """Of the places of its strata in the stack."""
    there: bool


def _grouped(pieces: Sequence[Piece], whole: set[str]) -> Groups:
    groups: dict[Key, list[Piece]] = {}
    for piece in pieces:
        if piece.tag:
            groups.setdefault((piece.tag, "" if piece.tag in whole else piece.side), []).append(piece)
    return groups


def _drawn(pieces: Sequence[Piece]) -> _Drawn:
    box = box_around(pieces)
    places = topmost(pieces, box)
    median = float(np.median([piece.place for piece in pieces]))
    return _Drawn(box, places, median, int(np.count_nonzero(places)) >= DUST)


def _overlap(a: _Drawn, b: _Drawn) -> tuple[int, int]:
    """Pixels that both pieces have, and those with `a` on top less those with `b` on top."""
    top, left = max(a.box[0], b.box[0]), max(a.box[1], b.box[1])
    bottom, right = min(a.box[2], b.box[2]), min(a.box[3], b.box[3])
    if top >= bottom or left >= right:
        return 0, 0
    one, other = (x.places[top - x.box[0] : bottom - x.box[0], left - x.box[1] : right - x.box[1]] for x in (a, b))
    both = (one > 0) & (other > 0)
    shared, above = int(np.count_nonzero(both)), int(np.count_nonzero(both & (one > other)))
    return shared, 2 * above - shared


def _order(a: _Drawn, b: _Drawn) -> int:
    """1 with `a` above `b`, −1 below, 0 undecided."""
    shared, votes = _overlap(a, b)
    return int(np.sign(votes if shared >= DUST else a.median - b.median))


def _strata(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Near → far."""
    for number in sorted({piece.stratum for piece in pieces}):
        stratum = [piece for piece in pieces if piece.stratum == number]
        if there(stratum):
            yield stratum


def _alike(truth: Sequence[Piece], given: Sequence[Piece]) -> float:
    box = box_around([*truth, *given])
    return soft_iou(sheet(given, box)[..., 3], sheet(truth, box)[..., 3]) or 0.0
