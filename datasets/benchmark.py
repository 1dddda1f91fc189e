"""The benchmark sets: always the same samples, to the pixel.

    python datasets/benchmark.py synthetic -o bench/ --jobs 2
    python datasets/benchmark.py augustina SHEETS -o bench/

writes bench/synthetic-v1 and bench/augustina-v1, or finds them there. Which samples those are, and the fingerprint of
each, is frozen in datasets/benchmarks/; when one comes out otherwise, nothing is written.

`synthetic` are characters of the synthetic artist with seeds from 1 000 000 on, in hands of families that are held out
(animelayers/artist/families.py). Neither such seeds nor such families are for training. `augustina` are sprites from
the sheets of Ren'Py's Augustina, which lie in scripts/rt of https://github.com/renpy/renpy.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from animelayers.cli.console import DONE, FAILED, complain, note, progress, say
from animelayers.data.digest import digest, set_digest
from animelayers.data.sample import Sample
from animelayers.data.sets import FolderSet, save_set
from animelayers.errors import AnimeLayersError, DataError, OutputError
from animelayers.handoff.files import replacing

LISTS = Path(__file__).parent / "benchmarks"
PACKAGES = ("animelayers", "numpy", "opencv-python-headless", "skia-python")
"""What the pixels depend on."""
COUNT, SIZE = 64, (1152, 768)
POOL = 2000
"""Held-out seeds that a synthetic benchmark is chosen from."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """Which samples a benchmark has."""

    name: str
    """`synthetic-v1`"""
    made_with: Mapping[str, str]
    """Package → version, of `PACKAGES`."""
    size: tuple[int, int]
    """`(height, width)` of every sample, px."""
    digest: str
    """Of the set."""
    samples: Mapping[str, str]
    """Id, which is the seed where there is one, → SHA-256, in the order of the set."""


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", choices=("synthetic", "augustina"))
    parser.add_argument("sheets", type=Path, nargs="?", metavar="SHEETS", help="folder of augustina_*.png")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help="a folder for the set's folder")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (default: %(default)s)")
    otherwise = parser.add_mutually_exclusive_group()
    otherwise.add_argument("--freeze", metavar="NAME", help="choose samples anew, and write a list called synthetic-v2")
    otherwise.add_argument("--accept", action="store_true", help="take what has changed, and call the set …-changed")
    options = parser.parse_args(argv)
    if (options.benchmark == "augustina") != (options.sheets is not None):
        parser.error("augustina needs SHEETS, synthetic takes none")
    if options.jobs < 1:
        parser.error("--jobs is at least 1")
    if options.freeze and not re.fullmatch(rf"{options.benchmark}-v[1-9]\d*", options.freeze):
        parser.error(f"--freeze takes a name such as {options.benchmark}-v2")
    return options


def newest(benchmark: str) -> Frozen:
    """The list of a benchmark with the highest version."""
    found = {int(path.stem.rpartition("-v")[2]): path for path in LISTS.glob(f"{benchmark}-v*.json")}
    if not found:
        raise DataError(f"{LISTS} has no list of {benchmark}", hint=f"--freeze {benchmark}-v1")
    facts = json.loads(found[max(found)].read_text("utf-8"))
    return Frozen(**{**facts, "size": tuple(facts["size"])})


def chosen() -> list[int]:
    """Held-out seeds among which families, shots and backgrounds are about equally frequent; nothing is drawn."""
    from animelayers.artist import families, scenery, studio
    from animelayers.artist.dice import Dice

    def traits(seed: int) -> tuple[str, str, str]:
        dice = Dice("artist", seed)
        return families.family(seed), dice.of("shot").pick(studio.SHOTS), dice.of("background").pick(scenery.KINDS)

    left = {seed: traits(seed) for seed in families.seeds(families.BENCHMARK_SEEDS, POOL, "held-out")}
    taken, seen = [], Counter[str]()
    for _ in range(COUNT):
        rarest = min(left, key=lambda seed: sum(seen[trait] for trait in left[seed]))
        seen.update(left.pop(rarest))
        taken.append(rarest)
    return sorted(taken)


def drawn(options: argparse.Namespace, size: tuple[int, int], ids: Sequence[str] = ()) -> Iterator[Sample]:
    """The samples with these ids, in their order; without ids, a choice. Sprites come as large as they are."""
    if options.benchmark == "synthetic":
        from animelayers.artist import series

        yield from series.drawn(list(map(int, ids)) or chosen(), size, options.jobs)
    else:
        from animelayers.data.sprites import augustina

        # Half of them, in which every two traits are as independent as in all: with all glasses, an even number of
        # second choices among outfit, eyes, brows and mouth.
        numbered = enumerate(augustina(options.sheets))
        yield from (one for n, one in numbered if (one.id in ids if ids else (n // 3).bit_count() % 2 == 0))


def checked(samples: Iterator[Sample], wanted: Frozen, *, accept: bool) -> Iterator[Sample]:
    """The samples, as long as they are those that were frozen; with `accept`, provided that one of them is not."""
    changed = False
    for id_, was in wanted.samples.items():
        sample = next(samples, None)
        if sample is None or sample.id != id_ or digest(sample) != was:
            changed = True
            if not accept:
                raise difference(id_, wanted)
        if sample is not None:
            yield sample
    if accept and not changed:
        raise DataError(f"nothing in {wanted.name} has changed", hint="leave out --accept")


def difference(id_: str, wanted: Frozen) -> DataError:
    """What to say of the first sample that is another one now."""
    benchmark, _, version = wanted.name.rpartition("-v")
    here = versions()
    others = [f"{name} {was}, here {here.get(name)}" for name, was in wanted.made_with.items() if here.get(name) != was]
    first = f"seed {int(id_)}" if benchmark == "synthetic" else id_
    why = "; ".join(others) or "what makes it has changed, or what it is made from"
    return DataError(
        f"{wanted.name}: {first} is the first that comes out otherwise ({why})",
        hint=f"--freeze {benchmark}-v{int(version) + 1} makes a new list, --accept a set called {wanted.name}-changed",
    )


def versions() -> dict[str, str]:
    """Of `PACKAGES`, those that are installed."""
    found = {name: tuple(metadata.distributions(name=name)) for name in PACKAGES}
    return {name: one[0].version for name, one in found.items() if one}


def stands(folder: Path, wanted: Frozen) -> bool:
    """Whether that very set is in a folder already."""
    try:
        return {sample.id: digest(sample) for sample in FolderSet(folder)} == wanted.samples
    except DataError:
        return False


def build(options: argparse.Namespace) -> Path:
    """Make the set of the newest list, unless it is there; its folder."""
    wanted = newest(options.benchmark)
    folder: Path = options.output / (f"{wanted.name}-changed" if options.accept else wanted.name)
    if not options.accept and stands(folder, wanted):
        note(f"{folder} is there already")
        return folder
    with progress("drawing", len(wanted.samples), shown=sys.stderr.isatty()) as step:
        samples = checked(drawn(options, wanted.size, list(wanted.samples)), wanted, accept=options.accept)
        save_set((step() or sample for sample in samples), folder, name=folder.name, command=command(options))
    return folder


def freeze(options: argparse.Namespace) -> Path:
    """Choose samples, make the set, and write its list; the set's folder."""
    path, found = LISTS / f"{options.freeze}.json", dict[str, str]()
    folder: Path = options.output / options.freeze
    if path.exists():
        raise OutputError(f"{path} exists, and what is frozen stays", hint="give the next version a name")

    def noted(sample: Sample) -> Sample:
        found[sample.id] = digest(sample)
        return sample

    with progress("drawing", COUNT, shown=sys.stderr.isatty()) as step:
        samples = (step() or noted(sample) for sample in drawn(options, SIZE))
        made = save_set(samples, folder, name=folder.name, command=command(options))
    size = (int(made.largest[0]), int(made.largest[1]))
    facts = Frozen(options.freeze, versions(), size, set_digest(found.values()), found)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(asdict(facts), indent=1) + "\n", "utf-8")
    note(f"{path} is new; it belongs into the repository")
    return folder


def command(options: argparse.Namespace) -> str:
    """What makes the same set again, wherever it lies."""
    words = ["python datasets/benchmark.py", options.benchmark, *(["SHEETS"] if options.sheets else [])]
    return " ".join([*words, *(["--accept"] if options.accept else [])])


def main(argv: list[str] | None = None) -> int:
    """Build a set, or freeze a new one; 0 done, 1 failed, 2 usage."""
    options = arguments(argv)
    try:
        folder = freeze(options) if options.freeze else build(options)
    except AnimeLayersError as error:
        complain(str(error), error.hint)
        return FAILED
    say(str(folder))
    return DONE


if __name__ == "__main__":
    sys.exit(main())
