"""A studio's layered art, whatever its files: samples, sets of them, See-through's layout, PSDs, or all in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from animelayers.composite import max_error
from animelayers.data import manifest, psd_in, see_through, tagged
from animelayers.data.hub import open_set
from animelayers.data.mapping import Rules
from animelayers.data.psd_art import read_art
from animelayers.data.psd_in import Mode
from animelayers.data.sample import SLOTS, Licence, Sample
from animelayers.errors import AnimeLayersError, DataError
from animelayers.stack import LayerStack, Rgba
from animelayers.training.artwork import Artwork, as_normal, aspect

PSD = (".psd", ".psb")
MARKS = (*(f"{where}{name}" for where in ("", "*/") for name in (manifest.NAME, tagged.NAME)), "data/*.parquet")
"""Where one of these is, there is a set."""

TOLERANCE = 4
"""Levels by which the sum of the layers may miss the picture: programs that work in 16 bits round differently."""

UNKNOWN = Licence("LicenseRef-unknown")

Source = tuple[str, Callable[[], Sample]]
"""Where a sample lies, for people, and what reads it."""
A = TypeVar("A")
U = TypeVar("U", covariant=True)
V = TypeVar("V")


class ArtSet(Sequence[A]):
    """Art on disk, read when it is asked for. Can be pickled, if `made` can."""

    def __init__(self, sources: Sequence[Source], made: Callable[[Sample], A]) -> None:
        self._sources, self._made = tuple(sources), made

    def __len__(self) -> int:
        return len(self._sources)

    def __getitem__(self, index: int) -> A:  # type: ignore[override]
        """Read one; `IndexError` beyond the last.

        Raises:
            AnimeLayersError: it cannot be read, or nothing can be learnt from it; the message says why.
        """
        return self._made(self._sources[index][1]())

    def label(self, index: int) -> str:
        """Where one lies, for people."""
        return self._sources[index][0]


class Artworks(ArtSet[Artwork]):
    """Pictures and their rendering layers."""

    def __init__(self, sources: Sequence[Source], slots: Sequence[str]) -> None:
        super().__init__(sources, partial(artwork_of, slots=tuple(slots)))
        self.slots = tuple(slots)


def open_art(path: Path, slots: Sequence[str], rules: Rules | None = None) -> Artworks:
    """All pictures with rendering layers of a place, sorted by name, PSDs last. Reads no pixels.

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
    return Artworks(found(Path(path), Mode.RENDERING, rules), slots)


def found(path: Path, mode: Mode, rules: Rules | None = None) -> list[Source]:
    """Everything layered at a place, read for one way of taking a picture apart; see `open_art`.

    Raises:
        DataError: there is nothing, or a set is damaged.
        MissingPackageError: a set is parquet, and `datasets` is not installed.
    """
    if not path.exists():
        raise DataError(f"there is no {path}", hint="check the path for a typing mistake")
    return list(_sources(path, mode, rules or Rules()))


def _sources(path: Path, mode: Mode, rules: Rules) -> Iterator[Source]:
    psds = [file for file in (sorted(path.iterdir()) if path.is_dir() else [path]) if _is_psd(file)]
    if not path.is_dir() and not psds:
        raise DataError(f"{path} is no layered art", hint="name a PSD, a PSB, or a folder of them or of samples")
    stems = see_through.stems(path)
    # Where there is nothing else, it is for `open_set` to say what a set has to look like.
    if path.is_dir() and (not (psds or stems) or any(next(path.glob(mark), None) for mark in MARKS)):
        found = open_set(path)
        for index in range(len(found)):
            yield found.label(index), partial(found.__getitem__, index)
    for stem in stems:
        yield stem, partial(see_through.read_stem, path, stem, [], licence=UNKNOWN)
    yield from ((file.name, partial(_sample_of_psd, file, mode, rules)) for file in psds)


