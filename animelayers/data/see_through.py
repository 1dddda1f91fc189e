"""See-through's training layout, and the folder its inference leaves, to and from samples.

A training sample is the files that begin with one stem `S`:

| file | holds |
|---|---|
| `S.png` | RGB: the character on a background; A: the character's alpha |
| `S_depth.png` | 8- or 16-bit grey: how near the visible surface is |
| `S.json` | COCO RLE masks of the visible parts, in the order of `parts.PARTS`, then `head`, their head |
| `S_ann.json` | `tag_info`: which parts there are, and their boxes `xyxy`; under `animelayers`, what else we know |
| `S_<tag>.png`, `S_<tag>_depth.png` | a part, complete, and how near it is, cut to its box |

What it cannot hold is said in `notes`: sides and strata (their pieces become one part), rendering layers and cells,
parts that are none of the tags. Its order of parts is only in the depth, so it is worked out again from that and from
the masks. Parts made with the published tools have colour multiplied by alpha; that is found and undone on reading.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from animelayers.color import clear_hidden, matte, straight
from animelayers.composite import flatten
from animelayers.data.foreign import AGAIN, Notes, json_bytes, read_grey, read_json, read_rgba, sample_id, write_files
from animelayers.data.planes import Plane, encode_all
from animelayers.data.rle import decode_rle, encode_rle
from animelayers.data.sample import Licence, Sample, visible_map
from animelayers.data.sprites import draw_depth
from animelayers.data.wholes import Nearness, whole
from animelayers.errors import DataError
from animelayers.handoff.manifest import Canvas
from animelayers.parts import ALIASES, PAPER_PARTS, PART_LABELS, split_part
from animelayers.psdplanes import MAX_LAYER_PIXELS
from animelayers.raster import Mask, trimmed
from animelayers.stack import Layer, LayerStack, Rgba

Size = tuple[int, ...]
"""`(height, width)`."""
_T = TypeVar("_T", np.uint8, np.uint16)

HEAD = ("face", "irides", "eyebrow", "eyewhite", "eyelash", "eyewear", "ears", "nose", "mouth")
"""What the mask `head` is the union of."""
MASKS = {24: (*PART_LABELS, "head"), 23: tuple(PART_LABELS), 19: PAPER_PARTS}
"""How many masks there are → whose they are."""
MARK = "_ann.json"
"""What one file of every sample ends in."""
OURS = "animelayers"
"""The key of `S_ann.json` under which our own writer keeps what the layout has no place for."""


def read_see_through(
    folder: Path, notes: Notes, *, licence: Licence, premultiplied: bool | None = None
) -> Iterator[Sample]:
    """The samples of a folder, sorted by stem.

    Args:
        folder: where `S_ann.json` … lie.
        notes: what had to be changed is added here.
        licence: of samples that do not name one themselves.
        premultiplied: whether the colour of parts was multiplied by alpha; None: judge by the pixels of each sample.

    Raises:
        DataError: there are no samples, or a file is missing or damaged.
    """
    if not (found := stems(folder)):
        raise DataError(f"{folder} holds no S_ann.json", hint="name the folder where S.png and S_ann.json lie")
    return (read_stem(folder, stem, notes, licence=licence, premultiplied=premultiplied) for stem in found)


def stems(folder: Path) -> list[str]:
    """Of the samples of a folder, sorted; none where it holds no such samples."""
    return sorted(path.name.removesuffix(MARK) for path in Path(folder).glob(f"*{MARK}"))


def write_see_through(samples: Iterable[Sample], folder: Path, notes: Notes) -> None:
    """Write samples, by their ids, into a new folder, all of it or nothing. Colour is written straight.

    Raises:
        DataError: no sample has parts, or two samples would share a file.
        OutputError: the folder cannot be written, or is not empty.
    """
    write_files((_files(sample, notes) for sample in samples), folder)


def read_inference(folder: Path, notes: Notes, *, licence: Licence) -> Sample:
    """The sample in a folder of See-through's inference: `info.json`, `<tag>.png`, `<tag>_depth.png`; or `optimized`.

    The larger the median depth the farther the part, as there; the canvas is theirs, a square around the picture
    (`src_img.png`, or the `frame_size` of `optimized`).

    Raises:
        DataError: a file is missing or damaged, or no part has a pixel.
    """
    folder = Path(folder)
    info = read_json(folder / "info.json")
    pages = [path for path in (folder / "src_img.png", folder.parent / "src_img.png") if path.is_file()]
    size = read_rgba(pages[0]).shape[:2] if pages else _frame(info, folder / "info.json")
    parts = _parts(folder, "", _entries(info, "parts", folder / "info.json"), size, notes)
    parts.sort(key=_farness, reverse=True)
    name = folder.parent.name if folder.name == "optimized" else folder.name
    return inferred(name, parts, licence, "see-through inference")


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part on the whole canvas."""

    name: str
    rgba: Rgba
    depth: npt.NDArray[np.uint16]
    """uint16 [h, w]; in what inference leaves, larger is farther."""
    median: float | None = None
    """Of its depth, 0..1, as the tool says, which puts some parts before or behind the face whatever their depth."""


