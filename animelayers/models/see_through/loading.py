"""The networks of See-through from their files, on any rung of the ladder: hub ids, local folders, whole or in 4 bits.

Every tensor must be there, and none that a network does not know; nothing else is taken for a checkpoint of parts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import nn

from animelayers.errors import ModelError
from animelayers.models import hub, memory
from animelayers.models.base import Rung
from animelayers.models.diffusion import rungs
from animelayers.models.diffusion.folder import loaded, opening, read, require_tensors
from animelayers.models.see_through import conditioning
from animelayers.models.see_through.conditioning import PASSES
from animelayers.models.see_through.transparency import TransparentVAE
from animelayers.models.see_through.unet import LATENT, PartsUNet, translated

V3 = "layerdifforg/seethroughv0.0.2_layerdiff3d"
"""The released networks of parts on the hub: 23 tags and the head, in two passes."""
V2 = "layerdifforg/seethroughv0.0.1_layerdiff3d"
"""Those of the paper: 19 tags in one pass."""
V3_NF4 = "24yearsold/seethroughv0.0.2_layerdiff3d_nf4"
"""`V3` in 4 bits, for CUDA."""
DEPTH = "layerdifforg/seethroughv0.0.1_marigold"
"""The released network of depth."""
DEPTH_NF4 = "24yearsold/seethroughv0.0.1_marigold_nf4"
"""`DEPTH` in 4 bits, for CUDA."""
DEPTH_BEFORE = "24yearsold/seethroughv0.0.1_marigold"
"""Where `DEPTH` was before, and may be again in somebody's cache."""

Role = Literal["parts", "depth"]

KEPT = ("conv_in", "conv_out", "time_embedding", "add_embedding", "group_embeds", "group_embeds2")
"""Modules that stay in bf16 on every rung: all else passes through them, and together they are 0.5 % of the weights."""

_CHANNELS: dict[Role, int] = {"parts": 8, "depth": 12}
"""Of what the UNet sees: noisy latent and page; page, part and noisy depth."""
_RELEASED: dict[Role, str] = {
    "parts": f"the released ones are {V3} and {V2}",
    "depth": f"the released one is {DEPTH}",
}
_WHOLE = "name the folder that holds model_index.json, unet/ and vae/"


def parts_folder(weights: str | None = None, *, encoders: bool = False, offline: bool = False) -> Path:
    """Where a checkpoint of parts lies, which is fetched first if it is on the hub.

    Args:
        weights: a folder, or `owner/name` on the hub; None: `V3`.
        encoders: with its text encoders, 1.6 GB, needed until `conditioning.words` are kept.
        offline: open no connection.

    Raises:
        ModelError: there is none, or it cannot be had.
    """
    return hub.located(weights or V3, files=_files("unet", "vae", "trans_vae", encoders=encoders), offline=offline)


def depth_folder(weights: str | None = None, *, encoders: bool = False, offline: bool = False) -> Path:
    """The same of a checkpoint of depth; None: `DEPTH`, or where it was before."""
    files = _files("unet", "vae", "scheduler", encoders=encoders)
    if weights:
        return hub.located(weights, files=files, offline=offline)
    try:
        return hub.located(DEPTH, files=files, offline=offline)
    except ModelError as error:
        try:
            return hub.located(DEPTH_BEFORE, files=files, offline=offline)
        except ModelError:
            raise error from None


def version_of(folder: Path) -> str:
    """`v3` or `v2`: which of `PASSES` a checkpoint of parts has learnt.

    Raises:
        ModelError: it is none, or has learnt others.
    """
    config = _unet_config(folder, "parts")
    groups = tuple(config.get("group_embedding_num") or ()) if config.get("group_embedding") else ()
    version = config.get("tag_version") or ("v3" if groups else "v2")
    where = folder / "unet" / "config.json"
    if version not in PASSES:
        raise ModelError(f"{where} has tag_version {version!r}, wanted {' or '.join(PASSES)}", hint=_RELEASED["parts"])
    wanted = tuple(len(each.tags) for each in PASSES[version])
    if groups and groups != wanted:
        said = f"{where} has groups of {list(groups)} frames, wanted {list(wanted)} of {version}"
        raise ModelError(said, hint=_RELEASED["parts"])
    return str(version)


def outline(folder: Path, role: Role = "parts") -> PartsUNet:
    """The UNet without its weights, on the meta device: enough to count with.

    Raises:
        ModelError: the folder holds no such network.
    """
    config = _unet_config(folder, role)
    with torch.device("meta"), opening(folder / "unet"):
        return PartsUNet.from_config(config)


