"""What is measured: what a model said of one sample, and what was wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from animelayers.data.sample import Sample
from animelayers.rendering.solve import RenderingGuess
from animelayers.stack import LayerStack, Rgba

Input = Literal["picture", "image"]
"""What of a sample a model gets to see: the bare `picture`, or the `image` on its background, where there is one."""


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """One answer, as it would be handed over."""

    stack: LayerStack
    """Rendering layers (`flat`, `shadow`, `highlight`, `line`) or pieces (`parts.part_name`), bottom → top."""
    raw: LayerStack | None = None
    """The same before any exact solve, where that is known: what the model meant."""
    depth: npt.NDArray[np.float32] | None = None
    """float [h, w]: pseudo-depth of the visible surface, larger is nearer, in any affine scale."""
    notes: tuple[str, ...] = ()
    """What had to be changed to read it."""
    guess: RenderingGuess | None = None
    """What a model said, for the runner to make `raw` of: that is no part of an answer, and shall not cost its time."""


class Predictor(Protocol):
    """Whatever answers: a model of the table, a baseline, or a folder of finished files. Can be pickled."""

    @property
    def name(self) -> str:
        """What the column of a table is called."""
        ...

    @property
    def about(self) -> Mapping[str, Any]:
        """JSON values that say what it is: version, weights, files; a changed value is another run."""
        ...

    def __call__(self, sample: Sample, seen: Rgba, seed: int) -> Prediction:
        """The answer for `sample` from what is `seen` of it, uint8 [h, w, 4]. Models look at nothing else of it.

        Raises:
            AnimeLayersError: there is no answer; the sample counts as not scored.
        """
        ...


FAULTS: Mapping[str, str] = {
    "no-truth": "the sample has no layers of this mode to measure by",
    "unreadable-sample": "the sample itself is damaged",
    "no-prediction": "there is no file for the sample",
    "unreadable": "the prediction cannot be read",
    "model-error": "the model gave up",
    "bug": "the model or the measuring crashed",
    "other-size": "the prediction has another size than the sample",
    "missing-layer": "a rendering layer is missing; it was measured as an empty one",
    "no-image": "the sample has no picture on a background; the bare one was seen",
    "unknown-layer": "a layer has no name that this mode knows; it was left out",
    "bad-depth": "the predicted depth holds NaN or infinity; only depth was not measured",
    "empty": "the prediction has no layer that this mode knows",
}
"""Every code and what it means."""

FATAL = frozenset(FAULTS) - {"no-image", "missing-layer", "unknown-layer", "bad-depth"}
"""Codes after which nothing is measured. Such samples are counted and listed, and are in no mean."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that was wrong with a sample or its prediction."""

    code: str
    """A key of `FAULTS`."""
    what: str
    """In words, with names and numbers."""


Scores = dict[str, float]
"""Names of `catalogue.METRICS` → finite values. What is not defined for a sample is not there."""

TagScores = dict[str, Scores]
"""Part tag → name → value: what the means of `Scores` are taken over."""

Counts = dict[str, dict[str, float]]
"""Names of `catalogue.POOLED` → sums that add up over samples: `right`, `judged`; `tp`, `fp`, `fn`; `<tag> and|or`."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the rulers say of one prediction."""

    scores: Scores = field(default_factory=dict)
    tags: TagScores = field(default_factory=dict)
    counts: Counts = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """One line of `samples.jsonl`: a sample, what was measured, what it cost."""

    id: str
    digest: str
    """`data.digest.digest` of the sample: two records may be compared if it is the same."""
    scores: Scores = field(default_factory=dict)
    tags: TagScores = field(default_factory=dict)
    counts: Counts = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    """`(height, width)`, px."""
    seconds: float | None = None
    """Of the prediction alone; None for files."""
    peak_mb: float | None = None
    """Largest resident memory of the process while predicting, MiB; None for files and where it cannot be known."""
    peak_gpu_mb: float | None = None
    """Most memory of CUDA devices that tensors held while predicting, MiB; None where none is in use."""
    picture: str | None = None
    """File name of the picture of this sample in `pictures/`."""

    @property
    def scored(self) -> bool:
        """Whether anything was measured."""
        return not any(fault.code in FATAL for fault in self.faults)
