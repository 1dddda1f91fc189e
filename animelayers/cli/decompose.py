"""`animelayers decompose`: pictures in, layered files out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from animelayers.cli import plan
from animelayers.cli.console import DONE, FAILED, UsageError, complain, emit, note, progress, say
from animelayers.cli.plan import Job
from animelayers.cli.work import Outcome, outcomes
from animelayers.decompose import inpainter_of
from animelayers.models import registry
from animelayers.parts import Preset
from animelayers.workers import ending_well

EXAMPLES = """\
animelayers decompose char.png                      # writes char.psd
animelayers decompose char.png -o out/char.ora
animelayers decompose char.png --mode parts --format psd,separation
animelayers decompose art/ -o out/ --format psd,html --jobs 2 --resume
animelayers decompose char.png --names live2d-ja --keep-source"""

FORMATS = "Any of psd,ora,clip,png,html,sheet and, of mode parts, separation; default: psd."


def command(
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="IN", help="Pictures and folders (searched recursively).", show_default=False),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="PATH", help="FILE.psd for one picture, or a folder.")
    ] = None,
    mode: Annotated[registry.Mode, typer.Option(help="How it was painted, or what it shows.")] = "rendering",
    model: Annotated[
        str | None, typer.Option(metavar="ID", help="See `animelayers models`; default: the first that does the mode.")
    ] = None,
    formats: Annotated[str | None, typer.Option("--format", metavar="LIST", help=FORMATS)] = None,
    names: Annotated[Preset, typer.Option(help="Whose layer names the files carry.")] = Preset.SEE_THROUGH,
    keep_source: Annotated[
        bool, typer.Option("--keep-source", help="Add the picture itself as a hidden bottom layer.")
    ] = False,
    inpainter: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A LaMa (.onnx) for hidden colours, of mode parts.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="For models that draw random numbers.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Skip pictures whose files are there and current.")] = False,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, help="Pictures at a time, each in its own process.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a picture on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Errors only.")] = False,
) -> int:
    """Take pictures apart into layers that flatten back to them exactly.

    Of mode parts, psd is the file to rig (char_import.psd), a layer for every part; separation is the
    file to paint on (char_separation.psd), where every part is a group of line, flat, shadow, highlight.

    Files lie beside the picture unless -o says where. Pictures that would share a name keep their
    suffix in it (a.png, a.jpg: a_png.psd, a_jpg.psd). Files of other programs are not replaced,
    except one that -o names.
    """
    chosen = registry.find(model, mode)
    wanted = plan.chosen_formats(formats, output, mode)
    renderer = registry.companion(chosen, "rendering").id if "separation" in wanted else ""
    inpainter_name = "" if inpainter is None else inpainter_of(inpainter, mode).name
    pictures, empty = plan.find_pictures(inputs)
    for folder in empty if pictures else ():
        note(f"no pictures in {folder}")
    if not pictures:
        raise UsageError(
            f"no pictures in {', '.join(map(str, empty))}", hint=f"looked for {' '.join(sorted(plan.PICTURES))}"
        )
    planned = plan.outputs_of(pictures, output, wanted, mode)
    todo = [
        Job(picture.path, files, mode, chosen.id, seed, names, keep_source, resume, renderer, inpainter, inpainter_name)
        for picture, files in zip(pictures, planned, strict=True)
    ]
    return _report(todo, jobs, as_json=as_json, quiet=quiet)


def _report(todo: Sequence[Job], jobs: int, *, as_json: bool, quiet: bool) -> int:
    """Do the jobs, say what became of each, and give the exit code."""
    code = DONE
    with ending_well(), progress("pictures", len(todo), shown=not quiet and sys.stderr.isatty()) as advance:
        for outcome in outcomes(todo, jobs):
            advance()
            if as_json:
                emit(outcome.as_dict())
            elif outcome.error is None and not quiet:
                say(_line(outcome))
            if not quiet:
                for text in outcome.notes:
                    note(f"{outcome.input}: {text}")
            if outcome.error is not None:
                code = FAILED
                if outcome.bug is not None:
                    sys.stderr.write(outcome.bug)
                complain(f"{outcome.input}: {outcome.error}", outcome.hint or "")
    return code


def _line(outcome: Outcome) -> str:
    """What a person wants to know about a picture that is done."""
    first, *others = outcome.outputs
    if outcome.canvas is None:
        how = "current, skipped"
    else:
        exact = "exact" if outcome.max_error == 0 else f"largest error {outcome.max_error}"
        how = f"{outcome.canvas['width']} × {outcome.canvas['height']} px, {outcome.seconds:.1f} s, {exact}"
    return "\n".join((f"{outcome.input} → {first}  ({how})", *(f"  → {other}" for other in others)))