def estimates(
    folder: Path, device: torch.device, frames: int, side: int, role: Role = "parts"
) -> list[memory.Estimate]:
    """What the UNet takes on every rung that it can be had on, the best first, its VAEs beside it.

    Args:
        folder: of the checkpoint.
        device: where it will work.
        frames: denoised at once.
        side: px of the square page.
        role: of the checkpoint.

    Raises:
        ModelError: the folder holds no such network, or one in 4 bits for a device that has none.
    """
    unet = outline(folder, role)
    counted = memory.counted(unet)
    own = (name for name, layer in unet.named_modules() if not isinstance(layer, nn.Linear) and _has_own(layer))
    kept = (*KEPT, *own)
    active = memory.convolved(frames, (side // LATENT, side // LATENT), unet.config.block_out_channels[0])
    beside = sum(file.stat().st_size for part in ("vae", "trans_vae") for file in (folder / part).glob("*.safetensors"))
    return [
        memory.estimate(counted, active, rung, kept=kept, vae=beside, moved=memory.LEAF)
        for rung in _ladder(folder, device)
    ]


def load_unet(folder: Path, rung: Rung, device: torch.device, role: Role = "parts") -> PartsUNet:
    """The UNet, frozen and ready to work.

    Args:
        folder: of the checkpoint: `unet/`, `vae/` and so on lie in it.
        rung: one of `estimates`.
        device: where it works.
        role: of the checkpoint.

    Raises:
        ModelError: the folder holds something else, is damaged, or the device does not have that rung.
        MissingPackageError: `nf4` without bitsandbytes.
    """
    packed = bool(_unet_config(folder, role).get("quantization_config"))
    there = _ladder(folder, device)
    if rung not in there:
        said = f"memory {rung} cannot be had of {folder} on {device}"
        raise ModelError(said, hint=f"memory={' or '.join(there)}")
    rungs.check(rung, device)
    shapes = {name: tensor.shape for name, tensor in outline(folder, role).state_dict().items()}
    require_tensors(folder / "unet", shapes, _RELEASED[role])
    unet = loaded(PartsUNet, folder / "unet", **rungs.arguments(rung, device, KEPT, packed=packed))
    ready: PartsUNet = rungs.settled(unet, rung, device, KEPT, leaves=True)
    return ready


def load_vae(folder: Path, device: torch.device, *, tiling: bool = False) -> Any:
    """The autoencoder of pictures, frozen; bf16, on a CPU float32.

    Args:
        folder: of a checkpoint of parts or of depth.
        device: where it works.
        tiling: in overlapping tiles, for large pictures on small cards.

    Raises:
        ModelError: there is none, it is damaged, or another one.
    """
    config = read(folder / "vae" / "config.json", _WHOLE)
    found, channels = config.get("_class_name"), config.get("latent_channels")
    if found != AutoencoderKL.__name__ or channels != 4:
        said = f"{folder / 'vae'} is a {found} of {channels} latent channels, wanted {AutoencoderKL.__name__} of 4"
        raise ModelError(said, hint=_RELEASED["parts"])
    vae = loaded(AutoencoderKL, folder / "vae", torch_dtype=_dtype(device)).to(device)
    if tiling:
        vae.enable_tiling()
    return vae


def load_transparency(folder: Path, device: torch.device) -> TransparentVAE:
    """The networks that make pictures transparent, frozen; bf16, on a CPU float32.

    Raises:
        ModelError: there are none, they are damaged, or others.
    """
    own = folder / "trans_vae"
    config = read(own / "config.json", _RELEASED["parts"])
    if config.get("_class_name") != TransparentVAE.__name__:
        said = f"{own} is a {config.get('_class_name')}, wanted {TransparentVAE.__name__}"
        raise ModelError(said, hint=_RELEASED["parts"])
    with torch.device("meta"), opening(own):
        shapes = {name: tensor.shape for name, tensor in TransparentVAE.from_config(config).state_dict().items()}
    require_tensors(own, shapes, _RELEASED["parts"])
    ready: TransparentVAE = loaded(TransparentVAE, own, torch_dtype=_dtype(device)).to(device)
    return ready


def _files(*parts: str, encoders: bool) -> tuple[str, ...]:
    own = (f"{part}/*.{kind}" for part in parts for kind in ("json", "safetensors"))
    return ("model_index.json", conditioning.NAME, *own, *(conditioning.FILES if encoders else ()))


def _ladder(folder: Path, device: torch.device) -> tuple[Rung, ...]:
    """What a checkpoint can be had on; one in 4 bits stays so."""
    config = read(folder / "unet" / "config.json", _WHOLE)
    if not config.get("quantization_config"):
        return memory.ladder(device.type)
    if "nf4" not in memory.ladder(device.type):
        said = f"{folder} holds weights in 4 bits, which {device} cannot work with"
        raise ModelError(said, hint=f"take the whole ones: {V3} or {DEPTH}")
    return ("nf4",)


def _unet_config(folder: Path, role: Role) -> dict[str, Any]:
    """Of the UNet, if it is one of parts, or of their depth."""
    if folder.is_file():
        raise ModelError(f"{folder} is one file, wanted the folder that diffusers writes", hint=_RELEASED[role])
    config = read(folder / "unet" / "config.json", _WHOLE)
    named, channels = config.get("_class_name"), config.get("in_channels")
    if named == UNet2DConditionModel.__name__:
        said = f"{folder / 'unet'} is a stock {named}, whose pictures do not see each other"
        raise ModelError(said, hint=_RELEASED[role])
    with opening(folder / "unet"):
        translated(config)
    if channels != _CHANNELS[role]:
        other = next((f", so it is one of {each}" for each, count in _CHANNELS.items() if count == channels), "")
        said = f"{folder / 'unet'} sees {channels} channels{other}; wanted {_CHANNELS[role]} of {role}"
        raise ModelError(said, hint=_RELEASED[role])
    return config


def _has_own(layer: nn.Module) -> bool:
    """Whether a module has parameters that are in none of its own modules."""
    return any(True for _ in layer.parameters(recurse=False))


def _dtype(device: torch.device) -> torch.dtype:
    return torch.float32 if device.type == "cpu" else torch.bfloat16
