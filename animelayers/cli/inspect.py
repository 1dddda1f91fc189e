"""`animelayers inspect`: what is in a layered file, in figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from animelayers.cli.console import DONE, FAILED, columns, complain_of, emit, say
from animelayers.errors import AnimeLayersError

if TYPE_CHECKING:
    from animelayers.stack import Layer, LayerStack, Rgba

EXAMPLES = """\
animelayers inspect char.psd
animelayers inspect char.png --json"""


def command(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="PSD files, PNG layer folders, or pictures.", show_default=False),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a file.")] = False,
) -> int:
    """Print the layers of a file and, for rendering layers, figures that need no ground truth.

    A picture is taken apart first, by the model without weights, and nothing is written.
    """
    code = DONE
    for file in files:
        try:
            found = facts(file)
        except AnimeLayersError as error:
            code = FAILED
            complain_of(file, error, as_json=as_json)
            continue
        if as_json:
            emit(found)
        else:
            for line in _text(found):
                say(line)
    return code


def facts(file: Path) -> dict[str, Any]:
    """Size, provenance, layers (bottom → top) and, for a rendering stack, probes; JSON-ready.

    Raises:
        FormatError, PictureError: the file cannot be read.
    """
    from animelayers.composite import flatten
    from animelayers.parts import RENDERING
    from animelayers.rendering.probes import probe

    stack, source = _read(file)
    found: dict[str, Any] = {
        "path": str(file),
        "canvas": {"height": stack.height, "width": stack.width},
        "provenance": None if stack.provenance is None else stack.provenance.as_dict(),
        "layers": [_facts_of(layer, stack) for layer in stack],
    }
    if {term.name for term in RENDERING} <= set(stack.names):
        # Of a layered file only its own sum is known: there `max_error` says nothing; `check --source` does.
        found["probes"] = probe(stack, flatten(stack) if source is None else source).as_dict()
    return found


def _read(file: Path) -> tuple[LayerStack, Rgba | None]:
    """The layers, and the picture they were made from just now; None for a layered file."""
    from animelayers.decompose import decompose
    from animelayers.handoff import load_stack
    from animelayers.picture import load_picture

    if file.is_dir() or file.suffix.lower() in (".psd", ".psb"):
        return load_stack(file), None
    picture = load_picture(file)
    return decompose(picture), picture.rgba


def _facts_of(layer: Layer, stack: LayerStack) -> dict[str, Any]:
    import numpy as np

    from animelayers.raster import tight_box

    drawn = layer.rgba[..., 3] > 0
    top, left, bottom, right = tight_box(drawn)
    return {
        "name": layer.path,
        "blend": layer.blend.value,
        "opacity": layer.opacity,
        "visible": layer.visible,
        # (top, left, height, width) on the canvas
        "box": [layer.top + top, layer.left + left, bottom - top, right - left],
        "coverage": round(float(np.count_nonzero(drawn)) / (stack.height * stack.width), 4),
    }


def _text(found: dict[str, Any]) -> list[str]:
    """The facts for a person; layers top → bottom, as a drawing program lists them."""
    height, width = found["canvas"].values()
    made = found["provenance"]
    by = f", {made['model']} {made['version']} from {made['source_name'] or 'memory'}" if made else ""
    lines = [f"{found['path']}: {width} × {height} px, {len(found['layers'])} layers{by}"]
    head = ("layer", "blend", "opacity", "size", "at", "covers")
    rows = [
        (
            layer["name"] if layer["visible"] else f"{layer['name']} (hidden)",
            layer["blend"],
            f"{layer['opacity']:.0%}",
            f"{layer['box'][3]} × {layer['box'][2]}",
            f"x {layer['box'][1]}, y {layer['box'][0]}",
            f"{layer['coverage']:.1%}",
        )
        for layer in reversed(found["layers"])
    ]
    lines += columns([head, *rows])
    if probes := found.get("probes"):
        lines += ["  probes", *columns([(name, _figure(value)) for name, value in probes.items()], indent="    ")]
    return lines


def _figure(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
