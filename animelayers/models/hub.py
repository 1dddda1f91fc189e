"""Where large weights lie: in a folder that somebody names, or on the Hugging Face hub, fetched once into its cache.

Only safetensors and ONNX are fetched or opened. Other checkpoints are pickles, and opening a pickle runs what is in it.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from animelayers.errors import MissingPackageError, ModelError

SAFE = (".safetensors", ".onnx")
PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
GB = 10**9

_ID = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_HEAD = 1 << 20
"""Bytes of a file's contents that its fingerprint knows: a text whole, of weights enough to tell trainings apart."""


def located(weights: str, *, files: Sequence[str], offline: bool = False, revision: str | None = None) -> Path:
    """The file or folder that holds some weights; what is on the hub comes into its cache first.

    Args:
        weights: a path, or a hub id `owner/name` or `owner/name@revision`. A name of which the first half is a folder
            here is taken for a path, unless it has a revision.
        files: what of a hub model is fetched, as patterns: `transformer/*.safetensors`.
        offline: open no connection, use what the cache has; so does HF_HUB_OFFLINE=1.
        revision: of a hub id that names none: branch, tag or commit.

    Raises:
        ModelError: nothing is there, it may not be had, or its only weights are pickles.
        MissingPackageError: a hub id, and huggingface_hub is not installed.
    """
    path = Path(weights).expanduser()
    if path.exists():
        return _without_pickles(path)
    named = _ID.fullmatch(weights)
    if named is None or _is_path(weights, named["revision"]):
        hint = f"check the path; for the hub's model: {weights}@main" if named else "a path, or owner/name of the hub"
        raise ModelError(f"there is no file or folder {weights}", hint=hint)
    wanted = named["revision"] or revision
    try:
        return _without_pickles(_fetched(named["repo"], wanted, files, offline))
    except (ModelError, MissingPackageError):
        raise
    except Exception as error:  # those of the hub, of HTTP and of the file system share no other base
        raise _refusal(error, named["repo"], wanted) from error


def revision_of(path: Path) -> str:
    """What provenance records of weights: the commit of a hub's snapshot, 40 hexadecimal digits; 64 of anything else.

    Those are a SHA-256 over names, sizes, headers and the beginning of every file, since a whole model takes minutes.

    Raises:
        ModelError: a file cannot be read.
    """
    for above, name in itertools.pairwise(path.absolute().parts):
        if above == "snapshots" and _COMMIT.fullmatch(name):
            return name
    whole = hashlib.sha256()
    try:
        for file in sorted(_files(path)):
            name = file.relative_to(path).as_posix() if path.is_dir() else file.name
            whole.update(json.dumps([name, file.stat().st_size]).encode() + _head(file))
    except OSError as error:
        raise ModelError(f"{error.filename}: {error.strerror}", hint="make it readable") from error
    return whole.hexdigest()


def _is_path(weights: str, revision: str | None) -> bool:
    """Whether something that is not there, but could be a hub id, was rather meant as a path."""
    first, _, last = weights.partition("/")
    return first.startswith(".") or last.endswith(SAFE + PICKLES) or (revision is None and Path(first).is_dir())


def _files(path: Path) -> Iterator[Path]:
    """The file itself, or all in a folder; hidden ones are notes of programs."""
    if path.is_file():
        yield path
    for file in path.rglob("*"):
        hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
        if file.is_file() and not hidden:
            yield file


def _head(file: Path) -> bytes:
    with file.open("rb") as opened:
        if file.suffix != ".safetensors":
            return opened.read(_HEAD)
        length = opened.read(8)
        header = min(int.from_bytes(length, "little"), file.stat().st_size)
        return length + opened.read(header + _HEAD)


def _without_pickles(path: Path) -> Path:
    kinds = {file.suffix.lower() for file in _files(path)}
    if not kinds.isdisjoint(SAFE):
        return path
    if kinds.isdisjoint(PICKLES):
        raise ModelError(f"{path} holds no weights: no {' or '.join(SAFE)} file", hint="name the folder that does")
    found = ", ".join(sorted(kinds & set(PICKLES)))
    raise ModelError(
        f"{path} has its weights as {found} only; opening such a file can run code that is in it, so none is opened",
        hint="take a copy with .safetensors files, or convert it: https://huggingface.co/spaces/safetensors/convert",
    )


def _fetched(repo: str, revision: str | None, files: Sequence[str], offline: bool) -> Path:
    """The folder of a snapshot, which holds `files`; raises what the hub's client does."""
    try:
        from huggingface_hub import is_offline_mode, snapshot_download
        from huggingface_hub.errors import DryRunError, LocalEntryNotFoundError
    except ImportError as error:
        hint = 'pip install "animelayers[diffusion]", or name a local folder'
        raise MissingPackageError(f"{repo} is fetched by the package {error.name}", hint=hint) from error

    def ask(**how: Any) -> Any:
        never = [f"*{kind}" for kind in PICKLES]
        return snapshot_download(repo, revision=revision, allow_patterns=list(files), ignore_patterns=never, **how)

    if offline or is_offline_mode():
        return Path(ask(local_files_only=True))
    try:
        planned = ask(dry_run=True)
    except DryRunError as error:  # the hub does not answer, or not us: what was fetched before will do
        try:
            return Path(ask(local_files_only=True))
        except LocalEntryNotFoundError:
            raise (error.__cause__ or error) from None
    _check_room(repo, planned)
    return Path(ask())


def _check_room(repo: str, planned: Iterable[Any]) -> None:
    """Before gigabytes are fetched: whether they are weights, and whether there is room for them."""
    from huggingface_hub import constants

    planned = list(planned)
    if not any(file.filename.endswith(SAFE) for file in planned):
        hint = "only these are opened: others can run code"
        raise ModelError(f"{repo} on the hub has no {' or '.join(SAFE)} file that is wanted", hint=hint)
    wanted = sum(file.file_size or 0 for file in planned if file.will_download)
    cache = Path(constants.HF_HUB_CACHE)
    place = next(folder for folder in (cache, *cache.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    if wanted > free:
        raise ModelError(
            f"{repo} takes {wanted / GB:.1f} GB more, and {cache} has room for {free / GB:.1f} GB",
            hint="free some, or move the cache: HF_HOME=/a/larger/disk",
        )


def _refusal(error: Exception, repo: str, revision: str | None) -> ModelError:
    """What the hub's client raised, for people."""
    from huggingface_hub import errors

    page = f"https://huggingface.co/{repo}"
    if isinstance(error, errors.GatedRepoError):
        return ModelError(f"{repo} is given only to those who ask", hint=f"ask at {page}, then type: hf auth login")
    if isinstance(error, errors.RepositoryNotFoundError):
        said = f"there is neither a folder {repo} here nor a model {repo} on the hub that you may see"
        return ModelError(said, hint="check the name; for a private model type: hf auth login")
    if isinstance(error, errors.RevisionNotFoundError):
        return ModelError(f"{repo} has no revision {revision}", hint=f"{page}/commits/main lists them")
    if isinstance(error, errors.LocalEntryNotFoundError):
        said = f"{repo} is no folder here, and not whole in the hub's cache, and offline nothing is fetched"
        return ModelError(said, hint="once without being offline, or name a local folder")
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return ModelError(f"the disk is full, {repo} cannot be stored", hint="HF_HOME=/a/larger/disk")
    reason = (str(error).splitlines() or [""])[0] or type(error).__name__
    said = f"{repo} is no folder here, and cannot be fetched from the hub: {reason}"
    return ModelError(said, hint="is there a connection? what is fetched already works without one")
