"""Illustrator's depth in three steps: a picture goes in; what was painted before what, slices and a relief come out.

The idea and its name are of *Illustrator's Depth* (arXiv 2511.17454): the depth of a pixel is the place of its layer in
the stack that an illustrator would paint, not a distance. Nothing is imported here before it is used.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from animelayers.decompose import provenance
from animelayers.models import registry

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image

    from animelayers.handoff.relief import Mesh
    from animelayers.models.base import DepthModel, OnStep
    from animelayers.picture import Picture
    from animelayers.stack import LayerStack, Provenance

RELIEF_SIDE = 1024
"""Longer side of the grid that a relief is made of, px, at most."""
LONG_SIDE, HIGH, BASE = 100.0, 8.0, 2.0
"""Of a relief: its longer side, from the slab to its highest point, and its slab; mm, as printers take STL."""


@dataclass(frozen=True, slots=True, eq=False)
class LayerDepth:
    """What of a picture was painted before what."""

    index: npt.NDArray[np.float32]
    """[h, w], finite, larger nearer, in no unit: only order and proportion mean something."""
    picture: Picture
    provenance: Provenance

    def slices(self, count: int, *, inpainter: str | Path | None = None) -> LayerStack:
        """At most `count` layers from far to near, each going on behind those before it, which flatten to the picture
        exactly; cut where depths lie nearest to the means of their slices (K-means in one dimension, solved exactly).

        Args:
            count: 1..64; there are fewer layers where there are fewer depths.
            inpainter: a LaMa in an ONNX file, which makes the colours of what is hidden.

        Raises:
            ModelError: another count, or the file holds no inpainter.
        """
        from animelayers.anatomy.slices import exact_slices
        from animelayers.models import lama

        fill = None if inpainter is None else lama.load(Path(inpainter))
        told = {**self.provenance.options, "slices": count, **({} if fill is None else {"inpainter": fill.name})}
        made = dataclasses.replace(self.provenance, options=told)
        return exact_slices(self.picture.rgba, self.index, count, made, fill=fill)

    def relief(self) -> Mesh:
        """A closed mesh, 100 mm on its longer side, 8 mm high on a slab of 2 mm, of at most 200 000 faces.

        What is fully transparent is the slab. Steps of one pixel of noise are gone (a median of 5 px).
        """
        import cv2
        import numpy as np

        from animelayers.handoff.depth_map import levels
        from animelayers.handoff.relief import relief

        height, width = self.index.shape
        shrunk = min(1.0, RELIEF_SIDE / max(height, width))
        size = max(2, round(width * shrunk)), max(2, round(height * shrunk))
        whole = levels(self.index, self.picture.rgba[..., 3] > 0)
        grey = cv2.medianBlur(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), 5)
        pixel = LONG_SIDE / (max(size) - 1)
        heights = grey.astype(np.float32) * np.float32(HIGH / pixel / 65535)
        return relief(heights, BASE / pixel).scaled(pixel)


def estimate_depth(
    picture: Picture | str | Path | bytes | Image.Image | npt.NDArray[np.uint8],
    model: str | None = None,
    *,
    seed: int = 0,
    on_step: OnStep | None = None,
) -> LayerDepth:
    """Say what of a picture was painted before what.

    Args:
        picture: what `load_picture` gives, or anything that it reads.
        model: an id of `animelayers models` that does `depth`; None takes the first.
        seed: changes the result only of models that draw random numbers.
        on_step: called with `(steps done, steps in all)` as the model works.

    Raises:
        ModelError: no such model, or it does not do `depth`.
        PictureError: the picture cannot be read, or nothing of it can be seen.
        MissingPackageError: the model needs a package that is not installed.
    """
    # 1. The model: first, so that a misspelt one costs no reading.
    spec = registry.find(model, "depth")

    # 2. The picture.
    from animelayers.errors import PictureError
    from animelayers.picture import Picture, load_picture

    read = picture if isinstance(picture, Picture) else load_picture(picture)
    if not read.rgba[..., 3].any():
        raise PictureError(f"{read.name} is fully transparent: nothing lies before anything", hint="name another one")

    # 3. What the model thinks of it, and how it was made.
    chosen = cast("DepthModel", registry.load(spec))
    index = chosen.predict(read, seed=seed, on_step=on_step)
    made = provenance("depth", spec.id, read, dict(chosen.about), revision=spec.revision, seed=seed)
    return LayerDepth(index, read, made)
