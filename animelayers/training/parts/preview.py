"""What a model makes of held-out pages: a row of the parts wanted, as the VAE sees them, and one of those it gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from animelayers.color import matte
from animelayers.models.see_through import pictures
from animelayers.models.see_through.schedule import parts_scheduler
from animelayers.models.see_through.unet import Words
from animelayers.training.art_set import ArtSet
from animelayers.training.parts.latents import GROUPS, Key, PartsLatents, shown
from animelayers.training.parts.task import noise
from animelayers.training.parts_art import PartsArt
from animelayers.training.pictured import Rgb, save_rows

TILE = 192
"""Side of a picture in a preview, px, at most."""


@dataclass(frozen=True, slots=True)
class Previews:
    """Draws them."""

    art: ArtSet[PartsArt]
    keys: Sequence[Key]
    """Of the pages to show; with their indices among `art`."""
    latents: PartsLatents
    words: Sequence[Words]
    """Of each group, on the device."""
    load_vae: Callable[[], Any]
    """Loaded for a preview, and let go again."""
    steps: int
    shared: bool
    """Whether frames begin at one noise."""

    def __call__(self, module: nn.Module, path: Path | None) -> None:
        """Sample, and write the picture where there is a path."""
        found = [self.sampled(module, key, number) for number, key in enumerate(self.keys)]
        if path is None:
            return
        vae, rows = self.load_vae(), []
        for key, latents in zip(self.keys, found, strict=True):
            view = shown(self.art[key.index], key, self.latents.recipe.side)
            page = matte(view.page, (0, 0, 0))
            wanted = [_levels(_seen(rgba)) for rgba in view.frames(GROUPS[key.group].tags)]
            rows += [[page, *wanted], [page, *_decoded(vae, latents)]]
        save_rows([[_small(tile) for tile in row] for row in rows], path)

    def sampled(self, module: nn.Module, key: Key, seed: int) -> Tensor:
        """Latents of the frames of a page, [f, 4, h, w]; the same seed gives the same."""
        words = self.words[key.group]
        page = self.latents.read(key).page.to(words.tokens.device, torch.float32)[None]
        scheduler = parts_scheduler(ode=True)
        scheduler.set_timesteps(self.steps, device=page.device)
        start = (1, len(words.tokens), *page.shape[1:])
        latents = noise(start, torch.Generator().manual_seed(seed), shared=self.shared).to(page.device)
        for moment in scheduler.timesteps:
            said = module(latents, page, moment[None], words, key.group)
            latents = scheduler.step(said.float(), moment, latents, return_dict=False)[0]
        return latents[0]


def _seen(rgba: npt.NDArray[np.uint8]) -> Tensor:
    return pictures.part_seen(pictures.argb(rgba)[None])[0]


def _decoded(vae: Any, latents: Tensor) -> list[Rgb]:
    """One after another, to save memory."""
    scaled = (latents / vae.config.scaling_factor).to(vae.device, vae.dtype)
    return [_levels(vae.decode(each[None], return_dict=False)[0][0]) for each in scaled]


def _levels(picture: Tensor) -> Rgb:
    """[3, h, w], −1..1 → uint8 [h, w, 3]."""
    levels = ((picture.float() + 1) * 127.5 + 0.5).floor().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(levels.permute(1, 2, 0).cpu().numpy())


def _small(tile: Rgb) -> Rgb:
    side = min(TILE, len(tile))
    return np.asarray(cv2.resize(tile, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
