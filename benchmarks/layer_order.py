"""How well layer order is told: writes the generated part of docs/experiments/depth.md.

    python datasets/svg_layers.py --fetch --packs packs/ -o index/ --size 128
    python datasets/synthetic.py --help                        # characters, whose parts are known: art/
    python datasets/svg_layers.py --samples art/ -o art-index/ --size 384
    python benchmarks/layer_order.py --icons index/ --art art-index/ --time PICTURE

Models of the package and what knows nothing of occlusion, on held-out icons (split `test` of all packs but one), on a
pack that was never learnt from, and on the set of --art, whose seeds must be others than those that were learnt from;
before a random colour, before white, before a pattern. Then how well SVGs of tracers are layered, the same way; and
seconds and the relief of --time. Needs resvg-py and vtracer; --time needs trimesh.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from evaluation import BEGIN as _BEGIN
from evaluation import put
from vector import by_vtracer, svg

from animelayers import estimate_depth, load_picture
from animelayers.data.index_shards import read_shards
from animelayers.data.layer_index import GROUNDS, IndexedPicture, evenly, on_ground
from animelayers.data.svg_layers import svg_layers
from animelayers.errors import AnimeLayersError
from animelayers.evaluation.catalogue import INDEX_METRICS
from animelayers.evaluation.layer_baselines import BASELINES
from animelayers.evaluation.layer_order import measure_layer_order, path_number_error
from animelayers.evaluation.meter import machine
from animelayers.evaluation.tables import heading, markdown, number
from animelayers.models import registry
from animelayers.models.base import DepthModel
from animelayers.training.region_order import judged
from animelayers.vector.trace import trace

Predict = Callable[[npt.NDArray[np.uint8]], npt.NDArray[Any]]

PAGE = Path(__file__).parents[1] / "docs" / "experiments" / "depth.md"
BEGIN = _BEGIN.replace("evaluation.py", "layer_order.py")
SHOWN = ("index.order", "index.order_half", "index.order_figure", "index.mae", "index.mse")
TRACED = 100
"""Pictures of each kind that are traced, at most."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--icons", type=Path, required=True, metavar="SET")
    parser.add_argument("--art", type=Path, metavar="SET")
    parser.add_argument("--unseen", default="noto", metavar="PACK", help="default: %(default)s")
    parser.add_argument("--most", type=int, default=300, help="pictures of each kind (default: %(default)s)")
    parser.add_argument("--time", type=Path, metavar="PICTURE")
    given = parser.parse_args()
    lines = [f"Machine: {machine()}.", ""]
    for title, pictures in kinds(given):
        for ground in GROUNDS:
            lines += [f"### {title}, before {_GROUNDS[ground]} ({len(pictures)} pictures)", ""]
            lines += [orders(pictures, ground), ""]
            print("\n".join(lines[-4:]), flush=True)
        few = evenly(pictures, TRACED)
        lines += [f"### SVGs of tracers: {title}, before a random colour ({len(few)} pictures)", "", tracers(few), ""]
        print("\n".join(lines[-4:]), flush=True)
    if given.time:
        lines += ["### A picture", "", *seconds(given.time)]
        print("\n".join(lines[-8:]), flush=True)
    PAGE.write_text(put(PAGE.read_text("utf-8"), "\n".join(lines), BEGIN), "utf-8")


_GROUNDS = {"colour": "a random colour", "white": "white", "pattern": "a pattern"}


def kinds(given: argparse.Namespace) -> Iterator[tuple[str, list[IndexedPicture]]]:
    """What is measured on, by what it is called."""
    icons = list(read_shards(given.icons))
    held_out = [one for one in icons if one.split == "test" and one.pack != given.unseen]
    yield "Held-out icons", evenly(held_out, given.most)
    yield f"A pack that was never seen, {given.unseen}", evenly(_bases(icons, given.unseen), given.most)
    if given.art:
        yield "Characters", evenly(list(read_shards(given.art)), given.most)


