"""The table of the linter: what every rule wants, why, and what to do about it.

Severity is judged by what happens next. An *error* keeps Cubism from importing the file or makes it look wrong
there, a *warning* costs somebody time, a *note* is good to know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from animelayers.handoff import findings
from animelayers.handoff.document import HAZE_REACH, STRAY_PX, Document


class Severity(StrEnum):
    """How much a finding matters, worst first."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


ERROR, WARNING, NOTE = Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is looked for; whoever looks adds how."""

    id: str
    """Stable, in kebab case."""
    severity: Severity
    what: str
    """What has to be true."""
    why: str
    """What happens when it is not."""
    remedy: str


@dataclass(frozen=True, slots=True)
class FileRule(Rule):
    """One thing that is looked for in a layered file."""

    find: Callable[[Document], findings.Found]


RULES = (
    # the file
    FileRule(
        "rgb",
        ERROR,
        "The colour mode is RGB.",
        "Cubism imports no other.",
        "convert the document to RGB",
        findings.rgb,
    ),
    FileRule(
        "eight-bit",
        ERROR,
        "8 bits a channel.",
        "Cubism imports no other depth.",
        "convert the document to 8 bits a channel",
        findings.eight_bit,
    ),
    FileRule(
        "psd-not-psb",
        ERROR,
        "The file is a PSD, not a PSB.",
        "Cubism imports PSD only.",
        "save it as PSD; over 30 000 px or 2 GB scale it down first",
        findings.psb,
    ),
    FileRule(
        "profile-missing",
        WARNING,
        "A colour profile is embedded.",
        "Without one every program guesses, and colours differ from screen to screen.",
        "assign the sRGB profile",
        findings.no_profile,
    ),
    FileRule(
        "profile-not-srgb",
        ERROR,
        "The colour profile is sRGB.",
        "Cubism takes the numbers for sRGB, so that colours come out duller or brighter than painted.",
        "convert (do not assign) the document to sRGB",
        findings.other_profile,
    ),
    FileRule(
        "canvas-even",
        WARNING,
        "Canvas width and height are even.",
        "Riggers report defects with odd sizes: half a pixel is left over at the centre.",
        "add a column or row of pixels to the canvas",
        findings.odd_canvas,
    ),
    FileRule(
        "canvas-size",
        NOTE,
        "No side of the canvas is over 16 384 px.",
        "Larger than the largest texture atlas of Cubism.",
        "scale the picture down before rigging",
        findings.large_canvas,
    ),
    FileRule(
        "no-layers",
        ERROR,
        "There are layers.",
        "A flat picture is imported as one part.",
        "take it apart first: animelayers decompose",
        findings.no_layers,
    ),
    # what a layer must not carry
    FileRule(
        "layer-mask",
        ERROR,
        "No layer or group has a mask.",
        "Cubism wants none; one is enough to make an import fail.",
        "apply the mask, so that it becomes the layer's own transparency",
        findings.masks,
    ),
    FileRule(
        "clipping",
        ERROR,
        "No layer is clipped.",
        "Cubism knows no clipping in a PSD: the layer spills over its base.",
        "merge it into the layer it is clipped to",
        findings.clipping,
    ),
    FileRule(
        "layer-effects",
        ERROR,
        "No layer has effects or styles.",
        "Cubism drops them.",
        "rasterise the layer style",
        findings.effects,
    ),
    FileRule(
        "adjustment-layer",
        ERROR,
        "There are no adjustment or fill layers.",
        "They have no pixels, so Cubism drops them and the colours change.",
        "merge them into the layers they act on",
        findings.adjustments,
    ),
    FileRule(
        "raster-layer",
        WARNING,
        "Every layer is made of pixels: no text, shape or smart object.",
        "What an importer shows depends on the preview that the drawing program left behind.",
        "rasterise the layer",
        findings.not_raster,
    ),
    FileRule(
        "pixel-data",
        ERROR,
        "The pixels of every layer can be decoded.",
        "The file is damaged.",
        "save or copy the file again",
        findings.damaged,
    ),
    # names
    FileRule(
        "duplicate-name",
        WARNING,
        "Names are unique over the whole document.",
        "Cubism imports doubles, and then nobody knows which is which; re-import pairs them wrongly.",
        "give every layer and group a name of its own",
        findings.duplicate_names,
    ),
    FileRule(
        "forbidden-character",
        WARNING,
        r"""No name is empty, has spaces at its ends, or holds / \ : * ? " < > | or control characters.""",
        "Importers build paths and file names from it.",
        "rename the layer",
        findings.forbidden_names,
    ),
    FileRule(
        "unusual-character",
        NOTE,
        "Names are made of kana, kanji, ASCII letters and digits, space, _ and -.",
        "Importers are tested with these; others may come out as ? or as mojibake.",
        "rename the layer",
        findings.unusual_names,
    ),
    FileRule(
        "legacy-name",
        NOTE,
        "Every layer has an ASCII name beside its Unicode one.",
        "ImageMagick, OpenToonz and older tools read nothing else.",
        "none in a drawing program; animelayers writes them",
        findings.legacy_names,
    ),
    FileRule(
        "layer-id",
        WARNING,
        "Every layer has an ID, and no two share one.",
        "OpenToonz and Tahoma2D refuse the file; scripts and re-imports mix layers up.",
        "save the file again in the program that made it",
        findings.layer_ids,
    ),
    # groups and blending
    FileRule(
        "group-depth",
        WARNING,
        "No layer lies inside more than three groups.",
        "Riggers report failing imports from five levels on.",
        "dissolve a group",
        findings.deep_groups,
    ),
    FileRule(
        "group-opacity",
        WARNING,
        "Groups are at 100 % opacity.",
        "Krita and ImageMagick ignore it, Photoshop and GIMP do not.",
        "give the opacity to the layers inside",
        findings.group_opacity,
    ),
    FileRule(
        "group-blend",
        ERROR,
        "Groups are Pass Through or Normal.",
        "Cubism does not import the blend mode of a group.",
        "give the mode to the layers inside",
        findings.group_blend,
    ),
    FileRule(
        "isolated-group",
        WARNING,
        "A group that holds blend modes is Pass Through.",
        "In a Normal group they act on the group alone; Cubism and ImageMagick let them act on everything below.",
        "set the group to Pass Through",
        findings.isolated_groups,
    ),
    FileRule(
        "blend-unknown",
        ERROR,
        "Cubism knows the blend mode of every layer.",
        "It imports the others as Normal.",
        "merge the layer down, or use Normal or Multiply",
        findings.unknown_blends,
    ),
    FileRule(
        "blend-cubism-5-3",
        NOTE,
        "Blend modes are Normal, Multiply or Add.",
        "The others need Cubism 5.3; before, they are imported as Normal.",
        "use Normal or Multiply if the model is for an older version",
        findings.new_blends,
    ),
    FileRule(
        "add-soft-alpha",
        WARNING,
        "Linear Dodge (Add) has hard edges and full opacity.",
        "Programs disagree on it by up to 58 of 255 levels.",
        "use Screen, or bake the light into the layer below",
        findings.soft_add,
    ),
    FileRule(
        "fill-opacity",
        ERROR,
        "Fill is 100 %.",
        "Cubism honours opacity and outputs Fill at 100 %.",
        "use the layer's opacity instead",
        findings.fill_opacity,
    ),
    # pixels
    FileRule(
        "unmerged-part",
        NOTE,
        "Line, flat, shadow and highlight of a part are one layer.",
        "Cubism makes a mesh of each; the Live2D manual wants them merged before import, and apart for painting.",
        "import the file *_import.psd of mode parts, or merge every group first",
        findings.unmerged,
    ),
    FileRule(
        "empty-layer",
        WARNING,
        "Every layer shows something, and every group holds something (line, flat, shadow, highlight may be empty).",
        "Empty parts clutter the rig.",
        "delete it",
        findings.empty_layers,
    ),
    FileRule(
        "tight-bounds",
        WARNING,
        f"A layer's box is at most {findings.BLEED_PX} px larger than its paint.",
        "Meshes and textures follow the box: larger ones waste both.",
        "save the file again in a drawing program, which trims it",
        findings.loose_bounds,
    ),
    FileRule(
        "stray-pixels",
        WARNING,
        f"Parts have no spots of fewer than {STRAY_PX} px.",
        "They stretch the mesh of the part, and somebody has to find and erase them.",
        "erase them; a Border effect, switched on for a moment, makes them visible",
        findings.stray_pixels,
    ),
    FileRule(
        "specks",
        NOTE,
        f"Line, shadow and highlight layers have no spots of fewer than {STRAY_PX} px.",
        "In drawing layers small marks are often meant; dust looks the same.",
        "look at them, and erase what is dust",
        findings.specks,
    ),
    FileRule(
        "alpha-haze",
        WARNING,
        f"No pixel of alpha 1 to 8 lies over {HAZE_REACH} px from paint that can be seen.",
        "It stretches the mesh and cannot be seen until the part moves over something else.",
        "cut the layer's alpha off at 8",
        findings.haze,
    ),
    # anatomy
    FileRule(
        "overlap",
        WARNING,
        "Parts go on under the edge of those that cover them.",
        "Where they are cut out side by side, every movement opens a gap that somebody has to paint.",
        "paint the lower part on under the edge of the upper one",
        findings.cut_out,
    ),
    FileRule(
        "side-pair",
        WARNING,
        "What there is on the left there is on the right.",
        "A missing half of a pair has to be cut out by hand, unless the pose hides it.",
        "split the other side, or drop the suffix",
        findings.sides,
    ),
    FileRule(
        "iris-in-eyewhite",
        WARNING,
        "The centre of each iris lies within the box of its eye-white.",
        "Riggers clip the iris to the white of its side: it would vanish. Usually L and R are swapped.",
        "swap or redraw them; L and R are the character's sides",
        findings.irides,
    ),
    # the pictures
    FileRule(
        "merged-image",
        WARNING,
        f"The merged image is there and shows the layers, to {findings.TOLERANCE} levels.",
        "Thumbnails, viewers and many readers show it instead of the layers.",
        "save the file again with maximum compatibility",
        findings.merged_image,
    ),
    FileRule(
        "merged-alpha",
        WARNING,
        "A transparent picture has a negative layer count.",
        "It says that the fourth channel is transparency; without it readers see an opaque picture.",
        "save the file again in a drawing program",
        findings.merged_alpha,
    ),
    FileRule(
        "source",
        ERROR,
        "The layers add up to the picture given with `--source`, to rounding.",
        "Something was lost or invented where the artist drew, or it is another picture.",
        "see which layer moved: animelayers preview FILE",
        findings.source,
    ),
    FileRule(
        "riding-source",
        WARNING,
        "The layers add up to the hidden source at the bottom of the file, to rounding.",
        "Somebody painted since, or something was lost.",
        "fine if it was meant; else see which layer moved: animelayers preview FILE",
        findings.riding_source,
    ),
)
"""In the order in which they are reported."""


def as_markdown(rules: Iterable[Rule] = RULES) -> str:
    """The table as it stands in `docs/handoff.md`, or that of other rules."""
    rows = [f"| `{rule.id}` | {rule.severity} | {_cell(rule.what)} | {_cell(rule.why)} |" for rule in rules]
    return "\n".join(["| rule | severity | what has to be true | why it matters |", "|---|---|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
