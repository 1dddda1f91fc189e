"""From what was typed to a list of jobs: which pictures, and which files each of them becomes.

Names depend on the set of pictures alone, never on the order they were typed in, so `--resume` finds them again.
No job writes over a picture of the same run.
"""

from __future__ import annotations

import itertools
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from animelayers.cli.console import UsageError
from animelayers.cli.made import free_to_write, made_here
from animelayers.models import registry
from animelayers.models.base import DEFAULT, ModelOptions
from animelayers.parts import Preset

FORMATS: dict[registry.Mode, dict[str, str]] = {
    "rendering": {
        "psd": "{}.psd",
        "ora": "{}.ora",
        "clip": "{}.clip",
        "png": "{}_layers",
        "html": "{}.html",
        "svg": "{}.svg",
        "sheet": "{}_sheet.png",
    },
    "parts": {
        "psd": "{}_import.psd",
        "separation": "{}_separation.psd",
        "ora": "{}_parts.ora",
        "clip": "{}_parts.clip",
        "png": "{}_parts",
        "html": "{}_parts.html",
        "svg": "{}_parts.svg",
        "sheet": "{}_parts_sheet.png",
    },
}
"""What `--format` takes in either mode, and the file or folder that `char` becomes."""

SUFFIXES = {
    ".psd": ("psd", "separation"),
    ".psb": ("psd", "separation"),
    ".ora": ("ora",),
    ".clip": ("clip",),
    ".html": ("html",),
    ".svg": ("svg",),
}
"""Suffixes of `-o FILE` that say a format by themselves, the first unless `--format` asks for another one."""

PICTURES = frozenset(
    (".png", ".apng", ".jpg", ".jpeg", ".jfif", ".webp", ".avif", ".bmp", ".tif", ".tiff", ".gif", ".psd", ".psb")
)
"""What is taken from a folder. A file named by itself is tried whatever its suffix."""


@dataclass(frozen=True, slots=True)
class Output:
    """One file or folder to write."""

    format: str
    path: Path
    named: bool = False
    """`-o` names it to the letter, so whatever lies there may be replaced."""


@dataclass(frozen=True, slots=True)
class Job:
    """One picture and what becomes of it; travels to worker processes."""

    source: Path
    outputs: tuple[Output, ...]
    mode: registry.Mode
    model: str
    seed: int
    names: Preset
    keep_source: bool = False
    """Whether the picture itself rides along as a hidden bottom layer."""
    resume: bool = False
    renderer: str = ""
    """The model that says how the parts of a separation are painted."""
    inpainter: Path | None = None
    """The file of the net that makes hidden colours."""
    inpainter_name: str = ""
    """What is recorded of it: its name and revision."""
    options: ModelOptions = DEFAULT
    about: tuple[tuple[str, Any], ...] = ()
    """What the model records of them."""


@dataclass(frozen=True, slots=True)
class Found:
    """A picture, and where it lies below the folder that was named."""

    path: Path
    below: Path
    """Its sub-folder, relative to the folder that was typed; `.` for a file typed by itself."""

    @property
    def order(self) -> tuple[object, ...]:
        return natural(str(_real(self.path)))


def find_pictures(inputs: Iterable[Path]) -> tuple[list[Found], list[Path]]:
    """The pictures of `inputs` in natural order, each once, and the folders that hold none.

    Folders are searched recursively; hidden files, and files that this program wrote, are left out.
    """
    best: dict[Path, Found] = {}
    empty = []
    for given in inputs:
        found = list(_walk(given)) if given.is_dir() else [Found(given, Path())]
        if not found:
            empty.append(given)
        for one in found:
            real = _real(one.path)
            # Typed twice, by itself and in its folder: the longer way mirrors the tree.
            best[real] = max(best.get(real, one), one, key=lambda f: (len(f.below.parts), str(f.path)))
    return sorted(best.values(), key=lambda one: one.order), sorted(empty)


def _walk(folder: Path) -> Iterator[Found]:
    for here, folders, files in os.walk(folder):
        place = Path(here)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not made_here(place / name))
        for name in files:
            path = place / name
            if not name.startswith(".") and path.suffix.lower() in PICTURES and not made_here(path):
                yield Found(path, place.relative_to(folder))


def natural(text: str) -> tuple[object, ...]:
    """Sort key in which `page 2` comes before `page 10`; upper and lower case lie together."""
    pieces = re.split(r"(\d+)", text)
    return (*(int(piece) if i % 2 else piece.casefold() for i, piece in enumerate(pieces)), text)


