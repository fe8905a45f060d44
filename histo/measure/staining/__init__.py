"""Barrier staining: how much, how apical, how continuous along the lumen, from crypt base to villus tip."""

from __future__ import annotations

from histo.measure.staining.drift import find_drift
from histo.measure.staining.line import ApicalLine
from histo.measure.staining.measure import StainingMeasures, measure_staining
from histo.measure.staining.normalise import normalise_staining
from histo.measure.staining.settings import QualityLimits, StainingSettings
from histo.measure.staining.threshold import (
    StainThreshold,
    stain_threshold_from_controls,
    stain_threshold_from_study,
)

__all__ = [
    "ApicalLine",
    "QualityLimits",
    "StainThreshold",
    "StainingMeasures",
    "StainingSettings",
    "find_drift",
    "measure_staining",
    "normalise_staining",
    "stain_threshold_from_controls",
    "stain_threshold_from_study",
]
