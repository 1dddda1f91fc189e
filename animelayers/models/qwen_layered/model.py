"""`qwen-image-layered`, mode `rendering`: the adapter of somebody's training on the released base.

The model works at the size that it was trained at; what it says is then carried to the picture's own (`native_guess`).
Weights are loaded for the first picture, not before.
"""

from __future__ import annotations

import hashlib
import math
import warnings
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from torch import Tensor

from animelayers.errors import AnimeLayersWarning, DataError, ModelError, PictureError
from animelayers.models import hub, memory
from animelayers.models.base import ModelOptions, OnStep, Rung
from animelayers.models.diffusion import speed
from animelayers.models.fitting import Fitting, Size, bucket, window
from animelayers.models.qwen_layered import adapter, denoise, latents, loading, prompt
from animelayers.models.qwen_layered.frames import PATCH
from animelayers.picture import Picture
from animelayers.rendering.native import native_guess
from animelayers.rendering.solve import BLENDS, RenderingGuess
from animelayers.stack import Rgba

STEPS = 20
"""Of sampling, unless told otherwise."""
LARGE = 2_000_000
"""Px from which the VAE works in tiles."""


class QwenLayered:
    """Base and adapter behind the protocol `RenderingModel`; a seed gives the same layers on the same kind of device.

    Raises:
        ModelError: there is no adapter, or it is none.
    """

    def __init__(self, options: ModelOptions) -> None:
        if options.lora is None:
            raise ModelError(
                "qwen-image-layered alone knows objects, not line and flat; an adapter teaches it",
                hint="--lora RUN, the folder of a training: train/lora.py",
            )
        self.options = options
        self.file = adapter.located(options.lora)
        self.spec, self._tensors = adapter.read(self.file)
        self.area = math.prod(self.spec.size) if options.size is None else options.size**2
        self.steps = options.steps or STEPS
        if missing := set(BLENDS) - set(self.spec.layers):
            raise ModelError(f"{self.file} does not know the layer {min(missing)}", hint="another --lora")

    @property
    def about(self) -> Mapping[str, Any]:
        with self.file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        base = self.options.weights or self.spec.base
        told = {"lora": f"{self.file.name}@{digest[:12]}", "base": base, "steps": self.steps, "area": self.area}
        return told if self.cache is None else {**told, "cache": self.cache}

    @property
    def cache(self) -> speed.Cache | None:
        """Which work that steps repeat is skipped."""
        return next((kind for kind in get_args(speed.Cache) if kind in self.options.speed), None)

    def predict(self, picture: Picture, *, seed: int = 0, on_step: OnStep | None = None) -> RenderingGuess:
        """What the model says of what is visible, at the picture's own size."""
        box = window(picture.rgba)
        top, left, bottom, right = box
        if not any(box):
            return RenderingGuess(picture.rgba[..., :3], picture.rgba, picture.rgba[..., :3])
        fit = Fitting.of(box, self._canvas((bottom - top) / (right - left)))
        rows, columns = fit.part
        said = self._loaded.sampled(fit.onto(picture.rgba), self.steps, seed, on_step)
        guess = native_guess(
            {name: sheet[rows, columns] for name, sheet in said.items()}, picture.rgba[top:bottom, left:right]
        )
        return _within(guess, picture.rgba, box)

    def _canvas(self, aspect: float) -> Size:
        try:
            return bucket(aspect, self.area)
        except DataError as error:
            raise PictureError(f"the picture is {aspect:.3g} times as high as wide", hint="cut it first") from error

    @cached_property
    def _loaded(self) -> _Loaded:
        return _Loaded(self)


class _Loaded:
    """The weights, ready to work."""

    def __init__(self, model: QwenLayered) -> None:
        options, spec = model.options, model.spec
        self.spec = spec
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        beside = model.file.parent / prompt.NAME
        words = prompt.kept(beside, spec.prompt)
        files = loading.FILES if words is not None else (*loading.FILES, *prompt.FILES)
        base = hub.located(options.weights or spec.base, files=files, offline=options.offline)
        if words is None:
            words = prompt.embedding(spec.prompt, base, beside, self.device)
        self.words = words.to(self.device)
        rung = self._rung(base, model)
        if self.device.type == "cpu":
            warnings.warn("on a CPU a picture takes hours", AnimeLayersWarning, stacklevel=2)
        self.vae = loading.load_vae(base, self.device, tiling=model.area > LARGE)
        self.scheduler = loading.load_scheduler(base)
        self.transformer = loading.load_transformer(base, rung, self.device)
        adapter.load(self.transformer, spec, model._tensors)
        self.cache = model.cache
        for way in options.speed:
            if way not in ("compile", *get_args(speed.Cache)):
                speed.use_attention(self.transformer, way)
        self.transformer = loading.settled(self.transformer, rung, self.device).eval()
        if "compile" in options.speed:
            speed.compile_blocks(self.transformer)

    def _rung(self, base: Path, model: QwenLayered) -> Rung:
        """The best way to keep the weights that fits, counted before any is read."""
        spec, outline = model.spec, loading.outline(base)
        tokens = model.area // (loading.vae_scale(base) * PATCH) ** 2 * (spec.frames.predicted + 1)
        counted, active = memory.counted(outline), memory.activations(tokens, spec.width, spec.blocks)
        values = loading.lora_size(outline, spec.targets, spec.rank)
        vae = sum(file.stat().st_size for file in (base / "vae").glob("*.safetensors"))
        estimates = [
            memory.estimate(counted, active, rung, kept=loading.KEPT, adapter=values, vae=vae)
            for rung in memory.ladder(self.device.type)
        ]
        return memory.chosen(model.options.memory, estimates, memory.free_memory(str(self.device)))

    def sampled(self, seen: Rgba, steps: int, seed: int, on_step: OnStep | None) -> dict[str, Rgba]:
        """The layers of a picture of the model's size, uint8 [h, w, 4] each."""
        shown = latents.levels(seen, self.spec.hidden)[None].to(self.device)
        condition, frames = latents.encode(self.vae, shown).float(), self.spec.frames
        start = denoise.noise([seed], (frames.predicted, *condition.shape[1:]), self.device)
        with speed.cached(self.transformer, self.cache, steps):
            given: Tensor = denoise.denoised(
                self.transformer, self.scheduler, condition, self.words, frames, start, steps=steps, on_step=on_step
            )[0, int(frames.composite) :]
        if not given.isfinite().all():
            raise ModelError("the model gave no numbers", hint="--memory bf16, or another --lora")
        decoded = latents.decode(self.vae, given)
        return {name: latents.pixels(sheet) for name, sheet in zip(frames.layers, decoded, strict=True)}


def _within(guess: RenderingGuess, source: Rgba, box: tuple[int, int, int, int]) -> RenderingGuess:
    """A guess of the part of a picture in `box`, as one of the whole; there is nothing beyond."""
    rows, columns = slice(box[0], box[2]), slice(box[1], box[3])
    whole = RenderingGuess(source[..., :3].copy(), np.zeros_like(source), source[..., :3].copy())
    whole.flat[rows, columns], whole.line[rows, columns] = guess.flat, guess.line
    whole.base[rows, columns] = guess.base
    return whole
