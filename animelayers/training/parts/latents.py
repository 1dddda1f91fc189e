"""Latents of pages and of all their parts on disk, encoded once by SDXL's VAE."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from animelayers.errors import DataError
from animelayers.models.see_through import pictures
from animelayers.models.see_through.conditioning import PASSES
from animelayers.models.see_through.transparency import TransparentVAE
from animelayers.stack import Rgba
from animelayers.training.parts.networks import VERSION
from animelayers.training.parts_art import PartsArt, UsableParts, View
from animelayers.training.tensor_files import Report, TensorFiles

FORMAT = 1
"""Of the files; another number when pages are cut out or stored in another way."""
GROUPS = PASSES[VERSION]
"""What is denoised together: the body, then the head."""
BODY_GROUP, HEAD_GROUP = 0, 1


@dataclass(frozen=True, slots=True)
class Recipe:
    """What latents depend on besides the artwork and its page."""

    side: int
    """Of pages, px."""
    vae: str
    """`fingerprint` of the VAE."""
    transparency: str = ""
    """The same of the transparency encoder; empty without."""
    dtype: torch.dtype = torch.float32
    """Of the tensors in the files."""


@dataclass(frozen=True, slots=True)
class Key:
    """One page of an artwork."""

    index: int
    """Among the artworks; a file does not depend on it."""
    digest: str
    """Of the artwork."""
    group: int = 0
    """Of `GROUPS`: the whole picture, or the head."""
    mirrored: bool = False


EMPTY = Key(-1, "")
"""That of a part that is not there."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """What a model learns from a page; in the recipe's dtype, on the CPU."""

    page: Tensor
    """[4, h, w]"""
    frames: Tensor
    """[f, 4, h, w], of the group's tags."""
    hinted: Tensor
    """The same with alpha hidden in them by the transparency encoder; without one, the same."""


class PartsLatents:
    """A folder of them.

    Args:
        folder: where; made when something is written.
        recipe: what they depend on.
    """

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self.recipe, self.files = recipe, TensorFiles(folder, self._facts)
        self._empty = lru_cache(maxsize=1)(lambda: self.files.read(EMPTY))

    def fill(
        self,
        wanted: Sequence[Key],
        art: Sequence[PartsArt],
        load: Callable[[], tuple[Any, TransparentVAE | None]],
        report: Report = lambda *_: None,
    ) -> None:
        """Encode what is missing; see `TensorFiles.fill`. What `load` gave is let go at the end.

        Args:
            wanted: which pages are needed; those that are mirrored are encoded apart.
            art: that which the keys' indices mean.
            load: gives the `AutoencoderKL` and, where the recipe has one, the transparency encoder, on their device.
            report: told how far it is.

        Raises:
            DataError: an artwork cannot be read any more, or is another than when its key was made.
            ModelError: the VAE gives no numbers.
            OutputError: a file cannot be written.
        """

        def make() -> Callable[[Key, PartsArt | None], Mapping[str, Tensor]]:
            vae, transparency = load()
            return lambda key, one: self._encoded(vae, transparency, key, one)

        self.files.fill((EMPTY, *wanted), art, make, report)

    def read(self, key: Key) -> Entry:
        """The latents of a page.

        Raises:
            DataError: the file is missing or damaged.
        """
        found, empty = self.files.read(key), self._empty()
        count = len(GROUPS[key.group].tags)
        whole = {}
        for name in ("frames", "hinted"):
            frames = empty[name].repeat(count, 1, 1, 1)
            frames[found["places"]] = found[name]
            whole[name] = frames
        return Entry(found["page"], **whole)

    def _facts(self, key: Key) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "artwork": key.digest,
            "tags": list(GROUPS[key.group].tags),
            "mirrored": key.mirrored,
            "side": self.recipe.side,
            "vae": self.recipe.vae,
            "transparency": self.recipe.transparency,
            "dtype": str(self.recipe.dtype),
        }

    def _encoded(
        self, vae: Any, transparency: TransparentVAE | None, key: Key, one: PartsArt | None
    ) -> dict[str, Tensor]:
        """Of a page, and of those of its parts that are there."""
        if one is None:
            return self._frames(vae, transparency, [np.zeros((self.recipe.side, self.recipe.side, 4), np.uint8)])
        view = shown(one, key, self.recipe.side)
        there = {place: rgba for place, rgba in enumerate(view.frames(GROUPS[key.group].tags)) if rgba.any()}
        return {
            "page": pictures.page_latent(vae, view.page).to("cpu", self.recipe.dtype),
            "places": torch.tensor(list(there), dtype=torch.int64),
            **self._frames(vae, transparency, list(there.values())),
        }

    def _frames(self, vae: Any, transparency: TransparentVAE | None, frames: Sequence[Rgba]) -> dict[str, Tensor]:
        """One picture at a time: the least memory, and the same bytes whatever else is encoded."""
        found: dict[str, list[Tensor]] = {"frames": [], "hinted": []}
        for rgba in frames:
            argb = pictures.argb(rgba)[None].to(vae.device)
            plain = pictures.part_target(vae, argb)
            hinted = plain if transparency is None else pictures.part_target(vae, argb, offset=transparency)
            for name, latent in (("frames", plain), ("hinted", hinted)):
                found[name].append(latent.to("cpu", self.recipe.dtype))
        side = self.recipe.side // 8
        nothing = torch.zeros(0, 4, side, side, dtype=self.recipe.dtype)
        return {name: torch.cat(latents) if latents else nothing for name, latents in found.items()}


def shown(one: PartsArt, key: Key, side: int) -> View:
    """The page of a key.

    Raises:
        DataError: it is that of a head, and there is none.
    """
    frame = one.head_page(side) if key.group == HEAD_GROUP else one.whole_page(side)
    if frame is None:
        raise DataError(f"{one.id} has no head to look at", hint="start again")
    return View(one, frame, key.mirrored)


def keys(usable: Sequence[UsableParts], group: int) -> tuple[Key, ...]:
    """Of the pages of a group; artworks without a head have none of it."""
    return tuple(Key(each.index, each.digest, group) for each in usable if each.head or group != HEAD_GROUP)
