"""Barrier staining: how much, how apical, how continuous along the lumen, from crypt base to villus tip."""

from __future__ import annotations

from histo.measure.staining.census import judge_by, on_step, pool_of
from histo.measure.staining.drift import find_drift
from histo.measure.staining.line import ApicalLine
from histo.measure.staining.measure import StainingMeasures, measure_staining
from histo.measure.staining.normalise import normalise_staining
from histo.measure.staining.picture_threshold import stain_threshold_from_controls, stain_threshold_from_study
from histo.measure.staining.pool import SignalPool, control_threshold, study_threshold
from histo.measure.staining.settings import QualityLimits, StainingSettings
from histo.measure.staining.threshold import StainThreshold

__all__ = [
    "ApicalLine",
    "QualityLimits",
    "SignalPool",
    "StainThreshold",
    "StainingMeasures",
    "StainingSettings",
    "control_threshold",
    "find_drift",
    "judge_by",
    "measure_staining",
    "normalise_staining",
    "on_step",
    "pool_of",
    "stain_threshold_from_controls",
    "stain_threshold_from_study",
    "study_threshold",
]
