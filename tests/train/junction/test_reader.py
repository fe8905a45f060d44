from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from histo.errors import InvalidAnnotation
from histo.train.junction.imagej_outline import fill_outlines, parse_roi, read_outlines
from histo.train.junction.reader import (
    list_junction_pictures,
    read_junction_picture,
    truth_of_cells,
    truth_of_mask,
)
from histo.train.junction.truth import Known

SQUARE = np.array([[3, 5], [3, 9], [7, 9], [7, 5]])


def test_an_outline_covers_the_pixels_that_imagej_counts_in_it(roi_bytes: Callable[..., bytes]) -> None:
    inside = fill_outlines([parse_roi(roi_bytes(SQUARE))], (12, 12))
    rows, cols = np.nonzero(inside)
    assert (rows.min(), rows.max(), cols.min(), cols.max()) == (3, 6, 5, 8)
    assert inside.sum() == 16


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: b"Jout" + content[4:], "not an ImageJ ROI"),
        (lambda content: content[:6] + b"\x03" + content[7:], "type 3"),
        (lambda content: content[:-4], "do not fit"),
        (lambda content: content[:20], "not an ImageJ ROI"),
    ],
)
def test_what_is_no_outline_is_refused(
    roi_bytes: Callable[..., bytes], change: Callable[[bytes], bytes], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        parse_roi(change(roi_bytes(SQUARE)))


def test_a_file_that_is_no_zip_and_a_folder_without_pictures_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a_ROIs.zip").write_bytes(b"nothing")
    with pytest.raises(InvalidAnnotation, match="do not read"):
        read_outlines(tmp_path / "a_ROIs.zip")
    with pytest.raises(InvalidAnnotation, match="no pictures"):
        list_junction_pictures(tmp_path, "masks")


def test_lines_between_cells_are_junctions_and_the_edge_of_the_picture_is_none() -> None:
    cells = np.zeros((21, 30), np.int32)
    cells[:10, :14] = 1
    cells[:10, 15:] = 2
    cells[11:, :14] = 3
    truth = truth_of_cells(cells, 0.5)
    assert truth.lines[2:9, 14].all()
    assert truth.lines[10, 2:12].all()
    assert not truth.lines[0].any()
    assert not truth.lines[:10, 20].any()
    # The lower right was not outlined: beyond the line along its neighbours nothing is known.
    assert truth.known[18, 25] & Known.COURSE == 0
    assert truth.known[5, 5] & Known.COURSE
    assert not (truth.known & (Known.STAINED | Known.GAP)).any()


def test_a_bright_line_that_a_mask_leaves_out_is_doubted_and_a_dark_place_is_not() -> None:
    signal = np.full((120, 120), 100.0, np.float32)
    signal[28:32] += 500
    signal[88:92] += 500
    mask = np.zeros(signal.shape, bool)
    mask[28:32] = True
    truth = truth_of_mask(mask, signal, 0.1)
    assert (truth.known[90, 10:110] & Known.DOUBTED).all()
    assert not (truth.known[60, 10:110] & Known.DOUBTED).any()
    assert not (truth.known[30, 10:110] & Known.DOUBTED).any()
    assert (truth.known[30, 10:110] & Known.STAINED).all()
    assert truth.lines[29:31, 10:110].any(axis=0).all()


def test_the_outlines_of_the_control_picture_are_the_cells_of_its_table(real_data: Path) -> None:
    folder = real_data / "tj-wis"
    table = (folder / "control_1_Results.xls").read_text(encoding="latin-1").splitlines()
    areas = [float(line.split("\t")[1]) for line in table[1:] if line.strip()]
    cells = fill_outlines(read_outlines(folder / "control_1_ROIs.zip"), (1024, 1024))
    found = np.bincount(cells.ravel())[1:]
    assert len(found) == 55
    assert np.sum(found == areas) >= 54
    np.testing.assert_allclose(found, areas, rtol=0.002)


def test_real_pictures_read_with_their_masks(real_data: Path) -> None:
    pictures = list_junction_pictures(real_data / "tj-zo1-mdck", "masks")
    assert len(pictures) >= 2
    picture = read_junction_picture(next(iter(pictures.values())), "masks", 0.1024)
    assert picture.signal.shape == picture.truth.distance.shape
    assert 0.005 < picture.truth.lines.mean() < 0.03
