"""The one currency: a `LayerStack` of straight-alpha sRGB sheets, bottom → top, and where it came from.

Values only. Flattening is `composite.flatten`, files are `handoff`; nothing here knows an algorithm.
Sizes are `(height, width)`, places `(top, left)`, both in pixels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from animelayers.errors import StackError

Rgba = npt.NDArray[np.uint8]
"""uint8 [h, w, 4], straight alpha, gamma-encoded sRGB."""


class Blend(StrEnum):
    """The separable blend modes of the W3C and PSD equations; the value is the CSS name where CSS has one."""

    NORMAL = "normal"
    MULTIPLY = "multiply"
    SCREEN = "screen"
    DARKEN = "darken"
    LIGHTEN = "lighten"
    OVERLAY = "overlay"
    HARD_LIGHT = "hard-light"
    SOFT_LIGHT = "soft-light"
    COLOR_DODGE = "color-dodge"
    COLOR_BURN = "color-burn"
    DIFFERENCE = "difference"
    EXCLUSION = "exclusion"
    ADD = "plus-lighter"


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a stack was made: enough to make it again. Travels into every file."""

    mode: str
    """`rendering`, `parts`, `depth` or `vector`."""
    model: str
    """Model id, as in `animelayers models`."""
    version: str
    """Version of this package."""
    source_sha256: str = ""
    """SHA-256 of the source file's bytes; empty when there was no file."""
    source_name: str = ""
    """File name of the source, without its folder."""
    revision: str = ""
    """Revision of the weights; empty for a model without weights."""
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    """Everything else that changes the result; JSON values only."""

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON-ready values, in declaration order."""
        return {**{f.name: getattr(self, f.name) for f in dataclasses.fields(self)}, "options": dict(self.options)}


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One sheet: straight-alpha sRGB pixels, and where they lie on the canvas.

    Raises:
        StackError: the name is empty, `rgba` is not uint8 [h, w, 4], or the opacity is outside 0..1.
    """

    name: str
    """The canonical term, such as `line` or `front hair`; naming presets translate it on the way out."""
    rgba: Rgba
    """uint8 [h, w, 4], straight alpha; made read-only."""
    top: int = 0
    """Pixels from the canvas top; may be negative."""
    left: int = 0
    blend: Blend = Blend.NORMAL
    opacity: float = 1.0
    visible: bool = True
    group: tuple[str, ...] = ()
    """Names of the enclosing groups, outermost first. Groups pass through: they never change the picture."""

    def __post_init__(self) -> None:
        if not self.name:
            raise StackError("a layer needs a name, got an empty one")
        rgba = np.asarray(self.rgba)
        if rgba.dtype != np.uint8 or rgba.ndim != 3 or rgba.shape[2] != 4:
            raise StackError(f"layer {self.name!r}: rgba must be uint8 [h, w, 4], got {rgba.dtype} {list(rgba.shape)}")
        if not 0.0 <= self.opacity <= 1.0:
            raise StackError(f"layer {self.name!r}: opacity must be within 0..1, got {self.opacity}")
        frozen = rgba.view()
        frozen.flags.writeable = False
        object.__setattr__(self, "rgba", frozen)

    @property
    def height(self) -> int:
        return int(self.rgba.shape[0])

    @property
    def width(self) -> int:
        return int(self.rgba.shape[1])

    @property
    def path(self) -> str:
        """Group names and the layer's own, joined by `/`: unique within a stack."""
        return "/".join((*self.group, self.name))

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True, slots=True, eq=False)
class LayerStack:
    """Layers of one picture, bottom → top. Never mutated: `replace` returns a new stack.

    Raises:
        StackError: the canvas is empty, or two layers have the same path.
    """

    height: int
    width: int
    layers: tuple[Layer, ...]
    provenance: Provenance | None = None

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise StackError(f"a canvas is at least 1 × 1 px, got {self.height} × {self.width}")
        object.__setattr__(self, "layers", tuple(self.layers))
        seen: set[str] = set()
        for layer in self.layers:
            if layer.path in seen:
                raise StackError(f"two layers are called {layer.path!r}", hint="give every layer a name of its own")
            seen.add(layer.path)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, key: int | str) -> Layer:
        """By position from the bottom, or by name (or path, where one name lies in several groups)."""
        if isinstance(key, int):
            return self.layers[key]
        for layer in self.layers:
            if key in (layer.name, layer.path):
                return layer
        raise KeyError(f"no layer {key!r}; there are: {', '.join(self.names) or 'none'}")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(layer.name for layer in self.layers)

    @property
    def size(self) -> tuple[int, int]:
        """`(height, width)` of the canvas."""
        return self.height, self.width

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)
