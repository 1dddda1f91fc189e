"""Configurations: every file resolves and says how it is run; what is mistyped is told."""

import itertools
import re
import shlex

import pytest
from banks import CONFIG
from drawing import ROOT

from animelayers.errors import AnimeLayersError
from animelayers.training.lite.config import BudgetSettings, Config, load
from animelayers.training.settings import provenance

FILES = sorted((ROOT / "configs" / "lite").glob("*.toml"))


def test_there_is_one_for_either_net_on_either_device():
    assert {tuple(path.stem.split("-")[:2]) for path in FILES} == set(
        itertools.product(("parts", "rendering"), ("cpu", "gpu"))
    )


@pytest.mark.parametrize("path", [path for path in FILES if path.stem.endswith("-2")], ids=lambda path: path.stem)
def test_a_second_stage_goes_on_from_the_first(path):
    first, second = load(path.with_stem(path.stem.removesuffix("-2"))), load(path)
    assert second.initial == first.folder / "weights.safetensors"
    assert second.bank.folder == first.bank.folder
    assert second.net == first.net


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_resolves(path):
    mode, device, *_ = path.stem.split("-")
    told = load(path)
    assert told.net.mode == mode
    assert told.device == {"cpu": "cpu", "gpu": "cuda"}[device]
    assert told.folder.name == path.stem
    assert told.shelf.seats * 6 < {"cpu": 6_000, "gpu": 100_000}[device]  # MB
    assert told.budget.session is None or told.budget.session < 10


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_begins_with_the_command_that_runs_it(path, capsys):
    first = path.read_text("utf-8").splitlines()[0]
    program, door, *words = shlex.split(first.removeprefix("# "))
    assert (program, door, words) == ("python", "train/lite.py", ["--config", f"configs/lite/{path.name}"])
    assert (ROOT / words[1]) == path


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_both_modes_share_a_bank(device):
    parts, rendering = (load(path) for path in FILES if path.stem.endswith(device))
    shared = {"folder", "first", "held_out", "jobs"}
    assert parts.bank.model_dump(include=shared) == rendering.bank.model_dump(include=shared)
    assert rendering.bank.seeds <= parts.bank.seeds


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(CONFIG.format(folder=tmp_path.as_posix()))
    return path


def test_overrides_are_toml_or_else_text(small):
    told = load(small, ["optimiser.lr=1e-3", "net.width = 8", "bank.folder=/data/my bank", "compile=true"])
    assert (told.optimiser.lr, told.net.width, told.compile) == (1e-3, 8, True)
    assert told.bank.folder.as_posix() == "/data/my bank"


def test_what_is_resolved_resolves_to_itself(small):
    told = load(small)
    assert Config.model_validate_json(told.model_dump_json()) == told


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("optimizer.lr=1", "optimizer"),
        ("optimiser.rate=1", r"optimiser\.rate"),
        ("optimiser.lr=-1", r"optimiser\.lr"),
        ("augment.mirror=1.5", r"augment\.mirror"),
        ("net.mode=depth", "net"),
        ("bank.begin=6", "begin is more"),
        ("budget.minutes=3", "one of minutes and steps"),
        ("lr", "no override"),
        ("seed.x=1", "seed"),
        ("folder.x=1", "no settings of its own"),
    ],
)
def test_what_is_mistyped_is_told(small, override, said):
    with pytest.raises(AnimeLayersError, match=said) as caught:
        load(small, [override])
    assert caught.value.hint


def test_a_file_that_is_none_is_told(tmp_path):
    with pytest.raises(AnimeLayersError, match="cannot be read"):
        load(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[net\n")
    with pytest.raises(AnimeLayersError, match="not TOML"):
        load(tmp_path / "bad.toml")


def test_a_run_may_go_on_elsewhere_and_longer_but_not_otherwise(small):
    told = load(small)
    same = ["folder=x", "bank.folder=y", "bank.jobs=7", "budget.steps=99", "threads=2", "report.minutes=9"]
    assert load(small, same).identity == told.identity
    for other in ("seed=1", "optimiser.lr=1", "net.width=5", "bank.seeds=6", "shelf.seats=2", "augment.grey=0"):
        assert load(small, [other]).identity != told.identity


def test_budgets_are_spent_evenly():
    assert [BudgetSettings(steps=8).done(step, 99) for step in (0, 2, 8, 9)] == [0, 0.25, 1, 1]
    assert [BudgetSettings(minutes=8).done(99, minutes) for minutes in (0, 2, 8, 9)] == [0, 0.25, 1, 1]


def test_where_it_comes_from_is_a_version_and_a_revision():
    found = provenance()
    assert found["version"]
    assert re.fullmatch(r"([0-9a-f]{40}(-dirty)?)?", found["revision"])
