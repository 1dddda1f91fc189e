"""`animelayers models`: the table of models."""

from __future__ import annotations

from typing import Annotated

import typer

from animelayers.cli.console import DONE, columns, emit, say
from animelayers.models.registry import MODELS

EXAMPLES = """\
animelayers models
animelayers models --json"""


def command(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a model.")] = False,
) -> int:
    """List the models: what they do, what they need, their licence."""
    if as_json:
        for spec in MODELS:
            emit(spec.as_dict())
        return DONE
    head = ("id", "mode", "needs", "weights", "licence", "note")
    rows = [(s.id, ", ".join(s.modes), s.ring, s.weights or "none", s.licence, s.note) for s in MODELS]
    for line in columns([head, *rows], indent=""):
        say(line)
    return DONE
