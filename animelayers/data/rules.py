"""The table of the validator: what every rule wants of a sample, why, and what to do about it.

An *error* teaches a model something false or makes a program stumble, a *warning* is most likely a mistake, a *note* is
good to know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from animelayers.data import findings
from animelayers.data.sample import Sample
from animelayers.handoff import rules as handoff_rules
from animelayers.handoff.rules import Rule, Severity

ERROR, WARNING, NOTE = Severity


@dataclass(frozen=True, slots=True)
class SampleRule(Rule):
    """One thing that is looked for in samples and sets."""

    find: Callable[[Sample], findings.Found] | None = None
    """None where it is about files and sets, not about one sample."""


RULES = (
    # files and sets
    SampleRule(
        "unreadable",
        ERROR,
        "Every file is there, undamaged, and as large as the manifest says.",
        "The sample cannot be read at all.",
        "copy or make the sample again",
    ),
    SampleRule(
        "duplicate-id",
        ERROR,
        "No two samples of a set have the same id, whatever its case.",
        "Splits leak, caches mix the two up, and some file systems hold one of them only.",
        "give every sample an id of its own",
    ),
    SampleRule(
        "set-manifest",
        ERROR,
        "`set.json` counts the samples and licences that are there.",
        "Something was added or lost since, and credits no longer add up.",
        "copy the set again, or write it anew: animelayers.data.sets.index_set",
    ),
    SampleRule(
        "licence",
        ERROR,
        "The licence is an SPDX identifier, and whoever it asks to name is named.",
        "Without terms nothing may be trained on it, and credits cannot be given.",
        "set licence.spdx (LicenseRef-… for anything else) and licence.holder",
        findings.licence,
    ),
    # the pieces
    SampleRule(
        "unknown-tag",
        ERROR,
        "Every piece is called by a part tag, with side and stratum after it; a background is called background.",
        "It counts as no part, so that a model learns a hole there.",
        "rename it: animelayers.parts.PARTS lists the tags",
        findings.tags,
    ),
    SampleRule(
        "piece-blend",
        ERROR,
        "Every piece is a Normal layer.",
        "Draw order and occlusion mean nothing for other modes.",
        "merge shades into the piece they belong to",
        findings.normal,
    ),
    SampleRule(
        "empty-piece",
        WARNING,
        "Every piece has a visible pixel on the canvas.",
        "A part that is named and never shown teaches that parts may be nothing.",
        "leave the piece out",
        findings.empty,
    ),
    SampleRule(
        "strata",
        WARNING,
        "The strata of a part are numbered from the nearest, 0, to the farthest.",
        "The numbers are what a model learns draw order from.",
        "number them again: the topmost is 0",
        findings.strata,
    ),
    # what adds up
    SampleRule(
        "parts-sum",
        ERROR,
        f"The pieces flatten to the picture, to {findings.TOLERANCE} level.",
        "The pieces are not those of this picture.",
        "flatten the pieces again, or see which one is missing",
        findings.parts_sum,
    ),
    SampleRule(
        "slots",
        ERROR,
        "Rendering layers are flat (Normal), shadow (Multiply), highlight (Screen), line (Normal), bottom to top.",
        "A model that predicts one of them reads another.",
        "add the missing layer, empty if need be, and keep order and modes",
        findings.rendering_slots,
    ),
    SampleRule(
        "rendering-alpha",
        ERROR,
        "The rendering has the alpha of the picture.",
        "A silhouette that grew or shrank becomes a fringe.",
        "cut flat and line to the picture's alpha, shadow and highlight to where that is opaque",
        findings.rendering_alpha,
    ),
    SampleRule(
        "rendering-sum",
        ERROR,
        f"The rendering flattens to the picture, to {findings.TOLERANCE} level.",
        "The layers are not those of this picture.",
        "solve it again: animelayers.rendering.solve.exact_stack",
        findings.rendering_sum,
    ),
    SampleRule(
        "cells-place",
        ERROR,
        "Cells belong to a piece and are as large as its sheet.",
        "They cannot be laid on the piece.",
        "cut cells and piece to the same box",
        findings.cells_place,
    ),
    SampleRule(
        "cells-missing",
        WARNING,
        "All parts of a sample have cells, or none has.",
        "Whoever trains on cells takes what has none for flat.",
        "make cells for the others too",
        findings.cells_missing,
    ),
    SampleRule(
        "cells-sum",
        ERROR,
        f"The cells of a piece flatten to it, to {findings.TOLERANCE} level.",
        "The layers are not those of this piece.",
        "flatten the cells to make the piece, or solve them again",
        findings.cells_sum,
    ),
    # what goes with it
    SampleRule(
        "visible-map",
        ERROR,
        "The map of visible parts is that of the pieces.",
        "Labels and pixels contradict each other.",
        "make it again: animelayers.data.sample.visible_map",
        findings.visible,
    ),
    SampleRule(
        "depth",
        WARNING,
        "Depth is above 0 on the figure and 0 where nothing is.",
        "0 stands for nothing: a hole in the figure, or a ghost beside it.",
        "draw depth wherever a piece is",
        findings.depth,
    ),
    SampleRule(
        "head-box",
        ERROR,
        "The head box is not empty and lies on the canvas.",
        "Crops of the head fail.",
        "cut it at the canvas, or leave it out",
        findings.head_box,
    ),
    SampleRule(
        "premultiplied",
        WARNING,
        "Soft edges keep their colour; they do not sink to black as they fade.",
        "Colour was multiplied by alpha, or resized beside transparent black: every edge gets a dark fringe.",
        "export straight alpha; resize premultiplied and divide again",
        findings.premultiplied,
    ),
    # good to know
    SampleRule(
        "no-set-manifest",
        NOTE,
        "There is a `set.json`.",
        "Nothing tells whether the set is complete, or who is to be credited.",
        "write it: animelayers.data.sets.index_set",
    ),
    SampleRule(
        "eyewhite",
        NOTE,
        "Where there is an iris there is an eyewhite of its side.",
        "Usual in some styles, else something was merged.",
        "fine if it was drawn so",
        findings.eyes,
    ),
    SampleRule(
        "side-pair",
        NOTE,
        "What there is on the left there is on the right.",
        "Usual in a profile, else L and R were mixed up.",
        "fine if the pose hides it",
        findings.sides,
    ),
)
"""In the order in which they are reported."""


def as_markdown() -> str:
    """The table as it stands in `docs/data.md`."""
    return handoff_rules.as_markdown(RULES)
