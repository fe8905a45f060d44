"""Thresholds of pictures that lie in memory: negative controls, or the pictures of a study."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.measure.staining.background import find_background
from histo.measure.staining.pool import SignalPool, control_threshold, study_threshold
from histo.measure.staining.signal import Stain, read_signal
from histo.measure.staining.threshold import StainThreshold
from histo.stain import DabStain

__all__ = ["stain_threshold_from_controls", "stain_threshold_from_study"]

_MAX_PIXELS = 50_000


def stain_threshold_from_controls(
    controls: Sequence[NDArray[np.generic]],
    *,
    mpp: float,
    stain: Stain = "fluorescence",
    percentile: float = 99.0,
    background: float | None = None,
    colours: DabStain | None = None,
) -> StainThreshold:
    """Set the threshold by negative controls: stained without the primary antibody, or with an isotype.

    Parameters
    ----------
    controls : sequence of arrays
        Pictures of tissue, exposed and scanned as the study.
    mpp : float
        µm per pixel of all of them: that of the study, or noise would lift the threshold of one and not the other.
    stain : {"fluorescence", "dab"}
    percentile : float
        Of the controls' pixels, each picture of the same weight. At 99, one pixel of 100 without antigen is called
        positive: a positive area below 1 % is no finding.
    background : float, optional
        Level without stain, where it is known.
    colours : DabStain, optional
        Colours of DAB from a stained slide of the same run: a control has no brown to find them by.

    Returns
    -------
    StainThreshold

    Raises
    ------
    InvalidArgument
        If there is no control, a picture is not one of this stain, or the percentile is none.
    NoThreshold
        If too few pixels lie above the percentile (50), or it is not above the background.
    """
    pictures = _several(controls, 1, "control")
    return control_threshold([_pool(image, mpp, stain, background, colours) for image in pictures], percentile)


def stain_threshold_from_study(
    images: Sequence[NDArray[np.generic]],
    *,
    mpp: float,
    stain: Stain = "fluorescence",
    background: float | None = None,
    colours: DabStain | None = None,
) -> StainThreshold:
    """Set the threshold by Otsu's method over the pictures of a study, or say that its pixels fall into no two groups.

    Parameters
    ----------
    images : sequence of arrays
        Pictures of all groups of the study, exposed alike; at least two.
    mpp, stain, background, colours
        As in `stain_threshold_from_controls`.

    Returns
    -------
    StainThreshold

    Raises
    ------
    InvalidArgument
        If there are fewer than two pictures, or one is not of this stain.
    NoThreshold
        If the two parts lie less than 3.75 standard deviations apart, which one group of pixels could show by itself.

    Notes
    -----
    Fluorescence is parted on a log scale and optical densities as they are, as `thresholds_from_study` does with cells.
    """
    pictures = _several(images, 2, "picture")
    pools = [_pool(image, mpp, stain, background, colours) for image in pictures]
    return study_threshold(pools, is_log=stain == "fluorescence")


def _several(images: Sequence[NDArray[np.generic]], fewest: int, what: str) -> list[NDArray[np.generic]]:
    given = list(images)
    if len(given) < fewest:
        raise InvalidArgument(f"a threshold needs {what}s", expected=f"{fewest} or more", got=str(len(given)))
    return given


def _pool(
    image: NDArray[np.generic], mpp: float, stain: Stain, background: float | None, colours: DabStain | None
) -> SignalPool:
    """Pixels of one picture over its background, an even choice of them."""
    signal = read_signal(image, mpp=mpp, stain=stain, colours=colours)
    seen = find_background(signal.intensity, mpp, given=background)
    flat = signal.intensity.ravel()
    values = np.asarray(flat[:: (flat.size // _MAX_PIXELS) | 1], dtype=np.float64) - seen.level
    return SignalPool.of(values, seen.noise)
