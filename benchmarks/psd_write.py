"""Writes 23 layers at 2048 × 2048 as a PSD: our writer against psd-tools' own `save()`, in one run.

    python benchmarks/psd_write.py            # best of 3, about a minute
    python benchmarks/psd_write.py --side 4096 --repeat 1

Every writer runs in a process of its own, so that its peak memory is its own. Both files hold the same 23 layers in
the same 5 groups; both times include the merged image. The last column reads the file with psdparse and counts layers
whose visible pixels came back unchanged.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.composite import flatten
from animelayers.handoff.psd import write_psd
from animelayers.raster import tight_box
from animelayers.stack import Blend, Layer, LayerStack

GROUPS = {
    "hair": ("back hair", "front hair", "headwear", "ears-l", "ears-r"),
    "face": ("face", "nose", "mouth", "eyebrow-l", "eyebrow-r"),
    "eyes": ("eyewhite-l", "eyewhite-r", "irides-l", "irides-r", "eyelash-l", "eyelash-r"),
    "body": ("neck", "topwear", "handwear-l", "handwear-r"),
    "legs": ("bottomwear", "legwear-l", "legwear-r"),
}
BLENDS = {"nose": Blend.MULTIPLY, "eyebrow-l": Blend.MULTIPLY, "irides-l": Blend.SCREEN, "headwear": Blend.LIGHTEN}


def scene(side: int) -> LayerStack:
    """23 soft-edged, shaded shapes of 6 to 60 % of the canvas, already cut to their boxes; the same ones every time."""
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32) / side
    layers = []
    for group, names in GROUPS.items():
        for name in names:
            middle, radius = rng.uniform(0.25, 0.75, 2), rng.uniform(0.12, 0.42, 2)
            reach = np.hypot((rows - middle[0]) / radius[0], (columns - middle[1]) / radius[1])
            alpha = np.clip((1 - reach) * side / 8, 0, 1)
            top, left, bottom, right = tight_box(alpha > 0.5 / 255)
            rgba = _paint(rng, alpha[top:bottom, left:right], rows[top:bottom, left:right])
            layers.append(Layer(name, rgba, top, left, group=(group,), blend=BLENDS.get(name, Blend.NORMAL)))
    return LayerStack(side, side, tuple(layers))


def _paint(
    rng: np.random.Generator, alpha: npt.NDArray[np.float32], rows: npt.NDArray[np.float32]
) -> npt.NDArray[np.uint8]:
    rgba = np.empty((*alpha.shape, 4), np.uint8)
    bands = np.floor(rows * rng.integers(3, 12)) / 12  # cel shading, over a little paper grain
    grain = cv2.GaussianBlur(rng.normal(0, 1, alpha.shape).astype(np.float32), None, 2.0) * rng.integers(0, 12)
    for channel, level in enumerate(rng.uniform(60, 220, 3)):
        rgba[..., channel] = np.clip(level + 60 * bands + grain, 0, 255)
    rgba[..., 3] = np.round(alpha * 255)
    return rgba


def write_stock(stack: LayerStack, path: Path) -> None:
    """The same document through psd-tools' public interface, with its own merged image."""
    from PIL import Image
    from psd_tools import PSDImage
    from psd_tools.constants import BlendMode, Compression

    psd = PSDImage.new("RGBA", (stack.width, stack.height))
    groups = {}
    for layer in stack:
        name = layer.group[0]
        if name not in groups:
            groups[name] = psd.create_group(name=name, blend_mode=BlendMode.PASS_THROUGH)
        groups[name].create_pixel_layer(
            Image.fromarray(np.asarray(layer.rgba)),
            name=layer.name,
            top=layer.top,
            left=layer.left,
            compression=Compression.RLE,
            blend_mode=BlendMode[layer.blend.name],
        )
    psd.save(path)


def exact_layers(path: Path, stack: LayerStack) -> int:
    """How many layers psdparse reads back with the very same visible pixels."""
    import psdparse

    psd = psdparse.PSDFile()
    psd.load(str(path))
    pixel_layers = [i for i, layer in enumerate(psd.layers) if layer.width and not layer.is_group]
    count = 0
    for index, layer in zip(pixel_layers, stack, strict=True):
        read = np.frombuffer(psd.layer_image(index), np.uint8).reshape(layer.height, layer.width, 4)[..., [2, 1, 0, 3]]
        seen = layer.rgba[..., 3:] > 0
        count += bool((read[..., 3] == layer.rgba[..., 3]).all() and ((read == layer.rgba) | ~seen).all())
    return count


def measure(writer: str, side: int, repeat: int, folder: Path) -> dict[str, float]:
    """Run one writer here and now; seconds are the best of `repeat`, memory the peak of the process."""
    path = folder / f"{writer}.psd"
    stack = scene(side)
    write = {"animelayers": write_psd, "psd-tools": write_stock}[writer]
    flatten(stack.replace(layers=stack.layers[:1]))  # import and warm up
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        write(stack, path)
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "seconds": min(seconds),
        "megabytes": path.stat().st_size / 1e6,
        "rss": peak / 1024,
        "exact": exact_layers(path, stack),
        "layers": len(stack),
    }


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--writer", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.writer:
        print(json.dumps(measure(args.writer, args.side, args.repeat, args.folder)))
        return
    with tempfile.TemporaryDirectory() as folder:
        results = {}
        for writer in ("animelayers", "psd-tools"):
            command = [sys.executable, __file__, "--writer", writer, "--folder", folder]
            command += ["--side", str(args.side), "--repeat", str(args.repeat)]
            results[writer] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(f"23 layers in 5 groups, {args.side} × {args.side}, merged image included, best of {args.repeat}\n")
    print("| writer | seconds | file, MB | peak RSS, MB | layers exact in psdparse |")
    print("|---|---|---|---|---|")
    for writer, r in results.items():
        print(
            f"| {writer} | {r['seconds']:.2f} | {r['megabytes']:.1f} | {r['rss']:.0f} | {r['exact']} of {r['layers']} |"
        )
    ratio = results["psd-tools"]["seconds"] / results["animelayers"]["seconds"]
    print(f"\nratio of the times: {ratio:.1f}")


if __name__ == "__main__":
    main()
