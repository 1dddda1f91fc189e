"""How long, and how much memory: the command line from process start to file written.

    python benchmarks/speed.py [--cores 2]

Every row is a fresh process bound to the given number of cores; time is wall time, memory the peak resident set of
the process. The pictures are enlargements of `examples/` with soft noise, so that nothing compresses too well.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
ENGINE = """
import sys, time
from animelayers import decompose, load_picture
picture = load_picture(sys.argv[1])
start = time.perf_counter()
decompose(picture, mode="rendering", model="classic")
print(time.perf_counter() - start)
"""


REACH = {
    (None, "rendering", "lite"): "≤ 6 s, ≤ 2 GB",
    (None, "parts", "lite"): "≤ 12 s, ≤ 2 GB",
    (4096, "rendering", "classic"): "≤ 60 s, ≤ 3 GB",
}
"""What is to be reached, by size (None: 1024 × 1536), mode and model."""


def enlarged(folder: Path, height: int, width: int) -> Path:
    """A figure on transparency, `height` × `width` px; made in a process of its own.

    A child begins with the peak of the process that started it, so this one has to stay small.
    """
    path = folder / f"{height}x{width}.png"
    maker = multiprocessing.get_context("spawn").Process(target=enlarge, args=(path, height, width))
    maker.start()
    maker.join()
    return path


def enlarge(path: Path, height: int, width: int) -> None:
    """Write the picture."""
    source = Image.open(ROOT / "examples" / "sylvie_green_smile.png").convert("RGBA")
    pixels = np.asarray(source.resize((width, height), Image.Resampling.BICUBIC)).copy()
    noise = np.random.default_rng(0).normal(0, 1.0, (height, width, 1))
    pixels[..., :3] = np.clip(pixels[..., :3] + np.round(noise), 0, 255)
    Image.fromarray(pixels).save(path, compress_level=1)


def run(command: list[str]) -> tuple[float, float, str]:
    """Wall seconds, peak resident GB, and what it printed."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    printed = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {status}")
    return time.perf_counter() - start, usage.ru_maxrss / 1e6, printed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cores", type=int, default=2)
    cores = parser.parse_args().cores
    os.sched_setaffinity(0, range(cores))  # children inherit it
    python, cli = sys.executable, [sys.executable, "-m", "animelayers"]
    print(f"{cores} cores, {time.strftime('%Y-%m-%d')}\n")
    print("| what | reach | seconds | peak GB |\n|---|---|---:|---:|")
    helps = [run([*cli, "--help"]) for _ in range(5)]
    print(f"| `animelayers --help` (best of 5) | ≤ 0.5 s | {min(h[0] for h in helps):.2f} | {helps[0][1]:.2f} |")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = enlarged(folder, 1536, 1024)
        runs = [run([python, "-c", ENGINE, str(small)]) for _ in range(3)]
        best = min(runs, key=lambda r: float(r[2]))
        print(f"| `classic` on 1024 × 1536, engine and solve | ≤ 4 s, ≤ 1 GB | {float(best[2]):.2f} | {best[1]:.2f} |")
        for size in (None, 4096, 8192):
            path = small if size is None else enlarged(folder, size, size)
            px = "1024 × 1536" if size is None else f"{size} × {size}"
            for mode, model in (("rendering", "classic"), ("rendering", "lite"), ("parts", "lite")):
                out, reach = folder / "out.psd", REACH.get((size, mode, model), "")
                asked = ["--mode", mode, "--model", model, "-o", str(out), "--quiet"]
                seconds, memory, _ = run([*cli, "decompose", str(path), *asked])
                written = f"{model}, {mode}, PNG → PSD ({out.stat().st_size / 1e6:.0f} MB)"
                print(f"| {px}, {written} | {reach} | {seconds:.1f} | {memory:.2f} |", flush=True)
                out.unlink()


if __name__ == "__main__":
    main()
