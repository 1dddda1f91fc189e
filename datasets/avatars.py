"""Layered busts from DiceBear's avatar styles: parts, draw order, alpha, and line art for two of the styles.

    python datasets/avatars.py -o avatars/ --count 200 --size 512 --format parquet

Needs `pip install "animelayers[avatars]"`, and `[data]` for parquet. Bust n of a style is the same wherever it is made.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from animelayers.cli.console import DONE, FAILED, complain, progress, say
from animelayers.data.avatars import STYLES, avatar
from animelayers.data.sample import Sample
from animelayers.errors import AnimeLayersError

DESCRIPTION = """\
Busts in the avatar styles of [DiceBear](https://www.dicebear.com), taken apart into parts by `datasets/avatars.py`:
every component rendered for itself, so that it is complete behind what covers it. Changed from the originals: other
hair, eye and skin colours, no beards, layers. Whoever shows them names the artists below, as CC BY 4.0 asks."""


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    parser.add_argument("--count", type=int, default=100, help="busts of every style (default: %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="number of the first (default: %(default)s)")
    parser.add_argument("--styles", default=",".join(STYLES), help="default: %(default)s")
    parser.add_argument("--size", type=int, default=512, help="pixels of a side (default: %(default)s)")
    parser.add_argument("--format", choices=("folder", "parquet"), default="folder")
    return parser.parse_args(argv)


def made(options: argparse.Namespace) -> Iterator[Sample]:
    """The busts, style by style."""
    for style in options.styles.split(","):
        yield from (avatar(style, seed, options.size) for seed in range(options.first, options.first + options.count))


def main(argv: list[str] | None = None) -> int:
    """Make the set; 0 done, 1 failed, 2 usage."""
    from animelayers.data import hub

    options = arguments(argv)
    total = options.count * len(options.styles.split(","))
    words = f"--styles {options.styles} --first {options.first} --count {options.count} --size {options.size}"
    facts = {"name": options.output.name, "command": f"python datasets/avatars.py {words}"}
    try:
        with progress("drawing", total, shown=sys.stderr.isatty()) as step:
            samples = (step() or sample for sample in made(options))
            hub.write_set(samples, options.output, options.format, description=DESCRIPTION, **facts)
    except AnimeLayersError as error:
        complain(str(error), error.hint)
        return FAILED
    say(str(options.output))
    return DONE


if __name__ == "__main__":
    sys.exit(main())
