"""Operations on pixels that the measurements share, typed: pieces, distances, growing, closing, averaging."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import watershed

__all__ = ["averaged", "blurred", "closed", "components", "distance_to", "flooded", "grown"]

Mask = NDArray[np.bool_]

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_SQUARE = np.ones((3, 3), np.uint8)
# A Gaussian as wide as this many pixels is blurred exactly enough on pixels no smaller.
_SIGMA_PIXELS = 3.0


def components(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Label the 8-connected pieces of a mask.

    Returns
    -------
    labelled : (rows, cols) int32 array
        0 outside the mask.
    areas : (n,) int64 array
        Pixels of each label, of label 0 first.
    """
    # The other algorithms take half as long again to count.
    _, labelled, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(_as_bytes(mask), 8, cv2.CV_32S, cv2.CCL_BBDT)
    return np.asarray(labelled, dtype=np.int32), np.asarray(stats[:, cv2.CC_STAT_AREA], dtype=np.int64)


def distance_to(mask: Mask) -> NDArray[np.float32]:
    """Distance in pixels from each pixel to the nearest of the mask; rows plus columns where the mask is empty."""
    if not mask.any():
        return np.full(mask.shape, sum(mask.shape), dtype=np.float32)
    return np.asarray(cv2.distanceTransform(_as_bytes(~mask), cv2.DIST_L2, 5), dtype=np.float32)


def grown(mask: Mask, *, corners: bool = True) -> Mask:
    """Add the pixels that touch the mask, by their edges alone or by their corners too."""
    return np.asarray(cv2.dilate(_as_bytes(mask), _SQUARE if corners else _CROSS)) > 0


def closed(mask: Mask, radius: int) -> Mask:
    """Close gaps narrower than twice the radius."""
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(cv2.morphologyEx(_as_bytes(mask), cv2.MORPH_CLOSE, disk)) > 0


def blurred(image: NDArray[np.generic], sigma: float) -> NDArray[np.float32]:
    """Blur by a Gaussian, in single precision; a wide one on averaged pixels, between which it is read linearly."""
    single = image.astype(np.float32, copy=False)
    factor = int(sigma / _SIGMA_PIXELS)
    if factor < 2 or min(image.shape) < factor:
        return np.asarray(cv2.GaussianBlur(single, (0, 0), sigma), dtype=np.float32)
    rows, cols = image.shape
    padded = np.pad(single, ((0, -rows % factor), (0, -cols % factor)), mode="edge")
    size = (padded.shape[1] // factor, padded.shape[0] // factor)
    small = cv2.GaussianBlur(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), (0, 0), sigma / factor)
    whole = cv2.resize(small, padded.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(whole[:rows, :cols], dtype=np.float32)


def averaged(image: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Average blocks of factor x factor pixels; the last row and column go on where blocks are not full."""
    if factor == 1:
        return image
    rows, cols = image.shape
    below, right = -rows % factor, -cols % factor
    if below or right:
        image = np.pad(image, ((0, below), (0, right)), mode="edge")
    size = (image.shape[1] // factor, image.shape[0] // factor)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _as_bytes(mask: Mask) -> NDArray[np.uint8]:
    """Show a mask to OpenCV without copying it."""
    return np.ascontiguousarray(mask).view(np.uint8)


def flooded(ground: NDArray[np.float32], markers: NDArray[np.int32], mask: Mask) -> NDArray[np.int32]:
    """Flood the ground from markers, each keeping the pixels that its water reaches first."""
    flood = watershed(ground, markers, mask=mask, connectivity=2)  # type: ignore[no-untyped-call]
    return np.asarray(flood, dtype=np.int32)
