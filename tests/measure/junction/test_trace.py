from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from skimage.draw import line

from histo.errors import InvalidArgument
from histo.junction_maps import JunctionMaps
from histo.measure.junction import TraceSettings, measure_network, trace_network


def _ridge(distance_um: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * (distance_um / 0.25) ** 2)


def _length_um(maps: JunctionMaps) -> float:
    network = trace_network(maps)
    return sum(one.length for one in network.junctions) * maps.mpp


@pytest.mark.parametrize("mpp", [0.1, 0.2])
@pytest.mark.parametrize("degrees", [0.0, 7.0, 23.0, 40.0])
def test_straight_line_is_as_long_as_it_is_at_any_angle(degrees: float, mpp: float) -> None:
    n = round(20 / mpp)
    row, col = (np.mgrid[:n, :n] - (n - 1) / 2) * mpp
    tilt = np.deg2rad(degrees)
    across = row * np.cos(tilt) - col * np.sin(tilt)
    maps = JunctionMaps(_ridge(across - 0.13), np.ones((n, n)), mpp)
    assert _length_um(maps) == pytest.approx(20 / np.cos(tilt), rel=0.01)


@pytest.mark.parametrize("degrees", [3.0, 11.0, 16.0, 27.0, 38.0])
def test_line_of_whole_pixels_is_no_staircase(degrees: float) -> None:
    drawn = np.zeros((160, 160), dtype=bool)
    rise = round(150 * np.tan(np.deg2rad(degrees)))
    drawn[line(5, 0, 5 + round(rise * 159 / 150), 159)] = True
    (junction,) = trace_network(JunctionMaps(drawn, drawn, mpp=0.2)).junctions
    chord = np.hypot(*(junction.points[-1] - junction.points[0]))
    assert junction.length / chord < 1.025


@pytest.mark.parametrize("mpp", [0.1, 0.2])
def test_circle_is_a_ring_of_its_length_and_area(mpp: float) -> None:
    n = round(16 / mpp)
    row, col = (np.mgrid[:n, :n] - (n - 1) / 2) * mpp
    seen = _ridge(np.hypot(row - 0.4, col + 0.2) - 5.0)
    measures = measure_network(trace_network(JunctionMaps(seen, np.ones_like(seen), mpp)), seen)
    (ring,) = measures.network.junctions
    assert ring.is_ring
    assert measures.junctions["length_um"].item() == pytest.approx(10 * np.pi, rel=0.01)
    inner = measures.cells[~measures.cells["touches_border"]]
    assert inner["area_um2"].item() == pytest.approx(25 * np.pi, rel=0.01)
    assert inner["roughness"].item() == pytest.approx(1.0, abs=0.02)
    assert inner["solidity"].item() == pytest.approx(1.0, abs=0.01)
    assert inner["n_neighbours"].item() == 1


@pytest.mark.parametrize("mpp", [0.1, 0.2])
def test_waves_are_followed(mpp: float) -> None:
    n = round(24 / mpp)
    row, col = (np.mgrid[:n, :n] - (n - 1) / 2) * mpp
    along = np.linspace(-12, 12, 20_001)
    wave = 0.6 * np.sin(2 * np.pi * along / 6)
    slope = np.gradient(0.6 * np.sin(2 * np.pi * col[0] / 6), col[0])
    across = (row - 0.6 * np.sin(2 * np.pi * col / 6)) / np.sqrt(1 + slope**2)
    true = float(np.hypot(np.diff(along), np.diff(wave)).sum())
    assert _length_um(JunctionMaps(_ridge(across), np.ones((n, n)), mpp)) == pytest.approx(true, rel=0.02)


@pytest.mark.parametrize("degrees", [0.0, 17.0, 45.0])
@pytest.mark.parametrize("mpp", [0.1, 0.2])
def test_tessellation_keeps_length_gaps_and_cells(draw_net: Callable, mpp: float, degrees: float) -> None:
    net = draw_net(wave_um=0.25, gap=0.2).turned(degrees)
    maps = net.maps(mpp)
    measures = measure_network(trace_network(maps), maps.centreline)
    length, gap = net.lengths_um()
    found = measures.junctions["length_um"].sum()
    assert found == pytest.approx(length, rel=0.02)
    assert measures.field["gap_fraction"].item() == pytest.approx(gap / length, abs=0.02)


def test_broken_junction_is_bridged_and_its_gap_is_gap() -> None:
    seen = np.zeros((120, 120))
    seen[60] = seen[:, 60] = 1
    seen[60, 80:96] = 0
    network = trace_network(JunctionMaps(seen, seen, mpp=0.1))
    assert network.n_cells == 4
    table = measure_network(network, seen).junctions
    assert table["gap_length_um"].sum() == pytest.approx(1.6, abs=0.25)
    assert table["n_gaps"].sum() == 1


def test_stump_that_ends_in_a_cell_parts_nothing() -> None:
    seen = np.zeros((120, 120))
    seen[60] = 1
    seen[20:60, 40] = 1
    seen[20:45, 40] = 0
    assert trace_network(JunctionMaps(seen, seen, mpp=0.1)).n_cells == 2


def test_field_without_junctions_is_one_cell() -> None:
    nothing = np.zeros((40, 50))
    measures = measure_network(trace_network(JunctionMaps(nothing, nothing, mpp=0.2)), nothing)
    assert measures.network.n_cells == 1
    assert measures.junctions.empty
    assert measures.field["network_length_mm_per_mm2"].item() == 0
    assert np.isnan(measures.field["mean_straightness"].item())
    assert not measures.network.mask.any()


def test_field_smaller_than_a_cell_is_one_cell() -> None:
    dot = np.zeros((2, 2))
    assert trace_network(JunctionMaps(dot, dot, mpp=0.05)).n_cells == 1


def test_corners_nearer_than_said_are_one() -> None:
    seen = np.zeros((100, 100), dtype=bool)
    seen[:50, 48] = seen[50:, 54] = seen[50] = True
    maps = JunctionMaps(seen, seen, mpp=0.1)
    assert len(trace_network(maps, settings=TraceSettings(least_junction_um=1.0)).corners) == 1
    assert len(trace_network(maps, settings=TraceSettings(least_junction_um=0.2)).corners) == 2


@pytest.mark.parametrize(("name", "value"), [("least_seen", 0), ("ridge_um", -1.0), ("smoothing_um", float("inf"))])
def test_setting_that_means_nothing_is_refused(name: str, value: float) -> None:
    with pytest.raises(InvalidArgument, match=name):
        TraceSettings(**{name: value})
