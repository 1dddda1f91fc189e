"""Illustrator's depth is taught, on a handful of drawings and tiny random weights. Skipped without the packages."""

import csv
import json

import numpy as np
import pytest
from drawing import ROOT, needs, script
from samples import OURS

from animelayers.data.index_shards import write_shards
from animelayers.data.layer_index import IndexedPicture
from animelayers.errors import AnimeLayersError, DataError, ModelError

pytestmark = pytest.mark.usefixtures("diffusion")


def drawing(name, split="train", pack="squares", size=40):
    """A card, a disc on it, a bar on both; its base ends so that it falls into the split."""
    for number in range(1000):
        base = f"{name}{number}"
        one = IndexedPicture(f"{pack}/{base}", base, *_painted(name, size), OURS, 3)
        if one.split == split:
            return one
    raise AssertionError("no such base")


def _painted(name, size):
    dice = np.random.default_rng(list(name.encode()))
    y, x = np.mgrid[:size, :size] / size
    centre = dice.uniform(0.35, 0.65, 2)
    masks = [
        (np.abs(x - 0.5) < 0.4) & (np.abs(y - 0.5) < 0.42),
        np.hypot(x - centre[0], y - centre[1]) < 0.25,
        np.abs(y - x * dice.uniform(0.5, 1) - 0.1) < 0.08,
    ]
    picture, index = np.zeros((size, size, 4), np.uint8), np.zeros((size, size), np.uint16)
    for number, mask in enumerate(masks, 1):
        picture[mask] = (*dice.integers(0, 256, 3), 255)
        index[mask] = number
    return picture, index


@pytest.fixture(scope="module")
def place(diffusion, tmp_path_factory):
    """Two sets, of two sizes, and a Depth Pro of 20 000 weights."""
    folder = tmp_path_factory.mktemp("layer-depth")
    names = "abcdefgh"
    write_shards([*(drawing(name) for name in names), drawing("i", "check"), drawing("j", "test")], folder / "one")
    write_shards([drawing(name, pack="other", size=24) for name in "kl"], folder / "two")
    save_depth_pro(folder / "base")
    return folder


