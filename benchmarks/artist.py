"""What the synthetic artist draws, in figures: exactness, speed, variety, and how it compares with real pictures.

    python benchmarks/artist.py [--count 1000] [--jobs 2] [--art DIR …]

`--count` samples are drawn at 256 × 384 and each is checked whole; speed is measured on one core at both sizes; bytes
are compared across two runs and two processes. `--art` names folders of real pictures (RGBA figures, or figures on
white) whose statistics stand beside those of as many full-figure samples at the same height; a folder with
`visible.png` and `order.json` (labels) also gives the parts' shares of the area.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from animelayers import load_picture
from animelayers.artist.studio import sample
from animelayers.color import clear_hidden
from animelayers.composite import difference, flatten
from animelayers.data.sample import Sample
from animelayers.errors import AnimeLayersError
from animelayers.parts import PART_LABELS, split_part
from animelayers.raster import longer_side, overlap, tight_box
from animelayers.rendering.strokes import Pen, find_strokes
from animelayers.stack import Rgba

SMALL, LARGE = (384, 256), (1152, 768)
HEIGHT = 1024
"""Pixels to which figures are brought before their statistics are taken."""


def judged(seed: int) -> dict[str, Any]:
    """The worst errors of a sample, the tags in it, and how much of its layers' area is hidden."""
    made = sample(seed, *SMALL)
    assert made.parts is not None
    assert made.rendering is not None
    cells = [difference(flatten(cell), made.parts[name].rgba).max(initial=0) for name, cell in made.cells.items()]
    area: Counter[str] = Counter()
    for layer in made.parts:
        area[split_part(layer.name)[0]] += int((layer.rgba[overlap(layer, SMALL)[1]][..., 3] >= 128).sum())
    seen = {tag: int((made.visible == PART_LABELS[tag]).sum()) for tag in area}
    return {
        "parts": int(difference(flatten(made.parts), made.picture).max()),
        "rendering": int(difference(flatten(made.rendering), made.picture).max()),
        "cells": int(max(cells)),
        "tags": sorted(area),
        "strata": sum(split_part(layer.name)[2] is not None for layer in made.parts),
        "area": dict(area),
        "seen": seen,
        "shot": made.attributes["shot"],
    }


def digest(seed: int) -> str:
    """SHA-256 of everything in a sample."""
    made = sample(seed, *SMALL)
    sha = hashlib.sha256(json.dumps([made.attributes, made.keypoints, made.head_box], default=float).encode())
    for sheet in _sheets(made):
        sha.update(np.ascontiguousarray(sheet))
    return sha.hexdigest()


def _sheets(made: Sample) -> list[np.ndarray]:
    assert made.parts is not None
    assert made.rendering is not None
    layers = [*made.parts, *made.rendering, *(layer for cell in made.cells.values() for layer in cell)]
    planes = [plane for plane in (made.picture, made.image, made.depth, made.visible) if plane is not None]
    return [*planes, *(layer.rgba for layer in layers)]


