"""The vocabularies: what layers are called, in the field's own terms and in three naming presets.

A layer's own name is canonical (`line`, `front hair`, `irides-l`); a `Preset` translates it when a file is
written and back when one is read. L and R are the character's sides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Preset(StrEnum):
    """Whose names a file carries."""

    SEE_THROUGH = "see-through"
    """The tags of See-through, which rigging tools recognise: `front hair`, `irides-l`."""
    LIVE2D_JA = "live2d-ja"
    """The Japanese names of Live2D's own sample models: 前髪, 瞳_L."""
    EN = "en"
    """English, sorting by region: `Hair_Front`, `Eye_L_Iris`."""


@dataclass(frozen=True, slots=True)
class Term:
    """One entry of a vocabulary."""

    name: str
    """Canonical: what `Layer.name` holds."""
    ja: str
    en: str
    sided: bool = False
    """Whether the L and R halves are layers of their own (`name-l`, `name-r`)."""


RENDERING = (
    Term("flat", "下塗り", "Flat"),
    Term("shadow", "影", "Shadow"),
    Term("highlight", "ハイライト", "Highlight"),
    Term("line", "線画", "Line"),
)
"""The four rendering layers, bottom → top."""

PARTS = (
    Term("front hair", "前髪", "Hair_Front"),
    Term("back hair", "後ろ髪", "Hair_Back"),
    Term("headwear", "頭飾り", "Headwear"),
    Term("face", "顔", "Face"),
    Term("irides", "瞳", "Eye_Iris", sided=True),
    Term("eyebrow", "まゆ毛", "Eyebrow", sided=True),
    Term("eyewhite", "白目", "Eye_White", sided=True),
    Term("eyelash", "まつ毛", "Eye_Lash", sided=True),
    Term("eyewear", "めがね", "Eyewear"),
    Term("ears", "耳", "Ear", sided=True),
    Term("earwear", "耳飾り", "Earwear", sided=True),
    Term("nose", "鼻", "Nose"),
    Term("mouth", "口", "Mouth"),
    Term("neck", "首", "Neck"),
    Term("neckwear", "首飾り", "Neckwear"),
    Term("topwear", "胴体", "Topwear"),
    Term("handwear", "腕", "Arm", sided=True),
    Term("bottomwear", "下半身", "Bottomwear"),
    Term("legwear", "脚", "Leg", sided=True),
    Term("footwear", "靴", "Foot", sided=True),
    Term("tail", "尻尾", "Tail"),
    Term("wings", "翼", "Wings", sided=True),
    Term("objects", "小物", "Object"),
)
"""The 23 current part tags of See-through, in its order."""

PART_LABELS = {term.name: label for label, term in enumerate(PARTS, start=1)}
"""Part tag → its value in a map of visible parts; 0 is what belongs to none."""

PAPER_PARTS = (
    *("hair", "headwear", "face", "eyes", "eyewear", "ears", "earwear", "nose", "mouth", "neck", "neckwear"),
    *("topwear", "handwear", "bottomwear", "legwear", "footwear", "tail", "wings", "objects"),
)
"""The 19 classes of the See-through paper, in its order."""

PAPER_MERGED = {"hair": ("back hair", "front hair"), "eyes": ("eyewhite", "irides", "eyelash", "eyebrow")}
"""Class of the paper → the current tags that it is made of, bottom → top; all other classes are tags."""

ALIASES = {"hairf": "front hair", "hairb": "back hair", "eyebg": "eyewhite"}
"""Tags of older annotations → current ones."""

OTHER = (Term("background", "背景", "Background"), Term("source", "下絵", "Source"))
"""What is not character, and the untouched picture that may ride along, hidden."""

_TERMS = {term.name: term for term in (*RENDERING, *PARTS, *OTHER)}


def display_name(name: str, preset: Preset) -> str:
    """The name a file shows for a canonical layer or group name; names outside the vocabulary pass unchanged.

    >>> display_name("irides-l", Preset.LIVE2D_JA), display_name("irides-l", Preset.EN)
    ('瞳_L', 'Eye_L_Iris')
    >>> display_name("handwear-l-0", Preset.LIVE2D_JA)
    '腕_L-0'
    """
    whole, stratum = _split_stratum(name)
    base, side = _split_side(whole)
    term = _TERMS.get(base)
    if term is None or preset is Preset.SEE_THROUGH or (stratum and base not in PART_LABELS):
        return name
    if preset is Preset.LIVE2D_JA:
        return (f"{term.ja}_{side}" if side else term.ja) + stratum
    if not side:
        return term.en + stratum
    region, _, detail = term.en.partition("_")
    return (f"{region}_{side}_{detail}" if detail else f"{region}_{side}") + stratum


def canonical_name(shown: str) -> str:
    """The canonical name behind a name in any preset (or an old alias); unknown names pass unchanged."""
    whole, stratum = _split_stratum(shown)
    name = _CANONICAL.get(whole, ALIASES.get(whole, whole))
    return name + stratum if not stratum or _split_side(name)[0] in PART_LABELS else shown


def part_name(tag: str, side: str = "", stratum: int | None = None) -> str:
    """The name of a piece of a part: its tag, the character's side, and which stratum of it, 0 being the nearest.

    >>> part_name("handwear", "l", 0), part_name("front hair")
    ('handwear-l-0', 'front hair')
    """
    return "-".join((tag, *([side] if side else []), *([] if stratum is None else [str(stratum)])))


def split_part(name: str) -> tuple[str, str, int | None]:
    """Tag, side (`l`, `r` or empty) and stratum of a piece; the tag is the whole name where it is none of `PARTS`.

    >>> split_part("handwear-l-0"), split_part("front hair")
    (('handwear', 'l', 0), ('front hair', '', None))
    """
    whole, number = _split_stratum(name)
    tag, side = _split_side(whole)
    return (tag, side.lower(), int(number[1:]) if number else None) if tag in PART_LABELS else (name, "", None)


def other_side(name: str) -> str:
    """The name of what is mirrored to where this was: a piece, or a point of the body.

    >>> other_side("handwear-l-0"), other_side("wrist-r"), other_side("face")
    ('handwear-r-0', 'wrist-l', 'face')
    """
    return _SIDE.sub(lambda found: "-r" if found[1] == "l" else "-l", name)


_SIDE = re.compile(r"-([lr])(?=-|$)")


def _split_stratum(name: str) -> tuple[str, str]:
    """A name, and the dash and number that it ends in; empty where there is none."""
    base, dash, digits = name.rpartition("-")
    return (base, dash + digits) if dash and digits.isdecimal() else (name, "")


def _split_side(name: str) -> tuple[str, str]:
    base, dash, side = name.rpartition("-")
    if dash and side in ("l", "r") and base in _TERMS and _TERMS[base].sided:
        return base, side.upper()
    return name, ""


_CANONICAL: dict[str, str] = {
    display_name(name, preset): name
    for term in _TERMS.values()
    for name in (term.name, *((f"{term.name}-l", f"{term.name}-r") if term.sided else ()))
    for preset in Preset
}
