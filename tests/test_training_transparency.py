"""A transparency decoder is taught, on tiny random weights. Skipped without the diffusion packages."""

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import toy_see_through
from drawing import ROOT, script
from samples import sample

from animelayers.data.sets import save_set
from animelayers.stack import Layer

pytestmark = pytest.mark.usefixtures("diffusion")

WEIGHTS = "diffusion_pytorch_model.safetensors"
SIZES = {"block_out_channels": [8, 8, 8, 16, 16, 16, 16], "layers_per_block": 1, "encoder_channels": [8, 8, 8, 8]}
TOML = """
folder = "{folder}/run"
steps = 2
device = "cpu"
precision = "float32"
data = {{ path = "{folder}/art", held_out = 1, side = 128, crop = 64, offset = 0.5, cache = "{folder}/cache" }}
base = {{ weights = "{folder}/base", config = "{folder}/sizes.json" }}
critic = {{ width = 4, levels = 2, lr = 1e-3 }}
optimiser = {{ batch = 2, warm_up = 0, lr = 1e-3, average = 0.5 }}
report = {{ log = 2, save = 2, held_out = 2, preview = 2, previews = 2 }}
"""


@pytest.fixture(scope="module")
def place(diffusion, tmp_path_factory):
    """A VAE, sizes of random networks, and art."""
    folder = tmp_path_factory.mktemp("transparency")
    toy_see_through.vae().save_pretrained(folder / "base" / "vae")
    (folder / "sizes.json").write_text(json.dumps(SIZES))
    save_set([sample(f"s{seed}", seed=seed, size=(96, 80)) for seed in range(3)], folder / "art", name="art")
    return folder


@pytest.fixture
def told(place, tmp_path):
    from animelayers.training.transparency import config

    def load(*overrides):
        path = tmp_path / "transparency.toml"
        path.write_text(TOML.format(folder=place.as_posix()))
        return config.load(path, [f"folder={tmp_path.as_posix()}/run", *overrides])

    return load


def train(config, say=lambda _: None):
    from animelayers.training.devices import accelerator
    from animelayers.training.transparency import start

    return start.train(config, accelerator(config.device, config.precision), say)


def weights(path):
    from safetensors.torch import load_file

    return load_file(path)


def rows(path):
    names, *values = [line.split(",") for line in path.read_text().splitlines()]
    return [dict(zip(names, map(float, row), strict=True)) for row in values]


# --- what is wanted


def soft(colour=(255, 255, 255), side=64):
    """A disc of one colour that fades out over 8 px."""
    y, x = np.indices((side, side)) - (side - 1) / 2
    alpha = np.clip((side / 3 - np.hypot(y, x)) / 8 + 0.5, 0, 1)
    return np.dstack([np.full((side, side, 3), colour), np.round(255 * alpha)]).astype(np.uint8)


def test_a_soft_edge_is_wanted_in_its_own_colour(torch):
    from animelayers.training.transparency.cuts import wanted

    rgba = soft()
    rgba[rgba[..., 3] == 0] = 0
    found = wanted(rgba)
    assert found[0].equal(torch.from_numpy(rgba[..., 3] / np.float32(255)))
    assert found[1:].min() > 0.999, "white everywhere, under soft and no alpha too"


def test_what_is_wanted_is_straight_where_anything_is_seen(torch):
    """Also where an edge is darker than all that is near it."""
    from animelayers.training.transparency.cuts import wanted

    drawn = np.random.default_rng(0).integers(0, 256, (32, 48, 4), dtype=np.uint8)
    drawn[:, :10, 3] = 0
    found = wanted(drawn).numpy()
    there = drawn[..., 3] > 0
    assert np.array_equal(found[1:, there], drawn[there, :3].T / np.float32(255))
    assert (found[1:, ~there] > 0).all(), "colour goes on below"


def test_networks_see_no_colour_under_alpha_0(torch):
    from animelayers.models.see_through import pictures
    from animelayers.training.transparency.cuts import wanted
    from animelayers.training.transparency.task import cleared

    rgba = soft((200, 40, 90))
    assert cleared(wanted(rgba)[None])[0].equal(pictures.argb(rgba))


# --- losses


