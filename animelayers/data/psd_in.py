"""Artists' layered PSDs → samples: what every layer is, and the parts and rendering layers that follow from it.

`plan` reads the names, `ingest` paints. Parts are painted each by itself, in draw order, as Normal sheets. For the
rendering layers the flat is painted from the flat layers, the base from all but the lines, and `exact_stack` is given
this truth as its guess: shadow and highlight are what carries the flat to the base, in whatever modes they were drawn.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from animelayers import __version__
from animelayers.color import matte
from animelayers.composite import difference, flatten
from animelayers.data.mapping import Rules, Target
from animelayers.data.psd_art import Art, Artwork, overlap, union, within
from animelayers.data.psd_paint import Choice, Sheets, to_srgb, units
from animelayers.data.sample import Licence, Sample, visible_map
from animelayers.errors import DataError
from animelayers.parts import part_name, split_part
from animelayers.raster import trimmed
from animelayers.rendering.solve import exact_stack
from animelayers.stack import Layer, LayerStack, Provenance, Rgba

TOLERANCE = 8
"""Levels, 0..255: programs round after every layer, and a few dozen of them come to this much."""

SHADES = frozenset(("shadow", "highlight"))


class Mode(StrEnum):
    """What of a PSD goes into the sample."""

    AUTO = "auto"
    """What the names say: both where they say both, else the one that they say more of."""
    PARTS = "parts"
    RENDERING = "rendering"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file makes no sample: where, what, and what to do about it."""

    layer: str
    what: str
    hint: str

    def __str__(self) -> str:
        return f"{self.layer!r} {self.what}" if self.layer else self.what


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What every layer of a file is, and what keeps the file from being a sample."""

    art: Artwork
    mode: Mode
    """Never `AUTO`."""
    targets: dict[Art, Target]
    """Of every layer, bottom → top."""
    tints: frozenset[Art]
    """Layers and whole groups that shade what lies below, whatever piece it is."""
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]

    @property
    def kept(self) -> tuple[Art, ...]:
        """The layers of the picture, bottom → top."""
        return tuple(leaf for leaf, target in self.targets.items() if not target.ignored)

    def of(self, *slots: str) -> frozenset[Art]:
        """The kept layers that are one of these rendering layers."""
        return frozenset(leaf for leaf in self.kept if self.targets[leaf].slot in slots)


@dataclass(frozen=True, slots=True)
class Check:
    """How far two pictures of one file are apart."""

    max: int
    """Largest difference of a channel, 0..255, on white."""
    pixels: int
    """How many pixels differ by more than the tolerance."""
    where: str
    """The worst pixel and the top-most layer that covers it; empty when nothing differs."""


@dataclass(frozen=True, slots=True, eq=False)
class Ingested:
    """A sample, and how well it is the file."""

    sample: Sample
    layers: Check
    """What the sample's layers flatten to, beside the file's own layers."""
    merged: Check | None
    """The file's visible layers beside its merged image; None where that cannot be told."""

    @property
    def facts(self) -> dict[str, Any]:
        """How well it is the file, as JSON values."""
        checks = (("", self.layers), ("_merged", self.merged))
        figures: dict[str, Any] = {f"max_error{name}": check and check.max for name, check in checks}
        return figures | {f"where{name}": check.where for name, check in checks if check and check.max}


# What every layer is


def plan(art: Artwork, rules: Rules | None = None, mode: Mode = Mode.AUTO) -> Plan:
    """What every layer of a file is by the presets and the user's rules. Problems are listed, not raised."""
    targets = dict(_targets(art.roots, rules or Rules()))
    kept = {leaf: target for leaf, target in targets.items() if not target.ignored}
    tints = frozenset(_tints(art.roots, targets))
    shades = {leaf for tint in tints for leaf in tint.leaves()}
    partless = [leaf for leaf in kept if not kept[leaf].tag and leaf not in shades]
    slotless = [leaf for leaf in kept if not kept[leaf].slot]
    if mode is Mode.AUTO:
        mode = _likely(kept, partless, slotless)
    problems = list(_obstacles(art.roots, targets))
    if mode is not Mode.RENDERING:
        problems += [_unnamed(leaf, "which part it is", "topwear") for leaf in partless if not leaf.obstacle]
    if mode is not Mode.PARTS:
        problems += [_unnamed(leaf, "which rendering layer it is", "flat") for leaf in slotless if not leaf.obstacle]
        if not any(target.slot == "flat" for target in kept.values()):
            problems.append(Problem("", "no layer is flat colour", "name one of them 下塗り, flat or 底色, or map it"))
    if not kept:
        problems = [Problem("", "no layer is left", "switch layers on, or map those that are ignored")]
    return Plan(art, mode, targets, tints, tuple(problems), tuple(_notes(art, targets)))


