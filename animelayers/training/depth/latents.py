"""Pages and parts as the network is shown them, the depth that it should say, and the latents of both on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from animelayers.models.see_through.conditioning import DEPTH_FRAMES, PAGE
from animelayers.models.see_through.depth import covered, encoded, merged
from animelayers.models.see_through.framing import Map
from animelayers.models.see_through.pictures import posterior
from animelayers.parts import PAPER_PARTS
from animelayers.stack import Rgba
from animelayers.training.parts.latents import EMPTY, Key
from animelayers.training.parts.latents import shown as page_of
from animelayers.training.parts_art import PartsArt, View
from animelayers.training.tensor_files import Report, TensorFiles

FORMAT = 1
"""Of the files; another number when pages are shown, or depth is said, in another way."""
PLACE = {tag: place for place, tag in enumerate(DEPTH_FRAMES)}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What latents depend on besides the artwork."""

    side: int
    """Of pages, px."""
    vae: str
    """`fingerprint` of the VAE."""
    dtype: torch.dtype = torch.float32
    """Of the tensors in the files."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """A page and its parts that are there, the page last."""

    shown: Mapping[str, Rgba]
    """What the network is shown of each, uint8 [r, r, 4], straight alpha, as inference has it."""
    near: Mapping[str, npt.NDArray[np.uint16]]
    """How near they are, uint16 [r, r]: larger is nearer, 0 where nothing is shown."""
    nearest: int
    """Of the whole picture."""

    @classmethod
    def of(cls, one: PartsArt, key: Key, side: int) -> Lesson:
        """That of an artwork."""
        view = page_of(one, key, side)
        parts = merged(dict(zip(PAPER_PARTS, view.frames(PAPER_PARTS), strict=True)))
        shown = {**parts, PAGE: covered(view.page, parts)}
        depths = zip(shown.items(), (*view.depths(tuple(parts)), _surface(view)), strict=True)
        near = {tag: np.where(rgba[..., 3] > 0, depth, np.uint16(0)) for (tag, rgba), depth in depths}
        return cls(shown, near, max(1, int(one.depth.max())))

    def far(self, tag: str) -> Map:
        """What the network should say of a frame, float32 [r, r], 0 the nearest … 1 where it is not.

        One scale holds for all parts of a picture, and what is nearest in it is 0. Nothing is as far as what is not
        there: the farthest part of n that are stacked is at 1 − 1/n.
        """
        return np.asarray(1 - self.near[tag] / self.nearest, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """What a model learns from a page; of all `DEPTH_FRAMES`, in the recipe's dtype, on the CPU."""

    shown: Tensor
    """[20, 4, h, w], the page last."""
    depth: Tensor
    """The same shape."""
    there: tuple[int, ...]
    """Which of them show something, the page last."""

    def seen(self, rows: Sequence[int]) -> Tensor:
        """What the network sees of some of them besides noisy depth, [f, 8, h, w]: the page, then the part."""
        parts = self.shown[list(rows)]
        return torch.cat([self.shown[-1:].expand_as(parts), parts], dim=1)


class DepthLatents:
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
        load: Callable[[], Any],
        report: Report = lambda *_: None,
    ) -> None:
        """Encode what is missing; see `TensorFiles.fill`. The VAE that `load` gave is let go at the end.

        Args:
            wanted: which pages are needed; those that are mirrored are encoded apart.
            art: that which the keys' indices mean.
            load: gives the `AutoencoderKL`, on its device.
            report: told how far it is.

        Raises:
            DataError: an artwork cannot be read any more, or is another than when its key was made.
            ModelError: the VAE gives no numbers.
            OutputError: a file cannot be written.
        """

        def make() -> Callable[[Key, PartsArt | None], Mapping[str, Tensor]]:
            vae = load()
            return lambda key, one: self._encoded(vae, key, one)

        self.files.fill((EMPTY, *wanted), art, make, report)

    def read(self, key: Key) -> Entry:
        """The latents of a page.

        Raises:
            DataError: the file is missing or damaged.
        """
        found, empty = self.files.read(key), self._empty()
        whole = {}
        for name in ("shown", "depth"):
            whole[name] = empty[name].repeat(len(DEPTH_FRAMES), 1, 1, 1)
            whole[name][found["places"]] = found[name]
        return Entry(**whole, there=tuple(found["places"].tolist()))

    def _facts(self, key: Key) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "artwork": key.digest,
            "depth of": list(DEPTH_FRAMES),
            "mirrored": key.mirrored,
            "side": self.recipe.side,
            "vae": self.recipe.vae,
            "dtype": str(self.recipe.dtype),
        }

    def _encoded(self, vae: Any, key: Key, one: PartsArt | None) -> dict[str, Tensor]:
        """Of the page and of those of its parts that are there, or of a part that is not.

        One picture at a time: the least memory, and the same bytes whatever else is encoded.
        """
        if one is None:
            side = self.recipe.side
            shown, far = [np.zeros((side, side, 4), np.uint8)], [np.ones((side, side), np.float32)]
            places = torch.zeros(0, dtype=torch.int64)
        else:
            lesson = Lesson.of(one, key, self.recipe.side)
            shown, far = list(lesson.shown.values()), [lesson.far(tag) for tag in lesson.shown]
            places = torch.tensor([PLACE[tag] for tag in lesson.shown])
        found = {
            "shown": torch.cat([encoded(vae, [rgba]) for rgba in shown]),
            "depth": torch.cat([_depth_latent(vae, each) for each in far]),
        }
        return {"places": places, **{name: tensor.to("cpu", self.recipe.dtype) for name, tensor in found.items()}}


def _depth_latent(vae: Any, far: Map) -> Tensor:
    """Of depth as a grey picture, 0 black, 1 white: [1, 4, h/8, w/8], scaled."""
    grey = torch.from_numpy(far * 2 - 1).expand(1, 3, *far.shape)
    latent: Tensor = posterior(vae, grey.to(vae.device))[0] * vae.config.scaling_factor
    return latent


def _surface(view: View) -> npt.NDArray[np.uint16]:
    """How near what is seen is, uint16 [r, r]: all pieces as those of one part."""
    pieces = tuple(layer.replace(name=PAGE, group=(layer.path,)) for layer in view.art.parts)
    whole = replace(view.art, parts=view.art.parts.replace(layers=pieces))
    return next(replace(view, art=whole).depths([PAGE]))
