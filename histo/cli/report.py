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
    protocol: Annotated[
        str | None, typer.Option(help="A protocol to follow: its name, as nouri2014, or a TOML file.")
    ] = None,
    title: Annotated[str, typer.Option(help="Heading of the page.")] = "",
    out: Annotated[Path | None, typer.Option(help="The page; without it report.html in the results folder.")] = None,
) -> None:
    """Make the report page again: one HTML file with tables, figures and a picture of every section.

    The figures lie beside it, as SVG and with their numbers as CSV, in a folder named after the page.
    """
    from histo.report import Study

    study = Study.from_results(results, design=design)
    if protocol is not None:
        study = study.following(protocol)
    page = study.report(out or results / "report.html", title=title)
    stdout.print(str(page), markup=False)