def said(torch, **more):
    from animelayers.training.transparency.losses import Said

    return Said(**{"argb": torch.zeros(2, 4, 8, 8), "pixel": None, "real": None, "fake": None, **more})


def terms(torch, given, truth, settings=None, **more):
    from animelayers.training.transparency import losses
    from animelayers.training.transparency.config import LossSettings

    others = {"seen": torch.zeros(2, 3, 8, 8), "hint": torch.ones(2, 1, 1, 1, dtype=torch.bool), "vgg": None, **more}
    ground = torch.zeros(2, 3, 1, 1)
    return losses.terms(given, truth, ground=ground, settings=LossSettings(**(settings or {})), **others)


def test_terms_are_mean_squares(torch):
    truth = torch.full((2, 4, 8, 8), 0.5)
    truth[:, 0] = 0.25
    found = terms(torch, said(torch), truth)
    assert {name: float(term) for name, term in found.items()} == {"colour": 0.25, "alpha": 0.0625}


@pytest.mark.parametrize(("hidden", "wanted"), [(1, 0.1875), (0, 0), (0.2, 0.0375 / 0.4)])
def test_colour_that_is_not_seen_counts_as_told(torch, hidden, wanted):
    """A quarter is seen, and right; the rest is off by a half."""
    truth = torch.zeros(2, 4, 8, 8)
    truth[:, 0, :2] = 1
    given = torch.zeros(2, 4, 8, 8)
    given[:, 1:, 2:] = 0.5
    found = terms(torch, said(torch, argb=given), truth, {"hidden": hidden})["colour"]
    assert float(found) == pytest.approx(wanted)


def test_an_offset_may_not_change_the_picture(torch):
    """Counted where there is one."""
    pixel = torch.zeros(2, 3, 8, 8)
    pixel[0], pixel[1] = 0.5, 1
    hint = torch.tensor([True, False]).view(2, 1, 1, 1)
    given = said(torch, pixel=pixel)
    assert float(terms(torch, given, torch.zeros(2, 4, 8, 8), hint=hint)["identity"]) == 0.25
    assert float(terms(torch, given, torch.zeros(2, 4, 8, 8), hint=~hint)["identity"]) == 1
    assert float(terms(torch, given, torch.zeros(2, 4, 8, 8), hint=hint & ~hint)["identity"]) == 0


def test_everything_is_weighed_but_the_critic(torch):
    from animelayers.training.transparency import losses
    from animelayers.training.transparency.config import LossSettings

    found = {name: torch.tensor(1.0) for name in ("colour", "alpha", "identity", "perceptual", "real", "fake")}
    settings = LossSettings(colour=3, alpha=5, identity=7, perceptual=11, adversarial=100)
    assert float(losses.total(found, settings)) == 3 + 5 + 7 + 11 + 2


def test_the_decoder_gets_what_a_generator_gets_and_the_critic_its_own(torch):
    """One backward pass of the hinge loss, against two losses written out: λ·(−D) and the critic's."""
    from animelayers.training.transparency import losses

    torch.manual_seed(0)
    critic, strength = losses.Critic(4, 2).double(), 0.01
    real, start = torch.rand(2, 2, 4, 64, 64, dtype=torch.float64)

    def gradients(loss, *of):
        return torch.autograd.grad(loss, of)

    fake = start.clone().requires_grad_()
    scores = critic(torch.cat([real, losses.turned(fake, strength)]))
    own, other = scores.chunk(2)
    assert other.min() > -1, "the hinge is active"
    found = terms(torch, said(torch, real=own, fake=other), torch.zeros(2, 4, 8, 8))
    hinge = found["real"] + found["fake"]
    into, *taught = gradients(hinge, fake, *critic.parameters())

    again = start.clone().requires_grad_()
    (wanted,) = gradients(-strength * critic(again).mean(), again)
    plain = torch.relu(1 - critic(real)).mean() + torch.relu(1 + critic(start)).mean()
    assert torch.allclose(into, wanted, rtol=1e-9, atol=0)
    assert wanted.abs().max() > 1e-8
    for ours, theirs in zip(taught, gradients(plain, *critic.parameters()), strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-9, atol=1e-15)


