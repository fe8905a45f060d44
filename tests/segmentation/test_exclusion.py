from __future__ import annotations

import numpy as np
import pytest

from histo import Compartment, Exclusion, LabelMap
from histo.segmentation import exclude, keep_own, tabulate_exclusions
from histo.tissue import Section


def section_with(excluded: np.ndarray, *, mask_mpp: float = 10.0, row: int = 0, col: int = 0) -> Section:
    height, width = (round(side * mask_mpp) for side in excluded.shape)
    return Section("s1", row, col, height, width, 1.0, (), np.ones(excluded.shape, bool), mask_mpp, excluded)


def filled(section: Section, mpp: float) -> LabelMap:
    size = round(section.height / mpp), round(section.width / mpp)
    array = np.full(size, Compartment.SUBMUCOSA, np.uint8)
    return LabelMap(array, mpp=mpp, origin=(section.row, section.col), slide_mpp=1.0)


@pytest.mark.parametrize("mpp", [1.0, 2.0, 4.0])
def test_a_pen_stroke_is_taken_out_with_its_area_and_reason(mpp: float) -> None:
    codes = np.zeros((40, 60), np.uint8)
    codes[10:20, 5:50] = Exclusion.PEN
    section = section_with(codes, row=1000, col=500)
    predicted = filled(section, mpp)

    measured = exclude(predicted, section)
    table = tabulate_exclusions(predicted, measured)

    assert measured.array[round(150 / mpp), round(100 / mpp)] == Compartment.BACKGROUND
    assert measured.hidden.mean() == pytest.approx(10 * 45 / 2400, rel=0.01)
    assert table["reason"].tolist() == ["pen"]
    assert table["n_patches"].tolist() == [1]
    assert table["hides_tissue"].tolist() == [True]
    assert table["area_mm2"][0] == pytest.approx(0.1 * 0.45, rel=0.01)
    assert table["tissue_mm2"][0] == pytest.approx(0.1 * 0.45, rel=0.01)


def test_glass_counts_only_where_the_model_saw_tissue() -> None:
    section = section_with(np.full((20, 20), Exclusion.GLASS, np.uint8))
    predicted = filled(section, 2.0)
    predicted.array[:50] = Compartment.BACKGROUND

    measured = exclude(predicted, section)

    assert not measured.array.any()
    assert not measured.hidden.any()
    assert tabulate_exclusions(predicted, measured)["area_mm2"][0] == pytest.approx(0.02)


def test_text_over_the_lumen_is_listed_but_costs_no_tissue() -> None:
    codes = np.zeros((20, 20), np.uint8)
    codes[:5, :5] = Exclusion.TEXT
    section = section_with(codes)
    predicted = filled(section, 2.0)
    predicted.array[:] = Compartment.BACKGROUND

    table = tabulate_exclusions(predicted, exclude(predicted, section))

    assert table["tissue_mm2"].tolist() == [0.0]
    assert table["area_mm2"][0] == pytest.approx(0.0025)


def test_neighbours_stay_neighbours_under_later_exclusions() -> None:
    def piece(name: str, col: int, codes: np.ndarray) -> Section:
        mask = np.zeros((8, 8), bool)
        mask[2:-2, 2:-2] = True
        return Section(name, 0, col, 80, 80, 1.0, (), mask, 10.0, codes)

    pen = np.zeros((8, 8), np.uint8)
    pen[:, 4:] = Exclusion.PEN
    left, right = piece("s1", 0, pen), piece("s2", 40, np.zeros((8, 8), np.uint8))

    measured = exclude(keep_own(filled(left, 1.0), left, [right]), left)

    assert measured.excluded is not None
    assert measured.excluded[40, 79] == Exclusion.NEIGHBOUR
    assert measured.excluded[40, 45] == Exclusion.PEN
    assert measured.array[40, 10] == Compartment.SUBMUCOSA


def test_nothing_excluded_is_an_empty_table() -> None:
    section = section_with(np.zeros((4, 4), np.uint8))
    predicted = filled(section, 2.0)

    assert tabulate_exclusions(predicted, predicted).empty
    assert tabulate_exclusions(predicted, exclude(predicted, section)).empty
