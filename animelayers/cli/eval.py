"""`animelayers eval …`: how well models do on a set of which every layer is known."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from animelayers.cli.console import DONE, FAILED, UsageError, complain, emit, progress, say
from animelayers.errors import ModelError
from animelayers.models import registry
from animelayers.workers import ending_well

if TYPE_CHECKING:
    from animelayers.evaluation.perceptual import Kind
    from animelayers.evaluation.prediction import Predictor
    from animelayers.evaluation.records import Run

EXAMPLES = """\
animelayers eval --set data/mine --model classic --model kmeans
animelayers eval --set data/mine --mode parts --model mean-position --predictions out/theirs --jobs 2
animelayers eval compare eval/mine/classic eval/mine/kmeans"""

SetFolder = Annotated[
    Path | None, typer.Option("--set", metavar="DIR", exists=True, file_okay=False, help="The set, or one sample.")
]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="ID", help="A model, or a baseline (kmeans, one-part, mean-position). Repeatable."),
]
Predictions = Annotated[
    list[Path] | None,
    typer.Option(
        "--predictions", metavar="DIR", exists=True, file_okay=False, help="Files named by sample. Repeatable."
    ),
]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="OUT", help="Default: eval/ and DIR's name.")]
Seen = Annotated[
    Literal["picture", "image"], typer.Option("--input", help="What models see: bare, or on its background.")
]
Seed = Annotated[int, typer.Option(metavar="N", min=0, help="For models that draw random numbers.")]
Jobs = Annotated[int, typer.Option(metavar="N", min=1, help="Samples at a time, each in its own process.")]
Limit = Annotated[int | None, typer.Option(metavar="N", min=1, help="Only the first N samples.")]
Published = Annotated[bool, typer.Option("--published", help="Also as See-through's paper measures parts.")]
Lpips = Annotated[bool, typer.Option("--lpips", help="Also LPIPS, by the weights that PyTorch keeps.")]
Weights = Annotated[Path | None, typer.Option(metavar="FILE", exists=True, help="Also VGG distance, by these weights.")]
Fid = Annotated[
    Path | None, typer.Option(metavar="FILE", exists=True, help="Also FID, by these weights; no --jobs, begins anew.")
]
NoPictures = Annotated[bool, typer.Option("--no-pictures", help="Draw no samples for the report.")]
AsJson = Annotated[bool, typer.Option("--json", help="The report as one line of JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Errors only.")]


def command(
    context: typer.Context,
    folder: SetFolder = None,
    models: Models = None,
    predictions: Predictions = None,
    output: Output = None,
    mode: Annotated[registry.Mode, typer.Option(help="How it was painted, or what it shows.")] = "rendering",
    seen: Seen = "picture",
    seed: Seed = 0,
    jobs: Jobs = 1,
    limit: Limit = None,
    published: Published = False,
    lpips: Lpips = False,
    vgg: Weights = None,
    fid: Fid = None,
    no_pictures: NoPictures = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Measure models on a set, and files that others made of it; report them side by side.

    Every model and every folder of predictions becomes a run, OUT/NAME; OUT/report.html, .md and .json
    hold all runs of this command. The same command goes on where it was stopped, and what is done is
    not done again.
    """
    if context.invoked_subcommand is not None:
        return DONE
    if folder is None or not (models or predictions):
        raise UsageError("eval needs a set and something to measure", hint="--set DIR, --model ID or --predictions DIR")
    from animelayers.data.hub import open_set
    from animelayers.evaluation.run import evaluate, survey

    predictors = _predictors(models or (), predictions or (), mode)
    measures = _measures(lpips, vgg, fid)
    opened, target = open_set(folder), output or Path("eval") / folder.resolve().name
    count = min(len(opened), limit or len(opened))
    run = partial(evaluate, mode=mode, seed=seed, input=seen, jobs=jobs, published=published, perceptual=measures)
    shown = not quiet and sys.stderr.isatty()
    with ending_well(), progress("samples", count * (1 + len(predictors)), shown=shown) as advance:
        found = survey(opened, limit=limit, jobs=jobs, advance=advance)
        runs = [
            run(found, predictor, folder=target / predictor.name, pictures=not no_pictures, advance=advance)
            for predictor in predictors
        ]
    return _report(runs, target, as_json=as_json, quiet=quiet)


