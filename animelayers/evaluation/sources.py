"""Predictions that lie on disk, as the tool that made them left them: no model is run.

The files of a sample are found by its id, in the first of these layouts that is there:

| files | of |
|---|---|
| `ID.psd`, `ID.psb`, `ID.ora` | any layered file, as `animelayers decompose` writes; See-through, with `ID_depth.psd` |
| `ID_layers/manifest.json`, `ID/manifest.json` | `animelayers decompose --format png` |
| `ID/optimized/info.json`, `ID/info.json` | See-through's inference |
| `ID_layers.json`, `ID_<time>_layers.json`, `ID/…_layers.json` | ComfyUI-See-through |
| `ID/<name>.png` | a PNG a layer: part tags, as See-through's benchmark reads them, or flat, shadow, highlight, line |

`ID_depth.npy` or `ID_depth.png` is depth from elsewhere, larger being nearer, and goes before any that these hold.

See-through works on a square: the picture in the middle of transparent bars, resized to R × R. That is undone, so that
its layers lie on the picture. Any other size is left for the runner to report.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import clear_hidden
from animelayers.data.comfyui import SUFFIX, read_comfyui
from animelayers.data.folder import read_bytes
from animelayers.data.foreign import AGAIN, Notes, read_grey, read_rgba
from animelayers.data.sample import SLOTS, Sample
from animelayers.data.see_through import read_inference
from animelayers.data.see_through_psd import read_depth, read_layers
from animelayers.data.sprites import rescaled_parts
from animelayers.data.tagged import UNKNOWN
from animelayers.errors import AnimeLayersError, DataError
from animelayers.evaluation.prediction import Prediction
from animelayers.handoff import load_stack
from animelayers.models.registry import Mode
from animelayers.parts import PAPER_PARTS, PART_LABELS, canonical_name, split_part
from animelayers.psdopen import MAX_PIXELS
from animelayers.psdplanes import MAX_LAYER_PIXELS
from animelayers.raster import overlap, trimmed
from animelayers.rendering.solve import BLENDS
from animelayers.stack import Blend, Layer, LayerStack, Rgba

Depth = npt.NDArray[np.float32]
"""float32 [h, w], larger is nearer."""
Size = tuple[int, int]

READ = {".psd", ".psb", ".ora", ".png", ".json", ".npy"}
"""Endings of the files that count: a log beside them makes no other predictions."""

ORDER = (
    *("wings", "tail", "back hair", "neck", "legwear", "footwear", "bottomwear", "topwear", "neckwear", "handwear"),
    *("ears", "face", "eyewhite", "irides", "eyes", "nose", "mouth", "eyelash", "eyebrow", "earwear", "eyewear"),
    *("front hair", "hair", "headwear", "objects"),
)
"""Tags bottom → top as they mostly lie, where files do not say."""

_LEGACY = {"browl": "eyebrow-l", "browr": "eyebrow-r", "earl": "ears-l", "earr": "ears-r"}
"""Names of See-through's second version and of programs made from it."""
_STRATA = {"front": "0", "back": "1"}
"""Strata as see-through-cpp calls them."""
_TIME = r"(_\d{8}_\d{6}_[0-9a-f]+)?"
"""What ComfyUI-See-through puts after its prefix."""


class NoPrediction(DataError):  # noqa: N818
    """There is no file for the sample."""


class UnreadablePrediction(DataError):  # noqa: N818
    """There are files for the sample, and they are damaged, unsafe, or contradict each other."""


