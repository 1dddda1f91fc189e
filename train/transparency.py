"""Teach the transparency decoder of See-through the parts of your own art, or go on where it was left.

    accelerate launch train/transparency.py --config configs/transparency/transparency.toml data.path=art/
    python train/transparency.py --config configs/transparency/transparency.toml data.path=art/ --dry-run

It learns from whole parts what alpha they have and which colour below it, from what the VAE makes of them. The art:
PSDs whose layers say which part they are (docs/data.md), a set of samples, or See-through's layout. The folder of the
run then holds trans_vae/, which the folder of `animelayers decompose --model see-through --weights FOLDER` takes in the
place of its own; previews/; curves.csv and held-out.csv; run.json, which says all that it was told; and checkpoints/,
from which the same command goes on. Ctrl-C writes one.
"""

from __future__ import annotations

import argparse
import sys

from animelayers.cli.training import Begun, answer, arguments


def begin(options: argparse.Namespace) -> Begun:
    """What was typed, as a training."""
    from animelayers.training.devices import accelerator
    from animelayers.training.transparency import config, start
    from animelayers.training.transparency.task import FOLDER

    told = config.load(options.config, options.overrides)
    return Begun(told, accelerator(told.device, told.precision), start, told.folder / FOLDER)


def main(argv: list[str] | None = None) -> int:
    """Train; 0 done or to be continued, 1 failed, 2 usage, 130 Ctrl-C."""
    return answer(arguments(__doc__, "configs/transparency/*.toml").parse_intermixed_args(argv), begin)


if __name__ == "__main__":
    sys.exit(main())
