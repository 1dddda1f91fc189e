"""Carry an adapter to ComfyUI and other programs that load LoRAs of Qwen-Image, or bring it back.

    python export/comfy_lora.py runs/rendering -o rendering.safetensors
    python export/comfy_lora.py runs/rendering -o rendering.safetensors --style kohya --dtype bfloat16
    python export/comfy_lora.py rendering.safetensors --back -o pytorch_lora_weights.safetensors

Those programs run the LoRA alone. The layer-semantic embedding is a vector that is added to the tokens of one layer,
for which they have no place without a patch, so it only travels along in the header, and what it has learnt of telling
layers apart is missing there. What --back brings back is the whole adapter, bit for bit as it is stored.

They also have a frame for the whole picture before the layers. ComfyUI's Empty Qwen Image Layered Latent makes it in
addition to what its `layers` says, and diffusers' pipeline leaves its picture out. An adapter that was taught with it
(adapter.composite=true) is at home there. One that was not is shown a frame which it does not know (layers=4), or, if
it was taught with adapter.kept_ids=false, takes that frame for its first layer (layers=3, which diffusers' pipeline
would leave out). What holds for an adapter is said when it is written; the prompt is the one that it was taught with,
and guidance 1.
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
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.safetensors")
    parser.add_argument("--style", choices=("comfy", "kohya"), default="comfy", help="whose names the tensors get")
    parser.add_argument(
        "--dtype", choices=("float32", "bfloat16", "float16"), help="of the tensors; default: as trained"
    )
    parser.add_argument("--back", action="store_true", help="from such a file to an adapter of ours")
    options = parser.parse_args(argv)
    if options.output.suffix != ".safetensors":
        parser.error("the name of the output ends in .safetensors")
    return options


def convert(options: argparse.Namespace) -> None:
    """There or back."""
    import torch

    from animelayers.models.qwen_layered import adapter, converted

    if options.back:
        spec, weights = converted.read(options.lora)
        adapter.save(options.output, weights, spec)
    else:
        spec, weights = adapter.read(adapter.located(options.lora))
        dtype = getattr(torch, options.dtype) if options.dtype else None
        converted.write(options.output, spec, weights, options.style, dtype)
        note(f"ComfyUI: {converted.frames_elsewhere(spec)}")
        note(f"prompt: {spec.prompt}")
    say(str(options.output))


def main(argv: list[str] | None = None) -> int:
    """Convert; 0 done, 1 failed, 2 usage."""
    options = arguments(argv)
    return answered(lambda: convert(options), needs=NEEDS)


if __name__ == "__main__":
    sys.exit(main())