def _bases(icons: Sequence[IndexedPicture], pack: str) -> list[IndexedPicture]:
    """One picture of every base of a pack: skin tones are no further evidence."""
    return list({one.base: one for one in reversed(icons) if one.pack == pack}.values())[::-1]


def orders(pictures: Sequence[IndexedPicture], ground: Any) -> str:
    """Every model and baseline on pictures before one kind of ground."""
    rows = []
    for name, predict in predictors():
        scores = judged(pictures, predict, ground)
        rows.append([name, *(number(INDEX_METRICS[metric], scores.get(metric)) for metric in SHOWN)])
    head = ["", *(heading(INDEX_METRICS[metric]) for metric in SHOWN)]
    return markdown([head, *rows], "<" + ">" * len(SHOWN))


def predictors() -> Iterator[tuple[str, Predict]]:
    """The models of the package, then the baselines."""
    for spec in registry.MODELS:
        if "depth" in spec.modes:
            yield f"`{spec.id}`", partial(_predicted, cast(DepthModel, registry.load(spec)))
    yield from BASELINES.items()


def _predicted(model: DepthModel, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    return model.predict(load_picture(rgb))


def tracers(pictures: Sequence[IndexedPicture]) -> str:
    """How the index maps of traced pictures, before a random colour, agree with the true ones."""
    ways: dict[str, Callable[[npt.NDArray[np.uint8]], str]] = {
        "VTracer": by_vtracer,
        "`vectorize`": lambda rgba: svg(trace(rgba)),
    }
    for spec in registry.MODELS:
        if "depth" in spec.modes:
            told = f"`vectorize`, the order of `{spec.id}`"
            ways[told] = lambda rgba, id=spec.id: svg(trace(rgba, depth=estimate_depth(rgba, id).index))
    rows = []
    for name, draw in ways.items():
        found: dict[str, list[float]] = {}
        failed = Counter[str]()
        for place, one in enumerate(pictures):
            rgb = on_ground(one.picture, "colour", 1000 + place)
            rgba = np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])
            try:
                made = svg_layers(draw(rgba), max(rgb.shape))
            except AnimeLayersError as error:
                failed[str(error)] += 1
                continue
            scores = dict(measure_layer_order(one.index, made.index.astype(np.float32)))
            if one.layers:
                scores["paths"] = path_number_error(one.layers, made.layers)
            for metric, value in scores.items():
                found.setdefault(metric, []).append(value)
        cells = [number(INDEX_METRICS[metric], float(np.mean(found[metric]))) for metric in SHOWN]
        error = f"{np.mean(found['paths']):.2f}" if "paths" in found else "–"
        rows.append([name, *cells, error, str(failed.total())])
    head = ["", *(heading(INDEX_METRICS[metric]) for metric in SHOWN), "path number error ↓", "not readable"]
    return markdown([head, *rows], "<" + ">" * (len(head) - 1))


def seconds(path: Path) -> Iterator[str]:
    """The time that every model takes for one picture, made 1024 × 1024 px, and what its relief is like."""
    import cv2
    import trimesh

    picture = load_picture(path)
    square = load_picture(cv2.resize(picture.rgba, (1024, 1024), interpolation=cv2.INTER_AREA))
    rows = []
    for spec in registry.MODELS:
        if "depth" not in spec.modes:
            continue
        estimate_depth(square, spec.id)
        start, busy = time.perf_counter(), time.process_time()
        found = estimate_depth(square, spec.id)
        took, busy = time.perf_counter() - start, time.process_time() - busy
        mesh = found.relief()
        closed = trimesh.Trimesh(mesh.vertices, mesh.faces).is_watertight
        rows.append([f"`{spec.id}`", f"{took:.2f}", f"{busy:.2f}", str(len(mesh.faces)), "yes" if closed else "no"])
    head = ["model", "seconds, 1024 × 1024 px", "of processor time", "faces of the relief", "watertight (trimesh)"]
    yield markdown([head, *rows], "<>>><")


if __name__ == "__main__":
    main()
