"""How a nucleus stands out from what is around it, whatever the exposure."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.segmentation.marker.checked import as_intensity, as_labels
from histo.segmentation.marker.region import Regions
from histo.types import PixelSize

__all__ = ["contrast_reach_px", "measure_contrast"]

_NEIGHBOURHOOD_UM = 10.0
_N_BOXES = 3


def measure_contrast(
    nuclei: NDArray[np.integer],
    markers: Mapping[str, NDArray[np.generic]],
    mpp: float,
    *,
    neighbourhood_um: float = _NEIGHBOURHOOD_UM,
) -> pd.DataFrame:
    """Compare each nucleus with the mean intensity of its neighbourhood.

    A person who calls a nucleus positive in a picture of unknown exposure sees this, and not its intensity.

    Parameters
    ----------
    nuclei, markers, mpp
        As in `measure_markers`.
    neighbourhood_um : float
        Standard deviation of the (nearly Gaussian) weights of the neighbourhood.

    Returns
    -------
    DataFrame
        ``label`` and ``<marker>_contrast``: median of the nucleus over the mean around it, itself included. 1 where it
        does not stand out. Missing where the neighbourhood is black.

    Raises
    ------
    InvalidArgument
        As in `measure_markers`; or if the neighbourhood has no size.

    Notes
    -----
    It needs no control of the exposure, but has a price: where most neighbours are positive, none stands out. The
    weights end at 30 µm for 10 µm, so a tile with that margin (`contrast_reach_px`) gives the values of the whole
    slide.
    """
    PixelSize(mpp)
    labelled = as_labels(nuclei)
    if not neighbourhood_um > 0:
        raise InvalidArgument("the neighbourhood has a size", expected="µm above 0", got=repr(neighbourhood_um))
    inside = Regions.of(labelled)
    columns: dict[str, NDArray[np.generic]] = {"label": inside.labels.astype(np.int64)}
    for name, marker in markers.items():
        image = as_intensity(name, marker, labelled.shape)
        around = inside.mean(_smooth(image, neighbourhood_um / mpp))
        own = inside.quantile(image, 0.5)
        columns[f"{name}_contrast"] = np.divide(own, around, out=np.full(len(own), np.nan), where=around > 0)
    return pd.DataFrame(columns)


def contrast_reach_px(mpp: float, neighbourhood_um: float = _NEIGHBOURHOOD_UM) -> int:
    """Say how far around a nucleus `measure_contrast` looks, in pixels.

    Examples
    --------
    >>> contrast_reach_px(0.5)
    60
    """
    return _N_BOXES * (_width_px(neighbourhood_um / mpp) // 2)


def _width_px(sigma_px: float) -> int:
    """Width of the boxes that together have this standard deviation."""
    return max(1, 2 * round((sqrt(4 * sigma_px**2 + 1) - 1) / 2) + 1)


def _smooth(image: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    # Three box means are nearly Gaussian, and take the same time at any width.
    width = _width_px(sigma_px)
    smooth = image
    for _ in range(_N_BOXES):
        smooth = np.asarray(cv2.blur(smooth, (width, width), borderType=cv2.BORDER_REFLECT), dtype=np.float32)
    return smooth
