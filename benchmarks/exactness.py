"""Does the PSD of every picture flatten to it, in readers that are not ours?

    python benchmarks/exactness.py [--mode parts] [--model classic] [FOLDER ...]

Takes each picture of the folders (default: examples/) apart, writes the PSD, reads its layers with psdparse, psd-tools
and ImageMagick, and prints the largest difference from the 8-bit source as a Markdown table, of rendering layers with
their probes. psd-tools and ImageMagick cut the last fraction off instead of rounding it, hence their 1.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import psdparse
from PIL import Image
from psd_tools import PSDImage

from animelayers import decompose, load_picture, save
from animelayers.composite import difference
from animelayers.models.registry import MODES
from animelayers.rendering.probes import probe
from animelayers.stack import Rgba

IMAGEMAGICK = next(filter(None, map(shutil.which, ("magick", "convert-im6.q16", "convert"))), None)


def read_psdparse(path: Path) -> Rgba:
    psd = psdparse.PSDFile()
    psd.load(str(path))
    bgra, _ = psd.composite()
    height, width = load_picture(path).size
    return np.frombuffer(bgra, np.uint8).reshape(height, width, 4)[..., [2, 1, 0, 3]]


def read_psdtools(path: Path) -> Rgba:
    image = PSDImage.open(path).composite(ignore_preview=True, apply_icc=False, color=None, alpha=0.0)
    return np.asarray(image.convert("RGBA"))


def read_imagemagick(path: Path) -> Rgba:
    height, width = load_picture(path).size
    out = path.with_suffix(".im.png")
    layers = ["-size", f"{width}x{height}", "xc:none", f"{path}[1--1]", "-background", "none", "-flatten"]
    subprocess.run([IMAGEMAGICK, *layers, "-depth", "8", f"PNG32:{out}"], check=True)
    return np.asarray(Image.open(out).convert("RGBA"))


READERS = {"psdparse": read_psdparse, "psd-tools": read_psdtools, "ImageMagick": read_imagemagick}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, default=[Path(__file__).parents[1] / "examples"])
    parser.add_argument("--mode", choices=MODES, default="rendering")
    parser.add_argument("--model")
    options = parser.parse_args()
    readers = {name: read for name, read in READERS.items() if name != "ImageMagick" or IMAGEMAGICK}
    columns = [*readers, "alpha"]
    columns += ["colours of the flat", "lines left in it", "seams", "leak", "haze"] * (options.mode == "rendering")
    print("| picture | px | " + " | ".join(columns) + " |")
    print("|---|---|" + "---:|" * len(columns))
    worst = dict.fromkeys(readers, 0)
    found = (path for folder in options.folders for path in folder.rglob("*.png"))
    pictures = sorted(path for path in found if "parts" not in str(path.parent) and path.name != "visible.png")
    for path in pictures:
        picture = load_picture(path)
        stack = decompose(picture, options.mode, options.model)
        with tempfile.TemporaryDirectory() as folder:
            psd = save(stack, Path(folder) / "layers.psd")
            read = {name: reader(psd) for name, reader in readers.items()}
        errors = {name: int(difference(seen, picture.rgba).max()) for name, seen in read.items()}
        alpha = (read["psdparse"][..., 3] == picture.rgba[..., 3]).all()
        worst = {name: max(worst[name], error) for name, error in errors.items()}
        cells = [*map(str, errors.values()), "identical" if alpha else "CHANGED"]
        if options.mode == "rendering":
            probed = probe(stack, picture.rgba)
            numbers = [probed.flat_line_energy, probed.flat_seams, probed.line_leak, probed.haze]
            cells += [str(probed.flat_colours), *(f"{number:.3f}" for number in numbers)]
        print(f"| {path.parent.name}/{path.name} | {picture.width} × {picture.height} | " + " | ".join(cells) + " |")
    print(f"\n{len(pictures)} pictures; worst: " + ", ".join(f"{name} {error}" for name, error in worst.items()))
    return int(worst["psdparse"] > 0 or max(worst.values()) > 1)


if __name__ == "__main__":
    sys.exit(main())
