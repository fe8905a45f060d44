"""Variance between animals, sections and units, from the mean squares of a nested study."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from histo.study.level.combination import combination_interval

__all__ = ["NestedVariance", "nested_variance"]

_LEVELS = ("animal", "section", "unit")


@dataclass(frozen=True, eq=False)
class NestedVariance:
    """Mean squares of the levels that a study can tell apart, and what they are made of.

    Parameters
    ----------
    levels : tuple of str
        ``animal``, then ``section`` where animals have several, then ``unit`` where units are known. What lies below
        the last one is part of it.
    mean_squares : (n,) array
        Of each level: of animals' values within their group, timepoint and segment; of sections within their animal; of
        units within their section. Squared units of the measure.
    df : (n,) array
        Their degrees of freedom.
    expectation : (n, n) array
        Upper triangular: what multiple of each component a mean square expects.
    counts : (n,) array
        Animals, sections, units.
    per_animal, per_section : float
        How many equal sections an animal's value, and how many units a section's value, rests on: the harmonic mean, or
        1 over the mean sum of squared weights. 1 where each animal has one section; missing where units are not known.
    """

    levels: tuple[str, ...]
    mean_squares: NDArray[np.float64]
    df: NDArray[np.float64]
    expectation: NDArray[np.float64]
    counts: NDArray[np.float64]
    per_animal: float
    per_section: float

    @property
    def components(self) -> NDArray[np.float64]:
        """Variance of each level, below 0 where chance has it so: unbiased only as it is."""
        return np.linalg.solve(self.expectation, self.mean_squares).astype(np.float64)

    def estimate(self, weights: NDArray[np.float64]) -> float:
        """Sum the components, each times its weight; those below 0 count as 0."""
        return float(weights @ np.maximum(self.components, 0.0))

    def interval(self, weights: NDArray[np.float64], level: float = 0.05) -> tuple[float, float]:
        """Compute an interval of that sum that covers ``1 - level``; neither end is below 0."""
        of_squares = np.linalg.solve(self.expectation.T, weights)
        low, high = combination_interval(of_squares, self.mean_squares, self.df, level)
        return max(low, 0.0), max(high, 0.0)

    def value_weights(self, n_sections: float, n_units: float) -> NDArray[np.float64]:
        """Tell how much of each component is in the value of an animal of so many sections of so many units each."""
        share = {"animal": 1.0, "section": 1 / n_sections, "unit": 1 / (n_sections * n_units)}
        return np.array([share[level] for level in self.levels])

    def section_correlation(self, level: float = 0.05) -> tuple[float, float, float]:
        """Estimate how alike the values of two sections of one animal are, with its interval.

        Returns
        -------
        icc, low, high : float
            0 to 1; missing where no animal has two sections.

        Notes
        -----
        Thomas and Hultquist 1978 (Ann Stat 6:582), for unequal numbers of sections: the ratio of the mean square of
        animals' means to that of sections is compared with F.
        """
        if "section" not in self.levels or self.mean_squares[:2].sum() <= 0:
            return float("nan"), float("nan"), float("nan")
        between, within = self.mean_squares[:2]
        n = 1 / self.expectation[0, 1]
        ratio = between * n / within if within > 0 else np.inf
        quantiles = (1.0, *stats.f.isf((level / 2, 1 - level / 2), self.df[0], self.df[1]))
        icc, low, high = (_correlation(ratio / quantile, n) for quantile in quantiles)
        return icc, low, high


def nested_variance(sections: pd.DataFrame) -> NestedVariance | None:
    """Take the variance of one measure apart.

    Parameters
    ----------
    sections : DataFrame
        One row a section: ``value``, ``animal``, ``arm`` (the fixed cell that the animal stands in: group, timepoint
        and segment) and ``weight`` (of the section in its animal's value, any scale). With ``n_units`` and
        ``squares`` (of the units' deviations from their section's mean, summed) units are taken apart too.

    Returns
    -------
    NestedVariance or None
        None where no arm has two animals: nothing is known between animals then.

    Notes
    -----
    Analysis of variance of unweighted means (Searle, Casella and McCulloch 1992, Variance Components, chapter 5;
    Burdick and Graybill 1992, Confidence Intervals on Variance Components, chapters 4 and 5), with the weights that the
    animals' values have: the mean square of the highest level is the very variance that the test between groups sees.
    Its expectations hold for any numbers and any shape of the distributions; on balanced data the components are those
    of the ordinary nested analysis of variance and, where none is below 0, of REML.
    """
    arm_of_row = pd.factorize(sections["arm"])[0]
    # Coded anew: an animal in two arms is two.
    _, first, animal = np.unique(
        arm_of_row * (len(sections) + 1) + pd.factorize(sections["animal"])[0], return_index=True, return_inverse=True
    )
    arm = arm_of_row[first]
    n_arms = len(np.unique(arm))
    if len(arm) <= n_arms:
        return None
    value, n = sections["value"].to_numpy(dtype=float), np.bincount(animal)
    centre = value.mean()  # taken off, so that a large mean does not eat the digits of the variances
    weight = sections["weight"].to_numpy(dtype=float)
    weight = weight / np.bincount(animal, weight)[animal]
    of_animal = np.bincount(animal, weight * (value - centre))
    within = value - centre - (np.bincount(animal, value - centre) / n)[animal]
    n_of_arm = np.bincount(arm)
    between = of_animal - (np.bincount(arm, of_animal) / n_of_arm)[arm]
    left = 1 - 1 / n_of_arm[arm]  # what taking the arm's mean off leaves of an animal's variance
    df = {"animal": len(arm) - n_arms, "section": len(value) - len(arm), "unit": 0}
    squares = {"animal": float(between @ between), "section": float(within @ within)}
    expected = {("animal", "section"): float(left @ np.bincount(animal, weight**2))}
    counts = {"animal": len(arm), "section": len(value), "unit": 0}
    per_section = float("nan")
    if "n_units" in sections.columns:
        n_units = sections["n_units"].to_numpy(dtype=float)
        counts["unit"] = int(n_units.sum())
        df["unit"] = counts["unit"] - len(value)
        squares["unit"] = float(sections["squares"].sum())
        expected["animal", "unit"] = float(left @ np.bincount(animal, weight**2 / n_units))
        expected["section", "unit"] = float(((1 - 1 / n[animal]) / n_units).sum())
        per_section = float(len(value) / (1 / n_units).sum())
    return _assemble(df, squares, expected, counts, per_section)


def _assemble(
    df: dict[str, int],
    squares: dict[str, float],
    expected: dict[tuple[str, str], float],
    counts: dict[str, int],
    per_section: float,
) -> NestedVariance:
    """Keep the levels that have a degree of freedom; what lies below a lost one is part of the one above it."""
    levels = tuple(level for level in _LEVELS if df[level] >= 1)
    freedom = np.array([df[level] for level in levels], dtype=float)
    expectation = np.eye(len(levels))
    for i, upper in enumerate(levels):
        for j in range(i + 1, len(levels)):
            expectation[i, j] = expected[upper, levels[j]] / df[upper]
    return NestedVariance(
        levels=levels,
        mean_squares=np.array([squares[level] for level in levels]) / freedom,
        df=freedom,
        expectation=expectation,
        counts=np.array([counts[level] for level in levels], dtype=float),
        per_animal=1 / expectation[0, levels.index("section")] if "section" in levels else 1.0,
        per_section=per_section,
    )


def _correlation(ratio: float, n: float) -> float:
    """Turn F, of means of n, into an intraclass correlation."""
    if not np.isfinite(ratio):
        return 1.0
    return float(np.clip((ratio - 1) / (ratio - 1 + n), 0.0, 1.0))
