"""Layers that a model painted at a size of its own, made a guess at the picture's size.

A diffusion model knows which colours are flat, what is shade and where strokes run, but what it paints is hazy, soft,
slightly off in place and colour, and smaller or larger than the picture. So it is only asked what lies where: near
edges and strokes, each pixel of the picture takes the painted cell nearby that explains its colour best, with as much
ink on top as that takes. Edges and strokes are thereby the picture's own.

1. Haze is taken off. What shadow and highlight add to the flat is its shade.
2. Zones in which the flat hardly changes become one colour, that of the picture where no shade is on them; or keep a
   gradient that the picture has too.
3. A pixel `I` over a cell of colour `B` has as much ink `K` as minimises |I − a·K − (1 − a)·B|² + λ·(a − p)², `p`
   being the alpha that the model gave the line. The cheapest cell of a window wins.
4. Base and flat go on beneath the strokes from beside them, and alphas are solved again over that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import to_uint8
from animelayers.errors import StackError
from animelayers.raster import Mask, bands, longer_side, nearest, over_bands
from animelayers.rendering.classic import ROWS
from animelayers.rendering.guided import INKED, tidy_line, without_haze
from animelayers.rendering.solve import BLENDS, ROUNDING, RenderingGuess, Rgb
from animelayers.rendering.strokes import HIGH, Pen, disc, fill_from, stroke_depth
from animelayers.stack import Rgba

BAND = 128
"""Rows explained at a time."""

SURE = 32
"""Line alpha from which on a colour is that of the ink."""
BLED = 3
"""Cells by which the painted silhouette may miss the picture's. What lies farther out was not painted: it is flat."""
STEADY = 4
"""Levels by which the flat may change within 3 × 3 cells of a zone."""
LEAST = 24
"""Cells of the smallest zone."""
MISPAINTED = 16
"""Levels by which a painted colour may miss the picture's and still mean it."""
SHOWN = 0.02
"""Share of a zone that has to be seen without shade and strokes for the picture to say its colour."""
ALIKE = 8
"""Levels by which a zone that is not may differ from another one whose colour it takes."""
GRADIENT = 0.5
"""Share of the picture's changes within a zone that the flat has to have too: they are painted, not shade."""

WINDOW = 2
"""Cells to every side that may explain a pixel."""
TRUST = 300.0
"""λ: the variance of a painted colour (squared levels, three channels) over that of a painted alpha."""
AWAY = 8.0
"""Squared levels that a cell costs at a distance of 1."""
MIXED = 200.0
"""Squared levels that a cell costs that belongs to no zone of one colour."""
EVEN = 6
"""Levels by which the cells of a window may differ and need not be told apart."""
OVERLOOKED = 3000.0
"""Squared levels that ink costs where the model has no stroke: one that it overlooked is plain to see."""
FAINT = 16
"""Line alpha up to which the model has no stroke."""
PLAIN = 8
"""Depth of a stroke (L* in 255ths) up to which it is only believed where the model has an alpha of `SOLID`, or close
to where it has that broadly: what is broad has no depth."""
SOLID = 153

NOWHERE, SEEN, SAID = 0, 1, 2
"""Whether a pixel may be of a stroke: no; yes, says the picture; yes, says the model."""

Vectors = npt.NDArray[np.float32]
"""float32 [n, 3], levels."""
Shares = npt.NDArray[np.float32]
"""float32 [n], 0..1."""


def native_guess(layers: Mapping[str, Rgba], source: Rgba) -> RenderingGuess:
    """What painted layers say of `source`, uint8 [h, w, 4] with nothing hidden under alpha 0.

    `layers` has `flat`, `shadow`, `highlight` and `line`, uint8 [a, b, 4] of one size, which need not be the picture's.
    All four are Normal: what a shade's colour is, not what it multiplies with.

    Raises:
        StackError: one of the four is missing, or has another size than the others.
    """
    size = source.shape[:2]
    cells, painted_line = _cells(_checked(layers), source)
    guess = RenderingGuess(source[..., :3].copy(), _resized(painted_line, size), source[..., :3].copy())
    inside = source[..., 3] >= 128
    if not inside.any():
        return guess
    pen = Pen.of(source, longer_side(inside))
    drawn = _drawn(source, inside, painted_line[..., 3], guess.line[..., 3], pen)
    strokes = np.zeros(size, bool)

    def one(rows: slice) -> None:
        strokes[rows], guess.flat[rows] = cells.explain(source, rows, guess.line[rows], drawn[rows])

    over_bands(one, size, BAND)
    _continue_beneath(guess, source, inside, strokes, pen)
    return guess


