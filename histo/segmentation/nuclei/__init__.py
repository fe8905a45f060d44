"""From slides to cells: where each nucleus lies, how large it is, of which class, and how strongly stained."""

from __future__ import annotations

from histo.segmentation.nuclei.detect import detect_cells, stream_cells
from histo.segmentation.nuclei.options import DEFAULT_MODELS, CellOptions, CellStain
from histo.segmentation.nuclei.place import compartments_at

__all__ = ["DEFAULT_MODELS", "CellOptions", "CellStain", "compartments_at", "detect_cells", "stream_cells"]
