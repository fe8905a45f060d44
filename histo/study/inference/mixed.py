"""Several factors at once, with the animal as random effect."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan, sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from histo.errors import InvalidArgument
from histo.study.inference.design_matrix import DesignMatrix, design_matrix
from histo.study.inference.random_intercept import RandomIntercept, fit_random_intercept
from histo.study.inference.result import Inference

__all__ = ["mixed_model"]


def mixed_model(
    frame: pd.DataFrame, *, fixed: Sequence[str], random: str = "animal", level: float = 0.05
) -> list[Inference]:
    """Fit a linear mixed model with the animal as random effect, and test each coefficient and each factor.

    Parameters
    ----------
    frame : DataFrame
        With the columns value, `random`, and those of `fixed`: one row a section, segment or timepoint of an animal.
        Rows that lack any of them are left out.
    fixed : sequence of str
        Fixed effects: factors (text or categorical), covariates (numbers), and interactions as ``group:segment``. The
        reference of a factor is the first category, or the first level that appears.
    random : str, optional
        Whose values are alike.
    level : float, optional
        Intervals cover ``1 - level``.

    Returns
    -------
    list of Inference
        First the coefficients, named in `test` (``group: EAE - control``): estimate, interval, t, degrees of freedom.
        Then each factor of more than two levels and each interaction of several columns: F with its denominator
        degrees of freedom; the numerator's are in `test`. `n_a` counts animals.

    Raises
    ------
    InvalidArgument
        If columns are missing, the terms cannot be told apart, or there are too few animals for the terms.

    Notes
    -----
    REML with Satterthwaite's degrees of freedom, the F of several coefficients after Fai and Cornelius 1996 (J Stat
    Comput Simul 54:363) with type III contrasts: the method of lmerTest (Kuznetsova et al. 2017), which holds its level
    in small samples (Luke 2017, Behav Res 49:1494). Kenward and Roger's correction is not made; for balanced tables it
    gives the same.

    Examples
    --------
    >>> frame = pd.DataFrame({
    ...     "animal": list("aabbccddeeff"), "group": ["control"] * 6 + ["EAE"] * 6,
    ...     "value": [9.0, 8.5, 7.9, 8.8, 8.1, 8.4, 9.9, 10.4, 9.1, 9.6, 10.2, 9.8]})
    >>> found = mixed_model(frame, fixed=["group"])[0]
    >>> found.test, round(found.estimate, 3), round(found.df, 2), round(found.p, 4)
    ('mixed model, group: EAE - control (REML, Satterthwaite)', 1.383, 4.0, 0.0087)
    """
    columns = list(dict.fromkeys(["value", random, *(name for term in fixed for name in term.split(":"))]))
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise InvalidArgument("the table lacks columns of the model", got=f"no {', '.join(missing)}")
    known = frame[columns].dropna().reset_index(drop=True)
    matrix = design_matrix(known, fixed)
    blocks = np.asarray(pd.factorize(known[random])[0], dtype=np.int64)
    values = known["value"].to_numpy(dtype=float)
    n_animals = int(blocks.max()) + 1
    if n_animals <= _n_between(matrix.columns, blocks) or len(known) <= n_animals:
        raise InvalidArgument(
            "a mixed model needs more animals than effects between them, and animals with several values",
            got=f"{n_animals} animals, {len(known)} values",
            next_step="With one value an animal compare_two or compare_several is the right test.",
        )
    centre = values.mean()
    model = fit_random_intercept(values - centre, matrix.columns, blocks)
    coefficients = [_coefficient(model, matrix, place, level, n_animals) for place in range(1, matrix.columns.shape[1])]
    by_sum = design_matrix(known, fixed, "sum")
    factors = [_factor(model, by_sum, term, n_animals) for term, places in by_sum.terms.items() if len(places) > 1]
    return [*coefficients, *factors]


def _n_between(design: NDArray[np.float64], blocks: NDArray[np.int64]) -> int:
    """Count the effects that only vary between animals."""
    means = np.stack([np.bincount(blocks, column) / np.bincount(blocks) for column in design.T], axis=1)
    return int(np.linalg.matrix_rank(design) - np.linalg.matrix_rank(design - means[blocks]))


def _coefficient(model: RandomIntercept, matrix: DesignMatrix, place: int, level: float, n_animals: int) -> Inference:
    contrast = np.zeros(matrix.columns.shape[1])
    contrast[place] = 1.0
    estimate = float(model.coefficients()[place])
    error = sqrt(float(model.covariance()[place, place]))
    degrees = model.degrees_of_freedom(contrast)
    half = float(stats.t.ppf(1 - level / 2, degrees)) * error
    t = estimate / error
    return Inference(
        test=f"mixed model, {matrix.names[place]} (REML, Satterthwaite)",
        estimate=estimate,
        ci_low=estimate - half,
        ci_high=estimate + half,
        statistic=t,
        df=degrees,
        p=2 * float(stats.t.sf(abs(t), degrees)),
        n_a=n_animals,
        note="" if model.variance_between > 0 else "animals do not scatter more than their repeats do",
    )


def _factor(model: RandomIntercept, matrix: DesignMatrix, term: str, n_animals: int) -> Inference:
    places = list(matrix.terms[term])
    covariance = model.covariance(matrix.columns)[np.ix_(places, places)]
    estimates = model.coefficients(matrix.columns)[places]
    variances, directions = np.linalg.eigh(covariance)
    f = float(np.sum((directions.T @ estimates) ** 2 / variances)) / len(places)
    contrasts = np.zeros((len(places), matrix.columns.shape[1]))
    contrasts[:, places] = directions.T
    degrees = _joint_degrees([model.degrees_of_freedom(contrast, matrix.columns) for contrast in contrasts])
    return Inference(
        test=f"mixed model, F of {term} with {len(places)} numerator degrees of freedom (REML, Satterthwaite)",
        statistic=f,
        df=degrees,
        p=float(stats.f.sf(f, len(places), degrees)) if degrees > 0 else nan,
        n_a=n_animals,
    )


def _joint_degrees(degrees: list[float]) -> float:
    """Put the degrees of freedom of independent contrasts together (Fai and Cornelius 1996)."""
    if max(degrees) - min(degrees) < 1e-8:
        return degrees[0]
    expected = sum(own / (own - 2) for own in degrees if own > 2)
    return 2 * expected / (expected - len(degrees)) if expected > len(degrees) else nan
