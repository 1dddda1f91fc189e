"""Writing files so that nobody ever meets half of one: a temporary sibling, then a move."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from animelayers.errors import OutputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it there when the block ends well, remove it when it does not.

    The folder is made when it is missing. Ctrl-C counts as not ending well.

    Raises:
        OutputError: the folder cannot be made or written to, or `path` is a folder.
    """
    if path.is_dir():
        raise OutputError(f"{path} is a folder, a file name was wanted", hint=f"-o {path / 'name.psd'}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise OutputError(
            f"cannot write in {path.parent}: {error.strerror}", hint="choose another place with -o"
        ) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}", hint="is the disk full?") from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Give a temporary folder beside `folder`, which takes its place when the block ends well.

    Whoever calls has made sure that nothing of worth lies in `folder`.

    Raises:
        OutputError: the folder cannot be made there or moved.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise OutputError(
            f"cannot write in {folder.parent}: {error.strerror}", hint="choose another place with -o"
        ) from error
    try:
        new, old = place / "new", place / "old"
        new.mkdir()
        yield new
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    except OSError as error:
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise OutputError(f"cannot write {folder}: {error.strerror or error}", hint="is the disk full?") from error
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
