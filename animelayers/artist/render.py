"""A drawing in a style at a size → every layer of it.

Each piece is painted as four sheets – flat, shadow, highlight, line – and *is*, by definition, what those flatten to;
the picture is what the pieces flatten to. So parts and cells are exact by construction, and only the rendering layers
of the whole picture need the closed-form solve, with the composited truth as its guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from animelayers.artist import pen
from animelayers.artist.brush import Brush
from animelayers.artist.curves import Curve
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Drawing, Fragment, Material, Stroke
from animelayers.artist.sheets import Path, Sheet, area, common, paint
from animelayers.artist.silhouette import Silhouette
from animelayers.artist.strata import Bounds, Piece, apart, bounds, pieces
from animelayers.artist.style import Style
from animelayers.color import to_uint8
from animelayers.composite import flatten
from animelayers.data.sample import SLOTS, Box
from animelayers.raster import tight_box
from animelayers.rendering.solve import BLENDS as SLOT_BLENDS
from animelayers.rendering.solve import RenderingGuess, exact_stack
from animelayers.stack import Layer, LayerStack, Rgba

MARGIN = 0.06
"""Head heights around a shape within which its line and blur stay."""

FARTHEST, NEAREST = -1.2, 1.2
"""Depths that become 1 and 65535 in a depth map."""

JUMP, ROUND, BULGE = 0.03, 0.22, 0.06
"""Where a form ends in depth, over what distance it rounds off from there, and how far it swells, head heights."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the drawing lies on the canvas."""

    height: int
    width: int
    scale: float
    """Pixels a head height."""
    x: float
    y: float
    """Pixels of the drawing's origin."""

    def pixels(self, x: float, y: float) -> tuple[float, float]:
        """`(y, x)` on the canvas."""
        return self.y + y * self.scale, self.x + x * self.scale

    def box(self, low: tuple[float, float], high: tuple[float, float], margin: float = 0.0) -> Box:
        """The pixels around an area of the drawing, cut at the canvas; empty ones have no height."""
        pad = margin * self.scale + 2 if margin else 0
        top, left = self.pixels(*low)
        bottom, right = self.pixels(*high)
        return (
            min(max(int(np.floor(top - pad)), 0), self.height),
            min(max(int(np.floor(left - pad)), 0), self.width),
            min(max(int(np.ceil(bottom + pad)), 0), self.height),
            min(max(int(np.ceil(right + pad)), 0), self.width),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """All that is known of a drawing at a size."""

    picture: Rgba
    parts: LayerStack
    cells: Mapping[str, LayerStack]
    rendering: LayerStack
    depth: np.ndarray
    depths: Mapping[str, int]
    """Piece → the middle of its depths, on the scale of `depth`: what orders even what is hidden."""


def render(drawing: Drawing, style: Style, frame: Frame, dice: Dice) -> Rendered:
    """Paint every piece and put them together. Pieces that are nowhere on the canvas are left out."""
    easel = _Easel(drawing, style, frame, dice)
    parts: list[Layer] = []
    cells: dict[str, LayerStack] = {}
    depths: dict[str, int] = {}
    for piece in pieces(drawing):
        made = easel.paint(piece)
        if made is not None:
            layer, cell = made
            parts.append(layer)
            cells[layer.name] = cell
            depths[layer.name] = round(1 + 65534 * level_of(float(np.median([f.z for f in piece.fragments]))))
    stack = LayerStack(frame.height, frame.width, tuple(parts))
    picture = flatten(stack)
    return Rendered(picture, stack, cells, easel.rendering(picture), easel.depth(picture), depths)


@dataclass(frozen=True, slots=True, eq=False)
class _Item:
    """A fragment with what painting it needs more than once."""

    fragment: Fragment
    path: Path
    seen: Path
    """The path as far as the fragment's clip lets it be seen."""
    box: Bounds
    dice: Dice


def _item(fragment: Fragment, dice: Dice) -> _Item:
    path = area(fragment.shape, hollow=fragment.hollow)
    seen = path if fragment.clip is None else common(path, area(fragment.clip))
    return _Item(fragment, path, seen, bounds(fragment), dice)


class _Easel:
    """The canvases of the whole picture, which every painted piece is laid on."""

    def __init__(self, drawing: Drawing, style: Style, frame: Frame, dice: Dice) -> None:
        self.style, self.frame, self.dice = style, frame, dice
        whole = (0, 0, frame.height, frame.width)
        self.flat, self.base, self.line = (self._sheet(whole) for _ in range(3))
        self.items = {id(fragment): _item(fragment, dice.of(k)) for k, fragment in enumerate(drawing.in_order())}
        line = style.line
        self.silhouette = self._silhouette() if style.shading.rim or (line.width and line.contour) else None
        self.openness = self.silhouette.openness(2 * line.width) if self.silhouette and line.contour else None

    def _silhouette(self) -> Silhouette:
        seen = [item.seen for item in self.items.values() if item.fragment.opacity == 1]
        frame = self.frame
        return Silhouette(seen, (frame.height, frame.width), frame.scale, (frame.x, frame.y))

    def _sheet(self, box: Box) -> Sheet:
        return Sheet(box, self.frame.scale, (self.frame.x, self.frame.y))

    def paint(self, piece: Piece) -> tuple[Layer, LayerStack] | None:
        """The sheet of a piece and its rendering layers; None where none of it is on the canvas."""
        items = [self.items[id(fragment)] for fragment in piece.fragments]
        corners = np.array([item.box for item in items])
        low, high = corners[:, :2].min(axis=0), corners[:, 2:].max(axis=0)
        box = self.frame.box((low[0], low[1]), (high[0], high[1]), MARGIN)
        if box[0] >= box[2] or box[1] >= box[3]:
            return None
        sheets = {slot: self._sheet(box) for slot in SLOTS}
        canvases = (sheets["shadow"].canvas, sheets["highlight"].canvas)
        brush = Brush(self.style.shading, *canvases, self.frame.scale, self.silhouette)
        for item in items:
            if self._on_canvas(item):
                self._paint_one(item, sheets, brush)
        brush.finish()
        self._lay(sheets, box)
        return _assembled(piece.name, {slot: sheet.pixels() for slot, sheet in sheets.items()}, box)

    def _on_canvas(self, item: _Item) -> bool:
        top, left, bottom, right = self.frame.box((item.box[0], item.box[1]), (item.box[2], item.box[3]), MARGIN)
        return top < bottom and left < right

    def _paint_one(self, item: _Item, sheets: Mapping[str, Sheet], brush: Brush) -> None:
        fragment, line, dice = item.fragment, self.style.line, item.dice
        canvases = [sheet.canvas for sheet in sheets.values()]
        for canvas in canvases:
            canvas.save()
        if fragment.clip is not None:
            edge = area(fragment.clip)
            for canvas in canvases:
                canvas.clipPath(edge, doAntiAlias=True)
        inked = [*fragment.strokes, *(pen.outline(fragment, line, dice) if fragment.outlined and line.width else ())]
        inks, under = self._strokes(inked, fragment, dice)
        if fragment.material is Material.INK:
            sheets["line"].canvas.drawPath(item.path, paint(fragment.colour))
        else:
            for slot in ("shadow", "highlight", "line"):
                sheets[slot].canvas.drawPath(item.path, paint((0, 0, 0), fragment.opacity, blend="erase"))
            flat = sheets["flat"].canvas
            flat.drawPath(item.path, paint(fragment.colour, fragment.opacity))
            flat.drawPath(under, paint(fragment.colour))
            brush.marks(flat, item.path, fragment)
            veiled = ("shadow", "highlight") if fragment.opacity < 1 else ()
            for slot in veiled:
                sheets[slot].canvas.saveLayerAlpha(None, round(255 * fragment.opacity))
            brush.shades(item.path, fragment, self._hand(fragment))
            brush.cast(item.path, fragment, self._casters(item))
            for slot in veiled:
                sheets[slot].canvas.restore()
        for colour, ink in inks.items():
            sheets["line"].canvas.drawPath(area(ink), paint(colour, line.alpha))
        for canvas in canvases:
            canvas.restore()

    def _hand(self, fragment: Fragment) -> Dice:
        """How the brush is led: alike on what lies on one surface."""
        return self.dice.of(f"{fragment.side}{fragment.level:.4f}")

    def _strokes(
        self, strokes: Sequence[Stroke], fragment: Fragment, dice: Dice
    ) -> tuple[dict[Colour, list[Curve]], Path]:
        """The areas of all strokes by their colour, and where they lie on the fragment's own flat."""
        line, light, pixel = self.style.line, self.style.shading.light, 1 / self.frame.scale
        own = line.over(fragment.colour) if strokes else fragment.colour
        inks: dict[Colour, list[Curve]] = {}
        unders = []
        for stroke in strokes:
            ink, under = pen.polygon(stroke, line, light, pixel, dice, self.openness)
            inks.setdefault(stroke.colour or own, []).append(ink)
            unders += [under] if len(under) else []
        return inks, area(unders)

    def _casters(self, item: _Item) -> list[tuple[Fragment, Path]]:
        """What lies before a fragment, near enough to throw a shadow on it."""
        if not self.style.shading.cast:
            return []
        return [
            (other.fragment, other.seen)
            for other in self.items.values()
            if other.fragment.casts > 0
            and other.fragment.z > item.fragment.level + 0.004
            and not apart(item.box, other.box, 0.12)
            and other.fragment.material is not Material.INK
        ]

    def _lay(self, sheets: Mapping[str, Sheet], box: Box) -> None:
        top, left = box[:2]
        self.flat.lay(sheets["flat"], top, left)
        for slot, blend in (("flat", "over"), ("shadow", "multiply"), ("highlight", "screen")):
            self.base.lay(sheets[slot], top, left, blend)
        self.line.lay(sheets["flat"], top, left, "erase")
        self.line.lay(sheets["line"], top, left)

    def rendering(self, picture: Rgba) -> LayerStack:
        """The four layers of the whole picture, solved around the truth."""
        top, left, bottom, right = tight_box(picture[..., 3] > 0)
        if top == bottom:
            empty = np.zeros((1, 1, 4), np.uint8)
            return LayerStack(
                self.frame.height,
                self.frame.width,
                tuple(Layer(slot, empty, blend=SLOT_BLENDS[slot]) for slot in SLOTS),
            )
        seen = np.s_[top:bottom, left:right]
        source = np.ascontiguousarray(picture[seen])
        flat, base = (sheet.pixels()[seen][..., :3] for sheet in (self.flat, self.base))
        line = self.line.pixels()[seen]
        bare = (line[..., 3] == 0) & (_apart(base, flat) == 0) & (_apart(source[..., :3], flat) <= 2)
        flat[bare] = base[bare] = source[bare, :3]  # where nothing is shaded, what was rounded otherwise is no shade
        solved = exact_stack(source, RenderingGuess(flat, line, base))
        layers = tuple(layer.replace(top=top, left=left) for layer in solved)
        return LayerStack(self.frame.height, self.frame.width, layers)

    def depth(self, picture: Rgba) -> np.ndarray:
        """uint16 [h, w]: depth of the visible surface; a fragment is nowhere farther than what it covers.

        Forms are rounded: depth grows from where it jumps inwards, as over a quarter of a circle.
        """
        sheet = self._sheet((0, 0, self.frame.height, self.frame.width))
        for item in self.items.values():
            level = 255 * level_of(item.fragment.z)
            sheet.canvas.drawPath(item.path, paint((level, level, level), blend="max", crisp=True))
        z = sheet.levels()[..., 0].astype(np.float32)
        there = picture[..., 3] >= 128
        span = np.ones((3, 3), np.uint8)
        flush = (cv2.dilate(z, span) - cv2.erode(z, span) < JUMP / (NEAREST - FARTHEST)) & there
        inwards = cv2.distanceTransform(flush.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
        left = 1 - np.minimum(inwards / np.float32(ROUND * self.frame.scale), 1)
        z += np.float32(BULGE / (NEAREST - FARTHEST)) * np.sqrt(1 - left * left)
        return np.where(there, 1 + np.clip(z, 0, 1) * 65534, 0).astype(np.uint16)


def _apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Largest difference of a channel, [h, w]."""
    return np.asarray(np.asarray(cv2.absdiff(a, b)).max(axis=2))


def level_of(z: float) -> float:
    """A depth in head heights as a share of the range of a depth map, 0..1."""
    return float(np.clip((z - FARTHEST) / (NEAREST - FARTHEST), 0, 1))


def _assembled(name: str, sheets: dict[str, Rgba], box: Box) -> tuple[Layer, LayerStack] | None:
    """A piece from its four sheets, cut to what is visible."""
    cover = np.maximum(sheets["flat"][..., 3], sheets["line"][..., 3])
    top, left, bottom, right = tight_box(cover > 0)
    if top == bottom:
        return None
    seen = np.s_[top:bottom, left:right]
    _carry_shades({slot: sheet[seen] for slot, sheet in sheets.items()})
    layers = tuple(Layer(slot, np.ascontiguousarray(sheets[slot][seen]), blend=SLOT_BLENDS[slot]) for slot in SLOTS)
    cell = LayerStack(bottom - top, right - left, layers)
    return Layer(name, flatten(cell), top=box[0] + top, left=box[1] + left), cell


def _carry_shades(sheets: Mapping[str, Rgba]) -> None:
    """Shade what is half covered in the flat itself: Multiply and Screen there would change its alpha."""
    flat, shadow, highlight = (sheets[slot] for slot in ("flat", "shadow", "highlight"))
    soft = (flat[..., 3] < 255) & ((shadow[..., 3] > 0) | (highlight[..., 3] > 0))
    if not soft.any():
        return
    cover = np.maximum(flat[soft][:, 3:], np.float32(1))
    dark, light = (np.minimum(sheet[soft][:, 3:] / cover, 1) for sheet in (shadow, highlight))
    colour = flat[soft][:, :3] * (1 - dark + dark * shadow[soft][:, :3] / np.float32(255))
    flat[soft, :3] = to_uint8(colour + light * highlight[soft][:, :3] * (1 - colour / 255))
    flat[flat[..., 3] == 0] = 0
    shadow[soft] = highlight[soft] = 0