def save_depth_pro(folder, **other):
    import torch
    from transformers import DepthProConfig, DepthProForDepthEstimation

    torch.manual_seed(3)
    encoder = {"model_type": "dinov2", "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    encoder |= {"patch_size": 4, "image_size": 8}
    sizes = {
        "patch_size": 8,
        "fusion_hidden_size": 8,
        "intermediate_hook_ids": [1, 0],
        "intermediate_feature_dims": [8, 8],
        "scaled_images_feature_dims": [8, 8, 8],
        "image_model_config": encoder,
        "patch_model_config": encoder,
        "fov_model_config": encoder,
        "use_fov_model": True,
        "num_fov_head_layers": 0,
        **other,
    }
    DepthProForDepthEstimation(DepthProConfig(**sizes)).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text('{"image_processor_type": "DepthProImageProcessor"}\n')


TOML = """
folder = "{folder}/run"
steps = 3
device = "cpu"
threads = 1
precision = "float32"
net = {{ kind = "lite", pretrained = false }}
data = {{ path = ["{sets}/one", "{sets}/two"], size = 32, held_out = 4, readers = 1 }}
loss = {{ ranking = 0.5, pairs = 50 }}
optimiser = {{ batch = 2, warm_up = 0, lr = 1e-3, encoder = 0.5, average = 0.5 }}
report = {{ log = 2, save = 2, held_out = 3, preview = 3, previews = 1 }}
"""
DEPTH_PRO = "net={kind='depth-pro', stored='float32'}"
WEIGHTS = {"lite": "weights.safetensors", "depth-pro": "depth-pro/model.safetensors"}


def load(place, folder, *overrides):
    from animelayers.training.layer_depth import config

    path = folder / "layer-depth.toml"
    path.write_text(TOML.format(folder=folder.as_posix(), sets=place.as_posix()))
    return config.load(path, overrides)


@pytest.fixture
def told(place, tmp_path):
    return lambda *overrides: load(place, tmp_path, *overrides)


def of(kind, place):
    return [] if kind == "lite" else [DEPTH_PRO, f"base.weights={place.as_posix()}/base"]


def train(config, say=lambda _: None):
    from accelerate import Accelerator

    from animelayers.training.layer_depth import start

    return start.train(config, Accelerator(cpu=True), say)


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def weights(path):
    from safetensors.torch import load_file

    return load_file(path)


@pytest.fixture(scope="module", params=["lite", "depth-pro"])
def run(request, place, tmp_path_factory):
    """A whole run of three steps: which network, its configuration, what it said."""
    folder, said = tmp_path_factory.mktemp(request.param), []
    config = load(place, folder, *of(request.param, place))
    assert train(config, said.append)
    return request.param, config, said


# --- the loss


@pytest.fixture
def maps(torch):
    return torch.rand(3, 17, 13, generator=torch.Generator().manual_seed(0))


def test_neither_scale_nor_shift_is_an_error(torch, maps):
    from animelayers.training.layer_depth.loss import normalised_error

    assert normalised_error(maps * 7 - 40, maps).item() == pytest.approx(0, abs=1e-5)
    assert normalised_error(-maps, maps).item() == pytest.approx(2, abs=1e-5), "the worst there is"


def test_a_constant_has_an_error_of_1_however_small_the_figure(torch, maps):
    from animelayers.training.layer_depth.loss import normalised_error

    flat, dot = torch.full_like(maps, 3.0), torch.zeros_like(maps)
    dot[:, 4, 5] = 9
    assert normalised_error(flat, maps).item() == pytest.approx(1, abs=1e-5)
    assert normalised_error(flat, dot).item() == pytest.approx(1, abs=1e-5)
    assert normalised_error(-dot, dot).item() == pytest.approx(2, abs=1e-5), "nor can a figure exceed what is worst"


def test_the_error_is_that_of_the_metric(torch, maps):
    from animelayers.evaluation.layer_order import measure_layer_order
    from animelayers.training.layer_depth.loss import normalised_error

    truth = (maps[:1] * 5).round()
    wanted = measure_layer_order(truth[0].numpy().astype(int), maps[1].numpy())["index.mae"]
    assert normalised_error(maps[1:2], truth).item() == pytest.approx(wanted, abs=1e-5)


def test_constants_have_gradients_that_are_finite(torch, maps):
    from animelayers.training.layer_depth.loss import normalised_error

    for truth in (maps, torch.ones_like(maps)):
        flat = torch.full_like(maps, 0.3, requires_grad=True)
        normalised_error(flat, truth).backward()
        assert flat.grad.isfinite().all()


def test_ranking_is_the_logistic_loss_of_who_is_in_front(torch):
    from animelayers.training.layer_depth.loss import ranking

    said = torch.tensor([[[0.0, 2.0], [5.0, 5.0]]])
    assert ranking(said, torch.tensor([[[1], [0]]])).item() == pytest.approx(np.log1p(np.exp(-2)))
    assert ranking(said, torch.tensor([[[0, 2], [1, 3]]])).item() == pytest.approx(
        (np.log1p(np.exp(2)) + np.log(2)) / 2
    )


# --- views


@pytest.fixture
def pictures(told):
    from animelayers.training.layer_depth.views import Pictures

    return Pictures.read(told().data)


def views(told, pictures, *overrides):
    from animelayers.training.layer_depth.views import Views

    config = told(*overrides)
    return Views(pictures.learnt, config.data, config.view, config.loss)


def test_splits_and_packs_are_kept_apart(told, pictures):
    from animelayers.training.layer_depth.views import Pictures

    assert {one.facts.pack for one in pictures.learnt} == {"squares", "other"}
    assert (len(pictures.learnt), len(pictures.held_out)) == (10, 1)
    assert {one.facts.split for one in pictures.learnt} == {"train"}
    assert {one.facts.split for one in pictures.held_out} == {"check"}
    assert len(Pictures.read(told("data.unseen=['other']").data).learnt) == 8


def test_what_is_packed_comes_out_again():
    from animelayers.training.layer_depth.views import Packed

    one = drawing("a")
    again = Packed.of(one).unpacked()
    assert (again.id, again.split) == (one.id, one.split)
    assert np.array_equal(again.picture, one.picture)
    assert np.array_equal(again.index, one.index)


def test_the_same_seed_gives_the_same_view(told, pictures):
    made = views(told, pictures)
    for seed in range(12):
        one, again, other = made.drawn((0, seed, 1)), made.drawn((0, seed, 1)), made.drawn((0, seed, 2))
        assert np.array_equal(one.seen, again.seen)
        assert np.array_equal(one.index, again.index)
        assert np.array_equal(one.pairs, again.pairs)
        assert not np.array_equal(one.seen, other.seen)


def test_indices_have_no_gaps_and_pairs_are_in_order(told, pictures):
    made = views(told, pictures)
    for seed in range(30):
        view = made.drawn((3, seed))
        assert view.seen.shape == (32, 32, 3)
        assert np.array_equal(np.unique(view.index), np.arange(view.index.max() + 1))
        front, behind = view.index.ravel()[view.pairs]
        assert (front > behind).all()
        assert behind.min() > 0, "the ground is no part of the figure"


def test_where_nothing_lies_before_anything_there_are_no_pairs():
    from animelayers.training.layer_depth.views import pairs_within

    flat = np.zeros((8, 8), np.uint16)
    flat[2:5] = 1
    assert not pairs_within(flat, 20, 0).any()


def test_layers_of_what_lies_above_come_after_all_others():
    from animelayers.training.layer_depth.views import over

    lower, upper = ((one.picture, one.index) for one in (drawing("a"), drawing("b")))
    upper[0][:20], upper[1][:20] = 0, 0
    picture, index = over(upper, lower)
    assert np.array_equal(picture[:20], lower[0][:20])
    assert np.array_equal(index[:20], lower[1][:20])
    there = upper[1] > 0
    assert np.array_equal(index[there], upper[1][there] + 3)
    assert np.array_equal(picture[there], upper[0][there])


def test_colours_change_and_layers_do_not(told, pictures):
    """All of the augmentation, and none."""
    still = "view={smallest=1.0, mirror=0, above=0, grounds=[1, 0, 0], jitter=%s, invert=%s, permute=%s, blur=%s}"
    plain = views(told, pictures, still % (0, 0, 0, 0)).drawn((5, 5))
    assert (plain.seen[0, -1] == 255).all(), "white, where no figure reaches"
    for which in range(4):
        others = views(told, pictures, still % tuple(int(place == which) for place in range(4)))
        changed = 0
        for seed in range(6):  # one order of the channels in six is the one they have
            one, other = views(told, pictures, still % (0, 0, 0, 0)).drawn((6, seed)), others.drawn((6, seed))
            assert np.array_equal(other.index, one.index)
            changed += not np.array_equal(other.seen, one.seen)
        assert changed >= 3, which
    inverted = views(told, pictures, still % (0, 1, 0, 0)).drawn((5, 5))
    assert np.array_equal(inverted.seen, 255 - plain.seen)


def test_shares_are_how_often_a_pack_comes(told, pictures):
    from animelayers.training.layer_depth.views import Views

    config = told("data.shares={other=40}")
    rising = Views(pictures.learnt, config.data, config.view, config.loss).rising
    assert rising[-1] == 8 + 2 * 40


# --- the training


def test_a_run_leaves_files(run):
    kind, config, said = run
    assert any("10 pictures to learn, 1 held out" in line for line in said)
    assert (config.folder / WEIGHTS[kind]).is_file()
    assert (config.folder / "previews" / "000003.png").stat().st_size > 100
    curves, (begun, done) = table(config.folder / "curves.csv"), table(config.folder / "held-out.csv")
    assert len(curves) == 3
    assert curves[0].keys() >= {"loss", "error", "order"}
    assert done.keys() >= {"loss", "index.order", "index.order_figure", "index.mae"}
    assert 0 < float(done["loss"]) < 2
    assert float(done["loss"]) == pytest.approx(float(done["index.mae"]), abs=0.02)
    assert begun["loss"] != done["loss"]


def test_the_small_net_is_exported(torch, run):
    kind, config, _ = run
    if kind == "depth-pro":
        pytest.skip("transformers reads that one")
    needs("onnx")
    from animelayers.training.lite import onnx_file

    output = config.folder / "depth.onnx"
    card = onnx_file.export(config.made, output)
    assert (card["mode"], card["file"]["multiple"], list(card["file"]["said"])) == ("depth", 32, ["index"])


def test_the_small_net_says_what_it_is(run):
    from animelayers.models.tensors import header
    from animelayers.training.layer_depth.depth_net import DepthNet
    from animelayers.training.lite.learner import read_weights

    kind, config, _ = run
    if kind == "depth-pro":
        pytest.skip("config.json says it of that one")
    card = header(config.made)
    assert (card["mode"], card["training"]["steps"], card["data"]["other"]["pictures"]) == ("depth", 3, 2)
    read_weights(config.made, DepthNet())


def test_transformers_reads_what_depth_pro_has_become(torch, place, run):
    from transformers import DepthProForDepthEstimation

    kind, config, _ = run
    if kind == "lite":
        pytest.skip("that one is a file of weights")
    model, told = DepthProForDepthEstimation.from_pretrained(config.made, output_loading_info=True)
    assert not any(told.values()), told
    assert model.fov_model is None
    with torch.no_grad():
        assert model(torch.rand(1, 3, 32, 32)).predicted_depth.shape == (1, 128, 128)
    before, after = weights(place / "base" / "model.safetensors"), weights(config.made / "model.safetensors")
    assert {name for name in before if not name.startswith("fov_model.")} == after.keys()
    assert any(not after[name].equal(before[name]) for name in after if ".encoder." in name)
    assert (config.made / "preprocessor_config.json").is_file()


def test_all_that_is_taught_of_depth_pro_has_a_gradient(torch, place):
    from animelayers.training.layer_depth.depth_pro import Beginning

    network = Beginning.of(str(place / "base")).network()
    network(torch.rand(1, 4, 32, 32)).sum().backward()
    for name, weight in network.named_parameters():
        assert weight.requires_grad == (weight.grad is not None), name


@pytest.mark.parametrize("kind", ["lite", "depth-pro"])
def test_a_resumed_run_is_the_whole_run_bit_for_bit(told, place, tmp_path, kind):
    """Weights, BatchNorm's statistics and the averages of both."""
    own = ["steps=2", "report.held_out=0", "report.preview=0", *of(kind, place)]
    whole = told(f"folder={tmp_path.as_posix()}/whole", *own)
    assert train(whole)
    pieces = told(f"folder={tmp_path.as_posix()}/pieces", "session=1e-9", *own)
    assert not train(pieces)
    assert train(pieces)
    for name in (WEIGHTS[kind], "checkpoints/000002.safetensors"):
        ours, theirs = (weights(run.folder / name) for run in (whole, pieces))
        assert ours.keys() == theirs.keys()
        assert all(ours[key].equal(theirs[key]) for key in ours)


def test_what_is_handed_over_has_the_average_of_batchnorm_s_statistics(run):
    kind, config, _ = run
    if kind == "depth-pro":
        pytest.skip("which has no BatchNorm")
    whole, made = weights(config.folder / "checkpoints" / "000003.safetensors"), weights(config.made)
    name = "encoder.stem.1.running_mean"
    assert made[name].equal(whole[f"average/{name}"])
    assert not made[name].equal(whole[f"weights/{name}"])


def test_the_net_may_go_on_from_another_run(told, run, tmp_path):
    kind, config, _ = run
    if kind == "depth-pro":
        pytest.skip("its base is a run already")
    again = told(f"folder={tmp_path.as_posix()}/again", f"base.weights={config.made}", "steps=1", "optimiser.lr=1e-12")
    assert train(again)
    before, after = weights(config.made), weights(again.made)
    assert all(after[name].allclose(before[name]) for name in before if name.endswith("weight"))


# --- the door


@pytest.mark.parametrize("path", sorted((ROOT / "configs" / "illustrator-depth").glob("*.toml")), ids=lambda p: p.stem)
def test_every_file_resolves_and_begins_with_its_command(path):
    from animelayers.training.layer_depth import config

    told = config.load(path)
    assert told.net.kind == ("depth-pro" if path.stem == "depth-pro" else "lite")
    assert (told.loss.ranking > 0) == (told.net.kind == "lite")
    assert told.optimiser.schedule == "cosine"
    words = f"train/illustrator_depth.py --config configs/illustrator-depth/{path.name} data.path=index/"
    assert path.read_text("utf-8").splitlines()[0].startswith(f"# accelerate launch {words}")
    if path.stem == "depth-pro":
        assert (told.optimiser.lr, told.optimiser.batch * told.optimiser.accumulate, told.data.size) == (5e-6, 8, 1536)


@pytest.fixture
def door():
    return script("train/illustrator_depth.py")["main"]


def test_a_dry_run_says_everything_and_does_nothing(door, told, place, capsys, tmp_path):
    told()
    assert door(["--config", str(tmp_path / "layer-depth.toml"), "--dry-run", *of("depth-pro", place)]) == 0
    out = capsys.readouterr().out
    for words in ("10 pictures to learn, 1 held out", "other 2, squares 8", "epochs", "GB of memory, by count"):
        assert words in out
    assert not (tmp_path / "run").exists()


def test_errors_are_two_lines(door, told, place, capsys, tmp_path):
    told()
    (tmp_path / "empty").mkdir()
    pro = of("depth-pro", place)
    for words, what in [
        (["data.path=/nowhere"], "/nowhere holds no index maps"),
        (["data.unseen=['squares', 'other']"], "no pictures to learn"),
        (["data.size=50"], "data.size"),
        (["view.grounds=[0, 0, 0]"], "view.grounds"),
        (["optimiser.lr=fast"], "optimiser.lr"),
        ([DEPTH_PRO], "needs base.weights"),
        ([DEPTH_PRO, "base.weights=/nowhere/at/all"], "there is no file or folder"),
        ([DEPTH_PRO, f"base.weights={tmp_path.as_posix()}/empty"], "holds no weights"),
        ([*pro, "data.size=64"], "not of 64 x 64"),
        ([f"base.weights={place.as_posix()}/base/model.safetensors"], "no file of a training"),
    ]:
        assert door(["--config", str(tmp_path / "layer-depth.toml"), *words]) == 1
        err = capsys.readouterr().err
        assert "error: " in err
        assert what in err
        assert "hint: " in err
        assert not (tmp_path / "run").exists()


def test_another_network_is_refused(place, tmp_path):
    from animelayers.training.layer_depth.depth_pro import Beginning

    save_depth_pro(tmp_path)
    told = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**told, "model_type": "dpt"}))
    with pytest.raises(ModelError, match=r"config\.json is of dpt") as caught:
        Beginning.of(str(tmp_path))
    assert caught.value.hint
    (tmp_path / "config.json").write_text(json.dumps({**told, "fusion_hidden_size": 16}))
    with pytest.raises(ModelError, match=str(tmp_path)):
        Beginning.of(str(tmp_path)).network()


def test_another_run_is_not_spoilt(told):
    assert train(told("steps=1", "report.held_out=0", "report.preview=0"))
    with pytest.raises(DataError, match="another run: loss differ"):
        train(told("steps=1", "loss.ranking=0"))


def test_a_set_of_one_picture_cannot_be_measured_on(told, tmp_path):
    from animelayers.training.layer_depth.views import Pictures

    write_shards([drawing("a")], tmp_path / "set")
    with pytest.raises(AnimeLayersError, match="no pictures held out"):
        Pictures.read(told(f"data.path={tmp_path.as_posix()}/set").data)