def _targets(arts: Iterable[Art], rules: Rules, around: str = "normal") -> Iterator[tuple[Art, Target]]:
    """Every layer and what it is, bottom → top; `around` is the blend mode of the groups around it."""
    for base, clips in units(arts):
        own = _target(base, rules, around)
        yield from _of(base, rules, around, own)
        for clip in clips:
            for leaf, target in _of(clip, rules, around, _target(clip, rules, around)):
                found = replace(target, ignored=target.ignored or own.ignored)
                if own.tag and not target.tag:
                    why = (*target.why, f"clipped to {base.path[-1]}")
                    found = replace(found, tag=own.tag, side=own.side, why=why)
                yield leaf, found


def _target(art: Art, rules: Rules, around: str) -> Target:
    return rules.target(art.path, around if art.blend == "normal" else art.blend, art.kind)


def _of(art: Art, rules: Rules, around: str, own: Target) -> Iterator[tuple[Art, Target]]:
    if art.kind == "group":
        yield from _targets(art.children, rules, art.blend if art.blend != "pass through" else around)
    else:
        yield art, own


def _tints(arts: Iterable[Art], targets: Mapping[Art, Target]) -> Iterator[Art]:
    """What blends with whatever lies below: all that is clipped, and besides that, shadows and highlights."""
    for art in arts:
        slots = {targets[leaf].slot for leaf in art.leaves() if not targets[leaf].ignored}
        if art.blend not in ("normal", "pass through") and slots and (art.clipped or slots <= SHADES):
            yield art
        else:
            yield from _tints(art.children, targets)


def _likely(kept: Mapping[Art, Target], partless: Sequence[Art], slotless: Sequence[Art]) -> Mode:
    if not partless and not slotless and any(target.tag for target in kept.values()):
        return Mode.BOTH
    return Mode.PARTS if len(partless) <= len(slotless) else Mode.RENDERING


def _obstacles(roots: Iterable[Art], targets: Mapping[Art, Target]) -> Iterator[Problem]:
    for art in (art for root in roots for art in root.walk()):
        if art.obstacle is not None and not all(targets[leaf].ignored for leaf in art.leaves()):
            yield Problem(art.name, *art.obstacle)


def _unnamed(leaf: Art, what: str, example: str) -> Problem:
    pattern = "/".join(re.sub(r"[*?/]", " ", name) for name in leaf.path)
    line = f'{json.dumps(pattern, ensure_ascii=False)} = "{example}"'
    return Problem(leaf.name, f"does not say {what}", f'in your mapping, below [layers]: {line}, or "ignore"')


def _notes(art: Artwork, targets: Mapping[Art, Target]) -> Iterator[str]:
    ignored = [leaf.name for leaf, target in targets.items() if target.ignored]
    lists = (("hidden layers", art.hidden), ("empty layers", art.empty), ("ignored layers", ignored))
    for what, names in lists:
        if names:
            yield f"{what} left out ({len(names)}): {', '.join(names[:5])}{', …' if len(names) > 5 else ''}"
    for leaf, target in targets.items():
        if leaf.kind in ("type", "smart object", "shape") and not target.ignored and not leaf.obstacle:
            yield f"{leaf.name!r} is a {leaf.kind} layer: taken as the pixels that the file has of it"
    if art.merged is None:
        yield "no merged image to compare with: save it with “maximise compatibility”"
    notes: list[str] = []
    to_srgb(np.zeros((1, 1, 4), np.uint8), art, notes)
    yield from notes