def open_predictions(folder: Path, mode: Mode, name: str = "") -> FilePredictions:
    """A predictor that reads the files of `folder`; the name of the folder is its own where none is given.

    Every file is read once for the digest, so that a changed folder is another run.

    Raises:
        DataError: there is no such folder, or nothing in it that could be a prediction.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}", hint="check the path for a typing mistake")
    own = folder.resolve().name
    about = {"kind": "files", "folder": own, "digest": _digest(folder)}
    return FilePredictions(folder, mode, name or own, about)


@dataclass(frozen=True, slots=True)
class FilePredictions:
    """The predictions in one folder: a `Predictor`."""

    folder: Path
    mode: Mode
    name: str
    about: Mapping[str, Any]
    """`kind`, and the name and the SHA-256 of the folder."""

    def __call__(self, sample: Sample, seen: Rgba, seed: int) -> Prediction:  # noqa: ARG002
        """What the folder holds for `sample`, on its canvas if it can be brought there.

        Raises:
            NoPrediction: nothing.
            UnreadablePrediction: something that cannot be read.
        """
        notes: Notes = []
        try:
            found = _find(self.folder, sample.id, self.mode, notes)
            found = _Found(_renamed(_shown(found.stack, notes), notes), found.depth)
            if self.mode == "parts":
                own = _own_depth(self.folder, sample.id)
                found = _on_picture(found if own is None else _Found(found.stack, own), sample.size, notes)
        except NoPrediction:
            raise
        except AnimeLayersError as error:
            raise UnreadablePrediction(str(error), hint=error.hint) from error
        return Prediction(found.stack, depth=found.depth, notes=tuple(dict.fromkeys(notes)))


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    stack: LayerStack
    depth: Depth | None = None


def _find(folder: Path, id_: str, mode: Mode, notes: Notes) -> _Found:
    """What is there of a sample, as it is there."""
    found = (
        _layered(folder, id_, notes)
        or _inference(folder / id_, notes)
        or _comfyui(folder, id_, notes)
        or _sheets(folder / id_, mode, notes)
    )
    if found is None:
        raise NoPrediction(f"{folder.name} holds nothing for {id_}", hint=f"call it {id_}.psd, {id_}_layers/ or {id_}/")
    return found


# The layouts


def _layered(folder: Path, id_: str, notes: Notes) -> _Found | None:
    """A layered file of any program, or a folder of PNGs with our manifest."""
    names = (f"{id_}.psd", f"{id_}.psb", f"{id_}.ora", f"{id_}_layers/manifest.json", f"{id_}/manifest.json")
    path = next((folder / name for name in names if (folder / name).is_file()), None)
    if path is None:
        return None
    if path.suffix not in (".psd", ".psb"):
        return _Found(load_stack(path))
    stack = read_layers(path, notes)
    depth = path.with_name(f"{id_}_depth.psd")
    return _Found(stack, read_depth(depth, stack).astype(np.float32) if depth.is_file() else None)


def _inference(folder: Path, notes: Notes) -> _Found | None:
    """What See-through leaves; `optimized` is its last word."""
    for inner in (folder / "optimized", folder):
        if (inner / "info.json").is_file():
            return _of_sample(read_inference(inner, notes, licence=UNKNOWN))
    return None


def _comfyui(folder: Path, id_: str, notes: Notes) -> _Found | None:
    """The last export of a sample; no other sample's, though its id may begin with this one."""
    ours = re.compile(re.escape(id_) + _TIME + re.escape(SUFFIX))
    exports = sorted(path for path in folder.glob(f"{id_}*{SUFFIX}") if ours.fullmatch(path.name))
    exports = exports or sorted((folder / id_).glob(f"*{SUFFIX}"))
    if not exports:
        return None
    if len(exports) > 1:
        notes.append(f"of {len(exports)} exports the last by name was read")
    return _of_sample(read_comfyui(exports[-1], notes, licence=UNKNOWN))


def _of_sample(sample: Sample) -> _Found:
    depth = None if sample.depth is None else sample.depth.astype(np.float32)
    return _Found(sample.parts or LayerStack(*sample.size, ()), depth)


def _sheets(folder: Path, mode: Mode, notes: Notes) -> _Found | None:
    """A PNG a layer, all as large as the canvas, in an order that is not said."""
    named = [(name, path) for path in sorted(folder.glob("*.png")) if _is_of(name := _known(path.stem), mode)]
    if not named:
        return None
    layers: list[Layer] = []
    size: tuple[int, ...] = ()
    for name, path in sorted(named, key=lambda one: _rank(one[0])):
        rgba = clear_hidden(read_rgba(path))
        size = size or rgba.shape[:2]
        if rgba.shape[:2] != size:
            raise DataError(f"{path} is {rgba.shape[:2]}, others are {size}", hint=AGAIN)
        if (len(layers) + 1) * rgba[..., 3].size > MAX_LAYER_PIXELS:
            raise DataError(f"{folder}: the layers have more pixels than are read", hint=AGAIN)
        layers.append(trimmed(Layer(name, rgba, blend=BLENDS.get(name, Blend.NORMAL))))
    if mode == "parts":
        notes.append("the files say no draw order: the usual one of the tags was taken")
        if empty := [layer for layer in layers if not layer.rgba.size]:
            notes.append("parts without a pixel are left out")
            layers = [layer for layer in layers if layer not in empty]
    return _Found(LayerStack(size[0], size[1], tuple(layers)))


def _rank(name: str) -> tuple[int, int, str]:
    """Rendering layers by slot; parts by tag, then the farthest stratum first."""
    if name in SLOTS:
        return SLOTS.index(name), 0, name
    tag, side, stratum = split_part(name)
    return ORDER.index(tag), -(stratum or 0), side


# Names


def _known(name: str) -> str:
    """Our name of what other programs, or other presets, call otherwise; unknown names pass unchanged."""
    for shown in (name, name.strip().lower().replace("_", " ")):
        base, _, end = shown.rpartition("-")
        plain = f"{base}-{_STRATA[end]}" if end in _STRATA else shown
        own = canonical_name(_LEGACY.get(plain, plain))
        if _is_of(own, "rendering") or _is_of(own, "parts"):
            return own
    return name