def chosen_formats(asked: str | None, output: Path | None, mode: registry.Mode) -> tuple[str, ...]:
    """The formats of `--format`, or the one that `-o` names by its suffix, or PSD.

    Raises:
        UsageError: an unknown format, one of another mode, or one that disagrees with the suffix of `-o`.
    """
    suffix = output.suffix.lower() if output is not None else ""
    if asked is None:
        return SUFFIXES.get(suffix, ("psd",))[:1]
    formats = tuple(dict.fromkeys(part.strip().lower() for part in asked.split(",") if part.strip()))
    unknown = [part for part in formats if part not in FORMATS[mode]]
    for other, known in FORMATS.items():
        if unknown and set(unknown) <= set(known):
            raise UsageError(f"--format {','.join(unknown)} is not of mode {mode}", hint=f"--mode {other}")
    if unknown or not formats:
        what = ", ".join(map(repr, unknown)) or repr(asked)
        raise UsageError(f"--format does not know {what}", hint=f"formats are {', '.join(FORMATS[mode])}")
    if suffix in SUFFIXES and not set(SUFFIXES[suffix]).intersection(formats):
        raise UsageError(
            f"-o {output} is {SUFFIXES[suffix][0]}, --format asks for {', '.join(formats)}",
            hint=f"--format {','.join((SUFFIXES[suffix][0], *formats))}, or -o FOLDER",
        )
    return formats


def outputs_of(
    pictures: list[Found], output: Path | None, formats: tuple[str, ...], mode: registry.Mode = "rendering"
) -> list[tuple[Output, ...]]:
    """What each picture becomes.

    `-o FILE.psd` serves one picture; any other `-o` is a folder that mirrors the sub-folders; without it every
    file lies beside its picture. Pictures that would share a name carry their suffix in it: `a_png`, `a_jpg`.

    Raises:
        UsageError: one output file for several pictures, or over a picture, or not of a layered format.
    """
    if output is not None and not output.is_dir() and output.suffix.lower() in {*SUFFIXES, *PICTURES}:
        return [_named(pictures, output, formats, mode)]
    bases = [_base(one, output) for one in pictures]
    shared = Counter(map(_key, bases))
    taken = {_key(one.path) for one in pictures}
    planned = []
    for one, base in zip(pictures, bases, strict=True):
        for candidate in _candidates(one.path, base, shared[_key(base)] > 1):
            outputs = _outputs(candidate, formats, mode)
            if taken.isdisjoint(_key(item.path) for item in outputs):
                break
        taken.update(_key(item.path) for item in outputs)
        planned.append(outputs)
    return planned


def _named(pictures: list[Found], output: Path, formats: tuple[str, ...], mode: registry.Mode) -> tuple[Output, ...]:
    """The outputs of the one picture for which `-o` names a file."""
    suffix = output.suffix.lower()
    if suffix not in SUFFIXES and not (suffix == ".png" and formats == ("sheet",)):
        raise UsageError(
            f"-o {output}: {suffix} holds no layers", hint=f"-o {output.with_suffix('.psd')}, or -o FOLDER"
        )
    if len(pictures) > 1:
        raise UsageError(f"-o {output} is one file, there are {len(pictures)} pictures", hint="-o FOLDER")
    chosen = next(name for name in formats if name in SUFFIXES.get(suffix, ("sheet",)))
    others = _outputs(output.with_suffix(""), tuple(name for name in formats if name != chosen), mode)
    planned = Output(chosen, output, named=True), *others
    if _key(pictures[0].path) in {_key(item.path) for item in planned}:
        raise UsageError(f"-o {output} would replace the picture itself", hint="choose another name with -o")
    return planned


def _base(one: Found, output: Path | None) -> Path:
    folder = one.path.parent if output is None else output / one.below
    return folder / one.path.stem


def _candidates(source: Path, base: Path, is_shared: bool) -> Iterator[Path]:
    """Names for the outputs of `source`, the best first; endless."""
    with_suffix = base.with_name("_".join(filter(None, (base.name, source.suffix.lower().lstrip(".")))))
    if not is_shared:
        yield base
        yield base.with_name(f"{base.name}_layers")
    for number in itertools.count(1):
        yield with_suffix if number == 1 else with_suffix.with_name(f"{with_suffix.name}-{number}")


def _outputs(base: Path, formats: tuple[str, ...], mode: registry.Mode) -> tuple[Output, ...]:
    return tuple(Output(name, base.with_name(FORMATS[mode][name].format(base.name))) for name in formats)


def beside(file: Path, output: Path | None, name: str, *, what: str) -> Path:
    """Where a command of one picture writes: what `-o` says, else beside the picture.

    Args:
        file: the picture.
        output: a file with the suffix of `name`, a folder, or None.
        name: of the file, `{}` being the stem of the picture.
        what: is written, for the error: "curves are".

    Raises:
        UsageError: `output` has another suffix.
        OutputError: a file lies there that is not ours, and nobody named it.
    """
    own, suffix = name.format(file.stem), Path(name).suffix
    if output is not None and output.suffix and not output.is_dir():
        if output.suffix.lower() != suffix:
            raise UsageError(f"-o {output}: {what} written as {suffix}", hint=f"-o {output.with_suffix(suffix)}")
        return output
    target = file.with_name(own) if output is None else output / own
    free_to_write([target])
    return target


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _key(path: Path) -> str:
    """Equal for two paths that some file system takes for one: case and Unicode composition do not count."""
    return unicodedata.normalize("NFC", str(_real(path))).casefold()