def inferred(name: str, parts: list[Part], licence: Licence, layout: str) -> Sample:
    """The sample that parts of an inference, farthest first, make."""
    stack = _stack(parts)
    return Sample(
        id=sample_id(name),
        picture=flatten(stack),
        licence=licence,
        parts=stack,
        depth=surface(parts, stack.size),
        visible=visible_map(stack),
        attributes={"layout": layout},
    )


def surface(parts: Iterable[Part], size: Size) -> npt.NDArray[np.uint16]:
    """uint16 [h, w]: how near the top-most part with at least half cover is, larger being nearer; 0 for none."""
    out = np.zeros(size, np.uint16)
    for part in parts:
        np.copyto(out, np.maximum(1, 65535 - part.depth), where=part.rgba[..., 3] >= 128)
    return out


def _farness(part: Part) -> float:
    if part.median is not None:
        return 65535 * part.median
    cover = part.rgba[..., 3]
    return float(np.median(part.depth[cover > min(10, int(cover.max()) - 1)]))


def read_stem(folder: Path, stem: str, notes: Notes, *, licence: Licence, premultiplied: bool | None = None) -> Sample:
    """One sample of a folder; arguments and errors as of `read_see_through`."""
    about_path, masks, depth = (Path(folder) / f"{stem}{end}" for end in (MARK, ".json", "_depth.png"))
    about = read_json(about_path)
    ours = about.get(OURS, {})
    page = read_rgba(folder / f"{stem}.png")
    size = page.shape[:2]
    parts = _parts(folder, f"{stem}_", _entries(about, "tag_info", about_path), size, notes)
    if premultiplied is None:
        premultiplied = OURS not in about and _looks_premultiplied(parts)
    if premultiplied:
        notes.append("parts had colour multiplied by alpha: undone")
        parts = [dataclasses.replace(part, rgba=straight(part.rgba)) for part in parts]
    seen = _visible(masks, size, notes) if masks.exists() else np.zeros(size, np.uint8)
    stack = _stack(_in_order(parts, seen))
    picture, visible = flatten(stack), visible_map(stack)
    if np.count_nonzero((visible != seen) & (seen > 0)) > 0.01 * np.count_nonzero(seen):
        notes.append("no order of the parts shows what the masks show: the map of visible parts follows the parts")
    if np.abs(picture[..., 3].astype(np.int16) - page[..., 3]).max() > 2:
        notes.append("the parts do not have the silhouette of the page")
    page[..., 3] = 255
    try:
        return Sample(
            id=sample_id(stem),
            picture=picture,
            licence=Licence(**ours["licence"]) if "licence" in ours else licence,
            parts=stack,
            image=page if ours.get("image", True) else None,
            depth=read_grey(depth, size) if depth.exists() else draw_depth(stack),
            visible=visible,
            head_box=ours.get("head_box") and tuple(map(int, ours["head_box"])),
            keypoints={name: (float(y), float(x)) for name, (y, x) in ours.get("keypoints", {}).items()},
            attributes=ours.get("attributes", {"layout": "see-through"}),
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise DataError(f"{about_path}: {error}", hint=AGAIN) from error


def _parts(folder: Path, prefix: str, info: Mapping[str, Any], size: Size | None, notes: Notes) -> list[Part]:
    """Every part whose file is there, on a canvas of `size`; that of the first file where there is none."""
    found: list[Part] = []
    for tag, facts in info.items():
        path = folder / f"{prefix}{tag}.png"
        if not path.is_file():
            if facts.get("exists"):
                raise DataError(f"{path} is missing", hint="copy the sample again")
            continue
        rgba = clear_hidden(read_rgba(path))
        size = size or rgba.shape[:2]
        if (len(found) + 1) * math.prod(size) > MAX_LAYER_PIXELS:
            raise DataError(f"{folder}: the parts have more pixels than are read", hint=AGAIN)
        depth = path.with_name(f"{prefix}{tag}_depth.png")
        near = read_grey(depth, rgba.shape[:2]) if depth.exists() else np.zeros(rgba.shape[:2], np.uint16)
        top, left = _corner(facts.get("xyxy") or (0, 0), path)
        median = facts.get("depth_median")
        part = Part(
            ALIASES.get(tag, tag),
            placed(rgba, top, left, size),
            placed(near, top, left, size),
            median if isinstance(median, float) and math.isfinite(median) else None,
        )
        if part.rgba[..., 3].any():
            found.append(part)
        else:
            notes.append("parts without a pixel are left out")
    if not found:
        raise DataError(f"{folder / prefix}*.png: no part has a pixel", hint=AGAIN)
    return found


def _looks_premultiplied(parts: list[Part]) -> bool:
    """Whether no colour exceeds its alpha on soft edges, but for one in a thousand; straight colour does everywhere."""
    soft = np.concatenate([part.rgba[(part.rgba[..., 3] > 0) & (part.rgba[..., 3] < 255)] for part in parts])
    over = soft[:, :3].max(axis=1) > soft[:, 3].astype(np.int16) + 1
    return bool(len(soft)) and float(over.mean()) <= 1e-3


def _in_order(parts: list[Part], seen: npt.NDArray[np.uint8]) -> list[Part]:
    """Bottom → top: next comes whichever is mostly seen over the fewest of the rest.

    Mostly: of the pixels that two parts share, it is the one seen in more than the other is. Of several, next comes
    whichever is mostly nearer than the fewest; of several still, the farthest.
    """
    cover = [np.flatnonzero(part.rgba[..., 3] >= 128) for part in parts]
    near = [np.full(part.depth.size, -1, np.int32) for part in parts]
    for plane, part, own in zip(near, parts, cover, strict=True):
        plane[own] = part.depth.ravel()[own]
    shown = [(seen == PART_LABELS.get(part.name, 255)).ravel()[own] for part, own in zip(parts, cover, strict=True)]
    over, nearer = np.zeros((2, len(parts), len(parts)), np.int64)
    for a, own in enumerate(cover):
        for b in set(range(len(parts))) - {a}:
            both = near[b][own] >= 0
            over[a, b] = np.count_nonzero(both & shown[a])
            nearer[a, b] = np.count_nonzero(both & (near[a][own] > near[b][own]))
    mostly_over, mostly_nearer = over > over.T, nearer > nearer.T
    medians = [float(np.median(plane[own])) if own.size else 0.0 for plane, own in zip(near, cover, strict=True)]
    left, order = list(range(len(parts))), []
    while left:
        lowest = min(left, key=lambda i: (mostly_over[i, left].sum(), mostly_nearer[i, left].sum(), medians[i], i))
        left.remove(lowest)
        order.append(parts[lowest])
    return order


def _stack(parts: list[Part]) -> LayerStack:
    height, width = parts[0].rgba.shape[:2]
    return LayerStack(height, width, tuple(trimmed(Layer(part.name, part.rgba)) for part in parts))


def _visible(path: Path, size: tuple[int, ...], notes: Notes) -> npt.NDArray[np.uint8]:
    """The map of visible parts; later masks win, as that of legwear holds footwear too."""
    records = read_json(path, list)
    if len(records) not in MASKS:
        raise DataError(f"{path} holds {len(records)} masks, 19, 23 or 24 were wanted", hint=AGAIN)
    out = np.zeros(size, np.uint8)
    for name, record in zip(MASKS[len(records)], records, strict=True):
        mask = decode_rle(record, f"{path}: {name}")
        if mask.shape != size:
            raise DataError(f"{path}: the mask of {name} is {mask.shape}, the page {size}", hint="export it again")
        if not record.get("is_valid", True):
            notes.append("masks marked as not valid are not in the map of visible parts")
        elif name in PART_LABELS:
            out[mask] = PART_LABELS[name]
    return out


def _files(sample: Sample, notes: Notes) -> dict[str, bytes]:
    """Every file of a sample; none if it has no parts."""
    if sample.parts is None:
        notes.append("samples without parts are left out")
        return {}
    parts, seen = sample.parts, sample.visible if sample.visible is not None else visible_map(sample.parts)
    _tell(parts, sample, notes)
    depth = draw_depth(parts) if sample.depth is None else sample.depth
    image = matte(sample.picture) if sample.image is None else sample.image[..., :3]
    planes: dict[str, Plane] = {".png": np.dstack([image, sample.picture[..., 3]]), "_depth.png": depth}
    info: dict[str, Any] = {tag: {"valid": True, "exists": False, "xyxy": [0, 0, 0, 0]} for tag in PART_LABELS}
    nearness = Nearness(parts, depth)
    for tag in PART_LABELS:
        part = trimmed(Layer(tag, whole(parts, (tag,))))
        box = np.s_[part.top : part.top + part.height, part.left : part.left + part.width]
        if part.rgba.size:
            info[tag] |= {"exists": True, "xyxy": [box[1].start, box[0].start, box[1].stop, box[0].stop]}
            planes |= {f"_{tag}.png": part.rgba, f"_{tag}_depth.png": nearness.of((tag,))[box]}
    about = {
        "cleaned": True,
        "is_incomplete": False,
        "final_size": list(sample.size),
        "tag_info": info,
        OURS: _rest(sample),
    }
    masks = [encode_rle(mask) for mask in _masks(seen)]
    files = encode_all(planes) | {".json": json_bytes(masks), MARK: json_bytes(about)}
    return {sample.id + name: data for name, data in files.items()}


def _masks(seen: npt.NDArray[np.uint8]) -> Iterator[Mask]:
    """In the order of `PART_LABELS`, and the head; legwear with footwear, as the layout has it."""
    for tag, label in PART_LABELS.items():
        yield np.isin(seen, [label, PART_LABELS["footwear"]] if tag == "legwear" else [label])
    yield np.isin(seen, [PART_LABELS[tag] for tag in HEAD])


def _rest(sample: Sample) -> dict[str, Any]:
    """What the layout has no place for and JSON can hold."""
    return {
        "licence": dataclasses.asdict(sample.licence),
        "image": sample.image is not None,
        "head_box": sample.head_box,
        "keypoints": dict(sample.keypoints),
        "attributes": dict(sample.attributes),
    }


def _tell(parts: LayerStack, sample: Sample, notes: Notes) -> None:
    tags = Counter(split_part(layer.name)[0] for layer in parts)
    strange = ", ".join(sorted(tags.keys() - PART_LABELS.keys()))
    told = {
        f"{strange} is none of the tags: left out": bool(strange),
        "what lies beyond the canvas is cut off": any(_reaches_out(layer, parts.size) for layer in map(trimmed, parts)),
        "sides and strata became one part each": max(tags.values(), default=0) > 1,
        "rendering layers and cells are left out": sample.rendering is not None or bool(sample.cells),
        "there is no depth: the draw order was written": sample.depth is None,
        "there is no image: the picture on white was written": sample.image is None,
    }
    notes.extend(note for note, true in told.items() if true)


def _reaches_out(layer: Layer, size: Size) -> bool:
    height, width = size
    return min(layer.top, layer.left, height - layer.top - layer.height, width - layer.left - layer.width) < 0


def placed(plane: npt.NDArray[_T], top: int, left: int, size: Size) -> npt.NDArray[_T]:
    """A plane [h, w, …] on a canvas of zeros, cut off at its edges."""
    out = np.zeros((*size, *plane.shape[2:]), plane.dtype)
    into = out[max(0, top) : max(0, top + plane.shape[0]), max(0, left) : max(0, left + plane.shape[1])]
    into[:] = plane[max(0, -top) :, max(0, -left) :][: into.shape[0], : into.shape[1]]
    return out


def _entries(about: Mapping[str, Any], key: str, path: Path) -> dict[str, dict[str, Any]]:
    """Tag → what is said about it."""
    found = about.get(key)
    if not isinstance(found, dict) or not all(isinstance(facts, dict) for facts in found.values()):
        raise DataError(f"{path} has no {key} of the form {{tag: {{…}}}}", hint=AGAIN)
    if strange := [tag for tag in found if not tag or set(tag) & set("/\\:")]:
        raise DataError(f"{path}: {strange[0]!r} is no tag", hint=AGAIN)
    return found


def _frame(info: Mapping[str, Any], path: Path) -> Size | None:
    """`frame_size` as `(height, width)`; None where there is none."""
    if "frame_size" not in info:
        return None
    try:
        canvas = dict(zip(("height", "width"), info["frame_size"], strict=True))
        return tuple(Canvas.model_validate(canvas).model_dump().values())
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: {info['frame_size']!r} is no size of a canvas", hint=AGAIN) from error


def _corner(xyxy: Any, path: Path) -> tuple[int, int]:
    """Top and left of a box `[x1, y1, x2, y2]`."""
    try:
        left, top, *_ = map(int, xyxy)
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: {xyxy!r} is no box of pixels", hint=AGAIN) from error
    return top, left
