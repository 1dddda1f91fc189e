"""What parts and depth begin with besides the autoencoder: sizes, words drawn by chance, first weights."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from first_weights import let_through
from plan import Places, Study, UnetSettings

from animelayers.handoff.files import replacing_folder
from animelayers.models.see_through import conditioning
from animelayers.models.see_through.conditioning import EMPTY
from animelayers.models.see_through.transparency import TransparentVAE
from animelayers.models.see_through.unet import LATENT, Words
from animelayers.training.depth.networks import SEEN
from animelayers.training.parts.start import TAGS

LATENT_CHANNELS = 4
TIME = 16
"""Width of the embedding of each of the six sizes that SDXL is told."""


def sizes(settings: UnetSettings, side: int, channels: int) -> dict[str, Any]:
    """The configuration of a `UNet2DConditionModel`, JSON values.

    Args:
        settings: how large it is.
        side: of pages, px.
        channels: of what it sees.
    """
    levels = len(settings.widths)
    return {
        "sample_size": side // LATENT,
        "in_channels": channels,
        "out_channels": LATENT_CHANNELS,
        "down_block_types": ["CrossAttnDownBlock2D"] * levels,
        "up_block_types": ["CrossAttnUpBlock2D"] * levels,
        "block_out_channels": list(settings.widths),
        "layers_per_block": 1,
        "attention_head_dim": [width // settings.head for width in settings.widths],
        "transformer_layers_per_block": settings.transformers,
        "norm_num_groups": settings.groups,
        "cross_attention_dim": settings.words[1],
        "use_linear_projection": True,
    }


def write(study: Study, places: Places) -> None:
    """The base of parts, but for its VAE, which comes after: its UNet, and words of all tags."""
    tokens, width = study.unet.words
    generator = torch.Generator().manual_seed(0)
    said = Words(*(torch.randn(len(TAGS), *shape, generator=generator) for shape in ((tokens, width), (width,))))
    conditioning.save(places.base / conditioning.NAME, TAGS, said)
    added = {
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": TIME,
        "projection_class_embeddings_input_dim": width + 6 * TIME,
    }
    torch.manual_seed(0)  # of the first weights
    unet = UNet2DConditionModel(**sizes(study.unet, study.vae.side, LATENT_CHANNELS), **added)
    last = unet.up_blocks[-1]
    let_through(unet, last.resnets[-1], slice(None), power=1.0, after=last.attentions[-1].proj_out)
    _store(unet, places.base / "unet")


def write_transparency(study: Study, places: Places) -> None:
    """What the transparency decoder begins with: it says the colours of the VAE's picture, and no alpha."""
    if (places.transparency_base / "trans_vae").exists():
        return
    torch.manual_seed(0)  # of the first weights
    made = TransparentVAE(**study.transparency.network)
    decoder: Any = made.decoder["model"]
    let_through(decoder, decoder.up_blocks[-1].resnets[-1], slice(1, None), power=0.3)
    _store(made, places.transparency_base / "trans_vae")


def _store(made: Any, target: Path) -> None:
    with replacing_folder(target) as folder:
        made.save_pretrained(folder)


def write_depth(study: Study, places: Places) -> None:
    """The base of depth, whole: the VAE of parts, a UNet that knows nothing, and words of no text."""
    if places.depth_base.exists():
        return
    tokens, width = study.unet.words
    torch.manual_seed(0)  # of the first weights
    with replacing_folder(places.depth_base) as folder:
        shutil.copytree(places.base / "vae", folder / "vae")
        UNet2DConditionModel(**sizes(study.unet, study.vae.side, SEEN)).save_pretrained(folder / "unet")
        conditioning.save(folder / conditioning.NAME, [EMPTY], Words(torch.randn(1, tokens, width)))
