"""Fingerprints: equal for equal samples in any storage, other for anything that a measurement could see."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable

import numpy as np
from drawing import needs
from samples import SIZE, sample

from animelayers.data.digest import digest, set_digest
from animelayers.data.folder import load_sample, save_sample
from animelayers.data.sample import Licence, Sample
from animelayers.stack import Blend, Layer, LayerStack


def test_a_stored_sample_keeps_it(tmp_path):
    made = sample()
    save_sample(made, tmp_path / "one")
    assert digest(load_sample(tmp_path / "one")) == digest(made) == digest(sample())


def test_a_row_of_parquet_keeps_it(tmp_path):
    needs("datasets")
    from animelayers.data.hub import open_set, write_parquet

    write_parquet([sample()], tmp_path / "set", name="x")
    assert digest(open_set(tmp_path / "set")[0]) == digest(sample())


def test_it_stays_the_same_from_version_to_version():
    rgba = np.array([[[1, 2, 3, 255], [9, 9, 9, 0]]], np.uint8)
    stack = LayerStack(1, 2, (Layer("flat", rgba, opacity=0.5),))
    made = Sample("x", rgba, Licence("CC0-1.0"), rendering=stack, depth=np.array([[258, 0]], np.uint16))
    told = (
        b'["animelayers sample 1", "x", 1, 2]\n'
        b'["picture", "RGBA", 1, 2, 4]\n\x01\x02\x03\xff\0\0\0\0'
        b'["depth", "uint16", 1, 2]\n\x02\x01\0\0'
        b'["rendering", 1, 2, 1]\n'
        b'["flat", [], "normal", 0.5, true, 0, 0, 1, 1, 4]\n\x01\x02\x03\xff'
    )
    assert digest(made) == hashlib.sha256(told).hexdigest()


def at(array: np.ndarray, value: int) -> np.ndarray:
    """A copy with another value somewhere."""
    out = array.copy()
    out[tuple(length // 2 for length in array.shape)] = value
    return out


def first(stack: LayerStack | None, **changes: object) -> LayerStack:
    """A stack whose first layer has other fields."""
    assert stack is not None
    return stack.replace(layers=(stack[0].replace(**changes), *stack.layers[1:]))


COUNTS: dict[str, Callable[[Sample], Sample]] = {
    "id": lambda s: s.replace(id="two"),
    "picture": lambda s: s.replace(picture=at(s.picture, 3)),
    "image": lambda s: s.replace(image=at(s.image, 3)),
    "no image": lambda s: s.replace(image=None),
    "image for picture": lambda s: s.replace(picture=s.image, image=s.picture),
    "depth": lambda s: s.replace(depth=at(s.depth, 3)),
    "visible": lambda s: s.replace(visible=at(s.visible, 23)),
    "name": lambda s: s.replace(parts=first(s.parts, name="wings-l")),
    "group": lambda s: s.replace(parts=first(s.parts, group=("hair",))),
    "top": lambda s: s.replace(parts=first(s.parts, top=s.parts[0].top + 1)),
    "left": lambda s: s.replace(parts=first(s.parts, left=s.parts[0].left - 1)),
    "blend": lambda s: s.replace(parts=first(s.parts, blend=Blend.ADD)),
    "opacity": lambda s: s.replace(parts=first(s.parts, opacity=0.999)),
    "hidden": lambda s: s.replace(parts=first(s.parts, visible=False)),
    "pixel": lambda s: s.replace(parts=first(s.parts, rgba=at(s.parts[0].rgba, 3))),
    "order": lambda s: s.replace(parts=s.parts.replace(layers=s.parts.layers[::-1])),
    "fewer": lambda s: s.replace(parts=s.parts.replace(layers=s.parts.layers[1:])),
    "no parts": lambda s: s.replace(parts=None),
    "no rendering": lambda s: s.replace(rendering=None),
    "parts for rendering": lambda s: s.replace(parts=s.rendering, rendering=s.parts),
    "cell": lambda s: s.replace(cells={**s.cells, "face": first(s.cells["face"], rgba=at(s.cells["face"][0].rgba, 3))}),
    "no cells": lambda s: s.replace(cells={}),
    "empty cells": lambda s: s.replace(cells={**s.cells, "tail": LayerStack(1, 1, ())}),
}


def test_everything_that_counts_makes_another_one():
    made = {name: digest(change(sample())) for name, change in COUNTS.items()}
    assert len({*made.values(), digest(sample())}) == len(COUNTS) + 1


def test_what_no_measure_sees_does_not_count():
    plain, layer = sample(), sample().parts[0]
    wide = np.pad(layer.rgba, ((3, 2), (1, 4), (0, 0)))
    wide[0, 0] = (200, 100, 50, 0)
    changed = plain.replace(
        licence=Licence("MIT", "somebody"),
        attributes={"seed": 8},
        head_box=(0, 0, 1, 1),
        keypoints={},
        parts=first(plain.parts, rgba=wide, top=layer.top - 3, left=layer.left - 1),
        picture=np.where(plain.picture[..., 3:] == 0, np.array([9, 8, 7, 0], np.uint8), plain.picture),
        cells=dict(reversed(plain.cells.items())),
    )
    changed = changed.replace(rendering=dataclasses.replace(changed.rendering, provenance=None))
    assert plain.size == SIZE
    assert not np.array_equal(changed.picture, plain.picture)
    assert digest(changed) == digest(plain)


def test_a_set_is_its_samples_in_any_order():
    assert set_digest(["a", "b"]) == set_digest(iter(["b", "a"]))
    assert len({set_digest(one) for one in ([], ["a"], ["a", "a"], ["a", "b"], ["ab"])}) == 5
