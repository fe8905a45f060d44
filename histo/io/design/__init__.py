"""The design table: read, checked whole, and looked up by slide or by animal."""

from __future__ import annotations

from histo.io.design.balance import confounding
from histo.io.design.catalogue import columns_markdown, known_column
from histo.io.design.cell import as_slide
from histo.io.design.column import DesignColumn
from histo.io.design.junction_protein import JUNCTION_PROTEINS, as_junction_protein
from histo.io.design.panel import Panel, StainedMarker, read_panel
from histo.io.design.table import Design, read_design

__all__ = [
    "JUNCTION_PROTEINS",
    "Design",
    "DesignColumn",
    "Panel",
    "StainedMarker",
    "as_junction_protein",
    "as_slide",
    "columns_markdown",
    "confounding",
    "known_column",
    "read_design",
    "read_panel",
]
