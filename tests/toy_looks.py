"""Looks of plain maps, and blurred or shifted ones of a picture whose parts are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from animelayers.anatomy.guess import Look, PartsGuess
from animelayers.anatomy.looks import candidates
from animelayers.parts import PART_LABELS


def look(box: tuple[float, float, float, float], visible: Mapping[str, Any], **more: Any) -> Look:
    """A look that says of every tag where it is `visible`, [h, w], 0..1.

    What else it says may be one map for all parts, one a part, or a number; without a word, whole parts are what is
    seen of them, grey, half way near, and there.
    """
    maps = np.stack([np.asarray(plane, np.float32) for plane in visible.values()])
    alpha = np.asarray(more.get("alpha", maps), np.float32)
    shape = len(maps), *(alpha.shape[-2:] if alpha.ndim > 1 else maps.shape[1:])
    return Look(
        box=box,
        tags=tuple(visible),
        visible=maps,
        alpha=np.broadcast_to(alpha, shape),
        colour=np.broadcast_to(np.asarray(more.get("colour", 128), np.uint8), (*shape, 3)),
        depth=np.broadcast_to(np.asarray(more.get("depth", 0.5), np.float32), shape),
        presence=np.broadcast_to(np.asarray(more.get("presence", 1), np.float32), shape[:1]),
        side=more.get("side"),
    )


def guess(*looks: Look) -> PartsGuess:
    return PartsGuess(looks)


def everywhere(tags: Mapping[str, float], shape: tuple[int, int] = (4, 4)) -> dict[str, np.ndarray]:
    """The same probability in all fields."""
    return {tag: np.full(shape, value) for tag, value in tags.items()}


def likeliest(said: PartsGuess, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The likeliest labels of a guess alone, and how they stand against the next likeliest: 0.5 is a draw."""
    labels, scores = candidates(said, size, 2)
    return labels[0], 1 / (1 + np.exp(scores[1]))


def told(labels: np.ndarray, *, cell: int = 4, blur: float = 1.0, shift: tuple[int, int] = (0, 0)) -> PartsGuess:
    """One look at a map of visible parts, in fields of `cell` px, blurred by as many fields and `shift`ed by px."""
    height, width = labels.shape
    maps = {}
    for tag, label in PART_LABELS.items():
        if (labels == label).any():
            moved = np.roll((labels == label).astype(np.float32), shift, (0, 1))
            moved = cv2.GaussianBlur(moved, (0, 0), blur * cell) if blur else moved
            maps[tag] = cv2.resize(moved, (width // cell, height // cell), interpolation=cv2.INTER_AREA)
    return guess(look((0, 0, height, width), maps))
