"""What the passes made becomes a guess: which part is seen where, the whole of each, and how near it is.

The networks say nothing of who is seen: every layer is whole. That is worked out of two things that they do say. A
layer shows through those that are nearer, and where it shows, it has the colour of the picture.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animelayers.anatomy.guess import Look, Maps, PartsGuess, person_of
from animelayers.anatomy.order import RULES
from animelayers.color import matte
from animelayers.models.see_through.conditioning import HEAD_TAG
from animelayers.models.see_through.framing import Frame, carried, carried_map
from animelayers.parts import PART_LABELS
from animelayers.raster import bands
from animelayers.stack import Rgba

Floats = npt.NDArray[np.float32]

FAINT = 10
"""Alpha of at most this is dust, which decoders leave in corners."""
SPECK = 2e-5
"""A part of a smaller share of the page than this is not there."""
STEP = 0.004
"""How much nearer than what it lies on a feature of the face is at least."""
OFF = 14.0
"""A colour so far from the picture's, root mean square of levels, is half as likely to be seen as the right one."""
DOUBT = 0.15
"""Share of what is seen that depth says nothing of, since it errs."""
TILE = 128
"""Side of the squares, px, in which parts are compared at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """What a pass made."""

    frame: Frame
    page: Rgba
    """uint8 [r, r, 4]: what the networks saw."""
    rgba: Mapping[str, Rgba]
    """Tag → uint8 [r, r, 4], straight alpha; those that were dropped are missing."""


def guessed(passes: Sequence[Layers], near: Mapping[str, Floats], about: Frame) -> PartsGuess:
    """The guess that passes make up.

    Args:
        passes: of the whole figure, then of its head, if there is one; each speaks of parts of its own.
        near: tag → how near it is, 0..1, larger is nearer, float32 [d, d].
        about: where those maps lie.
    """
    looks = tuple(_look(own, passes, near, about) for own in passes)
    return PartsGuess(looks, person_of(looks))


def _look(own: Layers, passes: Sequence[Layers], near: Mapping[str, Floats], about: Frame) -> Look:
    """What one pass says of its parts, with those of the others before or behind them."""
    parts = {tag: rgba for each in passes for tag, rgba in _there(each, own.frame).items()}
    tags = [tag for tag in own.rgba if tag in PART_LABELS]
    depth = _ruled({tag: carried_map(near[tag], about, own.frame) for tag in (*tags, *parts) if tag in near})
    side = len(own.page)
    seen = dict(zip(parts, seen_of(own.page, parts, depth), strict=True))
    empty, nothing = np.zeros((side, side, 4), np.uint8), np.zeros((side, side), np.float32)
    shown = [parts.get(tag, empty) for tag in tags]
    return Look(
        box=tuple(float(edge) for edge in own.frame.box),  # type: ignore[arg-type]  # four edges
        tags=tuple(tags),
        visible=np.stack([seen.get(tag, nothing) for tag in tags]),
        alpha=np.asarray(np.stack([rgba[..., 3] for rgba in shown]) / np.float32(255), np.float32),
        colour=np.stack([rgba[..., :3] for rgba in shown]),
        depth=np.stack([depth.get(tag, nothing) for tag in tags]),
        presence=np.array([tag in parts for tag in tags], np.float32),
    )


def _there(layers: Layers, frame: Frame) -> dict[str, Rgba]:
    """The parts of a pass that are there, without dust, on the page of `frame`."""
    out = {}
    for tag, rgba in layers.rgba.items():
        if tag == HEAD_TAG or np.count_nonzero(rgba[..., 3] > FAINT) <= SPECK * rgba[..., 3].size:
            continue
        clean = rgba * (rgba[..., 3:] > FAINT)
        out[tag] = clean if layers.frame == frame else carried(clean, layers.frame, frame)
    return out


def _ruled(near: Mapping[str, Floats]) -> dict[str, Floats]:
    """The same maps, in which nothing of a face is farther than what it always lies on."""
    out = dict(near)
    for chain in RULES:
        there = [tag for tag in chain if tag in out]
        for below, above in itertools.pairwise(there):
            out[above] = np.clip(np.maximum(out[above], out[below] + np.float32(STEP)), 0, 1)
    return out


def seen_of(page: Rgba, parts: Mapping[str, Rgba], near: Mapping[str, Floats]) -> Maps:
    """How likely it is that each part is the one seen, float32 [p, h, w]; what is left to 1 is nobody's.

    With the parts sorted by nearness at every pixel, a part of alpha a shows with a · Π (1 − a) of those before it.
    Each is then weighed by how well its colour agrees with that of the picture, 1 / (1 + (off / `OFF`)²), within the
    alpha that all together have.

    Args:
        page: uint8 [h, w, 4]: the picture.
        parts: tag → uint8 [h, w, 4], straight alpha.
        near: tag → float32 [h, w], larger is nearer; of a part that is missing, 0.
    """
    out, nothing = np.zeros((len(parts), *page.shape[:2]), np.float32), np.zeros(page.shape[:2], np.float32)
    names = list(parts)
    for rows, _, _ in bands(page.shape[0], TILE):
        for columns, _, _ in bands(page.shape[1], TILE):
            here = rows, columns
            there = [at for at, name in enumerate(names) if parts[name][here][..., 3].any()]
            if not there:
                continue
            rgba = np.stack([parts[names[at]][here] for at in there])
            depth = np.stack([near[names[at]][here] if names[at] in near else nothing[here] for at in there])
            out[(there, *here)] = _weighed(page[here], rgba, depth)
    return out


def _weighed(page: Rgba, rgba: npt.NDArray[np.uint8], near: Floats) -> Floats:
    """The same of a tile: the page, uint8 [h, w, 4]; of each part uint8 [p, h, w, 4] and nearness [p, h, w]."""
    alpha = np.asarray(rgba[..., 3] / np.float32(255), np.float32)
    off = np.square(rgba[..., :3] - matte(page).astype(np.float32)).mean(axis=3)
    shows = _showing(alpha, near) * (1 - DOUBT) + alpha * (DOUBT / np.maximum(alpha.sum(axis=0), 1))
    likely = shows / (1 + off / np.float32(OFF * OFF))
    covered = 1 - np.prod(1 - alpha, axis=0)
    return np.asarray(likely * (covered / np.maximum(likely.sum(axis=0), np.float32(1e-9))), np.float32)


def _showing(alpha: Floats, near: Floats) -> Floats:
    """How much of every part shows before and through the others, [p, h, w]."""
    order = np.argsort(-near, axis=0, kind="stable")
    sorted_alpha = np.take_along_axis(alpha, order, axis=0)
    through = np.cumprod(1 - sorted_alpha, axis=0)
    shows = sorted_alpha * np.concatenate([np.ones_like(through[:1]), through[:-1]])
    out = np.zeros_like(alpha)
    np.put_along_axis(out, order, shows, axis=0)
    return out
