"""How often each signal occurs in a picture: enough to judge it later, by a threshold that the whole study sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.measure.staining.pool import SignalPool
from histo.measure.staining.threshold import StainThreshold
from histo.schema import STAINING_CENSUS, check_table, empty_table

__all__ = ["judge_by", "on_step", "pool_of", "take_census"]

# A step is 0.54 % wide: a threshold moved to the nearest end of one moves by 0.27 % at most.
_STEPS_AN_OCTAVE = 128
_FAINTEST_OCTAVE = -40
_OFFSET = -_FAINTEST_OCTAVE * _STEPS_AN_OCTAVE + 1

AREA, EDGE = "area", "edge"


def take_census(areas: Mapping[str, NDArray[np.floating]], edges: Mapping[str, NDArray[np.floating]]) -> pd.DataFrame:
    """Count pixels of areas, and points of luminal edges, by their signal.

    Parameters
    ----------
    areas : mapping of str to (n,) array
        Signal of the pixels of each region, background taken off.
    edges : mapping of str to (n,) array
        Likewise the brightest signal across each point of the edge.

    Returns
    -------
    DataFrame
        The table ``staining_census`` without identity.

    Examples
    --------
    >>> take_census({"field": np.array([0.0, 5.0, 5.0, -1.0])}, {})[["part", "step", "n"]].values.tolist()
    [['area', -5120, 1], ['area', 0, 1], ['area', 5418, 2]]
    """
    parts = [
        pd.DataFrame({"region": region, "part": part, "step": step, "n": n})
        for part, signals in ((AREA, areas), (EDGE, edges))
        for region, signal in signals.items()
        for step, n in [np.unique(_steps(signal), return_counts=True)]
        if len(step)
    ]
    table = pd.concat(parts, ignore_index=True) if parts else empty_table(STAINING_CENSUS.columns)
    return check_table(table, STAINING_CENSUS.columns)


def pool_of(census: pd.DataFrame, region: str, noise: float = 0.0) -> SignalPool:
    """Give the pixels of a region back, each with the middle of its step."""
    own = census[(census["region"] == region) & (census["part"] == AREA)]
    steps = own["step"].to_numpy()
    middles = np.sign(steps) * np.exp2((np.abs(steps) - _OFFSET + 0.5) / _STEPS_AN_OCTAVE)
    return SignalPool(middles, own["n"].to_numpy(dtype=np.float64), noise)


def on_step(threshold: StainThreshold) -> StainThreshold:
    """Move a threshold to the nearest end of a step, so that a census counts exactly what lies above it."""
    return replace(threshold, positive_above=float(np.exp2(_end(threshold) / _STEPS_AN_OCTAVE)))


def judge_by(threshold: StainThreshold, census: pd.DataFrame, regions: pd.DataFrame, pixel_um: float) -> pd.DataFrame:
    """Say what of each region is positive.

    Parameters
    ----------
    threshold : StainThreshold
        From `on_step`.
    census : DataFrame
        Of one picture, from `take_census`.
    regions : DataFrame
        Rows of ``staining`` or ``staining_regions``, with the name of each in a column ``region``.
    pixel_um : float
        Side of a pixel.

    Returns
    -------
    DataFrame
        A copy with ``positive_area_percent``, ``positive_pixels_per_mm2`` and, where there is such a column,
        ``edge_positive``: as if the threshold had been known when the picture was measured.
    """
    counted = census.assign(n_positive=census["n"].where(census["step"] >= _end(threshold) + _OFFSET, 0))
    totals = counted.groupby(["part", "region"])[["n", "n_positive"]].sum()
    share = totals["n_positive"] / totals["n"]
    area, edge = (
        share.reindex(pd.MultiIndex.from_product([[part], regions["region"]])).to_numpy(dtype=np.float64)
        for part in (AREA, EDGE)
    )
    judged = regions.assign(positive_area_percent=100.0 * area, positive_pixels_per_mm2=area / (pixel_um**2 / 1e6))
    return judged.assign(edge_positive=edge) if "edge_positive" in judged else judged


def _steps(signal: NDArray[np.floating]) -> NDArray[np.int64]:
    """Say in which step each signal lies: above its lower end, up to its upper end; what is below 0 mirrors it."""
    values = np.asarray(signal, dtype=np.float64)
    size = np.abs(values)
    is_something = size > 2.0**_FAINTEST_OCTAVE
    octaves = np.log2(size, where=is_something, out=np.zeros(values.shape))
    number = np.ceil(octaves * _STEPS_AN_OCTAVE).astype(np.int64) - 1 + _OFFSET
    return np.where(is_something, np.sign(values).astype(np.int64) * number, 0)


def _end(threshold: StainThreshold) -> int:
    return round(float(np.log2(threshold.positive_above)) * _STEPS_AN_OCTAVE)
