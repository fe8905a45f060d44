from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histo.tissue.grouping import group_patches, reading_order


def strips(*columns: tuple[int, int], mpp: float = 10.0) -> np.ndarray:
    """Strips of 500 µm height that reach from one column (µm) to another."""
    mask = np.zeros((round(1000 / mpp), round(6000 / mpp)), dtype=bool)
    for left, right in columns:
        mask[round(250 / mpp) : round(750 / mpp), round(left / mpp) : round(right / mpp)] = True
    return mask


@pytest.mark.parametrize("mpp", [5.0, 10.0, 20.0])
@pytest.mark.parametrize(
    ("columns", "n_pieces"),
    [
        (((500, 1500), (1540, 2500)), 1),
        (((500, 1500), (1620, 2500)), 2),
        (((500, 2500), (2620, 2700)), 1),
        (((500, 2500), (3000, 3080)), 1),
        (((500, 2500), (4000, 4800)), 2),
    ],
    ids=["a crack", "a gap", "a fragment in reach", "a fragment out of reach", "two pieces"],
)
def test_patches_are_grouped_by_distance_in_micrometres(columns, n_pieces, mpp) -> None:
    pieces = group_patches(strips(*columns, mpp=mpp), mpp, min_area_mm2=0.2)

    assert len(np.unique(pieces[pieces > 0])) == n_pieces


def test_a_fragment_joins_the_nearest_piece() -> None:
    mask = strips((500, 2000), (2200, 2250), (2500, 4000))

    pieces = group_patches(mask, 10.0, min_area_mm2=0.2)

    assert pieces[50, 222] == pieces[50, 100] != pieces[50, 300]


def test_a_fragment_out_of_reach_belongs_to_nothing() -> None:
    pieces = group_patches(strips((500, 2500), (3000, 3080)), 10.0, min_area_mm2=0.2)

    assert not pieces[:, 290:].any()


def test_numbers_cover_tissue_only() -> None:
    mask = strips((500, 1500), (1540, 2500))

    assert not group_patches(mask, 10.0, min_area_mm2=0.2)[~mask].any()


def test_no_tissue_makes_no_piece() -> None:
    assert not group_patches(np.zeros((20, 30), bool), 10.0, min_area_mm2=0.2).any()


@given(
    counts=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=60, deadline=None)
def test_a_grid_laid_askew_is_read_row_by_row(counts, seed) -> None:
    rng = np.random.default_rng(seed)
    boxes = []
    # Up to 35 apart, the lower edge of the shortest box still lies below the centre of the tallest one beside it.
    for row, count in enumerate(counts):
        for col in range(count):
            top, left = 200.0 * row + rng.uniform(-17, 17), 150.0 * col + rng.uniform(-20, 20)
            boxes.append((top, left, top + rng.uniform(90, 110), left + 100.0))
    shuffled = rng.permutation(len(boxes))

    order = reading_order(np.array(boxes)[shuffled])

    np.testing.assert_array_equal(shuffled[order], np.arange(len(boxes)))


def test_no_boxes_have_no_order() -> None:
    assert reading_order(np.zeros((0, 4))).size == 0
