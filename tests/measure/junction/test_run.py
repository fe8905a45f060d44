from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from histo.measure.junction.network import Junction
from histo.measure.junction.run import find_runs


def _line(present: list[float], corners: tuple[int, int] = (0, 1)) -> Junction:
    cols = np.arange(len(present), dtype=float)
    return Junction(np.column_stack([np.zeros_like(cols), cols]), np.array(present, dtype=float), (1, 2), corners)


def test_gap_begins_half_way_between_stained_and_bare() -> None:
    runs = find_runs(_line([1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1]), mpp=1.0, least_run_um=0.5)
    assert runs.gap_lengths_um.tolist() == [3.0]
    assert runs.continuity == pytest.approx(0.7)


def test_gap_is_twice_as_long_on_pixels_twice_as_large() -> None:
    line = _line([1, 1, 0.8, 0.2, 0, 0, 1, 1])
    fine, coarse = (find_runs(line, mpp, 0.1) for mpp in (0.2, 0.4))
    assert coarse.gap_lengths_um == pytest.approx(2 * fine.gap_lengths_um)
    assert coarse.continuity == pytest.approx(fine.continuity)


def test_short_gaps_are_closed_before_short_stretches_are_dropped() -> None:
    broken = _line([1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1])
    runs = find_runs(broken, mpp=1.0, least_run_um=2.0)
    assert runs.gap_lengths_um.tolist() == [9.0]


def test_bare_junction_is_one_gap() -> None:
    runs = find_runs(_line([0.0] * 6), mpp=0.5, least_run_um=0.3)
    assert runs.gap_lengths_um.tolist() == [2.5]
    assert runs.continuity == 0
    assert np.isnan(runs.gap_spacing_um)


def test_spacing_is_from_middle_to_middle() -> None:
    runs = find_runs(_line([1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1]), mpp=1.0, least_run_um=0.5)
    assert runs.gap_spacing_um == pytest.approx(5.0)


def test_gap_over_the_seam_of_a_ring_is_one() -> None:
    turn = np.linspace(0, 2 * np.pi, 41)
    points = 10 * np.column_stack([np.sin(turn), np.cos(turn)])
    points[-1] = points[0]
    present = np.ones(41)
    present[:4] = present[-4:] = 0
    runs = find_runs(Junction(points, present, (1, 2), (-1, -1)), mpp=1.0, least_run_um=0.5)
    assert len(runs.gap_lengths_um) == 1
    assert runs.gap_lengths_um[0] == pytest.approx(7 * 20 * np.pi / 40, rel=0.02)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=40), st.floats(0.05, 3.0))
def test_stretches_and_gaps_fill_the_junction(present: list[float], least: float) -> None:
    runs = find_runs(_line(present), mpp=0.3, least_run_um=least)
    assert runs.edges_um[0] == 0
    assert runs.edges_um[-1] == pytest.approx(0.3 * (len(present) - 1))
    assert (np.diff(runs.edges_um) >= 0).all()
    assert (runs.is_stained[1:] != runs.is_stained[:-1]).all()
    assert 0 <= runs.continuity <= 1
