"""What every training is told: frozen, checked, from a TOML file and `dotted.name=value` overrides. Needs no torch."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from animelayers import __version__
from animelayers.errors import AnimeLayersError

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class Settings(BaseModel):
    """A group of settings; an unknown name in it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Told = TypeVar("Told", bound=Settings)


def load(kind: type[Told], path: Path, overrides: Sequence[str] = ()) -> Told:
    """Read a TOML file and change what `overrides` say: `optimiser.lr=1e-3`, `bank.folder=/data/bank`.

    Raises:
        AnimeLayersError: the file cannot be read, or a setting is unknown or out of range.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise AnimeLayersError(
            f"{path} cannot be read: {error.strerror}", hint="configs/ has one for every training"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AnimeLayersError(f"{path} is not TOML: {error}", hint="configs/ has examples") from error
    for override in overrides:
        _change(table, override)
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise AnimeLayersError(
            f"{path}: {where}: {first['msg']}", hint=f"{kind.__module__.replace('.', '/')}.py has every setting"
        ) from error


def _change(table: dict[str, Any], override: str) -> None:
    name, equals, text = override.partition("=")
    *path, last = name.strip().split(".")
    if not (equals and last):
        raise AnimeLayersError(f"{override!r} is no override", hint="dotted.name=value, such as optimiser.lr=1e-3")
    for part in path:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise AnimeLayersError(f"{override!r}: {part} has no settings of its own", hint=f"{part}=value")
    try:
        table[last] = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        table[last] = text


def provenance() -> dict[str, str]:
    """`version` of the package and, of a checkout, the git `revision`, marked `-dirty` where files are changed."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
        return {"version": __version__, "revision": done.stdout.strip()}
    except (OSError, subprocess.SubprocessError):
        return {"version": __version__, "revision": ""}
