from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from histo import Compartment, LabelMap
from histo.measure import measure_villi

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


def test_a_forked_villus_is_fused() -> None:
    array = np.zeros((600, 500), dtype=np.uint8)
    array[520:560] = Compartment.SUBMUCOSA
    array[400:520] = Compartment.LAMINA_PROPRIA
    for left in (150, 260):
        array[100:345, left : left + 90] = Compartment.VILLUS_EPITHELIUM
        array[120:345, left + 20 : left + 70] = Compartment.VILLUS_LAMINA_PROPRIA
    array[330:400, 150:350] = Compartment.VILLUS_EPITHELIUM
    array[330:400, 170:330] = Compartment.VILLUS_LAMINA_PROPRIA
    assert "fused" in measure_villi(LabelMap(array, mpp=1.0))["reject_reason"].tolist()


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
