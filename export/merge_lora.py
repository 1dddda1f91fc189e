"""Put the LoRA of an adapter into the weights of its base: a model of its own, as diffusers stores one.

    python export/merge_lora.py runs/rendering -o merged
    animelayers decompose picture.png --model qwen-image-layered --lora merged

The layer-semantic embedding depends on the place of a token, so no weight can hold it: it stays beside the weights, as
an adapter without a LoRA. Other programs that load the folder run it without that, and with one frame more, as
export/comfy_lora.py --help explains.

Weights are stored as the base stores them. Where that is bf16, what a LoRA changes is often less than one step of it,
so some of it is lost; how much is said at the end. The adapter itself loses nothing.
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
    parser.add_argument("lora", type=Path, metavar="LORA", help="folder of a run, or its file")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--weights", metavar="BASE", help="folder or hub id; default: what the adapter was taught on")
    parser.add_argument("--scale", type=float, default=1.0, help="of the LoRA; default: 1")
    return parser.parse_args(argv)


def merge(options: argparse.Namespace) -> None:
    """Find the base, and write another with the adapter in it."""
    from animelayers.models import hub
    from animelayers.models.qwen_layered import adapter, loading, merged, prompt

    spec, _ = adapter.read(adapter.located(options.lora))
    base = hub.located(options.weights or spec.base, files=(*loading.FILES, *prompt.FILES))
    rounding = merged.merge(options.lora, base, options.output, options.scale)
    note(f"rounding moved the weights by {rounding.share:.2%} of what the LoRA does")
    say(str(options.output))


def main(argv: list[str] | None = None) -> int:
    """Merge; 0 done, 1 failed, 2 usage."""
    options = arguments(argv)
    return answered(lambda: merge(options), needs=NEEDS)


if __name__ == "__main__":
    sys.exit(main())
