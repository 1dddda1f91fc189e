"""Both modes joined: every piece as a group of its own flat, shadow, highlight and line.

Where a piece is seen it is painted as the picture is, and a rendering model has said how. Where it is hidden there is
only what completion made of it: strokes are sought on the piece's own sheet, and its flats are those of its seen part,
chosen by colour.

Every piece is solved by itself (`rendering.solve`), so that its four layers alone are the piece. Groups pass through:
a shade acts on whatever lies below. So it is only where the piece's own flat is opaque and nothing below counts.
Through soft edges two pieces are seen at once, and the halves of a level that remain of each solve add up. The few
pixels where that shows are given to one layer of each piece, which leaves nothing to round.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.anatomy.parting import DUST
from animelayers.color import to_lab
from animelayers.composite import flatten
from animelayers.errors import StackError
from animelayers.raster import Mask, longer_side, overlap, tight_box, trimmed
from animelayers.rendering.solve import BLENDS, RenderingGuess, Rgb, exact_stack
from animelayers.rendering.strokes import Pen, fill_from, find_strokes
from animelayers.stack import Blend, Layer, LayerStack, Rgba

SAME = 5.0
"""Flats closer than this (CIE76 ΔE) are one."""

FAR = 30.0
"""A hidden colour further than this (CIE76 ΔE, lightness counting half) from every flat that is seen is no shade of
one: it has a flat of its own."""

RARE = 0.004
"""Share of a piece below which a colour is no flat of it."""

RARITY = 240.0
"""By how much (squared ΔE) a flat must be liker than one that is e times as common, to be taken: what is hidden is more
often a shade of what there is much of than another spot of what there is little of."""

FEW = 50
"""Seen pixels below which they say nothing of the flats of a piece."""

SAMPLES, COLOURS = 20_000, 24
"""Pixels that a palette is made of, and the most flats that it has."""


ROW = 1024
"""Pixels of a piece are solved in rows of so many, wherever they lie."""

Sheets = dict[str, Rgba]
"""Rendering layer → its pixels, uint8 [h, w, 4] of the piece's own size."""

