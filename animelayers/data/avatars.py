"""Busts from the avatar styles of DiceBear, every component drawn for itself: complete behind what covers it.

An avatar is one SVG whose components lie in draw order; all shapes but those of one piece are hidden, and what is left
is rendered. `STYLES` says which component is which of our tags; the entry of some of its shapes, such as
`eyes:#f6f1e4` (by fill), `eyes:circle` (by element), `head#0` (the first), `hair.hat` (of that variant) or `hair<head`
(drawn before the head), comes before that of the component. Approximations:

* beards and masks are no tag of ours, and are left out by asking for none; so are eyes whose lids are skin;
* `body` of toon-head is a neck with bare shoulders; `head` of lorelei and notionists is a face with its neck;
* hair drawn in front of the face is front hair, even where it hangs beside the neck, as long as it is one sheet;
* lorelei and notionists draw an eye in one ink: it is named after its iris;
* adventurer draws an eye's outline as a black shape behind the white: that is `eyelash`, below `eyewhite`;
* blush, freckles and birthmarks are a nearer stratum of the face.

`open-peeps` is not here: face and hair share an outline, and its expressions are whole faces in one shape.

toon-head and micah have strokes of their own, so their `rendering` is what the SVG says: strokes in black are line,
black of one fifth is shadow, the rest is flat. The other styles draw outlines as filled shapes: no `rendering`.
"""

from __future__ import annotations

import copy
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import numpy as np

from animelayers.color import bleed, matte
from animelayers.composite import flatten
from animelayers.data.sample import Box, Licence, Sample
from animelayers.data.sprites import assembled, sides
from animelayers.errors import DataError, MissingPackageError
from animelayers.handoff.png import decode_png
from animelayers.parts import PARTS, part_name
from animelayers.raster import Mask, tight_box, trimmed
from animelayers.rendering.solve import RenderingGuess, exact_stack
from animelayers.stack import Layer, LayerStack, Rgba


@dataclass(frozen=True, slots=True)
class _Style:
    tags: Mapping[str, str]
    """Component (or one of its shapes) → part tag."""
    chin: float = 1.0
    """Row of the chin, of the canvas's height, where the face's sheet goes on below it."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What is asked of the style besides its own choices."""
    strokes: bool = False
    """Whether its outlines are strokes, so that the SVG itself tells line from flat."""


_HAIR = [
    "#1f1a24",
    "#4a2f28",
    "#8a5a3c",
    "#d9b26f",
    "#f2e3c0",
    "#c94f3d",
    "#e58fb0",
    "#7a6fd0",
    "#5aa7d6",
    "#6fb58a",
    "#cfd3de",
]
_SKIN = ["#fff4ec", "#fde3d2", "#f5cfb4", "#d9a27c", "#a86d4b", "#7a4a33"]
_IRIS = ["#3b2a20", "#6b4226", "#3f6fb0", "#3f8f6a", "#7a4fa0", "#b04a4a", "#c9922e"]

