"""What is to be said of weights wherever they go: what they are, what they learnt from, how good, where they fail."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from animelayers.models import tensors
from animelayers.models.registry import Mode
from animelayers.training.lite import bank, encoder
from animelayers.training.lite.config import Config, PartsShape
from animelayers.training.lite.learner import Progress
from animelayers.training.lite.views import TAGS
from animelayers.training.settings import provenance

ABOUT: Mapping[Mode, str] = MappingProxyType(
    {
        "rendering": "line alpha and colour, flat colour and the picture without its lines, pixel by pixel",
        "parts": "which of 23 parts is seen where, and the whole of every part: alpha, colour, depth, side, presence",
    }
)
FAILURES: Mapping[Mode, tuple[str, ...]] = MappingProxyType(
    {
        "rendering": (
            "learnt on figures 480 to 1400 px high: at other sizes strokes are thinner or wider than any it has seen",
            "pictures airbrushed without lines, of which few were seen: edges of shade may be taken for lines",
            "screen tone and other fine patterns may end up in the lines",
        ),
        "parts": (
            "one character a picture was seen in training: several are taken for one",
            "poses, garments and creatures that the synthetic artist does not draw; figures seen from behind",
            "what is hidden is continued plausibly and in soft colour; nobody can know it",
            "heads of less than 48 px were never seen alone",
        ),
    }
)


def card(config: Config, progress: Progress, drawn: int, figures: Mapping[str, Any]) -> dict[str, Any]:
    """The model card, JSON values.

    Args:
        config: of the training.
        progress: how far it is.
        drawn: seeds that the bank has had.
        figures: on held-out views.
    """
    mode, settings = config.net.mode, config.bank
    made: dict[str, Any] = {
        "name": f"animelayers lite {mode}",
        "mode": mode,
        "about": ABOUT[mode],
        "licence": "Apache-2.0",
        **provenance(),
        "net": config.net.model_dump(mode="json"),
        "data": {
            "source": "the synthetic artist of animelayers: no picture of anybody's was used",
            "licence": "Apache-2.0",
            "seeds": f"{drawn} from {settings.first} on, of the families for training",
            "held out": f"{settings.held_out} seeds from {bank.HELD_OUT_FROM} on, of the other families",
            "recipes": bank.recipes(settings.folder),
        },
        "training": {
            "steps": progress.step,
            "views": progress.views,
            "minutes": round(progress.minutes, 1),
            "config": config.model_dump(mode="json", include={"seed", "optimiser", "augment", "shelf", "precision"}),
        },
        "figures on held-out views": dict(figures),
        "known failures": list(FAILURES[mode]),
    }
    if config.initial is not None:
        made["before"] = before(config.initial)
    if isinstance(config.net, PartsShape):
        made["tags"] = list(TAGS)
        made["encoder"] = encoder.ORIGIN if config.net.pretrained else "learnt here"
    return made


def before(weights: Path) -> list[dict[str, Any]]:
    """The trainings that weights went through, the first one first: steps, views and minutes of each."""
    card = tensors.header(weights)
    own = {name: card["training"][name] for name in ("steps", "views", "minutes")}
    return [*card.get("before", ()), own]
