"""Many characters, in several processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from animelayers.artist.studio import sample
from animelayers.data.folder import save_sample
from animelayers.data.sample import Sample
from animelayers.workers import results


def drawn(seeds: Sequence[int], size: tuple[int, int], jobs: int) -> Iterator[Sample]:
    """Samples in the order of their seeds, on canvases of `(height, width)` px.

    A few are drawn ahead of the reader, so memory does not grow with the series.

    Raises:
        DataError: what was asked for cannot be drawn; see `studio.sample`.
    """
    return results(partial(_draw, size=size), seeds, jobs, in_order=True)


def saved(seeds: Sequence[int], size: tuple[int, int], folder: Path, jobs: int) -> Iterator[str]:
    """Every sample in a folder of its own, written by the process that drew it; yields their ids as they are done.

    Those that are there already stay as they are, so a series that was stopped goes on.

    Raises:
        DataError: what was asked for cannot be drawn; see `studio.sample`.
        OutputError: a folder cannot be written.
    """
    return results(partial(_save, size=size, folder=folder), seeds, jobs)


def _draw(seed: int, size: tuple[int, int]) -> Sample:
    return sample(seed, *size)


def _save(seed: int, size: tuple[int, int], folder: Path) -> str:
    name = f"{seed:08d}"
    if not (folder / name).exists():
        save_sample(sample(seed, *size), folder / name)
    return name
