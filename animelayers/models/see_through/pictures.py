"""Pictures ↔ latents of parts. Alpha is straight everywhere, and nothing here is drawn: noise is handed in.

A page goes in as what the VAE makes of its colour alone. A part comes out of two networks: the VAE decodes a picture,
and the transparency decoder says of that and of the latent what is there. Where half precision overflows, what came out
is made again in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from torch import Tensor

from animelayers.color import clear_hidden
from animelayers.errors import ModelError
from animelayers.models.base import OnStep
from animelayers.models.see_through.transparency import SIDE, TransparentVAE, require_size
from animelayers.models.see_through.unet import LATENT
from animelayers.raster import tight_box
from animelayers.stack import Rgba

Box = tuple[int, int, int, int]
"""`(top, left, bottom, right)`, px, the last two exclusive; multiples of 64."""

Run = Callable[[Tensor], Tensor]


# --- in


def page_seen(page: Rgba) -> Tensor:
    """What the VAE sees of a page, uint8 [h, w, 4] → float32 [3, h, w], −1..1: black where nothing is."""
    return 2 * argb(page)[1:] - 1


def argb(rgba: Rgba) -> Tensor:
    """uint8 [h, w, 4], straight alpha → float32 [4, h, w], 0..1, alpha first, colour under alpha 0 black."""
    swapped = clear_hidden(rgba).transpose(2, 0, 1)[[3, 0, 1, 2]]
    return torch.from_numpy(np.ascontiguousarray(swapped, np.float32)) / 255


def part_seen(argb: Tensor) -> Tensor:
    """What the VAE sees of parts, [n, 4, h, w], 0..1 → [n, 3, h, w], −1..1: fading to grey where alpha does."""
    return (2 * argb[:, 1:] - 1) * argb[:, :1]


@torch.no_grad()
def posterior(vae: Any, seen: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of latents, not scaled, float32 [n, 4, h/8, w/8], of [n, 3, h, w], −1..1.

    Raises:
        ModelError: they are no numbers, even in float32.
    """

    def moments(seen: Tensor) -> Tensor:
        said: Tensor = vae.encode(seen.to(vae.dtype)).latent_dist.parameters
        return said.float()

    found = DiagonalGaussianDistribution(_finite(moments, seen, vae))
    return found.mean, found.std


def page_latent(vae: Any, page: Rgba, noise: Tensor | None = None) -> Tensor:
    """The condition of all frames of a page, scaled, float32 [4, h/8, w/8], on the VAE's device.

    Args:
        vae: an `AutoencoderKL`.
        page: uint8 [h, w, 4]; only its colour is seen, and none that is hidden.
        noise: by which the posterior is sampled, [4, h/8, w/8]; None: its mean.
    """
    mean, std = posterior(vae, page_seen(page)[None].to(vae.device))
    return _sampled(vae, mean, std, noise)[0]


def part_target(vae: Any, argb: Tensor, noise: Tensor | None = None, offset: TransparentVAE | None = None) -> Tensor:
    """The latents of parts that a UNet learns to make, scaled, float32 [n, 4, h/8, w/8].

    Args:
        vae: an `AutoencoderKL`.
        argb: [n, 4, h, w], 0..1, straight alpha.
        noise: by which the posterior is sampled, as large as the latents; None: its mean.
        offset: hides alpha in the latents, in the place of noise; its weights get no gradient.
    """
    mean, std = posterior(vae, part_seen(argb))
    if offset is not None:
        with torch.no_grad():
            noise = offset.offset(argb.to(offset.dtype)).float()
    return _sampled(vae, mean, std, noise)


def _sampled(vae: Any, mean: Tensor, std: Tensor, noise: Tensor | None) -> Tensor:
    latent = mean if noise is None else mean + std * noise.to(mean)
    scaled: Tensor = latent * vae.config.scaling_factor
    return scaled


# --- out


