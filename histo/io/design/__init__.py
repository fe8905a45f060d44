"""The design table: read, checked whole, and looked up by slide."""

from __future__ import annotations

from histo.io.design.columns import as_slide
from histo.io.design.panel import Panel, StainedMarker, read_panel
from histo.io.design.table import Design, read_design

__all__ = ["Design", "Panel", "StainedMarker", "as_slide", "read_design", "read_panel"]
