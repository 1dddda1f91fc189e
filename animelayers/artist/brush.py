"""The brush: forms turning from the light, shadows thrown, folds, gloss and rims, in the style's manner."""

from __future__ import annotations

from collections.abc import Iterable

from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Fragment, Mark, Material, Shade
from animelayers.artist.sheets import Canvas, Path, area, fading, joined, moved, paint, screen_of_dots
from animelayers.artist.strata import Bounds, bounds
from animelayers.artist.style import Shading

GLOSS = {Material.GLOSSY: 0.9, Material.HAIR: 0.35, Material.CLOTH: 0.3, Material.SKIN: 0.25}
"""How much of the style's gloss a material takes on its lit side."""


class Brush:
    """Paints the shadow and the highlight of one piece, fragment by fragment."""

    def __init__(self, shading: Shading, shadow: Canvas, highlight: Canvas, scale: float) -> None:
        self.shading, self.shadow, self.highlight, self.scale = shading, shadow, highlight, scale

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
        style, material = self.shading, fragment.material
        formed = material is not Material.EYE and style.manner != "none" and fragment.relief > 0
        if not (formed or fragment.shades):
            return
        for canvas in (self.shadow, self.highlight):
            canvas.save()
            canvas.clipPath(path, doAntiAlias=True)
        if formed:
            self._form(path, fragment, dice)
            self._gleam(path, fragment)
        for shade in fragment.shades:
            self._shade(shade, material)
        for canvas in (self.shadow, self.highlight):
            canvas.restore()

    def _form(self, path: Path, fragment: Fragment, dice: Dice) -> None:
        """The side away from the light: the shape less itself moved towards the light."""
        style = self.shading
        reach = fragment.relief * style.breadth
        if style.manner == "gradient":
            self._gradient(path, bounds(fragment.replace(clip=None)), fragment)
            return
        for step in range(style.steps):
            colour = style.shadow(fragment.material, 1.0 + 0.7 * step)
            far = reach * (1.0 if step == 0 else 0.45)
            strokes = (
                ((1.0, 0.0),)
                if style.manner != "brushed"
                else tuple((0.45, dice.uniform(-0.35, 0.35)) for _ in range(3))
            )
            for alpha, turn in strokes:
                x, y = style.light
                self._outside(self.shadow, path, ((x - turn * y) * far, (y + turn * x) * far), colour, alpha)

    def _gradient(self, path: Path, box: Bounds, fragment: Fragment) -> None:
        x, y = self.shading.light
        cx, cy = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        reach = abs(x) * (box[2] - box[0]) / 2 + abs(y) * (box[3] - box[1]) / 2
        colour = self.shading.shadow(fragment.material, 1.3)
        dark, bright = (cx - x * reach, cy - y * reach), (cx + 0.4 * x * reach, cy + 0.4 * y * reach)
        self.shadow.drawPath(path, fading(colour, 1.0, dark, bright))

    def _gleam(self, path: Path, fragment: Fragment) -> None:
        """Light on the near edge, and the rim of light from behind."""
        style = self.shading
        strength = style.gloss * GLOSS.get(fragment.material, 0.0)
        if strength > 0.25:
            colour = style.highlight(fragment.colour)
            far = -0.35 * fragment.relief * style.breadth
            self._outside(
                self.highlight, path, (style.light[0] * far, style.light[1] * far), colour, 0.5 * strength
            )
        if style.rim:
            far = 0.012 + 0.15 * fragment.relief
            self._outside(self.highlight, path, (style.light[0] * far, 0.2 * far), style.rim_colour, style.rim)

    def _outside(
        self,
        canvas: Canvas,
        path: Path,
        move: tuple[float, float],
        colour: tuple[float, float, float],
        alpha: float,
    ) -> None:
        """Colour where the path is and the moved path is not."""
        canvas.saveLayer()
        canvas.drawPath(path, paint(colour, alpha))
        canvas.drawPath(moved(path, *move), paint((0, 0, 0), blend="erase", blur=self.shading.softness))
        canvas.restore()

    def _shade(self, shade: Shade, material: Material) -> None:
        """A fold, a gloss: a shape of its own."""
        style = self.shading
        if shade.depth > 0 and style.manner != "none":
            colour = style.shadow(material, shade.depth) if shade.colour is None else shade.colour
            self.shadow.drawPath(area(shade.shape), paint(colour, blur=shade.blur + 0.5 * style.softness))
        elif shade.depth < 0 and (style.gloss or shade.colour is not None):
            colour = (255.0, 255.0, 255.0) if shade.colour is None else shade.colour
            alpha = min(-shade.depth * (style.gloss or 0.4), 1.0)
            self.highlight.drawPath(area(shade.shape), paint(colour, alpha, blur=shade.blur))

    def cast(self, path: Path, fragment: Fragment, casters: Iterable[tuple[Fragment, Path]]) -> None:
        """Shadows that nearer fragments throw on this one, longer the farther they stand off."""
        style = self.shading
        thrown = []
        for other, shape in casters:
            height = min(0.02 + 0.16 * (other.z - fragment.level), 0.1) * min(other.casts, 1.5)
            thrown.append(moved(shape, -style.light[0] * height, -style.light[1] * height))
        if not thrown:
            return
        self.shadow.save()
        self.shadow.clipPath(path, doAntiAlias=True)
        colour = style.shadow(fragment.material, 1.15)
        soft = 0.4 * style.softness
        self.shadow.drawPath(joined(thrown), paint(colour, style.cast, blur=soft))
        self.shadow.restore()

    def finish(self) -> None:
        """What the manner does to a whole sheet: shadows of a screen tone keep only its dots."""
        if self.shading.manner == "tone":
            screen_of_dots(self.shadow, pitch=0.045, share=0.45)


def _mark_paint(mark: Mark) -> object:
    if mark.fade is not None:
        return fading(mark.colour, mark.alpha, *mark.fade)
    return paint(mark.colour, mark.alpha, blur=mark.blur)
