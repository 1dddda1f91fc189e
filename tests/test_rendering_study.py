"""The study in benchmarks/rendering_study, every stage of it on next to nothing."""

import json

import numpy as np
import pytest
from drawing import ROOT
from samples import sample
from studying import command, modules

from animelayers.composite import flatten, max_error
from animelayers.stack import Blend

SIZE = (64, 48)
SETS = {"learnt": [1, 2, 3], "held-out": [4, 5], "watched": [6]}


@pytest.fixture(autouse=True)
def _modules(monkeypatch):
    with modules("rendering_study", monkeypatch):
        yield


@pytest.fixture
def torch():
    torch = pytest.importorskip("torch")
    pytest.importorskip("diffusers")
    pytest.importorskip("accelerate")
    torch.set_num_threads(1)
    return torch


# --- art


def test_groups_are_runs_of_pieces_and_make_the_same_picture():
    import art

    parts = sample(size=(128, 96)).parts
    groups = art.grouped(parts)
    assert tuple(groups) == art.GROUPS
    stack = art.normal(groups)
    assert max_error(stack, flatten(parts)) <= 1, "each group is rounded once"
    back, body, face, front = [*groups.values()]
    at = {layer.name: (layer.top + layer.height // 2, layer.left + layer.width // 2) for layer in parts}
    assert back[at["back hair"]][3] == 255
    assert body[at["topwear"]][3] == 255
    assert body[at["face"]][3] == 0
    assert face[at["mouth"]][3] == 255
    assert front[at["front hair"]][3] == 255
    assert front[at["topwear"]][3] == 0


def test_small_samples_are_exact_and_normal():
    import art

    whole = sample("s", size=(128, 96))
    made = art.small(whole, SIZE)
    assert made.size == SIZE
    assert max_error(made.rendering, made.picture) == 0
    assert {layer.blend for layer in (*made.rendering, *made.parts)} == {Blend.NORMAL}
    assert made.rendering.names == ("flat", "shadow", "highlight", "line")
    assert np.abs(flatten(made.parts).astype(int) - made.picture).mean() < 2
    assert set(art.sheets(made)) == {"picture", *made.rendering.names, *art.GROUPS}


def test_a_trainer_leaves_small_samples_as_they_are():
    """It fits what is visible into the size: here that moves it by a pixel at most, and resizes nothing."""
    import art

    from animelayers.training.artwork import Artwork, window

    made = art.small(sample("s", size=(128, 96)), SIZE)
    top, left, bottom, right = window(Artwork("s", made.picture, {}))
    assert min(SIZE[0] / (bottom - top), SIZE[1] / (right - left)) == 1


def test_styles_that_are_measured_are_never_learnt():
    pytest.importorskip("skia")
    from studies import art

    from animelayers.artist import families

    found = art.sets(art.ArtSettings(learnt=12, held_out=3, watched=2))
    assert [len(seeds) for seeds in found.values()] == [12, 3, 2]
    assert not any(map(families.held_out, found["learnt"]))
    assert all(map(families.held_out, [*found["held-out"], *found["watched"]]))
    assert not set(found["held-out"]) & set(found["watched"])


# --- the autoencoder


def test_flat_convolutions_give_the_same_numbers(torch):
    import autoencoder
    from plan import VaeSettings

    from animelayers.models.qwen_layered import latents

    vae = autoencoder.made(VaeSettings(base_dim=8, channels=4))
    pictures = torch.rand(2, 4, 32, 48) * 2 - 1
    with torch.no_grad():
        code = latents.encode(vae, pictures)
        back = latents.decode(vae, code)
        with autoencoder.still():
            assert torch.allclose(latents.encode(vae, pictures), code, atol=1e-5)
            assert torch.allclose(latents.decode(vae, code), back, atol=1e-5)


def test_errors_of_colour_count_where_it_shows(torch):
    import autoencoder

    true = torch.full((1, 4, 4, 4), -1.0)
    true[:, 3, :, :2] = 1  # the left half shows
    said = true.clone()
    assert all(value == 0 for value in autoencoder.errors(said, true).values())
    said[:, :3, :, 2:] += 0.5
    hidden = autoencoder.errors(said, true)
    assert hidden["colour"].item() == pytest.approx(0.05 * 0.25)
    assert hidden["alpha"] == 0
    assert hidden["edges"] == 0, "what does not show has no edges"
    said = true.clone()
    said[:, :3, :, :2] += 0.5
    assert autoencoder.errors(said, true)["colour"].item() == pytest.approx(0.25)


# --- all of it


STUDY = """
adapter = "configs/study/adapter.toml"
seeds = [0, 1]
precision = "no"
art = { size = [64, 48], learnt = 3, held_out = 2, watched = 1 }
[vae]
base_dim = 8
channels = 4
crop = 32
steps = 3
optimiser = { batch = 2, warm_up = 0 }
report = { held_out = 3, preview = 0 }
[base]
blocks = 2
heads = 1
axes = [8, 4, 4]
prompt = [3, 8]
steps = 2
optimiser = { batch = 2, warm_up = 0 }
report = { held_out = 2, preview = 2, previews = 1, preview_steps = 2 }
[measure]
steps = [2, 3]
sheets = 2
[variants]
full = [STEPS]
contract-a = [STEPS, "adapter.composite=true"]
""".replace("STEPS", '"steps=2", "adapter.rank=2", "optimiser.warm_up=0", "report.held_out=1"')


@pytest.fixture
def study(tmp_path, monkeypatch, torch):
    """Calls the command; the artist draws ellipses."""
    from studies import art

    monkeypatch.setattr(art, "sets", lambda _: SETS)
    monkeypatch.setattr(art, "drawn", lambda seed, size: sample(f"{seed:08d}", seed=seed, size=size))
    return command("rendering_study", STUDY, tmp_path / "rendering.md")


def test_from_the_first_sheet_to_the_page(study, tmp_path):
    """In several calls, each of which leaves off at once: it goes on until the last run is measured."""
    calls = 0
    while not (tmp_path / "study" / "measured" / "contract-a-1.json").exists():
        assert study("--hours", "1e-9") == 0
        calls += 1
        assert calls < 40
    assert calls > 10, "it leaves off after every drawing, every step and every measuring"
    folder, page = tmp_path / "study", (tmp_path / "rendering.md").read_text()
    assert sorted(path.name for path in (folder / "base").iterdir()) == [
        "model_index.json",
        "prompt.safetensors",
        "scheduler",
        "transformer",
        "vae",
    ]
    mean = json.loads((folder / "base" / "vae" / "config.json").read_text())["latents_mean"]
    assert len(mean) == 4
    assert any(mean), "counted"
    assert {path.name for path in (folder / "runs").iterdir()} == {"full-0", "full-1", "contract-a-0", "contract-a-1"}
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `full` | 2")]
    assert len(rows) == 2
    assert all(" ± " in cell for cell in rows[0][2:])
    assert "*true layers through the autoencoder*" in page
    assert "*base, not taught*" in page
    assert page.startswith("before\n")
    assert page.endswith("after\n")
    for name in ("curves", "truth", "ceiling", "full-0", "contract-a-0"):
        assert (tmp_path / f"rendering-{name}.png").stat().st_size > 1000
        assert f"](rendering-{name}.png)" in page

    before = {path: path.stat().st_mtime_ns for path in (folder / "runs").rglob("*.safetensors")}
    assert study() == 0
    assert (tmp_path / "rendering.md").read_text() == page, "nothing is done twice"
    assert {path: path.stat().st_mtime_ns for path in (folder / "runs").rglob("*.safetensors")} == before


def test_another_study_is_not_spoilt(study, capsys):
    assert study("--stage", "art") == 0
    assert study("--stage", "art", "art.first=7") == 1
    assert "another study: art.first differ" in capsys.readouterr().err
    assert study("--stage", "art", "vae.base_dim=16", "seeds=[3]") == 0, "that has not begun"


def test_the_study_that_is_kept_resolves(torch):
    """Every variant of configs/study is a training that could begin, and no two are the same."""
    from plan import Places, Study

    from animelayers.training import settings

    told = settings.load(Study, ROOT / "configs" / "study" / "study.toml")
    import adapters

    runs = list(told.runs)
    assert runs[: len(told.variants)] == [(variant, 0) for variant in told.variants], "one seed after the other"
    found = [adapters.configured(told, Places(ROOT), variant, 0, 5) for variant in told.variants]
    assert len({str(each.identity) for each in found}) == len(found)
    full, plain = (found[list(told.variants).index(name)].losses for name in ("full", "plain"))
    assert (full.line, full.line_norm, full.sparse, full.composition) == (2.5, "l1", 0.08, 1.8)
    assert (plain.line, plain.line_norm, plain.sparse, plain.composition) == (1, "mse", 0, 0)


# --- the page


def test_spreads_are_over_seeds(torch, tmp_path):
    import page
    from plan import Places, Study

    told = Study(adapter="x", variants={"full": (), "other": ()}, seeds=(0, 1), measure={"steps": (5,)})
    places = Places(tmp_path)
    places.measured.mkdir()
    for name, values in {"full-0": (20, 22), "full-1": (23, 25), "other-0": (20, 20), "other-1": (24, 28)}.items():
        samples = {str(number): {"recomposed.psnr": value} for number, value in enumerate(values)}
        (places.measured / f"{name}.json").write_text(json.dumps({"5": samples}))
    results = page.results(told, places, 5)
    row = results.table(("full", "other"), {}, {"none": "nothing"}).splitlines()[2]
    assert row.startswith("| `full` | 2 | 22.50 ± 2.12 | – |")
    *_, row = results.differences(("full", "other")).splitlines()
    assert row.startswith("| `other` | 2 | +0.500 ± 2.12 | – |")


def test_a_chart_has_its_curves(tmp_path):
    from studies import chart

    empty = np.asarray(chart.drawn({}, "nothing"))
    made = np.asarray(chart.drawn({"a": [(0, 1.0), (10, 0.5)], "b": [(0, 1.0), (10, 0.9)], "c": []}, "nothing"))
    red = (made[..., 0] > 180) & (made[..., 1] < 90)
    assert (made.min(axis=2) < 60).sum() > (empty.min(axis=2) < 60).sum() + 500
    assert red.any()
