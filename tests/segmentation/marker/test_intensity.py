from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from histo.errors import InvalidArgument, MissingPixelSize
from histo.segmentation.marker import BleedThrough, label_rings, measure_markers
from histo.segmentation.marker.region import Regions


def disc(size: int, centre: tuple[float, float], radius: float) -> np.ndarray:
    rows, cols = np.mgrid[:size, :size]
    return np.hypot(rows - centre[0], cols - centre[1]) <= radius


def two_nuclei() -> np.ndarray:
    nuclei = np.zeros((60, 60), np.int32)
    nuclei[disc(60, (30, 20), 6)] = 3
    nuclei[disc(60, (30, 36), 6)] = 9
    return nuclei


def test_a_nucleus_and_its_ring_are_measured_apart():
    nuclei = two_nuclei()
    marker = np.full(nuclei.shape, 5.0)
    marker[nuclei == 3] = 80.0
    marker[label_rings(nuclei, 1.0) == 9] = 40.0
    table = measure_markers(nuclei, {"cd4": marker}, 1.0, sites={"cd4": "ring"}).set_index("label")
    assert table.loc[3, "cd4_nucleus_mean"] == 80
    assert table.loc[3, "cd4_ring_mean"] == 5
    assert table.loc[9, "cd4_nucleus_median"] == 5
    assert table.loc[9, "cd4_ring_median"] == 40
    assert table["cd4_intensity"].tolist() == [5.0, 40.0]


def test_a_ring_holds_no_neighbour_and_is_split_at_the_middle():
    nuclei = two_nuclei()
    rings = label_rings(nuclei, 1.0, ring_um=8.0)
    assert not rings[nuclei > 0].any()
    between = rings[30, 26:30]
    assert between.tolist() == [0, 3, 3, 9] or between.tolist() == [0, 3, 9, 9]
    assert set(np.unique(rings)) == {0, 3, 9}


def test_the_ring_lies_where_the_true_distance_says():
    nuclei = two_nuclei()
    distance, (rows, cols) = ndimage.distance_transform_edt(nuclei == 0, return_indices=True)
    true_owner = nuclei[rows, cols]
    rings = label_rings(nuclei, 1.0, ring_um=5.0)
    inner, outer = (distance > 0) & (distance < 5.3), distance > 5.7
    assert (rings[inner] > 0).all()
    assert not rings[outer].any()
    apart = np.abs(np.mgrid[:60, :60][1] - 28) > 1
    assert (rings == true_owner)[(rings > 0) & apart].all()


def test_rings_are_as_wide_in_um_when_pixels_are_half_as_large():
    coarse, fine = np.zeros((80, 80), np.int32), np.zeros((160, 160), np.int32)
    coarse[disc(80, (39.5, 39.5), 8)] = 1
    fine[disc(160, (79.5, 79.5), 16)] = 1
    areas = [
        measure_markers(array, {}, mpp, ring_um=3.0)["ring_area_um2"].item()
        for array, mpp in ((coarse, 1.0), (fine, 0.5))
    ]
    truth = np.pi * (11**2 - 8**2)
    assert areas == pytest.approx([truth, truth], rel=0.06)


def test_intensity_does_not_depend_on_pixel_size():
    coarse = two_nuclei()
    marker = np.random.default_rng(0).uniform(10, 100, coarse.shape)
    fine = np.kron(coarse, np.ones((2, 2), np.int32))
    first = measure_markers(coarse, {"a": marker}, 1.0)
    second = measure_markers(fine, {"a": np.kron(marker, np.ones((2, 2)))}, 0.5)
    assert second["a_nucleus_mean"].to_numpy() == pytest.approx(first["a_nucleus_mean"].to_numpy(), rel=1e-5)
    assert second["a_ring_mean"].to_numpy() == pytest.approx(first["a_ring_mean"].to_numpy(), rel=0.1)


def test_the_share_of_the_ring_that_is_positive_is_a_half_when_half_is_stained():
    nuclei = np.zeros((40, 40), np.int32)
    nuclei[disc(40, (19.5, 19.5), 6)] = 1
    marker = np.zeros(nuclei.shape)
    marker[:20] = 10
    table = measure_markers(nuclei, {"cd3": marker}, 0.5, positive_above={"cd3": 5.0})
    assert table["cd3_ring_positive"].item() == 0.5


def test_a_nucleus_at_the_edge_says_that_it_is_cut():
    nuclei = np.zeros((30, 30), np.int32)
    nuclei[0:4, 5:9] = 1
    nuclei[15:19, 15:19] = 2
    nuclei[20:24, 29] = 4
    table = measure_markers(nuclei, {"a": np.ones((30, 30))}, 0.5)
    assert table["is_cut_at_border"].tolist() == [True, False, True]
    assert table["a_intensity"].tolist() == [1.0, 1.0, 1.0]


