"""The autoencoder: SDXL's class in small, taught on all that networks of parts and of depth see."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from base import write
from diffusers import AutoencoderKL
from diffusers.models.attention_processor import Attention
from diffusers.models.downsampling import Downsample2D
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.upsampling import Upsample2D
from plan import Places, Study, VaeSettings
from safetensors.torch import load_file
from studies import report
from studies.art import square
from studies.autoencoder import DOUBLED, HALVED, OTHERS, SPREAD, divergence, edges, he, let_through, sampled
from studies.session import Session
from torch import Tensor, nn

from animelayers.artist.dice import Dice
from animelayers.evaluation.catalogue import PSNR_CEILING
from animelayers.evaluation.similarity import psnr
from animelayers.handoff.files import replacing_folder
from animelayers.models import tensors
from animelayers.models.see_through import pictures
from animelayers.models.see_through.colour_pad import padded
from animelayers.models.see_through.conditioning import PAGE
from animelayers.stack import Rgba
from animelayers.training import devices, engine
from animelayers.training.depth.latents import Key, Lesson
from animelayers.training.engine import Order
from animelayers.training.parts.latents import GROUPS
from animelayers.training.parts_art import PartsArt, View, open_parts
from animelayers.training.sampler import Plan

WEIGHTS = "vae.safetensors"
RGB, CHANNELS = 3, 4
"""Of a picture, and of a latent pixel."""
CALM, DETAIL = 8.0, 2 * RGB + 2
"""Of the first weights: deviation of the channels that let pictures through; the channel of the fourth latent."""
KINDS = ("page", "part", "part", "depth")
"""What squares are cut out of, parts twice as often as others."""
COUNTED = 512
"""Squares over which mean and deviation of latents are taken."""
FEW = 4
"""Every so-manieth part is looked at as the network of depth sees it."""

Sheet = tuple[str, Rgba]
"""A kind, and a picture as the autoencoder sees it, with alpha where it says something."""


def train(study: Study, places: Places, session: Session) -> bool:
    """Teach it, or go on; whether it lies in the base's folder, and what else belongs there."""
    if (places.base / "vae" / "config.json").exists():
        return True
    settings = study.vae
    torch.manual_seed(0)  # of the first weights
    places.vae.mkdir(parents=True, exist_ok=True)
    squares = _squares(settings, places, session)
    watched = list(_all(places.art("watched"), settings.side))
    order = Order(places.vae, settings.steps, settings.optimiser, settings.report, session=session.minutes)
    task = VaeTask(made(settings), settings, squares, watched)
    accelerator = devices.accelerator("cpu", study.precision)
    if not engine.run(task, order, accelerator, lambda line: session.say(f"vae: {line}")):
        return False
    vae = made(settings)
    vae.load_state_dict(load_file(places.vae / WEIGHTS))
    whiten(vae.eval(), squares[:: max(1, len(squares) // COUNTED)])
    report.keep(places.measured, "vae", round_trip(vae, _all(places.art("held-out"), settings.side)))
    write(study, places)
    with replacing_folder(places.base / "vae") as folder:
        vae.save_pretrained(folder)
    return True


def made(settings: VaeSettings) -> Any:
    """The autoencoder before it learns."""
    levels = len(settings.widths)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=settings.widths,
        layers_per_block=1,
        norm_num_groups=settings.groups,
        latent_channels=CHANNELS,
        sample_size=settings.side,
        scaling_factor=1.0,
    )
    _begin(vae)
    return vae


def _begin(vae: Any) -> None:
    """First weights with which the autoencoder already shows the right colours, blurred.

    Red, green and blue are let through, averaged by every halving and interpolated by every doubling; the last halving
    also takes how light changes from left to right into the fourth latent; residual branches add nothing yet. GroupNorm
    takes away a group's mean and divides by its deviation: so their negatives lie beside them, and a large constant and
    its negative, which make the mean 0 and the deviation known. SiLU, u / 2 near 0, is undone behind it, too.
    """
    he(vae)
    for layer in vae.modules():
        if isinstance(layer, ResnetBlock2D):
            nn.init.zeros_(layer.conv2.weight)
            if layer.conv_shortcut is not None:
                let_through(layer.conv_shortcut.weight, torch.ones(1, 1), scale=0)
        elif isinstance(layer, Attention):
            nn.init.zeros_(layer.to_out[0].weight)
            nn.init.zeros_(layer.to_out[0].bias)
        elif isinstance(layer, Downsample2D | Upsample2D):
            let_through(layer.conv.weight, HALVED if isinstance(layer, Downsample2D) else DOUBLED)
    with torch.no_grad():
        for net in (vae.encoder, vae.decoder):
            through, norm, into = torch.eye(RGB), net.conv_norm_out, net.conv_in
            channels = norm.num_channels // norm.num_groups
            into.weight *= OTHERS
            into.weight[: DETAIL + 1] = 0
            into.weight[: 2 * RGB, :RGB, 1, 1] = torch.cat([through, -through])
            into.bias[2 * RGB : DETAIL] = torch.tensor([CALM, -CALM]) * math.sqrt(channels / 2)
            let_through(net.conv_out.weight, torch.full((1, 1), 2 * CALM), RGB, scale=0)
        *_, last = (layer for layer in vae.encoder.modules() if isinstance(layer, Downsample2D))
        last.conv.weight[DETAIL] = 0
        last.conv.weight[DETAIL, :RGB, :2, :2] = torch.tensor([[1.0, -1.0], [1.0, -1.0]]) / (4 * RGB)
        vae.encoder.conv_out.weight[RGB] = 0
        vae.encoder.conv_out.weight[RGB, DETAIL, 1, 1] = 2 * CALM
    for layer in (vae.quant_conv, vae.post_quant_conv):
        let_through(layer.weight, torch.ones(1, 1), scale=0)
    nn.init.zeros_(vae.quant_conv.weight[CHANNELS:])
    nn.init.constant_(vae.quant_conv.bias[CHANNELS:], SPREAD)


class VaeTask:
    """Teaches it: squares, uint8 [n, 3, side, side]."""

    def __init__(self, module: Any, settings: VaeSettings, squares: Tensor, watched: Sequence[Sheet]) -> None:
        self.module, self.settings, self.squares, self.watched = module, settings, squares, watched
        size = (settings.crop, settings.crop)
        self.plan = Plan((size,) * len(squares), settings.optimiser.batch, flip=0.5)

    def groups(self) -> list[dict[str, Any]]:
        return [{"params": list(self.module.parameters())}]

    def batch(self, draw: int, rank: int, world: int) -> Tensor:
        drawn = self.plan.batch(draw, rank, world)
        pairs = zip(drawn.entries, drawn.mirrored, strict=True)
        return torch.stack([self.squares[at].flip(-1) if mirrored else self.squares[at] for at, mirrored in pairs])

    def learn(self, module: nn.Module, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        vae: Any = module
        true = seen(batch)
        mean, spread = vae.quant_conv(vae.encoder(true)).float().chunk(2, dim=1)
        spread = spread.clamp(-30, 20)
        said = vae.decoder(vae.post_quant_conv(sampled(mean, spread, generator))).float()
        found = {"colour": (said - true).abs().mean(), "edges": edges(said, true), "kl": divergence(mean, spread)}
        return found["colour"] + found["edges"] + self.settings.kl * found["kl"], found

    def held_out(self, module: nn.Module) -> dict[str, float]:
        return round_trip(module, self.watched)

    def preview(self, module: nn.Module, path: Path | None) -> None:
        del module, path

    def result(self, folder: Path, weights: Mapping[str, Tensor], step: int) -> None:
        tensors.write(folder / WEIGHTS, weights, {"steps": step})


def sheets(one: PartsArt, side: int) -> Iterator[Sheet]:
    """All that networks see of an artwork, or say of it: pages, parts on grey, parts as depth sees them, depth."""
    for frame, group in zip((one.whole_page(side), one.head_page(side)), GROUPS, strict=True):
        if frame is not None:
            view = View(one, frame)
            yield "page", _opaque(pictures.page_seen(view.page), np.ones((side, side), bool))
            for rgba in view.frames(group.tags):
                if rgba.any():
                    yield "part", _opaque(pictures.part_seen(pictures.argb(rgba)[None])[0], rgba[..., 3] > 0)
    lesson = Lesson.of(one, Key(0, one.digest), side)
    for tag in (PAGE, *list(lesson.near)[::FEW]):
        there = lesson.near[tag] > 0
        for colour in (padded(lesson.shown[tag]), lesson.far(tag)[..., None].repeat(3, axis=2)):
            yield "depth", _opaque(torch.from_numpy(colour).permute(2, 0, 1) * 2 - 1, there)


def seen(squares: Tensor) -> Tensor:
    """uint8 → float32, −1..1."""
    return squares.float() / 127.5 - 1


def round_trip(vae: Any, shown: Iterable[Sheet]) -> dict[str, float]:
    """PSNR of what is encoded and decoded, dB, where it says something: means over the sheets of every kind."""
    found: dict[str, list[float]] = {}
    for kind, rgba in shown:
        true = seen(torch.from_numpy(rgba[..., :3].copy()).permute(2, 0, 1))[None]
        with torch.no_grad():
            said = vae.decode(vae.encode(true).latent_dist.mode()).sample
        given, wanted = (((each[0] + 1) / 2).clamp(0, 1).permute(1, 2, 0).numpy() for each in (said, true))
        found.setdefault(kind, []).append(min(psnr(given, wanted, mask=rgba[..., 3] > 0), PSNR_CEILING))
    return {kind: sum(values) / len(values) for kind, values in sorted(found.items())}


@torch.no_grad()
def whiten(vae: Any, squares: Tensor) -> None:
    """Move what its latents are apart from mean 0 and deviation 1 into the convolutions around them.

    What it encodes and decodes stays the same; the scale of its configuration is 1.
    """
    found = torch.cat([vae.encode(seen(some)).latent_dist.mode() for some in squares.split(16)])
    values = found.movedim(1, 0).flatten(1)
    mean, std = values.mean(1), values.std(1)
    inward, outward = vae.quant_conv, vae.post_quant_conv
    inward.weight[:CHANNELS] /= std.view(-1, 1, 1, 1)
    inward.bias[:CHANNELS] = (inward.bias[:CHANNELS] - mean) / std
    inward.bias[CHANNELS:] -= 2 * std.log()
    outward.bias += outward.weight[..., 0, 0] @ mean
    outward.weight *= std.view(1, -1, 1, 1)


def _squares(settings: VaeSettings, places: Places, session: Session) -> Tensor:
    """Of all that is learnt, uint8 [n, 3, crop, crop]; cut out once."""
    path = places.vae / "squares.safetensors"
    if not path.exists():
        found = []
        art = open_parts(places.art("learnt"))
        for index in range(len(art)):
            kinds: dict[str, list[Rgba]] = {}
            for kind, rgba in sheets(art[index], settings.side):
                kinds.setdefault(kind, []).append(rgba)
            for number in range(settings.squares):
                dice = Dice("squares", index, number)
                found.append(square(dice.of("sheet").pick(kinds[KINDS[number % len(KINDS)]]), settings.crop, dice))
            if (index + 1) % 100 == 0:
                session.say(f"vae: squares of {index + 1} of {len(art)} pictures")
        whole = torch.from_numpy(np.stack(found)[..., :3]).permute(0, 3, 1, 2)
        tensors.write(path, {"squares": whole}, {"crop": settings.crop})
    return load_file(path)["squares"]


def _all(folder: Path, side: int) -> Iterator[Sheet]:
    art = open_parts(folder)
    for index in range(len(art)):
        yield from sheets(art[index], side)


def _opaque(picture: Tensor, shown: np.ndarray[Any, np.dtype[np.bool_]]) -> Rgba:
    """[3, h, w], −1..1, and where it says something, as a sheet."""
    levels = ((picture + 1) * 127.5 + 0.5).floor().clamp(0, 255).permute(1, 2, 0).numpy()
    return np.dstack([levels, 255 * shown]).astype(np.uint8)
