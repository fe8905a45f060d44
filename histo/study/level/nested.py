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
        1 over the mean sum of squared weights. Missing where there is no such level.
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

    def combine(self, weights: NDArray[np.float64], level: float = 0.05) -> tuple[float, float, float]:
        """Estimate a sum of components, each times its weight, with its interval; nothing is below 0.

        Returns
        -------
        estimate, low, high : float
            The estimate sums components that are set to 0 where they are below it; the interval covers ``1 - level``.
        """
        of_squares = np.linalg.solve(self.expectation.T, weights)
        low, high = combination_interval(of_squares, self.mean_squares, self.df, level)
        estimate = float(weights @ np.maximum(self.components, 0.0))
        return estimate, max(low, 0.0), max(high, 0.0)

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
        between, within = self.mean_squares[0], self.mean_squares[1]
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
    rows = sections.assign(animal=sections.groupby(["arm", "animal"]).ngroup())
    weight = rows["weight"] / rows.groupby("animal")["weight"].transform("sum")
    rows = rows.assign(share=weight * rows["value"], squared_weight=weight**2)
    animals = rows.groupby("animal").agg(
        arm=("arm", "first"),
        value=("share", "sum"),
        plain_mean=("value", "mean"),
        n=("value", "size"),
        squared_weight=("squared_weight", "sum"),
    )
    n_arms = animals["arm"].nunique()
    df = {"animal": len(animals) - n_arms, "section": len(rows) - len(animals), "unit": 0}
    if df["animal"] < 1:
        return None
    of_arm = animals.groupby("arm")["value"]
    left = 1 - 1 / of_arm.transform("size")  # what taking the arm's mean off leaves of an animal's variance
    deviations = rows["value"] - rows["animal"].map(animals["plain_mean"])
    squares = {
        "animal": float(((animals["value"] - of_arm.transform("mean")) ** 2).sum()),
        "section": float((deviations**2).sum()),
    }
    expected = {("animal", "section"): float((left * animals["squared_weight"]).sum())}
    if "n_units" in rows.columns:
        df["unit"] = int(rows["n_units"].sum()) - len(rows)
        squares["unit"] = float(rows["squares"].sum())
        of_units = (rows["squared_weight"] / rows["n_units"]).groupby(rows["animal"]).sum()
        expected["animal", "unit"] = float((left * of_units).sum())
        within = 1 - 1 / rows["animal"].map(animals["n"])
        expected["section", "unit"] = float((within / rows["n_units"]).sum())
    return _assemble(df, squares, expected, rows)


def _assemble(
    df: dict[str, int], squares: dict[str, float], expected: dict[tuple[str, str], float], rows: pd.DataFrame
) -> NestedVariance:
    levels = tuple(level for level in _LEVELS if df[level] >= 1)
    freedom = np.array([df[level] for level in levels], dtype=float)
    expectation = np.eye(len(levels))
    for i, upper in enumerate(levels):
        for j in range(i + 1, len(levels)):
            expectation[i, j] = expected[upper, levels[j]] / df[upper]
    counts = {"animal": rows["animal"].nunique(), "section": len(rows), "unit": rows.get("n_units", pd.Series(0)).sum()}
    return NestedVariance(
        levels=levels,
        mean_squares=np.array([squares[level] for level in levels]) / freedom,
        df=freedom,
        expectation=expectation,
        counts=np.array([counts[level] for level in levels], dtype=float),
        per_animal=1 / expectation[0, levels.index("section")] if "section" in levels else 1.0,
        per_section=float(len(rows) / (1 / rows["n_units"]).sum()) if "unit" in levels else float("nan"),
    )


def _correlation(ratio: float, n: float) -> float:
    """Turn F, of means of n, into an intraclass correlation."""
    if not np.isfinite(ratio):
        return 1.0
    return float(np.clip((ratio - 1) / (ratio - 1 + n), 0.0, 1.0))
