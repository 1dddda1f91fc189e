"""Pictures with index maps on disk: a folder of compressed NumPy archives, and a manifest that names every licence.

    set.json              what is in it, whose it is, how many of which split
    shard-00000.npz …     picture uint8 [n, s, s, 4], index uint16 [n, s, s], facts: a line of JSON for each, as uint8

Arrays of numbers are all that is stored, and all that is read: never a pickle.
"""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from animelayers.data.layer_index import IndexedPicture
from animelayers.data.sample import Licence
from animelayers.errors import DataError, OutputError
from animelayers.handoff.files import replacing_folder

FORMAT = "animelayers index maps 1"
SHARD = 512
"""Pictures a file."""


def write_shards(pictures: Iterable[IndexedPicture], folder: Path, *, command: str = "") -> dict[str, Any]:
    """Write a set, all of it or nothing; returns its manifest. One shard is in memory at a time.

    Same pictures, same bytes. A set that is there already is replaced.

    Args:
        pictures: what to write, in this order, squares of one size; may be a generator.
        folder: the directory of the set.
        command: what was typed to make it.

    Raises:
        DataError: there are no pictures, two share an id, or their sizes differ.
        OutputError: the folder cannot be written, or holds something that is no such set.
    """
    if folder.exists() and not ((folder / "set.json").is_file() or not any(folder.iterdir())):
        raise OutputError(f"{folder} holds something else", hint="choose another place with -o")
    tally, seen, batch, shards = Counter[tuple[str, str]](), set[str](), list[IndexedPicture](), 0
    licences: dict[str, Any] = {}
    with replacing_folder(folder) as temporary:
        for picture in pictures:
            if picture.id in seen:
                raise DataError(f"two pictures are called {picture.id}")
            seen.add(picture.id)
            licences.setdefault(picture.pack, asdict(picture.licence))
            tally[picture.pack, picture.split] += 1
            batch.append(picture)
            if len(batch) == SHARD:
                _write(batch, temporary / f"shard-{shards:05}.npz")
                batch, shards = [], shards + 1
        if batch:
            _write(batch, temporary / f"shard-{shards:05}.npz")
        if not seen:
            raise DataError("there are no pictures", hint="none of what came was fit to learn from")
        counts: dict[str, dict[str, int]] = {}
        for (pack, split), count in sorted(tally.items()):
            counts.setdefault(pack, {})[split] = count
        about = {"format": FORMAT, "command": command, "pictures": len(seen), "packs": counts, "licences": licences}
        (temporary / "set.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8", newline="\n")
    return about


def read_shards(folder: Path) -> Iterator[IndexedPicture]:
    """The pictures of a set, in its order, one shard in memory at a time.

    Raises:
        DataError: there is no set, or a file of it is damaged.
    """
    if not (folder / "set.json").is_file():
        raise DataError(f"{folder} holds no index maps", hint="datasets/svg_layers.py makes such a set")
    for path in sorted(folder.glob("shard-*.npz")):
        try:
            with np.load(path, allow_pickle=False) as arrays:
                pictures, indices, facts = (arrays[name] for name in ("picture", "index", "facts"))
            lines = [json.loads(line) for line in facts.tobytes().splitlines()]
            for picture, index, fact in zip(pictures, indices, lines, strict=True):
                yield IndexedPicture(picture=picture, index=index, **{**fact, "licence": Licence(**fact["licence"])})
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise DataError(f"{path} is damaged: {error}", hint="make the set again") from error


def _write(batch: list[IndexedPicture], path: Path) -> None:
    sizes = {picture.index.shape for picture in batch}
    if len(sizes) > 1:
        raise DataError(f"pictures of different sizes: {sorted(sizes)}", hint="one size a set")
    facts = [{"id": one.id, "base": one.base, "licence": asdict(one.licence), "layers": one.layers} for one in batch]
    np.savez_compressed(
        path,
        picture=np.stack([one.picture for one in batch]),
        index=np.stack([one.index for one in batch]),
        facts=np.frombuffer("\n".join(map(json.dumps, facts)).encode(), np.uint8),
    )
