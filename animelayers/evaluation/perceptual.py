"""Perceptual measures: LPIPS and FID through torchmetrics, and a plain distance of VGG16 features.

All of them need weights that somebody else trained. Nothing is ever downloaded: a file is looked for where PyTorch
keeps such files, or where the user says, and an error says what to put there. The weights of LPIPS and FID are
published as pickles, which can run any code when they are read; so they are read only if their SHA-256 is that of the
published file. `vgg` reads safetensors alone. It is not LPIPS, which weighs the channels by what people notice.

What is compared, always on white:

* rendering: the raw stack where there is one, else the stack, flattened, with what the model saw;
* parts: every tag of the truth with that of the prediction, in the box around both.

Nothing is stretched: what is longer than `LONGEST` is reduced, what is smaller than `SMALLEST` gets a white border.
Everything runs on the processor, so that a run gives the same digits on every machine, as far as PyTorch does.
"""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import matte
from animelayers.composite import flatten
from animelayers.data.sample import Sample
from animelayers.errors import MissingPackageError, ModelError
from animelayers.evaluation.pieces import box_around, pieces_of, sheet, there
from animelayers.evaluation.prediction import Prediction, Scores
from animelayers.models.registry import Mode
from animelayers.parts import PART_LABELS
from animelayers.stack import Rgba

Kind = Literal["lpips", "vgg", "fid"]

SMALLEST, LONGEST = 64, 1280
"""Sides of what is compared, px: VGG16 halves a picture four times, and needs 2 KiB for every pixel."""

