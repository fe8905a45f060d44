"""One resolution of a slide as an array whose pixels are read when they are asked for."""

from __future__ import annotations

from operator import index as as_index
from types import EllipsisType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histo.io import Slide

__all__ = ["LazyLevel", "pyramid"]

_Key = int | slice | EllipsisType
# The coarsest level is read whole, for the first view and the thumbnail.
_COARSEST_SIDE_PX = 1024


class LazyLevel:
    """A slide at one resolution, sliced like an array.

    Parameters
    ----------
    slide : Slide
        Open for reading, with a known µm/px.
    downsample : int
        Level-0 pixels per pixel of this level.
    channel : int, optional
        Show this channel alone, as (rows, cols); (rows, cols, channels) otherwise.

    Examples
    --------
    >>> import numpy as np
    >>> from histo.io import slide_from_array
    >>> level = LazyLevel(slide_from_array(np.zeros((80, 60, 3), np.uint8), mpp=0.5), downsample=4)
    >>> level.shape, level[5:10, ::2].shape
    ((20, 15, 3), (5, 8, 3))
    """

    def __init__(self, slide: Slide, downsample: int = 1, channel: int | None = None) -> None:
        self._slide = slide
        self._downsample = downsample
        self._channel = channel
        rows, cols = (max(1, round(side / downsample)) for side in slide.shape)
        self.shape: tuple[int, ...] = (rows, cols) if channel is not None else (rows, cols, len(slide.channels))
        self.dtype = slide.dtype
        self.ndim = len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: _Key | tuple[_Key, ...]) -> NDArray[Any]:
        rows, cols, *rest = self._full_key(key)
        row, height, row_key = _window(rows, self.shape[0])
        col, width, col_key = _window(cols, self.shape[1])
        if height == 0 or width == 0:
            window = np.zeros((height, width, *self.shape[2:]), dtype=self.dtype)
        else:
            window = self._read(row, col, height, width)
        return np.asarray(window[(row_key, col_key, *rest)])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("pixels are read from the file: there is nothing to share without a copy")
        whole = self[:, :]
        return whole if dtype is None else whole.astype(dtype)

    def _read(self, row: int, col: int, height: int, width: int) -> NDArray[Any]:
        factor = self._downsample
        mpp = None if factor == 1 else self._slide.mpp * factor
        pixels = self._slide.read(row * factor, col * factor, height, width, mpp=mpp)
        return pixels if self._channel is None else pixels[..., self._channel]

    def _full_key(self, key: _Key | tuple[_Key, ...]) -> tuple[int | slice, ...]:
        keys = key if isinstance(key, tuple) else (key,)
        given = [part for part in keys if part is not Ellipsis]
        if len(given) > self.ndim or len(keys) - len(given) > 1:
            raise IndexError(f"{self.ndim} axes, but {len(given)} indices")
        missing: list[int | slice] = [slice(None)] * (self.ndim - len(given))
        at = keys.index(Ellipsis) if len(keys) > len(given) else len(given)
        whole = [*given[:at], *missing, *given[at:]]
        return tuple(part if isinstance(part, slice) else as_index(part) for part in whole)


def pyramid(slide: Slide, channel: int | None = None) -> list[LazyLevel]:
    """Make levels of halving resolution, whether or not the file has them.

    Parameters
    ----------
    slide : Slide
        Open for reading, with a known µm/px.
    channel : int, optional
        As of `LazyLevel`.

    Returns
    -------
    list of LazyLevel
        From full resolution down to a longer side of at most 1,024 pixels.
    """
    levels = [LazyLevel(slide, 1, channel)]
    while max(levels[-1].shape[:2]) > _COARSEST_SIDE_PX:
        levels.append(LazyLevel(slide, 2 ** len(levels), channel))
    return levels


def _window(key: int | slice, length: int) -> tuple[int, int, int | slice]:
    """Find the window that covers a key, and the key within that window."""
    if isinstance(key, int):
        at = key + length if key < 0 else key
        if not 0 <= at < length:
            raise IndexError(f"index {key} is outside of {length}")
        return at, 1, 0
    places = range(*key.indices(length))
    if not places:
        return 0, 0, slice(None)
    low, high = min(places[0], places[-1]), max(places[0], places[-1])
    return low, high - low + 1, slice(None, None, places.step)
