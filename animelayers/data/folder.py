"""A sample as a folder: `sample.json`, `picture.png`, `parts/00-back_hair.png`, `cells/00-back_hair/line.png`."""

from __future__ import annotations

from pathlib import Path

from animelayers.data import manifest
from animelayers.data.manifest import Manifest
from animelayers.data.packing import pack, unpack
from animelayers.data.planes import decode_all, encode_all
from animelayers.data.sample import Sample
from animelayers.errors import DataError, OutputError
from animelayers.handoff.files import replacing_folder
from animelayers.handoff.png import LITTER
from animelayers.psdopen import MAX_PIXELS

MAX_BYTES = 8 * MAX_PIXELS
"""Of one file: twice what the largest picture takes unpacked."""


def save_sample(sample: Sample, folder: Path) -> Manifest:
    """Write a sample as a folder, wholly or not at all, and return its manifest. Same sample, same bytes.

    A folder that is there already is replaced only if it is empty or an earlier sample with nothing added.

    Raises:
        DataError: the sample holds something that cannot be stored.
        OutputError: the folder cannot be written, or holds something that is not ours.
    """
    folder = Path(folder)
    written, planes = pack(sample)
    text = written.text()
    if folder.exists() or folder.is_symlink():
        refuse_strangers(folder, strangers(folder))
    with replacing_folder(folder) as temporary:
        (temporary / manifest.NAME).write_text(text, encoding="utf-8", newline="\n")
        for directory in sorted({(temporary / file).parent for file in planes}):
            directory.mkdir(parents=True, exist_ok=True)
        for file, data in encode_all(planes).items():
            (temporary / file).write_bytes(data)
    return written


def load_sample(folder: Path) -> Sample:
    """Read a folder that `save_sample` wrote.

    Raises:
        DataError: a file is missing, damaged or of another size than the manifest says, or the schema is newer.
    """
    folder = Path(folder)
    found = read_manifest(folder)
    planes = decode_all(found.files(), lambda file: read_bytes(folder / file), f"{folder}/")
    return unpack(found, planes, f"{folder}/")


def read_manifest(folder: Path) -> Manifest:
    """What a sample's folder says about itself, without its pixels.

    Raises:
        DataError: `sample.json` is missing or does not fit its schema, or the schema is newer.
    """
    path = folder / manifest.NAME
    return manifest.parse(Manifest, read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """The bytes of an ordinary file of a bearable size.

    Raises:
        DataError: it is anything else.
    """
    try:
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path} is over {MAX_BYTES // 10**6} MB", hint="make the sample again, smaller")
        if path.exists() and not path.is_file():
            raise DataError(f"{path} is no file", hint="copy the sample again, or make it again")
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}", hint="copy the sample again, or make it again"
        ) from error


def strangers(folder: Path) -> list[str]:
    """What lies in a folder besides one sample of ours; everything, if there is none."""
    inside = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    try:
        ours = {manifest.NAME, *read_manifest(folder).files()}
    except DataError:
        ours = set()
    return sorted(path for path in inside - ours if Path(path).name not in LITTER)


def refuse_strangers(folder: Path, found: list[str]) -> None:
    """Do not go on where something would be lost.

    Raises:
        OutputError: `folder` is no folder, or there is something in `found`.
    """
    hint = "name another folder, or move its contents away"
    if not folder.is_dir() or folder.is_symlink():
        raise OutputError(f"{folder} is a file or a link, a folder was wanted", hint=hint)
    if found:
        raise OutputError(f"{folder} holds {found[0]}, which would be lost", hint=hint)
