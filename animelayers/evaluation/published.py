"""The published benchmark of See-through, faults included, and the rows that papers print.

The benchmark (`training/scripts/benchmark.py`, commit e4cb250) knows 19 tags. Each page is padded to a square around
its centre and resized. Where truth and prediction both show anything, both are cut to the box around both and stretched
to the square, so an earring counts as much as a coat. Three faults are part of the definition:

* its Dice lacks the factor 2: a perfect mask scores 0.5, a missing one 1, and one that is rightly empty 0;
* pages are resized with straight alpha, so the colour of transparent pixels darkens soft edges;
* PSNR and SSIM know the tags of the truth alone: a part that was invented costs nothing there.

LPIPS and FID of the paper are measured on the same squares; `perceptual` does not stretch, so its numbers are others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from animelayers.data.sample import Sample
from animelayers.evaluation.catalogue import PSNR_CEILING
from animelayers.evaluation.pieces import Piece, pieces_of, sheet
from animelayers.evaluation.prediction import Prediction, Scores
from animelayers.evaluation.similarity import ssim_map
from animelayers.parts import PAPER_MERGED, PAPER_PARTS
from animelayers.raster import tight_box
from animelayers.stack import Rgba

HAZE = 10
"""Alpha of at most this is nothing: it makes no box and is cut from the pictures. Masks keep it."""


@dataclass(frozen=True, slots=True)
class Published:
    """A table of a paper. Its pictures are not ours: never set a row of it against a number on other pictures."""

    paper: str
    source: str
    data: str
    """What was measured on."""
    nearest: Mapping[str, str]
    """Column → the metric of ours that is closest to it; equal in definition for `see_through.*` alone."""
    rows: Mapping[str, Mapping[str, float]]
    """Method → column → number."""


def _rows(columns: Iterable[str], text: str) -> dict[str, dict[str, float]]:
    """Lines of `method | number | …`."""
    cells = [line.split("|") for line in text.strip().splitlines()]
    return {name.strip(): dict(zip(columns, map(float, row), strict=True)) for name, *row in cells}


_PARTS = {
    "LPIPS": "perceptual.lpips",
    "PSNR": "see_through.psnr",
    "SSIM": "see_through.ssim",
    "Dice": "see_through.mask_dice",
    "MSE": "see_through.mask_mse",
    "FID": "perceptual.fid",
}
_DEPTH = {"AbsRel": "see_through.depth_abs_rel", "δ1": "see_through.depth_delta1"}
_RENDERING = {"PSNR": "raw.psnr", "SSIM": "raw.ssim", "LMSE": "raw.lmse_windowed"}
_THEIRS = "their test set, which is not public: not comparable with numbers on other pictures"

PUBLISHED: Mapping[str, Published] = {
    "see-through": Published(
        paper="See-through: layers of 19 parts",
        source="https://arxiv.org/abs/2602.03749",
        data=_THEIRS,
        nearest=_PARTS,
        rows=_rows(
            _PARTS,
            """
            SAM + LaMa           | .2880 | 12.28 | .8445 | .4336 | .1020 | 81.14
            mask-conditioned     | .2143 | 14.63 | .9090 | .8469 | .1470 | 74.15
            without their module | .1952 | 16.24 | .9053 | .6480 | .0640 | 16.71
            See-through          | .1549 | 18.30 | .9230 | .3855 | .0354 | 18.37
            """,
        ),
    ),
    "see-through depth": Published(
        paper="See-through: pseudo-depth of parts",
        source="https://arxiv.org/abs/2602.03749",
        data=_THEIRS,
        nearest=_DEPTH,
        rows=_rows(
            _DEPTH,
            """
            without their module | .1549 | .8427
            See-through          | .0943 | .9103
            """,
        ),
    ),
    "rendering layers": Published(
        paper="Rendering layers (line, flat, highlight, shadow), recomposed",
        source="https://arxiv.org/abs/2603.14925",
        data="their 108 generated pictures, which are not public: not comparable with numbers on other pictures",
        nearest=_RENDERING,
        rows=_rows(
            _RENDERING,
            """
            InformativeDrawings + FLUX Kontext | 11.37 | .6725 | .0794
            Ref2Sketch + FLUX Kontext          | 11.45 | .6974 | .0788
            without layer-wise loss            | 24.75 | .8845 | .0038
            without LSE                        | 27.38 | .9198 | .0019
            the paper                          | 27.79 | .9254 | .0017
            """,
        ),
    ),
}
"""Which table → its rows: their data, their numbers."""


def measure_published(sample: Sample, prediction: Prediction, target_size: int = 1024) -> Scores:
    """`see_through.psnr`, `.ssim`, `.mask_dice` and `.mask_mse`; nothing where the sample has no parts.

    Sides and strata are merged in their own order, tags by `PAPER_MERGED`. `hair` and `eyes` may also come whole.
    """
    if sample.parts is None:
        return {}
    truth, predicted = pieces_of(sample.parts), pieces_of(prediction.stack)
    sizes = sample.size, prediction.stack.size
    pages = ((_page(truth, tag, sizes[0]), _page(predicted, tag, sizes[1])) for tag in PAPER_PARTS)
    return _scores(pages, target_size)


def see_through_scores(truth: Mapping[str, Rgba], predicted: Mapping[str, Rgba], target_size: int = 1024) -> Scores:
    """The benchmark's numbers of one sample.

    Args:
        truth: tag of `PAPER_PARTS` → page, uint8 [h, w, 4]. A tag with a page counts as there, even an empty one.
        predicted: the same; any size, as pages that are no squares are padded to one. A missing page is an empty one.
        target_size: side of the squares that are compared, px; at least 11.

    Returns:
        `see_through.mask_dice` and `.mask_mse` over all 19 tags; `see_through.psnr` (dB, at most `PSNR_CEILING`) and
        `.ssim` if the truth has any tag.
    """
    return _scores(((truth.get(tag), predicted.get(tag)) for tag in PAPER_PARTS), target_size)


def mask_errors(truth: Rgba, predicted: Rgba) -> tuple[float, float]:
    """Their Dice loss, 1 − (Σpt + 1) / (Σp² + Σt² + 1), and mean (p − t)²: of alphas, 0..1, of pages of one size."""
    t, p = (np.ascontiguousarray(page[..., 3]) for page in (truth, predicted))
    energy = (cv2.norm(t, cv2.NORM_L2SQR) + cv2.norm(p, cv2.NORM_L2SQR)) / 255**2
    apart = cv2.norm(t, p, cv2.NORM_L2SQR) / 255**2
    shared = (energy - apart) / 2  # Σpt
    return 1 - (shared + 1) / (energy + 1), apart / t.size


def colour_errors(truth: Rgba, predicted: Rgba) -> tuple[float, float]:
    """Mean squared error, 0..1, and SSIM of two pages of one size on white."""
    t, p = _on_white(truth), _on_white(predicted)
    ssim = ssim_map(t, p, 255, relu=True).mean(dtype=np.float64)
    return cv2.norm(t, p, cv2.NORM_L2SQR) / (t.size * 255**2), float(ssim)


def _scores(pairs: Iterable[tuple[Rgba | None, Rgba | None]], side: int) -> Scores:
    masks, colours = [], []
    for truth, predicted in pairs:
        if truth is None and predicted is None:
            masks.append((0.0, 0.0))
            continue
        squares = _squares(truth, predicted, side)
        masks.append(mask_errors(*squares))
        if truth is not None:
            colours.append(colour_errors(*squares))
    dice, mask = np.mean(masks, axis=0)
    scores = {"see_through.mask_dice": float(dice), "see_through.mask_mse": float(mask)}
    if colours:
        error, ssim = np.mean(colours, axis=0)
        scores["see_through.psnr"] = min(PSNR_CEILING, float(-10 * np.log10(error))) if error else PSNR_CEILING
        scores["see_through.ssim"] = float(ssim)
    return scores


def _squares(truth: Rgba | None, predicted: Rgba | None, side: int) -> tuple[Rgba, Rgba]:
    """Both on squares of `side`: the box around both stretched to it, or the whole pages where one shows nothing."""
    a, b = (np.zeros((side, side, 4), np.uint8) if page is None else _square(page, side) for page in (truth, predicted))
    shown_a, shown_b = a[..., 3] > HAZE, b[..., 3] > HAZE
    if not (shown_a.any() and shown_b.any()):
        return a, b
    top, left, bottom, right = tight_box(shown_a | shown_b)
    box = np.s_[top:bottom, left:right]
    return _resized(a[box], side), _resized(b[box], side)


def _square(page: Rgba, side: int) -> Rgba:
    height, width = page.shape[:2]
    longer = max(height, width)
    top, left = (longer - height) // 2, (longer - width) // 2
    padded = np.zeros((longer, longer, 4), np.uint8)
    padded[top : top + height, left : left + width] = page
    return _resized(padded, side)


def _resized(page: Rgba, side: int) -> Rgba:
    if page.shape[:2] == (side, side):
        return page
    smaller = side * side < page.shape[0] * page.shape[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(page, (side, side), interpolation=how), np.uint8)


def _on_white(square: Rgba) -> npt.NDArray[np.uint8]:
    """uint8 [h, w, 3], rounded as Pillow rounds, without the haze."""
    clear = np.where(square[..., 3:] > HAZE, square, np.uint8(0))
    white = Image.new("RGBA", clear.shape[1::-1], (255, 255, 255, 255))
    return np.asarray(Image.alpha_composite(white, Image.fromarray(clear)))[..., :3]


def _page(pieces: Sequence[Piece], tag: str, size: tuple[int, int]) -> Rgba | None:
    """Those of a paper's tag on the whole canvas, uint8 [h, w, 4]; None where there is no pixel of them."""
    names = (tag, *PAPER_MERGED.get(tag, ()))
    own = [piece for name in names for piece in pieces if (piece.tag or piece.layer.name) == name]
    return sheet(own, (0, 0, *size)) if any(piece.layer.rgba.size for piece in own) else None
