"""The networks of parts are taught, on tiny random weights. Skipped without the diffusion packages."""

import csv
import json
import shutil
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import toy_see_through as toy
from drawing import ROOT, script
from samples import sample

from animelayers.data.sets import save_set
from animelayers.parts import PART_LABELS

pytestmark = pytest.mark.usefixtures("diffusion")

TAGS = (*PART_LABELS, "head")

STOCK = {
    "sample_size": 8,
    "in_channels": 4,
    "out_channels": 4,
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"],
    "block_out_channels": [8, 16],
    "layers_per_block": 1,
    "attention_head_dim": [1, 2],
    "transformer_layers_per_block": [1, 2],
    "norm_num_groups": 8,
    "cross_attention_dim": sum(toy.WIDTHS),
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 8,
    "projection_class_embeddings_input_dim": toy.POOLED + 6 * 8,
}
"""SDXL's UNet in small."""


@pytest.fixture(scope="module")
def place(diffusion, tmp_path_factory):
    """A base, sizes of a UNet, and art."""
    folder = tmp_path_factory.mktemp("parts")
    toy.save_parts(folder / "base")
    (folder / "unet.json").write_text(json.dumps(STOCK))
    save_set([sample(f"s{seed}", seed=seed, size=(64, 52)) for seed in range(3)], folder / "art", name="art")
    return folder


TOML = """
folder = "{folder}/run"
stage = 1
steps = 3
device = "cpu"
precision = "float32"
stored = "float32"
data = {{ path = "{folder}/art", held_out = 1, side = 64, cache = "{folder}/cache" }}
base = {{ weights = "{folder}/base" }}
optimiser = {{ batch = 2, warm_up = 0, lr = 2e-3, average = 0.5 }}
report = {{ log = 2, save = 2, held_out = 0, preview = 0, previews = 1, preview_steps = 2 }}
"""


def loaded(place, folder, *overrides):
    """A configuration of a run in `folder`; it begins with random weights, unless told otherwise."""
    from animelayers.training.parts import config

    path = folder / "parts.toml"
    path.write_text(TOML.format(folder=place.as_posix()))
    begin = [] if any(each.startswith("base.unet") for each in overrides) else [f"base.config={place}/unet.json"]
    return config.load(path, [f"folder={folder.as_posix()}/run", *begin, *overrides])


@pytest.fixture
def told(place, tmp_path):
    return partial(loaded, place, tmp_path)


def train(config, say=lambda _: None):
    from accelerate import Accelerator

    from animelayers.training.parts import start

    return start.train(config, Accelerator(cpu=True), say)


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def weights(folder):
    from safetensors.torch import load_file

    return load_file(folder / "unet" / "diffusion_pytorch_model.safetensors")


@pytest.fixture(scope="module")
def learnt(place, tmp_path_factory):
    """A run of stage 1, and one of stage 2 that begins with it."""
    folder = tmp_path_factory.mktemp("learnt")
    often = ["steps=10", "report.save=5", "report.held_out=5", "report.preview=10"]
    for stage, begin in ((1, []), (2, [f"base.unet={folder.as_posix()}/1"])):
        assert train(loaded(place, folder, f"folder={folder.as_posix()}/{stage}", f"stage={stage}", *often, *begin))
    return folder


def latents_of(place, folder, **changes):
    """Latents of the art, and the keys of both groups."""
    import torch

    from animelayers.models.see_through import loading
    from animelayers.training.parts.latents import PartsLatents, Recipe, keys
    from animelayers.training.parts_art import open_parts, survey

    art = open_parts(place / "art")
    wanted = [keys(survey(art, TAGS).usable, group) for group in (0, 1)]
    found = PartsLatents(folder, Recipe(**{"side": 64, "vae": "toy", **changes}))
    cpu = torch.device("cpu")
    networks = loading.load_vae(place / "base", cpu), loading.load_transparency(place / "base", cpu)
    networks = networks if "transparency" in changes else (networks[0], None)
    found.fill([*wanted[0], *wanted[1]], art, lambda: networks)
    return art, found, wanted, networks


