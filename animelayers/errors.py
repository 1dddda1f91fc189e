"""Every exception that `animelayers` raises on purpose.

    AnimeLayersError
    ├── PictureError        (ValueError)   a picture cannot be read, or is not one
    ├── StackError          (ValueError)   layers that do not make a valid stack
    ├── FormatError         (ValueError)   a layered file cannot be read, or cannot hold what it should
    ├── DataError           (ValueError)   a training sample or set is not sound, or cannot be made
    ├── OutputError         (OSError)      a file cannot be written where it was asked for
    ├── ModelError          (LookupError)  unknown model, or one that does not do this mode
    └── MissingPackageError (ImportError)  an optional package is needed; the hint is the pip line

The message says what came and what was wanted; `hint` says what to do or type. The command line prints
both and no traceback. Anything else that escapes is a bug and keeps its traceback.
"""

from __future__ import annotations


class AnimeLayersError(Exception):
    """Root of the tree. `hint` is one line that a person can act on; empty when there is nothing to add."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class PictureError(AnimeLayersError, ValueError):
    """A picture cannot be read, is unsafe to read, or is not a picture."""


class StackError(AnimeLayersError, ValueError):
    """Layers that do not make a valid stack."""


class FormatError(AnimeLayersError, ValueError):
    """A layered file cannot be read, or the format cannot hold this stack."""


class DataError(AnimeLayersError, ValueError):
    """A training sample or a set of them is not sound, or cannot be made from what came."""


class OutputError(AnimeLayersError, OSError):
    """A file cannot be written where it was asked for."""


class ModelError(AnimeLayersError, LookupError):
    """An unknown model id, or a model that does not do what was asked."""


class MissingPackageError(AnimeLayersError, ImportError):
    """An optional package is not installed; the hint is the line that installs it."""


class AnimeLayersWarning(UserWarning):
    """Something that works, but perhaps not as one thinks; the command line says it as a note."""
