"""Tensors on disk, computed once from layered art, so that what computes them is not in memory while a model learns.

A file's name is a hash over all that its contents depend on. Whatever changes – a pixel, the size, the VAE – makes
other names; files of earlier settings stay where they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from animelayers.errors import DataError
from animelayers.models import tensors

Report = Callable[[int, int], None]
"""Told after every file how many are done, and of how many."""
OFTEN = 50
"""Files after which people are told."""


def told(say: Callable[[str], None], what: str) -> Report:
    """Say now and then how far it is."""

    def report(done: int, count: int) -> None:
        if done == count or done % OFTEN == 0:
            say(f"{what}: {done} of {count}")

    return report


class Source(Protocol):
    """Art that can be asked for again."""

    @property
    def id(self) -> str:
        """For people."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of all its pixels."""
        ...


class Wanted(Protocol):
    """What a file is made of."""

    @property
    def index(self) -> int:
        """Among the art; less than 0 for what needs none."""
        ...

    @property
    def digest(self) -> str:
        """Of that art."""
        ...


K = TypeVar("K", bound=Wanted)
A = TypeVar("A", bound=Source)


class TensorFiles(Generic[K]):
    """A folder of them.

    Args:
        folder: where; made when something is written.
        facts: all that the file of a key depends on, as JSON values; also its header, by which it is known to be whole.
    """

    def __init__(self, folder: Path, facts: Callable[[K], Mapping[str, Any]]) -> None:
        self.folder, self._facts = folder, facts

    def path(self, key: K) -> Path:
        """The file of a key, whether it is there or not."""
        facts = json.dumps(self._facts(key), sort_keys=True)
        return self.folder / f"{hashlib.sha256(facts.encode()).hexdigest()}.safetensors"

    def missing(self, wanted: Iterable[K]) -> list[K]:
        """What has still to be made, a damaged file included; those of one artwork one after another."""
        keys = {self.path(key): key for key in wanted if not self._sound(key)}
        return sorted(keys.values(), key=lambda key: key.index)

    def fill(
        self,
        wanted: Iterable[K],
        art: Sequence[A],
        make: Callable[[], Callable[[K, A | None], Mapping[str, Tensor]]],
        report: Report = lambda *_: None,
    ) -> None:
        """Make what is missing, one file after another; what was stopped goes on.

        Args:
            wanted: what is needed.
            art: that which the keys' indices mean.
            make: loads what makes the tensors of a key and its art; called only where something is missing, and what it
                gave is let go at the end.
            report: told how far it is.

        Raises:
            DataError: a piece of art cannot be read any more, or is another than when its key was made.
            OutputError: a file cannot be written.
        """
        missing = self.missing(wanted)
        if not missing:
            return
        made, done = make(), 0
        for index, keys in groupby(missing, key=lambda key: key.index):
            source = art[index] if index >= 0 else None
            for key in keys:
                if source is not None and source.digest != key.digest:
                    raise DataError(f"{source.id} has changed since it was looked at", hint="start again")
                tensors.write(self.path(key), made(key, source), self._facts(key))
                done += 1
                report(done, len(missing))

    def read(self, key: K) -> dict[str, Tensor]:
        """What is in the file of a key.

        Raises:
            DataError: it is missing or damaged.
        """
        path = self.path(key)
        try:
            return load_file(path)
        except (OSError, SafetensorError) as error:
            raise DataError(f"{path} cannot be read: {error}", hint="start again: it is encoded anew") from error

    def _sound(self, key: K) -> bool:
        try:
            return tensors.header(self.path(key)) == self._facts(key)
        except DataError:
            return False
