from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from histo.measure.grid import TissueGrid
from histo.measure.unroll import along, unroll
from histo.measure.wall import trace_wall
from histo.phantom import DrawnSection, SectionSpec, draw_section
from histo.types import LabelMap


def _spiral(turns: float, pitch: float = 700.0, inner: float = 800.0) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi * turns, int(1500 * turns))
    radius = inner + pitch * angle / (2 * np.pi)
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)


def _pieces(curve: np.ndarray, cuts: list[float], gap_um: float) -> tuple[list[np.ndarray], list[float]]:
    """The curve without a gap at each of the cuts (shares of its length), and where each piece begins."""
    arc = along(curve)
    edges = [0.0, *(cut * arc[-1] for cut in cuts), arc[-1]]
    kept, starts = [], []
    for low, high in itertools.pairwise(edges):
        inside = (arc >= low + gap_um / 2 * (low > 0)) & (arc <= high - gap_um / 2 * (high < arc[-1]))
        kept.append(curve[inside])
        starts.append(float(arc[inside][0]))
    return kept, starts


@pytest.fixture(scope="module")
def roll() -> DrawnSection:
    spec = SectionSpec.mouse("roll")
    low = replace(spec, villi=replace(spec.villi, height_um=200.0), wall=replace(spec.wall, length_um=9000.0))
    return draw_section(low, mpp=4.0, seed=3)


def _position_errors(drawn: DrawnSection, labels: LabelMap) -> np.ndarray:
    """Error of the position of every true place of the wall that was traced, in shares of the wall's length."""
    wall = trace_wall(TissueGrid.from_labels(labels).coarse())
    places = (drawn.layers[["row", "col"]].to_numpy() + 0.5) * labels.mpp
    found, away = wall.locate(places)
    length = drawn.layers["position_um"].max() + 5.0
    true = length - drawn.layers["position_um"].to_numpy()  # drawn from the inner end
    return np.abs(found - true)[away < 30.0] / length


def test_a_whole_roll_is_one_continuous_gut(roll: DrawnSection) -> None:
    errors = _position_errors(roll, roll.labels)
    assert len(errors) > 0.98 * len(roll.layers)
    assert errors.max() < 0.01


def test_a_roll_torn_across_all_its_turns_keeps_their_order(roll: DrawnSection) -> None:
    array = roll.labels.array.copy()
    rows, cols = np.indices(array.shape)
    middle_row, middle_col = np.array(array.shape) / 2
    angle = np.arctan2(rows - middle_row, cols - middle_col)
    radius = np.hypot(rows - middle_row, cols - middle_col) * roll.labels.mpp
    for where in (0.4, 2.5):
        array[np.abs(angle - where) * radius < 220.0] = 0
    errors = _position_errors(roll, LabelMap(array, mpp=roll.labels.mpp))
    assert len(errors) > 0.7 * len(roll.layers)
    assert errors.max() < 0.02


def test_positions_in_a_roll_double_with_the_pixel_size(roll: DrawnSection) -> None:
    walls = [trace_wall(TissueGrid.from_labels(LabelMap(roll.labels.array, mpp=mpp)).coarse()) for mpp in (4.0, 8.0)]
    assert walls[1].length_um == pytest.approx(2 * walls[0].length_um, rel=0.01)


def test_a_rolls_position_begins_at_its_outer_end() -> None:
    curve = _spiral(3.0)
    (place,) = unroll([curve], [False])
    assert place.is_backward
    (place,) = unroll([curve[::-1]], [False])
    assert not place.is_backward


@settings(max_examples=25, deadline=None)
@given(
    turns=st.floats(2.0, 4.0),
    cuts=st.lists(st.floats(0.1, 0.9), min_size=1, max_size=4),
    gap_um=st.floats(210.0, 900.0),
    turn=st.floats(0.0, 6.2),
    order=st.randoms(use_true_random=False),
)
def test_pieces_of_a_spiral_are_put_in_order(
    turns: float, cuts: list[float], gap_um: float, turn: float, order: object
) -> None:
    curve = _spiral(turns)
    curve = curve @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    length = along(curve)[-1]
    cuts = sorted(cuts)
    if np.diff([0.0, *cuts, 1.0]).min() * length < gap_um + 400.0:
        cuts = [0.5]
    pieces, starts = _pieces(curve, cuts, gap_um)
    mixed = list(range(len(pieces)))
    order.shuffle(mixed)  # type: ignore[attr-defined]
    places = unroll([pieces[i] for i in mixed], [False] * len(pieces))
    assert [mixed[place.piece] for place in places] == list(range(len(pieces)))[::-1]
    for place in places:
        piece = mixed[place.piece]
        true_start = length - starts[piece] - along(pieces[piece])[-1]
        assert place.start_um == pytest.approx(true_start, abs=0.005 * length)


@settings(max_examples=25, deadline=None)
@given(gap_um=st.floats(210.0, 900.0), cut=st.floats(0.25, 0.75), bend=st.floats(-1.0, 1.0))
def test_a_torn_strip_keeps_the_length_of_the_gap(gap_um: float, cut: float, bend: float) -> None:
    angle = np.linspace(0, bend, 800)
    steps = 4000.0 / 800 * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    pieces, starts = _pieces(np.cumsum(steps, axis=0), [cut], gap_um)
    places = unroll(pieces[::-1], [False, False])
    assert [place.piece for place in places] == [1, 0]
    assert places[1].start_um == pytest.approx(starts[1], rel=0.01)


def test_pieces_that_do_not_continue_one_another_follow_from_top_to_bottom() -> None:
    upper = np.stack([np.zeros(80), np.arange(80) * 5.0], axis=1)
    lower = upper[::-1] + np.array([2000.0, 0.0])
    places = unroll([lower, upper], [False, False])
    assert [(place.piece, place.start_um) for place in places] == [(1, 0.0), (0, 395.0)]


def test_nearest_place_of_a_roll_may_lie_on_another_turn(roll: DrawnSection) -> None:
    """Else the test of the order would prove nothing: neighbouring turns lie nearer than the ends of a gap."""
    at = (roll.layers[["row", "col"]].to_numpy() + 0.5) * roll.labels.mpp
    position = roll.layers["position_um"].to_numpy()
    near = cKDTree(at).query_ball_point(at[len(at) // 2], 800.0)
    assert np.ptp(position[near]) > 4000.0
