"""The table of formats: endings, names, errors that say what there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from drawing import noise

from animelayers.errors import FormatError
from animelayers.handoff import load_stack, save
from animelayers.stack import Layer, LayerStack


@pytest.fixture
def stack() -> LayerStack:
    return LayerStack(9, 7, (Layer("flat", noise(9, 7)), Layer("line", noise(4, 4, 1), top=2)))


def test_an_unknown_ending_lists_the_known_ones(stack: LayerStack, tmp_path: Path) -> None:
    for name in ("a.gif", "a"):
        with pytest.raises(FormatError, match=r"ending") as caught:
            save(stack, tmp_path / name)
        assert ".psd .psb .ora .clip .html" in caught.value.hint
    with pytest.raises(FormatError, match="'tiff'"):
        save(stack, tmp_path / "a.psd", format="tiff")
    with pytest.raises(FormatError, match="names"):
        save(stack, tmp_path / "a.psd", names="klingon")
    with pytest.raises(FormatError, match="written, not read"):
        load_stack(tmp_path / "a.html")
    assert not list(tmp_path.iterdir())


def test_a_format_name_beats_the_ending(stack: LayerStack, tmp_path: Path) -> None:
    assert save(stack, str(tmp_path / "layers.bin"), format="psd", names="en") == tmp_path / "layers.bin"
    assert (tmp_path / "layers.bin").read_bytes()[:4] == b"8BPS"
