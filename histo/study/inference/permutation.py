"""Two groups of animals: the permutation test of their means, and the interval that agrees with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb, prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from histo.errors import InvalidArgument
from histo.study.inference.relabeling import MAX_RELABELINGS, is_mid_p_fair, one_sided_p, two_sided_p
from histo.study.inference.shuffled import NOTHING, Shuffled, shuffle

__all__ = ["PermutationTest", "permutation_interval", "permutation_test", "smallest_reachable_p"]

_HALVINGS = 34


@dataclass(frozen=True)
class PermutationTest:
    """Outcome of a permutation test.

    Parameters
    ----------
    p_value : (...) array
        Two-sided mid-p values, one for each pair of samples; plain ones where the relabelings are too few for mid-p.
    p_plain : (...) array
        The same, counting the relabelings that equal the observed one in full: never below the level more often than
        the level says, and coarse.
    n_relabelings : int
        Relabelings that the p-values rest on.
    is_exact : bool
        Whether these are all there are.
    is_mid_p : bool
        Whether `p_value` is a mid-p value.
    """

    p_value: NDArray[np.float64]
    p_plain: NDArray[np.float64]
    n_relabelings: int
    is_exact: bool
    is_mid_p: bool


def permutation_test(
    reference: ArrayLike,
    comparison: ArrayLike,
    *,
    strata: tuple[ArrayLike, ArrayLike] | None = None,
    max_relabelings: int = MAX_RELABELINGS,
    seed: int = 0,
) -> PermutationTest:
    """Test whether animals could carry each other's group labels.

    The statistic is Welch's t; for equal numbers the order of relabelings, and so p, is that of the plain difference of
    means. Within strata it is the difference of means adjusted for them. All relabelings are enumerated when there are
    at most `max_relabelings`, otherwise so many are drawn and the observed one is added.

    Equal groups stay near the level when one scatters more (5 against 5 animals, twice the scatter: 6 % false
    positives). Unequal ones do not where it is the smaller one, for Welch's t corrects that in large groups only: 4
    against 7 animals, twice the scatter among the 4, 9 % (``benchmarks/type_one_error.py``).

    Parameters
    ----------
    reference, comparison : (..., n) and (..., m) arrays
        One value an animal along the last axis; leading axes are independent studies.
    strata : pair of (n,) and (m,) arrays, optional
        Batch, sex, ... of each animal: animals exchange labels only within it.
    max_relabelings : int, optional
        Bound of the enumeration and size of the random draw.
    seed : int, optional
        Seed of the draw; without effect on the enumeration.

    Raises
    ------
    InvalidArgument
        If a group has fewer than two animals, a value is missing, or strata leave nothing to exchange.

    Notes
    -----
    Exact under exchangeability (Fisher 1935; Pitman 1937); studentised after Janssen 1997 (Statistics & Probability
    Letters 36:9). The p-value doubles the smaller tail, and relabelings that equal the observed one count half
    (mid-p: Lancaster 1961; Hwang and Yang 2001): four against four animals have 35 pairs of relabelings, of which the
    plain p-value may call only one significant at 5 %, that is 2.9 % false positives; mid-p calls two, 5.7 %.

    Examples
    --------
    >>> outcome = permutation_test([1, 2, 3, 4, 5], [11, 12, 13, 14, 15])
    >>> round(float(outcome.p_value), 4), round(float(outcome.p_plain), 4)
    (0.004, 0.0079)
    """
    shuffled = _complete(reference, comparison, strata, max_relabelings, seed)
    statistic = shuffled.statistic()
    return PermutationTest(
        two_sided_p(statistic, is_mid=shuffled.is_mid_p),
        two_sided_p(statistic, is_mid=False),
        statistic.shape[-1] - (0 if shuffled.relabelings.is_exact else 1),
        shuffled.relabelings.is_exact,
        shuffled.is_mid_p,
    )


def permutation_interval(
    reference: ArrayLike,
    comparison: ArrayLike,
    *,
    level: float = 0.05,
    strata: tuple[ArrayLike, ArrayLike] | None = None,
    max_relabelings: int = MAX_RELABELINGS,
    seed: int = 0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute the differences that `permutation_test` does not reject: its confidence interval.

    It holds 0 exactly when the p-value is above the level, whatever the shape of the distribution; groups are taken to
    differ by a shift.

    Parameters
    ----------
    level : float, optional
        The interval covers ``1 - level``.
    reference, comparison, strata, max_relabelings, seed
        As in `permutation_test`.

    Returns
    -------
    low, high : (...) arrays
        Missing where the relabelings are too few to reject anything at this level.

    Raises
    ------
    InvalidArgument
        As `permutation_test`.

    Notes
    -----
    Inversion of the test, each tail at half the level (Tritchler 1984, J Am Stat Assoc 79:200; Good 2005, Permutation,
    Parametric and Bootstrap Tests, chapter 3), by halving.

    Examples
    --------
    >>> low, high = permutation_interval([1, 2, 3, 4, 5], [3, 4, 5, 6, 7])
    >>> round(float(low), 3), round(float(high), 3)
    (-0.5, 4.5)
    """
    shuffled = _complete(reference, comparison, strata, max_relabelings, seed)
    if shuffled.is_linear:
        return _linear_interval(shuffled, level)
    n_a = np.shape(reference)[-1]
    middle = np.asarray(shuffled.values[..., n_a:].mean(axis=-1) - shuffled.values[..., :n_a].mean(axis=-1))
    step = np.maximum(np.ptp(shuffled.values, axis=-1), np.finfo(float).tiny)

    def is_rejected(shift: NDArray[np.float64], sign: float) -> NDArray[np.bool_]:
        tail = one_sided_p(sign * shuffled.statistic(shift), is_mid=shuffled.is_mid_p)
        return np.asarray(2 * tail <= level)

    low = _last_kept(lambda shift: is_rejected(shift, 1.0), middle, -step)
    return low, _last_kept(lambda shift: is_rejected(shift, -1.0), middle, step)


