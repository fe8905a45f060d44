"""Decoded tiles, the latest used kept, bounded in bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

__all__ = ["TileCache"]

DEFAULT_MAX_BYTES = 64 * 2**20


class TileCache:
    """Least recently used tiles go first. Safe for threads.

    Parameters
    ----------
    max_bytes : int
        Bound on the bytes of all tiles together. A single tile larger than this is still kept, alone: a strip that
        spans a whole image would otherwise be decoded again for every window.

    Examples
    --------
    >>> cache = TileCache(max_bytes=8)
    >>> for number in range(3):
    ...     cache.put(number, np.zeros(4, np.uint8))
    >>> cache.get(0) is None, len(cache)
    (True, 2)
    """

    def __init__(self, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self._tiles: OrderedDict[Hashable, NDArray[np.generic]] = OrderedDict()
        self._n_bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> NDArray[np.generic] | None:
        """Return the tile, or None if it is not held."""
        with self._lock:
            tile = self._tiles.get(key)
            if tile is not None:
                self._tiles.move_to_end(key)
            return tile

    def put(self, key: Hashable, tile: NDArray[np.generic]) -> None:
        """Hold a tile; the oldest go until the bound is kept."""
        tile.flags.writeable = False
        with self._lock:
            replaced = self._tiles.pop(key, None)
            self._n_bytes += tile.nbytes - (0 if replaced is None else replaced.nbytes)
            self._tiles[key] = tile
            while self._n_bytes > self.max_bytes and len(self._tiles) > 1:
                _, dropped = self._tiles.popitem(last=False)
                self._n_bytes -= dropped.nbytes

    def clear(self) -> None:
        """Let go of all tiles."""
        with self._lock:
            self._tiles.clear()
            self._n_bytes = 0

    def __len__(self) -> int:
        return len(self._tiles)
