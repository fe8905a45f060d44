"""Halving an image again and again, for viewers that zoom."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["halve_by_majority", "halve_by_mean", "levels"]

Halve = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]

# Working arrays of one band stay in the cache, and memory does not grow with the image.
_BAND_ROWS = 512


def levels(array: NDArray[np.uint8], halve: Halve, largest_side: int) -> Iterator[NDArray[np.uint8]]:
    """Yield an image, then its halves, down to the first that fits a square.

    Parameters
    ----------
    array : (rows, cols) array
        The image at full size.
    halve : callable
        Makes one level of the one before.
    largest_side : int
        Stop at the first level of which no side is longer, in pixels.

    Yields
    ------
    (rows, cols) array
        The next level; each covers the same field with pixels twice as large.
    """
    yield array
    while max(array.shape) > largest_side:
        array = halve(array)
        yield array


def halve_by_majority(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give each square of 2 x 2 pixels the label that most of them have.

    Of labels equally frequent the one that comes first in reading order wins. An odd last row or column counts twice.

    Parameters
    ----------
    array : (rows, cols) array
        Labels.

    Returns
    -------
    (ceil(rows / 2), ceil(cols / 2)) array

    Examples
    --------
    >>> halve_by_majority(np.array([[1, 2, 3, 3], [2, 2, 4, 5]], dtype=np.uint8))
    array([[2, 3]], dtype=uint8)
    """
    return _halve_in_bands(array, _majority)


def halve_by_mean(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give each square of 2 x 2 pixels the mean of them, rounded half up.

    Parameters
    ----------
    array : (rows, cols) array
        Intensities or probabilities.

    Returns
    -------
    (ceil(rows / 2), ceil(cols / 2)) array
    """
    return _halve_in_bands(array, _mean)


def _halve_in_bands(array: NDArray[np.uint8], of_squares: Halve) -> NDArray[np.uint8]:
    rows, cols = array.shape
    halved = np.empty(((rows + 1) // 2, (cols + 1) // 2), dtype=np.uint8)
    for top in range(0, rows, 2 * _BAND_ROWS):
        band = array[top : top + 2 * _BAND_ROWS]
        even = np.pad(band, [(0, band.shape[0] % 2), (0, cols % 2)], mode="edge")
        squares = np.stack([even[0::2, 0::2], even[0::2, 1::2], even[1::2, 0::2], even[1::2, 1::2]])
        halved[top // 2 : top // 2 + squares.shape[1]] = of_squares(squares)
    return halved


def _majority(squares: NDArray[np.uint8]) -> NDArray[np.uint8]:
    first, second, third, fourth = squares
    first_wins = (first == second) | (first == third) | (first == fourth)
    second_wins = (second == third) | (second == fourth)
    unless_first = np.where(second_wins, second, np.where(third == fourth, third, first))
    majority: NDArray[np.uint8] = np.where(first_wins, first, unless_first)
    return majority


def _mean(squares: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray((squares.sum(axis=0, dtype=np.uint16) + 2) // 4, dtype=np.uint8)
