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
import sys

from animelayers.cli.training import Begun, answer, arguments


def begin(options: argparse.Namespace) -> Begun:
    """What was typed, as a training."""
    from animelayers.models.qwen_layered import adapter
    from animelayers.training.devices import accelerator
    from animelayers.training.lora import config, start

    told = config.load(options.config, options.overrides)
    return Begun(told, accelerator(told.device), start, told.folder / adapter.FILE)


def main(argv: list[str] | None = None) -> int:
    """Train; 0 done or to be continued, 1 failed, 2 usage, 130 Ctrl-C."""
    return answer(arguments(__doc__, "configs/lora/*.toml").parse_intermixed_args(argv), begin)


if __name__ == "__main__":
    sys.exit(main())
