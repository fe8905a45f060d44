"""The bar that a terminal shows: how much is done, how fast, how long it will take."""

from __future__ import annotations

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from histo.cli.console import stderr

__all__ = ["rate_bar"]


def rate_bar(*, is_shown: bool = True) -> Progress:
    """Make a bar on stderr whose tasks have a field ``rate``; where stderr is no terminal it shows nothing."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=stderr,
        disable=not (is_shown and stderr.is_terminal),
    )