def drawn_words(count, seed=0):
    import torch

    from animelayers.models.see_through.unet import Words

    drawn = torch.Generator().manual_seed(seed)
    tokens = torch.randn(count, 5, STOCK["cross_attention_dim"], generator=drawn)
    return Words(tokens, torch.randn(count, toy.POOLED, generator=drawn))


def network(stage, seed=0):
    """With random weights, those included that begin at 0."""
    import torch

    from animelayers.training.parts.networks import Beginning

    torch.manual_seed(seed)
    made = Beginning(None, STOCK, stage).network()
    with torch.no_grad():
        for weight in made.parameters():
            if not weight.any():
                weight.normal_(std=0.1)
    return made


# --- noise


def test_noise_and_velocity_are_two_views_of_one_thing(torch):
    from animelayers.training import ddpm

    clean, noise = torch.randn(2, 4, 3), torch.randn(2, 4, 3)
    kept = torch.tensor([0.25, 0.91])
    noisy = ddpm.noised(clean, noise, kept)
    assert torch.allclose(noisy[0], 0.5 * clean[0] + 0.75**0.5 * noise[0])
    assert ddpm.wanted(clean, noise, kept, "epsilon") is noise
    velocity = ddpm.wanted(clean, noise, kept, "v_prediction")
    share = kept.view(2, 1, 1)
    assert torch.allclose(share.sqrt() * noisy - (1 - share).sqrt() * velocity, clean, atol=1e-6)
    assert torch.allclose((1 - share).sqrt() * noisy + share.sqrt() * velocity, noise, atol=1e-6)


def test_clear_pictures_count_no_more_than_gamma_allows(torch):
    from animelayers.training import ddpm

    kept = torch.tensor([0.5, 5 / 6, 0.99])  # signal to noise 1, 5, 99
    assert ddpm.min_snr(kept, 5).tolist() == pytest.approx([1, 1, 5 / 99], rel=1e-5)
    assert ddpm.min_snr(kept, float("inf")).tolist() == [1, 1, 1]


def test_frames_begin_at_one_noise_or_each_at_its_own(torch):
    from animelayers.training.parts.task import noise

    for shared in (True, False):
        found = noise((2, 3, 4, 5, 5), torch.Generator().manual_seed(0), shared=shared)
        assert found.shape == (2, 3, 4, 5, 5)
        assert torch.equal(found[:, 0], found[:, 1]) == shared
        assert not torch.equal(found[0], found[1])


# --- networks


def test_a_new_entrance_says_nothing_yet(torch):
    from diffusers import UNet2DConditionModel

    from animelayers.training.parts.networks import OneByOne, widened

    torch.manual_seed(0)
    stock = UNet2DConditionModel.from_config(STOCK).eval()
    noisy, page, words = torch.randn(2, 1, 4, 8, 8), torch.randn(2, 4, 8, 8), drawn_words(2)
    time, ids = torch.tensor([3, 700]), torch.tensor([[64.0, 64, 0, 0, 64, 64]] * 2)
    added = {"text_embeds": words.pooled, "time_ids": ids}
    with torch.no_grad():
        before = stock(noisy[:, 0], time, words.tokens, added_cond_kwargs=added).sample
        assert stock.conv_in.in_channels == 4
        after = OneByOne(widened(stock))(noisy, page, time, words, 0)[:, 0]
    assert stock.conv_in.in_channels == stock.config.in_channels == 8
    assert torch.allclose(after, before, atol=1e-6)
    assert widened(stock) is stock


