"""``histo report``: make the page of a results folder again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from histo.cli.console import stdout

__all__ = ["report"]


def report(
    results: Annotated[Path, typer.Argument(help="Results folder of histo score.")],
    design: Annotated[
        Path | None, typer.Option(help="A mended design table; it replaces the one used when scoring.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The page; without it report.html in the results folder.")] = None,
) -> None:
    """Make the report page again: one HTML file with tables, figures and a picture of every section."""
    from histo.report import Study

    page = Study.from_results(results, design=design).report(out or results / "report.html")
    stdout.print(str(page), markup=False)
