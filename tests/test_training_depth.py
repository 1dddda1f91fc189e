"""The network of depth is taught, on tiny random weights. Skipped without the diffusion packages."""

import csv
import dataclasses
import json
import shutil

import numpy as np
import pytest
import toy_see_through as toy
from drawing import ROOT, script
from samples import sample

from animelayers.composite import flatten, on_canvas
from animelayers.data.sets import save_set

pytestmark = pytest.mark.usefixtures("diffusion")


def marigold(channels=8, **other):
    """Its UNet in small."""
    import torch
    from diffusers import UNet2DConditionModel

    torch.manual_seed(5)
    sizes = {
        "sample_size": 8,
        "in_channels": channels,
        "out_channels": 4,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "attention_head_dim": (1, 2),
        "norm_num_groups": 4,
        "cross_attention_dim": toy.DEPTH_WIDTH,
        "use_linear_projection": True,
    }
    return UNet2DConditionModel(**sizes, **other).eval()


@pytest.fixture(scope="module")
def place(diffusion, tmp_path_factory):
    """A base and art."""
    folder = tmp_path_factory.mktemp("depth")
    toy.save_depth(folder / "base")
    shutil.rmtree(folder / "base" / "unet")
    marigold().save_pretrained(folder / "base" / "unet")
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


def load(place, folder, *overrides):
    from animelayers.training.depth import config

    path = folder / "depth.toml"
    path.write_text(TOML.format(folder=place.as_posix()))
    return config.load(path, [f"folder={folder.as_posix()}/run", *overrides])


@pytest.fixture
def told(place, tmp_path):
    return lambda *overrides: load(place, tmp_path, *overrides)


def train(config, say=lambda _: None):
    from accelerate import Accelerator

    from animelayers.training.depth import start

    return start.train(config, Accelerator(cpu=True), say)


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def weights(path):
    from safetensors.torch import load_file

    return load_file(path)


UNET = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def runs(place, tmp_path_factory):
    """A run of each stage, the second beginning with the first, and what they said."""
    folder, said = tmp_path_factory.mktemp("runs"), {1: [], 2: []}
    often = ["steps=16", "report.save=16", "report.held_out=16", "report.preview=16", "optimiser.lr=4e-3"]
    for stage, base in ((1, place / "base"), (2, folder / "1")):
        own = [f"folder={folder.as_posix()}/{stage}", f"stage={stage}", f"base.weights={base.as_posix()}"]
        assert train(load(place, folder, *often, *own), said[stage].append)
    return folder, said


# --- noise


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_noise_has_variance_one_at_every_pixel(torch, share):
    from animelayers.training.depth.noise import annealed

    found = annealed((6000, 1, 12, 10), torch.full((6000,), share), 0.9, torch.Generator().manual_seed(0))
    variance = found.var(dim=0)
    assert variance.mean().item() == pytest.approx(1, abs=0.02)
    assert (variance - 1).abs().max() < 0.12, "in corners, too"
    assert found.mean(dim=0).abs().max() < 0.07


def test_noise_is_white_at_first_and_coarse_at_last(torch):
    """Covariance of neighbours: none at a share of 0; growing with it, as the closed form says of one grid."""
    from animelayers.training.depth.noise import annealed

    def neighbours(share, shape):
        found = annealed((6000, *shape), torch.full((6000,), share), 0.9, torch.Generator().manual_seed(1))
        return (found[..., 0] * found[..., 1]).mean().item()

    assert neighbours(0.0, (12, 10)) == pytest.approx(0, abs=0.02)
    assert 0.04 < neighbours(0.4, (12, 10)) < 0.5 * neighbours(1.0, (12, 10))
    # 3 x 3 px: one coarse grid, of 1 px, whose value is the same everywhere.
    for share in (0.5, 1.0):
        wanted = (0.9 * share) ** 2 / (2 + (0.9 * share) ** 2)
        assert neighbours(share, (3, 3)) == pytest.approx(wanted, abs=0.02)


def test_every_sample_has_noise_of_its_own_level(torch):
    from animelayers.training.depth.noise import annealed

    def drawn(share):
        return annealed((2, 3, 4, 8, 8), torch.tensor(share), 0.9, torch.Generator().manual_seed(2))

    assert drawn([0.0, 1.0])[0].equal(drawn([0.0, 0.0])[0])
    assert not drawn([0.0, 1.0])[1].allclose(drawn([0.0, 0.0])[1], atol=0.1)


