"""A studio's layered art, whatever its files: samples, sets of them, PSDs, or a folder with all of these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from animelayers.composite import max_error
from animelayers.data import manifest, psd_in, tagged
from animelayers.data.hub import open_set
from animelayers.data.mapping import Rules
from animelayers.data.psd_art import read_art
from animelayers.data.sample import SLOTS, Licence, Sample
from animelayers.errors import AnimeLayersError, DataError
from animelayers.stack import LayerStack, Rgba
from animelayers.training.artwork import Artwork, as_normal, aspect

PSD = (".psd", ".psb")
MARKS = (*(f"{where}{name}" for where in ("", "*/") for name in (manifest.NAME, tagged.NAME)), "data/*.parquet")
"""Where one of these is, there is a set."""

TOLERANCE = 4
"""Levels by which the sum of the layers may miss the picture: programs that work in 16 bits round differently."""

Source = tuple[str, Callable[[], Sample]]
"""Where a sample lies, for people, and what reads it."""


class Artworks(Sequence[Artwork]):
    """Artworks on disk, read when they are asked for. Can be pickled."""

    def __init__(self, sources: Sequence[Source], slots: Sequence[str]) -> None:
        self.slots = tuple(slots)
        self._sources = tuple(sources)

    def __len__(self) -> int:
        return len(self._sources)

    def __getitem__(self, index: int) -> Artwork:  # type: ignore[override]
        """Read one; `IndexError` beyond the last.

        Raises:
            AnimeLayersError: it cannot be read, or nothing can be learnt from it; the message says why.
        """
        return artwork_of(self._sources[index][1](), self.slots)

    def label(self, index: int) -> str:
        """Where an artwork lies, for people."""
        return self._sources[index][0]


def open_art(path: Path, slots: Sequence[str], rules: Rules | None = None) -> Artworks:
    """All layered art of a place, sorted by name, PSDs last. Reads no pixels.

    Args:
        path: a PSD or PSB file; a sample's folder, a set of samples; or a folder with PSDs, samples or both.
        slots: which rendering layers are to be learnt, in this order; of `data.sample.SLOTS`.
        rules: what names of PSD layers mean besides what the presets know.

    Raises:
        DataError: there is no art, a set is damaged, or there is no such slot.
        MissingPackageError: a set is parquet, and `datasets` is not installed.
    """
    if not slots or len(set(slots)) < len(slots) or not set(slots) <= set(SLOTS):
        raise DataError(
            f"the layers {', '.join(slots) or 'none'} are wanted, there are {', '.join(SLOTS)}",
            hint="name one or more of them, each once",
        )
    path = Path(path)
    if not path.exists():
        raise DataError(f"there is no {path}", hint="check the path for a typing mistake")
    return Artworks(list(_sources(path, rules or Rules())), slots)


def _sources(path: Path, rules: Rules) -> Iterator[Source]:
    psds = [file for file in (sorted(path.iterdir()) if path.is_dir() else [path]) if _is_psd(file)]
    if not path.is_dir() and not psds:
        raise DataError(f"{path} is no layered art", hint="name a PSD, a PSB, or a folder of them or of samples")
    # Without PSDs it is for `open_set` to say what a set has to look like.
    if path.is_dir() and (not psds or any(next(path.glob(mark), None) for mark in MARKS)):
        found = open_set(path)
        for index in range(len(found)):
            yield found.label(index), partial(found.__getitem__, index)
    yield from ((file.name, partial(_sample_of_psd, file, rules)) for file in psds)


def _is_psd(file: Path) -> bool:
    return file.suffix.lower() in PSD and not file.name.startswith(".") and file.is_file()


def _sample_of_psd(path: Path, rules: Rules) -> Sample:
    # Parts would take time, and a file whose names say more of parts than of shades would give nothing else.
    plan = psd_in.plan(read_art(path), rules, psd_in.Mode.RENDERING)
    return psd_in.ingest(plan, psd_in.sample_id(plan.art, set()), Licence("LicenseRef-unknown")).sample


def artwork_of(sample: Sample, slots: Sequence[str]) -> Artwork:
    """What a model learns from a sample: its rendering layers, all Normal.

    Raises:
        DataError: it has no rendering layers, or others than `data.sample.SLOTS`; they are not those of its picture, by
            more than `TOLERANCE` levels; or nothing of it is visible.
    """
    if sample.rendering is None:
        hint = "animelayers decompose makes them; PSDs need names such as line, flat, shadow, highlight"
        raise DataError(f"{sample.id} has no rendering layers", hint=hint)
    stack = sample.rendering
    _check(sample.id, stack, sample.picture)
    sheets = {layer.name: layer.rgba for layer in as_normal(stack)}
    empty = sample.picture * 0
    return Artwork(sample.id, sample.picture, {slot: sheets.get(slot, empty) for slot in slots})


def _check(id: str, stack: LayerStack, picture: Rgba) -> None:
    names = [layer.name for layer in stack if layer.visible]
    if len(set(names)) < len(names) or not set(names) <= set(SLOTS):
        wanted = f"{', '.join(SLOTS)} were wanted, each once at most"
        raise DataError(f"{id} has the layers {', '.join(names)}", hint=wanted)
    if (off := max_error(stack, picture)) > TOLERANCE:
        hint = "solve them again: animelayers.rendering.solve.exact_stack"
        raise DataError(f"{id}: the sum of its layers is off from the picture by up to {off} levels", hint=hint)


# What of it can be learnt from


@dataclass(frozen=True, slots=True)
class Usable:
    """What a training has to know of an artwork before it reads it again."""

    index: int
    """Among the artworks."""
    id: str
    digest: str
    aspect: float
    """Height / width of what is visible."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why nothing, or less than was wanted, can be learnt."""

    label: str
    """Where the artwork lies; empty when it is about all of them."""
    what: str
    hint: str

    def __str__(self) -> str:
        return f"{self.label}: {self.what}" if self.label else self.what


@dataclass(frozen=True, slots=True)
class Survey:
    """What `survey` found."""

    usable: tuple[Usable, ...]
    """At least one."""
    problems: tuple[Problem, ...]


def survey(artworks: Artworks, advance: Callable[[], None] = lambda: None) -> Survey:
    """Read every artwork once: which are fit to be learnt from, and what is wrong with the others.

    Args:
        artworks: what is there.
        advance: called after each.

    Raises:
        DataError: none is usable.
    """
    usable, problems, filled = list[Usable](), list[Problem](), set[str]()
    for index in range(len(artworks)):
        try:
            artwork = artworks[index]
            usable.append(Usable(index, artwork.id, artwork.digest, aspect(artwork)))
            filled |= {slot for slot, sheet in artwork.layers.items() if sheet[..., 3].any()}
        except AnimeLayersError as error:
            problems.append(Problem(artworks.label(index), str(error), error.hint))
        advance()
    if not usable:
        what = f"nothing can be learnt from any of {len(artworks)} artworks; the first: {problems[0]}"
        raise DataError(what, hint=problems[0].hint)
    for slot in artworks.slots:
        if slot not in filled:
            problems.append(Problem("", f"the layer {slot} is empty everywhere", "leave it out of the layers"))
    return Survey(tuple(usable), tuple(problems))
