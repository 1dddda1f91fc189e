"""Painting some of the layers of a PSD by its own rules: groups, clipping, masks and every blend mode.

Floats, 0..1, premultiplied, on gamma-encoded values; nothing is rounded. Beside colour and alpha the painter keeps
*ink*, the share of every pixel that line layers cover visibly: it makes lines that something hides disappear from the
line layer, whatever groups they lie in.

Painting one piece of a figure differs from painting the figure: a *tint* – a shadow that multiplies what lies below –
has nothing below it there but that piece. So it falls on every piece by itself, and only within its cover. For Multiply
and Screen, which are linear in the backdrop, the pieces laid over each other then show exactly what the file shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from animelayers.color import bleed, clear_hidden, to_uint8
from animelayers.composite import BLEND_FUNCTIONS
from animelayers.data.psd_art import Art, Artwork, Box, mask_level, overlap, within
from animelayers.handoff.document import BLENDS
from animelayers.pixels import to_rgba
from animelayers.raster import over_bands
from animelayers.rendering.solve import RenderingGuess
from animelayers.stack import Rgba

Planes = npt.NDArray[np.float32]
"""float32 [5, h, w], 0..1: red, green, blue and ink, premultiplied, then alpha."""
Plane = npt.NDArray[np.float32]
"""float32 [h, w], 0..1."""

INK, ALPHA = 3, 4

NEUTRAL = {
    **dict.fromkeys(("color burn", "linear burn"), 1.0),
    **dict.fromkeys(("color dodge", "linear dodge", "difference"), 0.0),
    **dict.fromkeys(("vivid light", "linear light", "hard mix"), 0.5),
}
"""Photoshop's eight modes in which Fill, and alpha where it does not shape the layer, move the colour towards one that
changes nothing, instead of fading the result."""

ROWS = 128
"""Rows painted at a time: as `composite.flatten` does."""

_TINY = np.float32(1e-7)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is painted, and how. Groups are painted where anything in them is."""

    layers: frozenset[Art]
    """The layers to paint."""
    inked: frozenset[Art] = frozenset()
    """Those that are line."""
    tints: frozenset[Art] = frozenset()
    """Layers and groups that fall on what lies below them without covering anything by themselves."""
    others: frozenset[Art] = frozenset()
    """Layers that another piece shows; what they are clipped to gives way to them along its soft rim."""


def paint(arts: Iterable[Art], box: Box, choice: Choice) -> Planes:
    """The chosen layers on transparent ground: planes float32 [5, h, w] of a box of the canvas."""
    field = _Field(box)
    _Painter(choice).stack(arts, field)
    return field.planes


def units(arts: Iterable[Art]) -> Iterator[tuple[Art, tuple[Art, ...]]]:
    """Every unclipped layer or group with what is clipped to it, bottom → top."""
    unit: list[Art] = []
    for art in arts:
        if unit and not art.clipped:
            yield unit[0], tuple(unit[1:])
            unit = []
        unit.append(art)
    if unit:
        yield unit[0], tuple(unit[1:])


class Sheets:
    """Paints choices of a file's layers into sheets of 8 bit, in sRGB, a band of rows on every thread."""

    def __init__(self, art: Artwork) -> None:
        self.art = art

    def raw(self, box: Box, choice: Choice) -> Rgba:
        """The chosen layers on a box of the canvas, uint8 [h, w, 4], in the colours of the file."""
        return self._bands(box, 1, lambda band: [_rgba(paint(self.art.roots, band, choice))])[0]

    def sheet(self, box: Box, choice: Choice) -> Rgba:
        """The same in sRGB."""
        return to_srgb(self.raw(box, choice), self.art, [])

    def guess(self, box: Box, choice: Choice, flats: frozenset[Art]) -> RenderingGuess | None:
        """What is true of the rendering layers of the chosen layers; None where none of `flats` among them shows."""
        base = replace(choice, layers=choice.layers - choice.inked)
        flat = replace(choice, layers=choice.layers & flats, tints=frozenset())

        def one(band: Box) -> list[Rgba]:
            whole, bare = (paint(self.art.roots, band, some) for some in (choice, base))
            return [_rgba(planes) for planes in (paint(self.art.roots, band, flat), bare, _lines(whole, bare))]

        flat_sheet, base_sheet, line = (to_srgb(sheet, self.art, []) for sheet in self._bands(box, 3, one))
        if not flat_sheet[..., 3].any():
            return None
        everywhere = bleed(flat_sheet, sum(flat_sheet.shape[:2]))[..., :3]
        return RenderingGuess(
            flat=everywhere,
            line=line,
            base=np.where(base_sheet[..., 3:] > 0, base_sheet[..., :3], everywhere),
        )

    def _bands(self, box: Box, count: int, one: Callable[[Box], list[Rgba]]) -> list[Rgba]:
        top, left, bottom, right = box
        sheets = [np.empty((bottom - top, right - left, 4), np.uint8) for _ in range(count)]

        def band(rows: slice) -> None:
            for sheet, part in zip(sheets, one((top + rows.start, left, top + rows.stop, right)), strict=True):
                sheet[rows] = part

        over_bands(band, (bottom - top, right - left), ROWS)
        return sheets


