"""The closed-form solve: whatever a model guesses, the four layers flatten to the source exactly.

Stack, bottom → top: flat (Normal) → shadow (Multiply) → highlight (Screen) → line (Normal). Over an opaque flat `F`
any 8-bit value `B` is reached exactly per channel, with any alpha `a` that is large enough:

    B ≤ F:  m = 1 − (1 − B/F) / a              F·(1 − a·(1 − m))  rounds to B
    B > F:  s = (B − F) / (1 − F) / a          F + a·s·(1 − F)    rounds to B

because rounding `m` (or `s`) to 8 bit moves the result by at most ½·a·F (or ½·a·(1 − F)) levels. The alpha is free, so
it is spent on what a painter expects: the strength of the shade, its colour being the tint (`DEPTH`). A soft line of
alpha `a` and colour `L` lies over that, `I = a·L + (1 − a)·B`: the residual of the guess is shared between `L` and `B`
by least squares, `B` is rounded, then `L` is solved for it. Each such pixel is checked under both habits of PSD readers
(rounding once at the end, and rounding after every layer) and made more opaque until it passes both.

Multiply and Screen over a half-covered backdrop would change alpha, so the soft silhouette has no shade of its own:
there the flat carries the colour, and where the guess says line, flat and line share the cover
`A = Af + Al − Af·Al` and the line's colour is solved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from animelayers.color import to_uint8
from animelayers.errors import StackError
from animelayers.raster import over_bands
from animelayers.stack import Blend, Layer, LayerStack, Provenance, Rgba

Rgb = npt.NDArray[np.uint8]
"""uint8 [h, w, 3], sRGB."""

BLENDS = {"flat": Blend.NORMAL, "shadow": Blend.MULTIPLY, "highlight": Blend.SCREEN, "line": Blend.NORMAL}
"""The layers of a solved stack, bottom → top."""

FAINT, FULL = 2, 253
"""Line alphas up to `FAINT` become 0 and from `FULL` on 255, before solving: nobody wants almost-nothing pixels."""

DEPTH = 0.5
"""How far a shade of full alpha moves a channel, 0..1. A shade weaker than this varies in alpha and keeps its colour,
a stronger one is opaque and varies in colour."""

THINNEST = 16
"""Smallest alpha of a shade: tools that sweep up almost-transparent dust must not sweep up the exactness."""

ROUNDING = 2
"""Levels by which a backdrop may miss the flat and still be meant to be it."""

ROWS = 256


@dataclass(frozen=True, slots=True, eq=False)
class RenderingGuess:
    """What a rendering model has to say; the solve does the rest."""

    flat: Rgb
    """uint8 [h, w, 3]: the local colour everywhere, under lines too."""
    line: Rgba
    """uint8 [h, w, 4], straight alpha: the strokes."""
    base: Rgb
    """uint8 [h, w, 3]: the picture without its lines; only its values under soft and full lines matter."""


def exact_stack(source: Rgba, guess: RenderingGuess, provenance: Provenance | None = None) -> LayerStack:
    """Four layers that flatten to `source`, uint8 [h, w, 4], with error 0.

    Raises:
        StackError: the guess does not have the size of the source.
    """
    return _stack(_solve, source, guess, provenance)


def unsolved_stack(source: Rgba, guess: RenderingGuess, provenance: Provenance | None = None) -> LayerStack:
    """The layers as the guess means them, with nothing solved: they flatten to what it says of the picture.

    Only the silhouette is that of `source`, uint8 [h, w, 4], since no model guesses it: where it is soft, flat and line
    share its alpha, and the flat has the colour of the base.

    Raises:
        StackError: the guess does not have the size of the source.
    """
    return _stack(_as_meant, source, guess, provenance)


def _stack(
    layered: Callable[[Rgba, Rgb, Rgba, Rgb], tuple[Rgba, ...]],
    source: Rgba,
    guess: RenderingGuess,
    provenance: Provenance | None,
) -> LayerStack:
    """The stack that `layered` makes of source, flat, line and base, band by band."""
    height, width = source.shape[:2]
    for name, plane in (("flat", guess.flat), ("line", guess.line), ("base", guess.base)):
        if plane.shape[:2] != (height, width):
            raise StackError(f"the {name} is {plane.shape[0]} × {plane.shape[1]} px, the source {height} × {width}")
    sheets = {name: np.zeros((height, width, 4), np.uint8) for name in BLENDS}

    def one(rows: slice) -> None:
        made = layered(source[rows], guess.flat[rows], guess.line[rows], guess.base[rows])
        for sheet, part in zip(sheets.values(), made, strict=True):
            sheet[rows] = part

    over_bands(one, (height, width), ROWS)
    layers = tuple(Layer(name, sheet, blend=BLENDS[name]) for name, sheet in sheets.items())
    return LayerStack(height, width, layers, provenance)


def shade(flat: Rgb, base: Rgb) -> tuple[Rgba, Rgba]:
    """The Multiply and Screen pixels that carry an opaque `flat` to `base`, both uint8 [..., 3], exactly.

    Returns uint8 [..., 4] each: neutral (white, black) in every channel where the other acts, alpha 0 where all are.
    """
    f, b = flat.astype(np.float32), base.astype(np.float32)
    darker = np.where(b < f, 1 - b / np.maximum(f, 1), 0)
    lighter = np.where(b > f, (b - f) / np.maximum(255 - f, 1), 0)
    shadow, shadow_alpha = _tint(darker)
    highlight, highlight_alpha = _tint(lighter)
    return _sheet(255 - shadow, shadow_alpha), _sheet(highlight, highlight_alpha)


def _tint(strength: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Colour uint8 [..., 3] and alpha uint8 [...] whose product is `strength`, float [..., 3] in 0..1."""
    strongest = strength.max(axis=-1)
    alpha = np.clip(np.round(strongest * np.float32(255 / DEPTH)), THINNEST, 255) * (strongest > 0)
    colour = strength * 255 * (255 / np.maximum(alpha, 1))[..., None]
    return to_uint8(colour), alpha.astype(np.uint8)