def compare(
    a: Annotated[
        Path, typer.Argument(metavar="A", exists=True, file_okay=False, help="A run: OUT/NAME.", show_default=False)
    ],
    b: Annotated[
        Path, typer.Argument(metavar="B", exists=True, file_okay=False, help="Another one.", show_default=False)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="The comparison as one line of JSON.")] = False,
) -> int:
    """Compare two runs sample by sample: paired differences, and how far they could be luck.

    Differences are B - A. Only samples that both scored count.
    """
    from animelayers.evaluation.compare import compare as compared
    from animelayers.evaluation.compare import format_comparison
    from animelayers.evaluation.records import read_run

    found = compared(read_run(a), read_run(b))
    if as_json:
        emit(found.as_dict())
    else:
        say(format_comparison(found).rstrip())
    return DONE


def _predictors(models: Sequence[str], folders: Sequence[Path], mode: registry.Mode) -> list[Predictor]:
    """Who answers, in the order typed, models first.

    Raises:
        ModelError: an unknown model, or one that does not do this mode.
        DataError: a folder holds no predictions.
        UsageError: two have one name.
    """
    from animelayers.evaluation.sources import open_predictions

    found = [*(_model(model, mode) for model in models), *(open_predictions(folder, mode) for folder in folders)]
    for name, count in Counter(predictor.name.lower() for predictor in found).items():
        if count > 1:
            raise UsageError(f"{count} of these are called {name!r}", hint="rename the folder, or name each thing once")
    return found


def _model(model: str, mode: registry.Mode) -> Predictor:
    """A model of the table, or a baseline."""
    from animelayers.evaluation.baselines import BASELINES
    from animelayers.evaluation.run import ModelPredictor

    baselines = {name: baseline for name, baseline in BASELINES.items() if baseline.mode == mode}
    if model in baselines:
        return baselines[model]
    try:
        return ModelPredictor(registry.find(model, mode).id, mode)
    except ModelError as error:
        raise ModelError(str(error), hint=f"{error.hint}; baselines of this mode: {', '.join(baselines)}") from error


def _measures(lpips: bool, vgg: Path | None, fid: Path | None) -> dict[Kind, Path | None]:
    """The perceptual measures that were asked for, and their weights; opened once, before anything takes long.

    Raises:
        ModelError: the weights are missing, or are not what they should be.
        MissingPackageError: PyTorch or torchmetrics is missing.
    """
    from animelayers.evaluation.perceptual import open_perceptual

    asked: dict[Kind, Path | None] = {"lpips": None} if lpips else {}
    asked |= {"vgg": vgg} if vgg is not None else {}
    asked |= {"fid": fid} if fid is not None else {}
    for kind, weights in asked.items():
        open_perceptual(kind, weights)
    return asked


def _report(runs: Sequence[Run], folder: Path, *, as_json: bool, quiet: bool) -> int:
    """Write the reports, print the table, say what was not scored, and give the exit code."""
    from animelayers.evaluation.report import as_dict, as_text, write_reports
    from animelayers.evaluation.run import set_scores
    from animelayers.evaluation.summary import overview

    whole = {run.folder: scores for run in runs if (scores := set_scores(run.folder))}
    files = write_reports(runs, folder, whole)
    if as_json:
        emit(as_dict(overview(runs, whole)))
    elif not quiet:
        say(as_text(runs, whole))
        for file in files:
            say(str(file))
    code = DONE
    for run in runs:
        if missing := run.about.samples - len(run.scored):
            code = FAILED
            what = f"{missing} of {run.about.samples} samples were not scored ({_why(run)})"
            complain(f"{run.about.name}: {what}", f"see {folder / 'report.md'}")
    return code


def _why(run: Run) -> str:
    """`bug 2, no-prediction 1`."""
    codes = Counter(fault.code for record in run.records if not record.scored for fault in record.faults)
    return ", ".join(f"{code} {count}" for code, count in codes.most_common())


COMMANDS: dict[str, tuple[Callable[..., int], str, str]] = {
    "compare": (
        compare,
        "Compare two runs sample by sample.",
        "animelayers eval compare eval/mine/classic eval/mine/kmeans",
    ),
}
"""Every command of the group: its function, one line for the list, examples."""

app = typer.Typer(rich_markup_mode=None, add_completion=False)
app.callback(invoke_without_command=True, epilog=f"\b\n{EXAMPLES}")(command)
for name, (function, summary, examples) in COMMANDS.items():
    app.command(name, short_help=summary, epilog=f"\b\n{examples}")(function)