STYLES: Mapping[str, _Style] = {
    "toon-head": _Style(
        {
            **{"rearHair": "back hair", "body": "neck", "head": "face", "clothes": "topwear", "mouth": "mouth"},
            **{"eyes:#f6f1e4": "eyewhite", "eyes:circle": "irides", "eyes": "eyelash"},
            **{"eyebrows": "eyebrow", "hair": "front hair"},
        },
        options={"beardProbability": 0, "rearHairProbability": 70, "hairColor": _HAIR},
        strokes=True,
    ),
    "adventurer": _Style(
        {
            **{"head": "face", "eyes:#ffffff": "eyewhite", "eyes:#000000": "eyelash", "eyes": "irides"},
            **{"eyebrows": "eyebrow", "mouth": "mouth", "details": "face", "glasses": "eyewear", "hair": "front hair"},
            **{"earrings": "earwear"},
        },
        options={
            # 8, 9 and 23 draw a highlight or a pupil in the colour of another part above the iris.
            "eyesVariant": [f"variant{n:02}" for n in range(1, 27) if n not in (8, 9, 23)],
            "detailsVariant": ["birthmark", "blush", "freckles"],
            "eyesColor": _IRIS,
        },
    ),
    "big-ears": _Style(
        {
            **{"hair": "back hair", "head": "face", "mouth": "mouth", "ears": "ears", "details": "face"},
            **{"eyes:white": "eyewhite", "eyes:stroke": "eyelash", "eyes": "irides"},
            **{"nose": "nose", "sideburns": "front hair", "frontHair": "front hair"},
        },
        options={
            # 6 and 7 have lids of skin, 10 and 13 are stars, 14 and 15 have lashes as filled as their irides.
            "eyesVariant": [f"variant{n:02}" for n in range(1, 33) if n not in (6, 7, 9, 10, 13, 14, 15, 18)],
            "hairColor": _HAIR,
        },
    ),
    "micah": _Style(
        {
            **{"head#0": "neck", "head#1": "neck", "head": "face", "mouth": "mouth", "eyebrows": "eyebrow"},
            **{"hair": "front hair", "eyes.smiling": "eyelash", "eyes": "irides", "glasses": "eyewear"},
            **{"nose": "nose", "ears": "ears", "earrings": "earwear", "clothes": "topwear"},
        },
        options={
            "facialHairProbability": 0,
            "eyesVariant": ["eyes", "round", "smiling"],
            # The others are a shine on a bald head, and single strands.
            "hairVariant": ["dannyPhantom", "fonze", "full", "mrT", "pixie", "turban"],
        },
        strokes=True,
    ),
    "lorelei": _Style(
        {
            **{"hair<head": "back hair", "hair": "front hair", "hairAccessories": "headwear", "head": "face"},
            **{"eyes": "irides", "eyebrows": "eyebrow", "earrings": "earwear", "freckles": "face", "nose": "nose"},
            **{"mouth": "mouth", "glasses": "eyewear"},
        },
        chin=0.75,
        options={"beardProbability": 0, "hairAccessoriesProbability": 20, "hairColor": _HAIR, "skinColor": _SKIN},
    ),
    "notionists": _Style(
        {
            **{"head": "face", "clothes": "topwear", "clothesGraphic": "topwear", "hair.hat": "headwear"},
            **{"hair": "front hair", "mouth": "mouth", "nose": "nose", "eyes": "irides", "glasses": "eyewear"},
            **{"eyebrows": "eyebrow", "gesture": "handwear"},
        },
        chin=0.62,
        options={"beardProbability": 0, "gestureProbability": 30},
    ),
}
"""The styles whose components are parts, and how."""

_LICENCES = {"CC BY 4.0": "CC-BY-4.0", "CC0 1.0": "CC0-1.0"}
_SIDED = {term.name for term in PARTS if term.sided}
_BLACK = {"black", "#000", "#000000"}
_SVG = "{http://www.w3.org/2000/svg}"
ET.register_namespace("", _SVG.strip("{}"))


def avatar(style: str, seed: int, size: int = 512) -> Sample:
    """The bust number `seed` of a style, `size` × `size` px. The same packages, style and seed give the same sample.

    Raises:
        DataError: there is no such style or size here, the style's licence is none of those we take, or it draws a
            component that we do not know.
        MissingPackageError: one of the packages is not installed.
    """
    if style not in STYLES or not 16 <= size <= 4096:
        raise DataError(f"{style!r} at {size} px cannot be drawn", hint=f"16 to 4096 px; {', '.join(STYLES)}")
    drawn, licence = _style(style)
    made = _packages().Avatar(drawn, {"seed": str(seed), **STYLES[style].options}).to_json()
    root = _expanded(made["svg"])
    pieces = _gathered(_cut(list(_runs(root, style, size))))
    sample = assembled(
        f"{style}-{seed:06}",
        LayerStack(size, size, tuple(_named(pieces))),
        licence,
        head_box=_head_box(pieces, STYLES[style].chin),
        attributes={
            "generator": f"dicebear-styles {version('dicebear-styles')}",
            "style": style,
            "seed": seed,
            **{key: value for key, value in sorted(made["options"].items()) if key.endswith("Variant")},
        },
    )
    return sample.replace(rendering=_rendering(root, sample.picture)) if STYLES[style].strokes else sample


class _Packages(NamedTuple):
    Avatar: Any
    Style: Any
    svg_to_bytes: Any
    styles: Traversable


