"""From units to sections, animals and groups: each level's values, how alike they are, and how many are needed."""

from __future__ import annotations

from histo.study.level.aggregate import ESTIMATORS, animals_table, groups_table
from histo.study.level.arm import Arm, arms_of, find_reference, natural_key, reference_for, segments_of
from histo.study.level.endpoint import ENDPOINTS, Endpoint, endpoint_named
from histo.study.level.goal import PowerGoal
from histo.study.level.joining import join_measures
from histo.study.level.planning import power
from histo.study.level.section import JudgedSections, dropped_sections, usable_sections
from histo.study.level.unit import UNIT_TABLES, restate_sections
from histo.study.level.variance import effective_sections, intraclass_correlation, variance_components

__all__ = [
    "ENDPOINTS",
    "ESTIMATORS",
    "UNIT_TABLES",
    "Arm",
    "Endpoint",
    "JudgedSections",
    "PowerGoal",
    "animals_table",
    "arms_of",
    "dropped_sections",
    "effective_sections",
    "endpoint_named",
    "find_reference",
    "groups_table",
    "intraclass_correlation",
    "join_measures",
    "natural_key",
    "power",
    "reference_for",
    "restate_sections",
    "segments_of",
    "usable_sections",
    "variance_components",
]
