"""From slides to label maps."""

from __future__ import annotations

from histo.segmentation.exclusion import exclude, tabulate_exclusions
from histo.segmentation.ownership import keep_own
from histo.segmentation.structure import segment
from histo.segmentation.window import SlideWindow

__all__ = ["SlideWindow", "exclude", "keep_own", "segment", "tabulate_exclusions"]
