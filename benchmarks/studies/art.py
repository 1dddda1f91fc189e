"""The art of a study: characters of the synthetic artist, drawn large and made small, of styles learnt and not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from animelayers.artist.dice import Dice
from animelayers.data.folder import save_sample
from animelayers.data.sample import Sample
from animelayers.data.sets import NAME, index_set
from animelayers.models.fitting import Size
from animelayers.stack import Rgba
from animelayers.training.settings import Count, Settings
from animelayers.workers import results
from studies.session import Folder, Session, Set

Side = Annotated[int, Field(ge=32, multiple_of=16)]
Shot = Literal["full", "knees", "half", "bust"]

SETS: tuple[Set, ...] = ("learnt", "held-out", "watched")
Make = Callable[[Sample, Size], Sample]
"""What is kept of a sample that was drawn, at another size; can be pickled."""


class ArtSettings(Settings):
    """Characters of the synthetic artist."""

    size: tuple[Side, Side] = (192, 128)
    """Height and width, px; they are drawn twice as large."""
    shots: Annotated[tuple[Shot, ...], Field(min_length=1)] = ("half", "bust")
    """How near they are: in a whole figure of this size strokes are thinner than pixels."""
    learnt: Count = 704
    held_out: Count = 24
    """To measure by, of families of style that are never learnt."""
    watched: Count = 8
    """Others of these, for the curves."""
    first: Annotated[int, Field(ge=0)] = 700_000
    """Seed from which on is looked for what is learnt."""
    first_held_out: Annotated[int, Field(ge=0)] = 800_000


def draw(settings: ArtSettings, places: Folder, session: Session, make: Make) -> bool:
    """Draw what is missing; whether all is there."""
    if all((places.art(name) / NAME).exists() for name in SETS):
        return True
    for name, seeds in sets(settings).items():
        folder = places.art(name)
        missing = [seed for seed in seeds if not (folder / f"{seed:08d}").exists()]
        if missing:
            session.say(f"art: {len(missing)} of {len(seeds)} characters to be drawn for {name}")
        save = partial(_save, size=settings.size, make=make, folder=folder)
        drawn = results(save, missing, session.jobs)
        for number, _ in enumerate(drawn, 1):
            if number % 100 == 0:
                session.say(f"art: {number} of {len(missing)}")
            if session.over and number < len(missing):
                drawn.close()  # type: ignore[attr-defined]
                return False
        index_set(folder, name=name)
    return True


def sets(settings: ArtSettings) -> dict[Set, list[int]]:
    """The seeds of every set; nothing is drawn."""
    others = _seeds(settings, settings.first_held_out, held_out=True)
    return {
        "learnt": list(islice(_seeds(settings, settings.first, held_out=False), settings.learnt)),
        "held-out": list(islice(others, settings.held_out)),
        "watched": list(islice(others, settings.watched)),
    }


def _seeds(settings: ArtSettings, first: int, *, held_out: bool) -> Iterator[int]:
    from animelayers.artist import families, studio  # which need skia; reading does not

    for seed in count(first):
        shot = Dice("artist", seed).of("shot").pick(studio.SHOTS)
        if shot in settings.shots and families.held_out(seed) == held_out:
            yield seed


def _save(seed: int, size: Size, make: Make, folder: Path) -> str:
    sample = drawn(seed, (2 * size[0], 2 * size[1]))
    save_sample(make(sample, size), folder / sample.id)
    return sample.id


def drawn(seed: int, size: Size) -> Sample:
    """The character of a seed, `(height, width)` px."""
    from animelayers.artist.studio import sample

    return sample(seed, *size)


def square(sheet: Rgba, side: int, dice: Dice) -> Rgba:
    """A square of a sheet around a pixel that shows, wherever there is one; as large as the sheet at most."""
    shown = np.argwhere(sheet[..., 3] > 0)
    size = np.array(sheet.shape[:2])
    middle = shown[dice.of("pixel").integer(0, len(shown) - 1)] if len(shown) else size // 2
    top, left = np.clip(middle - side // 2, 0, np.maximum(size - side, 0))
    return sheet[top : top + side, left : left + side]
