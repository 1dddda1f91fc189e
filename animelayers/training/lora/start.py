"""From a configuration to a training that runs: look at the art, count the memory, encode once, load, learn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from animelayers.models import hub, memory
from animelayers.models.base import Rung
from animelayers.models.diffusion import speed
from animelayers.models.fitting import Size, bucket
from animelayers.models.qwen_layered import adapter, loading, prompt
from animelayers.models.qwen_layered.adapter import AdapterSpec
from animelayers.models.qwen_layered.frames import PATCH
from animelayers.training import devices, engine, runs, tensor_files
from animelayers.training.art_set import Artworks, Usable, open_art, parted, survey
from animelayers.training.engine import Order, Say
from animelayers.training.latent_cache import Key, LatentCache, Recipe, fingerprint
from animelayers.training.lora.config import Config
from animelayers.training.lora.preview import Previews
from animelayers.training.lora.task import RenderingTask

BUCKET_STEP = 64
"""Px by which the sizes of buckets differ: coarse, so that each has many pictures."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known before anything large is loaded."""

    config: Config
    base: Path
    artworks: Artworks
    others: Artworks
    """What held-out keys mean: the same artworks, or those of `data.held_out_path`."""
    learnt: tuple[Key, ...]
    held_out: tuple[Key, ...]
    spec: AdapterSpec
    rung: Rung
    estimates: str
    """A table for people."""

    @property
    def lines(self) -> Iterator[str]:
        """What will be done, for people."""
        config, sizes = self.config, sorted({key.size for key in self.learnt})
        each = config.optimiser.batch * config.optimiser.accumulate
        yield f"{len(self.learnt)} artworks to learn, {len(self.held_out)} held out"
        yield "sizes, height x width: " + ", ".join(f"{height} x {width}" for height, width in sizes)
        epochs = config.steps * each / len(self.learnt)
        yield f"{config.steps} steps of {each} on every device: {epochs:.1f} epochs on one"
        yield f"base {self.spec.base}, {self.spec.blocks} blocks of width {self.spec.width}; memory {self.rung}"
        yield self.estimates


def prepare(config: Config, accelerator: Accelerator, say: Say) -> Prepared:
    """Look at everything and load nothing.

    Raises:
        DataError: there is nothing to learn from.
        ModelError: the base is missing, is another model, or does not fit into memory.
    """
    artworks = open_art(config.data.path, config.adapter.layers)
    learnt, held_out, others = _parted(config, artworks, say)
    weights = hub.located(config.base.weights, files=(*loading.FILES, *prompt.FILES))
    outline = loading.outline(weights)
    blocks, width = adapter.shape_of(outline)
    largest = max((key.size for key in (*learnt, *held_out)), key=math.prod)
    spec = AdapterSpec(
        layers=config.adapter.layers,
        composite=config.adapter.composite,
        kept_ids=config.adapter.kept_ids,
        place=None if config.adapter.place == "none" else config.adapter.place,
        hidden=config.data.hidden,
        prompt=config.adapter.prompt,
        size=largest,
        base=config.base.weights,
        revision=hub.revision_of(weights),
        rank=config.adapter.rank,
        targets=adapter.TARGETS if config.adapter.streams == "both" else adapter.IMAGE_STREAM,
        blocks=blocks,
        width=width,
    )
    tokens = math.prod(largest) // (loading.vae_scale(weights) * PATCH) ** 2 * (spec.frames.predicted + 1)
    estimates = _estimates(config, spec, outline, tokens, accelerator)
    free = devices.free_memory(accelerator)
    rung = memory.chosen(config.base.memory, estimates, free)
    table = memory.table(estimates, free)
    return Prepared(config, weights, artworks, others, learnt, held_out, spec, rung, table)