@lru_cache
def _packages() -> _Packages:
    try:
        from dicebear import Avatar, Style
        from resvg_py import svg_to_bytes

        return _Packages(Avatar, Style, svg_to_bytes, files("dicebear_styles"))
    except ImportError as error:
        raise MissingPackageError(
            f"avatars need dicebear-core, dicebear-styles and resvg-py: {error}",
            hint='pip install "animelayers[avatars]"',
        ) from error


@lru_cache
def _style(name: str) -> tuple[Any, Licence]:
    """The style as DiceBear wants it, parsed once, and its licence as its definition states it."""
    definition = json.loads(_packages().styles.joinpath(f"{name}.json").read_text("utf-8"))
    meta = definition["meta"]
    terms = meta["license"]["name"]
    if terms not in _LICENCES:
        raise DataError(f"{name} is under {terms!r}", hint=f"{', '.join(_LICENCES)} are taken")
    return _packages().Style(definition), Licence(_LICENCES[terms], meta["creator"]["name"], meta["source"]["url"])


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    tag: str
    side: str
    rgba: Rgba


def _expanded(svg: str) -> ET.Element:
    """The drawing with every reference to a component replaced by a copy of it, which says whose it is."""
    root = ET.fromstring(svg)
    named = {element.get("id"): element for element in root.iter() if element.get("id")}

    def expand(parent: ET.Element) -> None:
        for place, child in enumerate(parent):
            if child.tag == f"{_SVG}use":
                target = child.attrib.pop("href").removeprefix("#")
                group = ET.Element(f"{_SVG}g", {**child.attrib, "data-component": target})
                group.extend(copy.deepcopy(list(named[target])))
                parent[place] = group
            expand(parent[place])

    expand(root)
    for group in root.iterfind(f"{_SVG}g"):
        # The clip to the canvas: needless, and a clipped group is rasterised anew for what is shown of it.
        group.attrib.pop("clip-path", None)
    return root


def _shapes(node: ET.Element, owner: ET.Element, fill: str = "") -> Iterator[tuple[ET.Element, ET.Element, str]]:
    """Every shape in draw order, the component it belongs to, and its fill; what blends as a group is one shape."""
    for child in node:
        kind = child.tag.removeprefix(_SVG)
        if kind in ("defs", "mask", "clipPath", "metadata", "title"):
            continue
        painted = child.get("fill", fill) or ("stroke" if child.get("stroke") else "")
        if kind == "g" and not child.attrib.keys() & {"mask", "style", "opacity"}:
            yield from _shapes(child, child if child.get("data-component") else owner, child.get("fill", fill))
        else:
            yield child, owner, painted.lower()


def _runs(root: ET.Element, style: str, size: int) -> Iterator[_Piece]:
    """Neighbouring shapes of one tag, rendered together, bottom → top."""
    tagged = list(_tagged(root, style))
    for tag, run in itertools.groupby(tagged, key=lambda pair: pair[0]):
        own = {id(shape) for _, shape in run}
        for _, shape in tagged:
            shape.set("display", "inline" if id(shape) in own else "none")
        yield _Piece(tag, "", _rendered(root, size))
    for _, shape in tagged:
        shape.set("display", "inline")


def _tagged(root: ET.Element, style: str) -> Iterator[tuple[str, ET.Element]]:
    """Every shape and its tag."""
    tags = STYLES[style].tags
    drawn: Counter[ET.Element] = Counter()
    for shape, owner, fill in _shapes(root, root):
        component, variant, *_ = (*owner.get("data-component", "").split("-"), "")
        keys = [f"{component}.{variant}", f"{component}#{drawn[owner]}", f"{component}:{fill}"]
        keys += [f"{component}:{shape.tag.removeprefix(_SVG)}", component]
        if not any(other.get("data-component", "").startswith("head-") for other in drawn):
            keys.insert(0, f"{component}<head")
        tag = next((tags[key] for key in keys if key in tags), None)
        if tag is None:
            hint = 'pip install "dicebear-styles>=10.6,<10.7"'
            raise DataError(f"{style} draws {component!r}, of which no tag is known", hint=hint)
        drawn[owner] += 1
        yield tag, shape


def _rendered(root: ET.Element, size: int) -> Rgba:
    svg = ET.tostring(root, "unicode")
    data = bytes(_packages().svg_to_bytes(svg_string=svg, width=size, height=size, skip_system_fonts=True))
    return decode_png(data, "the drawing")


