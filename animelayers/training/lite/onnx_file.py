"""Averaged weights → one ONNX file that says what it is.

BatchNorm is folded into the convolutions before it and weights are rounded to half precision: that net is what ships.
In the file every weight stands behind a Cast to float32. ONNX Runtime undoes these once, when it loads the file, and
calculates in float32, as fast as from a file of twice the size. Batch, height and width are free.
"""

from __future__ import annotations

import copy
import io
import json
import warnings
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from pydantic import TypeAdapter, ValidationError
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from animelayers import __version__
from animelayers.errors import ModelError
from animelayers.handoff.files import replacing
from animelayers.models.tensors import header
from animelayers.training.layer_depth.depth_net import FACE, DepthNet
from animelayers.training.lite.config import Shape
from animelayers.training.lite.learner import read_weights
from animelayers.training.lite.lessons import LESSONS, built

OPSET = 17
CARD = "animelayers"
"""Under this name the file keeps its card, as JSON; beside it lies the same for people, .json instead of .onnx."""
SMALLEST = 64
"""Values of a tensor that is worth rounding."""
TOLERANCE = 1e-3
"""How far ONNX Runtime may be from PyTorch with the same weights."""
FREE: Mapping[str, Mapping[int, str]] = {
    "seen": {0: "batch", 2: "height", 3: "width"},
    "layers": {0: "batch", 2: "height", 3: "width"},
    "visible": {0: "batch", 2: "height/2", 3: "width/2"},
    "whole": {0: "batch", 3: "height/4", 4: "width/4"},
    "side": {0: "batch", 1: "height/4", 2: "width/4"},
    "presence": {0: "batch"},
    "index": {0: "batch", 1: "height/2", 2: "width/2"},
}
"""Tensor → its free axes."""


class Face(Protocol):
    """What a net looks like from outside."""

    @property
    def multiple(self) -> int:
        """Of which the sides of what it sees are multiples."""
        ...

    @property
    def out(self) -> Mapping[str, str]:
        """What its tensors are called, and are."""
        ...


def export(weights: Path, output: Path) -> dict[str, Any]:
    """Write `output`, an ONNX file, and its card beside it; the card.

    Args:
        weights: `weights.safetensors` of a run.
        output: the file, `….onnx`.

    Raises:
        DataError: `weights` is no such file.
        ModelError: it holds other weights than it says, or ONNX Runtime says otherwise than PyTorch.
        OutputError: `output` cannot be written.
    """
    card = header(weights)
    try:
        face, net = named(card)
    except (KeyError, ValidationError) as error:
        hint = "name what train/lite.py or train/illustrator_depth.py wrote"
        raise ModelError(f"{weights} does not say of which net it is", hint=hint) from error
    read_weights(weights, net)
    shipped = rounded(folded(net.eval()))
    model = graph(shipped, face)
    off = max(differences(shipped, face, session(model)).values())
    if not off <= TOLERANCE:
        raise ModelError(f"ONNX Runtime is {off:.2g} from PyTorch", hint="try other versions of torch and onnxruntime")
    card["file"] = {
        "opset": OPSET,
        "multiple": face.multiple,
        "seen": "float32 [batch, 4, height, width]: RGB on white and alpha, -1..1; sides are multiples of `multiple`",
        "said": dict(face.out),
        "stored": "float16, behind casts to float32",
        "moved by rounding": differences(shipped, face, net),
    }
    helper.set_model_props(model, {CARD: json.dumps(card, ensure_ascii=False)})
    with replacing(output) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))
    with replacing(output.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return card


def named(card: Mapping[str, Any]) -> tuple[Face, nn.Module]:
    """The net of which a card is, with weights of its own, and its face.

    Raises:
        KeyError, ValidationError: it is of none.
    """
    if card["mode"] == "depth":
        return FACE, DepthNet()
    return LESSONS[card["mode"]], built(TypeAdapter[Any](Shape).validate_python(card["net"]))


def folded(net: nn.Module) -> nn.Module:
    """A copy that says the same without BatchNorm."""
    net = copy.deepcopy(net)
    for block in [block for block in net.modules() if isinstance(block, nn.Sequential)]:
        for place, (one, two) in enumerate(pairwise(list(block))):
            if isinstance(one, nn.Conv2d) and isinstance(two, nn.BatchNorm2d):
                block[place], block[place + 1] = fuse_conv_bn_eval(one, two), nn.Identity()
    return net


def rounded(net: nn.Module) -> nn.Module:
    """A copy whose larger tensors hold numbers of half precision."""
    net = copy.deepcopy(net).requires_grad_(False)
    for weight in net.parameters():
        if weight.numel() >= SMALLEST:
            weight.copy_(weight.half())
    return net


def graph(net: nn.Module, face: Face) -> onnx.ModelProto:
    """A folded and rounded net as a graph, weights stored in half precision where that loses nothing."""
    names = ["seen", *face.out]
    file: Any = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no further package says that it is not the newest
        torch.onnx.export(
            net,
            (torch.zeros(1, 4, 2 * face.multiple, 3 * face.multiple),),
            file,
            input_names=names[:1],
            output_names=names[1:],
            dynamic_axes={name: dict(FREE[name]) for name in names},
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load_from_string(file.getvalue())
    model.producer_name, model.producer_version = "animelayers", __version__
    _halve(model.graph)
    onnx.checker.check_model(model, full_check=True)
    return model


def _halve(graph: onnx.GraphProto) -> None:
    stored, casts = [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and np.array_equal(half := values.astype(np.float16), values):
            stored.append(numpy_helper.from_array(half, f"{tensor.name}.half"))
            casts.append(helper.make_node("Cast", [f"{tensor.name}.half"], [tensor.name], to=TensorProto.FLOAT))
        else:
            stored.append(tensor)
    nodes = [*casts, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(stored)
    graph.node.extend(nodes)


def session(model: onnx.ModelProto) -> Any:
    """What asks ONNX Runtime: `seen` → what the model says, as PyTorch's tensors."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    runtime = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda seen: tuple(map(torch.from_numpy, runtime.run(None, {"seen": seen.numpy()})))


def differences(net: nn.Module, face: Face, other: Any) -> dict[str, float]:
    """Name of what is said → by how much two at most differ in it, on pictures of several sizes."""
    found = dict.fromkeys(face.out, 0.0)
    for batch, high, wide in ((1, 2, 3), (2, 5, 4)):
        seen = _picture(batch, high * face.multiple, wide * face.multiple)
        with torch.no_grad():
            pairs = zip(face.out, _several(net(seen)), _several(other(seen)), strict=True)
        for name, ours, theirs in pairs:
            found[name] = max(found[name], float((ours - theirs).abs().max()))
    return found


def _several(said: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (said,) if isinstance(said, Tensor) else said


def _picture(batch: int, height: int, width: int) -> Tensor:
    """Soft blots with grain, always the same."""
    generator = torch.Generator().manual_seed(height)
    blots = torch.rand(batch, 4, height // 16 + 2, width // 16 + 2, generator=generator)
    large = nn.functional.interpolate(blots, (height, width), mode="bicubic")
    return ((large - 0.5) * 4 + 0.1 * torch.randn(large.shape, generator=generator)).clamp(-1, 1)