def facts(plan: Plan) -> dict[str, Any]:
    """A plan as JSON values; layers top → bottom, as a drawing program lists them."""
    layers = [
        {"path": leaf.name, "blend": leaf.blend, "target": str(target) or None, "why": list(target.why)}
        for leaf, target in reversed(plan.targets.items())
    ]
    problems = [{"layer": one.layer or None, "error": str(one), "hint": one.hint} for one in plan.problems]
    return {"mode": plan.mode.value, "layers": layers, "problems": problems, "notes": list(plan.notes)}


def sample_id(art: Artwork, taken: set[str]) -> str:
    """The file's name as the id of a sample, and with its hash where letters or a twin make that unclear.

    >>> sample_id(Artwork("立ち絵 1.psd", "0123456789", 1, 1), set())
    '1-01234567'
    """
    stem = art.name.rpartition(".")[0]
    clean = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip(".-")
    id = clean if clean and clean == stem and clean not in taken else f"{clean}-{art.sha256[:8]}".strip("-")
    taken.add(id)
    return id


# What follows from it


def ingest(plan: Plan, id: str, licence: Licence, tolerance: int = TOLERANCE) -> Ingested:
    """The sample of a file, by a plan without problems.

    Its picture is what its parts flatten to, or, without parts, the kept layers of the file; colours become sRGB.

    Raises:
        DataError: the plan has problems, or the sample or the merged image is off by more than `tolerance` levels.
    """
    if plan.problems:
        raise DataError(f"{plan.art.name}: {plan.problems[0]}", hint=plan.problems[0].hint)
    sheets, canvas = Sheets(plan.art), (0, 0, plan.art.height, plan.art.width)
    merged = _check_merged(plan, sheets, tolerance)
    choice = Choice(frozenset(plan.kept), inked=plan.of("line"))
    truth = picture = sheets.sheet(canvas, choice)
    if not truth[..., 3].any():
        raise DataError(f"{plan.art.name}: none of its layers shows on the canvas", hint="move them onto it")
    parts: LayerStack | None = None
    rendering: LayerStack | None = None
    cells: dict[str, LayerStack] = {}
    if plan.mode is not Mode.RENDERING:
        parts, cells = _parts(plan, sheets)
        picture = flatten(parts)
    if plan.mode is not Mode.PARTS:
        guess = sheets.guess(canvas, choice, plan.of("flat"))
        if guess is None:
            raise DataError(f"{plan.art.name}: its flat layers do not show", hint="map other layers to flat")
        rendering = exact_stack(picture, guess, _made("rendering", plan.art))
    layers = _compare(plan, picture if rendering is None else flatten(rendering), truth, tolerance)
    _refuse(plan, "the sample is not the picture", layers, tolerance, "set that layer to Normal, or clip it")
    sample = Sample(
        id=id,
        picture=picture,
        licence=licence,
        parts=parts,
        rendering=rendering,
        cells=cells,
        visible=None if parts is None else visible_map(parts),
        attributes={
            "generator": "psd",
            "mode": plan.mode.value,
            "file": plan.art.name,
            "sha256": plan.art.sha256,
            "max_error": layers.max,
            "max_error_merged": merged and merged.max,
        },
    )
    return Ingested(sample, layers, merged)


def _made(mode: str, art: Artwork) -> Provenance:
    return Provenance(mode, "psd", __version__, source_sha256=art.sha256, source_name=art.name)


def _parts(plan: Plan, sheets: Sheets) -> tuple[LayerStack, dict[str, LayerStack]]:
    """The pieces in draw order, and the rendering layers of those that have a flat and nothing unnamed."""
    art, layers, cells = plan.art, [], {}
    shades = frozenset(leaf for tint in plan.tints for leaf in tint.leaves() if not plan.targets[leaf].ignored)
    for name, own in _pieces([(leaf, plan.targets[leaf].part) for leaf in plan.kept if leaf not in shades]):
        box = overlap(union(leaf.box for leaf in own), (0, 0, art.height, art.width))
        if box is None:
            continue
        others = frozenset(leaf for leaf in plan.kept if leaf not in own and leaf.blend == "normal")
        choice = Choice(shades.union(own), plan.of("line"), plan.tints, others - shades)
        layer = trimmed(Layer(name, sheets.sheet(box, choice), box[0], box[1]))
        if not layer.rgba.size:
            continue
        layers.append(layer)
        if all(plan.targets[leaf].slot for leaf in own):
            tight = (layer.top, layer.left, layer.top + layer.height, layer.left + layer.width)
            guess = sheets.guess(tight, choice, plan.of("flat"))
            if guess is not None:
                cells[name] = exact_stack(layer.rgba, guess, _made("rendering", art))
    return LayerStack(art.height, art.width, tuple(layers), _made("parts", art)), cells


