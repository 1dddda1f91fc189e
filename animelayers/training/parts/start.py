"""From a configuration to a training that runs: look at the art, count the memory, encode once, load, learn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from animelayers.models import hub, memory
from animelayers.models.see_through import conditioning, loading
from animelayers.models.see_through.unet import LATENT, Words
from animelayers.training import devices, engine, runs, tensor_files, trainable
from animelayers.training.art_set import ArtSet, parted
from animelayers.training.engine import Order, Say
from animelayers.training.folders import copy_module
from animelayers.training.latent_cache import fingerprint
from animelayers.training.parts.config import Config
from animelayers.training.parts.latents import GROUPS, Key, PartsLatents, Recipe, keys
from animelayers.training.parts.networks import Beginning, choose
from animelayers.training.parts.preview import Previews
from animelayers.training.parts.task import PartsTask
from animelayers.training.parts_art import PartsArt, open_parts, survey

TAGS = tuple(tag for group in GROUPS for tag in group.tags)
FILES = ("unet/config.json", conditioning.NAME, *conditioning.FILES)
"""What of the base is needed besides networks."""
COPIED = ("vae", "trans_vae")
"""What else a model of parts needs, which the training does not change."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known before anything large is loaded."""

    config: Config
    base: Path
    transparency: Path | None
    """Where `trans_vae/` lies."""
    beginning: Beginning
    art: ArtSet[PartsArt]
    others: ArtSet[PartsArt]
    """What held-out keys mean: the same art, or that of `data.held_out_path`."""
    learnt: tuple[tuple[Key, ...], ...]
    """The pages of every group."""
    held_out: tuple[tuple[Key, ...], ...]
    need: trainable.Need
    free: int
    """Bytes."""

    @property
    def lines(self) -> Iterator[str]:
        """What will be done, for people."""
        config, (bodies, heads) = self.config, map(len, self.learnt)
        each = config.optimiser.batch * config.optimiser.accumulate
        yield f"{bodies} pictures to learn, {heads} of them with a head; {len(self.held_out[0])} held out"
        what = "one part at a time" if config.stage == 1 else "all parts of a page, of bodies and heads by turns"
        yield f"stage {config.stage}: {what}, pages of {config.data.side} x {config.data.side} px"
        seen = config.steps * each / (bodies if config.stage == 1 else bodies + heads)
        yield f"{config.steps} steps of {each} on every device: {seen:.1f} epochs on one"
        if self.transparency is None:
            yield "there is no trans_vae: latents hide no alpha, and the run needs one before it makes layers"
        yield self.need.line(self.free)


def prepare(config: Config, accelerator: Accelerator, say: Say) -> Prepared:
    """Look at everything and load nothing.

    Raises:
        DataError: there is nothing to learn from.
        ModelError: the base is missing, is another model, or does not fit into memory.
    """
    art, path = open_parts(config.data.path), config.data.held_out_path
    others = None if path is None else open_parts(path)
    found = parted(art, others, config.data.held_out, lambda each: survey(each, TAGS), say)
    learnt, held_out = (
        tuple(keys(usable, group) for group in range(len(GROUPS))) for usable in (found.learnt, found.held_out)
    )
    own_unet = config.base.unet is None and config.base.config is None
    base = hub.located(config.base.weights, files=(*FILES, *_files("unet" if own_unet else "", "vae", "trans_vae")))
    unet = base if config.base.unet is None else hub.located(config.base.unet, files=_files("unet"))
    beginning = Beginning.of(unet, config.base.config, config.stage)
    transparency = _transparency(config, base)
    need = _need(config, beginning, accelerator)
    free = devices.free_memory(accelerator)
    need.check(free)
    return Prepared(config, base, transparency, beginning, art, found.others, learnt, held_out, need, free)


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
            for part, source in zip(COPIED, (prepared.base, prepared.transparency), strict=True):
                if source is not None:  # so that the folder of the run is a whole model
                    copy_module(source / part, config.folder / part)
        latents = filled(prepared, accelerator.device, say)
        words = _words(prepared, accelerator.device)
    task = _task(prepared, latents, words, accelerator)
    return engine.run(task, Order.of(config), accelerator, say)


def filled(prepared: Prepared, device: torch.device, say: Say) -> PartsLatents:
    """All latents, encoded where they are missing; the VAE is gone afterwards."""
    config, base, transparency = prepared.config, prepared.base, prepared.transparency
    hidden = transparency if config.data.offset else None
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    signs = fingerprint(base / "vae"), "" if hidden is None else fingerprint(hidden / "trans_vae")
    latents = PartsLatents(config.cache, Recipe(config.data.side, *signs, dtype))
    report = tensor_files.told(say, "latents")

    def load() -> Any:
        return loading.load_vae(base, device), None if hidden is None else loading.load_transparency(hidden, device)

    flips = (False, True) if config.data.flip else (False,)
    learnt = [Key(key.index, key.digest, key.group, flip) for keys in prepared.learnt for key in keys for flip in flips]
    latents.fill(learnt, prepared.art, load, report)
    latents.fill([key for keys in prepared.held_out for key in keys], prepared.others, load, report)
    if device.type == "cuda":
        torch.cuda.empty_cache()
    return latents


def _task(prepared: Prepared, latents: PartsLatents, words: list[Words], accelerator: Accelerator) -> PartsTask:
    config, device = prepared.config, accelerator.device
    torch.manual_seed(config.seed)  # of weights that are new
    network = prepared.beginning.network()
    choose(network, config.trained)
    if config.base.checkpointing:
        network.unet.enable_gradient_checkpointing()
    if not accelerator.is_fsdp2:  # which takes one block after another to the card, and there cuts it
        network.to(device)
    previews = Previews(
        prepared.others,
        [key for keys in prepared.held_out for key in keys[: config.report.previews]],
        latents,
        words,
        lambda: loading.load_vae(prepared.base, device),
        config.report.preview_steps,
        shared=config.noise == "shared",
    )
    return PartsTask(network.train(), config, latents, prepared.learnt, prepared.held_out, words, previews)


def _words(prepared: Prepared, device: torch.device) -> list[Words]:
    """What the networks are told of every group's frames; kept in the run, which then needs no text encoder."""
    own = prepared.config.folder / conditioning.NAME
    said = conditioning.words(prepared.base, TAGS, own, device)
    if not own.exists():
        conditioning.save(own, TAGS, said)
    return [said.rows([TAGS.index(tag) for tag in group.tags]).to(device) for group in GROUPS]


def _files(*folders: str) -> tuple[str, ...]:
    return tuple(f"{folder}/*.{kind}" for folder in folders if folder for kind in ("json", "safetensors"))


def _transparency(config: Config, base: Path) -> Path | None:
    if config.base.transparency is not None:
        return hub.located(config.base.transparency, files=_files("trans_vae"))
    return base if (base / "trans_vae").is_dir() else None


def _need(config: Config, beginning: Beginning, accelerator: Accelerator) -> trainable.Need:
    network = beginning.outline()
    choose(network, config.trained)
    side = config.data.side // LATENT
    frames = config.optimiser.batch * (1 if config.stage == 1 else max(len(group.tags) for group in GROUPS))
    wide = 2 if config.precision == "bf16" else 4
    active = memory.convolved(frames, (side, side), network.unet.config.block_out_channels[0]) * wide // 2
    return trainable.Need.of(network, config.optimiser, active, accelerator)
