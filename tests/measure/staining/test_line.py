from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from histo import Compartment
from histo.measure.staining.edge import STEP_UM, LuminalEdge
from histo.measure.staining.line import ApicalLine, find_gaps_of, trace_lines
from histo.measure.staining.settings import StainingSettings

SETTINGS = StainingSettings()


def line(is_seen: list[bool], *, is_ring: bool = False) -> ApicalLine:
    n = len(is_seen)
    along = np.arange(n) * STEP_UM
    points = np.stack([np.zeros(n), along], axis=1)
    if is_ring:
        turn = 2 * np.pi * np.arange(n) / (n - 1)
        points = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    edge = LuminalEdge(points, np.tile([1.0, 0.0], (n, 1)), Compartment.VILLUS_EPITHELIUM)
    nothing = np.zeros(n)
    return ApicalLine(edge, nothing, nothing, nothing, np.array(is_seen), False)


def test_gaps_are_counted_by_eye() -> None:
    gaps = find_gaps_of(line([False, True, False, False, False, True, True, False]))
    assert [(gap.first, gap.last, gap.length_um, gap.is_cut) for gap in gaps] == [
        (0, 0, 0.5, True),
        (2, 4, 1.5, False),
        (7, 7, 0.5, True),
    ]


def test_gap_over_the_seam_of_a_ring_is_one_and_whole() -> None:
    gaps = find_gaps_of(line([False, False, True, True, True, True, False, False, False], is_ring=True))
    assert [(gap.first, gap.last, gap.is_cut) for gap in gaps] == [(6, 1, False)]
    # The first and the last point are the same place.
    assert gaps[0].length_um == 4 * STEP_UM


@given(st.lists(st.booleans(), min_size=3, max_size=60))
def test_gaps_and_line_make_the_whole_edge(is_seen: list[bool]) -> None:
    gaps = find_gaps_of(line(is_seen))
    assert sum(gap.length_um for gap in gaps) == pytest.approx(STEP_UM * (len(is_seen) - sum(is_seen)))
    assert all(not is_seen[gap.first] and not is_seen[gap.last] for gap in gaps)


def straight(strength: NDArray[np.float64], noise: float = 1.0) -> list[ApicalLine]:
    """A line 1.5 µm deep along a straight edge, with a strength at every half µm."""
    image = np.zeros((80, 2 * len(strength)), np.float32)
    image[20:80] = 10.0
    image[20:26] += np.repeat(strength, 2)[None, :]
    image += np.random.default_rng(0).normal(0, noise, image.shape).astype(np.float32)
    n = len(strength)
    points = np.stack([np.full(n, 5.0), (np.arange(n) + 0.5) * STEP_UM], axis=1)
    edge = LuminalEdge(points, np.tile([1.0, 0.0], (n, 1)), Compartment.VILLUS_EPITHELIUM)
    return trace_lines(image, 0.25, [edge], SETTINGS, noise=noise)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_level_of_a_line_does_not_depend_on_how_much_of_it_is_missing(share: float) -> None:
    strength = np.where(np.arange(400) < 400 * share, 80.0, 0.0)
    found = straight(strength)[0]
    assert found.is_seen.mean() == pytest.approx(share, abs=0.01)
    assert np.median(found.integral_um[found.is_seen]) == pytest.approx(80 * 1.5, rel=0.05)


def test_line_is_no_less_continuous_for_being_weak() -> None:
    strength = np.where(np.arange(400) % 100 < 80, 1.0, 0.0)
    strong, weak = (straight(level * strength)[0] for level in (200.0, 20.0))
    np.testing.assert_allclose(strong.is_seen.mean(), weak.is_seen.mean(), atol=0.01)


def test_noise_is_no_line_and_hides_none() -> None:
    found = straight(np.zeros(400))[0]
    assert not found.is_seen.any()
    assert not found.is_hidden


def test_no_edge_has_no_line() -> None:
    assert trace_lines(np.zeros((20, 20), np.float32), 0.5, [], SETTINGS, noise=1.0) == []
