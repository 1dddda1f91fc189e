"""What a stack's layers and groups are called in a file: shown names, ASCII names and numbers, all unique.

The three depend on names and groups alone, never on pixels, so that decomposing a picture again gives the same
names and a program that re-imports the file finds its layers again.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from animelayers.parts import Preset, canonical_name, display_name
from animelayers.stack import Layer, LayerStack

MAX_NAME = 255
"""UTF-16 units; what a PSD name holds."""

IDS = 30_000
"""Layer numbers are 1..IDS: small, as drawing programs number them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One layer or group as a file carries it."""

    name: str
    """The canonical name."""
    shown: str
    """The name people see: in the preset, legal, unique in the document."""
    slug: str
    """ASCII letters, digits, `-` and `_`; never empty, unique in the document."""
    id: int
    """1..30000, unique; from the path of the canonical names, so it does not change when others come or go."""
    layer: Layer | None = None
    """None for a group."""
    children: tuple[Entry, ...] = ()
    """What a group holds, bottom → top."""

    def walk(self) -> Iterator[Entry]:
        """Itself, then everything inside it, bottom → top."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(slots=True)
class _Node:
    name: str
    path: tuple[str, ...]
    layer: Layer | None
    children: list[_Node]


def entries(stack: LayerStack, names: Preset) -> tuple[Entry, ...]:
    """The tree of a stack, bottom → top; neighbours that share a group lie in one group entry.

    A group that is interrupted by a layer outside it comes twice, since a file has no other way to keep the order.
    Names that occur more than once are qualified with their group's (`face_line`), then numbered.
    """
    roots: list[_Node] = []
    open_groups: list[_Node] = []
    flat: list[_Node] = []
    for layer in stack:
        shared = 0
        while shared < min(len(open_groups), len(layer.group)) and open_groups[shared].name == layer.group[shared]:
            shared += 1
        del open_groups[shared:]
        for depth in range(shared, len(layer.group)):
            group = _Node(layer.group[depth], layer.group[: depth + 1], None, [])
            (open_groups[-1].children if open_groups else roots).append(group)
            open_groups.append(group)
            flat.append(group)
        leaf = _Node(layer.name, (*layer.group, layer.name), layer, [])
        (open_groups[-1].children if open_groups else roots).append(leaf)
        flat.append(leaf)

    ids = _ids(flat)
    shown = unique_names([tuple(_legal(display_name(n, names)) for n in node.path) for node in flat])
    slugs = unique_names(
        [(*map(ascii_slug, node.path[:-1]), ascii_slug(node.name) or f"layer-{ids[i]}") for i, node in enumerate(flat)]
    )
    index = {id(node): i for i, node in enumerate(flat)}

    def entry(node: _Node) -> Entry:
        i = index[id(node)]
        return Entry(node.name, shown[i], slugs[i], ids[i], node.layer, tuple(map(entry, node.children)))

    return tuple(map(entry, roots))


def walk(roots: Iterable[Entry]) -> Iterator[Entry]:
    """Every entry, groups before what they hold, bottom → top."""
    for root in roots:
        yield from root.walk()


def unique_names(paths: list[tuple[str, ...]]) -> list[str]:
    """One name a path: its last part where that is unique, else qualified by its group, else numbered.

    >>> unique_names([("face",), ("face", "line"), ("hair", "line"), ("line 1",)])
    ['face', 'face_line', 'hair_line', 'line 1']
    """
    count = Counter(path[-1] for path in paths)
    taken: set[str] = set()
    out = []
    for path in paths:
        name = path[-1]
        if count[name] > 1 and len(path) > 1 and path[-2]:
            name = f"{path[-2]}_{name}"
        name = candidate = _fit(name)
        number = 1
        while candidate in taken or (candidate != path[-1] and candidate in count):
            number += 1
            suffix = f"_{number}"
            candidate = _fit(name, MAX_NAME - len(suffix)) + suffix
        taken.add(candidate)
        out.append(candidate)
    return out


def renamed(roots: Iterable[Entry]) -> dict[int, tuple[str, str]]:
    """`{id: (shown, canonical)}` of the entries whose canonical name cannot be told from the shown one."""
    return {e.id: (e.shown, e.name) for e in walk(roots) if canonical_name(e.shown) != e.name}


def _ids(nodes: list[_Node]) -> list[int]:
    taken: set[int] = set()
    out = []
    for node in nodes:
        path = "/".join(node.path) + ("/" if node.layer is None else "")
        number = zlib.crc32(path.encode("utf-8", "surrogatepass")) % IDS
        while number in taken:
            number = (number + 1) % IDS
        taken.add(number)
        out.append(number + 1)
    return out


def _legal(name: str) -> str:
    """Without what Windows, importers of layered files or XML choke on."""
    name = re.sub(r'[\\/:*?"<>|]', "_", name)
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cs") and c not in "\ufffe\uffff")
    return _fit(name.strip()) or "layer"


def _fit(name: str, limit: int = MAX_NAME) -> str:
    """Cut to `limit` UTF-16 units."""
    name = name[:limit]
    while len(name.encode("utf-16-le", "surrogatepass")) > 2 * limit:
        name = name[:-1]
    return name


def ascii_slug(name: str) -> str:
    """Lower-case ASCII letters, digits, `-` and `_`, for file names; empty where nothing of the name is ASCII."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9-]+", "_", plain.lower()).strip("_-")[:MAX_NAME]
