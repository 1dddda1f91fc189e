"""Which artworks make the batch of a step: a function of seed and step alone, so that resuming needs no state.

A batch holds pictures of one size. The pictures of a size are drawn from an endless row of permutations, batch by
batch, so a batch that an epoch cannot fill is filled by the next. After e epochs a size of n pictures has given
⌈e·n / batch⌉ batches; those that an epoch adds, of all sizes, are shuffled.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property, lru_cache

from animelayers.artist.dice import Dice
from animelayers.models.fitting import Size


@dataclass(frozen=True, slots=True)
class Batch:
    """What one process learns from in one step."""

    entries: tuple[int, ...]
    """Indices into the plan's sizes; one may come twice where an epoch ends."""
    mirrored: tuple[bool, ...]
    """Of each, whether left and right are exchanged."""


@dataclass(frozen=True)
class Plan:
    """The order of a whole training."""

    sizes: tuple[Size, ...]
    """Of every entry, `(height, width)`; at least one."""
    batch_size: int = 1
    """Entries of a batch, of one process."""
    seed: int = 0
    flip: float = 0.0
    """Share of mirrored copies, 0..1."""

    def batch(self, step: int, rank: int = 0, world: int = 1) -> Batch:
        """The batch of process `rank` of `world` at a step, both counted from 0.

        Processes take turns: rank r of step s has what a single process has at step s·world + r. Within an epoch no
        entry goes to two of them, but those that fill the last batch of a size.
        """
        number = step * world + rank
        # After e epochs there are at least e·n / batch_size batches, so the epoch cannot be later than this.
        latest = number * self.batch_size // len(self.sizes) + 1
        epoch = bisect_right(range(latest + 1), number, key=self._before) - 1
        counts = [self._batches(group, epoch + 1) - self._batches(group, epoch) for group in self._groups]
        order = [place for place, count in enumerate(counts) for _ in range(count)]
        order = [order[index] for index in _permutation(len(order), self.seed, "order", epoch)]
        turn = number - self._before(epoch)
        group = order[turn]
        return self._drawn(group, self._batches(self._groups[group], epoch) + order[:turn].count(group))

    @cached_property
    def _groups(self) -> tuple[tuple[int, ...], ...]:
        """The entries of every size."""
        return tuple(
            tuple(entry for entry, size in enumerate(self.sizes) if size == own) for own in sorted(set(self.sizes))
        )

    def _batches(self, group: tuple[int, ...], epochs: int) -> int:
        return -(-epochs * len(group) // self.batch_size)

    def _before(self, epoch: int) -> int:
        """Batches of all earlier epochs."""
        return sum(self._batches(group, epoch) for group in self._groups)

    def _drawn(self, group: int, number: int) -> Batch:
        """Batch `number` of a size."""
        own, entries, flips = self._groups[group], [], []
        for place in range(number * self.batch_size, (number + 1) * self.batch_size):
            epoch, turn = divmod(place, len(own))
            entry = own[_permutation(len(own), self.seed, "size", group, epoch)[turn]]
            entries.append(entry)
            flips.append(Dice("batches", self.seed, "mirrored", entry, epoch).chance(self.flip))
        return Batch(tuple(entries), tuple(flips))


@lru_cache(maxsize=64)
def _permutation(count: int, seed: int, *path: int | str) -> tuple[int, ...]:
    draws = Dice("batches", seed, *path).many(count)
    return tuple(sorted(range(count), key=draws.__getitem__))
