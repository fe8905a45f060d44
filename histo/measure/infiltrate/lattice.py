"""A lattice of 5 µm over the label map, on which cells are counted and tissue is shared out.

Bins do not follow the map's pixels: they are as large in a map of any pixel size, and each holds exactly the share of a
compartment that covers it. Positions are µm from the outer corner of the map, as everywhere in measuring.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from histo.types import Compartment, LabelMap

__all__ = ["BIN_UM", "Lattice", "coarsened"]

Image = NDArray[np.float32]

BIN_UM = 5.0
_ROWS_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class Lattice:
    """Square bins over a label map.

    Parameters
    ----------
    labels : LabelMap
    """

    labels: LabelMap

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of bins; the last ones reach over the map."""
        rows, cols = (max(1, int(np.ceil(n * self.labels.mpp / BIN_UM - 1e-9))) for n in self.labels.shape)
        return rows, cols

    def bins(self, points_um: NDArray[np.float64]) -> NDArray[np.int64]:
        """Flat index of the bin of each point, (n,) array; points outside are given to the nearest bin."""
        at = np.clip((points_um / BIN_UM).astype(np.int64), 0, np.array(self.shape) - 1)
        flat: NDArray[np.int64] = at[:, 0] * self.shape[1] + at[:, 1]
        return flat

    def counts(self, bins: NDArray[np.int64]) -> Image:
        """Count points a bin, (rows, cols) array."""
        counted = np.bincount(bins, minlength=self.shape[0] * self.shape[1])
        return counted.astype(np.float32).reshape(self.shape)

    def share(self, *compartments: Compartment) -> Image:
        """Share of each bin that these compartments cover together, 0 to 1, (rows, cols) array."""
        across = self._overlap(1).T
        along = self._overlap(0)
        share = np.zeros(self.shape, dtype=np.float32)
        chosen = np.zeros(256, dtype=np.float32)
        chosen[[int(compartment) for compartment in compartments]] = 1.0
        array = self.labels.array
        for first in range(0, len(array), _ROWS_AT_ONCE):
            rows = slice(first, first + _ROWS_AT_ONCE)
            share += along[:, rows] @ (chosen[array[rows]] @ across)
        return share

    def _overlap(self, axis: int) -> csr_array:
        """How much of each bin each pixel of one axis covers, (bins, pixels)."""
        edges = np.arange(self.labels.shape[axis] + 1) * self.labels.mpp / BIN_UM
        n_bins = self.shape[axis]
        first = np.minimum(edges[:-1].astype(np.int64), n_bins - 1)
        n_touched = int(np.ceil(self.labels.mpp / BIN_UM)) + 1
        bins = first[:, None] + np.arange(n_touched)
        covered = np.minimum(edges[1:, None], bins + 1) - np.maximum(edges[:-1, None], bins)
        pixels = np.broadcast_to(np.arange(len(first))[:, None], bins.shape)
        kept = (covered > 1e-9) & (bins < n_bins)
        entries = covered[kept].astype(np.float32), (bins[kept], pixels[kept])
        return csr_array(entries, shape=(n_bins, len(first)))


def coarsened(image: Image, factor: int) -> Image:
    """Sum blocks of factor x factor bins; the last blocks are filled up with nothing."""
    if factor == 1:
        return image
    rows, cols = image.shape
    padded = np.pad(image, ((0, -rows % factor), (0, -cols % factor)))
    size = (padded.shape[1] // factor, padded.shape[0] // factor)
    return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), dtype=np.float32) * np.float32(factor**2)
