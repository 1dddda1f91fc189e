"""Takes an anime illustration apart into layers an artist can use; the stack flattens back to the input exactly.

    from animelayers import decompose, load_picture, save

    picture = load_picture("char.png")
    save(decompose(picture), "char.psd")

Everything in `__all__` is public. Names are imported on first use, so importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

# Eager, because the module has the function's name: whoever imports the module later must not replace the function.
from animelayers.decompose import decompose, separate

if TYPE_CHECKING:
    from animelayers.composite import flatten, max_error
    from animelayers.depth import LayerDepth, estimate_depth
    from animelayers.errors import AnimeLayersError
    from animelayers.handoff import load_stack, save
    from animelayers.parts import Preset
    from animelayers.picture import Picture, load_picture
    from animelayers.stack import Blend, Layer, LayerStack, Provenance

__version__ = "0.1.0"

__all__ = [
    "AnimeLayersError",
    "Blend",
    "Layer",
    "LayerDepth",
    "LayerStack",
    "Picture",
    "Preset",
    "Provenance",
    "__version__",
    "decompose",
    "estimate_depth",
    "flatten",
    "load_picture",
    "load_stack",
    "max_error",
    "save",
    "separate",
]

_HOMES = {
    "AnimeLayersError": "errors",
    "Blend": "stack",
    "Layer": "stack",
    "LayerDepth": "depth",
    "LayerStack": "stack",
    "Picture": "picture",
    "Preset": "parts",
    "Provenance": "stack",
    "estimate_depth": "depth",
    "flatten": "composite",
    "load_picture": "picture",
    "load_stack": "handoff",
    "max_error": "composite",
    "save": "handoff",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
