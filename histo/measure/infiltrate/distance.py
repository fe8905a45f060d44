"""How far cells lie from the epithelium and from the bases of crypts, and where along the wall."""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from histo.errors import InvalidTable
from histo.types import Compartment, LabelMap

__all__ = ["to_crypt_base_um", "to_epithelium_um"]

Floats = NDArray[np.float64]

_EPITHELIUM = (Compartment.VILLUS_EPITHELIUM, Compartment.CRYPT)


def to_epithelium_um(labels: LabelMap, at_px: Floats) -> Floats:
    """Distance of each cell to the nearest border of villous or crypt epithelium, 0 inside it.

    Missing where there is no epithelium, where an exclusion that hides tissue lies nearer than any epithelium, and
    outside of the map.

    Parameters
    ----------
    labels : LabelMap
    at_px : (n, 2) array
        Positions in pixels of the map.

    Returns
    -------
    (n,) array
        µm.
    """
    inside = ((at_px > -0.5) & (at_px < np.array(labels.shape) - 0.5)).all(axis=1)
    found = np.full(len(at_px), np.nan)
    found[inside] = _to_mask(labels.mask(*_EPITHELIUM), at_px[inside])
    hidden = labels.hidden
    if hidden.any():
        unseen = np.full(len(at_px), np.inf)
        unseen[inside] = _to_mask(hidden, at_px[inside])
        found[unseen < found] = np.nan
    return found * labels.mpp


def to_crypt_base_um(labels: LabelMap, points: Floats, crypts: pd.DataFrame | None) -> Floats:
    """Distance of each cell to the nearest base of an accepted crypt.

    Parameters
    ----------
    labels : LabelMap
        For the slide's pixel size.
    points : (n, 2) array
        Positions in level-0 pixels.
    crypts : DataFrame, optional
        The crypts table.

    Returns
    -------
    (n,) array
        µm; missing without an accepted crypt.

    Raises
    ------
    InvalidTable
        If the crypts lack `base_row`, `base_col` or `is_accepted`.
    """
    missing = np.full(len(points), np.nan)
    if crypts is None:
        return missing
    lacking = [name for name in ("base_row", "base_col", "is_accepted") if name not in crypts.columns]
    if lacking:
        raise InvalidTable("columns of crypts are missing", expected=", ".join(lacking), got=", ".join(crypts.columns))
    bases = crypts.loc[crypts["is_accepted"], ["base_row", "base_col"]].to_numpy(dtype=float)
    if not len(bases) or not len(points):
        return missing
    distance = cKDTree(bases).query(points)[0]
    return np.asarray(distance, dtype=float) * labels.slide_mpp


def _to_mask(mask: NDArray[np.bool_], at_px: Floats) -> Floats:
    """Distance in pixels to the border of a mask, which lies half a pixel before its first pixel centre."""
    if not mask.any():
        return np.full(len(at_px), np.nan)
    apart = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    between = ndimage.map_coordinates(apart, at_px.T, output=np.float64, order=1, mode="nearest")
    return np.maximum(np.asarray(between, dtype=float) - 0.5, 0.0)
