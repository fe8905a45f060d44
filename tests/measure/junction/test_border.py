from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from histo.measure.junction.border import find_borders

LABELS = arrays.arrays(np.int32, st.tuples(st.integers(2, 9), st.integers(2, 9)), elements=st.integers(1, 4))


def test_three_cells_meet_in_one_corner() -> None:
    borders = find_borders(np.array([[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 3, 3]], dtype=np.int32))
    assert sorted(border.cells for border in borders) == [(1, 3), (2, 1), (2, 3)]
    assert len({end for border in borders for end in border.ends} - {-1}) == 1
    assert [border.ends.count(-1) for border in borders] == [1, 1, 1]


def test_cell_within_a_cell_has_a_ring_around_it() -> None:
    labels = np.ones((6, 7), dtype=np.int32)
    labels[2:4, 2:5] = 2
    (ring,) = find_borders(labels)
    assert ring.is_ring
    assert ring.ends == (-1, -1)
    assert len(ring.vertices) == 2 * (2 + 3) + 1


@given(LABELS)
def test_every_edge_between_two_labels_lies_on_one_border(labels: np.ndarray) -> None:
    n_edges = int((labels[1:] != labels[:-1]).sum() + (labels[:, 1:] != labels[:, :-1]).sum())
    assert sum(len(border.vertices) - 1 for border in find_borders(labels)) == n_edges


@given(LABELS)
def test_cells_lie_on_the_sides_that_a_border_says(labels: np.ndarray) -> None:
    for border in find_borders(labels):
        for (row, col), (next_row, next_col) in zip(border.vertices[:-1], border.vertices[1:], strict=True):
            along = np.array([next_row - row, next_col - col])
            middle = np.array([row + next_row, col + next_col]) / 2
            left = np.floor(middle + 0.5 * np.array([-along[1], along[0]])).astype(int)
            right = np.floor(middle + 0.5 * np.array([along[1], -along[0]])).astype(int)
            assert (labels[tuple(left)], labels[tuple(right)]) == border.cells
