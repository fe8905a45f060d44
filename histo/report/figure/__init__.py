"""The figures of the report: each drawn from tables, with its description and its numbers."""

from __future__ import annotations

from histo.report.figure.drawn import DrawnFigure

__all__ = ["DrawnFigure"]
