"""From a configuration to a training that runs: look at the art, count the memory, cut out parts once, load, learn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from animelayers.models import hub
from animelayers.models.diffusion.folder import opening, read, weight_files
from animelayers.models.see_through import loading
from animelayers.models.see_through.transparency import TransparentVAE
from animelayers.training import devices, engine, runs, tensor_files, trainable
from animelayers.training.art_set import ArtSet, parted
from animelayers.training.engine import Order, Say
from animelayers.training.parts.latents import GROUPS, Key, keys
from animelayers.training.parts_art import PartsArt, open_parts, survey
from animelayers.training.transparency.config import Config
from animelayers.training.transparency.cuts import Cuts
from animelayers.training.transparency.losses import Critic, Vgg
from animelayers.training.transparency.preview import Previews
from animelayers.training.transparency.task import FOLDER, Learner, TransparencyTask

ORIGINALS = tuple(f"ld_diffusers_sdxl_vae_transparent_{network}.safetensors" for network in ("decoder", "encoder"))
"""LayerDiffuse's files."""
KEPT, KEPT_CHECKPOINTING = 67, 20
"""Values that the decoder keeps for its gradient, of every px and channel of its first level."""
VAE_KEPT, VAE_LIVE = 44, 6
"""Likewise the VAE's decoder, if a gradient passes it; and otherwise, or if every block is computed again."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known before anything is cut out or put on a card."""

    config: Config
    base: Path
    network: TransparentVAE
    """In float32, on the CPU; what is taught of it requires a gradient."""
    critic: Critic | None
    art: ArtSet[PartsArt]
    others: ArtSet[PartsArt]
    """What held-out keys mean: the same art, or that of `data.held_out_path`."""
    learnt: tuple[Key, ...]
    """Pages of whole pictures, then of heads."""
    held_out: tuple[Key, ...]
    pictures: tuple[int, int]
    """How many are learnt and held out."""
    need: trainable.Need
    free: int
    """Bytes."""

    @property
    def lines(self) -> Iterator[str]:
        """What will be done, for people."""
        config, (learnt, held_out) = self.config, self.pictures
        each = config.optimiser.batch * config.optimiser.accumulate
        yield f"{learnt} pictures to learn, {len(self.learnt) - learnt} of them with a head; {held_out} held out"
        what = "the decoder" if config.trained == "decoder" else "decoder and encoder"
        critic = "" if self.critic is None else ", and a critic"
        yield f"{what}{critic}, crops of {config.data.crop} px of pages of {config.data.side} x {config.data.side} px"
        epochs = config.steps * each / len(self.learnt)
        yield f"{config.steps} steps of {each} on every device: {epochs:.1f} epochs on one, a part of each page in each"
        yield self.need.line(self.free)


def prepare(config: Config, accelerator: Accelerator, say: Say) -> Prepared:
    """Look at everything; only the network that is taught is loaded, 0.4 GB.

    Raises:
        DataError: there is nothing to learn from.
        ModelError: VAE or network is missing, or another model, or does not fit into memory.
    """
    art, path = open_parts(config.data.path), config.data.held_out_path
    others = None if path is None else open_parts(path)
    tags = tuple(tag for group in GROUPS for tag in group.tags)
    found = parted(art, others, config.data.held_out, lambda each: survey(each, tags), say)
    learnt, held_out = (
        tuple(key for group in range(len(GROUPS)) for key in keys(usable, group))
        for usable in (found.learnt, found.held_out)
    )
    base = hub.located(config.base.weights, files=_files("vae", FOLDER))
    vae = read(base / "vae" / "config.json", "base.weights= a folder with vae/, or the hub id of one")
    beside = sum(file.stat().st_size for file in weight_files(base / "vae"))
    torch.manual_seed(config.seed)  # of weights that are new
    network = _network(config, base)
    critic = Critic(config.critic.width, config.critic.levels) if config.losses.adversarial else None
    active = _activations(config, network, int(vae.get("block_out_channels", [128])[0]))
    taught = nn.ModuleList([network] if critic is None else [network, critic])
    need = trainable.Need.of(taught, config.optimiser, active, accelerator)
    need = replace(need, weights=need.weights + beside)
    free = devices.free_memory(accelerator)
    need.check(free)
    counts = len(found.learnt), len(found.held_out)
    return Prepared(config, base, network, critic, art, found.others, learnt, held_out, counts, need, free)


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
        cuts = filled(prepared, say)
    task = _task(prepared, cuts, accelerator.device)
    return engine.run(task, Order.of(config), accelerator, say)


def filled(prepared: Prepared, say: Say) -> Cuts:
    """All parts, cut out where they are missing."""
    cuts = Cuts(prepared.config.cache, prepared.config.data.side)
    report = tensor_files.told(say, "pages")
    cuts.fill(prepared.learnt, prepared.art, report)
    cuts.fill(prepared.held_out, prepared.others, report)
    return cuts


def _task(prepared: Prepared, cuts: Cuts, device: torch.device) -> TransparencyTask:
    config = prepared.config
    vae = loading.load_vae(prepared.base, device)
    if config.base.checkpointing:
        vae.enable_gradient_checkpointing()
        prepared.network.enable_gradient_checkpointing()
    vgg = None
    if config.losses.perceptual and config.base.vgg is not None:
        vgg = Vgg(config.base.vgg, device)
    module = Learner(prepared.network, prepared.critic, vae, config.losses.adversarial).to(device).train()
    shown = prepared.held_out[: config.report.previews]
    previews = Previews(cuts, shown, config.data.crop, config.seed)
    return TransparencyTask(module, config, cuts, prepared.learnt, prepared.held_out, vae, vgg, previews)


def _network(config: Config, base: Path) -> TransparentVAE:
    """What is taught, in float32, on the CPU.

    Raises:
        ModelError: it is missing, damaged, or another network.
    """
    told = config.base
    if told.config is not None:
        sizes = read(told.config, "base.config= a JSON file of the sizes of a TransparentVAE")
        with opening(told.config):
            network = TransparentVAE.from_config(sizes)
    elif told.originals is not None:
        folder = hub.located(told.originals, files=ORIGINALS)
        network = TransparentVAE.from_originals(*(folder / name for name in ORIGINALS))
    else:
        folder = hub.located(told.transparency, files=_files(FOLDER)) if told.transparency else base
        network = loading.load_transparency(folder, torch.device("cpu"))
    network.requires_grad_(False)
    network.decoder.requires_grad_(True)
    network.encoder.requires_grad_(config.trained == "both")
    return network


def _activations(config: Config, network: Any, width: int) -> int:
    """Bytes that one batch keeps, roughly: of the decoder, and of a VAE of this first width if a gradient passes it."""
    again = config.base.checkpointing
    each = (KEPT_CHECKPOINTING if again else KEPT) * network.config.block_out_channels[0]
    each += width * (VAE_KEPT if config.trained == "both" and not again else VAE_LIVE)
    px = config.optimiser.batch * config.data.crop**2
    return px * each * (2 if config.precision == "bf16" else 4)


def _files(*folders: str) -> tuple[str, ...]:
    return tuple(f"{folder}/*.{kind}" for folder in folders for kind in ("json", "safetensors"))
