"""A picture is taken apart by the large model, end to end, on tiny random weights. Skipped without its packages."""

import json

import numpy as np
import pytest
import toy_qwen
from drawing import run

from animelayers.composite import max_error
from animelayers.errors import ModelError, PictureError
from animelayers.models.base import ModelOptions

pytestmark = [
    pytest.mark.usefixtures("diffusion"),
    pytest.mark.filterwarnings("ignore:on a CPU:animelayers.errors.AnimeLayersWarning"),
]


@pytest.fixture(scope="module")
def place(diffusion, tmp_path_factory, torch):
    """A base, and an adapter that says something, with its prompt beside it."""
    from animelayers.models.qwen_layered import prompt

    folder = tmp_path_factory.mktemp("qwen")
    base = toy_qwen.save_base(folder / "base")
    spec = toy_qwen.spec(base=str(base), size=(96, 64))
    toy_qwen.save_adapter(folder / "run", spec)
    prompt.embedding(spec.prompt, base, folder / "run" / prompt.NAME, torch.device("cpu"))
    return folder


@pytest.fixture
def options(place):
    def with_(**changes):
        return ModelOptions(**{"lora": place / "run", "steps": 2, "memory": "float32", **changes})

    return with_


@pytest.fixture
def character(tmp_path):
    """A picture larger than the model's, its figure off the centre, on transparent ground."""
    from PIL import Image

    rgba = np.zeros((150, 140, 4), np.uint8)
    rgba[20:140, 40:120] = (230, 180, 160, 255)
    rgba[20:140:9, 40:120] = (20, 10, 30, 255)
    rgba[60:90, 60:100, :3] //= 2
    path = tmp_path / "char.png"
    Image.fromarray(rgba).save(path)
    return path


def test_the_layers_flatten_to_the_picture_exactly(options, character):
    from animelayers import decompose, load_picture

    told = []
    stack = decompose(character, model="qwen-image-layered", options=options(), on_step=lambda *step: told.append(step))
    assert stack.names == ("flat", "shadow", "highlight", "line")
    assert max_error(stack, load_picture(character).rgba) == 0
    assert told == [(1, 2), (2, 2)]
    made = stack.provenance.options
    assert made["steps"] == 2
    assert made["area"] == 96 * 64
    assert made["lora"].startswith("pytorch_lora_weights.safetensors@")


def test_the_seed_decides_and_so_does_the_adapter(options, character):
    from animelayers import load_picture
    from animelayers.models.qwen_layered.model import QwenLayered

    model, picture = QwenLayered(options()), load_picture(character)
    seen = np.random.default_rng(0).integers(0, 256, (96, 64, 4), np.uint8)
    first, again, other = (model._loaded.sampled(seen, 2, seed, None) for seed in (1, 1, 2))
    assert all((first[name] == again[name]).all() for name in first)
    assert any((first[name] != other[name]).any() for name in first)
    assert model.predict(picture).flat.shape == (150, 140, 3)


def test_what_the_model_sees_is_the_figure_at_its_own_size(options, character, monkeypatch):
    from animelayers import load_picture
    from animelayers.models.qwen_layered.model import QwenLayered

    seen = []

    class Loaded:
        def sampled(self, rgba, steps, seed, on_step):
            seen.append(rgba)
            return {name: rgba.copy() for name in ("flat", "shadow", "highlight", "line")}

    model = QwenLayered(options(size=48))
    model.__dict__["_loaded"] = Loaded()
    guess = model.predict(load_picture(character))
    (shown,) = seen
    assert shown.shape[0] * shown.shape[1] <= 48 * 48
    assert all(side % 16 == 0 for side in shown.shape[:2])
    covered = (shown[..., 3] > 0).any(axis=1)
    assert covered.mean() > 0.8, "the figure fills the canvas"
    assert not guess.line[:10].any(), "there is nothing beyond the figure"


def test_by_command(place, character, capsys, tmp_path):
    words = ["decompose", character, "-o", tmp_path / "out", "--model", "qwen-image-layered", "--lora", place / "run"]
    words += ["--steps", 2, "--memory", "float32", "--json"]
    code, out, err = run(capsys, *words)
    assert code == 0, err
    record = json.loads(out)
    assert (record["max_error"], record["error"]) == (0, None)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["char.psd"]
    _, out, _ = run(capsys, *words, "--resume")
    assert json.loads(out)["skipped"]
    _, out, _ = run(capsys, *words, "--resume", "--seed", 1)
    assert not json.loads(out)["skipped"]


@pytest.mark.parametrize(
    ("words", "what", "hint"),
    [
        (["--model", "qwen-image-layered"], "an adapter teaches it", "--lora RUN"),
        (["--model", "qwen-image-layered", "--lora", "/nowhere"], "there is no adapter", "folder of a finished run"),
        (["--lora", "x"], "model lite takes no lora", "--model qwen-image-layered"),
        (["--speed", "compile"], "model lite takes no speed", "--model qwen-image-layered"),
        (["--model", "classic", "--memory", "nf4"], "takes no memory", "--model qwen-image-layered"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_read(words, what, hint, character, capsys):
    code, out, err = run(capsys, "decompose", character, *words)
    assert (code, out) == (2, "")
    assert what in err
    assert hint in err


def test_missing_weights_fail_the_picture_and_lose_nothing(place, character, capsys, tmp_path):
    words = ["decompose", character, "--model", "qwen-image-layered", "--lora", place / "run", "--offline"]
    for base, what in [(tmp_path / "gone", "there is no file or folder"), (place / "run", "config.json")]:
        code, _, err = run(capsys, *words, "--weights", base)
        assert code == 1
        assert what in err
        assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["char.png"]


def test_a_rung_that_is_not_here_is_refused(options, character):
    from animelayers import decompose

    with pytest.raises(ModelError, match="memory nf4 is not for this device"):
        decompose(character, model="qwen-image-layered", options=options(memory="nf4"))


def test_an_unknown_way_to_be_faster_is_refused(options, character):
    from animelayers import decompose

    with pytest.raises(ModelError, match="unknown attention 'warp'") as caught:
        decompose(character, model="qwen-image-layered", options=options(speed=("warp",)))
    assert "native" in caught.value.hint


def test_skipping_what_steps_repeat_is_recorded(options):
    from animelayers.models.qwen_layered.model import QwenLayered

    plain, cached = QwenLayered(options(steps=12)), QwenLayered(options(steps=12, speed=("taylor-seer",)))
    assert "cache" not in plain.about
    assert cached.about["cache"] == "taylor-seer"
    seen = np.random.default_rng(0).integers(0, 256, (96, 64, 4), np.uint8)
    whole, skipped = (model._loaded.sampled(seen, 12, 0, None) for model in (plain, cached))
    assert any((whole[name] != skipped[name]).any() for name in whole)


def test_a_strip_is_no_picture_for_it(options, tmp_path):
    from PIL import Image

    from animelayers import decompose

    Image.new("RGBA", (4000, 2), (9, 9, 9, 255)).save(tmp_path / "strip.png")
    with pytest.raises(PictureError, match="times as high as wide"):
        decompose(tmp_path / "strip.png", model="qwen-image-layered", options=options())


def test_nothing_to_see_needs_no_weights(options, tmp_path):
    from PIL import Image

    from animelayers import decompose

    Image.new("RGBA", (40, 30)).save(tmp_path / "empty.png")
    stack = decompose(tmp_path / "empty.png", model="qwen-image-layered", options=options(weights="/nowhere"))
    assert not any(layer.rgba.any() for layer in stack)