def test_a_nucleus_hemmed_in_has_no_ring_and_no_invented_value():
    nuclei = np.ones((9, 9), np.int32)
    nuclei[4, 4] = 2
    table = measure_markers(nuclei, {"a": np.full((9, 9), 7.0)}, 1.0).set_index("label")
    assert table.loc[2, "ring_area_um2"] == 0
    assert np.isnan(table.loc[2, "a_ring_mean"])
    assert np.isnan(table.loc[2, "a_ring_median"])
    assert table.loc[2, "a_intensity"] == 7


def test_no_nuclei_give_no_rows_and_all_columns():
    table = measure_markers(np.zeros((8, 8), np.int32), {"a": np.ones((8, 8))}, 1.0)
    assert len(table) == 0
    assert {"label", "a_intensity", "a_ring_mean", "is_cut_at_border"} <= set(table.columns)


def test_a_tile_with_a_margin_gives_the_values_of_the_whole():
    rng = np.random.default_rng(4)
    nuclei = np.zeros((120, 120), np.int32)
    for label, centre in enumerate(rng.uniform(5, 115, (60, 2)), start=1):
        nuclei[disc(120, (centre[0], centre[1]), 4) & (nuclei == 0)] = label
    marker = rng.gamma(2, 20, nuclei.shape)
    whole = measure_markers(nuclei, {"a": marker}, 0.5, ring_um=2.0).set_index("label")
    tile = measure_markers(nuclei[30:100, 30:100], {"a": marker[30:100, 30:100]}, 0.5, ring_um=2.0).set_index("label")
    core = [label for label in np.unique(nuclei[48:82, 48:82]) if label]
    assert core
    for column in ("a_nucleus_median", "a_ring_mean", "a_ring_median", "ring_area_um2"):
        assert tile.loc[core, column].tolist() == whole.loc[core, column].tolist()


def test_background_and_bleed_through_are_taken_out():
    nuclei = np.zeros((200, 200), np.int32)
    for label, (row, col) in enumerate([(50, 50), (50, 150), (150, 100)], start=1):
        nuclei[disc(200, (row, col), 6)] = label
    green = np.where(nuclei == 1, 1000.0, 0.0)
    red = np.where(nuclei == 2, 500.0, 0.0)
    slope = np.linspace(100, 160, 200)[None, :]
    seen = {"green": green + slope, "red": red + 0.3 * green + slope}
    bleed = BleedThrough(("green", "red"), ((1.0, 0.0), (0.3, 1.0)))
    table = measure_markers(nuclei, seen, 0.5, background_um=25.0, bleed_through=bleed)
    assert table["green_intensity"].to_numpy() == pytest.approx([1000, 0, 0], abs=15)
    assert table["red_intensity"].to_numpy() == pytest.approx([0, 500, 0], abs=15)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=40), st.integers(1, 4), st.floats(0, 1))
def test_quantiles_of_regions_are_those_of_their_sorted_pixels(values, n_regions, share):
    labels = np.array([1 + index % n_regions for index in range(len(values))], np.int32)[None]
    image = np.array(values, np.float32)[None]
    regions = Regions.of(labels)
    found = regions.quantile(image, share)
    for label, value in zip(regions.labels, found, strict=True):
        ordered = np.sort(image[labels == label])
        assert value == ordered[int(np.floor(share * (len(ordered) - 1) + 0.5))]


WRONG = [
    ({"nuclei": np.zeros((4, 4))}, "whole labels"),
    ({"nuclei": np.full((4, 4), -1, np.int32)}, "0 or positive"),
    ({"markers": {"a": np.ones((5, 5))}}, "differ in shape"),
    ({"markers": {"a": np.full((4, 4), np.nan)}}, "no number"),
    ({"sites": {"b": "ring"}}, "unknown marker"),
    ({"sites": {"a": "membrane"}}, "unknown site"),
    ({"positive_above": {"b": 1.0}}, "unknown marker"),
    ({"ring_um": 0.4}, "too narrow"),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_what_cannot_be_measured_is_refused(change, message):
    given_ = {"nuclei": np.ones((4, 4), np.int32), "markers": {"a": np.ones((4, 4))}, **change}
    nuclei, markers = given_.pop("nuclei"), given_.pop("markers")
    with pytest.raises(InvalidArgument, match=message):
        measure_markers(nuclei, markers, 1.0, **given_)


def test_no_pixel_size_is_refused():
    with pytest.raises(MissingPixelSize):
        measure_markers(np.ones((4, 4), np.int32), {}, 0.0)
