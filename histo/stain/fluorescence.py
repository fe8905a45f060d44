"""Take the background off a fluorescence image."""

from __future__ import annotations

from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.restoration import ball_kernel, rolling_ball

from histo.errors import InvalidArgument
from histo.types import PixelSize

__all__ = ["BackgroundMethod", "estimate_background", "subtract_background"]

BackgroundMethod = Literal["rolling_ball", "top_hat", "percentile"]

# The background is smooth over its radius, so it is sought where the radius has this many pixels.
_RADIUS_PX = 12.0


def estimate_background(
    image: NDArray[np.generic], mpp: float, *, radius_um: float = 25.0, method: BackgroundMethod = "rolling_ball"
) -> NDArray[np.float32]:
    """Estimate the part of a fluorescence image that is no signal.

    Parameters
    ----------
    image : (rows, cols) array of numbers
        One channel.
    mpp : float
        µm per pixel.
    radius_um : float
        Larger than the radius of the largest bright object: 25 µm suits nuclei, 100 µm whole crypts.
    method : {"rolling_ball", "top_hat", "percentile"}
        ``rolling_ball``: what a ball of this radius touches from below, as in ImageJ; ``top_hat``: morphological
        opening by a disc, flatter; ``percentile``: the 10th percentile around each place, which follows uneven
        illumination and is not drawn down by single dark pixels.

    Returns
    -------
    (rows, cols) array of float32
        Background on the scale of `image`.

    Raises
    ------
    InvalidArgument
        If the image is not one channel, or the radius or the method is none.
    MissingPixelSize
        If `mpp` is not a positive number.

    Notes
    -----
    Sternberg SR. Biomedical image processing. Computer 1983; 16: 22-34. The ball is as high as it is wide in pixels of
    the shrunken image, with brightness scaled to 0 to 255, so that the result depends on `radius_um` and not on the
    pixel size or bit depth.
    """
    PixelSize(mpp)
    if image.ndim != 2 or image.size == 0:
        raise InvalidArgument("background is taken off one channel at a time", expected="2 axes", got=f"{image.shape}")
    if not radius_um > 0:
        raise InvalidArgument("the radius is positive", expected="µm above 0", got=repr(radius_um))
    if method not in get_args(BackgroundMethod):
        raise InvalidArgument(
            "unknown method", expected=f"one of {', '.join(get_args(BackgroundMethod))}", got=repr(method)
        )
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))
    shrink = max(1.0, radius_um / mpp / _RADIUS_PX)
    small_size = (max(1, round(values.shape[1] / shrink)), max(1, round(values.shape[0] / shrink)))
    small = np.asarray(cv2.resize(values, small_size, interpolation=cv2.INTER_AREA), dtype=np.float32)
    radius_px = radius_um / mpp / shrink
    background = _BACKGROUNDS[method](small, radius_px)
    grown = cv2.resize(background, (values.shape[1], values.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown, dtype=np.float32)


def subtract_background(
    image: NDArray[np.generic], mpp: float, *, radius_um: float = 25.0, method: BackgroundMethod = "rolling_ball"
) -> NDArray[np.float32]:
    """Take the background off a fluorescence image.

    Parameters
    ----------
    image, mpp, radius_um, method
        As in `estimate_background`.

    Returns
    -------
    (rows, cols) array of float32
        Signal, at least 0, on the scale of `image`.
    """
    background = estimate_background(image, mpp, radius_um=radius_um, method=method)
    signal: NDArray[np.float32] = np.maximum(np.asarray(image, dtype=np.float32) - background, 0.0)
    return signal


def _rolling_ball(small: NDArray[np.float32], radius_px: float) -> NDArray[np.float32]:
    low, high = float(small.min()), float(small.max())
    if high <= low:
        return small.copy()
    to_bytes = 255.0 / (high - low)
    pad = int(np.ceil(radius_px)) + 1
    # Mirrored beyond the border, or the ball would sink there.
    padded = np.pad((small - low) * to_bytes, pad, mode="symmetric")
    ball = ball_kernel(radius_px, 2)  # type: ignore[no-untyped-call]
    touched = rolling_ball(padded, kernel=ball)[pad:-pad, pad:-pad]
    return np.asarray(touched / to_bytes + low, dtype=np.float32)


def _opening(small: NDArray[np.float32], radius_px: float) -> NDArray[np.float32]:
    size = 2 * max(1, round(radius_px)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.morphologyEx(small, cv2.MORPH_OPEN, disc, borderType=cv2.BORDER_REFLECT), dtype=np.float32)


def _low_percentile(small: NDArray[np.float32], radius_px: float) -> NDArray[np.float32]:
    step = max(1, round(radius_px / 3))
    reach = max(1, round(radius_px))
    padded = np.pad(small, reach, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * reach + 1, 2 * reach + 1))[::step, ::step]
    # Row by row: all windows at once would be forty times the image.
    lows = np.stack([np.percentile(row, 10.0, axis=(1, 2)) for row in windows]).astype(np.float32)
    grown = cv2.resize(lows, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_LINEAR)
    return cv2.GaussianBlur(np.asarray(grown, dtype=np.float32), (0, 0), max(0.5, radius_px / 3)).astype(np.float32)


_BACKGROUNDS = {"rolling_ball": _rolling_ball, "top_hat": _opening, "percentile": _low_percentile}
