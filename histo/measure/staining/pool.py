"""Thresholds from pooled pixels: many pictures, each of the same weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument, NoThreshold
from histo.measure.bimodal import part_in_two
from histo.measure.staining.threshold import StainThreshold

__all__ = ["SignalPool", "control_threshold", "study_threshold"]

Floats = NDArray[np.float64]

_FEWEST_ABOVE = 50
# As for cells: the parts of a single group come no farther apart than 2.7 (normal), 2.6 (exponential), 3.5 (even).
_SEPARATION = 3.75


@dataclass(frozen=True, eq=False)
class SignalPool:
    """Pixels of one picture, over its background.

    Parameters
    ----------
    values : (n,) array
        Counts or optical density.
    counts : (n,) array
        Pixels of each value.
    noise : float
        Standard deviation from pixel to pixel: what is fainter is no signal.
    """

    values: Floats
    counts: Floats
    noise: float = 0.0

    @classmethod
    def of(cls, values: NDArray[np.floating], noise: float = 0.0) -> SignalPool:
        """Take values of one pixel each."""
        return cls(np.asarray(values, dtype=np.float64), np.ones(len(values)), noise)

    @property
    def n_pixels(self) -> int:
        """Pixels in all."""
        return int(self.counts.sum())


def control_threshold(pools: Sequence[SignalPool], percentile: float = 99.0) -> StainThreshold:
    """Take a percentile of the pixels of negative controls, each picture of the same weight.

    Parameters
    ----------
    pools : sequence of SignalPool
        One a picture; those without a pixel are passed over.
    percentile : float
        At 99, one pixel of 100 without antigen is called positive.

    Returns
    -------
    StainThreshold

    Raises
    ------
    InvalidArgument
        If the percentile is none.
    NoThreshold
        If too few pixels lie above the percentile (50), or it is not above the background.
    """
    if not 50 <= percentile < 100:
        raise InvalidArgument("the percentile lies in the upper half", expected="50 to below 100", got=repr(percentile))
    n_pixels = sum(pool.n_pixels for pool in pools)
    if (100 - percentile) / 100 * n_pixels < _FEWEST_ABOVE:
        raise NoThreshold(
            f"{n_pixels} control pixels are too few for percentile {percentile:g}",
            next_step="Give larger control pictures.",
        )
    values, weights = _pooled(pools)
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(weights[order])
    cut = float(values[order][min(np.searchsorted(mass, percentile / 100 * mass[-1]), len(order) - 1)])
    if cut <= 0:
        raise NoThreshold(
            f"percentile {percentile:g} of the controls is {cut:.3g} above their background, which is no signal",
            next_step="Give controls with tissue on them, or the threshold itself as StainThreshold(...).",
        )
    return StainThreshold(cut, "controls", f"percentile {percentile:g}", len(pools))


def study_threshold(pools: Sequence[SignalPool], *, is_log: bool) -> StainThreshold:
    """Part the pixels of a study in two by Otsu's method, each picture of the same weight.

    Parameters
    ----------
    pools : sequence of SignalPool
        One a picture, of all groups.
    is_log : bool
        Whether to part logarithms, as of fluorescence; what is fainter than the noise then counts as the noise, or
        signals of almost nothing would lie orders of magnitude apart.

    Returns
    -------
    StainThreshold

    Raises
    ------
    NoThreshold
        If there are fewer than two pictures, or the two parts lie less than 3.75 standard deviations apart.
    """
    if len(pools) < 2:
        raise NoThreshold(
            f"Otsu's threshold of a study needs at least 2 pictures, got {len(pools)}",
            next_step="Score more slides of the run, use negative controls, or give the threshold itself.",
        )
    lifted = [replace(pool, values=np.maximum(pool.values, pool.noise)) for pool in pools] if is_log else pools
    values, weights = _pooled(lifted)
    is_log = is_log and bool((values > 0).any())
    scaled = np.log(np.maximum(values, values[values > 0].min())) if is_log else values
    parting = part_in_two(scaled, weights)
    cut = 0.0 if parting is None else float(np.exp(parting.cut)) if is_log else parting.cut
    if parting is None or parting.separation < _SEPARATION or cut <= 0:
        apart = "all are alike" if parting is None else f"{parting.separation:.1f} standard deviations apart"
        raise NoThreshold(
            f"the pixels fall into no two groups: {apart}, where {_SEPARATION} are asked for",
            next_step="Use negative controls, or give the threshold itself as StainThreshold(...).",
        )
    return StainThreshold(cut, "study", f"parts {parting.separation:.1f} standard deviations apart", len(pools))


def _pooled(pools: Sequence[SignalPool]) -> tuple[Floats, Floats]:
    filled = [pool for pool in pools if pool.n_pixels]
    weights = [pool.counts / pool.counts.sum() for pool in filled]
    return np.concatenate([pool.values for pool in filled]), np.concatenate(weights)