def _pieces(leaves: Iterable[tuple[Art, str]]) -> list[tuple[str, list[Art]]]:
    """Layers of one part, gathered in draw order, and the name of the piece that they make.

    Layers of a part that others lie between are one piece where it makes no difference, else strata: 0 is the nearest.
    """
    runs: list[tuple[str, list[Art]]] = []
    for leaf, part in leaves:
        last = next((place for place in reversed(range(len(runs))) if runs[place][0] == part), None)
        between = [art for _, run in runs[last + 1 :] for art in run] if last is not None else []
        if last is None or (_meet([leaf], between) and _meet(runs[last][1], between)):
            runs.append((part, [leaf]))
        elif not _meet([leaf], between):
            runs[last][1].append(leaf)
        else:
            runs.append((part, [*runs.pop(last)[1], leaf]))
    parts = [part for part, _ in runs]
    out = []
    for place, (part, run) in enumerate(runs):
        tag, side, _ = split_part(part)
        stratum = parts[place + 1 :].count(part) if parts.count(part) > 1 else None
        out.append((part_name(tag, side, stratum), run))
    return out


def _meet(some: Iterable[Art], others: Sequence[Art]) -> bool:
    """Whether any pixel is covered by layers of both."""
    for a in some:
        for b in others:
            part = overlap(a.box, b.box)
            if part is not None:
                alphas = (art.rgba[(*within(part, art.box), 3)] > 0 for art in (a, b))
                if np.logical_and(*alphas).any():
                    return True
    return False


# How well it is the file


def _check_merged(plan: Plan, sheets: Sheets, tolerance: int) -> Check | None:
    art = plan.art
    if art.merged is None or any(leaf.obstacle for root in art.roots for leaf in root.walk()):
        return None
    ours = sheets.raw((0, 0, art.height, art.width), Choice(frozenset(art.leaves)))
    if not art.merged_alpha:
        ours = np.dstack([matte(ours), art.merged[..., 3]])
    check = _compare(plan, ours, art.merged, tolerance)
    hint = "save the file again in its program, so that the merged image is fresh"
    _refuse(plan, "the layers are not the merged image", check, tolerance, hint)
    return check


def _compare(plan: Plan, ours: Rgba, theirs: Rgba, tolerance: int) -> Check:
    """On white, as PSD stores a merged image: there its rounding is even, at any alpha."""
    off = difference(*(np.dstack([matte(rgba), rgba[..., 3]]) for rgba in (ours, theirs)))
    y, x = (int(place) for place in np.unravel_index(int(off.argmax()), off.shape))
    worst = int(off[y, x])
    return Check(worst, int(np.count_nonzero(off > tolerance)), _where(plan.art, y, x) if worst else "")


def _where(art: Artwork, y: int, x: int) -> str:
    for leaf in reversed(art.leaves):
        part = overlap(leaf.box, (y, x, y + 1, x + 1))
        if part is not None and leaf.rgba.size and leaf.rgba[(*within(part, leaf.box), 3)].any():
            return f"x {x}, y {y}, in {leaf.name!r}"
    return f"x {x}, y {y}"


def _refuse(plan: Plan, what: str, check: Check, tolerance: int, hint: str) -> None:
    if check.max > tolerance:
        raise DataError(
            f"{plan.art.name}: {what}: {check.max} levels off at {check.where}, {check.pixels} px beyond {tolerance}",
            hint=f"{hint}, or take it as it is with --tolerance {check.max}",
        )
