"""What a column of a design table is: its meaning, what may stand in it, and of what it is a property."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from histo.io.design.cell import Number, as_name

__all__ = ["DesignColumn", "Scope"]

Scope = Literal["section", "slide", "arm", "animal", "visit"]
"""Of what a column is a property: a visit is an animal at one timepoint, an arm a group at one timepoint."""


@dataclass(frozen=True)
class DesignColumn:
    """A column that histo knows.

    Parameters
    ----------
    name : str
        As it stands in `Design.table`.
    expected : str
        Which cells it takes, in words.
    definition : str
        What it means, with its unit.
    read : callable
        What a cell that is not empty is read as; None when it is not one of those expected.
    kind : {"str", "float64", "bool"}
        Type of the column.
    scope : str
        Of what it is a property: rows of the same one have to agree, and an empty cell takes over what they say.
    units : mapping of str to int
        Units that the header may name in brackets, each with its power of ten of the column's own unit.
    is_required : bool
        Whether the table needs it, and a value in every row.
    """

    name: str
    expected: str
    definition: str
    read: Callable[[str], str | float | bool | None] = as_name
    kind: Literal["str", "float64", "bool"] = "str"
    scope: Scope = "section"
    units: Mapping[str, int] = field(default_factory=dict)
    is_required: bool = False

    def in_unit(self, unit: str) -> DesignColumn | None:
        """Make the column of a header that names a unit; None if it is none of its units."""
        exponent = self.units.get(_spelled(unit))
        if exponent is None or not isinstance(self.read, Number):
            return None
        return replace(self, read=replace(self.read, exponent=exponent))


def _spelled(unit: str) -> str:
    return unit.casefold().replace("μ", "u").replace("µ", "u").replace(" per ", "/").replace(" ", "")
