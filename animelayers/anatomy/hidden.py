"""The colours of what is hidden of a piece.

Where the piece goes on from what is seen, what is seen goes on; farther in, the guess is believed. Outlines, the soft
rims of coverers and the shadows that they throw along their edges are no colours of the piece and are not sampled. A
guess is smooth and often muddy: in a piece of flat colours it only chooses among the tones that its part shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.anatomy.margins import Plane, Surroundings
from animelayers.color import to_lab, to_uint8
from animelayers.raster import Mask
from animelayers.rendering.solve import Rgb

Colours = npt.NDArray[np.float32]
"""float32 [h, w, 3], levels 0..255."""

GUARD = 0.5
"""How far from a coverer the colours of a piece are fully its own, in margins."""
RIM = 1.0
"""Distance to a coverer up to which a pixel is never sampled, px."""
SEEN = 0.15
"""How far what is seen outweighs the guess, in margins."""
NEVER = 1e-5
"""Weight of samples that are used only where a piece has no better ones."""

SAMPLES = 40_000
"""Pixels that the tones of a part are told by."""
APART = 7.0
"""Tones differ by at least this (CIE76 ΔE)."""
CORE = 2.0
"""Pixels of a flat are this near to its tone (CIE76 ΔE); those of soft shading spread over `APART`."""
RARE, MOST = 0.03, 8
"""Least share of a tone, and how many there are at most."""
SOFT, FLAT = 0.45, 0.7
"""Share of pixels within `CORE` of a tone: above the first a part is painted a little flat, above the second quite."""
ALIKE, STRANGE = 8.0, 16.0
"""A guess this near to a tone (CIE76 ΔE) means it; one farther off than the second means something else."""
BIAS = 6.0
"""Largest error of all colours of a guess together that is corrected, levels."""
SMOOTH = 0.3
"""Radius in which tones are chosen together, in margins."""
CRISP = 1.5
"""How much farther (CIE76 ΔE) a tone must be from the guess for its share to fall to 1/e."""


@dataclass(frozen=True, slots=True, eq=False)
class Tones:
    """The commonest colours that a part shows, shades included."""

    colours: npt.NDArray[np.float32]
    """[n, 3], levels, the commonest first."""
    flat: float
    """0..1: whether the part is painted in them, or shaded softly."""

    @classmethod
    def of(cls, pixels: npt.NDArray[np.uint8]) -> Tones:
        """Those of uint8 [n, 3] pixels without outlines."""
        if not len(pixels):
            return cls(np.zeros((0, 3), np.float32), 0.0)
        pixels = pixels[:: max(1, len(pixels) // SAMPLES)].astype(np.int64)
        cell = (pixels[:, 0] >> 2) << 12 | (pixels[:, 1] >> 2) << 6 | (pixels[:, 2] >> 2)
        _, inverse, count = np.unique(cell, return_inverse=True, return_counts=True)
        mean = np.stack([np.bincount(inverse, weights=pixels[:, c]) / count for c in range(3)], axis=1)
        lab = to_lab(to_uint8(mean)[None])[0]
        left, found = np.ones(len(count), bool), list[npt.NDArray[np.float64]]()
        core_mass = mass = 0
        while len(found) < MOST and count[left].sum() > RARE * len(pixels):
            seed = int(np.argmax(np.where(left, count, 0)))
            unlike = np.linalg.norm(lab - lab[seed], axis=1)
            group, core = left & (unlike < APART), left & (unlike < CORE)
            if not found or count[group].sum() >= RARE * len(pixels):
                found.append(np.average(mean[core], axis=0, weights=count[core]))
                core_mass, mass = core_mass + count[core].sum(), mass + count[group].sum()
            left &= ~group
        flat = float(np.clip((core_mass / mass - SOFT) / (FLAT - SOFT), 0, 1))
        return cls(np.array(found, np.float32), flat)


@dataclass(frozen=True, slots=True, eq=False)
class Paint:
    """What is known of the colours of a piece in a window."""

    seen: Rgb
    """uint8 [h, w, 3]: of what is seen of it, without its strokes."""
    stroke: Mask
    """Where there are some."""
    guess: Rgb
    """uint8 [h, w, 3]: what the guess says of the rest."""
    tones: Tones


def continued(at: Surroundings, paint: Paint) -> Colours:
    """What is seen of a piece, carried on over the whole window; nothing has to be seen."""
    if not at.seen.any():
        return paint.guess.astype(np.float32)
    scale = _scale(at)
    own = np.clip((at.under - RIM) / max(3.0, GUARD * at.margin), 0, 1) ** 2 * np.clip(at.beyond - 0.5, 0, 1)
    weight = np.where(at.seen, np.where(paint.stroke, 0, own) + NEVER, 0).astype(np.float32)
    known = np.dstack([paint.seen * weight[..., None], weight])
    return _enlarged(_filled(_reduced(known, scale)), weight.shape)


def hidden_colours(at: Surroundings, hidden: Mask, near: Colours, paint: Paint) -> Colours:
    """The colours of the hidden pixels, [n, 3] in the order of `np.nonzero`; `near` is what `continued` gave."""
    trust = np.ones_like(at.guess)
    if at.seen.any():
        trust -= np.exp(-at.away / np.float32(SEEN * at.margin))
        # The soft rim of a guess is unsure of the shape, not of the colour.
        about = np.ones((2 * _scale(at) + 1, 2 * _scale(at) + 1), np.uint8)
        trust *= np.clip((cv2.dilate(np.where(at.seen, np.float32(0), at.guess), about) - 0.1) / 0.5, 0, 1)
    guess = paint.guess.astype(np.float32)
    if at.seen.any() and len(paint.tones.colours):
        # A part of a colour that it shows nowhere is more likely a slip than a surprise.
        far = _differences(guess, paint.tones).min(axis=2)
        trust *= np.clip((STRANGE - far) / (STRANGE - ALIKE), 0, 1)
    if not paint.tones.flat:
        return near[hidden] + (guess[hidden] - near[hidden]) * trust[hidden][:, None]
    unlike, bias = _unlike(at, hidden, near, guess, trust, paint.tones)
    mixed = near[hidden] + (guess[hidden] + bias - near[hidden]) * trust[hidden][:, None]
    met = np.unique(unlike.argmin(axis=2))
    far = np.stack([_enlarged(unlike[..., tone], hidden.shape)[hidden] for tone in met], axis=1)
    least = far.min(axis=1, keepdims=True)
    share = np.exp((least - far) / CRISP)
    tone = share @ paint.tones.colours[met] / share.sum(axis=1, keepdims=True)
    meant = paint.tones.flat * np.clip((STRANGE - least) / (STRANGE - ALIKE), 0, 1)
    return np.asarray(mixed + (tone - mixed) * meant, np.float32)


def _unlike(
    at: Surroundings, hidden: Mask, near: Colours, guess: Colours, trust: Plane, tones: Tones
) -> tuple[Plane, npt.NDArray[np.float32]]:
    """How far (CIE76 ΔE) every tone is from what the hidden pixels should be, [h, w, n] on a reduced grid.

    Also by how much the guess is off altogether, float32 [3], levels.
    """
    scale = _scale(at)
    weight = hidden.astype(np.float32)
    shown = _reduced(np.dstack([near * weight[..., None], weight]), scale)
    guessed = _reduced(np.dstack([guess * weight[..., None], trust * weight]), scale)
    weight = shown[..., 3]
    some = np.maximum(weight, np.float32(1e-6))[..., None]
    near, guess, trust = (
        np.asarray(plane / some, np.float32) for plane in (shown[..., :3], guessed[..., :3], guessed[..., 3:])
    )
    sigma = max(0.3, SMOOTH * at.margin / scale)
    total = np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-6)[..., None]
    from_seen = _differences(near, tones)
    bias = np.zeros(3, np.float32)
    for _ in range(3):
        wanted = from_seen + (_differences(guess + bias, tones) - from_seen) * trust
        wanted = np.asarray(np.minimum(wanted, 40) * weight[..., None], np.float32)
        unlike = np.dstack([cv2.GaussianBlur(plane, (0, 0), sigma) for plane in np.moveaxis(wanted, 2, 0)]) / total
        meant = (weight > 0.5) & (unlike.min(axis=2) < STRANGE) & (trust[..., 0] > 0.5)
        if np.count_nonzero(meant) < 20:
            break
        off = tones.colours[unlike.argmin(axis=2)[meant]] - guess[meant]
        bias = np.clip(np.median(off, axis=0), -BIAS, BIAS).astype(np.float32)
    return np.asarray(unlike, np.float32), bias


def _differences(colours: Colours, tones: Tones) -> Plane:
    """CIE76 ΔE of every pixel to every tone, [h, w, n]."""
    palette = to_lab(to_uint8(tones.colours)[None])[0]
    lab = to_lab(to_uint8(colours))
    return np.asarray(np.linalg.norm(lab[:, :, None] - palette, axis=3), np.float32)


def _filled(known: Plane) -> Colours:
    """Push-pull: from [h, w, 4], colours × weight and weight, the average of what is known as near as there is enough.

    A pyramid of halves is filled from its top, where everything is known, downwards.
    """
    levels = [known]
    while max(levels[-1].shape[:2]) > 2:
        levels.append(np.asarray(cv2.pyrDown(levels[-1]), np.float32))
    colours = levels[-1][..., :3] / np.maximum(levels[-1][..., 3:], 1e-9)
    for level in levels[-2::-1]:
        above = cv2.pyrUp(colours, dstsize=(level.shape[1], level.shape[0]))
        weight = level[..., 3:]
        colours = above + (level[..., :3] / np.maximum(weight, 1e-9) - above) * np.minimum(4 * weight, 1)
    return np.asarray(colours, np.float32)


def _scale(at: Surroundings) -> int:
    """Hidden colours are smooth: they are worked out on a grid this many times coarser than the picture."""
    return max(1, at.margin // 4)


def _reduced(planes: Plane, scale: int) -> Plane:
    height, width = planes.shape[:2]
    return np.asarray(
        cv2.resize(planes, (max(1, width // scale), max(1, height // scale)), interpolation=cv2.INTER_AREA)
    )


def _enlarged(planes: Plane, size: tuple[int, ...]) -> Plane:
    return np.asarray(cv2.resize(planes, (size[1], size[0]), interpolation=cv2.INTER_LINEAR))
