"""Tests, intervals and effect sizes on one value an animal: plain arrays in, one `Inference` out."""

from __future__ import annotations

from histo.study.inference.effect import hedges_g, hedges_interval, welch_interval
from histo.study.inference.multiplicity import westfall_young
from histo.study.inference.permutation import PermutationTest, permutation_test, smallest_reachable_p
from histo.study.inference.simulation import NullRates, StudyLayout, null_rates

__all__ = [
    "NullRates",
    "PermutationTest",
    "StudyLayout",
    "hedges_g",
    "hedges_interval",
    "null_rates",
    "permutation_test",
    "smallest_reachable_p",
    "welch_interval",
    "westfall_young",
]