def statistics(picture: Rgba) -> dict[str, float]:
    """Line, colour and texture of one figure, brought to `HEIGHT`; by the same estimators for every hand."""
    top, left, bottom, right = tight_box(picture[..., 3] >= 128)
    cut = picture[top:bottom, left:right]
    width = max(round(cut.shape[1] * HEIGHT / cut.shape[0]), 8)
    cut = cv2.resize(cut, (width, HEIGHT), interpolation=cv2.INTER_AREA)
    inside = cut[..., 3] >= 128
    rgb = np.ascontiguousarray(cut[..., :3])
    pen = Pen.of(clear_hidden(cut), longer_side(inside))
    ink = (find_strokes(rgb, cut[..., 3], inside, pen).line[..., 3] >= 128) & inside
    lightness = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[..., 0].astype(np.float32) / 2.55
    dx, dy = np.diff(lightness, axis=1)[:-1], np.diff(lightness, axis=0)[:, :-1]
    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)
    bins = np.bincount((rgb[inside] // 16).astype(np.int64) @ np.array([256, 16, 1]), minlength=4096)
    share = np.cumsum(np.sort(bins)[::-1]) / bins.sum()
    return {
        "line width, px": 2 * pen.half,
        "line cover, %": 100 * ink[inside].mean(),
        "line lightness, L*": float(lightness[ink].mean()) if ink.any() else float("nan"),
        "colours in 99 % of area": int(np.searchsorted(share, 0.99)) + 1,
        "gradient energy, L*/px": float(np.hypot(dx, dy)[inside[:-1, :-1]].mean()),
        "saturation, %": float(hsv[..., 1][inside].mean() / 2.55),
        "lightness, L*": float(lightness[inside].mean()),
    }


def real(folder: Path) -> tuple[dict[str, dict[str, float]], list[dict[str, float]]]:
    """Statistics of every picture of a folder, and parts' shares of the visible area where they are known."""
    rows, shares = {}, []
    for path in sorted(folder.rglob("*.png")):
        if path.parent.name.startswith("parts") or path.name == "visible.png":
            continue
        try:
            rgba = load_picture(path).rgba
        except AnimeLayersError:
            continue
        if path.stem.startswith("augustina"):  # layers, not figures
            continue
        if rgba[..., 3].min() == 255:
            rgba = _on_white_cut_out(rgba)
        rows[f"{path.parent.name}/{path.stem}"] = statistics(rgba)
        if (path.parent / "visible.png").exists():
            labels = np.asarray(cv2.imread(str(path.parent / "visible.png"), cv2.IMREAD_UNCHANGED))
            shares.append(shares_of(labels))
    return rows, shares


def _on_white_cut_out(rgba: Rgba) -> Rgba:
    """A figure on white paper with the paper, as far as it can be reached from the edge, made transparent."""
    paper = (rgba[..., :3].min(axis=2) > 244).astype(np.uint8)
    _, labels = cv2.connectedComponents(paper, connectivity=4)
    outside = np.isin(labels, np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))) & (
        paper > 0
    )
    return np.dstack([rgba[..., :3], np.where(outside, 0, 255).astype(np.uint8)])


def drawn(seed: int) -> tuple[dict[str, float], dict[str, float]] | None:
    """Statistics of a full-figure sample and its parts' shares of the visible area; None for other shots."""
    made = sample(seed, *LARGE)
    if made.attributes["shot"] != "full":
        return None
    assert made.visible is not None
    return statistics(made.picture), shares_of(made.visible)


def shares_of(labels: np.ndarray) -> dict[str, float]:
    """Every tag's share of what belongs to any part."""
    return {tag: float((labels == n).sum() / max((labels > 0).sum(), 1)) for tag, n in PART_LABELS.items()}


def seconds(size: tuple[int, int], seeds: range) -> tuple[float, float]:
    """Median and 95th percentile of drawing one sample."""
    sample(10**6, *size)
    times = []
    for seed in seeds:
        start = time.perf_counter()
        sample(seed, *size)
        times.append(time.perf_counter() - start)
    return float(np.median(times)), float(np.quantile(times, 0.95))


