"""Writing files so that nobody ever meets half of one: a temporary sibling, then a move."""

from __future__ import annotations

import os
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


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
