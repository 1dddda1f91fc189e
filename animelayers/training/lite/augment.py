"""Views as they lie on the shelf → what a net sees and what it should say, changed by chance, on the device.

Chances are drawn on the processor, so that they are the same on every device; only the grain is the device's own. A
colour change is linear, a 3 × 3 matrix a view, and the same for all colours that are known of it; what is transparent
stays white, as everywhere.
"""

from __future__ import annotations

from itertools import permutations

import torch
from torch import Tensor
from torch.nn import functional

from animelayers.training.lite.config import AugmentSettings
from animelayers.training.lite.views import FIELDS

Batch = dict[str, Tensor]
"""`seen` float [b, 4, h, w] in -1..1, and the truths; see `rendering` and `parts`."""

NONE = AugmentSettings(mirror=0, turn=0, recolour=0, grey=0, backdrop=0, grain=0)
"""Views as they are."""
GAIN = 0.15
"""Colours are at most so much darker or lighter, of 1."""
GRAIN = 5.0
"""Deviation of the coarsest grain, levels."""

_ORDERS = torch.tensor(list(permutations(range(3))))
_SIDES = torch.tensor([0, 2, 1], dtype=torch.uint8)


class Draws:
    """Draws for every view of a batch, moved to its device."""

    def __init__(self, generator: torch.Generator, count: int, device: torch.device) -> None:
        self.generator, self.count, self.device = generator, count, device

    def chance(self, share: float) -> Tensor:
        """One of two for every view, bool [b]."""
        return self.uniform(0, 1)[:, 0] < share

    def uniform(self, low: float, high: float, width: int = 1) -> Tensor:
        """Evenly spread, float [b, width]."""
        return (low + (high - low) * torch.rand(self.count, width, generator=self.generator)).to(self.device)

    def order(self) -> Tensor:
        """The three channels in any order, int64 [b, 3]."""
        return _ORDERS[torch.randint(len(_ORDERS), (self.count,), generator=self.generator)].to(self.device)

    def colours(self, settings: AugmentSettings) -> Tensor:
        """What colours are multiplied by, float [b, 3, 3]."""
        common = self.chance(0.5)[:, None]
        gains = torch.where(common, self.uniform(1 - GAIN, 1 + GAIN), self.uniform(1 - GAIN, 1 + GAIN, 3))
        keep = torch.arange(3, device=self.device).expand(self.count, 3)
        order = torch.where(self.chance(0.35)[:, None], self.order(), keep)
        same = torch.eye(3, device=self.device)
        change = gains[:, :, None] * same[order]
        change = torch.where(self.chance(settings.grey)[:, None, None], change.mean(1, keepdim=True), change)
        return torch.where(self.chance(settings.recolour)[:, None, None], change, same)

    def grain(self, share: float, like: Tensor) -> Tensor | float:
        """Noise for pictures, float [b, 3, h, w], levels; 0.0 where no view has any."""
        strength = self.uniform(0.5, GRAIN)[:, 0] * self.chance(share)
        if not share:
            return 0.0
        seed = int(torch.randint(2**31, (), generator=self.generator))
        own = torch.Generator(self.device).manual_seed(seed)
        return torch.randn(like.shape, generator=own, device=self.device) * strength[:, None, None, None]


def rendering(views: dict[str, Tensor], settings: AugmentSettings, generator: torch.Generator) -> Batch:
    """Patches → `seen` and `truth` float [b, 11, h, w].

    Truth: line alpha 0..1; line colour, flat and base in -1..1; 0..1, where they are known.
    """
    draws = Draws(generator, len(views["seen"]), views["seen"].device)
    whole = torch.cat([views[name].reshape(*views[name].shape[:3], -1) for name in FIELDS["rendering"]], 3)
    planes = _planes(whole)
    mirrored, turned = (draws.chance(share)[:, None, None, None] for share in (settings.mirror, settings.turn))
    planes = torch.where(mirrored, planes.flip(3), planes)
    planes = torch.where(turned, planes.transpose(2, 3), planes)
    seen, line, flat, base, figure = planes.split([4, 4, 3, 3, 1], 1)
    change = draws.colours(settings)
    colours = [_changed(line[:, :3], change), _changed(flat, change), _changed(base, change)]
    truth = [line[:, 3:] / 255, *(_signed(colour) for colour in colours), figure / 255]
    return {"seen": _seen(seen, change, draws, settings), "truth": torch.cat(truth, 1)}


