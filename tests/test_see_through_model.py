"""`--model see-through`, from the command line to the PSD, with tiny random networks."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import toy_see_through as toy
from drawing import run

from animelayers.composite import max_error

pytestmark = [
    pytest.mark.usefixtures("diffusion"),
    pytest.mark.filterwarnings("ignore:on a CPU:animelayers.errors.AnimeLayersWarning"),
]

SIDE = 64


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    toy.save_parts(folder / "parts")
    toy.save_parts(folder / "older", "v2")
    toy.save_depth(folder / "depth")
    return folder


@pytest.fixture(autouse=True)
def caches(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def picture():
    """Somebody in front of nothing, taller than wide."""
    out = np.zeros((120, 90, 4), np.uint8)
    cv2.circle(out, (45, 30), 20, (240, 200, 180, 255), -1)
    cv2.rectangle(out, (25, 50), (65, 118), (60, 90, 200, 255), -1)
    out[:, :, :3][out[..., 3] == 0] = 77  # hidden colour, which must not matter
    return out


def model(place, parts="parts", **options):
    from animelayers.models.base import ModelOptions
    from animelayers.models.see_through.model import SeeThrough

    told = {"weights": f"{place / parts},{place / 'depth'}", "steps": 2, "size": SIDE, **options}
    return SeeThrough(ModelOptions(**told))


def predicted(chosen, rgba=None, **told):
    from animelayers.picture import load_picture

    return chosen.predict(load_picture(picture() if rgba is None else rgba), **told)


def planes(guess):
    return [plane for look in guess.looks for plane in (look.visible, look.alpha, look.colour, look.depth)]


def test_a_picture_becomes_a_file_that_is_the_picture(capsys, weights, tmp_path):
    source, out = tmp_path / "char.png", tmp_path / "char.psd"
    cv2.imwrite(str(source), cv2.cvtColor(picture(), cv2.COLOR_RGBA2BGRA))
    told = ["--mode", "parts", "--model", "see-through", "--steps", 2, "--size", SIDE, "--json"]
    told += ["--weights", f"{weights / 'parts'},{weights / 'depth'}", "-o", out]
    code, said, error = run(capsys, "decompose", source, *told)
    assert code == 0, error
    assert json.loads(said.splitlines()[-1])["max_error"] == 0
    assert run(capsys, "check", out, "--source", source)[0] == 0


@pytest.mark.parametrize("parts", ["parts", "older"])
def test_the_stack_is_exact_and_says_how_it_was_made(weights, parts):
    from animelayers import decompose
    from animelayers.models.base import ModelOptions

    told = f"{weights / parts},{weights / 'depth'}"
    options = ModelOptions(weights=told, steps=2, size=SIDE, speed=("ode", "drop-absent", "reuse"))
    rgba = picture()
    stack = decompose(rgba, "parts", "see-through", seed=4, options=options)
    assert stack.size == rgba.shape[:2]
    assert max_error(stack, rgba) == 0
    assert stack.provenance.options["speed"] == "ode,drop-absent,reuse"
    assert stack.provenance.seed == 4


def test_a_seed_and_nothing_else_decides(weights):
    import torch

    chosen = model(weights)
    first = planes(predicted(chosen, seed=1))
    torch.manual_seed(77)
    again = planes(predicted(model(weights), seed=1))
    assert all(np.array_equal(*pair) for pair in zip(first, again, strict=True))
    other = planes(predicted(chosen, seed=2))
    assert len(other) != len(first) or not all(np.array_equal(*pair) for pair in zip(first, other, strict=True))


def test_colour_that_nobody_sees_changes_nothing(weights):
    chosen, other = model(weights), picture()
    other[:, :, :3][other[..., 3] == 0] = (255, 0, 90)
    pairs = zip(planes(predicted(chosen)), planes(predicted(chosen, other)), strict=True)
    assert all(np.array_equal(*pair) for pair in pairs)


def test_steps_are_told_as_one_work(weights):
    told = []
    predicted(model(weights), on_step=lambda done, whole: told.append((done, whole)))
    assert [done for done, _ in told[:2]] == [1, 2]
    assert {whole for _, whole in told} == {2 + 2 + 4}
    assert told[-1] == (8, 8)


def test_the_head_is_looked_at_by_itself(weights, monkeypatch):
    from animelayers.models.see_through import model as module

    chosen = model(weights)
    monkeypatch.setattr(module, "head_box", lambda *_: (5.0, 20.0, 55.0, 70.0))
    with_head = predicted(chosen)
    assert [look.tags[0] for look in with_head.looks] == ["front hair", "headwear"]
    assert with_head.looks[1].box == (5, 20, 55, 70)
    assert with_head.looks[1].alpha.shape[1:] == (SIDE, SIDE), "as large as it was made"
    monkeypatch.setattr(module, "head_box", lambda *_: None)
    assert len(predicted(chosen).looks) == 1


def test_an_empty_picture_has_nobody(weights):
    guess = predicted(model(weights), np.zeros((20, 20, 4), np.uint8))
    assert guess.looks == ()
    assert guess.person == 0


def test_words_are_kept_so_that_encoders_are_needed_once(weights, tmp_path):
    parts, depth = (toy_copy(weights / name, tmp_path / name) for name in ("parts", "depth"))
    first = planes(predicted(model(tmp_path)))
    for folder in (*parts.glob("t*e*xt_encoder*"), *parts.glob("tokenizer*"), *depth.glob("text_encoder")):
        remove(folder)
    again = planes(predicted(model(tmp_path)))
    assert all(np.array_equal(*pair) for pair in zip(first, again, strict=True))


def toy_copy(source, target):
    import shutil

    shutil.copytree(source, target)
    return target


def remove(folder):
    import shutil

    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": 100}, r"size 100 is no multiple of 64"),
        ({"weights": "a,b,c"}, r"two were wanted"),
        ({"speed": ("ode", "sage")}, r"no way to be faster called sage"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(weights, options, said):
    from animelayers.errors import ModelError

    with pytest.raises(ModelError, match=said):
        model(weights, **options)


@pytest.mark.parametrize(
    ("weights_told", "said"),
    [
        ("nowhere/at/all", "there is no file or folder"),
        ("{depth},{depth}", "sees 12 channels, so it is one of depth; wanted 8 of parts"),
        ("{parts},{parts}", "sees 8 channels, so it is one of parts; wanted 12 of depth"),
    ],
)
def test_foreign_weights_are_told_apart(capsys, weights, tmp_path, weights_told, said):
    source = tmp_path / "char.png"
    cv2.imwrite(str(source), cv2.cvtColor(picture(), cv2.COLOR_RGBA2BGRA))
    told = weights_told.format(parts=weights / "parts", depth=weights / "depth")
    options = ("--mode", "parts", "--model", "see-through", "--weights", told, "--size", SIDE)
    code, _, error = run(capsys, "decompose", source, *options)
    assert code in (1, 2)
    assert said in " ".join(error.split())
    assert "Traceback" not in error
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix) == ["char.png"]
