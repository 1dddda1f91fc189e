"""Writing PSD and PSB: the structures are psd-tools', what goes into them is decided here.

A file has what Live2D's Cubism, CLIP STUDIO PAINT, Photoshop and the free editors need in common, and nothing else:
RGB, 8 bit, sRGB profile, RLE; layers cut to their tight box, each with its own alpha and never a mask; pass-through
groups; Unicode names beside unique ASCII ones; layer ids; a merged image on white whose fourth channel is declared
as transparency. `read_psd`, for files of any program, is in `psd_reader`.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from animelayers.color import bleed, matte
from animelayers.composite import NEUTRAL, flatten
from animelayers.errors import FormatError
from animelayers.handoff.files import replacing
from animelayers.handoff.naming import Entry, entries, renamed
from animelayers.handoff.psd_reader import MODES, read_psd, unsupported
from animelayers.handoff.xmp import packet
from animelayers.parts import RENDERING, Preset
from animelayers.raster import bands, trimmed
from animelayers.stack import Blend, Layer, LayerStack, Rgba

if TYPE_CHECKING:
    from psd_tools.psd.image_resources import ImageResources
    from psd_tools.psd.layer_and_mask import ChannelDataList, ChannelInfo, LayerInfo, LayerRecord

__all__ = ["read_psd", "unsupported", "write_psd"]

PSD_SIDE, PSB_SIDE = 30_000, 300_000
"""Largest canvas side (px) of the two formats."""
PSD_BYTES = 2 * 1024**3
"""Largest PSD file; PSB has no limit that matters."""

SLOTS = frozenset(term.name for term in RENDERING)
"""Layers that are written even when they are empty."""

BLEED = 8
"""Pixels that a Normal layer's colour reaches beyond its edge, under alpha 0: enough for mesh warps and mipmaps."""


def write_psd(stack: LayerStack, path: Path, *, names: Preset = Preset.SEE_THROUGH, dpi: int = 350) -> None:
    """Write `stack` as a layered PSD, or as PSB where the name ends in `.psb`.

    Same stack, same bytes. What is not written: a layer without a visible pixel, since an empty leaf becomes an empty
    mesh in a rig. The four rendering layers are the exception: whoever opens a rendering finds all four, every time.

    Args:
        stack: any stack; layers may reach over the canvas.
        path: a side beyond 30 000 px or more than 2 GiB needs `.psb`.
        names: whose names the file carries.
        dpi: resolution that print and drawing programs show; no pixel depends on it.

    Raises:
        FormatError: PSD cannot hold this much; the hint says what can.
        OutputError: the file cannot be written.
    """
    from psd_tools.constants import Compression
    from psd_tools.psd import PSD
    from psd_tools.psd.header import FileHeader
    from psd_tools.psd.image_data import ImageData
    from psd_tools.psd.layer_and_mask import LayerAndMaskInformation

    path = Path(path)
    version = 2 if path.suffix.lower() == ".psb" else 1
    kept = stack.replace(layers=tuple(tight for layer in stack if (tight := _tight(layer)) is not None))
    _check_sides(kept, version, path)
    roots = entries(kept, names)
    with ThreadPoolExecutor(1) as pool:
        flat = pool.submit(flatten, kept)  # numpy works while the coder, which holds Python's lock, is busy
        layers = _layer_info(roots, version)
        merged = _merged(flat.result(), version)
    if (
        version == 1
        and len(merged) + sum(len(c.data) for sheet in layers.channel_image_data for c in sheet) > PSD_BYTES
    ):
        raise FormatError("a PSD holds 2 GiB, these layers need more", hint=f"name it {path.stem}.psb")
    document = PSD(
        header=FileHeader(version=version, channels=4, height=stack.height, width=stack.width),
        image_resources=_resources(packet(stack.provenance, renamed(roots)), dpi),
        layer_and_mask_information=LayerAndMaskInformation(layers),
        image_data=ImageData(Compression.RLE, merged),
    )
    with replacing(path) as temporary, temporary.open("wb") as file:
        document.write(file)


def _check_sides(stack: LayerStack, version: int, path: Path) -> None:
    side = max(*stack.size, *(max(layer.height, layer.width) for layer in stack))
    if version == 1 and side > PSD_SIDE:
        raise FormatError(f"{side} px is more than a PSD's {PSD_SIDE}", hint=f"name it {path.stem}.psb")
    if side > PSB_SIDE:
        raise FormatError(f"{side} px is more than a PSB's {PSB_SIDE}", hint="make the picture smaller")


def _tight(layer: Layer) -> Layer | None:
    """As the file holds it, opacity in 255 steps, cut to what is visible; None for an empty layer that is no slot."""
    tight = trimmed(layer).replace(opacity=round(layer.opacity * 255) / 255)
    return tight if tight.rgba.size or layer.name in SLOTS else None


def _layer_info(roots: tuple[Entry, ...], version: int) -> LayerInfo:
    from psd_tools.psd.layer_and_mask import ChannelImageData, LayerInfo, LayerRecords

    # psd-tools declares its lists with type variables that nothing binds.
    pairs = list(_records(roots, version))
    # A negative count says that the merged image's fourth channel is the transparency.
    return LayerInfo(
        layer_count=-len(pairs),
        layer_records=LayerRecords([record for record, _ in pairs]),  # type: ignore[misc]
        channel_image_data=ChannelImageData([channels for _, channels in pairs]),  # type: ignore[misc]
    )


