"""From sections to animals, groups and an answer that holds: the animal is the unit, always."""

from __future__ import annotations

from histo.study.inference import (
    NullRates,
    PermutationTest,
    StudyLayout,
    hedges_g,
    null_rates,
    permutation_test,
    smallest_reachable_p,
    welch_interval,
    westfall_young,
)
from histo.study.level.advice import describe_power
from histo.study.level.aggregate import ESTIMATORS
from histo.study.level.arm import Arm
from histo.study.level.endpoint import ENDPOINTS, Endpoint, endpoint_named
from histo.study.level.goal import PowerGoal
from histo.study.level.planning import power
from histo.study.level.variance import effective_sections, intraclass_correlation, variance_components
from histo.study.plan import AnalysisPlan
from histo.study.protocol import Protocol, list_protocols, load_protocol
from histo.study.tables import QUESTIONS, StudyTables

__all__ = [
    "ENDPOINTS",
    "ESTIMATORS",
    "QUESTIONS",
    "AnalysisPlan",
    "Arm",
    "Endpoint",
    "NullRates",
    "PermutationTest",
    "PowerGoal",
    "Protocol",
    "StudyLayout",
    "StudyTables",
    "describe_power",
    "effective_sections",
    "endpoint_named",
    "hedges_g",
    "intraclass_correlation",
    "list_protocols",
    "load_protocol",
    "null_rates",
    "permutation_test",
    "power",
    "smallest_reachable_p",
    "variance_components",
    "welch_interval",
    "westfall_young",
]
