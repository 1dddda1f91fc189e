"""The ruler of mode `rendering`: the picture put together again, the four layers one by one, the probes.

Layers are measured by what they do, not by how they spend their alpha: a shadow is what it multiplies with, a highlight
what it screens with, line and flat are sheets on white and on black. A layer of another blend mode is measured by what
it makes of the layers below it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.color import clear_hidden, matte, to_lab, to_uint8
from animelayers.composite import BLEND_FUNCTIONS, difference, flatten, on_canvas
from animelayers.data.sample import SLOTS, Sample
from animelayers.evaluation.catalogue import PSNR_CEILING
from animelayers.evaluation.prediction import Fault, Measured, Prediction, Scores
from animelayers.evaluation.similarity import lmse, mask_hits, mean_of_map, on_grounds, psnr, soft_iou, ssim_map
from animelayers.parts import OTHER
from animelayers.raster import Mask
from animelayers.rendering.probes import probe
from animelayers.rendering.solve import BLENDS
from animelayers.stack import Layer, LayerStack, Rgba

Plane = npt.NDArray[np.float32]
"""float32 [h, w, 3], 0..1."""

_Measures = Iterator[tuple[str, float | None]]
"""Name in the catalogue, and its value; None or NaN where it is not defined."""

_COMPANIONS = {term.name for term in OTHER}
"""Layers that may ride along, hidden."""


def measure_rendering(sample: Sample, prediction: Prediction, seen: Rgba) -> Measured:
    """Everything that the catalogue has for mode `rendering`.

    Args:
        sample: the truth. Without `rendering` in it, `flat.*` … `line.*` and `layerd.*` are not measured.
        prediction: `raw.*` is measured where it has a raw stack, `probe.*` where its stack has all four layers.
        seen: uint8 [h, w, 4], what the model was given, and what its layers should flatten to.

    "The figure" is where the picture of the sample, not what was seen of it, has any alpha.
    """
    for stack in (prediction.stack, prediction.raw):
        if stack is not None and stack.size != sample.size:
            what = "the layers are {} × {} px, the sample {} × {}".format(*stack.size, *sample.size)
            return Measured(faults=(Fault("other-size", what),))
    slots, faults = _slots(prediction.stack)
    if not slots:
        there = ", ".join(prediction.stack.names) or "none"
        return Measured(faults=(Fault("empty", f"no visible {', '.join(SLOTS)}; the layers are: {there}"),))
    figure = sample.picture[..., 3] > 0
    scores: Scores = {}
    for name, value in _everything(sample, prediction, seen, slots, figure):
        if value is not None and not math.isnan(value):
            scores[name] = float(value)
    return Measured(scores, faults=faults)


def _everything(
    sample: Sample, prediction: Prediction, seen: Rgba, slots: Mapping[str, int], figure: Mask
) -> _Measures:
    yield from _recomposition("recomposed", prediction.stack, seen, figure)
    if prediction.raw is not None:
        yield from _recomposition("raw", prediction.raw, seen, figure)
    sheets = _sheets(prediction.stack, slots)
    if sample.rendering is not None:
        there = _slots(sample.rendering)[0]
        truth = _sheets(sample.rendering, there)
        made, true = _Effects.of(prediction.stack, slots, sheets), _Effects.of(sample.rendering, there, truth)
        yield from _shades(made, true, figure)
        yield from _line(made.line, true.line, figure)
        yield from _layerd(sheets, truth)
    if len(slots) == len(SLOTS):
        yield from _probes(prediction.stack, slots, sheets, seen)


def _slots(stack: LayerStack) -> tuple[dict[str, int], tuple[Fault, ...]]:
    """Slot → where its layer lies in the stack, and what is wrong with the layers."""
    found: dict[str, int] = {}
    unknown, hidden = [], set()
    for position, layer in enumerate(stack):
        if layer.name in SLOTS and not layer.visible:
            hidden.add(layer.name)
        elif layer.name in SLOTS and layer.name not in found:
            found[layer.name] = position
        elif layer.visible or layer.name not in _COMPANIONS:
            unknown.append(layer.path)
    faults = [
        Fault("missing-layer", f"{slot} is {'hidden' if slot in hidden else 'not there'}")
        for slot in SLOTS
        if slot not in found
    ]
    faults += [Fault("unknown-layer", f"{path!r} is none of the four") for path in unknown]
    return found, tuple(faults)


def _recomposition(group: str, stack: LayerStack, seen: Rgba, figure: Mask) -> _Measures:
    """How well a stack flattens to what was seen."""
    flattened = flatten(stack)
    made, true = on_grounds(flattened)[0], on_grounds(seen)[0]
    similar = ssim_map(made, true)
    for suffix, mask in (("", None), ("_masked", figure)):
        yield f"{group}.psnr{suffix}", min(psnr(made, true, mask=mask), PSNR_CEILING)
        yield f"{group}.ssim{suffix}", mean_of_map(similar, mask)
        for name, value in lmse(made, true, mask)._asdict().items():
            yield f"{group}.lmse_{name}{suffix}", value
    yield f"{group}.mean_error", 255 * _mean(made, true, figure)
    yield f"{group}.max_error", int(difference(flattened, seen).max())


def _sheets(stack: LayerStack, slots: Mapping[str, int]) -> dict[str, Rgba]:
    """Slot → the pixels of its layer on the whole canvas, its opacity in its alpha; nothing where there is none."""
    sheets = {}
    for slot in SLOTS:
        if slot not in slots:
            sheets[slot] = np.zeros((*stack.size, 4), np.uint8)
            continue
        layer = stack[slots[slot]]
        sheets[slot] = on_canvas(layer, stack.size)
        if layer.opacity < 1:
            sheets[slot][..., 3] = to_uint8(sheets[slot][..., 3] * np.float32(layer.opacity))
    return sheets


@dataclass(frozen=True, slots=True, eq=False)
class _Effects:
    """What the layers of a stack do, each on the whole canvas."""

    flat: Rgba
    line: Rgba
    """As a Normal layer."""
    shadow: Plane
    """What it multiplies with, which is how it looks on white; 1 does nothing."""
    highlight: Plane
    """What it screens with, which is how it looks on black; 0 does nothing."""

    @classmethod
    def of(cls, stack: LayerStack, slots: Mapping[str, int], sheets: Mapping[str, Rgba]) -> _Effects:
        line, shadow, highlight = sheets["line"], on_grounds(sheets["shadow"])[0], on_grounds(sheets["highlight"])[1]
        others = {slot: place for slot, place in slots.items() if stack[place].blend is not BLENDS[slot]}
        if "shadow" in others:
            before, after = _laid(stack, others["shadow"], sheets["shadow"])
            shadow = np.divide(after, before, out=np.ones_like(after), where=before > 0).clip(0, 1)
        if "highlight" in others:
            before, after = _laid(stack, others["highlight"], sheets["highlight"])
            highlight = np.divide(after - before, 1 - before, out=np.zeros_like(after), where=before < 1).clip(0, 1)
        if "line" in others:
            over = _below(stack, others["line"])[..., 3:] > 0
            line = np.where(over, _as_normal(*_laid(stack, others["line"], line)), line)
        return cls(sheets["flat"], line, shadow, highlight)


def _below(stack: LayerStack, position: int) -> Rgba:
    """What the layers below one flatten to."""
    return flatten(stack.replace(layers=stack.layers[:position]))


def _laid(stack: LayerStack, position: int, sheet: Rgba) -> tuple[Plane, Plane]:
    """Colours of what lies below a layer, taken as opaque, before and after the sheet of that layer is laid over it."""
    level = np.float32(1 / 255)
    before, colour, alpha = _below(stack, position)[..., :3] * level, sheet[..., :3] * level, sheet[..., 3:] * level
    return before, before + alpha * (BLEND_FUNCTIONS[stack[position].blend](before, colour) - before)


def _as_normal(before: Plane, after: Plane) -> Rgba:
    """The most transparent sheet, uint8 [h, w, 4], that makes `after` of `before` in Normal mode."""
    change = after - before
    room = np.where(change < 0, before, 1 - before)
    alpha = np.divide(np.abs(change), room, out=np.zeros_like(change), where=room > 0).max(axis=2, keepdims=True)
    ink = before + np.divide(change, alpha, out=np.zeros_like(change), where=alpha > 0)
    return clear_hidden(to_uint8(255 * np.concatenate([ink, alpha], axis=2)))


def _shades(made: _Effects, true: _Effects, figure: Mask) -> _Measures:
    """Flat, shadow and highlight."""
    yield "flat.l1", _on_both_grounds(made.flat, true.flat, figure)
    yield "flat.delta_e", _delta_e(made.flat, true.flat, figure)
    yield "shadow.l1", _mean(made.shadow, true.shadow, figure)
    yield "shadow.soft_iou", soft_iou(1 - made.shadow, 1 - true.shadow)
    yield "highlight.l1", _mean(made.highlight, true.highlight, figure)
    yield "highlight.soft_iou", soft_iou(made.highlight, true.highlight)


def _line(made: Rgba, true: Rgba, figure: Mask) -> _Measures:
    yield "line.l1", _on_both_grounds(made, true, figure)
    yield "line.soft_iou", soft_iou(made[..., 3], true[..., 3])
    strokes = made[..., 3] >= 128, true[..., 3] >= 128
    if hits := mask_hits(*strokes):
        yield from (("line.f1", hits.f1), ("line.precision", hits.precision), ("line.recall", hits.recall))
    if near := mask_hits(*strokes, max(1.0, len(true) / 1000)):
        yield "line.f1_near", near.f1


def _layerd(made: Mapping[str, Rgba], true: Mapping[str, Rgba]) -> _Measures:
    """As LayerD has it: colours under alpha 0 count, an empty true layer has no error, and two empty ones score 0."""
    for slot in SLOTS:
        there = true[slot][..., 3] > 0
        yield f"layerd.{slot}_l1", _mean(made[slot], true[slot], there) / 255 if there.any() else 0.0
        yield f"layerd.{slot}_iou", soft_iou(made[slot][..., 3], true[slot][..., 3]) or 0.0


def _probes(stack: LayerStack, slots: Mapping[str, int], sheets: Mapping[str, Rgba], seen: Rgba) -> _Measures:
    layers = tuple(
        Layer(slot, sheets[slot], blend=stack[position].blend)
        for slot, position in sorted(slots.items(), key=lambda item: item[1])
    )
    for name, value in probe(stack.replace(layers=layers), seen).as_dict().items():
        if name != "max_error":  # that is `recomposed.max_error`
            yield f"probe.{name}", value


def _mean(made: Rgba | Plane, true: Rgba | Plane, where: Mask) -> float:
    """Mean absolute difference of colours where a mask holds; NaN if it does so nowhere."""
    return sum(cv2.mean(cv2.absdiff(made, true), where.view(np.uint8))[:3]) / 3 if where.any() else math.nan


def _on_both_grounds(made: Rgba, true: Rgba, figure: Mask) -> float:
    """Mean absolute difference of two sheets on white and on black."""
    pairs = zip(on_grounds(made), on_grounds(true), strict=True)
    return sum(_mean(a, b, figure) for a, b in pairs) / 2


def _delta_e(made: Rgba, true: Rgba, figure: Mask) -> float:
    """Mean CIE76 colour difference of two sheets on white and on black."""
    if not figure.any():
        return math.nan
    made, true = made[figure], true[figure]
    on_white = _unlike(made, true, 255)
    clear = (made[:, 3] < 255) | (true[:, 3] < 255)  # where both are opaque, one ground is as good as two
    on_black = on_white.copy()
    on_black[clear] = _unlike(made[clear], true[clear], 0)
    return float(on_white.mean(dtype=np.float64) + on_black.mean(dtype=np.float64)) / 2


def _unlike(made: Rgba, true: Rgba, ground: int) -> npt.NDArray[np.float32]:
    """CIE76 ΔE of pixels, uint8 [n, 4], on a grey, float32 [n]."""
    if len(made) == 0:
        return np.zeros(0, np.float32)
    a, b = (to_lab(matte(pixels[None], (ground,) * 3)) for pixels in (made, true))
    return np.asarray(np.linalg.norm(a - b, axis=2)[0], np.float32)
