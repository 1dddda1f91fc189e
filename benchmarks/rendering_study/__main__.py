"""Does it learn? The method of arXiv 2603.14925 in small, from the first weight to the table of its ablation.

    python benchmarks/rendering_study --folder STUDY --hours 2

Nothing is downloaded: art is drawn (`art`), a small RGBA autoencoder learns it (`vae`), a small transformer of the
released class learns to take it apart into objects, as the released one has (`base`), and then adapters for rendering
layers are taught by the very code of train/lora.py and measured on styles that nobody has seen (`runs`). The command
does what is next, leaves off when its time is over, and goes on when it is typed again; what is done stays. Whatever is
measured so far is written into docs/experiments/rendering.md at the end of every call.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # for what it shares with the other studies

from plan import Places, Study
from studies.command import ROOT, Command

STAGES = {"art": "art.draw", "vae": "autoencoder.train", "base": "generic.train", "runs": "adapters.train"}
"""Art is drawn without torch, all else works without the artist."""


def begun(places: Places) -> dict[str, Path]:
    """What may not change any more once it is there."""
    return {"art": places.folder / "art", "vae": places.vae, "base": places.transformer}


main = Command(
    about=__doc__,
    settings=Study,
    places=Places,
    stages=STAGES,
    begun=begun,
    config=ROOT / "configs" / "study" / "study.toml",
    page=ROOT / "docs" / "experiments" / "rendering.md",
).main


if __name__ == "__main__":
    sys.exit(main())
