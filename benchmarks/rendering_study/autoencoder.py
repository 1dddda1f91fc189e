"""The RGBA autoencoder: the released class in small, taught on layers, groups of parts and whole pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from art import sheets
from diffusers import AutoencoderKLQwenImage
from diffusers.models.autoencoders.autoencoder_kl_qwenimage import QwenImageCausalConv3d
from plan import Places, Session, Study, VaeSettings
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from animelayers.artist.dice import Dice
from animelayers.data.sets import FolderSet
from animelayers.evaluation.similarity import on_grounds, psnr, soft_iou
from animelayers.handoff.files import replacing_folder
from animelayers.models import tensors
from animelayers.models.qwen_layered import latents
from animelayers.models.qwen_layered.latents import levels
from animelayers.stack import Rgba
from animelayers.training import engine
from animelayers.training.engine import Order
from animelayers.training.sampler import Plan

WEIGHTS = "vae.safetensors"
FAINT = 0.05
"""What colour counts where alpha is 0: little, but it is to be the convention's."""
SPREAD = -6.0
"""Logarithm of the variance with which latents are drawn at first: at 1 nothing would be heard for noise."""
COUNTED = 200
"""Samples over which mean and deviation of latents are taken."""


def train(study: Study, places: Places, session: Session) -> bool:
    """Teach it, or go on; whether it lies in the base's folder."""
    if (places.base / "vae" / "config.json").exists():
        return True
    settings = study.vae
    torch.manual_seed(0)  # of the first weights
    places.vae.mkdir(parents=True, exist_ok=True)
    task = VaeTask(made(settings), settings, FolderSet(places.art("learnt")), FolderSet(places.art("watched")))
    order = Order(places.vae, settings.steps, settings.optimiser, settings.report, session=session.minutes)
    with still():
        accelerator = Accelerator(cpu=True, mixed_precision=study.precision)
        if not engine.run(task, order, accelerator, lambda line: session.say(f"vae: {line}")):
            return False
        session.say("vae: mean and deviation of its latents")
        _finish(settings, places)
    return True


def made(settings: VaeSettings) -> Any:
    """The autoencoder as it is before it learns. Of time it learns nothing, since all layers are single frames."""
    vae = AutoencoderKLQwenImage(
        base_dim=settings.base_dim,
        z_dim=settings.channels,
        dim_mult=[1, 2, 4, 4],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        input_channels=4,
        latents_mean=[0.0] * settings.channels,
        latents_std=[1.0] * settings.channels,
    )
    for name, weight in vae.named_parameters():
        weight.requires_grad_("time_conv" not in name)
    _begin(vae)
    return vae


def _begin(vae: Any) -> None:
    """First weights with which a single frame gets through: He's, for the one slice of a kernel that is at work.

    With PyTorch's own, which count all slices and add biases, colours are still not told apart after hundreds of steps.
    """
    for layer in vae.modules():
        if isinstance(layer, nn.Conv2d | nn.Conv3d):
            inputs = layer.weight.shape[1] * math.prod(layer.weight.shape[-2:])
            nn.init.normal_(layer.weight, std=math.sqrt(2 / inputs))
            nn.init.zeros_(layer.bias)
    spread = slice(vae.config.z_dim, None)
    nn.init.zeros_(vae.quant_conv.weight[spread])
    nn.init.constant_(vae.quant_conv.bias[spread], SPREAD)


@contextmanager
def still() -> Iterator[None]:
    """As long as it lasts, convolutions over a single frame are flat ones: the same numbers for a third of the work.

    A causal convolution sees zeros before the first frame, so only the last slice of its kernel counts.
    """
    before = QwenImageCausalConv3d.forward

    def forward(self: Any, x: Tensor, cache_x: Tensor | None = None) -> Tensor:
        if x.shape[2] != 1 or cache_x is not None:
            return before(self, x, cache_x)
        margins, kernel = (self._padding[2], self._padding[0]), self.weight[:, :, -1]
        return functional.conv2d(x[:, :, 0], kernel, self.bias, self.stride[1:], margins)[:, :, None]

    QwenImageCausalConv3d.forward = forward
    try:
        yield
    finally:
        QwenImageCausalConv3d.forward = before