def _cut(pieces: list[_Piece]) -> Iterator[_Piece]:
    """Sided pieces cut into the character's left and right, between the eyes."""
    middle = _middle(pieces)
    for piece in pieces:
        halves = sides(piece.rgba, middle) if piece.tag in _SIDED else {"": piece.rgba}
        yield from (_Piece(piece.tag, side, half) for side, half in halves.items() if half[..., 3].any())


def _middle(pieces: list[_Piece]) -> int:
    """The column in the middle of the widest gap between what belongs to eyes; that of the face where there is none."""
    columns = np.flatnonzero(_cover(pieces, "irides", "eyewhite", "eyelash").any(axis=0))
    gaps = np.diff(columns)
    if gaps.size and gaps.max() > 1:
        return int(columns[gaps.argmax()] + gaps.max() // 2)
    _, left, _, right = tight_box(_cover(pieces, "face"))
    return (left + right) // 2


def _cover(pieces: list[_Piece], *tags: str) -> Mask:
    """Where pieces of these tags cover at least half of a pixel."""
    out = np.zeros(pieces[0].rgba.shape[:2], np.bool_)
    for piece in pieces:
        if piece.tag in tags:
            out |= piece.rgba[..., 3] >= 128
    return out


def _gathered(pieces: Iterable[_Piece]) -> list[_Piece]:
    """Pieces of one part and side made one, wherever none that lies between them overlaps."""
    out: list[_Piece] = []
    for piece in pieces:
        for place in range(len(out) - 1, -1, -1):
            below = out[place]
            if (below.tag, below.side) == (piece.tag, piece.side):
                pair = Layer("below", below.rgba), Layer("above", piece.rgba)
                out[place] = _Piece(piece.tag, piece.side, flatten(LayerStack(len(piece.rgba), len(piece.rgba), pair)))
                break
            if ((below.rgba[..., 3] > 0) & (piece.rgba[..., 3] > 0)).any():
                out.append(piece)
                break
        else:
            out.append(piece)
    return out


def _named(pieces: list[_Piece]) -> Iterator[Layer]:
    """Layers, bottom → top; parts that come several times are strata, 0 the nearest."""
    left = Counter((piece.tag, piece.side) for piece in pieces)
    several = {key for key, count in left.items() if count > 1}
    for piece in pieces:
        key = (piece.tag, piece.side)
        left[key] -= 1
        yield trimmed(Layer(part_name(*key, left[key] if key in several else None), piece.rgba))


def _head_box(pieces: list[_Piece], chin: float) -> Box:
    """Around face and ears above the chin, and hair and headwear above the middle of the face."""
    face = _cover(pieces, "face", "ears")
    face[int(chin * len(face)) :] = False
    top, _, bottom, _ = tight_box(face)
    hair = _cover(pieces, "front hair", "back hair", "headwear")
    hair[(top + bottom) // 2 :] = False
    return tight_box(face | hair)


def _rendering(root: ET.Element, picture: Rgba) -> LayerStack:
    """The picture's line, flat and shadow, as its strokes and its translucent blacks tell them apart."""
    size = len(picture)
    lines = copy.deepcopy(root)
    for element in lines.iter():
        if _is_shade(element):
            element.set("display", "none")
        for name in ("fill-opacity", "opacity"):
            element.attrib.pop(name, None)
        for name, kept in (("fill", {"none"}), ("stroke", {"none", *_BLACK})):
            if element.get(name, "none") not in kept:
                element.set(name, "white")
    ink = np.zeros_like(picture)
    ink[..., 3] = 255 - matte(_rendered(lines, size))[..., 0]

    unlined = copy.deepcopy(root)
    for element in unlined.iter():
        if element.get("stroke") in _BLACK:
            element.set("stroke", "none")
    base = _rendered(unlined, size)
    for element in unlined.iter():
        if _is_shade(element):
            element.set("display", "none")
    flat = _rendered(unlined, size)
    return exact_stack(picture, RenderingGuess(bleed(flat)[..., :3], ink, bleed(base)[..., :3]))


def _is_shade(element: ET.Element) -> bool:
    """Whether a shape only darkens: translucent black, or black that multiplies."""
    darkens = element.get("fill-opacity") or "multiply" in element.get("style", "")
    return element.get("fill") in _BLACK and bool(darkens)
