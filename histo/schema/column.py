"""What a column and a table are, and the columns that tables have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["ALONG", "IDENTITY", "POINT", "Column", "Kind", "Table", "count", "flag", "number", "text"]

Kind = Literal["string", "int64", "float64", "bool"]


@dataclass(frozen=True)
class Column:
    """One column: its name carries the unit, its definition says what it measures."""

    name: str
    kind: Kind
    definition: str


@dataclass(frozen=True)
class Table:
    """One result table: what a row is, and its columns."""

    name: str
    row: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]


def text(name: str, definition: str) -> Column:
    """Define a column of words."""
    return Column(name, "string", definition)


def count(name: str, definition: str) -> Column:
    """Define a column of whole numbers."""
    return Column(name, "int64", definition)


def number(name: str, definition: str) -> Column:
    """Define a column of numbers, which may be missing."""
    return Column(name, "float64", definition)


def flag(name: str, definition: str) -> Column:
    """Define a column of True and False."""
    return Column(name, "bool", definition)


IDENTITY = (
    text("slide", "Name of the slide file without its extensions."),
    text("section", "Piece of gut on the slide: s1, s2, ... from top left to bottom right, or as the design names it."),
    text("animal", "Animal, the unit of analysis; empty without a design table."),
    text("group", "Experimental group; empty without a design table."),
    text("timepoint", "Days post immunisation, or any ordered factor, as the design writes it."),
    text("segment", "duodenum, jejunum or ileum, as the design writes it."),
)
"""The columns that every row of every per-section table carries first."""

POINT = "level-0 pixel of the slide"
ALONG = "along the mucosa-submucosa border, torn pieces in their order; a Swiss roll counts from its outer end; µm."
