"""Views on disk: one file a seed, made by processes of their own, read while more are being made.

A bank is told by its seeds. What is there already is not drawn again, so drawing that was stopped goes on; the file of
a seed is the same bytes whoever draws it. Only seeds of the families for training are drawn for training, all of them
below `families.BENCHMARK_SEEDS`; the views that a net is measured by while it learns lie in `held-out/` and are of the
other families.
"""

from __future__ import annotations

import hashlib
import json
import math
import multiprocessing
import os
import signal
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import cv2
import numpy as np
import numpy.typing as npt

from animelayers.artist import families
from animelayers.artist.dice import Dice
from animelayers.errors import AnimeLayersError, DataError
from animelayers.handoff.files import replacing
from animelayers.models.registry import Mode
from animelayers.training.lite import views
from animelayers.training.lite.config import BankSettings
from animelayers.training.lite.views import FIELDS, Sheets, View
from animelayers.workers import results

PATCHES, FIGURES, HEADS = 5, 2, 2
"""Views of every seed at most."""
PER_SEED: Mapping[Mode, int] = {"rendering": PATCHES, "parts": FIGURES + HEADS}
NOBODY = 0.15
"""Of seeds, the share whose last view of a head is scenery without a figure."""
HEIGHTS, WIDTHS = (480, 1400), (0.62, 0.9)
"""Canvases: the height, px, evenly on a logarithmic scale; the width as a share of it."""
HELD_OUT_FROM = 500_000
"""First of the seeds that a net is measured by while it learns."""
FORMAT = 1
"""Of the files of a bank."""
FAST = 1
"""Level of compression: files are 15 % larger than with the usual 6, and written in less than half of the time."""
ABOUT, HELD_OUT = "bank.json", "held-out"

Report = Callable[[str], None]
"""Told what is worth knowing, a line at a time."""
Task = tuple[Path, int]
"""A folder, and a seed that is to be drawn into it."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a bank is to hold."""

    folder: Path
    learnt: tuple[int, ...]
    """Seeds of the families for training, in `folder`."""
    measured: tuple[int, ...]
    """Seeds of the other families, in `held-out`."""

    @classmethod
    def of(cls, settings: BankSettings) -> Order:
        """That which a configuration means.

        Raises:
            DataError: seeds that are kept for benchmarks would be drawn.
        """
        learnt = families.seeds(settings.first, settings.seeds, "train")
        measured = families.seeds(HELD_OUT_FROM, settings.held_out, "held-out")
        if max(*learnt, *measured) >= families.BENCHMARK_SEEDS:
            limit = families.BENCHMARK_SEEDS
            raise DataError(f"seeds from {limit} on are never trained on", hint="lower bank.first or bank.seeds")
        return cls(settings.folder, tuple(learnt), tuple(measured))

    def missing(self, learnt: int | None = None) -> list[Task]:
        """What is still to be drawn, that to measure by first; with `learnt`, of the first so many only."""
        here, there = set(Bank(self.folder).seeds()), set(Bank(self.folder / HELD_OUT).seeds())
        left = [(self.folder / HELD_OUT, seed) for seed in self.measured if seed not in there]
        return [*left, *((self.folder, seed) for seed in self.learnt[:learnt] if seed not in here)]


@dataclass(frozen=True, slots=True)
class Bank:
    """A folder with the views of many seeds."""

    folder: Path

    def seeds(self) -> list[int]:
        """Those that are there now, rising."""
        if not self.folder.is_dir():
            return []
        names = (entry.name for entry in os.scandir(self.folder))
        return sorted(int(name[:8]) for name in names if name[8:] == ".npz" and name[:8].isdecimal())

    def path(self, seed: int) -> Path:
        """The file of a seed."""
        return self.folder / f"{seed:08d}.npz"

    def read(self, seed: int, mode: Mode) -> dict[str, View]:
        """The views of a seed for one mode, by their names: `patch0`, `figure1`, `head0`; at least one.

        Raises:
            DataError: the file is damaged, or of another version.
        """
        path = self.path(seed)
        found: dict[str, View] = {}
        try:
            with np.load(path) as arrays:
                for key in sorted(arrays.files):
                    name, _, field = key.partition(".")
                    if name.startswith("patch") == (mode == "rendering"):
                        found.setdefault(name, {})[field] = arrays[key]
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise DataError(f"{path} cannot be read: {error}", hint="remove it: it will be drawn again") from error
        wanted = dict(FIELDS[mode])
        if not found or any({key: a.shape for key, a in view.items()} != wanted for view in found.values()):
            raise DataError(f"{path} has other views than this version makes", hint="choose another bank.folder")
        return found


