"""Carry the weights of a training out of PyTorch: an ONNX file for everybody, with its card in it and beside it.

    python export/lite_to_onnx.py out/lite/parts-gpu/weights.safetensors -o parts.onnx
    python export/lite_to_onnx.py runs/illustrator-depth-lite/weights.safetensors -o depth.onnx

The file is refused if ONNX Runtime does not say of it what PyTorch does.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from animelayers.cli.console import answered, note, say

NEEDS = 'pip install -c constraints.txt -e ".[train]"'


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, metavar="WEIGHTS", help="weights.safetensors of a run")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.onnx")
    options = parser.parse_args(argv)
    if options.output.suffix != ".onnx":
        parser.error("the name of the output ends in .onnx")
    return options


def export(options: argparse.Namespace) -> None:
    """Write the ONNX file and its card."""
    from animelayers.training.lite import onnx_file

    card = onnx_file.export(options.weights, options.output)
    moved = ", ".join(f"{name} {value:.2g}" for name, value in card["file"]["moved by rounding"].items())
    note(f"{options.output.stat().st_size / 1e6:.1f} MB; rounding weights moves {moved} at most")
    say(str(options.output))


def main(argv: list[str] | None = None) -> int:
    """Export; 0 done, 1 failed, 2 usage."""
    options = arguments(argv)
    return answered(lambda: export(options), needs=NEEDS)


if __name__ == "__main__":
    sys.exit(main())