def test_a_score_depends_on_its_own_picture(torch):
    from animelayers.training.transparency.losses import Critic

    critic, pictures = Critic(4, 3), torch.rand(3, 4, 128, 128)
    assert torch.allclose(critic(pictures)[1:2], critic(pictures[1:2]), atol=1e-6)


def save_vgg(torch, path):
    from safetensors.torch import save_file

    from animelayers.evaluation.perceptual import BLOCKS

    generator, found, before = torch.Generator().manual_seed(0), {}, 3
    for number, wide in zip((n for block in BLOCKS for n in block), (4, 4, 5, 5, *(6,) * 9), strict=True):
        found[f"features.{number}.weight"] = torch.randn(wide, before, 3, 3, generator=generator) / 3
        found[f"features.{number}.bias"] = torch.randn(wide, generator=generator)
        before = wide
    save_file(found, path)
    return path


def test_the_perceptual_term_is_the_measure_with_a_gradient(torch, tmp_path):
    from animelayers.evaluation.perceptual import open_perceptual
    from animelayers.training.transparency.losses import Vgg

    path = save_vgg(torch, tmp_path / "vgg.safetensors")
    a, b = np.random.default_rng(0).integers(0, 256, (2, 64, 48, 3), dtype=np.uint8)
    ours = [torch.from_numpy(each).permute(2, 0, 1)[None] / 255 for each in (a, b)]
    ours[0].requires_grad_()
    found = Vgg(path, torch.device("cpu"))(*ours)
    assert found.item() == pytest.approx(open_perceptual("vgg", path).distance(a, b), rel=1e-4)
    found.backward()
    assert ours[0].grad.abs().sum() > 0


def test_figures_of_held_out_parts(torch):
    from animelayers.training.transparency.task import figures

    truth = torch.zeros(1, 4, 8, 8)
    truth[:, 0, :4], truth[:, 1:, :4] = 1, 0.75
    assert figures(truth, truth) == {"alpha": 0, "iou": 1, "grey": 0, "colour": 0}
    given = truth.clone()
    given[:, 0, :4], given[:, 1:] = 0.5, 1
    found = figures(given, truth)
    assert found == {"alpha": 0.125, "iou": 0.5, "grey": 0, "colour": 0.25}, "half of white on grey is 0.75, too"
    assert "colour" not in figures(truth, 0.25 * truth), "nothing is solid"
    assert figures(0 * truth, 0 * truth) == {"alpha": 0, "iou": 1, "grey": 0}


# --- crops


def test_crops_hold_what_they_are_of_and_are_drawn_again(torch):
    from animelayers.artist.dice import Dice
    from animelayers.training.transparency.cuts import anywhere, middle

    piece = Layer("nose", np.full((6, 4, 4), 255, np.uint8), 100, 3)
    seen = set()
    for number in range(200):
        crop = anywhere(piece, 128, 64, Dice("x", number))
        assert crop == anywhere(piece, 128, 64, Dice("x", number))
        assert 0 <= crop.top <= 64
        assert 0 <= crop.left <= 64
        assert crop.rgba[..., 3].any()
        seen.add((crop.top, crop.left))
    assert len(seen) > 50
    placed = middle(piece, 128, 64)
    assert (placed.top, placed.left) == (64, 0), "the page ends there"
    assert np.array_equal(np.argwhere(placed.rgba[..., 3])[[0, -1]], [[36, 3], [41, 6]])
    turned = replace(placed, mirrored=True).rgba
    assert np.array_equal(turned, placed.rgba[:, ::-1])


def test_cut_out_parts_come_back_where_they_were(told, place, torch, tmp_path):
    from animelayers.composite import on_canvas
    from animelayers.training.parts.latents import GROUPS, keys, shown
    from animelayers.training.parts_art import open_parts, survey
    from animelayers.training.transparency.cuts import Cuts

    art = open_parts(place / "art")
    usable = survey(art, [tag for group in GROUPS for tag in group.tags]).usable[:1]
    cuts = Cuts(tmp_path / "cuts", 128)
    for group in range(len(GROUPS)):
        (key,) = keys(usable, group)
        cuts.fill([key], art)
        pieces = {piece.name: piece for piece in cuts.pieces(key)}
        tags = GROUPS[group].tags
        assert len(pieces) >= 4
        for tag, rgba in zip(tags, shown(art[0], key, 128).frames(tags), strict=True):
            assert (tag in pieces) == bool(rgba[..., 3].any())
            if tag in pieces:
                assert np.array_equal(on_canvas(pieces[tag], (128, 128)), rgba)


