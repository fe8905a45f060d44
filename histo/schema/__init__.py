"""Every column of every result table: name, type, unit, definition.

This is the only place where column names are documented; the docs page, the empty tables and the checks on reading and
writing are made from it.
"""

from __future__ import annotations

from histo.schema.cell import CELL_PLACES, CELL_RATIOS, CELLS, CLUSTERING, DENSITIES, FOLLICLES, INFILTRATE
from histo.schema.check import check_table, empty_table
from histo.schema.column import IDENTITY, Column, Table
from histo.schema.junction import JUNCTION_CELLS, JUNCTION_FIELDS, JUNCTIONS
from histo.schema.level import ANIMALS, GROUPS, POWER, VARIANCE_COMPONENTS
from histo.schema.marker import POSITIVITY, THRESHOLDS
from histo.schema.question import AS_PUBLISHED, QUESTIONS
from histo.schema.score import SCORES
from histo.schema.section import CRYPTS, EXCLUSIONS, LAYERS, SECTIONS, UNITS, VILLI
from histo.schema.staining import STAINING, STAINING_CENSUS, STAINING_GAPS, STAINING_PROFILE, STAINING_REGIONS
from histo.schema.study import CONTRASTS, FAILURES
from histo.schema.table import BARRIER_TABLES, CELL_TABLES, STUDY_TABLES, TABLES, schema_markdown, table_schema

__all__ = [
    "ANIMALS",
    "AS_PUBLISHED",
    "BARRIER_TABLES",
    "CELLS",
    "CELL_PLACES",
    "CELL_RATIOS",
    "CELL_TABLES",
    "CLUSTERING",
    "CONTRASTS",
    "CRYPTS",
    "DENSITIES",
    "EXCLUSIONS",
    "FAILURES",
    "FOLLICLES",
    "GROUPS",
    "IDENTITY",
    "INFILTRATE",
    "JUNCTIONS",
    "JUNCTION_CELLS",
    "JUNCTION_FIELDS",
    "LAYERS",
    "POSITIVITY",
    "POWER",
    "QUESTIONS",
    "SCORES",
    "SECTIONS",
    "STAINING",
    "STAINING_CENSUS",
    "STAINING_GAPS",
    "STAINING_PROFILE",
    "STAINING_REGIONS",
    "STUDY_TABLES",
    "TABLES",
    "THRESHOLDS",
    "UNITS",
    "VARIANCE_COMPONENTS",
    "VILLI",
    "Column",
    "Table",
    "check_table",
    "empty_table",
    "schema_markdown",
    "table_schema",
]