def main() -> None:
    """Everything, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--art", type=Path, nargs="*", default=[])
    chosen = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    with ProcessPoolExecutor(chosen.jobs) as pool:
        report_samples(list(pool.map(judged, range(chosen.count), chunksize=8)))
        report_bytes(pool)
        figures = [row for row in pool.map(drawn, range(60), chunksize=4) if row]
    report_speed(chosen.jobs)
    beside = {}
    shares: list[dict[str, float]] = []
    for folder in chosen.art:
        rows, known = real(folder)
        beside |= rows
        shares += known
    report_statistics([row for row, _ in figures], beside)
    if shares:
        report_shares([row for _, row in figures], shares)


def report_samples(rows: list[dict[str, Any]]) -> None:
    """Exactness, presence of tags, hidden shares."""
    print(f"| of {len(rows)} samples at 256 × 384 | |\n|---|---|")
    for name in ("parts", "cells", "rendering"):
        print(f"| largest error of flattening the {name}, levels | {max(row[name] for row in rows)} |")
    hidden = [1 - sum(row["seen"].values()) / max(sum(row["area"].values()), 1) for row in rows]
    low, high = np.quantile(hidden, (0.05, 0.95))
    print(f"| hidden share of layer area: mean (5 %, 95 %) | {np.mean(hidden):.1%} ({low:.0%}, {high:.0%}) |")
    print(f"| samples with a tag in several strata | {np.mean([row['strata'] > 0 for row in rows]):.0%} |\n")
    present, area, seen = Counter[str](), Counter[str](), Counter[str]()
    for row in rows:
        present.update(row["tags"])
        area.update(row["area"])
        seen.update(row["seen"])
    print("| tag | in samples | hidden | share of visible area |\n|---|---|---|---|")
    for tag in PART_LABELS:
        covered, share = 1 - seen[tag] / max(area[tag], 1), seen[tag] / seen.total()
        print(f"| {tag} | {present[tag] / len(rows):.1%} | {covered:.0%} | {share:.1%} |")


def report_bytes(pool: ProcessPoolExecutor) -> None:
    """Whether a seed gives the same bytes again, here and in another process."""
    seeds = range(0, 200, 10)
    here, again, elsewhere = [digest(s) for s in seeds], [digest(s) for s in seeds], list(pool.map(digest, seeds))
    print(f"\nbyte-identical in two runs and two processes: {here == again == elsewhere} ({len(seeds)} seeds)\n")


def report_speed(jobs: int) -> None:
    """Seconds a sample on one core, and what a second worker gains."""
    everything = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(everything)})
    rows = {size: seconds(size, range(40)) for size in (LARGE, SMALL)}
    os.sched_setaffinity(0, everything)
    print("| size | median, s | 95 % | on |\n|---|---|---|---|")
    for (height, width), (median, slow) in rows.items():
        print(f"| {width} × {height} | {median:.2f} | {slow:.2f} | one core |")
    for workers in sorted({1, jobs}):
        with ProcessPoolExecutor(workers) as pool:
            list(pool.map(digest, range(workers)))
            start = time.perf_counter()
            list(pool.map(digest, range(100), chunksize=5))
        print(f"| 256 × 384 | {(time.perf_counter() - start) / 100:.3f} a sample | | {workers} worker(s) |")


def report_statistics(figures: list[dict[str, float]], beside: dict[str, dict[str, float]]) -> None:
    """A line per picture, and the spread of ours."""
    names = list(figures[0])
    print(f"\n| figure at {HEIGHT} px | " + " | ".join(names) + " |\n|" + "---|" * (len(names) + 1))
    for share, label in ((0.1, "10 %"), (0.5, "median"), (0.9, "90 %")):
        values = [np.nanquantile([row[name] for row in figures], share) for name in names]
        print(f"| synthetic, {label} of {len(figures)} | " + " | ".join(f"{v:.3g}" for v in values) + " |")
    for picture, row in beside.items():
        print(f"| {picture} | " + " | ".join(f"{row[name]:.3g}" for name in names) + " |")


def report_shares(figures: list[dict[str, float]], beside: list[dict[str, float]]) -> None:
    """How much of a whole figure each part is."""
    print(
        f"\n| share of the visible area | {len(figures)} synthetic figures | {len(beside)} real ones |\n|---|---|---|"
    )
    for tag in PART_LABELS:
        ours, theirs = (float(np.mean([row[tag] for row in rows])) for rows in (figures, beside))
        print(f"| {tag} | {ours:.1%} | {theirs:.1%} |")


if __name__ == "__main__":
    main()