@torch.no_grad()
def decoded(
    vae: Any,
    decoder: Any,
    latents: Tensor,
    page_alpha: npt.NDArray[np.uint8],
    *,
    batch: int = 1,
    tile: int | None = None,
    boxes: Sequence[Box | None] | None = None,
    on_frame: OnStep | None = None,
) -> npt.NDArray[np.uint8]:
    """Layers, uint8 [f, h, w, 4], straight alpha, (0, 0, 0, 0) where alpha is 0. Levels are rounded, not truncated.

    Args:
        vae: an `AutoencoderKL`.
        decoder: a `TransparencyDecoder`, or a `TransparentVAE`.
        latents: scaled, [f, 4, h/8, w/8], on the device of the networks.
        page_alpha: [h, w]; nothing is more opaque than the page.
        batch: frames decoded at a time, which changes memory and time only.
        tile: side, px, a multiple of 64 from 128; decode in overlapping tiles of it, in less memory. Approximate, since
            normalisation and attention see no further than a tile.
        boxes: where each frame has something, None for nowhere: nothing else is decoded. Approximate likewise.
        on_frame: told after every batch how many frames are done.

    Raises:
        ModelError: sides are no multiples of 64 px, or what comes out is no number, even in float32.
    """
    frames, _, *grid = latents.shape
    height, width = (LATENT * side for side in grid)
    require_size(height, width)
    _require_tile(tile)
    places: Sequence[Box | None] = [(0, 0, height, width)] * frames if boxes is None else boxes
    limit = torch.from_numpy(np.asarray(page_alpha, np.float32) / 255).to(latents.device)
    clean = latents.float() / vae.config.scaling_factor
    out = np.zeros((frames, height, width, 4), np.uint8)
    done = places.count(None)
    for group in _batches(places, batch):
        cuts = {at: _slices(box) for at, box in group}
        found = torch.stack([clean[at, :, *_slices(box, LATENT)] for at, box in group])
        said = _tiled(lambda cut: _argb(vae, decoder, cut), found, tile)
        for layer, (at, cut) in zip(said, cuts.items(), strict=True):
            out[at][cut] = _rgba(layer, limit[cut])
        done += len(group)
        if on_frame is not None:
            on_frame(done, frames)
    return out


def filled(latents: Tensor, empty: Tensor, *, threshold: float, margin: int = SIDE) -> list[Box | None]:
    """Where frames may have something: boxes for `decoded`, found without decoding.

    Args:
        latents: [f, 4, h/8, w/8], h and w multiples of 64 px.
        empty: of a frame with nothing, [4, h/8, w/8], as `part_target` makes it of zeros.
        threshold: how far a latent may be from an empty one, in any channel, and still count as empty.
        margin: px that boxes grow by on every side before they are aligned to multiples of 64.
    """
    there = ((latents - empty).abs().amax(1) > threshold).cpu().numpy()
    size = LATENT * there.shape[1], LATENT * there.shape[2]
    return [_grown(tight_box(mask), margin, size) if mask.any() else None for mask in there]


