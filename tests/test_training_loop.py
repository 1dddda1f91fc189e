"""Training on a small bank: what sits on the shelf, stopping and going on, what is written, what goes wrong.

Skipped without PyTorch.
"""

import itertools
import json
import math
from types import SimpleNamespace

import banks
import numpy as np
import pytest
from drawing import names_in, script

from animelayers.errors import AnimeLayersError, DataError, ModelError
from animelayers.training.lite.bank import Bank

pytestmark = pytest.mark.usefixtures("torch")


@pytest.fixture
def train(torch):
    from animelayers.training.lite import loop

    return loop.train


def tensors(path):
    from safetensors.numpy import load_file

    return {name: array.tobytes() for name, array in load_file(path).items()}


def log(told, kind):
    lines = (told.folder / "log.jsonl").read_text("utf-8").splitlines()
    return [line for line in map(json.loads, lines) if kind in line]


def clock():
    """Every look at it is a second later."""
    return SimpleNamespace(monotonic=itertools.count().__next__)


def test_a_run_in_several_sessions_is_the_run_in_one_bit_for_bit(train, tmp_path, monkeypatch):
    from animelayers.training.lite import config, loop

    whole = banks.training(tmp_path)
    assert train(whole)
    monkeypatch.setattr(loop, "time", clock())
    pieces = config.load(tmp_path / "small.toml", [f"folder={tmp_path}/pieces", f"budget.session={7 / 60}"])
    steps = []
    while not train(pieces):
        steps.append(log(pieces, "figures")[-1]["step"])
        assert len(steps) < 9
    assert 0 < steps[0] < 4
    for name in ("state.safetensors", "weights.safetensors"):
        assert tensors(whole.folder / name) == tensors(pieces.folder / name)
    assert log(whole, "figures")[-1]["figures"] == log(pieces, "figures")[-1]["figures"]
    assert train(whole)  # is done already


def test_a_run_leaves_what_it_was_told_and_what_it_found(train, tmp_path):
    from animelayers.models import tensors

    told, said = banks.training(tmp_path), []
    assert train(told, said.append)
    files = {"log.jsonl", "look.png", "run.json", "state.safetensors", "weights.safetensors"}
    assert set(names_in(told.folder)) == files
    about = json.loads((told.folder / "run.json").read_text("utf-8"))
    assert about["config"] == told.model_dump(mode="json")
    assert {"version", "revision", "torch"} <= about.keys()
    assert [line["step"] for line in log(told, "loss")] == [2, 4]
    assert all(math.isfinite(term) for line in log(told, "loss") for term in line["loss"].values())
    assert set(log(told, "figures")[-1]["figures"]) == {"line.iou", "flat.l1", "base.l1"}
    assert any("figures" in line for line in said)
    card = tensors.header(told.folder / "weights.safetensors")
    assert (card["mode"], card["licence"], card["training"]["steps"]) == ("rendering", "Apache-2.0", 4)
    assert card["data"]["seeds"].startswith("5 from 0 on")
    assert card["figures on held-out views"] == log(told, "figures")[-1]["figures"]
    assert card["known failures"]


@pytest.fixture
def corner(torch):
    """A batch of the middle of one patch."""
    from animelayers.training.lite import augment

    views = {name: torch.from_numpy(array[None]) for name, array in banks.patch(np.random.default_rng(0)).items()}
    batch = augment.rendering(views, augment.NONE, torch.Generator())
    return {name: tensor[..., 96:160, 96:160] for name, tensor in batch.items()}


def test_learning_learns(torch, corner, tmp_path):
    from animelayers.training.lite.learner import Learner

    learner = Learner(banks.training(tmp_path, banked=False), torch.device("cpu"))
    losses = [sum(learner.learn(corner, step, step / 60).values()) for step in range(60)]
    assert losses[-1] < 0.5 * losses[0]
    assert learner.ask(corner["seen"]).shape == (1, 10, 64, 64)


def test_the_parts_net_begins_with_twice_as_many_views_of_half_the_size(train, tmp_path):
    net, steps = 'net={mode="parts", pretrained=false}', ("budget.steps=2", "optimiser.batch=1", "report.log_steps=1")
    told = banks.training(tmp_path, net, *steps, "optimiser.halved=0.5")
    assert train(told)
    assert [line["views"] for line in log(told, "loss")] == [2, 3]
    found = log(told, "figures")[-1]["figures"]
    assert set(found["tags"]["figure.iou"]) == {"face", "topwear"}
    assert math.isfinite(sum(log(told, "loss")[-1]["loss"].values()))


def test_another_run_in_the_same_folder_is_refused(train, tmp_path):
    from animelayers.training.lite import config

    told = banks.training(tmp_path, "budget.steps=1")
    assert train(told)
    before = (told.folder / "state.safetensors").read_bytes()
    with pytest.raises(DataError, match="another run: optimiser differ") as caught:
        train(config.load(tmp_path / "small.toml", ["optimiser.lr=1e-3"]))
    assert "folder=" in caught.value.hint
    assert (told.folder / "state.safetensors").read_bytes() == before
    (told.folder / "state.safetensors").write_bytes(b"damaged")
    with pytest.raises(DataError, match="no file of a training"):
        train(told)


def test_weights_of_another_run_are_a_beginning(torch, train, tmp_path):
    from animelayers.training.lite import config
    from animelayers.training.lite.learner import Learner

    told = banks.training(tmp_path, "budget.steps=1")
    assert train(told)
    weights = told.folder / "weights.safetensors"
    begun = Learner(config.load(tmp_path / "small.toml", [f"initial={weights}"]), torch.device("cpu"))
    assert {n: t.numpy().tobytes() for n, t in begun.net.state_dict().items()} == tensors(weights)
    for override, said in (("net.width=5", "does not fit"), (f"initial={tmp_path}/none", "cannot be read")):
        other = config.load(tmp_path / "small.toml", [f"initial={weights}", override])
        with pytest.raises(ModelError, match=said):
            Learner(other, torch.device("cpu"))