BLOCKS = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))
"""VGG16's convolutions as torchvision numbers them; the last of every block is relu1_2, 2_2, 3_3, 4_3 and 5_3."""
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the colours, 0..1, of the pictures that VGG16 was trained on."""

Rgb = npt.NDArray[np.uint8]
"""uint8 [h, w, 3]."""
Distance = Callable[[Rgb, Rgb], float]
"""Of two pictures of one size, at least 16 px on a side."""


class Perceptual(Protocol):
    """One perceptual measure with its weights in memory."""

    @property
    def about(self) -> Mapping[str, Any]:
        """JSON values that say what is measured by which weights: other values, other numbers."""
        ...

    def measure(self, mode: Mode, sample: Sample, prediction: Prediction, seen: Rgba) -> Scores:
        """Of one sample; `seen` is uint8 [h, w, 4] of its size. Empty where nothing can be compared, and for `fid`."""
        ...

    def finish(self) -> Scores:
        """Of all samples measured so far, in this process; empty for all but `fid`, and for less than two pictures."""
        ...


def open_perceptual(kind: Kind, weights: Path | None = None) -> Perceptual:
    """The measure `kind`, ready.

    Args:
        kind: `lpips` → `perceptual.lpips`, `vgg` → `perceptual.vgg`, `fid` → `perceptual.fid`.
        weights: `vgg`: safetensors with the names of torchvision (`features.0.weight` …), always to be named. `lpips`,
            `fid`: the published file, where it does not lie in PyTorch's cache.

    Raises:
        MissingPackageError: PyTorch or torchmetrics is missing, or does not fit the others; the hint is the pip line.
        ModelError: the weights are missing, or are not what they should be.
    """
    if kind not in _MEASURES:
        raise ModelError(f"unknown perceptual measure {kind!r}", hint=f"there are {', '.join(_MEASURES)}")
    return _MEASURES[kind](weights)


def compared(mode: Mode, sample: Sample, prediction: Prediction, seen: Rgba) -> Iterator[tuple[Rgb, Rgb]]:
    """What truth and prediction look like, pair by pair, on white: uint8 [h, w, 3], of one size in each pair."""
    if mode == "rendering":
        raw = prediction.stack if prediction.raw is None else prediction.raw
        yield _on_white(seen), _on_white(flatten(raw))
        return
    truth, given = (pieces_of(stack) if stack else () for stack in (sample.parts, prediction.stack))
    for tag in PART_LABELS:
        ours, theirs = ([piece for piece in pieces if piece.tag == tag] for pieces in (truth, given))
        if there(ours):
            box = box_around([*ours, *theirs])
            yield _on_white(sheet(ours, box)), _on_white(sheet(theirs, box))


def _on_white(rgba: Rgba) -> Rgb:
    rgb = matte(rgba)
    scale = LONGEST / max(rgb.shape[:2])
    if scale < 1:
        height, width = (max(1, round(side * scale)) for side in rgb.shape[:2])
        rgb = np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    down, across = (max(0, SMALLEST - side) for side in rgb.shape[:2])
    border = ((down // 2, down - down // 2), (across // 2, across - across // 2), (0, 0))
    return np.pad(rgb, border, constant_values=255)


@dataclass(frozen=True, slots=True)
class _OfPairs:
    """A distance of two pictures; of parts, the mean over the tags of the truth."""

    metric: str
    about: Mapping[str, Any]
    distance: Distance

    def measure(self, mode: Mode, sample: Sample, prediction: Prediction, seen: Rgba) -> Scores:
        found = [self.distance(*pair) for pair in compared(mode, sample, prediction, seen)]
        return {self.metric: statistics.fmean(found)} if found else {}

    def finish(self) -> Scores:
        return {}


@dataclass(slots=True)
class _OfSets:
    """FID: how far apart the features of two sets of pictures lie. Of few pictures it is large, whatever they show."""

    about: Mapping[str, Any]
    fid: Any
    pictures: int = 0

    def measure(self, mode: Mode, sample: Sample, prediction: Prediction, seen: Rgba) -> Scores:
        for pair in compared(mode, sample, prediction, seen):
            for rgb, real in zip(pair, (True, False), strict=True):
                self.fid.update(_tensor(rgb), real=real)
            self.pictures += 1
        return {}

    def finish(self) -> Scores:
        return {"perceptual.fid": float(self.fid.compute())} if self.pictures >= 2 else {}


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """Published weights, by the name that PyTorch gives them."""

    name: str
    url: str
    sha256: str

    def found(self, weights: Path | None) -> Path:
        """The file in a folder `checkpoints`, by default that of PyTorch's cache, if it is the published one."""
        import torch.hub

        path = weights or Path(torch.hub.get_dir()) / "checkpoints" / self.name
        get = f"download {self.url} to {path.with_name(self.name)}"
        if not path.is_file():
            raise ModelError(f"{path} is not there, and nothing is downloaded by itself", hint=get)
        if (path.parent.name, path.name) != ("checkpoints", self.name):
            raise ModelError(f"{path} is not called checkpoints/{self.name}", hint="PyTorch looks for no other name")
        if _sha256(path) != self.sha256:
            raise ModelError(f"{path} is not the published file: its SHA-256 is not {self.sha256}", hint=get)
        return path


VGG16 = WeightsFile(
    "vgg16-397923af.pth",
    "https://download.pytorch.org/models/vgg16-397923af.pth",
    "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
)
INCEPTION = WeightsFile(
    "weights-inception-2015-12-05-6726825d.pth",
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
    "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
)
_SAFETENSORS = "model.safetensors of https://huggingface.co/timm/vgg16.tv_in1k has them: download it and name the file"


def _open_lpips(weights: Path | None) -> Perceptual:
    with _packages("lpips", "torchvision"):
        import torch.hub
        from torchmetrics import __version__
        from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    path, before = VGG16.found(weights), torch.hub.get_dir()
    torch.hub.set_dir(str(path.parents[1]))  # the one place where torchvision looks
    try:
        with _packages("lpips", "torchvision"):
            lpips = LearnedPerceptualImagePatchSimilarity(net_type="vgg", normalize=True)
    finally:
        torch.hub.set_dir(before)

    def distance(a: Rgb, b: Rgb) -> float:
        found = float(lpips(_tensor(a) / 255, _tensor(b) / 255))
        lpips.reset()
        return found

    about = _about("lpips", path, VGG16.sha256) | {"by": f"torchmetrics {__version__}"}
    return _OfPairs("perceptual.lpips", about, distance)


