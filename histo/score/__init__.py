"""From the rows of a section to its scores."""

from __future__ import annotations

from histo.score.section import summarise_section

__all__ = ["summarise_section"]
