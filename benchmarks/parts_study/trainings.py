"""What is taught by the code of train/: transparency, parts one at a time and together, depth likewise."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import depths
import layers
from base import write_depth, write_transparency
from plan import Joint, Places, Study, Training
from studies.command import ROOT
from studies.session import Session
from torch import nn

from animelayers.models.see_through.unet import part_axis_parameters
from animelayers.training import checkpoints, devices
from animelayers.training.depth import config as depth_config
from animelayers.training.depth import start as depth_start
from animelayers.training.parts import config as parts_config
from animelayers.training.parts import start as parts_start
from animelayers.training.settings import RunSettings
from animelayers.training.transparency import config as transparency_config
from animelayers.training.transparency import start as transparency_start


class Ruler(Protocol):
    """Measures runs on held-out styles."""

    def begin(self) -> None:
        """Measure what is there before any of them."""
        ...

    def has(self, name: str) -> bool:
        """Whether something is measured."""
        ...

    def taught(self, name: str, folder: Path) -> None:
        """Measure a run."""
        ...


def transparency(study: Study, places: Places, session: Session) -> bool:
    """Teach the decoder of transparency, or go on; whether it is taught."""
    write_transparency(study, places)
    begin = {
        "folder": places.transparency,
        "base.weights": places.base,
        "base.transparency": places.transparency_base,
    }
    told = configured(transparency_config, study, places, session, study.transparency, begin)
    return teach(transparency_start, told, session, "transparency")


def stage_1(study: Study, places: Places, session: Session) -> bool:
    """Teach one part at a time, or go on; whether that is done."""
    begin = {"folder": places.stage_1, **_beside(places)}
    told = configured(parts_config, study, places, session, study.stage_1, begin)
    return teach(parts_start, told, session, "stage-1")


def stage_2(study: Study, places: Places, session: Session) -> bool:
    """Teach all parts together, and measure what is next; whether all runs are done."""

    def told(variant: str, seed: int) -> Any:
        begin = {"folder": places.run(variant, seed), "base.unet": places.stage_1, **_beside(places)}
        changes = study.stage_2.variants[variant].changes
        return configured(parts_config, study, places, session, study.stage_2, begin, seed, changes)

    return _runs(study, session, study.stage_2, parts_start, told, layers.Ruler(study, places))


def depth(study: Study, places: Places, session: Session) -> bool:
    """Teach depth, one part at a time, then all together, and measure that; whether all runs are done."""
    write_depth(study, places)
    begin = {"folder": places.depth_1, "base.weights": places.depth_base}
    alone = configured(depth_config, study, places, session, study.depth_1, begin)
    if not teach(depth_start, alone, session, "depth-1"):
        return False

    def told(variant: str, seed: int) -> Any:
        begin = {"folder": places.depth_run(variant, seed), "base.weights": places.depth_1}
        changes = study.depth_2.variants[variant].changes
        return configured(depth_config, study, places, session, study.depth_2, begin, seed, changes)

    return _runs(study, session, study.depth_2, depth_start, told, depths.Ruler(study, places))


def configured(
    config: ModuleType,
    study: Study,
    places: Places,
    session: Session,
    training: Training,
    begin: Mapping[str, Path],
    seed: int = 0,
    changes: Sequence[str] = (),
) -> Any:
    """What a training is told.

    Args:
        config: the module that reads its configuration.
        study: sizes and precision.
        places: where art and latents lie.
        session: after which it leaves off.
        training: its file, and changes.
        begin: names of further settings → paths.
        seed: of the run.
        changes: of the variant.

    Raises:
        AnimeLayersError: the configuration cannot be read, or a change is none.
    """
    paths = {
        "data.path": places.art("learnt"),
        "data.held_out_path": places.art("watched"),
        "data.cache": places.latents,
        **begin,
    }
    overrides = [f"{name}={json.dumps(path.as_posix())}" for name, path in paths.items()]
    overrides += [f"data.side={study.vae.side}", f"precision={study.precision}"]
    overrides += [f"seed={seed}", f"session={session.minutes}"]
    return config.load(ROOT / training.config, [*overrides, *training.changes, *changes])


def taught(told: RunSettings) -> bool:
    """Whether all steps are done."""
    return (checkpoints.step_of(checkpoints.latest(told.folder)) or 0) >= told.steps


def teach(start: ModuleType, told: Any, session: Session, name: str, *, part_axis: bool = True) -> bool:
    """Train, or go on; whether all steps are done.

    Args:
        start: the module that trains.
        told: its configuration.
        session: what it says goes there.
        name: of the run, for people.
        part_axis: whether blocks by which frames see each other are taught.
    """
    if taught(told):
        return True
    session.say(f"{name}: {told.steps} steps")
    accelerator = devices.accelerator("cpu", told.precision)
    with nullcontext() if part_axis else each_for_itself(start):
        done: bool = start.train(told, accelerator, lambda line: session.say(f"{name}: {line}"))
    accelerator.free_memory()
    return done


@contextmanager
def each_for_itself(start: ModuleType) -> Iterator[None]:
    """As long as it lasts, trainings leave part-axis blocks and group embeddings as they begin: they say nothing."""
    before: Callable[..., None] = start.choose

    def choose(network: nn.Module, trained: str) -> None:
        before(network, trained)
        for weight in part_axis_parameters(getattr(network, "unet", network)):
            weight.requires_grad_(False)

    start.choose = choose  # type: ignore[attr-defined]
    try:
        yield
    finally:
        start.choose = before  # type: ignore[attr-defined]


def _runs(
    study: Study, session: Session, joint: Joint, start: ModuleType, told: Callable[[str, int], Any], ruler: Ruler
) -> bool:
    """Teach and measure what is next; whether all runs are done."""
    session.say("measuring what is there before")
    ruler.begin()
    runs = list(study.runs(joint))
    for variant, seed in runs:
        name, config = f"{variant}-{seed}", told(variant, seed)
        if taught(config) and ruler.has(name):
            continue
        if not teach(start, config, session, name, part_axis=joint.variants[variant].part_axis):
            return False
        ruler.taught(name, config.folder)
        session.say(f"{name}: measured")
        if session.over and (variant, seed) != runs[-1]:
            return False
    return True


def _beside(places: Places) -> dict[str, Path]:
    return {"base.weights": places.base, "base.transparency": places.transparency}
