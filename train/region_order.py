"""Grow the small trees of `classic`, of layer order, from pictures with index maps.

    python datasets/svg_layers.py --fetch --packs packs/ -o index/ --size 128
    python datasets/svg_layers.py --samples art/ --avatars 40 -o art-index/ --size 384
    python train/region_order.py --pictures index/ art-index/ -o animelayers/models/weights/region_order.json

One core, NumPy alone: a few minutes. One pack is never learnt from, so that what is printed at the end holds for other
hands, too: Order and Order within the figure, ties wrong, and MAE, on held-out pictures of all packs that were learnt
from, of each of them, and on the other pack; before a random colour and before white.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from animelayers.cli.console import answered, note, progress, say

NEEDS = 'pip install "animelayers[avatars]"'


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--pictures", type=Path, nargs="+", required=True, metavar="SET", help="of datasets/svg_layers.py, any sizes"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="JSON")
    parser.add_argument("--unseen", default="noto", metavar="PACK", help="only to measure on (default: %(default)s)")
    parser.add_argument("--most", type=int, default=6000, help="pictures to learn from (default: %(default)s)")
    parser.add_argument("--trees", type=int, default=200, help="of each forest (default: %(default)s)")
    parser.add_argument("--judge", type=int, default=200, help="pictures of each kind to measure on")
    return parser.parse_args(argv)


def train(options: argparse.Namespace) -> None:
    """Look, grow, write, measure."""
    from animelayers.data.index_shards import read_shards
    from animelayers.data.layer_index import IndexedPicture, evenly
    from animelayers.handoff.files import replacing
    from animelayers.training.boosting import Growth
    from animelayers.training.region_order import judged, learnt, lessons, predictor, spread

    def pictures() -> Iterator[IndexedPicture]:
        return chain.from_iterable(map(read_shards, options.pictures))

    shown = sys.stderr.isatty()
    chosen = evenly(list(spread(pictures(), options.unseen)), options.most)
    with progress("looking", len(chosen), shown=shown) as step:
        taught = lessons(chosen, step)
    note(f"{len(chosen)} pictures, {sum(len(one.pairs) for one in taught)} contacts")
    with progress("growing", 4 * options.trees, shown=shown) as step:
        judges = learnt(taught, Growth(trees=options.trees), step)
    with replacing(options.output) as temporary:
        temporary.write_text(judges.text, encoding="utf-8", newline="\n")
    say(str(options.output))
    kinds: dict[str, list[IndexedPicture]] = {"held out": []}
    for one in pictures():
        if one.split == "test" or one.pack == options.unseen:
            kinds.setdefault(one.pack, []).append(one)
            if one.pack != options.unseen:
                kinds["held out"].append(one)
    for kind, these in kinds.items():
        for ground in ("colour", "white"):
            scores = judged(evenly(these, options.judge), predictor(judges), ground)
            if "index.order_figure" in scores:
                names = ("index.order", "index.order_figure", "index.mae")
                say(f"{kind}, {ground}: " + ", ".join(f"{name} {scores[name]:.3f}" for name in names))


def main(argv: list[str] | None = None) -> int:
    """Train; 0 done, 1 failed, 2 usage, 130 Ctrl-C."""
    options = arguments(argv)
    return answered(lambda: train(options), needs=NEEDS)


if __name__ == "__main__":
    sys.exit(main())
