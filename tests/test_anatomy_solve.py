"""A whole anatomy: whatever is said of a picture, its pieces flatten to it; a good guess gives good pieces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import guesses
import numpy as np
import pytest
from drawing import noise, run
from PIL import Image
from samples import sample

from animelayers import decompose, load_picture, max_error
from animelayers.anatomy.guess import PartsGuess
from animelayers.anatomy.lock import locked
from animelayers.anatomy.pieces import Piece
from animelayers.anatomy.solve import exact_parts, parted, seen_depth
from animelayers.errors import ModelError
from animelayers.evaluation.parts import measure_parts
from animelayers.evaluation.prediction import Prediction
from animelayers.evaluation.run import ModelPredictor
from animelayers.models import registry
from animelayers.models.registry import ModelSpec
from animelayers.parts import PART_LABELS, split_part

SIZE = (288, 240)


class Told:
    """A parts model that says what the samples say: of transparent pixels that there is nobody."""

    about: Mapping[str, Any] = {}

    def predict(self, picture, *, seed=0, on_step=None) -> PartsGuess:
        if on_step is not None:
            on_step(1, 1)
        made = sample(size=(picture.height, picture.width))
        person = float(picture.rgba[..., 3].any() and picture.rgba[..., :3].std(axis=(0, 1)).max() > 1)
        return PartsGuess(guesses.oracle(made).looks, person)


TOLD = ModelSpec("told", ("parts",), "test_anatomy_solve:Told", "base", "here@abc", "MIT", "knows the samples")


@pytest.fixture
def told(monkeypatch) -> str:
    monkeypatch.setattr(registry, "MODELS", (TOLD, *registry.MODELS))
    return TOLD.id


@pytest.mark.parametrize("doubt", [0.0, 0.5])
@pytest.mark.parametrize("what", ["picture", "image"])
def test_what_a_model_sees_well_becomes_good_pieces(what, doubt):
    made = sample(size=SIZE)
    source = getattr(made, what)
    stack = exact_parts(source, guesses.oracle(made, noise=doubt))
    assert max_error(stack, source) == 0
    scores = measure_parts(made, Prediction(stack), source).scores
    assert scores["visible.iou"] > (0.6 if doubt else 0.9)
    assert scores["amodal.soft_iou"] > (0.6 if doubt else 0.8)
    assert scores["presence.f1"] > 0.9
    assert stack.names[0] == ("background" if what == "image" else "back hair")


@pytest.mark.parametrize("seed", range(12))
def test_any_guess_of_any_picture_is_exact(seed):
    source = noise(70, 61, seed) if seed % 2 else sample(seed=seed, size=(120, 100)).picture.copy()
    if seed % 4 > 1:
        source[..., 3] = 255
    source[source[..., 3] == 0] = 0
    stack = exact_parts(source, guesses.garbage(source.shape[:2], seed))
    assert max_error(stack, source) == 0
    assert {split_part(name)[0] for name in stack.names} <= {*PART_LABELS, "background"}


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 1), (3, 40)])
def test_smallest_pictures(size):
    for alpha in (0, 7, 255):
        source = np.full((*size, 4), 90, np.uint8)
        source[..., 3] = alpha
        source = load_picture(source).rgba
        for seed in range(3):
            assert max_error(exact_parts(source, guesses.garbage(size, seed)), source) == 0


def test_nonsense_about_real_art_is_exact(examples):
    rgba = load_picture(examples[0]).rgba[:400, :300]
    assert max_error(exact_parts(rgba, guesses.garbage((400, 300), 5)), rgba) == 0


def test_the_same_guess_gives_the_same_layers():
    made = sample(size=SIZE)
    one, other = (exact_parts(made.image, guesses.oracle(made, noise=0.4)) for _ in range(2))
    assert one.names == other.names
    assert all(np.array_equal(a.rgba, b.rgba) for a, b in zip(one, other, strict=True))


def test_where_there_is_nobody_all_is_background():
    made = sample(size=(96, 80))
    guess = PartsGuess(guesses.oracle(made).looks, person=0.2)
    stack = exact_parts(made.image, guess)
    assert stack.names == ("background",)
    assert max_error(stack, made.image) == 0


def test_depth_is_that_of_what_is_seen():
    seen, depth = np.array([[True, False], [True, True]]), np.array([[0.25, 0.5], [0.75, 1.0]], np.float32)
    piece = Piece("face", 1, 2, seen, np.full((2, 2), 255, np.uint8), np.zeros((2, 2, 3), np.uint8), depth)
    assert seen_depth([piece], (4, 4)).tolist() == [[0] * 4, [0, 0, 0.25, 0], [0, 0, 0.75, 1.0], [0] * 4]


def test_decompose_gives_parts(told):
    made = sample(size=SIZE)
    steps = []
    stack = decompose(made.picture, "parts", told, seed=2, on_step=lambda done, of: steps.append((done, of)))
    assert max_error(stack, made.picture) == 0
    assert stack.provenance is not None
    assert (stack.provenance.mode, stack.provenance.model, stack.provenance.revision) == ("parts", "told", "abc")
    assert (stack.provenance.seed, steps) == (2, [(1, 1)])
    assert decompose(made.picture, "parts").names == stack.names


def test_the_command_says_that_there_is_nobody(told, tmp_path, capsys):
    path = tmp_path / "wall.png"
    Image.new("RGB", (40, 30), (90, 120, 90)).save(path)
    code, out, _ = run(capsys, "decompose", path, "--mode", "parts", "--model", told, "--json")
    assert code == 0
    assert "no character" in " ".join(json.loads(out)["notes"])
    assert Path(json.loads(out)["outputs"][0]).exists()


def test_models_are_measured_with_their_depth(told):
    made = sample(size=SIZE)
    answer = ModelPredictor(told, "parts")(made, made.picture.copy(), 0)
    assert answer.stack.names == decompose(made.picture, "parts", told).names
    scores = measure_parts(made, answer, made.picture).scores
    assert scores["flatten.max_error"] == 0
    assert scores["depth.abs_rel"] < 0.3
    pieces = parted(made.picture, guesses.oracle(made))
    assert max_error(locked(pieces, made.picture), made.picture) == 0


def test_one_model_may_have_a_line_for_each_mode(monkeypatch):
    lines = [ModelSpec("two", (mode,), f"m:{mode}", "base", "", "MIT", "") for mode in registry.MODES]
    monkeypatch.setattr(registry, "MODELS", tuple(lines))
    assert [registry.find("two", mode).entry for mode in registry.MODES] == ["m:rendering", "m:parts"]
    monkeypatch.setattr(registry, "MODELS", (lines[0], TOLD))
    with pytest.raises(ModelError, match="two does not do mode parts"):
        registry.find("two", "parts")
