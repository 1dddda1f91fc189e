"""The layered sprite of Ren'Py's tests as samples: every combination of its outfits, eyes, brows, mouths and glasses.

    python datasets/sprites.py PATH/TO/augustina_sheets -o sprites/ --flip --background F4E8D8

The sheets, MIT, lie in scripts/rt of https://github.com/renpy/renpy.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from animelayers.cli.console import DONE, FAILED, complain, say
from animelayers.data.sample import Sample
from animelayers.data.sprites import augustina, flipped, on_background, rescaled
from animelayers.errors import AnimeLayersError

DESCRIPTION = """\
Augustina, the layered sprite of [Ren'Py](https://www.renpy.org)'s tests, in every combination of her sheets, made by
`datasets/sprites.py`. Hair, face, arms and legs are one sheet there, hence one piece, `background`, of no part. MIT:
keep the notice."""


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sheets", type=Path, metavar="SHEETS", help="folder of augustina_*.png")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    parser.add_argument("--height", type=int, help="pixels; the width follows (default: as drawn, 710)")
    parser.add_argument("--flip", action="store_true", help="the mirror images too")
    parser.add_argument("--background", type=colour, metavar="RRGGBB", help="also an image on this colour")
    parser.add_argument("--format", choices=("folder", "parquet"), default="folder")
    return parser.parse_args(argv)


def colour(text: str) -> tuple[int, int, int]:
    """RRGGBB as red, green, blue."""
    if not re.fullmatch("#?[0-9A-Fa-f]{6}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no colour such as F4E8D8")
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue


def made(options: argparse.Namespace) -> Iterator[Sample]:
    """The sprites as they were asked for."""
    for drawn in augustina(options.sheets):
        sample = drawn
        if options.height:
            height, width = drawn.size
            sample = rescaled(sample, (options.height, max(1, round(width * options.height / height))))
        for turned in (sample, flipped(sample).replace(id=f"{sample.id}-flipped")) if options.flip else (sample,):
            yield on_background(turned, options.background) if options.background else turned


def command(options: argparse.Namespace) -> str:
    """What makes the same set again, wherever the sheets lie."""
    words = ["python datasets/sprites.py SHEETS"]
    words += [f"--height {options.height}"] if options.height else []
    words += ["--flip"] if options.flip else []
    words += [f"--background {bytes(options.background).hex()}"] if options.background else []
    return " ".join(words)


def main(argv: list[str] | None = None) -> int:
    """Make the set; 0 done, 1 failed, 2 usage."""
    from animelayers.data import hub

    options = arguments(argv)
    facts = {"name": options.output.name, "command": command(options)}
    try:
        hub.write_set(made(options), options.output, options.format, description=DESCRIPTION, **facts)
    except AnimeLayersError as error:
        complain(str(error), error.hint)
        return FAILED
    say(str(options.output))
    return DONE


if __name__ == "__main__":
    sys.exit(main())
