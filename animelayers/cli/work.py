"""Doing the jobs: one after the other or in processes, each with an outcome, none stopping the others."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from animelayers.cli.made import free_to_write, options_of, up_to_date
from animelayers.cli.plan import Job, Output
from animelayers.errors import AnimeLayersError
from animelayers.workers import LOST, results

if TYPE_CHECKING:
    from animelayers.picture import Picture
    from animelayers.stack import LayerStack

NOBODY = "no character was found, so the whole picture is the layer background"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one job; its fields are the JSON line."""

    input: str
    outputs: tuple[str, ...] = ()
    """Files and folders that were written, or were current; also where the job failed half-way."""
    seconds: float = 0.0
    canvas: dict[str, int] | None = None
    """`height` and `width`, px."""
    max_error: int | None = None
    """Largest difference between the flattened stack and the picture, in 8-bit levels."""
    notes: tuple[str, ...] = ()
    skipped: bool = False
    error: str | None = None
    hint: str | None = None
    bug: str | None = None
    """The traceback, where the error is nobody's fault but ours."""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values, in declaration order."""
        return asdict(self)


def outcomes(jobs: Sequence[Job], workers: int) -> Iterator[Outcome]:
    """Do the jobs and yield what became of each: in order with one worker, as they get done with several.

    Closing the iterator, or Ctrl-C, ends the workers after they have removed what they were writing.
    """
    return results(run, jobs, workers, lost=_lost)


def run(job: Job) -> Outcome:
    """Do one job. Whatever goes wrong with the picture is in the outcome; Ctrl-C is not caught."""
    start = time.perf_counter()
    blank = Outcome(str(job.source))
    written: list[str] = []
    try:
        outcome = _attempt(job, blank, written)
    except AnimeLayersError as error:
        outcome = replace(blank, error=str(error), hint=error.hint or None)
    except MemoryError:
        outcome = replace(blank, error="there is not enough memory for this picture", hint="--jobs 1")
    except Exception as error:  # noqa: BLE001 - a bug that one picture wakes must not lose the others; it is shown
        outcome = replace(blank, error=f"{type(error).__name__}: {error}", bug=traceback.format_exc())
    return replace(outcome, outputs=tuple(written), seconds=round(time.perf_counter() - start, 3))


def _attempt(job: Job, blank: Outcome, written: list[str]) -> Outcome:
    from animelayers.composite import max_error
    from animelayers.decompose import decompose, separate
    from animelayers.picture import load_picture

    if job.resume and up_to_date(job):
        written += [str(output.path) for output in job.outputs]
        return replace(blank, skipped=True)
    free_to_write(output.path for output in job.outputs if not output.named)
    picture = load_picture(job.source)
    stack = decompose(picture, job.mode, job.model, seed=job.seed, options=job.options, inpainter=job.inpainter)
    stacks = {"": stack}
    if any(output.format == "separation" for output in job.outputs):
        stacks["separation"] = separate(picture, stack, job.renderer, seed=job.seed)
    error = max(max_error(one, picture.rgba) for one in stacks.values())
    for output in job.outputs:
        _write(stacks.get(output.format, stack), output, job, picture)
        written.append(str(output.path))
    notes = (*picture.notes, *([NOBODY] if stack.names == ("background",) else []))
    return replace(blank, canvas={"height": picture.height, "width": picture.width}, max_error=error, notes=notes)


def _write(stack: LayerStack, output: Output, job: Job, picture: Picture) -> None:
    from animelayers.handoff import save
    from animelayers.handoff.sheet import write_sheet
    from animelayers.stack import Layer

    if stack.provenance is not None:
        stack = stack.replace(provenance=replace(stack.provenance, options=options_of(job, output.format)))
    if job.keep_source:
        stack = stack.replace(layers=(Layer("source", picture.rgba, visible=False), *stack))
    if output.format == "sheet":
        write_sheet(stack, output.path, source=picture.rgba)
    else:
        format = "psd" if output.format == "separation" else output.format
        save(stack, output.path, format=format, names=job.names, source=picture.rgba)


def _lost(job: Job) -> Outcome:
    return Outcome(str(job.source), error=LOST, hint="--resume --jobs 1 does the rest")
