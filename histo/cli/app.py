"""The entry point: arguments in, exit code out."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from typer.main import get_command

from histo import __version__
from histo.cli.console import show_error, show_fault, stderr
from histo.cli.demo import demo
from histo.cli.doctor import doctor
from histo.cli.evaluate import evaluate
from histo.cli.info import info
from histo.cli.models import models
from histo.cli.report import report
from histo.cli.score import score
from histo.cli.study import study
from histo.cli.train import train
from histo.errors import HistoError

__all__ = ["COMMANDS", "main"]

COMMANDS: dict[str, Callable[..., None]] = {
    "demo": demo,
    "info": info,
    "score": score,
    "study": study,
    "report": report,
    "models": models,
    "train": train,
    "evaluate": evaluate,
    "doctor": doctor,
}
"""Subcommands in the order in which a new user meets them."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process if not given.

    Returns
    -------
    int
        0 if all was done, 1 if some slides failed, 2 if the command could not run, 130 if it was interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    # --debug is meant wherever it stands: who needs it has just typed the command without it.
    is_debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    with _log_to_stderr(is_debug=is_debug):
        return _run(arguments, is_debug=is_debug)


def _run(arguments: list[str], *, is_debug: bool) -> int:
    try:
        get_command(_app()).main(args=arguments, prog_name="histo")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except HistoError as error:
        show_error(error, is_debug=is_debug)
        return 2
    except Exception as error:  # noqa: BLE001 (Python's own exit code 1 would mean that some slides failed)
        show_fault(error, is_debug=is_debug)
        return 2
    return 0


def _app() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="rich")
    app.callback()(_global_options)
    for name, command in COMMANDS.items():
        app.command(name)(command)
    return app


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"histo {__version__}")
        raise typer.Exit


def _global_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and the log of every step.")] = False,
) -> None:
    """Measure small-intestine sections: villi, crypts, wall layers, per animal and group.

    The main job: [bold]histo score SLIDES... --design animals.csv --out results/[/bold]
    """


@contextmanager
def _log_to_stderr(*, is_debug: bool) -> Iterator[None]:
    """Log to stderr while a command runs; a program that calls `main` keeps the logging that it had."""
    handler = logging.StreamHandler(stderr.file)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("histo")
    before = logger.handlers, logger.level
    logger.handlers = [handler]
    # Without --debug the commands say themselves what matters.
    logger.setLevel(logging.DEBUG if is_debug else logging.ERROR)
    try:
        yield
    finally:
        logger.handlers, level = before
        logger.setLevel(level)
