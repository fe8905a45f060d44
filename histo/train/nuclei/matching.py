"""Match found nuclei with true ones, one to one, and count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

__all__ = ["Agreement", "match_centres", "match_outlines"]


@dataclass(frozen=True)
class Agreement:
    """How many were found.

    Parameters
    ----------
    n_true, n_found, n_matched : int
        Nuclei that are there, nuclei that were found, and pairs of one of each.

    Examples
    --------
    >>> (Agreement(8, 10, 6) + Agreement(2, 0, 0)).f1
    0.6
    """

    n_true: int
    n_found: int
    n_matched: int

    @property
    def precision(self) -> float:
        """Share of the found that are there; NaN if nothing was found."""
        return self.n_matched / self.n_found if self.n_found else float("nan")

    @property
    def recall(self) -> float:
        """Share of those that are there that were found; NaN if nothing is there."""
        return self.n_matched / self.n_true if self.n_true else float("nan")

    @property
    def f1(self) -> float:
        """Twice the pairs over all that is there and all that was found; NaN if both are nothing."""
        both = self.n_true + self.n_found
        return 2 * self.n_matched / both if both else float("nan")

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(self.n_true + other.n_true, self.n_found + other.n_found, self.n_matched + other.n_matched)


def match_centres(
    true: NDArray[np.float64], found: NDArray[np.float64], farthest: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair centres one to one so that as many as possible are paired, and of these ways the one of least distance.

    Parameters
    ----------
    true, found : (n, 2) and (m, 2) array
        Centres, in the unit of `farthest`.
    farthest : float
        Largest distance of a pair.

    Returns
    -------
    true_index, found_index : (k,) array of int
        Of each pair.

    Examples
    --------
    >>> left, right = match_centres(np.array([[0.0, 0.0], [0.0, 4.0]]), np.array([[0.0, 2.0], [0.0, 7.0]]), 5.0)
    >>> left.tolist(), right.tolist()
    ([0, 1], [0, 1])
    """
    if not len(true) or not len(found):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    near = cKDTree(true).sparse_distance_matrix(cKDTree(found), farthest, output_type="coo_matrix")
    return _assign(np.asarray(near.row), np.asarray(near.col), np.asarray(near.data), (len(true), len(found)), farthest)


def match_outlines(
    true: NDArray[np.int32], found: NDArray[np.int32], least: float = 0.5
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair nuclei whose outlines overlap by more than `least` (intersection over union).

    Parameters
    ----------
    true, found : (rows, cols) array of int32
        0 outside of nuclei, else 1 + the nucleus's number.
    least : float, optional
        0.5 or more: then each has at most one partner.

    Returns
    -------
    true_index, found_index : (k,) array of int
        Numbers, from 0, of each pair.
    """
    width = int(found.max(initial=0)) + 1
    both = np.bincount(true.ravel().astype(np.int64) * width + found.ravel(), minlength=width)
    shared = np.zeros((int(true.max(initial=0)) + 1) * width, np.int64)
    shared[: len(both)] = both
    table = shared.reshape(-1, width)
    union = table.sum(axis=1)[:, None] + table.sum(axis=0)[None, :] - table
    rows, cols = np.nonzero(table[1:, 1:] > least * union[1:, 1:])
    return rows.astype(np.int64), cols.astype(np.int64)


def _assign(
    rows: NDArray[np.int64], cols: NDArray[np.int64], away: NDArray[np.float64], shape: tuple[int, int], farthest: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Solve each group of centres that reach one another by itself: a slide has far too many to solve at once."""
    n_rows, n_cols = shape
    links = coo_array((np.ones(len(rows)), (rows, n_rows + cols)), shape=(n_rows + n_cols,) * 2)
    _, group = connected_components(links, directed=False)
    pairs: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    order = np.argsort(group[rows], kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(group[rows][order])) + 1):
        if not members.size:
            continue
        mine, row_of = np.unique(rows[members], return_inverse=True)
        theirs, col_of = np.unique(cols[members], return_inverse=True)
        # A pair that may not be costs more than any number of pairs that may.
        cost = np.full((len(mine), len(theirs)), 1e3 * (farthest + 1) * (1 + min(len(mine), len(theirs))))
        cost[row_of, col_of] = away[members]
        left, right = linear_sum_assignment(cost)
        may_be = cost[left, right] <= farthest
        pairs.append((mine[left[may_be]], theirs[right[may_be]]))
    if not pairs:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    true_index, found_index = (np.concatenate(part).astype(np.int64) for part in zip(*pairs, strict=True))
    order = np.argsort(true_index, kind="stable")
    return true_index[order], found_index[order]
