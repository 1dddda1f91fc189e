"""Which rasteriser the synthetic artist draws with: the same 150 shapes at 768 × 1152, from arrays to pixels.

    python benchmarks/rasterisers.py

Skia (skia-python), resvg (resvg-py) and cairo (pycairo or cairocffi), those that are installed. Time is the best of
five; `off` is the largest difference of a channel from skia's picture, `differing` the share of pixels that differ.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 1152, 768
Shapes = list[tuple[np.ndarray, tuple[int, int, int]]]


def shapes() -> Shapes:
    """Blobs of 60 points in opaque colours."""
    rng = np.random.default_rng(0)
    t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    made = []
    for _ in range(150):
        rx, ry = rng.uniform(50, 350, 2)
        centre = rng.uniform((0, 0), (WIDTH, HEIGHT))
        made.append(
            (np.stack([rx * np.cos(t), ry * np.sin(t)], axis=1) + centre, tuple(rng.integers(0, 256, 3).tolist()))
        )
    return made


def with_skia(drawn: Shapes) -> np.ndarray:
    """Float surface, as the artist uses it."""
    import skia

    info = skia.ImageInfo.Make(WIDTH, HEIGHT, skia.kRGBA_F16_ColorType, skia.kPremul_AlphaType)
    surface = skia.Surface.MakeRaster(info)
    for points, colour in drawn:
        path = skia.Path()
        path.addPoly([skia.Point(x, y) for x, y in points.tolist()], True)
        surface.getCanvas().drawPath(path, skia.Paint(AntiAlias=True, Color=skia.Color(*colour)))
    out = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    straight = skia.ImageInfo.Make(WIDTH, HEIGHT, skia.kRGBA_8888_ColorType, skia.kUnpremul_AlphaType)
    surface.readPixels(straight, out, WIDTH * 4, 0, 0)
    return out


def with_resvg(drawn: Shapes) -> np.ndarray:
    """An SVG in, a PNG out: it offers nothing else."""
    import resvg_py

    paths = "".join(
        f'<path fill="rgb{colour}" d="M{" ".join(f"{x:.3f},{y:.3f}" for x, y in points)}Z"/>'
        for points, colour in drawn
    )
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">{paths}</svg>'
    return np.asarray(Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg)))).convert("RGBA"))


def with_cairo(drawn: Shapes) -> np.ndarray:
    """8-bit premultiplied BGRA, which is all it has."""
    try:
        import cairo
    except ImportError:
        import cairocffi as cairo

    surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, WIDTH, HEIGHT)
    context = cairo.Context(surface)
    for points, colour in drawn:
        for x, y in points.tolist():
            context.line_to(x, y)
        context.close_path()
        context.set_source_rgb(*(level / 255 for level in colour))
        context.fill()
    bgra = np.frombuffer(surface.get_data(), np.uint8).reshape(HEIGHT, WIDTH, 4)
    return np.ascontiguousarray(bgra[..., [2, 1, 0, 3]])


def main() -> None:
    """The table."""
    drawn = shapes()
    engines: dict[str, Callable[[Shapes], np.ndarray]] = {"skia": with_skia, "resvg": with_resvg, "cairo": with_cairo}
    print("| rasteriser | ms | off | differing |\n|---|---|---|---|")
    reference = None
    for name, engine in engines.items():
        try:
            picture = engine(drawn)
        except (ImportError, OSError) as error:
            print(f"| {name} | not to be had: {type(error).__name__} | | |")
            continue
        times = []
        for _ in range(5):
            start = time.perf_counter()
            engine(drawn)
            times.append(time.perf_counter() - start)
        reference = picture if reference is None else reference
        both = (reference[..., 3:] == 255) & (picture[..., 3:] == 255)
        off = np.abs(reference[..., :3].astype(int) - picture[..., :3]) * both
        print(f"| {name} | {1000 * min(times):.0f} | {off.max()} | {(off.max(axis=2) > 0).mean():.1%} |")


if __name__ == "__main__":
    main()
