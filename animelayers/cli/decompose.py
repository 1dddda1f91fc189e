"""`animelayers decompose`: pictures in, layered files out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from animelayers.cli import plan
from animelayers.cli.console import DONE, FAILED, UsageError, complain, emit, note, progress, say
from animelayers.cli.plan import Found, Job
from animelayers.cli.work import Outcome, outcomes
from animelayers.decompose import inpainter_of
from animelayers.models import registry
from animelayers.models.base import MemoryChoice, ModelOptions
from animelayers.parts import Preset
from animelayers.workers import ending_well

EXAMPLES = """\
animelayers decompose char.png                      # writes char.psd
animelayers decompose char.png -o out/char.ora
animelayers decompose char.png --mode parts --format psd,separation
animelayers decompose art/ -o out/ --format psd,html --jobs 2 --resume
animelayers decompose char.png --names live2d-ja --keep-source
animelayers decompose char.png --model qwen-image-layered --lora runs/x"""

FORMATS = "Any of psd,ora,clip,png,html,svg,sheet and, of mode parts, separation; default: psd."

Inputs = Annotated[
    list[Path],
    typer.Argument(metavar="IN", help="Pictures and folders (searched recursively).", show_default=False),
]
To = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="PATH", help="FILE.psd for one picture, or a folder.")
]
ModelId = Annotated[
    str | None, typer.Option(metavar="ID", help="See `animelayers models`; default: the first that does the mode.")
]
KeepSource = Annotated[bool, typer.Option("--keep-source", help="Add the picture as a hidden bottom layer.")]
Inpainter = Annotated[Path | None, typer.Option(metavar="FILE", help="A LaMa (.onnx) for what parts hide.")]

# What a large model is told: `ModelOptions`.
Lora = Annotated[Path | None, typer.Option(metavar="RUN", help="Of a large model: its adapter.")]
Weights = Annotated[str | None, typer.Option(metavar="PATH|ID", help="Its weights: a folder, or owner/name.")]
Steps = Annotated[int | None, typer.Option(metavar="N", min=2, help="Of sampling.")]
Size = Annotated[int | None, typer.Option(metavar="PX", min=64, help="What it sees is PX × PX large.")]
Memory = Annotated[
    MemoryChoice,
    typer.Option(metavar="HOW", help="In memory: auto, bf16, fp8, nf4, offload.", show_default=False),
]
Speed = Annotated[str, typer.Option(metavar="LIST", help="compile,ode,first-block … (docs/models.md).")]
Offline = Annotated[bool, typer.Option("--offline", help="Open no connection.")]


def command(
    inputs: Inputs,
    output: To = None,
    mode: Annotated[registry.Mode, typer.Option(help="How it was painted, or what it shows.")] = "rendering",
    model: ModelId = None,
    formats: Annotated[str | None, typer.Option("--format", metavar="LIST", help=FORMATS)] = None,
    names: Annotated[Preset, typer.Option(help="Whose layer names the files carry.")] = Preset.SEE_THROUGH,
    keep_source: KeepSource = False,
    inpainter: Inpainter = None,
    lora: Lora = None,
    weights: Weights = None,
    steps: Steps = None,
    size: Size = None,
    memory: Memory = "auto",
    speed: Speed = "",
    offline: Offline = False,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="For models that draw random numbers.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Skip pictures whose files are current.")] = False,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, help="Pictures at a time, each in its own process.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a picture on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Errors only.")] = False,
) -> int:
    """Take pictures apart into layers that flatten back to them exactly.

    Of mode parts, psd is the file to rig (char_import.psd), a layer for every part; separation the
    one to paint on (char_separation.psd), every part a group of line, flat, shadow, highlight.

    Files lie beside the picture unless -o says where; a.png and a.jpg become a_png.psd and a_jpg.psd.
    Files of other programs are not replaced, except one that -o names.
    """
    chosen = registry.find(model, mode)
    options = ModelOptions(lora, weights, steps, size, memory, tuple(filter(None, speed.split(","))), offline)
    registry.refuse(chosen, options)
    about = tuple(registry.load(chosen, options).about.items()) if chosen.options else ()
    wanted = plan.chosen_formats(formats, output, mode)
    renderer = registry.companion(chosen, "rendering").id if "separation" in wanted else ""
    inpainter_name = "" if inpainter is None else inpainter_of(inpainter, mode).name
    pictures = _pictures(inputs)
    job = partial(Job, mode=mode, model=chosen.id, seed=seed, names=names, keep_source=keep_source, resume=resume)
    job = partial(job, renderer=renderer, inpainter=inpainter, inpainter_name=inpainter_name)
    planned = plan.outputs_of(pictures, output, wanted, mode)
    todo = [
        job(picture.path, files, options=options, about=about) for picture, files in zip(pictures, planned, strict=True)
    ]
    return _report(todo, jobs, as_json=as_json, quiet=quiet)


def _pictures(inputs: Sequence[Path]) -> list[Found]:
    """All that there are; folders without any are said, and an error if there is nothing else."""
    pictures, empty = plan.find_pictures(inputs)
    for folder in empty if pictures else ():
        note(f"no pictures in {folder}")
    if not pictures:
        raise UsageError(
            f"no pictures in {', '.join(map(str, empty))}", hint=f"looked for {' '.join(sorted(plan.PICTURES))}"
        )
    return pictures


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
