"""`animelayers depth`: a picture in; what was painted before what, slices and a relief out."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from animelayers.cli.console import DONE, UsageError, emit, note, say
from animelayers.cli.made import free_to_write
from animelayers.cli.plan import beside

if TYPE_CHECKING:
    from animelayers.depth import LayerDepth

EXAMPLES = """\
animelayers depth char.png                          # char_depth.png and char_depth_preview.png
animelayers depth char.png --slices 6               # and char_depth_slices.psd, .html (press P: parallax)
animelayers depth char.png -o out/ --relief out/char.stl
animelayers depth logo.png --model classic --json"""


ENDS = {"preview": "_preview.png", "psd": "_slices.psd", "html": "_slices.html"}
"""What is written beside the map, by the end of its name."""

To = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="PATH", help="OUT.png, or a folder. Default: beside IN.")
]
ModelId = Annotated[
    str | None, typer.Option(metavar="ID", help="See `animelayers models`; default: the first that does depth.")
]
Slices = Annotated[
    int | None, typer.Option(metavar="N", min=1, max=64, help="Also N layers by depth: a PSD, and a page.")
]
Inpainter = Annotated[Path | None, typer.Option(metavar="FILE", help="A LaMa (.onnx) for what slices hide.")]
Relief = Annotated[
    Path | None, typer.Option(metavar="OUT.stl|glb", help="Also a closed mesh, 100 mm on its longer side.")
]


def command(
    file: Annotated[Path, typer.Argument(metavar="IN", help="A picture.", show_default=False)],
    output: To = None,
    model: ModelId = None,
    slices: Slices = None,
    inpainter: Inpainter = None,
    relief: Relief = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="For models that draw random numbers.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line on stdout.")] = False,
) -> int:
    """Say what of a picture was painted before what: illustrator's depth.

    OUT.png has 16 bits: white is nearest, 1 farthest, 0 where nothing is. OUT_preview.png shows it in
    colours. Slices go on behind each other, and flatten to the picture exactly.
    """
    from animelayers.depth import estimate_depth
    from animelayers.picture import load_picture

    _refuse(slices, inpainter, relief)
    target = beside(file, output, "{}_depth.png", what="depth is")
    files = {kind: target.with_name(target.stem + end) for kind, end in ENDS.items() if kind == "preview" or slices}
    free_to_write(files.values())
    files = {"map": target, **files, **({"relief": relief} if relief else {})}
    start = time.perf_counter()
    picture = load_picture(file)
    found = estimate_depth(picture, model, seed=seed)
    facts = _write(found, files, slices, inpainter)
    for text in picture.notes:
        note(f"{file}: {text}")
    record = {
        "input": str(file),
        "outputs": [str(path) for path in files.values()],
        "canvas": {"height": picture.height, "width": picture.width},
        "model": found.provenance.model,
        **facts,
        "seconds": round(time.perf_counter() - start, 3),
    }
    emit(record) if as_json else say(_line(record))
    return DONE


def _refuse(slices: int | None, inpainter: Path | None, relief: Path | None) -> None:
    """Stop where options do not fit each other.

    Raises:
        UsageError: they do not.
    """
    if inpainter is not None and slices is None:
        raise UsageError("--inpainter is for what slices hide", hint="--slices 6")
    if relief is None:
        return
    from animelayers.handoff.relief import SUFFIXES

    if relief.suffix.lower() not in SUFFIXES:
        wanted, first = " or ".join(SUFFIXES), relief.with_suffix(SUFFIXES[0])
        raise UsageError(f"--relief {relief}: {wanted} was wanted", hint=f"--relief {first}")


def _write(found: LayerDepth, files: dict[str, Path], slices: int | None, inpainter: Path | None) -> dict[str, Any]:
    """Write everything; what is worth saying of it."""
    from animelayers.composite import max_error
    from animelayers.handoff import save
    from animelayers.handoff.depth_map import coloured, levels, write_map
    from animelayers.handoff.relief import write_relief

    facts: dict[str, Any] = {}
    rgba = found.picture.rgba
    there = rgba[..., 3] > 0
    stack = None if slices is None else found.slices(slices, inpainter=inpainter)
    mesh = found.relief() if "relief" in files else None
    write_map(levels(found.index, there), files["map"], found.provenance)
    told = {**found.provenance.options, "coloured": True}
    write_map(coloured(found.index, there), files["preview"], replace(found.provenance, options=told))
    if stack is not None:
        for format in ("psd", "html"):
            save(stack, files[format], format=format, source=rgba)
        facts |= {"slices": len(stack), "max_error": max_error(stack, rgba)}
    if mesh is not None:
        write_relief(mesh, files["relief"], picture=rgba)
        facts["faces"] = len(mesh.faces)
    return facts


def _line(record: dict[str, Any]) -> str:
    """What a person wants to know."""
    first, *others = record["outputs"]
    canvas = record["canvas"]
    how = [f"{canvas['width']} × {canvas['height']} px", f"{record['seconds']:.1f} s"]
    if "slices" in record:
        how.append(f"{record['slices']} slices, " + ("exact" if not record["max_error"] else "not exact"))
    if "faces" in record:
        how.append(f"{record['faces']} faces")
    return "\n".join((f"{record['input']} → {first}  ({', '.join(how)})", *(f"  → {other}" for other in others)))