def test_nothing_is_seldom_shown(told, place, torch, tmp_path):
    from animelayers.training.transparency.cuts import Crop, draws

    face = Layer("face", np.full((70, 70, 4), 255, np.uint8), 10, 10)

    class Page:
        def pieces(self, key):
            return (face,)

    draw = draws(Page(), [None] * 3, told("data.empty=0.1", "optimiser.batch=4"))
    crops = [make() for number in range(100) for make in draw(number, 0, 1)]
    assert crops[:4] == [make() for make in draw(0, 0, 1)]
    assert crops[4:8] != crops[:4]
    nothing = [crop for crop in crops if crop.piece is None]
    assert 25 < len(nothing) < 60
    assert set(nothing) == {Crop(None, 0, 0, 64)}
    assert 0.3 < np.mean([crop.mirrored for crop in crops]) < 0.6


# --- the training


def test_a_run_learns_and_leaves_networks_that_load(told, torch):
    from animelayers.models.see_through import loading

    lines = []
    told_often = [f"report.{name}=24" for name in ("save", "held_out", "preview")]
    config = told("steps=24", *told_often, "optimiser.lr=3e-3")
    assert train(config, lines.append)
    curve = rows(config.folder / "curves.csv")
    assert curve[0].keys() >= {"loss", "colour", "alpha", "real", "fake"}
    assert np.mean([row["loss"] for row in curve[-6:]]) < np.mean([row["loss"] for row in curve[:6]])
    before, after = rows(config.folder / "held-out.csv")
    assert after["alpha"] < before["alpha"]
    assert after["colour"] < 0.8 * before["colour"]
    assert after["psnr"] > before["psnr"] + 1
    assert (config.folder / "previews" / "000024.png").stat().st_size > 1000
    assert any("2 pictures to learn, 2 of them with a head; 1 held out" in line for line in lines)

    made = loading.load_transparency(config.folder, torch.device("cpu"))
    assert made.config.block_out_channels == SIZES["block_out_channels"]
    kept = weights(config.folder / "checkpoints" / "000024.safetensors")
    own = made.state_dict()
    for name in (name for name in own if name.startswith("decoder.")):
        assert own[name].equal(kept[f"average/transparency.{name}"])
    assert any(name.startswith("weights/critic.") for name in kept), "the critic is kept to go on"
    assert not any("critic" in name for name in weights(config.folder / "trans_vae" / WEIGHTS))


def test_a_run_is_where_another_begins_and_untaught_weights_stay(told, place, tmp_path, torch):
    from animelayers.training.transparency import config

    first = told("steps=1", f"folder={tmp_path}/first")
    assert train(first)
    base = tmp_path / "base"
    shutil.copytree(place / "base", base)
    shutil.copytree(first.folder / "trans_vae", base / "trans_vae")
    path = tmp_path / "again.toml"
    path.write_text(TOML.format(folder=place.as_posix()).replace(f', config = "{place.as_posix()}/sizes.json"', ""))
    again = config.load(path, ["steps=1", f"folder={tmp_path}/again", f"base.weights={base}", "data.offset=1"])
    assert train(again)
    before, after = (weights(run.folder / "trans_vae" / WEIGHTS) for run in (first, again))
    assert before.keys() == after.keys()
    same = {name for name in before if before[name].equal(after[name])}
    assert {name for name in before if name.startswith("encoder.")} <= same
    assert sum(name.startswith("decoder.") for name in same) < len(before) / 4


