"""Where the command line writes: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import sys
import traceback

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from histo.errors import HistoError

__all__ = ["print_json", "print_table", "show_error", "show_fault", "stderr", "stdout"]

stdout = Console(highlight=False, soft_wrap=True)
stderr = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: object) -> None:
    """Write a value to stdout as JSON."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def print_table(table: pd.DataFrame, title: str = "") -> None:
    """Write a table to stdout, numbers to three digits that matter."""
    shown = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for name in table.columns:
        is_number = pd.api.types.is_numeric_dtype(table[name])
        shown.add_column(escape(str(name)), justify="right" if is_number else "left", overflow="fold")
    for row in table.itertuples(index=False):
        shown.add_row(*(_cell(value) for value in row))
    stdout.print(shown)


def show_error(error: HistoError, *, is_debug: bool) -> None:
    """Say what is wrong, what was expected, what was found and what to do next."""
    if is_debug:
        stderr.print(escape("".join(traceback.format_exception(error))))
    where = "" if error.file is None else f"{error.file}: "
    stderr.print(f"[bold red]Error:[/] {escape(where + error.what)}")
    for name, text in (("expected", error.expected), ("got", error.got)):
        if text is not None:
            stderr.print(f"  [dim]{name:<9}[/]{escape(text)}")
    if error.next_step is not None:
        stderr.print(f"  [dim]{'next':<9}[/]{escape(error.next_step)}")


def show_fault(error: Exception, *, is_debug: bool) -> None:
    """Say that histo itself is at fault."""
    if is_debug:
        stderr.print(escape("".join(traceback.format_exception(error))))
    stderr.print(f"[bold red]Error:[/] {escape(f'{type(error).__name__}: {error}')}")
    stderr.print("  [dim]next     [/]This is a fault of histo. Run it again with --debug and report what it shows.")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"  # noqa: PLR0124
    return escape(str(value))
