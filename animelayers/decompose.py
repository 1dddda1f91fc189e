"""The product in four steps: a picture goes in, an exact stack of layers comes out.

Nothing is imported here before it is used, so that `import animelayers` stays cheap.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from animelayers.models import registry

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image

    from animelayers.models.base import OnStep
    from animelayers.picture import Picture
    from animelayers.stack import LayerStack


def decompose(
    picture: Picture | str | Path | bytes | Image.Image | npt.NDArray[np.uint8],
    mode: registry.Mode = "rendering",
    model: str | None = None,
    *,
    seed: int = 0,
    on_step: OnStep | None = None,
) -> LayerStack:
    """Take a picture apart into layers that flatten back to it exactly, at its own size.

    Args:
        picture: what `load_picture` gives, or anything that it reads.
        mode: `rendering`: line, flat, shadow, highlight. `parts`: hair, face, eyes …
        model: an id of `animelayers models`; None takes the first that does the mode.
        seed: changes the result only of models that draw random numbers; `classic` draws none.
        on_step: called with `(steps done, steps in all)` as the model works.

    Raises:
        ModelError: no such model, or none that does this mode.
        PictureError: the picture cannot be read.
        MissingPackageError: the model needs a package that is not installed.
    """
    # 1. The model: first, so that a misspelt one costs no reading.
    spec = registry.find(model, mode)

    # 2. The picture.
    from animelayers.picture import Picture, load_picture

    read = picture if isinstance(picture, Picture) else load_picture(picture)

    # 3. What the model thinks of it.
    guess = registry.load(spec).predict(read, seed=seed, on_step=on_step)

    # 4. The exact stack, and how it was made.
    from animelayers import __version__
    from animelayers.rendering.solve import exact_stack
    from animelayers.stack import Provenance

    made = Provenance(
        mode=mode,
        model=spec.id,
        version=__version__,
        source_sha256=read.sha256,
        source_name=read.name.encode("utf-8", "replace").decode(),  # a file name may be bytes that are no text
        revision=spec.weights.partition("@")[2],
        seed=seed,
    )
    return exact_stack(read.rgba, guess, made)
