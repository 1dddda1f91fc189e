"""Does it learn? See-through's method (arXiv 2602.03749) in small, from the first weight to the table of its module.

    python benchmarks/parts_study --folder STUDY --hours 2

Nothing is downloaded: art is drawn (`art`), a small autoencoder of SDXL's class learns it (`vae`), a decoder learns to
say alpha (`transparency`), a UNet of SDXL's class learns one part at a time (`stage-1`), then all parts of a picture
together, with the part-axis module and without (`stage-2`); the same of depth (`depth`). All that is taught but the VAE
is taught by the very code of train/, and measured on styles that nobody has seen; at last pictures go the whole way of
the product (`flow`). The command does what is next, leaves off when its time is over, and goes on when it is typed
again; what is done stays. Whatever is measured so far is written into docs/experiments/parts.md at the end of every
call. After `vae`, `--only transparency,stage-1,stage-2` and `--only depth` may run side by side, with `--threads 1`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # for what it shares with the other studies

from plan import Places, Study
from studies.command import ROOT, Command

STAGES = {
    "art": "art.draw",
    "vae": "autoencoder.train",
    "transparency": "trainings.transparency",
    "stage-1": "trainings.stage_1",
    "stage-2": "trainings.stage_2",
    "depth": "trainings.depth",
    "flow": "flow.measure",
}
"""Art is drawn without torch, all else works without the artist."""


def begun(places: Places) -> dict[str, Path]:
    """What may not change any more once it is there; trainings see to themselves."""
    return {"art": places.folder / "art", "vae": places.vae, "unet": places.base / "unet"}


main = Command(
    about=__doc__,
    settings=Study,
    places=Places,
    stages=STAGES,
    begun=begun,
    config=ROOT / "configs" / "study" / "parts.toml",
    page=ROOT / "docs" / "experiments" / "parts.md",
).main


if __name__ == "__main__":
    sys.exit(main())