def to_srgb(rgba: Rgba, art: Artwork, notes: list[str]) -> Rgba:
    """Pixels in the colours of the file, uint8 [h, w, 4], in sRGB; `notes` says what that changed."""
    if not art.icc or not rgba.size:
        return rgba
    image = Image.fromarray(rgba)
    image.info["icc_profile"] = art.icc
    return clear_hidden(to_rgba(image, art.name, notes))


def _rgba(planes: Planes) -> Rgba:
    """Planes → uint8 [h, w, 4], straight alpha, rounded once."""
    colour = planes[:INK] / np.maximum(planes[ALPHA], _TINY)
    out = to_uint8(np.concatenate([colour, planes[ALPHA:]]).transpose(1, 2, 0) * np.float32(255))
    return clear_hidden(out)


def _lines(whole: Planes, bare: Planes) -> Planes:
    """The visible lines: what, laid over `bare` with the alpha of the ink, gives `whole`."""
    ink = whole[INK]
    return np.concatenate([np.clip(whole[:INK] - (1 - ink) * bare[:INK], 0, ink), ink[None], ink[None]])


class _Field:
    """A part of the canvas that is being painted."""

    def __init__(self, box: Box) -> None:
        top, left, bottom, right = self.box = box
        self.planes: Planes = np.zeros((5, bottom - top, right - left), np.float32)

    def at(self, box: Box) -> Planes:
        """A view of the planes on a box inside."""
        return self.planes[(slice(None), *within(box, self.box))]


@dataclass(frozen=True, slots=True)
class _Painter:
    choice: Choice

    def stack(self, arts: Iterable[Art], field: _Field) -> None:
        """Paint what is chosen of `arts` over what is in `field`."""
        for base, clips in units(arts):
            if base.blend == "pass through" and not clips:
                self._through(base, field)
            elif (box := overlap(base.box, field.box)) is not None:
                self._unit(base, clips, field, box)

    def _through(self, group: Art, field: _Field) -> None:
        """A group whose layers see what lies below it; its opacity and mask fade what they did."""
        if group.opacity == 1 and group.mask is None:
            self.stack(group.children, field)
            return
        before = field.planes.copy()
        self.stack(group.children, field)
        strength = group.opacity * _level(group, field.box)
        field.planes[:] = before + (field.planes - before) * strength

    def _unit(self, base: Art, clips: tuple[Art, ...], field: _Field, box: Box) -> None:
        unit = self._isolated(base, box)
        if unit is not None:
            for clip in clips:
                self._lay(clip, self._isolated(clip, box), unit, atop=True)
            self._give_way(base, clips, unit)
        elif any(self._chosen(clip) for clip in clips if clip not in self.choice.tints):
            unit = _Field(box)
            for clip in clips:
                self._lay(clip, self._isolated(clip, box), unit, atop=clip in self.choice.tints)
            cover = _everything(base)._isolated(base, box)
            unit.planes *= 0 if cover is None else cover.planes[ALPHA]
        self._lay(base, unit, field, atop=base in self.choice.tints)

    def _chosen(self, art: Art) -> bool:
        return any(leaf in self.choice.layers for leaf in art.leaves())

    def _isolated(self, art: Art, box: Box) -> _Field | None:
        """What is chosen of a layer or group, on transparent ground; None when that is nothing."""
        part = overlap(art.box, box)
        if part is None or not self._chosen(art):
            return None
        field = _Field(part)
        if art.kind == "group":
            self.stack(art.children, field)
            return field
        rgba = art.rgba[within(part, art.box)].transpose(2, 0, 1) * np.float32(1 / 255)
        field.planes[ALPHA] = rgba[3]
        field.planes[:INK] = rgba[:3] * rgba[3]
        if art in self.choice.inked:
            field.planes[INK] = rgba[3]
        return field

    def _give_way(self, base: Art, clips: Iterable[Art], unit: _Field) -> None:
        """Thin the soft rim of a unit by what other pieces show there, clipped to it.

        The file shares a cover of `a` among the layers of the unit. As pieces that lie over each other, the upper with
        `a·s`, the lower needs `a·(1 − s) / (1 − a·s)` for the same; where `a` is 1 that is 1.
        """
        if not self.choice.others:
            return
        rest = np.ones(unit.planes.shape[1:], np.float32)
        for clip in clips:
            foreign = _Painter(Choice(self.choice.others))._isolated(clip, unit.box)
            if foreign is not None:
                rest[within(foreign.box, unit.box)] *= 1 - foreign.planes[ALPHA] * (clip.opacity * clip.fill)
        alpha = unit.planes[ALPHA] * (base.opacity * base.fill)
        left = 1 - alpha + alpha * rest
        unit.planes *= np.where(left > _TINY, rest / np.maximum(left, _TINY), 1)

    def _lay(self, art: Art, source: _Field | None, field: _Field, *, atop: bool = False) -> None:
        """Lay what was painted of `art` over `field`, or, `atop`, only where that is covered."""
        part = None if source is None else overlap(source.box, field.box)
        if source is None or part is None:
            return
        over, under = source.at(part), field.at(part)
        strength = np.float32(art.opacity) * _level(art, part)
        if art.blend not in NEUTRAL:
            strength = strength * np.float32(art.fill)
        if art.blend in ("normal", "pass through"):
            _normal(over, strength, under, atop=atop)
        else:
            _blended(art, over, strength, under, atop=atop)


