"""The layout of Layered-LoRA trainers: `name.png`, its layers `name_1.png`, `name_2.png` …, its caption `name.txt`.

Every layer is as large as the picture, all samples have equally many, and their order is a convention: flat, shadow,
highlight, line unless told otherwise. Those trainers lay layers over one another as Normal; ours are Multiply and
Screen in the middle. Reading with `normal` turns Normal layers into ours, with the same picture; writing with `normal`
turns ours into Normal ones, exactly, and without it writes them as they are and says in the caption how they blend.

The layout has no place for parts, cells, depth, map, head box, keypoints, attributes and licence.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animelayers.color import clear_hidden, to_uint8
from animelayers.composite import BLEND_FUNCTIONS, difference, flatten, max_error, on_canvas
from animelayers.data.folder import read_bytes
from animelayers.data.foreign import AGAIN, Notes, read_rgba, sample_id, write_files
from animelayers.data.planes import encode_all
from animelayers.data.sample import SLOTS, Licence, Sample
from animelayers.errors import DataError
from animelayers.rendering.solve import BLENDS, RenderingGuess, exact_stack
from animelayers.stack import Blend, Layer, LayerStack, Rgba

_LAYER = re.compile(r"(.+)_(\d+)\.png", re.ASCII)


def read_lora(
    folder: Path, notes: Notes, *, licence: Licence, slots: Sequence[str] = SLOTS, normal: bool = False
) -> Iterator[Sample]:
    """The samples of a folder, sorted by name; `attributes` hold the caption.

    What the layers flatten to is `picture`; the picture of the file, where it differs, is `image`.

    Args:
        folder: where `name.png` … lie.
        notes: what had to be changed is added here.
        licence: of all of them.
        slots: what the numbered files are, in the order of their numbers.
        normal: whether shadow and highlight are meant to be laid over as Normal.

    Raises:
        DataError: there are no samples, a file is missing, damaged or of another size, or the counts differ.
    """
    folder = Path(folder)
    _check_slots(slots)
    files: dict[str, dict[int, Path]] = defaultdict(dict)
    for path in sorted(folder.glob("*.png")):
        found = _LAYER.fullmatch(path.name)
        if found and (folder / f"{found[1]}.png").is_file():
            files[found[1]][int(found[2])] = path
    if not files:
        raise DataError(f"{folder} holds no name.png with name_1.png …", hint="name the folder where they lie")
    return (
        _read(folder, name, [path for _, path in sorted(layers.items())], tuple(slots), licence, notes, normal)
        for name, layers in files.items()
    )


def write_lora(
    samples: Iterable[Sample],
    folder: Path,
    notes: Notes,
    *,
    slots: Sequence[str] = SLOTS,
    normal: bool = False,
    caption: str = "anime illustration",
) -> None:
    """Write samples, by their ids, into a new folder, all of it or nothing.

    Args:
        samples: what to write.
        folder: where to.
        notes: what the layout could not hold is added here.
        slots: what the numbered files are, in the order of their numbers.
        normal: turn shadow and highlight into Normal layers of the same effect; a pixel that rounding would leave a
            level off is made opaque. Exact but for shades over half-covered ground, which is said.
        caption: of samples that have none among their attributes.

    Raises:
        DataError: no sample has rendering layers, or two samples would share a file.
        OutputError: the folder cannot be written, or is not empty.
    """
    _check_slots(slots)
    write_files((_files(sample, tuple(slots), normal, caption, notes) for sample in samples), folder)


def _check_slots(slots: Sequence[str]) -> None:
    if "flat" not in slots or len(set(slots)) != len(slots) or not set(slots) <= set(SLOTS):
        raise DataError(
            f"{', '.join(slots)}: slots are flat and some of {', '.join(SLOTS[1:])}, each once",
            hint=f"--slots {','.join(SLOTS)}",
        )


def _read(
    folder: Path, name: str, layers: list[Path], slots: tuple[str, ...], licence: Licence, notes: Notes, normal: bool
) -> Sample:
    if len(layers) != len(slots):
        raise DataError(
            f"{folder / name}.png has {len(layers)} layers, {', '.join(slots)} are {len(slots)}",
            hint="say with --slots what the numbered files are",
        )
    source = clear_hidden(read_rgba(folder / f"{name}.png"))
    sheets = {slot: np.zeros_like(source) for slot in SLOTS}
    for slot, path in zip(slots, layers, strict=True):
        sheets[slot] = clear_hidden(read_rgba(path))
        if sheets[slot].shape != source.shape:
            raise DataError(f"{path} is {sheets[slot].shape[:2]}, the picture {source.shape[:2]}", hint=AGAIN)
    stack = _stack(sheets, dict.fromkeys(SLOTS, Blend.NORMAL) if normal else BLENDS)
    if normal:
        stack = _ours(stack)
        notes.append("shadow and highlight were Normal: solved anew as Multiply and Screen")
    picture = flatten(stack)
    same = not difference(picture, source).any()
    if not same:
        notes.append("the layers flatten to something else than the picture, which was kept as image")
    text = folder / f"{name}.txt"
    caption = {"caption": read_bytes(text).decode("utf-8", "replace").strip()} if text.is_file() else {}
    return Sample(
        id=sample_id(name),
        picture=picture,
        licence=licence,
        rendering=stack,
        image=None if same else source,
        attributes={"layout": "lora", **caption},
    )


def _files(sample: Sample, slots: tuple[str, ...], normal: bool, caption: str, notes: Notes) -> dict[str, bytes]:
    """Every file of a sample; none if it has no rendering layers."""
    if sample.rendering is None:
        notes.append("samples without rendering layers are left out")
        return {}
    stack = sample.rendering
    if normal:
        stack = _normal(stack, sample.picture)
        if off := max_error(stack, sample.picture):
            notes.append(
                f"as Normal layers they are up to {off} levels off, where a shade lies over half-covered ground"
            )
    else:
        notes.append("shadow is Multiply and highlight Screen: a trainer takes them for Normal")
    if lost := [layer.name for layer in stack if layer.name not in slots and layer.rgba[..., 3].any()]:
        notes.append(f"{', '.join(lost)} is none of the slots: left out")
    if sample.parts or sample.depth is not None or sample.head_box or sample.keypoints:
        notes.append("parts, cells, depth, map, head box and keypoints are left out")
    notes.append(f"the licence is left out: {sample.licence.spdx}, {sample.licence.holder}")
    blends = ", ".join(f"{slot} ({stack[slot].blend.value})" for slot in slots)
    words = str(sample.attributes.get("caption") or f"{caption}; layers: {blends}")
    page = sample.picture if sample.image is None else sample.image
    planes = {f"{sample.id}.png": page}
    planes |= {f"{sample.id}_{n}.png": on_canvas(stack[slot], stack.size) for n, slot in enumerate(slots, start=1)}
    return {**encode_all(planes), f"{sample.id}.txt": (words + "\n").encode()}


def _stack(sheets: dict[str, Rgba], blends: dict[str, Blend]) -> LayerStack:
    height, width = sheets["flat"].shape[:2]
    return LayerStack(height, width, tuple(Layer(slot, sheets[slot], blend=blends[slot]) for slot in SLOTS))


def _ours(stack: LayerStack) -> LayerStack:
    """Normal layers as flat, Multiply, Screen and line that flatten to the same."""
    guess = RenderingGuess(stack["flat"].rgba[..., :3], stack["line"].rgba, _unlined(stack)[..., :3])
    return exact_stack(flatten(stack), guess)


def _normal(stack: LayerStack, picture: Rgba) -> LayerStack:
    """The same picture with every layer Normal.

    Over a backdrop (cb, ab) a layer that blends with B is a Normal one of the same alpha and of the colour
    (1 − ab)·cs + ab·B(cb, cs). Where rounding that moves a pixel, the shade becomes all that is below the line.
    """
    done: list[Layer] = []
    for layer in stack:
        rgba = on_canvas(layer, stack.size)
        if layer.blend is not Blend.NORMAL:
            below = _levels(flatten(stack.replace(layers=tuple(done))))
            cb, ab, cs = below[..., :3], below[..., 3:], _levels(rgba)[..., :3]
            mixed = cs + ab * (BLEND_FUNCTIONS[layer.blend](cb, cs) - cs)
            rgba = clear_hidden(np.dstack([to_uint8(mixed * 255), rgba[..., 3]]))
        done.append(Layer(layer.name, rgba))
    baked = stack.replace(layers=tuple(done))
    under = _unlined(stack)
    off = (difference(flatten(baked), picture) > 0) & (under[..., 3] == 255)
    sheet = baked["highlight"].rgba.copy()
    sheet[off] = under[off]
    layers = (layer.replace(rgba=sheet) if layer.name == "highlight" else layer for layer in baked)
    return baked.replace(layers=tuple(layers))


def _unlined(stack: LayerStack) -> Rgba:
    return flatten(stack.replace(layers=tuple(layer for layer in stack if layer.name != "line")))


def _levels(rgba: Rgba) -> npt.NDArray[np.float32]:
    return np.asarray(rgba, np.float32) / np.float32(255)
