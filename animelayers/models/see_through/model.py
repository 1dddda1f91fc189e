"""`see-through`, mode `parts`: the released networks, or those of somebody's training, from a picture to a guess.

The figure is looked at first; one of its frames says where the head is, which is then looked at by itself, as large as
the figure was. What both give is handed on at that size: nothing is scaled down to be pasted. Depth comes last, from
the layers of both. The networks of layers and of depth are in memory together only if there is room for both.
"""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from animelayers.anatomy.guess import PartsGuess
from animelayers.errors import AnimeLayersWarning, ModelError
from animelayers.models import memory
from animelayers.models.base import ModelOptions, OnStep
from animelayers.models.diffusion import speed
from animelayers.models.fitting import window
from animelayers.models.see_through import conditioning, loading
from animelayers.models.see_through.conditioning import DEPTH_FRAMES, EMPTY, HEAD_TAG, PASSES, Pass
from animelayers.models.see_through.denoise import Draw, Noise, Plan, denoised
from animelayers.models.see_through.depth import depth_of
from animelayers.models.see_through.framing import Frame, carried, carried_map, head_box
from animelayers.models.see_through.guess import Layers, guessed
from animelayers.models.see_through.older import HAIR, taken_apart
from animelayers.models.see_through.pictures import decoded, page_latent, part_target
from animelayers.models.see_through.schedule import DEPTH_STEPS, STEPS, depth_scheduler
from animelayers.models.see_through.transparency import SIDE as MULTIPLE
from animelayers.models.see_through.unet import LATENT
from animelayers.parts import PAPER_MERGED
from animelayers.picture import Picture
from animelayers.stack import Rgba

SIDE, DEPTH_SIDE = 1280, 768
"""Px of the square that the networks of layers and of depth see, unless told otherwise."""
ODE_STEPS = 14
"""Of sampling without noise, unless told otherwise."""
TILE = 512
"""Px of the squares that are decoded at a time where memory is short."""
DECODED, ROOMY = 4, 32 * memory.GB
"""Frames that are decoded at a time on cards of at least so many bytes: each takes 3 GB at 1280 px. On one kind of card
it is always the same number, since rounding depends on it."""
WAYS = ("ode", "drop-absent", "reuse", "compile")
"""To be faster; all but the last change the result. Attention is PyTorch's own, which chooses the kernel."""

Floats = npt.NDArray[np.float32]