def draw(task: Task) -> int:
    """Draw the views of one seed into their file; its seed.

    Raises:
        MissingPackageError: skia-python cannot be imported.
        OutputError: the file cannot be written.
    """
    folder, seed = task
    arrays = _arrays(seed)
    path = Bank(folder).path(seed)
    with replacing(path) as new, zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED, compresslevel=FAST) as file:
        for key, array in sorted(arrays.items()):
            with file.open(f"{key}.npy", "w") as entry:
                np.lib.format.write_array(entry, np.ascontiguousarray(array), allow_pickle=False)
    return seed


def _arrays(seed: int) -> dict[str, npt.NDArray[np.uint8]]:
    """`patch0.seen`, `head1.visible` … of a seed."""
    from animelayers.artist.studio import sample  # which needs skia; reading a bank does not

    dice = Dice("lite views", seed)
    height = round(2 ** dice.uniform(*map(math.log2, HEIGHTS)))
    drawn = sample(seed, height, round(height * dice.uniform(*WIDTHS)))
    sheets = Sheets.of(drawn)
    made: dict[str, View | None] = {
        f"patch{number}": view for number, view in enumerate(views.patches(drawn, dice.of("patches"), PATCHES))
    }
    made |= {f"figure{number}": views.figure_view(sheets, dice.of(f"figure {number}")) for number in range(FIGURES)}
    made |= {f"head{number}": views.head_view(sheets, dice.of(f"head {number}")) for number in range(HEADS)}
    if dice.of("nobody").chance(NOBODY):
        made.pop(f"head{HEADS - 1}")
        made["nobody0"] = views.nobody_view(dice.of("nobody view"))
    return {f"{name}.{field}": array for name, view in made.items() if view for field, array in view.items()}


def wait(order: Order, begin: int, drawing: Callable[[], bool], report: Report) -> None:
    """Until all views to measure by and those of the first `begin` seeds are there.

    Raises:
        DataError: nobody draws any more, and some are missing.
    """
    told = -math.inf
    while left := len(order.missing(begin)):
        if not drawing() and order.missing(begin):
            raise DataError(f"drawing has stopped, {left} seeds are missing", hint="the reason stands above")
        if time.monotonic() - told >= 60:
            report(f"drawing: {left} seeds to begin with, {len(order.missing())} in all")
            told = time.monotonic()
        time.sleep(0.2)


@contextmanager
def drawn_meanwhile(order: Order, jobs: int) -> Iterator[Callable[[], bool]]:
    """Draw what is missing in `jobs` processes while the block runs; they end with it, whatever is done by then.

    Yields what says whether they are still at it. Where they gave up, they have said why on stderr.

    Raises:
        DataError: the folder holds files of another version.
    """
    _sign(order.folder)
    todo = order.missing()
    if not todo:
        yield lambda: False
        return
    child = multiprocessing.get_context("spawn").Process(target=_draw_all, args=(todo, jobs))
    with _one_thread_each():
        child.start()
    try:
        yield child.is_alive
    finally:
        child.terminate()
        child.join()


def _draw_all(todo: Sequence[Task], jobs: int) -> None:
    """In the child: draw with as little claim to the processor as can be, until asked to leave or left alone."""
    parent, asked = os.getppid(), False

    def leave(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True  # for skia may swallow what is raised within it
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    signal.signal(signal.SIGTERM, leave)
    try:
        with suppress(KeyboardInterrupt):
            for _ in results(draw, todo, jobs, prepare=_modestly):
                if asked or os.getppid() != parent:
                    return
    except AnimeLayersError as error:
        raise SystemExit(f"error: {error}\nhint: {error.hint}") from error


def _modestly() -> None:
    os.nice(10)
    cv2.setNumThreads(1)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes begun in the block do linear algebra in one thread: there is one of them for every core."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _sign(folder: Path) -> None:
    """Write into a bank what draws into it: files of two recipes may lie side by side, but not in secret."""
    before = recipes(folder)
    now = sorted({*before, recipe()})
    if now != before:
        with replacing(folder / ABOUT) as temporary:
            temporary.write_text(json.dumps({"format": FORMAT, "recipes": now}, indent=1) + "\n", "utf-8")


def recipes(folder: Path) -> list[str]:
    """The fingerprint of every version of artist and views that has drawn into a bank, sorted.

    Raises:
        DataError: it is a bank of another format.
    """
    path = folder / ABOUT
    if not path.exists():
        return []
    try:
        about = json.loads(path.read_text("utf-8"))
        version, found = about["format"], [str(one) for one in about["recipes"]]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged", hint="remove it") from error
    if version != FORMAT:
        raise DataError(f"{folder} is a bank of format {version}, not {FORMAT}", hint="choose another bank.folder")
    return found


def recipe() -> str:
    """A fingerprint of the source that draws views: 16 hexadecimal digits."""
    sources = sorted(Path(families.__file__).parent.glob("*.py")) + [Path(views.__file__), Path(__file__)]
    whole = hashlib.sha256()
    for path in sources:
        whole.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()[:16]
