"""What tells the networks which part a frame is: its tag, as the text encoders of the checkpoint say it.

The tags never change, so the encoders are needed once, and what they said is kept: in `words.safetensors` of a
checkpoint, which may then come without encoders, or in the user's cache.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from animelayers.errors import MissingPackageError, ModelError
from animelayers.models import hub, tensors
from animelayers.models.diffusion.encoders import fingerprint, place
from animelayers.models.diffusion.folder import opening, read
from animelayers.models.see_through.unet import Words
from animelayers.parts import PAPER_PARTS

HEAD_TAG = "head"
"""Of the frame that says where to look closer; it is no part, but what the head's pass then takes apart."""
BODY = (
    *("front hair", "back hair", HEAD_TAG, "neck", "neckwear", "topwear", "handwear", "bottomwear", "legwear"),
    *("footwear", "tail", "wings", "objects"),
)
"""Frames of the body's pass, in the order of its group embedding."""
HEAD = (
    *("headwear", "face", "irides", "eyebrow", "eyewhite", "eyelash", "eyewear", "ears", "earwear", "nose", "mouth"),
)
"""Frames of the head's pass, in the order of its group embedding."""
PAGE = "page"
"""The frame of the whole picture, which depth has besides the parts."""
DEPTH_FRAMES = (*PAPER_PARTS, PAGE)
"""Frames of the depth network."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Frames that are denoised together."""

    tags: tuple[str, ...]
    group: int = 0
    """Of the group embeddings, where the network has any."""


PASSES: Mapping[str, tuple[Pass, ...]] = {"v3": (Pass(BODY), Pass(HEAD, 1)), "v2": (Pass(PAPER_PARTS),)}
"""Version of a checkpoint's tags → what it denoises together."""

NAME = "words.safetensors"
"""Of a checkpoint's own file of words: `tokens` [n, 77, d], `pooled` [n, p], and the n tags in the header."""
FILES = tuple(
    f"{folder}/*.{kind}"
    for folder, kinds in (("text_encoder*", ("json", "safetensors")), ("tokenizer*", ("json", "txt")))
    for kind in kinds
)
"""What else of a checkpoint is needed to say words that are kept nowhere."""
EMPTY = ""
"""What depth is told of every frame."""

_PARTS, _DEPTH = ("", "_2"), ("",)
"""Ends of the folders of encoders and tokenizers: of SDXL, which has two, and of Stable Diffusion 2."""


def words(folder: Path, tags: Sequence[str], cache: Path | None, device: torch.device) -> Words:
    """What the networks of parts are told of frames, float32, on the CPU.

    Of the bare tag, padded to 77 tokens: the states before the last layer of both encoders, side by side; and what the
    second one says of the whole.

    Args:
        folder: of the checkpoint; its encoders may be missing where the words are kept.
        tags: of the frames.
        cache: a file that is read, or written, see `cache_file`; words of other encoders are replaced.
        device: where to compute; the CPU, if an encoder does not fit there.

    Raises:
        ModelError: they have to be computed, and an encoder is missing or damaged.
        OutputError: the cache cannot be written.
    """
    return _words(folder, tags, cache, device, _PARTS)


def empty_words(folder: Path, cache: Path | None, device: torch.device) -> Words:
    """What the network of depth is told of every frame, one row, float32, on the CPU; arguments are those of `words`.

    The last states of its encoder, of a text that is empty and not padded: two tokens.
    """
    return _words(folder, [EMPTY], cache, device, _DEPTH)


def kept(folder: Path, tags: Sequence[str], cache: Path | None) -> Words | None:
    """Words that need not be computed, from the checkpoint's own file or the cache; None otherwise.

    Args:
        folder: of the checkpoint.
        tags: of the frames; `[EMPTY]` for depth.
        cache: as of `words`.
    """
    source = _source(folder, _DEPTH if list(tags) == [EMPTY] else _PARTS)
    for file in (folder / NAME, cache):
        found = _from_file(file, tags, source) if file else None
        if found is not None and found.tokens.shape[-1] == _width(folder):
            return found
    return None


def save(path: Path, tags: Sequence[str], said: Words, source: str | None = None) -> None:
    """Write words for a checkpoint that then needs no encoders.

    Args:
        path: `NAME` in its folder.
        tags: one for each row.
        said: their words.
        source: fingerprint of the encoders.

    Raises:
        OutputError: the file cannot be written.
    """
    named = {"tokens": said.tokens} | ({} if said.pooled is None else {"pooled": said.pooled})
    tensors.write(path, named, {"tags": list(tags), "encoder": source})


