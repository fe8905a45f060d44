"""All the ways in which animals could have carried each other's labels, and how many of them are as extreme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_RELABELINGS", "Relabelings", "is_mid_p_fair", "one_sided_p", "relabelings", "two_sided_p"]

MAX_RELABELINGS = 20_000
"""Up to so many relabelings all are enumerated; beyond, so many are drawn."""

_TIE = 1e-9
"""Statistics closer than this are the same number, reached by another order of additions."""

_FEWEST_FOR_MID_P = 32
"""Of fewer, the two most extreme hold more than 6.25 %, and a mid-p value would call them p <= 0.05."""


@dataclass(frozen=True)
class Relabelings:
    """Labels that animals could have carried.

    Parameters
    ----------
    labels : (n_relabelings, n_animals) array of int
        The observed labels are the first row.
    n_all : int
        How many distinct relabelings there are.
    is_exact : bool
        Whether all of them are there.
    """

    labels: NDArray[np.int64]
    n_all: int
    is_exact: bool


def relabelings(
    labels: Sequence[int], strata: Sequence[int] | None = None, *, max_relabelings: int = MAX_RELABELINGS, seed: int = 0
) -> Relabelings:
    """Enumerate the distinct ways to hand out labels again, within strata; draw from them where they are too many.

    Parameters
    ----------
    labels : sequence of int
        Group of each animal.
    strata : sequence of int, optional
        Animals only exchange labels within their stratum. Default: all are in one.
    max_relabelings : int, optional
        Bound of the enumeration and size of the random draw.
    seed : int, optional
        Seed of the draw; without effect on an enumeration.

    Examples
    --------
    >>> relabelings([0, 0, 1, 1]).n_all
    6
    >>> relabelings([0, 0, 1, 1], [1, 2, 1, 2]).labels.tolist()
    [[0, 0, 1, 1], [0, 1, 1, 0], [1, 0, 0, 1], [1, 1, 0, 0]]
    """
    within = [0] * len(labels) if strata is None else strata
    return _relabelings(tuple(map(int, labels)), tuple(map(int, within)), max_relabelings, seed)


def is_mid_p_fair(n_distinct: int) -> bool:
    """Tell whether so many different values of a statistic are enough for a mid-p value."""
    return n_distinct >= _FEWEST_FOR_MID_P


def one_sided_p(statistic: NDArray[np.float64], *, is_mid: bool) -> NDArray[np.float64]:
    """Count the relabelings whose statistic is at least the observed one, the first along the last axis.

    Parameters
    ----------
    statistic : (..., n_relabelings) array
        Scaled so that differences below 1e-9 mean nothing.
    is_mid : bool
        Whether those that equal the observed one count half: the mid-p value (Lancaster 1961, J Am Stat Assoc 56:223;
        Hwang and Yang 2001, Stat Sin 11:807).

    Returns
    -------
    (...) array
    """
    observed = statistic[..., :1]
    n_above = (statistic > observed + _TIE).sum(axis=-1)
    n_equal = (np.abs(statistic - observed) <= _TIE).sum(axis=-1)
    p: NDArray[np.float64] = (n_above + (0.5 if is_mid else 1.0) * n_equal) / statistic.shape[-1]
    return p


def two_sided_p(statistic: NDArray[np.float64], *, is_mid: bool) -> NDArray[np.float64]:
    """Double the smaller of both one-sided p-values, so that each tail errs equally often.

    Parameters
    ----------
    statistic, is_mid
        As in `one_sided_p`.
    """
    smaller = np.minimum(one_sided_p(statistic, is_mid=is_mid), one_sided_p(-statistic, is_mid=is_mid))
    p: NDArray[np.float64] = np.minimum(2 * smaller, 1.0)
    return p


@lru_cache(maxsize=64)
def _relabelings(labels: tuple[int, ...], strata: tuple[int, ...], max_relabelings: int, seed: int) -> Relabelings:
    own, within = np.array(labels), np.array(strata)
    members = [np.flatnonzero(within == stratum) for stratum in dict.fromkeys(strata)]
    n_all = prod(_n_arrangements(own[of_stratum]) for of_stratum in members)
    is_exact = n_all <= max_relabelings
    if is_exact:
        rows = own[np.newaxis]
        for of_stratum in members:
            arranged = _arrangements(own[of_stratum])
            rows = np.repeat(rows, len(arranged), axis=0)
            rows[:, of_stratum] = np.tile(arranged, (len(rows) // len(arranged), 1))
    else:
        rng = np.random.default_rng(seed)
        rows = np.tile(own, (max_relabelings + 1, 1))
        for of_stratum in members:
            rows[1:, of_stratum] = rng.permuted(rows[1:, of_stratum], axis=1)
    rows.setflags(write=False)
    return Relabelings(rows, n_all, is_exact)


def _n_arrangements(labels: NDArray[np.int64]) -> int:
    _, counts = np.unique(labels, return_counts=True)
    return factorial(labels.size) // prod(factorial(int(count)) for count in counts)


def _arrangements(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Write down each distinct order of the labels once, the given one first."""
    kinds = list(dict.fromkeys(labels.tolist()))
    if len(kinds) == 1:
        return labels[np.newaxis]
    own = np.flatnonzero(labels == kinds[0])
    others = np.flatnonzero(labels != kinds[0])
    of_others = _arrangements(labels[others])
    blocks = []
    for chosen in combinations([*own.tolist(), *others.tolist()], own.size):
        rest = np.setdiff1d(np.arange(labels.size), chosen)
        block = np.full((len(of_others), labels.size), kinds[0])
        block[:, rest] = of_others
        blocks.append(block)
    return np.concatenate(blocks)