@pytest.mark.parametrize("group", [0, 1])
def test_stage_2_begins_as_stage_1_ended(torch, group):
    from animelayers.models.see_through.unet import with_part_axis
    from animelayers.training.parts.latents import GROUPS
    from animelayers.training.parts.networks import Together

    one = network(1).eval()
    both = Together(with_part_axis(one.unet, [len(each.tags) for each in GROUPS], "v3")).eval()
    count = len(GROUPS[group].tags)
    noisy, page, words = torch.randn(2, count, 4, 8, 8), torch.randn(2, 4, 8, 8), drawn_words(count)
    time = torch.tensor([10, 800])
    with torch.no_grad():
        together = both(noisy, page, time, words, group)
        alone = torch.stack(
            [one(noisy[at : at + 1], page[at : at + 1], time[at : at + 1], words, group)[0] for at in (0, 1)]
        )
    assert torch.allclose(together, alone, atol=1e-5)
    assert together.std() > 0.01


@pytest.mark.parametrize("stage", [1, 2])
def test_every_weight_gets_a_gradient_at_every_step(torch, stage):
    """So several devices never wait for one that is not there; of the other group's embeddings it is 0."""
    for group, count in ((0, 13), (1, 11)) if stage == 2 else ((0, 3),):
        made = network(stage).train()
        noisy, page = torch.randn(1, count, 4, 8, 8), torch.randn(1, 4, 8, 8)
        made(noisy, page, torch.tensor([5]), drawn_words(count), group).square().mean().backward()
        assert [name for name, weight in made.named_parameters() if weight.grad is None] == []
        still = {name.split(".")[2] for name, weight in made.named_parameters() if not weight.grad.any()}
        assert still == ({str(1 - group)} if stage == 2 else set())


def test_computing_blocks_again_changes_nothing(torch):
    found = []
    for again in (False, True):
        made = network(2).train()
        if again:
            made.unet.enable_gradient_checkpointing()
        torch.manual_seed(1)
        noisy, page = torch.randn(1, 11, 4, 8, 8), torch.randn(1, 4, 8, 8)
        made(noisy, page, torch.tensor([5]), drawn_words(11), 1).square().mean().backward()
        found.append([weight.grad for weight in made.parameters()])
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(*found, strict=True))


@pytest.mark.parametrize("trained", ["all", "attention", "part-axis"])
def test_what_is_taught_can_be_chosen(torch, trained):
    from animelayers.training.parts.networks import choose

    made = network(2)
    choose(made, trained)
    names = [name for name, weight in made.named_parameters() if weight.requires_grad]
    assert ("unet.conv_in.weight" in names) == (trained == "all")
    assert any(".transformer_blocks.0.attn2." in name for name in names) == (trained != "part-axis")
    assert any(".temporal_transformer_blocks." in name for name in names)
    assert any(name.startswith("unet.group_embeds2.1") for name in names)


def test_what_a_stage_cannot_begin_with_is_said(torch, place, tmp_path):
    from diffusers import UNet2DConditionModel

    from animelayers.errors import ModelError
    from animelayers.training.parts.networks import Beginning

    UNet2DConditionModel.from_config(STOCK).save_pretrained(tmp_path / "unet")
    (tmp_path / "other" / "unet").mkdir(parents=True)
    (tmp_path / "other" / "unet" / "config.json").write_text('{"_class_name": "FluxTransformer2DModel"}')
    for folder, stage, what in (
        (tmp_path, 2, "does not see the page"),
        (place / "base", 1, "which is stage 2"),
        (tmp_path / "other", 1, "one of FluxTransformer2DModel"),
        (tmp_path / "none", 1, "there is no"),
    ):
        with pytest.raises(ModelError, match=what) as caught:
            Beginning.of(folder, None, stage)
        assert caught.value.hint
    assert Beginning.of(tmp_path, None, 1).network().unet.conv_in.in_channels == 8
    assert Beginning.of(place / "base", None, 2).outline().unet.device.type == "meta"


# --- latents