# --- what is shown, and what is wanted


@pytest.fixture
def art():
    from animelayers.training.parts_art import PartsArt

    return PartsArt.of(sample(size=(64, 52), bare=True))


def test_depth_is_draw_order_on_one_scale(art):
    """The topmost piece is at 0, one that is not there at 1, and the n-th of n at 1 - 1/n."""
    from animelayers.training.depth.latents import Lesson
    from animelayers.training.parts.latents import Key

    lesson = Lesson.of(art, Key(0, ""), 64)
    names = [layer.name for layer in art.parts]
    assert lesson.far("handwear").min() == 0
    for tag, piece in (("neck", "neck"), ("topwear", "topwear"), ("face", "face")):
        far = lesson.far(tag)
        assert far[far < 1] == pytest.approx(1 - (names.index(piece) + 1) / len(names), abs=1e-4)
        assert (far == 1).any()
    hair = lesson.far("hair")
    assert len(np.unique(hair)) == 3, "front, back, and where there is none"
    page = lesson.far("page")
    crisp = ~np.any([np.isin(on_canvas(layer, art.size)[..., 3], (0, 255), invert=True) for layer in art.parts], axis=0)
    inside = slice(6, 58)  # 52 px of 64
    for tag in lesson.shown:
        assert (page[:, inside] <= lesson.far(tag)[:, inside])[crisp].all(), "what is seen is on top"
    assert set(lesson.shown) == {"hair", "face", "eyes", "mouth", "neck", "topwear", "handwear", "page"}


def test_what_is_shown_is_what_inference_shows(art):
    from animelayers.models.see_through.conditioning import DEPTH_FRAMES
    from animelayers.models.see_through.depth import covered, merged
    from animelayers.parts import PART_LABELS
    from animelayers.training.depth.latents import Lesson
    from animelayers.training.parts.latents import Key
    from animelayers.training.parts_art import View

    lesson, view = Lesson.of(art, Key(0, ""), 64), View(art, art.whole_page(64))
    parts = merged(dict(zip(PART_LABELS, view.frames(tuple(PART_LABELS)), strict=True)))
    wanted = {**parts, "page": covered(view.page, parts)}
    assert list(lesson.shown) == list(wanted) == [tag for tag in DEPTH_FRAMES if tag in wanted]
    for tag, rgba in wanted.items():
        assert np.abs(lesson.shown[tag].astype(int) - rgba).max() <= 1, tag


def test_where_nothing_is_shown_nothing_is_near(art):
    """What is too faint to be shown has no depth to be learnt, nor has what lies beyond the picture."""
    from animelayers.training.depth.latents import Lesson
    from animelayers.training.parts.latents import Key

    faint = art.parts["face"].rgba.copy()
    faint[:15, :, 3] = np.minimum(faint[:15, :, 3], 10)
    layers = [layer.replace(rgba=faint) if layer.name == "face" else layer for layer in art.parts]
    one = dataclasses.replace(art, parts=art.parts.replace(layers=tuple(layers)))
    lesson = Lesson.of(one, Key(0, ""), 64)
    for tag, rgba in lesson.shown.items():
        assert np.array_equal(lesson.far(tag) == 1, rgba[..., 3] == 0), tag
    assert (lesson.far("face") < 1).sum() < 0.7 * (Lesson.of(art, Key(0, ""), 64).far("face") < 1).sum()


def test_a_mirrored_page_is_the_page_mirrored(art):
    from animelayers.training.depth.latents import Lesson
    from animelayers.training.parts.latents import Key

    plain, mirrored = (Lesson.of(art, Key(0, "", mirrored=turned), 64) for turned in (False, True))
    for tag in plain.shown:
        assert np.array_equal(plain.shown[tag][:, ::-1], mirrored.shown[tag])
        assert np.array_equal(plain.far(tag)[:, ::-1], mirrored.far(tag))


def test_the_depth_of_the_page_is_that_of_what_is_seen():
    """Even where it is not draw order: what a hidden part is thought to be does not come through."""
    from animelayers.training.depth.latents import Lesson
    from animelayers.training.parts.latents import Key
    from animelayers.training.parts_art import PartsArt

    one = PartsArt.of(sample(size=(64, 64)))
    near = Lesson.of(one, Key(0, ""), 64).near["page"]
    seen = (one.nearness.top >= 0) & (one.page[..., 3] > 0)
    assert np.array_equal(near[seen], one.depth[seen])
    assert not near[flatten(one.parts)[..., 3] == 0].any()


