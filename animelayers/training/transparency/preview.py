"""What a decoder makes of held-out parts: what was wanted on grey and on a checkerboard, then what came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from animelayers.artist.dice import Dice
from animelayers.handoff.sheet import CHECKER, SQUARE
from animelayers.training.parts.latents import Key
from animelayers.training.pictured import Rgb, save_rows
from animelayers.training.transparency.cuts import Cuts, middle, wanted
from animelayers.training.transparency.losses import over
from animelayers.training.transparency.task import GREY, Decode


@dataclass(frozen=True, slots=True)
class Previews:
    """Draws them."""

    cuts: Cuts
    keys: Sequence[Key]
    """Of the held-out pages; one part of each is shown."""
    crop: int
    """Px."""
    seed: int

    def __call__(self, decode: Decode, path: Path) -> None:
        """Write the picture, a row for every part; which parts depends on the seed alone.

        Raises:
            OutputError: it cannot be written.
        """
        rows = []
        for number, key in enumerate(self.keys):
            if pieces := self.cuts.pieces(key):
                piece = Dice("preview", self.seed, number).pick(pieces)
                truth = wanted(middle(piece, self.cuts.side, self.crop).rgba)[None]
                rows.append([tile for argb in (truth, decode(truth).cpu()) for tile in _laid(argb)])
        if rows:
            save_rows(rows, path)


def _laid(argb: Tensor) -> list[Rgb]:
    """[1, 4, h, w] → uint8 [h, w, 3] on grey and on a checkerboard."""
    rows, columns = np.indices(argb.shape[2:]) // SQUARE
    checker = torch.from_numpy(np.asarray(CHECKER, np.float32)[(rows + columns) % 2] / 255).permute(2, 0, 1)
    seen = [over(argb, ground)[0] for ground in (GREY, checker)]
    return [(255 * each + 0.5).clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy() for each in seen]
