"""How well depth comes out of held-out styles, of the true parts."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from plan import Places, Study
from studies import report

from animelayers.evaluation.catalogue import METRICS, Metric
from animelayers.models.see_through import conditioning, loading
from animelayers.models.see_through.schedule import DEPTH_STEPS
from animelayers.training.depth.held_out import HeldOut
from animelayers.training.depth.latents import DepthLatents, Key, Recipe
from animelayers.training.depth.networks import Beginning
from animelayers.training.latent_cache import fingerprint
from animelayers.training.parts_art import open_parts

CPU = torch.device("cpu")
ALONE = "stage-1"
"""What is there besides runs: one part at a time."""
HOW = str(DEPTH_STEPS)
SHOWN = 2
"""Held-out pictures in a sheet."""


def _metric(of: str, score: str) -> Metric:
    own = METRICS[f"depth.{score}"]
    return Metric(f"{of} {score}", own.mode, own.better, own.unit, own.headline, own.what, own.source)


DEPTH = {metric.name: metric for of in ("parts", "page") for metric in (_metric(of, "abs_rel"), _metric(of, "delta1"))}
"""Of whole parts, with what of them is hidden, on one scale for all of a picture; and of what is seen of it."""


class Ruler:
    """Measures models of depth."""

    def __init__(self, study: Study, places: Places) -> None:
        self.study, self.places = study, places

    def begin(self) -> None:
        """Measure one part at a time."""
        if not self.has(ALONE):
            self._measured(ALONE, Beginning.of(self.places.depth_1, 2).network().eval())

    def has(self, name: str) -> bool:
        """Whether something is measured."""
        return HOW in report.figures(self.places.depth, name)

    def taught(self, name: str, folder: Path) -> None:
        """Measure a run."""
        self._measured(name, loading.load_unet(folder, "float32", CPU, "depth"))

    def _measured(self, name: str, unet: Any) -> None:
        found = {}
        with torch.autocast("cpu", torch.bfloat16, enabled=self.study.precision == "bf16"):
            for key in self.keys:
                found[self.art[key.index].id] = self._held_out([key]).figures(unet)
            self._held_out(self.keys).preview(unet, self.places.depth / f"{name}.png", SHOWN)
        report.keep(self.places.depth, name, {HOW: found})

    def _held_out(self, keys: list[Key]) -> HeldOut:
        words = conditioning.empty_words(self.places.depth_base, None, CPU)
        return HeldOut(self.art, keys, self.latents, words, lambda: self.vae, DEPTH_STEPS)

    @cached_property
    def art(self) -> Any:
        return open_parts(self.places.art("held-out"))

    @cached_property
    def keys(self) -> list[Key]:
        return [Key(index, self.art[index].digest) for index in range(len(self.art))]

    @cached_property
    def latents(self) -> DepthLatents:
        recipe = Recipe(self.study.vae.side, fingerprint(self.places.depth_base / "vae"))
        made = DepthLatents(self.places.latents, recipe)
        made.fill(self.keys, self.art, lambda: self.vae)
        return made

    @cached_property
    def vae(self) -> Any:
        return loading.load_vae(self.places.depth_base, CPU)
