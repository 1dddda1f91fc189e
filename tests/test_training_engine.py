"""The loop of the large models on a task of two weights. Skipped without the diffusion packages."""

import csv
import os
import signal

import pytest

pytestmark = pytest.mark.usefixtures("diffusion")


class Line:
    """Learns y = 3x + 1 from noisy samples; `hook` is called with every draw."""

    def __init__(self, hook=lambda _: None):
        import torch

        torch.manual_seed(0)
        self.module = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Linear(1, 1).requires_grad_(False))
        self.hook, self.draws, self.results = hook, [], []

    def groups(self):
        return [{"params": [self.module[0].weight]}, {"params": [self.module[0].bias], "lr": 0.1, "weight_decay": 0}]

    def batch(self, draw, rank, world):
        self.hook(draw)
        self.draws.append(draw)
        return draw

    def learn(self, module, batch, generator):
        import torch

        x = torch.randn(8, 1, generator=generator)
        error = module[0](x) - 3 * x - 1 + 0.1 * torch.randn(8, 1)
        loss = error.square().mean()
        return loss, {"square": loss}

    def held_out(self, module):
        return {"bias": module[0].bias.item()}

    def preview(self, module, path):
        path.parent.mkdir(exist_ok=True)
        path.write_text(str(module.training))

    def result(self, folder, weights, step):
        self.results.append((step, sorted(weights)))
        (folder / "result.txt").write_text(f"{weights['0.bias'].item()}")


def order(folder, steps=6, session=None, report=None, **optimiser):
    from animelayers.training import settings
    from animelayers.training.engine import Order

    folder.mkdir(exist_ok=True)
    told = {"lr": 0.05, "warm_up": 2, "schedule": "cosine", "average": 0.5, "accumulate": 2, **optimiser}
    every = {"log": 2, "save": 2, "keep": 2, "held_out": 3, "preview": 0, **(report or {})}
    return Order(
        folder,
        steps,
        settings.OptimiserSettings(**told),
        settings.ReportSettings(**every),
        **({} if session is None else {"session": session}),
    )


def run(task, told, say=lambda _: None):
    from accelerate import Accelerator

    from animelayers.training import engine

    return engine.run(task, told, Accelerator(cpu=True), say)


def rows(path, *without):
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: value for name, value in row.items() if name not in without} for row in csv.DictReader(file)]


def test_it_learns_and_leaves_files(tmp_path):
    task, said = Line(), []
    assert run(task, order(tmp_path / "a", steps=150, report={"save": 50, "preview": 150}), said.append)
    assert float((tmp_path / "a" / "result.txt").read_text()) == pytest.approx(1, abs=0.05)
    assert [path.name for path in sorted((tmp_path / "a" / "checkpoints").iterdir())] == [
        "000100.safetensors",
        "000150.safetensors",
    ]
    assert task.results[-1] == (150, ["0.bias", "0.weight"]), "frozen weights are not saved"
    assert task.draws == list(range(300))
    curve = rows(tmp_path / "a" / "curves.csv")
    assert [row["step"] for row in curve] == [str(step) for step in range(1, 151)]
    assert float(curve[-1]["loss"]) < float(curve[0]["loss"]) / 20
    assert (tmp_path / "a" / "previews" / "000150.png").read_text() == "False"
    assert [row["step"] for row in rows(tmp_path / "a" / "held-out.csv")][:2] == ["0", "3"]
    assert any("held out" in line for line in said)


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_what_is_handed_over_is_what_was_measured(tmp_path, average):
    task = Line()
    assert run(task, order(tmp_path / "a", steps=6, average=average, schedule="constant"))
    measured = float(rows(tmp_path / "a" / "held-out.csv")[-1]["bias"])
    assert float((tmp_path / "a" / "result.txt").read_text()) == pytest.approx(measured, abs=1e-6)
    assert (task.module[0].bias.item() == pytest.approx(measured, abs=1e-6)) == (average == 0)