def _grown(box: Box, margin: int, size: tuple[int, int]) -> Box:
    """A box of latents as one of px, grown outwards to multiples of 64 within the picture."""
    top, left, bottom, right = (LATENT * edge for edge in box)
    first = [max(0, edge - margin) // SIDE * SIDE for edge in (top, left)]
    last = [min(side, -(-(edge + margin) // SIDE) * SIDE) for edge, side in zip((bottom, right), size, strict=True)]
    return first[0], first[1], last[0], last[1]


def _batches(places: Sequence[Box | None], batch: int) -> Iterator[tuple[tuple[int, Box], ...]]:
    """Frames with their boxes, those of one size together."""

    def size(item: tuple[int, Box]) -> tuple[int, int]:
        _, (top, left, bottom, right) = item
        return bottom - top, right - left

    there = sorted(((at, box) for at, box in enumerate(places) if box is not None), key=size)
    for _, same in groupby(there, size):
        alike = tuple(same)
        yield from (alike[at : at + batch] for at in range(0, len(alike), batch))


def _slices(box: Box, px: int = 1) -> tuple[slice, slice]:
    top, left, bottom, right = (edge // px for edge in box)
    return slice(top, bottom), slice(left, right)


def _argb(vae: Any, decoder: Any, latents: Tensor) -> Tensor:
    """What both networks say of latents, not scaled: float32 [n, 4, h, w], A, R, G, B, 0..1."""

    def both(latents: Tensor) -> Tensor:
        pixel = vae.decode(latents.to(vae.dtype), return_dict=False)[0] / 2 + 0.5
        kind = next(decoder.parameters()).dtype
        said: Tensor = decoder(pixel.to(kind), latents.to(kind))
        return said.float()

    return _finite(both, latents, vae, decoder).clamp(0, 1)


def _rgba(argb: Tensor, limit: Tensor) -> npt.NDArray[np.uint8]:
    """[4, h, w], 0..1, and the page's alpha, [h, w] → uint8 [h, w, 4]."""
    rgba = torch.stack([*argb[1:], argb[0] * limit], dim=-1)
    levels = (rgba * 255 + 0.5).floor().to(torch.uint8).cpu().numpy()
    return clear_hidden(levels)


# --- half precision


def _finite(run: Run, given: Tensor, *networks: Any) -> Tensor:
    """`run(given)`, float32, of which the rows that are no numbers are made again with the networks in float32.

    Raises:
        ModelError: they are none then either.
    """
    said = run(given)
    bad = ~said.isfinite().flatten(1).all(1)
    if not bad.any():
        return said
    with _in_float32(*networks):
        again = run(given[bad])
    if not again.isfinite().all():
        name = type(networks[0]).__name__
        raise ModelError(
            f"what {name} makes of {int(bad.sum())} of {len(bad)} frames is no number, even in float32",
            hint="the checkpoint is damaged, or what came before ran in float16: --memory bf16 or float32",
        )
    said[bad] = again
    return said


@contextmanager
def _in_float32(*networks: Any) -> Iterator[None]:
    kinds = [next(network.parameters()).dtype for network in networks]
    try:
        for network in networks:
            network.to(torch.float32)
        yield
    finally:
        for network, kind in zip(networks, kinds, strict=True):
            network.to(kind)


# --- tiles


def _require_tile(tile: int | None) -> None:
    if tile is not None and (tile < 2 * SIDE or tile % SIDE):
        raise ModelError(
            f"tiles are multiples of {SIDE} px, {2 * SIDE} px or more, got {tile}", hint=f"{8 * SIDE} suits most cards"
        )


def _tiled(run: Run, latents: Tensor, tile: int | None) -> Tensor:
    """`run(latents)`, [n, 4, 8h, 8w], in tiles that overlap by a quarter and fade into each other."""
    height, width = (LATENT * side for side in latents.shape[-2:])
    tops, lefts = _starts(height, tile), _starts(width, tile)
    if len(tops) == len(lefts) == 1:
        return run(latents)
    total = latents.new_zeros(len(latents), 4, height, width)
    weight = latents.new_zeros(height, width)
    for top in tops:
        for left in lefts:
            box = top, left, min(height, top + (tile or height)), min(width, left + (tile or width))
            here, cut = _slices(box), _slices(box, LATENT)
            said = run(latents[..., *cut])
            share = _fade(said.shape[-2]).to(said)[:, None] * _fade(said.shape[-1]).to(said)
            total[..., *here] += said * share
            weight[here] += share
    return total / weight


def _starts(side: int, tile: int | None) -> list[int]:
    """Where tiles begin along a side, px."""
    if tile is None or tile >= side:
        return [0]
    return [*range(0, side - tile, _stride(tile)), side - tile]


def _stride(tile: int) -> int:
    """From tile to tile, px: at most three quarters of one, on the decoder's coarsest grid."""
    return tile * 3 // 4 // SIDE * SIDE


def _fade(length: int) -> Tensor:
    """Weights along a tile: rising over a quarter of it, 1, and falling."""
    place = torch.arange(length) + 0.5
    return (torch.minimum(place, length - place) / (length / 4)).clamp(max=1)
