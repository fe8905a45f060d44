"""From which signal on a pixel is positive: by negative controls or over the study, never by the field itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from histo.errors import InvalidArgument, NoThreshold
from histo.measure.bimodal import part_in_two
from histo.measure.staining.background import find_background
from histo.measure.staining.signal import Stain, read_signal
from histo.stain import DabStain

__all__ = ["StainThreshold", "stain_threshold_from_controls", "stain_threshold_from_study"]

_METHODS = {
    "controls": "percentile of the pixels of negative controls",
    "study": "Otsu's threshold over the pixels of the study, each picture of the same weight",
    "given": "given by the user",
}
_MAX_PIXELS = 50_000
_FEWEST_ABOVE = 50
# As for cells: the parts of a single group come no farther apart than 2.7 (normal), 2.6 (exponential), 3.5 (even).
_SEPARATION = 3.75


@dataclass(frozen=True)
class StainThreshold:
    """From where on a pixel is positive, and what that rests on.

    Parameters
    ----------
    positive_above : float
        Counts or optical density above the background of the picture.
    method : str
        ``controls``, ``study`` or ``given``.
    detail : str
        What a reader must know besides.
    n_images : int
        Pictures that it rests on.

    Raises
    ------
    InvalidArgument
        If the threshold is not above 0, or the method is unknown.

    Examples
    --------
    >>> StainThreshold(0.2).origin
    'signal above 0.2: given by the user'
    """

    positive_above: float
    method: str = "given"
    detail: str = ""
    n_images: int = 0

    def __post_init__(self) -> None:
        if not (isfinite(self.positive_above) and self.positive_above > 0):
            raise InvalidArgument(
                "a threshold lies above the background", expected="above 0", got=repr(self.positive_above)
            )
        if self.method not in _METHODS:
            raise InvalidArgument("unknown method", expected=", ".join(_METHODS), got=repr(self.method))

    @property
    def origin(self) -> str:
        """Where it comes from, in one line for people."""
        parts = [f"signal above {self.positive_above:.4g}: {_METHODS[self.method]}"]
        parts += [self.detail] if self.detail else []
        parts += [f"{self.n_images} pictures"] if self.n_images else []
        return ", ".join(parts)


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
    if not 50 <= percentile < 100:
        raise InvalidArgument("the percentile lies in the upper half", expected="50 to below 100", got=repr(percentile))
    pools = [_signal(image, mpp, stain, background, colours) for image in _several(controls, 1, "control")]
    if (100 - percentile) / 100 * sum(len(pool) for pool in pools) < _FEWEST_ABOVE:
        raise NoThreshold(
            f"{sum(len(pool) for pool in pools)} control pixels are too few for percentile {percentile:g}",
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
    pools = [_signal(image, mpp, stain, background, colours) for image in _several(images, 2, "picture")]
    values, weights = _pooled(pools)
    is_log = stain == "fluorescence" and bool((values > 0).any())
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


def _several(images: Sequence[NDArray[np.generic]], fewest: int, what: str) -> list[NDArray[np.generic]]:
    given = list(images)
    if len(given) < fewest:
        raise InvalidArgument(f"a threshold needs {what}s", expected=f"{fewest} or more", got=str(len(given)))
    return given


def _signal(
    image: NDArray[np.generic], mpp: float, stain: Stain, background: float | None, colours: DabStain | None
) -> NDArray[np.float64]:
    """Pixels of one picture over its background, an even choice of them."""
    signal = read_signal(image, mpp=mpp, stain=stain, colours=colours)
    level = find_background(signal.intensity, mpp, given=background).level
    flat = signal.intensity.ravel()
    return np.asarray(flat[:: (flat.size // _MAX_PIXELS) | 1], dtype=np.float64) - level


def _pooled(pools: list[NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    weights = np.concatenate([np.full(len(pool), 1.0 / len(pool)) for pool in pools])
    return np.concatenate(pools), weights
