"""The transparency decoder as the engine's task: what the frozen VAE makes of a part, and what was there."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from animelayers.models.see_through import pictures
from animelayers.models.see_through.transparency import TransparentVAE
from animelayers.models.see_through.unet import LATENT
from animelayers.training.folders import write_module
from animelayers.training.parts.latents import Key
from animelayers.training.transparency import losses
from animelayers.training.transparency.config import Config
from animelayers.training.transparency.cuts import Crop, Cuts, draws, middle, wanted
from animelayers.training.transparency.losses import Critic, Said, Vgg

GREY = 0.5
"""The ground on which held-out parts are compared, as what a VAE sees of them fades to it."""
TINY = 1e-7
"""So that nothing, where nothing should be, is right."""
FOLDER = "trans_vae"
"""Of the result, as a checkpoint of parts has it."""
_OWN = "transparency."

Decode = Callable[[Tensor], Tensor]
"""What is wanted of parts → what comes out, both A, R, G, B, 0..1, [n, 4, h, w]."""


class Learner(nn.Module):
    """The networks that are taught, and the way through them.

    Args:
        transparency: decoder and encoder; what of them requires a gradient is taught.
        critic: None without.
        vae: an `AutoencoderKL`, which stays as it is and is no part of this module.
        strength: of the gradient that comes back from the critic.
    """

    def __init__(self, transparency: TransparentVAE, critic: Critic | None, vae: Any, strength: float) -> None:
        super().__init__()
        self.transparency, self.critic, self.strength = transparency, critic, strength
        # Held by a function, so that no checkpoint, optimiser or other device counts it among what is taught.
        self.decode = lambda latent: vae.decode(latent.to(vae.dtype), return_dict=False)[0].float() / 2 + 0.5

    def forward(self, mean: Tensor, std: Tensor, noise: Tensor, hint: Tensor, truth: Tensor) -> Said:
        """What the decoder says of latents.

        Args:
            mean: of their posterior, [n, 4, h/8, w/8]
            std: likewise.
            noise: by which they are drawn from it.
            hint: where the encoder's offset takes the place of noise, [n, 1, 1, 1]
            truth: what the critic takes for real and the encoder hides, [n, 4, h, w]
        """
        taught = any(weight.requires_grad for weight in self.transparency.encoder.parameters())
        if taught or hint.any():  # one that is taught is always asked: other devices wait for its gradient
            noise = torch.where(hint, self.transparency.offset(cleared(truth)).float(), noise)
        latent = mean + std * noise
        pixel = self.decode(latent)
        argb = self.transparency(pixel, latent).float()
        real = fake = None
        if self.critic is not None and self.training:
            scores = self.critic(torch.cat([truth, losses.turned(argb, self.strength)]))
            real, fake = scores.float().chunk(2)
        return Said(argb, pixel if taught else None, real, fake)


class TransparencyTask:
    """Teaches the networks in `module`.

    Args:
        module: on its device.
        config: how to learn.
        cuts: all there.
        learnt: the pages that are learnt.
        held_out: those that are measured.
        vae: an `AutoencoderKL`, on the same device.
        vgg: for the perceptual term; None without.
        preview: draws a preview of what comes out.
    """

    def __init__(
        self,
        module: Learner,
        config: Config,
        cuts: Cuts,
        learnt: Sequence[Key],
        held_out: Sequence[Key],
        vae: Any,
        vgg: Vgg | None,
        preview: Callable[[Decode, Path], None],
    ) -> None:
        self.module, self.config, self.cuts, self.vae, self.vgg = module, config, cuts, vae, vgg
        self.held, self._preview = held_out, preview
        self.draws = draws(cuts, learnt, config)
        self._pool = ThreadPoolExecutor(config.optimiser.batch)
        self._ahead: dict[tuple[int, int, int], list[Future[Tensor]]] = {}
        own = module.transparency
        told = {name: value for name, value in own.config.items() if not name.startswith("_")}
        self.about = {"_class_name": type(own).__name__, **told}
        # Taken now: what divides a module among devices does not give back what is not trained.
        self.frozen = {
            f"{_OWN}{name}": weight.cpu() for name, weight in own.named_parameters() if not weight.requires_grad
        }

    def groups(self) -> list[dict[str, Any]]:
        own = [weight for weight in self.module.transparency.parameters() if weight.requires_grad]
        if self.module.critic is None:
            return [{"params": own}]
        return [{"params": own}, {"params": list(self.module.critic.parameters()), "lr": self.config.critic.lr}]

    def batch(self, draw: int, rank: int, world: int) -> Tensor:
        """What is wanted of each crop, [n, 4, h, w]; the next batch is cut out while this one is learnt."""
        found = self._ahead.get((draw, rank, world)) or self._begun(draw, rank, world)
        self._ahead = {(draw + 1, rank, world): self._begun(draw + 1, rank, world)}
        return torch.stack([each.result() for each in found]).to(self.vae.device)

    def learn(self, module: nn.Module, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        count, _, height, width = batch.shape
        noise = torch.randn(count, 4, height // LATENT, width // LATENT, generator=generator)
        hint = torch.rand(count, 1, 1, 1, generator=generator) < self.config.data.offset
        ground = torch.rand(count, 3, 1, 1, generator=generator).to(batch)
        hint = hint.to(batch.device)
        said = self._said(module, batch, noise.to(batch), hint)
        settings, seen = self.config.losses, pictures.part_seen(cleared(batch)) / 2 + 0.5
        found = losses.terms(said, batch, seen, hint, ground, settings, self.vgg)
        return losses.total(found, settings), found

    def held_out(self, module: nn.Module) -> dict[str, float]:
        """Means over held-out parts, each around its middle, of what `figures` says; `psnr` is of the mean square."""
        found: dict[str, list[float]] = {}
        for piece in (piece for key in self.held for piece in self.cuts.pieces(key)):
            crop = middle(piece, self.config.data.side, self.config.data.crop)
            truth = wanted(crop.rgba).to(self.vae.device)[None]
            for name, value in figures(self.decoded(module, truth), truth).items():
                found.setdefault(name, []).append(value)
        means = {name: sum(values) / len(values) for name, values in sorted(found.items())}
        return means and {**means, "psnr": -10 * math.log10(max(means["grey"], 1e-10))}

    def preview(self, module: nn.Module, path: Path | None) -> None:
        if self.held and path is not None:
            self._preview(lambda truth: self.decoded(module, truth.to(self.vae.device)), path)

    def decoded(self, module: nn.Module, truth: Tensor) -> Tensor:
        """What comes out of parts, as in use: no critic, no offset, and the mean of the posterior."""
        count, _, height, width = truth.shape
        noise = truth.new_zeros(count, 4, height // LATENT, width // LATENT)
        hint = torch.zeros(count, 1, 1, 1, dtype=torch.bool, device=truth.device)
        return self._said(module, truth, noise, hint).argb.clamp(0, 1)

    def result(self, folder: Path, weights: Mapping[str, Tensor], step: int) -> None:  # noqa: ARG002  # of the protocol
        """`trans_vae/` as diffusers lays it out."""
        everything = {**self.frozen, **weights}.items()
        whole = {name.removeprefix(_OWN): tensor for name, tensor in everything if name.startswith(_OWN)}
        write_module(folder / FOLDER, self.about, whole, torch.float32)

    def _said(self, module: nn.Module, truth: Tensor, noise: Tensor, hint: Tensor) -> Said:
        mean, std = pictures.posterior(self.vae, pictures.part_seen(cleared(truth)))
        said: Said = module(mean, std, noise, hint, truth)
        return said

    def _begun(self, draw: int, rank: int, world: int) -> list[Future[Tensor]]:
        """Reading files and carrying colours on takes as long as a step does, so crops are made beside each other."""
        return [self._pool.submit(_made, cut) for cut in self.draws(draw, rank, world)]


def _made(cut: Callable[[], Crop]) -> Tensor:
    return wanted(cut().rgba)


def cleared(truth: Tensor) -> Tensor:
    """Parts as networks see them: the same, [n, 4, h, w], but black under alpha 0."""
    return torch.cat([truth[:, :1], truth[:, 1:] * (truth[:, :1] > 0)], dim=1)


def figures(said: Tensor, truth: Tensor) -> dict[str, float]:
    """How well a part came out, of [1, 4, h, w], 0..1.

    * alpha: mean square error;
    * iou: Σ min / Σ max of alpha;
    * colour: mean absolute error where alpha should be 0.5 or more, if it is anywhere;
    * grey: mean square error of what is seen on grey.
    """
    own, alpha = said[:, :1], truth[:, :1]
    found = {
        "alpha": (own - alpha).square().mean(),
        "iou": (torch.minimum(own, alpha).sum() + TINY) / (torch.maximum(own, alpha).sum() + TINY),
        "grey": (losses.over(said, GREY) - losses.over(truth, GREY)).square().mean(),
    }
    solid = (alpha >= 0.5).expand(-1, 3, -1, -1)
    if solid.any():
        found["colour"] = (said[:, 1:] - truth[:, 1:]).abs()[solid].mean()
    return {name: float(value) for name, value in found.items()}
