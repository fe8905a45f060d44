"""Whether values rise or fall over ordered groups: timepoints, doses."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from histo.errors import InvalidArgument
from histo.study.inference.relabeling import MAX_RELABELINGS, is_mid_p_fair, relabelings, two_sided_p
from histo.study.inference.result import Inference
from histo.study.inference.two_groups import how_relabeled, with_values

__all__ = ["concordance", "trend"]


def trend(
    values: Sequence[ArrayLike],
    *,
    blocks: Sequence[ArrayLike] | None = None,
    level: float = 0.05,
    max_relabelings: int = MAX_RELABELINGS,
    seed: int = 0,
) -> Inference:
    """Test for a trend over groups in the order given: Jonckheere and Terpstra's test by permutation.

    Parameters
    ----------
    values : sequence of (n,) arrays
        One value an animal, group by group; animals without a value are left out.
    blocks : sequence of (n,) arrays, optional
        What only compares with its like: the animal itself where animals are followed over time, else batch or sex.
    level : float, optional
        The interval covers ``1 - level``.
    max_relabelings, seed : int, optional
        As in `permutation_test`.

    Returns
    -------
    Inference
        Estimate: slope per step, the median of all pairs' slopes, with the interval that inverts the test. Statistic:
        Jonckheere's J, the pairs of two groups that rise, ties half. Effect size: Somers' D, the share of pairs that
        rise less the share that fall. `n_a` counts values.

    Raises
    ------
    InvalidArgument
        If there are fewer than two groups, or blocks do not fit or leave nothing to exchange.

    Notes
    -----
    Jonckheere 1954, Biometrika 41:133; Terpstra 1952. Slope and interval: Sen 1968, J Am Stat Assoc 63:1379. Two-sided
    mid-p value as in `permutation_test`. The interval supposes equal steps.

    Examples
    --------
    >>> found = trend([[1, 2, 3, 2.5], [3, 4, 5, 2.8], [6, 5.5, 7, 8]])
    >>> found.statistic, round(found.estimate, 2), found.p < 0.001
    (46.5, 2.12, True)
    """
    if len(values) < 2:
        raise InvalidArgument("a trend needs two groups in order", got=f"{len(values)}")
    groups, within = with_values(tuple(values), tuple(blocks) if blocks is not None else None)
    n_values = sum(group.size for group in groups)
    if sum(group.size > 0 for group in groups) < 2 or n_values < 4:
        return Inference("none", n_a=n_values, note="a trend needs four animals with a value, in two groups or more")
    labels = np.repeat(np.arange(len(groups)), [group.size for group in groups])
    pooled = np.concatenate(groups)
    strata = np.zeros(n_values, dtype=int)
    if within is not None:
        strata = np.unique(np.concatenate(within).astype(str), return_inverse=True)[1]
    found = relabelings(labels.tolist(), strata.tolist(), max_relabelings=max_relabelings, seed=seed)
    if found.n_all == 1:
        raise InvalidArgument("no two animals of different groups are in one block")
    ranks = stats.rankdata(pooled, method="ordinal").astype(float)
    statistic, untied = concordance(np.stack([pooled, ranks]), found.labels, strata)
    is_mid = is_mid_p_fair(found.n_all)
    rising = _pairs(strata, labels)
    slopes = np.sort((pooled[rising[1]] - pooled[rising[0]]) / (labels[rising[1]] - labels[rising[0]]))
    low, high = _ends(slopes, untied, level, is_mid=is_mid)
    n_drawn = len(found.labels) - (not found.is_exact)
    of = "labels" if within is None else "labels within blocks"
    return Inference(
        test="Jonckheere-Terpstra, " + how_relabeled(n_drawn, is_exact=found.is_exact, is_mid_p=is_mid, of=of),
        estimate=float(np.median(slopes)),
        ci_low=low,
        ci_high=high,
        effect_size=float(statistic[0]) / slopes.size,
        statistic=(float(statistic[0]) + slopes.size) / 2,
        p=float(two_sided_p(statistic / slopes.size, is_mid=is_mid)),
        n_a=n_values,
        p_plain=float(two_sided_p(statistic / slopes.size, is_mid=False)),
        note="" if np.isfinite(low) else "too few values for an interval of the slope",
    )


def concordance(
    values: NDArray[np.float64], labels: NDArray[np.int64], strata: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Count pairs of one stratum in which value and label rise together, less those in which one falls.

    Parameters
    ----------
    values : (..., n) array
        One value an animal along the last axis.
    labels : (n_relabelings, n) array of int
        Steps 0, 1, ...
    strata : (n,) array of int
        Only pairs within count.

    Returns
    -------
    (..., n_relabelings) array
    """
    first, second = np.triu_indices(values.shape[-1], 1)
    is_within = strata[first] == strata[second]
    first, second = first[is_within], second[is_within]
    rises = np.sign(values[..., second] - values[..., first]).astype(np.float32)
    # An animal's labels side by side, and counts that a small float holds exactly: many times faster for large groups.
    of_animal = np.ascontiguousarray(labels.T.astype(np.int16))
    steps = np.sign(of_animal[second] - of_animal[first]).astype(np.float32)
    counted: NDArray[np.float64] = (rises @ steps).astype(np.float64)
    return counted


def _pairs(strata: NDArray[np.int64], labels: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find all pairs of one stratum, the lower label first."""
    first, second = np.nonzero((strata[:, np.newaxis] == strata) & (labels[:, np.newaxis] < labels))
    return first, second


def _ends(slopes: NDArray[np.float64], null: NDArray[np.float64], level: float, *, is_mid: bool) -> tuple[float, float]:
    """Find the slopes between which the test, applied to what is left after taking a slope off, does not reject."""
    reached, counts = np.unique(null, return_counts=True)
    above = counts[::-1].cumsum()[::-1] - counts
    tail = (above + (0.5 if is_mid else 1.0) * counts) / counts.sum()
    is_kept = 2 * tail > level
    largest = float(reached[is_kept].max())
    fewest = int(np.ceil((slopes.size - largest) / 2))
    if fewest < 1:
        return nan, nan
    return float(slopes[fewest - 1]), float(slopes[-fewest])
