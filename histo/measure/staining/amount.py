"""How much is stained: positive area, positive pixels, mean and integrated signal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from histo.measure.staining.threshold import StainThreshold

__all__ = ["measure_amount"]


def measure_amount(signal: NDArray[np.float32], mpp: float, threshold: StainThreshold | None) -> dict[str, float]:
    """Measure how much of an area is stained.

    Parameters
    ----------
    signal : (n,) array
        Signal of the pixels of the area, background taken off.
    mpp : float
        µm per pixel.
    threshold : StainThreshold, optional
        From where on a pixel is positive.

    Returns
    -------
    dict of str to float
        ``area_mm2``, ``positive_area_percent``, ``positive_pixels_per_mm2``, ``mean_signal``,
        ``integrated_density_um2``. What needs a threshold is not a number without one.

    Notes
    -----
    Positive pixels per mm² is the measure of Nouri et al. 2014 (PLoS ONE 9: e106335) for zonulin, there over the mean
    of the controls. It is the positive share over the area of one pixel, so that halving the µm/px makes four of one.
    """
    area_mm2 = signal.size * mpp**2 / 1e6
    missing = float("nan")
    if not signal.size:
        names = ("positive_area_percent", "positive_pixels_per_mm2", "mean_signal", "integrated_density_um2")
        return {"area_mm2": 0.0, **dict.fromkeys(names, missing)}
    n_positive = missing if threshold is None else float(np.count_nonzero(signal > threshold.positive_above))
    total = float(signal.sum(dtype=np.float64))
    return {
        "area_mm2": area_mm2,
        "positive_area_percent": 100.0 * n_positive / signal.size,
        "positive_pixels_per_mm2": n_positive / area_mm2,
        "mean_signal": total / signal.size,
        "integrated_density_um2": total * mpp**2,
    }
