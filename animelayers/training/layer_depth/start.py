"""From a configuration to a training that runs: read the pictures, count the memory, load, learn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from animelayers.models import hub, tensors
from animelayers.training import devices, engine, runs, trainable
from animelayers.training.engine import Order, Say
from animelayers.training.layer_depth import depth_pro
from animelayers.training.layer_depth.config import Config, DepthProNet
from animelayers.training.layer_depth.depth_net import DepthNet
from animelayers.training.layer_depth.task import LayerDepthTask, Result
from animelayers.training.layer_depth.views import Packed, Pictures, Views
from animelayers.training.lite import encoder
from animelayers.training.lite.learner import read_weights
from animelayers.training.settings import provenance


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known before anything large is loaded."""

    config: Config
    pictures: Pictures
    beginning: depth_pro.Beginning | Path | None
    """Depth Pro, the weights of a small net, or nothing that was taught before."""
    need: trainable.Need | None
    """Of Depth Pro; the small net fits everywhere."""
    free: int
    """Bytes."""

    @property
    def lines(self) -> Iterator[str]:
        """What will be done, for people."""
        config, count = self.config, len(self.pictures.learnt)
        each = config.optimiser.batch * config.optimiser.accumulate
        packs = Counter(one.facts.pack for one in self.pictures.learnt)
        yield f"{count} pictures to learn, {len(self.pictures.held_out)} held out: {self.pictures.memory / 1e6:.0f} MB"
        yield "of " + ", ".join(f"{pack} {number}" for pack, number in sorted(packs.items()))
        yield f"{config.net.kind}, views of {config.data.size} x {config.data.size} px"
        yield f"{config.steps} steps of {each} on every device: {config.steps * each / count:.1f} epochs on one"
        if self.need is not None:
            yield self.need.line(self.free)


def prepare(config: Config, accelerator: Accelerator, say: Say) -> Prepared:  # noqa: ARG001  # as in other trainings
    """Look at everything and load no network.

    Raises:
        DataError: there is nothing to learn from.
        ModelError: the base is missing, is another model, or does not fit into memory.
    """
    beginning: depth_pro.Beginning | Path | None = None
    need, weights = None, config.base.weights
    if isinstance(config.net, DepthProNet):
        assert weights is not None, "the configuration has seen to it"
        beginning = depth_pro.Beginning.of(weights)
        beginning.check(config.data.size)
        need = _need(config, beginning, accelerator)
    elif weights is not None:
        beginning = hub.located(weights, files=())
        tensors.header(beginning)
    free = devices.free_memory(accelerator)
    if need is not None:
        need.check(free)
    return Prepared(config, Pictures.read(config.data), beginning, need, free)


def train(config: Config, accelerator: Accelerator, say: Say) -> bool:
    """Train, or go on; whether all steps are done.

    Raises:
        AnimeLayersError: as `prepare`, `runs.begin` and `engine.run` do.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    prepared = prepare(config, accelerator, say)
    for line in prepared.lines:
        say(line)
    module, result = _network(prepared)
    with accelerator.main_process_first():
        if accelerator.is_main_process:
            runs.begin(config, accelerator.device)
    if not accelerator.is_fsdp2:  # which takes one block after another to the card, and there cuts it
        module.to(accelerator.device)
    views = Views(prepared.pictures.learnt, config.data, config.view, config.loss)
    task = LayerDepthTask(module.train(), config, views, prepared.pictures.held_out, result)
    return engine.run(task, Order.of(config), accelerator, say)


def _network(prepared: Prepared) -> tuple[nn.Module, Result]:
    """The network on the CPU, and what writes its weights."""
    config, beginning = prepared.config, prepared.beginning
    torch.manual_seed(config.seed)  # of weights that are new
    if isinstance(config.net, DepthProNet):
        assert isinstance(beginning, depth_pro.Beginning)
        network, base, how = beginning.network(), beginning.folder, config.net.stored
        if config.net.checkpointing:
            network.model.activation_checkpointing_enable()

        def write_folder(_folder: Path, weights: Mapping[str, Tensor], _step: int) -> None:
            depth_pro.write(config.made, base, network.model, weights, how)

        return network, write_folder
    net = DepthNet()
    if isinstance(beginning, Path):
        read_weights(beginning, net)
    elif config.net.pretrained:
        net.encoder.load_state_dict(encoder.published(), strict=False)

    def write_file(_folder: Path, weights: Mapping[str, Tensor], step: int) -> None:
        tensors.write(config.made, weights, card(config, prepared.pictures.learnt, step))

    return net.to(memory_format=torch.channels_last), write_file


def card(config: Config, learnt: tuple[Packed, ...], step: int) -> dict[str, Any]:
    """What is to be said of the small net wherever it goes, JSON values."""
    licences = {one.facts.pack: one.facts.licence for one in learnt}
    packs = Counter(one.facts.pack for one in learnt)
    told = config.model_dump(
        mode="json", include={"seed", "data", "view", "loss", "optimiser"}, exclude={"data": {"path", "readers"}}
    )
    return {
        "name": "animelayers lite depth",
        "mode": "depth",
        "about": "in which layer every pixel was painted, larger nearer, in no unit",
        "licence": "Apache-2.0",
        **provenance(),
        "net": config.net.model_dump(mode="json"),
        "data": {
            pack: {"pictures": packs[pack], "licence": by.spdx, "holder": by.holder, "source": _sources(pack, learnt)}
            for pack, by in sorted(licences.items())
        },
        "training": {
            "steps": step,
            "views": step * config.optimiser.batch * config.optimiser.accumulate,
            "config": told,
        },
        "encoder": encoder.ORIGIN if config.net.pretrained else "learnt here",  # type: ignore[union-attr]
        "known failures": [
            "learnt from icons: of fine line art it knows little more than that thin dark things lie in front",
            "painted shading without edges is one layer to it",
        ],
    }


def _sources(pack: str, learnt: tuple[Packed, ...]) -> str:
    """That of all pictures of a pack, or the first and the last: those that are drawn have a seed each."""
    found = sorted({one.facts.licence.source for one in learnt if one.facts.pack == pack})
    return found[0] if len(found) == 1 else f"{found[0]} … {found[-1]}"


def _need(config: Config, beginning: depth_pro.Beginning, accelerator: Accelerator) -> trainable.Need:
    wide = 2 if config.precision == "bf16" else 4
    active = beginning.activations(config.optimiser.batch) * wide // 2
    return trainable.Need.of(beginning.outline(), config.optimiser, active, accelerator)
