"""Which hand a seed is drawn in, known without drawing it, and which hands are kept for testing.

A family is a line kind (`none`, `black`, `tinted`, `region`) × a manner of shading (`cel` … `none`): `black/soft`.
`HELD_OUT` is a *compositional* hold-out: whoever trains on the other families has seen every line kind and every manner
of it, but never the two together. It tests whether a model can put together what it knows, not whether it can do with
what it has never met. `tone` is not in it: screen tone is drawn in black almost alone.

Shares of 20 000 seeds, %, held-out families in brackets: 17.4 % in all.

| lines | cel | soft | brushed | gradient | tone | none |
|---|---|---|---|---|---|---|
| black | 14.9 | [1.8] | 0.7 | 0.6 | 4.6 | 0.6 |
| tinted | 13.4 | [6.6] | 3.3 | 1.3 | – | 0.6 |
| region | 17.6 | 13.3 | 7.0 | [2.6] | – | [1.5] |
| none | [1.5] | 2.5 | [3.3] | 0.6 | 0.1 | 1.4 |
"""

from __future__ import annotations

import itertools
from typing import Literal

from animelayers.artist import style
from animelayers.artist.dice import Dice

HELD_OUT = frozenset({"black/soft", "tinted/soft", "region/gradient", "region/none", "none/cel", "none/brushed"})
"""Never trained on, whatever the seed. A change makes another benchmark: `python datasets/benchmark.py --help`."""

Families = Literal["all", "train", "held-out"]

BENCHMARK_SEEDS = 1_000_000
"""Seeds from here on are for benchmarks and never for training, whatever their family."""


def family(seed: int) -> str:
    """Line kind and manner of a seed's hand, as `line` and `shading` of the sample's attributes: `region/cel`."""
    hand = style.choose(Dice("artist", seed).of("style"))
    return f"{hand.line.colour if hand.line.width else 'none'}/{hand.shading.manner}"


def held_out(seed: int) -> bool:
    """Whether a seed is of a family that is kept for testing."""
    return family(seed) in HELD_OUT


def seeds(first: int, count: int, families: Families) -> list[int]:
    """The first `count` seeds from `first` on that are of these families, rising; of `all` simply those that follow."""
    following = itertools.count(first)
    wanted = (seed for seed in following if families == "all" or held_out(seed) == (families == "held-out"))
    return list(itertools.islice(wanted, count))
