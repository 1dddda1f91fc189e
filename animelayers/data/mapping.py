"""Which layer of an artist's file is what: names in three languages → part, side and rendering layer.

A layer is read together with the groups around it, from the outside inwards: what an inner name says counts more, and
what it leaves open is inherited – `左目/瞳` is `irides-l`, `前髪/影 2` the shadow of `front hair`. Presets know the
usual names (`layer_names`); a TOML file of the user's own overrides them:

    blend = true                       # layers that nothing names: Multiply, Burn … → shadow, Screen, Add … → highlight

    [layers]                           # pattern → target; the last one that fits counts
    "リボン*" = "headwear"             # `*` is any text, `?` one character; case, width and separators do not matter
    "目/ハイライト" = "irides"         # with a slash: the whole path
    "くま ?" = "topwear/flat"          # part/rendering layer
    "試し塗り" = "ignore"

L and R are the character's sides.
"""

from __future__ import annotations

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from itertools import pairwise
from pathlib import Path

from animelayers.data import layer_names as names
from animelayers.data.sample import SLOTS
from animelayers.errors import DataError
from animelayers.parts import OTHER, PARTS, RENDERING, Preset, canonical_name, display_name, part_name, split_part

IGNORE = "ignore"

_DARKENS = "multiply|darken|darker color|color burn|linear burn|subtract"
_LIGHTENS = (
    "screen|lighten|lighter color|color dodge|linear dodge|divide|"
    "overlay|soft light|hard light|vivid light|linear light|pin light"
)
SLOT_OF_BLEND = dict.fromkeys(_DARKENS.split("|"), "shadow") | dict.fromkeys(_LIGHTENS.split("|"), "highlight")
"""PSD's blend mode, in lower case with spaces → what a layer is by it where nothing else says so."""

_SIDED = frozenset(term.name for term in PARTS if term.sided)


@dataclass(frozen=True, slots=True)
class Target:
    """What a layer is, as far as anything says so."""

    tag: str = ""
    """One of `parts.PARTS`; empty when nothing says so."""
    side: str = ""
    """`l`, `r` or empty."""
    slot: str = ""
    """One of `SLOTS`; empty when nothing says so."""
    region: str = ""
    """Tags that it may be one of, divided by `|`, where its name is too wide for a part."""
    ignored: bool = False
    why: tuple[str, ...] = ()
    """What said so, outermost first."""

    @property
    def part(self) -> str:
        """Name of the piece, such as `irides-l`; empty when there is none."""
        return part_name(self.tag, self.side if self.tag in _SIDED else "") if self.tag else ""

    def __str__(self) -> str:
        return IGNORE if self.ignored else "/".join(filter(None, (self.part, self.slot)))


UNKNOWN = Target()


@dataclass(frozen=True, slots=True)
class Rules:
    """The user's own patterns; without any, the presets alone decide."""

    patterns: tuple[tuple[str, Target], ...] = ()
    """Normalised pattern → target, in the order of the file."""
    blend: bool = False
    """Whether blend modes may decide about layers that nothing names."""
    name: str = "mapping"

    def target(self, path: Sequence[str], blend: str = "normal", kind: str = "pixel") -> Target:
        """What a layer is.

        Args:
            path: names of its groups, outermost first, and its own.
            blend: PSD's blend mode, in lower case with spaces.
            kind: as in `handoff.document.Node`; an adjustment is ignored only where a rule says so.
        """
        found = UNKNOWN
        for depth in range(1, len(path) + 1):
            found = self._within(found, path[:depth])
        own = self._own(path) or preset(path[-1])
        if found.ignored and kind == "adjustment" and not self._ignores(path):
            return UNKNOWN  # it changes more than itself
        if found.ignored or own.slot:
            return found
        by_blend = SLOT_OF_BLEND.get(blend, "")
        if by_blend and (found.slot == "flat" or (not found.slot and self.blend)):
            return replace(found, slot=by_blend, why=(*found.why, f"blends by {blend}"))
        return found

    def _within(self, outer: Target, path: Sequence[str]) -> Target:
        """`outer`, as what is called `path` inside it changes it."""
        rule, known = self._own(path), preset(path[-1])
        inner = known if rule is None else _over(known, rule)
        if outer.ignored and (rule is None or rule.ignored or self._ignores(path[:-1])):
            return outer
        return _over(replace(outer, ignored=False), inner)

    def _own(self, path: Sequence[str]) -> Target | None:
        """What the user's last rule that fits says; None when none fits."""
        forms = [_forms(name) for name in path]
        whole = {"/".join(parts) for parts in zip(*forms, strict=True)}
        for pattern, target in reversed(self.patterns):
            if any(fnmatchcase(text, pattern) for text in (whole if "/" in pattern else forms[-1])):
                return target
        return None

    def _ignores(self, path: Sequence[str]) -> bool:
        return any((rule := self._own(path[:depth])) and rule.ignored for depth in range(1, len(path) + 1))


