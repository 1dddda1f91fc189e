"""What the study is told, and where its things lie. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from studies.art import ArtSettings
from studies.session import Folder

from animelayers.training.settings import Count, OptimiserSettings, ReportSettings, Settings


class VaeSettings(Settings):
    """The autoencoder, of SDXL's class, for layers and depth alike; and the pages that all networks see."""

    side: Annotated[int, Field(ge=64, multiple_of=64)] = 128
    """Of the square pages, px."""
    widths: tuple[Count, Count, Count, Count] = (32, 64, 96, 96)
    """Of its levels, each a multiple of `groups`: 8 times it, or more, the last one 16 times."""
    groups: Count = 4
    """Of its normalisation."""
    crop: Annotated[int, Field(ge=16, multiple_of=8)] = 96
    """Side of the squares that are learnt, px."""
    squares: Count = 12
    """Cut out of the pages, parts and depths of every picture."""
    steps: Count = 2400
    kl: Annotated[float, Field(ge=0)] = 1e-5
    """Weight of the divergence from a normal distribution, a mean over elements; the picture's error has 1."""
    optimiser: OptimiserSettings = OptimiserSettings()
    report: ReportSettings = ReportSettings()


class UnetSettings(Settings):
    """The UNets, of SDXL's class: that of parts, and that of depth."""

    widths: Annotated[tuple[Count, ...], Field(min_length=2)] = (64, 128, 192)
    """Of its levels, each a multiple of `head` and of `groups`; all of them have attention."""
    head: Count = 32
    """Width of a head of attention."""
    groups: Annotated[int, Field(ge=4)] = 16
    """Of its normalisation, each of an even number of channels, four at least."""
    transformers: Count = 1
    """Blocks in each transformer."""
    words: tuple[Count, Count] = (2, 64)
    """Tokens of a tag, and their width. They are drawn by chance and stay: there is no text encoder."""


class Training(Settings):
    """One by the code of a door in train/."""

    config: Path
    """As the door takes it, from the root of the repository; places, page, precision and seed come from the study."""
    changes: tuple[str, ...] = ()
    """Of it: `dotted.name=value`."""


class Transparency(Training):
    """That of the transparency decoder."""

    network: dict[str, Any]
    """Sizes, in the words of `TransparentVAE`."""


class Variant(Settings):
    """One way to do stage 2."""

    part_axis: bool = True
    """Whether the module is taught by which frames see each other; if not, it stays as it begins, and says nothing."""
    changes: tuple[str, ...] = ()


class Joint(Training):
    """Stage 2, in some variants, which are all compared with the first."""

    variants: Annotated[dict[str, Variant], Field(min_length=1)]


class MeasureSettings(Settings):
    """How runs are compared."""

    steps: Count = 20
    """Of sampling parts."""
    square: Annotated[int, Field(ge=11)] = 256
    """Side to which the published benchmark stretches parts, px; there it is 1024."""
    sheets: Count = 3
    """Held-out pictures whose layers are shown."""


class Study(Settings):
    """Everything."""

    art: ArtSettings
    vae: VaeSettings = VaeSettings()
    unet: UnetSettings = UnetSettings()
    transparency: Transparency
    stage_1: Training
    stage_2: Joint
    depth_1: Training
    depth_2: Joint
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (0, 1)
    measure: MeasureSettings = MeasureSettings()
    precision: Literal["bf16", "float32"] = "bf16"
    """Of products of matrices; bf16 pays only on processors that have it."""

    def runs(self, joint: Joint) -> Iterator[tuple[str, int]]:
        """Variant and seed of every run: all of one seed before those of the next, so that what is there compares."""
        return ((name, seed) for seed in self.seeds for name in joint.variants)


@dataclass(frozen=True, slots=True)
class Places(Folder):
    """Where things lie; `base` has `vae/`, the sizes of a UNet, and the words of all tags."""

    @property
    def transparency(self) -> Path:
        """The training of the transparency decoder."""
        return self.folder / "training" / "transparency"

    @property
    def transparency_base(self) -> Path:
        """What that begins with."""
        return self.folder / "transparency-base"

    @property
    def stage_1(self) -> Path:
        """The training of one part at a time."""
        return self.folder / "training" / "stage-1"

    @property
    def depth_base(self) -> Path:
        """What depth begins with: the same VAE, a UNet of random weights, and its words."""
        return self.folder / "depth-base"

    @property
    def depth_1(self) -> Path:
        """The training of the depth of one part at a time."""
        return self.folder / "training" / "depth-1"

    def depth_run(self, variant: str, seed: int) -> Path:
        """The training of a variant of depth."""
        return self.folder / "depth-runs" / f"{variant}-{seed}"

    @property
    def layers(self) -> Path:
        """Figures of layers, as sampled."""
        return self.measured / "layers"

    @property
    def depth(self) -> Path:
        """Figures of depth."""
        return self.measured / "depth"

    @property
    def flow(self) -> Path:
        """Figures of what the product makes of both."""
        return self.measured / "flow"
