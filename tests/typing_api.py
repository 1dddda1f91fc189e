"""Never run: `mypy tests/typing_api.py` reads it as a user's program, and every wrong line must be an error."""

from pathlib import Path
from typing import assert_type

from animelayers import Layer, LayerStack, Picture, Preset, decompose, load_picture, load_stack, save, separate


def three_lines() -> None:
    picture = load_picture("char.png")
    stack = decompose(picture)
    written = save(stack, "char.psd")
    assert_type(picture, Picture)
    assert_type(stack, LayerStack)
    assert_type(written, Path)


def more() -> None:
    stack = decompose(Path("char.png"), "rendering", "classic", seed=1, on_step=lambda done, of: None)
    assert_type(stack["line"], Layer)
    assert_type(load_stack("char.psd"), LayerStack)
    assert_type(separate("char.png", stack, "classic", seed=1), LayerStack)
    save(stack, Path("char.ora"), names=Preset.LIVE2D_JA, source=load_picture(b"").rgba)


def wrong() -> None:
    decompose("char.png", "painting")  # type: ignore[arg-type]
    decompose("char.png", "rendering", None, 1)  # type: ignore[call-arg]
    decompose("char.png").layers = ()  # type: ignore[misc]
    save("char.png", "char.psd")  # type: ignore[arg-type]
