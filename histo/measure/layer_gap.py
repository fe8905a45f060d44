"""Gaps of a layer: stretches of wall along which it is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["find_gaps"]

_TEAR_UM = 25.0


def find_gaps(layers: pd.DataFrame, column: str, at_least_um: float = 50.0) -> NDArray[np.float64]:
    """Find the stretches of wall along which a layer has no thickness.

    Parameters
    ----------
    layers : DataFrame
        Table of `measure_layers`: a row every 10 µm.
    column : str
        The layer: ``mucosa_um``, ``crypt_zone_um``, ``submucosa_um`` or ``muscularis_um``.
    at_least_um : float
        Shorter ones are left out.

    Returns
    -------
    (n, 2) array
        Position along the gut of the first and the last place of each, µm. A tear of the wall ends a gap.

    Examples
    --------
    >>> thickness = [30.0] * 6 + [np.nan] * 8 + [30.0] * 6
    >>> layers = pd.DataFrame({"position_um": np.arange(5.0, 205.0, 10.0), "muscularis_um": thickness})
    >>> find_gaps(layers, "muscularis_um")
    array([[ 65., 135.]])
    """
    position = layers["position_um"].to_numpy(dtype=float)
    is_missing = layers[column].isna().to_numpy()
    if not is_missing.any():
        return np.zeros((0, 2))
    is_torn = np.diff(position) > _TEAR_UM
    begins = is_missing & np.concatenate([[True], ~is_missing[:-1] | is_torn])
    ends = is_missing & np.concatenate([~is_missing[1:] | is_torn, [True]])
    gaps = np.stack([position[begins], position[ends]], axis=-1)
    wide: NDArray[np.float64] = gaps[gaps[:, 1] - gaps[:, 0] >= at_least_um]
    return wide
