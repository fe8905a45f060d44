from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from histo.errors import InvalidArgument, InvalidLabelMap, MissingPixelSize
from histo.types import CellClass, Compartment, Exclusion, LabelMap, PixelSize, SectionId

INVALID_MAPS = [
    ({"array": np.zeros((2, 2, 3), int)}, "two-dimensional"),
    ({"array": np.zeros((0, 4), int)}, "filled"),
    ({"array": np.zeros((2, 2))}, "integers"),
    ({"array": np.zeros((2, 2), bool)}, "integers"),
    ({"array": np.full((2, 2), 10)}, "values 10 to 10"),
    ({"array": np.full((2, 2), -1)}, "values -1 to -1"),
    ({"array": np.full((2, 2), 257)}, "values 257 to 257"),
    ({"mpp": 0.0}, "positive"),
    ({"mpp": -1.0}, "positive"),
    ({"mpp": float("nan")}, "positive"),
    ({"mpp": float("inf")}, "positive"),
    ({"mpp": None}, "positive"),
    ({"mpp": "0.5"}, "positive"),
    ({"slide_mpp": -0.5}, "positive"),
    ({"origin": (0.0, float("nan"))}, "origin"),
    ({"origin": (0.0, 1.0, 2.0)}, "origin"),
    ({"confidence": np.zeros((2, 3), np.uint8)}, "differ in shape"),
    ({"confidence": np.zeros((2, 2), float)}, "uint8"),
    ({"excluded": np.zeros((2, 3), np.uint8)}, "excluded and labels differ in shape"),
    ({"excluded": np.zeros((2, 2), bool)}, "uint8"),
    ({"excluded": np.full((2, 2), 99, np.uint8)}, "histo.Exclusion"),
]


@pytest.mark.parametrize(("changed", "message"), INVALID_MAPS)
def test_what_is_no_label_map_is_refused(changed: dict, message: str) -> None:
    with pytest.raises((InvalidLabelMap, MissingPixelSize), match=message):
        LabelMap(**{"array": np.zeros((2, 2), int), "mpp": 1.0} | changed)


def test_every_compartment_has_its_own_colour() -> None:
    assert len({member.rgb for member in Compartment}) == len(Compartment) == 10


def test_compartment_is_found_by_its_label() -> None:
    assert all(Compartment.from_label(member.label) is member for member in Compartment)


def test_unknown_compartment_is_answered_with_those_there_are() -> None:
    with pytest.raises(InvalidArgument, match=r"background, villus_epithelium, .*'tumour'"):
        Compartment.from_label("tumour")


@pytest.mark.parametrize("mpp", [1.0, 0.5])
def test_area_counts_pixels_times_their_area(mpp: float) -> None:
    array = np.zeros((4, 5), int)
    array[1:3, 1:4] = Compartment.CRYPT
    assert LabelMap(array, mpp).area_um2(Compartment.CRYPT) == 6 * mpp**2


def test_mask_of_several_compartments_is_their_union() -> None:
    labels = LabelMap(np.array([[0, 3, 4, 5]]), 1.0)
    assert labels.mask(Compartment.CRYPT, Compartment.SUBMUCOSA).tolist() == [[False, True, False, True]]
    assert not labels.mask().any()


def test_map_without_slide_is_its_own_slide() -> None:
    labels = LabelMap(np.zeros((4, 5), int), 0.5)
    assert labels.slide_mpp == 0.5
    assert labels.to_slide(np.array([2.0, 3.0])).tolist() == [2.0, 3.0]


def test_outer_corner_of_the_map_lies_at_its_origin() -> None:
    labels = LabelMap(np.zeros((4, 5), int), mpp=2.0, slide_mpp=0.5, origin=(100.0, 200.0))
    assert labels.to_slide(np.array([-0.5, -0.5])).tolist() == [99.5, 199.5]
    assert labels.to_slide(np.array([0.5, 0.5])).tolist() == [103.5, 203.5]


mpps = st.floats(0.05, 10)
places = st.floats(-1e5, 1e5)


@given(mpps, mpps, places, places, places, places)
def test_to_slide_and_back_is_where_it_was(
    mpp: float, slide_mpp: float, top: float, left: float, row: float, col: float
) -> None:
    labels = LabelMap(np.zeros((4, 5), int), mpp, (top, left), slide_mpp)
    point = np.array([row, col])
    np.testing.assert_allclose(labels.from_slide(labels.to_slide(point)), point, rtol=1e-9, atol=1e-5)


@given(mpps, mpps, st.integers(0, 6), st.integers(0, 8))
def test_a_pixel_keeps_its_place_on_the_slide_when_cropped(mpp: float, slide_mpp: float, row: int, col: int) -> None:
    labels = LabelMap(np.zeros((7, 9), int), mpp, (30.0, 40.0), slide_mpp, np.zeros((7, 9), np.uint8))
    window = labels.crop(row, col, 2, 2)
    np.testing.assert_allclose(window.to_slide(np.zeros(2)), labels.to_slide(np.array([row, col])), rtol=1e-9)
    assert window.confidence is not None
    assert window.confidence.shape == window.shape


def test_what_is_excluded_is_held_as_background() -> None:
    array = np.full((2, 3), Compartment.CRYPT)
    excluded = np.array([[0, Exclusion.PEN, 0], [Exclusion.NEIGHBOUR, 0, 0]], np.uint8)
    labels = LabelMap(array, 1.0, excluded=excluded)
    assert labels.array.tolist() == [[3, 0, 3], [0, 3, 3]]
    assert (array == Compartment.CRYPT).all()


def test_a_pen_hides_the_gut_and_a_neighbour_does_not() -> None:
    excluded = np.array([[0, Exclusion.PEN], [Exclusion.NEIGHBOUR, Exclusion.FOLD]], np.uint8)
    labels = LabelMap(np.zeros((2, 2), int), 1.0, excluded=excluded)
    assert labels.hidden.tolist() == [[False, True], [False, True]]
    assert labels.crop(0, 1, 2, 1).hidden.tolist() == [[True], [True]]
    assert not LabelMap(np.zeros((2, 2), int), 1.0).hidden.any()


def test_crop_takes_the_window() -> None:
    labels = LabelMap(np.arange(9).reshape(3, 3), 1.0)
    assert labels.crop(1, 1, 5, 1).array.tolist() == [[4], [7]]


@pytest.mark.parametrize("window", [(-1, 0, 2, 2), (0, 3, 2, 2), (0, 0, 0, 2), (0, 0, 2, -1)])
def test_window_that_does_not_begin_on_the_map_is_refused(window: tuple[int, int, int, int]) -> None:
    with pytest.raises(InvalidArgument, match="window"):
        LabelMap(np.zeros((3, 3), int), 1.0).crop(*window)


def test_pixel_size_says_who_says_so() -> None:
    with pytest.raises(MissingPixelSize, match=r"-1 \(OME PhysicalSizeX\)"):
        PixelSize(-1, "OME PhysicalSizeX")
    assert PixelSize(np.float32(0.5)).mpp == 0.5


def test_sections_are_ordered_and_named() -> None:
    assert str(SectionId("m07", "s2")) == "m07/s2"
    assert SectionId("m07", "s1") < SectionId("m07", "s2") < SectionId("m08")


def test_lymphocytes_and_granulocytes_make_the_infiltrate() -> None:
    assert {member for member in CellClass if member.is_inflammatory} == {"lymphocyte", "granulocyte"}


def test_cell_classes_are_the_words_of_the_tables() -> None:
    assert list(CellClass) == ["epithelial", "lymphocyte", "granulocyte", "stromal", "other"]
