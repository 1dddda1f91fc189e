"""What layers of held-out styles come to, as sampled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from plan import Places, Study
from scores import layer_scores
from studies import report

from animelayers.color import matte
from animelayers.models.see_through import conditioning, loading, pictures
from animelayers.models.see_through.conditioning import HEAD_TAG
from animelayers.models.see_through.denoise import Noise, Plan, denoised
from animelayers.models.see_through.transparency import TransparentVAE
from animelayers.models.see_through.unet import PartsUNet, Words
from animelayers.stack import Rgba
from animelayers.training.parts.latents import GROUPS
from animelayers.training.parts.networks import Beginning
from animelayers.training.parts.start import TAGS
from animelayers.training.parts_art import View, open_parts
from animelayers.training.pictured import save_rows

CPU = torch.device("cpu")
TRUTH, CEILING, ALONE = "truth", "ceiling", "stage-1"
"""What is there besides runs: the true parts, the same through the autoencoders, and stage 1, one part at a time."""
GREY = (128, 128, 128)
"""The ground on which layers are shown."""
DECODED = 8
"""Frames that are decoded at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """One of a held-out picture."""

    group: int
    """Of the passes: the body, or the head."""
    rgba: Rgba
    """uint8 [r, r, 4]: what the networks see."""
    true: Mapping[str, Rgba]
    """Tag → uint8 [r, r, 4]."""


Pages = Mapping[str, list[Page]]
"""Id of a sample → its pages."""
Make = Callable[[int, Page], Mapping[str, Rgba]]
"""What is made of a page, of the so-manieth picture."""


class Ruler:
    """Measures models of parts."""

    def __init__(self, study: Study, places: Places) -> None:
        self.study, self.places = study, places
        self.how = str(study.measure.steps)

    def begin(self) -> None:
        """Measure what is there before any run of stage 2."""
        if not self.has(CEILING):
            self._shown(TRUTH, lambda _, page: page.true)
            self._measured(CEILING, self._round_trip)
        if not self.has(ALONE):
            self._sampled(ALONE, Beginning.of(self.places.stage_1, None, 2).network().eval().unet)

    def has(self, name: str) -> bool:
        """Whether something is measured as the study wants it."""
        return self.how in report.figures(self.places.layers, name)

    def taught(self, name: str, folder: Path) -> None:
        """Measure a run."""
        self._sampled(name, loading.load_unet(folder, "float32", CPU))

    def _sampled(self, name: str, unet: PartsUNet) -> None:
        plan = Plan(self.study.measure.steps)

        def make(number: int, page: Page) -> Mapping[str, Rgba]:
            frames = GROUPS[page.group]
            words = self.words.rows([TAGS.index(tag) for tag in frames.tags])
            condition = pictures.page_latent(self.vae, page.rgba)
            with torch.autocast("cpu", torch.bfloat16, enabled=self.study.precision == "bf16"):
                found = denoised(unet, condition, words, frames, Noise(number), plan)
            return self._decoded(found.latents, page)

        self._measured(name, make)

    def _round_trip(self, _: int, page: Page) -> Mapping[str, Rgba]:
        wanted = torch.stack([pictures.argb(rgba) for rgba in page.true.values()])
        return self._decoded(pictures.part_target(self.vae, wanted), page)

    def _decoded(self, latents: torch.Tensor, page: Page) -> Mapping[str, Rgba]:
        found = pictures.decoded(self.vae, self.transparency, latents, page.rgba[..., 3], batch=DECODED)
        return dict(zip(GROUPS[page.group].tags, found, strict=True))

    def _measured(self, name: str, make: Make) -> None:
        kept: dict[tuple[int, int], Mapping[str, Rgba]] = {}
        found = {}
        for number, (sample, pages) in enumerate(self.pages.items()):
            true: dict[str, Rgba] = {}
            made: dict[str, Rgba] = {}
            for page in pages:
                layers = kept[number, page.group] = make(number, page)
                true |= {tag: rgba for tag, rgba in page.true.items() if tag != HEAD_TAG}
                made |= layers
            found[sample] = layer_scores(true, made, self.study.measure.square)
        self._shown(name, lambda number, page: kept[number, page.group])
        report.keep(self.places.layers, name, {self.how: found})

    def _shown(self, name: str, make: Make) -> None:
        """Pages and their layers of some pictures, evenly taken from all: a row for each page."""
        count = min(self.study.measure.sheets, len(self.pages))
        every = list(enumerate(self.pages.values()))
        rows = [
            [matte(rgba, GREY) for rgba in (page.rgba, *make(number, page).values())]
            for number, pages in (every[place * len(every) // count] for place in range(count))
            for page in pages
        ]
        save_rows(rows, self.places.layers / f"{name}.png")

    @cached_property
    def pages(self) -> Pages:
        art = open_parts(self.places.art("held-out"))
        return {art[index].id: list(self._pages(art[index])) for index in range(len(art))}

    def _pages(self, one: Any) -> Iterator[Page]:
        side = self.study.vae.side
        for group, frame in enumerate((one.whole_page(side), one.head_page(side))):
            if frame is not None:
                view, tags = View(one, frame), GROUPS[group].tags
                yield Page(group, view.page, dict(zip(tags, view.frames(tags), strict=True)))

    @cached_property
    def vae(self) -> Any:
        return loading.load_vae(self.places.base, CPU)

    @cached_property
    def transparency(self) -> TransparentVAE:
        return loading.load_transparency(self.places.transparency, CPU)

    @cached_property
    def words(self) -> Words:
        return conditioning.words(self.places.base, TAGS, None, CPU)
