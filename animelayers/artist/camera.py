"""What happens to a picture between the artist and the person who opens it: resampling, codecs, noise, texture."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from animelayers.artist.dice import Dice
from animelayers.color import to_uint8
from animelayers.stack import Rgba

Rgb = np.ndarray
"""uint8 [h, w, 3]."""

FULL = 1000
"""Longer side from which on a picture bears the strongest of everything, px; small ones keep their few pixels."""


def take(image: Rgba, dice: Dice) -> tuple[Rgba, list[str]]:
    """An opaque picture, uint8 [h, w, 4], as it might be met, and what was done to it; in place pixel for pixel.

    Two in five are left as they are: most users bring clean files.
    """
    if dice.chance(0.4):
        return image, []
    steps = [name for name in STEPS if dice.of(name).chance(CHANCES[name])]
    rgb = np.ascontiguousarray(image[..., :3])
    for name in steps:
        rgb = STEPS[name](rgb, dice.of(name))
    return np.dstack([rgb, image[..., 3]]), steps


def strength(rgb: Rgb) -> float:
    """How much a picture bears: 1 at `FULL` px, 0.35 at the smallest."""
    return float(np.clip(max(rgb.shape[:2]) / FULL, 0.35, 1))


def _resampled(rgb: Rgb, dice: Dice) -> Rgb:
    height, width = rgb.shape[:2]
    share = 1 - strength(rgb) * dice.uniform(0.05, 0.5)
    small = cv2.resize(rgb, (max(int(width * share), 8), max(int(height * share), 8)), interpolation=cv2.INTER_AREA)
    way = dice.pick([cv2.INTER_CUBIC, cv2.INTER_LINEAR, cv2.INTER_LANCZOS4])
    return np.asarray(cv2.resize(small, (width, height), interpolation=way))


def _blurred(rgb: Rgb, dice: Dice) -> Rgb:
    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), 0.25 + strength(rgb) * dice.uniform(0.15, 0.85)))


def _sharpened(rgb: Rgb, dice: Dice) -> Rgb:
    soft = cv2.GaussianBlur(rgb, (0, 0), 1.2).astype(np.float32)
    return to_uint8(rgb + strength(rgb) * dice.uniform(0.3, 1.0) * (rgb - soft))


def _textured(rgb: Rgb, dice: Dice) -> Rgb:
    """Paper, or the faint mottle of generated pictures: noise of a few pixels' size."""
    grain = cv2.GaussianBlur(bell(rgb.shape[:2], dice), (0, 0), dice.uniform(0.8, 2.5))
    contrast = dice.uniform(1.0, 3.5) / max(float(grain.std()), 1e-6)
    return to_uint8(rgb + contrast * grain[..., None])


def _noisy(rgb: Rgb, dice: Dice) -> Rgb:
    return to_uint8(rgb + dice.uniform(1.0, 5.0) * bell(rgb.shape, dice))


def _jpeg(rgb: Rgb, dice: Dice) -> Rgb:
    return _through(rgb, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, _quality(rgb, dice, 45)])


def _webp(rgb: Rgb, dice: Dice) -> Rgb:
    return _through(rgb, ".webp", [cv2.IMWRITE_WEBP_QUALITY, _quality(rgb, dice, 50)])


def _quality(rgb: Rgb, dice: Dice, worst: int) -> int:
    """Of a codec: its blocks are 8 px whatever the size of the picture."""
    return dice.integer(round(96 - strength(rgb) * (96 - worst)), 96)


def _through(rgb: Rgb, suffix: str, options: list[int]) -> Rgb:
    _, data = cv2.imencode(suffix, rgb[..., ::-1], options)
    back = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
    return np.ascontiguousarray(back[..., ::-1])


STEPS: dict[str, Callable[[Rgb, Dice], Rgb]] = {
    "texture": _textured,
    "resample": _resampled,
    "blur": _blurred,
    "sharpen": _sharpened,
    "noise": _noisy,
    "jpeg": _jpeg,
    "webp": _webp,
}
"""In the order in which they happen."""
CHANCES = {"texture": 0.2, "resample": 0.35, "blur": 0.15, "sharpen": 0.2, "noise": 0.2, "jpeg": 0.5, "webp": 0.12}


def bell(shape: tuple[int, ...], dice: Dice) -> np.ndarray:
    """Float32 noise of mean 0 and standard deviation 1, from raw PCG64 bits, whose sequence numpy promises to keep."""
    count = int(np.prod(shape))
    bits = np.random.PCG64(dice.integer(0, 2**62)).random_raw((count * 4 + 7) // 8).astype("<u8").view(np.uint8)
    levels = bits[: count * 4].reshape(-1, 4).sum(axis=1, dtype=np.float32)
    return np.asarray((levels - 510) / np.float32(147.8)).reshape(shape)