def test_latents_are_those_of_whole_parts(torch, place, tmp_path):
    from animelayers.models.see_through import pictures
    from animelayers.training.parts.latents import EMPTY, GROUPS, shown

    art, found, wanted, (vae, transparency) = latents_of(place, tmp_path, transparency="toy")
    for key in (wanted[0][0], replace(wanted[1][1], mirrored=True)):
        found.fill([key], art, lambda: (vae, transparency))
        view, entry = shown(art[key.index], key, 64), found.read(key)
        assert torch.equal(entry.page, pictures.page_latent(vae, view.page))
        assert len(entry.frames) == len(GROUPS[key.group].tags)
        for at, rgba in enumerate(view.frames(GROUPS[key.group].tags)):
            argb = pictures.argb(rgba)[None]
            assert torch.equal(entry.frames[at], pictures.part_target(vae, argb)[0])
            assert torch.equal(entry.hinted[at], pictures.part_target(vae, argb, offset=transparency)[0])
    there = found.files.read(wanted[0][0])["places"].tolist()
    assert [GROUPS[0].tags[at] for at in there] == ["front hair", "back hair", "head", "neck", "topwear", "handwear"]
    assert len(list(tmp_path.iterdir())) == 2 * 3 + 1 + 1
    assert found.files.missing([EMPTY, *wanted[0], *wanted[1]]) == []


def test_without_an_encoder_nothing_is_hidden_in_latents(torch, place, tmp_path):
    _, found, wanted, _ = latents_of(place, tmp_path)
    entry = found.read(wanted[0][0])
    assert torch.equal(entry.frames, entry.hinted)


def test_whatever_changes_is_another_file(torch, tmp_path):
    from animelayers.training.parts.latents import Key, PartsLatents, Recipe

    key, recipe = Key(0, "digest"), Recipe(64, "vae")
    changes = [{"side": 128}, {"vae": "other"}, {"transparency": "some"}, {"dtype": torch.bfloat16}]
    paths = [PartsLatents(tmp_path, replace(recipe, **change)).files.path(key) for change in changes]
    others = [key, replace(key, group=1), replace(key, mirrored=True), replace(key, digest="other")]
    paths += [PartsLatents(tmp_path, recipe).files.path(other) for other in others]
    assert len(set(paths)) == 8
    assert PartsLatents(tmp_path, recipe).files.path(replace(key, index=5)) == paths[4]


# --- what is drawn


def pages(count, headless=()):
    from animelayers.training.parts.latents import Key

    return [Key(at, str(at)) for at in range(count)], [Key(at, str(at), 1) for at in range(count) if at not in headless]


def test_bodies_and_heads_take_turns(told):
    from animelayers.training.parts.draws import together

    draw = together(pages(4, headless={3}), told("data.flip=0.0"))
    found = [draw(number, 0, 1) for number in range(16)]
    assert [batch[0].key.group for batch in found] == [0, 1] * 8
    assert all(len({each.key.group for each in batch}) == 1 for batch in found)
    assert all(each.frames == tuple(range(13 if each.key.group == 0 else 11)) for batch in found for each in batch)
    bodies = [each.key.index for batch in found[::2] for each in batch]
    assert sorted(bodies[:4]) == sorted(bodies[4:8]) == [0, 1, 2, 3]
    assert {each.key.index for batch in found[1::2] for each in batch} == {0, 1, 2}
    assert draw(7, 0, 1) == found[7], "of the draw alone"
    assert [draw(number, rank, 2) for number in (0, 2) for rank in (0, 1)] == found[:8:2]


def test_one_part_at_a_time_is_any_part(told):
    from animelayers.training.parts.draws import one_by_one

    draw = one_by_one(pages(2, headless={1}), told())
    found = [each for number in range(300) for each in draw(number, 0, 1)]
    assert all(len(each.frames) == 1 for each in found)
    for index, count in ((0, 24), (1, 13)):
        seen = Counter((each.key.group, each.frames) for each in found if each.key.index == index)
        assert len(seen) == count
        assert max(seen.values()) < 4 * 300 / count
    assert {each.key.mirrored for each in found} == {False, True}
    assert [draw(3, rank, 2) for rank in (0, 1)] == [draw(6, 0, 1), draw(7, 0, 1)]


