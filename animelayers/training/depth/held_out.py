"""What a model makes of pictures that it does not learn: figures, and a preview."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from animelayers.evaluation.pseudodepth import measure_depth
from animelayers.models.see_through.colour_pad import padded
from animelayers.models.see_through.conditioning import DEPTH_FRAMES, PAGE
from animelayers.models.see_through.depth import decoded, denoised
from animelayers.models.see_through.framing import Map
from animelayers.models.see_through.schedule import depth_scheduler
from animelayers.models.see_through.unet import Words
from animelayers.training.art_set import ArtSet
from animelayers.training.depth.latents import PLACE, DepthLatents, Lesson
from animelayers.training.parts.latents import Key
from animelayers.training.parts_art import PartsArt
from animelayers.training.pictured import Rgb, save_rows

TILE = 192
"""Side of a picture in a preview, px, at most."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Samples as inference does, from fixed noise."""

    art: ArtSet[PartsArt]
    keys: Sequence[Key]
    """Of the pages; with their indices among `art`."""
    latents: DepthLatents
    words: Words
    """What every frame is told, one row, on the device."""
    load_vae: Callable[[], Any]
    """Loaded when something is measured or drawn, and let go again."""
    steps: int
    """Of sampling."""

    def figures(self, module: nn.Module) -> dict[str, float]:
        """AbsRel and δ1 (`evaluation.pseudodepth.measure_depth`) of parts and of pages, means over the pictures.

        Parts of a picture are measured as if they lay side by side: whole, with what others hide, on one scale. A
        picture of one depth measures nothing, and does not count.
        """
        vae, found = self.load_vae(), dict[str, list[float]]()
        for number, key in enumerate(self.keys):
            lesson, given = self._lesson(key), self.sampled(module, vae, key, number)
            parts = [tag for tag in lesson.shown if tag != PAGE]
            for name, tags in (("parts", parts or [PAGE]), ("page", [PAGE])):
                truth = np.hstack([lesson.near[tag] for tag in tags])
                scores = measure_depth(truth, 1 - np.hstack([given[tag] for tag in tags]))
                for score, value in scores.items():
                    found.setdefault(f"{name} {score.removeprefix('depth.')}", []).append(value)
        return {name: sum(values) / len(values) for name, values in found.items()}

    def preview(self, module: nn.Module, path: Path | None, count: int) -> None:
        """Sample the first pictures, and draw them where there is a path.

        Three rows of each: the page and its parts as the network is shown them, the depth wanted, and the depth that it
        gives; nearer is lighter.
        """
        vae, rows = self.load_vae(), list[list[Rgb]]()
        for number, key in enumerate(self.keys[:count]):
            given = self.sampled(module, vae, key, number)
            lesson = self._lesson(key)
            tags = [PAGE, *(tag for tag in lesson.shown if tag != PAGE)]
            rows.append([_small(padded(lesson.shown[tag])) for tag in tags])
            rows.append([_grey(lesson.far(tag)) for tag in tags])
            rows.append([_grey(given[tag]) for tag in tags])
        if path is not None:
            save_rows(rows, path)

    def sampled(self, module: nn.Module, vae: Any, key: Key, seed: int) -> dict[str, Map]:
        """How far a model says that every frame which shows something is, float32 [r, r], 0 the nearest … 1."""
        entry = self.latents.read(key)
        clean = entry.shown.to(self.words.tokens.device, torch.float32)
        noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed))
        found: Tensor = denoised(module, depth_scheduler(), self.words, clean, noise, steps=self.steps)
        there = [tag for tag in DEPTH_FRAMES if PLACE[tag] in entry.there]
        return dict(zip(there, decoded(vae, found[list(entry.there)]), strict=True))

    def _lesson(self, key: Key) -> Lesson:
        return Lesson.of(self.art[key.index], key, self.latents.recipe.side)


def _grey(far: Map) -> Rgb:
    return _small(np.repeat(1 - far[..., None], 3, axis=2))


def _small(tile: Map) -> Rgb:
    """float32 [r, r, 3], 0..1."""
    side = min(TILE, len(tile))
    small = cv2.resize(tile, (side, side), interpolation=cv2.INTER_AREA)
    return np.floor(small.clip(0, 1) * 255 + 0.5).astype(np.uint8)
