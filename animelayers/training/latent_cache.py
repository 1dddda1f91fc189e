"""Latents on disk, encoded once, so that nothing of the VAE is in memory while a model learns.

A file's name is a hash over all that its contents depend on. Whatever changes – a pixel, the size, the VAE – makes
other names; files of earlier settings stay where they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from animelayers.errors import DataError, ModelError
from animelayers.models import tensors
from animelayers.models.fitting import Size
from animelayers.models.qwen_layered.latents import Hidden, encode, levels, scale_of
from animelayers.stack import Rgba
from animelayers.training.artwork import Artwork, fitted, mirrored

FORMAT = 1
"""Of the files; another number when pictures are fitted or stored in another way."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What latents depend on besides the artwork and its size."""

    slots: tuple[str, ...]
    """The layers, in the order in which they are stored."""
    vae: str
    """`fingerprint` of the VAE."""
    hidden: Hidden = "black"
    """What colour stands where alpha is 0."""
    dtype: torch.dtype = torch.float32
    """Of the tensors in the files."""


@dataclass(frozen=True, slots=True)
class Key:
    """One artwork at one size."""

    index: int
    """Among the artworks; a file does not depend on it."""
    digest: str
    """Of the artwork."""
    size: Size
    mirrored: bool = False

    @classmethod
    def empty(cls, size: Size) -> Key:
        """That of the wholly transparent picture."""
        return cls(-1, "", size)


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """What a model learns from one artwork; in the recipe's dtype, on the CPU."""

    layers: Tensor
    """Normalised latents [l, c, h, w] of the layers, in the recipe's order."""
    condition: Tensor
    """Normalised latents [c, h, w] of the picture."""
    cover: Tensor
    """[l, h, w], 0..1: the largest alpha of every layer under a latent pixel."""


class LatentCache:
    """A folder of latents.

    Args:
        folder: where; made when something is written.
        recipe: what they depend on.
        wanted: which are needed. The wholly transparent picture is added, once a size.
    """

    def __init__(self, folder: Path, recipe: Recipe, wanted: Sequence[Key]) -> None:
        self.folder, self.recipe = folder, recipe
        self.wanted = (*map(Key.empty, sorted({key.size for key in wanted})), *wanted)

    def path(self, key: Key) -> Path:
        """The file of a key, whether it is there or not."""
        facts = json.dumps(self._facts(key), sort_keys=True)
        return self.folder / f"{hashlib.sha256(facts.encode()).hexdigest()}.safetensors"

    def missing(self) -> list[Key]:
        """What has still to be encoded, a damaged file included; those of one artwork one after another."""
        keys = {self.path(key): key for key in self.wanted if not self._sound(key)}
        return sorted(keys.values(), key=lambda key: key.index)

    def fill(
        self,
        artworks: Sequence[Artwork],
        load_vae: Callable[[], Any],
        report: Callable[[int, int], None] = lambda *_: None,
    ) -> None:
        """Encode what is missing, one file after another; what was stopped goes on. The VAE is let go at the end.

        Args:
            artworks: those that the keys' indices mean.
            load_vae: gives the `AutoencoderKLQwenImage`, on its device; called only where something is missing.
            report: told after every file how many are done, and of how many.

        Raises:
            DataError: an artwork cannot be read any more, or is another than when its key was made.
            ModelError: the VAE gives no numbers.
            OutputError: a file cannot be written.
        """
        missing = self.missing()
        if not missing:
            return
        vae, done = load_vae(), 0
        for index, keys in groupby(missing, key=lambda key: key.index):
            artwork = artworks[index] if index >= 0 else None
            for key in keys:
                found = self._blank(vae, key) if artwork is None else self._encoded(vae, key, artwork)
                tensors.write(self.path(key), found, self._facts(key))
                done += 1
                report(done, len(missing))

    def read(self, key: Key) -> Entry:
        """The latents of an artwork.

        Raises:
            DataError: the file is missing or damaged.
        """
        return Entry(**self._load(key))

    def empty(self, size: Size) -> Tensor:
        """Normalised latents [c, h, w] of a wholly transparent picture: what a layer is where it has nothing.

        Raises:
            DataError: the file is missing or damaged.
        """
        return self._load(Key.empty(size))["empty"]

    def _facts(self, key: Key) -> dict[str, Any]:
        """All that a file's contents depend on; also its header, by which it is known to be whole."""
        return {
            "format": FORMAT,
            "artwork": key.digest,
            "size": list(key.size),
            "mirrored": key.mirrored,
            "slots": list(self.recipe.slots),
            "vae": self.recipe.vae,
            "hidden": self.recipe.hidden,
            "dtype": str(self.recipe.dtype),
        }

    def _sound(self, key: Key) -> bool:
        try:
            return tensors.header(self.path(key)) == self._facts(key)
        except DataError:
            return False

    def _load(self, key: Key) -> dict[str, Tensor]:
        path = self.path(key)
        try:
            return load_file(path)
        except (OSError, SafetensorError) as error:
            raise DataError(f"{path} cannot be read: {error}", hint="start again: it is encoded anew") from error

    def _blank(self, vae: Any, key: Key) -> dict[str, Tensor]:
        return {"empty": self._latents(vae, np.zeros((*key.size, 4), np.uint8))}

    def _encoded(self, vae: Any, key: Key, artwork: Artwork) -> dict[str, Tensor]:
        if artwork.digest != key.digest:
            raise DataError(f"{artwork.id} has changed since it was looked at", hint="start again")
        shown = fitted(artwork, key.size)
        shown = mirrored(shown) if key.mirrored else shown
        sheets = [shown.layers[slot] for slot in self.recipe.slots]
        alpha = torch.from_numpy(np.stack([sheet[..., 3] for sheet in sheets])).float() / 255
        return {
            "layers": torch.stack([self._latents(vae, sheet) for sheet in sheets]),
            "condition": self._latents(vae, shown.picture),
            "cover": functional.max_pool2d(alpha, scale_of(vae)).to(self.recipe.dtype),
        }

    def _latents(self, vae: Any, rgba: Rgba) -> Tensor:
        """One picture at a time: the least memory, and the same bytes whatever else is encoded."""
        found = encode(vae, levels(rgba, self.recipe.hidden)[None].to(vae.device))[0]
        if not found.isfinite().all():
            raise ModelError(f"the VAE gives no numbers in {vae.dtype}", hint="load it in bfloat16 or float32")
        return found.to("cpu", self.recipe.dtype)


def fingerprint(folder: Path) -> str:
    """SHA-256, in hexadecimal, of a VAE on disk: its configuration, but for who wrote it, and the bytes of its weights.

    Reads the files once, in a second or less, and loads nothing.

    Args:
        folder: with `config.json` and `*.safetensors`, as diffusers stores a model.

    Raises:
        ModelError: there is no such model.
    """
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        weights = sorted(folder.glob("*.safetensors"))
        told = {name: value for name, value in config.items() if not name.startswith("_")}
        found = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
        for file in weights:
            with file.open("rb") as opened:
                found.update(hashlib.file_digest(opened, "sha256").digest())
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{folder} is no VAE: {error}", hint="name the folder of a diffusers model") from error
    if not weights:
        raise ModelError(f"{folder} has no *.safetensors", hint="download the model again")
    return found.hexdigest()
