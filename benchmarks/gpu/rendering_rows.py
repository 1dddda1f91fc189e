"""The ways to make rendering layers, and to teach them, that are measured: a row of the tables each.

Both do what the product does, in its order: `models.qwen_layered.model` and `training.lora.start`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import rendering_networks as networks
import torch
from call import PICTURE, ROOT
from meter import Meter, counted, counted_steps
from rendering_networks import Geometry
from torch import Tensor

from animelayers.errors import ModelError
from animelayers.models.base import Rung
from animelayers.models.diffusion import speed
from animelayers.models.fitting import Fitting, Size, window
from animelayers.models.qwen_layered import adapter, denoise, latents, loading
from animelayers.picture import load_picture
from animelayers.training import devices, engine
from animelayers.training.engine import Order
from animelayers.training.latent_cache import Key, LatentCache, Recipe
from animelayers.training.lora import config as lora_config
from animelayers.training.lora.task import Batch, RenderingTask

REFERENCE = "bf16"
"""The row of layers that others are compared with."""
ARTWORKS = 8
"""That are learnt, of noise."""
WARM = 2
"""Steps of a training that do not count."""


@dataclass(frozen=True, slots=True)
class Making:
    """One way to make layers."""

    name: str
    rung: Rung = "bf16"
    speed: tuple[str, ...] = ()
    composite: bool = False
    """Contract A: one frame more."""
    batch: int = 1
    """Pictures at a time."""

    @property
    def cache(self) -> speed.Cache | None:
        return next((kind for kind in get_args(speed.Cache) if kind in self.speed), None)


@dataclass(frozen=True, slots=True)
class Teaching:
    """One way to teach an adapter."""

    name: str
    rung: Rung = "bf16"
    batch: int = 1
    config: str = "rendering"
    """In `configs/lora/`."""
    changes: tuple[str, ...] = ()


MAKING = (
    Making(REFERENCE),
    Making("again"),
    Making("float32", rung="float32"),
    Making("compile", speed=("compile",)),
    Making("first-block", speed=("first-block",)),
    Making("taylor-seer", speed=("taylor-seer",)),
    Making("compile+first-block", speed=("compile", "first-block")),
    Making("fp8", rung="fp8"),
    Making("nf4", rung="nf4"),
    Making("offload", rung="offload"),
    Making("composite", composite=True),
    Making("4-pictures", batch=4),
)
"""`again` is the reference once more: whether a seed gives the same on this device."""
TEACHING = (
    Teaching("teach-bf16"),
    Teaching("teach-bf16-2", batch=2),
    Teaching("teach-bf16-4", batch=4),
    Teaching("teach-compile", changes=("base.compile=true",)),
    Teaching("teach-composite", changes=("adapter.composite=true",)),
    Teaching("teach-fp8", rung="fp8"),
    Teaching("teach-nf4", rung="nf4", config="rendering-24gb"),
)


def make(row: Making, geometry: Geometry, size: Size, steps: int, meter: Meter) -> Tensor:
    """Measure stages `encode`, `sample` and `decode`; the latents of the layers, float32 [b, l, c, h, w], on the CPU.

    Raises:
        ModelError: what the transformer says is not finite.
    """
    device, reference = meter.device, row.name == REFERENCE
    vae, scheduler, words = networks.vae(geometry, device), networks.scheduler(), networks.words(geometry, device)
    transformer = networks.transformer(geometry, row.rung, device)
    spec = networks.spec(transformer, size, composite=row.composite)
    torch.manual_seed(0)  # of the embedding
    adapter.insert(transformer, spec)
    transformer = loading.settled(transformer, row.rung, device).eval()
    if "compile" in row.speed:
        speed.compile_blocks(transformer)
    rgba = load_picture(PICTURE).rgba
    seen = latents.levels(Fitting.of(window(rgba), size).onto(rgba), spec.hidden).to(device)
    shown = seen.expand(row.batch, *seen.shape)

    def measured(name: str, work: Callable[[], Any]) -> Any:
        return meter(name, work, work, partial(counted, work) if reference else None)

    condition = measured("encode", lambda: latents.encode(vae, shown).float())
    start = denoise.noise(range(row.batch), (spec.frames.predicted, *condition.shape[1:]), device)

    def some(count: int) -> Tensor:
        with speed.cached(transformer, row.cache, steps):
            found = denoise.denoised(transformer, scheduler, condition, words, spec.frames, start, steps=count)
        return found[:, int(row.composite) :]

    # What skips steps is compiled along its whole way.
    warm = partial(some, steps if row.cache else 1)
    count = partial(counted_steps, some, steps) if reference else None
    found: Tensor = meter("sample", partial(some, steps), warm, count)
    if not found.isfinite().all():
        raise ModelError("the model gave no numbers", hint="another rung")
    measured("decode", lambda: [latents.decode(vae, each) for each in found])
    return found.cpu()


def step(geometry: Geometry, size: Size, device: torch.device) -> Callable[[], Any]:
    """One forward of the reference, ready to be looked at."""
    transformer = networks.transformer(geometry, "bf16", device)
    frames = networks.spec(transformer, size).frames
    start = denoise.noise([0], (frames.predicted, *geometry.latent(size)), device)
    given = start[:, 0], networks.words(geometry, device), frames, start
    return lambda: denoise.denoised(transformer, networks.scheduler(), *given, steps=1)


def deviation(found: Tensor, wanted: Tensor) -> dict[str, float]:
    """How far latents are from others, of the first picture: ‖a − b‖ / ‖b‖, and the largest difference."""
    off = found[0] - wanted[0]
    return {"relative": float(off.norm() / wanted[0].norm()), "max": float(off.abs().max())}


def teach(row: Teaching, geometry: Geometry, size: Size, steps: int, meter: Meter) -> None:
    """Measure stage `step`: of the loop, with its optimiser and its reading of latents from the disk."""
    device = meter.device
    with tempfile.TemporaryDirectory() as folder:
        config = lora_config.load(ROOT / "configs" / "lora" / f"{row.config}.toml", _told(row, size, steps, folder))
        transformer = networks.transformer(geometry, row.rung, device)
        spec = networks.spec(transformer, size, composite=config.adapter.composite)
        torch.manual_seed(config.seed)
        adapter.insert(transformer, spec)
        loading.settled(transformer, row.rung, device)
        transformer.enable_gradient_checkpointing()
        if config.base.compile:
            speed.compile_blocks(transformer)
        cache = _noise(Path(folder), config.adapter.layers, geometry, size)
        keys = [key for key in cache.wanted if key.digest]
        words = networks.words(geometry, device)
        task = _Timed(transformer.train(), spec, config, cache, keys, (), words, lambda *_: None)
        sums: dict[str, float] = {}
        if row.rung == "bf16" and not config.base.compile:

            def once() -> None:
                loss, _ = task.learn(transformer, task.batch(0, 0, 1), torch.Generator().manual_seed(0))
                loss.backward()

            sums = counted(once)
            transformer.zero_grad(set_to_none=True)
        task.began.clear()
        # A CPU is asked for as the door asks for it; a card is what accelerate finds.
        accelerator = devices.accelerator("cpu" if device.type == "cpu" else "auto")
        meter.begin()
        engine.run(task, Order.of(config), accelerator)
        took = [end - begin for begin, end in pairwise(task.began)]
        meter.stages["step"] = {"seconds": took[WARM:], **sums, **meter.peak()}
        accelerator.free_memory()


class _Timed(RenderingTask):
    """The task of the product, which notes when each batch is asked for."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.began: list[float] = []

    def batch(self, draw: int, rank: int, world: int) -> Batch:
        self.began.append(time.perf_counter())  # the step before has waited for the norm of its gradient
        return super().batch(draw, rank, world)


