"""Several processes learn one adapter: the files for accelerate, and one real launch. Skipped without accelerate."""

import csv
import os
import shlex
import shutil
import socket
import subprocess
import sys

import pytest
import toy_qwen
import toy_see_through
from drawing import ROOT
from samples import sample

from animelayers.data.sets import save_set

FILES = sorted((ROOT / "configs" / "accelerate").glob("*.yaml"))


@pytest.fixture(scope="module", autouse=True)
def torch():
    torch = pytest.importorskip("torch")
    pytest.importorskip("diffusers")
    pytest.importorskip("accelerate")
    torch.set_num_threads(1)
    return torch


# --- the files


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_accelerate_understands_every_file_and_the_command_that_it_begins_with(path):
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import launch_command_parser

    told = load_config_from_file(str(path))
    sharp, program, *words = shlex.split(path.read_text("utf-8").splitlines()[0])
    assert [sharp, program, words[0]] == ["#", "accelerate", "launch"]
    typed = launch_command_parser().parse_args(words[1:])
    assert (ROOT / typed.config_file) == path
    assert (ROOT / typed.training_script).is_file()
    assert typed.num_processes in (None, told.num_processes)
    assert told.fsdp_config.keys() <= vars(typed).keys(), "others would be ignored"
    assert told.mixed_precision == "no"


@pytest.mark.parametrize(
    ("name", "network", "most"),
    [("fsdp", toy_qwen.transformer, 0.2), ("fsdp-parts", toy_see_through.unet, 0.2)],
)
def test_fsdp_divides_the_blocks_that_there_are(name, network, most):
    from accelerate.commands.config.config_args import load_config_from_file

    told = load_config_from_file(str(ROOT / "configs" / "accelerate" / f"{name}.yaml")).fsdp_config
    wanted, model = told["fsdp_transformer_layer_cls_to_wrap"].split(","), network()
    blocks = [module for module in model.modules() if type(module).__name__ in wanted]
    assert {type(block).__name__ for block in blocks} == set(wanted)
    assert told["fsdp_version"] == 2
    divided = {id(weight) for block in blocks for weight in block.parameters()}
    whole = sum(weight.numel() for weight in model.parameters())
    left = sum(weight.numel() for weight in model.parameters() if id(weight) not in divided)
    assert left < most * whole, "what lies in no block is whole on every card when it is used"


def test_an_adapter_is_taught_in_float32_whatever_the_base_is(torch):
    """In bf16 most steps of a small rate would change nothing; FSDP also wants one dtype in all that is trained."""
    from animelayers.models.qwen_layered import adapter

    model = toy_qwen.transformer().bfloat16().requires_grad_(False)
    adapter.insert(model, toy_qwen.spec())
    kinds = {(weight.requires_grad, weight.dtype) for weight in model.parameters()}
    assert kinds == {(True, torch.float32), (False, torch.bfloat16)}


# --- a launch

TOML = """
folder = "{place}/run"
steps = 6
device = "cpu"
data = {{ path = "{place}/art", held_out = 1, size = [64, 48], flip = 0.0, cache = "{place}/cache" }}
base = {{ weights = "{place}/base", memory = "float32" }}
adapter = {{ rank = 2 }}
optimiser = {{ batch = 1, warm_up = 0, lr = 1e-2, average = 0.5 }}
report = {{ log = 2, save = 3, held_out = 3, preview = 6, previews = 1, preview_steps = 2 }}
"""

PROGRAM = """
import hashlib, os, runpy, sys
from pathlib import Path
from animelayers.training.lora.task import RenderingTask

place, script = Path(sys.argv[1]), sys.argv[2]
batch, result = RenderingTask.batch, RenderingTask.result

def spied_batch(self, draw, rank, world):
    made = batch(self, draw, rank, world)
    seen = hashlib.sha256(made.clean.numpy().tobytes()).hexdigest()
    with (place / f"seen-{rank}.txt").open("a") as file:
        file.write(f"{draw} {world} {os.getpid()} {seen}\\n")
    return made

def spied_result(self, folder, weights, step):
    with (place / "written.txt").open("a") as file:
        file.write(f"{step} {os.environ['RANK']}\\n")
    result(self, folder, weights, step)

RenderingTask.batch, RenderingTask.result = spied_batch, spied_result
for session in (["session=1e-9"], []):
    sys.argv = [script, "--config", str(place / "lora.toml"), *session]
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as done:
        if done.code:
            raise
"""
"""train/lora.py twice, so that the second goes on; what each process sees and writes is noted down."""


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    """Where two processes have learnt, and what they said."""
    place = tmp_path_factory.mktemp("launch")
    toy_qwen.save_base(place / "base")
    save_set([sample(f"s{seed}", seed=seed, size=(64, 48)) for seed in range(5)], place / "art", name="art")
    (place / "lora.toml").write_text(TOML.format(place=place.as_posix()), "utf-8")
    (place / "program.py").write_text(PROGRAM, "utf-8")
    return place, launch(place / "program.py", place, ROOT / "train" / "lora.py")


