"""The study's report: tables, figures, pictures, on one self-contained HTML page."""

from __future__ import annotations

from histo.report.overlay import SectionView, draw_overlay
from histo.report.page import render_report
from histo.report.study import Study

__all__ = ["SectionView", "Study", "draw_overlay", "render_report"]
