"""What every training is told: frozen, checked, from a TOML file and `dotted.name=value` overrides. Needs no torch."""

from __future__ import annotations

import math
import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from animelayers import __version__
from animelayers.errors import AnimeLayersError

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class Settings(BaseModel):
    """A group of settings; an unknown name in it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OptimiserSettings(Settings):
    """How the large models learn; `lite` has its own."""

    name: Literal["adamw", "adamw8bit"] = "adamw"
    """8 bit: states of a quarter the size, by bitsandbytes."""
    lr: Annotated[float, Field(gt=0)] = 1e-4
    betas: tuple[Share, Share] = (0.9, 0.999)
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    batch: Count = 1
    """Samples at a time on each device."""
    accumulate: Count = 1
    """Batches whose gradients make one step."""
    clip: Annotated[float, Field(gt=0)] = 1.0
    """Norm of the gradient at most."""
    warm_up: Annotated[int, Field(ge=0)] = 100
    """Steps."""
    schedule: Literal["constant", "cosine", "linear"] = "constant"
    """Of the learning rate after that, down to 0 at the end."""
    average: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """What an average of the weights keeps of itself at every step; 0: there is none."""

    def rate(self, step: int, steps: int) -> float:
        """What share of `lr` the `step`-th of so many steps learns with."""
        warm = min(1.0, (step + 1) / max(1, self.warm_up))
        left = 1 - step / max(1, steps)
        return warm * {"constant": 1.0, "linear": left, "cosine": (1 - math.cos(math.pi * left)) / 2}[self.schedule]


class ReportSettings(Settings):
    """How often something is written, in steps; 0: never."""

    log: Annotated[int, Field(ge=0)] = 10
    save: Annotated[int, Field(ge=0)] = 500
    keep: Count = 3
    """Checkpoints; older ones go."""
    held_out: Annotated[int, Field(ge=0)] = 250
    preview: Annotated[int, Field(ge=0)] = 500
    previews: Count = 2
    """Pictures in a preview."""
    preview_steps: Count = 20
    """Of sampling."""
    tensorboard: bool = False


class ArtSettings(Settings):
    """What a large model learns from."""

    path: Path
    """A PSD, a folder of them, a set of samples (folders or parquet), or all of that in one folder."""
    held_out: Annotated[int, Field(ge=0)] = 0
    """How many of them are kept for measuring."""
    held_out_path: Path | None = None
    """Others to measure by."""
    flip: Share = 0.5
    cache: Path | None = None
    """Of latents and embeddings of texts; None: in the folder of the run."""


class LoopSettings(Settings):
    """What the loop of `engine` is told, whatever is learnt from."""

    folder: Path
    """Of the run: what it makes, and `run.json`, `curves.csv`, `held-out.csv`, `previews/`, `checkpoints/`."""
    optimiser: OptimiserSettings = OptimiserSettings()
    report: ReportSettings = ReportSettings()
    steps: Count
    session: Annotated[float, Field(gt=0)] | None = None
    """Minutes after which a call leaves off; the same command goes on from there."""
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    @property
    def identity(self) -> dict[str, Any]:
        """What must be the same for a run to go on."""
        free = {"folder", "report", "session", "device", "base", "threads"}
        return self.model_dump(mode="json", exclude={**dict.fromkeys(free, True), "data": {"cache", "readers"}})


class RunSettings(LoopSettings):
    """What the training of every large model is told."""

    data: ArtSettings

    @property
    def cache(self) -> Path:
        """Where latents lie."""
        return self.data.cache or self.folder / "cache"


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
