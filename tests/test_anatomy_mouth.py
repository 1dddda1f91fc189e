"""A mouth of which a model sees a little is mouth from end to end; what else is drawn in a face is not."""

from __future__ import annotations

import numpy as np
import pytest

from animelayers.anatomy.mouth import whole_mouth
from animelayers.parts import PART_LABELS

FACE, NOSE, MOUTH, HAIR = (PART_LABELS[tag] for tag in ("face", "nose", "mouth", "front hair"))
SIZE = (60, 60)
LINE = np.s_[40:42, 20:40]


def strokes(*places) -> np.ndarray:
    out = np.zeros(SIZE, np.float32)
    for place in places:
        out[place] = 1
    return out


def asked(*places, label: int = MOUTH, odds: float = -1.0) -> tuple[np.ndarray, np.ndarray]:
    """Candidates and scores: face everywhere, and at some places another part."""
    labels = np.zeros((2, *SIZE), np.uint8)
    scores = np.full((2, *SIZE), -np.inf, np.float32)
    labels[0], scores[0] = FACE, 0
    for place in places:
        labels[1][place], scores[1][place] = label, odds
    return labels, scores


def face() -> np.ndarray:
    labels = np.zeros(SIZE, np.uint8)
    labels[5:55, 5:55] = FACE
    return labels


def test_a_stroke_that_is_mouth_somewhere_is_mouth_from_end_to_end():
    found = whole_mouth(face(), strokes(LINE), *asked(np.s_[40:42, 29:31]))
    assert np.array_equal(found == MOUTH, strokes(LINE) > 0)
    assert np.array_equal(np.where(found == MOUTH, FACE, found), face())


def test_a_stroke_that_the_guess_knows_nearly_whole_stays_as_it_is():
    labels = face()
    labels[40:42, 20:37] = MOUTH
    assert np.array_equal(whole_mouth(labels, strokes(LINE), *asked(LINE)), labels)


@pytest.mark.parametrize(
    ("drawn", "thought"),
    [
        (LINE, asked()),
        (LINE, asked(np.s_[40:42, 29:31], odds=-5.0)),
        (LINE, asked(LINE, label=NOSE, odds=-0.5)),
        (np.s_[40:42, 2:40], asked(LINE)),
        (np.s_[40:42, 10:50], asked(LINE)),
    ],
    ids=["nobody thinks of a mouth", "too little", "rather a nose", "out of the face", "too wide"],
)
def test_another_stroke_stays_what_it_is(drawn, thought):
    assert np.array_equal(whole_mouth(face(), strokes(drawn), *thought), face())


def test_a_stroke_that_touches_another_part_stays_what_it_is():
    labels = face()
    labels[30:40, 30:34] = HAIR
    assert np.array_equal(whole_mouth(labels, strokes(LINE), *asked(LINE)), labels)


def test_a_lip_is_mouth_and_the_nose_above_is_not():
    lip, nose = np.s_[46:48, 25:35], np.s_[22:25, 29:31]
    labels = whole_mouth(face(), strokes(LINE, lip, nose), *asked(np.s_[40:42, 29:31], nose))
    assert np.array_equal(labels == MOUTH, strokes(LINE, lip) > 0)


def test_what_lies_within_a_mouth_is_mouth_unless_nothing_is_drawn_there():
    labels = face()
    labels[36:48, 20:40] = MOUTH
    labels[40:42, 24:30] = PART_LABELS["eyewhite"]
    labels[43:45, 24:30] = 0
    found = whole_mouth(labels, strokes(), *asked())
    assert (found[40:42, 24:30] == MOUTH).all()
    assert (found[43:45, 24:30] == 0).all()


def test_without_a_face_there_is_no_mouth():
    labels = np.full(SIZE, HAIR, np.uint8)
    assert np.array_equal(whole_mouth(labels, strokes(LINE), *asked(LINE)), labels)
