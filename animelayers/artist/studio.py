"""One seed and a size → one sample: a character, framed, painted, set before a background, photographed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from animelayers import __version__
from animelayers.artist import camera, character, scenery
from animelayers.artist.dice import Dice
from animelayers.artist.drawing import Drawing
from animelayers.artist.render import Frame, render
from animelayers.artist.strata import bounds
from animelayers.composite import flatten
from animelayers.data.sample import Licence, Sample, visible_map
from animelayers.errors import DataError
from animelayers.stack import Layer, LayerStack, Rgba

SHOTS = {"full": 5, "knees": 1.5, "half": 2.5, "bust": 2}
"""How much of the figure is in the picture, and how often."""

SMALLEST, LARGEST = 64, 8192
"""Sides of a canvas, px."""


def sample(seed: int, height: int, width: int) -> Sample:
    """The character of a seed with all that is known of it, on a canvas of `height` × `width` px.

    The same seed gives the same bytes in every process; another size gives the same drawing at that size.

    Raises:
        DataError: a side is not within `SMALLEST`..`LARGEST`, or the seed is negative.
        MissingPackageError: skia-python cannot be imported.
    """
    if not (SMALLEST <= height <= LARGEST and SMALLEST <= width <= LARGEST):
        raise DataError(f"a canvas of {height} × {width} px", hint=f"give sides of {SMALLEST}..{LARGEST} px")
    if seed < 0:
        raise DataError(f"the seed is {seed}", hint="seeds are 0 or larger")
    dice = Dice("artist", seed)
    drawing, style = character.draw(dice)
    shot = dice.of("shot").pick(SHOTS)
    frame = framed(drawing, shot, height, width, dice.of("frame"))
    made = render(drawing, style, frame, dice.of("render"))
    image, background, steps = photographed(made.picture, dice)
    left, top, right, bottom = drawing.head_box
    return Sample(
        id=f"{seed:08d}",
        picture=made.picture,
        licence=Licence(
            "Apache-2.0", "The animelayers authors", f"animelayers synthetic artist {__version__}, seed {seed}"
        ),
        parts=made.parts,
        rendering=made.rendering,
        cells=made.cells,
        image=image,
        depth=made.depth,
        visible=visible_map(made.parts),
        head_box=frame.box((left, top), (right, bottom)),
        keypoints={name: frame.pixels(x, y) for name, (x, y) in drawing.keypoints.items()},
        attributes={
            **drawing.attributes,
            "seed": seed,
            "shot": shot,
            "background": background,
            "camera": steps,
            "line": style.line.colour if style.line.width else "none",
            "shading": style.shading.manner,
            "grade": style.grade,
            "depth": made.depths,
        },
    )


def photographed(picture: Rgba, dice: Dice) -> tuple[Rgba, str, list[str]]:
    """The picture on a background and through a camera; the kind of background, and what the camera did."""
    kind = dice.of("background").pick(scenery.KINDS)
    if kind == "transparent":
        return picture, kind, []
    height, width = picture.shape[:2]
    behind = scenery.draw(kind, height, width, dice.of("scenery"))
    whole = flatten(LayerStack(height, width, (Layer("background", behind), Layer("character", picture))))
    image, steps = camera.take(whole, dice.of("camera"))
    return image, kind, steps


def framed(drawing: Drawing, shot: str, height: int, width: int, dice: Dice) -> Frame:
    """Where the drawing lies: the whole figure, or down to the knees, the hips, or the chest.

    A whole figure is all on the canvas but for wings, tail and what is held; otherwise arms may leave it, too.
    """
    boxes = np.array([bounds(f) for f in drawing.fragments if f.tag not in _SPREADING])
    left, top = map(float, boxes[:, :2].min(axis=0))
    right, bottom = map(float, boxes[:, 2:].max(axis=0))
    low, margin = _lower_edge(drawing.keypoints, shot, bottom), dice.uniform(0.02, 0.1)
    if shot != "full":
        shoulders = [drawing.keypoints[f"shoulder-{side}"][0] for side in "rl"]
        half = max(0.8 * abs(shoulders[1] - shoulders[0]), 0.62)
        left, right = sum(shoulders) / 2 - half, sum(shoulders) / 2 + half
    scale = min(
        height * (1 - margin - (margin if shot == "full" else 0)) / (low - top), width * (1 - margin) / (right - left)
    )
    free = width - (right - left) * scale
    x = width / 2 - (left + right) / 2 * scale + dice.near(0, 0.35) * free
    y = margin * height - top * scale
    room = height * (1 - margin) - y - low * scale  # left below, where the width decided the scale
    y += dice.uniform(0, 1) * max(room, 0) if shot == "full" else max(height - y - low * scale, 0)
    return Frame(height, width, scale, x, y)


_SPREADING = ("wings", "tail", "objects")
"""What may leave the canvas without harm to the picture."""


def _lower_edge(points: Mapping[str, tuple[float, float]], shot: str, bottom: float) -> float:
    hips, knees = (max(points[f"{joint}-l"][1], points[f"{joint}-r"][1]) for joint in ("hip", "knee"))
    return {"full": bottom, "knees": knees, "half": hips * 0.85, "bust": hips * 0.4}[shot]
