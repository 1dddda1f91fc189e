"""Pictures of what a net says of held-out views, beside the truth: figures alone never show what is wrong."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from animelayers.training.lite.augment import Batch
from animelayers.training.lite.figures import Asked, HeldOut
from animelayers.training.lite.views import TAGS

Picture = npt.NDArray[np.uint8]
"""uint8 [h, w, 3]."""

ROWS = 6
PALETTE = np.vstack([np.zeros(3), np.random.default_rng(1).integers(40, 255, (len(TAGS), 3))]).astype(np.uint8)
"""A colour for every label; black for nobody."""
SHOWN = ("front hair", "back hair", "face", "neck", "topwear", "handwear", "bottomwear", "legwear")
"""Parts that are shown whole."""


def save(path: Path, ask: Asked, held_out: HeldOut) -> None:
    """A PNG with a row for each of the first views: what is seen, then truth and answer, map by map."""
    tell, count = (_rendering, 1) if held_out.mode == "rendering" else (_parts, 2)
    rows: list[Picture] = []
    for name in list(held_out.views)[:count]:
        for batch in itertools.islice(held_out.batches(name), 1):
            said = ask(batch["seen"])
            several = range(min(ROWS // count, len(batch["seen"])))
            rows += [np.hstack(list(tell(batch, said, number))) for number in several]
    cv2.imwrite(str(path), np.vstack(rows)[..., ::-1])


def _rendering(batch: Batch, said: Tensor, number: int) -> Iterator[Picture]:
    alpha, line, flat, base, _ = batch["truth"][number].split([1, 3, 3, 3, 1])
    logit, own_line, own_flat, own_base = said[number].split([1, 3, 3, 3])
    yield _picture(batch["seen"][number, :3])
    yield _over_grey(line, alpha[0])
    yield _over_grey(own_line, torch.sigmoid(logit[0]))
    yield from map(_picture, (flat, own_flat, base, own_base))


def _parts(batch: Batch, said: Any, number: int) -> Iterator[Picture]:
    visible, whole, _, _ = said
    yield _picture(batch["seen"][number, :3])
    height, width = batch["seen"].shape[2:]
    for labels in (batch["visible"][number], visible[number].argmax(0)):
        yield _enlarged(PALETTE[labels.cpu().numpy()], height, width)
    for tag in SHOWN:
        part = TAGS.index(tag)
        truth = _over_grey(batch["colour"][number, part], batch["amodal"][number, part])
        own = _over_grey(whole[number, part, 1:4], torch.sigmoid(whole[number, part, 0]))
        yield _enlarged(np.vstack([truth, own]), height, width // 2)


def _picture(colour: Tensor) -> Picture:
    """Of float [3, h, w] in -1..1."""
    levels = (colour.clamp(-1, 1) + 1) * 127.5 + 0.5
    return np.ascontiguousarray(levels.permute(1, 2, 0).to(torch.uint8).cpu().numpy())


def _over_grey(colour: Tensor, alpha: Tensor) -> Picture:
    return _picture(colour.clamp(-1, 1) * alpha)


def _enlarged(picture: Picture, height: int, width: int) -> Picture:
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
