"""Numbers recorded from the reference implementation of See-through, with random weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data" / "see_through"

CLOSE = 5e-5
"""Largest difference between two right orders of the same float32 sums in these networks."""


class Recorded:
    """A recorded file: what it says, and its tensors in float32 under their names."""

    def __init__(self, name: str) -> None:
        from safetensors.torch import load_file

        self.about: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text("utf-8"))
        self._tensors = load_file(DATA / f"{name}.safetensors")

    def __getitem__(self, name: str) -> Any:
        tensor = self._tensors[name]
        return tensor.float() if tensor.is_floating_point() else tensor

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def under(self, prefix: str) -> dict[str, Any]:
        """Those whose names begin so, under the rest of their names."""
        return {name.removeprefix(prefix): self[name] for name in self._tensors if name.startswith(prefix)}