def _records(roots: tuple[Entry, ...], version: int) -> Iterator[tuple[LayerRecord, ChannelDataList]]:
    """Records bottom → top; a group is its end, what it holds, and its head."""
    from psd_tools.constants import BlendMode, SectionDivider, Tag
    from psd_tools.psd.layer_and_mask import LayerRecord

    nothing = np.zeros((0, 0, 4), np.uint8)
    for entry in roots:
        if entry.layer is not None:
            yield _record(entry, entry.layer), _channels(with_hidden_colour(entry.layer), version)
            continue
        end = LayerRecord(name="</Layer group>", channel_info=_channel_info())
        end.tagged_blocks.set_data(Tag.SECTION_DIVIDER_SETTING, SectionDivider.BOUNDING_SECTION_DIVIDER)
        end.tagged_blocks.set_data(Tag.UNICODE_LAYER_NAME, end.name)
        yield end, _channels(nothing, version)
        yield from _records(entry.children, version)
        head = LayerRecord(blend_mode=BlendMode.PASS_THROUGH, channel_info=_channel_info())
        head.tagged_blocks.set_data(
            Tag.SECTION_DIVIDER_SETTING, SectionDivider.OPEN_FOLDER, blend_mode=BlendMode.PASS_THROUGH
        )
        yield _named(head, entry), _channels(nothing, version)


def _record(entry: Entry, layer: Layer) -> LayerRecord:
    from psd_tools.constants import BlendMode
    from psd_tools.psd.layer_and_mask import LayerFlags, LayerRecord

    record = LayerRecord(
        top=layer.top,
        left=layer.left,
        bottom=layer.top + layer.height,
        right=layer.left + layer.width,
        channel_info=_channel_info(),
        blend_mode=BlendMode[MODES[layer.blend]],
        opacity=round(layer.opacity * 255),
        flags=LayerFlags(visible=layer.visible),
    )
    return _named(record, entry)


def _named(record: LayerRecord, entry: Entry) -> LayerRecord:
    """The Unicode name, the ASCII name for readers that know no other, and the id that re-imports go by."""
    from psd_tools.constants import Tag

    record.name = entry.slug
    record.tagged_blocks.set_data(Tag.UNICODE_LAYER_NAME, entry.shown)
    record.tagged_blocks.set_data(Tag.LAYER_ID, entry.id)
    return record


def _channel_info() -> list[ChannelInfo]:
    from psd_tools.psd.layer_and_mask import ChannelInfo

    return [ChannelInfo(id) for id in (-1, 0, 1, 2)]  # alpha, then red, green, blue


def _channels(rgba: Rgba, version: int) -> ChannelDataList:
    from psd_tools.constants import Compression
    from psd_tools.psd.layer_and_mask import ChannelData, ChannelDataList

    if rgba.size == 0:
        return ChannelDataList([ChannelData() for _ in range(4)])  # type: ignore[misc]
    coded = [ChannelData(Compression.RLE, _rle(rgba, channel, version)) for channel in (3, 0, 1, 2)]
    return ChannelDataList(coded)  # type: ignore[arg-type]


def _rle(rgba: Rgba, channel: int, version: int) -> bytes:
    """PackBits of one channel: the byte count of every row, then the rows."""
    from psd_tools.compression import encode_rle

    plane = cv2.extractChannel(rgba, channel)
    return encode_rle(plane.tobytes(), plane.shape[1], plane.shape[0], 8, version)


def _merged(flat: Rgba, version: int) -> bytes:
    """The merged image: colour matted on white, then alpha; one list of row counts for all four. Overwrites `flat`."""
    for rows, _, _ in bands(flat.shape[0], 256):
        flat[rows, :, :3] = matte(flat[rows])
    counts = flat.shape[0] * (2, 4)[version - 1]
    coded = [_rle(flat, channel, version) for channel in range(4)]
    return b"".join([plane[:counts] for plane in coded] + [plane[counts:] for plane in coded])


def with_hidden_colour(layer: Layer) -> Rgba:
    """Its pixels with a harmless colour under alpha 0: that of the nearest paint, or what the blend mode ignores.

    A soft brush, a mesh warp or a mipmap reads that colour and would show it as a fringe.
    """
    if layer.blend is not Blend.NORMAL:
        out = layer.rgba.copy()
        out[out[..., 3] == 0] = (*[NEUTRAL[layer.blend]] * 3, 0)
        return out
    out = np.empty_like(layer.rgba)
    for rows, read, inner in bands(layer.height, 256, halo=BLEED):  # a large layer at once would cost 20 bytes a pixel
        out[rows] = bleed(layer.rgba[read], BLEED)[inner]
    return out


def _resources(xmp: bytes, dpi: int) -> ImageResources:
    from psd_tools.constants import Resource
    from psd_tools.psd.image_resources import ImageResource, ImageResources, ResoulutionInfo, VersionInfo

    tool = "animelayers"
    data = {
        Resource.RESOLUTION_INFO: ResoulutionInfo(dpi << 16, 1, 1, dpi << 16, 1, 1).tobytes(),
        Resource.ICC_PROFILE: srgb_profile(),
        Resource.VERSION_INFO: VersionInfo(1, True, tool, tool, 1).tobytes(),
        Resource.XMP_METADATA: xmp,
    }
    resources = ImageResources()
    for key, value in data.items():
        resources[key] = ImageResource(key=key, data=value)
    return resources


def srgb_profile() -> bytes:
    """The sRGB profile of LittleCMS (CC0), without the hour it was made at."""
    from PIL import ImageCms

    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes.fromhex("07d000010001000000000000")  # bytes 24..35 of the header: date and time
    return bytes(profile)
