"""Latents of pictures and their rendering layers on disk, encoded once by the RGBA VAE of Qwen-Image-Layered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from animelayers.errors import ModelError
from animelayers.models.fitting import Size
from animelayers.models.qwen_layered.latents import Hidden, encode, levels, scale_of
from animelayers.stack import Rgba
from animelayers.training.artwork import Artwork, fitted, mirrored
from animelayers.training.tensor_files import Report, TensorFiles

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
        self.recipe, self.files = recipe, TensorFiles(folder, self._facts)
        self.wanted = (*map(Key.empty, sorted({key.size for key in wanted})), *wanted)

    def path(self, key: Key) -> Path:
        """The file of a key, whether it is there or not."""
        return self.files.path(key)

    def missing(self) -> list[Key]:
        """What has still to be encoded, a damaged file included; those of one artwork one after another."""
        return self.files.missing(self.wanted)

    def fill(self, artworks: Sequence[Artwork], load_vae: Callable[[], Any], report: Report = lambda *_: None) -> None:
        """Encode what is missing; see `TensorFiles.fill`. The VAE is let go at the end.

        Args:
            artworks: those that the keys' indices mean.
            load_vae: gives the `AutoencoderKLQwenImage`, on its device; called only where something is missing.
            report: told how far it is.

        Raises:
            DataError: an artwork cannot be read any more, or is another than when its key was made.
            ModelError: the VAE gives no numbers.
            OutputError: a file cannot be written.
        """

        def make() -> Callable[[Key, Artwork | None], Mapping[str, Tensor]]:
            vae = load_vae()
            return lambda key, artwork: self._encoded(vae, key, artwork)

        self.files.fill(self.wanted, artworks, make, report)

    def read(self, key: Key) -> Entry:
        """The latents of an artwork.

        Raises:
            DataError: the file is missing or damaged.
        """
        return Entry(**self.files.read(key))

    def empty(self, size: Size) -> Tensor:
        """Normalised latents [c, h, w] of a wholly transparent picture: what a layer is where it has nothing.

        Raises:
            DataError: the file is missing or damaged.
        """
        return self.files.read(Key.empty(size))["empty"]

    def _facts(self, key: Key) -> dict[str, Any]:
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

    def _encoded(self, vae: Any, key: Key, artwork: Artwork | None) -> dict[str, Tensor]:
        if artwork is None:
            return {"empty": self._latents(vae, np.zeros((*key.size, 4), np.uint8))}
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
