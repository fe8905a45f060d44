from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from histo.train.nuclei.matching import Agreement, match_centres, match_outlines

Points = list[tuple[int, int]]
POINTS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=0, max_size=9)


def as_points(points: Points) -> np.ndarray:
    return np.array(points, float).reshape(-1, 2)


@given(POINTS, POINTS)
def test_pairs_are_one_to_one_near_and_as_many_as_can_be(
    true: list[tuple[int, int]], found: list[tuple[int, int]]
) -> None:
    left, right = match_centres(as_points(true), as_points(found), 6.0)
    assert len(set(left.tolist())) == len(set(right.tolist())) == len(left)
    away = np.hypot(*(as_points(true)[left] - as_points(found)[right]).T)
    assert (away <= 6.0).all()
    if true and found:
        every = np.hypot(*(as_points(true)[:, None] - as_points(found)[None]).transpose(2, 0, 1))
        cost = np.where(every <= 6.0, every, 1e4)
        best = cost[linear_sum_assignment(cost)]
        assert len(left) == np.sum(best < 1e4)
        assert away.sum() == pytest.approx(best[best < 1e4].sum())


@given(POINTS)
def test_points_match_themselves(points: Points) -> None:
    left, right = match_centres(as_points(points), as_points(points), 6.0)
    assert len(left) == len(points)
    assert np.array_equal(as_points(points)[left], as_points(points)[right])


def test_a_second_detection_of_a_nucleus_is_false() -> None:
    left, right = match_centres(np.array([[5.0, 5.0]]), np.array([[5.0, 6.0], [5.0, 5.1]]), 6.0)
    assert left.tolist() == [0]
    assert right.tolist() == [1]


def test_outlines_match_by_more_than_half() -> None:
    true = np.array([[1, 1, 1, 1, 0, 2, 2]])
    found = np.array([[0, 1, 1, 1, 0, 2, 0]])
    left, right = match_outlines(true.astype(np.int32), found.astype(np.int32))
    assert (left.tolist(), right.tolist()) == ([0], [0])  # three of four; the other is one of two, which is not more


def test_nothing_matches_nothing() -> None:
    blank = np.zeros((3, 3), np.int32)
    assert len(match_outlines(blank, blank)[0]) == 0
    assert np.isnan(Agreement(0, 0, 0).f1)
    assert np.isnan(Agreement(0, 2, 0).recall)
    assert Agreement(4, 2, 2).precision == 1.0
