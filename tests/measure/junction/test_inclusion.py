from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import ndimage

from histo.measure.junction.inclusion import cells_in_field, inclusion_weight, weighted_mean


@given(st.integers(0, 2**32 - 1), st.integers(2, 12))
def test_cells_are_half_of_what_meets_in_corners(seed: int, n_cells: int) -> None:
    rng = np.random.default_rng(seed)
    seeds = rng.uniform(-4, 24, (n_cells, 2))
    places = np.stack(np.meshgrid(np.arange(20), np.arange(17), indexing="ij"), axis=-1)
    labels = np.argmin(((places[:, :, None] - seeds) ** 2).sum(axis=-1), axis=-1).astype(np.int32) + 1
    # Slivers of cells can fall apart on pixels.
    assume(all(ndimage.label(labels == one)[1] == 1 for one in np.unique(labels)))
    around = np.stack([labels[:-1, :-1], labels[:-1, 1:], labels[1:, 1:], labels[1:, :-1]], axis=-1).reshape(-1, 4)
    corners = sum(max(len({*four}) - 2, 0) for four in around.tolist())
    assert cells_in_field(labels) == corners / 2


def test_fields_side_by_side_add_up() -> None:
    hexagons = _bricks(24, 40)
    quarters = [part for half in np.split(hexagons, 2) for part in np.split(half, 2, axis=1)]
    # The seams run through cells and meet no corner.
    assert cells_in_field(hexagons) == sum(cells_in_field(part) for part in quarters)


def _bricks(rows: int, cols: int) -> np.ndarray:
    row, col = np.mgrid[:rows, :cols] + 2
    course = row // 5
    return np.unique(course * 1000 + (col + 3 * (course % 2)) // 7, return_inverse=True)[1].reshape(rows, cols) + 1


def test_weights_undo_that_large_things_are_cut() -> None:
    rng = np.random.default_rng(0)
    sizes = np.array([5.0, 20.0])
    field = (60.0, 50.0)
    counts = np.zeros(2)
    for kind, size in enumerate(sizes):
        corner = rng.uniform(-size, 100, (40_000, 2))
        is_whole = ((corner >= 0) & (corner + size <= field)).all(axis=1)
        # As many of each per area; what is seen of them is not.
        counts[kind] = is_whole.sum() * inclusion_weight((size, size), field) * (100 + size) ** 2
    assert counts[1] / counts[0] == pytest.approx(1.0, abs=0.05)


def test_mean_leaves_out_what_is_unknown_or_cut() -> None:
    assert weighted_mean(np.array([1.0, np.nan, 3.0, 9.0]), np.array([1.0, 5.0, 3.0, 0.0])) == 2.5
    assert np.isnan(weighted_mean(np.array([np.nan]), np.array([1.0])))
