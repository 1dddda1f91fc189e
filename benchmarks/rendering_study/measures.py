"""What layers of held-out styles come to, by the ruler of animelayers/evaluation, with nothing solved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import sampling
import torch
from autoencoder import round_trip, still
from generic import FRAMES
from plan import Places, Study
from studies import report
from torch import Tensor

from animelayers.composite import on_canvas
from animelayers.data.sample import SLOTS, Sample
from animelayers.data.sets import FolderSet
from animelayers.evaluation.prediction import Prediction
from animelayers.evaluation.rendering import measure_rendering
from animelayers.handoff.files import replacing
from animelayers.models.qwen_layered import adapter, latents, loading, prompt
from animelayers.models.qwen_layered.frames import Frames
from animelayers.models.qwen_layered.latents import levels
from animelayers.stack import LayerStack

CPU = torch.device("cpu")
CEILING, UNTAUGHT, VAE = "ceiling", "untaught", "vae"
"""What is measured besides adapters: the true layers through the VAE, the base as it is, and sheets of all kinds."""

Figures = dict[str, dict[str, float]]
"""Id of a sample → name in the catalogue → value."""


@dataclass(frozen=True)
class Ruler:
    """Held-out pictures, their true layers, and what makes others of them."""

    study: Study
    places: Places

    def path(self, name: str) -> Path:
        """Where figures lie; beside them, as a PNG, what some of the layers look like."""
        return self.places.measured / f"{name}.json"

    def begin(self) -> None:
        """Measure what is there before any adapter."""
        if not self.path(VAE).exists():
            with still():
                self._write(VAE, round_trip(self.vae, FolderSet(self.places.art("held-out"))))
        if not self.path(CEILING).exists():
            sheets = [[on_canvas(layer, each.size) for layer in _layers(each)] for each in self.samples]
            with still():
                found = [latents.encode(self.vae, torch.stack([levels(rgba) for rgba in each])) for each in sheets]
                stacks = sampling.stacks(self.vae, torch.stack(found), SLOTS, SLOTS)
            self._show("truth", [_layers(each) for each in self.samples])
            self._show(CEILING, stacks)
            self._write(CEILING, {str(steps): self._figures(stacks) for steps in self.study.measure.steps})
        if not self.has(UNTAUGHT):
            self._sampled(UNTAUGHT, self._transformer(), FRAMES, SLOTS)

    def has(self, name: str) -> bool:
        """Whether something is measured as the study wants it."""
        return report.figures(self.places.measured, name).keys() >= set(map(str, self.study.measure.steps))

    def taught(self, name: str, folder: Path) -> None:
        """Measure the adapter of a run."""
        spec, weights = adapter.read(adapter.located(folder))
        transformer = self._transformer()
        adapter.load(transformer, spec, weights)
        self._sampled(name, transformer.eval(), spec.frames, spec.layers)

    def _sampled(self, name: str, transformer: Any, frames: Frames, layers: Sequence[str]) -> None:
        measure, found = self.study.measure, dict[str, Figures]()
        scheduler, words = loading.load_scheduler(self.places.base), prompt.read(self.places.base / prompt.NAME)
        for steps in measure.steps:
            with torch.autocast("cpu", torch.bfloat16, enabled=self.study.precision == "bf16"):
                said = sampling.layers(transformer, scheduler, self.conditions, words, frames, steps, measure.batch)
            with still():
                stacks = sampling.stacks(self.vae, said, layers, SLOTS)
            found[str(steps)] = self._figures(stacks)
        self._show(name, stacks)
        self._write(name, found)

    def _figures(self, stacks: Sequence[LayerStack]) -> Figures:
        pairs = zip(self.samples, stacks, strict=True)
        return {true.id: dict(measure_rendering(true, Prediction(made), true.picture).scores) for true, made in pairs}

    def _write(self, name: str, found: Any) -> None:
        report.keep(self.places.measured, name, found)

    def _show(self, name: str, stacks: Sequence[LayerStack]) -> None:
        """Sheets of some pictures, evenly taken from all."""
        count = min(self.study.measure.sheets, len(stacks))
        chosen = [number * len(stacks) // count for number in range(count)]
        whole = sampling.sheet([(stacks[number], self.samples[number].picture) for number in chosen])
        with replacing(self.path(name).with_suffix(".png")) as temporary:
            whole.save(temporary, "PNG", optimize=True)

    @cached_property
    def samples(self) -> list[Sample]:
        return list(FolderSet(self.places.art("held-out")))

    @cached_property
    def conditions(self) -> Tensor:
        """Latents of the pictures, [n, c, h, w]."""
        with still():
            return latents.encode(self.vae, torch.stack([levels(each.picture) for each in self.samples]))

    @cached_property
    def vae(self) -> Any:
        return loading.load_vae(self.places.base, CPU)

    def _transformer(self) -> Any:
        return loading.load_transformer(self.places.base, "float32", CPU)


def _layers(sample: Sample) -> LayerStack:
    assert sample.rendering is not None
    return sample.rendering