def parts(views: dict[str, Tensor], settings: AugmentSettings, generator: torch.Generator) -> Batch:
    """Figures and heads → `seen` and what is known of them.

    `visible` int64 [b, h/2, w/2]: labels. Of whole parts, [b, p, h/4, w/4]: `amodal` 0..1, `depth` -1..1, `colour`
    [b, p, 3, …] -1..1. `side` uint8 [b, h/4, w/4]: 0, 1 right, 2 left.
    """
    draws = Draws(generator, len(views["seen"]), views["seen"].device)
    mirrored = draws.chance(settings.mirror)
    across = {"seen": 2, "visible": 2, "amodal": 3, "colour": 3, "depth": 3, "side": 2}
    views = {name: torch.where(_along(mirrored, view), view.flip(across[name]), view) for name, view in views.items()}
    side = views["side"]
    side = torch.where(_along(mirrored, side), _SIDES.to(side.device)[side.int()], side)
    change = draws.colours(settings)
    return {
        "seen": _seen(_planes(views["seen"]), change, draws, settings),
        "visible": views["visible"][:, ::2, ::2].long(),
        "amodal": views["amodal"].float() / 255,
        "colour": _signed(_changed(views["colour"].permute(0, 1, 4, 2, 3).float(), change)),
        "depth": _signed(views["depth"].float()),
        "side": side,
    }


def halved(views: dict[str, Tensor]) -> dict[str, Tensor]:
    """Views of the parts net at half their size: a quarter of the work for a net that still learns what is where."""
    amodal = views["amodal"].float()
    smaller = functional.avg_pool2d(amodal, 2)
    share = amodal / (4 * smaller.clamp(min=1e-3)).repeat_interleave(2, 2).repeat_interleave(2, 3)

    def weighed(planes: Tensor) -> Tensor:
        """[b, p, h, w], by how much of the part there is."""
        return (4 * functional.avg_pool2d(planes * share, 2)).round().to(torch.uint8)

    colour = torch.stack([weighed(plane.float()) for plane in views["colour"].unbind(4)], 4)
    seen = functional.avg_pool2d(_planes(views["seen"]), 2).round().to(torch.uint8).permute(0, 2, 3, 1)
    return {
        "seen": seen,
        "visible": views["visible"][:, 1::2, 1::2],
        "amodal": smaller.round().to(torch.uint8),
        "colour": colour,
        "depth": weighed(views["depth"].float()),
        "side": views["side"][:, ::2, ::2],
    }


def _planes(pixels: Tensor) -> Tensor:
    """uint8 [b, h, w, c] → float [b, c, h, w], 0..255, channels last in memory."""
    return pixels.permute(0, 3, 1, 2).float()


def _along(flags: Tensor, like: Tensor) -> Tensor:
    return flags.reshape(-1, *[1] * (like.ndim - 1))


def _changed(colour: Tensor, change: Tensor) -> Tensor:
    """Colours [b, …, 3, h, w] multiplied by a matrix a view."""
    return torch.einsum("bij,b...jhw->b...ihw", change, colour).clamp(0, 255)


def _seen(seen: Tensor, change: Tensor, draws: Draws, settings: AugmentSettings) -> Tensor:
    """The picture in changed colours, with grain, -1..1; what is transparent is white, or laid on a colour."""
    absent, white = 1 - seen[:, 3:] / 255, 255 * change.sum(2)
    laid, colour = draws.chance(settings.backdrop), draws.uniform(0, 255, 3)
    ground = torch.where(laid[:, None], colour, 255)
    rgb = torch.einsum("bij,bjhw->bihw", change, seen[:, :3]) + absent * (ground - white)[:, :, None, None]
    rgb = rgb.clamp(0, 255) + draws.grain(settings.grain, rgb)
    alpha = torch.where(_along(laid, seen), 255, seen[:, 3:])
    return _signed(torch.cat([rgb.clamp(0, 255), alpha], 1)).contiguous(memory_format=torch.channels_last)


def _signed(levels: Tensor) -> Tensor:
    return levels / 127.5 - 1