def _shaded(flat: Rgb, shadow: Rgba, highlight: Rgba) -> npt.NDArray[np.float64]:
    """Flat under shadow and highlight, in unrounded levels."""
    f = flat.astype(np.float64)
    dark = (255.0 - shadow[..., :3]) * shadow[..., 3:]
    light = 1.0 * highlight[..., :3] * highlight[..., 3:]
    return f - f * dark / 65025 + (255 - f) * light / 65025


def _solve(source: Rgba, flat: Rgb, line: Rgba, base: Rgb) -> tuple[Rgba, Rgba, Rgba, Rgba]:
    """Flat, shadow, highlight and line of one band."""
    rgb, cover = source[..., :3], source[..., 3]
    opaque = cover == 255
    alpha = np.where(line[..., 3] <= FAINT, 0, np.where(line[..., 3] >= FULL, 255, line[..., 3])).astype(np.uint8)
    alpha[~opaque] = 0

    ink = rgb.copy()
    under = np.where(alpha[..., None] == 255, base, rgb)
    soft = (alpha > 0) & (alpha < 255)
    if soft.any():
        alpha[soft], ink[soft], under[soft] = _soft(rgb[soft], flat[soft], line[soft, :3], alpha[soft], base[soft])
    shadow, highlight = shade(flat, under)
    shadow[~opaque] = highlight[~opaque] = 0

    rim = (cover > 0) & ~opaque
    colour, ground = np.where(rim[..., None], rgb, flat), cover.copy()
    rim &= line[..., 3] >= 64
    if rim.any():
        shared = _rim(rgb[rim], cover[rim], flat[rim], line[rim, 3])
        colour[rim], ground[rim], ink[rim], alpha[rim] = shared
    return _sheet(colour, ground), shadow, highlight, _sheet(ink, alpha)


def _as_meant(source: Rgba, flat: Rgb, line: Rgba, base: Rgb) -> tuple[Rgba, Rgba, Rgba, Rgba]:
    """Flat, shadow, highlight and line of one band, unsolved; nothing is where the source is transparent."""
    cover = source[..., 3]
    opaque = cover == 255
    shadow, highlight = shade(flat, base)
    shadow[~opaque] = highlight[~opaque] = 0
    alpha = to_uint8(line[..., 3] * (cover / np.float32(255)))
    uncovered = (cover.astype(np.float32) - alpha) / np.maximum(255 - alpha.astype(np.float32), 1)
    ground = np.where(opaque, cover, to_uint8(255 * uncovered))
    return _sheet(np.where(opaque[..., None], flat, base), ground), shadow, highlight, _sheet(line[..., :3], alpha)


