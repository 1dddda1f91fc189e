"""Doing the jobs: one after the other or in processes, each with an outcome, none stopping the others."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

from animelayers.cli.console import INTERRUPTED
from animelayers.cli.made import made_here, options_of, up_to_date
from animelayers.cli.plan import Job, Output
from animelayers.errors import AnimeLayersError, OutputError

if TYPE_CHECKING:
    from animelayers.picture import Picture
    from animelayers.stack import LayerStack


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
    if min(workers, len(jobs)) < 2:
        yield from map(run, jobs)
        return
    others = set(multiprocessing.active_children())
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=spawn, initializer=_prepare_worker) as pool:
        futures = {pool.submit(_run_in_worker, job): job for job in jobs}
        try:
            for future in as_completed(futures):
                try:
                    yield future.result()
                except BrokenProcessPool:
                    yield _lost(futures[future])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(multiprocessing.active_children()) - others:
                child.terminate()
            raise


@contextmanager
def ending_well() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does, so that `timeout` and `docker stop` leave neither half a file nor a worker."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


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
    from animelayers.decompose import decompose
    from animelayers.models.registry import Mode
    from animelayers.picture import load_picture
    from animelayers.stack import Layer

    if job.resume and up_to_date(job):
        written += [str(output.path) for output in job.outputs]
        return replace(blank, skipped=True)
    for output in job.outputs:
        if not output.named and output.path.exists() and not made_here(output.path):
            raise OutputError(
                f"{output.path} is there already and not ours to replace",
                hint="-o FOLDER puts it elsewhere; -o FILE, for one picture, replaces it",
            )
    picture = load_picture(job.source)
    stack = decompose(picture, cast(Mode, job.mode), job.model, seed=job.seed)
    if stack.provenance is not None:
        stack = stack.replace(provenance=replace(stack.provenance, options=options_of(job)))
    error = max_error(stack, picture.rgba)
    if job.keep_source:
        stack = stack.replace(layers=(Layer("source", picture.rgba, visible=False), *stack))
    for output in job.outputs:
        _write(stack, output, job, picture)
        written.append(str(output.path))
    return replace(
        blank, canvas={"height": picture.height, "width": picture.width}, max_error=error, notes=picture.notes
    )


def _write(stack: LayerStack, output: Output, job: Job, picture: Picture) -> None:
    from animelayers.handoff import save
    from animelayers.handoff.sheet import write_sheet

    if output.format == "sheet":
        write_sheet(stack, output.path, source=picture.rgba)
    else:
        save(stack, output.path, format=output.format, names=job.names, source=picture.rgba)


def _lost(job: Job) -> Outcome:
    return Outcome(
        str(job.source),
        error="a worker process was ended from outside, most likely for want of memory",
        hint="--resume --jobs 1 does the rest",
    )


def _prepare_worker() -> None:
    """Ctrl-C reaches the whole process group: the parent alone answers it, and asks its workers to leave."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(INTERRUPTED)


def _run_in_worker(job: Job) -> Outcome:
    try:
        return run(job)
    except SystemExit:
        # Everything half-written is gone by now. The pool would catch this and go on with the next job.
        os._exit(INTERRUPTED)
