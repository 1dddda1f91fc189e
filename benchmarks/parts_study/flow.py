"""The whole way of the product: from a picture, by both networks of a variant, to a stack that flattens to it."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping

import numpy as np
import torch
from plan import Places, Study
from studies import report
from studies.session import Session

from animelayers.anatomy.solve import exact_parts
from animelayers.data.sample import Sample
from animelayers.data.sets import FolderSet
from animelayers.errors import AnimeLayersWarning
from animelayers.evaluation.catalogue import METRICS
from animelayers.evaluation.parts import measure_parts
from animelayers.evaluation.prediction import Prediction
from animelayers.models.base import ModelOptions
from animelayers.models.see_through.model import SeeThrough
from animelayers.picture import Picture

FLOW = {
    name: METRICS[name]
    for name in (
        "order.pairs",
        "order.judged",
        "visible.iou",
        "visible.accuracy",
        "amodal.soft_iou",
        "hidden.psnr",
        "presence.f1",
        "strata.iou",
    )
}
"""What is told of it; every value that the ruler has is kept."""
HOW = "product"


def measure(study: Study, places: Places, session: Session) -> bool:
    """Measure what is next: variants that there are of layers and of depth, each with its own; whether all is."""
    runs = [run for run in study.runs(study.stage_2) if run[0] in study.depth_2.variants]
    samples = list(FolderSet(places.art("held-out")))
    for variant, seed in runs:
        name = f"{variant}-{seed}"
        if HOW in report.figures(places.flow, name):
            continue
        both = places.run(variant, seed), places.depth_run(variant, seed)
        options = ModelOptions(
            weights=",".join(map(str, both)), size=study.vae.side, steps=study.measure.steps, memory="float32"
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AnimeLayersWarning)  # that pictures take hours on a CPU
            with torch.autocast("cpu", torch.bfloat16, enabled=study.precision == "bf16"):
                model = SeeThrough(options)
                found = {each.id: scores(model, each, number) for number, each in enumerate(samples)}
        report.keep(places.flow, name, {HOW: found})
        session.say(f"{name}: measured, all the way")
        if session.over and (variant, seed) != runs[-1]:
            return False
    return True


def scores(model: SeeThrough, sample: Sample, seed: int) -> Mapping[str, float]:
    """What the ruler says of the stack that a model leads to."""
    seen = sample.picture if sample.image is None else sample.image
    picture = Picture(seen, sample.id, hashlib.sha256(np.ascontiguousarray(seen).data).hexdigest())
    stack = exact_parts(seen, model.predict(picture, seed=seed))
    return measure_parts(sample, Prediction(stack), seen).scores
