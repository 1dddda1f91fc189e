"""Train one of the two small nets of `lite`, or go on where it was left.

    python train/lite.py --config configs/lite/parts-cpu.toml
    python train/lite.py --config configs/lite/parts-gpu.toml optimiser.lr=1e-3 folder=out/lite/try

Views are drawn first, or while it trains, by as many processes as the configuration says; no picture of anybody's is
used. The folder of the run then holds weights.safetensors, the result; look.png; log.jsonl; run.json, which says all
that it was told; and state.safetensors, from which the same command goes on. export/lite_to_onnx.py comes next.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from animelayers.cli.console import answered, note, say
from animelayers.workers import ending_well

NEEDS = 'pip install -c constraints.txt -e ".[train]"'


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="configs/lite/*.toml")
    parser.add_argument("overrides", nargs="*", metavar="NAME=VALUE", help="changed settings: optimiser.lr=1e-3")
    parser.add_argument("--only-draw", action="store_true", help="make the bank of views, and leave it at that")
    return parser.parse_args(argv)


def train(options: argparse.Namespace) -> None:
    """Draw, then learn until the budget or the session is spent."""
    from animelayers.training.lite import bank, config

    told = config.load(options.config, options.overrides)
    with ending_well():
        if options.only_draw:
            order = bank.Order.of(told.bank)
            with bank.drawn_meanwhile(order, told.bank.processes) as drawing:
                bank.wait(order, told.bank.seeds, drawing, note)
            say(str(told.bank.folder))
            return
        from animelayers.training.lite import checkpoint, loop

        if not loop.train(told, note):
            note("to be continued: the same command goes on")
        say(str(told.folder / checkpoint.WEIGHTS))


def main(argv: list[str] | None = None) -> int:
    """Train; 0 done or to be continued, 1 failed, 2 usage, 130 Ctrl-C."""
    options = arguments(argv)
    return answered(
        lambda: train(options), needs=NEEDS, stopped="stopped; the same command goes on from the last checkpoint"
    )


if __name__ == "__main__":
    sys.exit(main())
