"""Pictures with a layer index for every pixel: icon packs, avatars, and any set of layered samples.

    python datasets/svg_layers.py --fetch --packs packs/ -o index/
    python datasets/svg_layers.py --packs packs/ --avatars 500 --samples art/ -o index/ --size 256 --jobs 2

Packs are `@iconify-json/…` of the npm registry, as `npm pack` writes them; `--fetch` calls it for those that are not in
the folder yet. Without `--other-licences` only what may teach weights under Apache-2.0 is taken. Backgrounds are not
part of the set: `layer_index.on_ground` lays a picture on any of them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from animelayers.cli.console import answered, note, progress, say
from animelayers.data.layer_index import IndexedPicture, of_sample
from animelayers.data.sample import Licence
from animelayers.data.svg_packs import FREE, PACKS, Drawing, read_pack
from animelayers.errors import AnimeLayersError, DataError, MissingPackageError
from animelayers.workers import ending_well, results

NEEDS = 'pip install "animelayers[avatars]"'


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    parser.add_argument("--packs", type=Path, metavar="FOLDER", help="of tarballs, folders or icons.json of packs")
    parser.add_argument("--fetch", action="store_true", help=f"get missing packs by `npm pack`: {', '.join(PACKS)}")
    parser.add_argument("--other-licences", action="store_true", help="what is under other licences too, to measure on")
    parser.add_argument("--avatars", type=int, default=0, metavar="N", help="and N busts of every avatar style")
    parser.add_argument("--samples", type=Path, metavar="SET", help="and the samples of a set, by their parts")
    parser.add_argument("--size", type=int, default=256, help="pixels of a side (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: %(default)s)")
    return parser.parse_args(argv)


def fetch(folder: Path) -> None:
    """Get the packs that are not there yet from the npm registry, with its own client."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [name for name in PACKS if not any(folder.glob(f"iconify-json-{name}-[0-9]*.tgz"))]
    if not missing:
        return
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), *(f"@iconify-json/{n}" for n in missing)]
    try:
        subprocess.run(command, check=True, stdout=sys.stderr)
    except FileNotFoundError as error:
        raise MissingPackageError("npm is not installed", hint="it comes with Node.js") from error
    except subprocess.CalledProcessError as error:
        raise DataError(f"npm pack failed with {error.returncode}", hint="is the registry reached?") from error


@dataclass
class Made:
    """What becomes of everything that came."""

    options: argparse.Namespace
    refused: Counter[str] = field(default_factory=Counter)

    def pictures(self) -> Iterator[IndexedPicture]:
        """Packs, then avatars, then samples."""
        drawings = list(self.drawings())
        tried = results(partial(indexed, self.options.size), drawings, self.options.jobs, in_order=True)
        with progress("drawing", len(drawings), shown=sys.stderr.isatty()) as step:
            for picture in tried:
                step()
                if isinstance(picture, str):
                    self.refused[picture] += 1
                else:
                    yield picture
        yield from self.avatars()
        yield from self.samples()

    def drawings(self) -> Iterator[Drawing]:
        """Of every pack whose licence is wanted."""
        folder = self.options.packs
        for path in sorted(folder.iterdir()) if folder else ():
            for drawing in read_pack(path):
                if not self.wanted(drawing.licence, path.name):
                    break
                yield drawing

    def avatars(self) -> Iterator[IndexedPicture]:
        """Busts of every style whose licence is wanted."""
        from animelayers.data.avatars import STYLES, avatar

        for style in STYLES if self.options.avatars else ():
            for seed in range(self.options.avatars):
                made = of_sample(avatar(style, seed, self.options.size), f"dicebear-{style}")
                if not self.wanted(made.licence, style):
                    break
                yield made

    def wanted(self, licence: Licence, name: str) -> bool:
        """Whether something under this licence is taken; said where it is not."""
        free = licence.spdx in FREE or self.options.other_licences
        if not free:
            note(f"{name} is left out: {licence.spdx}")
        return free

    def samples(self) -> Iterator[IndexedPicture]:
        """Of a set, each fitted into a square."""
        from animelayers.data.hub import open_set

        for sample in open_set(self.options.samples) if self.options.samples else ():
            yield of_sample(sample, self.options.samples.name).fitted(self.options.size)


def indexed(size: int, drawing: Drawing) -> IndexedPicture | str:
    """The picture of a drawing, or why there is none."""
    try:
        return drawing.indexed(size)
    except DataError as error:
        return str(error)


def make(options: argparse.Namespace) -> None:
    """Fetch if asked to, draw, write."""
    from animelayers.data.index_shards import write_shards

    if not (options.packs or options.avatars or options.samples):
        raise AnimeLayersError("nothing to make a set of", hint="--packs, --avatars or --samples")
    if options.fetch:
        fetch(options.packs)
    made = Made(options)
    with ending_well():
        about = write_shards(made.pictures(), options.output, command=f"python datasets/svg_layers.py {typed(options)}")
    for reason, count in made.refused.most_common(8):
        note(f"{count} left out: {reason}")
    for pack, counts in about["packs"].items():
        terms = about["licences"][pack]
        say(f"{pack}: {sum(counts.values())} pictures, {terms['spdx']}, {terms['holder']}")


def typed(options: argparse.Namespace) -> str:
    """What makes the same set again, wherever the packs lie."""
    words = [f"--size {options.size}"]
    words += ["--packs PACKS"] if options.packs else []
    words += ["--other-licences"] if options.other_licences else []
    words += [f"--avatars {options.avatars}"] if options.avatars else []
    words += ["--samples SET"] if options.samples else []
    return " ".join(words)


def main(argv: list[str] | None = None) -> int:
    """Make the set; 0 done, 1 failed, 2 usage, 130 Ctrl-C."""
    options = arguments(argv)
    return answered(lambda: make(options), needs=NEEDS)


if __name__ == "__main__":
    sys.exit(main())
