"""Anime characters drawn by a program, of which every layer is known.

    python datasets/synthetic.py -o art/ --count 1000 --size 768x1152 --jobs 2
    python datasets/synthetic.py -o art/ --count 1000 --size 768x1152 --format parquet

One seed is one character: the same seed and size give the same files, whenever and wherever they are drawn, so a set is
told by its first seed and its count. With `--format folder` a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from animelayers.cli.console import DONE, FAILED, complain, progress, say
from animelayers.errors import AnimeLayersError

DESCRIPTION = """\
Anime characters drawn by the synthetic artist of animelayers: every part whole behind what covers it; flat, shadow,
highlight and line of every part and of the picture; draw order, pseudo-depth, visible parts, head box, keypoints. No
picture of anybody's was used. They are simple drawings: good for teaching what layers are, not for judging how a model
does on finished illustrations."""


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    parser.add_argument("--count", type=int, default=100, help="how many characters (default: %(default)s)")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="seed of the first (default: %(default)s)")
    parser.add_argument("--size", type=size, default=(1152, 768), metavar="WxH", help="pixels (default: 768x1152)")
    parser.add_argument("--format", choices=("folder", "parquet"), default="folder")
    parser.add_argument(
        "--families",
        choices=("all", "train", "held-out"),
        default="all",
        help="of hands: skip those kept for testing, or take them alone (default: %(default)s)",
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (default: %(default)s)")
    options = parser.parse_args(argv)
    if options.count < 1 or options.first < 0 or options.jobs < 1:
        parser.error("--count and --jobs are at least 1, --first at least 0")
    return options


def size(text: str) -> tuple[int, int]:
    """`768x1152`, width first as everybody says it → (height, width)."""
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is no size: say WIDTHxHEIGHT, such as 768x1152")
    return int(height), int(width)


def main(argv: list[str] | None = None) -> int:
    """Draw the set; 0 done, 1 failed, 2 usage."""
    options = arguments(argv)
    height, width = options.size
    words = f"--first {options.first} --count {options.count} --size {width}x{height}"
    words += "" if options.families == "all" else f" --families {options.families}"
    facts = {"name": options.output.name, "command": f"python datasets/synthetic.py {words}"}
    try:
        from animelayers.artist import families, series
        from animelayers.data import hub, sets

        seeds = families.seeds(options.first, options.count, options.families)
        with progress("drawing", len(seeds), shown=sys.stderr.isatty()) as step:
            if options.format == "parquet":
                samples = (step() or sample for sample in series.drawn(seeds, options.size, options.jobs))
                hub.write_parquet(samples, options.output, description=DESCRIPTION, **facts)
            else:
                for _ in series.saved(seeds, options.size, options.output, options.jobs):
                    step()
                sets.index_set(options.output, **facts)
    except AnimeLayersError as error:
        complain(str(error), error.hint)
        return FAILED
    say(str(options.output))
    return DONE


if __name__ == "__main__":
    sys.exit(main())