def _is_psd(file: Path) -> bool:
    return file.suffix.lower() in PSD and not file.name.startswith(".") and file.is_file()


def _sample_of_psd(path: Path, mode: Mode, rules: Rules) -> Sample:
    # The other way would take time, and which of them a file's names say more of does not matter here.
    plan = psd_in.plan(read_art(path), rules, mode)
    return psd_in.ingest(plan, psd_in.sample_id(plan.art, set()), UNKNOWN).sample


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
class Survey(Generic[U]):
    """What looking through art found."""

    usable: tuple[U, ...]
    """At least one."""
    problems: tuple[Problem, ...]


def survey(artworks: Artworks, advance: Callable[[], None] = lambda: None) -> Survey[Usable]:
    """Read every artwork once: which are fit to be learnt from, and what is wrong with the others.

    Args:
        artworks: what is there.
        advance: called after each.

    Raises:
        DataError: none is usable.
    """
    filled = set[str]()

    def look(index: int, artwork: Artwork) -> Usable:
        usable = Usable(index, artwork.id, artwork.digest, aspect(artwork))
        filled.update(slot for slot, sheet in artwork.layers.items() if sheet[..., 3].any())
        return usable

    found = surveyed(artworks, look, advance)
    empty = [slot for slot in artworks.slots if slot not in filled]
    told = (Problem("", f"the layer {slot} is empty everywhere", "leave it out of the layers") for slot in empty)
    return replace(found, problems=(*found.problems, *told))


def surveyed(art: ArtSet[A], look: Callable[[int, A], V], advance: Callable[[], None] = lambda: None) -> Survey[V]:
    """Read everything once.

    Args:
        art: what is there.
        look: what a training has to know of the one at a place; it raises `AnimeLayersError` for what is not usable.
        advance: called after each.

    Raises:
        DataError: none is usable.
    """
    usable, problems = list[V](), list[Problem]()
    for index in range(len(art)):
        try:
            usable.append(look(index, art[index]))
        except AnimeLayersError as error:
            problems.append(Problem(art.label(index), str(error), error.hint))
        advance()
    if not usable:
        what = f"nothing can be learnt from any of {len(art)} artworks; the first: {problems[0]}"
        raise DataError(what, hint=problems[0].hint)
    return Survey(tuple(usable), tuple(problems))


# What of it is learnt


class Known(Protocol):
    """What tells artworks apart."""

    @property
    def index(self) -> int: ...
    @property
    def digest(self) -> str: ...


K = TypeVar("K", bound=Known)
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Parted(Generic[K, S]):
    """Art, divided."""

    learnt: tuple[K, ...]
    held_out: tuple[K, ...]
    others: S
    """What `held_out` means: the same art, or other."""


def parted(
    art: S, others: S | None, held_out: int, look: Callable[[S], Survey[K]], say: Callable[[str], None]
) -> Parted[K, S]:
    """What is learnt, and what is kept for measuring.

    Args:
        art: to learn from.
        others: to measure by; None: some of `art`.
        held_out: how many of `art` then; which ones depends on their pixels alone, not on names or what else is there.
        look: surveys either.
        say: told what is wrong with artworks that are not usable.

    Raises:
        DataError: nothing is usable, or nothing would be left to learn.
    """

    def usable(art: S) -> tuple[K, ...]:
        found = look(art)
        for problem in found.problems:
            say(f"{problem}; {problem.hint}" if problem.hint else str(problem))
        return found.usable

    mine = usable(art)
    if others is not None:
        return Parted(mine, usable(others), others)
    if held_out >= len(mine):
        raise DataError(
            f"{held_out} of {len(mine)} artworks are to be held out, which leaves none", hint="data.held_out=0"
        )
    chosen = {each.index for each in sorted(mine, key=lambda each: each.digest)[:held_out]}
    learnt, kept = (tuple(each for each in mine if (each.index in chosen) == held) for held in (False, True))
    return Parted(learnt, kept, art)
