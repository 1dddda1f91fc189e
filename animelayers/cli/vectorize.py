"""`animelayers vectorize`: a picture in, curves out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from animelayers.cli.console import DONE, UsageError, emit, note, say
from animelayers.cli.plan import beside
from animelayers.decompose import provenance
from animelayers.errors import PictureError
from animelayers.vector import Engine

if TYPE_CHECKING:
    from animelayers.picture import Picture
    from animelayers.vector.drawing import Drawing

EXAMPLES = """\
animelayers vectorize char.png                      # writes char.svg
animelayers vectorize char.png -o out/char.svg --colours 24
animelayers vectorize logo.png --colours own --json
animelayers vectorize char.png --order depth        # nearer colours above; see `animelayers depth`
animelayers vectorize char.png --refine 60          # closer; needs PyTorch"""

OWN = "own"


To = Annotated[Path | None, typer.Option("--output", "-o", metavar="OUT.svg", help="Default: IN.svg beside it.")]
Colours = Annotated[
    str | None,
    typer.Option("--colours", metavar="K", help="So many; own: every flat colour as it is. Default: enough."),
]
Order = Annotated[Literal["area", "depth"], typer.Option(help="What lies above what: the smaller, or the nearer.")]
Refine = Annotated[int, typer.Option(metavar="N", min=0, max=10_000, help="Steps of moving curves and colours closer.")]


def command(
    file: Annotated[Path, typer.Argument(metavar="IN", help="A picture.", show_default=False)],
    output: To = None,
    colours: Colours = None,
    engine: Annotated[Engine, typer.Option(help="Ours; vtracer and potrace where installed.")] = "trace",
    order: Order = "area",
    refine: Refine = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line on stdout.")] = False,
) -> int:
    """Trace a picture into flats of Bézier curves: an SVG that Inkscape and Illustrator edit.

    One path a colour (spots within others have one of their own), each going on under those above it.
    With --colours K or own, the colours stay as they are under --refine, too.
    """
    from animelayers.picture import load_picture

    count = _colours(colours)
    target = beside(file, output, "{}.svg", what="curves are")
    start = time.perf_counter()
    picture = load_picture(file)
    drawing = _drawing(picture, file.name, engine, count, order, refine)
    _write(drawing, target, picture, {"engine": engine, "colours": colours, "order": order, "refine": refine})
    for text in picture.notes:
        note(f"{file}: {text}")
    seconds = round(time.perf_counter() - start, 3)
    size = target.stat().st_size
    if as_json:
        emit(
            {
                "input": str(file),
                "output": str(target),
                "canvas": {"height": picture.height, "width": picture.width},
                "engine": engine,
                "colours": len({shape.fill for shape in drawing.shapes}),
                "paths": len(drawing.shapes),
                "segments": drawing.segments,
                "bytes": size,
                "seconds": seconds,
            }
        )
    else:
        how = f"{len(drawing.shapes)} paths, {drawing.segments} curves, {size / 1000:.0f} kB, {seconds:.1f} s"
        say(f"{file} → {target}  ({how})")
    return DONE


def _colours(written: str | None) -> int | str | None:
    if written is None or written == OWN:
        return written
    from animelayers.vector.palette import MOST

    if not written.isdecimal() or not 1 <= int(written) <= MOST:
        raise UsageError(f"--colours {written}: 1 to {MOST}, or own, was wanted", hint="--colours 24")
    return int(written)


def _drawing(picture: Picture, name: str, engine: Engine, colours: int | str | None, order: str, steps: int) -> Drawing:
    from animelayers.depth import estimate_depth
    from animelayers.vector.engines import traced

    if not picture.rgba[..., 3].any():
        raise PictureError(f"{name} is fully transparent: there is nothing to trace", hint="name another picture")
    depth = estimate_depth(picture).index if order == "depth" else None
    drawing = traced(picture.rgba, engine, colours, depth)
    if steps:
        from animelayers.vector.refine import refine

        drawing = refine(drawing, picture.rgba, steps, colours=colours is None)
    return drawing


def _write(drawing: Drawing, target: Path, picture: Picture, options: dict[str, object]) -> None:
    from animelayers.handoff.svg import write_drawing

    made = provenance("vector", str(options["engine"]), picture, options)
    write_drawing(drawing, target, name=Path(picture.name).stem or "drawing", provenance=made)
