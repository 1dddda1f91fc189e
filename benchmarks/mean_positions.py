"""Where the tags lie in a figure on average: what the baseline `mean-position` knows.

    python benchmarks/mean_positions.py [--count 400]

Writes `animelayers/evaluation/mean_positions.json` from the first seeds of the synthetic artist that may be trained on,
drawn at 128 × 192.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from animelayers import __version__
from animelayers.artist.families import seeds
from animelayers.artist.studio import sample
from animelayers.evaluation.baselines import HABITS, places
from animelayers.handoff.files import replacing
from animelayers.parts import PART_LABELS, split_part

HEIGHT, WIDTH = 192, 128


def measured(seed: int) -> tuple[dict[str, np.ndarray], dict[str, list[float]]]:
    """Of one figure: tag → [pixels, Σy, Σy², Σx, Σx²] of what is seen of it; tag → its pieces' places in the order."""
    made = sample(seed, HEIGHT, WIDTH)
    assert made.parts is not None
    assert made.visible is not None
    y, x = (np.broadcast_to(place, made.size) for place in places(made.picture[..., 3] > 0))
    sums = {}
    for tag, label in PART_LABELS.items():
        here = made.visible == label
        sums[tag] = np.array([here.sum(), y[here].sum(), (y[here] ** 2).sum(), x[here].sum(), (x[here] ** 2).sum()])
    ranks = defaultdict(list)
    for place, layer in enumerate(made.parts):
        ranks[split_part(layer.name)[0]].append((place + 0.5) / len(made.parts))
    return sums, ranks


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=400, help="figures (default: %(default)s)")
    count = parser.parse_args().count
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        rows = list(pool.map(measured, seeds(0, count, "train"), chunksize=8))
    whole = sum(float(sums[tag][0]) for sums, _ in rows for tag in PART_LABELS)
    tags = {}
    for tag in PART_LABELS:
        pixels, *moments = np.sum([sums[tag] for sums, _ in rows], axis=0)
        if not pixels:
            continue
        y, yy, x, xx = np.array(moments) / pixels
        habit = {
            "share": pixels / whole,
            "y": y,
            "y_spread": np.sqrt(yy - y * y),
            "x": x,
            "x_spread": np.sqrt(xx - x * x),
            "rank": np.mean([rank for _, ranks in rows for rank in ranks.get(tag, ())]),
        }
        tags[tag] = {name: round(float(value), 5) for name, value in habit.items()}
    facts = {
        "command": f"python benchmarks/mean_positions.py --count {count}",
        "figures": f"the first {count} seeds of families that are not held out, {WIDTH} × {HEIGHT}",
        "artist": __version__,
    }
    with replacing(HABITS) as temporary:
        temporary.write_text(json.dumps({**facts, "tags": tags}, indent=1) + "\n", "utf-8")
    print(HABITS)


if __name__ == "__main__":
    main()
