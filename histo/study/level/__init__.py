"""From units to sections, animals and groups: each level's values, how alike they are, and how many are needed."""

from __future__ import annotations

from histo.study.level.aggregate import ESTIMATORS, animals_table, groups_table, usable_sections
from histo.study.level.arm import Arm, arms_of, find_reference, natural_key, reference_for, segments_of
from histo.study.level.endpoint import ENDPOINTS, Endpoint, endpoint_named
from histo.study.level.variance import effective_sections, intraclass_correlation

__all__ = [
    "ENDPOINTS",
    "ESTIMATORS",
    "Arm",
    "Endpoint",
    "animals_table",
    "arms_of",
    "effective_sections",
    "endpoint_named",
    "find_reference",
    "groups_table",
    "intraclass_correlation",
    "natural_key",
    "reference_for",
    "segments_of",
    "usable_sections",
]
