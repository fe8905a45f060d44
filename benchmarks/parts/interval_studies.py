"""Studies in which something truly is there, drawn one at a time: how often intervals hold it."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np
import pandas as pd

from histo.study.inference import compare_two, equivalence
from histo.study.inference.correlation import rank_correlation
from histo.study.inference.mixed import mixed_model
from histo.study.inference.trend import trend

__all__ = ["differences", "equivalences", "mixed_models", "rank_correlations", "slopes"]

DRAWN_RELABELINGS = 2_000


def differences(sizes: tuple[int, int], effect: float, n_studies: int, rng: np.random.Generator) -> dict[str, float]:
    """Tell how often the intervals of `compare_two` hold the true difference and effect size."""
    held = np.zeros(2)
    for _ in range(n_studies):
        found = compare_two(rng.standard_normal(sizes[0]), effect + rng.standard_normal(sizes[1]))
        held += [found.ci_low <= effect <= found.ci_high, found.effect_low <= effect <= found.effect_high]
    return dict(zip(("difference", "effect"), (held / n_studies).tolist(), strict=True))


def slopes(sizes: tuple[int, ...], slope: float, n_studies: int, rng: np.random.Generator) -> float:
    """Tell how often the interval of `trend` holds the true slope per step."""
    held = 0
    for _ in range(n_studies):
        groups = [step * slope + rng.standard_normal(size) for step, size in enumerate(sizes)]
        found = trend(groups, max_relabelings=DRAWN_RELABELINGS, seed=int(rng.integers(2**31)))
        held += found.ci_low <= slope <= found.ci_high
    return held / n_studies


def rank_correlations(n_animals: int, rho: float, n_studies: int, rng: np.random.Generator) -> dict[str, float]:
    """Tell how often the interval of `rank_correlation` holds the true rank correlation, and p falls to 0.05.

    Pairs are normal with the Pearson correlation whose rank correlation is `rho` (Pearson 1907).
    """
    pearson = 2 * np.sin(pi * rho / 6)
    counted = np.zeros(2)
    for _ in range(n_studies):
        x = rng.standard_normal(n_animals)
        y = pearson * x + sqrt(1 - pearson**2) * rng.standard_normal(n_animals)
        found = rank_correlation(x, y, max_relabelings=DRAWN_RELABELINGS, seed=int(rng.integers(2**31)))
        # A correlation of 1 in the sample has no interval: it does not hold the truth.
        counted += [found.ci_low <= rho <= found.ci_high, found.p <= 0.05]
    return dict(zip(("covered", "positive"), (counted / n_studies).tolist(), strict=True))


def equivalences(n_animals: int, n_studies: int, rng: np.random.Generator) -> float:
    """Tell how often groups are called alike whose difference is the margin itself: 2 standard deviations."""
    called = 0
    for _ in range(n_studies):
        found = equivalence(rng.standard_normal(n_animals), 2.0 + rng.standard_normal(n_animals), 2.0)
        called += found.p <= 0.05
    return called / n_studies


def mixed_models(
    sizes: tuple[int, ...], n_missing: int, icc: float, n_studies: int, rng: np.random.Generator
) -> dict[str, float]:
    """Tell how often `mixed_model` finds a group that does nothing, and how often it holds what a segment does.

    Each animal gives three segments, but for so many missing cells.
    """
    group = np.repeat(np.arange(len(sizes)), sizes)
    frame = pd.DataFrame([(f"m{i}", f"g{g}", f"s{s}") for i, g in enumerate(group) for s in range(3)])
    frame.columns = pd.Index(["animal", "group", "segment"])
    animal = frame["animal"].str[1:].to_numpy(dtype=int)
    true_step = 1.0
    counted = np.zeros(2)
    for _ in range(n_studies):
        within = np.sqrt(1 - icc) * rng.standard_normal(len(frame))
        own = np.sqrt(icc) * rng.standard_normal(group.size)[animal]
        values = own + within + true_step * (frame["segment"] == "s1")
        kept = np.sort(rng.permutation(len(frame))[n_missing:])
        drawn = frame.assign(value=values, segment=pd.Categorical(frame["segment"])).iloc[kept]
        found = mixed_model(drawn, fixed=["group", "segment"])
        of_group = [row for row in found if "F of group" in row.test] or found[:1]
        step = next(row for row in found if "s1 - s0" in row.test)
        counted += [of_group[0].p <= 0.05, step.ci_low <= true_step <= step.ci_high]
    return dict(zip(("positive", "covered"), (counted / n_studies).tolist(), strict=True))
