"""One sample of a run: predicted, measured, drawn. Whatever goes wrong with it ends up in its record."""

from __future__ import annotations

import functools
import math
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from animelayers.data.sample import Licence, Sample, visible_map
from animelayers.data.sets import SampleSet
from animelayers.errors import AnimeLayersError, MissingPackageError, OutputError
from animelayers.evaluation.meter import metered
from animelayers.evaluation.parts import measure_parts
from animelayers.evaluation.perceptual import Kind, Perceptual, open_perceptual
from animelayers.evaluation.pictures import write_picture
from animelayers.evaluation.prediction import (
    FATAL,
    FAULTS,
    Fault,
    Input,
    Measured,
    Prediction,
    Predictor,
    Record,
    Scores,
)
from animelayers.evaluation.pseudodepth import measure_see_through_depth
from animelayers.evaluation.published import measure_published
from animelayers.evaluation.records import PICTURES
from animelayers.evaluation.rendering import measure_rendering
from animelayers.evaluation.sources import FilePredictions, NoPrediction, UnreadablePrediction
from animelayers.models.registry import Mode
from animelayers.rendering.solve import unsolved_stack
from animelayers.stack import Layer, LayerStack, Rgba
from animelayers.workers import LOST

TINY = 64
"""Side of the picture that a process predicts first, px."""


@dataclass(frozen=True, slots=True)
class Known:
    """A sample of a set that was looked through."""

    index: int
    id: str
    """Its own, or where it lies if it cannot be read."""
    digest: str
    """`data.digest.digest`; empty if it cannot be read."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is done with every sample."""

    found: SampleSet
    predictor: Predictor
    mode: Mode
    folder: Path
    seed: int
    input: Input
    published: bool
    perceptual: Mapping[Kind, Path | None]
    """All but `fid`, which gathers over the whole set and so cannot go to other processes."""
    fid: Perceptual | None
    pictures: bool


def warm_up(predictor: Predictor) -> None:
    """Answer once without a clock: imports, reading weights and a device's first kernels are no cost of an answer."""
    if isinstance(predictor, FilePredictions):
        return
    rgba = np.zeros((TINY, TINY, 4), np.uint8)
    rgba[8:-8, 8:-8] = (230, 180, 160, 255)
    rgba[24:28, 16:-16] = (40, 30, 40, 255)
    stack = LayerStack(TINY, TINY, (Layer("flat", rgba),))
    with suppress(Exception):  # whatever it is, the samples will meet it too
        predictor(Sample("warm-up", rgba, Licence("CC0-1.0"), rendering=stack), rgba.copy(), 0)


def record(task: Task, known: Known) -> Record:
    """Everything about one sample.

    Raises:
        MissingPackageError: the model needs a package; so it would be with every sample.
        OutputError: the picture cannot be written; the same.
    """
    blank = Record(known.id, known.digest)
    try:
        return _attempt(task, known, blank)
    except (MissingPackageError, OutputError):
        raise
    except Exception as error:  # noqa: BLE001 - a bug that one sample wakes must not lose the others; it is reported
        return replace(blank, faults=(Fault("bug", _last_line(error)),))


def lost(known: Known) -> Record:
    """What there is to say of a sample whose process was killed."""
    return Record(known.id, known.digest, faults=(Fault("bug", LOST),))


def opened(task: Task) -> Iterator[Perceptual]:
    """The perceptual measures of single samples."""
    return (_open_once(kind, weights) for kind, weights in task.perceptual.items())


@functools.cache
def _open_once(kind: Kind, weights: Path | None) -> Perceptual:
    return open_perceptual(kind, weights)


