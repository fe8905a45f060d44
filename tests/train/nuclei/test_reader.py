from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from histo.errors import InvalidAnnotation
from histo.train.nuclei.prepare import estimate_mpp
from histo.train.nuclei.reader import list_pictures, parse_centres, read_picture, read_truth
from histo.train.nuclei.truth import ANYTHING, as_bits, truth_of_outlines
from histo.types import CellClass

CLASSES = {"fibroblast": ("stromal",), "inflammatory": ("lymphocyte", "granulocyte")}


def test_x_is_the_column_and_counting_starts_at_one() -> None:
    truth = parse_centres({"detection": [[11, 3]]}, {})
    assert truth.centre.tolist() == [[2.0, 10.0]]
    assert truth.kind_bits.tolist() == [ANYTHING]


def test_a_nucleus_in_two_lists_is_one() -> None:
    truth = parse_centres({"detection": [[5, 5], [50, 5]], "fibroblast": [[5.4, 5.2]]}, CLASSES)
    assert len(truth) == 2
    assert truth.kind_bits.tolist() == [as_bits(("stromal",)), ANYTHING]


def test_classes_that_a_set_does_not_tell_apart_are_both_allowed() -> None:
    truth = parse_centres({"inflammatory": [[5, 5]], "unheard": [[9, 9]]}, CLASSES)
    assert truth.kind_bits.tolist() == [0b110, ANYTHING]


@pytest.mark.parametrize(
    "entries",
    [[], {"detection": [[1, 2, 3]]}, {"detection": {"x": 1}}, {"detection": [["1", "2"]]}, {"a": [[1, 1e999]]}],
)
def test_what_is_no_list_of_centres_is_refused(entries: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_centres(entries, CLASSES)


@given(st.lists(st.sampled_from([0, 3, 9, 400]), min_size=16, max_size=16))
def test_numbers_of_outlines_are_closed_up_in_order(values: list[int]) -> None:
    labels = np.array(values).reshape(4, 4)
    truth = truth_of_outlines(labels)
    assert truth.outlines is not None
    present = [value for value in (3, 9, 400) if value in values]
    assert len(truth) == len(present)
    for number, value in enumerate(present, start=1):
        assert np.array_equal(truth.outlines == number, labels == value)
        assert truth.centre[number - 1] == pytest.approx(np.argwhere(labels == value).mean(axis=0))


@given(st.sets(st.sampled_from([str(member) for member in CellClass])))
def test_bits_name_each_class_once(names: set[str]) -> None:
    assert as_bits(tuple(names)).bit_count() == len(names)


def test_masks_lie_in_a_folder_of_their_own_with_any_extension(tmp_path: Path) -> None:
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    tifffile.imwrite(tmp_path / "images" / "a.tif", np.full((8, 8), 30, np.uint8))
    tifffile.imwrite(tmp_path / "masks" / "a.tiff", np.eye(8, dtype=np.uint16))
    found = list_pictures(tmp_path, "masks")
    assert list(found) == ["a"]
    assert read_picture(found["a"])[0, 0].tolist() == [30, 30, 30]
    assert len(read_truth(found["a"], "masks", {})) == 1


@pytest.mark.parametrize("content", [None, np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.float32)])
def test_a_label_image_that_is_none_is_refused(tmp_path: Path, content: np.ndarray | None) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 4), np.uint8))
    if content is not None:
        tifffile.imwrite(tmp_path / "a.labels.tif", content)
    assert list(list_pictures(tmp_path, "outlines")) == ["a"]
    with pytest.raises(InvalidAnnotation, match="does not read"):
        read_truth(tmp_path / "a.tif", "outlines", {})


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidAnnotation, match="HISTO_DATA"):
        list_pictures(tmp_path, "centres")


@pytest.mark.parametrize("enlarged", [1, 2])
def test_the_estimated_pixel_halves_when_pixels_are_twice_as_many(enlarged: int) -> None:
    labels = np.zeros((20, 20), np.int32)
    labels[4:10, 4:10], labels[12:18, 4:10], labels[0, 12:20] = 1, 2, 3  # the last is cut by the edge
    fine = labels.repeat(enlarged, axis=0).repeat(enlarged, axis=1)
    assert estimate_mpp(fine, 36.0) == pytest.approx(1.0 / enlarged)
