"""Does it learn? The method of arXiv 2603.14925 in small, from the first weight to the table of its ablation.

    python benchmarks/rendering_study --folder STUDY --hours 2

Nothing is downloaded: art is drawn (`art`), a small RGBA autoencoder learns it (`vae`), a small transformer of the
released class learns to take it apart into objects, as the released one has (`base`), and then adapters for rendering
layers are taught by the very code of train/lora.py and measured on styles that nobody has seen (`runs`). The command
does what is next, leaves off when its time is over, and goes on when it is typed again; what is done stays. Whatever is
measured so far is written into docs/experiments/rendering.md at the end of every call.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from plan import Places, Session, Study

from animelayers.cli.console import answered
from animelayers.errors import DataError
from animelayers.handoff.files import replacing
from animelayers.training import settings

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "configs" / "study" / "study.toml"
PAGE = ROOT / "docs" / "experiments" / "rendering.md"
NEEDS = 'pip install -c constraints.txt -e ".[train]"'

Stage = Callable[[Study, Places, Session], bool]
"""Does what of it is next, until it is done or the session over; whether it is done."""


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, metavar="STUDY", help="where all of it lies")
    parser.add_argument("--hours", type=float, default=float("inf"), help="after which to leave off")
    parser.add_argument("--stage", choices=STAGES, default=list(STAGES)[-1], help="go no further than this")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes that draw (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="of PyTorch; 0: as many as it likes")
    parser.add_argument("--page", type=Path, default=PAGE, help="default: docs/experiments/rendering.md")
    parser.add_argument("--config", type=Path, default=CONFIG, metavar="FILE", help="default: configs/study/study.toml")
    parser.add_argument("overrides", nargs="*", metavar="NAME=VALUE", help="changed settings: base.steps=5000")
    options = parser.parse_intermixed_args(argv)
    if options.hours <= 0 or options.jobs < 1 or options.threads < 0:
        parser.error("--hours is more than 0, --jobs at least 1, --threads at least 0")
    return options


def _art(study: Study, places: Places, session: Session) -> bool:
    import art

    return art.draw(study.art, places, session)


def _vae(study: Study, places: Places, session: Session) -> bool:
    import autoencoder

    return autoencoder.train(study, places, session)


def _base(study: Study, places: Places, session: Session) -> bool:
    import generic

    return generic.train(study, places, session)


def _runs(study: Study, places: Places, session: Session) -> bool:
    import adapters

    return adapters.train(study, places, session)


STAGES: dict[str, Stage] = {"art": _art, "vae": _vae, "base": _base, "runs": _runs}
"""In their order. Art is drawn without torch, all else works without the artist."""


def begin(study: Study, places: Places) -> None:
    """Write down what the study is, unless another one lies there.

    What has not begun may still change, and so may how long a stage learns and how often it reports.

    Raises:
        DataError: another one does.
    """
    path, now = places.folder / "study.json", study.model_dump(mode="json")
    begun = {"art": places.folder / "art", "vae": places.vae, "base": places.transformer}
    if path.exists():
        before = json.loads(path.read_text("utf-8"))
        changed = [
            f"{part}.{name}"
            for part, folder in begun.items()
            for name, value in now[part].items()
            if folder.exists() and name not in ("steps", "report") and before[part].get(name) != value
        ]
        if changed:
            raise DataError(f"{places.folder} holds another study: {', '.join(changed)} differ", hint="another folder")
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(now, indent=1) + "\n", "utf-8")


def study(options: argparse.Namespace) -> None:
    """Do what is next."""
    told = settings.load(Study, options.config, options.overrides)
    places = Places(options.folder)
    session = Session(options.hours, log=places.folder / "study.log", jobs=options.jobs)
    begin(told, places)
    if options.threads:
        import torch

        torch.set_num_threads(options.threads)
    for name, stage in STAGES.items():
        if not stage(told, places, session):
            session.say(f"{name}: to be continued; the same command goes on")
            break
        session.say(f"{name}: done")
        if name == options.stage:
            break
    if places.measured.is_dir():
        import page

        page.write(told, places, options.page)
        session.say(str(options.page))


def main(argv: list[str] | None = None) -> int:
    """Do what is next; 0 done or to be continued, 1 failed, 2 usage, 130 Ctrl-C."""
    options = arguments(argv)
    return answered(lambda: study(options), needs=NEEDS, stopped="stopped; the same command goes on")


if __name__ == "__main__":
    sys.exit(main())
