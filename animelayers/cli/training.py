"""What the doors in `train/` to large models have in common: their words, their errors, and how they end."""

from __future__ import annotations

import argparse
import atexit
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from animelayers.cli.console import answered, note, say

NEEDS = 'pip install -c constraints.txt -e ".[train]"'


@dataclass(frozen=True, slots=True)
class Begun:
    """A training, once its packages are imported."""

    config: Any
    accelerator: Any
    """Accelerate's, on which it works."""
    start: Any
    """The module of `animelayers.training` that prepares and trains with these two."""
    made: Path
    """What it makes."""


def arguments(about: str | None, examples: str) -> argparse.ArgumentParser:
    """What every door understands; `examples` are its configurations, as a pattern."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help=examples)
    parser.add_argument("overrides", nargs="*", metavar="NAME=VALUE", help="changed settings: optimiser.lr=5e-5")
    parser.add_argument(
        "--dry-run", action="store_true", help="look at the art, count the memory, and leave it at that"
    )
    return parser


def answer(options: argparse.Namespace, begin: Callable[[argparse.Namespace], Begun]) -> int:
    """Train as was typed; 0 done or to be continued, 1 failed, 2 usage, 130 Ctrl-C."""
    return answered(
        lambda: _train(options, begin(options)),
        needs=NEEDS,
        stopped="stopped; the same command goes on from the last checkpoint",
    )


def _train(options: argparse.Namespace, begun: Begun) -> None:
    """Look at the art, and learn from it unless that is all."""

    def report(line: str) -> None:
        if begun.accelerator.is_main_process:
            note(line)

    if options.dry_run:
        for line in begun.start.prepare(begun.config, begun.accelerator, report).lines:
            say(line)
        return
    atexit.register(begun.accelerator.end_training)  # or a process that leaves with the group alive is aborted
    done = begun.start.train(begun.config, begun.accelerator, report)
    if begun.accelerator.is_main_process:
        if not done:
            note("to be continued: the same command goes on")
        say(str(begun.made))
