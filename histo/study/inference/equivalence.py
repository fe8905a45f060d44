"""Whether two groups are alike to within a margin that matters: two one-sided tests."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite, nan

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from histo.errors import InvalidArgument
from histo.study.inference.effect import welch_moments
from histo.study.inference.permutation import permutation_interval
from histo.study.inference.relabeling import MAX_RELABELINGS, one_sided_p
from histo.study.inference.result import Inference
from histo.study.inference.shuffled import shuffle
from histo.study.inference.two_groups import compare_two, with_values

__all__ = ["equivalence", "equivalence_sentence"]


def equivalence(
    a: ArrayLike,
    b: ArrayLike,
    margin: float,
    *,
    level: float = 0.05,
    max_relabelings: int = MAX_RELABELINGS,
    seed: int = 0,
) -> Inference:
    """Test whether the difference of two groups lies within a margin: two one-sided permutation tests.

    Parameters
    ----------
    a, b : (n,) and (m,) arrays
        Reference and comparison: one value an animal; animals without a value are left out.
    margin : float
        The smallest difference that would matter, in the unit of the values. To be fixed beforehand.
    level : float, optional
        The interval covers ``1 - 2 level``; it lies within the margin exactly when p is below the level.
    max_relabelings, seed : int, optional
        As in `permutation_test`.

    Returns
    -------
    Inference
        p is the larger of both one-sided p-values: small where the groups are alike. Note: the answer in words.

    Raises
    ------
    InvalidArgument
        If the margin is not a positive number.

    Notes
    -----
    Schuirmann 1987, J Pharmacokinet Biopharm 15:657. With fewer than 32 relabelings (three against three animals and
    below) the one-sided tests are Welch's.

    Examples
    --------
    >>> found = equivalence([10.1, 9.8, 10.3, 10.0, 9.9], [10.2, 9.9, 10.1, 10.0, 10.2], margin=1.0)
    >>> round(found.p, 3), found.note.split("(")[0].strip()
    (0.002, 'No difference larger than 1 is supported')
    """
    if not (isfinite(margin) and margin > 0):
        raise InvalidArgument("the margin of equivalence is a positive number", got=repr(margin))
    (first, second), _ = with_values((a, b))
    base = compare_two(first, second, level=level, max_relabelings=max_relabelings, seed=seed)
    if base.test == "none":
        return base
    is_by_permutation = shuffle(first, second, max_relabelings=max_relabelings, seed=seed).is_mid_p
    if not isfinite(base.ci_low):
        low, high, p = nan, nan, nan
    elif is_by_permutation:
        low, high, p = _permuted(first, second, margin, level, max_relabelings, seed)
    else:
        low, high, p = _by_welch(first, second, margin, level)
    how = base.test if is_by_permutation else "Welch t"
    found = replace(
        base,
        test=f"equivalence within ±{margin:g}: two one-sided tests, {how}",
        ci_low=low,
        ci_high=high,
        p=p,
        p_plain=nan,
    )
    return replace(found, note=equivalence_sentence(found, margin, level=level))


def equivalence_sentence(found: Inference, margin: float, unit: str = "", level: float = 0.05) -> str:
    """Say in plain words what a test of equivalence supports.

    Parameters
    ----------
    found : Inference
        What `equivalence` gave.
    margin : float
        The margin that it was asked about.
    unit : str, optional
        Unit of the values.
    level : float, optional
        As `equivalence` had it.
    """
    if not isfinite(found.p):
        return found.note or "Nothing is known of the difference."
    of_unit = f" {unit}" if unit else ""
    interval = f"{1 - 2 * level:.0%} interval {found.ci_low:.3g} to {found.ci_high:.3g}{of_unit}"
    if found.p <= level:
        return f"No difference larger than {margin:g}{of_unit} is supported ({interval})."
    largest = max(abs(found.ci_low), abs(found.ci_high))
    return (
        f"A difference larger than {margin:g}{of_unit} is not ruled out ({interval}); "
        f"ruled out are only differences larger than {largest:.3g}{of_unit}."
    )


def _permuted(
    a: NDArray[np.float64], b: NDArray[np.float64], margin: float, level: float, max_relabelings: int, seed: int
) -> tuple[float, float, float]:
    shuffled = shuffle(a, b, max_relabelings=max_relabelings, seed=seed)
    tails = [one_sided_p(sign * shuffled.statistic(-sign * margin), is_mid=True) for sign in (1.0, -1.0)]
    low, high = permutation_interval(a, b, level=2 * level, max_relabelings=max_relabelings, seed=seed)
    return float(low), float(high), float(max(tails))


def _by_welch(
    a: NDArray[np.float64], b: NDArray[np.float64], margin: float, level: float
) -> tuple[float, float, float]:
    difference, error, degrees = welch_moments(a, b)
    half = float(stats.t.ppf(1 - level, degrees)) * error
    p = max(float(stats.t.sf((margin + side * difference) / error, degrees)) for side in (1, -1))
    return difference - half, difference + half, p
