from __future__ import annotations

import numpy as np

from histo.io.slides.tile_cache import TileCache


def tile(n_bytes: int) -> np.ndarray:
    return np.zeros(n_bytes, np.uint8)


def test_the_least_recently_used_goes_first() -> None:
    cache = TileCache(max_bytes=30)
    for name in "abc":
        cache.put(name, tile(10))
    cache.get("a")
    cache.put("d", tile(10))
    assert cache.get("b") is None
    assert all(cache.get(name) is not None for name in "acd")


def test_bytes_are_bounded_not_tiles() -> None:
    cache = TileCache(max_bytes=100)
    for number in range(50):
        cache.put(number, tile(40))
    assert len(cache) == 2


def test_a_tile_larger_than_the_bound_is_kept_alone() -> None:
    cache = TileCache(max_bytes=10)
    cache.put("small", tile(5))
    cache.put("huge", tile(500))
    assert len(cache) == 1
    assert cache.get("huge") is not None


def test_putting_again_does_not_count_twice() -> None:
    cache = TileCache(max_bytes=20)
    for _ in range(10):
        cache.put("a", tile(10))
    cache.put("b", tile(10))
    assert len(cache) == 2


def test_held_tiles_cannot_be_written_to() -> None:
    cache = TileCache()
    kept = tile(3)
    cache.put("a", kept)
    assert not kept.flags.writeable
