"""Means and quantiles of pixel values over many labelled regions at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Regions"]


@dataclass(frozen=True, eq=False)
class Regions:
    """The pixels of labelled regions, so that each statistic of all regions is one pass over them.

    Parameters
    ----------
    labels : (n,) array of int
        The regions' labels, ascending.
    place : (pixels,) array of int
        Flat position of every pixel of a region in its image.
    region : (pixels,) array of int
        Index into `labels` of that pixel.
    """

    labels: NDArray[np.int32]
    place: NDArray[np.intp]
    region: NDArray[np.intp]

    @classmethod
    def of(cls, labelled: NDArray[np.int32], labels: NDArray[np.int32] | None = None) -> Regions:
        """Collect the regions of a label array; with `labels`, those and no others, in that order."""
        flat = labelled.ravel()
        place = np.flatnonzero(flat)
        values = flat[place]
        known = np.unique(values) if labels is None else labels
        return cls(known, place, np.searchsorted(known, values))

    @cached_property
    def n_pixels(self) -> NDArray[np.intp]:
        """Pixels of each region."""
        return np.bincount(self.region, minlength=len(self.labels))

    def mean(self, image: NDArray[np.floating] | NDArray[np.bool_]) -> NDArray[np.float64]:
        """Mean over each region, NaN of a region without pixels; of a mask, the share that is True."""
        total = np.bincount(self.region, weights=image.ravel()[self.place], minlength=len(self.labels))
        n = self.n_pixels
        mean: NDArray[np.float64] = np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0)
        return mean

    def quantile(self, image: NDArray[np.floating], share: float) -> NDArray[np.float64]:
        """Value below which this share of each region's pixels lies: the nearest pixel's, float32."""
        # Region and value are put into one integer each, because sorting integers is many times quicker than lexsort.
        bits = np.ascontiguousarray(image.ravel()[self.place], dtype=np.float32).view(np.uint32)
        ordered = np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31))
        keys = np.sort((self.region.astype(np.uint64) << np.uint64(32)) | ordered)
        n = self.n_pixels
        first = np.cumsum(n) - n
        chosen = (first + np.floor(share * np.maximum(n - 1, 0) + 0.5).astype(np.intp))[n > 0]
        found = (keys[chosen] & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        values = np.where(found >> 31, found & np.uint32(0x7FFFFFFF), ~found).astype(np.uint32).view(np.float32)
        result = np.full(len(n), np.nan)
        result[n > 0] = values
        return result
