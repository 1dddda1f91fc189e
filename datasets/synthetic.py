"""Draws a set of anime characters of which every layer is known.

    python datasets/synthetic.py -o art/ --count 1000 --size 768x1152 --jobs 2
    python datasets/synthetic.py -o art/ --count 1000 --size 768x1152 --format parquet

One seed is one character: the same seed and size give the same files, whenever and wherever they are drawn, so a set is
described by its first seed and its count. `--format folder` is restartable: samples that are there already are kept.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path

from rich.progress import track

from animelayers.artist.studio import sample
from animelayers.data.folder import save_sample
from animelayers.data.hub import write_parquet
from animelayers.data.sample import Sample
from animelayers.data.sets import index_set
from animelayers.errors import AnimeLayersError

DESCRIPTION = """Anime characters drawn by a program: every part complete behind what covers it, every part's line, flat,
shadow and highlight, draw order, pseudo-depth, keypoints. No picture of anybody's was used. They are simple drawings:
good for teaching what layers are, not for judging how a model does on finished illustrations."""


def main() -> int:
    """Parse, draw, write; 0 done, 1 something could not be drawn or written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="where the set goes")
    parser.add_argument("--count", type=int, default=100, help="how many characters (default 100)")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="seed of the first (default 0)")
    parser.add_argument("--size", type=_size, default=(1152, 768), metavar="WxH", help="pixels (default 768x1152)")
    parser.add_argument("--format", choices=["folder", "parquet"], default="folder")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (default 1)")
    chosen = parser.parse_args()
    seeds = range(chosen.first, chosen.first + chosen.count)
    height, width = chosen.size
    command = f"python datasets/synthetic.py --first {chosen.first} --count {chosen.count} --size {width}x{height}"
    try:
        if chosen.format == "parquet":
            samples = track(_drawn(seeds, chosen.size, chosen.jobs), "drawing", total=len(seeds))
            write_parquet(samples, chosen.output, name="synthetic", description=DESCRIPTION, command=command)
        else:
            _write_folders(seeds, chosen.size, chosen.output, chosen.jobs)
            index_set(chosen.output, name="synthetic", command=command)
    except AnimeLayersError as error:
        print(f"error: {error}" + (f"\n{error.hint}" if error.hint else ""), file=sys.stderr)
        return 1
    return 0


def _write_folders(seeds: range, size: tuple[int, int], output: Path, jobs: int) -> None:
    """Every worker writes its own folders, so nothing but names passes between processes."""
    one = partial(_save_one, size=size, output=output)
    with ProcessPoolExecutor(jobs) as pool:
        list(track(pool.map(one, seeds, chunksize=4), "drawing", total=len(seeds)))


def _save_one(seed: int, size: tuple[int, int], output: Path) -> None:
    folder = output / f"{seed:08d}"
    if not folder.exists():
        save_sample(sample(seed, *size), folder)


def _drawn(seeds: range, size: tuple[int, int], jobs: int) -> Iterator[Sample]:
    """In the order of the seeds; a few ahead of the reader, so that memory does not grow with the set."""
    one = partial(_sample, size=size)
    with ProcessPoolExecutor(jobs) as pool:
        waiting = iter(seeds)
        ahead = [pool.submit(one, seed) for seed in islice(waiting, 3 * jobs)]
        while ahead:
            yield ahead.pop(0).result()
            ahead += [pool.submit(one, seed) for seed in islice(waiting, 1)]


def _sample(seed: int, size: tuple[int, int]) -> Sample:
    return sample(seed, *size)


def _size(text: str) -> tuple[int, int]:
    """`768x1152`, width first as everybody says it → (height, width)."""
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; say WIDTHxHEIGHT, such as 768x1152")
    return int(height), int(width)


if __name__ == "__main__":
    sys.exit(main())