Pixels = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""Rows and columns."""

Shares = npt.NDArray[np.float32]
"""float32 [k], 0..1."""


def separated(parts: LayerStack, guess: RenderingGuess) -> LayerStack:
    """Every piece of `parts`, bottom → top, as a group of its name: flat, shadow, highlight and line.

    Alone, the four of a group flatten to the piece; all together they flatten to what `parts` flatten to. Both exactly.

    Args:
        parts: Normal layers, visible and at full opacity, each complete behind what covers it.
        guess: how the picture that they flatten to is painted.

    Raises:
        StackError: a layer is of another kind, or the guess of another size.
    """
    _check(parts, guess)
    picture = flatten(parts)
    pen = Pen.of(picture, longer_side(picture[..., 3] >= 128))

    def sheets_of(piece: Layer, seen: Mask) -> Sheets:
        return _solved(piece.rgba, _own_guess(piece, seen, guess, pen))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        sheets = list(pool.map(sheets_of, parts, _seen(parts)))
    _correct(parts, sheets, picture)
    layers = (
        _tight(Layer(name, rgba, piece.top, piece.left, BLENDS[name], group=(*piece.group, piece.name)))
        for piece, own in zip(parts, sheets, strict=True)
        for name, rgba in own.items()
    )
    return parts.replace(layers=tuple(layers))


def _check(parts: LayerStack, guess: RenderingGuess) -> None:
    for layer in parts:
        if layer.blend is not Blend.NORMAL or layer.opacity != 1 or not layer.visible:
            raise StackError(
                f"{layer.path!r} is {layer.blend}, at {layer.opacity:.0%}{'' if layer.visible else ', hidden'}",
                hint="pieces are visible Normal layers at 100 %",
            )
    if guess.flat.shape[:2] != parts.size:
        height, width = guess.flat.shape[:2]
        raise StackError(f"the rendering is {height} × {width} px, the parts {parts.height} × {parts.width}")


def _seen(parts: LayerStack) -> list[Mask]:
    """Of every layer, on its own sheet, where it is painted on the canvas and no paint lies above."""
    covered = np.zeros(parts.size, bool)
    out = []
    for layer in reversed(parts.layers):
        here, part = overlap(layer, parts.size)
        paint = layer.rgba[..., 3] > 0
        seen = np.zeros_like(paint)
        seen[part] = paint[part] & ~covered[here]
        covered[here] |= paint[part]
        out.append(seen)
    return out[::-1]


def _own_guess(layer: Layer, seen: Mask, guess: RenderingGuess, pen: Pen) -> RenderingGuess:
    """How a piece is painted, on its own sheet: as the picture where it is seen, by its own strokes elsewhere."""
    rgb, alpha = layer.rgba[..., :3], layer.rgba[..., 3]
    own = RenderingGuess(flat=rgb.copy(), line=np.zeros_like(layer.rgba), base=rgb.copy())
    here, part = overlap(layer, guess.flat.shape[:2])
    for plane, whole in ((own.flat, guess.flat), (own.line, guess.line), (own.base, guess.base)):
        np.copyto(plane[part], whole[here], where=seen[part][..., None])
    hidden = (alpha > 0) & ~seen
    if not hidden.any():
        return own
    window = _around(hidden, pen.halo)
    behind, cover = hidden[window], alpha[window]
    found = find_strokes(fill_from(rgb[window], cover > 0), cover, cover >= 128, pen)
    palette, share = _palette(own.flat[seen & (alpha == 255)], found.base[behind])
    likest, _ = _likest(found.base, palette, share)
    flat = palette[_agreed(likest, cover > 0, 2 * pen.widest)]
    for plane, made in ((own.flat, flat), (own.line, found.line), (own.base, found.base)):
        np.copyto(plane[window], made, where=behind[..., None])
    return own


def _around(mask: Mask, margin: int) -> tuple[slice, slice]:
    """Rows and columns of the tight box of a mask, `margin` px larger where there is room."""
    top, left, bottom, right = tight_box(mask)
    return slice(max(0, top - margin), bottom + margin), slice(max(0, left - margin), right + margin)


def _palette(seen: Rgb, hidden: Rgb) -> tuple[Rgb, Shares]:
    """The flats of a piece, uint8 [k, 3], and how common they are: those of its seen pixels and, as if they were
    everywhere, what of its hidden ones is far from them all.

    Args:
        seen: uint8 [n, 3], flats where it is seen.
        hidden: uint8 [m, 3], m > 0, paint without strokes where it is not.
    """
    own = _common(hidden)
    if len(seen) < FEW:
        return own
    palette, share = _common(seen)
    _, unlike = _likest(own[0][None], palette, np.ones_like(share))
    far = own[0][unlike[0] > FAR * FAR]
    return np.concatenate([palette, far]), np.concatenate([share, np.ones(len(far), np.float32)])


def _common(colours: Rgb) -> tuple[Rgb, Shares]:
    """The commonest colours of [n, 3], uint8 [k, 3], k > 0, and their shares; what is nearly one counts as it."""
    some = colours[:: max(1, len(colours) // SAMPLES)].astype(np.int64)
    packed, count = np.unique(some @ (1 << 16, 1 << 8, 1), return_counts=True)
    first = np.argsort(-count, kind="stable")[: 10 * COLOURS]
    packed, count = packed[first], count[first]
    rgb = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=1).astype(np.uint8)
    lab = to_lab(rgb[None])[0]
    weight: dict[int, int] = {}
    for place, colour in enumerate(lab):
        kept = list(weight)
        away = np.linalg.norm(lab[kept] - colour, axis=1)
        like = kept[int(away.argmin())] if kept and away.min() < SAME else place
        weight[like] = weight.get(like, 0) + int(count[place])
    ranked = sorted(weight, key=lambda place: -weight[place])
    kept = [place for place in ranked if weight[place] >= RARE * len(some)][:COLOURS] or ranked[:1]
    return rgb[kept], np.array([weight[place] / len(some) for place in kept], np.float32)


def _likest(rgb: Rgb, palette: Rgb, share: Shares) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """The likest flat of every pixel of [h, w, 3], uint8 [h, w], and its squared ΔE with what its rarity adds.

    Lightness, which shades change most, counts half.
    """
    weights = np.array([0.5, 1, 1], np.float32)
    lab, flats = to_lab(rgb) * weights, to_lab(palette[None])[0] * weights
    label, least = np.zeros(rgb.shape[:2], np.uint8), np.full(rgb.shape[:2], np.inf, np.float32)
    for flat, (colour, rarity) in enumerate(zip(flats, -RARITY * np.log(share), strict=True)):
        away = lab - colour
        unlike = np.einsum("hwc,hwc->hw", away, away) + rarity
        label[unlike < least] = flat
        np.minimum(least, unlike, out=least)
    return label, least


def _agreed(label: npt.NDArray[np.uint8], paint: Mask, reach: int) -> npt.NDArray[np.uint8]:
    """At every pixel the label that most of the paint within `reach` px has, uint8 [h, w]."""
    out, most = label.copy(), np.zeros(label.shape, np.float32)
    for one in np.unique(label[paint]):
        votes = cv2.boxFilter(((label == one) & paint).astype(np.float32), -1, (2 * reach + 1, 2 * reach + 1))
        out[votes > most] = one
        np.maximum(most, votes, out=most)
    return out


def _solved(rgba: Rgba, guess: RenderingGuess) -> Sheets:
    """The four layers of a piece; only its painted pixels are worked on."""
    paint = rgba[..., 3] > 0
    count = int(np.count_nonzero(paint))
    if not count:
        return {name: np.zeros_like(rgba) for name in BLENDS}
    rows = -(-count // ROW)

    def packed(plane: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        out = np.zeros((rows * ROW, plane.shape[2]), np.uint8)
        out[:count] = plane[paint]
        return out.reshape(rows, ROW, -1)

    stack = exact_stack(packed(rgba), RenderingGuess(packed(guess.flat), packed(guess.line), packed(guess.base)))
    sheets = {layer.name: np.zeros_like(rgba) for layer in stack}
    for layer in stack:
        sheets[layer.name][paint] = layer.rgba.reshape(-1, 4)[:count]
    # Where line and flat share a soft rim, here one has all of a pixel, there the other: no flat lies about in specks.
    dust = _specks(sheets["flat"]) & ~_specks(rgba)
    sheets["line"][dust] = rgba[dust]
    for name in ("flat", "shadow", "highlight"):
        sheets[name][dust] = 0
    return sheets


def _specks(rgba: Rgba) -> Mask:
    """Connected areas of fewer than `DUST` pixels."""
    _, area, stats, _ = cv2.connectedComponentsWithStats((rgba[..., 3] > 0).astype(np.uint8), connectivity=8)
    small = stats[:, cv2.CC_STAT_AREA] < DUST
    small[0] = False
    return np.asarray(small[area])


def _correct(parts: LayerStack, sheets: list[Sheets], picture: Rgba) -> None:
    """Let the layers of all pieces together be the picture, in place."""
    wrong = _soft(parts)
    for fullest in (254, 255):  # most often a soft piece is the cause, else also what shows through it
        wrong = _wrong(parts, sheets, picture, wrong)
        rows, columns = wrong
        for piece, own in reversed(list(zip(parts, sheets, strict=True))):
            alpha = _at((rows, columns), piece, piece.rgba)[:, 3]
            _give_to_one(piece, own, (rows[alpha <= fullest], columns[alpha <= fullest]))
            rows, columns = rows[alpha < 255], columns[alpha < 255]


def _soft(parts: LayerStack) -> Pixels:
    """The pixels at which some piece is neither opaque nor absent; elsewhere the topmost one is all that is seen."""
    soft = np.zeros(parts.size, bool)
    for piece in parts:
        here, part = overlap(piece, parts.size)
        alpha = piece.rgba[part][..., 3]
        soft[here] |= (alpha > 0) & (alpha < 255)
    rows, columns = (np.asarray(axis, np.int64) for axis in np.nonzero(soft))
    return rows, columns


def _wrong(parts: LayerStack, sheets: list[Sheets], picture: Rgba, pixels: Pixels) -> Pixels:
    """Of some pixels those at which the layers of all pieces miss the picture, under either habit of PSD readers."""
    rows, columns = pixels
    if not len(rows):
        return pixels
    layers = [
        Layer(f"{place} {name}", _at(pixels, piece, rgba)[None], blend=BLENDS[name])
        for place, (piece, own) in enumerate(zip(parts, sheets, strict=True))
        for name, rgba in own.items()
    ]
    row = LayerStack(1, len(rows), tuple(layers))
    stepwise = np.zeros((*row.size, 4), np.uint8)
    for layer in row:  # some readers round once, at the end, others after every layer
        stepwise = flatten(row.replace(layers=(Layer("below", stepwise), layer)))
    off = (flatten(row) != picture[pixels]) | (stepwise != picture[pixels])
    missed = off[0].any(axis=1)
    return rows[missed], columns[missed]


def _inside(pixels: Pixels, piece: Layer) -> tuple[Mask, Pixels]:
    """Which pixels of the canvas lie on the sheet of a piece, and where on it."""
    rows, columns = pixels[0] - piece.top, pixels[1] - piece.left
    inside = (rows >= 0) & (rows < piece.height) & (columns >= 0) & (columns < piece.width)
    return inside, (rows[inside], columns[inside])


def _at(pixels: Pixels, piece: Layer, rgba: Rgba) -> npt.NDArray[np.uint8]:
    """What a sheet of a piece has at some pixels of the canvas, uint8 [n, 4]; nothing beyond it."""
    inside, own = _inside(pixels, piece)
    out = np.zeros((len(inside), 4), np.uint8)
    out[inside] = rgba[own]
    return out


def _give_to_one(piece: Layer, sheets: Sheets, pixels: Pixels) -> None:
    """At some pixels of the canvas let the line alone make up the piece, or else the flat alone; in place."""
    _, there = _inside(pixels, piece)
    rgba = piece.rgba[there] * (piece.rgba[there][:, 3:] > 0)
    inked = sheets["line"][there][:, 3:] > rgba[:, 3:] // 2
    beneath = inked & (rgba[:, 3:] == 255)
    sheets["line"][there] = rgba * inked
    sheets["flat"][there] = np.where(inked, sheets["flat"][there] * beneath, rgba)
    for shade in ("shadow", "highlight"):
        sheets[shade][there] *= beneath


def _tight(layer: Layer) -> Layer:
    """Cut to its paint, and free of the sheet that it was cut from."""
    cut = trimmed(layer)
    return cut.replace(rgba=cut.rgba.copy())
