"""How alike the sections of one animal are, and what that makes of their number."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["effective_sections", "intraclass_correlation"]


def intraclass_correlation(values: pd.Series, animals: pd.Series, arms: pd.Series) -> float:
    """Estimate the intraclass correlation of sections within animals, ICC(1), pooled over arms.

    Parameters
    ----------
    values : Series
        One endpoint, one row a section.
    animals, arms : Series
        Whose section it is, and which group (and timepoint, segment) that animal belongs to.

    Returns
    -------
    float
        0 to 1; an estimate below 0 is given as 0. Missing when no arm has two animals or no animal two sections.

    Notes
    -----
    One-way analysis of variance with animals nested in arms (Donner 1986, Int Stat Rev 54:67), with the mean section
    number corrected for unequal numbers.

    Examples
    --------
    >>> sections = pd.Series([10.0, 10.0, 20.0, 20.0])
    >>> intraclass_correlation(sections, pd.Series(list("aabb")), pd.Series(["control"] * 4))
    1.0
    """
    frame = pd.DataFrame({"value": values.to_numpy(dtype=float), "animal": animals.to_numpy(), "arm": arms.to_numpy()})
    frame = frame.dropna(subset=["value"])
    of_animal = frame.groupby(["arm", "animal"])["value"].agg(["mean", "count", "var"]).reset_index()
    n_arms, n_animals, n_sections = of_animal["arm"].nunique(), len(of_animal), len(frame)
    if n_animals <= n_arms or n_sections <= n_animals:
        return float("nan")
    weights = of_animal["count"]
    sums = of_animal.assign(total=of_animal["mean"] * weights).groupby("arm")[["total", "count"]].sum()
    arm_mean = of_animal["arm"].map(sums["total"] / sums["count"])
    between = float((weights * (of_animal["mean"] - arm_mean) ** 2).sum()) / (n_animals - n_arms)
    within = float(((weights - 1) * of_animal["var"].fillna(0.0)).sum()) / (n_sections - n_animals)
    lost = float((weights**2 / of_animal["arm"].map(sums["count"])).sum())
    mean_size = (n_sections - lost) / (n_animals - n_arms)
    total = between + (mean_size - 1) * within
    return float(np.clip((between - within) / total, 0.0, 1.0)) if total > 0 else float("nan")


def effective_sections(n_sections: float, icc: float) -> float:
    """Tell how many independent sections so many sections of one animal are worth: n / (1 + (n - 1) ICC).

    Examples
    --------
    >>> round(effective_sections(8, 0.5), 2)
    1.78
    """
    return n_sections / (1 + (n_sections - 1) * icc)
