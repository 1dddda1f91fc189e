"""The Python door: what goes in, what comes out, how it was made."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import animelayers
from animelayers import Picture, decompose, load_picture, max_error
from animelayers.errors import MissingPackageError, ModelError, PictureError
from animelayers.models import registry
from animelayers.models.registry import MODELS, MODES, ModelSpec


def drawing(height: int = 40, width: int = 30) -> np.ndarray:
    """A red square with a black outline on a transparent canvas, half of it in shade."""
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[6:34, 5:25] = (0, 0, 0, 255)
    rgba[8:32, 7:23] = (220, 40, 50, 255)
    rgba[20:32, 7:23] = (160, 20, 40, 255)
    return rgba


def test_four_layers_that_flatten_to_the_picture():
    rgba = drawing()
    stack = decompose(rgba)
    assert stack.names == ("flat", "shadow", "highlight", "line")
    assert stack.size == (40, 30)
    assert max_error(stack, rgba) == 0


def test_real_art_is_exact(examples):
    picture = load_picture(examples[0])
    assert max_error(decompose(picture), picture.rgba) == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 1)])
def test_smallest_pictures(size):
    for alpha in (0, 7, 255):
        rgba = np.full((*size, 4), 90, np.uint8)
        rgba[..., 3] = alpha
        picture = load_picture(rgba)
        assert max_error(decompose(picture), picture.rgba) == 0


def test_what_can_be_given(tmp_path):
    rgba = drawing()
    from PIL import Image

    path = tmp_path / "square.png"
    Image.fromarray(rgba).save(path)
    stacks = [decompose(given) for given in (rgba, path, str(path), path.read_bytes(), load_picture(path))]
    for stack in stacks[1:]:
        for one, other in zip(stack, stacks[0], strict=True):
            assert np.array_equal(one.rgba, other.rgba)


def test_provenance_says_how_to_make_it_again(tmp_path):
    picture = Picture(drawing(), "square.png", "ab" * 32, ())
    made = decompose(picture, model="classic", seed=7).provenance
    assert made is not None
    assert made.as_dict() == {
        "mode": "rendering",
        "model": "classic",
        "version": animelayers.__version__,
        "source_sha256": "ab" * 32,
        "source_name": "square.png",
        "revision": "",
        "seed": 7,
        "options": {},
    }


def test_the_same_picture_gives_the_same_layers(examples):
    one, other = (decompose(examples[1]) for _ in range(2))
    assert all(np.array_equal(a.rgba, b.rgba) for a, b in zip(one, other, strict=True))


def test_steps_are_reported_up_to_the_last():
    seen: list[tuple[int, int]] = []
    decompose(drawing(), on_step=lambda done, of: seen.append((done, of)))
    assert seen
    assert seen[-1][0] == seen[-1][1]


def test_on_step_can_end_the_work():
    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        decompose(drawing(), on_step=stop)


@pytest.mark.parametrize("mode", MODES)
def test_the_embedded_model_is_the_default(mode):
    assert registry.find(None, mode).id == "lite"


@pytest.mark.parametrize(
    ("model", "mode", "message", "hint"),
    [
        ("clasic", "rendering", "unknown model", "did you mean classic"),
        ("zzz", "rendering", "unknown model", "animelayers models"),
        ("classic", "parts", "does not do", "--model lite"),
        (None, "layers", "unknown mode", "rendering, parts, depth"),
    ],
)
def test_wrong_models(model, mode, message, hint):
    with pytest.raises(ModelError, match=message) as caught:
        registry.find(model, mode)
    assert hint in caught.value.hint


def test_a_misspelt_model_is_told_before_the_picture_is_read():
    with pytest.raises(ModelError):
        decompose("/nowhere/char.png", model="clasic")
    with pytest.raises(PictureError):
        decompose("/nowhere/char.png")


@pytest.mark.parametrize("spec", MODELS, ids=lambda spec: f"{spec.id}-{spec.modes[0]}")
def test_every_model_of_the_table_is_there(spec):
    assert spec.modes
    assert set(spec.modes) <= set(registry.TASKS)
    assert spec.licence
    assert spec.note
    if spec.ring == "base":
        assert callable(registry.load(spec).predict)
        assert registry.load(spec) is registry.load(spec)
    assert registry.find(spec.id, spec.modes[0]) is spec


def test_one_line_does_a_mode_by_that_name():
    lines = [(spec.id, mode) for spec in MODELS for mode in spec.modes]
    assert len(set(lines)) == len(lines)


def test_a_missing_package_names_the_pip_line():
    spec = ModelSpec("big", ("rendering",), "no_such_package.models:Big", "diffusion", "", "MIT", "made up")
    with pytest.raises(MissingPackageError, match="no_such_package") as caught:
        registry.load(spec)
    assert caught.value.hint == 'pip install "animelayers[diffusion]"'


def test_a_broken_model_of_the_base_ring_is_a_bug():
    spec = ModelSpec("broken", ("rendering",), "no_such_package:Model", "base", "", "MIT", "made up")
    with pytest.raises(ModuleNotFoundError):
        registry.load(spec)


@pytest.mark.parametrize(
    "program",
    [
        "from animelayers import decompose; import animelayers.decompose; import animelayers",
        "import animelayers.decompose; from animelayers import decompose; import animelayers",
        "from animelayers.decompose import decompose; import animelayers",
        "import animelayers.cli.decompose, animelayers; from animelayers import decompose",
    ],
)
def test_the_function_wins_over_the_module_of_its_name(program):
    program += "; assert callable(decompose) and animelayers.decompose is decompose"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_public_name_is_there():
    for name in animelayers.__all__:
        assert getattr(animelayers, name) is not None
    assert set(animelayers.__all__) <= set(dir(animelayers))
    with pytest.raises(AttributeError, match="no attribute 'decompos'"):
        animelayers.decompos  # noqa: B018
