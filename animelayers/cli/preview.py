"""`animelayers preview`: a layered file as one page for any browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animelayers.cli.console import DONE, UsageError, say
from animelayers.parts import Preset

EXAMPLES = """\
animelayers preview char.psd
animelayers preview char.psd --source char.png -o look.html"""


def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A PSD or PNG layer folder.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="PATH", help="Default: FILE.html beside it.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option(metavar="IN", help="The picture, for before and after.", show_default=False)
    ] = None,
    names: Annotated[Preset, typer.Option(help="Whose layer names the page shows.")] = Preset.SEE_THROUGH,
) -> int:
    """Write one self-contained HTML page: toggle, solo, explode and compare the layers, offline."""
    from animelayers.handoff import load_stack, save
    from animelayers.picture import load_picture

    target = output if output is not None else file.with_name(f"{file.name if file.is_dir() else file.stem}.html")
    if target.is_dir():
        target /= f"{file.stem}.html"
    if target.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"-o {target}: a preview is an .html file", hint=f"-o {target.with_suffix('.html')}")
    picture = None if source is None else load_picture(source)
    written = save(
        load_stack(file), target, format="html", names=names, source=None if picture is None else picture.rgba
    )
    say(f"{file} → {written}")
    return DONE
