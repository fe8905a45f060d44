"""Slides in, annotations, design table and results: everything that touches files."""

from __future__ import annotations

from histo.io.slides import Slide, open_slide, slide_from_array

__all__ = ["Slide", "open_slide", "slide_from_array"]
