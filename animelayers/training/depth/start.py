"""From a configuration to a training that runs: look at the art, count the memory, encode once, load, learn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from animelayers.models import hub, memory
from animelayers.models.see_through import conditioning, loading
from animelayers.models.see_through.conditioning import DEPTH_FRAMES, EMPTY
from animelayers.models.see_through.unet import LATENT, Words
from animelayers.training import devices, engine, runs, tensor_files, trainable
from animelayers.training.art_set import ArtSet, parted
from animelayers.training.depth.config import Config
from animelayers.training.depth.held_out import HeldOut
from animelayers.training.depth.latents import DepthLatents, Recipe
from animelayers.training.depth.networks import Beginning, choose, stock
from animelayers.training.depth.task import DepthTask
from animelayers.training.engine import Order, Say
from animelayers.training.folders import copy_module
from animelayers.training.latent_cache import fingerprint
from animelayers.training.parts.latents import BODY_GROUP, Key, keys
from animelayers.training.parts_art import PartsArt, open_parts, survey

FILES = (
    *(f"{folder}/*.{kind}" for folder in ("unet", "vae") for kind in ("json", "safetensors")),
    *(conditioning.NAME, *conditioning.FILES),
)
"""What of the base is needed."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known before anything large is loaded."""

    config: Config
    base: Path
    beginning: Beginning
    art: ArtSet[PartsArt]
    others: ArtSet[PartsArt]
    """What held-out keys mean: the same art, or that of `data.held_out_path`."""
    learnt: tuple[Key, ...]
    held_out: tuple[Key, ...]
    need: trainable.Need
    free: int
    """Bytes."""

    @property
    def lines(self) -> Iterator[str]:
        """What will be done, for people."""
        config = self.config
        each = config.optimiser.batch * config.optimiser.accumulate
        yield f"{len(self.learnt)} pictures to learn, {len(self.held_out)} held out"
        what = "one part at a time" if config.stage == 1 else "all parts of a page together"
        yield f"stage {config.stage}: {what}, pages of {config.data.side} x {config.data.side} px"
        epochs = config.steps * each / len(self.learnt)
        yield f"{config.steps} steps of {each} on every device: {epochs:.1f} epochs on one"
        yield self.need.line(self.free)


def prepare(config: Config, accelerator: Accelerator, say: Say) -> Prepared:
    """Look at everything and load nothing.

    Raises:
        DataError: there is nothing to learn from.
        ModelError: the base is missing, is another model, or does not fit into memory.
    """
    art, path = open_parts(config.data.path), config.data.held_out_path
    others = None if path is None else open_parts(path)
    found = parted(art, others, config.data.held_out, lambda each: survey(each, DEPTH_FRAMES), say)
    learnt, held_out = (keys(usable, BODY_GROUP) for usable in (found.learnt, found.held_out))
    base = hub.located(config.base.weights, files=FILES)
    beginning = Beginning.of(base, config.stage)
    need = _need(config, beginning, accelerator)
    free = devices.free_memory(accelerator)
    need.check(free)
    return Prepared(config, base, beginning, art, found.others, learnt, held_out, need, free)


def train(config: Config, accelerator: Accelerator, say: Say) -> bool:
    """Train, or go on; whether all steps are done.

    Raises:
        AnimeLayersError: as `prepare`, `runs.begin` and `engine.run` do.
    """
    prepared = prepare(config, accelerator, say)
    for line in prepared.lines:
        say(line)
    with accelerator.main_process_first():
        if accelerator.is_main_process:
            runs.begin(config, accelerator.device)
            copy_module(prepared.base / "vae", config.folder / "vae")  # so that the folder of the run is a whole model
        latents = filled(prepared, accelerator.device, say)
        words = _words(prepared, accelerator.device)
    task = _task(prepared, latents, words, accelerator)
    return engine.run(task, Order.of(config), accelerator, say)


def filled(prepared: Prepared, device: torch.device, say: Say) -> DepthLatents:
    """All latents, encoded where they are missing; the VAE is gone afterwards."""
    config, base = prepared.config, prepared.base
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    latents = DepthLatents(config.cache, Recipe(config.data.side, fingerprint(base / "vae"), dtype))
    report = tensor_files.told(say, "latents")

    def load() -> Any:
        return loading.load_vae(base, device)

    flips = (False, True) if config.data.flip else (False,)
    learnt = [replace(key, mirrored=flip) for key in prepared.learnt for flip in flips]
    latents.fill(learnt, prepared.art, load, report)
    latents.fill(prepared.held_out, prepared.others, load, report)
    if device.type == "cuda":
        torch.cuda.empty_cache()
    return latents


def _task(prepared: Prepared, latents: DepthLatents, words: Words, accelerator: Accelerator) -> DepthTask:
    config, device = prepared.config, accelerator.device
    torch.manual_seed(config.seed)  # of weights that are new
    network = prepared.beginning.network()
    choose(network, config.trained)
    if config.base.checkpointing:
        stock(network).enable_gradient_checkpointing()
    if not accelerator.is_fsdp2:  # which takes one block after another to the card, and there cuts it
        network.to(device)
    held_out = HeldOut(
        prepared.others,
        prepared.held_out,
        latents,
        words,
        lambda: loading.load_vae(prepared.base, device),
        config.report.preview_steps,
    )
    return DepthTask(network.train(), config, latents, prepared.learnt, words, held_out)


def _words(prepared: Prepared, device: torch.device) -> Words:
    """What the network is told of every frame; kept in the run, which then needs no text encoder."""
    own = prepared.config.folder / conditioning.NAME
    said = conditioning.empty_words(prepared.base, own, device)
    if not own.exists():
        conditioning.save(own, [EMPTY], said)
    return said.to(device)


def _need(config: Config, beginning: Beginning, accelerator: Accelerator) -> trainable.Need:
    network = beginning.outline()
    choose(network, config.trained)
    side = config.data.side // LATENT
    frames = config.optimiser.batch * (1 if config.stage == 1 else len(DEPTH_FRAMES))
    wide = 2 if config.precision == "bf16" else 4
    active = memory.convolved(frames, (side, side), stock(network).config.block_out_channels[0]) * wide // 2
    return trainable.Need.of(network, config.optimiser, active, accelerator)