class VaeTask:
    """Teaches it: squares out of sheets of all kinds, one of each sample that is drawn."""

    def __init__(self, module: Any, settings: VaeSettings, learnt: FolderSet, watched: FolderSet) -> None:
        self.module, self.settings, self.learnt, self.watched = module, settings, learnt, watched
        size = learnt[0].size
        self.plan = Plan((size,) * len(learnt), settings.optimiser.batch, flip=0.5)

    def groups(self) -> list[dict[str, Any]]:
        return [{"params": [weight for weight in self.module.parameters() if weight.requires_grad]}]

    def batch(self, draw: int, rank: int, world: int) -> Tensor:
        drawn = self.plan.batch(draw, rank, world)
        found = []
        for place, (entry, mirrored) in enumerate(zip(drawn.entries, drawn.mirrored, strict=True)):
            dice = Dice("squares", draw, place)
            chosen = dice.of("sheet").pick(list(sheets(self.learnt[entry]).values()))
            square = levels(_square(chosen, self.settings.crop, dice))
            found.append(square.flip(-1) if mirrored else square)
        return torch.stack(found)

    def learn(self, module: nn.Module, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        vae: Any = module
        mean, spread = vae.quant_conv(vae.encoder(batch[:, :, None])).float().chunk(2, dim=1)
        spread = spread.clamp(-30, 20)
        drawn = mean + (0.5 * spread).exp() * torch.randn(mean.shape, generator=generator)
        said = vae.decoder(vae.post_quant_conv(drawn))[:, :, 0].float()
        found = errors(said, batch)
        found["kl"] = 0.5 * (mean.square() + spread.exp() - 1 - spread).mean()
        return found["colour"] + found["alpha"] + found["edges"] + self.settings.kl * found["kl"], found

    def held_out(self, module: nn.Module) -> dict[str, float]:
        return round_trip(module, self.watched)

    def preview(self, module: nn.Module, path: Path | None) -> None:
        del module, path

    def result(self, folder: Path, weights: Mapping[str, Tensor], step: int) -> None:
        tensors.write(folder / WEIGHTS, weights, {"steps": step})


def _square(sheet: Rgba, side: int, dice: Dice) -> Rgba:
    """A square around a pixel that shows, wherever there is one; as large as the sheet at most."""
    shown = np.argwhere(sheet[..., 3] > 0)
    size = np.array(sheet.shape[:2])
    middle = shown[dice.of("pixel").integer(0, len(shown) - 1)] if len(shown) else size // 2
    top, left = np.clip(middle - side // 2, 0, np.maximum(size - side, 0))
    return sheet[top : top + side, left : left + side]


def errors(said: Tensor, true: Tensor) -> dict[str, Tensor]:
    """Mean absolute errors of pictures [b, 4, h, w], −1..1: colour where it shows, alpha, and edges of what shows."""
    cover = (true[:, 3:] + 1) / 2
    weight = FAINT + (1 - FAINT) * cover
    shown, wanted = (((x[:, :3] + 1) / 2 * (x[:, 3:] + 1), x[:, 3:]) for x in (said, true))
    edges = torch.stack(
        [
            (a.diff(dim=way) - b.diff(dim=way)).abs().mean()
            for a, b in zip(shown, wanted, strict=True)
            for way in (-1, -2)
        ]
    ).mean()
    colour = (weight * (said[:, :3] - true[:, :3]).abs()).mean()
    return {"colour": colour, "alpha": (said[:, 3] - true[:, 3]).abs().mean(), "edges": edges}


def round_trip(vae: Any, samples: FolderSet) -> dict[str, float]:
    """What is left of sheets that are encoded and decoded, means over samples.

    PSNR in dB of pictures and of layers on white, black and grey, and of every kind of sheet on all three; soft IoU of
    the lines' alpha. Sheets on which there is nothing are left out.
    """
    found: dict[str, list[float]] = {}
    for sample in samples:
        for name, true in sheets(sample).items():
            if not true[..., 3].any():
                continue
            given = latents.pixels(latents.decode(vae, latents.encode(vae, levels(true)[None]))[0])
            for ground, value in _ratios(given, true):
                kind = "picture" if name == "picture" else "layers"
                found.setdefault(f"{kind} on {ground}", []).append(value)
            found.setdefault(f"{name}", []).append(sum(value for _, value in _ratios(given, true)) / 3)
            if name == "line":
                found.setdefault("line iou", []).append(soft_iou(given[..., 3], true[..., 3]) or 0.0)
    return {name: sum(values) / len(values) for name, values in sorted(found.items())}


def _ratios(given: Rgba, true: Rgba) -> Iterator[tuple[str, float]]:
    (white, black), (true_white, true_black) = on_grounds(given), on_grounds(true)
    yield "white", psnr(white, true_white)
    yield "black", psnr(black, true_black)
    yield "grey", psnr((white + black) / 2, (true_white + true_black) / 2)


def _finish(settings: VaeSettings, places: Places) -> None:
    """Put the statistics of its latents into its configuration, and all of it into the base's folder."""
    vae = made(settings)
    vae.load_state_dict(load_file(places.vae / WEIGHTS), strict=False)
    mean, std = statistics(vae.eval(), FolderSet(places.art("learnt")))
    vae.register_to_config(latents_mean=mean, latents_std=std)
    with replacing_folder(places.base / "vae") as folder:
        vae.save_pretrained(folder)


def statistics(vae: Any, samples: FolderSet) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of every channel of the latents, over all sheets of some samples."""
    shown = (sheets(samples[number]).values() for number in range(min(COUNTED, len(samples))))
    found = [latents.encode(vae, torch.stack([*map(levels, each)])) for each in shown]
    values = torch.cat(found).movedim(1, 0).flatten(1).double()
    return values.mean(1).tolist(), values.std(1).tolist()
