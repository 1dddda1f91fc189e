"""The command line: one module a command, and nothing heavy imported before a command runs."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Annotated

import typer

from animelayers.cli import check, data, decompose, depth, eval, inspect, models, preview, vectorize
from animelayers.cli.console import FAILED, INTERRUPTED, USAGE, UsageError, complain, say, warnings_as_notes
from animelayers.errors import AnimeLayersError, ModelError

EXAMPLES = """\
animelayers decompose char.png    # char.psd: line, flat, shadow, highlight
animelayers decompose art/ -o out/ --format psd,html,sheet
animelayers check out/char.psd --source art/char.png"""

app = typer.Typer(
    name="animelayers",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
COMMANDS: dict[str, tuple[ModuleType, str]] = {
    "decompose": (decompose, "Take pictures apart into layered files."),
    "check": (check, "Lint layered files; measure what they flatten to."),
    "inspect": (inspect, "Print layers and figures of files or pictures."),
    "preview": (preview, "Write a layered file as one HTML page."),
    "vectorize": (vectorize, "Trace a picture into an SVG of curves."),
    "depth": (depth, "Say what of a picture was painted before what."),
    "models": (models, "List the models."),
}
"""Every command: its module (`command`, `EXAMPLES`), and one line for the list."""

GROUPS: dict[str, tuple[ModuleType, str]] = {
    "data": (data, "Check and show sets of training samples."),
    "eval": (eval, "Measure models on a set; compare two runs."),
}
"""Commands with commands of their own: the module (`app`, `COMMANDS`), and one line for the list. A group that does
something itself has `command` and `EXAMPLES`, too."""

KEEP_LINES = "\b\n"
"""Before a paragraph: it is printed as it is, not filled."""

for name, (module, summary) in COMMANDS.items():
    app.command(name, short_help=summary, epilog=KEEP_LINES + module.EXAMPLES)(module.command)
for name, (module, summary) in GROUPS.items():
    app.add_typer(module.app, name=name, short_help=summary)


def _version(wanted: bool) -> None:
    if wanted:
        from animelayers import __version__

        say(f"animelayers {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True, epilog=KEEP_LINES + EXAMPLES)
def root(
    context: typer.Context,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> int:
    """Take anime illustrations apart into layers; the stack flattens back to the input exactly.

    Exit codes: 0 done, 1 some inputs failed, 2 usage, 130 interrupted. Nothing is ever sent anywhere.
    """
    if context.invoked_subcommand is None:
        say(context.get_help())
        return USAGE
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run the command line with `argv` (default: the process's own) and return its exit code.

    Errors that a person can act on become `error:` and `hint:` lines on stderr. Anything else is a bug and
    keeps its traceback.
    """
    # What a damaged file makes its decoder mutter is said once, by us.
    warnings.filterwarnings("ignore", module=r"PIL\.|psd_tools\.")
    command = typer.main.get_command(app)
    try:
        with warnings_as_notes():
            code = command.main(args=argv, prog_name="animelayers", standalone_mode=False)
    except typer.TyperException as error:
        complain(error.format_message(), "animelayers --help, or animelayers COMMAND --help")
        return USAGE
    except (UsageError, ModelError) as error:
        complain(str(error), error.hint)
        return USAGE
    except AnimeLayersError as error:
        complain(str(error), error.hint)
        return FAILED
    if code == INTERRUPTED:  # what typer makes of Ctrl-C
        complain("interrupted", "nothing is half-written; decompose --resume, or the same eval, does the rest")
    return int(code or 0)