def test_layerdiffuses_files_are_a_beginning(place, tmp_path, torch, monkeypatch):
    from safetensors.torch import save_file

    from animelayers.models.see_through.transparency import TransparentVAE
    from animelayers.training.devices import accelerator
    from animelayers.training.transparency import config, start

    torch.manual_seed(3)
    whole = TransparentVAE(**SIZES)
    for network, name in zip((whole.decoder, whole.encoder), start.ORIGINALS, strict=True):
        save_file(network["model"].state_dict(), tmp_path / name)
    path = tmp_path / "originals.toml"
    sizes = f'config = "{place.as_posix()}/sizes.json"'
    path.write_text(TOML.format(folder=place.as_posix()).replace(sizes, f'originals = "{tmp_path.as_posix()}"'))
    small = partial(TransparentVAE.from_originals, **SIZES)
    monkeypatch.setattr(TransparentVAE, "from_originals", small)
    prepared = start.prepare(config.load(path), accelerator("cpu", "float32"), lambda _: None)
    for name, weight in whole.state_dict().items():
        assert prepared.network.state_dict()[name].equal(weight), name


def learner(torch, told, *, trained="decoder", critic=True):
    """A module as a run has it, its VAE, and one batch of white discs."""
    from animelayers.models.see_through.transparency import TransparentVAE
    from animelayers.training.transparency.cuts import wanted
    from animelayers.training.transparency.losses import Critic
    from animelayers.training.transparency.task import Learner

    torch.manual_seed(0)
    network = TransparentVAE(**SIZES)
    network.encoder.requires_grad_(trained == "both")
    vae = toy_see_through.vae().requires_grad_(False)
    module = Learner(network, Critic(4, 2) if critic else None, vae, 0.01).train()
    return module, vae, wanted(soft())[None].repeat(2, 1, 1, 1)


def task(module, vae, config):
    from animelayers.training.transparency.task import TransparencyTask

    return TransparencyTask(module, config, None, [None], [], vae, None, lambda *_: None)


def test_a_soft_edge_of_white_is_learnt_white(torch, told):
    """With colour that fades as alpha does, it would come out grey, and dark on every other ground."""
    module, vae, truth = learner(torch, told, critic=False)
    one = task(module, vae, told("data.offset=0", "losses.adversarial=0"))
    optimiser = torch.optim.Adam(one.groups()[0]["params"], lr=1e-2)
    for step in range(40):
        loss, _ = one.learn(module, truth, torch.Generator().manual_seed(step))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    module.eval()
    with torch.no_grad():
        found = one.decoded(module, truth)[0]
    edge = (truth[0, 0] > 0.2) & (truth[0, 0] < 0.8)
    assert edge.sum() > 300
    assert found[1:, edge].mean() > 0.95
    assert found[1:, edge].min() > 0.85
    assert found[0, edge].mean() < 0.8, "alpha is soft"


@pytest.mark.parametrize("trained", ["decoder", "both"])
def test_every_taught_weight_gets_a_gradient_and_no_other(torch, told, trained):
    """So several devices never wait for one that is not there; whether or not alpha is hidden anywhere."""
    module, vae, truth = learner(torch, told, trained=trained)
    with torch.no_grad():
        for weight in module.parameters():
            if not weight.any():
                weight.normal_(std=0.01)
    for offset in (1e-9, 1):
        module.zero_grad()
        one = task(module, vae, told(f"data.offset={offset}", f"trained={trained}"))
        loss, found = one.learn(module, truth, torch.Generator().manual_seed(0))
        loss.backward()
        assert ("identity" in found) == (trained == "both")
        for name, weight in module.named_parameters():
            assert (weight.grad is not None) == weight.requires_grad, name
        encoder = [weight.grad for name, weight in module.named_parameters() if ".encoder." in name]
        if trained == "both":
            assert any(gradient.any() for gradient in encoder) == (offset == 1)
        assert all(weight.grad is None for weight in vae.parameters())


def test_an_offset_takes_the_place_of_noise(torch, told):
    module, vae, truth = learner(torch, told)
    with torch.no_grad():
        module.transparency.encoder["model"].blocks[-1].bias.fill_(1e-3)
    module.eval()
    mean, std = torch.randn(2, 4, 8, 8), torch.rand(2, 4, 8, 8)
    hint = torch.tensor([True, False]).view(2, 1, 1, 1)
    drawn = []
    module.decode = lambda latent: drawn.append(latent) or vae.decode(latent).sample / 2 + 0.5
    noise = torch.randn(2, 4, 8, 8)
    module(mean, std, noise, hint, truth)
    assert torch.allclose(drawn[0][1], mean[1] + std[1] * noise[1])
    assert torch.allclose(drawn[0][0], mean[0] + 0.3 * std[0], atol=1e-6)