def _soft(
    target: Rgb, flat: Rgb, ink: Rgb, alpha: npt.NDArray[np.uint8], base: Rgb
) -> tuple[npt.NDArray[np.uint8], Rgb, Rgb]:
    """Alpha, colour and backdrop of soft line pixels, each [n] or [n, 3], such that they composite to `target`.

    A stroke too thin to explain its pixel is made thicker until it does, or dropped where it should have lightened.
    """
    colour, under = target.copy(), target.copy()
    left = np.arange(len(target))
    alpha = alpha.copy()
    while left.size:
        found, below, solved = explain(target[left], flat[left], ink[left], alpha[left], base[left])
        colour[left[found]], under[left[found]] = solved[found], below[found]
        left = left[~found]
        lighter = target[left].sum(axis=1, dtype=np.int64) > base[left].sum(axis=1, dtype=np.int64)
        thicker = alpha[left] + (256 - alpha[left].astype(np.int64)) // 2
        alpha[left] = np.where(lighter, 0, thicker)
        under[left[~lighter]] = base[left[~lighter]]  # holds where the stroke ends up opaque
        left = left[(alpha[left] > 0) & (alpha[left] < 255)]
    return alpha, colour, under


def explain(
    target: Rgb, flat: Rgb, ink: Rgb, alpha: npt.NDArray[np.uint8], base: Rgb
) -> tuple[npt.NDArray[np.bool_], Rgb, Rgb]:
    """Whether something of colour `ink` and of `alpha`, uint8 [n], explains the target, what it then needs as an opaque
    backdrop, and which colour; all colours uint8 [n, 3].

    `base` is what the backdrop is thought to be, `flat` what a shade of it starts from: the same where there is none.
    A backdrop that would differ from the flat by rounding alone is the flat: nobody shades by one level.
    """
    a = alpha[:, None] / np.float64(255)
    residual = target - (a * ink + (1 - a) * base)
    under = to_uint8(base + (1 - a) * residual / (a * a + (1 - a) ** 2))
    rounding = np.abs(under.astype(np.int16) - flat).max(axis=1, keepdims=True) <= ROUNDING
    found, solved = _inked(target, flat, np.where(rounding, flat, under), a)
    again = ~found & rounding[:, 0]
    if again.any():
        found[again], solved[again] = _inked(target[again], flat[again], under[again], a[again])
    return found, np.where((rounding[:, 0] & ~again)[:, None], flat, under), solved


def _inked(target: Rgb, flat: Rgb, under: Rgb, a: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.bool_], Rgb]:
    """Whether a line of alpha `a`, [n, 1], over `under` can be the target, and its colour."""
    unrounded = _shaded(flat, *shade(flat, under))
    solved = to_uint8((target - (1 - a) * (under + unrounded) / 2) / a)
    off = np.maximum(*(np.abs(a * solved + (1 - a) * below - target) for below in (under, unrounded)))
    return off.max(axis=1) < 0.499, solved


def _rim(
    target: Rgb, cover: npt.NDArray[np.uint8], flat: Rgb, share: npt.NDArray[np.uint8]
) -> tuple[Rgb, npt.NDArray[np.uint8], Rgb, npt.NDArray[np.uint8]]:
    """Colour and alpha of flat and of line where both make up a half-covered pixel; `share` is the line's part.

    As much flat as the equations allow, so that hiding the line opens no gap; at worst one of them has it all.
    """
    whole = share >= 128
    ground, alpha = np.where(whole, 0, cover).astype(np.uint8), np.where(whole, cover, 0).astype(np.uint8)
    colour, ink = target.copy(), target.copy()
    a = cover / np.float64(255)
    for part in (1.0, 0.98, 0.95, 0.9, 0.8):
        al = np.clip(np.floor(255 * a * (share / 255) * part + 0.5), 1, cover) / 255
        af = np.floor(255 * (a - al) / np.maximum(1 - al, 1e-9) + 0.5) / 255
        ar = al + af - al * af
        under = ((1 - al) * af)[:, None] * flat
        solved = to_uint8((target * ar[:, None] - under) / al[:, None])
        off = np.abs((under + al[:, None] * solved) / ar[:, None] - target).max(axis=1)
        good = (off < 0.499) & (np.abs(255 * ar - cover) < 0.499) & (af > 0)
        ground[good], alpha[good] = (255 * af[good] + 0.5).astype(np.uint8), (255 * al[good] + 0.5).astype(np.uint8)
        colour[good], ink[good] = flat[good], solved[good]
    return colour, ground, ink, alpha


def _sheet(rgb: Rgb, alpha: npt.NDArray[np.uint8]) -> Rgba:
    """Colour and alpha as one sheet, nothing hidden under alpha 0."""
    sheet = np.concatenate([rgb, alpha[..., None]], axis=-1)
    sheet[alpha == 0] = 0
    return sheet
