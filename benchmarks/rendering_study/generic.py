"""The base: a transformer of the released class that learns, with all its weights, to take pictures into objects.

As the released one it predicts the whole picture and four layers, and has never seen a rendering layer. So what an
adapter has to change is the same here and there: from things that lie before each other to what a painter lays down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import sampling
import torch
from accelerate import Accelerator
from art import GROUPS, GenericArt
from autoencoder import still
from diffusers import FlowMatchEulerDiscreteScheduler, QwenImageTransformer2DModel
from plan import BaseSettings, Places, Study
from safetensors.torch import load_file
from studies.session import Session
from torch import Tensor, nn

from animelayers.handoff.files import replacing, replacing_folder
from animelayers.models import tensors
from animelayers.models.qwen_layered import loading, prompt
from animelayers.models.qwen_layered.adapter import PROMPT
from animelayers.models.qwen_layered.frames import PATCH, Frames, velocity
from animelayers.training import engine, flow
from animelayers.training.engine import Order
from animelayers.training.flow import TimeSettings
from animelayers.training.latent_cache import Key, LatentCache, Recipe, fingerprint
from animelayers.training.lora.task import SIGMAS
from animelayers.training.sampler import Plan
from animelayers.training.tensor_files import told

WEIGHTS = "transformer.safetensors"
FRAMES = Frames(GROUPS, composite=True)

Batch = tuple[Tensor, Tensor]
"""Clean frames [b, f, c, h, w] and the condition [b, c, h, w], normalised latents."""
Draw = Callable[[Any, Path | None], None]
"""A preview of a module."""


def train(study: Study, places: Places, session: Session) -> bool:
    """Teach it, or go on; whether it lies in the base's folder."""
    if (places.base / "transformer" / "config.json").exists():
        return True
    words = _beside(study.base, places)
    cache, learnt, watched = _latents(places, session)
    torch.manual_seed(0)  # of the first weights
    module = made(study.base, study.vae.channels)
    preview = _preview(study, places, cache, watched, words)
    task = GenericTask(module, study.base, cache, learnt, watched, words, preview)
    settings = study.base
    places.transformer.mkdir(parents=True, exist_ok=True)
    order = Order(places.transformer, settings.steps, settings.optimiser, settings.report, session=session.minutes)
    accelerator = Accelerator(cpu=True, mixed_precision=study.precision)
    with still():
        if not engine.run(task, order, accelerator, lambda line: session.say(f"base: {line}")):
            return False
    module = made(study.base, study.vae.channels)
    module.load_state_dict(load_file(places.transformer / WEIGHTS))
    with replacing_folder(places.base / "transformer") as folder:
        module.save_pretrained(folder)
    return True


def made(settings: BaseSettings, channels: int) -> Any:
    """The transformer before it learns, as DiT begins (adaLN-zero): no block changes anything, and it says 0.

    Args:
        settings: how large it is.
        channels: of a latent pixel.
    """
    model = QwenImageTransformer2DModel(
        in_channels=channels * PATCH**2,
        out_channels=channels,
        num_layers=settings.blocks,
        attention_head_dim=sum(settings.axes),
        num_attention_heads=settings.heads,
        joint_attention_dim=settings.prompt[1],
        axes_dims_rope=settings.axes,
        use_additional_t_cond=True,
        use_layer3d_rope=True,
    )
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    gates = [block.img_mod[-1] for block in model.transformer_blocks]
    gates += [block.txt_mod[-1] for block in model.transformer_blocks]
    for layer in (*gates, model.norm_out.linear, model.proj_out):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    return model


