"""The transparency VAE: what a layer's latent says of its alpha, in the way of LayerDiffuse (arXiv 2402.17113, §3.1).

The decoder sees the picture that the VAE decodes, and the latent itself, and says alpha and the colour below it. The
encoder hides alpha in a latent as an offset that the VAE's own decoder hardly notices. Names and shapes of all tensors
are those of the public checkpoints of See-through, so that they load strictly. Alpha is the first channel everywhere
here: A, R, G, B.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from diffusers.models.unets.unet_2d_blocks import UNetMidBlock2D, get_down_block, get_up_block
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from animelayers.errors import ModelError

SIDE = 64
"""Px of which both sides of a picture are multiples: the decoder halves them six times."""
OFFSET = 300.0
"""Standard deviations of the VAE's posterior to one unit of the encoder's output."""

_DOWN = ("DownBlock2D",) * 4 + ("AttnDownBlock2D",) * 3
_UP = ("AttnUpBlock2D",) * 3 + ("UpBlock2D",) * 4
_LATENT_LEVEL = 3
"""The level of the decoder at whose entrance the picture is as small as its latent."""
_STOCK: dict[str, Any] = {
    "temb_channels": None,
    "resnet_eps": 1e-5,
    "resnet_act_fn": "silu",
    "resnet_groups": 4,
    "attention_head_dim": 8,
}
"""What all blocks have in common."""


class TransparencyDecoder(nn.Module):
    """UNet1024 of LayerDiffuse: decoded picture and latent → alpha and colour. It knows no time."""

    def __init__(self, block_out_channels: Sequence[int] = (32, 32, 64, 128, 256, 512, 512), layers: int = 2) -> None:
        """
        Args:
            block_out_channels: of the seven levels, each a multiple of 8.
            layers: residual blocks of a level on the way down; one more on the way up.
        """
        super().__init__()
        widths = tuple(block_out_channels)
        first, last, deepest = widths[0], len(widths) - 1, widths[-1]
        self.conv_in = nn.Conv2d(3, first, 3, padding=1)
        self.latent_conv_in = nn.Conv2d(4, widths[_LATENT_LEVEL - 1], 1)
        # Without training, the latent says nothing beyond the picture.
        nn.init.zeros_(self.latent_conv_in.weight)
        nn.init.zeros_(self.latent_conv_in.bias)
        self.down_blocks = nn.ModuleList(
            get_down_block(
                kind,
                num_layers=layers,
                in_channels=before,
                out_channels=width,
                add_downsample=level < last,
                downsample_padding=1,
                **_STOCK,
            )
            for level, (kind, before, width) in enumerate(zip(_DOWN, (first, *widths[:-1]), widths, strict=True))
        )
        rising = widths[::-1]
        self.up_blocks = nn.ModuleList(
            get_up_block(
                kind,
                num_layers=layers + 1,
                in_channels=skipped,
                out_channels=width,
                prev_output_channel=before,
                add_upsample=level < last,
                **_STOCK,
            )
            for level, (kind, skipped, width, before) in enumerate(
                zip(_UP, (*rising[1:], first), rising, (deepest, *rising[:-1]), strict=True)
            )
        )
        self.mid_block = UNetMidBlock2D(in_channels=deepest, **_STOCK)
        self.conv_norm_out = nn.GroupNorm(_STOCK["resnet_groups"], first, eps=_STOCK["resnet_eps"])
        self.conv_out = nn.Conv2d(first, 4, 3, padding=1)

    def forward(self, pixel: Tensor, latent: Tensor) -> Tensor:
        """What is there, [n, 4, h, w]: A, R, G, B, 0..1 but not clipped.

        Args:
            pixel: the VAE's picture of the latent, 0..1, [n, 3, h, w].
            latent: not scaled, as the VAE decodes it, [n, 4, h/8, w/8].

        Raises:
            ModelError: a side of the picture is no multiple of 64 px.
        """
        require_size(*pixel.shape[-2:])
        stream = self.conv_in(pixel)
        skips = [stream]
        for level, block in enumerate(self.down_blocks):
            if level == _LATENT_LEVEL:
                stream = stream + self.latent_conv_in(latent)
            stream, passed = block(stream)
            skips += passed
        stream = self.mid_block(stream)
        for block in self.up_blocks:
            count = len(block.resnets)
            stream = block(stream, tuple(skips[-count:]))
            del skips[-count:]
        out: Tensor = self.conv_out(nn.functional.silu(self.conv_norm_out(stream)))
        return out


class TransparencyEncoder(nn.Module):
    """A, R, G, B, 0..1, [n, 4, h, w] → offset of the latent, [n, 4, h/8, w/8], in units of `OFFSET` deviations."""

    def __init__(self, block_out_channels: Sequence[int] = (32, 64, 128, 256)) -> None:
        super().__init__()
        first, *deeper = block_out_channels
        convs = [nn.Conv2d(4, first, 3, padding=1), nn.Conv2d(first, first, 3, padding=1)]
        for before, width in zip((first, *deeper[:-1]), deeper, strict=True):
            convs += [nn.Conv2d(before, width, 3, padding=1, stride=2), nn.Conv2d(width, width, 3, padding=1)]
        out = nn.Conv2d(convs[-1].out_channels, 4, 3, padding=1)
        nn.init.zeros_(out.weight)
        nn.init.zeros_(out.bias)
        self.blocks = nn.Sequential(*(layer for conv in convs for layer in (conv, nn.SiLU())), out)

    def forward(self, argb: Tensor) -> Tensor:
        out: Tensor = self.blocks(argb)
        return out


class TransparentVAE(ModelMixin, ConfigMixin):
    """Both networks as a checkpoint holds them: the folder `trans_vae`."""

    _supports_gradient_checkpointing = True

    @register_to_config
    def __init__(
        self,
        block_out_channels: tuple[int, ...] = (32, 32, 64, 128, 256, 512, 512),
        layers_per_block: int = 2,
        encoder_channels: tuple[int, ...] = (32, 64, 128, 256),
    ) -> None:
        """Public checkpoints have no configuration, and these sizes."""
        super().__init__()
        self.decoder = nn.ModuleDict({"model": TransparencyDecoder(block_out_channels, layers_per_block)})
        self.encoder = nn.ModuleDict({"model": TransparencyEncoder(encoder_channels)})

    @classmethod
    def from_originals(cls, decoder: Path, encoder: Path, **sizes: Any) -> Self:
        """From the two files of LayerDiffuse, safetensors whose names lack our prefixes: where a training may begin.

        Args:
            decoder: its file.
            encoder: its file.
            sizes: of the networks, where they are not the public ones.

        Raises:
            ModelError: a file cannot be read, or is that of another network.
        """
        made = cls(**sizes)
        _load(made.decoder["model"], decoder)
        _load(made.encoder["model"], encoder)
        return made

    def forward(self, pixel: Tensor, latent: Tensor) -> Tensor:
        """As the decoder does."""
        out: Tensor = self.decoder["model"](pixel, latent)
        return out

    def offset(self, argb: Tensor) -> Tensor:
        """What alpha adds to a latent, in deviations of its posterior: [n, 4, h, w], 0..1 → [n, 4, h/8, w/8]."""
        out: Tensor = OFFSET * self.encoder["model"](argb)
        return out


def require_size(height: int, width: int) -> None:
    """
    Raises:
        ModelError: a side is no multiple of 64 px, or there is none.
    """
    if height % SIDE or width % SIDE or not height or not width:
        raise ModelError(
            f"the transparency decoder needs sides that are multiples of {SIDE} px, got {height} × {width}",
            hint=f"{_near(height)} × {_near(width)} is near",
        )


def _near(side: int) -> int:
    return max(SIDE, (side + SIDE // 2) // SIDE * SIDE)


def _load(network: nn.Module, file: Path) -> None:
    try:
        weights = load_file(file)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{file} cannot be read: {error}", hint="safetensors is wanted") from None
    try:
        network.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip()
        raise ModelError(
            f"{file} does not fit {type(network).__name__}: {first}",
            hint="the files are ld_diffusers_sdxl_vae_transparent_{decoder,encoder}.safetensors of LayerDiffuse",
        ) from None
