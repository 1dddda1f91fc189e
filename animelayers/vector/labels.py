"""A picture as labels: a colour of the palette for every pixel, and for those on edges two, with their shares.

1. Flat pixels and ridges take the nearest colour; between them an edge pixel takes only colours that lie within 2 px.
2. Areas too small or too faint to be meant go to a neighbour.
3. A thin stretch that is as well explained by a stronger colour beside it is that one, diluted: else the colour of a
   line would change along its way with how its width falls on the pixels.
4. Along all borders the shares of both sides are measured again; they say where between the pixels the border runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import straight
from animelayers.vector.areas import INK, thin, tidied
from animelayers.vector.mixing import LabelMap, candidates, squared, unmixed
from animelayers.vector.palette import Levels, Traits, look, nearest_colour, palette_of

SURE = 9.0
"""A ridge at most so far (ΔE) from a colour of the palette has that colour."""

HOPELESS = 900.0
"""Residual, levels², from which on no mixture explains a pixel; it then takes the nearest colour of all."""

DILUTED = 260.0
"""Residual, levels², up to which a thin stretch counts as a diluted stronger colour."""

RUNS = 2
"""Rounds in which a stronger colour may run on along a line, 2 px each."""

EDGE = 30.0
"""Price of a mixture, levels²: noise of a few levels is no edge."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Which colour covers how much of every pixel: at most two of them."""

    first: LabelMap
    """The one that covers most."""
    second: LabelMap
    """The other one; the same where there is none."""
    share: npt.NDArray[np.float32]
    """float32 [h, w], 0.5..1: of the first."""
    palette: Levels
    """float32 [k, 4]: colour × alpha and alpha, 0..255; the first is the ground, on which nobody painted."""

    @property
    def seen(self) -> Levels:
        """The palette as `palette.look` gives it."""
        return look(self.palette)

    def cover(self, label: int) -> npt.NDArray[np.float32]:
        """float32 [h, w], 0..1: how much of every pixel has the label."""
        out = np.where(self.first == label, self.share, np.float32(0))
        return np.where((self.second == label) & (self.first != label), 1 - self.share, out)

    def paint(self, label: int) -> tuple[tuple[int, int, int], float]:
        """Colour, sRGB 0..255, and opacity of a label."""
        red, green, blue, _ = straight(self.palette[label][None, None])[0, 0].tolist()
        return (red, green, blue), round(float(self.palette[label, 3]) / 255, 2)


def label_picture(
    levels: Levels, *, ground: Levels, colours: int | str | None = None, palette: Levels | None = None, ink: float = INK
) -> Labels:
    """Label a picture.

    Args:
        levels: float32 [h, w, 4], colour × alpha and alpha, 0..255.
        ground: [4]: what nobody painted looks like; transparent, or the neutral colour of a blend mode.
        colours: see `palette_of`.
        palette: [k, 4]: these colours and no others, the first being the ground.
        ink: see `tidied`.

    Raises:
        DataError: see `palette_of`.
    """
    traits = Traits.of(levels)
    if palette is None:
        palette = palette_of(traits, ground, colours)
    colours_seen = look(palette)
    smooth = _smoothed(traits)
    smooth_seen = look(smooth)
    labels = _first_guess(traits, smooth_seen, palette, colours_seen)
    labels = tidied(labels, colours_seen, ink)
    for _ in range(RUNS):
        labels = _strengthened(labels, traits, palette, colours_seen)
    labels = tidied(labels, colours_seen, ink)
    return _with_shares(labels, smooth, smooth_seen, palette, colours_seen)


def _smoothed(traits: Traits) -> Levels:
    """The levels, flat pixels averaged over those around them: noise and dither draw no borders."""
    weight = traits.flat.astype(np.float32)
    kernel = np.ones((3, 3), np.float32)
    sums = cv2.filter2D(traits.levels * weight[..., None], -1, kernel, borderType=cv2.BORDER_REFLECT)
    count = cv2.filter2D(weight, -1, kernel, borderType=cv2.BORDER_REFLECT)
    return np.where(traits.flat[..., None], sums / np.maximum(count, 1)[..., None], traits.levels).astype(np.float32)


def _first_guess(traits: Traits, smooth_seen: Levels, palette: Levels, colours_seen: Levels) -> LabelMap:
    near = nearest_colour(smooth_seen.reshape(-1, 4), colours_seen).reshape(traits.flat.shape).astype(np.uint8)
    off = np.sqrt(squared(smooth_seen - colours_seen[near]))
    known = traits.flat | (traits.ridge & (off < SURE))
    edge = ~known
    if not edge.any() or not known.any():
        return near
    found = candidates(near, known, edge, traits.seen[edge], colours_seen, reach=2, most=5)
    mixture = unmixed(traits.levels[edge], found, palette, solo=EDGE, duo=2 * EDGE)
    hopeless = (mixture.residual > HOPELESS) & (4 * np.square(off[edge]) < mixture.residual)
    near[edge] = np.where(hopeless, near[edge], mixture.first)
    return near


def _strengthened(labels: LabelMap, traits: Traits, palette: Levels, colours_seen: Levels) -> LabelMap:
    """Thin stretches of one label as another, more extreme one that lies beside them, where that explains them."""
    at = thin(labels)
    if not at.any():
        return labels
    found = candidates(labels, np.ones_like(at), at, traits.seen[at], colours_seen, reach=2, most=6)
    others = found._replace(there=found.there & (found.labels != labels[at][:, None]))
    mixture = unmixed(traits.levels[at], others, palette, solo=np.inf, duo=0)
    around = cv2.blur(traits.seen, (5, 5))[at]
    first, second = (squared(colours_seen[part] - around) for part in mixture[:2])
    out = labels.copy()
    out[at] = np.where((mixture.residual < DILUTED) & (first > second), mixture.first, labels[at])
    return out


def _with_shares(
    labels: LabelMap, smooth: Levels, smooth_seen: Levels, palette: Levels, colours_seen: Levels
) -> Labels:
    """Shares along all borders, from the labels on both sides."""
    kernel = np.ones((3, 3), np.uint8)
    border = cv2.morphologyEx(labels, cv2.MORPH_GRADIENT, kernel) > 0
    band = cv2.dilate(border.view(np.uint8), kernel) > 0
    first, second, share = labels.copy(), labels.copy(), np.ones(labels.shape, np.float32)
    if band.any():
        found = candidates(labels, np.ones_like(band), band, smooth_seen[band], colours_seen, reach=1, most=4)
        mixture = unmixed(smooth[band], found, palette, solo=0, duo=EDGE)
        first[band], second[band], share[band] = mixture.first, mixture.second, mixture.share
    return Labels(first, second, share, palette)
