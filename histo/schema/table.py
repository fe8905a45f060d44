"""All tables by name."""

from __future__ import annotations

from histo.errors import InvalidArgument
from histo.schema.barrier import BATCH_BARRIER, STAINING_THRESHOLDS
from histo.schema.cell import CELL_PLACES, CELL_RATIOS, CELLS, CLUSTERING, DENSITIES, FOLLICLES, INFILTRATE
from histo.schema.column import IDENTITY, Table
from histo.schema.level import ANIMALS, GROUPS, POWER, VARIANCE_COMPONENTS
from histo.schema.marker import POSITIVITY, THRESHOLDS
from histo.schema.question import AS_PUBLISHED, QUESTIONS
from histo.schema.score import SCORES
from histo.schema.section import CRYPTS, EXCLUSIONS, LAYERS, SECTIONS, UNITS, VILLI
from histo.schema.study import CONTRASTS, FAILURES, OVERALL

__all__ = ["BARRIER_TABLES", "CELL_TABLES", "STUDY_TABLES", "TABLES", "schema_markdown", "table_schema"]

_OF_CELLS = (CELLS, DENSITIES, CELL_RATIOS, INFILTRATE, FOLLICLES, CLUSTERING, POSITIVITY)
_OF_SECTIONS = (SECTIONS, VILLI, CRYPTS, UNITS, LAYERS, EXCLUSIONS)

CELL_TABLES = (*(table.name for table in _OF_CELLS), THRESHOLDS.name)
"""Names of the tables that only a run that detects cells writes."""

BARRIER_TABLES = (*(table.name for table in BATCH_BARRIER), STAINING_THRESHOLDS.name)
"""Names of the tables that only a run with slides stained for a protein of junctions writes."""

STUDY_TABLES = tuple(table.name for table in (VARIANCE_COMPONENTS, POWER, OVERALL, QUESTIONS, AS_PUBLISHED))
"""Names of the tables that no run writes: they are made of its results when a study is asked."""

TABLES: dict[str, Table] = {
    table.name: Table(table.name, table.row, (*IDENTITY, *table.columns))
    for table in (*_OF_SECTIONS, *_OF_CELLS, SCORES)
}
TABLES |= {table.name: table for table in BATCH_BARRIER}
TABLES["staining_thresholds"] = STAINING_THRESHOLDS
TABLES["cells"] = Table("cells", CELLS.row, (*IDENTITY, *CELLS.columns, *CELL_PLACES))
TABLES["thresholds"] = THRESHOLDS
TABLES["animals"] = Table("animals", ANIMALS.row, (*IDENTITY[2:], *ANIMALS.columns))
TABLES["groups"] = Table("groups", GROUPS.row, (*IDENTITY[3:], *GROUPS.columns))
TABLES["variance_components"] = VARIANCE_COMPONENTS
TABLES["power"] = POWER
TABLES["contrasts"] = CONTRASTS
TABLES["overall"] = OVERALL
TABLES["questions"] = QUESTIONS
TABLES["as_published"] = AS_PUBLISHED
TABLES["failures"] = FAILURES


def table_schema(name: str) -> Table:
    """Look up a result table.

    Raises
    ------
    InvalidArgument
        If there is none of this name; the message lists those there are.
    """
    if name not in TABLES:
        raise InvalidArgument("unknown table", expected=f"one of {', '.join(TABLES)}", got=repr(name))
    return TABLES[name]


def schema_markdown() -> str:
    """Write the documentation of all tables, for the docs site."""
    parts = []
    for table in TABLES.values():
        parts.append(f"## {table.name}\n\nA row is {table.row}.\n\n| column | type | definition |\n|--|--|--|")
        parts.extend(f"| `{column.name}` | {column.kind} | {column.definition} |" for column in table.columns)
        parts.append("")
    return "\n".join(parts)