class GenericTask:
    """Teaches the transformer by flow matching: the squared error of the velocity of all frames, and nothing else.

    Args:
        module: the transformer.
        settings: how to learn.
        cache: latents, all there.
        keys: of what is learnt.
        others: of what is watched.
        words: the prompt's embedding, [tokens, width].
        preview: draws one.
    """

    def __init__(
        self,
        module: Any,
        settings: BaseSettings,
        cache: LatentCache,
        keys: Sequence[Key],
        others: Sequence[Key],
        words: Tensor,
        preview: Draw,
    ) -> None:
        self.module, self.cache, self.keys, self.others, self.words = module, cache, keys, others, words
        self.times, self._preview = TimeSettings(density=settings.density), preview
        self.plan = Plan(tuple(key.size for key in keys), settings.optimiser.batch, flip=0.5)

    def groups(self) -> list[dict[str, Any]]:
        return [{"params": list(self.module.parameters())}]

    def batch(self, draw: int, rank: int, world: int) -> Batch:
        drawn = self.plan.batch(draw, rank, world)
        flips = zip(drawn.entries, drawn.mirrored, strict=True)
        return self._batch([turned(self.keys[entry], mirrored=mirrored) for entry, mirrored in flips])

    def learn(self, module: nn.Module, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        sigma = flow.drawn(self.times, len(batch[0]), generator)
        error = self._error(module, batch, sigma, torch.randn(batch[0].shape, generator=generator))
        return error.mean(), {"composite": error[:, 0].mean(), "layers": error[:, 1:].mean()}

    def held_out(self, module: nn.Module) -> dict[str, float]:
        """Squared error of the velocity at fixed noise levels and noise: of all, of every frame, at every level."""
        sums: dict[str, float] = {}
        for number, key in enumerate(self.others):
            batch = self._batch([key])
            for sigma in SIGMAS:
                noise = torch.randn(batch[0].shape, generator=torch.Generator().manual_seed(number))
                error = self._error(module, batch, torch.tensor([sigma]), noise)
                found = dict(zip(("composite", *GROUPS), error.mean(dim=(0, 2, 3, 4)).tolist(), strict=True))
                mean = float(error.mean())
                for name, value in {"velocity": mean, **found, f"sigma {sigma}": len(SIGMAS) * mean}.items():
                    sums[name] = sums.get(name, 0.0) + value
        return {name: value / (len(self.others) * len(SIGMAS)) for name, value in sums.items()}

    def preview(self, module: nn.Module, path: Path | None) -> None:
        self._preview(module, path)

    def result(self, folder: Path, weights: Mapping[str, Tensor], step: int) -> None:
        tensors.write(folder / WEIGHTS, weights, {"steps": step})

    def _error(self, module: nn.Module, batch: Batch, sigma: Tensor, noise: Tensor) -> Tensor:
        clean, condition = batch
        said = velocity(module, flow.noised(clean, noise, sigma), condition, sigma, self.words, FRAMES)
        return (said.float() - (noise - clean)).square()

    def _batch(self, keys: Sequence[Key]) -> Batch:
        entries = [self.cache.read(key) for key in keys]
        condition = torch.stack([entry.condition for entry in entries])
        layers = torch.stack([entry.layers for entry in entries])
        return torch.cat([condition[:, None], layers], dim=1), condition


def turned(key: Key, *, mirrored: bool) -> Key:
    """The key of the same picture, or of its mirror image."""
    return Key(key.index, key.digest, key.size, mirrored)


def _latents(places: Places, session: Session) -> tuple[LatentCache, list[Key], list[Key]]:
    """Of the generic layers, encoded where they are missing: the cache, what is learnt, what is watched."""
    recipe = Recipe(GROUPS, fingerprint(places.base / "vae"))
    keys: dict[str, list[Key]] = {}
    for name in ("learnt", "watched"):
        found = GenericArt(places.art(name))
        keys[name] = [Key(n, artwork.digest, artwork.size) for n, artwork in enumerate(found)]
        wanted = [turned(key, mirrored=side) for key in keys[name] for side in {False, name == "learnt"}]
        report = told(session.say, f"base: latents of {name}")
        with still():
            LatentCache(places.latents, recipe, wanted).fill(found, lambda: _vae(places), report)
    return LatentCache(places.latents, recipe, [*keys["learnt"], *keys["watched"]]), keys["learnt"], keys["watched"]


def _vae(places: Places) -> Any:
    return loading.load_vae(places.base, torch.device("cpu"))


def _preview(study: Study, places: Places, cache: LatentCache, keys: Sequence[Key], words: Tensor) -> Draw:
    """Draws the layers of some watched pictures, one under the other."""
    report = study.base.report
    shown, scheduler = keys[: report.previews], loading.load_scheduler(places.base)

    def draw(module: Any, path: Path | None) -> None:
        conditions = torch.stack([cache.read(key).condition for key in shown])
        found = sampling.layers(module, scheduler, conditions, words, FRAMES, report.preview_steps)
        stacks = sampling.stacks(_vae(places), found, GROUPS, GROUPS)
        pictures = [GenericArt(places.art("watched"))[key.index].picture for key in shown]
        if path is not None:
            with replacing(path) as temporary:
                sampling.sheet(list(zip(stacks, pictures, strict=True))).save(temporary, "PNG")

    return draw


def _beside(settings: BaseSettings, places: Places) -> Tensor:
    """Write what a base has besides its networks; the prompt's embedding, [tokens, width]."""
    words = torch.randn(settings.prompt, generator=torch.Generator().manual_seed(0))
    keep_prompt(places.base / prompt.NAME, words)
    released = {"base_shift": 0.5, "max_shift": 0.9, "max_image_seq_len": 8192}
    scheduler = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, time_shift_type="linear", **released)
    scheduler.save_pretrained(places.base / "scheduler")
    with replacing(places.base / "model_index.json") as temporary:
        temporary.write_text('{"_class_name": "QwenImageLayeredPipeline"}\n', "utf-8")
    return words


def keep_prompt(path: Path, words: Tensor) -> None:
    """An embedding where `prompt.embedding` looks for it, so that no text encoder is needed."""
    tensors.write(path, {"prompt_embeds": words}, {"prompt": PROMPT, "encoder": None})