# --- the training


@pytest.mark.parametrize("stage", [1, 2])
def test_a_run_learns(learnt, stage):
    folder = learnt / str(stage)
    curve, held = table(folder / "curves.csv"), table(folder / "held-out.csv")
    assert list(curve[0])[3:5] == ["loss", "noise"]
    assert np.mean([float(row["noise"]) for row in curve[-3:]]) < np.mean([float(row["noise"]) for row in curve[:3]])
    assert list(held[0])[3:] == ["noise", "body", "head", *(f"level {level}" for level in (100, 300, 500, 700, 900))]
    for name in list(held[0])[3:]:
        assert float(held[0][name]) > float(held[1][name]) > float(held[2][name]), "what was not learnt is known better"
    assert (folder / "previews" / "000010.png").stat().st_size > 5000
    assert json.loads((folder / "run.json").read_text())["config"]["stage"] == stage


def test_stage_2_goes_on_where_stage_1_ended(learnt):
    last, first = (table(learnt / stage / "held-out.csv")[at] for stage, at in (("1", -1), ("2", 0)))
    for name in ("noise", "body", "head", "level 100"):
        assert float(first[name]) == pytest.approx(float(last[name]), abs=1e-4), name


def test_a_run_of_stage_1_is_a_stock_unet(learnt):
    from diffusers import UNet2DConditionModel

    unet = UNet2DConditionModel.from_pretrained(learnt / "1" / "unet")
    assert unet.config.in_channels == 8


def test_a_run_of_stage_2_is_a_whole_model_of_parts(learnt, torch):
    from animelayers.models.see_through import conditioning, loading

    folder, cpu = learnt / "2", torch.device("cpu")
    assert loading.version_of(folder) == "v3"
    unet = loading.load_unet(folder, "float32", cpu)
    assert all(tensor.equal(unet.state_dict()[name]) for name, tensor in weights(folder).items())
    assert conditioning.kept(folder, TAGS, None).tokens.shape == (24, toy.LENGTH, sum(toy.WIDTHS))
    loading.load_vae(folder, cpu)
    loading.load_transparency(folder, cpu)


@pytest.mark.parametrize("stage", [1, 2])
def test_a_resumed_run_is_the_whole_run_bit_for_bit(told, tmp_path, stage):
    whole = told(f"stage={stage}", f"folder={tmp_path}/whole")
    assert train(whole)
    pieces = told(f"stage={stage}", f"folder={tmp_path}/pieces", "session=1e-9")
    runs = 1
    while not train(pieces):
        runs += 1
    assert runs == 3
    ours, theirs = weights(whole.folder), weights(pieces.folder)
    assert ours.keys() == theirs.keys()
    assert all(ours[name].equal(theirs[name]) for name in ours)


def test_what_is_not_taught_stays_and_is_in_the_result(told, learnt):
    config = told(
        "stage=2", "steps=2", f"base.unet={learnt}/2", "trained=part-axis", "noise=shared", "base.checkpointing=false"
    )
    assert train(config)
    before, after = weights(learnt / "2"), weights(config.folder)
    assert before.keys() == after.keys()
    for name, tensor in after.items():
        new = "temporal_transformer_blocks" in name or name.startswith("group_embeds")
        assert new or tensor.equal(before[name]), name
    assert any(not after[name].equal(before[name]) for name in after)