def load_rules(path: Path) -> Rules:
    """Read a user's mapping file; its format is that of the module's docstring.

    Raises:
        DataError: the file cannot be read, is no TOML, or a key or target in it is unknown.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", hint="check the path after --mapping") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        hint = 'a line is "name" = "target", below a line [layers]; save it as UTF-8'
        raise DataError(f"{path} is no TOML: {error}", hint=hint) from error
    if unknown := sorted(set(data) - {"blend", "layers"}):
        raise DataError(f"{path}: unknown key {unknown[0]!r}", hint="patterns stand below a line [layers]")
    blend, layers = data.get("blend", False), data.get("layers", {})
    if not isinstance(blend, bool) or not isinstance(layers, dict):
        raise DataError(f"{path}: `blend` is true or false, `layers` a table", hint="blend = true, [layers]")
    patterns = tuple((_pattern(key), _target(key, value, path)) for key, value in layers.items())
    return Rules(patterns, blend, path.name)


def _pattern(text: str) -> str:
    return "/".join(normalised(part, keep="*?") for part in text.split("/"))


def _target(pattern: str, value: object, path: Path) -> Target:
    """The target of one line of the user's file."""
    words = [canonical_name(word.strip()) for word in str(value).split("/")]
    why = (f"{path.name}: {pattern}",)
    if words == [IGNORE]:
        return Target(ignored=True, why=why)
    found = Target(why=why)
    for word in words:
        tag, side, stratum = split_part(word)
        if word in SLOTS and not found.slot:
            found = replace(found, slot=word)
        elif tag in _TAGS and stratum is None and not found.tag:
            found = replace(found, tag=tag, side=side)
        else:
            near = difflib.get_close_matches(word, (IGNORE, *SLOTS, *_TAGS), 1)
            hint = f"{near[0]!r}?" if near else f"one of: {', '.join((IGNORE, *SLOTS, *_TAGS))}"
            raise DataError(f"{path}: {pattern!r} cannot be {value!r}", hint=hint)
    return found


_TAGS = tuple(term.name for term in PARTS)


def _over(outer: Target, inner: Target) -> Target:
    """Both, the inner one where they disagree. A part without a side keeps the side from around it.

    A wide name within a part of another region is none of that part: 目 in a group 顔 is no face.
    """
    fits = not inner.region or outer.tag in inner.region.split("|")
    return Target(
        tag=inner.tag or (outer.tag if fits else ""),
        side=inner.side or outer.side,
        slot=inner.slot or outer.slot,
        ignored=inner.ignored,
        why=(*(() if inner.ignored or (inner.tag and inner.slot) else outer.why), *inner.why),
    )


# Names


def normalised(name: str, keep: str = "") -> str:
    """A name with nothing in it that carries no meaning: NFKC, lower case, words and numbers divided by one space.

    >>> normalised("ＨairFront_02（Ｌ）"), normalised("前髪・影2")
    ('hair front 02 l', '前髪 影 2')
    """
    text = _CAMEL.sub(" ", unicodedata.normalize("NFKC", name)).casefold()
    text = "".join(char if char.isalnum() or char in keep else " " for char in text)
    return " ".join(_SEAMS.sub(" ", text).split())


_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SEAMS = re.compile(r"(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)|(?<=[a-z])(?=[^\W\d_a-z])|(?<=[^\W\d_a-z])(?=[a-z])")


def _forms(name: str) -> tuple[str, str]:
    """A name as patterns meet it: whole, and without its numbers and the marks of a copy."""
    text = normalised(name)
    return text, " ".join(_cut(text, ("copy", "number"))[0].split())


