"""`animelayers data …`: sets of training samples, checked and shown."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from animelayers.cli.console import DONE, FAILED, USAGE, columns, emit, progress, say

if TYPE_CHECKING:
    from animelayers.data.sets import SampleSet

Directory = Annotated[
    Path,
    typer.Argument(metavar="DIR", exists=True, file_okay=False, help="A set, or one sample.", show_default=False),
]

TRUTHS = ("parts", "rendering", "cells", "image", "depth", "visible", "head_box", "keypoints")
"""Fields of a sample that may be missing."""
MOST_SIZES = 8
"""Sizes of pictures that the table lists."""


def check(
    folder: Directory,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one line of JSON.")] = False,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, help="Samples at a time.")] = 1,
) -> int:
    """Check every sample of a set against its own picture: layers that add up, tags, edges, maps, licences."""
    from animelayers.data.check import check_set, format_report
    from animelayers.data.hub import open_set

    found = open_set(folder)
    with progress("samples", len(found), shown=sys.stderr.isatty()) as advance:
        report = check_set(found, jobs=jobs, advance=advance)
    if as_json:
        emit(report.as_dict())
    else:
        say(format_report(report))
    return DONE if report.ok else FAILED


def show(
    folder: Directory,
    as_json: Annotated[bool, typer.Option("--json", help="The same as one line of JSON.")] = False,
) -> int:
    """Print what a set holds: samples, sizes, which layers and maps they have, tags, licences. Reads no pixels."""
    from animelayers.data.hub import open_set

    facts = facts_of(open_set(folder))
    if as_json:
        emit(facts)
    else:
        for line in _text(facts):
            say(line)
    return DONE


def facts_of(found: SampleSet) -> dict[str, Any]:
    """What `show` prints, JSON-ready; counts are of samples.

    Raises:
        DataError: a sample cannot be read.
    """
    from animelayers.parts import PART_LABELS, split_part

    sizes, truths, tags, licences = (Counter[Any]() for _ in range(4))
    for index in range(len(found)):
        sample = found.describe(index)
        sizes[sample.size.height, sample.size.width] += 1
        truths.update(name for name in TRUTHS if getattr(sample, name))
        tags.update({split_part(sheet.name)[0] for sheet in sample.parts.layers} if sample.parts else ())
        licences[sample.licence.spdx, sample.licence.holder] += 1
    known = [tag for tag in PART_LABELS if tag in tags]
    made = found.manifest
    return {
        "path": str(found.path),
        "name": None if made is None else made.name,
        "generator": None if made is None else made.generator,
        "command": None if made is None else made.command,
        "samples": len(found),
        "sizes": [{"height": h, "width": w, "samples": n} for (h, w), n in sizes.most_common()],
        "holds": {name: truths[name] for name in TRUTHS},
        "tags": {tag: tags[tag] for tag in (*known, *sorted(tags.keys() - known))},
        "licences": [{"spdx": s, "holder": h, "samples": n} for (s, h), n in sorted(licences.items())],
    }


def _text(facts: dict[str, Any]) -> Iterator[str]:
    """The facts for a person."""
    name = f" ({facts['name']})" if facts["name"] else ""
    yield f"{facts['path']}{name}: {facts['samples']} samples"
    if facts["generator"]:
        yield f"  made by {facts['generator']}{': ' if facts['command'] else ''}{facts['command']}"
    share = [(name, str(count), f"{count / facts['samples']:.0%}") for name, count in facts["holds"].items()]
    tags = [(tag, str(count), f"{count / facts['samples']:.0%}") for tag, count in facts["tags"].items()]
    sizes = [(f"{row['width']} × {row['height']} px", str(row["samples"])) for row in facts["sizes"]]
    rows = [(row["spdx"], row["holder"], str(row["samples"])) for row in facts["licences"]]
    more = [(f"{len(sizes) - MOST_SIZES} other sizes", "")] if len(sizes) > MOST_SIZES else []
    tables = (("sizes", sizes[:MOST_SIZES] + more), ("holds", share), ("tags", tags), ("licences", rows))
    for title, table in tables:
        if table:
            yield f"  {title}"
            yield from columns(table, indent="    ")


COMMANDS: dict[str, tuple[Callable[..., int], str, str]] = {
    "check": (
        check,
        "Check every sample of a set.",
        "animelayers data check data/mine\nanimelayers data check data/mine --jobs 4 --json",
    ),
    "show": (
        show,
        "Print what a set holds.",
        "animelayers data show data/mine",
    ),
}
"""Every command: its function, one line for the list, examples."""

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.callback(invoke_without_command=True)
def root(context: typer.Context) -> int:
    """Check and show sets of training samples."""
    if context.invoked_subcommand is None:
        say(context.get_help())
        return USAGE
    return DONE


for name, (function, summary, examples) in COMMANDS.items():
    app.command(name, short_help=summary, epilog=f"\b\n{examples}")(function)
