from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import histo.location
from histo.location import EXCLUDED, LOCATIONS, OUTSIDE, compartment_areas_um2, locate
from histo.segmentation.nuclei import compartments_at
from histo.types import Compartment, Exclusion, LabelMap


def half_planes(mpp: float, slope: float, side_um: float = 120.0) -> LabelMap:
    """Crypt above a slanted line through the middle, lamina propria below; the map's pixels are read at centres."""
    centre_um = (np.arange(round(side_um / mpp)) + 0.5) * mpp - side_um / 2
    is_above = centre_um[:, None] < slope * centre_um[None, :]
    return LabelMap(np.where(is_above, Compartment.CRYPT, Compartment.LAMINA_PROPRIA), mpp=mpp)


@pytest.mark.parametrize("slope", [0.2, 0.37, 0.62, -0.81])
def test_points_beside_a_slanted_border_are_told_between_coarse_pixels(slope: float) -> None:
    labels = half_planes(2.0, slope)
    rng = np.random.default_rng(1)
    col_um = rng.uniform(-50, 50, 4000)
    row_um = slope * col_um + rng.uniform(-1.5, 1.5, 4000)
    at_px = np.stack([row_um + 60, col_um + 60], axis=1) / 2.0 - 0.5
    is_crypt = row_um < slope * col_um
    between = np.mean((locate(labels, at_px) == Compartment.CRYPT) == is_crypt)
    rows, cols = np.floor(at_px + 0.5).astype(int).T
    by_pixel = np.mean((labels.array[rows, cols] == Compartment.CRYPT) == is_crypt)
    assert between > 0.9
    assert 1 - between < 0.5 * (1 - by_pixel)


def test_a_fine_map_says_what_its_pixel_says() -> None:
    rng = np.random.default_rng(2)
    labels = LabelMap(rng.integers(0, 10, (40, 50)), mpp=1.0)
    at = np.stack(np.meshgrid(np.arange(40), np.arange(50), indexing="ij"), axis=-1).reshape(-1, 2) + 0.3
    assert (locate(labels, at) == labels.array.ravel()).all()
    assert np.array_equal(compartment_areas_um2(labels), np.bincount(labels.array.ravel(), minlength=10))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_room_is_what_points_find(seed: int) -> None:
    """A point in the middle of every pixel: as many lie in a compartment as it has pixels of room."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 4, (6, 7)).repeat(6, axis=0).repeat(5, axis=1)
    excluded = np.zeros(blocks.shape, np.uint8)
    excluded[:9, :11] = Exclusion.PEN
    labels = LabelMap(blocks, mpp=2.0, excluded=excluded)
    at = np.argwhere(np.ones(labels.shape, bool)).astype(float)
    found = np.bincount(locate(labels, at), minlength=len(LOCATIONS))
    areas = compartment_areas_um2(labels)
    assert found[EXCLUDED] == 9 * 11
    # Where two have equal shares rounding decides.
    assert np.abs(found[: len(Compartment)] * 4.0 - areas).max() <= 4 * 3
    assert areas.sum() == (excluded == 0).sum() * 4.0


def test_room_is_the_same_in_strips_of_any_height(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = half_planes(2.0, 0.37)
    whole = compartment_areas_um2(labels)
    monkeypatch.setattr(histo.location, "_ROWS_AT_ONCE", 7)
    assert np.array_equal(compartment_areas_um2(labels), whole)


def test_what_is_excluded_has_no_say_beside_it() -> None:
    array = np.full((20, 20), Compartment.SUBMUCOSA)
    excluded = np.zeros(array.shape, np.uint8)
    excluded[:, 10:] = Exclusion.PEN
    labels = LabelMap(array, mpp=2.0, excluded=excluded)
    found = locate(labels, np.array([[5.0, 9.4], [5.0, 9.6], [5.0, -3.0]]))
    assert found.tolist() == [Compartment.SUBMUCOSA, EXCLUDED, OUTSIDE]
    assert compartment_areas_um2(labels)[Compartment.SUBMUCOSA] == 20 * 10 * 4.0


def test_cells_of_a_tile_are_placed_by_the_same_rule_as_in_measuring() -> None:
    labels = half_planes(2.0, 0.62)
    at = np.random.default_rng(3).uniform(-2, 61, (300, 2))
    names = compartments_at(labels.to_slide(at), labels)
    assert names.tolist() == [LOCATIONS[code] for code in locate(labels, at)]


def test_no_points_are_nowhere() -> None:
    assert len(locate(half_planes(2.0, 0.2), np.zeros((0, 2)))) == 0