@cache
def preset(name: str) -> Target:
    """What a single name says by itself.

    A part counts where every word of the name is known, since 口紅 is no mouth; a rendering layer also beside strange
    words, if it stands last or by itself: リボン影 is a shadow, 線香 no line.

    >>> str(preset("左腕_線画 のコピー 2")), str(preset("Hair_Front")), str(preset("リボン影"))
    ('handwear-l/line', 'front hair', 'shadow')
    """
    text, removed = _cut(normalised(name), ("copy", "number", "side"))
    tokens = [(kind, value) for kind, value, _ in _spans(" ".join(text.split()))]
    meant = {
        kind: {value for k, value in tokens if k == kind} for kind in ("part", "slot", "region", IGNORE, "strange")
    }
    sides = {value for kind, value in removed if kind == "side"}
    if meant["strange"]:
        meant["part"] = meant[IGNORE] = set()
        if any(a[0] == "slot" and b[0] == "strange" for a, b in pairwise(tokens)):
            meant["slot"] = set()
    if len(meant["slot"]) > 1:
        meant["slot"].discard("flat")  # 影色 and "base shadow" are shadows
    region = "" if meant["part"] else _only(meant["region"])
    found = Target(_only(meant["part"]), _only(sides), _only(meant["slot"]), region, bool(meant[IGNORE]))
    return found if found == UNKNOWN else replace(found, why=(f"preset: {name}",))


def _only(values: Iterable[str]) -> str:
    """The one value there is; empty when there are none or several."""
    found = list(values)
    return found[0] if len(found) == 1 else ""


def _cut(text: str, kinds: Sequence[str]) -> tuple[str, list[tuple[str, str]]]:
    """A name without its tokens of some kinds, and these tokens."""
    kept, removed, at = [], [], 0
    for kind, value, end in _spans(text):
        if kind in kinds:
            removed.append((kind, value))
        else:
            kept.append(text[at:end])
        at = end
    return "".join(kept), removed


def _spans(text: str) -> Iterator[tuple[str, str, int]]:
    """`(kind, value, end)` of every token, the longest known name first; what is between them is `strange`."""
    at = 0
    while at < len(text):
        if text[at] == " ":
            at += 1
            yield "gap", " ", at
            continue
        if text[at].isdecimal():
            end = next((i for i in range(at, len(text)) if not text[i].isdecimal()), len(text))
            yield "number", text[at:end], end
            at = end
            continue
        end = next((end for end in range(min(len(text), at + _LONGEST), at, -1) if _known(text, at, end)), 0)
        if end:
            for kind, value in _NAMES[text[at:end]]:
                yield kind, value, end
        else:
            end = _word_end(text, at)
            yield "strange", text[at:end], end
        at = end


def _known(text: str, at: int, end: int) -> bool:
    """Whether a known name stands here as a word: Latin and katakana words are not cut in the middle."""
    if text[at:end] not in _NAMES:
        return False
    if end < len(text) and _script(text[end - 1]) and _script(text[end - 1]) == _script(text[end]):
        return False
    glued = at > 0 and _script(text[at]) and _script(text[at - 1]) == _script(text[at])
    return not glued or (_script(text[at]) == "katakana" and end - at >= _LONG)


_LONG = 4
"""From so many letters on, a katakana name counts at the end of a longer word: リボンハイライト, but not クライン."""


def _word_end(text: str, at: int) -> int:
    """Where strange text that begins at `at` may be followed by something known: a Latin word, or one character."""
    if _script(text[at]) != "latin":
        return at + 1
    return next((i for i in range(at, len(text)) if _script(text[i]) != "latin"), len(text))


def _script(char: str) -> str:
    if "ァ" <= char <= "ヺ" or char == "ー":
        return "katakana"
    return "latin" if char.isalpha() and char < "\u0250" else ""


def _table() -> dict[str, tuple[tuple[str, str], ...]]:
    """Normalised name → what it says."""
    table: dict[str, tuple[tuple[str, str], ...]] = {}

    def add(lines: Iterable[str], *meaning: tuple[str, str]) -> None:
        for line in lines:
            for name in line.split("|"):
                table.setdefault(normalised(name), meaning)

    for term in (*PARTS, *RENDERING, *OTHER):
        kind = "slot" if term in RENDERING else "part" if term in PARTS else IGNORE
        add((display_name(term.name, shown) for shown in Preset), (kind, term.name))
    for (tag, slot), lines in names.BOTH_NAMES.items():
        add(lines, ("part", tag), ("slot", slot))
    presets: tuple[tuple[str, Mapping[str, Sequence[str]]], ...] = (
        ("slot", names.SLOT_NAMES),
        ("part", names.PART_NAMES),
        ("region", names.REGION_NAMES),
        ("side", names.SIDE_NAMES),
        (IGNORE, {"": names.IGNORED_NAMES}),
        ("copy", {"": names.COPY_NAMES}),
        ("neutral", {"": names.NEUTRAL_NAMES}),
    )
    for kind, meanings in presets:
        for value, spelt in meanings.items():
            add(spelt, (kind, value))
    return table


_NAMES = _table()
_LONGEST = max(map(len, _NAMES))
