from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from histo.errors import InvalidArgument
from histo.nn import TileGrid, Window

windows = st.builds(
    Window, row=st.integers(0, 500), col=st.integers(0, 500), height=st.integers(1, 400), width=st.integers(1, 400)
)
grids = st.sampled_from([TileGrid(128, 32), TileGrid(96, 0), TileGrid(160, 50)])


@given(windows, grids)
def test_tiles_cover_a_window_once(window: Window, grid: TileGrid) -> None:
    covered = np.zeros((window.height, window.width), int)
    for tile in grid.cover(window):
        covered[tile.kept.slices(window)] += 1
    assert (covered == 1).all()


@given(windows, windows, grids)
def test_a_pixel_is_seen_in_the_same_tile_from_every_window(one: Window, other: Window, grid: TileGrid) -> None:
    shared = one.cut(other)
    if shared.height > 0 and shared.width > 0:
        place = Window(shared.row, shared.col, 1, 1)
        seen = {
            tile.seen
            for window in (one, other)
            for tile in grid.cover(window)
            if tile.kept.cut(place).height > 0 and tile.kept.cut(place).width > 0
        }
        assert len(seen) == 1


@given(windows, grids)
def test_what_is_kept_lies_a_halo_inside_what_is_seen(window: Window, grid: TileGrid) -> None:
    for tile in grid.cover(window):
        rows, cols = tile.kept.slices(tile.seen)
        assert min(rows.start, cols.start) >= grid.halo
        assert max(rows.stop, cols.stop) <= grid.tile - grid.halo


@pytest.mark.parametrize("window", [Window(-1, 0, 5, 5), Window(0, 0, 0, 5), Window(0, 0, 5, -2)])
def test_a_window_without_pixels_is_refused(window: Window) -> None:
    with pytest.raises(InvalidArgument, match="begins on the slide"):
        list(TileGrid(128, 32).cover(window))
