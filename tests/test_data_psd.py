"""A sample as one PSD: exact, and in any other program the character."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psdparse
import pytest
from psd_tools import PSDImage
from samples import assert_same, sample
from test_data_folder import odd

from animelayers.color import matte
from animelayers.composite import flatten, max_error
from animelayers.data import psd as psd_module
from animelayers.data.psd import load_psd, save_psd
from animelayers.data.sample import Sample
from animelayers.errors import DataError, FormatError
from animelayers.handoff import load_stack, save
from animelayers.picture import load_picture
from animelayers.stack import LayerStack


@pytest.mark.parametrize(
    "made",
    [sample(), sample(bare=True), sample().replace(parts=None, cells={}, image=None), odd()],
    ids=["full", "bare", "rendering", "odd"],
)
@pytest.mark.parametrize("suffix", [".psd", ".psb"])
def test_a_sample_survives_one_file(made: Sample, suffix: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}{suffix}" for name in "ab"]
    save_psd(made, paths[0])
    back = load_psd(paths[0])
    assert_same(made, back)
    save_psd(back, paths[1])
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    save_psd(sample(), tmp_path / "a.psd")
    return tmp_path / "a.psd"


def test_it_opens_as_the_character(stored: Path) -> None:
    made = sample()
    assert made.parts is not None
    stack = load_stack(stored)
    shown = [layer for layer in stack if layer.visible]
    assert [layer.path for layer in shown] == list(made.parts.names)
    assert max_error(stack, made.picture) == 0
    assert (load_picture(stored).rgba[..., 3] == made.picture[..., 3]).all()
    assert {layer.group[0] for layer in stack if not layer.visible} == {"pictures", "cells", "rendering"}


def test_other_readers_see_the_pieces_on_top_and_the_picture(stored: Path) -> None:
    made = sample()
    assert made.parts is not None
    assert [layer.name for layer in PSDImage.open(stored)] == ["pictures", "cells", "rendering", *made.parts.names]
    psd = psdparse.PSDFile()
    assert psd.load(str(stored))
    data, _ = psd.composite()
    theirs = np.frombuffer(data, np.uint8).reshape(*made.size, 4)[..., [2, 1, 0, 3]]
    assert np.abs(matte(theirs).astype(int) - matte(made.picture)).max() <= 1


def test_cells_lie_on_their_pieces(stored: Path) -> None:
    stack = load_stack(stored)
    piece = stack["face"]
    inside = [layer for layer in stack if layer.group == ("cells", "face")]
    assert [layer.name for layer in inside] == ["flat", "shadow", "line"]
    shown = LayerStack(*stack.size, tuple(layer.replace(visible=True) for layer in inside))
    alone = LayerStack(*stack.size, (piece,))
    assert (flatten(shown) == flatten(alone)).all()


def test_without_pieces_the_rendering_shows(tmp_path: Path) -> None:
    made = sample().replace(parts=None, cells={})
    save_psd(made, tmp_path / "a.psd")
    assert max_error(load_stack(tmp_path / "a.psd"), made.picture) == 0


def test_depth_is_two_bytes(stored: Path) -> None:
    made = sample()
    layer = load_stack(stored)["pictures/depth"]
    assert made.depth is not None
    assert (layer.rgba[..., 0].astype(int) * 256 + layer.rgba[..., 1] == made.depth).all()
    assert not layer.visible


def changed(path: Path, change) -> None:
    """The file, saved again with other layers."""
    stack = load_stack(path)
    save(stack.replace(layers=tuple(filter(None, map(change, stack)))), path)


def test_it_may_be_saved_again_unchanged(stored: Path) -> None:
    changed(stored, lambda layer: layer)
    assert_same(load_psd(stored), sample())


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda layer: None if layer.name == "face" else layer, "'face' is missing"),
        (lambda layer: layer.replace(name="Gesicht") if layer.name == "face" else layer, "'face' is missing"),
        (
            lambda layer: layer.replace(top=layer.top + 1) if layer.name == "face" else layer,
            "'face' was changed or moved",
        ),
        (lambda layer: layer.replace(rgba=layer.rgba[:-2]) if layer.name == "face" else layer, "05-face.png is"),
    ],
)
def test_a_layer_that_was_changed_is_named(change, what: str, stored: Path) -> None:
    changed(stored, change)
    with pytest.raises(DataError, match=what) as caught:
        load_psd(stored)
    assert str(stored) in str(caught.value)
    assert caught.value.hint


def test_other_files_are_refused(tmp_path: Path) -> None:
    made = sample()
    assert made.rendering is not None
    save(made.rendering, tmp_path / "plain.psd")
    with pytest.raises(DataError, match="no sample"):
        load_psd(tmp_path / "plain.psd")
    (tmp_path / "x.psd").write_bytes(b"8BPS")
    with pytest.raises(FormatError):
        load_psd(tmp_path / "x.psd")


def test_what_a_psd_cannot_hold_is_said_before_writing(tmp_path: Path, monkeypatch) -> None:
    made = sample(bare=True)
    with pytest.raises(DataError, match="nothing is visible in pictures/image"):
        save_psd(made.replace(image=np.zeros_like(made.picture)), tmp_path / "a.psd")
    monkeypatch.setattr(psd_module, "MAX_BYTES", 1000)
    with pytest.raises(DataError, match="too many layers"):
        save_psd(made, tmp_path / "a.psd")
    assert not list(tmp_path.iterdir())