@pytest.mark.parametrize("more", [[], ["trained=both", "optimiser.accumulate=2"]], ids=["decoder", "both"])
def test_a_resumed_run_is_the_whole_run_bit_for_bit(told, tmp_path, more):
    whole = told(f"folder={tmp_path}/whole", *more)
    assert train(whole)
    pieces = told(f"folder={tmp_path}/pieces", "session=1e-9", *more)
    runs = 1
    while not train(pieces):
        runs += 1
    assert runs == 2
    for name in (f"trans_vae/{WEIGHTS}", "trans_vae/config.json", "previews/000002.png"):
        assert (whole.folder / name).read_bytes() == (pieces.folder / name).read_bytes(), name
    ours, theirs = (weights(run.folder / "checkpoints" / "000002.safetensors") for run in (whole, pieces))
    assert ours.keys() == theirs.keys()
    assert all(ours[key].equal(theirs[key]) for key in ours)


def test_without_a_critic_and_with_what_a_user_has(told, torch, tmp_path):
    path = save_vgg(torch, tmp_path / "vgg.safetensors")
    config = told(
        "steps=1", "losses.adversarial=0", "losses.perceptual=0.1", f"base.vgg={path}", "base.checkpointing=true"
    )
    assert train(config)
    (row,) = rows(config.folder / "curves.csv")
    assert row.keys() >= {"colour", "alpha", "perceptual"}
    assert not row.keys() & {"real", "fake", "identity"}
    assert row["loss"] == pytest.approx(row["colour"] + row["alpha"] + 0.1 * row["perceptual"], rel=1e-4)


# --- the door


FILES = sorted((ROOT / "configs" / "transparency").glob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_resolves_and_begins_with_its_command(path):
    from animelayers.training.transparency import config

    told = config.load(path)
    assert told.folder == Path("runs") / path.stem
    first = path.read_text("utf-8").splitlines()[0]
    words = f"train/transparency.py --config configs/transparency/{path.name} data.path=art/"
    assert first == f"# accelerate launch {words}"


@pytest.fixture
def door():
    return script("train/transparency.py")["main"]


@pytest.fixture
def file(place, tmp_path):
    path = tmp_path / "transparency.toml"
    folder = place.as_posix()
    path.write_text(TOML.format(folder=folder).replace(f"{folder}/run", f"{tmp_path.as_posix()}/run"))
    return str(path)


def test_a_dry_run_says_everything_and_does_nothing(door, file, capsys, tmp_path):
    assert door(["--config", file, "--dry-run", "steps=100"]) == 0
    out = capsys.readouterr().out
    assert "2 pictures to learn, 2 of them with a head; 1 held out" in out
    assert "the decoder, and a critic, crops of 64 px of pages of 128 x 128 px" in out
    assert "50.0 epochs" in out
    assert "GB of memory, by count" in out
    assert not (tmp_path / "run").exists()


def test_errors_are_two_lines(door, file, capsys, tmp_path, place):
    bare = tmp_path / "bare"
    shutil.copytree(place / "base" / "vae", bare / "unet")
    for words, what in [
        (["base.weights=/nowhere/at/all"], "there is no file or folder"),
        ([f"base.weights={bare}"], "there is no " + str(bare / "vae" / "config.json")),
        ([f"base.originals={tmp_path}"], "give one of"),
        (["base.config=/nowhere"], "there is no /nowhere"),
        (["data.path=/nowhere"], "/nowhere"),
        (["data.crop=192"], "crop is larger than side"),
        (["data.crop=100"], "data.crop"),
        (["data.held_out=3"], "leaves none"),
        (["losses.perceptual=1"], "base.vgg"),
        (["losses.perceptual=1", f"base.vgg={tmp_path}/none.safetensors", "report.preview=0"], "none.safetensors"),
        (["trained=both", "data.offset=0"], "offset"),
    ]:
        assert door(["--config", file, *words]) == 1, what
        err = capsys.readouterr().err
        assert "error: " in err
        assert what in err
        assert "hint: " in err
