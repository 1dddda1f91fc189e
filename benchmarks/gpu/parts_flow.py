"""The ways from a picture to layers and depth that are measured, a row of the tables each, stage by stage.

All but the plain flow call what `animelayers.models.see_through.model` calls, in its order.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import parts_networks as networks
import parts_plain as plain
import torch
from torch import Tensor

from animelayers.color import premultiplied
from animelayers.models.base import ModelOptions, Rung
from animelayers.models.fitting import window
from animelayers.models.see_through import denoise
from animelayers.models.see_through.conditioning import DEPTH_FRAMES, HEAD_TAG, PASSES, Pass
from animelayers.models.see_through.denoise import Denoised, Noise, denoised
from animelayers.models.see_through.depth import depth_of
from animelayers.models.see_through.framing import Frame, Map, carried
from animelayers.models.see_through.guess import Layers
from animelayers.models.see_through.model import DECODED, DEPTH_SIDE, ODE_STEPS, TILE, SeeThrough
from animelayers.models.see_through.pictures import decoded, page_latent, part_target
from animelayers.models.see_through.schedule import STEPS, depth_scheduler
from animelayers.models.see_through.transparency import SIDE
from animelayers.models.see_through.unet import LATENT
from animelayers.stack import Rgba

ABSENT = frozenset({"neckwear", "tail", "wings", "objects", "headwear", "eyewear", "ears", "earwear"})
"""Taken for not there by rows that drop: 8 of 24, since to random networks every part is there."""
ALL = ("ode", "drop-absent", "reuse", "compile")
SHORT: tuple[Rung, ...] = ("nf4", "offload")
"""Rungs of small cards, on which the product decodes frame by frame and in tiles."""
HEAD_SHARE = 0.4
"""Of the figure's height, from above: where its head is said to be, since random networks see none."""


@dataclass(frozen=True, slots=True)
class Row:
    """One way of doing it."""

    name: str
    speed: tuple[str, ...] = ()
    rung: Rung = "bf16"
    tiles: bool = False
    copies: int = 0
    """Of the picture in the batch of the plain flow; 0: it is not that."""
    against: str = "exact"
    """The row that its results are compared with."""

    @property
    def one_by_one(self) -> bool:
        return self.tiles or self.rung in SHORT


ROWS = (
    Row("exact", against=""),
    Row("plain", copies=1),
    Row("floor", copies=2, against="plain"),
    Row("again"),
    Row("float32", rung="float32"),
    *(Row(way, (way,)) for way in ALL),
    Row("+".join(ALL), ALL),
    Row("tiles", tiles=True),
    Row("fp8", rung="fp8"),
    *(Row(rung, rung=rung) for rung in SHORT),
    Row(f"nf4+{'+'.join(ALL[:-1])}", ALL[:-1], rung="nf4"),
)
"""`floor` is the plain flow with the picture in the batch twice: how far rounding alone leads. `again` is `exact` once
more: whether a seed gives the same on this device."""


