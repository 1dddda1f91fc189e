"""Studies of benchmarks/, for tests: modules that live no longer than a test, and the command on a small plan."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from drawing import ROOT

SHARED = ROOT / "benchmarks"


@contextmanager
def modules(name: str, monkeypatch: Any) -> Iterator[None]:
    """Those of a study can be imported by their bare names as long as it lasts, since other studies have the same."""
    folder = SHARED / name
    monkeypatch.syspath_prepend(str(SHARED))
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield
    for path in folder.glob("*.py"):
        if path.stem not in before:
            sys.modules.pop(path.stem, None)


def measured_twice(benchmark: Any, told: list[str], last: str, folder: Path) -> list[Any]:
    """Two calls of a benchmark of benchmarks/gpu: all rows but `last` into a/, that one with a profile into b/.

    Nothing is compiled, which takes minutes: what would have been is returned.
    """
    from animelayers.models.diffusion import speed

    first = [name for name in benchmark.NAMES if name != last]
    compiled: list[Any] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(speed, "compile_blocks", compiled.append)
        benchmark.main([*told, "--only", ",".join(first), "--out", str(folder / "a")])
        assert benchmark.main([*told, "--only", last, "--profile", "--out", str(folder / "b")]) == 0
    return compiled


def command(name: str, plan: str, page: Path) -> Callable[..., int]:
    """The command of a study in the folder of a page, on a plan in TOML; called with further words."""
    import page as writer
    from studies.report import END

    config = page.with_name("plan.toml")
    config.write_text(plan)
    page.write_text(f"before\n{writer.BEGIN}\n{END}\nafter\n")
    main = runpy.run_path(str(SHARED / name / "__main__.py"), run_name="command")["main"]
    fixed = ["--folder", page.with_name("study"), "--config", config, "--page", page, "--jobs", 1]

    def call(*words: str) -> int:
        code: int = main([*map(str, fixed), *words])
        return code

    return call