def test_latents_are_encoded_once_and_say_what_is_there(told, torch):
    from animelayers.models.see_through.conditioning import DEPTH_FRAMES
    from animelayers.models.see_through.depth import encoded
    from animelayers.training.depth.latents import DepthLatents, Lesson, Recipe
    from animelayers.training.parts.latents import Key
    from animelayers.training.parts_art import PartsArt

    config, one, vae = told(), PartsArt.of(sample(size=(64, 52))), toy.vae(0.18215, seed=1)
    key = Key(0, one.digest)
    latents = DepthLatents(config.folder, Recipe(64, "x"))
    latents.fill([key], [one], lambda: vae)
    latents.fill([key], [one], lambda: pytest.fail("nothing is missing"))
    entry, lesson = latents.read(key), Lesson.of(one, key, 64)
    assert [DEPTH_FRAMES[row] for row in entry.there] == list(lesson.shown)
    row = DEPTH_FRAMES.index("face")
    assert entry.shown[row].allclose(encoded(vae, [lesson.shown["face"]])[0], atol=1e-5)
    grey = torch.from_numpy(lesson.far("face") * 2 - 1).expand(1, 3, 64, 64)
    assert entry.depth[row].allclose(vae.encode(grey).latent_dist.mean[0] * 0.18215, atol=1e-5)
    absent = DEPTH_FRAMES.index("tail")
    assert entry.shown[absent].allclose(encoded(vae, [np.zeros((64, 64, 4), np.uint8)])[0], atol=1e-5)
    assert entry.depth[absent].allclose(vae.encode(torch.ones(1, 3, 64, 64)).latent_dist.mean[0] * 0.18215, atol=1e-5)
    seen = entry.seen([row])
    assert seen[0, :4].equal(entry.shown[-1])
    assert seen[0, 4:].equal(entry.shown[row])
    assert DepthLatents(config.folder, Recipe(64, "y")).files.missing([key]) == [key], "another VAE"


# --- networks


def test_the_first_step_of_stage_1_is_marigold_s(torch):
    from animelayers.models.see_through.unet import Words
    from animelayers.training.depth.networks import OneByOne, widened

    torch.manual_seed(0)
    page, part, noisy = torch.randn(3, 2, 3, 4, 8, 8)
    time, tokens = torch.tensor([10, 900]), torch.randn(1, 2, toy.DEPTH_WIDTH)
    with torch.no_grad():
        said = OneByOne(widened(marigold()))(
            torch.cat([page, part, noisy], dim=2), time, Words(tokens.expand(3, -1, -1))
        )
        for at in range(2):
            seen = torch.cat([part[at], noisy[at]], dim=1)
            wanted = marigold()(seen, time[at], tokens.expand(3, -1, -1)).sample
            assert said[at].allclose(wanted, atol=1e-5)


def test_the_first_step_of_stage_2_is_the_last_of_stage_1(runs, torch):
    from animelayers.models.see_through.unet import Words, part_axis_parameters
    from animelayers.training.depth.networks import Beginning

    folder, _ = runs
    torch.manual_seed(0)
    sample, words = torch.randn(2, 20, 12, 8, 8), Words(torch.randn(1, 2, toy.DEPTH_WIDTH)).rows([0] * 20)
    alone, together = (Beginning.of(folder / "1", stage).network().eval() for stage in (1, 2))
    assert sum(weight.numel() for weight in part_axis_parameters(together))
    with torch.no_grad():
        said = [network(sample, torch.tensor([10, 900]), words) for network in (alone, together)]
    assert said[0].std() > 0.01
    assert said[0].allclose(said[1], atol=1e-5)


def test_only_part_axis_blocks_are_taught_if_so_told(told, runs):
    folder, _ = runs
    config = told("stage=2", "steps=1", "trained=part-axis", f"base.weights={folder.as_posix()}/1")
    assert train(config)
    before, after = weights(folder / "1" / UNET), weights(config.folder / UNET)
    assert all(after[name].equal(tensor) for name, tensor in before.items())
    assert any("temporal_transformer_blocks" in name and after[name].any() for name in after.keys() - before.keys())


# --- the training


