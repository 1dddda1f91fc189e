"""Traces pictures with our engine and with VTracer, draws both again with resvg, and compares with the picture.

    python benchmarks/vector.py PICTURE …                      # a few seconds each
    python benchmarks/vector.py PICTURE … --refine 60          # minutes; needs PyTorch
    python benchmarks/vector.py PICTURE … --look FOLDER        # also what was drawn, as PNG
    python benchmarks/vector.py PICTURE … --table              # puts the table into docs/performance.md

PSNR and SSIM are those of `animelayers eval`, on white. Seconds are processor time of one thread. Needs resvg-py and
vtracer.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import resvg_py
import vtracer
from evaluation import BEGIN as _BEGIN
from evaluation import put
from PIL import Image

from animelayers.color import matte
from animelayers.evaluation.similarity import psnr, ssim
from animelayers.handoff.png import encode_png
from animelayers.picture import load_picture
from animelayers.stack import Rgba
from animelayers.vector.drawing import Drawing
from animelayers.vector.refine import refine
from animelayers.vector.svg_in import read_svg
from animelayers.vector.svg_out import document, paths
from animelayers.vector.trace import trace

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN = _BEGIN.replace("evaluation.py", "vector.py")
HEAD = (
    "| picture | px | engine | paths | curves | kB | PSNR, dB | SSIM | seconds |",
    "|---|---|---|---:|---:|---:|---:|---:|---:|",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--refine", type=int, default=0, metavar="N", help="steps; a row more")
    parser.add_argument("--look", type=Path, metavar="FOLDER")
    parser.add_argument("--table", action="store_true", help=f"into {PAGE.name}, not only on the screen")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    if given.refine:
        import torch

        torch.set_num_threads(1)
    lines = list(HEAD)
    for line in HEAD:
        print(line)
    for path in given.pictures:
        for line in rows(path, given.refine, given.look):
            print(line, flush=True)
            lines.append(line)
    if given.table:
        PAGE.write_text(put(PAGE.read_text("utf-8"), "\n".join(lines), BEGIN), "utf-8")


def rows(path: Path, steps: int, look: Path | None) -> Iterator[str]:
    rgba = load_picture(path).rgba
    made: list[Drawing] = []

    def ours() -> str:
        made.append(trace(rgba))
        return svg(made[-1])

    def refined() -> str:
        return svg(refine(made[0], rgba, steps))

    engines: dict[str, Callable[[], str]] = {"VTracer, as it comes": lambda: by_vtracer(rgba), "ours": ours}
    if steps:
        engines[f"ours, {steps} steps of refining"] = refined
    for engine, draw in engines.items():
        start = time.process_time()
        text = draw()
        seconds = time.process_time() - start
        drawn, wanted = drawn_again(text), matte(rgba)
        if look is not None:
            look.mkdir(parents=True, exist_ok=True)
            Image.fromarray(drawn).save(look / f"{path.stem} {engine}.png")
        found = read_svg(text.encode())
        curves = sum(len(curve) for shape in found.shapes for curve in shape.curves)
        cells = (path.name, f"{rgba.shape[1]} × {rgba.shape[0]}", engine, found.paths, curves)
        figures = (
            f"{len(text.encode()) / 1000:.0f}",
            f"{psnr(drawn, wanted, 255):.2f}",
            f"{ssim(drawn, wanted, 255):.4f}",
        )
        yield f"| {' | '.join(map(str, (*cells, *figures, f'{seconds:.1f}')))} |"


def by_vtracer(rgba: Rgba) -> str:
    text: str = vtracer.convert_raw_image_to_svg(encode_png(rgba), img_format="png")
    return text


def svg(drawing: Drawing) -> str:
    return document((drawing.height, drawing.width), paths(drawing), title="", about="", provenance="{}")


def drawn_again(text: str) -> Rgba:
    """What resvg makes of an SVG, on white: uint8 [h, w, 3]."""
    coded = bytes(resvg_py.svg_to_bytes(svg_string=text))
    return matte(np.asarray(Image.open(io.BytesIO(coded)).convert("RGBA")))


if __name__ == "__main__":
    main()