def _checked(layers: Mapping[str, Rgba]) -> list[Rgba]:
    """The four, bottom → top."""
    if missing := [name for name in BLENDS if name not in layers]:
        raise StackError(f"a painted picture has four layers, and of these there is no {', no '.join(missing)}")
    four = [layers[name] for name in BLENDS]
    if len({layer.shape for layer in four}) > 1:
        sizes = ", ".join(f"{name} {len(layer)} × {layer.shape[1]}" for name, layer in zip(BLENDS, four, strict=True))
        raise StackError(f"painted layers have one size, and these are {sizes} px")
    return four


def _resized(plane: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """A plane, uint8 [a, b, …], at another size: averages on the way down, cubic on the way up."""
    if plane.shape[:2] == size:
        return plane.copy()
    larger = size[0] * size[1] > plane.shape[0] * plane.shape[1]
    how = cv2.INTER_CUBIC if larger else cv2.INTER_AREA
    return np.asarray(cv2.resize(plane, (size[1], size[0]), interpolation=how), np.uint8)


def _cells(four: list[Rgba], source: Rgba) -> tuple[_Cells, Rgba]:
    """What was painted, no larger than the picture, and the line, its ink's colour everywhere."""
    size = min(four[0].shape[0], source.shape[0]), min(four[0].shape[1], source.shape[1])
    seen, cover = _resized(source[..., :3], size), _resized(source[..., 3], size)
    tidy = tidy_line(four[3])
    line = _resized(np.dstack([_spread(tidy, SURE), tidy[..., 3]]), size)
    flat = _spread(four[0], 128)
    base = _resized(_shaded(_shaded(flat, four[1]), four[2]), size)
    flat, painted = _resized(flat, size), _resized(four[0][..., 3], size) >= 128
    shade = base.astype(np.int16) - flat
    elsewhere = nearest(painted)[0] > BLED if painted.any() else ~painted
    flat[elsewhere] = seen[elsewhere]
    bare = (cover == 255) & ~shade.any(axis=2) & (cv2.dilate(line[..., 3], disc(1)) == 0)
    flat, whole = _settled(flat, seen, bare)
    paint = to_uint8(flat.astype(np.float32) + shade)
    box = np.ones((2 * WINDOW + 1, 2 * WINDOW + 1), np.uint8)
    varied = (cv2.dilate(paint, box) - cv2.erode(paint, box)).max(axis=2) > EVEN
    return _Cells(paint, flat, shade, whole, varied), line


def _spread(layer: Rgba, least: int) -> Rgb:
    """The colours of a layer, everywhere that of the nearest pixel with an alpha of at least `least`; black if none."""
    known = layer[..., 3] >= least
    return fill_from(layer[..., :3], known) if known.any() else np.zeros_like(layer[..., :3])


def _shaded(below: Rgb, layer: Rgba) -> Rgb:
    """What a layer without its haze makes of what lies below, opaque."""
    alpha = without_haze(layer[..., 3:])
    under = below.astype(np.float32)
    return to_uint8(under + alpha * (layer[..., :3] - under))


def _settled(flat: Rgb, seen: Rgb, bare: Mask) -> tuple[Rgb, Mask]:
    """The flat, its zones of one colour or of the picture's own gradient, and which cells are of one colour.

    `seen` is the picture, uint8 [a, b, 3]; `bare` says where neither shade nor stroke is on it.
    """
    calm = cv2.medianBlur(flat, 5)
    box = np.ones((3, 3), np.uint8)
    steady = (cv2.dilate(calm, box) - cv2.erode(calm, box)).max(axis=2) <= STEADY
    count, zones, _, _ = cv2.connectedComponentsWithStats(steady.astype(np.uint8), connectivity=4)
    ends = np.cumsum(np.bincount(zones.ravel(), minlength=count))
    groups = np.split(np.argsort(zones, axis=None, kind="stable"), ends[:-1])[1:]

    said = cv2.GaussianBlur(calm, (0, 0), 1.5).reshape(-1, 3).astype(np.float32)
    true = seen.reshape(-1, 3).astype(np.float32)
    shown_at = bare.ravel() & (np.abs(true - said).max(axis=1) <= MISPAINTED)
    out, whole = flat.copy().reshape(-1, 3), np.zeros(flat.shape[:2], bool)
    palette = _Palette()
    for zone in sorted((group for group in groups if len(group) >= LEAST), key=len, reverse=True):
        shown = zone[shown_at[zone]]
        known = len(shown) >= max(8, SHOWN * len(zone))
        colour = palette.take(np.median(true[shown] if known else said[zone], axis=0), ROUNDING if known else ALIKE)
        if known and _is_gradient(said[shown], true[shown]):
            out[zone] = to_uint8(said[zone] + np.median(true[shown] - said[shown], axis=0))
            out[shown] = seen.reshape(-1, 3)[shown]
        else:
            out[zone], whole.ravel()[zone] = to_uint8(colour), True
    return out.reshape(flat.shape), whole


def _is_gradient(said: Vectors, true: Vectors) -> bool:
    """Whether the picture's colours, [n, 3], change, and those painted change with them: slope of their regression.

    Noise of what is painted does not tilt it, since the picture is what it is regressed on.
    """
    change = true - np.median(true, axis=0)
    energy = float(np.square(change).sum())
    return energy > len(true) and float((change * (said - said.mean(axis=0))).sum()) > GRADIENT * energy


class _Palette:
    """Colours of zones; nearly equal ones are one, the first."""

    def __init__(self) -> None:
        self.colours = np.empty((0, 3))

    def take(self, colour: npt.NDArray[np.floating], near: float) -> npt.NDArray[np.float64]:
        """A colour within `near` levels of this one; this one, if there is none yet."""
        alike = np.abs(self.colours - colour).max(axis=1, initial=0) <= near
        if alike.any():
            return np.asarray(self.colours[alike.argmax()])
        self.colours = np.vstack([self.colours, colour])
        return np.asarray(self.colours[-1])


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """What is painted; all [a, b] or [a, b, 3]."""

    paint: Rgb
    """Flat and shade together."""
    flat: Rgb
    shade: npt.NDArray[np.int16]
    """Levels that shadow and highlight add to the flat."""
    whole: Mask
    """Cells of zones of one colour."""
    varied: Mask
    """Cells that have others in their window."""

    def explain(self, source: Rgba, rows: slice, line: Rgba, drawn: npt.NDArray[np.uint8]) -> tuple[Mask, Rgb]:
        """Which pixels of a band of the picture are strokes, bool [rows, w], and the flat, uint8 [rows, w, 3].

        `line` and `drawn` are those of the band: the ink and the alpha it was given, and whether strokes may be there.
        """
        band = source[rows]
        y, x = (
            np.minimum((np.arange(large) + 0.5) * small / large, small - 1).astype(np.int32)
            for large, small in zip(source.shape, self.whole.shape, strict=False)
        )
        y = y[rows]
        unsure = ((drawn != NOWHERE) | self.varied[y[:, None], x]) & (band[..., 3] >= 128)
        row, column = np.nonzero(unsure)
        cell = y[:, None] * np.int32(len(self.whole[0])) + x
        alpha = np.zeros(unsure.shape, np.float32)
        alpha[unsure], cell[unsure] = self._best(band[unsure, :3], line[unsure], drawn[unsure], y[row], x[column])
        flat = self.flat.reshape(-1, 3)[cell]
        free = ~self.whole.ravel()[cell]
        flat[free] = np.clip(band[free, :3].astype(np.int16) - self.shade.reshape(-1, 3)[cell[free]], 0, 255)
        return alpha >= INKED / 255, flat

    def _best(
        self,
        target: Rgb,
        line: npt.NDArray[np.uint8],
        drawn: npt.NDArray[np.uint8],
        y: npt.NDArray[np.int32],
        x: npt.NDArray[np.int32],
    ) -> tuple[Shares, npt.NDArray[np.int32]]:
        """The ink on `n` pixels, and the cell below it that together explain them best."""
        height, width = self.whole.shape
        seen, ink = target.astype(np.float32), line[:, :3].astype(np.float32)
        prior = np.where(drawn == SAID, line[:, 3] / np.float32(255), np.float32(0))
        extra = np.where(drawn == SEEN, np.float32(OVERLOOKED), np.float32(0))
        extra[drawn == NOWHERE] = np.inf
        best, alpha = np.full(len(seen), np.inf, np.float32), np.zeros(len(seen), np.float32)
        cell = np.zeros(len(seen), np.int32)
        reach = range(-WINDOW, WINDOW + 1)
        for dy, dx in sorted(((dy, dx) for dy in reach for dx in reach), key=lambda step: step[0] ** 2 + step[1] ** 2):
            at = np.clip(y + dy, 0, height - 1) * np.int32(width) + np.clip(x + dx, 0, width - 1)
            below = self.paint.reshape(-1, 3)[at].astype(np.float32)
            cover = _cover(seen, below, ink, prior)
            cost = _unlike(seen, below + cover[:, None] * (ink - below)) + TRUST * (cover - prior) ** 2 + extra
            without = _unlike(seen, below) + TRUST * prior * prior
            cover[without <= cost] = 0
            cost = np.minimum(cost, without) + AWAY * (dy * dy + dx * dx) + MIXED * ~self.whole.ravel()[at]
            closer = cost < best
            best[closer], alpha[closer], cell[closer] = cost[closer], cover[closer], at[closer]
        return alpha, cell


def _cover(seen: Vectors, below: Vectors, ink: Vectors, prior: Shares) -> Shares:
    """How much ink over what lies below makes what is seen: the least squares of the module's third step."""
    stroke = ink - below
    shown = np.einsum("nc,nc->n", seen - below, stroke) + TRUST * prior
    return np.asarray(np.clip(shown / (np.einsum("nc,nc->n", stroke, stroke) + TRUST), 0, 1), np.float32)


def _unlike(a: Vectors, b: Vectors) -> npt.NDArray[np.float32]:
    """Squared levels between colours, float32 [n]."""
    difference = a - b
    return np.asarray(np.einsum("nc,nc->n", difference, difference))


def _drawn(
    source: Rgba, inside: Mask, painted: npt.NDArray[np.uint8], alpha: npt.NDArray[np.uint8], pen: Pen
) -> npt.NDArray[np.uint8]:
    """`NOWHERE`, `SEEN` or `SAID` of every pixel; `painted` is the model's line alpha by cells, `alpha` by pixels."""
    box = np.ones((3, 3), np.uint8)
    near = (cv2.dilate(painted, box) > FAINT).astype(np.uint8)
    broad = cv2.dilate(cv2.erode((painted >= SOLID).astype(np.uint8), box), box, iterations=2)
    size = inside.shape[1], inside.shape[0]
    said, sure = (cv2.resize(cells, size, interpolation=cv2.INTER_NEAREST) > 0 for cells in (near, broad))
    sure |= alpha >= SOLID
    drawn = np.full(inside.shape, NOWHERE, np.uint8)
    for inner, outer, part in bands(len(drawn), ROWS, halo=pen.halo):
        depth = cv2.dilate(stroke_depth(source[outer][..., :3], inside[outer], pen), disc(1))[part]
        drawn[inner][depth > HIGH] = SEEN
        drawn[inner][said[inner] & ((depth > PLAIN) | sure[inner])] = SAID
    return drawn


def _continue_beneath(guess: RenderingGuess, source: Rgba, inside: Mask, strokes: Mask, pen: Pen) -> None:
    """Carry base and flat on under strokes from the same pixels beside them, and solve the alphas over that; in place.

    Of two different pixels, base and flat would leave dark specks.
    """
    for inner, outer, part in bands(len(inside), ROWS, halo=2 * pen.halo):
        paper = inside[outer] & ~strokes[outer]
        if paper.any():
            hidden = ~paper[part]
            beside = nearest(paper)[1][part][hidden]
            guess.flat[inner][hidden] = guess.flat[outer].reshape(-1, 3)[beside]
            guess.base[inner][hidden] = source[outer].reshape(-1, 4)[beside, :3]
        drawn, alpha = strokes[inner], guess.line[inner][..., 3]
        seen, below, ink = (plane[inner][drawn, :3].astype(np.float32) for plane in (source, guess.base, guess.line))
        solved = _cover(seen, below, ink, np.asarray(alpha[drawn] / 255, np.float32))
        alpha[~drawn] = 0
        alpha[drawn] = to_uint8(255 * solved)