def test_what_is_not_finite_changes_nothing_and_ends_in_time(torch, corner, tmp_path):
    from animelayers.training.lite.learner import PATIENCE, Learner

    told = banks.training(tmp_path, banked=False)
    learner = Learner(told, torch.device("cpu"))
    learner.learn(corner, 0, 0.0)
    before = {name: tensor.clone() for name, tensor in learner.net.state_dict().items() if tensor.is_floating_point()}
    bad = {**corner, "seen": corner["seen"] * float("nan")}
    for step in range(1, PATIENCE):
        learner.learn(bad, step, 0.0)
    after = learner.net.state_dict()
    assert all(torch.isfinite(after[name]).all() for name in before)
    weights = {name for name, _ in learner.net.named_parameters()}
    assert all(torch.equal(before[name], after[name]) for name in weights)
    with pytest.raises(AnimeLayersError, match="has not been finite") as caught:
        learner.learn(bad, PATIENCE, 0.0)
    assert "optimiser.lr" in caught.value.hint
    learner.learn(corner, PATIENCE + 1, 0.0)
    assert not torch.equal(after["enter.0.weight"], before["enter.0.weight"])


def test_the_rate_rises_and_falls_and_the_average_follows(torch, corner, tmp_path):
    from animelayers.training.lite.learner import Learner

    told = banks.training(tmp_path, "optimiser.warm_up=4", "optimiser.lr=0.1", banked=False)
    learner = Learner(told, torch.device("cpu"))
    rates = []
    for step, done in ((0, 0.0), (1, 0.0), (99, 0.5), (99, 1.0)):
        ours, theirs = learner.average.enter[0].weight.clone(), learner.net.enter[0].weight
        learner.learn(corner, step, done)
        rates.append(learner.optimiser.param_groups[0]["lr"])
        keep = min(0.998, (step + 1) / (step + 20))
        assert torch.allclose(learner.average.enter[0].weight, keep * ours + (1 - keep) * theirs, atol=1e-6)
    assert rates == pytest.approx([0.025, 0.05, 0.05, 0.0])


@pytest.fixture
def shelf(torch, tmp_path):
    """Makes shelves; they are closed in the end."""
    from contextlib import ExitStack

    from animelayers.training.lite.shelf import Shelf

    with ExitStack() as stack:
        yield lambda seeds, seats, **told: stack.enter_context(Shelf(Bank(tmp_path), "rendering", seeds, seats, **told))


def test_a_view_stays_until_it_was_drawn_often_enough(torch, shelf, tmp_path):
    banks.write(tmp_path, range(4))
    one = shelf(range(4), 2, replay=2)
    one.look()
    one.fill(99)
    assert one.standing().seated == [0, 1]
    stay = 2 * 5  # replay × views that a seat has room for
    one.renew(stay - 1)
    assert one.standing().seated == [0, 1]
    seen = []
    for _ in range(6):
        one.renew(stay)
        seen.append(one.standing().seated)
    # The oldest makes room for who is new, then for who has waited longest.
    assert seen == [[2, 1], [2, 3], [0, 3], [0, 1], [2, 1], [2, 3]]


def test_with_room_for_all_nobody_leaves_and_who_is_new_comes_in(torch, shelf, tmp_path):
    banks.write(tmp_path, [1, 2])
    one = shelf(range(5), 4)
    one.look()
    one.fill(99)
    one.renew(10_000)
    assert one.standing().seated == [1, 2]
    banks.write(tmp_path, [0, 9])  # 9 is nobody's business
    one.look()
    while len(one) < 3:
        one.renew(0)
    assert one.standing().seated == [1, 2, 0]


def test_a_shelf_stands_as_it_stood(torch, shelf, tmp_path):
    banks.write(tmp_path, range(7))
    one = shelf(range(7), 3, replay=1)
    one.look()
    one.fill(99)
    one.renew(23)
    other = shelf(range(7), 3, replay=1, readers=1)
    other.restore(one.standing())
    for step in range(9):
        ours, theirs = (each.batch(4, torch.Generator().manual_seed(step)) for each in (one, other))
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
        one.renew(4)
        other.renew(4)
        assert one.standing().seated == other.standing().seated


def test_a_batch_is_of_as_many_seeds_as_can_be_and_of_views_that_are_there(torch, shelf, tmp_path):
    banks.write(tmp_path, range(3), patches=2)
    one = shelf(range(3), 3)
    one.look()
    one.fill(99)
    read = {
        view["seen"].tobytes(): seed for seed in range(3) for view in Bank(tmp_path).read(seed, "rendering").values()
    }
    drawn = set()
    for step in range(12):
        batch = one.batch(6, torch.Generator().manual_seed(step))
        found = [view.numpy().tobytes() for view in batch["seen"]]
        assert sorted(read[view] for view in found) == [0, 0, 1, 1, 2, 2]
        drawn.update(found)
    assert drawn == set(read)


def test_the_door_trains_and_goes_on(train, tmp_path, capsys):
    told = banks.training(tmp_path)
    main = script("train/lite.py")["main"]
    command = ["--config", str(tmp_path / "small.toml"), "budget.steps=2"]
    for _ in range(2):
        assert main(command) == 0
        assert capsys.readouterr().out.strip() == str(told.folder / "weights.safetensors")
    assert main([*command, "--only-draw"]) == 0
    assert main([*command, "net.depth=3"]) == 1
    said = capsys.readouterr().err
    assert "error: " in said
    assert "hint: " in said