def smallest_reachable_p(
    n_reference: int, n_comparison: int, strata: tuple[ArrayLike, ArrayLike] | None = None
) -> float:
    """Tell the smallest two-sided p-value that so many animals can give, however large the difference.

    Parameters
    ----------
    n_reference, n_comparison : int
        Animals.
    strata : pair of (n,) and (m,) arrays, optional
        As in `permutation_test`.

    Examples
    --------
    >>> round(smallest_reachable_p(5, 5), 4), smallest_reachable_p(3, 3)
    (0.004, 0.1)
    """
    n_all = comb(n_reference + n_comparison, n_reference)
    if strata is not None:
        within = [np.asarray(part, dtype=object).tolist() for part in strata]
        n_all = prod(
            comb(within[0].count(name) + within[1].count(name), within[0].count(name))
            for name in {*within[0], *within[1]}
        )
    return min((1 if is_mid_p_fair(n_all) else 2) / n_all, 1.0)


def _complete(
    reference: ArrayLike,
    comparison: ArrayLike,
    strata: tuple[ArrayLike, ArrayLike] | None,
    max_relabelings: int,
    seed: int,
) -> Shuffled:
    shuffled = shuffle(reference, comparison, strata=strata, max_relabelings=max_relabelings, seed=seed)
    if not np.isfinite(shuffled.values).all():
        raise InvalidArgument("animals without a value cannot be permuted", next_step="Leave them out first.")
    return shuffled


def _linear_interval(shuffled: Shuffled, level: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the ends among the shifts at which a relabeling's difference becomes the observed one."""
    turns, n_same = shuffled.turning_shifts()
    at_once = n_same * (0.5 if shuffled.is_mid_p else 1.0)
    # The fewest turns on one side of a shift that is not rejected.
    fewest = int(np.floor(level / 2 * len(shuffled.relabelings.labels) - at_once + NOTHING)) + 1
    if fewest < 1:
        nothing = np.full(turns.shape[:-1], np.nan)
        return nothing, nothing
    return turns[..., fewest - 1], turns[..., -fewest]


def _last_kept(
    is_rejected: Callable[[NDArray[np.float64]], NDArray[np.bool_]],
    kept: NDArray[np.float64],
    step: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Walk away from a shift that is kept until one is rejected, then halve the way between."""
    rejected = kept + step
    for _ in range(_HALVINGS):
        is_near = ~is_rejected(rejected)
        if not is_near.any():
            break
        step = np.where(is_near, 2 * step, step)
        rejected = np.where(is_near, kept + step, rejected)
    has_end = is_rejected(rejected)
    for _ in range(_HALVINGS):
        middle = (kept + rejected) / 2
        is_out = is_rejected(middle)
        kept, rejected = np.where(is_out, kept, middle), np.where(is_out, middle, rejected)
    return np.where(has_end, kept, np.nan)
