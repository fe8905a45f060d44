"""Markers: how strongly each cell is stained, in fluorescence and DAB."""

from __future__ import annotations

from histo.segmentation.marker.bleed_through import BleedThrough, correct_bleed_through, estimate_bleed_through
from histo.segmentation.marker.contrast import contrast_reach_px, measure_contrast
from histo.segmentation.marker.dab import nuclear_density, render_nuclei
from histo.segmentation.marker.foci import estimate_foci_noise, measure_foci
from histo.segmentation.marker.intensity import MarkerSite, measure_markers
from histo.segmentation.marker.ring import label_rings

__all__ = [
    "BleedThrough",
    "MarkerSite",
    "contrast_reach_px",
    "correct_bleed_through",
    "estimate_bleed_through",
    "estimate_foci_noise",
    "label_rings",
    "measure_contrast",
    "measure_foci",
    "measure_markers",
    "nuclear_density",
    "render_nuclei",
]
