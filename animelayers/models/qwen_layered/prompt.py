"""The one prompt, as the base's text encoder says it: kept beside an adapter, so that its 16.6 GB are needed once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import QwenImageLayeredPipeline
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer

from animelayers.errors import ModelError
from animelayers.handoff.files import replacing
from animelayers.models.diffusion.encoders import fingerprint, place

NAME = "prompt.safetensors"
FILES = ("text_encoder/*.json", "text_encoder/*.safetensors", "tokenizer/*.json", "tokenizer/*.txt")
"""What of the base is needed to compute an embedding."""

_TENSOR, _ABOUT = "prompt_embeds", "about"


def embedding(prompt: str, base: Path, cache: Path | None, device: torch.device) -> Tensor:
    """The embedding of a prompt, [tokens, width], in the encoder's own dtype, on the CPU.

    Args:
        prompt: put into the template of diffusers' pipeline, whose tokens are left out again.
        base: folder of the base; its encoder may be missing where the cache has this prompt.
        cache: a file that `embedding` has written or will write; of another prompt or base it is written anew.
        device: where to compute; the CPU, if the encoder does not fit there.

    Raises:
        ModelError: it has to be computed, and the encoder is missing or damaged.
        OutputError: the cache cannot be written.
    """
    source = fingerprint(base)
    found = kept(cache, prompt, source) if cache else None
    if found is not None:
        return found
    made = _computed(prompt, base, device)
    if cache:
        about = json.dumps({"prompt": prompt, "encoder": source}, ensure_ascii=False)
        with replacing(cache) as temporary:
            save_file({_TENSOR: made}, temporary, {_ABOUT: about})
    return made


def kept(cache: Path, prompt: str, source: str | None = None) -> Tensor | None:
    """What a file has of a prompt; None where it is missing, damaged, of another prompt, or not of that `source`."""
    try:
        made, about = _opened(cache)
    except ModelError:
        return None
    same = about.get("prompt") == prompt and source in (None, about.get("encoder"))
    return made if same else None


def read(path: Path) -> Tensor:
    """The embedding in a file, whatever its prompt is: [tokens, width].

    Raises:
        ModelError: it is missing, damaged, or something else.
    """
    return _opened(path)[0]


def _opened(path: Path) -> tuple[Tensor, dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            made, about = file.get_tensor(_TENSOR), dict(json.loads(file.metadata()[_ABOUT]))
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        hint = "remove it, and it is made again from the base"
        raise ModelError(f"{path} is no embedding of a prompt: {error}", hint=hint) from error
    if made.ndim != 2 or not made.is_floating_point():
        raise ModelError(f"{path} holds {list(made.shape)} of {made.dtype}, wanted [tokens, width]", hint="remove it")
    return made, about


@torch.no_grad()
def _computed(prompt: str, base: Path, device: torch.device) -> Tensor:
    encoder, tokenizer = _encoder(base, device)
    pipe = QwenImageLayeredPipeline(
        scheduler=None, vae=None, text_encoder=encoder, tokenizer=tokenizer, processor=None, transformer=None
    )
    made: Tensor = pipe.encode_prompt(prompt, device=encoder.device)[0][0].cpu().contiguous()
    del pipe, encoder
    if device.type == "cuda":
        torch.cuda.empty_cache()
    return made


def _encoder(base: Path, device: torch.device) -> tuple[Any, Any]:
    """The text encoder and its tokenizer."""
    weights = sorted((base / "text_encoder").glob("*.safetensors"))
    if not weights or not (base / "tokenizer").is_dir():
        raise ModelError(
            f"{base} has no text encoder, and the prompt's embedding is not at hand",
            hint=f"put {NAME} beside the adapter, or fetch text_encoder/ and tokenizer/ of the base",
        )
    where = place(sum(file.stat().st_size for file in weights), device)
    try:
        tokenizer = Qwen2Tokenizer.from_pretrained(base / "tokenizer", local_files_only=True)
        encoder = Qwen2_5_VLForConditionalGeneration.from_pretrained(
            base / "text_encoder",
            use_safetensors=True,
            local_files_only=True,
            dtype="auto",
            device_map={"": where},
        )
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ModelError(f"the text encoder in {base} cannot be loaded: {error}", hint="fetch it again") from error
    return encoder.eval(), tokenizer
