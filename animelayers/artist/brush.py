"""The brush: forms turning from the light, shadows thrown, folds, gloss and rims, in the style's manner."""

from __future__ import annotations

import math
from collections.abc import Iterable

from animelayers.artist.bristle import strokes
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Colour, Fragment, Mark, Material, Shade
from animelayers.artist.palette import WHITE
from animelayers.artist.sheets import Canvas, Path, area, fading, joined, moved, paint, screen_of_dots, streaked
from animelayers.artist.silhouette import Silhouette
from animelayers.artist.strata import bounds
from animelayers.artist.style import Shading

GLOSS = {Material.GLOSSY: 0.9, Material.HAIR: 0.35, Material.CLOTH: 0.3, Material.SKIN: 0.25}
"""How much of the style's gloss a material takes on its lit side."""

MIDDLING = 0.06
"""Reach of a form shadow, head heights, whose edge is as soft as the style says; larger forms turn more slowly."""

ROUNDING = 1.5
"""Standard deviations of a soft edge by which shadows stay away from edges that the light grazes: no pillows."""


class Brush:
    """Paints the shadow and the highlight of one piece, fragment by fragment."""

    def __init__(
        self, shading: Shading, shadow: Canvas, highlight: Canvas, scale: float, silhouette: Silhouette | None
    ) -> None:
        self.shading, self.shadow, self.highlight = shading, shadow, highlight
        self.pixel, self.silhouette = 1 / scale, silhouette

    def marks(self, flat: Canvas, path: Path, fragment: Fragment) -> None:
        """Patterns and prints, cut to the fragment."""
        if not fragment.marks:
            return
        flat.save()
        flat.clipPath(path, doAntiAlias=True)
        for mark in fragment.marks:
            flat.drawPath(area(mark.shape), _mark_paint(mark))
        flat.restore()

    def shades(self, path: Path, fragment: Fragment, dice: Dice) -> None:
        """Everything that the fragment's own form does with the light."""
        formed = fragment.material is not Material.EYE and self.shading.manner != "none" and fragment.relief > 0
        if not (formed or fragment.shades):
            return
        for canvas in (self.shadow, self.highlight):
            canvas.save()
            canvas.clipPath(path, doAntiAlias=True)
        if formed:
            self._form(path, fragment, dice)
            self._gleam(path, fragment)
        for shade in fragment.shades:
            self._shade(shade, fragment)
        for canvas in (self.shadow, self.highlight):
            canvas.restore()

    def _form(self, path: Path, fragment: Fragment, dice: Dice) -> None:
        """The side away from the light, from its warm edge to where light comes back into it."""
        style, material, colour = self.shading, fragment.material, fragment.colour
        reach = fragment.relief * style.breadth
        if style.manner == "gradient":
            self._gradient(path, fragment)
            return
        if style.edge and material is Material.SKIN:
            self._turned(path, fragment, 1.25 * reach, style.warmth(colour), style.edge)
        first = style.shadow(material, colour, 1.0)
        self._turned(path, fragment, reach, first)
        if style.manner == "brushed":
            self._brushed(fragment, reach, first, dice)
        if style.steps == 2:
            self._turned(path, fragment, 0.45 * reach, style.shadow(material, colour, 1.7))
        if style.bounce:
            self._turned(path, fragment, 0.22 * reach, style.bounced(first))

    def _turned(self, path: Path, fragment: Fragment, reach: float, colour: Colour, alpha: float = 1.0) -> None:
        """Colour as far as `reach` from the edges that face away from the light: the shape less itself, moved."""
        soft = self.shading.softness * min(max(reach / MIDDLING, 0.3), 1.6)
        grown = max(ROUNDING * soft, 0.75 * self.pixel)
        x, y = self.shading.light
        far = reach + grown
        self.shadow.saveLayer()
        self.shadow.drawPath(path, paint(colour, alpha, grown=self.pixel))
        self._erase(self.shadow, moved(path, x * far, y * far), fragment, soft, grown)
        self.shadow.restore()

    def _erase(self, canvas: Canvas, path: Path, fragment: Fragment, soft: float, grown: float) -> None:
        """Take a grown area away; one with holes loses none of them."""
        inner = 0.0 if fragment.hollow else grown
        canvas.drawPath(path, paint((0, 0, 0), blend="erase", blur=soft, grown=inner))

    def _brushed(self, fragment: Fragment, reach: float, colour: Colour, dice: Dice) -> None:
        """Strokes over the edge of the shadow, too small ones left out."""
        if reach < 3 * self.pixel:
            return
        outline = max(fragment.shape, key=len)
        for alpha in (0.2, 0.3) if fragment.material is Material.SKIN else (0.45, 0.6):
            dabs = strokes(outline, self.shading.light, 1.3 * reach, dice)
            self.shadow.drawPath(area(dabs), paint(colour, alpha, blur=self.shading.softness))

    def _gradient(self, path: Path, fragment: Fragment) -> None:
        """One fade across the form; broad on large forms, faint on skin."""
        x, y = self.shading.light
        left, top, right, bottom = bounds(fragment.replace(clip=None))
        cx, cy = (left + right) / 2, (top + bottom) / 2
        half = abs(x) * (right - left) / 2 + abs(y) * (bottom - top) / 2
        depth = 0.6 if fragment.material is Material.SKIN else 1.2
        colour = self.shading.shadow(fragment.material, fragment.colour, depth)
        dark, bright = (cx - x * half, cy - y * half), (cx + 0.3 * x * half, cy + 0.3 * y * half)
        self.shadow.drawPath(path, fading(colour, 1.0, dark, bright))

    def _gleam(self, path: Path, fragment: Fragment) -> None:
        """A sharp band on glossy things, light on the near edge of others, and the rim of light from behind."""
        style = self.shading
        strength = style.gloss * GLOSS.get(fragment.material, 0.0)
        reach = fragment.relief * style.breadth
        glossy = fragment.material is Material.GLOSSY
        if strength > 0.25:
            near, far = (0.35 * reach, 0.8 * reach) if glossy else (0.0, 0.35 * reach)
            soft = 0.0 if glossy else style.softness
            self._band(path, fragment, (near, far), paint(style.highlight(fragment.colour), 0.5 * strength), soft)
        if style.rim and self.silhouette is not None:
            far = 0.025 + 0.2 * fragment.relief
            side = math.copysign(far, style.light[0])
            self.highlight.saveLayer()
            self.highlight.drawPath(path, paint(style.rim_colour, style.rim))
            self.silhouette.cut(self.highlight, side, 0.3 * far, 0.3 * style.softness)
            self.highlight.restore()

    def _band(self, path: Path, fragment: Fragment, span: tuple[float, float], ink: object, soft: float) -> None:
        """A band along the lit edges, between two distances from them."""
        (x, y), (near, far) = self.shading.light, span
        grown = max(ROUNDING * soft, 0.75 * self.pixel)
        self.highlight.saveLayer()
        self.highlight.drawPath(moved(path, -x * near, -y * near), ink)
        self._erase(self.highlight, moved(path, -x * (far + grown), -y * (far + grown)), fragment, soft, grown)
        self.highlight.restore()

    def _shade(self, shade: Shade, fragment: Fragment) -> None:
        """A fold, a gloss: a shape of its own."""
        style = self.shading
        if shade.depth > 0 and style.manner != "none":
            colour = shade.colour or style.shadow(fragment.material, fragment.colour, shade.depth)
            self.shadow.drawPath(area(shade.shape), paint(colour, blur=shade.blur + 0.5 * style.softness))
        elif shade.depth < 0 and (style.gloss or shade.colour is not None):
            alpha = min(-shade.depth * (style.gloss or 0.4), 1.0)
            self.highlight.drawPath(area(shade.shape), paint(shade.colour or WHITE, alpha, blur=shade.blur))

    def cast(self, path: Path, fragment: Fragment, casters: Iterable[tuple[Fragment, Path]]) -> None:
        """Shadows that nearer fragments throw on this one, longer the farther they stand off."""
        style = self.shading
        whole: list[Path] = []
        hollow: list[Path] = []
        for other, shape in casters:
            height = min(0.02 + 0.16 * (other.z - fragment.level), 0.1) * min(other.casts, 1.5)
            if height > self.pixel:  # what is shorter lies under the line
                thrown = moved(shape, -style.light[0] * height, -style.light[1] * height)
                (hollow if other.hollow else whole).append(thrown)
        if not (whole or hollow):
            return
        self.shadow.save()
        self.shadow.clipPath(path, doAntiAlias=True)
        colour = style.shadow(fragment.material, fragment.colour, 1.15)
        for thrown in (joined(whole), *hollow):
            self.shadow.drawPath(thrown, paint(colour, style.cast, blur=0.4 * style.softness))
        self.shadow.restore()

    def finish(self) -> None:
        """What the manner does to a whole sheet: only the dots of a screen stay, or the streaks of a dry brush."""
        if self.shading.manner == "tone":
            screen_of_dots(self.shadow, pitch=0.045, share=0.45)
        elif self.shading.manner == "brushed":
            streaked(self.shadow, tile=0.6, turn=35)


def _mark_paint(mark: Mark) -> object:
    if mark.fade is not None:
        return fading(mark.colour, mark.alpha, *mark.fade)
    return paint(mark.colour, mark.alpha, blur=mark.blur)
