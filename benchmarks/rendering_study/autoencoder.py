"""The RGBA autoencoder: the released class in small, taught on layers, groups of parts and whole pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from art import sheets
from diffusers import AutoencoderKLQwenImage
from diffusers.models.autoencoders.autoencoder_kl_qwenimage import (
    QwenImageAttentionBlock,
    QwenImageCausalConv3d,
    QwenImageResample,
    QwenImageResidualBlock,
)
from plan import Places, Study, VaeSettings
from safetensors.torch import load_file
from studies.art import square
from studies.autoencoder import DOUBLED, HALVED, OTHERS, SPREAD, divergence, edges, he, let_through, sampled
from studies.session import Session
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
CONSTANT = 10.0
"""Level of a channel that says nothing, at first."""
DIFFERENCES = tuple(torch.tensor(signs) / 4 for signs in ([[1, -1], [1, -1]], [[1, 1], [-1, -1]], [[1, -1], [-1, 1]]))
"""What is known of 2 × 2 pixels besides their mean: Haar's other three."""
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
    """First weights with which the autoencoder already shows the right colours, blurred.

    With He's, or PyTorch's own, hues are still confused after thousands of steps. So the first channels are let
    through: residual branches add nothing yet, every halving averages 2 × 2 pixels, the last one also takes their
    differences into the other latents, and every doubling interpolates. A large constant channel makes what the norms
    do to the others next to nothing, and SiLU, u / 2 near 0, is undone by a factor of 2. Others begin with He's.
    """
    he(vae)
    for layer in vae.modules():
        if isinstance(layer, QwenImageResidualBlock):
            nn.init.zeros_(layer.conv2.weight)
            if layer.in_dim != layer.out_dim:
                let_through(layer.conv_shortcut.weight, torch.ones(1, 1), scale=0)
        elif isinstance(layer, QwenImageAttentionBlock):
            nn.init.zeros_(layer.proj.weight)
        elif isinstance(layer, QwenImageResample):
            let_through(layer.resample[1].weight, HALVED if "down" in layer.mode else DOUBLED)
    shown, said = vae.config.input_channels, vae.config.z_dim
    halvings = [layer.resample[1].weight for layer in vae.encoder.modules() if isinstance(layer, QwenImageResample)]
    with torch.no_grad():
        for band, kernel in enumerate(DIFFERENCES, 1):
            for channel in range(min(shown, said - band * shown)):
                halvings[-1][band * shown + channel] = 0
                halvings[-1][band * shown + channel, channel, :2, :2] = kernel
    for net, inputs, outputs in ((vae.encoder, shown, said), (vae.decoder, said, shown)):
        let_through(net.conv_in.weight, torch.ones(1, 1), inputs, scale=OTHERS)
        width = net.conv_out.weight.shape[1]
        let_through(net.conv_out.weight, torch.full((1, 1), 2 * CONSTANT / math.sqrt(width)), outputs, scale=0)
        with torch.no_grad():  # in the encoder behind all differences, which are not there yet
            net.conv_in.weight[said] = 0
            net.conv_in.bias[said] = CONSTANT
    for layer in (vae.quant_conv, vae.post_quant_conv):
        let_through(layer.weight, torch.ones(1, 1), scale=0)
    nn.init.constant_(vae.quant_conv.bias[said:], SPREAD)
    nn.init.zeros_(vae.quant_conv.weight[said:])


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
            cut = levels(square(chosen, self.settings.crop, dice))
            found.append(cut.flip(-1) if mirrored else cut)
        return torch.stack(found)

    def learn(self, module: nn.Module, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        vae: Any = module
        mean, spread = vae.quant_conv(vae.encoder(batch[:, :, None])).float().chunk(2, dim=1)
        spread = spread.clamp(-30, 20)
        drawn = sampled(mean, spread, generator)
        said = vae.decoder(vae.post_quant_conv(drawn))[:, :, 0].float()
        found = errors(said, batch)
        found["kl"] = divergence(mean, spread)
        return found["colour"] + found["alpha"] + found["edges"] + self.settings.kl * found["kl"], found

    def held_out(self, module: nn.Module) -> dict[str, float]:
        return round_trip(module, self.watched)

    def preview(self, module: nn.Module, path: Path | None) -> None:
        del module, path

    def result(self, folder: Path, weights: Mapping[str, Tensor], step: int) -> None:
        tensors.write(folder / WEIGHTS, weights, {"steps": step})


def errors(said: Tensor, true: Tensor) -> dict[str, Tensor]:
    """Mean absolute errors of pictures [b, 4, h, w], −1..1: colour where it shows, alpha, and edges of what shows."""
    cover = (true[:, 3:] + 1) / 2
    weight = FAINT + (1 - FAINT) * cover
    shown, wanted = (((x[:, :3] + 1) / 2 * (x[:, 3:] + 1), x[:, 3:]) for x in (said, true))
    off = torch.stack([edges(a, b) for a, b in zip(shown, wanted, strict=True)]).mean()
    colour = (weight * (said[:, :3] - true[:, :3]).abs()).mean()
    return {"colour": colour, "alpha": (said[:, 3] - true[:, 3]).abs().mean(), "edges": off}


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
