"""Teach Qwen-Image-Layered the rendering layers of your own art, or go on where it was left.

    accelerate launch train/lora.py --config configs/lora/rendering.toml data.path=art/
    accelerate launch train/lora.py --config configs/lora/rendering-24gb.toml data.path=art/ folder=runs/x
    python train/lora.py --config configs/lora/rendering.toml data.path=art/ --dry-run

The art: PSDs whose layers are named line, flat, shadow, highlight (docs/data.md), or a set of samples. The folder of
the run then holds the adapter, which `animelayers decompose --model qwen-image-layered --lora FOLDER` takes; previews/;
curves.csv and held-out.csv; run.json, which says all that it was told; and checkpoints/, from which the same command
goes on. Ctrl-C writes one.
"""

from __future__ import annotations

import argparse
import atexit
import sys
from datetime import timedelta
from pathlib import Path

from animelayers.cli.console import answered, note, say

NEEDS = 'pip install -c constraints.txt -e ".[train]"'


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="configs/lora/*.toml")
    parser.add_argument("overrides", nargs="*", metavar="NAME=VALUE", help="changed settings: optimiser.lr=5e-5")
    parser.add_argument(
        "--dry-run", action="store_true", help="look at the art, count the memory, and leave it at that"
    )
    return parser.parse_intermixed_args(argv)


def train(options: argparse.Namespace) -> None:
    """Look at the art, and learn from it unless that is all."""
    from accelerate import Accelerator, InitProcessGroupKwargs

    from animelayers.models.qwen_layered import adapter
    from animelayers.training.lora import config, start

    told = config.load(options.config, options.overrides)
    patience = InitProcessGroupKwargs(timeout=timedelta(hours=12))  # while the first process encodes latents
    accelerator = Accelerator(cpu=told.device == "cpu", kwargs_handlers=[patience])

    def report(line: str) -> None:
        if accelerator.is_main_process:
            note(line)

    if options.dry_run:
        for line in start.prepare(told, accelerator, report).lines:
            say(line)
        return
    atexit.register(accelerator.end_training)  # or a process that leaves with the group alive is aborted
    done = start.train(told, accelerator, report)
    if accelerator.is_main_process:
        if not done:
            note("to be continued: the same command goes on")
        say(str(told.folder / adapter.FILE))


def main(argv: list[str] | None = None) -> int:
    """Train; 0 done or to be continued, 1 failed, 2 usage, 130 Ctrl-C."""
    options = arguments(argv)
    return answered(
        lambda: train(options), needs=NEEDS, stopped="stopped; the same command goes on from the last checkpoint"
    )


if __name__ == "__main__":
    sys.exit(main())
