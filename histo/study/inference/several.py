"""Several groups of animals: whether any differs from any other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import factorial, nan, prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from histo.errors import InvalidArgument
from histo.study.inference.relabeling import MAX_RELABELINGS, is_mid_p_fair, one_sided_p, relabelings
from histo.study.inference.result import Inference
from histo.study.inference.two_groups import how_relabeled, with_values

__all__ = ["compare_several", "welch_f"]

_NOTHING = 1e-12


def compare_several(
    values: Mapping[str, ArrayLike],
    *,
    strata: Mapping[str, ArrayLike] | None = None,
    max_relabelings: int = MAX_RELABELINGS,
    seed: int = 0,
) -> Inference:
    """Test whether several groups of animals differ at all: permutation analysis of variance.

    Parameters
    ----------
    values : mapping of str to (n,) array
        One value an animal, by group; animals without a value are left out.
    strata : mapping of str to (n,) array, optional
        Batch, sex, ... of each animal: labels are exchanged only within, and the strata's means are taken off.
    max_relabelings, seed : int, optional
        As in `permutation_test`.

    Returns
    -------
    Inference
        Statistic: Welch's F. Effect size: omega squared, the share of the variance between animals that lies between
        groups, strata left aside; it has no interval here. There is no estimate: several groups have no one
        difference. `n_a` counts all animals.

    Raises
    ------
    InvalidArgument
        If there are fewer than two groups, or strata do not fit or leave nothing to exchange.

    Notes
    -----
    Welch 1951, Biometrika 38:330, referred to its permutation distribution, so that it is exact for exchangeable
    animals and, in large groups, nearly so when they scatter differently (Chung and Romano 2013, Ann Stat 41:484).
    Omega squared after Hays 1963.

    Examples
    --------
    >>> found = compare_several({"control": [1, 2, 3, 4], "day 7": [2, 3, 4, 5], "day 14": [7, 8, 9, 11]})
    >>> round(found.statistic, 2), found.p < 0.01, found.n_a
    (16.39, True, 12)
    """
    if len(values) < 2:
        raise InvalidArgument("there is nothing to compare", expected="two groups or more", got=f"{len(values)}")
    of_groups = tuple(strata[name] for name in values) if strata is not None else None
    groups, within = with_values(tuple(values.values()), of_groups)
    n_animals = sum(group.size for group in groups)
    if min(group.size for group in groups) < 2:
        return Inference("none", n_a=n_animals, note="a test needs two animals with a value in each group")
    labels = np.repeat(np.arange(len(groups)), [group.size for group in groups])
    codes = None if within is None else np.unique(np.concatenate(within).astype(str), return_inverse=True)[1]
    found = relabelings(
        labels.tolist(), None if codes is None else codes.tolist(), max_relabelings=max_relabelings, seed=seed
    )
    if found.n_all == 1:
        raise InvalidArgument("no two animals of different groups are in one stratum")
    pooled = np.concatenate(groups)
    for stratum in () if codes is None else np.unique(codes):
        pooled[codes == stratum] -= pooled[codes == stratum].mean()
    statistic = welch_f(pooled, found.labels)
    # Groups of equal size can swap their names without any change: such relabelings are one.
    n_distinct = found.n_all // prod(factorial(n) for n in Counter(group.size for group in groups).values())
    is_mid = is_mid_p_fair(n_distinct)
    bounded = statistic / (1 + statistic)
    of = "animals" if within is None else "animals within strata"
    return Inference(
        test=how_relabeled(
            len(found.labels) - (not found.is_exact), is_exact=found.is_exact, is_mid_p=is_mid, of=of
        ).replace(" (", ", Welch F (", 1),
        effect_size=_omega_squared(groups),
        statistic=float(statistic[0]) if np.ptp(pooled) > 0 else nan,
        df=float(len(groups) - 1),
        p=float(one_sided_p(bounded, is_mid=is_mid)) if np.ptp(pooled) > 0 else 1.0,
        n_a=n_animals,
        p_plain=float(one_sided_p(bounded, is_mid=False)),
    )


def welch_f(values: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Compute Welch's F of each relabeling.

    Parameters
    ----------
    values : (..., n) array
        One value an animal along the last axis.
    labels : (n_relabelings, n) array of int
        Groups 0, 1, ...

    Returns
    -------
    (..., n_relabelings) array
    """
    centred = values - values.mean(axis=-1, keepdims=True)
    scale = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True))
    centred = np.divide(centred, scale, out=np.zeros_like(centred), where=scale > 0)
    counts, means, precisions = [], [], []
    for group in range(int(labels.max()) + 1):
        chosen = (labels == group).T.astype(float)
        n = float(chosen[:, 0].sum())
        mean = centred @ chosen / n
        variance = (centred**2 @ chosen - n * mean**2) / (n - 1)
        # A group whose animals are all alike is not infinitely precise.
        counts.append(n)
        means.append(mean)
        precisions.append(n / np.maximum(variance, _NOTHING))
    total = np.sum(precisions, axis=0)
    grand = np.sum([w * mean for w, mean in zip(precisions, means, strict=True)], axis=0) / total
    n_groups = len(counts)
    between = np.sum([w * (mean - grand) ** 2 for w, mean in zip(precisions, means, strict=True)], axis=0)
    lack = np.sum([(1 - w / total) ** 2 / (n - 1) for w, n in zip(precisions, counts, strict=True)], axis=0)
    f: NDArray[np.float64] = (between / (n_groups - 1)) / (1 + 2 * (n_groups - 2) / (n_groups**2 - 1) * lack)
    return f


def _omega_squared(groups: list[NDArray[np.float64]]) -> float:
    pooled = np.concatenate(groups)
    n, k = pooled.size, len(groups)
    within = sum(float(((group - group.mean()) ** 2).sum()) for group in groups)
    between = sum(group.size * float((group.mean() - pooled.mean()) ** 2) for group in groups)
    of_residual = within / (n - k)
    total = between + within + of_residual
    return max((between - (k - 1) * of_residual) / total, 0.0) if total > 0 else nan