class Flow:
    """A row at one size, on one picture."""

    def __init__(self, row: Row, rgba: Rgba, side: int, steps: int | None = None) -> None:
        """
        Args:
            row: how.
            rgba: uint8 [h, w, 4]: the picture.
            side: px of the page.
            steps: of the default sampler; `ode` then has fewer in proportion. None: the product's own.
        """
        if steps and "ode" in row.speed:
            steps = max(1, round(steps * ODE_STEPS / STEPS))
        self.row, self.rgba, self.side = row, rgba, side
        self.plan = SeeThrough(ModelOptions(size=side, speed=row.speed, steps=steps)).plan
        top, left, bottom, right = window(rgba)
        edge = round(HEAD_SHARE * (bottom - top))
        middle = (left + right - edge) // 2
        self.frames = (
            Frame.around((top, left, bottom, right), side),
            Frame.around((top, middle, top + edge, middle + edge), side),
        )

    def latents(self, made: networks.Parts, which: int, steps: int | None = None) -> Denoised:
        """Pass 0, of the body, or 1, of the head; each with noise of its own, so that one can be repeated alone."""
        frames, plan = PASSES["v3"][which], replace(self.plan, steps=steps or self.plan.steps)
        draw, side = Noise(which), self.side
        condition = page_latent(made.vae, self.frames[which].page(self.rgba), draw(4, side // LATENT, side // LATENT))
        words = made.words.rows([networks.TAGS.index(tag) for tag in frames.tags])
        if self.row.copies:
            found = plain.sampled(made.unet, condition, words, frames, draw, plan.steps, copies=self.row.copies)
            return Denoised(found, tuple(range(len(frames.tags))))
        empty = None
        if plan.drop:
            empty = part_target(made.vae, torch.zeros(1, 4, side, side, device=condition.device))[0]
        with _absent(frames):
            return denoised(made.unet, condition, words, frames, draw, plan, empty=empty)

    def layers(self, made: networks.Parts, found: Sequence[Denoised]) -> list[Layers]:
        """What both passes made, decoded."""
        if self.row.copies:
            how: dict[str, Any] = {"batch": self.row.copies}
        elif self.row.one_by_one:
            how = {"batch": 1, "tile": TILE if self.side > TILE else 2 * SIDE if self.side > 2 * SIDE else None}
        else:
            how = {"batch": DECODED}
        out = []
        for frame, each, about in zip(self.frames, PASSES["v3"], found, strict=True):
            page = frame.page(self.rgba)
            rgba = decoded(made.vae, made.transparency, about.latents, page[..., 3], **how)
            out.append(Layers(frame, page, {each.tags[row]: rgba[at] for at, row in enumerate(about.rows)}))
        return out

    def kept(self, made: Sequence[Layers]) -> list[Layers]:
        """The same by way of files, if the flow is plain."""
        with tempfile.TemporaryDirectory() as folder:
            return [replace(each, rgba=plain.through_files(each.rgba, Path(folder))) for each in made]

    def depth(self, made: networks.Depth, layers: Sequence[Layers]) -> dict[str, Map]:
        """How far the parts are."""
        whole = Frame(self.frames[0].box, min(DEPTH_SIDE, self.side))
        parts = {
            tag: carried(rgba, each.frame, whole)
            for each in layers
            for tag, rgba in each.rgba.items()
            if tag != HEAD_TAG
        }
        noise = Noise(2)(len(DEPTH_FRAMES), 4, whole.side // LATENT, whole.side // LATENT)
        given = made.unet, made.vae, depth_scheduler(), made.words, parts, whole.page(self.rgba), noise
        if self.row.copies:
            return plain.depth_of(*given)
        return depth_of(*given, drop_absent=self.plan.drop)


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """What a row gave, by tag."""

    latents: Mapping[str, Tensor]
    """float32 [4, h, w], on the CPU."""
    layers: Mapping[str, Rgba]
    depth: Mapping[str, Map]


def results(found: Sequence[Denoised], layers: Sequence[Layers], depth: Mapping[str, Map]) -> Results:
    """All of it."""
    latents = {
        frames.tags[row]: each.latents[at].cpu()
        for frames, each in zip(PASSES["v3"], found, strict=True)
        for at, row in enumerate(each.rows)
    }
    return Results(latents, {tag: rgba for each in layers for tag, rgba in each.rgba.items()}, depth)


def deviation(found: Results, wanted: Results) -> dict[str, float | None]:
    """How far results are from others, over the parts that both have.

    Latents: ‖a − b‖ / ‖b‖, the largest and the mean difference. Layers, premultiplied: the same differences in levels,
    and PSNR, None where they are identical. Depth, 0..1: the mean difference.
    """
    tags = [tag for tag in wanted.latents if tag in found.latents]
    here, there = (torch.stack([each.latents[tag] for tag in tags]) for each in (found, wanted))
    off = [np.abs(premultiplied(found.layers[tag]) - premultiplied(wanted.layers[tag])) for tag in tags]
    square = float(np.mean([np.square(each).mean() for each in off]))
    far = [float(np.abs(found.depth[tag] - wanted.depth[tag]).mean()) for tag in wanted.depth if tag in found.depth]
    return {
        "latents_relative": float((here - there).norm() / there.norm()),
        "latents_max": float((here - there).abs().max()),
        "latents_mean": float((here - there).abs().mean()),
        "layers_max": float(max(each.max() for each in off)),
        "layers_mean": float(np.mean([each.mean() for each in off])),
        "layers_psnr": 10 * math.log10(255**2 / square) if square else None,
        "depth_mean": float(np.mean(far)) if far else None,
    }


@contextmanager
def _absent(frames: Pass) -> Iterator[None]:
    """As long as it lasts, the frames of `ABSENT` are those that a plan with `drop` takes for empty."""
    there = torch.tensor([tag not in ABSENT for tag in frames.tags])
    with patch.object(denoise, "shown", lambda clean, _: there.to(clean.device)):
        yield