def _is_of(name: str, mode: Mode) -> bool:
    if mode == "rendering":
        return name in SLOTS
    return name in PAPER_PARTS or split_part(name)[0] in PART_LABELS


def _renamed(stack: LayerStack, notes: Notes) -> LayerStack:
    """By our names, where two layers would not be called the same."""
    taken, layers, told = {layer.path for layer in stack}, [], []
    for layer in stack:
        own = layer.replace(name=_known(layer.name))
        if own.path not in taken:
            taken.add(own.path)
            told.append(f"{layer.name} → {own.name}")
            layers.append(own)
        else:
            layers.append(layer)
    if told:
        notes.append(f"layers were renamed: {', '.join(told)}")
    return stack.replace(layers=tuple(layers))


def _shown(stack: LayerStack, notes: Notes) -> LayerStack:
    """Without layers that are switched off, such as a source that rides along."""
    if hidden := [layer.path for layer in stack if not layer.visible]:
        notes.append(f"hidden layers are left out: {', '.join(hidden)}")
    return stack.replace(layers=tuple(layer for layer in stack if layer.visible))


# Canvases


def _on_picture(found: _Found, size: Size, notes: Notes) -> _Found:
    """Off the square that See-through pads pictures to; what has any other size stays as it is."""
    stack, depth = found.stack, found.depth
    if stack.size != size and stack.height == stack.width:
        notes.append(f"a square canvas of {stack.width} px was cut back to the picture")
        stack = _stack_off_square(stack, size)
    if depth is not None and depth.shape not in (size, stack.size):
        if depth.shape[0] != depth.shape[1]:
            raise DataError(f"the depth is {depth.shape}, the picture {size}", hint="write it as large as the picture")
        depth = _depth_off_square(depth, size)
    return _Found(stack, depth)


def _bars(size: Size) -> tuple[int, int, int]:
    """Side of the square around a picture, and how far below its top and right of its left the picture begins."""
    side = max(size)
    return side, (side - size[0]) // 2, (side - size[1]) // 2


def _stack_off_square(stack: LayerStack, size: Size) -> LayerStack:
    side, top, left = _bars(size)
    whole = stack if stack.height == side else rescaled_parts(stack, (side, side))
    layers = []
    for layer in whole:
        moved = layer.replace(top=layer.top - top, left=layer.left - left)
        here, part = overlap(moved, size)
        layers.append(trimmed(moved.replace(rgba=moved.rgba[part].copy(), top=here[0].start, left=here[1].start)))
    return whole.replace(height=size[0], width=size[1], layers=tuple(layers))


def _depth_off_square(depth: Depth, size: Size) -> Depth:
    """Of the nearest pixel, so that no depth arises between two."""
    side, top, left = _bars(size)
    whole = cv2.resize(depth, (side, side), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.ascontiguousarray(whole[top : top + size[0], left : left + size[1]], np.float32)


# Depth from elsewhere, and the digest


def _own_depth(folder: Path, id_: str) -> Depth | None:
    numbers, grey = folder / f"{id_}_depth.npy", folder / f"{id_}_depth.png"
    if numbers.is_file():
        return _numbers(numbers)
    if grey.is_file():
        head = read_bytes(grey)[16:24].ljust(8, b"\0")  # of a PNG: width and height
        return read_grey(grey, struct.unpack(">II", head)[::-1]).astype(np.float32)
    return None


def _numbers(path: Path) -> Depth:
    """A plane of numbers. Mapped, not read, so that a header cannot ask for more than the file has; never unpickled."""
    try:
        plane = np.load(path, mmap_mode="r", allow_pickle=False)
    # numpy meets damage with ValueError, OSError, EOFError, SyntaxError, BadZipFile and more.
    except Exception as error:
        raise DataError(f"{path} cannot be read: {error}", hint="write it with numpy.save") from error
    if not isinstance(plane, np.ndarray) or plane.ndim != 2 or plane.dtype.kind not in "fiu" or plane.size > MAX_PIXELS:
        raise DataError(f"{path} holds no plane of numbers", hint="write float32 [h, w] with numpy.save")
    with np.errstate(over="ignore"):  # becomes infinity, which is reported
        return np.array(plane, np.float32)


def _digest(folder: Path) -> str:
    """SHA-256 over names and contents of every file that could be a prediction."""
    whole, found = hashlib.sha256(), False
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in READ)
    for name in names:
        path = folder / name
        if not path.is_file():
            continue
        try:
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}", hint="check its permissions") from error
        whole.update(f"{content} {name}\n".encode("utf-8", "surrogateescape"))
        found = True
    if not found:
        raise DataError(f"{folder} holds no predictions", hint="a file or folder a sample, called by its id")
    return whole.hexdigest()
