"""Which files this program wrote, and from what: it replaces nobody else's and redoes none of its own."""

from __future__ import annotations

import hashlib
import html
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animelayers.errors import OutputError

if TYPE_CHECKING:
    from animelayers.cli.plan import Job

Record = dict[str, Any]
"""What a file of ours says about itself: the provenance, or nothing more than that it is ours (`{}`)."""

UNSIGNED = ("clip", "ora")
"""Formats that may not say who made a file."""

HEAD = 1 << 22
"""Bytes of a file that are searched at most."""

SIGNATURE = "animelayers-provenance"
"""The key under which the provenance lies, as JSON, in formats without a place for it (`ora.PROVENANCE`,
`sheet.SIGNATURE`; not imported, because folders are searched before anything heavy is loaded)."""


def made_here(path: Path) -> bool:
    """Whether this program wrote the file or layer folder, and no program that leaves its own mark saved it since."""
    return record_of(path) is not None


def free_to_write(paths: Iterable[Path]) -> None:
    """Stop where a file lies that is not ours; to be asked of those that nobody named to the letter.

    Raises:
        OutputError: there is one.
    """
    for path in paths:
        if path.exists() and not made_here(path):
            raise OutputError(
                f"{path} is there already and not ours to replace",
                hint="-o FOLDER puts it elsewhere; -o FILE, for one picture, replaces it",
            )


def up_to_date(job: Job) -> bool:
    """Whether every output of a job is there and was made from the picture as it is now, in the same way.

    Of `UNSIGNED` formats a file only has to be as new as the picture.
    """
    if not job.source.exists() or not all(output.path.exists() for output in job.outputs):
        return False
    made = _made(job)
    for output in job.outputs:
        record, wanted = record_of(output.path), {**made, "options": options_of(job, output.format)}
        if record is None and output.format in UNSIGNED:
            if output.path.stat().st_mtime < job.source.stat().st_mtime:
                return False
        elif any((record or {}).get(key) != value for key, value in wanted.items()):
            return False
    return True


def options_of(job: Job, format: str) -> Record:
    """What goes into `Provenance.options` of a file of a job."""
    options: Record = {**dict(job.about), "names": job.names.value, "keep_source": job.keep_source}
    if job.inpainter_name:
        options["inpainter"] = job.inpainter_name
    return {**options, "renderer": job.renderer} if format == "separation" else options


def _made(job: Job) -> Record:
    """What all files of a job say of themselves."""
    from animelayers import __version__

    with job.source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    asked = {"mode": job.mode, "model": job.model, "seed": job.seed}
    return {**asked, "version": __version__, "source_sha256": digest}


def record_of(path: Path) -> Record | None:
    """What a file of ours says about itself; None for every other file, and where there is none."""
    reader = _folder if path.is_dir() else _READERS.get(path.suffix.lower())
    try:
        return reader(path) if reader is not None else None
    except (OSError, ValueError, KeyError, RuntimeError, struct.error, zlib.error, zipfile.BadZipFile):
        return None  # unreadable, or not what its suffix says: not ours


def _folder(path: Path) -> Record | None:
    manifest = path / "manifest.json"
    if not manifest.is_file():
        return None
    found = json.loads(manifest.read_bytes())
    ours = isinstance(found, dict) and found.get("format") == "animelayers-png"
    return (found.get("provenance") or {}) if ours else None


def _psd(path: Path) -> Record | None:
    from animelayers.handoff import xmp

    with path.open("rb") as file:
        if file.read(4) != b"8BPS":
            return None
        file.seek(26)
        file.seek(struct.unpack(">I", file.read(4))[0], 1)
        resources = file.read(min(struct.unpack(">I", file.read(4))[0], HEAD))
    start, end = resources.find(b"<?xpacket begin"), resources.find(b"<?xpacket end")
    packet = resources[start : end + 19]
    # Photoshop and others keep our properties when they save, and sign the packet: then somebody worked on the file.
    signed = any(mark in packet for mark in (b"x:xmptk", b"MetadataDate", b"ModifyDate"))
    if start < 0 or signed or xmp.NAMESPACE.encode() not in packet:
        return None
    made, _ = xmp.read_packet(packet)
    return {} if made is None else made.as_dict()


def _html(path: Path) -> Record | None:
    """The preview holds its data as JSON in one element."""
    found = re.search(rb'<script type="application/json" id="stack">(\{.*?\})</script>', path.read_bytes(), re.DOTALL)
    if found is None:
        return None
    data = json.loads(found[1])
    return data.get("provenance") or {} if {"factor", "layers", "source"} <= data.keys() else None


def _ora(path: Path) -> Record | None:
    """An attribute of the root of `stack.xml`."""
    with zipfile.ZipFile(path) as archive:
        if archive.getinfo("stack.xml").file_size > HEAD:
            return None
        found = re.search(rb"<image [^>]*\b%s=(['\"])(.*?)\1" % SIGNATURE.encode(), archive.read("stack.xml"))
    return None if found is None else _object(html.unescape(found[2].decode()))


def _sheet(path: Path) -> Record | None:
    """A text chunk before the pixels."""
    with path.open("rb") as file:
        kind = file.read(8)[:0]
        while kind != b"IDAT":
            length, kind = struct.unpack(">I4s", file.read(8))
            key, _, rest = file.read(min(length, HEAD)).partition(b"\0") if kind == b"iTXt" else (b"", b"", b"")
            if key == SIGNATURE.encode():
                return _object(rest[4:].decode())  # after two flags, and two empty names that end in 0
            file.seek(4 if kind == b"iTXt" else length + 4, 1)
    return None


def _svg(path: Path) -> Record | None:
    """An element of the metadata; Inkscape keeps it, and leaves marks of its own."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    found = re.search(rb"<animelayers:provenance>(.*?)</animelayers:provenance>", head)
    touched = any(mark in head for mark in (b"sodipodi:", b"inkscape:version"))
    return None if found is None or touched else _object(html.unescape(found[1].decode()))


def _object(text: str) -> Record | None:
    found = json.loads(text)
    return found if isinstance(found, dict) else None


_READERS: dict[str, Callable[[Path], Record | None]] = {
    ".psd": _psd,
    ".psb": _psd,
    ".html": _html,
    ".ora": _ora,
    ".png": _sheet,
    ".svg": _svg,
}
