"""The whole way on real pictures: decompose, write the PSD, read its layers with somebody else's reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psdparse
import pytest
from drawing import EXAMPLES, SHARED_ART

from animelayers import decompose, load_picture, save
from animelayers.handoff.check import check

PICTURES = sorted(EXAMPLES.glob("*.png")) + sorted(
    path for path in SHARED_ART.rglob("*.png") if "parts" not in path.parent.name and path.name != "visible.png"
)
"""Those of the repository, and more where a folder of test art lies beside it."""


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_layers_of_the_psd_are_the_picture(path: Path, tmp_path: Path) -> None:
    picture = load_picture(path)
    psd = save(decompose(picture, mode="rendering"), tmp_path / "layers.psd")
    reader = psdparse.PSDFile()
    reader.load(str(psd))
    bgra = np.frombuffer(reader.composite()[0], np.uint8).reshape(*picture.size, 4)
    got, seen = bgra[..., [2, 1, 0, 3]], picture.rgba[..., 3] > 0
    assert (got[..., 3] == picture.rgba[..., 3]).all()
    assert (got[seen] == picture.rgba[seen]).all()
    assert check(psd, source=picture).ok
