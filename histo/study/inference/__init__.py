"""Tests, intervals and effect sizes on one value an animal: plain arrays in, one `Inference` out."""

from __future__ import annotations

from histo.study.inference.blocked import blocked_permutation
from histo.study.inference.correlation import rank_correlation
from histo.study.inference.effect import hedges_g, hedges_interval, welch_interval
from histo.study.inference.equivalence import equivalence, equivalence_sentence
from histo.study.inference.mixed import mixed_model
from histo.study.inference.multiplicity import adjust, westfall_young
from histo.study.inference.permutation import (
    PermutationTest,
    permutation_interval,
    permutation_test,
    smallest_reachable_p,
)
from histo.study.inference.result import Inference
from histo.study.inference.several import compare_several
from histo.study.inference.simulation import NullRates, StudyLayout, null_rates
from histo.study.inference.trend import trend
from histo.study.inference.two_groups import compare_two

__all__ = [
    "Inference",
    "NullRates",
    "PermutationTest",
    "StudyLayout",
    "adjust",
    "blocked_permutation",
    "compare_several",
    "compare_two",
    "equivalence",
    "equivalence_sentence",
    "hedges_g",
    "hedges_interval",
    "mixed_model",
    "null_rates",
    "permutation_interval",
    "permutation_test",
    "rank_correlation",
    "smallest_reachable_p",
    "trend",
    "welch_interval",
    "westfall_young",
]
