"""Which pages and which of their frames make a batch: functions of seed and draw alone, as `sampler.Plan` is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from animelayers.artist.dice import Dice
from animelayers.training.parts.config import Config
from animelayers.training.parts.latents import BODY_GROUP, GROUPS, HEAD_GROUP, Key
from animelayers.training.sampler import Batch, Plan


@dataclass(frozen=True, slots=True)
class Drawn:
    """Some frames of a page."""

    key: Key
    frames: tuple[int, ...]
    """Their places in the group of the key."""

    @classmethod
    def whole(cls, key: Key, *, mirrored: bool = False) -> Drawn:
        """All of them."""
        return cls(replace(key, mirrored=mirrored), tuple(range(len(GROUPS[key.group].tags))))


Draws = Callable[[int, int, int], list[Drawn]]
"""The batch of a draw, a process, and how many processes there are."""


def one_by_one(learnt: Sequence[Sequence[Key]], config: Config) -> Draws:
    """One part of every artwork, any that a model has a tag for, whether it is there or not.

    Args:
        learnt: the pages of every group.
        config: batch size, seed, and how many are mirrored.
    """
    heads = {key.index: key for key in learnt[HEAD_GROUP]}
    pages = [(key, heads[key.index]) if key.index in heads else (key,) for key in learnt[BODY_GROUP]]
    plan = _plan(len(pages), config)

    def draw(number: int, rank: int, world: int) -> list[Drawn]:
        def one(place: int, entry: int, *, mirrored: bool) -> Drawn:
            whole = [Drawn.whole(key, mirrored=mirrored) for key in pages[entry]]
            dice = Dice("parts", config.seed, "tag", number * world + rank, place)
            return dice.pick([Drawn(page.key, (frame,)) for page in whole for frame in page.frames])

        found = enumerate(_turns(plan.batch(number, rank, world)))
        return [one(place, entry, mirrored=mirrored) for place, (entry, mirrored) in found]

    return draw


def together(learnt: Sequence[Sequence[Key]], config: Config) -> Draws:
    """All parts of a page; bodies and heads take turns. Arguments as of `one_by_one`."""
    turns = [keys for keys in learnt if keys]
    plans = [_plan(len(keys), config) for keys in turns]

    def draw(number: int, rank: int, world: int) -> list[Drawn]:
        number, group = divmod(number, len(turns))
        return [
            Drawn.whole(turns[group][entry], mirrored=mirrored)
            for entry, mirrored in _turns(plans[group].batch(number, rank, world))
        ]

    return draw


def _plan(count: int, config: Config) -> Plan:
    sizes = ((config.data.side, config.data.side),) * count
    return Plan(sizes, config.optimiser.batch, config.seed, config.data.flip)


def _turns(batch: Batch) -> list[tuple[int, bool]]:
    return list(zip(batch.entries, batch.mirrored, strict=True))
