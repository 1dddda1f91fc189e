"""What a model makes of held-out pictures: for each a contact sheet of the layers wanted, and one of those it gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from animelayers.handoff.sheet import render_sheet
from animelayers.models.qwen_layered import denoise, latents
from animelayers.models.qwen_layered.adapter import AdapterSpec
from animelayers.rendering.solve import BLENDS
from animelayers.stack import Layer, LayerStack, Rgba
from animelayers.training.artwork import Artwork, fitted
from animelayers.training.latent_cache import Key, LatentCache
from animelayers.training.pictured import save_rows


@dataclass(frozen=True, slots=True)
class Previews:
    """Draws them.

    The layers are laid over each other in Normal mode, as the model has learnt them, and nothing is solved: what the
    sheet shows as flattened, and its error, are the model's own.
    """

    artworks: Sequence[Artwork]
    keys: Sequence[Key]
    """Of the pictures to show; with their indices among the artworks."""
    cache: LatentCache
    spec: AdapterSpec
    prompt: Tensor
    scheduler: Any
    load_vae: Callable[[], Any]
    """Loaded for a preview, and let go again."""
    steps: int

    def __call__(self, module: Any, path: Path | None) -> None:
        """Sample, and write the picture where there is a path."""
        found = [self.sampled(module, key, number) for number, key in enumerate(self.keys)]
        if path is None:
            return
        vae, sheets = self.load_vae(), []
        for key, layers in zip(self.keys, found, strict=True):
            wanted = fitted(self.artworks[key.index], key.size)
            given = latents.decode(vae, layers.to(vae.device))
            painted = {name: latents.pixels(sheet) for name, sheet in zip(self.spec.layers, given, strict=True)}
            sheets += [render_sheet(_stack(each), wanted.picture) for each in (wanted.layers, painted)]
        save_rows([[np.asarray(sheet)] for sheet in sheets], path)

    def sampled(self, module: Any, key: Key, seed: int) -> Tensor:
        """Latents of the layers of one picture, [L, c, h, w]; the same seed gives the same."""
        device, frames = self.prompt.device, self.spec.frames
        condition = self.cache.read(key).condition[None].to(device, torch.float32)
        start = denoise.noise([seed], (frames.predicted, *condition.shape[1:]), device)
        given = denoise.denoised(module, self.scheduler, condition, self.prompt, frames, start, steps=self.steps)
        return given[0, int(frames.composite) :]


def _stack(layers: Any) -> LayerStack:
    """Layers of a picture in the order in which they lie, all Normal."""
    sheets: dict[str, Rgba] = {name: np.asarray(layers[name]) for name in BLENDS if name in layers}
    height, width = next(iter(sheets.values())).shape[:2]
    return LayerStack(height, width, tuple(Layer(name, sheet) for name, sheet in sheets.items()))
