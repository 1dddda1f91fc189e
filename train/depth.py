"""Teach the depth network of See-through the draw order of your own art, or go on where it was left.

    accelerate launch train/depth.py --stage 1 --config configs/depth/stage-1.toml data.path=art/
    accelerate launch train/depth.py --stage 2 --config configs/depth/stage-2.toml data.path=art/ folder=runs/x
    python train/depth.py --stage 2 --config configs/depth/stage-2.toml data.path=art/ --dry-run

Stage 1 learns one part at a time, stage 2 all parts of a page together. The art: PSDs whose layers say which part they
are (docs/data.md), a set of samples, or See-through's layout; where a sample has no depth of its own, draw order is
learnt. The folder of the run then holds what `animelayers decompose --model see-through --weights PARTS,FOLDER` takes,
after stage 2; previews/; curves.csv and held-out.csv; run.json, which says all that it was told; and checkpoints/, from
which the same command goes on. Ctrl-C writes one.
"""

from __future__ import annotations

import argparse
import sys

from animelayers.cli.console import UsageError
from animelayers.cli.training import Begun, answer, arguments


def begin(options: argparse.Namespace) -> Begun:
    """What was typed, as a training."""
    from animelayers.training.depth import config, start
    from animelayers.training.devices import accelerator

    told = config.load(options.config, options.overrides)
    if options.stage != told.stage:
        hint = f"--stage {told.stage}, or another file of configs/depth"
        raise UsageError(f"{options.config} is for stage {told.stage}, not for {options.stage}", hint=hint)
    return Begun(told, accelerator(told.device, told.precision), start, told.folder / "unet")


def main(argv: list[str] | None = None) -> int:
    """Train; 0 done or to be continued, 1 failed, 2 usage, 130 Ctrl-C."""
    words = arguments(__doc__, "configs/depth/*.toml")
    words.add_argument("--stage", type=int, choices=(1, 2), required=True, help="one part at a time, or all together")
    return answer(words.parse_intermixed_args(argv), begin)


if __name__ == "__main__":
    sys.exit(main())