def _open_fid(weights: Path | None) -> Perceptual:
    with _packages("fid", "torch-fidelity"):
        from torchmetrics import __version__
        from torchmetrics.image.fid import FrechetInceptionDistance

    path = INCEPTION.found(weights)
    with _packages("fid", "torch-fidelity"):
        fid = FrechetInceptionDistance(feature=2048, feature_extractor_weights_path=str(path))
    return _OfSets(_about("fid", path, INCEPTION.sha256) | {"by": f"torchmetrics {__version__}"}, fid)


def _open_vgg(weights: Path | None) -> Perceptual:
    with _packages("vgg"):
        import torch
        from torch.nn.functional import conv2d, max_pool2d, normalize

    if weights is None:
        raise ModelError("vgg needs the weights of VGG16 as safetensors", hint=_SAFETENSORS)
    net = read_vgg(weights)
    mean, deviation = (torch.tensor(each)[None, :, None, None] for each in (MEAN, DEVIATION))

    def features(rgb: Rgb) -> Iterator[Any]:
        """Float [1, c, h, w] behind every block, of length 1 along c wherever they are not all 0."""
        x = (_tensor(rgb) / 255 - mean) / deviation
        for place, block in enumerate(net):
            x = max_pool2d(x, 2) if place else x
            for weight, bias in block:
                x = conv2d(x, weight, bias, padding=1).relu_()
            yield normalize(x, dim=1)

    def distance(a: Rgb, b: Rgb) -> float:
        with torch.inference_mode():
            pairs = zip(features(a), features(b), strict=True)
            return statistics.fmean(float((p - q).square_().sum(dim=1).mean()) for p, q in pairs)

    return _OfPairs("perceptual.vgg", _about("vgg", weights, _sha256(weights)), distance)


_MEASURES: Mapping[Kind, Callable[[Path | None], Perceptual]] = {
    "lpips": _open_lpips,
    "vgg": _open_vgg,
    "fid": _open_fid,
}


def read_vgg(path: Path) -> list[list[tuple[Any, Any]]]:
    """Weight and bias, float32, of every convolution, block by block."""
    with _packages("vgg"):
        from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            get = file.get_tensor
            net = [[(get(f"features.{n}.weight"), get(f"features.{n}.bias")) for n in block] for block in BLOCKS]
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: {error}", hint=_SAFETENSORS) from error
    wide = 3
    for weight, bias in (pair for block in net for pair in block):
        if weight.shape != (len(bias), wide, 3, 3):
            raise ModelError(f"{path}: {list(weight.shape)} is no convolution of VGG16", hint=_SAFETENSORS)
        wide = len(bias)
    return [[(weight.float(), bias.float()) for weight, bias in block] for block in net]


def _tensor(rgb: Rgb) -> Any:
    """uint8 [h, w, 3] → torch uint8 [1, 3, h, w]."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1)[None]))


def _about(kind: Kind, weights: Path, sha256: str) -> dict[str, Any]:
    return {"measure": kind, "weights": weights.name, "sha256": sha256, "smallest": SMALLEST, "longest": LONGEST}


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}", hint="make it readable") from error


@contextmanager
def _packages(kind: Kind, *more: str) -> Iterator[None]:
    """Turn what a missing package raises, or one built for another PyTorch, into the line that installs it."""
    try:
        yield
    except (ImportError, OSError, RuntimeError) as error:
        hint = " ".join(("pip install", '"animelayers[perceptual]"', *more))
        raise MissingPackageError(f"{kind} cannot be measured: {error}", hint=hint) from error
