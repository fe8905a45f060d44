"""``histo study``: animals and groups of a results folder, compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from histo.cli.console import print_json, print_table, stdout

__all__ = ["study"]

_GROUP_COLUMNS = ["segment", "group", "timepoint", "endpoint", "mean", "sd", "ci_low", "ci_high", "n_animals"]
_CONTRAST_COLUMNS = [
    *("endpoint", "segment", "contrast", "n_animals_a", "n_animals_b"),
    *("estimate", "ci_low", "ci_high", "effect_size", "p", "p_adjusted"),
]


def study(
    results: Annotated[Path, typer.Argument(help="Results folder of histo score.")],
    design: Annotated[
        Path | None, typer.Option(help="A mended design table; it replaces the one used when scoring.")
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option(help="A measure of the sections table; without it the planned ones.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option(help='Group compared against, as "control" or "EAE @ 7"; without it the control.')
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the tables as JSON.")] = False,
) -> None:
    """Compare groups of animals: the animal is the unit, sections and villi are repeats.

    Nothing is scored again and no file is changed: a mended design table takes effect at once.
    """
    from histo.study import StudyTables

    tables = StudyTables.from_results(results, design=design)
    groups, contrasts = tables.groups(), tables.compare(endpoint, reference)
    if endpoint is not None:
        groups = groups[groups["endpoint"] == endpoint]
    if as_json:
        print_json({"groups": groups.to_dict("records"), "contrasts": contrasts.to_dict("records")})
        return
    print_table(groups[_GROUP_COLUMNS], title="Groups: mean over animals, 95 % interval")
    stdout.print()
    print_table(contrasts[_CONTRAST_COLUMNS], title="Contrasts: comparison minus reference")
    for line in dict.fromkeys([*contrasts["test"], *contrasts["correction"]]):
        if line:
            stdout.print(f"  {line}", style="dim", markup=False)
