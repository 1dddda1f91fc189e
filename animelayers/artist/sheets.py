"""Skia, and nothing but Skia: surfaces, paths and paints for the artist's four rendering layers.

Of the rasterisers that Python has, resvg takes SVG text and gives PNG bytes (seven times slower); cairo is as fast, but
keeps only 8-bit premultiplied colour, so that soft edges lose theirs, and blurs nothing. Skia paints from arrays on
float surfaces, has soft masks, and comes as a wheel. `benchmarks/rasterisers.py` has the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from animelayers.artist.curves import Curve
from animelayers.artist.drawing import Colour
from animelayers.color import to_uint8
from animelayers.errors import MissingPackageError
from animelayers.stack import Rgba

try:
    import skia
except ImportError as error:
    raise MissingPackageError(
        f"the synthetic artist draws with skia-python, which cannot be imported: {error}",
        hint='pip install "animelayers[data]"; on a machine without a screen also: apt-get install libegl1 libgl1',
    ) from error

Path = Any
"""A `skia.Path`."""
Canvas = Any
"""A `skia.Canvas`."""

BLENDS = {
    "over": skia.BlendMode.kSrcOver,
    "erase": skia.BlendMode.kDstOut,
    "multiply": skia.BlendMode.kMultiply,
    "screen": skia.BlendMode.kScreen,
    "keep": skia.BlendMode.kDstIn,
    "max": skia.BlendMode.kLighten,
}


def area(curves: Sequence[Curve], *, hollow: bool = False) -> Path:
    """Closed outlines as one area."""
    path = skia.Path()
    for curve in curves:
        path.addPoly([skia.Point(x, y) for x, y in curve.tolist()], True)
    if hollow:
        path.setFillType(skia.PathFillType.kEvenOdd)
    return path


def moved(path: Path, x: float, y: float) -> Path:
    """A copy, moved."""
    out = skia.Path()
    path.offset(x, y, out)
    return out


def joined(paths: Sequence[Path]) -> Path:
    """One path with the areas of all."""
    out = skia.Path()
    for path in paths:
        out.addPath(path)
    return out


def common(a: Path, b: Path) -> Path:
    """What lies within both."""
    return skia.Op(a, b, skia.PathOp.kIntersect_PathOp)


def paint(
    colour: Colour,
    alpha: float = 1.0,
    *,
    blend: str = "over",
    blur: float = 0.0,
    grown: float = 0.0,
    crisp: bool = False,
) -> Any:
    """A paint; `blur` is the standard deviation of a soft edge and `grown` what areas grow by, in canvas units."""
    made = skia.Paint(AntiAlias=not crisp, BlendMode=BLENDS[blend])
    if grown > 0:
        made.setStyle(skia.Paint.kStrokeAndFill_Style)
        made.setStrokeWidth(2 * grown)
        made.setStrokeJoin(skia.Paint.kRound_Join)
    made.setColor4f(skia.Color4f(colour[0] / 255, colour[1] / 255, colour[2] / 255, alpha))
    if blur > 0:
        made.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
    return made


def fading(colour: Colour, alpha: float, start: tuple[float, float], stop: tuple[float, float]) -> Any:
    """A paint that is `colour` at `start` and nothing from `stop` on."""
    made = paint(colour)
    full = skia.Color4f(colour[0] / 255, colour[1] / 255, colour[2] / 255, alpha)
    none = skia.Color4f(colour[0] / 255, colour[1] / 255, colour[2] / 255, 0.0)
    points = [skia.Point(*start), skia.Point(*stop)]
    made.setShader(skia.GradientShader.MakeLinear(points, [full.toColor(), none.toColor()]))
    return made


class Sheet:
    """A float surface that covers a box of the canvas and is drawn on in head heights."""

    def __init__(self, box: tuple[int, int, int, int], scale: float, origin: tuple[float, float]) -> None:
        top, left, bottom, right = box
        self.size = (bottom - top, right - left)
        info = skia.ImageInfo.Make(self.size[1], self.size[0], skia.kRGBA_F16_ColorType, skia.kPremul_AlphaType)
        self._surface = skia.Surface.MakeRaster(info)
        self.canvas: Canvas = self._surface.getCanvas()
        self.canvas.translate(origin[0] - left, origin[1] - top)
        self.canvas.scale(scale, scale)

    def pixels(self) -> Rgba:
        """uint8 [h, w, 4], straight alpha; (0, 0, 0, 0) where alpha is 0."""
        out = np.zeros((*self.size, 4), np.uint8)
        info = skia.ImageInfo.Make(self.size[1], self.size[0], skia.kRGBA_8888_ColorType, skia.kUnpremul_AlphaType)
        self._surface.readPixels(info, out, self.size[1] * 4, 0, 0)
        return out

    def levels(self) -> np.ndarray:
        """float16 [h, w, 4], premultiplied."""
        return np.asarray(self._surface.toarray(colorType=skia.kRGBA_F16_ColorType))

    def coverage(self) -> np.ndarray:
        """uint8 [h, w]: alpha."""
        return np.ascontiguousarray(self.pixels()[..., 3])

    def lay(self, other: Sheet, top: int, left: int, blend: str = "over") -> None:
        """Another surface over this one, its corner at a pixel of this."""
        self.canvas.save()
        self.canvas.resetMatrix()
        self.canvas.drawImage(
            other._surface.makeImageSnapshot(), left, top, skia.SamplingOptions(), skia.Paint(BlendMode=BLENDS[blend])
        )
        self.canvas.restore()


def mask(coverage: np.ndarray) -> Any:
    """uint8 [h, w] as an image of alpha alone."""
    rgba = np.zeros((*coverage.shape, 4), np.uint8)
    rgba[..., 3] = coverage
    return skia.Image.fromarray(rgba)


def cut_out(canvas: Canvas, image: Any, x: float, y: float, size: float) -> None:
    """Erase where an image is, its corner at `(x, y)`, its pixels `size` canvas units wide."""
    canvas.save()
    canvas.translate(x, y)
    canvas.scale(size, size)
    linear = skia.SamplingOptions(skia.FilterMode.kLinear)
    canvas.drawImage(image, 0, 0, linear, skia.Paint(BlendMode=BLENDS["erase"]))
    canvas.restore()


def streaked(canvas: Canvas, *, tile: float, turn: float) -> None:
    """Thin what is on a canvas with the streaks of a dry brush, repeating every `tile`, turned by degrees."""
    image = _streaks()
    place = skia.Matrix()
    place.setRotate(turn)
    place.preScale(tile / image.width(), tile / image.height())
    repeat = skia.TileMode.kRepeat
    shader = image.makeShader(repeat, repeat, skia.SamplingOptions(skia.FilterMode.kLinear), place)
    canvas.drawPaint(skia.Paint(Shader=shader, BlendMode=BLENDS["keep"]))


@lru_cache(maxsize=1)
def _streaks() -> Any:
    """Noise drawn out along x; wraps around."""
    noise = (np.random.PCG64(7).random_raw(128 * 128) >> 40).astype(np.float32).reshape(128, 128)
    smooth = cv2.GaussianBlur(np.tile(noise, (3, 3)), (0, 0), sigmaX=7, sigmaY=1.1)[128:256, 128:256]
    level = (smooth - smooth.mean()) / smooth.std()
    return mask(to_uint8(255 * np.clip(0.9 + 0.1 * level, 0.55, 1)))


def screen_of_dots(canvas: Canvas, *, pitch: float, share: float) -> None:
    """Keep of a canvas only what lies on the dots of a screen at 45°, `pitch` apart, covering `share` of the area."""
    recorder = skia.PictureRecorder()
    tile = skia.Rect(0, 0, pitch, pitch)
    dot = skia.Path()
    dot.addCircle(pitch / 2, pitch / 2, pitch * (share / np.pi) ** 0.5)
    recorder.beginRecording(tile).drawPath(dot, skia.Paint(AntiAlias=True))
    turn = skia.Matrix()
    turn.setRotate(45)
    repeat = skia.TileMode.kRepeat
    dots = recorder.finishRecordingAsPicture().makeShader(repeat, repeat, skia.FilterMode.kLinear, turn, tile)
    canvas.drawPaint(skia.Paint(Shader=dots, BlendMode=BLENDS["keep"]))
