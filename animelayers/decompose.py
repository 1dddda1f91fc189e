"""The product in four steps: a picture goes in, an exact stack of layers comes out.

Nothing is imported here before it is used, so that `import animelayers` stays cheap.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from animelayers.errors import ModelError
from animelayers.models import registry
from animelayers.models.base import DEFAULT, ModelOptions

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image

    from animelayers.models.base import OnStep, PartsModel, RenderingModel
    from animelayers.models.lama import Lama
    from animelayers.picture import Picture
    from animelayers.stack import LayerStack, Provenance


def decompose(
    picture: Picture | str | Path | bytes | Image.Image | npt.NDArray[np.uint8],
    mode: registry.Mode = "rendering",
    model: str | None = None,
    *,
    seed: int = 0,
    options: ModelOptions = DEFAULT,
    inpainter: str | Path | None = None,
    on_step: OnStep | None = None,
) -> LayerStack:
    """Take a picture apart into layers that flatten back to it exactly, at its own size.

    Mode `parts` gives a picture without a character as one layer, `background`.

    Args:
        picture: what `load_picture` gives, or anything that it reads.
        mode: `rendering`: line, flat, shadow, highlight. `parts`: hair, face, eyes …
        model: an id of `animelayers models`; None takes the first that does the mode.
        seed: changes the result only of models that draw random numbers; `classic` draws none.
        options: what a large model is told: its adapter, steps, memory.
        inpainter: a LaMa in an ONNX file, which makes the colours of what is hidden; of mode `parts` only.
        on_step: called with `(steps done, steps in all)` as the model works.

    Raises:
        ModelError: no such model, or none that does this mode; options that it cannot do with; an inpainter that is
            none, or of no use in it.
        PictureError: the picture cannot be read.
        MissingPackageError: the model needs a package that is not installed.
    """
    # 1. The models: first, so that a misspelt one costs no reading.
    if mode not in registry.MODES:
        raise ModelError(f"unknown mode {mode!r}", hint=f"modes are {' and '.join(registry.MODES)}")
    spec = registry.find(model, mode)
    fill = None if inpainter is None else inpainter_of(inpainter, mode)

    # 2. The picture.
    from animelayers.picture import Picture, load_picture

    read = picture if isinstance(picture, Picture) else load_picture(picture)

    # 3. What the model thinks of it.
    chosen = cast("RenderingModel | PartsModel", registry.load(spec, options))
    guess = chosen.predict(read, seed=seed, on_step=on_step)

    # 4. The exact stack, and how it was made.
    from animelayers.rendering.solve import RenderingGuess, exact_stack

    told = {**chosen.about, **({} if fill is None else {"inpainter": fill.name})}
    made = provenance(mode, spec.id, read, told, revision=spec.revision, seed=seed)
    if isinstance(guess, RenderingGuess):
        return exact_stack(read.rgba, guess, made)
    from animelayers.anatomy.solve import exact_parts

    return exact_parts(read.rgba, guess, made, fill=fill)


def provenance(
    mode: str, model: str, picture: Picture, options: Mapping[str, Any], *, revision: str = "", seed: int = 0
) -> Provenance:
    """How something was made of a picture by this version; arguments as the fields of `Provenance`."""
    from animelayers import __version__
    from animelayers.stack import Provenance

    return Provenance(
        mode=mode,
        model=model,
        version=__version__,
        source_sha256=picture.sha256,
        source_name=picture.name.encode("utf-8", "replace").decode(),  # a file name may be bytes that are no text
        revision=revision,
        seed=seed,
        options=options,
    )


def inpainter_of(path: str | Path, mode: registry.Mode) -> Lama:
    """The inpainter that a file holds, ready for `mode`.

    Raises:
        ModelError: the file holds none, or the mode has no use for one.
    """
    if mode != "parts":
        raise ModelError(f"nothing is hidden in mode {mode}, so there is nothing to inpaint", hint="--mode parts")

    from animelayers.models import lama

    return lama.load(Path(path))


def separate(
    picture: Picture | str | Path | bytes | Image.Image | npt.NDArray[np.uint8],
    parts: LayerStack,
    model: str | None = None,
    *,
    seed: int = 0,
    on_step: OnStep | None = None,
) -> LayerStack:
    """Both modes joined: every part as a group of its own line, flat, shadow and highlight.

    Alone, a group flattens to its part, all together they flatten to what `parts` flatten to, both exactly.

    Args:
        picture: what `parts` were made of; anything that `decompose` takes.
        parts: what `decompose` gives in mode `parts`, without hidden layers.
        model: an id of `animelayers models` that does mode `rendering`; None takes the first.
        seed: as for `decompose`.
        on_step: as for `decompose`.

    Raises:
        ModelError: no such model, or it does not do mode `rendering`.
        PictureError: the picture cannot be read.
        StackError: the parts have another size, or are not all visible Normal layers.
        MissingPackageError: the model needs a package that is not installed.
    """
    spec = registry.find(model, "rendering")

    from animelayers.anatomy.separation import separated
    from animelayers.picture import Picture, load_picture

    read = picture if isinstance(picture, Picture) else load_picture(picture)
    guess = cast("RenderingModel", registry.load(spec)).predict(read, seed=seed, on_step=on_step)
    made = parts.provenance
    if made is not None:
        made = dataclasses.replace(made, options={**made.options, "renderer": spec.id})
    return separated(parts.replace(provenance=made), guess)
