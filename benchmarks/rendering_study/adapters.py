"""The runs: adapters taught by the code of train/lora.py, each measured as soon as it is done."""

from __future__ import annotations

import json

from accelerate import Accelerator
from autoencoder import still
from generic import keep_prompt
from measures import Ruler
from plan import Places, Study
from studies.command import ROOT
from studies.session import Session

from animelayers.models.qwen_layered import adapter, prompt
from animelayers.training.lora import config, start
from animelayers.training.lora.config import Config


def train(study: Study, places: Places, session: Session) -> bool:
    """Teach and measure what is next; whether all runs are done."""
    ruler = Ruler(study, places)
    session.say("runs: measuring what is there before")
    ruler.begin()
    for variant, seed in study.runs:
        name, told = f"{variant}-{seed}", configured(study, places, variant, seed, session.minutes)
        if _taught(told) and ruler.has(name):
            continue
        session.say(f"{name}: {told.steps} steps")
        if not (_taught(told) or _teach(told, study, places, session)):
            return False
        ruler.taught(name, told.folder)
        session.say(f"{name}: measured")
        if session.over and (variant, seed) != list(study.runs)[-1]:
            return False
    return True


def configured(study: Study, places: Places, variant: str, seed: int, minutes: float) -> Config:
    """What a run is told.

    Raises:
        AnimeLayersError: the configuration cannot be read, or a variant is none.
    """
    height, width = study.art.size
    paths = {
        "folder": places.run(variant, seed),
        "data.path": places.art("learnt"),
        "data.held_out_path": places.art("watched"),
        "data.cache": places.latents,
        "base.weights": places.base,
    }
    overrides = [f"{name}={json.dumps(path.as_posix())}" for name, path in paths.items()]
    overrides += [f"data.size=[{height}, {width}]", f"seed={seed}", f"session={minutes}"]
    return config.load(ROOT / study.adapter, [*overrides, *study.variants[variant]])


def _taught(told: Config) -> bool:
    path = told.folder / adapter.FILE
    return path.exists() and adapter.read(path)[0].steps >= told.steps


def _teach(told: Config, study: Study, places: Places, session: Session) -> bool:
    keep_prompt(told.folder / prompt.NAME, prompt.read(places.base / prompt.NAME))
    accelerator = Accelerator(cpu=True, mixed_precision=study.precision)
    with still():
        done = start.train(told, accelerator, lambda line: session.say(f"{told.folder.name}: {line}"))
    accelerator.free_memory()
    return done
