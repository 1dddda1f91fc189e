"""Teach a network in which layer every pixel of a drawing was painted, or go on where it was left.

    accelerate launch train/illustrator_depth.py --config configs/illustrator-depth/lite-cpu.toml data.path=index/
    accelerate launch train/illustrator_depth.py --config configs/illustrator-depth/lite-gpu.toml data.path=index/
    accelerate launch train/illustrator_depth.py --config configs/illustrator-depth/depth-pro.toml data.path=index/

What it learns from are sets of datasets/svg_layers.py; several: 'data.path=["index", "art-index"]'. The folder of the
run then holds weights.safetensors, of the small net, for export/lite_to_onnx.py; or depth-pro/, which transformers
reads; previews/; curves.csv and held-out.csv; run.json, which says all that it was told; and checkpoints/, from which
the same command goes on. Ctrl-C writes one.
"""

from __future__ import annotations

import argparse
import sys

from animelayers.cli.training import Begun, answer, arguments


def begin(options: argparse.Namespace) -> Begun:
    """What was typed, as a training."""
    from animelayers.training.devices import accelerator
    from animelayers.training.layer_depth import config, start

    told = config.load(options.config, options.overrides)
    return Begun(told, accelerator(told.device, told.precision), start, told.made)


def main(argv: list[str] | None = None) -> int:
    """Train; 0 done or to be continued, 1 failed, 2 usage, 130 Ctrl-C."""
    return answer(arguments(__doc__, "configs/illustrator-depth/*.toml").parse_intermixed_args(argv), begin)


if __name__ == "__main__":
    sys.exit(main())