def _attempt(task: Task, known: Known, blank: Record) -> Record:
    try:
        sample = task.found[known.index]
    except AnimeLayersError as error:
        return replace(blank, faults=(Fault("unreadable-sample", str(error)),))
    blank = replace(blank, size=sample.size)
    if (sample.rendering if task.mode == "rendering" else sample.parts) is None:
        return replace(blank, faults=(Fault("no-truth", f"the sample has no {task.mode}"),))
    image = sample.image if task.input == "image" else sample.picture
    seen = sample.picture if image is None else image
    if image is None:
        blank = replace(blank, faults=(Fault("no-image", FAULTS["no-image"]),))
    try:
        with metered() as cost:
            prediction = task.predictor(sample, seen.copy(), task.seed)
    except MissingPackageError:
        raise
    except AnimeLayersError as error:
        return replace(blank, faults=(*blank.faults, Fault(_code(error), str(error))))
    if not isinstance(task.predictor, FilePredictions):
        blank = replace(blank, **asdict(cost))
    if prediction.guess is not None:
        prediction = replace(prediction, raw=unsolved_stack(seen, prediction.guess))
    measured = _measured(task, sample, prediction, seen)
    name = f"{sample.id}.webp" if task.pictures and not _is_fatal(measured) else None
    if name is not None:
        write_picture(task.folder / PICTURES / name, sample, prediction, seen, task.mode)
    return replace(
        blank,
        scores=measured.scores,
        tags=measured.tags,
        counts=measured.counts,
        faults=(*blank.faults, *measured.faults),
        notes=prediction.notes,
        picture=name,
    )


def _measured(task: Task, sample: Sample, prediction: Prediction, seen: Rgba) -> Measured:
    """All that was asked for; nothing but the fault of a prediction that cannot be measured."""
    if wrong := list(_other_size(sample, prediction)):
        return Measured(faults=tuple(wrong))
    ruler = measure_rendering if task.mode == "rendering" else measure_parts
    measured = ruler(sample, prediction, seen)
    if _is_fatal(measured):
        return measured
    scores = dict(measured.scores)
    if task.published and task.mode == "parts":
        scores |= _as_published(sample, prediction)
    for measure in (*opened(task), *([] if task.fid is None else [task.fid])):
        scores |= measure.measure(task.mode, sample, prediction, seen)
    return _finite(replace(measured, scores=scores))


def _other_size(sample: Sample, prediction: Prediction) -> Iterator[Fault]:
    sizes = {"layers are": prediction.stack.size}
    if prediction.depth is not None:
        sizes["depth is"] = prediction.depth.shape
    for what, size in sizes.items():
        if size != sample.size:
            theirs, ours = (" × ".join(map(str, each)) for each in (size, sample.size))
            yield Fault("other-size", f"the {what} {theirs} px, the sample is {ours}")


def _as_published(sample: Sample, prediction: Prediction) -> Scores:
    scores = measure_published(sample, prediction)
    if sample.parts is None or sample.depth is None or prediction.depth is None:
        return scores
    if not np.isfinite(prediction.depth).all():
        return scores
    visible = visible_map(sample.parts) if sample.visible is None else sample.visible
    return scores | measure_see_through_depth(sample.depth, prediction.depth, visible)


def _finite(measured: Measured) -> Measured:
    """Without values that are no numbers: what gives one is broken."""
    groups = {"": measured.scores, **measured.tags, **measured.counts}
    broken = [
        f"{name} of {group}" if group else name
        for group, values in groups.items()
        for name, value in values.items()
        if not math.isfinite(value)
    ]
    if not broken:
        return measured
    return Measured(
        _numbers(measured.scores),
        {tag: _numbers(values) for tag, values in measured.tags.items()},
        {name: _numbers(sums) for name, sums in measured.counts.items()},
        (*measured.faults, Fault("bug", f"not finite: {', '.join(broken)}")),
    )


def _numbers(values: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if math.isfinite(value)}


def _is_fatal(measured: Measured) -> bool:
    return any(fault.code in FATAL for fault in measured.faults)


def _code(error: AnimeLayersError) -> str:
    if isinstance(error, NoPrediction):
        return "no-prediction"
    return "unreadable" if isinstance(error, UnreadablePrediction) else "model-error"


def _last_line(error: Exception) -> str:
    """The last line of the traceback, and from where it comes."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{traceback.format_exception_only(error)[-1].strip()} ({Path(frame.filename).name}, line {frame.lineno})"
