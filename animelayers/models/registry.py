"""The table of models. Listing it imports no model; `load` imports the one that is used."""

from __future__ import annotations

import difflib
import functools
import importlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from animelayers.errors import MissingPackageError, ModelError
from animelayers.models.base import DEFAULT, ModelOptions

if TYPE_CHECKING:
    from animelayers.models.base import DepthModel, PartsModel, RenderingModel

Mode = Literal["rendering", "parts"]
"""Two ways to take a picture apart: how it was painted, or what it shows."""
Task = Literal["rendering", "parts", "depth"]
"""What a model may do: either mode, or say what was painted before what."""

MODES: tuple[Mode, ...] = get_args(Mode)
TASKS: tuple[Task, ...] = get_args(Task)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One line of the table."""

    id: str
    """kebab-case; what `--model` takes and what provenance records."""
    modes: tuple[Task, ...]
    entry: str
    """`module:Class`, imported on use; the class is called with `ModelOptions` if it takes any, else with nothing."""
    ring: str
    """`base`, or the extra that has to be installed: `pip install "animelayers[ring]"`."""
    weights: str
    """Where the weights come from; empty for a model without weights."""
    licence: str
    """SPDX id of the licence of the weights, or of the code where there are none."""
    note: str
    options: tuple[str, ...] = ()
    """Which of `ModelOptions` it takes."""

    @property
    def revision(self) -> str:
        """Of the weights, which provenance records; empty where they have none."""
        return self.weights.partition("@")[2]

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON-ready values, in declaration order."""
        return {**asdict(self), "modes": list(self.modes), "options": list(self.options)}


MODELS: tuple[ModelSpec, ...] = (
    ModelSpec(
        id="lite",
        modes=("rendering",),
        entry="animelayers.models.lite_rendering:LiteRendering",
        ring="base",
        weights="in the package@a3fe79566fc8",
        licence="Apache-2.0",
        note="a small convolutional net, part of the package; learnt from the synthetic artist alone",
    ),
    ModelSpec(
        id="lite",
        modes=("parts",),
        entry="animelayers.models.lite_parts:LiteParts",
        ring="base",
        weights="in the package@94c8f534aaff",
        licence="Apache-2.0",
        note="a small net that looks twice, at the figure and at the head; learnt from the synthetic artist alone",
    ),
    ModelSpec(
        id="classic",
        modes=("rendering",),
        entry="animelayers.models.classic:Classic",
        ring="base",
        weights="",
        licence="Apache-2.0",
        note="no weights: line filters, colour regions and the closed form; the floor that every model must beat",
    ),
    ModelSpec(
        id="lite",
        modes=("depth",),
        entry="animelayers.models.lite_depth:LiteDepth",
        ring="base",
        weights="in the package@4e1ade0e7b7b+94c8f534aaff+bcf85b487a42",
        licence="Apache-2.0",
        note="the trees of classic, a small net that learnt from icons, and what the net of parts knows of characters",
    ),
    ModelSpec(
        id="classic",
        modes=("depth",),
        entry="animelayers.models.classic_depth:ClassicDepth",
        ring="base",
        weights="in the package@bcf85b487a42",
        licence="Apache-2.0",
        note="regions of flat colour, and small trees that judge which of two lies in front; learnt from icons",
    ),
    ModelSpec(
        id="see-through",
        modes=("parts",),
        entry="animelayers.models.see_through.model:SeeThrough",
        ring="diffusion",
        weights="layerdifforg/seethroughv0.0.2_layerdiff3d, layerdifforg/seethroughv0.0.1_marigold",
        licence="Apache-2.0",
        note="the diffusion networks of See-through, released or of train/parts.py; wants a GPU of 8 GB or more",
        options=("weights", "steps", "size", "memory", "speed", "offline"),
    ),
    ModelSpec(
        id="qwen-image-layered",
        modes=("rendering",),
        entry="animelayers.models.qwen_layered.model:QwenLayered",
        ring="diffusion",
        weights="Qwen/Qwen-Image-Layered, and an adapter of your own",
        licence="Apache-2.0",
        note="a 20 B diffusion transformer, taught the four layers by train/lora.py: --lora RUN; wants a large GPU",
        options=("lora", "weights", "steps", "size", "memory", "speed", "offline"),
    ),
)
"""Every model of this version. The first one that does a mode is that mode's default."""


def find(model: str | None, mode: str) -> ModelSpec:
    """The model called `model`, or the default of `mode` for None.

    Raises:
        ModelError: an unknown mode or model, or a model that does not do this mode.
    """
    if mode not in TASKS:
        raise ModelError(f"unknown mode {mode!r}", hint=f"modes are {', '.join(TASKS)}")
    able = [spec for spec in MODELS if mode in spec.modes]
    named = [spec for spec in MODELS if spec.id == model]
    for spec in named:
        if mode in spec.modes:
            return spec
    if model is None:
        return able[0]
    if named:
        raise ModelError(f"model {model} does not do mode {mode}", hint=f"--model {able[0].id}")
    raise ModelError(f"unknown model {model!r}", hint=_nearest(model))


def companion(spec: ModelSpec, mode: Mode) -> ModelSpec:
    """What does `mode` beside a model: the one of the same id where there is one, else the default."""
    return find(spec.id if any(spec.id == other.id and mode in other.modes for other in MODELS) else None, mode)


@functools.cache
def load(spec: ModelSpec, options: ModelOptions = DEFAULT) -> RenderingModel | PartsModel | DepthModel:
    """Import a model and make it ready; a second call gives the same object. What its guess is tells its mode.

    Raises:
        ModelError: it does not take one of the options, or cannot do with what they say.
        MissingPackageError: a package of its ring is not installed.
    """
    refuse(spec, options)
    module, _, name = spec.entry.partition(":")
    try:
        kind = getattr(importlib.import_module(module), name)
        made = kind(options) if spec.options else kind()
    except ImportError as error:
        if spec.ring == "base":
            raise
        raise MissingPackageError(
            f"model {spec.id} needs the package {error.name}", hint=f'pip install "animelayers[{spec.ring}]"'
        ) from error
    return cast("RenderingModel | PartsModel | DepthModel", made)


def refuse(spec: ModelSpec, options: ModelOptions) -> None:
    """Stop where a model is told something that it has no use for.

    Raises:
        ModelError: it is.
    """
    for name in options.given:
        if name not in spec.options:
            alike = [other for other in MODELS if set(other.modes) & set(spec.modes)]
            able = [other.id for other in (*alike, *MODELS) if name in other.options]
            raise ModelError(f"model {spec.id} takes no {name}", hint=f"--model {able[0]}")


def _nearest(model: str) -> str:
    near = difflib.get_close_matches(model, [spec.id for spec in MODELS], n=1)
    return f"did you mean {near[0]}?" if near else "`animelayers models` lists what there is"