def train(config: Config, accelerator: Accelerator, say: Say) -> bool:
    """Train, or go on; whether all steps are done.

    Raises:
        AnimeLayersError: as `prepare`, `runs.begin` and `engine.run` do.
    """
    device = accelerator.device
    prepared = prepare(config, accelerator, say)
    for line in prepared.lines:
        say(line)
    with accelerator.main_process_first():
        if accelerator.is_main_process:
            runs.begin(config, device)
        cache = filled(prepared, device, say)
        words = prompt.embedding(config.adapter.prompt, prepared.base, config.folder / prompt.NAME, device)
    # FSDP takes one block after another to the card, and there cuts it.
    place = torch.device("cpu") if accelerator.is_fsdp2 else device
    task = _task(prepared, cache, words.to(device), place)
    return engine.run(task, Order.of(config), accelerator, say)


def filled(prepared: Prepared, device: torch.device, say: Say) -> LatentCache:
    """All latents, encoded where they are missing; the VAE is gone afterwards."""
    config = prepared.config
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    recipe = Recipe(config.adapter.layers, fingerprint(prepared.base / "vae"), config.data.hidden, dtype)
    flips = (False, True) if config.data.flip else (False,)
    learnt = [Key(key.index, key.digest, key.size, flip) for key in prepared.learnt for flip in flips]
    whole = LatentCache(config.cache, recipe, [*learnt, *prepared.held_out])
    report = tensor_files.told(say, "latents")

    def vae() -> Any:
        return loading.load_vae(prepared.base, device)

    LatentCache(config.cache, recipe, learnt).fill(prepared.artworks, vae, report)
    LatentCache(config.cache, recipe, prepared.held_out).fill(prepared.others, vae, report)
    if device.type == "cuda":
        torch.cuda.empty_cache()
    return whole


def _task(prepared: Prepared, cache: LatentCache, words: torch.Tensor, place: torch.device) -> RenderingTask:
    config, spec = prepared.config, prepared.spec
    transformer = loading.load_transformer(prepared.base, prepared.rung, place)
    torch.manual_seed(config.seed)  # of the adapter's first weights
    adapter.insert(transformer, spec)
    if config.base.attention:
        speed.use_attention(transformer, config.base.attention)
    loading.settled(transformer, prepared.rung, place)
    if config.base.checkpointing:
        transformer.enable_gradient_checkpointing()
    if config.base.compile:
        speed.compile_blocks(transformer)
    previews = Previews(
        prepared.others,
        prepared.held_out[: config.report.previews],
        cache,
        spec,
        words,
        loading.load_scheduler(prepared.base),
        lambda: loading.load_vae(prepared.base, words.device),
        config.report.preview_steps,
    )
    return RenderingTask(transformer.train(), spec, config, cache, prepared.learnt, prepared.held_out, words, previews)


def _parted(config: Config, artworks: Artworks, say: Say) -> tuple[tuple[Key, ...], tuple[Key, ...], Artworks]:
    """What is learnt, what is held out, and the artworks that the latter means."""
    path = config.data.held_out_path
    others = None if path is None else open_art(path, config.adapter.layers)
    found = parted(artworks, others, config.data.held_out, survey, say)
    return _keys(found.learnt, config), _keys(found.held_out, config), found.others


def _keys(usable: Sequence[Usable], config: Config) -> tuple[Key, ...]:
    def size(each: Usable) -> Size:
        return config.data.size or bucket(each.aspect, config.data.area or 0, BUCKET_STEP)

    return tuple(Key(each.index, each.digest, size(each)) for each in usable)


def _estimates(
    config: Config, spec: AdapterSpec, outline: Any, tokens: int, accelerator: Accelerator
) -> list[memory.Estimate]:
    """Of one device; what FSDP divides among several is whole numbers of 16 bits or more."""
    ladder = memory.ladder(accelerator.device.type, training=True)
    active = memory.activations(tokens, spec.width, spec.blocks, batch=config.optimiser.batch, training=True)
    values = loading.lora_size(outline, spec.targets, spec.rank)
    whole = [
        memory.estimate(memory.counted(outline), active, rung, kept=loading.KEPT, adapter=values, training=True)
        for rung in ladder
    ]
    if not accelerator.is_fsdp2:
        return whole
    parts = accelerator.num_processes
    divided = (each for each in whole if each.rung in ("float32", "bf16"))
    return [replace(each, weights=each.weights // parts, adapter=each.adapter // parts) for each in divided]
