"""How a training goes, in files that any program reads: `curves.csv`, `held-out.csv`, and TensorBoard's if wanted."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from animelayers.errors import MissingPackageError
from animelayers.handoff.files import replacing
from animelayers.training.checkpoints import Progress

FILES = {"curves": "curves.csv", "held-out": "held-out.csv"}


class Curves:
    """Appends to what an earlier session wrote, up to the step from which this one goes on."""

    def __init__(self, folder: Path, step: int, *, tensorboard: bool = False) -> None:
        self.folder, self.step = folder, step
        self.latest: dict[str, float] = {}
        self._writer: Any = _writer(folder) if tensorboard else None

    def __enter__(self) -> Self:
        for name in FILES.values():
            _cut(self.folder / name, self.step)
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def add(self, progress: Progress, terms: Mapping[str, Any]) -> None:
        """One step."""
        self.latest = {"step": progress.step, **{name: float(value) for name, value in terms.items()}}
        self._write("curves", progress, {name: value for name, value in self.latest.items() if name != "step"})

    def held_out(self, progress: Progress, figures: Mapping[str, float]) -> None:
        """Figures on what is not learnt."""
        self._write("held-out", progress, figures)

    def line(self) -> str:
        """The latest step, for people."""
        terms = "  ".join(f"{name} {value:.4g}" for name, value in self.latest.items() if name != "step")
        return f"step {self.latest['step']:.0f}  {terms}"

    def _write(self, kind: str, progress: Progress, values: Mapping[str, float]) -> None:
        row = {"step": progress.step, "samples": progress.samples, "seconds": f"{progress.seconds:.3f}"}
        row |= {name: f"{value:.6g}" for name, value in values.items()}
        path = self.folder / FILES[kind]
        begin = not path.exists()
        with path.open("a", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, row, lineterminator="\n")
            if begin:
                table.writeheader()
            table.writerow(row)
        for name, value in values.items() if self._writer is not None else ():
            self._writer.add_scalar(f"{kind}/{name}", value, progress.step)


def _cut(path: Path, step: int) -> None:
    """Leave out rows that were written after the checkpoint from which a training goes on."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        kept = [row for row in table if int(row["step"] or 0) <= step]
        names = list(table.fieldnames or ())
    out = io.StringIO(newline="")
    again = csv.DictWriter(out, names, lineterminator="\n")
    again.writeheader()
    again.writerows(kept)
    with replacing(path) as temporary:
        temporary.write_text(out.getvalue(), "utf-8")


def _writer(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingPackageError("report.tensorboard needs tensorboard", hint="pip install tensorboard") from error
    return SummaryWriter(str(folder / "tensorboard"))