def launch(*words):
    """Let two processes run a program; what they said."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "accelerate.commands.launch", "--main_process_port", port, "--config_file"]
    command += [str(ROOT / "configs/accelerate/ddp.yaml"), *map(str, words)]
    told = {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=os.environ | told, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-5000:]
    return done.stderr


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_two_processes_learn_from_different_artworks(launched):
    place, _ = launched
    seen = [[line.split() for line in (place / f"seen-{rank}.txt").read_text().splitlines()] for rank in (0, 1)]
    assert len({process for lines in seen for _, _, process, _ in lines}) == 2
    for lines in seen:
        assert [(int(draw), int(world)) for draw, world, _, _ in lines] == [(draw, 2) for draw in range(6)]
    pairs = [{first[3], second[3]} for first, second in zip(*seen, strict=True)]
    for epoch in (0, 2, 4):
        assert len(pairs[epoch] | pairs[epoch + 1]) == 4, "in two steps of two, all four"


def test_they_learn_one_adapter_and_one_of_them_writes(launched, torch):
    from animelayers.models.qwen_layered import adapter

    place, said = launched
    curve = table(place / "run" / "curves.csv")
    assert [(row["step"], row["samples"]) for row in curve] == [(str(step), str(2 * step)) for step in range(1, 7)]
    losses = [float(row["loss"]) for row in curve]
    assert sum(losses[3:]) < sum(losses[:3])
    assert [row["step"] for row in table(place / "run" / "held-out.csv")] == ["0", "3", "6"]
    assert (place / "run" / "previews" / "000006.png").exists()
    assert (place / "written.txt").read_text().splitlines() == ["1 0", "3 0", "6 0"]
    assert said.count("4 artworks to learn, 1 held out") == 2, "of two calls, each by one process"
    assert said.count("going on from step 1") == 1
    assert "another number of devices" not in said
    spec, tensors = adapter.read(adapter.located(place / "run"))
    adapter.load(toy_qwen.transformer(), spec, tensors)
    assert spec.steps == 6
    assert all(tensor.isfinite().all() and tensor.any() for tensor in tensors.values())


def test_another_number_of_processes_goes_on_and_says_so(launched, torch, tmp_path):
    from accelerate import Accelerator

    from animelayers.models.qwen_layered import adapter
    from animelayers.training.lora import config, start

    place, _ = launched
    shutil.copytree(place / "run", tmp_path / "run")
    (tmp_path / "run" / "checkpoints" / "000006.safetensors").unlink()
    lines = []
    told = config.load(place / "lora.toml", [f"folder={tmp_path.as_posix()}/run"])
    assert start.train(told, Accelerator(cpu=True), lines.append)
    assert "going on from step 3" in lines
    assert any("so far on another number of devices" in line for line in lines)
    curve = table(tmp_path / "run" / "curves.csv")
    assert [row["samples"] for row in curve] == ["2", "4", "6", "7", "8", "9"]
    assert curve[:3] == table(place / "run" / "curves.csv")[:3]
    assert adapter.read(tmp_path / "run" / adapter.FILE)[0].steps == 6


# --- parts

PARTS_TOML = """
folder = "{place}/run"
stage = 2
steps = 4
device = "cpu"
precision = "float32"
data = {{ path = "{place}/art", held_out = 1, side = 64 }}
base = {{ weights = "{place}/base" }}
optimiser = {{ warm_up = 0, lr = 1e-3 }}
report = {{ log = 1, save = 2, held_out = 4, preview = 4, previews = 1, preview_steps = 2 }}
"""


def test_bodies_and_heads_are_learnt_by_several_processes_too(tmp_path, torch):
    """At every step the group embedding of one of the groups is not used."""
    from animelayers.models.see_through import loading

    toy_see_through.save_parts(tmp_path / "base")
    save_set([sample(f"s{seed}", seed=seed, size=(64, 48)) for seed in range(3)], tmp_path / "art", name="art")
    (tmp_path / "parts.toml").write_text(PARTS_TOML.format(place=tmp_path.as_posix()), "utf-8")
    said = launch(ROOT / "train" / "parts.py", "--stage", "2", "--config", tmp_path / "parts.toml")
    assert said.count("2 pictures to learn, 2 of them with a head; 1 held out") == 1
    curve = table(tmp_path / "run" / "curves.csv")
    assert [(row["step"], row["samples"]) for row in curve] == [(str(step), str(2 * step)) for step in range(1, 5)]
    assert [row["step"] for row in table(tmp_path / "run" / "held-out.csv")] == ["0", "4"]
    before, after = (
        loading.load_unet(tmp_path / name, "float32", torch.device("cpu")).state_dict() for name in ("base", "run")
    )
    for group in (0, 1):
        name = f"group_embeds2.{group}.linear.weight"
        assert not torch.allclose(after[name], before[name].bfloat16().float(), atol=1e-5), "both have learnt"
