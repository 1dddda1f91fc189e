"""An adapter for rendering layers is taught, on tiny random weights. Skipped without the diffusion packages."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import toy_qwen
from drawing import ROOT, script
from samples import sample

from animelayers.data.sets import save_set

pytestmark = pytest.mark.usefixtures("diffusion")


@pytest.fixture(scope="module")
def place(diffusion, tmp_path_factory):
    """A base and art."""
    folder = tmp_path_factory.mktemp("lora")
    toy_qwen.save_base(folder / "base")
    save_set([sample(f"s{seed}", seed=seed, size=(64, 48)) for seed in range(5)], folder / "art", name="art")
    return folder


TOML = """
folder = "{folder}/run"
steps = 4
device = "cpu"
data = {{ path = "{folder}/art", held_out = 1, size = [64, 48], cache = "{folder}/cache" }}
base = {{ weights = "{folder}/base", memory = "float32" }}
adapter = {{ rank = 2 }}
optimiser = {{ batch = 2, warm_up = 0, lr = 1e-2, average = 0.5 }}
report = {{ log = 2, save = 2, held_out = 2, preview = 4, previews = 1, preview_steps = 2 }}
"""


@pytest.fixture
def told(place, tmp_path):
    from animelayers.training.lora import config

    def load(*overrides):
        path = tmp_path / "lora.toml"
        path.write_text(TOML.format(folder=place.as_posix()))
        return config.load(path, [f"folder={tmp_path.as_posix()}/run", *overrides])

    return load


def train(config, say=lambda _: None):
    from accelerate import Accelerator

    from animelayers.training.lora import start

    return start.train(config, Accelerator(cpu=True), say)


def weights(path):
    from safetensors.torch import load_file

    return load_file(path)


# --- terms of the loss


def said(torch, layers=("flat", "shadow", "highlight", "line"), extra=0, seed=0):
    from animelayers.training.layer_losses import Said

    drawn = torch.Generator().manual_seed(seed)
    shape = (2, len(layers) + extra, 3, 4, 6)
    velocity, wanted, noisy = (torch.randn(shape, generator=drawn) for _ in range(3))
    cover = torch.randint(0, 2, (2, len(layers), 4, 6), generator=drawn).float()
    return Said(velocity, wanted, noisy, torch.tensor([0.2, 0.7]), layers, torch.randn(3, 4, 6, generator=drawn), cover)


def test_the_losses_are_those_of_the_paper(torch):
    """Eq. 6–11, written out."""
    from animelayers.training import layer_losses
    from animelayers.training.layer_losses import LossSettings

    given = said(torch)
    v, u = given.velocity, given.wanted
    found = layer_losses.terms(given, LossSettings())
    wanted = {
        "flat": (v[:, 0] - u[:, 0]).pow(2).mean(),
        "shadow": (v[:, 1] - u[:, 1]).pow(2).mean(),
        "highlight": (v[:, 2] - u[:, 2]).pow(2).mean(),
        "line": (v[:, 3] - u[:, 3]).abs().mean(),
        "sparse": (v[:, 1].abs().mean() + v[:, 2].abs().mean()) / 2,
        "composition": (v.sum(1) - u.sum(1)).pow(2).mean(),
    }
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert torch.allclose(found[name], value), name
    one, line, sparse, composition = 1, 2.5, 0.08, 1.8
    total = one * (wanted["flat"] + wanted["shadow"] + wanted["highlight"])
    total += line * wanted["line"] + sparse * wanted["sparse"] + composition * wanted["composition"]
    assert torch.allclose(layer_losses.total(found, LossSettings()), total)


def test_a_composite_counts_apart_and_plain_is_all(torch):
    from animelayers.training import layer_losses
    from animelayers.training.layer_losses import LossSettings

    given = said(torch, extra=1)
    error = given.velocity - given.wanted
    nothing = dict.fromkeys(("line", "flat", "highlight", "shadow", "sparse", "composition"), 0.0)
    found = layer_losses.terms(given, LossSettings(**nothing, plain=1))
    assert found.keys() == {"composite", "plain"}
    assert torch.allclose(found["composite"], error[:, 0].pow(2).mean())
    assert torch.allclose(found["plain"], error.pow(2).mean())


def test_an_empty_layer_that_is_said_to_be_empty_costs_nothing(torch):
    """x̂₀ of the principled sparsity: v̂ = (x_σ − z_empty) / σ means just that."""
    import dataclasses

    from animelayers.training import layer_losses
    from animelayers.training.layer_losses import LossSettings

    given = said(torch)
    velocity = (given.noisy - given.empty) / given.sigma.view(-1, 1, 1, 1, 1)
    empty = dataclasses.replace(given, velocity=velocity)
    settings = LossSettings(sparse_of="layer")
    assert layer_losses.terms(empty, settings)["sparse"].item() == pytest.approx(0, abs=1e-5)
    assert layer_losses.terms(empty, LossSettings())["sparse"].item() > 0.5


def test_where_a_layer_is_empty_its_error_counts_less(torch):
    from animelayers.training import layer_losses
    from animelayers.training.layer_losses import LossSettings

    given = said(torch)
    square = (given.velocity[:, 0] - given.wanted[:, 0]).pow(2)
    weight = 0.1 + 0.9 * given.cover[:, 0][:, None].expand_as(square)
    found = layer_losses.terms(given, LossSettings(uncovered=0.1))
    assert torch.allclose(found["flat"], (square * weight).sum() / weight.sum())


def test_the_clean_picture_comes_back_from_its_velocity(torch):
    from animelayers.training import flow

    clean, noise = torch.randn(2, 5, 3), torch.randn(2, 5, 3)
    sigma = torch.tensor([0.25, 0.9])
    noisy = flow.noised(clean, noise, sigma)
    assert torch.allclose(noisy[0], 0.75 * clean[0] + 0.25 * noise[0])
    assert torch.allclose(flow.cleaned(noisy, noise - clean, sigma), clean, atol=1e-6)


@pytest.mark.parametrize(
    ("density", "shift", "median"), [("uniform", 1, 0.5), ("logit-normal", 1, 0.5), ("uniform", 3, 0.75)]
)
def test_moments_are_drawn_as_told(torch, density, shift, median):
    from animelayers.training import flow

    told = flow.TimeSettings(density=density, shift=shift)
    sigma = flow.drawn(told, 4000, torch.Generator().manual_seed(0))
    assert sigma.median().item() == pytest.approx(median, abs=0.02)
    assert 0 < sigma.min() < sigma.max() < 1
    middle = ((sigma > 0.25) & (sigma < 0.75)).float().mean().item()
    assert middle == pytest.approx(
        {("uniform", 1): 0.5, ("logit-normal", 1): 0.728, ("uniform", 3): 0.4}[density, shift], abs=0.03
    )


# --- the training


def test_a_run_learns_and_leaves_an_adapter(told, place, torch, tmp_path):
    from animelayers.models.qwen_layered import adapter

    lines = []
    config = told("steps=12", "report.save=6", "report.held_out=12", "report.preview=12")
    assert train(config, lines.append)
    spec, tensors = adapter.read(config.folder / adapter.FILE)
    assert (spec.steps, spec.layers, spec.rank, spec.size) == (12, config.adapter.layers, 2, (64, 48))
    assert (spec.blocks, spec.width, spec.composite, spec.place) == (2, 48, False, "hidden")
    assert tensors["lora_lse.embedding"].shape == (4, 48)
    assert (config.folder / "previews" / "000012.png").stat().st_size > 1000
    curve = (config.folder / "curves.csv").read_text().splitlines()
    losses = [float(line.split(",")[3]) for line in curve[1:]]
    assert curve[0].startswith("step,samples,seconds,loss,flat,shadow,highlight,line,sparse,composition")
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    held = (config.folder / "held-out.csv").read_text().splitlines()
    assert len(held) == 3
    assert float(held[2].split(",")[3]) < float(held[1].split(",")[3]), "what was not learnt is known better, too"
    about = json.loads((config.folder / "run.json").read_text())
    assert about["config"]["adapter"]["rank"] == 2
    assert (config.folder / "prompt.safetensors").exists()
    assert any("4 artworks to learn, 1 held out" in line for line in lines)


def test_a_resumed_run_is_the_whole_run_bit_for_bit(told, tmp_path):
    whole = told(f"folder={tmp_path}/whole")
    assert train(whole)
    pieces = told(f"folder={tmp_path}/pieces", "session=1e-9")
    runs = 1
    while not train(pieces):
        runs += 1
    assert runs == 4
    for name in ("pytorch_lora_weights.safetensors", "checkpoints/000004.safetensors"):
        ours, theirs = (weights(run.folder / name) for run in (whole, pieces))
        assert ours.keys() == theirs.keys()
        assert all(ours[key].equal(theirs[key]) for key in ours)


def test_every_weight_gets_a_gradient(place, torch):
    """So several devices never wait for one that is not there."""
    from animelayers.models.qwen_layered import adapter
    from animelayers.models.qwen_layered.frames import velocity

    model, spec = toy_qwen.transformer(), toy_qwen.spec()
    model.requires_grad_(False)
    adapter.insert(model, spec)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.normal_()
    drawn = torch.randn(1, 4, 8, 4, 4)
    velocity(model, drawn, drawn[:, 0], torch.tensor([0.5]), toy_qwen.prompt(), spec.frames).square().mean().backward()
    trained = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
    assert len(trained) == 2 * (8 * 2 - 2) + 1
    assert [name for name, weight in trained if weight.grad is None or not weight.grad.any()] == []


def test_what_is_learnt_depends_on_the_seed_alone(told, tmp_path):
    runs = [
        told(f"folder={tmp_path}/{name}", f"seed={seed}", "steps=1") for name, seed in [("a", 1), ("b", 1), ("c", 2)]
    ]
    for run in runs:
        assert train(run)
    first, again, other = (weights(run.folder / "pytorch_lora_weights.safetensors") for run in runs)
    assert all(first[key].equal(again[key]) for key in first)
    assert any(not first[key].equal(other[key]) for key in first)


def test_another_run_is_not_spoilt(told):
    from animelayers.errors import DataError

    assert train(told("steps=1"))
    with pytest.raises(DataError, match="another run: losses differ"):
        train(told("steps=1", "losses.line=1"))
    assert train(told("steps=1", "report.log=1")), "how often it tells changes nothing"


@pytest.mark.parametrize(
    "contract",
    [
        ["adapter.composite=true"],
        ["adapter.kept_ids=false"],
        ["adapter.place=packed"],
        ["adapter.place=none", "adapter.streams=image"],
    ],
)
def test_every_contract_is_taught(told, contract):
    from animelayers.models.qwen_layered import adapter

    config = told("steps=1", *contract)
    assert train(config)
    spec, tensors = adapter.read(config.folder / adapter.FILE)
    assert spec.composite == config.adapter.composite
    assert ("lora_lse.embedding" in tensors) == (config.adapter.place != "none")


# --- files


def test_the_stock_pipeline_loads_the_adapter_and_means_the_same(told, place, torch):
    """Without the embedding, which it does not know, ours and theirs are one function."""
    from animelayers.models.qwen_layered import adapter
    from animelayers.models.qwen_layered.frames import placed, velocity

    config = told("steps=3")
    train(config)
    spec, tensors = adapter.read(config.folder / adapter.FILE)
    ours, plain = toy_qwen.transformer(), toy_qwen.transformer()
    adapter.load(ours, spec, tensors)
    pipe = toy_qwen.stock(toy_qwen.transformer(), toy_qwen.vae())
    pipe.load_lora_weights(str(config.folder))
    bare = toy_qwen.transformer()
    adapter.load(bare, spec.model_copy(update={"place": None}), tensors)
    drawn = torch.randn(1, 4, 8, 4, 4)

    def say(model):
        with torch.no_grad(), placed(model, spec.frames):
            return velocity(model, drawn, drawn[:, 0], torch.tensor([0.5]), toy_qwen.prompt(), spec.frames)

    assert torch.allclose(say(pipe.transformer), say(bare), atol=1e-6)
    assert not torch.allclose(say(bare), say(plain), atol=1e-4)
    assert not torch.allclose(say(ours), say(bare), atol=1e-4), "the embedding is there"


def test_an_adapter_comes_back_as_it_was(torch, tmp_path):
    from animelayers.models.qwen_layered import adapter

    spec = toy_qwen.spec(steps=7)
    trained = toy_qwen.save_adapter(tmp_path, spec)
    found, tensors = adapter.read(adapter.located(tmp_path))
    assert found == spec
    again = toy_qwen.transformer()
    adapter.load(again, found, tensors)
    back = {name: weight for name, weight in again.named_parameters() if "lora" in name}
    assert back.keys() == trained.keys()
    assert all(back[name].equal(weight) for name, weight in trained.items())


def test_an_adapter_of_another_base_is_refused(torch):
    from animelayers.errors import ModelError
    from animelayers.models.qwen_layered import adapter

    with pytest.raises(ModelError, match="2 blocks of width 48; this base has 3 of 48"):
        adapter.load(toy_qwen.transformer(layers=3), toy_qwen.spec(), {})


@pytest.mark.parametrize("damage", ["text", "cut", "foreign"])
def test_what_is_no_adapter_is_said_to_be_none(tmp_path, torch, damage):
    from safetensors.torch import save_file

    from animelayers.errors import ModelError
    from animelayers.models.qwen_layered import adapter

    path = tmp_path / "a.safetensors"
    save_file({"transformer.x.lora_A.weight": torch.zeros(1)}, path, {"format": "pt"})
    if damage != "foreign":
        path.write_bytes(b"lora" if damage == "text" else path.read_bytes()[:20])
    with pytest.raises(ModelError, match="no adapter for rendering layers") as caught:
        adapter.read(path)
    assert "train/lora.py" in caught.value.hint


# --- the door


FILES = sorted((ROOT / "configs" / "lora").glob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_resolves_and_begins_with_its_command(path):
    from animelayers.training.lora import config

    told = config.load(path)
    assert told.folder == Path("runs") / path.stem
    first = path.read_text("utf-8").splitlines()[0]
    assert first == f"# accelerate launch train/lora.py --config configs/lora/{path.name} data.path=art/"


@pytest.fixture
def door():
    return script("train/lora.py")["main"]


@pytest.fixture
def file(place, tmp_path):
    path = tmp_path / "lora.toml"
    path.write_text(
        TOML.format(folder=place.as_posix()).replace(f"{place.as_posix()}/run", f"{tmp_path.as_posix()}/run")
    )
    return str(path)


def test_a_dry_run_says_everything_and_does_nothing(door, file, capsys, tmp_path):
    assert door(["--config", file, "--dry-run", "steps=100"]) == 0
    out = capsys.readouterr().out
    assert "4 artworks to learn, 1 held out" in out
    assert "50.0 epochs" in out
    assert "float32" in out
    assert not (tmp_path / "run").exists()


def test_errors_are_two_lines(door, file, capsys, tmp_path, place):
    for words, what in [
        (["base.weights=/nowhere/at/all"], "there is no file or folder"),
        (["data.path=/nowhere"], "/nowhere"),
        (["optimiser.lr=fast"], "optimiser.lr"),
        (['adapter.layers=["flat"]'], "layers are"),
        (["data.held_out=5"], "leaves none"),
        (["data.size=[100, 100]"], "data.size"),
    ]:
        assert door(["--config", file, *words]) == 1
        err = capsys.readouterr().err
        assert "error: " in err
        assert what in err
        assert "hint: " in err
        assert not (tmp_path / "run").exists()


def test_bad_art_is_named_and_the_rest_is_learnt(door, file, place, tmp_path, capsys):
    art = tmp_path / "art"
    shutil.copytree(place / "art", art)
    (art / "set.json").unlink()
    (art / "s1" / "picture.png").write_bytes(b"no picture")
    assert door(["--config", file, f"data.path={art}", "steps=1", "report.preview=0"]) == 0
    err = capsys.readouterr().err
    assert "s1" in err
    assert "3 artworks to learn, 1 held out" in err
