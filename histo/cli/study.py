"""``histo study``: animals and groups of a results folder, compared, and the study's questions answered."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from histo.cli.console import print_json, stdout

__all__ = ["study"]


class _Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    TIDY = "tidy"


class _Question(StrEnum):
    ONSET = "onset"
    PROGRESSION = "progression"
    BARRIER = "barrier"
    SEGMENT = "segment"
    ALL = "all"


def _list_protocols(is_wanted: bool) -> None:
    if is_wanted:
        from histo.study.protocol import list_protocols, load_protocol

        for name in list_protocols():
            typer.echo(f"{name}  {load_protocol(name).title}")
        raise typer.Exit


def study(
    results: Annotated[Path, typer.Argument(help="Results folder of histo score.", show_default=False)],
    design: Annotated[Path | None, typer.Option(metavar="TABLE", help="A mended design table.")] = None,
    protocol: Annotated[str | None, typer.Option(metavar="NAME", help="A protocol's name or TOML file.")] = None,
    _is_list_wanted: Annotated[
        bool, typer.Option("--list-protocols", callback=_list_protocols, is_eager=True, help="Name them.")
    ] = False,
    question: Annotated[
        list[_Question] | None,
        typer.Option(metavar="WHICH", help="onset, progression, barrier, segment, all."),
    ] = None,
    endpoint: Annotated[str | None, typer.Option(metavar="COLUMN", help="One measure of the sections.")] = None,
    reference: Annotated[str | None, typer.Option(metavar="ARM", help='Compare with control, "EAE @ 7".')] = None,
    margin: Annotated[float | None, typer.Option(metavar="SIZE", help="Test the endpoint for equivalence.")] = None,
    as_published: Annotated[
        bool, typer.Option("--as-published", help="The wrong p on sections, beside the right.")
    ] = False,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write the tables into it.")] = None,
    form: Annotated[
        _Format,
        typer.Option("--format", metavar="FORM", help="text, json or tidy: CSV for R, Prism.", show_default=False),
    ] = _Format.TEXT,
    as_json: Annotated[bool, typer.Option("--json", hidden=True)] = False,
) -> None:
    """Compare groups of animals, never of sections. Nothing is scored again."""
    from histo.cli.study_view import show_answers
    from histo.study.answers import Asking, answer, write_answers
    from histo.study.tables import StudyTables

    tables = StudyTables.from_results(results, design=design)
    if protocol is not None:
        tables = tables.following(protocol)
    asked = tuple(str(name) for name in question or ())
    answers = answer(tables, Asking(endpoint, reference, asked, margin, as_published))
    if as_json or form is _Format.JSON:
        print_json(answers.records())
    elif form is _Format.TIDY and out is None:
        sys.stdout.write(tables.tidy().to_csv(index=False, lineterminator="\n"))
    elif form is _Format.TEXT:
        show_answers(tables, answers)
    if out is not None:
        for path in write_answers(out, tables, answers, is_tidy=form is _Format.TIDY):
            stdout.print(f"written: {path}", style="dim", markup=False)
