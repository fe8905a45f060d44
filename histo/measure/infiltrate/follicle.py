"""Lymphoid follicles: those that the label map shows, and dense aggregates of lymphocytes that it does not."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from histo.measure.infiltrate.lattice import BIN_UM, Lattice
from histo.measure.raster import blurred, components
from histo.types import Compartment

__all__ = ["STROMA", "Follicles", "find_follicles"]

STROMA = (Compartment.VILLUS_LAMINA_PROPRIA, Compartment.LAMINA_PROPRIA, Compartment.SUBMUCOSA)

# Ours. Nuclei of 6 µm that lie side by side are 17,000 to 20,000 per mm²; a lamina propria full of lymphocytes stays
# well below half of that. The disc keeps out villus cores and the stroma between crypts, which are narrower.
_DENSE_PER_MM2 = 10000.0
_SIGMA_UM = 20.0
_DISC_RADIUS_UM = 40.0
_MIN_AREA_UM2 = 5000.0


@dataclass(frozen=True, eq=False)
class Follicles:
    """Follicles on the lattice.

    Parameters
    ----------
    numbers : (rows, cols) int32 array
        Follicle of each bin, from 1; 0 in none.
    is_found : (rows, cols) bool array
        Where stroma is taken for a follicle that the map does not show.
    is_labelled : (n,) bool array
        Whether the map shows any part of each follicle.
    area_um2 : (n,) array
        Labelled as lymphoid, or stroma taken for it.
    centre_um : (n, 2) array
        Middle of its bins.
    """

    numbers: NDArray[np.int32]
    is_found: NDArray[np.bool_]
    is_labelled: NDArray[np.bool_]
    area_um2: NDArray[np.float64]
    centre_um: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.area_um2)


def find_follicles(lattice: Lattice, lymphocytes: NDArray[np.int64], stroma: NDArray[np.float32]) -> Follicles:
    """Find follicles on the map and among the cells.

    An aggregate counts where lymphocytes, smoothed over 20 µm, reach 10,000 per mm² of lamina propria and submucosa
    throughout a disc of 80 µm; it ends where they fall to half of what they are in it. What touches a labelled follicle
    belongs to it. Pieces below 5,000 µm² are no follicles; the labelled ones among them stay apart from lamina propria
    and submucosa all the same.

    Parameters
    ----------
    lattice : Lattice
    lymphocytes : (n,) int array
        Bins of the lymphocytes that lie in stroma.
    stroma : (rows, cols) array
        Share of each bin that is lamina propria or submucosa.

    Returns
    -------
    Follicles
        From top left to bottom right.
    """
    labelled = lattice.share(Compartment.LYMPHOID)
    is_found = _dense(lattice.counts(lymphocytes), stroma)
    pieces, sizes = components(is_found | (labelled > 0))
    n = len(sizes)
    taken = labelled + np.where(is_found, stroma, 0)
    area_um2 = np.bincount(pieces.ravel(), weights=taken.ravel(), minlength=n).astype(np.float64) * BIN_UM**2
    area_um2[0] = 0.0
    is_follicle = area_um2 >= _MIN_AREA_UM2
    # A piece that only cells show is one whose stroma stays what it is when it is no follicle.
    is_found &= is_follicle[pieces]
    is_shown = np.bincount(pieces.ravel(), weights=(labelled > 0).ravel(), minlength=n) > 0
    centre = _centres(pieces, n)
    kept = np.flatnonzero(is_follicle)
    kept = kept[np.lexsort((centre[kept, 1], centre[kept, 0]))]
    numbers = np.zeros(n, dtype=np.int32)
    numbers[kept] = np.arange(1, len(kept) + 1)
    return Follicles(numbers[pieces], is_found, is_shown[kept], area_um2[kept], centre[kept])


def _dense(counts: NDArray[np.float32], tissue: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Find where lymphocytes are dense throughout a disc of tissue, and around it to half of that density."""
    nowhere = np.zeros(counts.shape, dtype=bool)
    if counts.sum() * 1e6 < _DENSE_PER_MM2 * _MIN_AREA_UM2:
        return nowhere
    sigma = _SIGMA_UM / BIN_UM
    room = blurred(tissue, sigma)
    density = blurred(counts, sigma) / np.maximum(room, 1e-6) * np.float32(1e6 / BIN_UM**2)
    is_tissue = (tissue > 0.5) & (room > 0.5)
    core = _opened(is_tissue & (density >= _DENSE_PER_MM2), round(_DISC_RADIUS_UM / BIN_UM))
    pieces, sizes = components(core)
    sums = np.bincount(pieces.ravel(), weights=density.ravel(), minlength=len(sizes))
    half = (0.5 * sums / np.maximum(sizes, 1)).astype(np.float32)
    half[0] = 0
    # Smoothing spreads the border over its own width: no farther than that does a follicle go on.
    needed = cv2.dilate(half[pieces], _disc(round(_SIGMA_UM / BIN_UM)))
    return np.asarray(core | (is_tissue & (needed > 0) & (density >= needed)))


def _opened(mask: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, _disc(radius))) > 0


def _disc(radius: int) -> NDArray[np.uint8]:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(disc, dtype=np.uint8)


def _centres(pieces: NDArray[np.int32], n: int) -> NDArray[np.float64]:
    rows, cols = np.nonzero(pieces)
    of_bin = pieces[rows, cols]
    size = np.maximum(np.bincount(of_bin, minlength=n), 1)
    sums = [np.bincount(of_bin, weights=(axis + 0.5) * BIN_UM, minlength=n) for axis in (rows, cols)]
    return np.stack(sums, axis=1) / size[:, None]
