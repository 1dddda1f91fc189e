"""Text encoders, which are needed once for words that are always the same: what they said is kept in a file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch

from animelayers.models import memory


def fingerprint(
    base: Path, encoders: Sequence[str] = ("text_encoder",), tokenizers: Sequence[str] = ("tokenizer",)
) -> str | None:
    """SHA-256 of what encoders are like and of how they split words; None where one is missing.

    Args:
        base: folder of the checkpoint.
        encoders: their folders in it.
        tokenizers: those of what splits words.
    """
    files = [base / encoder / "config.json" for encoder in encoders]
    if not all(file.is_file() for file in files):
        return None
    for tokenizer in tokenizers:
        files += sorted((base / tokenizer).glob("*"))
    whole = hashlib.sha256()
    for file in files:
        if file.suffix in (".json", ".txt"):
            whole.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def place(size: int, device: torch.device) -> torch.device:
    """Where an encoder of so many bytes works: the device, or the CPU if it does not fit there."""
    fits = size * memory.MARGIN <= memory.free_memory(str(device))
    return device if fits else torch.device("cpu")
