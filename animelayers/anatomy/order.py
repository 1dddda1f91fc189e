"""Draw order: of all orders of the pieces the one that least contradicts what is known.

Every two pieces say something of their order where both are: the one that is seen there is above, and so is the
nearer. What is usual on bodies counts for little beside that, and all of it together may run in a circle; so that order
is taken in which the evidence that is violated weighs least. Only the rules of eyes, nose, mouth and brows always
hold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from animelayers.anatomy.pieces import Piece

RULES = (("face", "eyewhite", "irides", "eyelash", "eyebrow"), ("face", "nose"), ("face", "mouth"))
"""Bottom → top, always. Of a face in strata that is the farthest, for lids lie before the eye."""

USUAL = (
    ("back hair", "neck", "face", "front hair"),
    ("back hair", "ears", "earwear"),
    ("back hair", "headwear"),
    ("neck", "topwear", "neckwear"),
    ("neck", "handwear"),
    ("face", "earwear"),
    ("eyebrow", "eyewear"),
    ("ears", "eyewear"),
    ("wings", "back hair"),
    ("wings", "topwear"),
    ("tail", "legwear", "bottomwear"),
    ("tail", "topwear"),
)
"""Bottom → top, as a rule, of parts that are not in strata."""

ALWAYS, USUALLY, HARDLY = 1e6, 1.0, 0.01
"""What a rule weighs, what is usual, and the nearness of pieces that do not meet; a sure pair of pieces weighs 1.5."""

UNSURE = 60
"""Pixels of overlap that say half as much as many."""

STEP = 0.05
"""Of depth; what is so much nearer is hardly farther in truth."""

LOOKED_AT = 2**16
"""Pixels of an overlap that are looked at; of a larger one every n-th of its rows and columns."""

Gains = npt.NDArray[np.float64]
"""float64 [n, n], antisymmetric: what it is worth to have the row's piece above the column's."""


def ordered(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """The pieces, bottom → top, their names being all different. In whatever order they come, it is the same."""
    named = sorted(pieces, key=lambda piece: piece.name)
    near = np.array([piece.nearness for piece in named])
    gains = _gains(named) + HARDLY * np.tanh((near[:, None] - near[None]) / STEP)
    starts = (np.argsort(scores, kind="stable") for scores in (near, gains.sum(axis=1)))
    orders = [_settled([int(at) for at in start], gains) for start in starts]
    best = max(orders, key=lambda order: round(float(np.tril(gains[np.ix_(order, order)]).sum()), 6))
    return tuple(named[at] for at in best)


def evidence(a: Piece, b: Piece) -> float:
    """What two pieces themselves say of their order, -1.5..1.5; positive with `a` above `b`, 0 where they do not meet.

    Where both are, each pixel at which one of them is seen is a vote for it; where a third is seen, depth votes. Depth
    besides counts half. Little overlap says little: it may be nothing but soft edges.
    """
    top, left = max(a.top, b.top), max(a.left, b.left)
    bottom = min(piece.top + piece.seen.shape[0] for piece in (a, b))
    right = min(piece.left + piece.seen.shape[1] for piece in (a, b))
    if top >= bottom or left >= right:
        return 0.0
    every = math.ceil(math.sqrt(max(1.0, (bottom - top) * (right - left) / LOOKED_AT)))
    at, at_b = (np.s_[top - p.top : bottom - p.top : every, left - p.left : right - p.left : every] for p in (a, b))
    both = (a.seen[at] | (a.alpha[at] >= 128)) & (b.seen[at_b] | (b.alpha[at_b] >= 128))
    shared = np.count_nonzero(both)
    if not shared:
        return 0.0
    nearer = math.tanh(float(np.median(a.depth[at][both] - b.depth[at_b][both])) / STEP)
    over, under = np.count_nonzero(a.seen[at] & both), np.count_nonzero(b.seen[at_b] & both)
    votes = (over - under + (shared - over - under) * nearer) / shared
    area = shared * every**2
    return (votes + nearer / 2) * area / (area + UNSURE)


def _gains(pieces: Sequence[Piece]) -> Gains:
    """From what pairs of pieces say and from what they are."""
    face = max((piece.stratum or 0 for piece in pieces if piece.tag == "face"), default=0)
    out = np.zeros((len(pieces), len(pieces)))
    for i, a in enumerate(pieces):
        for j, b in enumerate(pieces[:i]):
            out[i, j] = evidence(a, b) + _known(a, b, face) - _known(b, a, face)
    return out - out.T


def _known(above: Piece, below: Piece, face: int) -> float:
    """What is known of two pieces by their names alone; `face` is the farthest stratum of the face."""
    if above.tag == below.tag:
        strata = above.side == below.side and None not in (above.stratum, below.stratum)
        return ALWAYS if strata and (above.stratum or 0) < (below.stratum or 0) else 0.0
    pair = below.tag, above.tag
    if pair in _ALWAYS and not (below.tag == "face" and (below.stratum or 0) < face):
        return ALWAYS
    return USUALLY if pair in _USUALLY and above.stratum is None and below.stratum is None else 0.0


def _settled(order: list[int], gains: Gains) -> list[int]:
    """An order, bottom → top, of which no piece alone can be moved to where it is worth more."""
    moved = True
    while moved:
        moved = False
        for piece in range(len(order)):
            here = order.index(piece)
            others = [other for other in order if other != piece]
            over = np.concatenate([[0.0], np.cumsum(gains[piece, others])])
            worth = 2 * over - over[-1]  # of lying above the first 0, 1, … others and below the rest
            best = int(worth.argmax())
            if worth[best] > worth[here] + 1e-9:
                order = [*others[:best], piece, *others[best:]]
                moved = True
    return order


def _pairs(chains: Iterable[Sequence[str]]) -> frozenset[tuple[str, str]]:
    """Everything, `(below, above)`, that follows from some chains."""
    found = {(below, above) for chain in chains for at, below in enumerate(chain) for above in chain[at + 1 :]}
    while more := {(a, d) for a, b in found for c, d in found if b == c} - found:
        found |= more
    return frozenset(found)


_ALWAYS, _USUALLY = _pairs(RULES), _pairs((*RULES, *USUAL))
