"""Which sections can be a study: each stands there once, and each animal is in one group."""

from __future__ import annotations

import pandas as pd

from histo.errors import InvalidDesign
from histo.schema import IDENTITY, check_table, table_schema

__all__ = ["admit_sections"]

_IDENTITY_NAMES = [column.name for column in IDENTITY]


def admit_sections(sections: pd.DataFrame) -> pd.DataFrame:
    """Bring a sections table into order and type, with empty names where they are missing.

    Raises
    ------
    InvalidTable
        If the table lacks columns.
    InvalidDesign
        If a section stands there twice, or an animal is in two groups; all such are in the message.
    """
    table = check_table(sections, table_schema("sections").columns)
    table[_IDENTITY_NAMES] = table[_IDENTITY_NAMES].fillna("").apply(lambda column: column.str.strip())
    problems = [*_repeated_sections(table), *_animals_in_two_groups(table)]
    if problems:
        raise InvalidDesign(
            "the sections cannot be given to animals: " + "; ".join(problems),
            next_step="Mend the design table and pass it again; nothing has to be scored anew.",
        )
    return table


def _repeated_sections(table: pd.DataFrame) -> list[str]:
    repeated = table[table.duplicated(["slide", "section"])].drop_duplicates(["slide", "section"])
    return [f"{row.slide}/{row.section} stands there more than once" for row in repeated.itertuples()]


def _animals_in_two_groups(table: pd.DataFrame) -> list[str]:
    known = table[table["animal"] != ""]
    n_groups = known.groupby("animal")["group"].unique()
    return [
        f"animal {animal} is in {' and '.join(sorted(groups))}"
        for animal, groups in n_groups.items()
        if len(groups) > 1
    ]
