"""What can be said of rendering layers without knowing the truth.

Each probe is a number that a bad decomposition cannot hide: a flat that still holds lines, a line layer that took
colour with it, a patchwork of flats where the picture has no edge. They compare engines on one picture, not pictures.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from animelayers.color import to_lab
from animelayers.composite import flatten, max_error, on_canvas
from animelayers.errors import StackError
from animelayers.parts import RENDERING
from animelayers.raster import Mask, longer_side
from animelayers.rendering.solve import Rgb
from animelayers.rendering.strokes import Pen, fill_from, stroke_depth
from animelayers.stack import LayerStack, Rgba

HAZE = 16
"""Alphas 1..16 of 255: there, but hardly to be seen."""

LEAK = 10.0
"""A line pixel this close (CIE76 ΔE) to the flat beneath it is flat colour that leaked."""

EDGE = 3.0
"""A colour step (CIE76 ΔE) below this is no edge that anybody sees."""


@dataclass(frozen=True, slots=True)
class Probes:
    """Shares are 0..1."""

    max_error: int
    """Largest difference of the flattened stack from the source, 8-bit levels; 0 is exact."""
    flat_colours: int
    """How many colours hold 99 % of the flat's opaque area; fewer is flatter."""
    flat_line_energy: float
    """Thin dark structure left in the flat, as a share of that in the source; 0 is a clean flat."""
    flat_seams: float
    """Share of the borders between flats that lie where the source has neither line nor edge; 0 is no patchwork."""
    line_leak: float
    """Share of the line layer's opacity whose colour is that of the flat beneath; 0 is clean line art."""
    line_cover: float
    """Opacity of the line layer over the figure's area."""
    shadow_darkens: float
    """Share of the figure's opaque pixels that the shadow layer darkens visibly (by more than 2 levels)."""
    highlight_brightens: float
    """Share of the figure's opaque pixels that the highlight layer brightens visibly (by more than 2 levels)."""
    haze: float
    """Share of all pixels that shadow, highlight and line cover at all, but with an alpha of at most 16 of 255."""

    def as_dict(self) -> dict[str, int | float]:
        """Fields by name, in declaration order."""
        return asdict(self)


def probe(stack: LayerStack, source: Rgba) -> Probes:
    """Probe a rendering stack against its `source`, uint8 [h, w, 4].

    Raises:
        StackError: a rendering layer is missing, or a layer does not have the canvas's size.
    """
    sheets = {term.name: _sheet(stack, term.name) for term in RENDERING}
    opaque = source[..., 3] == 255
    figure = max(1, int(np.count_nonzero(opaque)))
    flat, line = sheets["flat"], sheets["line"]
    shaded = flatten(stack.replace(layers=(stack["flat"], stack["shadow"])))[..., :3].astype(np.int16)
    lit = flatten(stack.replace(layers=(stack["flat"], stack["shadow"], stack["highlight"])))[..., :3].astype(np.int16)
    return Probes(
        max_error=max_error(stack, source),
        flat_colours=_colours(flat[opaque][:, :3], 0.99),
        flat_line_energy=_line_energy(flat[..., :3], source),
        flat_seams=_seams(flat[..., :3], source[..., :3], opaque, line[..., 3] == 0),
        line_leak=_leak(line, flat),
        line_cover=int(line[..., 3].sum(dtype=np.int64)) / 255 / max(1, int(np.count_nonzero(source[..., 3]))),
        shadow_darkens=int(np.count_nonzero((flat[..., :3] - shaded).max(axis=2)[opaque] > 2)) / figure,
        highlight_brightens=int(np.count_nonzero((lit - shaded).max(axis=2)[opaque] > 2)) / figure,
        haze=_haze([sheets[name] for name in ("shadow", "highlight", "line")]),
    )


def _sheet(stack: LayerStack, name: str) -> Rgba:
    """A layer's pixels on the whole canvas."""
    try:
        layer = stack[name]
    except KeyError as error:
        raise StackError(
            f"not a rendering stack: {error.args[0]}", hint="animelayers decompose --mode rendering"
        ) from None
    bottom, right = layer.top + layer.height, layer.left + layer.width
    if layer.top < 0 or layer.left < 0 or bottom > stack.height or right > stack.width:
        raise StackError(f"layer {name!r} reaches beyond the canvas")
    return on_canvas(layer, stack.size)


def _colours(rgb: npt.NDArray[np.uint8], share: float) -> int:
    """How many of the most frequent colours of `rgb`, [n, 3], it takes to hold `share` of the pixels."""
    if rgb.size == 0:
        return 0
    code = rgb.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    votes = np.sort(np.unique(code, return_counts=True)[1])[::-1]
    return int(np.searchsorted(np.cumsum(votes), share * len(rgb))) + 1


def _line_energy(flat: Rgb, source: Rgba) -> float:
    """Thin dark structure of the flat over that of the source; colours go on outside, so that no limb looks thin."""
    inside = source[..., 3] >= 128
    if not inside.any():
        return 0.0
    pen = Pen.of(source, longer_side(inside))
    everywhere = np.ones_like(inside)
    left_over, whole = (
        int(stroke_depth(fill_from(rgb, inside), everywhere, pen)[inside].sum(dtype=np.int64))
        for rgb in (flat, source[..., :3])
    )
    return left_over / max(whole, 1)


def _seams(flat: Rgb, source: Rgb, opaque: Mask, bare: Mask) -> float:
    """Share of flat borders that no line covers and no edge of the source explains."""
    lab = to_lab(source)
    borders = seams = 0
    for here, there in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[1:], np.s_[:-1])):
        border = (flat[here] != flat[there]).any(axis=2) & opaque[here] & opaque[there]
        borders += int(np.count_nonzero(border))
        border &= bare[here] & bare[there]
        step = np.linalg.norm(lab[here][border] - lab[there][border], axis=1)
        seams += int(np.count_nonzero(step < EDGE))
    return seams / max(1, borders)


def _leak(line: Rgba, flat: Rgba) -> float:
    inked = (line[..., 3] > 0) & (flat[..., 3] > 0)
    if not inked.any():
        return 0.0
    unlike = np.linalg.norm(to_lab(line[inked][None, :, :3]) - to_lab(flat[inked][None, :, :3]), axis=2)[0]
    weight = line[inked][:, 3].astype(np.float64)
    return float(weight[unlike < LEAK].sum() / weight.sum())


def _haze(sheets: list[Rgba]) -> float:
    alphas = [sheet[..., 3][sheet[..., 3] > 0] for sheet in sheets]
    covered = sum(len(alpha) for alpha in alphas)
    return sum(int((alpha <= HAZE).sum()) for alpha in alphas) / max(1, covered)
