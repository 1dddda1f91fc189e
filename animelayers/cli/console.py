"""What the commands say: results to stdout, everything about the work to stderr, JSON in single lines."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from animelayers.errors import AnimeLayersError, AnimeLayersWarning

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes: all done; some inputs failed; the command line cannot be obeyed; Ctrl-C."""


class UsageError(AnimeLayersError, ValueError):
    """The command line asks for something that cannot be done, whatever the pictures are."""


def say(line: str) -> None:
    """A result, for a person, to stdout."""
    encoding = sys.stdout.encoding or "utf-8"  # which need not have an arrow, nor the letters of a file name
    sys.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stdout.flush()


def emit(record: dict[str, Any]) -> None:
    """A result, for a program: one line of JSON to stdout."""
    say(json.dumps(record, ensure_ascii=False, allow_nan=False))


def note(line: str) -> None:
    """Something worth knowing, to stderr."""
    sys.stderr.write(f"note: {line}\n")


@contextmanager
def warnings_as_notes() -> Iterator[None]:
    """Say our own warnings as notes; those of others stay as they are."""
    with warnings.catch_warnings():
        before = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, AnimeLayersWarning):
                note(str(message))
            else:
                before(message, category, *where, **more)

        warnings.showwarning = show
        yield


def complain(message: str, hint: str = "") -> None:
    """What went wrong and what to do, to stderr."""
    sys.stderr.write(f"error: {message}\n")
    if hint:
        sys.stderr.write(f"hint: {hint}\n")
    sys.stderr.flush()


def complain_of(file: Path, error: AnimeLayersError, *, as_json: bool, **facts: Any) -> None:
    """One of several files failed: the words to stderr and, for a program, a line of JSON with `facts` to stdout."""
    complain(f"{file}: {error}", error.hint)
    if as_json:
        emit({"path": str(file), **facts, "error": str(error), "hint": error.hint or None})


def answered(work: Callable[[], None], *, needs: str, stopped: str = "stopped") -> int:
    """Do the work of a script, and say what goes wrong in it; its exit code.

    Args:
        work: returns when all is done.
        needs: what to type where a package is missing.
        stopped: what to say after Ctrl-C.
    """
    try:
        work()
    except ModuleNotFoundError as error:
        complain(f"the package {error.name} is needed", needs)
        return FAILED
    except AnimeLayersError as error:
        complain(str(error), error.hint)
        return USAGE if isinstance(error, UsageError) else FAILED
    except KeyboardInterrupt:
        note(stopped)
        return INTERRUPTED
    return DONE


def columns(rows: Iterable[Sequence[str]], *, indent: str = "  ") -> list[str]:
    """Rows of cells → lines with aligned columns; East Asian characters count as two cells wide."""
    from rich.cells import cell_len

    table = [tuple(row) for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    lines = []
    for row in table:
        padded = [cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        lines.append((indent + "  ".join(padded)).rstrip())
    return lines


@contextmanager
def progress(what: str, total: int, *, shown: bool) -> Iterator[Callable[[], None]]:
    """A bar on stderr, where a person looks at it; yields what moves it on by one."""
    if not shown:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TimeElapsedColumn

    # Rich would carry stdout over to stderr too, so that lines do not run into the bar: only right on a screen.
    to_screen = sys.stdout.isatty()
    columns = (SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=to_screen) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
