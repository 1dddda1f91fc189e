"""Jobs in processes of their own: none stops the others, and Ctrl-C leaves neither half a file nor a worker.

Workers are spawned, never forked: a fork would copy locks that threads of the parent hold. So programs that come here
need the line `if __name__ == "__main__":`, and what is handed over has to be something that can be pickled.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import TypeVar

from animelayers.errors import AnimeLayersError

Job = TypeVar("Job")
Result = TypeVar("Result")

LOST = "a worker process was ended from outside, most likely for want of memory"
"""What to say of a job whose worker is gone."""
AHEAD = 3
"""Jobs that are handed out for every worker: so none waits, and what is done does not pile up."""
_INTERRUPTED = 130


def results(
    do: Callable[[Job], Result],
    jobs: Sequence[Job],
    workers: int,
    *,
    in_order: bool = False,
    lost: Callable[[Job], Result] | None = None,
    prepare: Callable[[], None] | None = None,
) -> Iterator[Result]:
    """Do the jobs and yield what comes of each: as they get done, or in their own order.

    With one worker, or one job, everything happens in this process. Closing the iterator, Ctrl-C, and whatever `do`
    raises end the workers after they have removed what they were writing.

    Args:
        do: what is done with a job; can be pickled, as jobs and results can.
        jobs: what there is to do.
        workers: processes at most.
        in_order: yield in the order of `jobs`; one that takes long then holds up those after it.
        lost: makes the result of a job whose worker was killed; the jobs that were still to do are lost with it.
        prepare: called first in every process that works; it may not raise.

    Raises:
        AnimeLayersError: a worker was killed, and nothing else was wanted of `lost`.
    """
    workers = min(workers, len(jobs))
    if workers < 2:
        if prepare is not None and jobs:
            prepare()
        yield from map(do, jobs)
        return
    others = set(multiprocessing.active_children())
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, spawn, initializer=_begin, initargs=(prepare,)) as pool:
        try:
            yield from _collected(pool, partial(_leaving_well, do), jobs, AHEAD * workers, in_order, lost)
        except BaseException:
            for child in set(multiprocessing.active_children()) - others:
                child.terminate()
            pool.shutdown(cancel_futures=True)
            raise


def _collected(
    pool: ProcessPoolExecutor,
    do: Callable[[Job], Result],
    jobs: Sequence[Job],
    ahead: int,
    in_order: bool,
    lost: Callable[[Job], Result] | None,
) -> Iterator[Result]:
    """Keep up to `ahead` jobs in the pool, and yield what comes out of it."""
    left = iter(jobs)
    waiting: list[tuple[Job, Future[Result]]] = []
    while True:
        for job in left:
            waiting.append((job, _submitted(pool, do, job)))
            if len(waiting) == ahead:
                break
        if not waiting:
            return
        wait([future for _, future in waiting[: 1 if in_order else ahead]], return_when=FIRST_COMPLETED)
        job, future = waiting.pop(next(place for place, (_, future) in enumerate(waiting) if future.done()))
        yield _result(job, future, lost)


def _result(job: Job, future: Future[Result], lost: Callable[[Job], Result] | None) -> Result:
    try:
        return future.result()
    except BrokenProcessPool as error:
        if lost is None:
            raise AnimeLayersError(LOST, hint="fewer jobs at a time") from error
        return lost(job)


def _submitted(pool: ProcessPoolExecutor, do: Callable[[Job], Result], job: Job) -> Future[Result]:
    """The future of a job, broken at once where the pool is."""
    try:
        return pool.submit(do, job)
    except BrokenProcessPool as error:
        broken: Future[Result] = Future()
        broken.set_exception(error)
        return broken


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


def _begin(prepare: Callable[[], None] | None) -> None:
    """Ctrl-C reaches the whole process group: the parent alone answers it, and asks its workers to leave."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    if prepare is not None:
        _leaving_well(prepare)


def _leave(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # asked once more, by the pool itself, nobody stops tidying up
    raise SystemExit(_INTERRUPTED)


def _leaving_well(do: Callable[..., Result], *what: object) -> Result:
    # The pool catches what is raised and goes on with the next job: here it is seen that somebody asked between two.
    if signal.getsignal(signal.SIGTERM) == signal.SIG_IGN:
        os._exit(_INTERRUPTED)
    try:
        return do(*what)
    except SystemExit:
        os._exit(_INTERRUPTED)  # everything half-written is gone by now
