"""What is wrong with what a transparency decoder says, and the critic that learns to tell it from real parts.

One optimiser teaches both. The critic minimises the hinge loss, max(0, 1 − D(real)) + max(0, 1 + D(fake)), and on its
way into the decoder the gradient of that is reversed and scaled by λ (arXiv 1505.07818, §3.1). Where the hinge is
active, −1 < D(fake), the decoder gets exactly the gradient of −λ D(fake), the hinge loss of a generator (arXiv
1705.02894); where it is not, the critic is sure, and the decoder gets none until it errs again. So there is no second
optimiser, no turn taken, and nothing more to keep in a checkpoint.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from animelayers.evaluation.perceptual import DEVIATION, MEAN, read_vgg
from animelayers.training.transparency.config import LossSettings

Terms = dict[str, Tensor]
"""Name → scalar, not weighted."""


class Said(NamedTuple):
    """What came out."""

    argb: Tensor
    """[n, 4, h, w], not clipped."""
    pixel: Tensor | None
    """The VAE's picture, 0..1, [n, 3, h, w]; only where what it is made of is learnt, too."""
    real: Tensor | None
    """Scores of the critic, [n, 1, …]; none without one."""
    fake: Tensor | None


class Critic(nn.Sequential):
    """PatchGAN (arXiv 1611.07004, §3.2.2): A, R, G, B, 0..1, [n, 4, h, w] → scores of overlapping patches, [n, 1, …].

    With group instead of batch normalisation, so that a score depends on its own picture alone and no state is kept.
    """

    def __init__(self, width: int = 64, levels: int = 3) -> None:
        """
        Args:
            width: channels of the first level, a multiple of 4.
            levels: times that a picture is halved.
        """
        layers: list[nn.Module] = [nn.Conv2d(4, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        for level in range(1, levels + 1):
            before, after = (width * min(2**each, 8) for each in (level - 1, level))
            conv = nn.Conv2d(before, after, 4, stride=2 if level < levels else 1, padding=1)
            layers += [conv, nn.GroupNorm(4, after), nn.LeakyReLU(0.2)]
        super().__init__(*layers, nn.Conv2d(width * min(2**levels, 8), 1, 4, padding=1))

    def forward(self, argb: Tensor) -> Tensor:
        out: Tensor = super().forward(2 * argb - 1)
        return out


def turned(given: Tensor, strength: float) -> Tensor:
    """The same values; their gradient comes back reversed, `strength` times."""
    out = given.view_as(given)
    if out.requires_grad:
        out.register_hook(lambda gradient: -strength * gradient)
    return out


class Vgg:
    """How far apart pictures are for VGG16: the measure `perceptual.vgg`, with a gradient.

    Args:
        file: safetensors with the names of torchvision.
        device: where it works.

    Raises:
        ModelError: the file cannot be read, or is another network.
    """

    def __init__(self, file: Path, device: torch.device) -> None:
        self.net = [[(weight.to(device), bias.to(device)) for weight, bias in block] for block in read_vgg(file)]
        self.mean, self.deviation = (torch.tensor(each, device=device).view(3, 1, 1) for each in (MEAN, DEVIATION))

    def __call__(self, said: Tensor, truth: Tensor) -> Tensor:
        """Of pictures [n, 3, h, w], 0..1: a scalar, the mean over blocks of the squared distance of features."""
        x, found = (torch.cat([said, truth]) - self.mean) / self.deviation, []
        for place, block in enumerate(self.net):
            x = functional.max_pool2d(x, 2) if place else x
            for weight, bias in block:
                x = functional.relu(functional.conv2d(x, weight, bias, padding=1))
            own, other = functional.normalize(x.float(), dim=1).chunk(2)
            found.append((own - other).square().sum(1).mean())
        return torch.stack(found).mean()


def over(argb: Tensor, ground: Tensor | float) -> Tensor:
    """What is seen of [n, 4, h, w], [n, 3, h, w], on a ground, 0..1: one grey, colours [n, 3, 1, 1], or a picture."""
    alpha, colour = argb[:, :1], argb[:, 1:]
    return alpha * colour + (1 - alpha) * ground


def terms(
    said: Said, truth: Tensor, seen: Tensor, hint: Tensor, ground: Tensor, settings: LossSettings, vgg: Vgg | None
) -> Terms:
    """Of a batch.

    * colour, alpha: mean squares (See-through, arXiv 2602.03749, eq. 1); colour counts less under alpha 0 if told so;
    * identity: mean square of what an offset changes in the VAE's picture (arXiv 2402.17113, §3.1), if that is learnt;
    * perceptual: by VGG16, of what is seen of both on a colour;
    * real, fake: the hinge loss of the critic.

    Args:
        said: what came out.
        truth: what was wanted, [n, 4, h, w].
        seen: what the VAE should still show, 0..1, [n, 3, h, w].
        hint: whether alpha is hidden in a latent, [n, 1, 1, 1].
        ground: colours for the perceptual term, [n, 3, 1, 1].
        settings: which of them count.
        vgg: its network, if it does.
    """
    weight = torch.where(truth[:, :1] > 0, 1.0, settings.hidden)
    square = (said.argb - truth).square()
    found = {
        "colour": (weight * square[:, 1:]).sum() / (3 * weight.sum()).clamp(min=1),
        "alpha": square[:, 0].mean(),
    }
    if said.pixel is not None:
        changed = (said.pixel - seen).square().mean((1, 2, 3), keepdim=True)
        found["identity"] = (hint * changed).sum() / hint.sum().clamp(min=1)
    if vgg is not None:
        found["perceptual"] = vgg(over(said.argb, ground), over(truth, ground))
    if said.real is not None and said.fake is not None:
        found |= {"real": functional.relu(1 - said.real).mean(), "fake": functional.relu(1 + said.fake).mean()}
    return found


def total(found: Terms, settings: LossSettings) -> Tensor:
    """Their weighted sum. The critic's count whole: what the decoder gets of them is scaled where it is reversed."""
    weights = settings.model_dump()
    return torch.stack([weights.get(name, 1.0) * term for name, term in found.items()]).sum()
