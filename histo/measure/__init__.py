"""From label map and µm/px to rows: villi, crypts, paired units, layers of the wall, cells where they lie."""

from __future__ import annotations

from histo.measure.crypt import measure_crypts
from histo.measure.infiltrate import ControlLimits, InfiltrateMeasures, measure_infiltrate
from histo.measure.layer_gap import find_gaps
from histo.measure.layers import measure_layers
from histo.measure.phenotype import PhenotypeRules, assign_phenotypes, read_phenotypes
from histo.measure.positivity import apply_thresholds, h_score, percent_positive, score_positivity
from histo.measure.rule import parse_rule
from histo.measure.section import SectionMeasures, measure_section
from histo.measure.threshold import Threshold, Thresholds
from histo.measure.threshold_choice import (
    thresholds_from_controls,
    thresholds_from_scored_cells,
    thresholds_from_study,
)
from histo.measure.unit import measure_units
from histo.measure.villus import measure_villi
from histo.measure.villus_crypt_junction import JunctionCurve

__all__ = [
    "ControlLimits",
    "InfiltrateMeasures",
    "JunctionCurve",
    "PhenotypeRules",
    "SectionMeasures",
    "Threshold",
    "Thresholds",
    "apply_thresholds",
    "assign_phenotypes",
    "find_gaps",
    "h_score",
    "measure_crypts",
    "measure_infiltrate",
    "measure_layers",
    "measure_section",
    "measure_units",
    "measure_villi",
    "parse_rule",
    "percent_positive",
    "read_phenotypes",
    "score_positivity",
    "thresholds_from_controls",
    "thresholds_from_scored_cells",
    "thresholds_from_study",
]
