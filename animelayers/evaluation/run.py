"""Measuring a model on a set: every sample is predicted, measured and written down, whatever goes wrong with others.

A sample is done once. A run that was stopped, or one in which a model gave up here and there, goes on where it was.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from pydantic import TypeAdapter, ValidationError

from animelayers import __version__
from animelayers.data.digest import digest, set_digest
from animelayers.data.sample import Sample
from animelayers.data.sets import SampleSet
from animelayers.errors import AnimeLayersError, DataError
from animelayers.evaluation import attempt, records
from animelayers.evaluation.attempt import Known, Task
from animelayers.evaluation.meter import machine
from animelayers.evaluation.perceptual import Kind, open_perceptual
from animelayers.evaluation.prediction import Input, Prediction, Predictor, Record, Scores
from animelayers.evaluation.records import About, Run
from animelayers.handoff.files import replacing
from animelayers.models import registry
from animelayers.models.registry import Mode
from animelayers.picture import load_picture
from animelayers.rendering.solve import RenderingGuess, exact_stack
from animelayers.stack import Rgba
from animelayers.workers import results

if TYPE_CHECKING:
    from animelayers.models.base import PartsModel, RenderingModel

AGAIN = frozenset({"no-prediction", "model-error", "bug"})
"""Samples with such a fault are done once more when a run is taken up."""
SET_SCORES = "set_scores.json"
"""In the folder of a run: values of `catalogue.SET_METRICS` that no record holds."""

_SCORES = TypeAdapter(Scores)
_NONE: Mapping[Kind, Path | None] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ModelPredictor:
    """A model of the table."""

    name: str
    """Its id."""
    mode: Mode = "rendering"

    @property
    def about(self) -> Mapping[str, Any]:
        return {**registry.find(self.name, self.mode).as_dict(), "version": __version__}

    def __call__(self, sample: Sample, seen: Rgba, seed: int) -> Prediction:
        """What `decompose` makes of it; of rendering layers what the model said before they were solved, of parts the
        depth of what is seen.
        """
        picture = load_picture(seen)
        model = cast("RenderingModel | PartsModel", registry.load(registry.find(self.name, self.mode)))
        guess = model.predict(picture, seed=seed)
        if isinstance(guess, RenderingGuess):
            return Prediction(exact_stack(picture.rgba, guess), guess=guess)
        from animelayers.anatomy.lock import locked
        from animelayers.anatomy.solve import parted, seen_depth

        pieces = parted(picture.rgba, guess)
        return Prediction(locked(pieces, picture.rgba), depth=seen_depth(pieces, sample.size))


@dataclass(frozen=True, slots=True)
class Survey:
    """A set, or the first samples of one, and what exactly is in it."""

    found: SampleSet
    name: str
    samples: tuple[Known, ...]

    @property
    def digest(self) -> str:
        """Of the set."""
        return set_digest(known.digest for known in self.samples)


def survey(
    found: SampleSet, *, limit: int | None = None, jobs: int = 1, advance: Callable[[], None] = lambda: None
) -> Survey:
    """Read every sample once, so that a run can say what it was measured on.

    Args:
        found: the set.
        limit: only so many from its beginning; the name of what is left says so.
        jobs: samples at a time; each is in memory meanwhile.
        advance: called after every sample.

    Raises:
        DataError: two samples have one id, ids that differ in case alone being the same to some file systems.
    """
    count = len(found) if limit is None else min(len(found), limit)
    name = found.path.resolve().name if found.manifest is None else found.manifest.name
    samples = []
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for known in pool.map(partial(_look, found), range(count)):
                samples.append(known)
                advance()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    ids = Counter(known.id.lower() for known in samples)
    for known in samples:
        if ids[known.id.lower()] > 1:
            raise DataError(
                f"two samples of {name} are called {known.id!r}", hint=f"animelayers data check {found.path}"
            )
    return Survey(found, name if count == len(found) else f"{name}, first {count}", tuple(samples))


def _look(found: SampleSet, index: int) -> Known:
    try:
        sample = found[index]
    except AnimeLayersError:
        return Known(index, found.label(index), "")
    return Known(index, sample.id, digest(sample))


def evaluate(
    found: SampleSet | Survey,
    predictor: Predictor,
    mode: Mode,
    folder: Path,
    *,
    seed: int = 0,
    input: Input = "picture",
    jobs: int = 1,
    published: bool = False,
    perceptual: Mapping[Kind, Path | None] = _NONE,
    pictures: bool = True,
    advance: Callable[[], None] = lambda: None,
) -> Run:
    """Measure a predictor on a set, or finish doing so: what `folder` has a record of is not done again.

    Args:
        found: the set, or the `survey` of it.
        predictor: who answers; with several `jobs` it goes to processes of their own.
        mode: which layers of the samples are the truth.
        folder: of this run alone.
        seed: handed to the predictor.
        input: what of a sample is seen.
        jobs: samples at a time, each in its own process; 1 with `fid`, which has to see all of them.
        published: also measure as the benchmarks of papers do.
        perceptual: which of these to measure, each with its file of weights, or None for the usual one. With `fid` a
            run that was stopped begins anew.
        pictures: also draw every sample and its prediction.
        advance: called for every sample when it is done, or was before.

    Raises:
        DataError: `folder` holds another run, or two samples have one id.
        ModelError: the weights of a perceptual measure are missing.
        MissingPackageError: the model or a measure needs a package that is not installed.
        OutputError: `folder` cannot be written.
    """
    looked = found if isinstance(found, Survey) else survey(found, jobs=jobs)
    fid = open_perceptual("fid", perceptual["fid"]) if "fid" in perceptual else None
    others: dict[Kind, Path | None] = {kind: weights for kind, weights in perceptual.items() if kind != "fid"}
    task = Task(looked.found, predictor, mode, folder, seed, input, published, others, fid, pictures)
    jobs = jobs if fid is None else 1
    before = records.begin(folder, _about(looked, task, jobs))
    todo = [known for known in looked.samples if not _is_done(before.get(known.id))]
    if fid is not None and (todo or not (folder / SET_SCORES).exists()):
        (folder / SET_SCORES).unlink(missing_ok=True)
        todo = list(looked.samples)
    for _ in range(len(looked.samples) - len(todo)):
        advance()
    ready = partial(attempt.warm_up, predictor)
    for record in results(partial(attempt.record, task), todo, jobs, lost=attempt.lost, prepare=ready):
        records.append(folder, record)
        advance()
    if fid is not None and todo:
        with replacing(folder / SET_SCORES) as temporary:
            temporary.write_text(json.dumps(fid.finish()) + "\n", "utf-8")
    return records.read_run(folder)


def set_scores(folder: Path) -> Scores:
    """What a run has of `catalogue.SET_METRICS` that no record holds; empty where it has nothing.

    Raises:
        DataError: the file is damaged.
    """
    path = folder / SET_SCORES
    try:
        return _SCORES.validate_json(path.read_bytes()) if path.exists() else {}
    except ValidationError as error:
        raise DataError(f"{path} is damaged", hint="remove it, and run the same again") from error


def _about(looked: Survey, task: Task, jobs: int) -> About:
    measures = [*attempt.opened(task), *([] if task.fid is None else [task.fid])]
    return About(
        name=task.predictor.name,
        mode=task.mode,
        model=task.predictor.about,
        set_name=looked.name,
        set_digest=looked.digest,
        samples=len(looked.samples),
        input=task.input,
        seed=task.seed,
        published=task.published,
        perceptual={measure.about["measure"]: measure.about for measure in measures},
        jobs=jobs,
        machine=machine(),
    )


def _is_done(before: Record | None) -> bool:
    return before is not None and not {fault.code for fault in before.faults} & AGAIN
