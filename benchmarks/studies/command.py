"""The command of a study: it does what is next, leaves off when its time is over, and goes on when typed again."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Generic, TypeVar

from animelayers.cli.console import answered
from animelayers.errors import DataError
from animelayers.handoff.files import replacing
from animelayers.training import settings
from animelayers.training.settings import Settings
from studies.session import Folder, Session

ROOT = Path(__file__).parents[2]
NEEDS = 'pip install -c constraints.txt -e ".[train]"'

S = TypeVar("S", bound=Settings)
P = TypeVar("P", bound=Folder)


@dataclass(frozen=True)
class Command(Generic[S, P]):
    """One study."""

    about: str | None
    """For `--help`."""
    settings: type[S]
    places: type[P]
    stages: Mapping[str, str]
    """In their order: name → `module.function`, imported when it is its turn. Called with settings, places and session
    it does what of the stage is next, until it is done or the session over, and says whether it is done."""
    begun: Callable[[P], Mapping[str, Path]]
    """Names of settings → what is there once they may not change any more."""
    config: Path
    page: Path
    """What is generated of it is written by `page.write`."""

    def main(self, argv: list[str] | None = None) -> int:
        """Do what is next; 0 done or to be continued, 1 failed, 2 usage, 130 Ctrl-C."""
        options = self._arguments(argv)
        return answered(lambda: self._go_on(options), needs=NEEDS, stopped="stopped; the same command goes on")

    def _arguments(self, argv: list[str] | None) -> argparse.Namespace:
        parser = argparse.ArgumentParser(description=self.about, formatter_class=argparse.RawDescriptionHelpFormatter)
        page, config = (path.relative_to(ROOT).as_posix() for path in (self.page, self.config))
        names = list(self.stages)
        parser.add_argument("--folder", type=Path, required=True, metavar="STUDY", help="where all of it lies")
        parser.add_argument("--hours", type=float, default=float("inf"), help="after which to leave off")
        parser.add_argument("--stage", choices=names, default=names[-1], help="go no further than this")
        parser.add_argument(
            "--only", metavar="STAGES", help="these alone, with commas between: for two processes at a time"
        )
        parser.add_argument(
            "--jobs", type=int, default=2, metavar="N", help="processes that draw (default: %(default)s)"
        )
        parser.add_argument("--threads", type=int, default=0, metavar="N", help="of PyTorch; 0: as many as it likes")
        parser.add_argument("--page", type=Path, default=self.page, help=f"default: {page}")
        parser.add_argument("--config", type=Path, default=self.config, metavar="FILE", help=f"default: {config}")
        parser.add_argument("overrides", nargs="*", metavar="NAME=VALUE", help="changed settings: vae.steps=5000")
        options = parser.parse_intermixed_args(argv)
        if options.hours <= 0 or options.jobs < 1 or options.threads < 0:
            parser.error("--hours is more than 0, --jobs at least 1, --threads at least 0")
        asked = options.only.split(",") if options.only else names
        if unknown := sorted({*asked} - {*names}):
            parser.error(f"unknown stages {', '.join(unknown)}; there are {', '.join(names)}")
        options.only = [name for name in names if name in asked]
        return options

    def _go_on(self, options: argparse.Namespace) -> None:
        told = settings.load(self.settings, options.config, options.overrides)
        places = self.places(options.folder)
        session = Session(options.hours, log=places.folder / "study.log", jobs=options.jobs)
        begin(told, places.folder, self.begun(places))
        if options.threads:
            import torch

            torch.set_num_threads(options.threads)
        for name in options.only:
            if not self._stage(name)(told, places, session):
                session.say(f"{name}: to be continued; the same command goes on")
                break
            session.say(f"{name}: done")
            if name == options.stage:
                break
        if places.measured.is_dir():
            import_module("page").write(told, places, options.page)
            session.say(str(options.page))

    def _stage(self, name: str) -> Any:
        module, _, function = self.stages[name].rpartition(".")
        return getattr(import_module(module), function)


def begin(told: Settings, folder: Path, begun: Mapping[str, Path]) -> None:
    """Write down what the study is, unless another one lies there.

    What has not begun may still change, and so may how long a stage learns and how often it reports.

    Args:
        told: all settings.
        folder: of the study.
        begun: names of settings → what is there once they may not change any more.

    Raises:
        DataError: another one does.
    """
    path, now = folder / "study.json", told.model_dump(mode="json")
    if path.exists():
        before = json.loads(path.read_text("utf-8"))
        changed = [
            f"{part}.{name}"
            for part, made in begun.items()
            for name, value in now[part].items()
            if made.exists() and name not in ("steps", "report") and before[part].get(name) != value
        ]
        if changed:
            raise DataError(f"{folder} holds another study: {', '.join(changed)} differ", hint="another folder")
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(now, indent=1) + "\n", "utf-8")