@pytest.fixture
def launcher(diffusion):
    """What accelerate notes of a process, as if nothing had run in it."""
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def test_half_precision_is_learnt_and_written_where_asked_for(told, torch, launcher):
    from animelayers.training.devices import accelerator
    from animelayers.training.parts import start

    config = told("stage=2", "steps=1", "precision=bf16", "stored=bf16")
    assert start.train(config, accelerator("cpu", "bf16"), lambda _: None)
    found = weights(config.folder)
    assert {tensor.dtype for tensor in found.values()} == {torch.bfloat16}
    assert all(tensor.isfinite().all() for tensor in found.values())


def test_another_run_is_not_spoilt(told):
    from animelayers.errors import DataError

    assert train(told("steps=1"))
    with pytest.raises(DataError, match="another run: gamma differ"):
        train(told("steps=1", "gamma=inf"))


# --- the door


FILES = sorted((ROOT / "configs" / "parts").glob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_resolves_and_begins_with_its_command(path):
    from animelayers.training.parts import config

    told = config.load(path)
    assert told.folder == Path("runs") / f"parts-{path.stem}"
    first = path.read_text("utf-8").splitlines()[0]
    command = f"train/parts.py --stage {told.stage} --config configs/parts/{path.name} data.path=art/"
    assert first == f"# accelerate launch {command}"


@pytest.fixture
def door():
    return script("train/parts.py")["main"]


@pytest.fixture
def file(told, tmp_path, place):
    told()
    path = tmp_path / "parts.toml"
    path.write_text(
        path.read_text()
        .replace(f"{place.as_posix()}/run", f"{tmp_path.as_posix()}/run")
        .replace('/base" }', f'/base", config = "{place.as_posix()}/unet.json" }}')
    )
    return str(path)


def test_a_dry_run_says_everything_and_does_nothing(door, file, capsys, tmp_path):
    assert door(["--stage", "1", "--config", file, "--dry-run", "steps=100"]) == 0
    out = capsys.readouterr().out
    assert "2 pictures to learn, 2 of them with a head; 1 held out" in out
    assert "one part at a time" in out
    assert "100.0 epochs" in out
    assert "GB of memory, by count: weights" in out
    assert not (tmp_path / "run").exists()


def test_errors_are_two_lines(door, file, capsys, tmp_path):
    for words, what in [
        (["--stage", "2"], "is for stage 1, not for 2"),
        (["--stage", "1", "base.weights=/nowhere/at/all"], "there is no file or folder"),
        (["--stage", "1", "data.path=/nowhere"], "/nowhere"),
        (["--stage", "1", "optimiser.lr=fast"], "optimiser.lr"),
        (["--stage", "1", "data.held_out=3"], "leaves none"),
        (["--stage", "1", "data.side=100"], "data.side"),
        (["--stage", "1", "base.unet=x"], "give one of unet and config"),
    ]:
        assert door(["--config", file, *words]) == (2 if "stage" in what else 1)
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
    assert door(["--stage", "1", "--config", file, f"data.path={art}", "steps=1"]) == 0
    err = capsys.readouterr().err
    assert "s1" in err
    assert "1 pictures to learn" in err


def test_what_is_too_large_is_refused_before_it_is_loaded(torch):
    from accelerate import Accelerator

    from animelayers.errors import ModelError
    from animelayers.training.settings import OptimiserSettings
    from animelayers.training.trainable import Need

    layer = torch.nn.Linear(1000, 1000, bias=False)
    frozen = torch.nn.Linear(1000, 1000, bias=False).requires_grad_(False)
    both = torch.nn.Sequential(layer, frozen)
    need = Need.of(both, OptimiserSettings(average=0.9), 7, Accelerator(cpu=True))
    assert (need.weights, need.states, need.activations) == (8_000_000, 16_000_000, 7)
    assert Need.of(both, OptimiserSettings(name="adamw8bit"), 7, Accelerator(cpu=True)).states == 6_000_000
    need.check(26_000_000)
    with pytest.raises(ModelError, match="does not fit") as caught:
        need.check(25_000_000)
    assert "adamw8bit" in caught.value.hint
