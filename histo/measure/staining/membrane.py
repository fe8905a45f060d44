"""Signal on membranes over that between them, where the membranes are found without choosing the brightest noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.morphology import skeletonize

from histo.measure.raster import blurred, distance_to

__all__ = ["find_membranes", "inner_part", "membrane_ratios"]

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

MAX_MPP = 0.5
_FINE_UM = 0.2
_RIDGE_UM = 0.5
_RIDGE_SPREADS = 3.0
_OFF_UM = 1.0
_OFF_BORDER_UM = 2.0
_MIN_MEMBRANE_UM2 = 20.0
_MIN_PIECE_UM = 4.0
_ROWS_AT_ONCE = 512
# A second derivative is taken from pixels up to two rows away.
_ROWS_AROUND = 2


def membrane_ratios(
    values: Image,
    mpp: float,
    regions: Mapping[str, Mask],
    *,
    membrane_um: float,
    membranes: Mask | None = None,
) -> dict[str, float]:
    """Compare the mean signal on membranes with that between them, region by region.

    Parameters
    ----------
    values : (rows, cols) array
        Signal, background taken off.
    mpp : float
        µm per pixel.
    regions : mapping of str to (rows, cols) bool array
        Epithelium to look at, without the apical band: its `inner_part`.
    membrane_um : float
        Width of a membrane as imaged.
    membranes : (rows, cols) bool array, optional
        Lines of membranes, found on another channel or by a network. Ridges of the signal otherwise.

    Returns
    -------
    dict of str to float
        Mean within half of the width of a line over the mean 1 µm and farther off such a band. Not a number above
        0.5 µm/px without `membranes`, where lines cover less than 20 µm², or where nothing lies between them.

    Notes
    -----
    There is no published standard. Ridges found on a picture and measured on the same picture would be brighter than
    what lies between them even in noise. So the pixels are parted like a chessboard: ridges are found on the white
    fields and measured on the black, whose noise they have not seen, and the other way round. What the camera or a
    compression smears over neighbours is not undone by that. Membranes that the section does not cut across are not
    ridges and count as cytoplasm, so that the ratio is that of what is seen, blurred, and lower than on the molecules.
    """
    everywhere = np.logical_or.reduce([*regions.values()])
    missing = dict.fromkeys(regions, float("nan"))
    if not everywhere.any() or (membranes is None and mpp > MAX_MPP):
        return missing
    if membranes is not None:
        away = distance_to(membranes & everywhere) * np.float32(mpp)
        return {name: _ratio(values, mpp, where, away, membrane_um) for name, where in regions.items()}
    # On pixels of about 0.2 µm, or a line one pixel wide would be as wide as a membrane.
    finer = max(1, round(mpp / _FINE_UM))
    window = _bounds(everywhere)
    values, everywhere = values[window], everywhere[window]
    white = np.indices(values.shape, dtype=np.int32).sum(axis=0) % 2 == 0
    found = []
    for seen in (white, ~white):
        size = (values.shape[1] * finer, values.shape[0] * finer)
        smooth = np.asarray(cv2.resize(_filled(values, seen), size, interpolation=cv2.INTER_CUBIC), dtype=np.float32)
        lines = find_membranes(smooth, mpp / finer, _repeated(everywhere, finer))
        away = distance_to(lines) * np.float32(mpp / finer)
        fine_values = _repeated(values, finer)
        unseen = {name: _repeated(where[window] & ~seen, finer) for name, where in regions.items()}
        found.append(
            {name: _ratio(fine_values, mpp / finer, where, away, membrane_um) for name, where in unseen.items()}
        )
    return {name: (found[0][name] + found[1][name]) / 2 for name in regions}


def inner_part(mask: Mask, mpp: float) -> Mask:
    """Leave out 2 µm along the border of a mask: there the signal ends, and the end of a plateau is no membrane."""
    return np.asarray(distance_to(~mask) * np.float32(mpp) > _OFF_BORDER_UM)


def find_membranes(values: Image, mpp: float, where: Mask) -> Mask:
    """Find lines brighter than both of their sides: ridges of the signal at 0.5 µm, thinned to one pixel.

    A ridge counts where it is three times as strong as the usual variation within `where`, and is 4 µm long.
    """
    lowest, highest = _curvatures(blurred(values, max(_RIDGE_UM / mpp, 1.0)))
    usual = lowest[where]
    spread = 1.4826 * float(np.median(np.abs(usual - np.median(usual))))
    del usual
    # Of a line the curvature across is strong and that along it is not; of a spot both are.
    is_ridge = where & (-lowest > _RIDGE_SPREADS * spread) & (np.abs(highest) < -0.5 * lowest)
    del lowest, highest
    line = skeletonize(is_ridge).astype(np.uint8)  # type: ignore[no-untyped-call]
    _, labelled, stats, _ = cv2.connectedComponentsWithStats(line, connectivity=8)
    is_long = stats[:, cv2.CC_STAT_AREA] * mpp >= _MIN_PIECE_UM
    is_long[0] = False
    return np.asarray(is_long[labelled])


def _curvatures(smooth: Image) -> tuple[Image, Image]:
    """Lowest and highest curvature of each pixel, a few rows at a time: all derivatives at once fill the memory."""
    lowest, highest = np.empty_like(smooth), np.empty_like(smooth)
    for first in range(0, len(smooth), _ROWS_AT_ONCE):
        last = min(first + _ROWS_AT_ONCE, len(smooth))
        top = max(first - _ROWS_AROUND, 0)
        row_slope, col_slope = np.gradient(smooth[top : last + _ROWS_AROUND])
        (across_rows, mixed), (_, across_cols) = np.gradient(row_slope), np.gradient(col_slope)
        middle, half = (across_rows + across_cols) / 2, np.hypot((across_rows - across_cols) / 2, mixed)
        own = slice(first - top, last - top)
        lowest[first:last], highest[first:last] = (middle - half)[own], (middle + half)[own]
    return lowest, highest


def _filled(values: Image, seen: Mask) -> Image:
    """Take the fields of one colour, and those of the other filled from their four neighbours."""
    cross = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=np.float32) / 4
    beside = cv2.filter2D(values, cv2.CV_32F, cross, borderType=cv2.BORDER_REFLECT_101)
    return np.where(seen, values, beside).astype(np.float32)


def _repeated(image: NDArray[Any], times: int) -> NDArray[Any]:
    return image.repeat(times, axis=0).repeat(times, axis=1)


def _bounds(mask: Mask) -> tuple[slice, slice]:
    rows, cols = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1)


def _ratio(values: Image, mpp: float, where: Mask, away_um: Image, membrane_um: float) -> float:
    on = where & (away_um <= membrane_um / 2)
    between = where & (away_um > membrane_um / 2 + _OFF_UM)
    if np.count_nonzero(on) * mpp**2 < _MIN_MEMBRANE_UM2 or not between.any():
        return float("nan")
    cytoplasm = float(values[between].mean())
    return float(values[on].mean()) / cytoplasm if cytoplasm > 0 else float("nan")
