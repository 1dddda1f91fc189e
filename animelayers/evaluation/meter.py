"""What a piece of work costs: time, and the most memory that it held. And on which machine."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PROCESS = Path("/proc/self")
_MIB = 1024
"""Of the kB that Linux counts in."""
_SLACK = 8.0
"""MiB by which a peak may lie above what is held, right after it was forgotten: Linux counts in batches."""


@dataclass(slots=True)
class Cost:
    """What a block cost; filled in at its end, however it ends."""

    seconds: float = 0.0
    peak_mb: float | None = None
    """Largest resident memory of the process during the block, MiB: what it held before counts, other processes do not.
    None where the system cannot forget an earlier peak – anywhere but on Linux – for then it might be that one."""
    peak_gpu_mb: float | None = None
    """Most memory of all CUDA devices that tensors of PyTorch held during the block, MiB, without PyTorch's reserve.
    None where PyTorch with CUDA is not in use."""


@contextmanager
def metered() -> Iterator[Cost]:
    """Measure the block: one at a time in a process, for peaks belong to the process and not to a thread.

    CUDA is waited for before and after, so that the time holds what was only set going.
    """
    cost = Cost()
    forgotten = _forget_peak()
    _cuda("synchronize", "reset_peak_memory_stats")
    start = time.perf_counter()
    try:
        yield cost
    finally:
        _cuda("synchronize")
        cost.seconds = time.perf_counter() - start
        cost.peak_mb = _status("VmHWM") if forgotten else None
        peaks = _cuda("max_memory_allocated")
        cost.peak_gpu_mb = sum(peaks) / 2**20 if peaks else None


def machine() -> str:
    """Processor, cores and system in words: `Intel(R) Xeon(R) Processor @ 2.60GHz, 2 cores, Linux x86_64`."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    processor = next(named, "") or platform.processor() or "unknown processor"
    return f"{processor}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def _forget_peak() -> bool:
    """Let the peak of resident memory be what is held now; whether that was done."""
    try:
        (_PROCESS / "clear_refs").write_text("5")
    except OSError:
        return False
    peak, held = _status("VmHWM"), _status("VmRSS")
    return peak is not None and held is not None and peak <= held + _SLACK


def _status(key: str) -> float | None:
    """A line of the process's status, MiB."""
    try:
        lines = (_PROCESS / "status").read_text("ascii", "replace").splitlines()
    except OSError:
        return None
    found = (line.split()[1] for line in lines if line.startswith(f"{key}:"))
    return next((int(kilobytes) / _MIB for kilobytes in found), None)


def _cuda(*calls: str) -> list[Any]:
    """What the last of some functions of `torch.cuda` says of every device; nothing where CUDA is not in use yet."""
    torch = sys.modules.get("torch")  # whoever does not use it shall not wait for its import
    if torch is None or not torch.cuda.is_available() or not torch.cuda.is_initialized():
        return []
    return [[getattr(torch.cuda, call)(device) for call in calls][-1] for device in range(torch.cuda.device_count())]
