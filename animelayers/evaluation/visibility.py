"""What shows where: the maps of visible parts, tag by tag and side by side, from one table of which piece met which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from animelayers.evaluation.pieces import DUST, Piece, Places, labels_of
from animelayers.evaluation.prediction import Scores
from animelayers.parts import PARTS

Table = npt.NDArray[np.int64]
"""int64 [rows, columns]: pixels where the truth shows one thing and the prediction another."""


def measure_visible(
    top: Places, guess: Places, truth: Sequence[Piece], given: Sequence[Piece]
) -> tuple[Scores, dict[str, float], dict[str, float]]:
    """How alike two maps of visible parts are.

    Args:
        top: where which piece of the truth shows, int16 [h, w], as `pieces.topmost` says of all of them.
        guess: the same of the prediction.
        truth: all pieces of the truth.
        given: all of the prediction.

    Returns:
        `visible.iou_all`, `visible.accuracy`, `sides.accuracy`, each where it is defined; IoU of every tag of which the
        truth shows more than dust; and the areas, px, that `pooled.visible_miou` is made of.
    """
    met = _met(top, guess, len(truth), len(given))
    labels = _added(met, labels_of(truth), labels_of(given))
    both = np.diag(labels)[1:]
    ours, theirs = labels.sum(axis=1)[1:], labels.sum(axis=0)[1:]
    either = ours + theirs - both
    iou = both / np.maximum(either, 1)
    scores: Scores = {}
    if len(shown := np.flatnonzero(np.maximum(ours, theirs) >= DUST)):
        scores["visible.iou_all"] = float(iou[shown].mean())
    if ours.any():
        scores["visible.accuracy"] = float(both.sum() / ours.sum())
    scores |= _sides(met, truth, given)
    areas = {
        f"{PARTS[i].name} {word}": float(area[i])
        for i in np.flatnonzero(either)
        for word, area in (("and", both), ("or", either))
    }
    return scores, {PARTS[i].name: float(iou[i]) for i in np.flatnonzero(ours >= DUST)}, areas


def _met(top: Places, guess: Places, pieces: int, guesses: int) -> Table:
    """[1 + pieces, 1 + guesses]: pixels by the place of the piece that shows in the truth and in the prediction."""
    index = top.astype(np.intp) * (1 + guesses) + guess
    count = np.bincount(index.ravel(), minlength=(1 + pieces) * (1 + guesses))
    return count.reshape(1 + pieces, 1 + guesses)


def _added(met: Table, rows: npt.NDArray[np.uint8], columns: npt.NDArray[np.uint8]) -> Table:
    """[1 + tags, 1 + tags]: the same by labels."""
    out = np.zeros((1 + len(PARTS), 1 + len(PARTS)), np.int64)
    np.add.at(out, (rows[:, None], columns[None]), met)
    return out


def _sides(met: Table, truth: Sequence[Piece], given: Sequence[Piece]) -> Scores:
    """Over pixels where a sided piece of the truth shows, and one of its tag in the prediction; no side is wrong."""
    total = right = 0
    for piece in truth:
        for other in given:
            if piece.side and other.tag == piece.tag:
                total += int(met[piece.place, other.place])
                right += int(met[piece.place, other.place]) * (other.side == piece.side)
    return {"sides.accuracy": right / total} if total else {}