@pytest.mark.parametrize("average", [0.0, 0.5])
def test_a_run_that_goes_on_is_the_run_that_was_never_interrupted(tmp_path, average):
    assert run(Line(), order(tmp_path / "whole", average=average))

    def interrupt(draw):
        if draw == 7:  # in the middle of step 4: that step is finished
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run(Line(interrupt), order(tmp_path / "pieces", average=average))
    assert sorted(path.stem for path in (tmp_path / "pieces" / "checkpoints").iterdir()) == ["000002", "000004"]
    assert run(Line(), order(tmp_path / "pieces", average=average))
    last = "checkpoints/000006.safetensors"
    whole, pieces = ((tmp_path / folder / last).read_bytes() for folder in ("whole", "pieces"))
    assert tensors_of(whole) == tensors_of(pieces)
    for name in ("curves.csv", "held-out.csv"):
        assert rows(tmp_path / "whole" / name, "seconds") == rows(tmp_path / "pieces" / name, "seconds")


def tensors_of(data):
    from safetensors.torch import load

    return {name: tensor.tolist() for name, tensor in load(data).items()}


def test_curves_lose_what_was_written_after_the_checkpoint(tmp_path):
    def fail(draw):
        if draw == 10:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(Line(fail), order(tmp_path / "a", accumulate=1, steps=12, report={"save": 8}))
    assert len(rows(tmp_path / "a" / "curves.csv")) == 10
    assert run(Line(), order(tmp_path / "a", accumulate=1, steps=12, report={"save": 8}))
    assert [row["step"] for row in rows(tmp_path / "a" / "curves.csv")] == [str(step) for step in range(1, 13)]


def test_a_session_ends_in_time_and_is_done_at_last(tmp_path):
    told = order(tmp_path / "a", steps=3, session=0)
    assert [run(Line(), told) for _ in range(3)] == [False, False, True]
    assert run(Line(), told), "and again nothing is to do"


def test_a_gradient_that_is_not_finite_changes_nothing_and_is_given_up(tmp_path, torch):
    from animelayers.errors import AnimeLayersError

    class Broken(Line):
        def learn(self, module, batch, generator):
            loss, terms = super().learn(module, batch, generator)
            return loss * (float("nan") if 2 <= batch < 4 or batch >= 6 else 1), terms

    task = Broken()
    with pytest.raises(AnimeLayersError, match="not been finite 10 times"):
        run(task, order(tmp_path / "a", steps=40, accumulate=1))
    assert torch.isfinite(task.module[0].weight).all()


def test_a_damaged_checkpoint_is_named(tmp_path):
    from animelayers.errors import DataError

    run(Line(), order(tmp_path / "a", steps=2))
    path = tmp_path / "a" / "checkpoints" / "000002.safetensors"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(DataError, match="000002") as caught:
        run(Line(), order(tmp_path / "a", steps=4))
    assert "remove it" in caught.value.hint


def test_a_checkpoint_of_another_training_is_refused(tmp_path, torch):
    from animelayers.errors import DataError

    run(Line(), order(tmp_path / "a", steps=2))
    other = Line()
    other.module = torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.Linear(1, 1).requires_grad_(False))
    with pytest.raises(DataError, match="another training"):
        run(other, order(tmp_path / "a", steps=4))


def test_the_average_is_one_and_comes_and_goes(torch):
    from animelayers.training.average import Average

    weight = torch.nn.Parameter(torch.tensor([0.0]))
    average = Average([weight], 0.9)
    seen = 0.0
    for step in range(40):
        with torch.no_grad():
            weight.fill_(step)
        average.follow([weight], step)
        keep = min(0.9, (step + 1) / (step + 10))
        seen = keep * seen + (1 - keep) * step
    with average.applied([weight]):
        assert weight.item() == pytest.approx(seen, rel=1e-5)
    assert weight.item() == 39


@pytest.mark.parametrize(
    ("schedule", "shares"),
    [("constant", [0.5, 1, 1, 1]), ("linear", [0.5, 0.75, 0.5, 0.25]), ("cosine", [0.5, 0.8536, 0.5, 0.1464])],
)
def test_the_rate_warms_up_and_comes_down(schedule, shares):
    from animelayers.training.settings import OptimiserSettings

    told = OptimiserSettings(warm_up=2, schedule=schedule)
    assert [told.rate(step, 4) for step in range(4)] == pytest.approx(shares, abs=1e-3)


def test_noise_of_steps_and_ranks_is_never_the_same():
    from animelayers.training.engine import _mixed

    found = {_mixed(seed, step, rank) for seed in range(3) for step in range(50) for rank in range(8)}
    assert len(found) == 3 * 50 * 8
