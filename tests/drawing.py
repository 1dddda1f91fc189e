"""What several tests draw, run and look at."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from animelayers.cli import main
from animelayers.stack import Rgba

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
SHARED_ART = ROOT.parent / "shared" / "art"
"""More pictures, on machines that have them; no test needs them."""


def script(path: str) -> dict[str, Any]:
    """What a script has, `main` among it, by its path from the root."""
    return runpy.run_path(str(ROOT / path))


def noise(height: int, width: int, seed: int = 0) -> Rgba:
    rng = np.random.default_rng(seed)
    rgba = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
    rgba[..., 3] = np.clip(rng.integers(-200, 456, (height, width)), 0, 255)
    return rgba


def draw(path: Path, *, size: tuple[int, int] = (40, 30), level: int = 200) -> Path:
    """A small picture: a filled square with an outline, transparent around."""
    height, width = size
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[4:-4, 4:-4] = (20, 20, 20, 255)
    rgba[6:-6, 6:-6] = (level, 120, 90, 255)
    rgba[height // 2 : -6, 6:-6] = (level // 2, 60, 60, 255)
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(rgba)
    (image.convert("RGB") if path.suffix in (".jpg", ".bmp") else image).save(path)
    return path


def run(capsys, *argv: object) -> tuple[int, str, str]:
    code = main([str(word) for word in argv])
    out, err = capsys.readouterr()
    return code, out, err


def needs(module: str) -> None:
    """Skip the calling test file where a package of an extra cannot be imported, or fail where tools are required."""
    if not os.environ.get("ANIMELAYERS_REQUIRE_TOOLS"):
        pytest.importorskip(module, exc_type=ImportError)


def names_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