def _told(row: Teaching, size: Size, steps: int, folder: str) -> Iterator[str]:
    yield f"folder={Path(folder).as_posix()!r}"
    yield f"data.size=[{size[0]},{size[1]}]"
    yield f"optimiser.batch={row.batch}"
    yield "optimiser.accumulate=1"
    yield f"steps={WARM + steps + 1}"
    yield "data.held_out=0"
    yield from (f"report.{name}=0" for name in ("log", "save", "held_out", "preview"))
    yield from row.changes


def _noise(folder: Path, layers: tuple[str, ...], geometry: Geometry, size: Size) -> LatentCache:
    """Latents that stand for `ARTWORKS`, in files, where the product has those of its VAE."""
    keys = [Key(-1, str(number), size, mirrored) for number in range(ARTWORKS) for mirrored in (False, True)]
    cache = LatentCache(folder / "cache", Recipe(layers, "noise", dtype=torch.bfloat16), keys)
    channels, *room = geometry.latent(size)
    draw = torch.Generator().manual_seed(4)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, *room, generator=draw).to(torch.bfloat16)

    def made(key: Key, _: None) -> Mapping[str, Tensor]:
        if not key.digest:
            return {"empty": drawn(channels)}
        cover = torch.ones(len(layers), *room, dtype=torch.bfloat16)
        return {"layers": drawn(len(layers), channels), "condition": drawn(channels), "cover": cover}

    cache.files.fill(cache.wanted, [], lambda: made)
    return cache
