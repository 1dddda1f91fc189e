"""Artists' layered PSDs into samples: parts, rendering layers, or both, as the names of their layers say.

    python datasets/from_psd.py art/*.psd --dry-run
    python datasets/from_psd.py art/*.psd -o samples/ --mapping my.toml --licence CC-BY-4.0 --holder "Jane Doe"

Layer names may be Japanese, English or Chinese. What they do not say, `my.toml` does:

    blend = true                     # unnamed layers: Multiply … → shadow, Screen, Add, Overlay … → highlight
    [layers]
    "リボン*" = "headwear"           # pattern = part, rendering layer, part/rendering layer, or ignore

A file that cannot be read exactly is left out, and what to do is printed. docs/data-psd.md says the rest.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from animelayers.cli.console import DONE, FAILED, USAGE, complain, emit, note, say
from animelayers.data import psd_in
from animelayers.data.mapping import Rules, load_rules
from animelayers.data.psd_art import read_art
from animelayers.data.sample import Licence, Sample
from animelayers.errors import AnimeLayersError


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", metavar="PSD")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", help="folder of the set; needed without --dry-run")
    parser.add_argument("--mapping", type=Path, metavar="TOML", help="your names for layers")
    parser.add_argument("--mode", choices=list(psd_in.Mode), default=psd_in.Mode.AUTO, type=psd_in.Mode)
    parser.add_argument("--dry-run", action="store_true", help="print what every layer is taken for, write nothing")
    parser.add_argument("--format", choices=("folder", "parquet"), default="folder")
    parser.add_argument("--licence", default="LicenseRef-unknown", help="SPDX identifier (default: %(default)s)")
    parser.add_argument("--holder", default="", help="whom to name")
    parser.add_argument("--source", default="", help="URL")
    far = "how many levels of 255 sample and merged image may be off (default: %(default)s)"
    parser.add_argument("--tolerance", type=int, default=psd_in.TOLERANCE, metavar="LEVELS", help=far)
    parser.add_argument("--json", action="store_true", help="one line of JSON for every file")
    options = parser.parse_args(argv)
    if options.output is None and not options.dry_run:
        parser.error("-o OUT is needed, or --dry-run")
    return options


def samples(options: argparse.Namespace, rules: Rules, failed: list[Path]) -> Iterator[Sample]:
    """The sample of every file that makes one; the others are told and added to `failed`."""
    taken: set[str] = set()
    for path in options.files:
        facts: dict[str, Any] = {"path": str(path)}
        try:
            plan = psd_in.plan(read_art(path), rules, options.mode)
            facts |= psd_in.facts(plan)
            tell(path, plan, options)
            if not plan.problems and not options.dry_run:
                id = psd_in.sample_id(plan.art, taken)
                licence = Licence(options.licence, options.holder, options.source)
                made = psd_in.ingest(plan, id, licence, options.tolerance)
                facts |= {"id": id, **made.facts}
                yield made.sample
            elif plan.problems:
                failed.append(path)
        except AnimeLayersError as error:
            complain(f"{path}: {error}", error.hint)
            facts |= {"error": str(error), "hint": error.hint or None}
            failed.append(path)
        if options.json:
            emit(facts)
        elif "id" in facts:
            say(f"{path} → {facts['id']}: {facts['mode']}, max error {facts['max_error']}")


def tell(path: Path, plan: psd_in.Plan, options: argparse.Namespace) -> None:
    """The mapping as a table on a dry run; problems and notes always."""
    if options.dry_run and not options.json:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(title=f"{path}: {plan.mode}", title_justify="left")
        for heading in ("layer", "blend", "→ what", "why"):
            table.add_column(heading, overflow="fold")
        for layer in psd_in.facts(plan)["layers"]:
            cells = (layer["path"], layer["blend"], layer["target"], " · ".join(layer["why"]))
            table.add_row(*(Text(cell or "unmapped") for cell in cells))
        Console().print(table)
    for problem in plan.problems:
        complain(f"{path}: {problem}", problem.hint)
    for line in plan.notes:
        note(f"{path}: {line}")


def main(argv: list[str] | None = None) -> int:
    """Make the set."""
    from animelayers.data import hub

    options, failed = arguments(argv), list[Path]()
    try:
        rules = load_rules(options.mapping) if options.mapping else Rules()
        made = samples(options, rules, failed)
        if options.dry_run:
            list(made)
        else:
            hub.write_set(made, options.output, options.format, name=options.output.name)
    except AnimeLayersError as error:
        if len(failed) < len(options.files):  # else there was nothing to save, and it is told why
            complain(str(error), error.hint)
        return FAILED if failed else USAGE
    return FAILED if failed else DONE


if __name__ == "__main__":
    sys.exit(main())
