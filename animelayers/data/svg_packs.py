"""Icon packs of Iconify, as the npm registry has them: which ones, their licences, and the drawings in a file of them.

A pack is `@iconify-json/NAME`: a tarball with `icons.json`, which holds the inside of every SVG, and `info.json`.
Nothing is unpacked to disk, and nothing here opens a connection.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from animelayers.data.layer_index import IndexedPicture
from animelayers.data.sample import Licence
from animelayers.data.svg_layers import curated
from animelayers.errors import DataError

PACKS = ("fluent-emoji-flat", "noto", "noto-v1", "fxemoji", "flat-color-icons", "vscode-icons", "flag")
"""Packs under a licence of `FREE` whose layers come out well."""

FREE = ("MIT", "Apache-2.0", "CC0-1.0", "ISC", "0BSD", "Unlicense")
"""Licences under which a picture may teach weights that go on under Apache-2.0; the others are to measure on."""

LARGEST = 256_000_000
"""Bytes of one file of a pack."""

_TONES = r"(?:medium-light|medium-dark|light|medium|dark)(?:-skin-tone)?|tone[1-5]|default"
_SUFFIX = re.compile(rf"(?:-(?:{_TONES}|1x1|4x3|opened))+$")
_PEOPLE = re.compile(r"(?:^|-)(?:man|woman|person|men|women|people|mx|old)(?=-|$)")


@dataclass(frozen=True, slots=True)
class Drawing:
    """One SVG of a pack."""

    pack: str
    name: str
    text: str
    licence: Licence

    def indexed(self, size: int) -> IndexedPicture:
        """The picture and its index map, `size` × `size` px.

        Raises:
            DataError: it is not fit to learn from (`svg_layers.curated`).
            MissingPackageError: resvg-py is not installed.
        """
        made = curated(self.text, size)
        identity = f"{self.pack}/{self.name}"
        return IndexedPicture(identity, base_name(self.name), made.picture, made.index, self.licence, made.layers)


def read_pack(path: Path) -> Iterator[Drawing]:
    """The drawings of a pack, sorted by name: a tarball of npm, a folder it was unpacked to, or an `icons.json`.

    Names that a pack keeps for its former users, and mirror images, are left out.

    Raises:
        DataError: it is no such pack, or says no licence.
    """
    icons, info = _files(path)
    try:
        prefix, width, height = icons["prefix"], icons.get("width", 16), icons.get("height", 16)
        info = {**icons.get("info", {}), **info}
        terms, author = info["license"], info["author"]
        licence = Licence(terms.get("spdx") or f"LicenseRef-{terms['title']}", author["name"], author.get("url", ""))
        for name, icon in sorted(icons["icons"].items()):
            if not icon.get("hidden"):
                box = (icon.get("left", 0), icon.get("top", 0), icon.get("width", width), icon.get("height", height))
                yield Drawing(prefix, name, _svg(icon["body"], box), licence)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is no pack of icons: {error!r}", hint="give what `npm pack` wrote") from error


def base_name(name: str) -> str:
    """What an icon shows: its name in letters alone, without skin tone, gender and format."""
    kept = _PEOPLE.sub("", _SUFFIX.sub("", name.removeprefix("file-type-").removeprefix("folder-type-")))
    return re.sub("[^a-z]", "", kept) or re.sub("[^a-z0-9]", "", name)


def _svg(body: str, box: tuple[float, ...]) -> str:
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {spaces} viewBox="{" ".join(f"{float(value):g}" for value in box)}">{body}</svg>'


def _files(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """`icons.json` and `info.json` of a pack; the latter may be missing."""
    try:
        if path.is_dir():
            folder = path / "package" if (path / "package").is_dir() else path
            info = folder / "info.json"
            return _json((folder / "icons.json").read_bytes()), _json(info.read_bytes()) if info.exists() else {}
        if path.suffix == ".json":
            return _json(path.read_bytes()), {}
        with tarfile.open(path) as archive:
            return _member(archive, "package/icons.json"), _member(archive, "package/info.json")
    except (OSError, EOFError, tarfile.TarError, ValueError) as error:
        raise DataError(f"{path} is no pack of icons: {error}", hint="give what `npm pack` wrote") from error


def _member(archive: tarfile.TarFile, name: str) -> dict[str, Any]:
    try:
        found = archive.getmember(name)
    except KeyError:
        raise ValueError(f"no {name} in it") from None
    file = archive.extractfile(found) if found.size <= LARGEST else None
    if file is None:
        raise ValueError(f"{name} is no file of at most {LARGEST} bytes")
    return _json(file.read())


def _json(data: bytes) -> dict[str, Any]:
    made = json.loads(data)
    if len(data) > LARGEST or not isinstance(made, dict):
        raise ValueError("no JSON object of a sane size")
    return made
