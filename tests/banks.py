"""A small bank of views without a drawing, and the configuration of a small training on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from animelayers.parts import PART_LABELS

CONFIG = """
folder = "{folder}/run"
device = "cpu"
threads = 1
precision = "float32"
[net]
mode = "rendering"
width = 4
[bank]
folder = "{folder}/bank"
seeds = 5
begin = 5
held_out = 1
[shelf]
seats = 3
replay = 1
[optimiser]
batch = 2
lr = 1e-2
warm_up = 2
[budget]
steps = 4
[report]
log_steps = 2
"""


def patch(rng):
    """A disc with an outline on nothing, in any colours."""
    y, x = np.mgrid[:256, :256]
    distance = np.hypot(y - rng.integers(60, 190), x - rng.integers(60, 190))
    figure = np.where(distance < 80, 255, 0).astype(np.uint8)
    line = np.zeros((256, 256, 4), np.uint8)
    line[(distance < 80) & (distance > 74)] = (*rng.integers(0, 90, 3), 255)
    flat = np.where(figure[..., None] > 0, rng.integers(90, 255, 3), 0).astype(np.uint8)
    rgb = np.where(line[..., 3:] > 0, line[..., :3], np.where(figure[..., None] > 0, flat, 255))
    seen = np.dstack([rgb, figure]).astype(np.uint8)
    return {"seen": seen, "line": line, "flat": flat, "base": flat, "figure": figure}


def look(rng, labels=("face", "topwear")):
    """Rectangles, one a part, whole where they are seen."""
    view = {
        "seen": np.full((384, 320, 4), 255, np.uint8),
        "visible": np.zeros((384, 320), np.uint8),
        "amodal": np.zeros((23, 96, 80), np.uint8),
        "colour": np.zeros((23, 96, 80, 3), np.uint8),
        "depth": np.zeros((23, 96, 80), np.uint8),
        "side": np.zeros((96, 80), np.uint8),
    }
    for number, tag in enumerate(labels):
        colour, label = rng.integers(0, 255, 3), PART_LABELS[tag]
        here, there = (
            np.s_[120 * number + 40 : 120 * number + 120, 80:200],
            np.s_[30 * number + 10 : 30 * number + 30, 20:50],
        )
        view["seen"][here] = (*colour, 255)
        view["visible"][here] = label
        view["side"][there] = 1 + number % 2
        for name, value in (("amodal", 255), ("colour", colour), ("depth", 100 + number)):
            view[name][label - 1][there] = value
    return view


def write(folder: Path, seeds, *, patches=2):
    """Files of a bank with `patches` patches, two figures and a head a seed."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        rng = np.random.default_rng(seed)
        views = {f"patch{number}": patch(rng) for number in range(patches)}
        views |= {"figure0": look(rng), "figure1": look(rng), "head0": look(rng, ("face", "irides", "mouth"))}
        arrays = {f"{name}.{field}": array for name, view in views.items() for field, array in view.items()}
        np.savez(folder / f"{seed:08d}.npz", **arrays)


def training(folder: Path, *overrides: str, banked=True):
    """The configuration, its bank being complete."""
    from animelayers.training.lite import bank, config

    path = folder / "small.toml"
    path.write_text(CONFIG.format(folder=folder.as_posix()))
    told = config.load(path, overrides)
    order = bank.Order.of(told.bank)
    if banked:
        write(order.folder, order.learnt)
        write(order.folder / bank.HELD_OUT, order.measured)
    return told
