"""Ripley's L of cells in a compartment of any shape, beside what relabelling by chance would give."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.measure.infiltrate.lattice import BIN_UM, Lattice, coarsened
from histo.schema import CLUSTERING, check_table, empty_table

__all__ = ["RADII_UM", "Clustering", "measure_clustering", "tabulate_clustering"]

Image = NDArray[np.float32]
Flags = NDArray[np.bool_]

RADII_UM = (20.0, 40.0, 80.0)
_BINS_A_RADIUS = 4
# Bins of 10 µm and more: a radius of 20 µm has a soft edge then, and a million cells take seconds.
_LEAST_FACTOR = 2
_MIN_CELLS = 10
_NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Clustering:
    """One population at one distance: columns of the clustering table in µm."""

    ripley_l_um: float
    relabelled_l_um: float
    relabelled_low_um: float
    relabelled_high_um: float

    @property
    def is_clustered(self) -> bool:
        """Whether pairs are more frequent than relabelling makes them in 39 of 40 cases; 1 nm is left to rounding."""
        return self.ripley_l_um > self.relabelled_high_um + 1e-3


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Pairs of cells within a radius, counted on bins.

    A pair of bins counts for the share of pairs of points in them that are within the radius of one another.
    """

    radius_um: float
    factor: int
    kernel: Image

    @classmethod
    def within(cls, radius_um: float) -> _Pairs:
        factor = max(_LEAST_FACTOR, int(radius_um / (_BINS_A_RADIUS * BIN_UM)))
        return cls(radius_um, factor, _kernel(radius_um / (factor * BIN_UM)))

    def around(self, image: Image, power: int = 1) -> Image:
        """Sum an image over the disc around each bin."""
        kernel = self.kernel**power
        return np.asarray(cv2.filter2D(image, cv2.CV_32F, kernel, borderType=cv2.BORDER_CONSTANT), dtype=np.float32)

    @property
    def self_weight(self) -> float:
        """What a cell counts as a neighbour of itself."""
        middle = len(self.kernel) // 2
        return float(self.kernel[middle, middle])


def measure_clustering(
    lattice: Lattice, share: Image, bins: NDArray[np.int64], populations: dict[str, Flags]
) -> list[dict[str, object]]:
    """Measure how closely the cells of each population lie in one compartment.

    Ripley's K is the number of neighbours within a radius that a cell has beyond chance (Ripley, J Appl Probab 1976;
    13:255); L = sqrt(K / pi) is as long as the radius where cells lie independently and evenly (Besag, J R Stat Soc B
    1977; 39:193). Pairs seen are divided by the pairs that as many cells spread evenly over the compartment would have,
    found from its own shape: that corrects for its edges however thin and winding it is.

    An even spread is not the right comparison where a compartment has empty places. So each population is compared
    with as many cells chosen by chance among all cells of the compartment: the mean and the variance of its pairs over
    all such choices are known exactly, and no choice need be drawn. The 95 % limits take the square root of the number
    of pairs, which is L, for normal.

    Parameters
    ----------
    lattice : Lattice
    share : (rows, cols) array
        Share of each bin that belongs to the compartment.
    bins : (n,) int array
        Bin of each cell of the compartment.
    populations : dict of str to (n,) bool array
        Which of them belong to which population.

    Returns
    -------
    list of dict
        Columns of the clustering table but the compartment; of populations with at least 10 cells.
    """
    chosen = {name: flags for name, flags in populations.items() if flags.sum() >= _MIN_CELLS}
    rows: list[dict[str, object]] = []
    if not chosen:
        return rows
    for pairs in map(_Pairs.within, RADII_UM):
        area = coarsened(share, pairs.factor)
        expected = float((area * pairs.around(area)).sum(dtype=np.float64)) / float(area.sum(dtype=np.float64)) ** 2
        coarse = _CoarseBins.of(lattice, bins, pairs.factor)
        graph = _Graph.of(pairs, coarse)
        for name, flags in chosen.items():
            n = int(flags.sum())
            counts = coarse.counts(flags)
            seen = coarse.total(pairs.around(counts), flags) - n * pairs.self_weight
            found = _compare(seen, n, expected, graph, pairs.radius_um)
            rows.append({
                "population": name, "n_cells": n, "radius_um": pairs.radius_um, **found.__dict__,
                "is_clustered": found.is_clustered,
            })  # fmt: skip
    return rows