def _everything(art: Art) -> _Painter:
    return _Painter(Choice(frozenset(art.leaves())))


def _level(art: Art, box: Box) -> npt.NDArray[np.float32] | np.float32:
    """The mask of a group on a box, 0..1."""
    return np.float32(1) if art.mask is None else mask_level(art.mask, box) * np.float32(1 / 255)


def _normal(over: Planes, strength: Any, under: Planes, *, atop: bool) -> None:
    keep = 1 - over[ALPHA] * strength
    if atop:
        under[:ALPHA] = under[:ALPHA] * keep + over[:ALPHA] * strength * under[ALPHA]
    else:
        under *= keep
        under += over * strength


def _blended(art: Art, over: Planes, strength: Any, under: Planes, *, atop: bool) -> None:
    """The equation of `composite`, with ink that only line layers add to and none of them hides by tinting."""
    alpha, backdrop = over[ALPHA] * strength, under[ALPHA].copy()
    colour = over[:INK] / np.maximum(over[ALPHA], _TINY)
    ink = over[INK] / np.maximum(over[ALPHA], _TINY) * alpha
    acting, effect = alpha, colour
    if art.blend in NEUTRAL:
        neutral = np.float32(NEUTRAL[art.blend])
        effect = neutral + (colour - neutral) * np.float32(art.fill)
        if not art.shapes:  # a glow: alpha is strength, not cover
            effect = neutral + (effect - neutral) * over[ALPHA]
            acting = strength
    below = np.minimum(under[:INK] / np.maximum(backdrop, _TINY), 1)
    mixed = blending(art.blend)(below, effect)
    under[:INK] = under[:INK] * (1 - acting) + acting * backdrop * mixed
    under[INK] = under[INK] * (1 - ink) + ink * (backdrop if atop else 1)
    if not atop:
        under[:INK] += alpha * (1 - backdrop) * colour
        under[ALPHA] = backdrop + alpha - backdrop * alpha


@cache
def blending(mode: str) -> Callable[[Planes, Planes], Planes]:
    """`B(backdrop, source)` of a PSD mode, both straight colour float32 [3, h, w] in 0..1."""
    if mode in BLENDS:
        return BLEND_FUNCTIONS[BLENDS[mode]]
    from psd_tools.composite.blend import get_blend_func
    from psd_tools.constants import BlendMode

    function = get_blend_func(BlendMode[mode.upper().replace(" ", "_")])

    def blend(below: Planes, effect: Planes) -> Planes:
        pixels = (np.ascontiguousarray(plane.transpose(1, 2, 0)) for plane in (below, effect))
        return np.asarray(function(*pixels), np.float32).transpose(2, 0, 1)

    return blend