class SeeThrough:
    """The networks behind the protocol `PartsModel`; a seed gives the same layers on the same kind of device.

    Raises:
        ModelError: the options are not those of this model.
    """

    def __init__(self, options: ModelOptions) -> None:
        named = [name.strip() or None for name in (options.weights or "").split(",")]
        if len(named) > 2:
            raise ModelError(f"--weights {options.weights}: two were wanted", hint="of parts, then of depth: A,B")
        self.options = options
        self.parts, self.depth = (*named, None)[:2]
        self.side = options.size or SIDE
        if self.side % MULTIPLE:
            below = max(MULTIPLE, self.side // MULTIPLE * MULTIPLE)
            raise ModelError(f"size {self.side} is no multiple of {MULTIPLE}", hint=f"--size {below}")
        if unknown := set(options.speed) - set(WAYS):
            raise ModelError(f"see-through has no way to be faster called {min(unknown)}", hint=f"--speed {WAYS[0]}")
        ode = "ode" in options.speed
        self.plan = Plan(
            steps=options.steps or (ODE_STEPS if ode else STEPS),
            ode=ode,
            drop="drop-absent" in options.speed,
            reuse="reuse" in options.speed,
        )

    @property
    def about(self) -> Mapping[str, Any]:
        told: dict[str, Any] = {
            "parts": self.parts or loading.V3,
            "depth": self.depth or loading.DEPTH,
            "size": self.side,
            "steps": self.plan.steps,
        }
        quicker = [way for way in WAYS[:-1] if way in self.options.speed]
        return {**told, "speed": ",".join(quicker)} if quicker else told

    def predict(self, picture: Picture, *, seed: int = 0, on_step: OnStep | None = None) -> PartsGuess:
        """What the networks say of what is visible, at their own size."""
        box = window(picture.rgba)
        if not any(box):
            return PartsGuess((), person=0.0)
        loaded, draw = self._loaded, Noise(seed)
        told = _Steps(on_step, len(loaded.passes) * self.plan.steps + DEPTH_STEPS)
        figure = Frame.around(box, self.side)
        made = [loaded.layers(figure, picture.rgba, loaded.passes[0], draw, told.next)]
        head = self._head(made[0], picture.rgba) if len(loaded.passes) > 1 else None
        if head is not None:
            made.append(loaded.layers(head, picture.rgba, loaded.passes[1], draw, told.next))
        whole = Frame(figure.box, min(DEPTH_SIDE, self.side))
        near = loaded.near(whole, picture.rgba, made, draw, told.next)
        told.end()
        if len(loaded.passes) == 1:
            older, near = _of_today(made[0], near, whole)
            made = [older]
        return guessed(made, near, whole)

    def _head(self, figure: Layers, rgba: Rgba) -> Frame | None:
        """Where the head is, if the figure has one."""
        if HEAD_TAG not in figure.rgba:
            return None
        box = head_box(figure.rgba[HEAD_TAG][..., 3], figure.frame, rgba.shape[:2])
        return None if box is None else Frame.around(box, self.side)

    @cached_property
    def _loaded(self) -> _Loaded:
        return _Loaded(self)


class _Loaded:
    """The weights: at most what there is room for."""

    def __init__(self, model: SeeThrough) -> None:
        self.model, self.plan, self.options = model, model.plan, model.options
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        if self.device.type == "cpu":
            warnings.warn("on a CPU a picture takes hours", AnimeLayersWarning, stacklevel=2)
        offline = self.options.offline
        self.parts = _with_encoders(lambda also: loading.parts_folder(model.parts, encoders=also, offline=offline))
        self.depth = _with_encoders(
            lambda also: loading.depth_folder(model.depth, encoders=also, offline=offline), [EMPTY]
        )
        self.passes = PASSES[loading.version_of(self.parts)]
        frames = max(len(each.tags) for each in self.passes)
        small = min(DEPTH_SIDE, model.side)
        mine = loading.estimates(self.parts, self.device, frames, model.side)
        other = loading.estimates(self.depth, self.device, len(DEPTH_FRAMES), small, "depth")
        free = memory.free_memory(str(self.device))
        self.rung = memory.chosen(self.options.memory, mine, free)
        self.depth_rung = memory.chosen(self.options.memory, other, free)
        counted = {each.rung: each.total for each in mine}[self.rung]
        beside = {each.rung: each.weights + each.vae for each in other}[self.depth_rung]
        self.together = (counted + beside) * memory.MARGIN <= free
        self._here: dict[str, Any] = {}

    def layers(self, frame: Frame, rgba: Rgba, which: Pass, draw: Draw, on_step: OnStep) -> Layers:
        """One pass over what is in a frame of the picture."""
        unet, vae, transparency = self._held("parts", self._load_parts)
        page = frame.page(rgba)
        grid = 4, frame.side // LATENT, frame.side // LATENT
        condition = page_latent(vae, page, draw(*grid))
        words = conditioning.words(
            self.parts, _all_tags(self.passes), conditioning.cache_file(self.parts), self.device
        ).rows([_all_tags(self.passes).index(tag) for tag in which.tags])
        empty = None
        if self.plan.drop:
            empty = part_target(vae, torch.zeros(1, 4, frame.side, frame.side, device=self.device))[0]
        found = denoised(unet, condition, words, which, draw, self.plan, empty=empty, on_step=on_step)
        if not found.latents.isfinite().all():
            raise ModelError("the networks gave no numbers", hint="--memory bf16, or fetch the weights again")
        short = self.rung in ("nf4", "offload")
        made = decoded(
            vae,
            transparency,
            found.latents,
            page[..., 3],
            batch=DECODED if not short and self._roomy else 1,
            tile=TILE if short and frame.side > TILE else None,
        )
        return Layers(frame, page, {which.tags[row]: made[at] for at, row in enumerate(found.rows)})

    @property
    def _roomy(self) -> bool:
        return self.device.type == "cuda" and torch.cuda.get_device_properties(self.device).total_memory >= ROOMY

    def near(self, frame: Frame, rgba: Rgba, made: list[Layers], draw: Draw, on_step: OnStep) -> dict[str, Floats]:
        """How near all parts are, 0..1, larger is nearer, on the page of `frame`."""
        parts = {
            tag: carried(layer, each.frame, frame)
            for each in made
            for tag, layer in each.rgba.items()
            if tag != HEAD_TAG
        }
        unet, vae = self._held("depth", self._load_depth)
        noise = draw(len(DEPTH_FRAMES), 4, frame.side // LATENT, frame.side // LATENT)
        found = depth_of(
            unet,
            vae,
            depth_scheduler(self.depth),
            conditioning.empty_words(self.depth, conditioning.cache_file(self.depth), self.device),
            parts,
            frame.page(rgba),
            noise,
            drop_absent=self.plan.drop,
            on_step=on_step,
        )
        return {tag: 1 - far for tag, far in found.items()}

    def _held(self, name: str, load: Callable[[], Any]) -> Any:
        """Some networks, which the others make room for if they have to."""
        if name not in self._here:
            if not self.together and self._here:
                self._here.clear()
                gc.collect()
                if self.device.type == "cuda":
                    torch.cuda.empty_cache()
            self._here[name] = load()
        return self._here[name]

    def _load_parts(self) -> tuple[Any, Any, Any]:
        unet = self._quick(loading.load_unet(self.parts, self.rung, self.device))
        vae = loading.load_vae(self.parts, self.device)
        return unet, vae, loading.load_transparency(self.parts, self.device)

    def _load_depth(self) -> tuple[Any, Any]:
        unet = self._quick(loading.load_unet(self.depth, self.depth_rung, self.device, "depth"))
        return unet, loading.load_vae(self.depth, self.device)

    def _quick(self, unet: Any) -> Any:
        if "compile" in self.options.speed:
            speed.compile_blocks(unet)
        return unet


class _Steps:
    """Steps of several stages, told as those of one work, whether or not all stages come."""

    def __init__(self, on_step: OnStep | None, whole: int) -> None:
        self.on_step, self.done, self.whole = on_step, 0, whole

    def next(self, _done: int, _stage: int) -> None:
        self.done += 1
        if self.on_step is not None:
            self.on_step(self.done, self.whole)

    def end(self) -> None:
        if self.on_step is not None and self.done < self.whole:
            self.on_step(self.whole, self.whole)


def _with_encoders(located: Callable[[bool], Path], tags: list[str] | None = None) -> Path:
    """A checkpoint's folder; its text encoders are fetched with it only if its words are not kept."""
    folder = located(False)
    wanted = _all_tags(PASSES[loading.version_of(folder)]) if tags is None else tags
    said = conditioning.kept(folder, wanted, conditioning.cache_file(folder))
    return folder if said is not None else located(True)


def _all_tags(passes: tuple[Pass, ...]) -> list[str]:
    return [tag for each in passes for tag in each.tags]


def _of_today(made: Layers, near: Mapping[str, Floats], about: Frame) -> tuple[Layers, dict[str, Floats]]:
    """What networks of the paper's classes made, in the parts of today."""
    here = {tag: carried_map(near[tag], about, made.frame) for tag in (HAIR, "face") if tag in near}
    apart = {part: values for tag, values in near.items() for part in PAPER_MERGED.get(tag, (tag,))}
    return Layers(made.frame, made.page, taken_apart(made.rgba, here)), apart
