"""Published scores in their own units, pixels: to compare with papers, not between pictures of different size."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_otsu
from skimage.morphology import skeletonize

from histo.measure.junction.network import Junction

__all__ = ["binarised", "ijoq_original", "straightness_original", "tijor_original"]

Picture = NDArray[np.float32]
Mask = NDArray[np.bool_]

_SIDE, _FINE_SIDE, _CELLS_A_SIDE = 512, 1024, 50
_SECTIONS, _SAMPLES = 4, 8
_LINES = 10
_SQUARES = 10


def binarised(signal: Picture, n_cells: float) -> Mask:
    """Resize and threshold a picture as IJOQ does.

    Parameters
    ----------
    signal : (rows, cols) float32 array
        The picture.
    n_cells : float
        Cells in it: more than 50 a side ask for more pixels.

    Returns
    -------
    (rows, cols) array of bool
        About 512 or 1024 pixels a side.

    Notes
    -----
    The share of white that the published program learns from three healthy pictures is here Otsu's share of this one.
    """
    side = _FINE_SIDE if np.sqrt(max(n_cells, 0.0)) > _CELLS_A_SIDE else _SIDE
    scale = side / np.mean(signal.shape)
    size = tuple(max(round(length * scale), _SECTIONS * _SAMPLES) for length in signal.shape[::-1])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = cv2.resize(signal.astype(np.float32), size, interpolation=how)
    small: Picture = cv2.GaussianBlur(resized, (0, 0), 1.0).astype(np.float32)
    if small.max() <= small.min():
        return np.zeros(small.shape, dtype=bool)
    white = float((small > threshold_otsu(small)).mean())  # type: ignore[no-untyped-call]
    is_over = small > _local_threshold(small, white)
    return np.asarray(cv2.medianBlur(is_over.astype(np.uint8), 3)) > 0


def _local_threshold(picture: Picture, white: float) -> Picture:
    """Take an order statistic of 8 x 8 samples in each of 4 x 4 sections, and go linearly between their middles."""
    rows, cols = picture.shape
    coarse = np.empty((_SECTIONS, _SECTIONS), dtype=np.float32)
    for i, band in enumerate(np.array_split(np.arange(rows), _SECTIONS)):
        for j, column in enumerate(np.array_split(np.arange(cols), _SECTIONS)):
            at_rows = band[np.linspace(0, len(band) - 1, _SAMPLES).astype(int)]
            at_cols = column[np.linspace(0, len(column) - 1, _SAMPLES).astype(int)]
            coarse[i, j] = np.quantile(picture[np.ix_(at_rows, at_cols)], 1 - white)
    return np.asarray(cv2.resize(coarse, (cols, rows), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def ijoq_original(white: Mask) -> float:
    """Count colour changes along horizontal and vertical lines, half of them per pixel of line.

    Parameters
    ----------
    white : (rows, cols) array of bool
        The thresholded picture.

    Returns
    -------
    float
        Per resized pixel: it falls to half when the field of view is halved.

    Notes
    -----
    Intercellular junction organisation quantification; the published program sets ten or more lines each way.
    """
    rates = []
    for picture in (white, white.T):
        lines = np.linspace(0, len(picture) - 1, _LINES + 2)[1:-1].astype(int)
        changes = (picture[lines, 1:] != picture[lines, :-1]).sum(axis=1)
        rates.extend(0.5 * changes / picture.shape[1])
    return float(np.mean(rates))


def tijor_original(white: Mask) -> float:
    """Count crossings of the thresholded network with squares that grow around the middle, per pixel of perimeter.

    Parameters
    ----------
    white : (rows, cols) array of bool
        The thresholded picture; its skeleton is what is crossed.

    Returns
    -------
    float
        Mean over ten squares.

    Notes
    -----
    Tight junction organisation rate, after Terryn et al., Cytometry A 2013; 83: 235. Steps and threshold are ours, and
    the formula has not been checked against the paper.
    """
    skeleton = np.asarray(skeletonize(white), dtype=np.bool_)  # type: ignore[no-untyped-call]
    rates = [_runs_around(ring) / len(ring) for ring in _squares(skeleton)]
    return float(np.mean(rates))


def _squares(picture: Mask) -> Iterator[Mask]:
    rows, cols = picture.shape
    middle = (rows // 2, cols // 2)
    for half in np.linspace(0, min(middle) - 1, _SQUARES + 1)[1:].astype(int):
        top, left = middle[0] - half, middle[1] - half
        square = picture[top : top + 2 * half + 1, left : left + 2 * half + 1]
        yield np.concatenate([square[0, :-1], square[:-1, -1], square[-1, :0:-1], square[:0:-1, 0]])


def _runs_around(ring: Mask) -> int:
    return int(np.count_nonzero(ring & ~np.roll(ring, 1)))


def straightness_original(junctions: tuple[Junction, ...]) -> float:
    """Average chord over length along pixels, as the WIS-MICC macro for intestinal barriers does.

    Parameters
    ----------
    junctions : tuple of Junction
        Whole or cut; each is drawn as a chain of pixels, without the corners themselves.

    Returns
    -------
    float
        Plain mean. Lower than ours: a chain of pixels is up to 8 % longer than the straight line that it draws.

    Notes
    -----
    Grosheva et al., Gastroenterology 2020; 159: 1807. Their lines are those of a watershed.
    """
    values = []
    for junction in junctions:
        chain = _chain(junction)
        if len(chain) > 1:
            length = float(np.hypot(*np.diff(chain, axis=0).T).sum())
            values.append(float(np.hypot(*(chain[-1] - chain[0]))) / length)
    return float(np.mean(values)) if values else np.nan


def _chain(junction: Junction) -> NDArray[np.int64]:
    """Draw a curve as pixels that touch by sides or corners, without its first and last."""
    position = junction.positions
    dense = np.arange(0, position[-1], 0.25)
    pixels = np.rint([np.interp(dense, position, junction.points[:, axis]) for axis in (0, 1)]).T.astype(np.int64)
    chain: list[NDArray[np.int64]] = []
    for pixel in pixels:
        if chain and (pixel == chain[-1]).all():
            continue
        # A step along a side and one along the other are one over the corner.
        if len(chain) > 1 and np.abs(pixel - chain[-2]).max() == 1:
            chain.pop()
        chain.append(pixel)
    return np.array(chain[1:-1]).reshape(-1, 2)
