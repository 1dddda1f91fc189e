"""`.clip` through the optional clipparse: what its own reader finds in the file, and what is said without it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from drawing import noise

from animelayers.errors import FormatError, MissingPackageError
from animelayers.handoff import save
from animelayers.handoff.clip import write_clip
from animelayers.parts import Preset
from animelayers.stack import Blend, Layer, LayerStack


@pytest.fixture
def stack() -> LayerStack:
    return LayerStack(
        64,
        48,
        (
            Layer("flat", noise(64, 48, 1)),
            Layer("shadow", noise(20, 30, 2), top=10, left=9, group=("face",), blend=Blend.MULTIPLY),
            Layer("line", noise(20, 30, 3), top=40, left=3, visible=False),
        ),
    )


def test_clipparse_reads_names_tree_and_pixels(stack: LayerStack, tmp_path: Path) -> None:
    clipparse = pytest.importorskip("clipparse")
    save(stack, tmp_path / "a.clip", names=Preset.LIVE2D_JA)
    clip = clipparse.ClipFile()
    assert clip.load(str(tmp_path / "a.clip"))
    assert (clip.height, clip.width) == stack.size
    by_name = {layer.name_unicode: (i, layer) for i, layer in enumerate(clip.layers)}
    assert {"下塗り", "影", "線画", "顔"} <= set(by_name)
    assert by_name["顔"][1].is_group
    assert not by_name["線画"][1].visible
    for layer, name in zip(stack, ("下塗り", "影", "線画"), strict=True):
        index, record = by_name[name]
        data = np.frombuffer(clip.layer_image(index), np.uint8).reshape(record.height, record.width, 4)[
            ..., [2, 1, 0, 3]
        ]
        box = np.s_[layer.top - record.top :, layer.left - record.left :]
        part = data[box][: layer.height, : layer.width]
        seen = layer.rgba[..., 3] > 0
        assert (part[..., 3] == layer.rgba[..., 3]).all()
        assert (part[seen] == layer.rgba[seen]).all()


def test_without_clipparse_the_hint_is_the_pip_line(
    stack: LayerStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "clipparse_tools.psd_to_clip", None)
    with pytest.raises(MissingPackageError) as caught:
        write_clip(stack, tmp_path / "a.clip")
    assert caught.value.hint == 'pip install "animelayers[clip]"'
    assert not list(tmp_path.iterdir())


def test_what_clipparse_trips_over_is_one_error(
    stack: LayerStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = pytest.importorskip("clipparse_tools.psd_to_clip")

    def trip(*_: object, **__: object) -> None:
        raise RuntimeError("odd")

    monkeypatch.setattr(tools, "convert", trip)
    with pytest.raises(FormatError, match="odd"):
        write_clip(stack, tmp_path / "a.clip")
    assert not list(tmp_path.iterdir())
