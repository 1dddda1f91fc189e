"""Layered samples from one layout to another.

    python datasets/convert.py IN -o OUT --from see-through --to parquet --licence CC-BY-4.0 --holder "Jane Doe"

Layouts: `folder` and `parquet` are ours and hold everything; `see-through` is the training layout of See-through and
`see-through-output` what its inference leaves (one such folder, or a folder of them; read only); `lora` is `name.png`,
`name_1.png` …, `name.txt`. What a layout cannot hold is printed. OUT is a new folder.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from animelayers.cli.console import DONE, FAILED, complain, note, say
from animelayers.data.sample import SLOTS, Licence, Sample
from animelayers.errors import AnimeLayersError, DataError

READ = ("folder", "parquet", "see-through", "see-through-output", "lora")
WRITTEN = ("folder", "parquet", "see-through", "lora")
UNKNOWN = "LicenseRef-unknown"


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", type=Path, metavar="IN")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    parser.add_argument("--from", dest="read", choices=READ, default="folder", help="default: %(default)s or parquet")
    parser.add_argument("--to", dest="written", choices=WRITTEN, required=True)
    parser.add_argument("--name", help="of the set; default: the name of OUT")
    terms = parser.add_argument_group("terms of samples that do not state their own")
    terms.add_argument("--licence", default=UNKNOWN, help="SPDX identifier (default: %(default)s)")
    terms.add_argument("--holder", default="", help="whom to name")
    terms.add_argument("--source", default="", help="URL")
    parser.add_argument(
        "--alpha",
        choices=("detect", "straight", "premultiplied"),
        default="detect",
        help="of parts read from see-through",
    )
    parser.add_argument("--slots", default=",".join(SLOTS), help="lora: what the numbered files are (%(default)s)")
    parser.add_argument("--normal", action="store_true", help="lora: shadow and highlight are Normal layers there")
    return parser.parse_args(argv)


def read(options: argparse.Namespace, notes: list[str]) -> Iterator[Sample]:
    """The samples of IN."""
    from animelayers.data import hub, lora, see_through

    licence = Licence(options.licence, options.holder, options.source)
    match options.read:
        case "see-through":
            multiplied = {"detect": None, "straight": False, "premultiplied": True}[options.alpha]
            yield from see_through.read_see_through(options.input, notes, licence=licence, premultiplied=multiplied)
        case "see-through-output":
            folders = sorted({path.parent for path in options.input.glob("**/info.json")})
            if not folders:
                raise DataError(
                    f"{options.input} holds no info.json", hint="name what --save_dir was, or a folder in it"
                )
            # The folder `optimized` is a second copy of the one it lies in.
            chosen = [path for path in folders if path.name != "optimized" or path.parent not in folders]
            yield from (see_through.read_inference(folder, notes, licence=licence) for folder in chosen)
        case "lora":
            slots = options.slots.split(",")
            yield from lora.read_lora(options.input, notes, licence=licence, slots=slots, normal=options.normal)
        case _:
            yield from hub.open_set(options.input)


def write(samples: Iterator[Sample], options: argparse.Namespace, notes: list[str]) -> None:
    """Write them as OUT."""
    from animelayers.data import hub, lora, see_through

    name = options.name or options.output.name
    match options.written:
        case "see-through":
            see_through.write_see_through(samples, options.output, notes)
        case "lora":
            slots = options.slots.split(",")
            lora.write_lora(samples, options.output, notes, slots=slots, normal=options.normal)
        case _:
            hub.write_set(samples, options.output, options.written, name=name)


def main(argv: list[str] | None = None) -> int:
    """Convert; 0 done, 1 failed, 2 usage."""
    options = arguments(argv)
    notes: list[str] = []
    try:
        write(read(options, notes), options, notes)
    except AnimeLayersError as error:
        complain(str(error), error.hint)
        return FAILED
    if options.licence == UNKNOWN and options.read not in ("folder", "parquet"):
        note("samples that do not state their licence have none: --licence SPDX --holder NAME")
    for line, samples in sorted(Counter(notes).items()):
        note(f"{line} ({samples} ×)")
    say(str(options.output))
    return DONE


if __name__ == "__main__":
    sys.exit(main())
