"""Out of the house and in again: `save` writes a stack in any format of `FORMATS`, `load_stack` reads one back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from animelayers.errors import FormatError
from animelayers.parts import Preset
from animelayers.stack import LayerStack, Rgba

__all__ = ["FORMATS", "Format", "format_of", "load_stack", "save"]


@dataclass(frozen=True, slots=True)
class Format:
    """One way to hand a stack over."""

    name: str
    suffixes: tuple[str, ...]
    """What file names end in, the usual one first; empty for a folder."""
    module: str
    """Module of this package that holds `write_<name>` and, where there is one, `read_<name>`."""
    note: str
    reads: bool = False
    """Whether `load_stack` reads it back."""
    shows_source: bool = False
    """Whether the writer takes the source picture, to compare with."""

    @property
    def writer(self) -> Callable[..., object]:
        """`write(stack, path, *, names, …)`; imported on first use."""
        return _member(self, "write")

    @property
    def reader(self) -> Callable[[Path], LayerStack]:
        """`read(path)`; imported on first use."""
        return _member(self, "read")


FORMATS = {
    entry.name: entry
    for entry in (
        Format("psd", (".psd", ".psb"), "psd", "Photoshop, CLIP STUDIO PAINT, Live2D Cubism, Krita, GIMP", reads=True),
        Format("ora", (".ora",), "ora", "OpenRaster: Krita, GIMP, MyPaint", reads=True),
        Format("png", (), "png", "a folder of PNGs, one a layer, with manifest.json", reads=True),
        Format("clip", (".clip",), "clip", "CLIP STUDIO PAINT; experimental, needs animelayers[clip]"),
        Format("html", (".html",), "html", "a preview page: toggle, solo, explode, compare", shows_source=True),
        Format("svg", (".svg",), "svg", "SVG: Inkscape, Illustrator, browsers; curves, so not exact"),
    )
}
"""Every format by its name."""


def save(
    stack: LayerStack,
    path: str | Path,
    *,
    format: str | None = None,
    names: Preset | str = Preset.SEE_THROUGH,
    source: Rgba | None = None,
) -> Path:
    """Write `stack` to `path`, wholly or not at all, and return the path.

    Args:
        stack: what to write.
        path: a file, or the folder to make for `png`.
        format: a name of `FORMATS`; None goes by the file name's ending.
        names: whose layer names the file carries.
        source: uint8 [h, w, 4] of the canvas' size; `html` offers to compare with it, other formats have no use for it.

    Raises:
        FormatError: no such format, or it cannot hold this stack.
        OutputError: the file cannot be written there.
        MissingPackageError: the format needs a package that is not installed.
    """
    path = Path(path)
    chosen = format_of(path, format)
    extra = {"source": source} if chosen.shows_source else {}
    chosen.writer(stack, path, names=_preset(names), **extra)
    return path


def load_stack(path: str | Path) -> LayerStack:
    """Read a PSD or PSB of any program, an OpenRaster file, or a PNG folder with `manifest.json`.

    Raises:
        FormatError: it is none of these, or cannot be read.
    """
    path = Path(path)
    if path.name == "manifest.json":
        path = path.parent
    chosen = FORMATS["png"] if path.is_dir() else format_of(path, None)
    if not chosen.reads:
        raise FormatError(f"{path.name}: {chosen.name} files are written, not read", hint=f"read {_listed(reads=True)}")
    return chosen.reader(path)


def format_of(path: Path, name: str | None) -> Format:
    """The format called `name`, or the one that the ending of `path` means.

    Raises:
        FormatError: there is none; the hint lists them.
    """
    if name is not None:
        if name not in FORMATS:
            raise FormatError(f"there is no format {name!r}", hint=f"one of {', '.join(FORMATS)}")
        return FORMATS[name]
    for entry in FORMATS.values():
        if path.suffix.lower() in entry.suffixes:
            return entry
    ending = f"{path.suffix!r} is the ending of" if path.suffix else "there is no ending in"
    raise FormatError(f"{ending} {path.name!r}, which tells no layered format", hint=f"use {_listed()}")


def _listed(*, reads: bool = False) -> str:
    """`.psd .psb .ora … or format="png" (a folder)`."""
    chosen = [entry for entry in FORMATS.values() if entry.reads or not reads]
    endings = " ".join(suffix for entry in chosen for suffix in entry.suffixes)
    return f"{endings}, or {'a folder of PNGs' if reads else 'format png (a folder)'}"


def _preset(names: Preset | str) -> Preset:
    try:
        return Preset(names)
    except ValueError:
        raise FormatError(f"there are no names {names!r}", hint=f"one of {', '.join(Preset)}") from None


def _member(entry: Format, verb: str) -> Callable[..., LayerStack]:
    function: Callable[..., LayerStack] = getattr(
        import_module(f"animelayers.handoff.{entry.module}"), f"{verb}_{entry.name}"
    )
    return function
