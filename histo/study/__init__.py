"""From sections to animals, groups and an answer that holds: the animal is the unit, always."""

from __future__ import annotations

from histo.study.aggregate import ESTIMATORS
from histo.study.arm import Arm
from histo.study.effect import hedges_g, welch_interval
from histo.study.endpoint import ENDPOINTS, Endpoint, endpoint_named
from histo.study.multiplicity import westfall_young
from histo.study.permutation import PermutationTest, permutation_test, smallest_reachable_p
from histo.study.plan import AnalysisPlan
from histo.study.simulation import NullRates, StudyLayout, null_rates
from histo.study.tables import StudyTables
from histo.study.variance import effective_sections, intraclass_correlation

__all__ = [
    "ENDPOINTS",
    "ESTIMATORS",
    "AnalysisPlan",
    "Arm",
    "Endpoint",
    "NullRates",
    "PermutationTest",
    "StudyLayout",
    "StudyTables",
    "effective_sections",
    "endpoint_named",
    "hedges_g",
    "intraclass_correlation",
    "null_rates",
    "permutation_test",
    "smallest_reachable_p",
    "welch_interval",
    "westfall_young",
]