@pytest.mark.parametrize("stage", [1, 2])
def test_a_run_learns(runs, stage):
    folder, said = runs
    begun, done = table(folder / str(stage) / "held-out.csv")
    assert float(done["velocity"]) < 0.9 * float(begun["velocity"]), "of what is not learnt, too"
    assert {"level 100", "level 900", "parts abs_rel", "parts delta1", "page abs_rel", "page delta1"} <= done.keys()
    losses = [float(row["loss"]) for row in table(folder / str(stage) / "curves.csv")]
    assert np.mean(losses[-5:]) < np.mean(losses[:5])
    assert (folder / str(stage) / "previews" / "000016.png").stat().st_size > 1000
    assert any("2 pictures to learn, 1 held out" in line for line in said[stage])


def test_what_stage_2_makes_is_loaded_as_a_model_of_depth(runs, torch, tmp_path):
    """By inference, from the folder of the run alone, and it says what the training's own sampling says."""
    from animelayers.models.see_through import conditioning, loading
    from animelayers.models.see_through.depth import depth_of
    from animelayers.models.see_through.schedule import depth_scheduler

    folder = loading.depth_folder(str(runs[0] / "2"))
    cpu = torch.device("cpu")
    unet, vae = loading.load_unet(folder, "float32", cpu, role="depth"), loading.load_vae(folder, cpu)
    words = conditioning.empty_words(folder, tmp_path / "none", cpu)
    parts = {"face": np.full((64, 64, 4), 255, np.uint8)}
    found = depth_of(unet, vae, depth_scheduler(folder), words, parts, parts["face"], torch.randn(20, 4, 8, 8), steps=1)
    assert found["face"].shape == (64, 64)
    about = json.loads((folder / "unet" / "config.json").read_text())
    assert (about["_class_name"], about["in_channels"]) == ("UNetFrameConditionModel", 12)


def test_figures_know_right_from_wrong(place, told):
    """Of a network that knows, in any scale, there is no error."""
    from animelayers.training.depth.held_out import HeldOut
    from animelayers.training.depth.latents import DepthLatents, Lesson, Recipe
    from animelayers.training.parts.latents import Key
    from animelayers.training.parts_art import open_parts

    art = open_parts(place / "art")

    class Knowing(HeldOut):
        def sampled(self, module, vae, key, seed):
            lesson = Lesson.of(art[key.index], key, 64)
            return {tag: module(lesson.far(tag)) for tag in lesson.shown}

    latents = DepthLatents(told().folder, Recipe(64, "x"))
    shown = Knowing(art, [Key(0, ""), Key(1, "")], latents, None, lambda: None, 1)
    right = shown.figures(lambda far: 0.2 + 0.5 * far)
    assert right.keys() == {"parts abs_rel", "parts delta1", "page abs_rel", "page delta1"}
    assert max(right["parts abs_rel"], right["page abs_rel"]) < 1e-6
    assert right["parts delta1"] == right["page delta1"] == 1
    wrong = shown.figures(lambda far: 1 - far)
    assert wrong["parts abs_rel"] > 0.1
    each = shown.figures(lambda far: far - far.min())
    assert each["parts abs_rel"] > 0.1, "parts have to be right relative to each other"
    assert each["page abs_rel"] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("stage", [1, 2])
def test_a_resumed_run_is_the_whole_run_bit_for_bit(told, runs, tmp_path, stage):
    own = ["steps=2", f"stage={stage}", *([f"base.weights={runs[0].as_posix()}/1"] if stage == 2 else [])]
    whole = told(f"folder={tmp_path.as_posix()}/whole", *own)
    assert train(whole)
    pieces = told(f"folder={tmp_path.as_posix()}/pieces", "session=1e-9", *own)
    calls = 1
    while not train(pieces):
        calls += 1
    assert calls == 2
    for name in (UNET, "checkpoints/000002.safetensors"):
        ours, theirs = (weights(run.folder / name) for run in (whole, pieces))
        assert ours.keys() == theirs.keys()
        assert all(ours[key].equal(theirs[key]) for key in ours)


def test_stage_1_learns_parts_that_are_there_and_one_that_is_not(told, torch):
    from animelayers.models.see_through.conditioning import DEPTH_FRAMES
    from animelayers.training.depth.latents import Entry
    from animelayers.training.depth.task import worth_learning

    nothing = torch.zeros(20, 4, 8, 8)
    page, neck = DEPTH_FRAMES.index("page"), DEPTH_FRAMES.index("neck")
    assert worth_learning(Entry(nothing, nothing, (neck, page))) == (neck, page, 0)
    assert worth_learning(Entry(nothing, nothing, tuple(range(20)))) == tuple(range(20))