def cache_file(folder: Path) -> Path:
    """Where the words of a checkpoint are kept: in the user's cache, by the identity of its UNet.

    Raises:
        ModelError: that cannot be read.
    """
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "animelayers" / f"words-{hub.revision_of(folder / 'unet')[:16]}.safetensors"


def _words(folder: Path, tags: Sequence[str], cache: Path | None, device: torch.device, ends: Sequence[str]) -> Words:
    found = kept(folder, tags, cache)
    if found is not None:
        return found
    made = _said(folder, tags, device, ends)
    if (width := made.tokens.shape[-1]) != _width(folder):
        said = f"the text encoders in {folder} say {width} values a token, its UNet wants {_width(folder)}"
        raise ModelError(said, hint="fetch it again")
    if cache is not None:
        save(cache, tags, made, _source(folder, ends))
    return made


def _source(folder: Path, ends: Sequence[str]) -> str | None:
    return fingerprint(folder, [f"text_encoder{end}" for end in ends], [f"tokenizer{end}" for end in ends])


def _width(folder: Path) -> Any:
    """Values a token that the UNet of a checkpoint takes."""
    return read(folder / "unet" / "config.json", "name the folder that holds unet/").get("cross_attention_dim")


def _from_file(file: Path, tags: Sequence[str], source: str | None) -> Words | None:
    """None where it is missing, damaged, of other tags, or not of that source."""
    try:
        with safe_open(file, framework="pt") as opened:
            about: dict[str, Any] = dict(json.loads(opened.metadata()["about"]))
            said = {name: opened.get_tensor(name).float() for name in opened.keys()}  # noqa: SIM118
        rows = [about["tags"].index(tag) for tag in tags]
        if source not in (None, about["encoder"]):
            return None
        return Words(said["tokens"], said.get("pooled")).rows(rows)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None


@torch.no_grad()
def _said(folder: Path, tags: Sequence[str], device: torch.device, ends: Sequence[str]) -> Words:
    """By the encoders, one after another, so that only one is in memory."""
    if ends == _DEPTH:
        return Words(_outputs(folder, "", tags, device, padding=False).last_hidden_state.float().cpu())
    states: list[Tensor] = []
    for end in ends:
        outputs = _outputs(folder, end, tags, device, padding=True)
        states.append(outputs.hidden_states[-2].float().cpu())
    return Words(torch.cat(states, -1), outputs.text_embeds.float().cpu())


def _outputs(folder: Path, end: str, tags: Sequence[str], device: torch.device, *, padding: bool) -> Any:
    """What one encoder says of texts; its padding counts as text, as it has been trained."""
    own, splitter = folder / f"text_encoder{end}", folder / f"tokenizer{end}"
    if not own.is_dir() or not splitter.is_dir():
        raise ModelError(
            f"{folder} has no {(splitter if own.is_dir() else own).name}, and its words are not kept",
            hint=f"put {NAME} there, or fetch text_encoder/ and tokenizer/ of the checkpoint",
        )
    encoder = _encoder(own, CLIPTextModelWithProjection if end else CLIPTextModel, device)
    with opening(splitter):
        tokenizer = CLIPTokenizer.from_pretrained(splitter, local_files_only=True)
        how = {"padding": "max_length", "truncation": True} if padding else {"padding": False}
        ids = tokenizer(list(tags), max_length=tokenizer.model_max_length, return_tensors="pt", **how).input_ids
    return encoder(ids.to(encoder.device), output_hidden_states=True)


def _encoder(folder: Path, kind: Any, device: torch.device) -> Any:
    """A text encoder in float32, or as it is in 4 bits, and every tensor of it."""
    packed = bool(read(folder / "config.json", "fetch it again").get("quantization_config"))
    if packed and device.type != "cuda":
        said = f"{folder} is in 4 bits, which {device} cannot work with"
        raise ModelError(said, hint=f"put the {NAME} of the whole checkpoint beside it")
    size = 2 * sum(file.stat().st_size for file in hub.located(str(folder), files=()).glob("*.safetensors"))
    where = device if packed else place(size, device)
    try:
        with opening(folder):
            encoder, told = kind.from_pretrained(
                folder,
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
                dtype="auto" if packed else torch.float32,
                device_map={"": where},
            )
    except ImportError as error:
        raise MissingPackageError(f"{folder} is in 4 bits: {error}", hint="pip install bitsandbytes") from error
    if missing := sorted(told["missing_keys"]):
        raise ModelError(f"{folder} is not whole: {missing[0]} is missing", hint="fetch it again")
    return encoder.eval()
