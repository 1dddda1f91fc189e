"""Make the tiny nets that tests run instead of real ones: no test needs PyTorch for that.

    python export/tiny_nets.py tests/data

`lite_rendering_tiny.onnx` is the rendering net itself, one channel wide, with random weights that keep everything that
it sees alive. `lite_parts_tiny.onnx` knows parts by their colours, so that a test can tell where it should see what.
`lama_fixed_tiny.onnx` and `lama_free_tiny.onnx` are inpainters in two forms that exports of LaMa have: a hole becomes
the average of what is known nearby.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from animelayers.cli.console import say
from animelayers.parts import PART_LABELS

COLOURS = np.array(list(itertools.product((-1, 0, 1), repeat=3))[: len(PART_LABELS)], np.float32)
"""The colour of every part, -1..1, in the order of `PART_LABELS`; white is nobody's."""
SURE = 12.0
"""How sharply colours are told apart."""
NEARBY = 31
"""Side of the square that an inpainter averages over, px."""


def rendering() -> onnx.ModelProto:
    """The rendering net, one channel wide."""
    import torch

    from animelayers.training.lite import onnx_file
    from animelayers.training.lite.lessons import LESSONS
    from animelayers.training.lite.rendering_net import RenderingNet

    torch.manual_seed(0)
    net = RenderingNet(1).eval()
    for layer in net.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight)
    return onnx_file.graph(onnx_file.rounded(onnx_file.folded(net)), LESSONS["rendering"])


def parts() -> onnx.ModelProto:
    """A net that takes every colour for the part that has the most similar one."""
    table = np.concatenate([np.ones((1, 3), np.float32), COLOURS])
    weights = np.zeros((len(table), 4, 1, 1), np.float32)
    weights[:, :3, 0, 0] = SURE * table
    bias = -SURE * (table**2).sum(axis=1) / 2
    depth = np.linspace(-1, 1, len(COLOURS), dtype=np.float32).reshape(1, -1, 1, 1, 1)
    constants = {
        "weights": weights, "bias": bias, "depth": depth, "one": np.float32([1]), "ten": np.float32([10]),
        "first": np.int64([1]), "last": np.int64([len(table)]), "three": np.int64([3]),
        "zero": np.int64([0]), "value": np.int64([2]),
    }  # fmt: skip
    node = helper.make_node
    nodes = [
        node("AveragePool", ["seen"], ["fine"], kernel_shape=[2, 2], strides=[2, 2]),
        node("AveragePool", ["seen"], ["coarse"], kernel_shape=[4, 4], strides=[4, 4]),
        node("Conv", ["fine", "weights", "bias"], ["visible"]),
        node("Conv", ["coarse", "weights", "bias"], ["likeness"]),
        node("Softmax", ["likeness"], ["chances"], axis=1),
        node("Slice", ["chances", "first", "last", "first"], ["chance"]),
        node("Add", ["chance", "chance"], ["twice"]),
        node("Sub", ["twice", "one"], ["centred"]),
        node("Mul", ["centred", "ten"], ["alphas"]),
        node("Unsqueeze", ["alphas", "value"], ["alpha"]),
        node("Sub", ["alpha", "alpha"], ["nothing"]),
        node("Slice", ["coarse", "zero", "three", "first"], ["rgb"]),
        node("Unsqueeze", ["rgb", "first"], ["one_colour"]),
        node("Add", ["one_colour", "nothing"], ["colour"]),
        node("Add", ["depth", "nothing"], ["depths"]),
        node("Concat", ["alpha", "colour", "depths"], ["whole"], axis=2),
        node("Slice", ["coarse", "zero", "first", "first"], ["red"]),
        node("Squeeze", ["red", "first"], ["side"]),
        node("ReduceMax", ["alphas"], ["presence"], axes=[2, 3], keepdims=0),
    ]  # fmt: skip
    free = {"seen": ["b", 4, "h", "w"], "visible": ["b", 24, "h2", "w2"], "whole": ["b", 23, 5, "h4", "w4"]}
    free |= {"side": ["b", "h4", "w4"], "presence": ["b", 23]}
    tensors = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, axes) for name, axes in free.items()}
    stored = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "parts", [tensors.pop("seen")], list(tensors.values()), stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def inpainter(side: int | None, *, levels: bool, image_first: bool) -> onnx.ModelProto:
    """A net that fills holes with what is known nearby.

    Args:
        side: of what it takes, px; None takes any size.
        levels: whether it gives 0..255; 0..1 otherwise.
        image_first: whether the picture is its first input, or the mask.
    """
    around = {"kernel_shape": [NEARBY] * 2, "pads": [NEARBY // 2] * 4, "count_include_pad": 1}
    constants = {"one": np.float32([1]), "little": np.float32([1e-6]), "range": np.float32([255 if levels else 1])}
    node = helper.make_node
    nodes = [
        node("Sub", ["one", "mask"], ["known"]),
        node("Mul", ["image", "known"], ["left"]),
        node("AveragePool", ["left"], ["sums"], **around),
        node("AveragePool", ["known"], ["weights"], **around),
        node("Max", ["weights", "little"], ["weight"]),
        node("Div", ["sums", "weight"], ["nearby"]),
        node("Mul", ["nearby", "mask"], ["made"]),
        node("Add", ["left", "made"], ["whole"]),
        node("Mul", ["whole", "range"], ["output"]),
    ]
    sides = ["h", "w"] if side is None else [side, side]
    free = {"image": [1, 3, *sides], "mask": [1, 1, *sides], "output": [1, 3, *sides]}
    tensors = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, axes) for name, axes in free.items()}
    inputs = [tensors["image"], tensors["mask"]][:: 1 if image_first else -1]
    stored = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "inpainter", inputs, [tensors["output"]], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


NETS: dict[str, Callable[[], onnx.ModelProto]] = {
    "lite_rendering": rendering,
    "lite_parts": parts,
    "lama_fixed": lambda: inpainter(64, levels=True, image_first=True),
    "lama_free": lambda: inpainter(None, levels=False, image_first=False),
}


def main() -> None:
    """Write all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR")
    folder = parser.parse_args().folder
    for name, make in NETS.items():
        path = folder / f"{name}_tiny.onnx"
        path.write_bytes(make().SerializeToString(deterministic=True))
        say(f"{path} ({path.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
