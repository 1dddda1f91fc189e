"""A preview that anyone can open: one HTML file with the layers, the source and the viewer inside.

`preview.html`, `preview.css` and `preview.js` beside this module are the viewer. Here they are joined with their data:
every sheet cut to its tight box and embedded as lossless WebP, names and numbers as JSON.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np

from animelayers.composite import max_error
from animelayers.handoff.files import replacing
from animelayers.handoff.reduce import reduced
from animelayers.handoff.webpage import webpage
from animelayers.parts import Preset, display_name
from animelayers.stack import Layer, LayerStack, Rgba

LONG_SIDE = 2048
"""Canvases longer than this (px) are embedded as a reduced copy."""

BYTES = 14_500_000
"""Pictures in one page, as Base64; with the viewer the file stays below 15 MB."""


def write_html(
    stack: LayerStack, path: Path, *, names: Preset = Preset.SEE_THROUGH, source: Rgba | None = None
) -> None:
    """Write the self-contained preview of `stack`; with `source` (uint8 [h, w, 4]) it can be compared with it.

    The recomposition error is measured here, at full size. The same stack gives the same bytes.

    Raises:
        StackError: `source` is not the size of the canvas.
        OutputError: the file cannot be written.
    """
    content = page(stack, names=names, source=source, title=_title(stack, Path(path)))
    with replacing(Path(path)) as temporary:
        temporary.write_bytes(content)


def page(stack: LayerStack, *, names: Preset, source: Rgba | None, title: str) -> bytes:
    """The preview, UTF-8.

    Raises:
        StackError: `source` is not the size of the canvas.
    """
    error = None if source is None else max_error(stack, source)
    data = {
        "title": title,
        "width": stack.width,
        "height": stack.height,
        "error": error,
        "provenance": stack.provenance.as_dict() if stack.provenance else None,
        **_pictures(stack, source, names),
    }
    return webpage("animelayers.handoff", "preview", title=title, data=data)


def _title(stack: LayerStack, path: Path) -> str:
    return (stack.provenance.source_name if stack.provenance else "") or path.stem


def _pictures(stack: LayerStack, source: Rgba | None, names: Preset) -> dict[str, Any]:
    """The embedded pictures, at the largest size (1, 1/2, 1/3 …) at which the page stays light."""
    factor = -(-max(stack.size) // LONG_SIDE)
    while True:
        layers = [_layer(layer, stack.size, factor, names) for layer in stack]
        whole = None if source is None else _embedded(Layer("source", source), stack.size, factor)
        encoded = sum(len(picture["src"]) for picture in (*layers, *([whole] if whole else ())))
        if encoded <= BYTES or factor >= max(stack.size):
            return {"factor": factor, "layers": layers, "source": whole}
        factor += 1


def _layer(layer: Layer, canvas: tuple[int, int], factor: int, names: Preset) -> dict[str, Any]:
    return {
        "name": display_name(layer.name, names),
        "canonical": layer.name,
        "group": [display_name(name, names) for name in layer.group],
        "blend": layer.blend.value,
        "opacity": layer.opacity,
        "visible": layer.visible,
        **_embedded(layer, canvas, factor),
    }


def _embedded(layer: Layer, canvas: tuple[int, int], factor: int) -> dict[str, Any]:
    """Place and data URI of what shows on the canvas, in reduced pixels; no pixels give an empty URI."""
    rgba, top, left = reduced(layer, canvas, factor)
    return {
        "top": top,
        "left": left,
        "width": int(rgba.shape[1]),
        "height": int(rgba.shape[0]),
        "src": _data_uri(rgba) if rgba.size else "",
    }


def _data_uri(rgba: Rgba) -> str:
    """Lossless WebP: half the bytes of PNG in the same time at this setting."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgba)).save(file, "WEBP", lossless=True, quality=50, method=1)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode("ascii")
