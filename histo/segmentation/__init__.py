"""From slides to label maps."""

from __future__ import annotations

from histo.segmentation.structure import SlideWindow, segment

__all__ = ["SlideWindow", "segment"]
