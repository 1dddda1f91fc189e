"""Masks as COCO writes them: run lengths down the columns, the first of false pixels, packed five bits a letter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from animelayers.errors import DataError
from animelayers.psdopen import MAX_PIXELS
from animelayers.raster import Mask


def encode_rle(mask: Mask) -> dict[str, Any]:
    """A mask, bool [h, w], as `{"size": [h, w], "counts": …}`."""
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.concatenate(([True], flat[1:] != flat[:-1], [True])))
    counts = [*([0] if flat[0] else []), *np.diff(edges).tolist()]
    letters = []
    for place, count in enumerate(counts):
        # From the fourth run on, what is written is how much longer it is than the last of its kind.
        left = count - counts[place - 2] if place > 2 else count
        more = True
        while more:
            bits, left = left & 31, left >> 5
            more = left != (-1 if bits & 16 else 0)
            letters.append(chr(48 + bits + 32 * more))
    return {"size": list(mask.shape), "counts": "".join(letters)}


def decode_rle(record: Mapping[str, Any], where: str) -> Mask:
    """A record of COCO, its counts packed or a list, as a mask, bool [h, w]. `where` names it in errors.

    Raises:
        DataError: it is no such record, or the runs do not fill the size.
    """
    try:
        (height, width), coded = map(int, record["size"]), record["counts"]
        counts = _counts(coded) if isinstance(coded, str) else list(map(int, coded))
        if not 0 < height * width <= MAX_PIXELS or min(height, *counts) < 0 or sum(counts) != height * width:
            raise ValueError(f"{len(counts)} runs do not fill {height} × {width} px")
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{where} is no COCO mask: {error}", hint="export the sample again") from error
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return np.ascontiguousarray(flat.reshape(width, height).T)


def _counts(coded: str) -> list[int]:
    counts: list[int] = []
    count = shift = 0
    for letter in coded:
        bits = ord(letter) - 48
        count |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            count -= 1 << shift
        counts.append(count + (counts[-2] if len(counts) > 2 else 0))
        count = shift = 0
    return counts