def tabulate_clustering(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Put rows of `measure_clustering`, with their compartments, into the clustering table."""
    return check_table(pd.DataFrame(rows), CLUSTERING.columns) if rows else empty_table(CLUSTERING.columns)


@dataclass(frozen=True, eq=False)
class _CoarseBins:
    """The cells of a compartment on bins of several of the lattice's."""

    shape: tuple[int, int]
    bins: NDArray[np.int64]

    @classmethod
    def of(cls, lattice: Lattice, bins: NDArray[np.int64], factor: int) -> _CoarseBins:
        rows, cols = (-(-n // factor) for n in lattice.shape)
        row, col = np.divmod(bins, lattice.shape[1])
        return cls((rows, cols), row // factor * cols + col // factor)

    def counts(self, flags: Flags | None = None) -> Image:
        """Count cells a bin: all of them, or those chosen."""
        bins = self.bins if flags is None else self.bins[flags]
        return np.bincount(bins, minlength=self.shape[0] * self.shape[1]).astype(np.float32).reshape(self.shape)

    def total(self, image: Image, flags: Flags | None = None) -> float:
        """Sum an image over the cells: all of them, or those chosen."""
        bins = self.bins if flags is None else self.bins[flags]
        return float(image.ravel()[bins].sum(dtype=np.float64))


@dataclass(frozen=True)
class _Graph:
    """All cells of a compartment, each pair with its weight: what relabelling by chance depends on.

    Parameters
    ----------
    n : int
        Cells.
    pairs, pairs_squared : float
        Sums over ordered pairs of the weight and of its square.
    meetings : float
        Sum over cells of the squared sum of its pairs' weights.
    """

    n: int
    pairs: float
    pairs_squared: float
    meetings: float

    @classmethod
    def of(cls, pairs: _Pairs, coarse: _CoarseBins) -> _Graph:
        weight, n = pairs.self_weight, len(coarse.bins)
        counts = coarse.counts()
        around = pairs.around(counts).ravel()[coarse.bins].astype(np.float64) - weight
        squared = coarse.total(pairs.around(counts, power=2)) - n * weight**2
        return cls(n, float(around.sum()), squared, float((around**2).sum()))

    def relabelled(self, n_chosen: int) -> tuple[float, float]:
        """Mean and standard deviation of the pairs' sum when so many cells are chosen by chance."""
        both = _chance(n_chosen, self.n, 2)
        mean = both * self.pairs
        # Ordered pairs of ordered pairs that are the same two cells, share one cell, share none.
        same = 2 * self.pairs_squared
        sharing = 4 * (self.meetings - self.pairs_squared)
        apart = self.pairs**2 - same - sharing
        square = both * same + _chance(n_chosen, self.n, 3) * sharing + _chance(n_chosen, self.n, 4) * apart
        return mean, max(0.0, square - mean**2) ** 0.5


def _chance(n_chosen: int, n: int, k: int) -> float:
    """Chance that k given cells are all among those chosen."""
    chance = 1.0
    for i in range(k):
        chance *= max(n_chosen - i, 0) / max(n - i, 1)
    return chance


def _compare(seen: float, n: int, expected: float, graph: _Graph, radius_um: float) -> Clustering:
    scale = radius_um / (n * (n - 1) * expected) ** 0.5
    mean, spread = graph.relabelled(n)
    root = mean**0.5
    reach = _NORMAL_95 * 0.5 * spread / root if root > 0 else 0.0
    return Clustering(
        ripley_l_um=scale * max(seen, 0.0) ** 0.5,
        relabelled_l_um=scale * root,
        relabelled_low_um=scale * max(0.0, root - reach),
        relabelled_high_um=scale * (root + reach),
    )


def _kernel(radius_bins: float) -> Image:
    """Chance that two points, one in the middle bin and one in each bin around, are within the radius."""
    reach = int(np.ceil(radius_bins)) + 1
    n_fine = 8
    places = (np.arange(n_fine) + 0.5) / n_fine - 0.5
    apart = (places[:, None] - places).ravel()
    bins = np.arange(-reach, reach + 1)
    offset2 = (bins[:, None] + apart) ** 2
    # Rows and columns are alike: for each pair of bin offsets, the share of point offsets within the radius.
    ordered = np.sort(offset2, axis=1)
    kernel = np.empty((len(bins), len(bins)), dtype=np.float32)
    for i, rows in enumerate(offset2):
        for j, cols in enumerate(ordered):
            kernel[i, j] = np.searchsorted(cols, radius_bins**2 - rows, side="right").mean() / len(apart)
    return kernel
