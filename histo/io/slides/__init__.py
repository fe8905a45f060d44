"""Slides of every format, read lazily at any µm/px."""

from __future__ import annotations

from histo.io.slides.opening import SLIDE_SUFFIXES, open_slide, slide_name
from histo.io.slides.slide import Slide, slide_from_array

__all__ = ["SLIDE_SUFFIXES", "Slide", "open_slide", "slide_from_array", "slide_name"]
