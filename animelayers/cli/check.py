"""`animelayers check`: will artists' programs take this file, and is it still the picture?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animelayers.cli.console import DONE, FAILED, complain_of, emit, say
from animelayers.errors import AnimeLayersError

EXAMPLES = """\
animelayers check char.psd
animelayers check char.psd --source char.png
animelayers check out/*.psd --json"""


def command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="PSD files and PNG layer folders.", show_default=False)
    ],
    source: Annotated[
        Path | None, typer.Option(metavar="IN", help="The picture the layers must flatten to.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a file.")] = False,
) -> int:
    """Lint layered files against the import rules of Live2D Cubism, and measure what they flatten to."""
    from animelayers.handoff.check import check, format_report
    from animelayers.picture import load_picture

    picture = None if source is None else load_picture(source)
    code = DONE
    for file in files:
        try:
            report = check(file, source=picture)
        except AnimeLayersError as error:
            code = FAILED
            complain_of(file, error, as_json=as_json, ok=False)
            continue
        if not report.ok:
            code = FAILED
        if as_json:
            emit(report.as_dict())
        else:
            say(format_report(report))
    return code
