"""Bright spots in nuclei."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from histo.errors import InvalidArgument
from histo.segmentation.marker.checked import as_intensity, as_labels
from histo.segmentation.marker.region import Regions
from histo.types import PixelSize

__all__ = ["estimate_foci_noise", "measure_foci"]

_BRIGHT_SHARE = 0.97


def measure_foci(
    nuclei: NDArray[np.integer],
    markers: Mapping[str, NDArray[np.generic]],
    mpp: float,
    *,
    focus_um: float = 0.5,
    noise: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Measure bright spots in each nucleus: foci of a marker that fills only points of it, such as pH3 in late G2.

    Parameters
    ----------
    nuclei, markers, mpp
        As in `measure_markers`.
    focus_um : float
        Size of a focus.
    noise : mapping of str to float, optional
        Of each marker, `estimate_foci_noise` of the slide; estimated on the arrays otherwise, which makes tiles differ.

    Returns
    -------
    DataFrame
        ``label`` and ``<marker>_foci``: 97th percentile over the nucleus of a difference of Gaussians (half of and
        twice `focus_um`), over the noise. A nucleus that is bright throughout scores as well, by its edge.

    Raises
    ------
    InvalidArgument
        As in `measure_markers`; or if pixels are too large to show a focus.
    """
    labelled = as_labels(nuclei)
    _check_focus(focus_um, mpp)
    inside = Regions.of(labelled)
    columns: dict[str, NDArray[np.generic]] = {"label": inside.labels.astype(np.int64)}
    for name, marker in markers.items():
        spots = _spots(as_intensity(name, marker, labelled.shape), focus_um / mpp)
        level = noise[name] if noise and name in noise else _noise(spots, inside)
        bright = inside.quantile(spots, _BRIGHT_SHARE)
        columns[f"{name}_foci"] = bright / level if level > 0 else np.full(len(bright), np.nan)
    return pd.DataFrame(columns)


def estimate_foci_noise(
    nuclei: NDArray[np.integer], marker: NDArray[np.generic], mpp: float, *, focus_um: float = 0.5
) -> float:
    """Estimate the noise of a slide that `measure_foci` divides by.

    Parameters
    ----------
    nuclei : (rows, cols) array of int
        Nuclei of a part of the slide that stands for it.
    marker : (rows, cols) array
        One marker.
    mpp, focus_um : float
        As in `measure_foci`.

    Returns
    -------
    float
        Median size of the difference of Gaussians over all nuclear pixels; 0 without nuclei.
    """
    labelled = as_labels(nuclei)
    _check_focus(focus_um, mpp)
    return _noise(_spots(as_intensity("given", marker, labelled.shape), focus_um / mpp), Regions.of(labelled))


def _check_focus(focus_um: float, mpp: float) -> None:
    PixelSize(mpp)
    if not focus_um >= mpp:
        raise InvalidArgument(
            "foci of this size are not seen in pixels of this size",
            expected=f"focus_um of at least {mpp:g}",
            got=f"{focus_um!r}",
            next_step="Read a finer level of the slide.",
        )


def _spots(image: NDArray[np.float32], focus_px: float) -> NDArray[np.float32]:
    fine = cv2.GaussianBlur(image, (0, 0), focus_px / 2, borderType=cv2.BORDER_REFLECT)
    coarse = cv2.GaussianBlur(image, (0, 0), focus_px * 2, borderType=cv2.BORDER_REFLECT)
    return np.asarray(fine - coarse, dtype=np.float32)


def _noise(spots: NDArray[np.float32], inside: Regions) -> float:
    return float(np.median(np.abs(spots.ravel()[inside.place]))) if len(inside.place) else 0.0