def test_another_run_is_not_spoilt(told):
    from animelayers.errors import DataError

    assert train(told("steps=1"))
    with pytest.raises(DataError, match="another run: strength differ"):
        train(told("steps=1", "strength=0"))


# --- the door


@pytest.mark.parametrize("stage", [1, 2])
def test_every_file_resolves_and_begins_with_its_command(stage):
    from animelayers.training.depth import config

    path = ROOT / "configs" / "depth" / f"stage-{stage}.toml"
    told = config.load(path)
    each = told.optimiser.batch, told.optimiser.accumulate
    assert (told.stage, told.data.side, told.optimiser.lr, each) == (
        (1, 768, 3e-5, (4, 4)) if stage == 1 else (2, 768, 4e-5, (1, 8))
    )
    assert told.report.preview_steps == 4
    command = f"# accelerate launch train/depth.py --stage {stage} --config configs/depth/stage-{stage}.toml"
    assert path.read_text("utf-8").splitlines()[0] == f"{command} data.path=art/"


@pytest.fixture
def door():
    return script("train/depth.py")["main"]


@pytest.fixture
def file(place, tmp_path):
    load(place, tmp_path)
    text = (tmp_path / "depth.toml").read_text()
    (tmp_path / "depth.toml").write_text(text.replace(f"{place.as_posix()}/run", f"{tmp_path.as_posix()}/run"))
    return str(tmp_path / "depth.toml")


def test_a_dry_run_says_everything_and_does_nothing(door, file, capsys, tmp_path):
    assert door(["--stage", "1", "--config", file, "--dry-run", "steps=100"]) == 0
    out = capsys.readouterr().out
    assert "2 pictures to learn, 1 held out" in out
    assert "100.0 epochs" in out
    assert "one part at a time" in out
    assert "GB of memory, by count" in out
    assert not (tmp_path / "run").exists()


def test_errors_are_two_lines(door, file, capsys, tmp_path, runs):
    folder = runs[0].as_posix()
    for stage, words, what in [
        (1, ["base.weights=/nowhere/at/all"], "there is no file or folder"),
        (1, ["data.path=/nowhere"], "/nowhere"),
        (1, ["optimiser.lr=fast"], "optimiser.lr"),
        (1, ["data.held_out=3"], "leaves none"),
        (1, ["data.side=100"], "data.side"),
        (1, [f"base.weights={folder}/2"], "all parts together"),
        (2, [], "is for stage 1"),
    ]:
        assert door(["--stage", str(stage), "--config", file, *words]) == (2 if "stage" in what else 1)
        err = capsys.readouterr().err
        assert "error: " in err
        assert what in err
        assert "hint: " in err
        assert not (tmp_path / "run").exists()


OF_SDXL = {
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 8,
    "projection_class_embeddings_input_dim": 72,
}


@pytest.mark.parametrize(
    ("unet", "what"),
    [
        (lambda: marigold(5), "sees 5 channels"),
        (lambda: marigold(**OF_SDXL), "no UNet of Stable Diffusion 2's kind"),
        (toy.unet, "no UNet of Stable Diffusion 2's kind"),
        (toy.vae, "no UNet of Stable Diffusion 2's kind"),
    ],
    ids=["channels", "sdxl", "parts", "vae"],
)
def test_another_network_is_refused(tmp_path, unet, what):
    from animelayers.errors import ModelError
    from animelayers.models.see_through.unet import PartsUNet
    from animelayers.training.depth.networks import Beginning

    made = unet()
    if isinstance(made, PartsUNet):
        toy.save_unet(made, tmp_path / "unet")
    else:
        made.save_pretrained(tmp_path / "unet")
    with pytest.raises(ModelError, match=what):
        Beginning.of(tmp_path, 2)


def test_stage_2_may_begin_with_marigold_or_go_on_from_a_released_model(tmp_path, torch):
    from animelayers.models.see_through.unet import PartsUNet
    from animelayers.training.depth.networks import Beginning

    marigold().save_pretrained(tmp_path / "stock" / "unet")
    toy.save_depth(tmp_path / "whole", encoders=False)
    for name in ("stock", "whole"):
        network = Beginning.of(tmp_path / name, 2).network()
        assert isinstance(network, PartsUNet)
        assert network.conv_in.in_channels == 12
        assert all(weight.requires_grad for weight in network.parameters())
    with torch.no_grad():
        released = toy.depth_unet().state_dict()
        assert all(tensor.equal(released[key]) for key, tensor in network.state_dict().items())
