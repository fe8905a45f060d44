from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from histo import Compartment, LabelMap
from histo.measure import measure_section, measure_villi
from histo.measure.centreline import Centrelines, share_inside
from histo.phantom import SectionSpec, draw_truth

Draw = Callable[..., Any]


@pytest.mark.parametrize("mpp", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("turn_deg", [0.0, 30.0])
def test_height_and_width_are_those_drawn_at_any_pixel_size_and_turn(draw: Draw, mpp: float, turn_deg: float) -> None:
    drawing = draw(length_um=450.0, turn_deg=turn_deg)
    villi = measure_villi(drawing.labels(mpp))
    assert len(villi) == drawing.n_villi
    assert villi["is_accepted"].all()
    assert villi["villus_height_um"].to_numpy() == pytest.approx(drawing.villus_height_um, rel=0.01)
    assert villi["villus_width_um"].to_numpy() == pytest.approx(drawing.villus_width_um, rel=0.03)


@pytest.mark.parametrize("turn_deg", [0.0, 25.0, 60.0])
def test_bent_villi_are_measured_along_their_bend(draw: Draw, turn_deg: float) -> None:
    drawing = draw(length_um=580.0, spacing_um=190.0, bend_per_um=1 / 350, turn_deg=turn_deg)
    heights = measure_villi(drawing.labels(1.0))["villus_height_um"].to_numpy()
    assert len(heights) == drawing.n_villi
    assert heights == pytest.approx(drawing.villus_height_um, rel=0.015)


def test_villi_of_a_ring_are_found_all_around(draw: Draw) -> None:
    # At the height of the tips the ring is so narrow that broader villi would overlap.
    drawing = draw(radius_um=500.0, villus_height_um=180.0, villus_width_um=60.0)
    villi = measure_villi(drawing.labels(2.0))
    assert villi["is_accepted"].sum() == drawing.n_villi
    assert villi["villus_height_um"].to_numpy() == pytest.approx(180.0, rel=0.01)
    assert np.median(np.diff(villi["position_um"].to_numpy())) == pytest.approx(drawing.spacing_um, rel=0.05)


def test_height_doubles_when_pixels_are_twice_as_large(draw: Draw) -> None:
    array = draw(length_um=500.0).labels(1.0).array
    single = measure_villi(LabelMap(array, mpp=1.0))["villus_height_um"].to_numpy()
    double = measure_villi(LabelMap(array, mpp=2.0))["villus_height_um"].to_numpy()
    assert double == pytest.approx(2 * single, rel=0.005)


def test_area_and_contour_are_those_of_a_tube_with_a_round_tip(draw: Draw) -> None:
    drawing = draw(length_um=600.0)
    villi = measure_villi(drawing.labels(1.0))
    half = drawing.villus_width_um / 2
    shaft = drawing.villus_height_um - half
    assert villi["villus_area_um2"].to_numpy() == pytest.approx(2 * half * shaft + np.pi * half**2 / 2, rel=0.01)
    assert villi["villus_perimeter_um"].to_numpy() == pytest.approx(2 * shaft + np.pi * half, rel=0.04)


def test_villi_that_touch_along_their_epithelium_are_parted(draw: Draw) -> None:
    drawing = draw(length_um=700.0, spacing_um=88.0, villus_width_um=90.0)
    villi = measure_villi(drawing.labels(1.0))
    assert len(villi) == drawing.n_villi
    assert villi["villus_height_um"].to_numpy() == pytest.approx(drawing.villus_height_um, rel=0.02)


def test_tip_and_base_are_level_0_pixels_of_the_slide(draw: Draw) -> None:
    drawing = draw(length_um=500.0)
    at_origin = drawing.labels(2.0)
    moved = LabelMap(at_origin.array, mpp=2.0, origin=(1000.0, 3000.0), slide_mpp=0.5)
    first, second = measure_villi(at_origin), measure_villi(moved)
    assert second["tip_row"].to_numpy() == pytest.approx((first["tip_row"].to_numpy() + 0.5) * 4 - 0.5 + 1000)
    assert second["base_col"].to_numpy() == pytest.approx((first["base_col"].to_numpy() + 0.5) * 4 - 0.5 + 3000)


@pytest.mark.parametrize("mpp", [1.0, 2.0])
@pytest.mark.parametrize(("cap_um", "is_whole"), [(30.0, True), (70.0, False)])
def test_a_tip_of_thick_epithelium_was_left_sideways(draw: Draw, mpp: float, cap_um: float, is_whole: bool) -> None:
    array = draw(length_um=500.0, epithelium_um=20.0).labels(mpp).array.copy()
    row, _ = np.indices(array.shape)
    tip_row = np.flatnonzero((array == Compartment.VILLUS_EPITHELIUM).any(axis=1)).max()
    in_cap = (array == Compartment.VILLUS_LAMINA_PROPRIA) & (row > tip_row - cap_um / mpp)
    array[in_cap] = Compartment.VILLUS_EPITHELIUM
    villi = measure_villi(LabelMap(array, mpp=mpp))
    assert (villi["reject_reason"] == ("" if is_whole else "tangential")).all()


def test_an_island_above_the_villi_is_detached(draw: Draw) -> None:
    array = np.pad(draw(length_um=500.0, villus_height_um=200.0).labels(1.0).array, ((0, 120), (0, 0)))
    row, col = np.indices(array.shape)
    rows = np.flatnonzero((array == Compartment.VILLUS_EPITHELIUM).any(axis=1))
    away = np.hypot(row - (rows.max() + 60), col - array.shape[1] / 2)
    array[away < 40] = Compartment.VILLUS_EPITHELIUM
    array[away < 20] = Compartment.VILLUS_LAMINA_PROPRIA
    villi = measure_villi(LabelMap(array, mpp=1.0))
    assert villi["reject_reason"].tolist().count("detached") == 1
    assert villi["is_accepted"].sum() == len(villi) - 1


def test_a_villus_without_core_was_cut_tangentially(draw: Draw) -> None:
    drawing = draw(length_um=500.0, villus_width_um=38.0)
    villi = measure_villi(drawing.labels(1.0))
    assert set(villi["reject_reason"]) == {"tangential"}


def test_villi_at_the_edge_of_the_map_are_cut(draw: Draw) -> None:
    labels = draw(length_um=600.0).labels(1.0)
    occupied = np.flatnonzero((labels.array == Compartment.VILLUS_LAMINA_PROPRIA).any(axis=0))
    cut = labels.crop(0, int(occupied[15]), labels.shape[0], labels.shape[1])
    assert "cut_at_border" in measure_villi(cut)["reject_reason"].tolist()


def _forked(fork_um: float, mpp: float = 1.0) -> LabelMap:
    """Two villi of 300 µm, one trunk up to `fork_um` above the junction."""
    row = (np.arange(int(600 / mpp))[:, None] + 0.5) * mpp
    col = (np.arange(int(500 / mpp))[None] + 0.5) * mpp
    array = np.zeros((row.shape[0], col.shape[1]), dtype=np.uint8)
    array[((row >= 520) & (row < 560) & (col > 0))] = Compartment.SUBMUCOSA
    array[((row >= 400) & (row < 520) & (col > 0))] = Compartment.LAMINA_PROPRIA
    array[(row >= 400 - fork_um) & (row < 400) & (col >= 150) & (col < 350)] = Compartment.VILLUS_EPITHELIUM
    for left in (150, 260):
        array[(row >= 100) & (row < 400) & (col >= left) & (col < left + 90)] = Compartment.VILLUS_EPITHELIUM
        array[(row >= 120) & (row < 400) & (col >= left + 20) & (col < left + 70)] = Compartment.VILLUS_LAMINA_PROPRIA
    trunk = (row >= 415 - fork_um) & (row < 400) & (col >= 170) & (col < 330)
    array[trunk] = Compartment.VILLUS_LAMINA_PROPRIA
    return LabelMap(array, mpp=mpp)


@pytest.mark.parametrize("mpp", [1.0, 2.0])
def test_a_villus_that_forks_high_is_fused(mpp: float) -> None:
    assert measure_villi(_forked(200.0, mpp))["reject_reason"].tolist() == ["fused"]


@pytest.mark.parametrize("mpp", [1.0, 2.0])
def test_two_villi_on_one_foot_are_two(mpp: float) -> None:
    villi = measure_villi(_forked(70.0, mpp))
    assert villi["is_accepted"].tolist() == [True, True]
    assert villi["villus_height_um"].to_numpy() == pytest.approx(300.0, rel=0.03)


def _upright(labels: LabelMap) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Copy of the map, height of each row above the junction in µm, and which pixels are villus."""
    array = labels.array.copy()
    is_villus = np.isin(array, (Compartment.VILLUS_EPITHELIUM, Compartment.VILLUS_LAMINA_PROPRIA))
    zone = np.flatnonzero((array == Compartment.LAMINA_PROPRIA).any(axis=1))
    above = (np.arange(array.shape[0]) - zone.max()) * labels.mpp
    return array, np.broadcast_to(above[:, None], array.shape), is_villus


@pytest.mark.parametrize("mpp", [1.0, 2.0])
def test_a_core_that_is_missed_in_the_middle_leaves_one_villus(draw: Draw, mpp: float) -> None:
    drawing = draw(length_um=500.0)
    array, above, is_villus = _upright(drawing.labels(mpp))
    array[is_villus & (above > 120) & (above < 175)] = Compartment.VILLUS_EPITHELIUM
    villi = measure_villi(LabelMap(array, mpp=mpp))
    assert len(villi) == drawing.n_villi
    assert villi["is_accepted"].all()
    assert villi["villus_height_um"].to_numpy() == pytest.approx(drawing.villus_height_um, rel=0.01)


@pytest.mark.parametrize("mpp", [1.0, 2.0])
def test_a_crack_across_a_villus_leaves_it_whole(draw: Draw, mpp: float) -> None:
    drawing = draw(length_um=500.0)
    array, above, is_villus = _upright(drawing.labels(mpp))
    array[is_villus & (above > 200) & (above < 212)] = Compartment.BACKGROUND
    villi = measure_villi(LabelMap(array, mpp=mpp))
    assert villi["is_accepted"].sum() == drawing.n_villi
    accepted = villi[villi["is_accepted"]]
    assert accepted["villus_height_um"].to_numpy() == pytest.approx(drawing.villus_height_um, rel=0.02)


@pytest.mark.parametrize("mpp", [1.0, 2.0])
def test_space_under_lifted_epithelium_belongs_to_the_villus(draw: Draw, mpp: float) -> None:
    drawing = draw(length_um=500.0)
    labels = drawing.labels(mpp)
    array = labels.array.copy()
    core = array == Compartment.VILLUS_LAMINA_PROPRIA
    _, above, _ = _upright(labels)
    shrunk = cv2.erode(core.astype(np.uint8), np.ones((2 * int(12 / mpp) + 1,) * 2, np.uint8)) > 0
    array[core & ~shrunk & (above > 40)] = Compartment.BACKGROUND
    villi = measure_villi(LabelMap(array, mpp=mpp))
    assert len(villi) == drawing.n_villi
    assert villi["is_accepted"].all()
    assert villi["villus_height_um"].to_numpy() == pytest.approx(drawing.villus_height_um, rel=0.01)
    assert villi["villus_width_um"].to_numpy() == pytest.approx(drawing.villus_width_um, rel=0.03)


def test_a_villus_that_lies_across_another_does_not_lengthen_it(draw: Draw) -> None:
    array, above, is_villus = _upright(draw(length_um=500.0).labels(1.0))
    col = np.arange(array.shape[1])[None]
    lies = (above > 150) & (above < 230) & ~is_villus & (array == 0) & (col > 60) & (col < 440)
    array[lies] = Compartment.VILLUS_EPITHELIUM
    villi = measure_villi(LabelMap(array, mpp=1.0))
    accepted = villi[villi["is_accepted"]]
    assert len(accepted) >= 1
    assert accepted["villus_height_um"].to_numpy() == pytest.approx(350.0, rel=0.03)


def test_low_probability_lowers_confidence_and_then_rejects(draw: Draw) -> None:
    array = draw(length_um=500.0).labels(2.0).array
    by_probability = {}
    for probability in (255, 180, 90):
        confidence = np.full(array.shape, probability, dtype=np.uint8)
        by_probability[probability] = measure_villi(LabelMap(array, mpp=2.0, confidence=confidence))
    assert by_probability[255]["confidence"].min() > 0.9
    assert (by_probability[180]["confidence"] < by_probability[255]["confidence"]).all()
    assert by_probability[180]["is_accepted"].all()
    assert set(by_probability[90]["reject_reason"]) == {"low_confidence"}


@pytest.mark.parametrize("mpp", [1.0, 2.0])
def test_where_drawn_villi_cross_no_axis_counts_that_leads_beside_them(mpp: float) -> None:
    ring = replace(SectionSpec.mouse("ring"), rotation_deg=30.0)
    labels = draw_truth(ring, mpp=mpp, seed=12).labels
    measures = measure_section(labels)
    is_villus = np.isin(labels.array, (Compartment.VILLUS_EPITHELIUM, Compartment.VILLUS_LAMINA_PROPRIA))
    lines = measures.villus_lines[measures.villi["is_accepted"].to_numpy(), 3:-3]
    assert len(lines) > 15
    row, col = np.moveaxis(np.rint(lines).astype(int), -1, 0)
    assert is_villus[row, col].mean(axis=1).min() > 0.9


def test_the_share_of_a_centreline_inside_is_counted_without_its_ends() -> None:
    instances = np.zeros((40, 40), dtype=np.int32)
    instances[:, :20], instances[:, 20:30] = 1, 2
    across = np.stack([np.full(33, 20.0), np.linspace(0.0, 40.0, 33)], axis=-1)
    along = np.stack([np.linspace(0.0, 40.0, 33), np.full(33, 25.0)], axis=-1)
    lines = Centrelines(np.stack([across, along]), np.array([40.0, 40.0]), np.ones(2))
    assert share_inside(instances, 1.0, lines) == pytest.approx([13 / 27, 1.0])
